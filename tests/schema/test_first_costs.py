"""What a document costs that is not known does not tell an organization what others ask."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.servers import Backends

# So many a process keeps.
DOCUMENTS = 500
FIELDS = " ".join(f"a{number}: name" for number in range(40))


@pytest.fixture
async def two(backends: Backends, api_runtime: Runtime) -> AsyncIterator[tuple[Org, Org]]:
    """Two organizations on a server whose buckets are refilled slowly."""
    async with serving(settings_of(backends, rate_bucket=100_000, rate_refill=1)) as base:
        made = [await make_org(api_runtime, base) for _ in range(2)]
        yield made[0], made[1]
        for org in made:
            await org.close()


async def _paid(org: Org, text: str, key: Org | None = None) -> int:
    """Return what an organization pays for a text, which ``key`` sends."""
    asked = "{ health { status } }"
    before = (await org.graphql(asked)).json()["extensions"]["cost"]["remaining"]
    await (key or org).graphql(text)
    paid: int = before - (await org.graphql(asked)).json()["extensions"]["cost"]["remaining"]
    return paid


def _text() -> str:
    return f'{{ clients(first: 1, filter: {{email: {{eq: "{uuid4()}@example.com"}}}}) {{ nodes {{ {FIELDS} }} }} }}'


async def test_who_sends_a_text_first_pays_for_its_reading_whoever_sent_it(two: tuple[Org, Org]) -> None:
    mine, theirs = two
    for org in two:
        await org.graphql("{ health { status } }")
    known, unknown = _text(), _text()
    assert await _paid(theirs, known) > 40
    # Give or take what a bucket gets back meanwhile.
    assert abs(await _paid(mine, known) - await _paid(mine, unknown)) <= 3
    assert await _paid(mine, known) < 20
    assert await _paid(theirs, known) < 20


async def test_who_may_not_run_a_text_pays_for_its_reading_too(two: tuple[Org, Org]) -> None:
    mine, theirs = two
    for org in two:
        await org.graphql("{ health { status } }")
    weak = mine.holding(await mine.new_key("orders:read"))
    known, unknown = _text(), _text()
    await theirs.graphql(known)
    async with weak.http:
        assert abs(await _paid(mine, known, weak) - await _paid(mine, unknown, weak)) <= 3


async def test_who_sends_ever_new_texts_has_nobody_else_read_theirs_again(two: tuple[Org, Org]) -> None:
    mine, theirs = two
    for org in two:
        await org.graphql("{ health { status } }")
    known = _text()
    assert await _paid(theirs, known) > 40
    for number in range(DOCUMENTS):
        assert (await mine.graphql(f"{{ a{number}: health {{ status }} }}")).status_code == 200
    assert await _paid(theirs, known) < 20
