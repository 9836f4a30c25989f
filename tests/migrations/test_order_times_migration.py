"""Orders and events from before they knew their times, their clients and their tax rate: the audit log and other rows
say them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import encode, new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

CLIENT = """insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key,
  status) values (%(org)s, %(id)s, 1, now(), '{}', '{}', 'A', 'a', 'a@example.com', 'a@example.com', 'ACTIVE')"""
SERVICE = """insert into services (org_id, id, version, updated_at, metadata, tags, name, name_key, price, currency,
  billing, status) values (%(org)s, %(id)s, 1, now(), '{}', '{}', 'S', 's', 1, 'EUR', 'ONE_TIME', 'ACTIVE')"""
ORDER = """insert into orders (org_id, id, version, updated_at, metadata, tags, number, client_id, service_id, quantity,
  unit_price, total, currency, status, revisions) values (%(org)s, %(id)s, 1, '2026-03-03', '{}', '{}', %(number)s,
  %(client)s, %(service)s, 1, 1, 1, 'EUR', %(status)s, 0)"""
MESSAGE = """insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body,
  visibility, attachments) values (%(org)s, %(id)s, 1, now(), %(order)s, 'STAFF', 'x', 'x', 'INTERNAL', '[]')"""
ENTRY = """insert into audit_entries (org_id, id, action, actor_kind, actor_id, actor_name, target_id, digest,
  request_id, source, occurred_at, mac) values (%(org)s, %(id)s, 'order:transition', 'KEY', 'k', 'k', %(target)s, '',
  'r', 'REST', %(at)s, decode(repeat('00', 34), 'hex'))"""
CHANGES = """insert into audit_changes (org_id, entry_id, salt, changes)
  values (%(org)s, %(id)s, decode(repeat('00', 16), 'hex'), %(changes)s)"""
EVENT = """insert into events (org_id, id, type, resource_id, resource_version, data, occurred_at)
  values (%(org)s, %(id)s, %(type)s, %(resource)s, 1, %(data)s, now())"""
SETTINGS = """insert into org_settings (org_id, version, updated_at, chosen)
  values (%(org)s, 1, now(), '{"invoices.taxRate": "7.7"}')"""
HELD = '{"heldAt":["%s",null],"status":["ON_HOLD","%s"]}'


def _moved(connection: psycopg.Connection, org: UUID, target: UUID, at: str, changes: str) -> None:
    values: dict[str, Any] = {"org": org, "id": new_uuid(), "target": target, "at": at, "changes": changes}
    connection.execute(ENTRY, values)
    connection.execute(CHANGES, values)


def test_what_older_orders_and_events_lack_is_filled_in(servers: Backends) -> None:
    with servers.empty_database() as made:
        role = role_of(made.database_url)
        upgrade(made.migration_database_url, role, "0015")
        org, client, service, gone = (new_uuid() for _ in range(4))
        held, cancelled, erased, message = (new_uuid() for _ in range(4))
        events: dict[UUID, tuple[UUID | None, str | None]] = {}
        with psycopg.connect(made.database_url) as connection:
            connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
            connection.execute(CLIENT, {"org": org, "id": client})
            connection.execute(SERVICE, {"org": org, "id": service})
            connection.execute(SETTINGS, {"org": org})
            for number, (order, status) in enumerate(
                ((held, "IN_PROGRESS"), (cancelled, "CANCELLED"), (erased, "CANCELLED"))
            ):
                ids: dict[str, Any] = {"org": org, "id": order, "client": client, "service": service}
                connection.execute(ORDER, ids | {"number": number, "status": status})
            connection.execute(MESSAGE, {"org": org, "id": message, "order": held})
            start = "2026-01-01T00:00:00.000+00:00"
            _moved(connection, org, held, "2026-01-01T00:00:10.900Z", HELD % (start, "IN_PROGRESS"))
            _moved(connection, org, held, "2026-01-02T00:00:00Z", HELD % (start, "IN_PROGRESS"))
            _moved(connection, org, held, "2026-01-03T00:00:00Z", '{"status":["IN_PROGRESS","DELIVERED"]}')
            _moved(
                connection,
                org,
                cancelled,
                "2026-02-02T00:00:00Z",
                HELD % ("2026-02-01T00:00:00.000+00:00", "CANCELLED"),
            )
            for type_, resource, data, wanted in (
                ("client.updated", client, "{}", (client, None)),
                ("order.created", held, "{}", (client, None)),
                ("order.deleted", new_uuid(), f'{{"clientId": "{encode("client", gone)}"}}', (gone, None)),
                ("message.created", message, "{}", (client, "INTERNAL")),
                ("service.created", service, "{}", (None, None)),
                ("webhook.test", new_uuid(), "{}", (None, None)),
            ):
                key = new_uuid()
                values = {"org": org, "id": key, "type": type_, "resource": resource, "data": data}
                connection.execute(EVENT, values)
                events[key] = wanted
        for _ in range(2):
            upgrade(made.migration_database_url, role)
            with psycopg.connect(made.database_url) as connection:
                connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                rows = connection.execute("select id, held_seconds, cancelled_at::date::text from orders").fetchall()
                assert {row[0]: row[1:] for row in rows} == {
                    held: (10 + 86_400, None), cancelled: (86_400, "2026-02-02"), erased: (0, "2026-03-03"),
                }  # fmt: skip
                rated = "select tax_rate from services union select tax_rate from orders"
                assert connection.execute(rated).fetchall() == [(Decimal("7.7"),)]
                found = connection.execute("select id, client_id, visibility, xact::text from events").fetchall()
                assert {row[0]: row[1:3] for row in found} == events
                assert len({row[3] for row in found}) == 1
                values = {"org": org, "id": new_uuid(), "type": "client.updated", "resource": client, "data": "{}"}
                connection.execute(EVENT, values)
                later = connection.execute("select max(xact::text::bigint) from events").fetchone()
                assert later is not None
                assert later[0] > int(found[0][3])
                connection.rollback()
            downgrade(made.migration_database_url, role, "0015")
