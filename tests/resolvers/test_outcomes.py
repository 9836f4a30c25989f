"""After a commit was sent no deadline says "try again": the change may be there, and is found by its key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from resolvers.database import commits
from server.wiring import running
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.refusals import CREATE, error, problem
from tests.support.servers import Backends

NEW = {"name": "late", "email": "late@example.com"}
# A client named "late" takes a second to commit, one named "slow" to insert.
SLOW = """
create function slow_commit() returns trigger language plpgsql as
  $$ begin if new.name = 'late' then perform pg_sleep(1); end if; return null; end $$;
create constraint trigger slow_commit after insert on clients deferrable initially deferred
  for each row execute function slow_commit();
create function slow_insert() returns trigger language plpgsql as
  $$ begin if new.name = 'slow' then perform pg_sleep(1); end if; return new; end $$;
create trigger slow_insert before insert on clients for each row execute function slow_insert();
"""


@asynccontextmanager
async def late(backends: Backends, seconds: float = 0.4) -> AsyncIterator[Org]:
    """An organization of a server whose deadline is shorter than such a commit."""
    with psycopg.connect(backends.migration_database_url, autocommit=True) as connection:
        connection.execute(SLOW)
    async with (
        running(settings_of(backends), max_size=2) as runtime,
        serving(settings_of(backends, request_timeout_s=seconds)) as base,
    ):
        org = await make_org(runtime, base)
        assert (await org.http.get("/api/v1/clients")).status_code == 200
        yield org
        await org.http.aclose()


async def test_a_deadline_in_a_commit_says_that_nobody_knows(own_backends: Backends) -> None:
    async with late(own_backends) as org:
        answer = await org.http.post("/api/v1/clients", json=NEW)
        details = problem(answer, 503, "OUTCOME_UNKNOWN")
        # Nothing tells a client to send it again by itself.
        assert "retry-after" not in answer.headers
        assert "again" not in details["detail"].lower()
        answer = await org.graphql(CREATE, input=NEW | {"email": "late2@example.com"})
        error(answer, 503, "OUTCOME_UNKNOWN")
        assert "retry-after" not in answer.headers
        assert await org.count("clients") == 2


@pytest.mark.parametrize("api", ["rest", "graphql"])
async def test_the_idempotency_key_finds_what_was_kept(own_backends: Backends, api: str) -> None:
    async with late(own_backends) as org:
        headers = {"Idempotency-Key": "one"}

        async def ask() -> tuple[int, str | None, str | None]:
            if api == "rest":
                answer = await org.http.post("/api/v1/clients", json=NEW, headers=headers)
                code = answer.json().get("code")
            else:
                answer = await org.graphql(CREATE, headers, input=NEW)
                code = next((each["extensions"]["code"] for each in answer.json().get("errors", [])), None)
            if code is not None:
                assert answer.headers["retry-after"] == "1"
            return answer.status_code, code, answer.headers.get("idempotent-replayed")

        assert await ask() == (503, "OUTCOME_UNKNOWN", None)
        assert await ask() == (201 if api == "rest" else 200, None, "true")
        assert await org.count("clients") == 1


async def test_a_commit_that_does_not_end_is_given_up(own_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "COMMIT_S", 0.1)
    async with late(own_backends, 0.3) as org:
        problem(await org.http.post("/api/v1/clients", json=NEW), 503, "OUTCOME_UNKNOWN")
        assert (await org.http.get("/api/v1/clients")).status_code == 200
        # Its backend goes on, and notices at the end.
        busy = "select 1 from pg_stat_activity where query = 'commit' and state = 'active'"
        while await org.rows(busy):  # noqa: ASYNC110 - another server's state has no event
            await asyncio.sleep(0.01)


async def test_a_deadline_after_the_first_of_two_changes_was_kept(own_backends: Backends) -> None:
    async with late(own_backends) as org:
        making = 'createClient(input: {name: "%s", email: "%s@example.com"}) { client { id } }'
        text = f"mutation {{ a: {making % ('quick', 'a')} b: {making % ('slow', 'b')} }}"
        error(await org.graphql(text), 503, "OUTCOME_UNKNOWN")
        assert [row["name"] for row in await org.rows("select name from clients")] == ["quick"]


async def test_a_deadline_before_the_commit_says_try_again(own_backends: Backends) -> None:
    async with late(own_backends) as org:
        answer = await org.http.post("/api/v1/clients", json=NEW | {"name": "slow"})
        problem(answer, 503, "UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
        assert await org.count("clients") == 0
