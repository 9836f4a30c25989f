"""A total alone is one statement: no page is loaded of which nothing is read."""

from typing import Any

import pytest

from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error

CLIENTS, ORDERS = 3, 2
ONE: dict[str, Any] = {"totalCount": CLIENTS}
# A document, its answer for three clients of which the first has two orders, and the statements that it takes.
TOTALS: list[tuple[str, Any, int]] = [
    ("{ clients { totalCount } }", {"clients": ONE}, 1),
    ("{ clients(page: 2, first: 1, orderBy: {field: NAME}) { t: totalCount } }", {"clients": {"t": CLIENTS}}, 1),
    ("{ clients(filter: {status: {eq: ACTIVE}}) { totalCount } }", {"clients": {"totalCount": 0}}, 1),
    ("{ clients { totalCount __typename } }", {"clients": ONE | {"__typename": "ClientConnection"}}, 1),
    ("{ clients { __typename } }", {"clients": {"__typename": "ClientConnection"}}, 0),
    ("{ a: clients { ...T } b: clients { ...T } } fragment T on ClientConnection { totalCount }",
     {"a": ONE, "b": ONE}, 1),
    ("{ clients { ... @include(if: false) { nodes { id } } totalCount } }", {"clients": ONE}, 1),
    ("{ clients { nodes { orders { totalCount } } } }",
     {"clients": {"nodes": [{"orders": {"totalCount": count}} for count in (0, 0, ORDERS)]}}, 2),
    # Of these something is read of the page.
    ("{ clients { totalCount pageInfo { hasNextPage hasPreviousPage } } }",
     {"clients": ONE | {"pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}}, 2),
    ("{ clients(first: 2) { pageInfo { hasNextPage } } }", {"clients": {"pageInfo": {"hasNextPage": True}}}, 1),
    ("{ clients(first: 1) { totalCount nodes { __typename } } }",
     {"clients": ONE | {"nodes": [{"__typename": "Client"}]}}, 2),
    ("{ clients(first: 1) { edges { __typename } } }", {"clients": {"edges": [{"__typename": "ClientEdge"}]}}, 1),
    ("{ clients(first: 1) { edges { node { __typename } } } }",
     {"clients": {"edges": [{"node": {"__typename": "Client"}}]}}, 1),
    ("{ clients { nodes { orders { nodes { __typename } } } } }",
     {"clients": {"nodes": [{"orders": {"nodes": [{"__typename": "Order"}] * count}} for count in (0, 0, ORDERS)]}}, 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "statements"), TOTALS, ids=lambda value: str(value)[:60])
async def test_a_page_is_loaded_where_something_of_it_is_read(
    acme: Org, text: str, expected: Any, statements: int
) -> None:
    first = (await new_client(acme))["publicId"]
    for _ in range(CLIENTS - 1):
        await new_client(acme)
    for _ in range(ORDERS):
        await new_order(acme, client=first)
    answer = await acme.graphql(text)
    assert (answer.json()["data"], answer.json().get("errors")) == (expected, None)
    assert answer.headers["server-timing"] == f'sql;desc="{statements}"'


@pytest.mark.parametrize(
    ("arguments", "field"),
    [('after: "no"', "after"), ("first: 0", "first"), ("first: 1, last: 1", "last"),
     ("page: 99999", "page"), ('filter: {search: "%s"}' % ("x" * 5_000), "filter.search")],
)  # fmt: skip
async def test_the_arguments_of_a_total_are_checked(acme: Org, arguments: str, field: str) -> None:
    answer = await acme.graphql(f"{{ clients({arguments}) {{ totalCount }} }}")
    error(answer, 200, "INVALID_CURSOR" if field == "after" else "BAD_INPUT", field)
    assert answer.headers["server-timing"] == 'sql;desc="0"'
