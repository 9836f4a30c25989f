"""Progress of a report: it moves while the statement runs, by the rows that the statement has read."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from models.reports import ReportKind
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.figures import READ, Figures
from resolvers.reports.scans import COUNTED, rows_read, session_of
from resolvers.reports.snapshots import portions, snapshot
from tests.support.api import Org
from tests.support.jobs import eventually
from tests.support.plain_studio import Asked
from tests.support.report_rows import asked_for
from tests.support.reports import YEAR, ask, shown, work
from workers.reports import compute

NUMBER = 40_000
FILL = """insert into tickets (org_id, id, version, updated_at, metadata, tags, number, subject, status, priority,
 first_response_due_at) select $1, uuidv7(), 1, now(), '{}', '{}', n, 'x', 'OPEN', 'LOW', now()
 from generate_series(1, $2) n"""
DEFINITION, LOCK = DEFINITIONS[ReportKind.TICKET_RESPONSE], 20_260_101
# The same statement, which waits when it has found its rows.
WAITS = f"""with found as materialized ({DEFINITION.text})
 select * from found where cast(pg_advisory_xact_lock_shared({LOCK}) as text) = ''"""
ASKED = Asked(date(2025, 1, 1), date(2034, 1, 1), "UTC", "YEAR", "EUR")


async def test_a_statement_counts_about_what_it_reads(acme: Org) -> None:
    await acme.rows(FILL, acme.id, NUMBER)
    values = DEFINITION.values(asked_for(DEFINITION.kind, ASKED) | {"org_id": acme.id})
    async with snapshot(acme.runtime, acme.id) as connection:
        session = await session_of(connection)
        assert await rows_read(acme.runtime, acme.id, session) == 0
        total = await connection.fetchval(DEFINITION.total.text, *DEFINITION.total.arguments(values))
        async for _ in portions(connection, DEFINITION.sql, DEFINITION.sql.arguments(values)):
            pass
        read = await rows_read(acme.runtime, acme.id, session)
    # One of a thousand is counted at random, and one block of a hundred is looked at.
    assert NUMBER // 4 < read < 2 * NUMBER
    assert NUMBER // 8 < total < 4 * NUMBER
    # What a session does next does not begin with the number.
    assert await rows_read(acme.runtime, acme.id, session) in (0, read)
    async with snapshot(acme.runtime, acme.id) as connection:
        assert await rows_read(acme.runtime, acme.id, await session_of(connection)) == 0


async def test_progress_is_seen_while_the_statement_runs(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFINITIONS, DEFINITION.kind, replace(DEFINITION, text=WAITS))
    monkeypatch.setattr(compute, "WATCH_S", 0.05)
    await acme.rows(FILL, acme.id, NUMBER)
    key = (await ask(acme, DEFINITION.kind, **YEAR | {"to": "2034-01-01"}))["publicId"]
    async with acme.runtime.connection() as holder, holder.transaction():
        await holder.execute("select pg_advisory_xact_lock($1)", LOCK)
        working = asyncio.create_task(work(acme))

        async def moved() -> bool:
            return bool((await shown(acme, key))["progress"] > 0)

        await eventually(moved)
        found = await shown(acme, key)
        assert (found["status"], 0 < found["progress"] <= READ, found["rows"]) == ("RUNNING", True, [])
    await working
    found = await shown(acme, key)
    assert (found["status"], found["progress"], found["totals"]["tickets"]) == ("READY", 100, NUMBER)


def test_progress_does_not_go_back() -> None:
    figures = Figures(asked_for(DEFINITION.kind, ASKED))
    assert [figures.read(rows, 10 * COUNTED) for rows in (0, COUNTED, COUNTED, 5 * COUNTED)] == [
        False, True, False, True,
    ]  # fmt: skip
    assert figures.progress == READ // 2
    assert not figures.read(0, 0)
    # More than was estimated is no more than all.
    assert figures.read(99 * COUNTED, 10 * COUNTED)
    assert figures.progress == READ
