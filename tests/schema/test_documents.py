"""Hostile documents: each is refused with a code of its own or answered; none is an error of ours."""

from typing import Any

import pytest

from tests.support.api import Org
from tests.support.refused_documents import COMPLEX, DOCUMENTS, INPUT, REFUSED


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
