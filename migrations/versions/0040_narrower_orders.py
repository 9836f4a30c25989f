"""Lists have an order's rows of one status, or those that refer to nothing, in an index of their own."""

from alembic import op

revision = "0040"
down_revision = "0036"
branch_labels = None
depends_on = None

# Where a null stands in the order: last, in either direction.
_DIRECTIONS = {"_idx": "infinity", "_back_idx": "-infinity"}
# Names without their ends -> table, columns before the time, the time, which rows.
_TIMES = {
    "orders_status_due": ("orders", "org_id, status", "due_at", ""),
    "orders_formless_due": ("orders", "org_id", "due_at", " WHERE form_id IS NULL"),
    "tickets_orderless_waiting": ("tickets", "org_id", "waiting_since", " WHERE order_id IS NULL"),
    "invoices_status_due": ("invoices", "org_id, status", "due_at", ""),
    "invoices_orderless_due": ("invoices", "org_id", "due_at", " WHERE order_id IS NULL"),
    "invoices_subscribed_issued": ("invoices", "org_id", "issued_at", " WHERE subscription_id IS NOT NULL"),
    "invoices_subscribed_due": ("invoices", "org_id", "due_at", " WHERE subscription_id IS NOT NULL"),
}
INDEXES = {
    f"{name}{end}": f"{table} ({first}, (case when {time} is null then '{null}'::timestamptz else {time} end), id){rows}"
    for name, (table, first, time, rows) in _TIMES.items()
    for end, null in _DIRECTIONS.items()
} | {
    "invoices_subscribed_updated_idx": "invoices (org_id, updated_at, id) WHERE subscription_id IS NOT NULL",
    "invoices_subscribed_idx": "invoices (org_id, id) WHERE subscription_id IS NOT NULL",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.get_bind().exec_driver_sql(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.get_bind().exec_driver_sql(f"DROP INDEX {name}")
