"""Hostile documents: each is refused with a code of its own or answered; none is an error of ours."""

from typing import Any

import pytest

from tests.api_support import Org

CREATE = 'createClient(input: {name: "x", email: "x@example.com"}) { client { id } }'
FRAGMENTS = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))
CHAIN = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(240))
REFUSED = {"BAD_INPUT", "TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "INVALID_CURSOR"}
PARSE, VALIDATION, COMPLEX, INPUT = (
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "TOO_COMPLEX",
    "BAD_INPUT",
)


def nested(levels: int, head: str = "clients { nodes { orders { nodes { client", tail: str = "id") -> str:
    """A query of many levels."""
    parts = head.replace("{", " ").split()
    names = [parts[0], parts[1], *[parts[2 + index % 3] for index in range(levels)]]
    return "{ " + " { ".join(names) + " { " + tail + " }" * (len(names) + 1)


def filters(levels: int) -> str:
    """A filter of many negations, as a literal."""
    return "{ clients(filter: " + "{not: " * levels + "{}" + "}" * levels + ") { totalCount } }"


DOCUMENTS: list[tuple[str, str, str | None]] = [
    ("empty", " ", INPUT),
    ("no operation", "fragment f on Client { id }", VALIDATION),
    ("comment alone", "# nothing", PARSE),
    ("null byte", "{ health\x00{ status } }", PARSE),
    ("null byte in a string", '{ client(id: "a\x00b") { id } }', None),
    ("escaped null byte", '{ client(id: "a\\u0000b") { id } }', None),
    ("lone surrogate", '{ client(id: "\\ud800") { id } }', PARSE),
    ("brace surrogate", '{ client(id: "\\u{D800}") { id } }', PARSE),
    ("surrogate pair", '{ client(id: "\\ud83d\\ude00") { id } }', None),
    ("too high a code point", '{ client(id: "\\u{110000}") { id } }', PARSE),
    ("byte order mark", "\ufeff{ health { status } }", None),
    ("right-to-left mark", "{ health { status\u202e } }", PARSE),
    ("unclosed", "{ health { status }", PARSE),
    ("closed too often", "{ health { status } } } } }", PARSE),
    ("unclosed string", '{ client(id: "', PARSE),
    ("unclosed block string", '{ client(id: """', PARSE),
    ("only braces", "{" * 61, COMPLEX),
    ("braces without end", "{" * 16_000, COMPLEX),
    ("brackets without end", "{ nodes(ids: " + "[" * 5_000, COMPLEX),
    ("empty selection", "{ health { } }", None),
    ("empty arguments", "{ clients() { totalCount } }", PARSE),
    ("a string of 100 kB", '{ client(id: "' + "x" * 100_000 + '") { id } }', COMPLEX),
    ("a string of 15 kB", '{ client(id: "' + "x" * 15_000 + '") { id } }', None),
    ("a name of 15 kB", "{ " + "x" * 15_000 + " }", VALIDATION),
    ("a comment of 20 kB", "{ health { status } } #" + "x" * 20_000, COMPLEX),
    ("100 kB of commas", "{ health { status } }" + "," * 100_000, COMPLEX),
    ("3,000 fields", "{ " + "health { status } " * 3_000 + "}", COMPLEX),
    ("30 of a field", "{ " + "health { status } " * 30 + "}", COMPLEX),
    ("3,000 aliases", "{ " + " ".join(f"a{n}: __typename" for n in range(3_000)) + " }", COMPLEX),
    ("101 aliases", "{ clients { " + " ".join(f"a{n}: __typename" for n in range(101)) + " } }", COMPLEX),
    ("21 root fields", "{ " + "__typename " * 21 + "}", COMPLEX),
    ("5,000 directives", "{ health " + "@a " * 5_000 + "{ status } }", COMPLEX),
    ("51 directives", "{ health " + "@include(if: true) " * 51 + "{ status } }", COMPLEX),
    ("two directives of a kind", "{ health @skip(if: false) @skip(if: false) { status } }", VALIDATION),
    ("51 directives on the operation", "query " + "@a " * 51 + "{ health { status } }", COMPLEX),
    ("directives on a variable", "query($a: Int " + "@a " * 60 + ") { clients(first: $a) { totalCount } }", VALIDATION),
    ("directives on a fragment", "{ ...f } fragment f on Query " + "@a " * 60 + "{ health { status } }", VALIDATION),
    ("an unknown directive", "{ health @unknown { status } }", VALIDATION),
    ("16 levels", nested(13), COMPLEX),
    ("100 levels", nested(100), COMPLEX),
    ("wide pages", "{ clients(first: 100) { nodes { orders(first: 100) { nodes { id } } } } }", COMPLEX),
    ("wide pages from the end", "{ clients(last: 100) { nodes { orders(last: 100) { nodes { id } } } } }", COMPLEX),
    ("a size as a default",
     "query($n: Int = 100) { clients(first: $n) { nodes { orders(first: $n) { nodes { id } } } } }",
     COMPLEX),
    ("a negative page", "{ clients(first: -5) { nodes { id } } }", INPUT),
    ("a page of 101", "{ clients(first: 101) { nodes { id } } }", INPUT),
    ("a huge integer", "{ clients(first: 99999999999999999999999) { totalCount } }", VALIDATION),
    ("a huger integer", "{ clients(first: " + "9" * 10_000 + ") { nodes { id } } }", COMPLEX),
    ("a huge float", "{ clients(first: 1e999999) { nodes { id } } }", VALIDATION),
    ("a huge price", "{ services(filter: {price: {eq: " + "9" * 5_000 + "}}) { totalCount } }", COMPLEX),
    ("a fragment bomb", "{ ...f0 } " + FRAGMENTS + " fragment f60 on Query { __typename }", COMPLEX),
    ("a fragment bomb of objects", "{ ...f0 } " + FRAGMENTS + " fragment f60 on Query { health { status } }", COMPLEX),
    ("a fragment cycle", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", VALIDATION),
    ("a fragment in itself", "{ ...a } fragment a on Query { health { status } ...a }", VALIDATION),
    ("a chain of 240 fragments", "{ ...f0 } " + CHAIN + " fragment f240 on Query { health { status } }", COMPLEX),
    ("a cycle of 240 fragments", "{ ...f0 } " + CHAIN + " fragment f240 on Query { ...f0 }", COMPLEX),
    ("an undefined fragment", "{ ...missing }", VALIDATION),
    ("an undefined fragment inside", "{ clients { nodes { ...missing } } }", VALIDATION),
    ("an unused fragment", "{ health { status } } fragment f on Query { __typename }", VALIDATION),
    ("a fragment twice", "{ ...f } fragment f on Query { __typename } fragment f on Query { __typename }", VALIDATION),
    ("a fragment on a scalar", "{ ...f } fragment f on String { length }", VALIDATION),
    ("a fragment on nothing", "{ ...f } fragment f on Nothing { length }", VALIDATION),
    ("an impossible spread", "{ clients { nodes { ... on Service { id } } } }", VALIDATION),
    ("a bomb of inline fragments", "{ " + "... { " * 50 + "__typename" + " }" * 51, None),
    ("an unused variable", "query($x: Int) { health { status } }", VALIDATION),
    ("an undefined variable", "{ client(id: $x) { id } }", VALIDATION),
    ("a variable twice", "query($x: Int, $x: Int) { clients(first: $x) { totalCount } }", VALIDATION),
    ("a variable of no type", "query($x: Nothing) { clients(first: $x) { totalCount } }", VALIDATION),
    ("a variable of an output type", "query($x: Client) { clients(first: $x) { totalCount } }", VALIDATION),
    ("a variable of another type", "query($x: String) { clients(first: $x) { totalCount } }", VALIDATION),
    ("a required variable", "query($x: ID!) { client(id: $x) { id } }", INPUT),
    ("two operations without a name", "{ health { status } } { health { status } }", VALIDATION),
    ("two operations, none chosen", "query a { health { status } } query b { health { status } }", VALIDATION),
    ("a subscription", "subscription { clients { nodes { id } } }", None),
    ("a subscription of nothing", "subscription { nothing }", None),
    ("a definition of types", "type Client { id: ID } { health { status } }", VALIDATION),
    ("an extension of types", "extend type Query { a: Int } { health { status } }", VALIDATION),
    ("100 mutations", "mutation { " + " ".join(f"a{n}: {CREATE}" for n in range(60)) + " }", COMPLEX),
    ("6 mutations", "mutation { " + " ".join(f"a{n}: {CREATE}" for n in range(6)) + " }", COMPLEX),
    ("6 mutations in a fragment", "mutation { ...m } fragment m on Mutation { "
     + " ".join(f"a{n}: {CREATE}" for n in range(6)) + " }", COMPLEX),
    ("a skipped mutation", "mutation { " + CREATE.replace(") {", ") @skip(if: true) {", 1) + " __typename }", None),
    ("conflicting fields", '{ client(id: "a") { id } client(id: "b") { id } }', VALIDATION),
    ("conflicting aliases", "{ clients { nodes { a: id a: name } } }", VALIDATION),
    ("a missing argument", "{ client { id } }", VALIDATION),
    ("an unknown argument", "{ health(now: true) { status } }", VALIDATION),
    ("a selection of a scalar", "{ health { status { x } } }", VALIDATION),
    ("no selection of an object", "{ health }", VALIDATION),
    ("an unknown enum", "{ clients(filter: {status: {eq: NO}}) { totalCount } }", VALIDATION),
    ("an enum as a string", '{ clients(filter: {status: {eq: "LEAD"}}) { totalCount } }', VALIDATION),
    ("1,000 ids as literals", '{ nodes(ids: [' + '"x" ' * 1_000 + "]) { id } }", INPUT),
    ("3,000 ids as literals", '{ nodes(ids: [' + '"x" ' * 3_000 + "]) { id } }", COMPLEX),
    ("a deep filter", filters(20), INPUT),
    ("a deeper filter", filters(70), COMPLEX),
    ("a filter of 500 alternatives", "{ clients(filter: {or: [" + "{} " * 500 + "]}) { totalCount } }", INPUT),
    ("a fraction of a cent", "{ services(filter: {price: {eq: 1.5}}) { totalCount } }", VALIDATION),
    ("a default", "query($x: Int = 5) { health { status } clients(first: $x) { totalCount } }", None),
    ("a null filter", "{ clients(filter: {and: null}) { totalCount } }", None),
    ("a null order", "{ clients(orderBy: [null]) { totalCount } }", VALIDATION),
    ("the same order twice", "{ clients(orderBy: [{field: NAME}, {field: NAME}]) { totalCount } }", None),
    ("a null search byte", '{ clients(filter: {search: "a\\u0000b"}) { totalCount } }', None),
    ("a null byte in a filter", '{ clients(filter: {name: {eq: "a\\u0000b"}}) { totalCount nodes { id } } }', INPUT),
    ("a null byte in a prefix", '{ clients(filter: {name: {startsWith: "\\u0000"}}) { nodes { id } } }', INPUT),
    ("a null byte in a tag", '{ clients(filter: {tags: {has: "\\u0000"}}) { nodes { id } } }', INPUT),
    ("the first day", '{ clients(filter: {createdAt: {gt: "0001-01-01T00:00:00+14:00"}}) { totalCount } }', VALIDATION),
    ("the last day", '{ clients(filter: {createdAt: {lte: "9999-12-31T23:59:59.999Z"}}) { nodes { id } } }', None),
    ("the first moment", '{ clients(filter: {createdAt: {gte: "0001-01-01T00:00:00Z"}}) { nodes { id } } }', None),
    ("an update in the first year", '{ clients(filter: {updatedAt: {gte: "0001-01-01T00:00:00Z"}}) { nodes { id } } }',
     None),
    ("a deep introspection", "{ __schema { types { fields { type { fields { type { fields { type { fields { name"
     + " }" * 9 + " }", VALIDATION),
    ("introspection 20 levels deep", "{ __schema { types " + "{ ofType " * 18 + "{ name" + " }" * 21, COMPLEX),
    ("an unknown type", '{ __type(name: "Nothing") { name } }', None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), [part[1:] for part in DOCUMENTS], ids=[part[0] for part in DOCUMENTS])
async def test_a_hostile_document_is_refused_or_answered(acme: Org, text: str, code: str | None) -> None:
    before = (await acme.count("clients"), await acme.count("audit_entries"))
    answer = await acme.graphql(text)
    assert answer.status_code == 200, answer.text
    codes = {error["extensions"]["code"] for error in answer.json().get("errors", [])}
    assert codes <= REFUSED, answer.text
    if code is not None:
        assert codes == {code}, answer.text
    typed = await acme.graphql(text, {"Accept": "application/graphql-response+json"})
    assert typed.status_code == (200 if "data" in typed.json() else 400)
    assert (await acme.count("clients"), await acme.count("audit_entries")) == before


def test_the_corpus_is_large() -> None:
    assert len({name for name, _, _ in DOCUMENTS}) == len(DOCUMENTS) >= 60


def deep(levels: int) -> dict[str, Any]:
    """A filter of many negations, as a value."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"not": value}
    return value


@pytest.mark.parametrize(
    "variables",
    [
        {"f": deep(300)},
        {"f": deep(900)},
        {"f": {"and": [deep(240)] * 3}},
        {"f": {"or": [{}] * 5_000}},
        {"f": {"id": {"in": ["x"] * 20_000}}},
        {"f": {"id": {"in": [None]}}},
        {"f": []},
        {"f": "x"},
        {"f": {"search": "x " * 50_000}},
        {"f": {"name": {"eq": 2**63}}},
        {"f": {"unknown": {}}},
        {"f": None, "g": 1},
    ],
    ids=lambda value: str(value)[:30],
)
async def test_hostile_variables_are_refused(acme: Org, variables: dict[str, Any]) -> None:
    answer = await acme.graphql("query($f: ClientFilter) { clients(filter: $f) { nodes { id } } }", **variables)
    assert answer.status_code == 200, answer.text
    assert {error["extensions"]["code"] for error in answer.json().get("errors", [])} <= {INPUT, COMPLEX}, answer.text


@pytest.mark.parametrize(
    "variables",
    [
        {"i": {"name": "x", "email": "x@example.com", "metadata": {"a": deep(300)}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": {"a": deep(900)}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": {"a": 1}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": {str(n): "" for n in range(51)}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": {"\x00": "a"}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": {"a": "\x00"}}},
        {"i": {"name": "x", "email": "x@example.com", "metadata": []}},
        {"i": {"name": "x", "email": "x@example.com", "tags": ["x"] * 20_000}},
        {"i": {"name": "x", "email": "x@example.com", "tags": [[["x"]]]}},
        {"i": {"name": "\u200b" * 300, "email": "x@example.com"}},
        {"i": {"name": "x" * 201, "email": "x@example.com"}},
        {"i": {"name": "x", "email": "x@" + "y" * 300}},
        {"i": 2**64},
    ],
    ids=lambda value: str(value)[:70],
)
async def test_hostile_inputs_are_refused_with_a_key_too(acme: Org, variables: dict[str, Any]) -> None:
    before = await acme.count("audit_entries")
    text = "mutation($i: CreateClientInput!) { createClient(input: $i) { client { id } } }"
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = await acme.graphql(text, headers, **variables)
        assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {INPUT}, answer.text
    assert (await acme.count("clients"), await acme.count("audit_entries")) == (0, before)
    assert await acme.count("idempotency_records") == 0
