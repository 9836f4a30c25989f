"""Which media type answers at /graphql, by what the client accepts and how much."""

import httpx
import pytest

from tests.support.api import Org
from tests.support.refusals import error

JSON, TYPED, HTML = "application/json", "application/graphql-response+json", "text/html; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
# What a client accepts, and what a GET and a POST answer with.
ACCEPTED = [
    ("", JSON, JSON),
    ("*/*", JSON, JSON),
    ("application/*", JSON, JSON),
    ("image/png", JSON, JSON),
    ("application/json, text/plain, */*", JSON, JSON),
    (BROWSER, HTML, JSON),
    ("text/html", HTML, JSON),
    ("text/*", HTML, JSON),
    ("TEXT/HTML", HTML, JSON),
    ("text/html;q=0", JSON, JSON),
    ("text/html;q=0, */*", JSON, JSON),
    ("text/html;q=0.5, application/json", JSON, JSON),
    ("application/json;q=0.5, text/html", HTML, JSON),
    (f"{TYPED};q=0.9, text/html;q=0.8", TYPED, TYPED),
    (TYPED, TYPED, TYPED),
    (f"{TYPED}; charset=utf-8", TYPED, TYPED),
    (f"{TYPED}, application/json;q=0.9", TYPED, TYPED),
    (f"application/json, {TYPED}", TYPED, TYPED),
    (f"{TYPED}, */*", TYPED, TYPED),
    (f"{TYPED};q=0.9, application/json", JSON, JSON),
    (f"{TYPED};q=0, application/json", JSON, JSON),
    (f"{TYPED};q=0", JSON, JSON),
    (f"{TYPED};q=0, */*", JSON, JSON),
    (f"{TYPED};q=2, */*;q=0.1", JSON, JSON),
    ("application/json;q=0, */*", TYPED, TYPED),
    ("application/json;q=0", JSON, JSON),
    ("application/jsonp", JSON, JSON),
]


@pytest.mark.parametrize(("accept", "got", "posted"), ACCEPTED)
async def test_the_media_type_that_is_accepted_most(acme: Org, accept: str, got: str, posted: str) -> None:
    headers = {"Accept": accept}
    answer = await acme.http.get("/graphql", params={"query": "{"}, headers=headers)
    assert answer.headers["content-type"] == got
    if got != HTML:
        error(answer, 400 if got == TYPED else 200, "GRAPHQL_PARSE_FAILED")
    answer = await acme.http.post("/graphql", json={"query": "{"}, headers=headers)
    assert answer.headers["content-type"] == posted
    error(answer, 400 if posted == TYPED else 200, "GRAPHQL_PARSE_FAILED")


async def test_what_is_accepted_may_be_said_in_several_lines(acme: Org) -> None:
    lines = [("Accept", "application/json;q=0.5"), ("Accept", TYPED), ("Authorization", f"Bearer {acme.key}")]
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        answer = await http.post("/graphql", json={"query": "{"}, headers=lines)
    assert answer.headers["content-type"] == TYPED
