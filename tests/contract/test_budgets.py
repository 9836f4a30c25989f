"""Each named operation and each document of an app has a budget of statements and cost, and every document is valid.

The manifests lie in `documents/`, each named as its app; `budgets.json` has the budgets. A change that costs more, or
less, is written there on purpose: the failure shows the figures.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, print_ast

from schema.documents import label_of, problems_of, read_manifest, verdict_on
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from tests.support.api import Org
from tests.support.domains import CASES
from tests.support.furnished import furnish
from tests.support.repository import ROOT

HERE = Path(__file__).parent


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len({*names}) == len(names), f"budgets.json has a name twice, of which one would not count: {names}"
    return dict(pairs)


BUDGETS = json.loads((HERE / "budgets.json").read_text(encoding="utf-8"), object_pairs_hook=_each_once)
APPS = {path.stem: read_manifest(path.read_bytes()) for path in sorted((HERE / "documents").glob("*.json"))}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def broken(engine: Engine, apps: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What is wrong with the documents of apps, a line for each, which names the app and the document."""
    return [f"{app}: {problem}" for app, documents in apps.items() for problem in problems_of(engine, documents)]


def named(documents: Mapping[str, str]) -> dict[str, str]:
    """The documents by the names of their operations."""
    return {label_of(document_id, text).partition(" ")[0]: text for document_id, text in documents.items()}


def test_no_document_of_an_app_is_broken(engine: Engine) -> None:
    assert APPS
    assert broken(engine, APPS) == []


def test_the_example_sends_what_its_manifest_has() -> None:
    sent = parse((ROOT / "examples/board/src/documents.graphql").read_text(encoding="utf-8")).definitions
    operations = [part for part in sent if isinstance(part, OperationDefinitionNode)]
    fragments = [print_ast(part) for part in sent if part not in operations]
    assert [*APPS["orders-board"].values()] == ["\n\n".join([print_ast(each), *fragments]) for each in operations]


def test_a_broken_document_is_named_with_its_app(engine: Engine) -> None:
    text = "query OrderPage($id: ID!) { order(id: $id) { gone } }"
    assert broken(engine, {"board": {"x-1": text}}) == [
        "board: OrderPage (x-1): Cannot query field 'gone' on type 'Order'."
    ]


def _print(of: str, what: str, found: Mapping[str, int]) -> None:
    """Write figures, which pytest shows with `-rP`."""
    sys.stdout.writelines(f"{of}: {name}: {what} {figure}\n" for name, figure in found.items())


def _to_write(found: Mapping[str, object], budgets: Mapping[str, object], where: str) -> str:
    """What to do about the budgets that are not those that were found."""
    lines = [f'  "{name}": {json.dumps(found[name])},' for name in found if found[name] != budgets.get(name)]
    gone = [f"  {name} is no operation any more: delete its line" for name in budgets if name not in found]
    return "\n".join(
        [f'Write these into "{where}" of tests/contract/budgets.json, where they are meant:', *lines, *gone]
    )


def test_of_a_missing_budget_the_line_to_write_is_printed() -> None:
    text = _to_write({"A": 1, "B": 2, "C": 3}, {"A": 1, "C": 4, "D": 5}, "operations").splitlines()
    assert text[1:] == ['  "B": 2,', '  "C": 3,', "  D is no operation any more: delete its line"]
    assert '"operations" of tests/contract/budgets.json' in text[0]


def test_no_operation_costs_more_than_its_budget(engine: Engine) -> None:
    found = {name: engine.prepared(operation, {}).measure.cost for name, operation in OPERATIONS.items()}
    _print("operations", "cost", found)
    assert found == BUDGETS["operations"], _to_write(found, BUDGETS["operations"], "operations")


def test_no_document_costs_more_than_its_budget(engine: Engine) -> None:
    found = {
        app: {name: verdict_on(engine, text).cost for name, text in named(documents).items()}
        for app, documents in APPS.items()
    }
    for app, costs in found.items():
        _print(app, "cost", costs)
    budgets = BUDGETS["apps"].items()
    assert found == {app: {name: budget["cost"] for name, budget in of_app.items()} for app, of_app in budgets}


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """Variables with the IDs of objects in place of their names: `{order}`."""
    text = json.dumps(value)
    for name, found in ids.items():
        text = text.replace(f'"{{{name}}}"', json.dumps(found))
    return json.loads(text)


async def test_no_document_takes_more_statements_than_its_budget(acme: Org) -> None:
    ids = await furnish(acme, CASES["message"])
    found: dict[str, dict[str, int]] = {}
    for app, documents in APPS.items():
        budgets, taken = BUDGETS["apps"][app], found.setdefault(app, {})
        for name, text in named(documents).items():
            # A subscription has a budget of cost alone.
            if "statements" not in budgets[name]:
                continue
            answer = await acme.graphql(text, **filled(budgets[name].get("variables", {}), ids))
            assert "errors" not in answer.json(), (app, name, answer.text)
            taken[name] = int(answer.headers["Server-Timing"].removeprefix('sql;desc="').removesuffix('"'))
    for app, counts in found.items():
        _print(app, "statements", counts)
    assert found == {
        app: {name: budget["statements"] for name, budget in of_app.items() if "statements" in budget}
        for app, of_app in BUDGETS["apps"].items()
    }
