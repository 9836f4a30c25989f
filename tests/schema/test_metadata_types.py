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
        extensions = error(await acme.graphql(text, m={"a": 1}), 200, "BAD_INPUT", "input.metadata")
        assert (extensions["reason"], extensions["variable"]) == ("INVALID_FORMAT", "m")


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": "1", " a": "2"}, "Keys must differ once they are trimmed and normalized: 'a' is there twice."),
        (
            {"e\u0301": "1", "\u00e9": "1"},
            "Keys must differ once they are trimmed and normalized: '\u00e9' is there twice.",
        ),
        ({" ": "1"}, "Keys must have 1 to 40 characters."),
        ({"": "1"}, "Keys must have 1 to 40 characters."),
        ({"a": "e\u0301" * 501}, "The value of 'a' must be a string of at most 500 characters."),
        ({"a\x07": "1"}, "Must not contain control characters."),
    ],
)
async def test_metadata_that_is_refused(acme: Org, given: dict[str, str], message: str) -> None:
    client = await new_client(acme)
    async with unchanged(acme):
        for path, method in (("/api/v1/clients", "POST"), (f"/api/v1/clients/{client['publicId']}", "PUT")):
            body = {"name": "x", "email": "x@example.com", "metadata": given}
            details = problem(await acme.http.request(method, path, json=body), 400, "BAD_INPUT", "body.metadata")
            assert details["errors"] == [{"field": "body.metadata", "code": "INVALID_FORMAT", "message": message}]
        answer = await acme.graphql(CREATE % ("StringMap", '"x"', '"x@example.com"'), m=given)
        assert error(answer, 200, "BAD_INPUT", "input.metadata")["reason"] == "INVALID_FORMAT"
