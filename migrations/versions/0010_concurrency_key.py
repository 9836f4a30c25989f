"""The lane of a job is called its concurrency key, as queues call it."""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

# Since PostgreSQL 18 a NOT NULL is a constraint, whose name has the column's.
RENAME_NOT_NULL = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'jobs'::regclass AND conname = 'jobs_{old}_not_null') THEN
        ALTER TABLE jobs RENAME CONSTRAINT jobs_{old}_not_null TO jobs_{new}_not_null;
    END IF;
END $$
"""


def _rename(old: str, new: str, old_index: str, new_index: str) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(f"ALTER TABLE jobs RENAME COLUMN {old} TO {new}")
    connection.exec_driver_sql(f"ALTER INDEX {old_index} RENAME TO {new_index}")
    connection.exec_driver_sql(RENAME_NOT_NULL.format(old=old, new=new))


def upgrade() -> None:
    _rename("lane", "concurrency_key", "jobs_lane_idx", "jobs_concurrency_idx")


def downgrade() -> None:
    _rename("concurrency_key", "lane", "jobs_concurrency_idx", "jobs_lane_idx")
