"""Measures each kind of report over a million orders: ``python -m bench.reports``.

Each is computed by a process of its own, as a worker computes it, which prints its seconds, those that it and
PostgreSQL computed, which other work on the machine does not lengthen, and its peak memory.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import psycopg

from bench.server import database, settings_of
from models.reports import ReportKind
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.jobs import claims as jobs
from resolvers.jobs.due import Due
from resolvers.reports import mutations
from resolvers.reports.catalogue import DEFINITIONS
from server.settings import Settings, load
from server.wiring import running
from workers.jobs.fair_queue import FairQueue
from workers.jobs.slot import Slot
from workers.reports import compute

FIRST, LAST = date(2023, 1, 1), date(2026, 1, 1)
# In milliseconds since 1970, and how many there are.
_SINCE, _SPAN = 1_672_531_200_000, 94_608_000_000
_ID = (
    "(lpad(to_hex({at}), 12, '0') || '7' || left(md5('{of}' || {n}), 3) || '8' || right(md5('{of}' || {n}), 15))::uuid"
)
_AT = f"({_SINCE} + (hashint4(n::int)::bigint & 2147483647) %% {_SPAN})"
_TIME = "to_timestamp({at} / 1000.0)"


def _id(of: str, n: str = "n", at: str = str(_SINCE)) -> str:
    return _ID.format(of=of, n=n, at=at)


_ANY = "(hashint4(n::int + {salt})::bigint & 2147483647) %% {many}"
_CLIENT = _id("clients", f"({_ANY.format(salt=1, many='%(clients)s')})")
_SERVICE = _id("services", f"({_ANY.format(salt=2, many='%(services)s')})")
_AGENT = _id("agents", f"({_ANY.format(salt=3, many='%(agents)s')})")
_STATEMENTS = (
    f"""insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key, status)
select %(org)s, {_id("clients")}, 1, now(), '{{}}', '{{}}', 'Client ' || n, 'client ' || n, n || '@example.com',
 n || '@example.com', 'ACTIVE' from generate_series(0, %(clients)s - 1) n""",
    f"""insert into services (org_id, id, version, updated_at, metadata, tags, name, name_key, price, currency,
 tax_rate, billing, status)
select %(org)s, {_id("services")}, 1, now(), '{{}}', '{{}}', 'Service ' || n, 'service ' || n, 1000, 'EUR', 19,
 'ONE_TIME', 'ACTIVE' from generate_series(0, %(services)s - 1) n""",
    f"""insert into orders (org_id, id, version, updated_at, metadata, tags, number, client_id, service_id, quantity,
 unit_price, total, currency, tax_rate, assignee_ids, status, delivery_days, started_at, delivered_at, completed_at,
 cancelled_at, held_seconds, revisions)
select %(org)s, {_id("orders", at="at")}, 1, now(), '{{}}', '{{}}', n, {_CLIENT}, {_SERVICE}, 1, 1000, 1000, 'EUR', 19,
 '{{}}', case when n %% 10 = 0 then 'CANCELLED' else 'COMPLETED' end, 1 + n %% 14, made + interval '1 hour',
 case when n %% 10 > 0 then made + n %% 20 * interval '1 day' end,
 case when n %% 10 > 0 then made + n %% 30 * interval '1 day' end,
 case when n %% 10 = 0 then made + interval '1 day' end, n %% 3600, 0
from generate_series(1, %(orders)s) n, lateral (select {_AT} as at) one,
 lateral (select {_TIME.format(at="at")} as made) two""",
    f"""insert into invoices (org_id, id, version, updated_at, metadata, client_id, currency, subtotal, discount, taxes,
 tax, total, amount_paid, status, number, number_key, issued_at, due_at, seller, buyer, timezone, language)
select %(org)s, {_id("invoices")}, 1, now(), '{{}}', {_CLIENT}, 'EUR', 1000, 0, '[]', 190, 1190,
 case when n %% 10 > 0 then 1190 else 0 end, case when n %% 10 > 0 then 'PAID' else 'OPEN' end, 'N' || n, 'n' || n, at,
 at + interval '14 days', '{{}}', '{{}}', 'UTC', 'en'
from generate_series(1, %(orders)s) n, lateral (select {_TIME.format(at=_AT)} as at) one""",
    f"""insert into invoice_payments (org_id, id, invoice_id, amount, paid_at)
