"""A database that answers and does not do what it is asked: 503 where a later try may succeed, and the log says why."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx
import psycopg
import pytest

from resolvers.api_keys.verification import KeyVerifier
from resolvers.database.connection_errors import AGAIN_S, QUIET_S, Outages
from resolvers.errors import Refusal
from server.database.migrated import READ_ONLY
from server.wiring import running
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.away import lines_with, log_lines, read_only
from tests.support.refusals import CREATE, UPDATE, error, problem, unchanged
from tests.support.servers import Backends

__all__ = ["log_lines"]

CONNECTION_ERRORS = [
    "08000",
    "08001",
    "08003",
    "08004",
    "08006",
    "08007",
    "08P01",
    "25006",
    "25P03",
    "25P04",
    "40000",
    "40001",
    "40003",
    "40P01",
    "53000",
    "53100",
    "53200",
    "53300",
    "53400",
    "55006",
    "55P03",
    "57000",
    "57014",
    "57P01",
    "57P02",
    "57P03",
    "57P04",
    "57P05",
    "58000",
    "58030",
    "58P01",
    "58P02",
]
# Faults of ours or of the data: another try would fail in the same way, and somebody has to look.
OURS = [
    "0A000",
    "22012",
    "22P02",
    "25001",
    "25P02",
    "2BP01",
    "42501",
    "42601",
    "42703",
    "42883",
    "42P01",
    "55000",
    "55P02",
    "P0001",
    "XX000",
    "XX001",
    "XX002",
]
# Inserting a client fails with the SQLSTATE that is its name.
FAILS = """
create function fails() returns trigger language plpgsql as
  $$ begin if new.name ~ '^[0-9A-Z]{5}$' then raise 'as asked' using errcode = new.name; end if; return new; end $$;
