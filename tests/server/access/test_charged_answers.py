"""An answer costs what its bytes take where that is more than its price: what is beyond is owed once it was written."""

from collections.abc import AsyncIterator

import httpx
import pytest

from resolvers.database.loaded import BYTES_OF_UNIT, COST_OF_REFUSED, MAX_BYTES
from resolvers.database.runtime import Runtime
from tests.support.api import Org, new_client, new_order
from tests.support.charging import about, charged, paying, thread
from tests.support.refusals import error, problem
from tests.support.servers import Backends
from tests.support.sockets import socket

HEALTH = "{ health { status } }"
ASKED = "query($order: ID!) {{ messages(orderId: $order, first: {}) {{ nodes {{ a: body b: body }} }} }}"
LONG = ASKED.format(20)
COST = 2 + 20 * (1 + 2 * 2)


@pytest.fixture
async def org(backends: Backends, api_runtime: Runtime) -> AsyncIterator[Org]:
    async with paying(backends, api_runtime) as made:
        yield made


async def owed(org: Org, answer: httpx.Response) -> int:
    """What was charged after an answer, beside the document of the next request."""
    await org.graphql(HEALTH)
    after = await org.graphql(HEALTH)
    left = [int(each.headers["ratelimit"].split("r=")[1].split(";")[0]) for each in (answer, after)]
    return left[0] - left[1]


async def test_long_texts_cost_what_their_bytes_take(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    await thread(org, order, 20)
    answer = await org.graphql(LONG, order=order)
    size = len(answer.content)
    assert size > 20 * 2 * 80_000
    # The price is as before: what is beyond it is known only when the answer is written.
    assert answer.json()["extensions"]["cost"]["requested"] == COST
    beyond = size // BYTES_OF_UNIT - COST
    assert beyond - 5 <= await owed(org, answer) <= beyond + 5


async def test_long_texts_cost_what_their_bytes_take_over_rest_too(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    given = {"orderId": order, "body": "\N{GRINNING FACE}" * 20_000}
    for _ in range(5):
        assert (await org.http.post("/api/v1/messages", json=given)).status_code == 201
    # A page may have more, and has paid for that.
    path = f"/api/v1/messages?orderId={order}&limit=5"
    before = await org.graphql(HEALTH)
    page = await org.http.get(path)
    size = len(page.content)
    assert size > 5 * 80_000
    assert size // BYTES_OF_UNIT <= await owed(org, before) < size // BYTES_OF_UNIT + 10


async def test_short_texts_cost_their_price(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    await thread(org, order, 20, 100)
    answer = await org.graphql(LONG, order=order)
    assert await owed(org, answer) <= 5
    for _ in range(20):
        await new_client(org)
    first, second = await org.http.get("/api/v1/clients"), await org.http.get("/api/v1/clients")
    assert len(first.content) > 5_000
    found = await charged(org, first, second)
    about(found[1:], 2 + 20 * (1 + 2 + 1) + 20)


async def test_an_answer_over_a_socket_or_a_stream_is_charged_too(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    await thread(org, order, 20)
    events = {"Accept": "text/event-stream"}
    before = await org.graphql(HEALTH)
    await org.graphql(LONG, order=order, headers=events)
    beyond = 20 * 2 * 80_000 // BYTES_OF_UNIT
    assert beyond < await owed(org, before) < beyond + 100
    # As much as a client of WebSockets takes as one message.
    beyond //= 4
    before = await org.graphql(HEALTH)
    async with socket(str(org.http.base_url)) as connection:
        await connection.init(org.key)
        await connection.subscribe("1", ASKED.format(5), order=order)
        assert [(await connection.next())["type"] for _ in range(2)] == ["next", "complete"]
    assert beyond < await owed(org, before) < beyond + 100


async def test_what_was_loaded_for_an_answer_that_is_too_large_is_owed(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    await thread(org, order, 60)
    answer = await org.graphql(ASKED.format(60), order=order)
    error(answer, 200, "TOO_COMPLEX")
    assert COST_OF_REFUSED <= await owed(org, answer) <= COST_OF_REFUSED + 5
    assert MAX_BYTES < 60 * 2 * 80_000


async def test_who_owes_for_an_answer_is_refused(backends: Backends, api_runtime: Runtime) -> None:
    async with paying(backends, api_runtime, 1_000) as org:
        order = (await new_order(org))["publicId"]
        await thread(org, order, 20)
        assert "errors" not in (await org.graphql(LONG, order=order)).json()
        error(await org.graphql("{ viewer { organization { name } } }"), 429, "RATE_LIMITED")
        problem(await org.http.get("/api/v1/clients"), 429, "RATE_LIMITED")
