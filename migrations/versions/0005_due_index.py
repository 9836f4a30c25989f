"""Index when orders are due by an expression that conditions reach under row-level security."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {"orders_due_idx": "infinity", "orders_due_back_idx": "-infinity"}
NOW = "(case when due_at is null then '{}'::timestamptz else due_at end)"
BEFORE = "coalesce(due_at, '{}'::timestamptz)"


def upgrade() -> None:
    _index(NOW)


def downgrade() -> None:
    _index(BEFORE)


def _index(expression: str) -> None:
    for name, infinity in INDEXES.items():
        op.get_bind().exec_driver_sql(f"DROP INDEX {name}")
        op.get_bind().exec_driver_sql(f"CREATE INDEX {name} ON orders (org_id, {expression.format(infinity)}, id)")
