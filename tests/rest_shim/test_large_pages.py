"""A page of rows that are too large together is refused, and the guide says how to get it: in smaller ones."""

from models.invoices import MAX_LINES
from resolvers.database.loaded import COST_OF_REFUSED, MAX_BYTES
from rest_shim.guide import ADVICE, guide
from tests.support.api import Org, new_client
from tests.support.invoices import LINE, new_invoice
from tests.support.refusals import problem

PATH = "/api/v1/invoices"


async def test_smaller_pages_from_the_same_cursor_show_all(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    short = [await new_invoice(acme, client) for _ in range(2)]
    long = [await new_invoice(acme, client, lines=[LINE] * MAX_LINES) for _ in range(8)]
    short += [await new_invoice(acme, client) for _ in range(2)]
    first = (await acme.http.get(PATH, params={"limit": 2})).json()
    cursor, found = first["pagination"]["nextCursor"], first["data"]
    problem(await acme.http.get(PATH, params={"limit": 100, "cursor": cursor}), 400, "TOO_COMPLEX")
    while cursor is not None:
        page = (await acme.http.get(PATH, params={"limit": 3, "cursor": cursor})).json()
        cursor, found = page["pagination"]["nextCursor"], found + page["data"]
    made = [*short[:2], *long, *short[2:]]
    assert [each["publicId"] for each in found] == [each["publicId"] for each in made[::-1]]


def test_the_guide_says_what_a_page_may_have_and_what_to_do_beyond_it() -> None:
    paragraphs = [" ".join(part.split()) for part in guide().split("\n\n")]
    [said] = [part for part in paragraphs if "TOO_COMPLEX" in part and "limit" in part]
    assert f"at most {MAX_BYTES // 1024 // 1024} MiB" in said
    assert "a smaller `limit` and the same `cursor`" in said
    assert f"costs {COST_OF_REFUSED:,}" in said
    # It stands by the loop that it is about.
    assert "cursor is None" in paragraphs[paragraphs.index(said) - 1]
    assert "per page" in ADVICE["TOO_COMPLEX"]
