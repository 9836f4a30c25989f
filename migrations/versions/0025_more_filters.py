"""Orders are found by their form and their assignees, services by their billing, subscriptions by the end of their
period."""

from alembic import op

from migrations.tables import protect

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_END = "(case when current_period_end is null then '{}'::timestamptz else current_period_end end)"
INDEXES = {
    "services_billing_idx": "services (org_id, billing, id)",
    "orders_form_idx": "orders (org_id, form_id, id)",
    "subscriptions_period_end_idx": f"subscriptions (org_id, {_END.format('infinity')}, id)",
    "subscriptions_period_end_back_idx": f"subscriptions (org_id, {_END.format('-infinity')}, id)",
}


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for name, columns in INDEXES.items():
        run(f"CREATE INDEX {name} ON {columns}")
    run("""
        CREATE TABLE assignments (
            org_id UUID NOT NULL,
            resource TEXT COLLATE "C" NOT NULL,
            assignee_id UUID NOT NULL,
            subject_id UUID NOT NULL,
            CONSTRAINT assignments_pkey PRIMARY KEY (org_id, resource, assignee_id, subject_id)
        )""")
    # The owner is held to the policies too, and would find nothing while they are forced.
    run("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY")
    run("""
        INSERT INTO assignments SELECT DISTINCT org_id, 'order', assignee_id, id
        FROM orders, unnest(assignee_ids) AS assignee_id""")
    run("ALTER TABLE orders FORCE ROW LEVEL SECURITY")
    run("CREATE INDEX assignments_subject_idx ON assignments (org_id, subject_id, assignee_id)")
    protect("assignments", "SELECT, INSERT, DELETE")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP TABLE assignments")
    for name in INDEXES:
        run(f"DROP INDEX {name}")
