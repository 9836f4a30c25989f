"""What requests are charged, and threads of long messages to be charged for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx

from models.typeid import decode
from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.servers import Backends

LONG = 20_000
BUCKET = 1_000_000


@asynccontextmanager
async def paying(backends: Backends, runtime: Runtime, bucket: int = BUCKET) -> AsyncIterator[Org]:
    """An organization of a server that gives nothing back within a test."""
    async with serving(settings_of(backends, rate_bucket=bucket, rate_refill=1)) as base:
        org = await make_org(runtime, base)
        yield org
        await org.http.aclose()


async def charged(org: Org, *answers: httpx.Response) -> list[int]:
    """What each answer's request cost, from what is left after it and after the one before."""
    left = [BUCKET, *(int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) for answer in answers)]
    # A second gives one back.
    return [before - after for before, after in pairwise(left)]


def about(found: list[int], *expected: int) -> None:
    assert len(found) == len(expected)
    assert all(most - 2 <= each <= most for each, most in zip(found, expected, strict=True)), (found, expected)


async def thread(org: Org, order: str, count: int, length: int = LONG, letter: str = "\U0001f600") -> None:
    """Messages of an order, of so many characters, by default of four bytes."""
    await org.rows(
        "insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,"
        " attachments) select $1, uuidv7(), 1, now(), $2, 'STAFF', 'x', repeat($5, $3), 'PUBLIC',"
        " '[]' from generate_series(1, $4)",
        org.id, decode("order", order), length, count, letter,
    )  # fmt: skip
