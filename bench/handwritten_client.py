"""W7 by hand: a client's page, its lists side by side, each by one statement."""

from typing import Any
from uuid import UUID

from ulid_transform import bytes_to_ulid

from bench.handwritten_reads import Connection, key_of
from schema.declaration.moments import shown_creation, shown_moment

CLIENT = "select id, name, email, company, status, tags from clients where org_id = $1 and id = $2"
ORDERS = """
select o.id, o.number, o.status, o.total, o.currency, s.name from (
  select id, number, status, total, currency, service_id from orders
  where org_id = $1 and client_id = $2 order by id desc limit 5) as o
join services s on s.org_id = $1 and s.id = o.service_id order by o.id desc"""
INVOICES = """
select id, number, status, total, amount_paid, due_at from invoices
where org_id = $1 and client_id = $2 order by id desc limit 5"""
TICKETS = """
select id, number, subject, status, priority from tickets
where org_id = $1 and client_id = $2 order by id desc limit 5"""
SUBSCRIPTIONS = """
select id, status, quantity, unit_price, currency, current_period_end from subscriptions
where org_id = $1 and client_id = $2 order by id desc limit 2"""
TOTALS = """
select currency, sum(amount_paid)::bigint from invoices
where org_id = $1 and client_id = $2 and amount_paid > 0 group by currency order by currency"""


def _shown(prefix: str, key: UUID) -> str:
    return f"{prefix}_{bytes_to_ulid(key.bytes).lower()}"


async def page(con: Connection, org_id: UUID, variables: Any) -> Any:
    """The client with its newest orders, invoices, tickets and subscriptions, and what it has paid."""
    wanted = key_of(variables["id"])
    row = await con.fetchrow(CLIENT, org_id, wanted)
    if row is None:
        return {"data": {"client": None}}
    orders = [
        {
            "id": _shown("order", key),
            "number": number,
            "status": status,
            "total": total,
            "currency": currency,
            "createdAt": shown_creation(key),
            "service": {"name": service},
        }
        for key, number, status, total, currency, service in await con.fetch(ORDERS, org_id, wanted)
    ]
    invoices = [
        {
            "id": _shown("invoice", key),
            "number": number,
            "status": status,
            "total": total,
            "amountDue": 0 if status == "VOID" else total - paid,
            "dueAt": None if due is None else shown_moment(due),
        }
        for key, number, status, total, paid, due in await con.fetch(INVOICES, org_id, wanted)
    ]
    tickets = [
        {
            "id": _shown("ticket", key),
            "number": number,
            "subject": subject,
            "status": status,
            "priority": priority,
            "createdAt": shown_creation(key),
        }
        for key, number, subject, status, priority in await con.fetch(TICKETS, org_id, wanted)
    ]
    subscriptions = [
        {
            "id": _shown("subscription", key),
            "status": status,
            "quantity": quantity,
            "unitPrice": price,
            "currency": currency,
            "currentPeriodEnd": None if end is None else shown_moment(end),
        }
        for key, status, quantity, price, currency, end in await con.fetch(SUBSCRIPTIONS, org_id, wanted)
    ]
    totals = [
        {"currency": currency, "lifetimeValue": paid} for currency, paid in await con.fetch(TOTALS, org_id, wanted)
    ]
    key, name, email, company, status, tags = row
    client = {
        "id": _shown("client", key),
        "name": name,
        "email": email,
        "company": company,
        "status": status,
        "tags": tags,
        "createdAt": shown_creation(key),
        "orders": {"nodes": orders},
        "invoices": {"nodes": invoices},
        "tickets": {"nodes": tickets},
        "subscriptions": {"nodes": subscriptions},
        "totals": totals,
    }
    return {"data": {"client": client}}
