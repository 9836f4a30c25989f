"""Filters of ever new shapes and changes of ever other columns: they cost little, and spare what others use."""

from collections.abc import Mapping
from itertools import combinations
from time import process_time
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.orders import orders
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.changes.write_sql import change_sql
from resolvers.database.connection import BYTES_OF_STATEMENT, PREPARED_BYTES
from resolvers.database.runtime import Runtime
from resolvers.database.sized_cache import SizedCache
from resolvers.database.sql import Sql
from resolvers.lists.count_sql import CountShape, count_sql
from resolvers.lists.page_parts import PageShape
from resolvers.lists.page_sql import page_sql
from resolvers.lists.pages import STATEMENTS
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from tests.support.api import Org
from tests.support.cpu_time import within
from tests.support.filter_shapes import asking, order_filter

# What one filter of 22 conditions may take where the bounds of time were set.
MAX_SECONDS = 0.002
ENGINE = Engine()
PREPARED = "select statement from pg_prepared_statements where statement like 'WITH candidates%'"


async def ask(runtime: Runtime, org_id: UUID, text: str, variables: Mapping[str, Any]) -> tuple[OperationResult, int]:
    """The answer, and what it was charged."""
    prepared = ENGINE.measure(text, None, variables)
    ENGINE.validate(prepared, None)
    return await ENGINE.run(organizations.command_line(runtime, org_id), prepared), prepared.measure.cost


def compose(shape: PageShape | CountShape) -> Sql:
    return page_sql(shape) if isinstance(shape, PageShape) else count_sql(shape)


def filters(start: int, count: int, conditions: int = 22, related: int = 0) -> dict[str, Any]:
    return {f"f{index}": order_filter(start + index, conditions, related) for index in range(count)}


@pytest.mark.parametrize(
    ("related", "conditions", "selected", "count"),
    [
        (0, 22, "nodes { id }", 10),
        (4, 18, "nodes { id }", 10),
        (0, 22, "totalCount nodes { id }", 10),
        (0, 3, "nodes { id }", 20),
    ],
)
async def test_a_new_shape_takes_little_time_and_is_charged_for_it(
    single: Runtime, related: int, conditions: int, selected: str, count: int
) -> None:
    org_id, text, number, cost = new_uuid(), asking(count, selected), 1_000, 0
    # What is compiled once for all.
    await ask(single, org_id, text, filters(0, count, conditions, related))
    composed, spent = [], []
    for _ in range(5):
        STATEMENTS.clear()
        start = process_time()
        answer, cost = await ask(single, org_id, text, filters(number, count, conditions, related))
        spent.append(process_time() - start)
        number += count
        assert answer.errors == []
        shapes = list(STATEMENTS)
        assert len(shapes) == count * (2 if "totalCount" in selected else 1)
        start = process_time()
        for shape in shapes:
            assert compose(shape).names[0] == "org_id"
        composed.append((process_time() - start) / len(shapes))
    # Other work of the machine's may be in the way of some of them.
    assert within(min(composed), MAX_SECONDS)
    # All that a request takes between body and body is charged: at least four for each millisecond.
    assert within(min(spent), cost / 4 / 1_000)


async def test_the_orders_of_a_page_take_little_time(single: Runtime) -> None:
    org_id, fields = new_uuid(), ["NUMBER", "TOTAL", "DUE_AT", "UPDATED_AT"]
    text = "query ($n: Int, $o: [OrderOrder!]) { orders(first: $n, orderBy: $o) { nodes { id client { name } } } }"
    every = [
        [{"field": one, "direction": up}, {"field": two, "direction": "ASC"}]
        for one in fields for two in fields for up in ("ASC", "DESC") if one != two
    ]  # fmt: skip
    await ask(single, org_id, text, {"n": 1, "o": every[0]})
    spent: list[float] = []
    for first in (2, 32, 62):
        start = process_time()
        for size, order in enumerate(every, first):
            answer, _ = await ask(single, org_id, text, {"n": size, "o": order})
            assert answer.errors == []
        spent.append((process_time() - start) / len(every))
    # Other work of the machine's may be in the way of some of them.
    assert within(min(spent), MAX_SECONDS)


