"""Invoice numbers: without a gap and without a double, in each organization by itself, however many come at once.

``INVOICES=1000`` finalizes so many; the usual run fewer.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from models.invoices import InvoiceStatus
from resolvers.invoices.numbers import shown_number, year_of
from tests.support.api import Org
from tests.support.invoices import FINALIZE, LINE, changed, new_invoice, standing
from tests.support.refusals import error

MANY = int(os.environ.get("INVOICES", "60"))
# So many requests of an organization are under way together.
AT_ONCE = 12


async def _finalized(org: Org, keys: Sequence[str]) -> list[str]:
    """Finalize invoices at the same time, each until it is done: the server may be busy."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(key: str) -> str:
        async with turns:
            while True:
                body = (await org.graphql(FINALIZE, id=key)).json()
                if "errors" not in body:
                    number: str = body["data"]["finalizeInvoice"]["invoice"]["number"]
                    return number
                assert {each["extensions"]["code"] for each in body["errors"]} <= {"UNAVAILABLE", "RATE_LIMITED"}, body
                await asyncio.sleep(0.05)

    return await asyncio.gather(*map(one, keys))


async def _drafts(org: Org, number: int) -> list[str]:
    client = (await new_invoice(org))["clientId"]
    return [(await new_invoice(org, client))["publicId"] for _ in range(number)]


async def test_many_at_once_have_no_gap_and_no_double(acme: Org, other: Org) -> None:
    mine, theirs = await _drafts(acme, MANY // 2), await _drafts(other, MANY - MANY // 2)
    year = datetime.now(UTC).year
    found = await asyncio.gather(_finalized(acme, mine), _finalized(other, theirs))
    for org, numbers in zip((acme, other), found, strict=True):
        assert sorted(numbers) == [shown_number("", year, place) for place in range(1, len(numbers) + 1)]
        # What was issued later has a higher number.
        rows = await org.rows("select number from invoices where number is not null order by issued_at, number")
        assert [row["number"] for row in rows] == sorted(numbers)


async def test_a_number_that_was_refused_is_given_to_the_next(acme: Org) -> None:
    first = await standing(acme, InvoiceStatus.OPEN)
    # It has its number when its answer turns out to be too large, or wrong: all of it is undone.
    draft = (await new_invoice(acme))["publicId"]
    text = """mutation($id: ID!) { finalizeInvoice(input: {id: $id}) { invoice {
      client { orders(first: 101) { totalCount } } } } }"""
    error(await acme.graphql(text, id=draft), 200, "BAD_INPUT")
    rows = await acme.rows("select number, status from invoices order by id")
    assert [(row["number"], row["status"]) for row in rows[1:]] == [(None, "DRAFT")]
    found = await changed(acme, draft, status="OPEN")
    assert found["number"].endswith("-000002")
    assert first != draft


async def test_each_prefix_has_a_series_of_its_own(acme: Org) -> None:
    numbers = []
    for prefix in ("A-", "B-", "A-", "a-"):
        await acme.set_setting("invoices.prefix", prefix)
        key = (await new_invoice(acme, lines=[LINE]))["publicId"]
        numbers.append((await changed(acme, key, status="OPEN"))["number"])
    year = datetime.now(UTC).year
    # Numbers are one whether in capitals or not, as they are when they are searched.
    assert numbers == [f"A-{year}-000001", f"B-{year}-000001", f"A-{year}-000002", f"a-{year}-000003"]


@pytest.mark.parametrize(
    ("moment", "timezone", "year"),
    [
        ("2026-12-31T23:30:00+00:00", "UTC", 2026),
        ("2026-12-31T23:30:00+00:00", "Europe/Berlin", 2027),
        ("2027-01-01T04:59:59+00:00", "America/New_York", 2026),
        ("2027-01-01T05:00:00+00:00", "America/New_York", 2027),
        ("2026-12-31T10:00:00+00:00", "Pacific/Kiritimati", 2027),
    ],
)
def test_the_year_is_the_organization_s(moment: str, timezone: str, year: int) -> None:
    assert year_of(datetime.fromisoformat(moment), timezone) == year
    assert shown_number("X", year, 1_234_567) == f"X{year}-1234567"
