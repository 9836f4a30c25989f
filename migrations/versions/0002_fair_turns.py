"""Endpoints that keep timing out are spared; the sweep goes from lane to lane."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = (
    "ALTER TABLE webhook_endpoints ADD COLUMN last_failure_at TIMESTAMP(3) WITH TIME ZONE,"
    " ADD COLUMN timeouts INTEGER DEFAULT 0 NOT NULL, ADD COLUMN circuit TEXT DEFAULT 'CLOSED' NOT NULL,"
    " ADD COLUMN paused_until TIMESTAMP(3) WITH TIME ZONE,"
    " ADD CONSTRAINT webhook_endpoints_circuit_check CHECK (circuit in ('CLOSED', 'OPEN', 'HALF_OPEN'))",
    "CREATE INDEX jobs_lane_idx ON jobs (org_id, lane, run_at) WHERE state = 'QUEUED'",
    "DROP INDEX jobs_queued_idx",
)
DOWN = (
    "CREATE INDEX jobs_queued_idx ON jobs (org_id, kind) WHERE state = 'QUEUED'",
    "DROP INDEX jobs_lane_idx",
    "ALTER TABLE webhook_endpoints DROP COLUMN last_failure_at, DROP COLUMN timeouts, DROP COLUMN circuit,"
    " DROP COLUMN paused_until",
)


def upgrade() -> None:
    for statement in UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.get_bind().exec_driver_sql(statement)
