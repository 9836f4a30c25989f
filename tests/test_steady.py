"""Plans that PostgreSQL shall keep: for operations that filter nothing, in their own snapshot only."""

from typing import Any
from uuid import uuid4

import pytest

from execution.documents import parse_operation
from resolvers.jobs import context_of
from resolvers.runtime import Runtime
from resolvers.sql import Sql
from schema.steady import steady

MODE = Sql("show plan_cache_mode", (), {})
LISTED = "query Q($f: ClientFilter, $n: Int) { clients(filter: $f, first: $n) { nodes { id } } }"
TWICE = """query ($f: ClientFilter, $o: OrderFilter) {
  clients(filter:,$f) { nodes { orders(filter\n: $o) { totalCount } } } }"""


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ clients(first: 5) { nodes { id } } }", {}, True),
        ("query ($filter: Int) { clients(first: $filter) { nodes { id } } }", {"filter": 5}, True),
        ('{ clients(filter: {name: {eq: "x"}}) { totalCount } }', {}, False),
        ("{ clients(filter: null) { totalCount } }", {}, False),
        (LISTED, {}, True),
        (LISTED, {"f": None, "n": 5}, True),
        (LISTED, {"f": {}}, False),
        (LISTED, {"f": {"name": {"eq": "x"}}}, False),
        (TWICE, {"f": None}, True),
        (TWICE, {"o": {}}, False),
        (LISTED.replace("ClientFilter,", 'ClientFilter = {name: {eq: "x"}},'), {}, False),
        ("{ clients { nodes { ...F } } } fragment F on Client { orders(filter: {}) { totalCount } }", {}, False),
        ("{ filter: clients { totalCount } }", {}, False),
        ("query ($f: ClientFilter) { clients(filter: # it\n $f) { totalCount } }", {}, False),
    ],
)
def test_what_is_steady(text: str, variables: dict[str, Any], expected: bool) -> None:
    operation = parse_operation(text, None)
    for _ in range(2):
        assert steady(operation, variables) is expected


async def test_a_plan_is_kept_in_a_steady_snapshot_and_in_no_other(single: Runtime) -> None:
    for kept, mode in ((True, "force_generic_plan"), (False, "auto"), (True, "force_generic_plan")):
        ctx = context_of(single, uuid4(), uuid4())
        ctx.steady = kept
        async with ctx.snapshot():
            assert [row[0] for row in await ctx.fetch(MODE)] == [mode]
        async with ctx.transaction():
            assert [row[0] for row in await ctx.fetch(MODE)] == ["auto"]
