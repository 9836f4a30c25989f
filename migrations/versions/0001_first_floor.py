"""The first floor: organizations, keys, clients, services, orders, messages, webhooks, jobs, the audit log."""

from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT = "org_id = (nullif(current_setting('app.org_id'::text, true), ''::text))::uuid"

TABLES = """
CREATE TABLE api_keys (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    name VARCHAR(200) NOT NULL,
    digest BYTEA NOT NULL,
    pepper_version INTEGER NOT NULL,
    last_four TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    expires_at TIMESTAMP(3) WITH TIME ZONE,
    last_used_at TIMESTAMP(3) WITH TIME ZONE,
    revoked_at TIMESTAMP(3) WITH TIME ZONE,
    created_by TEXT NOT NULL,
    created_by_key UUID,
    CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT api_keys_org_id_created_by_key_fkey FOREIGN KEY(org_id, created_by_key) REFERENCES api_keys (org_id, id)
);
CREATE INDEX api_keys_org_id_created_by_key_idx ON api_keys (org_id, created_by_key);
CREATE TABLE audit_entries (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    action TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    target_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    request_id TEXT NOT NULL,
    source TEXT NOT NULL,
    occurred_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT audit_entries_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT audit_entries_actor_kind_check CHECK (actor_kind in ('KEY', 'JOB', 'MEMBER', 'PUBLIC', 'CLI')),
    CONSTRAINT audit_entries_source_check CHECK (source in ('GRAPHQL', 'REST', 'WORKER', 'PUBLIC', 'CLI'))
);
CREATE INDEX audit_entries_target_idx ON audit_entries (org_id, target_id, id);
CREATE TABLE clients (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    tags TEXT[] NOT NULL,
    name VARCHAR(200) NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    email VARCHAR(254) NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    company VARCHAR(200),
    phone VARCHAR(200),
    address VARCHAR(5000),
    tax_id VARCHAR(200),
    status TEXT NOT NULL,
    source VARCHAR(200),
    notes VARCHAR(5000),
    CONSTRAINT clients_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT clients_status_check CHECK (status in ('LEAD', 'ACTIVE', 'INACTIVE', 'ARCHIVED')),
    CONSTRAINT clients_email_key UNIQUE (org_id, email_key)
);
CREATE INDEX clients_name_idx ON clients (org_id, name_key, id);
CREATE INDEX clients_status_idx ON clients (org_id, status, id);
CREATE INDEX clients_updated_idx ON clients (org_id, updated_at, id);
CREATE TABLE counters (
    org_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    next BIGINT NOT NULL,
    CONSTRAINT counters_pkey PRIMARY KEY (org_id, name)
);
CREATE TABLE directory (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    org_id UUID NOT NULL,
    CONSTRAINT directory_pkey PRIMARY KEY (kind, key)
);
CREATE TABLE events (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    resource_id UUID NOT NULL,
    resource_version INTEGER NOT NULL,
    data TEXT NOT NULL,
    occurred_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (org_id, id)
);
CREATE TABLE idempotency_records (
    org_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    position INTEGER NOT NULL,
    fingerprint BYTEA NOT NULL,
    answer TEXT NOT NULL,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT idempotency_records_pkey PRIMARY KEY (org_id, api_key_id, key, position)
);
CREATE INDEX idempotency_records_age_idx ON idempotency_records (org_id, created_at);
CREATE TABLE jobs (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    lane UUID NOT NULL,
    queue TEXT NOT NULL,
    run_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    claim_no INTEGER NOT NULL,
    lease_token UUID,
    lease_until TIMESTAMP(3) WITH TIME ZONE,
    error_code TEXT,
    finished_at TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT jobs_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT jobs_kind_check CHECK (kind in ('WEBHOOK_DELIVERY', 'AUDIT_SEAL')),
    CONSTRAINT jobs_state_check CHECK (state in ('QUEUED', 'RUNNING', 'DONE', 'DEAD', 'CANCELLED'))
);
CREATE INDEX jobs_due_idx ON jobs (run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_finished_idx ON jobs (org_id, finished_at) WHERE finished_at is not null;
CREATE INDEX jobs_lease_idx ON jobs (lease_until) WHERE state = 'RUNNING';
CREATE INDEX jobs_queued_idx ON jobs (org_id, kind) WHERE state = 'QUEUED';
CREATE INDEX jobs_subject_idx ON jobs (org_id, subject_id);
CREATE TABLE org_settings (
    org_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value JSONB NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT org_settings_pkey PRIMARY KEY (org_id, name)
);
CREATE TABLE organizations (
    org_id UUID NOT NULL,
    name VARCHAR(200) NOT NULL,
    slug VARCHAR(63) COLLATE "C" NOT NULL,
    default_currency VARCHAR(3) NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT organizations_pkey PRIMARY KEY (org_id)
);
CREATE TABLE search_words (
    org_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    CONSTRAINT search_words_pkey PRIMARY KEY (org_id, kind, word, subject_id)
);
CREATE INDEX search_words_subject_idx ON search_words (org_id, subject_id, word);
CREATE TABLE services (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    tags TEXT[] NOT NULL,
    name VARCHAR(200) NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description VARCHAR(5000),
    price BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    billing TEXT NOT NULL,
    interval TEXT,
    delivery_days INTEGER,
    status TEXT NOT NULL,
    CONSTRAINT services_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT services_status_check CHECK (status in ('DRAFT', 'ACTIVE', 'ARCHIVED')),
    CONSTRAINT services_billing_check CHECK (billing in ('ONE_TIME', 'RECURRING')),
    CONSTRAINT services_interval_check CHECK (interval in ('WEEK', 'MONTH', 'QUARTER', 'YEAR')),
    CONSTRAINT services_recurring_interval_check CHECK ((billing = 'RECURRING') = (interval is not null)),
    CONSTRAINT services_price_check CHECK (price >= 0)
);
CREATE INDEX services_name_idx ON services (org_id, name_key, id);
CREATE INDEX services_price_idx ON services (org_id, price, id);
CREATE INDEX services_status_idx ON services (org_id, status, id);
CREATE INDEX services_updated_idx ON services (org_id, updated_at, id);
CREATE TABLE tag_uses (
    org_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    CONSTRAINT tag_uses_pkey PRIMARY KEY (org_id, kind, tag, subject_id)
);
CREATE INDEX tag_uses_subject_idx ON tag_uses (org_id, subject_id, tag);
CREATE TABLE webhook_endpoints (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    url VARCHAR(2000) NOT NULL,
    events TEXT[] NOT NULL,
    description VARCHAR(200),
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until TIMESTAMP(3) WITH TIME ZONE,
    api_version TEXT NOT NULL,
    status TEXT NOT NULL,
    disabled_reason TEXT,
    failing_since TIMESTAMP(3) WITH TIME ZONE,
    last_success_at TIMESTAMP(3) WITH TIME ZONE,
    scopes TEXT[] NOT NULL,
    deleted_at TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT webhook_endpoints_status_check CHECK (status in ('ENABLED', 'DISABLED'))
);
CREATE INDEX webhook_endpoints_live_idx ON webhook_endpoints (org_id, id) WHERE deleted_at is null;
CREATE TABLE audit_changes (
    org_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    salt BYTEA NOT NULL,
    changes TEXT NOT NULL,
    CONSTRAINT audit_changes_pkey PRIMARY KEY (org_id, entry_id),
    CONSTRAINT audit_changes_org_id_entry_id_fkey FOREIGN KEY(org_id, entry_id) REFERENCES audit_entries (org_id, id)
);
CREATE TABLE audit_seals (
    org_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    entry_id UUID NOT NULL,
    seal BYTEA NOT NULL,
    key_version INTEGER NOT NULL,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (org_id, sequence),
    CONSTRAINT audit_seals_entry_key UNIQUE (org_id, entry_id),
    CONSTRAINT audit_seals_org_id_entry_id_fkey FOREIGN KEY(org_id, entry_id) REFERENCES audit_entries (org_id, id)
);
CREATE TABLE deliveries (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts JSONB NOT NULL,
    next_attempt_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT deliveries_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT deliveries_status_check CHECK (status in ('PENDING', 'SENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    CONSTRAINT deliveries_event_endpoint_key UNIQUE (org_id, event_id, endpoint_id),
    CONSTRAINT deliveries_org_id_event_id_fkey FOREIGN KEY(org_id, event_id) REFERENCES events (org_id, id),
    CONSTRAINT deliveries_org_id_endpoint_id_fkey FOREIGN KEY(org_id, endpoint_id) REFERENCES webhook_endpoints (org_id, id)
);
CREATE INDEX deliveries_endpoint_idx ON deliveries (org_id, endpoint_id, id);
CREATE INDEX deliveries_status_idx ON deliveries (org_id, status, id);
CREATE TABLE orders (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    tags TEXT[] NOT NULL,
    number BIGINT NOT NULL,
    client_id UUID NOT NULL,
    service_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price BIGINT NOT NULL,
    total BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    delivery_days INTEGER,
    status TEXT NOT NULL,
    due_at TIMESTAMP(3) WITH TIME ZONE,
    started_at TIMESTAMP(3) WITH TIME ZONE,
    held_at TIMESTAMP(3) WITH TIME ZONE,
    delivered_at TIMESTAMP(3) WITH TIME ZONE,
    completed_at TIMESTAMP(3) WITH TIME ZONE,
    cancelled_reason VARCHAR(500),
    revisions INTEGER NOT NULL,
    notes VARCHAR(5000),
    form_data JSONB,
    CONSTRAINT orders_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT orders_status_check CHECK (status in ('PENDING', 'SUBMITTED', 'IN_PROGRESS', 'ON_HOLD', 'DELIVERED', 'REVISION_REQUESTED', 'COMPLETED', 'CANCELLED')),
    CONSTRAINT orders_total_check CHECK (quantity >= 1 and total = quantity * unit_price),
    CONSTRAINT orders_number_key UNIQUE (org_id, number),
    CONSTRAINT orders_org_id_client_id_fkey FOREIGN KEY(org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT orders_org_id_service_id_fkey FOREIGN KEY(org_id, service_id) REFERENCES services (org_id, id)
);
CREATE INDEX orders_client_idx ON orders (org_id, client_id, id);
CREATE INDEX orders_due_back_idx ON orders (org_id, coalesce(due_at, '-infinity'::timestamptz), id);
CREATE INDEX orders_due_idx ON orders (org_id, coalesce(due_at, 'infinity'::timestamptz), id);
CREATE INDEX orders_service_idx ON orders (org_id, service_id, id);
CREATE INDEX orders_status_idx ON orders (org_id, status, id);
CREATE INDEX orders_total_idx ON orders (org_id, total, id);
CREATE INDEX orders_updated_idx ON orders (org_id, updated_at, id);
CREATE TABLE messages (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    order_id UUID NOT NULL,
    author_kind TEXT NOT NULL,
    author_name VARCHAR(200) NOT NULL,
    body VARCHAR(20000) NOT NULL,
    visibility TEXT NOT NULL,
    attachments JSONB NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT messages_author_kind_check CHECK (author_kind in ('STAFF', 'CLIENT', 'AGENT', 'SYSTEM')),
    CONSTRAINT messages_visibility_check CHECK (visibility in ('PUBLIC', 'INTERNAL')),
    CONSTRAINT messages_org_id_order_id_fkey FOREIGN KEY(org_id, order_id) REFERENCES orders (org_id, id)
);
CREATE INDEX messages_author_idx ON messages (org_id, author_kind, id);
CREATE INDEX messages_order_idx ON messages (org_id, order_id, id);
CREATE INDEX messages_visibility_idx ON messages (org_id, visibility, id);
"""

