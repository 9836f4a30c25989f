"""The router: Starlette's table of routes, found by one look-up however many there are."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from starlette.routing import Route, Router
from starlette.types import Lifespan

from resolvers.errors import Refusal, internal, shown_refusal
from server.http.compression import LEAST, compressed
from server.http.edge import masked
from web.deadlines import Deadlines
from web.http import (
    Endpoint,
    Header,
    Message,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    Streamed,
    options,
    send_reply,
    stream,
)
from web.problems import problem

log = structlog.get_logger()
_NONE: Mapping[str, str] = {}
WebSocket = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
_NO_SOCKETS: Mapping[str, WebSocket] = {}


class ApiRoute(Route):
    """A route whose endpoint takes a Request and returns a Reply. ``api`` is what its requests are counted under;
    ``others`` answers other methods, None for a 405 as a problem; what is refused for the endpoint has the headers
    ``always``, as the endpoint's own answers have."""

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        name: str,
        methods: Collection[str] = ("GET",),
        api: str = "other",
        others: Endpoint | None = None,
        always: Sequence[Header] = (),
    ) -> None:
        super().__init__(path, _EndpointApp(endpoint, api, always), methods=methods, name=name)
        self.api, self.others = api, others


class _EndpointApp:
    """An endpoint as an ASGI application; what goes wrong on our side is a masked 500."""

    __slots__ = ("always", "api", "endpoint")

    def __init__(self, endpoint: Endpoint, api: str, always: Sequence[Header] = ()) -> None:
        self.endpoint, self.api, self.always = endpoint, api, always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, scope["path_params"])
        request.state["api"], request.state["always"] = self.api, self.always
        try:
            request.refuse_repeated()
        except Refusal as refused:
            await send_reply(masked(refused, request.request_id, scope["path"], self.always), send)
            return
        try:
            reply = await self.endpoint(request)
        except Exception:  # here and not at the edge, so that CORS's headers are on this response too
            log.exception("unexpected error")
            reply = masked(internal(), request.request_id, scope["path"], self.always)
        if isinstance(reply, Streamed):
            deadlines: Deadlines = request.state["deadlines"]
            with deadlines.paused():
                await stream(reply, receive, send)
            return
        if len(reply.body) >= LEAST:
            headers, body = await compressed(scope, reply.headers, reply.body)
            reply = Reply(reply.status, body, headers)
        await send_reply(reply, send)


@dataclass(slots=True)
class _Place:
    """The routes of one path by their methods, what answers other methods, and the name of the path's parameter."""

    path: str
    parameter: str
    others: _EndpointApp
    methods: dict[str, Any] = field(default_factory=dict)


class ApiRouter(Router):
    """Finds a request's route by its path, with or without a slash at its end.

    A path has one parameter at most: it is looked up whole, then with a segment left out, from the last on, so that
    words go before a parameter. A parameter may have an extension: ``/invoices/{publicId}.pdf``.
    """

    def __init__(
        self,
        routes: Iterable[ApiRoute],
        lifespan: Lifespan[Any] | None = None,
        sockets: Mapping[str, WebSocket] = _NO_SOCKETS,
    ) -> None:
        super().__init__([*routes], redirect_slashes=False, lifespan=lifespan)
        # What answers WebSockets, by path.
        self.sockets = sockets
        self.failure: Exception | None = None
        self._plain: dict[str, _Place] = {}
        self._around: dict[tuple[str, str], _Place] = {}
        self._missing = _EndpointApp(_missing, "other")
        by_path: dict[str, list[ApiRoute]] = {}
        for route in routes:
            by_path.setdefault(route.path, []).append(route)
        for path, found in by_path.items():
            self._add(path, found)
        # So many segments after its parameter a path has at most.
        self._after = max((after.count("/") for _, after in self._around), default=0)

    def _add(self, path: str, routes: list[ApiRoute]) -> None:
        """Note a path's routes. Raises ValueError for a path with two parameters."""
        methods = [method for route in routes for method in sorted(route.methods or ())]
        # HEAD follows what the path's own rows name.
        allowed = ", ".join([*sorted(methods, key=lambda method: method == "HEAD"), "OPTIONS"])
        first = routes[0]
        place = _Place(path, "", _EndpointApp(first.others or partial(_wrong_method, allowed), first.api))
        place.methods = {method: route.app for route in routes for method in route.methods or ()}
        before, opened, rest = path.partition("/{")
        if not opened:
            self._plain[path] = self._plain[path.rstrip("/") + "/"] = place
            return
        place.parameter, _, after = rest.partition("}")
        if "{" in after:
            raise ValueError(f"{path} has more than one parameter")
        self._around[before, after] = place

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Return what answers one request."""
        if scope["type"] == "websocket":
            return self.sockets[scope["path"].rstrip("/")](scope, receive, send)
        if scope["type"] != "http":
            return super().__call__(scope, receive, send)
        path: str = scope["path"]
        place, value = self._plain.get(path), ""
        if place is None:
            place, value = self._find(path.removesuffix("/"))
        if place is None:
            scope["path_params"] = _NONE
            return self._missing(scope, receive, send)
        scope["path_params"] = {place.parameter: value} if value else _NONE
        app: _EndpointApp = place.methods.get(scope["method"], place.others)
        return app(scope, receive, send)

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application's lifespan. What fails at its start is kept in ``failure``, for who starts it to say."""

        async def send_plainly(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                message = {"type": message["type"]}
            await send(message)

        try:
            await super().lifespan(scope, receive, send_plainly)
        except Exception as error:
            self.failure = error
            raise

    def route_of(self, path: str) -> str | None:
        """Return the route of a path as it is documented, None where there is none."""
        place = self._plain.get(path) or self._find(path.removesuffix("/"))[0]
        return None if place is None else place.path

    def _find(self, path: str) -> tuple[_Place | None, str]:
        """Return the place of a path that has a parameter, and the parameter's value."""
        after = ""
        for _ in range(self._after + 1):
            path, _, segment = path.rpartition("/")
            stem, dot, extension = segment.rpartition(".")
            if stem and (place := self._around.get((path, f"{dot}{extension}{after}"))) is not None:
                return place, stem
            place = self._around.get((path, after))
            if place is not None and segment:
                return place, segment
            after = f"/{segment}{after}"
        return None, ""


async def _missing(request: Request) -> Reply:
    refused = Refusal("NOT_FOUND", "There is no such route.")
    return problem([shown_refusal(refused, request.request_id)], str)


async def _wrong_method(allowed: str, request: Request) -> Reply:
    if request.method == "OPTIONS":
        return options(allowed)
    refused = Refusal("METHOD_NOT_ALLOWED", f"This path supports {allowed}.")
    return problem([shown_refusal(refused, request.request_id)], str, [(b"allow", allowed.encode())])
