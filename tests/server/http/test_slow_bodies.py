"""Slow bodies and work against the real application: other addresses are answered meanwhile."""

import asyncio
import json
import resource
from typing import Any

import httpx
import pytest

from resolvers.database.runtime import Runtime
from server.http.slots import ANSWERED
from tests.support.api import make_org, serving, settings_of
from tests.support.protocol import NEIGHBOUR, SHORT, SLOW, TIMEOUT_S, TOO_MANY, exchange, retryable_problem, statuses
from tests.support.refusals import error, problem
from tests.support.servers import Backends


@pytest.fixture
def descriptors() -> Any:
    """As many as both ends of the connections need, which are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 4_096
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_1100_slow_bodies_of_one_address_exclude_no_other(
    backends: Backends, api_runtime: Runtime, descriptors: None
) -> None:
    settings = settings_of(backends, body_timeout_s=6)
    share, slow = settings.address_connections, 1_100
    assert (settings.limit_concurrency, share) == (1_000, 250)
    async with serving(settings) as base:
        org = await make_org(api_runtime, base)
        await org.graphql("{ clients { totalCount } }")
        await org.http.aclose()
        key = f"authorization: Bearer {org.key}\r\ncontent-type: application/json\r\n".encode()
        first = SLOW % (b"/graphql", key)

        async def drips() -> bytes:
            return await exchange(settings.port, first, *[b" "] * 60, pause=1)

        async with httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {org.key}"},
            transport=httpx.AsyncHTTPTransport(local_address=NEIGHBOUR),
            timeout=TIMEOUT_S,
        ) as neighbour:
            answers = [asyncio.create_task(drips()) for _ in range(slow)]
            seen: list[int] = []
            # All that are not held have ended, and the others have not: the neighbour asked meanwhile.
            while sum(not answer.done() for answer in answers) > share or len(seen) < 30:
                made = await neighbour.post("/graphql", json={"query": "{ clients { totalCount } }"})
                assert made.json()["data"] == {"clients": {"totalCount": 0}}
                seen += [made.status_code, (await neighbour.get("/api/v1/clients")).status_code]
                assert len(seen) < 10_000
            assert set(seen) == {200}
        refused = [answer.result() for answer in answers if answer.done()]
        assert len(refused) == slow - share
        answered = [answer for answer in refused if answer]
        assert {retryable_problem(answer) for answer in answered} == {TOO_MANY}
        assert len(answered) >= share * (ANSWERED - 1)
        # Those that were held end with the body's time.
        late = [answer for answer in await asyncio.gather(*answers) if answer not in refused]
        assert len(late) == share
        for answer in late:
            assert statuses(answer) == [408]
            assert b"connection: close" in answer
            made = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert made["errors"][0]["extensions"]["code"] == "REQUEST_TIMEOUT"


async def test_a_busy_process_says_so_in_each_doors_words(backends: Backends, api_runtime: Runtime) -> None:
    settings = settings_of(backends, limit_concurrency=1, address_connections=1, trusted_proxies="127.0.0.1/32")
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        org = await make_org(api_runtime, base)
        async with api_runtime.bound(org.id) as connection:
            # Who reads from a locked table is at work until it is free.
            await connection.execute("lock table clients in access exclusive mode")
            elsewhere = {"X-Forwarded-For": "192.0.2.1"}
            working = asyncio.create_task(org.graphql("{ clients { totalCount } }", elsewhere))
            await asyncio.sleep(SHORT)
            # Also who has no key is not sent for one.
            busy = await http.post("/graphql", json={"query": "{ health { status } }"})
            error(busy, 503, "UNAVAILABLE")
            assert busy.headers["retry-after"] == "1"
            problem(await http.get("/api/v1/clients"), 503, "UNAVAILABLE")
            assert (await http.get("/api/health")).status_code == 200
            assert (await http.options("/graphql")).status_code == 204
            assert not working.done()
        assert (await working).status_code == 200
        await org.http.aclose()