# Table: what the application may do, and who may read.
PROTECTED = {
    "api_keys": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "audit_entries": ("SELECT, INSERT", TENANT),
    "clients": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "counters": ("SELECT, INSERT, UPDATE", TENANT),
    "directory": ("SELECT, INSERT, DELETE", "true"),
    "events": ("SELECT, INSERT, DELETE", TENANT),
    "idempotency_records": ("SELECT, INSERT, DELETE", TENANT),
    "jobs": ("SELECT, INSERT, UPDATE, DELETE", "true"),
    "org_settings": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "organizations": ("SELECT, INSERT, UPDATE", TENANT),
    "search_words": ("SELECT, INSERT, DELETE", TENANT),
    "services": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "tag_uses": ("SELECT, INSERT, DELETE", TENANT),
    "webhook_endpoints": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "audit_changes": ("SELECT, INSERT, DELETE", TENANT),
    "audit_seals": ("SELECT, INSERT", TENANT),
    "deliveries": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "orders": ("SELECT, INSERT, UPDATE, DELETE", TENANT),
    "messages": ("SELECT, INSERT", TENANT),
}


def upgrade() -> None:
    app_role = context.config.attributes["app_role"]
    for statement in TABLES.split(";"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    for name, (grants, read) in PROTECTED.items():
        run = op.get_bind().exec_driver_sql
        run(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        run(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        run(f"CREATE POLICY {name}_read ON {name} FOR SELECT USING ({read})")
        if "INSERT" in grants:
            run(f"CREATE POLICY {name}_insert ON {name} FOR INSERT WITH CHECK ({TENANT})")
        if "UPDATE" in grants:
            run(f"CREATE POLICY {name}_update ON {name} FOR UPDATE USING ({TENANT})")
        if "DELETE" in grants:
            run(f"CREATE POLICY {name}_delete ON {name} FOR DELETE USING ({TENANT})")
        run(f"GRANT {grants} ON {name} TO {app_role}")


def downgrade() -> None:
    for name in reversed(PROTECTED):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
