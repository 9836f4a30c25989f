"""The size of a page that nobody gave: it is in the schema, and leaves `last` and `before` as they are without it."""

from typing import Any

import pytest

from tests.support.api import Org, new_client

PAGE = "{ nodes { id } pageInfo { startCursor endCursor } }"


async def _ids(acme: Org, arguments: str, declared: str = "", **variables: Any) -> list[str]:
    text = f"query {declared} {{ clients{arguments} {PAGE} }}"
    answer = (await acme.graphql(text, **variables)).json()
    assert "errors" not in answer, answer
    return [node["id"] for node in answer["data"]["clients"]["nodes"]]


@pytest.fixture
async def ids(acme: Org) -> list[str]:
    """25 clients, the newest first."""
    made = [await new_client(acme) for _ in range(25)]
    return [each["publicId"] for each in reversed(made)]


async def test_last_and_before_are_as_without_a_default(acme: Org, ids: list[str]) -> None:
    pages = {
        "": ids[:20],
        "(first: 20)": ids[:20],
        "(last: 3)": ids[22:],
        "(first: null, last: 3)": ids[22:],
        "(first: null)": ids[:20],
    }
    assert {each: await _ids(acme, each) for each in pages} == pages
    declared = "($n: Int, $last: Int)"
    for given in ({}, {"n": None}):
        assert await _ids(acme, "(first: $n, last: $last)", declared, last=3, **given) == ids[22:]
    assert await _ids(acme, "(first: $n, last: $last)", declared, n=2) == ids[:2]
    assert await _ids(acme, "(first: $n, last: $last)", declared) == ids[:20]


async def test_a_page_back_has_the_items_right_before_the_cursor(acme: Org, ids: list[str]) -> None:
    answer = (await acme.graphql(f"{{ clients(first: 24) {PAGE} }}")).json()
    cursor = answer["data"]["clients"]["pageInfo"]["endCursor"]
    assert await _ids(acme, "(before: $c)", "($c: String)", c=cursor) == ids[3:23]
    assert await _ids(acme, "(first: $n, before: $c)", "($c: String, $n: Int)", c=cursor) == ids[3:23]
    assert await _ids(acme, "(first: 20, before: $c)", "($c: String)", c=cursor) == ids[:20]


async def test_the_same_number_given_does_not_go_with_last(acme: Org) -> None:
    answer = (await acme.graphql("{ clients(first: 20, last: 3) { nodes { id } } }")).json()
    assert [each["extensions"]["field"] for each in answer["errors"]] == ["last"]
