"""The database that is measured: organizations of seeded rows, each with a key."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bench.workloads import Sample
from models.base import TIMESTAMP
from models.clients import CLIENT, ClientStatus
from models.orders import ORDER
from models.services import SERVICE, ServiceStatus
from models.typeid import encode, new_uuid
from models.webhooks import API_VERSION, EndpointCircuit, EndpointStatus, webhook_endpoints
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, statement
from resolvers.webhooks.secrets import encrypt, new_secret
from server.dev.demo import load_invoices, load_rows, load_subscriptions
from server.dev.demo_invoices import Invoices, invoices_of
from server.dev.demo_maker import Row
from server.dev.demo_rows import Rows, Size, rows_of
from server.dev.demo_subscriptions import Subscriptions, subscriptions_of

MEASURED = Size(clients=10_000, orders=50_000, messages=100_000, tickets=20_000)
SMALL = Size(clients=20, orders=60, messages=120, tickets=40)
ORGANIZATIONS = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """An organization with rows, a key that may do everything, and ids to ask for."""

    org_id: UUID
    key: str
    sample: Sample


async def fill(runtime: Runtime, seed: int, size: Size) -> Filled:
    """A new organization with the rows of a seed, invoices of half of its orders and a subscription for each fourth of
    its clients among them; the order of the sample has the longest thread, and its busiest client the most orders,
    invoices, tickets and subscriptions."""
    rows = rows_of(seed, size)
    subscribed = subscriptions_of(rows, seed, size.clients // 4)
    made = invoices_of(rows, seed, size.orders // 2, subscriptions=subscribed)
    ctx = organizations.command_line(runtime, rows.org_id)
    async with ctx.transaction():
        await organizations.create(ctx, f"Bench {seed}", f"bench-{seed}")
        await load_rows(ctx, rows, lambda _line: None)
        await load_subscriptions(ctx, subscribed, lambda _line: None)
        await load_invoices(ctx, made, lambda _line: None)
        _, key = await api_keys.create(ctx, {"name": "bench", "scopes": ["*"]})
    return Filled(rows.org_id, key, _sample(rows, made, subscribed))


def _busiest(*lists: Iterable[Row]) -> UUID:
    counts = [Counter(row["client_id"] for row in listed) for listed in lists]
    found: UUID = max(counts[0], key=lambda client: (min(count[client] for count in counts), client))
    return found


def _sample(rows: Rows, made: Invoices, subscribed: Subscriptions) -> Sample:
    client = next(row for row in rows.clients if row["status"] is not ClientStatus.ARCHIVED)
    service = next(row for row in rows.services if row["status"] is ServiceStatus.ACTIVE)
    longest = Counter(message["order_id"] for message in rows.messages).most_common(1)[0][0]
    return Sample(
        client=encode(CLIENT.prefix, client["id"]),
        busiest=encode(CLIENT.prefix, _busiest(rows.orders, made.invoices, rows.tickets, subscribed.subscriptions)),
        service=encode(SERVICE.prefix, service["id"]),
        order=encode(ORDER.prefix, longest),
    )


@statement
def _endpoint() -> sa.Insert:
    given: dict[str, Any] = {
        "version": 1,
        "updated_at": sa.bindparam("moment", type_=TIMESTAMP),
        "id": sa.bindparam("id", type_=sa.Uuid),
        "url": sa.bindparam("url", type_=sa.Text),
        "events": sa.bindparam("anything", type_=pg.ARRAY(sa.Text)),
        "scopes": sa.bindparam("anything", type_=pg.ARRAY(sa.Text)),
        "secret": sa.bindparam("secret", type_=pg.BYTEA),
        "api_version": API_VERSION,
        "status": EndpointStatus.ENABLED.value,
        "timeouts": 0,
        "circuit": EndpointCircuit.CLOSED.value,
    }
    return webhook_endpoints.insert().values(org_id=ORG, **given)


async def listen(runtime: Runtime, org_id: UUID) -> None:
    """An endpoint that hears of everything; its deliveries wait, since no worker runs."""
    ctx: Context = organizations.command_line(runtime, org_id)
    key = new_uuid()
    secret = encrypt(runtime.secret_keys, org_id, key, new_secret())
    async with ctx.transaction():
        await ctx.fetch(
            _endpoint(), moment=now(), id=key, url="https://hooks.example.com/", anything=["*"], secret=secret
        )
