"""A statement that somebody cancels before its timeout is not called too slow."""

import asyncio

import psycopg

from server.wiring import running
from tests.support.api import make_org, new_client, serving, settings_of
from tests.support.jobs import eventually
from tests.support.refusals import error, problem
from tests.support.servers import Backends

CANCEL = "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'PgSleep' and datname = %s"


async def test_what_is_cancelled_before_its_time_is_refused_as_an_outage(own_backends: Backends) -> None:
    settings = settings_of(own_backends, statement_timeout_ms=20_000)
    async with running(settings, max_size=2) as runtime, serving(settings, compare=False) as base:
        org = await make_org(runtime, base)
        async with org.http:
            await new_client(org)
            with (
                psycopg.connect(own_backends.migration_database_url) as owner,
                psycopg.connect(own_backends.database_url, autocommit=True) as other,
            ):
                owner.execute("create policy slow on clients as restrictive using (pg_sleep(10) is not null)")
                owner.commit()

                async def cancelled() -> bool:
                    (number,) = other.execute(CANCEL, [other.info.dbname]).fetchone() or (0,)
                    return bool(number)

                for asked in (
                    org.http.get("/api/v1/clients?search=ada"),
                    org.graphql('{ clients(first: 1, filter: {search: "ada"}) { totalCount nodes { id } } }'),
                ):
                    task = asyncio.create_task(asked)
                    await eventually(cancelled)
                    answer = await task
                    if answer.request.url.path == "/graphql":
                        error(answer, 503, "UNAVAILABLE")
                    else:
                        problem(answer, 503, "UNAVAILABLE")
