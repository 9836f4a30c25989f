"""How the load sends a change: again and again under its key, until it is acknowledged."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from bench.chaos.journal import LOST, Change, Journal
from bench.chaos.stack import moment

ANSWER_S = 20.0
# Each change is sent until it is acknowledged; once the load has ended, for this long.
PATIENCE_S = 45.0
AGAIN_S = 0.2
AGAIN = frozenset({409, 429, 500, 502, 503, 504})


class Unexpected(Exception):
    """A change was refused for what was in it, which must not happen."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of both APIs, with one connection. It is patient until the event is set."""

    http: httpx.AsyncClient
    journal: Journal
    stopping: asyncio.Event

    async def graphql(self, change: Change, document: str, given: Any) -> dict[str, Any]:
        """Send a change as a mutation of one input; its row."""
        body = {"query": document, "variables": {"input": given}}
        return await self.send(change, "POST", "/graphql", body)

    async def send(self, change: Change, method: str, path: str, body: Any) -> dict[str, Any]:
        """Send a change until it is acknowledged; its row. Raises Unexpected, or TimeoutError after the end."""
        given_up: float | None = None
        while True:
            change.tries += 1
            change.sent = moment()
            wait = AGAIN_S
            try:
                response = await self.http.request(method, path, json=body, headers={"Idempotency-Key": change.key})
            except httpx.TransportError:
                self.journal.statuses[LOST] += 1
            else:
                status, row = _read(response)
                self.journal.statuses[str(status)] += 1
                if row is not None:
                    self.journal.acknowledge(change, row["publicId"], row["version"], row.get("number"))
                    return row
                if status not in AGAIN:
                    self.journal.refused.append(f"{method} {path}: {status} {response.text[:500]}")
                    raise Unexpected(self.journal.refused[-1])
                if status == 503 and "retry-after" not in response.headers:
                    self.journal.unhelpful += 1
                wait = min(float(response.headers.get("retry-after", AGAIN_S)), 1.0)
            if self.stopping.is_set():
                given_up = given_up or moment() + PATIENCE_S
                if moment() > given_up:
                    raise TimeoutError(f"{change.key} was not acknowledged")
            await asyncio.sleep(wait)

    async def read(self, path: str) -> None:
        """Read an object once, and note only the status of the answer."""
        try:
            response = await self.http.get(path)
        except httpx.TransportError:
            self.journal.statuses[LOST] += 1
        else:
            self.journal.statuses[str(response.status_code)] += 1
            if response.status_code != 200 and response.status_code not in AGAIN:
                self.journal.refused.append(f"GET {path}: {response.status_code} {response.text[:500]}")


def _read(response: httpx.Response) -> tuple[int, dict[str, Any] | None]:
    """The status of an answer (of a GraphQL error, its own), and the row where it is a success."""
    status = response.status_code
    if status in (200, 201, 202):
        body = response.json()
        if "errors" in body:
            return int(body["errors"][0]["extensions"]["status"]), None
        [found] = [body["data"]] if "publicId" in body["data"] else [each["done"] for each in body["data"].values()]
        return status, found
    return status, None
