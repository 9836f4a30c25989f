"""Services have an intake form, and orders the version of the form that they answer."""

from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

# The owner is held to the policies too, and could not check a new key while they are forced.
READ = ("forms", "services", "orders")
UP = (
    "ALTER TABLE services ADD COLUMN intake_form_id UUID",
    "ALTER TABLE orders ADD COLUMN form_id UUID",
    "ALTER TABLE orders ADD COLUMN form_version INTEGER",
    "ALTER TABLE services ADD CONSTRAINT services_org_id_intake_form_id_fkey"
    " FOREIGN KEY (org_id, intake_form_id) REFERENCES forms (org_id, id)",
    "ALTER TABLE orders ADD CONSTRAINT orders_org_id_form_id_fkey"
    " FOREIGN KEY (org_id, form_id) REFERENCES forms (org_id, id)",
    "ALTER TABLE orders ADD CONSTRAINT orders_form_check"
    " CHECK (num_nulls(form_id, form_version) in (0, 2) and (form_id is null or form_data is not null))",
    "CREATE INDEX services_form_idx ON services (org_id, intake_form_id, id)",
)
DOWN = (
    "ALTER TABLE orders DROP COLUMN form_version, DROP COLUMN form_id",
    "ALTER TABLE services DROP COLUMN intake_form_id",
)


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in READ:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in UP:
        run(statement)
    for table in READ:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for statement in DOWN:
        op.get_bind().exec_driver_sql(statement)
