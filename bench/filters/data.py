"""An organization of a million orders, made inside the database: filters have values that match none, few and many."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg

from bench.filters import background
from bench.filters.ids import SINCE, row_id

TABLES = (
    "members", "api_keys", "clients", "services", "orders", "messages", "subscriptions", "invoices", "tickets",
    "replies", "forms", "submissions", "search_words", "tag_uses", "assignments", "webhook_endpoints", "events",
    "deliveries", "audit_entries", *background.TABLES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of rows."""

    clients: int
    services: int
    orders: int
    messages: int
    deliveries: int
    members: int = 1_000
    api_keys: int = 1_000
    tickets: int = 0
    replies: int = 0
    subscriptions: int = 0
    invoices: int = 100
    forms: int = 100
    audit_entries: int = 0
    submissions: int = 0
    agent_definitions: int = 100
    agent_jobs: int = 0
    reports: int = 100
    report_rows: int = 0
    failed_jobs: int = 0


LARGE = Size(
    clients=200_000, services=2_000, orders=1_000_000, messages=1_000_000, deliveries=200_000, tickets=1_000_000,
    replies=200_000, subscriptions=200_000, invoices=1_000_000, forms=1_000, submissions=1_000_000,
    audit_entries=1_000_000, agent_definitions=1_000, agent_jobs=1_000_000, reports=1_000, report_rows=100_000,
    failed_jobs=200_000,
)  # fmt: skip
# An import of an afternoon.
FRESH = Size(
    clients=2_400, services=40, orders=4_800, messages=4_800, deliveries=1_000, tickets=4_800, replies=4_800,
    subscriptions=4_800, invoices=4_800, submissions=4_800, audit_entries=4_800, agent_jobs=4_800,
)  # fmt: skip

