"""The types of values: each custom scalar says what specifies it, metadata is text to text, and older documents run."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLScalarType, is_specified_scalar_type

from schema.graph import CORE
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error, problem, unchanged


def test_each_custom_scalar_says_what_specifies_it() -> None:
    ours = [
        type_
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLScalarType) and not is_specified_scalar_type(type_)
    ]
    assert {type_.name for type_ in ours} >= {"DateTime", "MinorUnits", "Currency", "Timezone", "JSON", "StringMap"}
    for type_ in ours:
        url = urlsplit(type_.specified_by_url or "")
        assert (url.scheme, bool(url.netloc), bool(type_.description)) == ("https", True, True), type_.name


async def test_the_specifications_are_shown(acme: Org) -> None:
    found = await acme.data('{ __type(name: "StringMap") { kind specifiedByURL description } }')
    assert found["__type"]["specifiedByURL"] == "https://www.rfc-editor.org/rfc/rfc8259#section-4"


def test_all_metadata_is_text_to_text() -> None:
    types = {
        f"{type_.name}.{name}": str(field.type).rstrip("!")
        for type_ in CORE.type_map.values()
        if isinstance(type_, (GraphQLObjectType, GraphQLInputObjectType))
        for name, field in type_.fields.items()
        if name == "metadata"
    }
    assert len(types) >= 9
    assert set(types.values()) == {"StringMap"}


CREATE = "mutation ($m: %s) { createClient(input: {name: %s, email: %s, metadata: $m}) { client { metadata } } }"
SHAPES = ["StringMap", "StringMap!", "JSON", "JSON!", 'JSON = {a: "b"}']


@pytest.mark.parametrize("declared", SHAPES)
async def test_metadata_takes_variables_of_its_type_and_of_the_one_that_it_had(acme: Org, declared: str) -> None:
    text = CREATE % (declared, '"x"', '"x@example.com"')
    made = await acme.data(text, m={"a": "b"})
    assert made["createClient"]["client"]["metadata"] == {"a": "b"}
    async with unchanged(acme):
        for wrong in ([1], "x", 5):
            answer = await acme.graphql(text, m=wrong)
            extensions = error(answer, 200, "BAD_INPUT", "input.metadata")
            assert (extensions["reason"], extensions["variable"]) == ("WRONG_TYPE", "m")
        # What is no text is refused by the field that takes it.
        extensions = error(await acme.graphql(text, m={"a": 1}), 200, "BAD_INPUT", "input.metadata.a")
        assert (extensions["reason"], extensions["variable"]) == ("WRONG_TYPE", "m")


async def test_a_variable_of_an_input_s_part_in_a_fragment(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    text = """mutation ($id: ID!, $m: JSON) { ...F }
      fragment F on Mutation { updateClient(input: {id: $id, metadata: $m}) { client { metadata } } }"""
    made = await acme.data(text, id=client, m={"k": "v"})
    assert made["updateClient"]["client"]["metadata"] == {"k": "v"}


@pytest.mark.parametrize(
    ("declared", "place"),
    [
        ("StringMap", "formData"),
        ("String", "metadata"),
        ("[JSON]", "metadata"),
        ("OrderStatus", "metadata"),
        ("JSON", "tags"),
        ("JSON", "notes"),
    ],
)
async def test_other_types_do_not_stand_for_each_other(acme: Org, declared: str, place: str) -> None:
    order = (await new_order(acme))["publicId"]
    text = f'mutation ($m: {declared}) {{ updateOrder(input: {{id: "{order}", {place}: $m}}) {{ order {{ id }} }} }}'
    async with unchanged(acme):
        answer = await acme.graphql(text, m=None)
        error(answer, 200, "GRAPHQL_VALIDATION_FAILED")
    [reported] = answer.json()["errors"]
    assert reported["message"].startswith(f"Variable '$m' of type '{declared}' used in position expecting type ")


async def test_a_document_s_other_errors_are_told_beside(acme: Org) -> None:
    text = """mutation ($m: JSON, $n: Int) {
      createClient(input: {name: $n, email: "x@example.com", metadata: $m}) { client { id } } }"""
    answer: dict[str, Any] = (await acme.graphql(text, m={}, n=1)).json()
    assert [each["message"] for each in answer["errors"]] == [
        "Variable '$n' of type 'Int' used in position expecting type 'String!'."
    ]


async def test_metadata_is_normalized_and_trimmed_as_all_text_is(acme: Org) -> None:
    given = {" e\u0301 ": " o\u0308\r\nx\n", "blank": "  ", " " * 50 + "a": "b" + " " * 600}
    kept = {"\u00e9": "\u00f6\nx", "blank": "", "a": "b"}
    made = await new_client(acme, metadata=given)
    assert made["metadata"] == kept
    text = CREATE % ("StringMap", '"x"', '"x@example.com"')
    assert (await acme.data(text, m=given))["createClient"]["client"]["metadata"] == kept
    # What is kept already is no change.
    path = f"/api/v1/clients/{made['publicId']}"
    assert (await acme.http.put(path, json={"metadata": given})).json()["data"]["version"] == made["version"]


LONG = "k" * 41
TWICE = "The key must differ from others once they are trimmed and normalized: %r is there twice."
WRONG: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"a": "1", " a": "2"}, [(" a", "NOT_ALLOWED", TWICE % "a")]),
    ({"e\u0301": "1", "\u00e9": "1"}, [("\u00e9", "NOT_ALLOWED", TWICE % "\u00e9")]),
    ({" ": "1"}, [(" ", "TOO_SHORT", "The key must have at least 1 character.")]),
    ({"": "1"}, [("", "TOO_SHORT", "The key must have at least 1 character.")]),
    ({LONG: "1"}, [(LONG, "TOO_LONG", "The key must have at most 40 characters.")]),
    ({"a": "e\u0301" * 501}, [("a", "TOO_LONG", "It must have at most 500 characters.")]),
    ({"a\x07": "1"}, [("a\x07", "INVALID_FORMAT", "The key must not contain control characters.")]),
    ({"function-wrap[x]": 1}, [("function-wrap[x]", "WRONG_TYPE", "It must be a string.")]),
    (
        {"a.b": 1, "kept": "x", "c": None, "d": ["x"], LONG: 2, "e": "\x07", " kept": "y"},
        [
            ("a.b", "WRONG_TYPE", "It must be a string."),
            ("c", "WRONG_TYPE", "It must be a string."),
            ("d", "WRONG_TYPE", "It must be a string."),
            (LONG, "TOO_LONG", "The key must have at most 40 characters."),
            ("e", "INVALID_FORMAT", "It must not contain control characters."),
            (" kept", "NOT_ALLOWED", TWICE % "kept"),
        ],
    ),
]


@pytest.mark.parametrize(("given", "wrong"), WRONG)
async def test_each_wrong_member_of_metadata_is_an_error_of_its_own(
    acme: Org, given: dict[str, Any], wrong: list[tuple[str, str, str]]
) -> None:
    client = await new_client(acme)
    async with unchanged(acme):
        for path, method in (("/api/v1/clients", "POST"), (f"/api/v1/clients/{client['publicId']}", "PUT")):
            # A wrong query lets the whole request be looked through, a wrong name the whole body.
            for name, query in (("x", ""), ("", ""), ("", "?nope=1")):
                body = {"name": name, "email": "x@example.com", "metadata": given}
                answer = await acme.http.request(method, path + query, json=body)
                fields = [f"body.metadata.{key}" for key, _, _ in wrong]
                others = ["query.nope"] * bool(query) + ["body.name"] * (not name)
                details = problem(answer, 400, "BAD_INPUT", *others, *fields)
                found = [each for each in details["errors"] if each["field"] in fields]
                assert [(each["field"], each["code"], each["message"]) for each in found] == [
                    (f"body.metadata.{key}", code, message) for key, code, message in wrong
                ]
        answer = await acme.graphql(CREATE % ("StringMap", '"x"', '"x@example.com"'), m=given)
        refused = [each["extensions"] for each in answer.json()["errors"]]
        assert [(each["code"], each["field"], each["reason"]) for each in refused] == [
            ("BAD_INPUT", f"input.metadata.{key}", code) for key, code, _ in wrong
        ]


async def test_metadata_of_too_many_members_is_one_error(acme: Org) -> None:
    async with unchanged(acme):
        body = {"name": "x", "email": "x@example.com", "metadata": {str(place): place for place in range(51)}}
        details = problem(await acme.http.post("/api/v1/clients", json=body), 400, "BAD_INPUT", "body.metadata")
        assert details["errors"] == [
            {"field": "body.metadata", "code": "TOO_LONG", "message": "It must have at most 50 keys.", "limit": 50}
        ]
