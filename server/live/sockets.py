"""WebSockets of GraphQL: who may open one, and what is noted of it."""

import time
from collections.abc import Collection

from models.typeid import new_number
from resolvers.errors import Refusal
from server.graphql import GraphQL
from server.http.edge import masked
from server.live.conversation import Conversation
from server.live.live import Live
from server.live.requests import is_dry
from server.monitoring.logs import access
from server.monitoring.metrics import Metrics
from web.deadlines import Deadlines
from web.dry_run import DRY_RUN_HEADER
from web.http import Header, Receive, Scope, Send


class Sockets:
    """The WebSocket of GraphQL. Pages of other ``origins`` than the server's own may not open it."""

    def __init__(
        self, graphql: GraphQL, live: Live, metrics: Metrics, origins: Collection[str], seconds: float
    ) -> None:
        self.graphql, self.live, self.metrics = graphql, live, metrics
        self.origins = frozenset(origin.encode() for origin in origins)
        self.deadlines = Deadlines(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it ends."""
        started, request_id = time.perf_counter(), f"{new_number():032x}"
        status = 101
        try:
            dry = self._admit(scope, request_id)
        except Refusal as refused:
            status = refused.status
            await _refuse(refused, scope, send, request_id)
        else:
            said = [DRY_RUN_HEADER] if dry else []
            conversation = Conversation(self.graphql, self.live, self.deadlines, scope, receive, send, request_id)
            await conversation.run(said)
        seconds = time.perf_counter() - started
        self.metrics.note("live", "none", status, seconds, 0)
        access(request_id, "GET", scope["path"], status, seconds, 0)

    def _admit(self, scope: Scope, request_id: str) -> bool:
        """Return whether changes are only tried on a connection. Raises Refusal FORBIDDEN or BAD_INPUT."""
        if not self._may_open(scope["headers"]):
            raise Refusal("FORBIDDEN", "Pages of this origin may not open a WebSocket here: see CORS_ORIGINS.")
        return is_dry(scope, request_id)

    def _may_open(self, headers: Collection[Header]) -> bool:
        """Return whether a connection is from no page, or from one of ours or of an origin that may call."""
        named = dict(headers)
        origin = named.get(b"origin")
        if origin is None or not self.origins.isdisjoint((origin, b"*")):
            return True
        return origin.partition(b"://")[2] == named.get(b"host")


async def _refuse(refused: Refusal, scope: Scope, send: Send, request_id: str) -> None:
    answer = masked(refused, request_id, scope["path"])
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})
