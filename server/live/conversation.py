"""A conversation in graphql-transport-ws: each message to subscribe is answered as a request over HTTP would be."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from resolvers.api_keys.access_tokens import is_token_expired
from resolvers.errors import Refusal, shown_refusal
from schema.requests.results import OperationResult
from server.graphql import GraphQL
from server.graphql_replies import REFUSALS, refused_result_of
from server.http.edge import late_refusal
from server.live.live import Live
from server.live.message_charges import MessageCharges
from server.live.messages import (
    BAD_REQUEST,
    FORBIDDEN,
    ID_TAKEN,
    INIT_TIMEOUT,
    INTERNAL,
    NO_SUBPROTOCOL,
    TOO_MANY_INITS,
    TRY_AGAIN,
    UNAUTHORIZED,
    ClosedError,
    id_of,
)
from server.live.requests import guarded, names_document, request_of
from web.deadlines import Deadlines
from web.http import Header, Receive, Request, Scope, Send

log = structlog.get_logger()
PROTOCOL = "graphql-transport-ws"
# How long a client may take for its first message, and how many operations may be under way on its connection.
INIT_S, MOST_OPERATIONS = 5.0, 100
# So many answers may wait to be sent at once: the other operations run when these have left.
MOST_ANSWERS = 2
# So many looks at a key that works no more leave operations that are under way to say so: a second.
LAST_LOOKS = 4


class Conversation:
    """What is said on one connection: its key, once it has said it, and its operations by their ids."""

    def __init__(
        self, graphql: GraphQL, live: Live, deadlines: Deadlines, scope: Scope, receive: Receive, send: Send,
        request_id: str,
    ) -> None:  # fmt: skip
        self.graphql, self.live, self.deadlines = graphql, live, deadlines
        self.scope, self.receive, self.send, self.request_id = scope, receive, send, request_id
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.authorization: bytes | None = None
        self.charges = MessageCharges(graphql.dependencies)
        self.answers = asyncio.Semaphore(MOST_ANSWERS)
        self.initialized = self.acknowledged = False
        self.looks = 0
        # Why an operation ends the whole connection.
        self.ending: asyncio.Future[ClosedError] = asyncio.get_running_loop().create_future()

    async def run(self, headers: list[Header]) -> None:
        """Accept it, with some headers, and take messages until one side ends."""
        known = PROTOCOL in self.scope["subprotocols"]
        await self.receive()
        await self.send({"type": "websocket.accept", "subprotocol": PROTOCOL if known else None, "headers": headers})
        try:
            if not known:
                raise ClosedError(NO_SUBPROTOCOL, "Subprotocol not acceptable")
            await self._take_messages()
        except ClosedError as closed:
            await self._leave(closed.code, closed.reason)
        except OSError:
            log.debug("client gone", request_id=self.request_id)
        except Exception:
            log.exception("unexpected error")
            await self._leave(INTERNAL, "Internal error")
        finally:
            if self.acknowledged:
                self.live.leave(self._request(), self._end)
            await self._cancel()

    async def _take_messages(self) -> None:
        """Take messages until the client is gone. Raises ClosedError."""
        try:
            async with asyncio.timeout(INIT_S) as deadline:
                while not self.acknowledged:
                    if not await self._take_next():
                        return
                deadline.reschedule(None)
        except TimeoutError:
            raise ClosedError(INIT_TIMEOUT, "Connection initialisation timeout") from None
        while await self._take_next():
            pass

    async def _take_next(self) -> bool:
        """Take a message; whether there was one. Raises ClosedError."""
        taking = asyncio.ensure_future(self.receive())
        waited: list[asyncio.Future[Any]] = [taking, self.ending]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self.ending.done():
                raise self.ending.result()
        finally:
            if not taking.done():
                taking.cancel()
        received = taking.result()
        if received["type"] != "websocket.receive":
            return False
        await self._handle(self.charges.read(received), len(received["text"]))
        return True

    async def _handle(self, message: dict[str, Any], size: int) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialize(message.get("payload"))
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message, size)
            case "complete":
                operation = self.operations.pop(id_of(message), None)
                if operation is not None:
                    operation.cancel()
            case _:
                raise ClosedError(BAD_REQUEST, "Unknown message type")

    async def _initialize(self, payload: Any) -> None:
        if self.initialized:
            raise ClosedError(TOO_MANY_INITS, "Too many initialisation requests")
        self.initialized = True
        if payload is not None and not isinstance(payload, dict):
            raise ClosedError(BAD_REQUEST, "The payload of connection_init must be an object")
        given = [value for name, value in (payload or {}).items() if name.lower() == "authorization"]
        if any(not isinstance(value, str) for value in given):
            raise ClosedError(BAD_REQUEST, "Authorization must be a string: Bearer sk_live_…")
        sent = dict(self.scope["headers"]).get(b"authorization")
        self.authorization = given[0].encode("latin-1", "replace") if given else sent
        try:
            # Each operation is held to trusted documents by itself, where the key runs no other.
            actor = await self.graphql.dependencies.payer_of(self._request(), [], documents=True)
        except Refusal as refusal:
            code = TRY_AGAIN if refusal.code in ("RATE_LIMITED", "UNAVAILABLE") else FORBIDDEN
            raise ClosedError(code, refusal.message) from None
        self.live.attend(self._request(), self._end)
        self.charges.actor = actor
        self.acknowledged = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any], size: int) -> None:
        if not self.acknowledged:
            raise ClosedError(UNAUTHORIZED, "Unauthorized")
        key, payload = id_of(message), message.get("payload")
        if not isinstance(payload, dict) or not names_document(payload):
            raise ClosedError(BAD_REQUEST, "The payload of subscribe must have a query")
        if key in self.operations:
            raise ClosedError(ID_TAKEN, f"Subscriber for {key} already exists")
        if len(self.operations) >= MOST_OPERATIONS:
            most = f"At most {MOST_OPERATIONS} operations may be under way on one connection."
            refused = shown_refusal(Refusal("RATE_LIMITED", most), self.request_id)
            await self._send({"id": key, "type": "error", "payload": [refused]})
            return
        operating = guarded(self._operate, self._fail, key, self._request(payload, size))
        self.operations[key] = asyncio.create_task(operating)

    async def _operate(self, key: str, request: Request) -> None:
        """Answer one operation, by as many results as it has."""
        task, late = self.deadlines.start(), False
        try:
            try:
                stream = await self._begin(key, request)
            finally:
                late = self.deadlines.end(task)
                # A task that is cancelled keeps its frames, and with them what was to be sent: not in a cycle.
                del task
        except asyncio.CancelledError:
            if not late:
                raise
            await self._fail(key, [shown_refusal(late_refusal(request.state.get("ctx")), request.request_id)])
            return
        except REFUSALS as refused:
            if not self._expires(refused):
                await self._fail(key, refused_result_of(request, refused).errors)
            return
        if stream is None:
            return
        try:
            while True:
                heard = await stream.next()
                await self._send_next(key, heard.payload)
        except Refusal as refusal:
            if not self._expires(refusal):
                await self._fail(key, [shown_refusal(refusal, request.request_id)])
                if refusal.code == "UNAUTHENTICATED":
                    self._close(refusal)
        finally:
            stream.close()

    def _expires(self, refused: Exception) -> bool:
        """Return whether an operation ended with its token, and end the connection if so. It gets no error: a client
        that does not know its end begins it again, with another token."""
        if not isinstance(refused, Refusal) or not is_token_expired(refused):
            return False
        self._close(refused)
        return True

    def _end(self, refusal: Refusal) -> None:
        """End the connection with its key, at each look; its streams end by themselves before, and say why."""
        self.looks += 1
        if not self.operations or self.looks > LAST_LOOKS:
            self._close(refusal)

    def _close(self, refusal: Refusal) -> None:
        if not self.ending.done():
            self.ending.set_result(ClosedError(FORBIDDEN, refusal.message))

    async def _begin(self, key: str, request: Request) -> Any:
        """Return the stream of a subscription; answer another operation. Raises one of ``REFUSALS``."""
        graphql, headers = self.graphql, list[Header]()
        admitted = await graphql.admit(request, headers)
        if admitted.prepared.operation.operation_type == "subscription":
            return await self.live.open(request, admitted)
        async with self.answers:
            result: OperationResult = await graphql.run(request, admitted, headers)
            if result.ran:
                await self._send_next(key, graphql.written(admitted, result))
                if self.operations.pop(key, None) is not None:
                    await self._send({"id": key, "type": "complete"})
            else:
                await self._fail(key, result.errors)
        return None

    async def _fail(self, key: str, errors: list[dict[str, Any]]) -> None:
        if self.operations.pop(key, None) is not None:
            await self._send({"id": key, "type": "error", "payload": errors})

    async def _send_next(self, key: str, payload: bytes) -> None:
        text = f'{{"id":{orjson.dumps(key).decode()},"type":"next","payload":{payload.decode()}}}'
        await self.send({"type": "websocket.send", "text": text})

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.send({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    def _request(self, payload: Mapping[str, Any] | None = None, size: int = 0) -> Request:
        return request_of(self.scope, self.authorization, self.deadlines, payload or {}, size)

    async def _leave(self, code: int, reason: str) -> None:
        """Close the connection, once no operation can send anything after that."""
        await self._cancel()
        await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def _cancel(self) -> None:
        operations, self.operations = [*self.operations.values()], {}
        for operation in operations:
            operation.cancel()
        if operations:
            await asyncio.wait(operations)
