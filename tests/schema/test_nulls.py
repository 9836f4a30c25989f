"""Null where an input is optional is as absent, at every place of the schema; where it is not, its field is named."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from schema.graph import CORE
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.optional_positions import Position, input_fields, may_be_null, positions
from tests.support.refusals import CREATE, error, no_foreign_words, unchanged
from tests.support.tickets import new_ticket

POSITIONS = list(positions())


def test_the_positions_are_all_of_the_schema() -> None:
    reached = {position.argument for position in POSITIONS if not position.inner}
    assert reached == {"first", "after", "last", "before", "page", "filter", "orderBy", "startsWith"}
    ends = {position.inner[-1] for position in POSITIONS if position.inner}
    of_mutations = {type_.name for _, type_ in input_fields("")}
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and type_.name.endswith(("Filter", "Order")):
            assert type_.name not in of_mutations
            assert set(may_be_null(type_)) <= ends
    assert len(POSITIONS) > 170


@pytest.fixture
async def filled(acme: Org) -> Org:
    """An organization in which no list is empty."""
    order = await new_order(acme)
    await new_client(acme, tags=["vip"])
    await new_service(acme, name="Site")
    await new_order(acme)
    for body in ("One", "Two"):
        text = "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }"
        await acme.data(text, input={"orderId": order["publicId"], "body": body})
        await new_ticket(acme, orderId=order["publicId"])
    return acme


# How many root fields one document asks for.
AT_ONCE = 9


async def _said(
    org: Org, texts: Sequence[str], types: Sequence[str] = (), given: Sequence[dict[str, Any]] = ()
) -> list[Any]:
    """What root fields are answered, several of one document; ``#`` is a field's number, ``$v#`` its variable."""
    found: list[Any] = []
    for start in range(0, len(texts), AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, len(texts)))
        head = ", ".join(f"$v{number}: {types[number]}" for number in numbers) if types else ""
        fields = " ".join(f"a{number}: {texts[number].replace('#', str(number))}" for number in numbers)
        variables = {f"v{number}": given[number]["v"] for number in numbers if given and "v" in given[number]}
        data = await org.data(f"query{f'({head})' if head else ''} {{ {fields} }}", **variables)
        found += [data[f"a{number}"] for number in numbers]
    return found


async def _absent(org: Org, places: Sequence[Position]) -> list[Any]:
    """The answers where each place is left out, which is the same root field for many of them."""
    texts = [place.asked(None) for place in places]
    several = [*dict.fromkeys(texts)]
    found = dict(zip(several, await _said(org, several), strict=True))
    return [found[text] for text in texts]


def _differing(places: Sequence[Position], expected: list[Any], said: list[Any]) -> list[str]:
    return [str(place) for place, one, two in zip(places, expected, said, strict=True) if one != two]


async def test_null_is_as_absent_at_every_optional_place(filled: Org) -> None:
    async with unchanged(filled):
        expected = await _absent(filled, POSITIONS)
        literals = await _said(filled, [place.asked("null") for place in POSITIONS])
        assert _differing(POSITIONS, expected, literals) == []
        texts, types = [place.asked("$v#") for place in POSITIONS], [place.type_ for place in POSITIONS]
        assert _differing(POSITIONS, expected, await _said(filled, texts, types)) == [], "variables that are not given"
        nulls: list[dict[str, Any]] = [{"v": None}] * len(POSITIONS)
        assert _differing(POSITIONS, expected, await _said(filled, texts, types, nulls)) == [], "variables"


async def test_null_within_a_variable_is_as_absent(filled: Org) -> None:
    places = [place for place in POSITIONS if place.inner]
    texts, types = [], []
    for place in places:
        at = Position(place.fields, place.required, place.selection, place.argument, (), (), "")
        texts.append(at.asked("$v#"))
        types.append(str(_arguments_of(place)[place.argument].type).rstrip("!"))
    said = await _said(filled, texts, types, [{"v": place.value(None)} for place in places])
    assert _differing(places, await _absent(filled, places), said) == []


def _arguments_of(place: Position) -> dict[str, Any]:
    type_: Any = CORE.query_type
    for name in place.fields[:-1]:
        type_ = get_named_type(type_.fields[name].type)
    arguments: dict[str, Any] = type_.fields[place.fields[-1]].args
    return arguments


