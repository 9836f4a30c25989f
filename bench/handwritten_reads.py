"""W1 to W5 by hand: each answer from rows to dict literals, level by level."""

import zlib
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import orjson
from ulid_transform import bytes_to_ulid, ulid_to_bytes

from models.types import decimal_text
from schema.declaration.moments import shown_creation, shown_moment

Connection = Any  # a pool's proxy of an asyncpg connection
CLIENTS = "select id, name, email from clients where org_id = $1 order by id desc limit 50"
# The services are joined to what the limit has left: within it, each order before the limit would look for its own.
ORDERS = """
select nth, o.id, o.number, o.status, o.total, s.name from unnest($2::uuid[]) with ordinality as c(id, nth)
cross join lateral (
  select id, number, status, total, service_id from orders
  where org_id = $1 and client_id = c.id order by id desc limit 6) as o
join services s on s.org_id = $1 and s.id = o.service_id order by nth, o.id desc"""
FLAT_CLIENTS = "select id, name, email, company, status from clients where org_id = $1 order by id desc limit 50"
ORDER = """
select o.id, o.number, o.status, o.total, c.name, c.email, s.name, s.price from orders o
join clients c on c.org_id = $1 and c.id = o.client_id join services s on s.org_id = $1 and s.id = o.service_id
where o.org_id = $1 and o.id = $2"""
MESSAGES = """
select id, body, author_kind, author_name from messages where org_id = $1 and order_id = $2 order by id desc limit 10"""
LISTED = """
select id, name, email, company, phone, address, tax_id, status, tags, source, notes, metadata::text, updated_at,
version from clients where org_id = $1 order by id desc limit {}"""
GOT = """
select id, number, client_id, service_id, quantity, unit_price, total, currency, delivery_days, status, due_at,
started_at, held_at, held_seconds, delivered_at, completed_at, cancelled_at, cancelled_reason, revisions, notes,
form_data::text, form_id, form_version, tags, metadata::text, updated_at, version, tax_rate, assignee_ids
from orders where org_id = $1 and id = $2"""


def key_of(text: str) -> UUID:
    """Return the key in a public id."""
    return UUID(bytes=ulid_to_bytes(text.rpartition("_")[2].upper()))


async def nested(con: Connection, org_id: UUID, _variables: Any) -> Any:
    """W1: the clients, then the orders of them all with their services."""
    clients = await con.fetch(CLIENTS, org_id)
    found: list[list[Any]] = [[] for _ in clients]
    for nth, key, number, status, total, service in await con.fetch(ORDERS, org_id, [row[0] for row in clients]):
        found[nth - 1].append(
            {
                "id": "order_" + bytes_to_ulid(key.bytes).lower(),
                "number": number,
                "status": status,
                "total": total,
                "service": {"name": service},
            }
        )
    nodes = [
        {
            "id": "client_" + bytes_to_ulid(key.bytes).lower(),
            "name": name,
            "email": email,
            "orders": {"nodes": orders[:5], "pageInfo": {"hasNextPage": len(orders) > 5}},
        }
        for (key, name, email), orders in zip(clients, found, strict=True)
    ]
    return {"data": {"clients": {"nodes": nodes}}}


async def flat(con: Connection, org_id: UUID, _variables: Any) -> Any:
    """W2: the clients."""
    nodes = [
        {
            "id": "client_" + bytes_to_ulid(key.bytes).lower(),
            "name": name,
            "email": email,
            "company": company,
            "status": status,
            "createdAt": shown_creation(key),
        }
        for key, name, email, company, status in await con.fetch(FLAT_CLIENTS, org_id)
    ]
    return {"data": {"clients": {"nodes": nodes}}}


async def one(con: Connection, org_id: UUID, variables: Any) -> Any:
    """W3: the order with its client and service, then its messages."""
    wanted = key_of(variables["id"])
    row = await con.fetchrow(ORDER, org_id, wanted)
    if row is None:
        return {"data": {"order": None}}
    key, number, status, total, client_name, client_email, service_name, service_price = row
    messages = [
        {
            "id": "message_" + bytes_to_ulid(message.bytes).lower(),
            "body": body,
            "author": {"kind": author_kind, "name": author_name},
            "createdAt": shown_creation(message),
        }
        for message, body, author_kind, author_name in await con.fetch(MESSAGES, org_id, wanted)
    ]
    order = {
        "id": "order_" + bytes_to_ulid(key.bytes).lower(),
        "number": number,
        "status": status,
        "total": total,
        "client": {"name": client_name, "email": client_email},
        "service": {"name": service_name, "price": service_price},
        "messages": {"nodes": messages},
    }
    return {"data": {"order": order}}


async def listed(con: Connection, org_id: UUID, limit: int) -> Any:
    """W4: a page of clients, and where the next begins."""
    # A number in the text, not a parameter: else PostgreSQL plans the statement anew each time.
    rows = await con.fetch(LISTED.format(limit + 1), org_id)
    more = len(rows) > limit
    data = [
        {
            "publicId": "client_" + bytes_to_ulid(row[0].bytes).lower(),
            "name": row[1],
            "email": row[2],
            "company": row[3],
            "phone": row[4],
            "address": row[5],
            "taxId": row[6],
            "status": row[7],
            "tags": row[8],
            "source": row[9],
            "notes": row[10],
            "metadata": orjson.Fragment(row[11]),
            "createdAt": shown_creation(row[0]),
            "updatedAt": shown_moment(row[12]),
            "version": row[13],
        }
        for row in rows[:limit]
    ]
    cursor = None
    if more:
        body = orjson.dumps([1, "clients", "-id", [rows[limit - 1][0].hex]])
        cursor = urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).rstrip(b"=").decode()
    return {"data": data, "pagination": {"limit": limit, "hasMore": more, "nextCursor": cursor}}


async def got(con: Connection, org_id: UUID, public_id: str) -> Any:
    """W5: one order."""
    row = await con.fetchrow(GOT, org_id, key_of(public_id))
    if row is None:
        return None
    data = {
        "publicId": public_id,
        "number": row[1],
        "clientId": "client_" + bytes_to_ulid(row[2].bytes).lower(),
        "serviceId": "service_" + bytes_to_ulid(row[3].bytes).lower(),
        "assigneeIds": ["member_" + bytes_to_ulid(key.bytes).lower() for key in row[28]],
        "quantity": row[4],
        "unitPrice": row[5],
        "total": row[6],
        "currency": row[7],
        "taxRate": decimal_text(row[27]),
        "deliveryDays": row[8],
        "status": row[9],
        "dueAt": None if row[10] is None else shown_moment(row[10]),
        "startedAt": None if row[11] is None else shown_moment(row[11]),
        "heldAt": None if row[12] is None else shown_moment(row[12]),
        "heldSeconds": row[13],
        "deliveredAt": None if row[14] is None else shown_moment(row[14]),
        "completedAt": None if row[15] is None else shown_moment(row[15]),
        "cancelledAt": None if row[16] is None else shown_moment(row[16]),
        "cancelledReason": row[17],
        "revisions": row[18],
        "notes": row[19],
        "formData": None if row[20] is None else orjson.Fragment(row[20]),
        "formId": None if row[21] is None else "form_" + bytes_to_ulid(row[21].bytes).lower(),
        "formVersion": row[22],
        "tags": row[23],
        "metadata": orjson.Fragment(row[24]),
        "createdAt": shown_creation(row[0]),
        "updatedAt": shown_moment(row[25]),
        "version": row[26],
    }
    return {"data": data}
