"""Organizations of up to a million orders, made inside the database from numbers."""

from collections.abc import Mapping
from uuid import UUID

import psycopg

ORDERS_OF_A_CLIENT = 5
# A client orders in the time after it came: its orders lie among those of so many clients who came with it.
CAME_TOGETHER = 1_000
# 2026-01-01, in milliseconds since 1970: after every row that the seeded loader makes.
_SINCE = 1_767_225_600_000
# A UUIDv7 of a number of milliseconds after it; the rest of its digits from a hash of the number and the table.
_ID = """(lpad(to_hex({since} + {number}), 12, '0') || '7' || left(md5('{table}' || {number}), 3)
 || '8' || right(md5('{table}' || {number}), 15))::uuid"""


def _id(table: str, number: str) -> str:
    return _ID.format(since=_SINCE, table=table, number=number)


_CLIENT = f"least(%(clients)s, (n - 1) / ({ORDERS_OF_A_CLIENT} * %(block)s) * %(block)s + 1 + n %% %(block)s)"
_CLIENTS = f"""
insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key, company, status)
select %(org)s, {_id("clients", "n")}, 1, now(), '{{}}', '{{}}', 'Client ' || n, 'client ' || n,
 'client.' || n || '@example.org', 'client.' || n || '@example.org', 'Company ' || n, 'ACTIVE'
from generate_series(1, %(clients)s) as n"""
_ORDERS = f"""
insert into orders (org_id, id, version, updated_at, metadata, tags, number, client_id, service_id, quantity,
 unit_price, total, currency, tax_rate, assignee_ids, status, held_seconds, revisions)
select %(org)s, {_id("orders", "n")}, 1, now(), '{{}}', '{{}}', 1000000 + n, {_id("clients", _CLIENT)},
 s.id, 1, s.price, s.price, s.currency, s.tax_rate, '{{}}', 'PENDING', 0, 0
from generate_series(1, %(orders)s) as n
join (select id, price, currency, tax_rate, row_number() over (order by id) - 1 as place, count(*) over () as services
 from services where org_id = %(org)s) as s on s.place = n %% s.services"""


def enlarge(environment: Mapping[str, str], org_id: UUID, orders: int) -> None:
    """Add so many orders to an organization, and a client for every five of them, newer than what it has."""
    clients = max(1, orders // ORDERS_OF_A_CLIENT)
    block = min(clients, CAME_TOGETHER)
    values = {"org": org_id, "clients": clients, "orders": orders, "block": block}
    # The owner is under the policies too, but has no deadline for a statement.
    with psycopg.connect(environment["MIGRATION_DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.org_id', %s, true)", [str(org_id)])
        connection.execute(_CLIENTS, values)
        connection.execute(_ORDERS, values)
