"""How many rows a page checks in other tables: few candidates, or a bounded number of rows in its order."""

from typing import Any

import pytest

from models.orders import orders
from resolvers.lists import candidates, page_sql
from resolvers.lists.filter_sql import AllOf, AnyOf, ColumnCondition, ConditionTree, Not, Related, bind
from resolvers.lists.filters import parameters, split
from resolvers.lists.opposites import opposite
from resolvers.lists.pages import STATEMENTS
from resolvers.orders import ORDERS
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error, problem, unchanged

LIST = """query($f: OrderFilter, $o: [OrderOrder!], $first: Int, $last: Int, $after: String, $page: Int) {
  orders(filter: $f, orderBy: $o, first: $first, last: $last, after: $after, page: $page) {
    nodes { number } pageInfo { hasNextPage endCursor } } }"""
SAY = "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }"
WITHOUT: dict[str, Any] = {"messages": {"none": {}}}
OLDEST = [{"field": "NUMBER", "direction": "ASC"}]


@pytest.fixture
async def numbers(acme: Org, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of six orders, of which the last four have messages, where a page checks three rows."""
    client = (await new_client(acme))["publicId"]
    made = [await new_order(acme, client) for _ in range(6)]
    for order in made[2:]:
        given = {"orderId": order["publicId"], "authorKind": "STAFF", "authorName": "Ada", "body": "Hello"}
        await acme.data(SAY, i=given)
    for name in ("MAX_CHECKED", "MAX_CHECKED_FIRST", "MAX_READ"):
        monkeypatch.setattr(page_sql, name, 3)
    STATEMENTS.clear()
    return [order["number"] for order in made]


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    STATEMENTS.clear()


async def test_a_page_whose_order_leads_past_too_many_rows_is_refused(acme: Org, numbers: list[int]) -> None:
    async with unchanged(acme):
        for window in ({"first": 1}, {"last": 1, "o": OLDEST}, {"first": 100}, {"first": 1, "page": 2}):
            details = error(await acme.graphql(LIST, f=WITHOUT, **window), 200, "QUERY_TOO_SLOW")
            assert details["status"] == 400


async def test_what_lies_at_the_beginning_of_an_order_is_found(
    acme: Org, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await acme.data(LIST, f=WITHOUT, o=OLDEST, first=1))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]
    assert page["pageInfo"]["hasNextPage"]
    page = (await acme.data(LIST, f=WITHOUT, o=OLDEST, first=1, page=1))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]
    monkeypatch.setattr(page_sql, "MAX_CHECKED", 6)
    STATEMENTS.clear()
    page = (await acme.data(LIST, f=WITHOUT, o=OLDEST, first=1, page=2))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[1:2]
    monkeypatch.setattr(page_sql, "MAX_CHECKED", 3)
    STATEMENTS.clear()
    page = (await acme.data(LIST, f=WITHOUT, last=1))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]


async def test_rows_that_their_own_columns_exclude_are_not_checked(
    acme: Org, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await acme.data(LIST, f=WITHOUT | {"number": {"lt": numbers[3]}}, first=100))["orders"]
    assert [node["number"] for node in page["nodes"]] == [numbers[1], numbers[0]]
    monkeypatch.setattr(candidates, "MAX_CANDIDATES_OF_ONE_TABLE", 0)
    STATEMENTS.clear()
    by_number = {"o": OLDEST, "f": {"number": {"gte": numbers[4]}}}
    page = (await acme.data(LIST, first=100, **by_number))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[4:]


async def test_what_their_own_columns_exclude_is_read_to_a_bound(
    acme: Org, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest: dict[str, Any] = {"f": {"number": {"lt": numbers[1]}}, "first": 1}
    page = (await acme.data(LIST, **oldest))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]
    monkeypatch.setattr(candidates, "MAX_CANDIDATES_OF_ONE_TABLE", 0)
    STATEMENTS.clear()
    async with unchanged(acme):
        error(await acme.graphql(LIST, **oldest), 200, "QUERY_TOO_SLOW")
    page = (await acme.data(LIST, **oldest, o=OLDEST))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]


async def test_a_page_that_begins_after_a_cursor_checks_as_many_rows(acme: Org, numbers: list[int]) -> None:
    cursor = (await acme.data(LIST, f=None, first=3))["orders"]["pageInfo"]["endCursor"]
    page = (await acme.data(LIST, f=WITHOUT, first=100, after=cursor))["orders"]
    assert [node["number"] for node in page["nodes"]] == [numbers[1], numbers[0]]


async def test_few_candidates_are_sorted_whatever_their_order(
    acme: Org, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    search = {"search": str(numbers[0])}
    page = (await acme.data(LIST, f=search, first=1))["orders"]
    assert [node["number"] for node in page["nodes"]] == numbers[:1]
    monkeypatch.setattr(candidates, "MAX_CANDIDATES", 0)
    monkeypatch.setattr(page_sql, "MAX_SORTED", 0)
    STATEMENTS.clear()
    async with unchanged(acme):
        error(await acme.graphql(LIST, f=search, first=1), 200, "QUERY_TOO_SLOW")
        details = problem(await acme.http.get(f"/api/v1/orders?search={numbers[0]}"), 400, "QUERY_TOO_SLOW")
        assert details["detail"].startswith("Too few of the items that come first in this order match the filter.")


async def test_orders_of_a_client_are_all_checked(acme: Org, numbers: list[int]) -> None:
    text = "query($f: OrderFilter) { clients { nodes { orders(filter: $f, first: 100) { nodes { number } } } } }"
    (client,) = (await acme.data(text, f=WITHOUT))["clients"]["nodes"]
    assert [node["number"] for node in client["orders"]["nodes"]] == [numbers[1], numbers[0]]


def _opposite(**conditions: Any) -> ConditionTree | None:
    shape, values = split(ORDERS, {}, conditions, "filter", lambda _: {})
    types = parameters(values)[1]
    return opposite(bind(ORDERS, shape, [f"${number}" for number in range(len(types))], types), orders)


def test_an_index_finds_the_opposite_of_what_it_finds() -> None:
    for conditions in (
        {"number": {"gt": 1}}, {"status": {"in_": ["PENDING"]}}, {"due_at": {"is_null": True}}, {"total": {"lte": 7}},
    ):  # fmt: skip
        found = _opposite(**conditions)
        assert isinstance(found, ColumnCondition), conditions
        assert found.negated


def test_a_row_that_may_refer_to_none_is_not_of_what_it_refers_to() -> None:
    of_client, of_form = (_opposite(**{name: {"status": {"eq": "ACTIVE"}}}) for name in ("client", "form"))
    assert isinstance(of_client, Related)
    assert isinstance(of_form, AnyOf)
    null, related = of_form.parts
    assert isinstance(null, ColumnCondition)
    assert (null.name, isinstance(related, Related)) == ("is_null", True)


def test_all_becomes_any_and_any_becomes_all() -> None:
    two: list[dict[str, Any]] = [{"number": {"gt": 1}}, {"messages": {"none": {}}}]
    found = _opposite(and_=two)
    assert isinstance(found, AnyOf)
    assert [type(part) for part in found.parts] == [ColumnCondition, Related]
    found = _opposite(or_=two)
    assert isinstance(found, AllOf)
    inner = _opposite(not_={"number": {"gt": 1}})
    assert isinstance(inner, ColumnCondition)
    assert not inner.negated


def test_what_no_index_finds_has_no_opposite() -> None:
    alone: list[dict[str, Any]] = [
        {"search": "1"}, {"tags": {"has": "vip"}}, {"messages": {"some": {}}}, {"number": {"eq": 1}},
    ]  # fmt: skip
    for conditions in alone:
        assert _opposite(**conditions) is None, conditions
    # Of two of which one must not match, the other one may be anything.
    assert _opposite(and_=[{"number": {"gt": 1}}, {"search": "1"}]) is None
    assert not isinstance(_opposite(or_=[{"number": {"gt": 1}}, {"search": "1"}]), Not | None)
