"""What one operation's judging looks at is bounded in all places together, however often an argument is used."""

from typing import Any

import pytest

from execution import EffortLimitError
from execution.guard.effort import MAX_EFFORT
from schema.graph import CORE, EXECUTOR
from schema.rules import prices
from schema.rules.efforts import search_effort
from tests.support.api import Org
from tests.support.refusals import error

FILTERED = "query($f: OrderFilter) { %s }"
TWENTY = " ".join(f"a{number}: orders(filter: $f, first: 1) {{ totalCount }}" for number in range(20))
MESSAGE = (
    "The arguments of the operation take too much to judge in all places together."
    " Ask for less in filters, orders and lists of IDs, or in fewer places."
)
SEARCHES = {"or": [{"search": "a " * 120} for _ in range(900)]}
RELATIONS: dict[str, Any] = {"or": [{"client": {}} for _ in range(700)]}
NOTS: dict[str, Any] = {"or": [{"not": {"not": {}}} for _ in range(490)]}
NULLS: dict[str, Any] = {"status": {f"k{number}": None for number in range(6_400)}}
TAGS: dict[str, Any] = {"tags": {f"k{number}": None for number in range(6_400)}}
MARKS: dict[str, Any] = {"or": [{"search": "\u0301\u0316" * 500} for _ in range(38)]}
DOTS: dict[str, Any] = {"or": [{"search": "." * 1_000} for _ in range(200)]}
IDS = {"id": {"in": [f"order_{number:026}" for number in range(6_000)]}}


@pytest.mark.parametrize(
    "given",
    [SEARCHES, RELATIONS, NOTS, NULLS, TAGS, MARKS, DOTS],
    ids=["searches", "relations", "negations", "nulls", "reserved", "marks", "dots"],
)
@pytest.mark.parametrize("valid", [False, True], ids=["unknown", "known"])
async def test_an_argument_in_many_places_is_refused_before_it_is_judged_in_each(
    acme: Org, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], valid: bool
) -> None:
    text = FILTERED % ("orders(filter: $f) { totalCount } " * 150)
    if valid:
        text = FILTERED % TWENTY
        assert "errors" not in (await acme.graphql(text, f={})).json()
    words = 0

    def counted(text: str) -> list[str]:
        nonlocal words
        words += 1
        return [text]

    monkeypatch.setattr(prices, "searched_words", counted)
    answer = await acme.http.post("/graphql", json={"query": text, "variables": {"f": given}})
    error(answer, 200, "TOO_COMPLEX")
    assert answer.json()["errors"][0]["message"] == MESSAGE
    # Two bounds: of what a known operation's variables decide, and of the judging that follows.
    assert words <= 2 * MAX_EFFORT / search_effort("a " * 120)


@pytest.mark.parametrize("argument", ["filter: {and: [$f]}", "filter: $f"])
def test_what_is_not_looked_into_is_no_effort(argument: str) -> None:
    operation = EXECUTOR.find(FILTERED % (f"orders({argument}) {{ totalCount }} " * 20))
    found = EXECUTOR.cost(operation, {"f": IDS})
    assert found.analysis.filtered


def test_what_is_left_out_is_no_effort() -> None:
    text = "query($f: OrderFilter, $no: Boolean = false) { health { status } ... @include(if: $no) { %s } }"
    operation = EXECUTOR.find(text % TWENTY)
    for _ in range(2):
        assert EXECUTOR.cost(operation, {"f": SEARCHES}).excess is None
        operation = EXECUTOR.validate(operation)
    with pytest.raises(EffortLimitError):
        EXECUTOR.cost(operation, {"f": SEARCHES, "no": True})
    assert operation.valid is CORE


async def test_effort_is_bounded_for_ids_and_orders_and_inputs(acme: Org) -> None:
    ids = [f"order_{number:026}" for number in range(1_400)]
    asked = "query($i: [ID!]!) { %s }" % ("nodes(ids: $i) { id } " * 150)
    orders = [{"field": "CREATED_AT"}] * 250
    ordered = "query($o: [OrderOrder!]) { %s }" % ("orders(orderBy: $o) { totalCount } " * 150)
    for text, given in ((asked, {"i": ids}), (ordered, {"o": orders})):
        answer = await acme.http.post("/graphql", json={"query": text, "variables": given})
        error(answer, 200, "TOO_COMPLEX")
        assert answer.json()["errors"][0]["message"] == MESSAGE
