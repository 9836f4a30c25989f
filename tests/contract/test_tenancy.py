"""What is another organization's is as what is not there, over both APIs: read, listed, filtered, changed, named."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLArgument, GraphQLInputObjectType, get_named_type, is_required_argument

from models.typeid import encode, new_uuid, prefix_of
from schema.graph import CORE
from tests.support.api import Org
from tests.support.cases import Case
from tests.support.domains import CASES
from tests.support.furnished import completed, document, furnish, right, target
from tests.support.refusals import error, problem, unchanged
from tests.support.routes import BY_NAME, LISTS, OF_ONE, body_of, case_of, required_of, rest_change, root_of, subject_of

MUTATIONS = [(case, mutation) for case in CASES.values() for mutation in case.mutations]
REFERENCES = [
    (case, mutation, name)
    for case in CASES.values()
    if not case.public
    for mutation, names in {case.creates: case.references, **case.creations}.items()
    for name in names
]


def _arguments(name: str) -> dict[str, GraphQLArgument]:
    """The arguments of a query."""
    assert CORE.query_type is not None, "the graph has queries"
    return dict(CORE.query_type.fields[name].args)


def _of_type(prefix: str) -> str:
    """The id of an object of a type that nobody has."""
    return encode(prefix, new_uuid())


def _listed(
    case: Case, ids: Mapping[str, str], selection: str = "nodes { id } totalCount"
) -> tuple[str, dict[str, Any]]:
    """A document of a case's list with a filter and a cursor, and the variables that it needs."""
    arguments = _arguments(case.plural)
    needed = [name for name, argument in arguments.items() if is_required_argument(argument)]
    head = ", ".join(f"${name}: {arguments[name].type}" for name in ("filter", "after", *needed) if name in arguments)
    given = ", ".join(f"{name}: ${name}" for name in ("filter", "after", *needed) if name in arguments)
    text = f"query({head}) {{ {case.plural}(first: 100, {given}) {{ {selection} }} }}"
    return text, {name: ids[case.references[name]] for name in needed}


def _owned(case: Case, ids: Mapping[str, str]) -> list[str]:
    """The ids of a case's furnished rows."""
    return sorted(key for name, key in ids.items() if name.rstrip("0123456789") == case.name)


@pytest.mark.parametrize("case", CASES.values(), ids=str)
async def test_another_organization_s_object_is_not_read(acme: Org, other: Org, case: Case) -> None:
    mine, theirs = await furnish(acme), await furnish(other)
    one = f"query($id: ID!) {{ {case.name}(id: $id) {{ id }} node(id: $id) {{ id }} nodes(ids: [$id]) {{ id }} }}"
    foreign, own = theirs[case.name], mine[case.name]
    missing = (foreign, _of_type(prefix_of(foreign)))
    async with unchanged(acme), unchanged(other):
        found = {"id": own}
        assert await acme.data(one, id=own) == {case.name: found, "node": found, "nodes": [found]}
        for key in missing:
            assert await acme.data(one, id=key) == {case.name: None, "node": None, "nodes": [None]}
        text, variables = _listed(case, mine)
        page = (await acme.data(text, **variables))[case.plural]
        assert sorted(node["id"] for node in page["nodes"]) == _owned(case, mine)
        assert page["totalCount"] == len(_owned(case, mine))


def _id_conditions(type_: GraphQLInputObjectType, ids: list[str], deep: bool = True) -> Iterator[dict[str, Any]]:
    """Every condition of a filter that compares an id: its own, and those of what it leads to."""
    for name, part in type_.fields.items():
        inner = get_named_type(part.type)
        if not isinstance(inner, GraphQLInputObjectType) or name in ("and", "or", "not"):
            continue
        if "in" in inner.fields and str(get_named_type(inner.fields["in"].type)) == "ID":
            yield {name: {"in": ids}}
        elif deep and "some" in inner.fields:
            related = get_named_type(inner.fields["some"].type)
            assert isinstance(related, GraphQLInputObjectType), name
            yield from ({name: {"some": each}} for each in _id_conditions(related, ids, deep=False))
        elif deep and "id" in inner.fields:
            yield from ({name: each} for each in _id_conditions(inner, ids, deep=False))


