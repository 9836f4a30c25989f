"""What each named operation costs: a fixed number of statements, however many rows it finds."""

from typing import Any

from graphql import print_ast, separate_operations

from models.typeid import decode, prefix_of
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from tests.support.api import Org
from tests.support.cases import Case
from tests.support.domains import ALL
from tests.support.furnished import completed, furnish, made, right, root_field, target
from tests.support.studio import LAX, Studio, answered

STATEMENTS = {name: count for case in ALL.values() for name, count in case.statements.items()}
LISTS = ("ListClients", "ListServices", "ListOrders", "ListMessages", "ListTickets", "ListReplies", "ListInvoices",
         "ListSubscriptions")  # fmt: skip
PAGE = {"first": 100, "counted": True}


def _asked(name: str, ids: dict[str, str]) -> dict[str, Any]:
    """The variables of a query: a whole page that is counted, or one object."""
    operation = OPERATIONS[name]
    declared = [each.variable.name.value for each in operation.definition.variable_definitions or ()]
    needed = {f"{other}Id": ids[other] for other in ("order", "ticket") if f"{other}Id" in declared}
    found = {"id": ids.get(root_field(name), "")} if "id" in declared else {}
    return found | needed | {key: value for key, value in PAGE.items() if key in declared}


async def _statements(org: Org, name: str, variables: dict[str, Any]) -> int:
    body = {"query": OPERATIONS[name].text, "operationName": name, "variables": variables}
    answer = await org.http.post("/graphql", json=body)
    assert "errors" not in answer.json(), (name, answer.text)
    return int(answer.headers["Server-Timing"].removeprefix('sql;desc="').removesuffix('"'))


def _of_type(type_: str) -> list[str]:
    """The named operations of a type that read or change rows."""
    return [name for name, each in OPERATIONS.items() if each.operation_type == type_ and name != "Health"]


def test_each_operation_has_its_statements_in_one_case() -> None:
    assert sorted(STATEMENTS) == sorted(_of_type("query") + _of_type("mutation"))
    assert sum(len(case.statements) for case in ALL.values()) == len(STATEMENTS)


async def test_each_query_takes_its_statements(acme: Org) -> None:
    ids = await furnish(acme)
    found = {name: await _statements(acme, name, _asked(name, ids)) for name in _of_type("query")}
    assert found == {name: STATEMENTS[name] for name in found}


async def test_a_list_takes_them_however_many_rows_it_has(studio: Studio) -> None:
    ids = {each.partition("_")[0]: each for each in studio.ids}
    found = {}
    for name in LISTS:
        text = print_ast(separate_operations(OPERATIONS[name].document)[name])
        answer, found[name] = await answered(studio, Engine(LAX), text, _asked(name, ids))
        assert answer.errors == []
    assert found == {name: STATEMENTS[name] for name in found}


async def test_each_change_takes_its_statements(acme: Org) -> None:
    ids, found = await furnish(acme), {}
    for name in _of_type("mutation"):
        root = root_field(name)
        case = next(case for case in ALL.values() if root in case.changes)
        given = completed(case, root, ids, right(case, root))
        if root in case.mutations and not case.single:
            given["id"] = await _new(acme, case, root, ids)
        elif root == case.creates:
            given |= {key: value() for key, value in case.unique.items()}
        found[name] = await _statements(acme, name, {"input": given})
    assert found == {name: STATEMENTS[name] for name in found}


async def _new(org: Org, case: Case, root: str, ids: dict[str, str]) -> str:
    """The id of a new object that a mutation can be made to."""
    if root in case.inner or not case.creates:
        return await target(org, case, root, ids)
    body = completed(case, case.creates, ids, case.create) | {key: value() for key, value in case.unique.items()}
    key = await made(org, case, body, deletable=root.startswith("delete"))
    if root in case.targets:
        await org.rows(case.prepared[case.targets[root]], decode(prefix_of(key), key))
    return key
