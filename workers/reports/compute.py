"""The job that computes a report: its rows, its totals and its chart, of one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import import_module
from typing import Any

import asyncpg
import orjson

from models.jobs import JobState
from models.reports import ReportError
from resolvers.context import Context, Row
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.reports import running
from resolvers.reports.columns import TooLarge
from resolvers.reports.figures import Figures
from resolvers.reports.scans import rows_read, session_of
from resolvers.reports.snapshots import portions, snapshot
from workers.jobs.backoff import backoff
from workers.jobs.handler import Handler
from workers.jobs.slot import Slot

# So many rows are kept for the chart, which shows no more.
CHARTED = 1_000
# How often it is written how far the statement is.
WATCH_S = 1.0
# Named, and not imported: the library behind it takes a second and much memory, which a worker without reports saves.
_CHARTS = "workers.reports.charts.draw"


async def _run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
    """Compute a report of a snapshot that begins now, whatever an earlier attempt wrote."""
    async with jobs.held(runtime, claim) as ctx:
        report = await running.begin(ctx, claim.subject_id)
        if report is None:
            await jobs.finish(ctx, claim, JobState.CANCELLED)
            return
    figures = Figures(report)
    try:
        snapshot_at, charted = await _computed(runtime, claim, report, figures)
        totals = figures.totals()
    except asyncpg.QueryCanceledError:
        await _fail(runtime, claim, ReportError.TOO_SLOW)
        return
    except TooLarge:
        await _fail(runtime, claim, ReportError.TOO_LARGE)
        return
    chart = await asyncio.to_thread(_drawn, report, charted, totals)
    async with jobs.held(runtime, claim) as ctx:
        await running.finish(ctx, claim.subject_id, totals, chart, snapshot_at)
        await jobs.finish(ctx, claim, JobState.DONE)


async def _computed(
    runtime: Runtime, claim: Claim, report: Row, figures: Figures
) -> tuple[datetime, list[dict[str, Any]]]:
    """Write the rows of a report, each portion in a transaction of the job. Return the time of their snapshot, and the
    rows for the chart."""
    charted: list[dict[str, Any]] = []
    definition, values = figures.definition, figures.definition.values(report)
    async with snapshot(runtime, claim.org_id) as connection:
        snapshot_at: datetime = await connection.fetchval("select date_trunc('milliseconds', now())")
        session = await session_of(connection)
        total = await connection.fetchval(definition.total.text, *definition.total.arguments(values))
        some = portions(connection, definition.sql, definition.sql.arguments(values))
        async with _background(_watch(runtime, claim, figures, session, total)):
            found = await anext(some, None)
        while found is not None:
            before = figures.number
            rows = figures.take(found)
            charted += rows[: CHARTED - len(charted)]
            if rows:
                texts = [orjson.dumps(row).decode() for row in rows]
                async with jobs.held(runtime, claim) as ctx:
                    await running.write(ctx, claim.subject_id, before, texts, figures.progress)
            found = await anext(some, None)
    return snapshot_at, charted


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something while a block runs. Raises what it raised."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def _watch(runtime: Runtime, claim: Claim, figures: Figures, session: int, total: int) -> None:
    """Write how far the statement of a session is, for ever."""
    while True:
        await asyncio.sleep(WATCH_S)
        if figures.read(await rows_read(runtime, claim.org_id, session), total):
            async with jobs.held(runtime, claim) as ctx:
                await running.note_progress(ctx, claim.subject_id, figures.progress)


def _drawn(report: Row, rows: list[dict[str, Any]], totals: dict[str, Any]) -> bytes:
    made: bytes = import_module(_CHARTS).svg(report, rows, totals)
    return made


async def _fail(runtime: Runtime, claim: Claim, error: ReportError) -> None:
    """End a report that another attempt could not compute either."""
    async with jobs.held(runtime, claim) as ctx:
        await running.fail(ctx, claim.subject_id, error)
        await jobs.finish(ctx, claim, JobState.FAILED, error_code=error.value)


async def _ended(ctx: Context, claim: Claim, state: JobState, _delay: float | None) -> None:
    if state is JobState.FAILED:
        await running.fail(ctx, claim.subject_id, ReportError.INTERNAL)


HANDLER = Handler(_run, backoff(10, attempts=5), _ended)
