"""Which path is whose: one look-up, a trie of the path's segments; what it does not know goes to Starlette."""

from collections.abc import Mapping

import structlog

from resolvers.errors import internal
from server.http.compression import LEAST, Compression, compressed
from server.http.edge import masked
from web.http import App, Endpoint, Receive, Reply, Request, Scope, Send, answer

log = structlog.get_logger()
_NONE: Mapping[str, str] = {}


class _Node:
    """One segment's place. ``door`` is what the endpoint's requests are counted under."""

    __slots__ = ("children", "door", "endpoint", "name", "parameter")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.name = ""
        self.endpoint: Endpoint | None = None
        self.door = ""

    def child(self, segment: str) -> "_Node":
        """The node of a segment of a template, made where it is missing."""
        if not segment.startswith("{"):
            return self.children.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node()
            self.parameter.name = segment[1:-1]
        return self.parameter


class Paths:
    """An ASGI application: the endpoints that were added, and ``fallback`` for every other path and protocol."""

    def __init__(self, fallback: App) -> None:
        self.fallback = Compression(fallback)
        self._root = _Node()
        self._plain: dict[str, _Node] = {}

    def add(self, path: str, door: str, endpoint: Endpoint) -> None:
        """Let an endpoint answer a path, with and without a slash at its end. ``{name}`` stands for one segment."""
        for spelled in (path, path + "/"):
            node = self._root
            for segment in spelled.split("/"):
                node = node.child(segment)
            node.endpoint, node.door = endpoint, door
            if "{" not in spelled:
                self._plain[spelled] = node

    def find(self, path: str) -> tuple[str, Endpoint, Mapping[str, str]] | None:
        """The door and endpoint of a decoded path, and its parameters; None when it is none of ours."""
        node = self._plain.get(path)
        parameters = _NONE
        if node is None:
            found: dict[str, str] = {}
            node = _walk(self._root, path.split("/"), 0, found)
            parameters = found
        if node is None or node.endpoint is None:
            return None
        return node.door, node.endpoint, parameters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what goes wrong on our side is a masked 500."""
        found = self.find(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.fallback(scope, receive, send)
            return
        door, endpoint, parameters = found
        request = Request(scope, receive, parameters)
        request.state["door"] = door
        try:
            reply = await endpoint(request)
        except Exception:  # here and not at the edge, so that CORS's headers are on this answer too
            log.exception("unexpected error")
            reply = masked(internal(), request.request_id, scope["path"])
        if len(reply.body) >= LEAST:
            headers, body = await compressed(scope, reply.headers, reply.body)
            reply = Reply(reply.status, body, headers)
        await answer(reply, send)


def _walk(node: _Node, segments: list[str], position: int, found: dict[str, str]) -> _Node | None:
    """A word goes before a parameter, which takes anything but nothing."""
    if position == len(segments):
        return node if node.endpoint is not None else None
    segment = segments[position]
    child = node.children.get(segment)
    if child is not None:
        ended = _walk(child, segments, position + 1, found)
        if ended is not None:
            return ended
    if node.parameter is None or not segment:
        return None
    ended = _walk(node.parameter, segments, position + 1, found)
    if ended is not None:
        found[node.parameter.name] = segment
    return ended
