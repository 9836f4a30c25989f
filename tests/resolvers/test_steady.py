"""Plans that PostgreSQL keeps, and what is left to choose in a transaction that filters or changes something."""

from typing import Any
from uuid import uuid4

import pytest

from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.jobs.claims import context_of
from schema.operations import OPERATIONS
from schema.requests.engine import Engine

LISTED = "query Q($f: ClientFilter, $n: Int) { clients(filter: $f, first: $n) { nodes { id } } }"
TWICE = """query ($f: ClientFilter, $o: OrderFilter) {
  clients(filter:,$f) { nodes { orders(filter\n: $o) { totalCount } } } }"""


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ clients(first: 5) { nodes { id } } }", {}, True),
        ("query ($filter: Int) { clients(first: $filter) { nodes { id } } }", {"filter": 5}, True),
        ('{ clients(filter: {name: {eq: "x"}}) { totalCount } }', {}, False),
        ("{ clients(filter: null) { totalCount } }", {}, True),
        (LISTED, {}, True),
        (LISTED, {"f": None, "n": 5}, True),
        (LISTED, {"f": {}}, False),
        (LISTED, {"f": {"name": {"eq": "x"}}}, False),
        (TWICE, {"f": None}, True),
        (TWICE, {"o": {}}, False),
        (LISTED.replace("ClientFilter,", 'ClientFilter = {name: {eq: "x"}},'), {}, False),
        ("{ clients { nodes { ...F } } } fragment F on Client { orders(filter: {}) { totalCount } }", {}, False),
        ("{ filter: clients { totalCount } }", {}, True),
        (
            "query ($f: ClientFilter, $s: Boolean!) { clients(filter: $f) @skip(if: $s) { totalCount } }",
            {"f": {}, "s": True},
            True,
        ),
        ("query ($f: ClientFilter) { clients(filter: # it\n $f) { totalCount } }", {}, True),
    ],
)
def test_what_is_steady(text: str, variables: dict[str, Any], expected: bool) -> None:
    engine = Engine()
    for _ in range(2):
        prepared = engine.measure(text, None, variables)
        engine.validate(prepared, None)
        assert prepared.measure.filtered is not expected


def test_a_kept_verdict_knows_whether_this_request_filters() -> None:
    engine, operation = Engine(), OPERATIONS["ListClients"]
    given: list[Any] = [None, {"search": "a"}, {}, None, {"tags": {"has": "b"}}]
    found = [engine.prepared(operation, {"first": 5, "filter": each}).measure.filtered for each in given]
    assert found == [False, True, True, False, True]
    assert engine.prepared(operation, {"first": 5}).measure.filtered is False


async def test_plans_are_kept_and_a_filter_or_a_change_leaves_less_to_choose(single: Runtime) -> None:
    for steady, choice in ((True, "on"), (False, "off"), (True, "on")):
        ctx = context_of(single, uuid4(), uuid4())
        ctx.unfiltered = steady
        async with ctx.snapshot():
            assert await shown(ctx) == ["force_generic_plan", choice, choice, choice]
        async with ctx.transaction():
            assert await shown(ctx) == ["force_generic_plan", "on", "on", "off"]


async def shown(ctx: Context) -> list[str]:
    """The settings of a transaction that a snapshot sets."""
    names = ("plan_cache_mode", "enable_sort", "enable_bitmapscan", "enable_seqscan")
    return [(await ctx.fetch(Sql(f"show {name}", (), {})))[0][0] for name in names]
