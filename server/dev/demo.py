"""The demo organization: the same rows up to the day that it is loaded, once, and a key to look at them with."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.agent_jobs import agent_jobs
from models.agent_jobs_steps import agent_steps
from models.agents import agent_definition_versions, agent_definitions
from models.api_keys import API_KEY
from models.clients import clients
from models.forms import form_versions, forms, submissions
from models.invoice_parts import invoice_lines, invoice_payments
from models.invoices import invoices
from models.jobs import jobs
from models.lookups import assignments, search_words, tag_uses
from models.members import members
from models.messages import messages
from models.orders import ORDER, orders
from models.organizations import counters, directory
from models.services import services
from models.subscriptions import subscription_changes, subscription_periods, subscriptions
from models.tickets import TICKET, replies, tickets
from models.typeid import encode
from resolvers import organizations, settings
from resolvers.api_keys import mutations as api_keys
from resolvers.api_keys.rights import bind_all
from resolvers.changes.numbers import FIRST
from resolvers.collections.rows import Key
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, statement
from resolvers.jobs.timers import timer_key
from server.dev.accounts import make_data_folder
from server.dev.demo_agents import SCOPES, Agents, agents_of
from server.dev.demo_invoices import NAME, Invoices, invoices_of
from server.dev.demo_key import require_its_keys, write_key
from server.dev.demo_maker import Row
from server.dev.demo_reports import request_reports
from server.dev.demo_rows import Rows, Size, rows_of
from server.dev.demo_subscriptions import Subscriptions, subscriptions_of
from server.settings import KEY_FILE, Settings
from server.wiring import running

SLUG = "demo"
SIZE = Size(clients=500, orders=3_000, messages=6_000, tickets=400)
# How many of the orders have an invoice.
INVOICES = 1_500
SUBSCRIPTIONS = 120
SEED = 20_250_106
SETTINGS = {
    "organization.address": "Lindenstraße 14\n10969 Berlin\nGermany",
    "organization.taxId": "DE123456789",
    "organization.email": "hello@demo.example",
    "organization.color": "#0a7d4f",
    "organization.paymentDetails": "IBAN DE89 3704 0044 0532 0130 00",
    "orders.revisionLimit": 3,
    "invoices.prefix": "DS-",
    "invoices.taxRate": Decimal(19),
}
# Further keys, whose secrets nobody has: their name, scopes, and whether they are revoked.
KEYS = (
    ("Website", ["forms:read", "services:read"], False),
    ("Accounting", ["clients:read", "invoices:write"], False),
    ("Old integration", ["*"], True),
)
# Rows of one statement: each stays far below the statement timeout.
_BATCH = 2_000

Say = Callable[[str], None]


@statement
def _load(table: sa.Table) -> sa.Insert:
    """Return the statement that loads rows of a table from one JSON array: COPY is refused where row-level security
    holds."""
    columns = [sa.column(each.name, each.type) for each in table.columns if each.name != "org_id"]
    given = sa.func.jsonb_to_recordset(sa.bindparam("rows", type_=pg.JSONB)).table_valued(*columns)
    rows = given.render_derived(name="given", with_types=True)
    return table.insert().from_select(["org_id", *(each.name for each in columns)], sa.select(ORG, *rows.c))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch


# Each with what its rows are called, None for what no list of the API shows.
Tables = tuple[tuple[str | None, sa.Table, Iterable[Row]], ...]


async def load_rows(ctx: Context, rows: Rows, say: Say) -> None:
    """Write an organization's rows in the context's transaction, with what finds them; a line for each kind of them."""
    numbers = [
        {"name": ORDER.prefix, "next": rows.next_number},
        {"name": TICKET.prefix, "next": FIRST + len(rows.tickets)},
    ]
    tables: Tables = (
        ("members", members, rows.members),
        ("clients", clients, rows.clients),
        ("forms", forms, rows.forms),
        (None, form_versions, rows.form_versions()),
        ("services", services, rows.services),
        ("orders", orders, rows.orders),
        ("messages", messages, rows.messages),
        ("tickets", tickets, rows.tickets),
        ("replies", replies, rows.replies),
        (None, jobs, _keyed(ctx, rows.timers)),
        ("submissions", submissions, rows.submissions),
        (None, directory, rows.directory()),
        (None, search_words, rows.words()),
        (None, tag_uses, rows.items("tag")),
        (None, assignments, rows.items("assignee_id")),
        (None, counters, numbers),
    )
    await _load_tables(ctx, tables, say)


def _keyed(ctx: Context, timers: Iterable[Row]) -> list[Row]:
    """Return timers with the key of their organization's."""
    return [row | {"concurrency_key": timer_key(ctx.org_id)} for row in timers]


