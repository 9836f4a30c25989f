"""A stream goes on while its organization owes something for what was done before."""

import asyncio

from resolvers import clients, organizations
from resolvers.database.runtime import Runtime
from tests.support.api import make_org, serving, settings_of
from tests.support.live import following
from tests.support.refusals import error
from tests.support.servers import Backends

EVENTS = "subscription { events { type } }"
LONG = 60.0


async def test_an_event_waits_until_nothing_is_owed(backends: Backends, api_runtime: Runtime) -> None:
    settings = settings_of(backends, rate_bucket=1_000, rate_refill=200, cost_limit=1_000)
    async with asyncio.timeout(LONG), serving(settings) as base:
        org = await make_org(api_runtime, base)
        async with following(org, EVENTS) as stream:
            # Each was read and judged, and costs 200 also where less is left.
            refused = await asyncio.gather(*(org.graphql("{ nowhere }") for _ in range(9)))
            assert {each.json()["errors"][0]["extensions"]["code"] for each in refused} == {
                "GRAPHQL_VALIDATION_FAILED",
                "RATE_LIMITED",
            }
            error(await org.graphql("{ viewer { key { name } } }"), 429, "RATE_LIMITED")
            ctx = organizations.command_line(org.runtime, org.id)
            async with ctx.transaction():
                await clients.create(ctx, {"name": "Ada", "email": "ada@example.com"})
            assert (await stream.result())["events"] == {"type": "client.created"}
        await org.http.aclose()