async def test_new_shapes_of_one_organization_replace_its_own_and_fill_nothing(single: Runtime) -> None:
    STATEMENTS.clear()
    quiet, noisy = new_uuid(), new_uuid()
    listing = "query ($f0: OrderFilter) { orders(first: 2, filter: $f0) { totalCount nodes { number } } }"
    usual = {"f0": {"status": {"eq": "PENDING"}, "client": {"name": {"startsWith": "a"}}}}

    async def prepared() -> list[str]:
        """What the backend has of filters."""
        async with single.connection() as link:
            found = [row["statement"] for row in await link.fetch(PREPARED)]
            assert link.prepared.size <= PREPARED_BYTES
            # What is no longer kept is closed when the next one is prepared.
            assert set(found) - set(link.prepared) <= {statement.query for statement in link._stmts_to_close}
            assert len(link._stmts_to_close) < 10
            return found

    answer, _ = await ask(single, quiet, listing, usual)
    assert answer.errors == []
    kept = set(await prepared())
    assert len(kept) == 2
    texts: set[str] = set()
    for round_ in range(30):
        answer, _ = await ask(single, noisy, asking(10), filters(10_000 + round_ * 10, 10))
        assert answer.errors == []
        found = await prepared()
        texts |= set(found)
        assert kept <= set(found)
        assert len(found) < 60
        assert STATEMENTS.size <= STATEMENTS.max_bytes
    assert len(texts) > 290
    # None of a caller's values is in a text.
    await ask(single, noisy, asking(1), {"f0": {"search": "Qzx7", "tags": {"has": "Qzx7"}, "number": {"eq": 987_654}}})
    assert [text for text in await prepared() if "qzx7" in text.lower() or "987654" in text] == []


def test_a_shelf_takes_from_the_owner_of_most() -> None:
    cache: SizedCache[str, int] = SizedCache(100)
    assert cache.put("a", 1, 30, "quiet") == []
    assert [cache.put(f"n{index}", index, 30, "noisy") for index in range(4)] == [[], [], [0], [1]]
    assert (cache.get("a"), cache.get("n0"), cache.get("n2"), len(cache), cache.size) == (1, None, 2, 3, 90)
    # What was used last goes last, and what is larger than all of it is not kept.
    assert cache.put("n4", 4, 20, "noisy") == [3]
    assert cache.put("huge", 9, 101, "noisy") == [2, 4, 9]
    assert (cache.get("huge"), cache.get("a"), cache.size) == (None, 1, 30)
    assert cache.put("b", 2, 80, "other") == [2]
    cache.clear()
    assert (len(cache), cache.size, cache.get("a")) == (0, 0, None)


WORDS = "A filter may hold 50 conditions at most: operators, words of a search and relations."
FIVE = {"eq": 1, "gt": 1, "gte": 1, "lt": 1, "lte": 1}
LITERAL = "{" + ", ".join(f"{name}: {value}" for name, value in FIVE.items()) + "}"


NOTHING: tuple[dict[str, Any], ...] = (
    {}, {"not": {}}, {"and": []}, {"search": ""}, {"number": {}}, {"client": {}}, {"messages": {}}, {"or": [{}]},
)  # fmt: skip


