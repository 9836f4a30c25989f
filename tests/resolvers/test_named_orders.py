"""Lists in the order of their clients' names: pages both ways, what is read for them, and who may ask."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bench.filters.lists import LISTS
from resolvers.lists import candidates, page_by_referred
from resolvers.lists.pages import STATEMENTS
from tests.support.filled import Filled, asked, filled_organization
from tests.support.servers import Backends

BOUNDS = ("MAX_REFERRED", "MAX_READ", "MAX_CHECKED")
LISTED = ("orders", "invoices", "subscriptions")
FILTERS: dict[str, Any] = {
    "all": None,
    "of clients": {"client": {"status": {"in": ["ACTIVE", "LEAD"]}}},
    "not": {"not": {"client": {"status": {"eq": "ACTIVE"}}}},
}
# A status of each list that few rows have.
RARE = {"orders": "CANCELLED", "invoices": "VOID", "subscriptions": "CANCELLED"}


@pytest.fixture(scope="module")
async def filled(backends: Backends, template: str) -> AsyncIterator[Filled]:
    """An organization of clients of which many share a name."""
    async with filled_organization(backends, template) as made:
        runtime, org_id = made
        async with runtime.bound(org_id) as connection:
            await connection.execute(
                "update clients set name = 'Client ' || right(name, 1), name_key = 'client ' || right(name, 1)"
            )
        yield made


@pytest.fixture(params=["sorted", "walked", "of few clients"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """How the rows are found."""
    for name in ("MAX_CANDIDATES", "MAX_CANDIDATES_OF_ONE_TABLE"):
        monkeypatch.setattr(candidates, name, {"sorted": 1_000, "walked": 0, "of few clients": 60}[request.param])
    STATEMENTS.clear()
    yield str(request.param)
    STATEMENTS.clear()


async def every(filled: Filled, listed: str, filter_: Any, order: list[Any], window: str, size: int) -> list[Any]:
    """The nodes of all pages, from one to the next."""
    type_ = LISTS[listed].type_name
    cursor = "after" if window == "first" else "before"
    text = f"query($f: {type_}Filter, $o: [{type_}Order!], $c: String, $n: Int) {{ {listed}(filter: $f, orderBy: $o,"
    text += f" {window}: $n, {cursor}: $c) {{ nodes {{ id client {{ id name }} }}"
    text += " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    found: list[Any] = []
    variables: dict[str, Any] = {"f": filter_, "o": order, "c": None, "n": size}
    while True:
        answer = await asked(filled, text, variables)
        assert not answer.errors, (filter_, order, answer.errors)
        assert answer.data is not None
        one = answer.data[listed]
        found = [*found, *one["nodes"]] if window == "first" else [*one["nodes"], *found]
        info = one["pageInfo"]
        assert info["hasPreviousPage" if window == "first" else "hasNextPage"] == (variables["c"] is not None)
        if not info["hasNextPage" if window == "first" else "hasPreviousPage"]:
            return found
        variables["c"] = info["endCursor" if window == "first" else "startCursor"]


def sorted_(nodes: list[Any], name_down: bool, id_down: bool) -> list[str]:
    by_id = sorted(nodes, key=lambda node: str(node["id"]), reverse=id_down)
    by_name = sorted(by_id, key=lambda node: (node["client"]["name"].lower(), node["client"]["id"]), reverse=name_down)
    # A reversed sort keeps what is equal as it was.
    return [node["id"] for node in by_name]


@pytest.mark.parametrize("listed", LISTED)
async def test_pages_both_ways_are_those_of_a_plain_sort(filled: Filled, way: str, listed: str) -> None:
    rare = {"status": {"notIn": [RARE[listed]]}}
    either = {"or": [{"client": {"status": {"eq": "LEAD"}}}, rare]}
    for name, filter_ in (FILTERS | {"own column": rare, "either": either}).items():
        expected = await every(filled, listed, filter_, [], "first", 100)
        assert len(expected) > 10, name
        for first, second in (("ASC", None), ("DESC", None), ("ASC", "DESC"), ("DESC", "ASC")):
            order = [{"field": "CLIENT_NAME", "direction": first}]
            order += [{"field": "CREATED_AT", "direction": second}] if second else []
            wanted = sorted_(expected, first == "DESC", (second or first) == "DESC")
            for window in ("first", "last"):
                found = await every(filled, listed, filter_, order, window, 37)
                assert [node["id"] for node in found] == wanted, (name, first, second, window)


async def test_numbered_pages_and_a_page_between_two_cursors(filled: Filled, way: str) -> None:
    order = "orderBy: [{field: CLIENT_NAME}]"
    text = f"{{ orders({order}, first: 100) {{ edges {{ cursor node {{ id }} }} }} }}"
    answer = await asked(filled, text, {})
    assert answer.data is not None, answer.errors
    edges = answer.data["orders"]["edges"]
    ids = [edge["node"]["id"] for edge in edges]
    for filter_ in ("", ", filter: {status: {notIn: []}}"):
        text = f"{{ orders({order}, first: 20, page: 3{filter_}) {{ nodes {{ id }} totalCount }} }}"
        answer = await asked(filled, text, {})
        assert answer.data is not None, answer.errors
        assert [node["id"] for node in answer.data["orders"]["nodes"]] == ids[40:60]
        assert answer.data["orders"]["totalCount"] == 200
    for window in ("first", "last"):
        text = f'{{ orders({order}, {window}: 50, after: "{edges[9]["cursor"]}", before: "{edges[31]["cursor"]}")'
        answer = await asked(filled, f"{text} {{ nodes {{ id }} }} }}", {})
        assert answer.data is not None, answer.errors
        assert [node["id"] for node in answer.data["orders"]["nodes"]] == ids[10:31]


async def test_a_page_reads_so_many_rows_at_most(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_CANDIDATES", "MAX_CANDIDATES_OF_ONE_TABLE"):
        monkeypatch.setattr(candidates, name, 0)
    for bound, filter_, rows, refused in (
        ("MAX_REFERRED", "", 2, False),
        ("MAX_REFERRED", "", 100, True),
        ("MAX_REFERRED_CHECKED", 'filter: {client: {search: "client"}}, ', 2, False),
        ("MAX_REFERRED_CHECKED", 'filter: {client: {search: "client"}}, ', 100, True),
        ("MAX_READ", "filter: {number: {gte: 1}}, ", 2, False),
        ("MAX_READ", "filter: {number: {gte: 1}}, ", 100, True),
        ("MAX_CHECKED", "filter: {messages: {some: {}}}, ", 100, True),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(page_by_referred, bound, 5)
            for page in ("", ", page: 1"):
                STATEMENTS.clear()
                window = f"{filter_}orderBy: [{{field: CLIENT_NAME}}], first: {rows}{page}"
                answer = await asked(filled, f"{{ orders({window}) {{ nodes {{ id }} }} }}", {})
                codes = [error["extensions"]["code"] for error in answer.errors]
                assert codes == (["QUERY_TOO_SLOW"] if refused else []), (bound, page)
    STATEMENTS.clear()
