"""Events are found in the order in which they were committed: live feeds follow it."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("CREATE INDEX events_order_idx ON events (org_id, xact, id)")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP INDEX events_order_idx")
