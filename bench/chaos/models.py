"""A server of models: a healthy one that has messages written, and one for each way in which servers are hostile."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.chaos.listeners import Respond, read_request
from tests.support.chat import calls, says

HEALTHY = "healthy"
# So many messages has the healthy model written, one by each of its answers but the last.
MESSAGES = 2
# Long enough for a worker to be killed meanwhile.
THINKS_S = 0.25
_INPUT = "Input:\n"


@dataclass(slots=True)
class Models:
    """The server. ``asked`` has the times of the requests of each Idempotency-Key, by the clock of the database;
    ``all_asked`` is set once each hostile model was asked."""

    ways: dict[str, Respond]
    url: str = ""
    asked: dict[str, list[float]] = field(default_factory=dict)
    by_model: dict[str, int] = field(default_factory=dict)
    all_asked: asyncio.Event = field(default_factory=asyncio.Event)
    # Asked before a healthy answer, with its key and its peer's port: whether ``sent`` is to be called right after it.
    answers: Callable[[str, int], bool] | None = None
    sent: Callable[[], None] | None = None

    @property
    def base_url(self) -> str:
        """Where clients find it."""
        return self.url.removesuffix("/hook") + "/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, note it, and answer as its model does."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                headers, body = await read_request(reader)
                request = orjson.loads(body)
                self.asked.setdefault(headers["idempotency-key"], []).append(time.time())
                self.by_model[request["model"]] = self.by_model.get(request["model"], 0) + 1
                if self.ways.keys() <= self.by_model.keys():
                    self.all_asked.set()
                if request["model"] == HEALTHY:
                    await asyncio.sleep(THINKS_S)
                    watched = self._watched(headers["idempotency-key"], writer)
                    writer.write(answer(request))
                    await writer.drain()
                    if watched is not None:
                        watched()
                    writer.close()
                    await writer.wait_closed()
                else:
                    await self.ways[request["model"]](writer)
        finally:
            writer.transport.abort()

    def missing(self) -> list[str]:
        """Return the models that nothing asked."""
        return [name for name in (HEALTHY, *self.ways) if name not in self.by_model]

    def _watched(self, key: str, writer: asyncio.StreamWriter) -> Callable[[], None] | None:
        """What is to be called right after an answer."""
        if self.answers is None or not self.answers(key, writer.get_extra_info("peername")[1]):
            return None
        sent, self.answers, self.sent = self.sent, None, None
        return sent


def answer(request: dict[str, Any]) -> bytes:
    """What the healthy model answers: the same to the same request."""
    written = sum(each["role"] == "tool" for each in request["messages"])
    if written >= MESSAGES:
        turn = says("Written.")
    else:
        prompt = str(next(each["content"] for each in request["messages"] if each["role"] == "user"))
        given = orjson.loads(prompt.partition(_INPUT)[2])
        message = {"orderId": given["orderId"], "body": body_of(given["mark"], written)}
        turn = calls(("CreateMessage", {"input": message}))
    made = turn(request)
    assert isinstance(made, bytes), "it is there at once"
    return made


def body_of(mark: str, number: int) -> str:
    """The text of a message that an agent's job writes."""
    return f"{mark}/{number}"