async def test_a_null_in_a_filter_needs_no_scope_of_the_list_it_leads_to(filled: Org) -> None:
    weak = filled.holding(await filled.new_key("clients:read"))
    text = """query($f: ClientFilter, $o: OrderListFilter) {
      a: clients(filter: $f) { totalCount } b: clients(filter: {orders: $o}) { totalCount } }"""
    for variables in ({"f": {"orders": None}, "o": None}, {}):
        assert await weak.data(text, **variables) == {"a": {"totalCount": 3}, "b": {"totalCount": 3}}
    error(await weak.graphql(text, f={"orders": {"some": None}}), 403, "FORBIDDEN")
    await weak.http.aclose()


@pytest.mark.parametrize(
    ("head", "call", "variables", "field"),
    [
        ("$in: CreateClientInput!", "createClient(input: $in)", {"in": None}, "input"),
        ("$in: CreateClientInput!", "createClient(input: $in)", {}, "input"),
        ("$in: CreateClientInput!", "createClient(input: $in)", {"in": {"name": None, "email": "a@b.example"}},
         "input.name"),
        ("$in: CreateClientInput!", "createClient(input: $in)",
         {"in": {"name": "x", "email": "a@b.example", "tags": [None]}}, "input.tags.0"),
        ("$n: String!", 'createClient(input: {name: $n, email: "a@b.example"})', {"n": None}, "input.name"),
        ("$t: [String!]", 'createClient(input: {name: "x", email: "a@b.example", tags: $t})', {"t": ["a", None]},
         "input.tags.1"),
        ("$n: String = \"x\"", 'createClient(input: {name: $n, email: "a@b.example"})', {"n": None}, "input.name"),
        ("$in: CreateClientInput!", "createClient(input: $in)", {"in": [0] * 1_600}, "input"),
        ("$b: Boolean = true", 'createClient(input: {name: "x", email: "a@b.example"}) @include(if: $b)', {"b": None},
         "b"),
    ],
)  # fmt: skip
async def test_a_null_that_cannot_be_is_named_by_its_argument(
    acme: Org, head: str, call: str, variables: dict[str, Any], field: str
) -> None:
    async with unchanged(acme):
        answer = await acme.graphql(f"mutation({head}) {{ {call} {{ client {{ id }} }} }}", **variables)
        error(answer, 200, "BAD_INPUT", field)
        no_foreign_words(answer)


@pytest.mark.parametrize(
    ("head", "call", "variables", "field"),
    [
        ("$tags: [String!]", "clients(filter: {tags: {hasAny: $tags}})", {"tags": [None]}, "filter.tags.hasAny.0"),
        ("$f: [ClientFilter!]", "clients(filter: {and: $f})", {"f": [None]}, "filter.and.0"),
        ("$o: [ClientOrder!]", "clients(orderBy: $o)", {"o": [None]}, "orderBy.0"),
        ("$o: [ClientOrder!]", "clients(orderBy: $o)", {"o": [{"field": None}]}, "orderBy.0.field"),
        ("$by: ClientOrderField!", "clients(orderBy: [{field: $by}])", {"by": None}, "orderBy.0.field"),
    ],
)
async def test_a_null_that_cannot_be_in_a_list(
    acme: Org, head: str, call: str, variables: dict[str, Any], field: str
) -> None:
    answer = await acme.graphql(f"query({head}) {{ {call} {{ totalCount }} }}", **variables)
    error(answer, 200, "BAD_INPUT", field)
    no_foreign_words(answer)


async def test_variables_that_are_not_declared_are_ignored(acme: Org) -> None:
    beside = {"connections": ["client:root:clients", None], "deep": {"a": [[[[1]]]]}, "n": 5}
    found = await acme.data(CREATE, input={"name": "Ada", "email": "ada@example.com"}, **beside)
    assert (found["createClient"]["client"]["version"], await acme.count("clients")) == (1, 1)
    key = {"Idempotency-Key": "one"}
    given = {"name": "Bob", "email": "bob@example.com"}
    first = await acme.graphql(CREATE, key, input=given, connections=["a"])
    again = await acme.graphql(CREATE, key, input=given, connections=["b"])
    assert (again.json()["data"], again.headers["idempotent-replayed"]) == (first.json()["data"], "true")
    assert (await acme.data("{ clients { totalCount } }", connections=[]))["clients"] == {"totalCount": 2}
    async with unchanged(acme):
        unknown = {"name": "x", "email": "x@example.com", "connections": []}
        error(await acme.graphql(CREATE, input=unknown), 200, "BAD_INPUT", "input.connections")
