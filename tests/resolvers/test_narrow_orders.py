"""Orders within a filter: what one index has in order, what a filter says of an order's nulls, and sorted words."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bench.filters.lists import LISTS
from resolvers.lists import candidates, page_sql
from resolvers.lists.pages import STATEMENTS
from tests.support.filled import Filled, asked, filled_organization
from tests.support.servers import Backends

BOUNDS = ("MAX_READ", "MAX_READ_SCATTERED", "MAX_CHECKED", "MAX_CHECKED_SCATTERED", "MAX_CHECKED_FIRST")
KEYS = {
    "DUE_AT": "dueAt", "ISSUED_AT": "issuedAt", "WAITING_SINCE": "waitingSince", "EXPIRES_AT": "expiresAt",
    "UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt",
}  # fmt: skip


@pytest.fixture(scope="module")
async def filled(backends: Backends, template: str) -> AsyncIterator[Filled]:
    async with filled_organization(backends, template) as made:
        yield made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What bounds the rows that pages read and check; none are candidates."""

    def bounded(rows: int) -> None:
        for name in BOUNDS:
            monkeypatch.setattr(page_sql, name, rows)
        for name in ("MAX_CANDIDATES", "MAX_CANDIDATES_OF_ONE_TABLE"):
            monkeypatch.setattr(candidates, name, 0)
        STATEMENTS.clear()

    yield bounded
    STATEMENTS.clear()


async def pages(filled: Filled, listed: str, filter_: Any, field: str, direction: str, window: str) -> list[Any]:
    """The nodes of each page, from one to the next."""
    type_, root = LISTS[listed].type_name, LISTS[listed].root
    page = f"{window}: 30, filter: $f, orderBy: $o, {'after' if window == 'first' else 'before'}: $c"
    head = root.format(listed=listed, page=page)
    shown = f"nodes {{ id key: {KEYS[field]} }} pageInfo {{ startCursor endCursor }}"
    text = f"query ($f: {type_}Filter, $o: [{type_}Order!], $c: String) {{ {head} {{ {shown} }} }}"
    found: list[Any] = []
    variables: dict[str, Any] = {"f": filter_, "o": [{"field": field, "direction": direction}], "c": None}
    while True:
        answer = await asked(filled, text, variables)
        assert not answer.errors, (filter_, field, direction, answer.errors)
        assert answer.data is not None
        (one,) = answer.data.values()
        found = [*found, *one["nodes"]] if window == "first" else [*one["nodes"], *found]
        if len(one["nodes"]) < 30:
            return found
        variables["c"] = one["pageInfo"]["endCursor" if window == "first" else "startCursor"]


def in_order(nodes: list[Any], direction: str) -> list[str]:
    some = [node for node in nodes if node["key"] is not None]
    none = [node for node in nodes if node["key"] is None]
    ordered = [
        sorted(part, key=lambda node: (node["key"] or "", node["id"]), reverse=direction == "DESC")
        for part in (some, none)
    ]
    return [node["id"] for part in ordered for node in part]


async def assert_in_order(filled: Filled, reads: Any, listed: str, filter_: Any, field: str, bound: int) -> None:
    """Assert that pages have all rows that match, in order, where a page reads a bounded number of rows."""
    STATEMENTS.clear()
    every = await pages(filled, listed, filter_, field, "ASC", "first")
    assert len(every) > 10
    reads(bound)
    for direction in ("ASC", "DESC"):
        for window in ("first", "last"):
            found = await pages(filled, listed, filter_, field, direction, window)
            assert [node["id"] for node in found] == in_order(every, direction), (filter_, field, direction, window)


@pytest.mark.parametrize(
    ("listed", "filter_", "field"),
    [
        ("orders", {"status": {"eq": "COMPLETED"}}, "DUE_AT"),
        ("orders", {"status": {"in": ["PENDING", "IN_PROGRESS", "PENDING"]}}, "DUE_AT"),
        ("orders", {"status": {"notIn": ["PENDING"]}}, "CREATED_AT"),
        ("orders", {"formId": {"isNull": True}}, "DUE_AT"),
        ("orders", {"status": {"eq": "COMPLETED"}, "dueAt": {"isNull": False}}, "DUE_AT"),
        ("tickets", {"orderId": {"isNull": True}}, "WAITING_SINCE"),
        ("invoices", {"status": {"in": ["DRAFT", "PAID"]}}, "DUE_AT"),
        ("invoices", {"orderId": {"isNull": True}}, "DUE_AT"),
        *[
            ("invoices", {"subscriptionId": {"isNull": False}}, field)
            for field in ("CREATED_AT", "UPDATED_AT", "ISSUED_AT", "DUE_AT")
        ],
    ],
)
async def test_what_an_index_has_in_order_is_read_no_further_than_the_page(
    filled: Filled, reads: Any, listed: str, filter_: Any, field: str
) -> None:
    await assert_in_order(filled, reads, listed, filter_, field, 1)


@pytest.mark.parametrize(
    ("listed", "filter_", "field", "matching"),
    [
        # Of 150 invoices 15 are drafts, which have no times; of 200 jobs 20 wait, and no others expire.
        ("invoices", {"issuedAt": {"isNull": True}}, "DUE_AT", 15),
        ("invoices", {"dueAt": {"isNull": True}}, "ISSUED_AT", 15),
        ("invoices", {"status": {"eq": "DRAFT"}}, "ISSUED_AT", 15),
        ("invoices", {"status": {"notIn": ["OPEN", "PAID", "VOID", "UNCOLLECTIBLE"]}}, "ISSUED_AT", 15),
        ("agent_jobs", {"status": {"in": ["SUCCEEDED", "QUEUED", "CANCELLED"]}}, "EXPIRES_AT", 180),
        # 50 are of a subscription, and others are not looked up.
        ("invoices", {"subscription": {"createdAt": {"isNull": False}}}, "CREATED_AT", 50),
    ],
)
async def test_what_cannot_match_is_not_read_in_an_order(
    filled: Filled, reads: Any, listed: str, filter_: Any, field: str, matching: int
) -> None:
    await assert_in_order(filled, reads, listed, filter_, field, matching)


async def test_what_a_word_finds_is_sorted_where_the_newest_rows_lack_it(
    filled: Filled, reads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for filter_ in ({"search": "1"}, {"tags": {"has": "vip"}}):
        await assert_in_order(filled, reads, "orders", filter_, "CREATED_AT", 1)
    monkeypatch.setattr(page_sql, "MAX_SORTED", 10)
    STATEMENTS.clear()
    answer = await asked(filled, '{ orders(filter: {search: "1"}) { nodes { id } } }', {})
    assert [error["extensions"]["code"] for error in answer.errors] == ["QUERY_TOO_SLOW"]
    assert answer.data == {"orders": None}