_PARTY = """'{"name": "Ada", "contact": null, "address": null, "taxId": null, "email": null, "phone": null}'::jsonb"""
# Of 10,000 rows: 8,000 are the commonest, one is the rarest.
_STATEMENTS = (
    f"""insert into members (org_id, id, version, updated_at, name, name_key, email, email_key, role, status, timezone)
select %(org)s, {row_id("members", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), 'Member ' || n, 'member ' || n,
 'member.' || n || '@example.org', 'member.' || n || '@example.org',
 case when n = 7 then 'OWNER' when n %% 10 = 1 then 'ADMIN' else 'STAFF' end,
 case when n = 8 then 'SUSPENDED' else 'ACTIVE' end, 'UTC'
from generate_series(1, %(members)s) as n""",
    f"""insert into api_keys (org_id, id, version, updated_at, name, digest, pepper_version, last_four, scopes,
 expires_at, revoked_at, created_by)
select %(org)s, {row_id("api_keys", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), 'Key ' || n, ''::bytea, 1, 'abcd',
 array['*'], case when n %% 10 = 1 then to_timestamp({SINCE} / 1000.0) end,
 case when n = 7 then to_timestamp({SINCE} / 1000.0 + n) end, 'bench'
from generate_series(1, %(api_keys)s) as n""",
    f"""insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key, company,
 status)
select %(org)s, {row_id("clients", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), '{{}}',
 case when n %% 10 = 0 then array['vip'] when n %% 20000 = 1 then array['rare'] else array[]::text[] end,
 'Client ' || n, 'client ' || n, 'client.' || n || '@example.org', 'client.' || n || '@example.org', 'Company ' || n,
 case when n %% 10000 = 7 then 'ARCHIVED' when n %% 10 = 1 then 'LEAD' when n %% 10 = 2 then 'INACTIVE'
 else 'ACTIVE' end
from generate_series(1, %(clients)s) as n""",
    f"""insert into forms (org_id, id, version, updated_at, metadata, name, name_key, status, fields, create_client,
 create_ticket)
select %(org)s, {row_id("forms", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), '{{}}', 'Form ' || n, 'form ' || n,
 case when n = 7 then 'DRAFT' when n %% 10 = 1 then 'CLOSED' else 'PUBLISHED' end, '[]', false, false
from generate_series(1, %(forms)s) as n""",
    f"""insert into services (org_id, id, version, updated_at, metadata, tags, name, name_key, description, price,
 currency, tax_rate, billing, interval, intake_form_id, status)
select %(org)s, {row_id("services", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), '{{}}',
 case when n %% 10 = 0 then array['vip'] else array[]::text[] end,
 'Service ' || n, 'service ' || n, null, n * 100, 'EUR', 0,
 case when n %% 10000 = 9 then 'RECURRING' else 'ONE_TIME' end, case when n %% 10000 = 9 then 'MONTH' end,
 case when n %% 3 > 0 then {row_id("forms", "1 + n %% %(forms)s")} end,
 case when n = 7 then 'DRAFT' when n %% 10 = 1 then 'ARCHIVED' else 'ACTIVE' end
from generate_series(1, %(services)s) as n""",
    f"""insert into orders (org_id, id, version, updated_at, metadata, tags, number, client_id, service_id, quantity,
 unit_price, total, currency, tax_rate, assignee_ids, status, due_at, held_seconds, revisions, form_id, form_version,
 form_data)
select %(org)s, {row_id("orders", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), '{{}}',
 case when n %% 10 = 0 then array['vip'] when n %% 100000 = 1 then array['rare'] else array[]::text[] end,
 n, {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")},
 {row_id("services", "1 + (hashint4(n::int + 1)::bigint & 2147483647) %% %(services)s")}, 1,
 (n::bigint * 7919 %% 1000003), (n::bigint * 7919 %% 1000003), 'EUR', 0,
 case when n %% 10 = 0 then '{{}}' when n %% 10 < 3 then array[{row_id("members", "1 + n %% %(members)s")}]
 else array[{row_id("members", "1")}] end,
 case when n %% 10000 = 7 then 'REVISION_REQUESTED' when n %% 10 = 1 then 'PENDING' when n %% 10 = 2 then 'IN_PROGRESS'
 else 'COMPLETED' end,
 case when n %% 3 = 0 then null else to_timestamp({SINCE} / 1000.0 + n::bigint * 7919 %% 1000003) end, 0, 0,
 case when n %% 3 > 0 then {row_id("forms", "1 + n %% %(forms)s")} end, case when n %% 3 > 0 then 1 end,
 case when n %% 3 > 0 then '{{}}'::jsonb end
from generate_series(1, %(orders)s) as n""",
    f"""insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,
 attachments)
select %(org)s, {row_id("messages", "n")}, 1, now(), {row_id("orders", "1 + (n::bigint * 7919) %% %(orders)s")},
 case when n %% 10000 = 7 then 'AGENT' when n %% 3 = 0 then 'CLIENT' else 'STAFF' end, 'Ada', 'Hello ' || n,
 case when n %% 10000 = 8 then 'INTERNAL' else 'PUBLIC' end, '[]'
from generate_series(1, %(messages)s) as n""",
    f"""insert into tickets (org_id, id, version, updated_at, metadata, tags, number, subject, client_id, order_id,
 assignee_id, status, priority, first_response_due_at, first_response_at, waiting_since, resolved_at)
select %(org)s, {row_id("tickets", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), '{{}}',
 case when n %% 10 = 0 then array['vip'] when n %% 100000 = 1 then array['rare'] else array[]::text[] end,
 n, 'Ticket ' || n,
 case when n %% 10000 <> 7 then {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")} end,
 case when n %% 3 > 0 then {row_id("orders", "1 + (hashint4(n::int + 1)::bigint & 2147483647) %% %(orders)s")} end,
 case when n %% 10 > 0 then {row_id("members", "1 + n %% %(members)s")} end,
 case when n %% 10000 = 7 then 'SPAM' when n %% 10 = 1 then 'OPEN' when n %% 10 = 2 then 'PENDING' else 'CLOSED' end,
 case when n %% 10000 = 7 then 'URGENT' when n %% 10 = 1 then 'HIGH' else 'NORMAL' end,
 to_timestamp({SINCE} / 1000.0 + n), case when n %% 10000 <> 7 then to_timestamp({SINCE} / 1000.0 + n - 60) end,
 case when n %% 3 > 0 then to_timestamp({SINCE} / 1000.0 + n::bigint * 7919 %% 1000003) end,
 case when n %% 10000 <> 7 and n %% 10 not in (1, 2) then to_timestamp({SINCE} / 1000.0 + n) end
from generate_series(1, %(tickets)s) as n""",
    f"""insert into replies (org_id, id, version, updated_at, ticket_id, author_kind, author_name, body, visibility,
 attachments)
select %(org)s, {row_id("replies", "n")}, 1, now(), {row_id("tickets", "1 + (n::bigint * 7919) %% %(tickets)s")},
 case when n %% 10000 = 7 then 'AGENT' when n %% 3 = 0 then 'CLIENT' else 'STAFF' end, 'Ada', 'Hello ' || n,
 case when n %% 10000 = 8 then 'INTERNAL' else 'PUBLIC' end, '[]'
from generate_series(1, %(replies)s) as n""",
    f"""insert into subscriptions (org_id, id, version, updated_at, metadata, client_id, service_id, quantity,
 unit_price, currency, tax_rate, interval, timezone, start_date, anchor_date, status, next_period, cancel_at_period_end,
 paused_at, cancelled_at, current_period_start, current_period_end)
select %(org)s, {row_id("subscriptions", "n")}, 1, at, '{{}}',
 {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")},
 {row_id("services", "1 + (hashint4(n::int + 1)::bigint & 2147483647) %% %(services)s")}, 1, 1000, 'EUR', 0, 'MONTH',
 'UTC', at::date, at::date, status, 0, false, case when status = 'PAUSED' then at end,
 case when status = 'CANCELLED' then at end, period_end - interval '30 days', period_end
from generate_series(1, %(subscriptions)s) as n,
 lateral (select case when n %% 3 > 0 then to_timestamp({SINCE} / 1000.0 + n::bigint * 7919 %% 1000003) end
 as period_end) as two, lateral (select to_timestamp({SINCE} / 1000.0 + n) as at, case when n %% 10000 = 7 then 'PAUSED'
 when n %% 10 = 1 then 'CANCELLED' else 'ACTIVE' end as status) as one""",
    f"""insert into invoices (org_id, id, version, updated_at, metadata, client_id, order_id, subscription_id, currency,
 subtotal, discount, taxes, tax, total, amount_paid, status, number, number_key, issued_at, due_at, seller, buyer,
 timezone, language)
select %(org)s, {row_id("invoices", "n")}, 1, at, '{{}}',
 {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")},
 case when n %% 2 = 0 and n <= %(orders)s then {row_id("orders", "n")} end,
 case when n %% 3 = 0 and n <= %(subscriptions)s then {row_id("subscriptions", "n")} end, 'EUR', total, 0, '[]', 0,
 total, case when status = 'PAID' then total else 0 end, status,
 case when issued then number end, case when issued then number end, case when issued then at end,
 -- Of 10,000 invoices that are open one is overdue.
 case when issued then at + case when status = 'OPEN' and n %% 10000 <> 2 then interval '10 years' else interval '0' end
 end,
 case when issued then {_PARTY} end, case when issued then {_PARTY} end, case when issued then 'UTC' end,
 case when issued then 'en' end
from generate_series(1, %(invoices)s) as n,
 lateral (select to_timestamp({SINCE} / 1000.0 + n) as at, n::bigint * 7919 %% 1000003 as total,
 '2026-' || lpad(n::text, 7, '0') as number, case when n %% 10000 = 7 then 'UNCOLLECTIBLE'
 when n %% 10 = 1 then 'DRAFT' when n %% 10 = 2 then 'OPEN' else 'PAID' end as status) as one,
 lateral (select status <> 'DRAFT' as issued) as two""",
    f"""insert into submissions (org_id, id, version, updated_at, form_id, form_version, data, spam, client_id,
 ticket_id)
select %(org)s, {row_id("submissions", "n")}, 1, now(), {row_id("forms", "1 + (n::bigint * 7919) %% %(forms)s")}, 1,
 '{{}}', n %% 10000 = 7,
 case when n %% 10000 <> 7 then {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")} end,
 case when n %% 3 > 0 and n <= %(tickets)s then {row_id("tickets", "n")} end
from generate_series(1, %(submissions)s) as n""",
    *(
        f"""insert into search_words (org_id, resource, word, subject_id)
select %(org)s, '{prefix}', w, {row_id(table, "n")} from generate_series(1, %({table})s) as n, unnest({words}) as w"""
        for prefix, table, words in (
            ("member", "members", "array['member', 'example', 'org', n::text]"),
            ("client", "clients", "array['client', 'company', 'example', 'org', n::text]"),
            ("service", "services", "array['service', n::text]"),
            ("order", "orders", "array[n::text]"),
            ("ticket", "tickets", "array['ticket', n::text]"),
            ("form", "forms", "array['form', n::text]"),
            ("invoice", "invoices", "array['2026', lpad(n::text, 7, '0')]"),
        )
    ),
    *(
        f"insert into tag_uses (org_id, resource, tag, subject_id)"
        f" select %(org)s, '{prefix}', tag, id from {table}, unnest(tags) as tag where org_id = %(org)s"
        for prefix, table in (
            ("client", "clients"),
            ("service", "services"),
            ("order", "orders"),
            ("ticket", "tickets"),
        )
    ),
    """insert into assignments (org_id, resource, assignee_id, subject_id)
select %(org)s, 'order', member, id from orders, unnest(assignee_ids) as member where org_id = %(org)s""",
    f"""insert into webhook_endpoints (org_id, id, version, updated_at, url, events, secret, api_version, status,
 scopes)
select %(org)s, {row_id("endpoints", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), 'https://hooks.example.com/',
 array['*'], ''::bytea, '1', case when n = 7 then 'DISABLED' else 'ENABLED' end, array['*']
from generate_series(1, 20) as n""",
    f"""insert into events (org_id, id, type, resource_id, resource_version, data, occurred_at)
select %(org)s, {row_id("events", "n")}, 'order.created', {row_id("orders", "n")}, 1, '{{}}', now()
from generate_series(1, %(deliveries)s) as n""",
    f"""insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
select %(org)s, {row_id("jobs", "n")}, 'WEBHOOK_DELIVERY', {row_id("deliveries", "n")}, {row_id("endpoints", "1")},
 'webhooks', now() + interval '1 day', 'QUEUED', 0, 0
from generate_series(1, %(clients)s) as n""",
    f"""insert into deliveries (org_id, id, event_id, endpoint_id, event_type, status, attempts, updated_at)
select %(org)s, {row_id("deliveries", "n")}, {row_id("events", "n")}, {row_id("endpoints", "1")}, 'order.created',
 case when n %% 10000 = 7 then 'FAILED' else 'SUCCEEDED' end, '[]', now()
from generate_series(1, %(deliveries)s) as n""",
    f"""insert into audit_entries (org_id, id, action, actor_kind, actor_id, actor_name, target_id, digest, request_id,
 source, occurred_at, mac)
select %(org)s, {row_id("audit_entries", "n")}, case when n %% 10000 = 7 then 'order:delete' when n %% 10 = 1 then
 'order:create' else 'order:update' end, 'KEY', case when n %% 10000 = 7 then 'cli' else 'apikey_' || n %% 100 end,
 'Key', {row_id("orders", "1 + (n::bigint * 7919) %% %(orders)s")}, ''::bytea, 'bench',
 case when n %% 10000 = 7 then 'CLI' when n %% 10 = 1 then 'REST' else 'GRAPHQL' end,
 to_timestamp({SINCE} / 1000.0 + n), decode(repeat('00', 34), 'hex')
from generate_series(1, %(audit_entries)s) as n""",
    *background.STATEMENTS,
)
# The statements make keys that exist: they are not looked up again for each of millions of rows.
_UNCHECKED = """select format('alter table %%s drop constraint %%I', conrelid::regclass, conname),
 format('alter table %%s add constraint %%I %%s not valid', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint where contype = 'f' and conrelid::regclass::text = any(%s)"""


def fill(owner_url: str, org_id: UUID, size: Size) -> None:
    """Fill an organization; PostgreSQL keeps no statistics of the tables until ``analyze``."""
    values: Mapping[str, object] = {"org": org_id} | {name: getattr(size, name) for name in size.__slots__}
    with psycopg.connect(owner_url) as connection:
        for table in TABLES:
            connection.execute(f"alter table {table} set (autovacuum_enabled = false)")
        connection.execute("select set_config('app.org_id', %s, true)", [str(org_id)])
        keys = connection.execute(_UNCHECKED, [list(TABLES)]).fetchall()
        for statement in (*(drop for drop, _ in keys), *_STATEMENTS, *(add for _, add in keys)):
            connection.execute(statement, values)


def analyze(owner_url: str) -> None:
    """What autovacuum does within minutes."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"vacuum analyze {table}")
