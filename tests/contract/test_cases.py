"""Each resource has its case, and the cases leave nothing out: no mutation, no route, no filter, no wrong input."""

from collections import Counter

from graphql import GraphQLInterfaceType

from models.names import camel
from models.resources import RESOURCES
from resolvers.collections.nodes import NODES
from rest_shim.route import Shows
from rest_shim.routes import ROUTES
from schema.graph import CORE
from tests.support.domains import ALL, CASES
from tests.support.routes import BY_NAME, CASE_OF


def test_each_resource_is_one_case() -> None:
    declared = {
        (camel(each.singular), camel(each.plural), each.type_name, each.scope)
        for each in RESOURCES.values()
        if each.prefix in NODES
    }
    cases = {(case.name, case.plural, case.type, case.scope) for case in CASES.values()}
    assert cases == declared, (
        "A resource without a Case of its name, plural, type and scope: write it in tests/support/domains/, as"
        f" CONTRIBUTING.md, 'Add a domain', says: {sorted(declared - cases)}. A Case without a resource: list its Query"
        f" in schema/graph.py, or correct it: {sorted(cases - declared)}."
    )


def test_each_type_that_has_ids_is_one_case() -> None:
    node = CORE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    types = [type_.name for type_ in CORE.get_implementations(node).objects]
    listed = sorted(case.type for case in CASES.values())
    assert sorted(types) == listed, (
        "A type has no Case in tests/support/domains/, or a Case's is not in schema/graph.py."
    )


def test_each_mutation_is_of_one_case() -> None:
    assert CORE.mutation_type is not None
    claimed = Counter(name for case in ALL.values() for name in case.changes)
    mutations = Counter([*CORE.mutation_type.fields])
    unclaimed, unknown = [*(mutations - claimed)], [*(claimed - mutations)]
    assert claimed == mutations, (
        f"Write these into the Case of their domain in tests/support/domains/: {unclaimed}. No mutations, or of two"
        f" cases: {unknown}."
    )


def test_each_new_object_and_each_update_has_a_wrong_input() -> None:
    for case in ALL.values():
        assert {name for name in case.changes if name.startswith(("create", "update"))} <= {
            name for name, inputs in case.wrong.items() if inputs
        }, case


def test_each_route_is_of_one_case_and_runs_its_operation() -> None:
    assert len(ROUTES) == len(BY_NAME)
    assert CASE_OF.keys() == BY_NAME.keys()
    assert sum(len(case.routes) for case in ALL.values()) == len(ROUTES)
    assert {name: route.operation for name, route in BY_NAME.items()} == {
        name: case.routes[name] for name, case in CASE_OF.items()
    }
    assert [str(case) for case in ALL.values() if case.routes and not case.shape] == []


def test_each_filter_of_each_list_is_tried() -> None:
    for name, route in BY_NAME.items():
        if route.shows is Shows.PAGE:
            parameters = {each for each in route.parameters if f"{{{each}}}" not in route.path}
            assert {each.parameter for each in CASE_OF[name].filters} == parameters, name
