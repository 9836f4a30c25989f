"""W6 by hand: an order and all that follows from it, in one transaction, a statement for each table."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from ulid_transform import bytes_to_ulid, ulid_to_bytes

from models.typeid import new_uuid
from models.types import decimal_text
from resolvers.actor import Actor
from resolvers.audit.entries import mac_of
from resolvers.changes.numbers import reserve_number
from resolvers.database.runtime import Runtime
from schema.declaration.moments import shown_creation, shown_moment

CLIENT_AND_SERVICE = """
select c.status, s.status, s.price, s.currency, s.delivery_days, s.tax_rate from clients c, services s
where c.org_id = $1 and c.id = $2 and s.org_id = $1 and s.id = $3"""
ORDER = """
insert into orders (org_id, id, version, updated_at, metadata, tags, number, client_id, service_id, quantity,
unit_price, total, currency, delivery_days, tax_rate, assignee_ids, status, held_seconds, revisions)
values ($1, $2, 1, $3, '{}', '{}', $4, $5, $6, $7, $8, $9, $10, $11, $12, '{}', 'PENDING', 0, 0)"""
WORD = "insert into search_words (org_id, resource, word, subject_id) values ($1, 'order', $2, $3)"
ENTRY = """
insert into audit_entries (org_id, id, action, digest, target_id, actor_kind, actor_id, actor_name, request_id, source,
occurred_at, mac) values ($1, $2, 'order:create', $3, $4, 'KEY', $5, $6, $7, 'REST', $8, $9)"""
CHANGES = "insert into audit_changes (org_id, entry_id, salt, changes) values ($1, $2, $3, $4)"
SEAL = """
insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
select $1, $2, 'AUDIT_SEAL', $1, $1, 'audit', $3, 'QUEUED', 0, 0
where not exists (
  select from jobs where org_id = $1 and concurrency_key = $1 and function = 'AUDIT_SEAL' and state = 'QUEUED'
)"""
EVENT = """
insert into events (org_id, id, type, resource_id, resource_version, data, occurred_at, client_id)
values ($1, $2, 'order.created', $3, 1, $4, $5, $6)"""
ENDPOINTS = """
select id from webhook_endpoints where org_id = $1 and deleted_at is null and status = 'ENABLED'
and events && array['order.created', '*'] and scopes && array['orders:read', 'orders:write', '*']"""
DELIVERIES = """
insert into deliveries (org_id, id, event_id, endpoint_id, event_type, status, attempts, next_attempt_at, updated_at)
select $1, id, $2, endpoint, 'order.created', 'PENDING', '[]', $3, $3
from unnest($4::uuid[], $5::uuid[]) as new(id, endpoint)"""
JOBS = """
insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
select $1, id, 'WEBHOOK_DELIVERY', delivery, endpoint, 'webhooks', $2, 'QUEUED', 0, 0
from unnest($3::uuid[], $4::uuid[], $5::uuid[]) as new(id, delivery, endpoint)"""


def _key(text: str) -> UUID:
    return UUID(bytes=ulid_to_bytes(text.rpartition("_")[2].upper()))


async def create_order(con: Any, org_id: UUID, runtime: Runtime, actor: Actor, body: Any) -> tuple[str, bytes]:
    """Write the order, its word, its audit entry, its event, and a delivery with its job for each endpoint that hears.

    Returns the order's public id and its JSON. ValueError when it cannot be ordered.
    """
    client, service = _key(body["clientId"]), _key(body["serviceId"])
    found = await con.fetchrow(CLIENT_AND_SERVICE, org_id, client, service)
    if found is None or found[0] == "ARCHIVED" or found[1] != "ACTIVE":
        raise ValueError("no such client or service")
    price, currency, days, rate = found[2], found[3], found[4], found[5]
    quantity = body.get("quantity", 1)
    total = quantity * price
    number = await reserve_number(runtime, org_id, "order")
    key, entry, event = new_uuid(), new_uuid(), new_uuid()
    moment = datetime.now(UTC)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    public_id = "order_" + bytes_to_ulid(key.bytes).lower()
    text = orjson.dumps(
        {
            "publicId": public_id,
            "number": number,
            "clientId": body["clientId"],
            "serviceId": body["serviceId"],
            "assigneeIds": [],
            "quantity": quantity,
            "unitPrice": price,
            "total": total,
            "currency": currency,
            "taxRate": decimal_text(rate),
            "deliveryDays": days,
            "status": "PENDING",
            "dueAt": None,
            "startedAt": None,
            "heldAt": None,
            "heldSeconds": 0,
            "deliveredAt": None,
            "completedAt": None,
            "cancelledAt": None,
            "cancelledReason": None,
            "revisions": 0,
            "notes": None,
            "formData": None,
            "formId": None,
            "formVersion": None,
            "tags": [],
            "metadata": {},
            "createdAt": shown_creation(key),
            "updatedAt": shown_moment(moment),
            "version": 1,
        }
    )
    changes = orjson.dumps(
        {
            "assigneeIds": [None, []],
            "cancelledAt": [None, None],
            "cancelledReason": [None, None],
            "clientId": [None, body["clientId"]],
            "completedAt": [None, None],
            "currency": [None, currency],
            "deliveredAt": [None, None],
            "deliveryDays": [None, days],
            "dueAt": [None, None],
            "formData": [None, None],
            "formId": [None, None],
            "formVersion": [None, None],
            "heldAt": [None, None],
            "heldSeconds": [None, 0],
            "metadata": [None, {}],
            "notes": [None, None],
            "number": [None, number],
            "quantity": [None, quantity],
            "revisions": [None, 0],
            "serviceId": [None, body["serviceId"]],
            "startedAt": [None, None],
            "status": [None, "PENDING"],
            "tags": [None, []],
            "taxRate": [None, decimal_text(rate)],
            "total": [None, total],
            "unitPrice": [None, price],
        }
    )
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + changes).digest()
    await con.execute(ORDER, org_id, key, moment, number, client, service, quantity, price, total, currency, days, rate)
    await con.execute(WORD, org_id, str(number), key)
    request_id = new_uuid().hex
    mac = mac_of(
        runtime.seal_keys,
        org_id,
        {
            "id": entry,
            "action": "order:create",
            "digest": digest,
            "target_id": key,
            "actor_kind": "KEY",
            "actor_id": actor.id,
            "actor_name": actor.name,
            "request_id": request_id,
            "source": "REST",
            "occurred_at": moment,
        },
    )
    await con.execute(ENTRY, org_id, entry, digest, key, actor.id, actor.name, request_id, moment, mac)
    await con.execute(CHANGES, org_id, entry, salt, changes.decode())
    await con.execute(SEAL, org_id, new_uuid(), moment)
    await con.execute(EVENT, org_id, event, key, text.decode(), moment, client)
    endpoints = [row[0] for row in await con.fetch(ENDPOINTS, org_id)]
    if endpoints:
        deliveries = [new_uuid() for _ in endpoints]
        await con.execute(DELIVERIES, org_id, event, moment, deliveries, endpoints)
        await con.execute(JOBS, org_id, moment, [new_uuid() for _ in endpoints], deliveries, endpoints)
    return public_id, text
