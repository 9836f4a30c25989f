"""Tickets and their replies, and the timers that wake them."""

from alembic import op

from migrations.tables import forget, protect

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BREACHES = (
    "case when first_response_at <= first_response_due_at then '9999-12-31 23:59:59.999Z'::timestamptz"
    " else first_response_due_at end"
)
WAITING = "case when waiting_since is null then '{}'::timestamptz else waiting_since end"
TABLES = f"""
CREATE TABLE tickets (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    tags TEXT[] NOT NULL,
    number BIGINT NOT NULL,
    subject VARCHAR(200) NOT NULL,
    client_id UUID,
    order_id UUID,
    assignee_id UUID,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    first_response_due_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    first_response_at TIMESTAMP(3) WITH TIME ZONE,
    waiting_since TIMESTAMP(3) WITH TIME ZONE,
    resolved_at TIMESTAMP(3) WITH TIME ZONE,
    snoozed_until TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT tickets_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT tickets_status_check CHECK (status in ('OPEN', 'PENDING', 'SNOOZED', 'RESOLVED', 'CLOSED', 'SPAM')),
    CONSTRAINT tickets_priority_check CHECK (priority in ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    CONSTRAINT tickets_snoozed_check CHECK ((status = 'SNOOZED') = (snoozed_until is not null)),
    CONSTRAINT tickets_resolved_check CHECK ((status in ('RESOLVED', 'CLOSED')) = (resolved_at is not null)),
    CONSTRAINT tickets_number_key UNIQUE (org_id, number),
    CONSTRAINT tickets_org_id_client_id_fkey FOREIGN KEY (org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT tickets_org_id_order_id_fkey FOREIGN KEY (org_id, order_id) REFERENCES orders (org_id, id),
    CONSTRAINT tickets_org_id_assignee_id_fkey FOREIGN KEY (org_id, assignee_id) REFERENCES members (org_id, id)
);
CREATE INDEX tickets_assignee_idx ON tickets (org_id, assignee_id, id);
CREATE INDEX tickets_breach_idx ON tickets (org_id, ({BREACHES}), id);
CREATE INDEX tickets_client_idx ON tickets (org_id, client_id, id);
CREATE INDEX tickets_order_idx ON tickets (org_id, order_id, id);
CREATE INDEX tickets_priority_idx ON tickets (org_id, priority, id);
CREATE INDEX tickets_status_idx ON tickets (org_id, status, id);
CREATE INDEX tickets_updated_idx ON tickets (org_id, updated_at, id);
CREATE INDEX tickets_waiting_back_idx ON tickets (org_id, ({WAITING.format("-infinity")}), id);
CREATE INDEX tickets_waiting_idx ON tickets (org_id, ({WAITING.format("infinity")}), id);
CREATE TABLE replies (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    author_kind TEXT NOT NULL,
    author_name VARCHAR(200) NOT NULL,
    body VARCHAR(20000) NOT NULL,
    visibility TEXT NOT NULL,
    attachments JSONB NOT NULL,
    ticket_id UUID NOT NULL,
    CONSTRAINT replies_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT replies_author_kind_check CHECK (author_kind in ('STAFF', 'CLIENT', 'AGENT', 'SYSTEM')),
    CONSTRAINT replies_visibility_check CHECK (visibility in ('PUBLIC', 'INTERNAL')),
    CONSTRAINT replies_org_id_ticket_id_fkey FOREIGN KEY (org_id, ticket_id) REFERENCES tickets (org_id, id)
);
CREATE INDEX replies_author_idx ON replies (org_id, author_kind, id);
CREATE INDEX replies_ticket_idx ON replies (org_id, ticket_id, id);
CREATE INDEX replies_visibility_idx ON replies (org_id, visibility, id)
"""
BEFORE = ("WEBHOOK_DELIVERY", "AUDIT_SEAL")
TIMER = "TICKET_WAKE"


def _allow(*functions: str) -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs DROP CONSTRAINT jobs_function_check")
    listed = ", ".join(f"'{each}'" for each in functions)
    run(f"ALTER TABLE jobs ADD CONSTRAINT jobs_function_check CHECK (function in ({listed}))")


def upgrade() -> None:
    for statement in TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    protect("tickets", "SELECT, INSERT, UPDATE")
    protect("replies", "SELECT, INSERT")
    _allow(*BEFORE, TIMER)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP TABLE replies")
    run("DROP TABLE tickets")
    forget("ticket")
    # The owner too is held to the policies while they are forced.
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run(f"DELETE FROM jobs WHERE function = '{TIMER}'")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    _allow(*BEFORE)