create trigger fails before insert on clients for each row execute function fails();
"""


@pytest.fixture
def failing(own_backends: Backends) -> Backends:
    """A database in which inserting some clients fails."""
    with psycopg.connect(own_backends.migration_database_url, autocommit=True) as owner:
        owner.execute(FAILS)
    return own_backends


async def test_every_sqlstate_of_a_change_is_away_or_ours(
    failing: Backends, log_lines: pytest.LogCaptureFixture
) -> None:
    async with running(settings_of(failing), max_size=2) as runtime, serving(settings_of(failing)) as base:
        org = await make_org(runtime, base)
        async with org.http, unchanged(org):
            for codes, status, code in ((CONNECTION_ERRORS, 503, "UNAVAILABLE"), (OURS, 500, "INTERNAL")):
                for state in codes:
                    given = {"name": state, "email": "x@example.com"}
                    answer = await org.http.post("/api/v1/clients", json=given)
                    problem(answer, status, code)
                    assert answer.headers.get("retry-after") == ("1" if status == 503 else None), state
                    answer = await org.graphql(CREATE, input=given)
                    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == [code], state
                    assert answer.headers.get("retry-after") == ("1" if status == 503 else None), state
    # One line for each cause, of which all lost connections are one; a fault of ours is logged each time, with its
    # traceback.
    causes = {"lost" if state.startswith(("08", "57P")) else state for state in CONNECTION_ERRORS}
    assert len(lines_with(log_lines, "database.unavailable")) == len(causes)
    assert len(lines_with(log_lines, "unexpected error")) == 2 * len(OURS)


async def test_a_connection_that_dies_in_a_short_transaction_is_no_fault_of_ours(acme: Org) -> None:
    with pytest.raises(Refusal) as refused:
        await acme.rows("select pg_terminate_backend(pg_backend_pid())")
    assert refused.value.code == "UNAVAILABLE"


async def test_a_read_only_database_takes_no_changes_and_is_not_ready(
    own_backends: Backends, log_lines: pytest.LogCaptureFixture
) -> None:
    async with running(settings_of(own_backends), max_size=2) as runtime, serving(settings_of(own_backends)) as base:
        org = await make_org(runtime, base)
        async with org.http:
            client = (await new_client(org))["publicId"]
            path = f"/api/v1/clients/{client}"
            with read_only(own_backends):
                async with unchanged(org):
                    for _ in range(3):
                        await _refuses_changes(org, client)
                        ready = await org.http.get("/api/ready")
                        assert (ready.status_code, ready.json(), ready.headers["retry-after"]) == (
                            503, {"status": "unavailable", "reason": READ_ONLY}, "1",
                        )  # fmt: skip
                        assert (await org.http.get(path)).status_code == 200
                        assert (await org.http.get("/api/health")).status_code == 200
            assert (await org.http.get("/api/ready")).json() == {"status": "ok"}
            assert (await org.http.put(path, json={"company": "ACME"})).status_code == 200
    [reported] = lines_with(log_lines, "25006")
    assert "read-only transaction" in reported
    [reported] = lines_with(log_lines, "not ready")
    assert READ_ONLY in reported
    assert lines_with(log_lines, "unexpected error") == []


async def _refuses_changes(org: Org, client: str) -> None:
    given = {"name": "x", "email": "x@example.com"}
    headers = {"Idempotency-Key": "one"}
    path = f"/api/v1/clients/{client}"
    answers: list[httpx.Response] = [
        await org.http.post("/api/v1/clients", json=given),
        await org.http.post("/api/v1/clients", json=given, headers=headers),
        await org.http.put(path, json={"company": "ACME"}),
        await org.http.delete(path),
    ]
    for answer in answers:
        problem(answer, 503, "UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
    for text, values in ((CREATE, given), (UPDATE, {"id": client, "company": "ACME"})):
        answer = await org.graphql(text, input=values)
        error(answer, 503, "UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"


@contextmanager
def locked(backends: Backends, table: str) -> Iterator[None]:
    """Nobody else can read a table while the block runs."""
    with psycopg.connect(backends.migration_database_url) as owner:
        owner.execute(f"lock table {table} in access exclusive mode".encode())
        yield


async def test_a_read_that_waits_for_a_lock_is_not_too_slow(own_backends: Backends) -> None:
    settings = settings_of(own_backends, statement_timeout_ms=200)
    async with running(settings, max_size=2) as runtime, serving(settings, compare=False) as base:
        org = await make_org(runtime, base)
        async with org.http:
            client = (await new_client(org))["publicId"]
            reads = (f"/api/v1/clients/{client}", "/api/v1/clients?limit=1", "/api/v1/clients?search=ada&sort=name")
            texts = ('{ clients(filter: {search: "a"}) { totalCount } }', f'{{ client(id: "{client}") {{ id }} }}')
            with locked(own_backends, "clients"):
                for path in reads:
                    answer = await org.http.get(path)
                    problem(answer, 503, "UNAVAILABLE")
                    assert answer.headers["retry-after"] == "1"
                # Of several fields each says so: after the first one's error its snapshot takes no more statements.
                for text in (*texts, "{ a: clients { nodes { id } } b: clients(first: 1) { nodes { name } } }"):
                    error(await org.graphql(text), 503, "UNAVAILABLE")
            for path in reads:
                assert (await org.http.get(path)).status_code == 200


async def test_only_what_can_be_narrowed_is_called_too_slow(own_backends: Backends) -> None:
    settings = settings_of(own_backends, statement_timeout_ms=200)
    async with running(settings, max_size=2) as runtime, serving(settings, compare=False) as base:
        org = await make_org(runtime, base)
        async with org.http:
            client = (await new_client(org))["publicId"]
            with psycopg.connect(own_backends.migration_database_url) as owner:
                owner.execute("create policy slow on clients as restrictive using (pg_sleep(10) is not null)")
            for text in (f'{{ client(id: "{client}") {{ id }} }}', "{ clients(first: 1) { nodes { id } } }"):
                error(await org.graphql(text), 503, "UNAVAILABLE")
            problem(await org.http.get(f"/api/v1/clients/{client}"), 503, "UNAVAILABLE")
            for text in (
                '{ clients(first: 1, filter: {search: "ada"}) { nodes { id } } }',
                "{ clients(first: 1) { totalCount } }",
            ):
                assert await org.refused(text) == [("QUERY_TOO_SLOW", None)]
            details = problem(await org.http.get("/api/v1/clients?search=ada"), 400, "QUERY_TOO_SLOW")
            assert details["detail"].startswith("The query was stopped after 0.2 s. Narrow its filter")


def test_one_line_for_each_stretch_and_reason(log_lines: pytest.LogCaptureFixture) -> None:
    moment = 1_000.0
    outages = Outages(lambda: moment)
    outages.note(TimeoutError())
    assert lines_with(log_lines, "database.unavailable") == []
    moment += QUIET_S
    outages.logs = True

    def lines() -> int:
        found = len(lines_with(log_lines, "database.unavailable"))
        log_lines.clear()
        return found

    for _ in range(100):
        outages.note(TimeoutError())
        # A database that dies causes all of these.
        outages.note(ConnectionRefusedError("no"))
        outages.note(asyncpg.InterfaceError("connection is closed"))
        outages.note(asyncpg.AdminShutdownError("terminating connection"))
    assert lines() == 2
    assert outages.within(1)
    # A stretch that lasts is logged once more each minute.
    for _ in range(int(3 * AGAIN_S)):
        moment += 1
        outages.note(TimeoutError())
    assert lines() == 3
    moment += QUIET_S
    assert not outages.within(QUIET_S)
    outages.note(TimeoutError())
    assert lines() == 1


async def test_a_use_of_a_key_that_cannot_be_written_is_written_later(own_backends: Backends) -> None:
    async with running(settings_of(own_backends), max_size=2) as runtime, serving(settings_of(own_backends)) as base:
        org = await make_org(runtime, base)
        await org.http.aclose()
        keys = KeyVerifier(runtime)
        await keys.actor_of(org.key)
        with read_only(own_backends), pytest.raises(Refusal, match="not available"):
            await keys.note_uses()
        await keys.note_uses()
        assert (await org.rows("select last_used_at from api_keys where last_used_at is not null")) != []
