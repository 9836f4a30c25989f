"""Services and orders have a tax rate, and orders have assignees."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("services", "orders")
# The owner is held to the policies too, and would find and fill nothing while they are forced.
READ = (*TABLES, "org_settings")
# What an invoice of them would have had until now.
FILL = """
UPDATE {table} SET tax_rate = coalesce(
    (SELECT (chosen ->> 'invoices.taxRate')::numeric FROM org_settings WHERE org_settings.org_id = {table}.org_id), 0)
"""


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in READ:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for table in TABLES:
        run(f"ALTER TABLE {table} ADD COLUMN tax_rate NUMERIC(7, 4)")
        run(FILL.format(table=table))
        run(f"ALTER TABLE {table} ALTER COLUMN tax_rate SET NOT NULL")
        run(f"ALTER TABLE {table} ADD CONSTRAINT {table}_tax_rate_check CHECK (tax_rate >= 0 AND tax_rate <= 100)")
    run("ALTER TABLE orders ADD COLUMN assignee_ids UUID[] NOT NULL DEFAULT '{}'")
    run("ALTER TABLE orders ALTER COLUMN assignee_ids DROP DEFAULT")
    for table in READ:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE orders DROP COLUMN assignee_ids")
    for table in TABLES:
        run(f"ALTER TABLE {table} DROP COLUMN tax_rate")