@pytest.mark.parametrize("case", CASES.values(), ids=str)
async def test_another_organization_s_ids_find_nothing(acme: Org, other: Org, case: Case) -> None:
    mine, theirs = await furnish(acme), await furnish(other)
    arguments = _arguments(case.plural)
    text, variables = _listed(case, mine)
    if "filter" in arguments:
        type_ = get_named_type(arguments["filter"].type)
        assert isinstance(type_, GraphQLInputObjectType)
        conditions = list(_id_conditions(type_, [*theirs.values()]))
        assert {"id": {"in": [*theirs.values()]}} in conditions
        for condition in conditions:
            page = (await acme.data(text, filter=condition, **variables))[case.plural]
            assert page == {"nodes": [], "totalCount": 0}, condition
    cursor, asked = _listed(case, theirs, "pageInfo { startCursor }")
    after = (await other.data(cursor, **asked))[case.plural]["pageInfo"]["startCursor"]
    answer = (await acme.graphql(text, **variables, after=after)).json()
    nodes = ((answer["data"] or {}).get(case.plural) or {}).get("nodes", [])
    assert {node["id"] for node in nodes} <= {*_owned(case, mine)}
    for name in variables:
        page = (await acme.graphql(text, **variables | {name: theirs[case.references[name]]})).json()
        assert not ((page["data"] or {}).get(case.plural) or {}).get("nodes"), page


@pytest.mark.parametrize(("case", "mutation"), MUTATIONS, ids=str)
async def test_another_organization_s_object_is_not_changed(acme: Org, other: Org, case: Case, mutation: str) -> None:
    mine, theirs = await furnish(acme), await furnish(other)
    foreign = await target(other, case, mutation, theirs)
    swapped = next(key for name, key in mine.items() if prefix_of(key) != prefix_of(foreign))
    async with unchanged(acme), unchanged(other):
        for wrong in (foreign, swapped, _of_type(prefix_of(foreign)), "x", "", "\x00"):
            given = dict(right(case, mutation)) | {"id": wrong}
            error(await acme.graphql(document(mutation), input=given), 200, "NOT_FOUND", "input.id")


@pytest.mark.parametrize("name", OF_ONE)
async def test_a_path_to_what_is_not_there_is_a_404(acme: Org, other: Org, name: str) -> None:
    route = BY_NAME[name]
    mine, theirs = await furnish(acme), await furnish(other)
    foreign = await subject_of(other, route, theirs)
    swapped = next(key for key in mine.values() if prefix_of(key) != prefix_of(foreign))
    places = (foreign, swapped, _of_type(prefix_of(foreign)), "x", "%00", "%F0%9F%98%80", "x" * 5_000)
    async with unchanged(acme), unchanged(other):
        for wrong in places:
            body = body_of(route, mine) if route.body else {}
            problem(await rest_change(acme, route, wrong, body), 404, "NOT_FOUND", "path.publicId")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_over_rest_is_the_organization_s(acme: Org, other: Org, name: str) -> None:
    mine, theirs = await furnish(acme), await furnish(other)
    case = case_of(BY_NAME[name])
    required = required_of(BY_NAME[name], mine)
    answer = (await acme.http.get(BY_NAME[name].path, params={**required, "limit": 100})).json()
    assert sorted(row["publicId"] for row in answer["data"]) == _owned(case, mine)
    asked = required | {"ids": ",".join(_owned(case, theirs))}
    foreign = await acme.http.get(BY_NAME[name].path, params=asked)
    assert (foreign.status_code, foreign.json()["data"]) == (200, [])


@pytest.mark.parametrize(("case", "mutation", "name"), REFERENCES, ids=str)
async def test_an_input_cannot_name_another_organization_s_object(
    acme: Org, other: Org, case: Case, mutation: str, name: str
) -> None:
    mine, theirs = await furnish(acme), await furnish(other)
    foreign = theirs[{**case.references, **case.creations.get(mutation, {})}[name]]
    swapped = next(key for key in mine.values() if prefix_of(key) != prefix_of(foreign))
    posts = [route for route in BY_NAME.values() if route.status == 201 and root_of(route) == mutation]
    async with unchanged(acme), unchanged(other):
        for wrong in (foreign, swapped, _of_type(prefix_of(foreign)), "x", "", "\x00"):
            given = completed(case, mutation, mine, right(case, mutation)) | {name: wrong}
            error(await acme.graphql(document(mutation), input=given), 200, "BAD_INPUT", f"input.{name}")
            for route in posts:
                problem(await acme.http.post(route.path, json=given), 400, "BAD_INPUT", f"body.{name}")
