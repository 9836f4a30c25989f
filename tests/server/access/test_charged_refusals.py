"""A request that would load or show too much costs as much as one that loads as much as it may, once."""

from collections.abc import AsyncIterator

import pytest

from models.invoices import MAX_LINES
from resolvers.database.loaded import COST_OF_REFUSED
from resolvers.database.runtime import Runtime
from tests.support.api import Org, new_client, new_order
from tests.support.charging import BUCKET, charged, paying, thread
from tests.support.invoices import LINE, new_invoice
from tests.support.refusals import error, problem
from tests.support.servers import Backends

HEALTH = "{ health { status } }"
LINES = "invoices(first: 20) { nodes { lines { description quantity unitPrice amount } } }"


@pytest.fixture
async def org(backends: Backends, api_runtime: Runtime) -> AsyncIterator[Org]:
    async with paying(backends, api_runtime) as made:
        yield made


async def long_invoices(org: Org, number: int) -> None:
    """Drafts of as many lines as there may be."""
    client = (await new_client(org))["publicId"]
    for _ in range(number):
        await new_invoice(org, client, lines=[LINE] * MAX_LINES)


async def left(org: Org) -> int:
    """What is left to spend."""
    await org.graphql(HEALTH)
    [spent] = await charged(org, await org.graphql(HEALTH))
    return BUCKET - spent


async def test_a_list_of_too_large_rows_is_charged_once(org: Org) -> None:
    await long_invoices(org, 8)
    before = await left(org)
    problem(await org.http.get("/api/v1/invoices"), 400, "TOO_COMPLEX")
    after = await left(org)
    # Beside what the list itself costs.
    assert COST_OF_REFUSED < before - after < COST_OF_REFUSED + 1_000
    error(await org.graphql(f"{{ {LINES} }}"), 200, "TOO_COMPLEX")
    assert COST_OF_REFUSED < after - await left(org) < COST_OF_REFUSED + 1_000


async def test_fields_that_find_nothing_left_to_load_are_charged_once(org: Org) -> None:
    await long_invoices(org, 8)
    before = await left(org)
    answer = await org.graphql(f"{{ a: {LINES} b: {LINES} c: clients {{ nodes {{ metadata }} }} }}")
    assert {each["extensions"]["code"] for each in answer.json()["errors"]} == {"TOO_COMPLEX"}
    assert COST_OF_REFUSED < before - await left(org) < COST_OF_REFUSED + 2_000


async def test_each_field_of_a_mutation_that_loads_too_much_is_charged(org: Org) -> None:
    order = (await new_order(org))["publicId"]
    await thread(org, order, 100)
    within = "order { messages(first: 100) { nodes { a: body b: body c: body d: body e: body } } }"
    change = f'updateOrder(input: {{ id: $id, notes: "x" }}) {{ {within} }}'
    before = await left(org)
    answer = await org.graphql(f"mutation($id: ID!) {{ a: {change} b: {change} }}", id=order)
    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == ["TOO_COMPLEX"] * 2
    spent = before - await left(org)
    assert 2 * COST_OF_REFUSED < spent < 2 * COST_OF_REFUSED + 6_000
