"""The lane of a job is called its concurrency key, as queues call it."""

from alembic import op

from migrations.tables import rename_column

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def _rename(old: str, new: str, old_index: str, new_index: str) -> None:
    rename_column("jobs", old, new)
    op.get_bind().exec_driver_sql(f"ALTER INDEX {old_index} RENAME TO {new_index}")


def upgrade() -> None:
    _rename("lane", "concurrency_key", "jobs_lane_idx", "jobs_concurrency_idx")


def downgrade() -> None:
    _rename("concurrency_key", "lane", "jobs_concurrency_idx", "jobs_lane_idx")
