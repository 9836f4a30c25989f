"""The charset of a JSON body: UTF-8, whether it is said or not."""

import pytest

from tests.support.api import Org
from tests.support.forms import new_form, path_of
from tests.support.refusals import error, problem, unchanged

SAID = "A JSON body is read as UTF-8: send it so, with charset=utf-8 or none."
FOREIGN = (
    "application/json; charset=utf-16",
    "application/json;charset=ISO-8859-1",
    'application/merge-patch+json; x=y; Charset = "UTF-16LE"',
)
OURS = (
    "application/json",
    "application/json; charset=utf-8",
    'application/json; x=charset; charset="UTF-8"',
    "application/json;charset=utf8",
    "application/json; charset=US-ASCII",
)


@pytest.mark.parametrize("media", FOREIGN)
async def test_another_charset_is_a_415_that_says_so(acme: Org, media: str) -> None:
    form = await new_form(acme, status="PUBLISHED")
    coded = '{"name": "x", "email": "x@example.com"}'.encode("utf-16")
    async with unchanged(acme):
        for path in ("/api/v1/clients", path_of(form)):
            answer = await acme.http.post(path, content=coded, headers={"Content-Type": media})
            assert problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")["detail"] == SAID
        answer = await acme.http.post("/graphql", content=coded, headers={"Content-Type": media})
        error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
        assert answer.json()["errors"][0]["message"] == SAID
        answer = await acme.http.post("/mcp", content=coded, headers={"Content-Type": media})
        assert (answer.status_code, answer.json()["error"]["message"]) == (415, SAID)


@pytest.mark.parametrize("media", OURS)
async def test_utf_8_may_be_said(acme: Org, media: str) -> None:
    body = '{"name": "Zoe", "email": "zoe@example.com"}'
    answer = await acme.http.post("/api/v1/clients", content=body, headers={"Content-Type": media})
    assert answer.status_code == 201, answer.text