select %(org)s, {_id("payments")}, {_id("invoices")}, 1190, at + n %% 40 * interval '1 day'
from generate_series(1, %(orders)s) n, lateral (select {_TIME.format(at=_AT)} as at) one where n %% 10 > 0""",
    f"""insert into tickets (org_id, id, version, updated_at, metadata, tags, number, subject, client_id, status,
 priority, first_response_due_at, first_response_at, resolved_at)
select %(org)s, {_id("tickets", at="at")}, 1, now(), '{{}}', '{{}}', n, 'Ticket', {_CLIENT}, 'CLOSED',
 (array['LOW', 'NORMAL', 'HIGH', 'URGENT'])[1 + n %% 4], made + interval '4 hours',
 made + n %% 300 * interval '1 minute', made + n %% 9000 * interval '1 minute'
from generate_series(1, %(orders)s) n, lateral (select {_AT} as at) one,
 lateral (select {_TIME.format(at="at")} as made) two""",
    f"""insert into subscriptions (org_id, id, version, updated_at, metadata, client_id, service_id, quantity,
 unit_price, currency, tax_rate, interval, timezone, start_date, anchor_date, status, next_period, cancel_at_period_end)
select %(org)s, {_id("subscriptions")}, 1, now(), '{{}}', {_CLIENT}, {_SERVICE}, 1, 1000, 'EUR', 19, 'MONTH', 'UTC',
 '2023-01-01', '2023-01-01', 'ACTIVE', 0, false from generate_series(1, %(orders)s / 4) n""",
    f"""insert into subscription_changes (org_id, id, subscription_id, at, mrr_before, mrr_after)
select %(org)s, {_id("changes", "(n * 4 + change)")}, {_id("subscriptions")},
 {_TIME.format(at=_AT)} + change * interval '20 days',
 (array[0, 1000, 1500, 0])[change + 1], (array[1000, 1500, 0, 700])[change + 1]
from generate_series(1, %(orders)s / 4) n, generate_series(0, 3) change""",
    f"""insert into agent_definitions (org_id, id, version, updated_at, name, name_key, model, instructions, tools,
 max_steps, max_tokens, max_cost, timeout_seconds, max_attempts, status)
select %(org)s, {_id("agents")}, 1, now(), 'Agent ' || n, 'agent ' || n, 'test', 'Help.', '[]', 20, 100000, 1000000,
 600, 3, 'ACTIVE' from generate_series(0, %(agents)s - 1) n""",
    """insert into agent_definition_versions (org_id, definition_id, version, created_at, name, model, instructions,
 tools, max_steps, max_tokens, max_cost, timeout_seconds, max_attempts)
select org_id, id, version, updated_at, name, model, instructions, tools, max_steps, max_tokens, max_cost,
 timeout_seconds, max_attempts from agent_definitions where org_id = %(org)s""",
    f"""insert into agent_jobs (org_id, id, version, updated_at, definition_id, definition_version, client_id, input,
 output, status, attempt, ran_ms, scopes, currency, step_count, model_calls, input_tokens, output_tokens, cost,
 queued_at, finished_at, model)
select %(org)s, {_id("jobs")}, 1, at, {_AGENT}, 1, {_CLIENT}, '{{}}', '{{}}', 'SUCCEEDED', 1, 4000, '{{}}', 'USD', 4, 4,
 4000, 400, 4 * (n %% 1000), at, at + interval '1 minute', 'test'
from generate_series(1, %(orders)s / 4) n, lateral (select {_TIME.format(at=_AT)} as at) one""",
    f"""insert into agent_steps (org_id, id, job_id, index, kind, input_tokens, output_tokens, cost, reserved,
 started_at, finished_at)
select %(org)s, {_id("steps", "(n * 4 + step)")}, {_id("jobs")}, step, 'MODEL', 1000, 100, n %% 1000, 0, at,
 at + step * interval '1 second'
