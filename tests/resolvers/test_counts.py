"""Counts and pages of filters in an organization that PostgreSQL's statistics do not know, as they are of another one.

Counts are those of plain Python, and no plan reads a whole table for each row of another."""

import operator
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from bench.filters.cases import Case, cases
from bench.filters.data import Size
from resolvers.database.runtime import Runtime
from resolvers.lists import candidates
from resolvers.lists.pages import STATEMENTS
from schema.requests.engine import Engine
from tests.support.plans import Explained, explained, keyed, repeated, unkeyed, unknown_to_statistics
from tests.support.servers import Backends

SIZE = Size(
    clients=1_500,
    services=800,
    orders=3_000,
    messages=2_000,
    deliveries=20,
    tickets=2_000,
    replies=2_000,
    subscriptions=2_000,
    invoices=2_000,
)
ENGINE = Engine()
TYPES = {"clients": "ClientFilter", "orders": "OrderFilter", "services": "ServiceFilter"}
EVERY = [case for case in cases(SIZE) if case.listed in TYPES]
Rows = dict[str, list[dict[str, Any]]]
Imported = tuple[Runtime, UUID, Rows]


@pytest.fixture(scope="module")
async def imported(backends: Backends, template: str) -> AsyncIterator[Imported]:
    """An organization that was filled after the tables were analyzed with another one's rows, and its rows."""
    async with unknown_to_statistics(backends, template, SIZE) as (runtime, org_id, owner):
        yield runtime, org_id, rows_of(owner, org_id)


def rows_of(owner: str, org_id: UUID) -> Rows:
    """The rows of some tables, each with those that it is related to."""
    found: Rows = {}
    with psycopg.connect(owner, row_factory=dict_row) as connection:
        connection.execute("select set_config('app.org_id', %s, true)", [str(org_id)])
        for table in ("clients", "services", "orders", "messages"):
            query = sql.SQL("select * from {} where org_id = %s").format(sql.Identifier(table))
            found[table] = connection.execute(query, [org_id]).fetchall()
    by_id = {row["id"]: row for rows in found.values() for row in rows}
    for parent, many in (("clients", "orders"), ("services", "orders"), ("orders", "messages")):
        for row in found[parent]:
            row[many] = []
        for row in found[many]:
            row[parent[:-1]] = by_id[row[f"{parent[:-1]}_id"]]
            row[parent[:-1]][many].append(row)
    return found


RELATIONS = {
    "clients": {"orders": "orders"},
    "services": {"orders": "orders"},
    "orders": {"client": "clients", "service": "services", "messages": "messages"},
    "messages": {"order": "orders"},
}
CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "clients": [
        {"status": {"eq": "LEAD"}}, {"status": {"notIn": ["LEAD"]}}, {"tags": {"has": "vip"}}, {"search": "client 1"},
    ],
    "services": [
        {"status": {"eq": "ARCHIVED"}}, {"price": {"lt": 2_000}}, {"search": "service"}, {"tags": {"has": "vip"}},
    ],
    "orders": [
        {"status": {"eq": "PENDING"}}, {"number": {"lt": 900}}, {"dueAt": {"isNull": True}},
        {"dueAt": {"gt": "2026-01-01T00:10:00.000Z"}}, {"tags": {"has": "vip"}}, {"search": "1"},
    ],
    "messages": [{"authorKind": {"eq": "CLIENT"}}, {"visibility": {"eq": "PUBLIC"}}],
}  # fmt: skip


def at_random(chance: Random, listed: str, depth: int) -> dict[str, Any]:
    """A filter of a list, at most so many levels deep."""
    made: dict[str, Any] = {}
    for _ in range(chance.choice([1, 1, 2])):
        chosen = chance.choice(["column", "and", "or", "not", "relation", "relation"]) if depth else "column"
        if chosen == "column":
            made |= chance.choice(CONDITIONS[listed])
        elif chosen == "relation":
            name, other = chance.choice(list(RELATIONS[listed].items()))
            inner = at_random(chance, other, depth - 1)
            made[name] = {chance.choice(["some", "none"]): chance.choice([inner, {}])} if name == other else inner
        elif chosen == "not":
            made["not"] = at_random(chance, listed, depth - 1)
        else:
            made[chosen] = [at_random(chance, listed, depth - 1) for _ in range(2)]
    return made


