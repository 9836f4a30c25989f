"""The span of a request: its method, its route as it is documented, its status. Nothing that the caller chose."""

from collections.abc import Callable, Iterable
from typing import Any

from server.tracing.spans import Spans
from web.http import App, Header, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRACE = {b"traceparent": "traceparent", b"tracestate": "tracestate"}


class TracedRequests:
    """An application each of whose requests is a span, in the caller's trace where it says one. ``route_of`` returns
    the route of a path, None where there is none."""

    def __init__(self, app: App, spans: Spans, route_of: Callable[[str], str | None]) -> None:
        self._app, self._spans, self._route_of = app, spans, route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        route = self._route_of(scope["path"])
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
        }
        if route is not None:
            attributes["http.route"] = route
        shown = "HTTP" if method == "_OTHER" else method
        name = shown if route is None else f"{shown} {route}"
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._spans.begin(name, "server", attributes, origin=_origin(scope["headers"])) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                if status:
                    span.note({"http.response.status_code": status})
                if status >= 500:
                    span.fail(str(status))


def _origin(headers: Iterable[Header]) -> dict[str, str]:
    """Return the caller's trace. A traceparent that is sent twice is none; of tracestate all lines are one list."""
    found: dict[str, str] = {}
    for name, value in headers:
        known = _TRACE.get(name)
        if known is not None:
            text = value.decode("latin-1")
            found[known] = f"{found[known]},{text}" if known in found else text
    return found
