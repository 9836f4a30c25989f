"""Live streams, as tests follow them: server-sent events over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from tests.support.api import Org

# How long a test waits for what must come.
WAIT_S = 20.0


class Sent(NamedTuple):
    """One message of a stream."""

    event: str
    id: str | None
    data: Any


class Followed:
    """A stream that is followed."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        # What a browser would come back with.
        self.last_id: str | None = None

    async def next(self) -> Sent:
        """The next message; signs of life are passed over."""
        async with asyncio.timeout(WAIT_S):
            fields: dict[str, str] = {}
            async for line in self._lines:
                if not line and fields:
                    self.last_id = fields.get("id", self.last_id)
                    if "event" not in fields:
                        fields.clear()
                        continue
                    data = fields.get("data")
                    return Sent(fields["event"], fields.get("id"), json.loads(data) if data else None)
                name, _, value = line.partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
            raise EOFError("the stream has ended")

    async def opened(self) -> str | None:
        """The ID that the stream begins with; no message comes with it."""
        async with asyncio.timeout(WAIT_S):
            async for line in self._lines:
                if not line:
                    return self.last_id
                name, _, value = line.partition(":")
                if name == "id":
                    self.last_id = value.removeprefix(" ")
            raise EOFError("the stream has ended")

    async def result(self) -> Any:
        """The data of the next message, which must be a result without errors."""
        sent = await self.next()
        assert sent.event == "next", sent
        assert "errors" not in sent.data, sent
        return sent.data["data"]


@asynccontextmanager
async def following(
    org: Org, query: str, headers: dict[str, str] | None = None, **variables: Any
) -> AsyncIterator[Followed]:
    """Follow a subscription for a block."""
    async with following_body(org, {"query": query, "variables": variables}, headers) as followed:
        yield followed


@asynccontextmanager
async def following_body(
    org: Org, body: dict[str, Any], headers: dict[str, str] | None = None
) -> AsyncIterator[Followed]:
    """Follow what a body asks for, such as a document by its ID."""
    accepted = {"Accept": "text/event-stream"} | (headers or {})
    async with org.http.stream("POST", "/graphql", json=body, headers=accepted, timeout=WAIT_S) as response:
        if response.status_code != 200:
            await response.aread()
        assert response.status_code == 200, response.text
        yield Followed(response)


async def refused(org: Org, query: str, headers: dict[str, str] | None = None, **variables: Any) -> list[Any]:
    """The status of a subscription that must be refused, and the code and field of each of its errors, which are a
    stream's only result where the status is 200."""
    accepted = {"Accept": "text/event-stream"} | (headers or {})
    answer = await org.http.post("/graphql", json={"query": query, "variables": variables}, headers=accepted)
    errors = only_result(answer)["errors"] if answer.status_code == httpx.codes.OK else answer.json()["errors"]
    found = [(error["extensions"]["code"], error["extensions"].get("field")) for error in errors]
    return [answer.status_code, *found]


def only_result(answer: httpx.Response) -> Any:
    """The result of a stream that has one, and is complete after it."""
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    begun, ended = "event: next\ndata: ", "\n\nevent: complete\ndata:\n\n"
    assert answer.text.startswith(begun), answer.text
    assert answer.text.endswith(ended), answer.text
    return json.loads(answer.text.removeprefix(begun).removesuffix(ended))
