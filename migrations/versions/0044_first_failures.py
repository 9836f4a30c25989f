"""How an agent job or a report failed for the first time is kept when it is retried: its task has ended then."""

from alembic import op

revision = "0044"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLES = ("agent_jobs", "reports")


def upgrade() -> None:
    for table in TABLES:
        op.get_bind().exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN first_failure JSONB")


def downgrade() -> None:
    for table in TABLES:
        op.get_bind().exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN first_failure")