from generate_series(1, %(orders)s / 4) n, generate_series(0, 3) step,
 lateral (select {_TIME.format(at=_AT)} as at) one""",
)
_TABLES = (
    "clients",
    "services",
    "orders",
    "invoices",
    "invoice_payments",
    "tickets",
    "subscriptions",
    "subscription_changes",
    "agent_definitions",
    "agent_definition_versions",
    "agent_jobs",
    "agent_steps",
)
# What is done for each row that is inserted, and takes a tenth of the time for all of them at once. The rows of foreign
# keys are right: to check them would be to look up each.
_DROPPED = """
select format('alter table %%s drop constraint %%I', conrelid::regclass, conname),
 format('alter table %%s add constraint %%I %%s not valid', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint where contype = 'f' and conrelid = any(%(tables)s::regclass[])
union all
select format('drop index %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
from pg_index where indrelid = any(%(tables)s::regclass[])
 and not exists (select from pg_constraint where conindid = indexrelid)
"""


def _fill(owner_url: str, values: dict[str, Any]) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [str(values["org"])])
        connection.execute("set maintenance_work_mem = '256MB'")
        dropped = connection.execute(_DROPPED, {"tables": list(_TABLES)}).fetchall()
        for drop, _ in dropped:
            connection.execute(drop)
        for statement in _STATEMENTS:
            connection.execute(statement, values)
        for _, add in dropped:
            connection.execute(add)
        for table in _TABLES:
            connection.execute(f"vacuum analyze {table}")


async def _organization(settings: Settings) -> UUID:
    async with running(settings) as runtime:
        ctx = organizations.command_line(runtime, new_uuid())
        async with ctx.transaction():
            return await organizations.create(ctx, "Bench", f"bench-{ctx.org_id.hex}")


async def _work(settings: Settings, org_id: UUID, kind: ReportKind) -> dict[str, Any]:
    """Compute one report in this process, as a worker does."""
    async with running(settings, max_size=4) as runtime:
        declared = DEFINITIONS[kind]
        given = {"end_date": LAST} | ({"start_date": FIRST} if declared.ranges else {})
        ctx = organizations.command_line(runtime, org_id)
        async with ctx.transaction():
            made = await mutations.create(ctx, {"kind": kind, "parameters": given})
            (job,) = ctx.jobs_to_wake
        claim = await jobs.claim(runtime, org_id, job, 600)
        assert claim is not None, "the job of the new report is due"
        started, used = perf_counter(), process_time()
        due = Due(org_id, claim.id, claim.concurrency_key, claim.function.queue)
        await compute.HANDLER.run(runtime, claim, Slot(FairQueue(1, perf_counter), due, lambda: None))
        seconds, used = perf_counter() - started, process_time() - used
        async with runtime.bound(org_id) as connection:
            computed = _computed([row["pid"] for row in await connection.fetch(_OURS)])
            sql = (
                "select status, (select count(*) from report_rows where report_id = r.id) from reports r where id = $1"
            )
            status, rows = await connection.fetchrow(sql, made["id"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {"seconds": round(seconds, 2), "computed": round(used + computed, 2), "megabytes": peak // 1024}
    return {"status": status, "rows": rows, **figures}


# The processes of PostgreSQL that served a process alone.
_OURS = "select pid from pg_stat_activity where usename = current_user and datname = current_database()"


def _computed(processes: list[int]) -> float:
    """The seconds that PostgreSQL's processes have computed; none where it runs elsewhere."""
    scheduled = (Path(f"/proc/{each}/schedstat") for each in processes)
    return sum(int(each.read_text(encoding="ascii").split()[0]) / 1e9 for each in scheduled if each.exists())


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument(
        "--orders", type=int, default=1_000_000, help="how many orders, invoices, tickets and steps there are"
    )
    parser.add_argument("--work", nargs=2, metavar=("ORGANIZATION", "KIND"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        org, kind = arguments.work
        found = asyncio.run(_work(load(Settings), UUID(org), ReportKind(kind)))
        print(json.dumps(found))
        return 0
    with database() as urls:
        org_id = asyncio.run(_organization(settings_of(urls)))
        started = perf_counter()
        values = {"org": org_id, "orders": arguments.orders, "clients": arguments.orders // 20, "services": 200}
        values["agents"] = 50
        _fill(urls["MIGRATION_DATABASE_URL"], values)
        print(f"{arguments.orders:,} orders, filled in {perf_counter() - started:.0f} s", flush=True)
        print("| kind | rows | seconds | seconds computed | peak MB of the process |\n|---|--:|--:|--:|--:|")
        slow = False
        for kind in ReportKind:
            command = [sys.executable, "-m", "bench.reports", "--work", str(org_id), kind]
            ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8", env=os.environ | urls)
            found = json.loads(ran.stdout.splitlines()[-1])
            print(
                f"| {kind} | {found['rows']:,} | {found['seconds']} | {found['computed']} | {found['megabytes']} |",
                flush=True,
            )
            slow |= found["status"] != "READY" or found["seconds"] > 10 or found["megabytes"] > 300
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