async def load_subscriptions(ctx: Context, made: Subscriptions, say: Say) -> None:
    """Write subscriptions in the context's transaction, with the timers of the worker that goes on billing them."""
    tables: Tables = (
        ("subscriptions", subscriptions, made.subscriptions),
        (None, subscription_periods, made.periods),
        (None, subscription_changes, made.changes),
        (None, jobs, _keyed(ctx, made.timers)),
    )
    await _load_tables(ctx, tables, say)


async def load_invoices(ctx: Context, made: Invoices, say: Say) -> None:
    """Write invoices in the context's transaction, in the same way."""
    tables: Tables = (
        ("invoices", invoices, made.invoices),
        (None, invoice_lines, made.lines),
        ("payments", invoice_payments, made.payments),
        (None, search_words, made.words()),
        (None, counters, made.counters),
    )
    await _load_tables(ctx, tables, say)


async def load_agents(ctx: Context, made: Agents, say: Say) -> None:
    """Write agents in the context's transaction, with the runs and the timers of jobs that are left to a worker."""
    tables: Tables = (
        ("agent definitions", agent_definitions, made.definitions),
        (None, search_words, made.words()),
        (None, agent_definition_versions, made.versions()),
        ("agent jobs", agent_jobs, made.jobs),
        (None, agent_steps, made.steps),
        (None, jobs, made.runs),
        (None, jobs, _keyed(ctx, made.timers)),
    )
    await _load_tables(ctx, tables, say)


async def _load_tables(ctx: Context, tables: Tables, say: Say) -> None:
    for name, table, listed in tables:
        loaded = 0
        for batch in _batches(listed):
            await ctx.fetch(_load(table), rows=batch)
            loaded += len(batch)
        if name is not None:
            say(f"   {loaded:>7,} {name}")


async def seed(runtime: Runtime, say: Say, end: datetime) -> None:
    """Make the organization `demo` with rows up to a moment, whole or not at all; one that exists stays."""
    if await organizations.find(runtime, SLUG) is not None:
        return
    say(f"== Loading the demo organization ({SLUG})")
    rows = rows_of(SEED, SIZE, end)
    ctx = organizations.command_line(runtime, rows.org_id)
    async with ctx.transaction():
        await organizations.create(ctx, NAME, SLUG)
        await settings.change(ctx, {"values": SETTINGS})
        await load_rows(ctx, rows, say)
        subscribed = subscriptions_of(rows, SEED, SUBSCRIPTIONS, end)
        invoiced = invoices_of(rows, SEED, INVOICES, end, subscribed)
        await load_subscriptions(ctx, subscribed, say)
        await load_invoices(ctx, invoiced, say)
        await request_reports(ctx, end)
        for name, scopes, revoked in KEYS:
            row, _ = await api_keys.create(ctx, {"name": name, "scopes": scopes})
            if revoked:
                await api_keys.revoke(ctx, Key(encode(API_KEY.prefix, row["id"])))
        key, _ = await api_keys.create(ctx, {"name": "Agents", "scopes": SCOPES})
        await load_agents(ctx, agents_of(rows, SEED, key["id"], end), say)


def seed_demo(configured: Settings, say: Say) -> None:
    """Seed the demo and write its key into the data folder, where they are not there; let keys from before work.

    Raises what `server.wiring.running` raises, CommandError for a demo of other keys, and Refusal when the database
    goes away.
    """

    async def work() -> None:
        async with running(configured, min_size=0, max_size=1) as runtime:
            await require_its_keys(runtime, SLUG)
            await seed(runtime, say, now())
            await bind_all(runtime)
            await write_key(runtime, SLUG, configured.counterfoil_data / KEY_FILE)

    make_data_folder(configured.counterfoil_data)
    asyncio.run(work())