@pytest.mark.parametrize(("filter_", "beyond"), [
    # Each operator is a condition, each word of a search, each relation, and what nothing fulfils.
    ({"or": [{"number": {"eq": 1}}] * 50}, None),
    ({"or": [{"number": {"eq": 1}}] * 51}, "or.50.number"),
    ({"and": [{"number": FIVE}] * 10}, None),
    ({"and": [{"number": FIVE}] * 10 + [{"total": {"eq": 1}}]}, "and.10.total"),
    ({"and": [{"search": "a b c d e f g h"}] * 6 + [{"search": "a b"}]}, None),
    ({"and": [{"search": "a b c d e f g h"}] * 6 + [{"search": "a b c"}]}, "and.6.search"),
    ({"and": [{"client": {"status": {"eq": "LEAD"}}}] * 25}, None),
    ({"and": [{"client": {"status": {"eq": "LEAD"}}}] * 26}, "and.25.client.status"),
    ({"or": [{"messages": {"some": {}}}] * 50}, None),
    ({"or": [{"messages": {"some": {}}}] * 51}, "or.50.messages"),
    ({"not": {"and": [{"or": []}] * 50}}, None),
    ({"not": {"and": [{"or": []}] * 51}}, "not.and.50"),
    # What groups conditions is none, nor what holds none.
    ({"and": [{"not": {"or": [{"number": {"eq": 1}}]}}] * 50}, None),
    ({"and": [{"not": {"or": [{"number": {"eq": 1}}]}}] * 51}, "and.50.not.or.0.number"),
    *[({"and": [nothing] * 100 + [{"number": FIVE}] * 10}, None) for nothing in NOTHING],
])  # fmt: skip
async def test_a_filter_holds_fifty_conditions(acme: Org, filter_: dict[str, Any], beyond: str | None) -> None:
    answer = (await acme.graphql(asking(1), f0=filter_)).json()
    if beyond is None:
        assert answer["data"] == {"a0": {"nodes": []}}
        return
    assert answer["data"] == {"a0": None}
    (error,) = answer["errors"]
    assert (error["message"], error["path"]) == (WORDS, ["a0"])
    reported = [error["extensions"][name] for name in ("code", "status", "field", "reason", "limit")]
    assert reported == ["BAD_INPUT", 400, f"filter.{beyond}", "TOO_LONG", 50]


async def test_the_conditions_of_a_document_are_counted_as_those_of_variables(acme: Org) -> None:
    parts = ", ".join([f"{{number: {LITERAL}}}"] * 11)
    text = f"{{ orders(filter: {{and: [{parts}]}}) {{ nodes {{ id }} }} }}"
    assert await acme.refused(text) == [("BAD_INPUT", "filter.and.10.number")]


async def test_no_statement_is_sent_for_a_filter_of_too_many_conditions(single: Runtime) -> None:
    prepared = ENGINE.measure(asking(1), None, {"f0": {"and": [{"number": FIVE}] * 11}})
    ctx = organizations.command_line(single, new_uuid())
    answer = await ENGINE.run(ctx, prepared)
    assert ([each["extensions"]["code"] for each in answer.errors], ctx.statements) == (["BAD_INPUT"], 0)


async def test_a_search_of_a_thousand_characters_is_read_to_its_end(acme: Org) -> None:
    assert await acme.data(asking(1), f0={"search": "a" + " " * 998 + "b"}) == {"a0": {"nodes": []}}
    assert await acme.refused(asking(1), f0={"search": "a" + " " * 999 + "b"}) == [("BAD_INPUT", "filter.search")]


async def test_a_statement_that_is_closed_is_prepared_again(single: Runtime) -> None:
    org_id = new_uuid()
    async with single.connection() as link:
        link.prepared.max_bytes = BYTES_OF_STATEMENT * 2
        pid = link.get_server_pid()
    for _ in range(2):
        for start in (1, 2, 3):
            answer, _ = await ask(single, org_id, asking(3), filters(start, 3, 2))
            assert answer.errors == []
    async with single.connection() as link:
        assert (link.get_server_pid(), len(link.prepared)) == (pid, 0)
        assert isinstance(link, asyncpg.Connection)


def test_an_update_of_other_columns_takes_little_time() -> None:
    columns = ["quantity", "total", "notes", "due_at", "tags", "metadata", "status", "form_data"]
    change_sql("update", "order", orders, (*columns, "version", "updated_at"), ("tag",), 1)
    start = process_time()
    for chosen in combinations(columns, 3):
        sql = change_sql("update", "order", orders, (*chosen, "version"), ("tag",), 1)
        assert sql.names[-4:] == (*(f"row_{name}" for name in chosen), "row_version")
    assert within((process_time() - start) / 56, MAX_SECONDS)
