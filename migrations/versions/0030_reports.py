"""Reports, their rows, and the job that computes them."""

from alembic import op

from migrations.tables import protect

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE reports (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    start_date DATE,
    end_date DATE NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    interval TEXT,
    currency VARCHAR(3),
    status TEXT NOT NULL,
    progress INTEGER NOT NULL,
    error TEXT,
    totals JSONB,
    snapshot_at TIMESTAMP(3) WITH TIME ZONE,
    chart BYTEA,
    CONSTRAINT reports_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT reports_kind_check CHECK (kind in ('REVENUE', 'MRR', 'RECEIVABLES_AGING', 'ORDER_THROUGHPUT',
        'TURNAROUND', 'CLIENT_LIFETIME_VALUE', 'TICKET_RESPONSE', 'AGENT_USAGE')),
    CONSTRAINT reports_interval_check CHECK (interval in ('DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR')),
    CONSTRAINT reports_status_check CHECK (status in ('QUEUED', 'RUNNING', 'READY', 'FAILED')),
    CONSTRAINT reports_error_check CHECK (error in ('TOO_SLOW', 'TOO_LARGE', 'INTERNAL', 'CANCELLED')),
    CONSTRAINT reports_dates_check CHECK (start_date < end_date),
    CONSTRAINT reports_progress_check CHECK (progress between 0 and 100),
    CONSTRAINT reports_failed_check CHECK ((status = 'FAILED') = (error is not null)),
    CONSTRAINT reports_ready_check CHECK ((status = 'READY') = (num_nulls(totals, snapshot_at, chart) = 0))
);
CREATE INDEX reports_kind_idx ON reports (org_id, kind, id);
CREATE INDEX reports_status_idx ON reports (org_id, status, id);
CREATE INDEX reports_updated_idx ON reports (org_id, updated_at, id);
CREATE TABLE report_rows (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    report_id UUID NOT NULL,
    number INTEGER NOT NULL,
    data VARCHAR(2000) NOT NULL,
    CONSTRAINT report_rows_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT report_rows_org_id_report_id_fkey FOREIGN KEY(org_id, report_id)
        REFERENCES reports (org_id, id) ON DELETE CASCADE
);
CREATE INDEX report_rows_number_idx ON report_rows (org_id, report_id, number, id)
"""
GRANTS = {"reports": "SELECT, INSERT, UPDATE, DELETE", "report_rows": "SELECT, INSERT, DELETE"}
BEFORE = ("WEBHOOK_DELIVERY", "AUDIT_SEAL", "TICKET_WAKE", "AUDIT_EXPORT", "SUBSCRIPTION", "AGENT", "AGENT_EXPIRY")


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
    _functions(*BEFORE, "REPORT")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run("DELETE FROM jobs WHERE function = 'REPORT'")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    _functions(*BEFORE)
    for table in reversed(GRANTS):
        run(f"DROP TABLE {table}")
