"""The lane of a job is called its concurrency key, as queues call it."""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE jobs RENAME COLUMN lane TO concurrency_key")
    op.get_bind().exec_driver_sql("ALTER INDEX jobs_lane_idx RENAME TO jobs_concurrency_idx")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER INDEX jobs_concurrency_idx RENAME TO jobs_lane_idx")
    op.get_bind().exec_driver_sql("ALTER TABLE jobs RENAME COLUMN concurrency_key TO lane")
