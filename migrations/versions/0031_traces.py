"""Events and jobs keep the trace in which they were made: the transaction says which, by a setting of its own."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

COLUMNS = (("jobs", "traceparent"), ("events", "traceparent"), ("events", "tracestate"))
CHECK = "CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$')"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table, column in COLUMNS:
        # It is computed once for the rows that are there: nothing is set here, so they have null and are not rewritten.
        default = f"nullif(current_setting('app.{column}', true), '')"
        run(f"ALTER TABLE {table} ADD COLUMN {column} TEXT DEFAULT {default}")
    run(f"ALTER TABLE jobs ADD CONSTRAINT jobs_traceparent_check {CHECK}")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table, column in COLUMNS:
        run(f"ALTER TABLE {table} DROP COLUMN {column}")
