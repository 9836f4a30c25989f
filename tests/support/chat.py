"""A server that speaks chat completions over real HTTP: it gives the turns of a script, one for each request."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.jobs import Receiver, Request, eventually, receiver

# What a request is answered, as bytes.
Turn = Callable[[dict[str, Any]], bytes | Awaitable[bytes]]


def http(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """An HTTP answer; with ``length`` it says another one than it has."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {size}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def completion(message: dict[str, Any], *, sent: int = 100, received: int = 20) -> bytes:
    """A chat completion."""
    reason = message.pop("reason", "tool_calls" if message.get("tool_calls") else "stop")
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": None} | message}],
        "usage": {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received},
    }  # fmt: skip
    return http("200 OK", json.dumps(body).encode())


def raw(content: bytes) -> bytes:
    """A chat completion whose content is this JSON."""
    body = completion({"content": "X"}).partition(b"\r\n\r\n")[2].replace(b'"X"', content)
    return http("200 OK", body)


def says(text: str, **usage: int) -> Turn:
    """A turn that answers with a text."""
    return lambda _request: completion({"content": text}, **usage)


def ends(reason: str, **message: Any) -> Turn:
    """A turn that ends for a reason, such as ``length``."""
    return lambda _request: completion({**message, "reason": reason})


def calls(*tools: tuple[str, Any], **usage: int) -> Turn:
    """A turn that calls tools, which it names ``call_0``, ``call_1`` and so on, as servers do in each answer."""
    listed = [
        {"id": f"call_{index}", "type": "function",
         "function": {"name": name, "arguments": json.dumps(arguments)}}
        for index, (name, arguments) in enumerate(tools)
    ]  # fmt: skip
    return lambda _request: completion({"tool_calls": listed}, **usage)


def fails(status: str, *headers: str, message: bytes = b'"no"') -> Turn:
    """A turn that fails with a status, and a message that is JSON."""
    return lambda _request: http(status, b'{"error":{"message":%s,"type":"t","code":"c"}}' % message, *headers)


def cuts() -> Turn:
    """A turn that breaks the connection off in its answer."""
    return lambda _request: http("200 OK", b'{"id":', length=1_000)


def floods(size: int) -> Turn:
    """A turn with an answer of so many bytes."""
    return lambda _request: completion({"content": "a" * size})


def encodes() -> Turn:
    """A turn whose answer is encoded."""
    answer = completion({"content": "Done."}).partition(b"\r\n\r\n")[2]
    return lambda _request: http("200 OK", gzip.compress(answer), "Content-Encoding: gzip")


def hangs(release: asyncio.Event) -> Turn:
    """A turn that is silent until it is released."""

    async def wait(_request: dict[str, Any]) -> bytes:
        await release.wait()
        return completion({"content": "late"})

    return wait


@dataclass
class Chat:
    """A server and what it was asked. The last turn is given for ever."""

    turns: list[Turn]
    base_url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> bytes:
        """Answer a request with the next turn."""
        asked: dict[str, Any] = orjson.loads(request.body)
        self.asked.append(asked)
        self.keys.append(request.headers.get("idempotency-key", ""))
        self.traces.append(request.headers.get("traceparent", ""))
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        found = turn(asked)
        return found if isinstance(found, bytes) else await found

    def told(self, index: int = -1) -> list[Any]:
        """The results of tools that a request had, in their order."""
        return [each["content"] for each in self.asked[index]["messages"] if each["role"] == "tool"]


@asynccontextmanager
async def chatting(*turns: Turn) -> AsyncIterator[Chat]:
    """A server that gives these turns."""
    chat = Chat(list(turns))
    made: Receiver
    async with receiver() as made:
        made.answer = chat.answer
        chat.base_url = made.url.removesuffix("/hooks?a=1") + "/v1"
        yield chat


async def came(chat: Chat, number: int = 1) -> None:
    """Wait until so many requests have come."""

    async def check() -> bool:
        return len(chat.asked) >= number

    await eventually(check)