def meets(listed: str, row: Mapping[str, Any], filter_: Mapping[str, Any]) -> bool:
    """Whether a row meets a filter, in plain Python."""
    return all(_meets(listed, row, name, value) for name, value in filter_.items())


def _meets(listed: str, row: Mapping[str, Any], name: str, value: Any) -> bool:
    if name in ("and", "or"):
        return (all if name == "and" else any)(meets(listed, row, each) for each in value)
    if name == "not":
        return not meets(listed, row, value)
    if name == "search":
        words = {"clients": ["client", "company", "example", "org"], "services": ["service"], "orders": []}[listed]
        number = row["number"] if listed == "orders" else row["name"].split()[-1]
        return all(any(word.startswith(asked) for word in [*words, str(number)]) for asked in value.split())
    other = RELATIONS[listed].get(name)
    if other is None:
        column = {"dueAt": "due_at", "authorKind": "author_kind"}.get(name, name)
        ((operator, operand),) = value.items()
        return OPERATORS[operator](row[column], operand)
    if name != other:
        return meets(other, row[name], value)
    ((how, inner),) = value.items()
    return any(meets(other, each, inner) for each in row[name]) is (how == "some")


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "notIn": lambda value, given: value not in given,
    "has": lambda value, given: given in value,
    "isNull": lambda value, given: (value is None) is given,
    "lt": operator.lt,
    "gt": lambda value, given: value is not None and value > datetime.fromisoformat(given),
}


async def ask(
    imported: Imported, listed: str, filter_: Mapping[str, Any], asked: str
) -> tuple[dict[str, Any], Explained]:
    """What a list answers, and the context that it was asked in."""
    runtime, org_id, _ = imported
    ctx = explained(runtime, org_id)
    text = f"query ($f: {TYPES[listed]}) {{ {listed}(first: 20, filter: $f) {{ {asked} }} }}"
    prepared = ENGINE.measure(text, None, {"f": filter_})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert not answer.errors, answer.errors
    assert answer.data is not None
    found: dict[str, Any] = answer.data[listed]
    return found, ctx


def test_all_of_a_table_is_told_from_a_row_of_it() -> None:
    whole = {"Node Type": "Index Scan", "Index Name": "orders_due_idx", "Index Cond": "((org_id = $1) AND (id = $2))"}
    row = {"Node Type": "Index Scan", "Index Name": "orders_pkey", "Index Cond": "((org_id = $1) AND (id = $2))"}
    sides = [row | {"Parent Relationship": "Outer"}, whole | {"Parent Relationship": "Inner"}]
    loop = {"Node Type": "Nested Loop", "Plans": sides}
    assert [keyed(scan) for scan in (whole, row, *repeated(loop))] == [False, True, False]
    assert not keyed({"Node Type": "Seq Scan"})


@pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.listed}-{case.name}-{case.matches}")
async def test_no_plan_reads_a_table_for_each_row_of_another(imported: Imported, case: Case) -> None:
    _, ctx = await ask(imported, case.listed, case.filter, "totalCount nodes { id }")
    assert len(ctx.plans) == 2
    for text, plan in ctx.plans:
        assert unkeyed(plan) == [], text


@pytest.mark.parametrize("listed", TYPES)
async def test_counts_of_filters_at_random_are_those_of_plain_python(
    imported: Imported, listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, counted = Random(f"counts of {listed}"), set()
    for number in range(40):
        filter_ = at_random(chance, listed, 3)
        expected = sum(meets(listed, row, filter_) for row in imported[2][listed])
        for most in (0, 10_000):
            monkeypatch.setattr(candidates, "MAX_CANDIDATES", most)
            monkeypatch.setattr(candidates, "MAX_CANDIDATES_OF_ONE_TABLE", most)
            STATEMENTS.clear()
            page, ctx = await ask(imported, listed, filter_, "totalCount")
            assert page["totalCount"] == expected, (number, filter_)
            for text, plan in ctx.plans:
                assert unkeyed(plan) == [], text
        counted.add(expected)
    STATEMENTS.clear()
    assert len(counted) > 12
