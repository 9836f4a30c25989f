"""Columns are called what they hold: a job's function, as arq calls it, the resource of a look-up, a stored result."""

from alembic import op

from migrations.tables import rename_column

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

RENAMED = (
    ("jobs", "kind", "function"),
    ("directory", "kind", "resource"),
    ("search_words", "kind", "resource"),
    ("tag_uses", "kind", "resource"),
    ("idempotency_records", "answer", "result"),
)
CHECKS = "ALTER TABLE jobs RENAME CONSTRAINT jobs_{}_check TO jobs_{}_check"


def upgrade() -> None:
    for table, old, new in RENAMED:
        rename_column(table, old, new)
    op.get_bind().exec_driver_sql(CHECKS.format("kind", "function"))


def downgrade() -> None:
    for table, old, new in RENAMED:
        rename_column(table, new, old)
    op.get_bind().exec_driver_sql(CHECKS.format("function", "kind"))
