"""Subscriptions, their periods and the changes of their revenue; the job that bills them."""

from alembic import op

from migrations.tables import protect

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE subscriptions (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    client_id UUID NOT NULL,
    service_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    tax_rate NUMERIC(7, 4) NOT NULL,
    interval TEXT NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    start_date DATE NOT NULL,
    trial_end DATE,
    anchor_date DATE NOT NULL,
    status TEXT NOT NULL,
    current_period_start TIMESTAMP(3) WITH TIME ZONE,
    current_period_end TIMESTAMP(3) WITH TIME ZONE,
    next_period INTEGER NOT NULL,
    cancel_at_period_end BOOLEAN NOT NULL,
    paused_at TIMESTAMP(3) WITH TIME ZONE,
    cancelled_at TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT subscriptions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT subscriptions_status_check CHECK (status in ('TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELLED')),
    CONSTRAINT subscriptions_interval_check CHECK (interval in ('WEEK', 'MONTH', 'QUARTER', 'YEAR')),
    CONSTRAINT subscriptions_price_check
        CHECK (quantity >= 1 and unit_price >= 0 and tax_rate >= 0 and tax_rate <= 100),
    CONSTRAINT subscriptions_current_period_check
        CHECK (num_nulls(current_period_start, current_period_end) in (0, 2)),
    CONSTRAINT subscriptions_paused_at_check CHECK ((status = 'PAUSED') = (paused_at is not null)),
    CONSTRAINT subscriptions_cancelled_at_check CHECK ((status = 'CANCELLED') = (cancelled_at is not null)),
    CONSTRAINT subscriptions_org_id_client_id_fkey FOREIGN KEY(org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT subscriptions_org_id_service_id_fkey FOREIGN KEY(org_id, service_id) REFERENCES services (org_id, id)
);
CREATE INDEX subscriptions_client_idx ON subscriptions (org_id, client_id, id);
CREATE INDEX subscriptions_service_idx ON subscriptions (org_id, service_id, id);
CREATE INDEX subscriptions_status_idx ON subscriptions (org_id, status, id);
CREATE INDEX subscriptions_updated_idx ON subscriptions (org_id, updated_at, id);
CREATE TABLE subscription_periods (
    org_id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    number INTEGER NOT NULL,
    starts_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price BIGINT NOT NULL,
    tax_rate NUMERIC(7, 4) NOT NULL,
    invoice_id UUID,
    CONSTRAINT subscription_periods_pkey PRIMARY KEY (org_id, subscription_id, number),
    CONSTRAINT subscription_periods_state_check CHECK (state in ('DUE', 'BILLED', 'SKIPPED')),
    CONSTRAINT subscription_periods_invoice_check CHECK ((state = 'BILLED') = (invoice_id is not null)),
    CONSTRAINT subscription_periods_org_id_subscription_id_fkey
        FOREIGN KEY(org_id, subscription_id) REFERENCES subscriptions (org_id, id)
);
CREATE INDEX subscription_periods_due_idx ON subscription_periods (org_id, subscription_id, number)
    WHERE state = 'DUE';
CREATE TABLE subscription_changes (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    mrr_before BIGINT NOT NULL,
    mrr_after BIGINT NOT NULL,
    CONSTRAINT subscription_changes_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT subscription_changes_org_id_subscription_id_fkey
        FOREIGN KEY(org_id, subscription_id) REFERENCES subscriptions (org_id, id)
);
CREATE INDEX subscription_changes_subscription_idx ON subscription_changes (org_id, subscription_id, id);
CREATE INDEX subscription_changes_at_idx ON subscription_changes (org_id, at, id);
-- The owner is held to the policies too: it checks keys only where they are not forced.
ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE invoices ADD CONSTRAINT invoices_org_id_subscription_id_fkey
    FOREIGN KEY(org_id, subscription_id) REFERENCES subscriptions (org_id, id);
ALTER TABLE invoices FORCE ROW LEVEL SECURITY
"""
GRANTS = {
    "subscriptions": "SELECT, INSERT, UPDATE",
    "subscription_periods": "SELECT, INSERT, UPDATE",
    "subscription_changes": "SELECT, INSERT",
}
BEFORE = ("WEBHOOK_DELIVERY", "AUDIT_SEAL", "TICKET_WAKE", "AUDIT_EXPORT")


def _functions(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs DROP CONSTRAINT jobs_function_check")
    run(f"ALTER TABLE jobs ADD CONSTRAINT jobs_function_check CHECK (function in ({listed}))")


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for statement in UP.split(";"):
        run(statement)
    for table, grants in GRANTS.items():
        protect(table, grants)
    _functions(*BEFORE, "SUBSCRIPTION")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run("DELETE FROM jobs WHERE function = 'SUBSCRIPTION'")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    _functions(*BEFORE)
    run("ALTER TABLE invoices DROP CONSTRAINT invoices_org_id_subscription_id_fkey")
    # An invoice stays, and refers to nothing that is gone.
    run("ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY")
    run("UPDATE invoices SET subscription_id = NULL WHERE subscription_id IS NOT NULL")
    run("ALTER TABLE invoices FORCE ROW LEVEL SECURITY")
    for table in reversed(GRANTS):
        run(f"DROP TABLE {table}")
