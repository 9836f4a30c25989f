"""Invoices, their lines and their payments."""

from alembic import op

from migrations.tables import forget, protect

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE invoices (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    number VARCHAR(40),
    number_key TEXT COLLATE "C",
    client_id UUID NOT NULL,
    order_id UUID,
    subscription_id UUID,
    currency VARCHAR(3) NOT NULL,
    subtotal BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    taxes JSONB NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    amount_paid BIGINT NOT NULL,
    status TEXT NOT NULL,
    issued_at TIMESTAMP(3) WITH TIME ZONE,
    due_at TIMESTAMP(3) WITH TIME ZONE,
    paid_at TIMESTAMP(3) WITH TIME ZONE,
    voided_at TIMESTAMP(3) WITH TIME ZONE,
    uncollectible_at TIMESTAMP(3) WITH TIME ZONE,
    seller JSONB,
    buyer JSONB,
    timezone VARCHAR(64),
    payment_details VARCHAR(5000),
    CONSTRAINT invoices_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT invoices_status_check CHECK (status in ('DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')),
    CONSTRAINT invoices_total_check CHECK (
        discount >= 0 and discount <= subtotal and total = subtotal - discount + tax
    ),
    CONSTRAINT invoices_amount_paid_check CHECK (
        amount_paid >= 0 and amount_paid <= total and (status <> 'PAID' or amount_paid = total)
    ),
    CONSTRAINT invoices_issued_check CHECK (
        num_nulls(number, number_key, issued_at, due_at, seller, buyer, timezone)
        = case when status = 'DRAFT' then 7 else 0 end
    ),
    CONSTRAINT invoices_number_key UNIQUE (org_id, number_key),
    CONSTRAINT invoices_org_id_client_id_fkey FOREIGN KEY (org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT invoices_org_id_order_id_fkey FOREIGN KEY (org_id, order_id) REFERENCES orders (org_id, id)
);
CREATE UNIQUE INDEX invoices_of_order_key ON invoices (org_id, order_id) WHERE status <> 'VOID';
CREATE INDEX invoices_client_idx ON invoices (org_id, client_id, id);
CREATE INDEX invoices_order_idx ON invoices (org_id, order_id, id);
CREATE INDEX invoices_subscription_idx ON invoices (org_id, subscription_id, id);
CREATE INDEX invoices_status_idx ON invoices (org_id, status, id);
CREATE INDEX invoices_total_idx ON invoices (org_id, total, id);
CREATE INDEX invoices_issued_idx ON invoices
    (org_id, (case when issued_at is null then 'infinity'::timestamptz else issued_at end), id);
CREATE INDEX invoices_issued_back_idx ON invoices
    (org_id, (case when issued_at is null then '-infinity'::timestamptz else issued_at end), id);
CREATE INDEX invoices_due_idx ON invoices
    (org_id, (case when due_at is null then 'infinity'::timestamptz else due_at end), id);
CREATE INDEX invoices_due_back_idx ON invoices
    (org_id, (case when due_at is null then '-infinity'::timestamptz else due_at end), id);
CREATE INDEX invoices_overdue_idx ON invoices
    (org_id, (case when status = 'OPEN' then due_at else '9999-12-31 23:59:59.999Z'::timestamptz end), id);
CREATE INDEX invoices_updated_idx ON invoices (org_id, updated_at, id);
CREATE TABLE invoice_lines (
    org_id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    position INTEGER NOT NULL,
    description VARCHAR(500) NOT NULL,
    quantity NUMERIC(16, 4) NOT NULL,
    unit_price BIGINT NOT NULL,
    tax_rate NUMERIC(7, 4) NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT invoice_lines_pkey PRIMARY KEY (org_id, invoice_id, position),
    CONSTRAINT invoice_lines_amount_check CHECK (quantity > 0 and unit_price >= 0 and amount >= 0),
    CONSTRAINT invoice_lines_tax_rate_check CHECK (tax_rate >= 0 and tax_rate <= 100),
    CONSTRAINT invoice_lines_org_id_invoice_id_fkey FOREIGN KEY (org_id, invoice_id)
        REFERENCES invoices (org_id, id) ON DELETE CASCADE
);
CREATE TABLE invoice_payments (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    amount BIGINT NOT NULL,
    method VARCHAR(200),
    reference VARCHAR(200),
    paid_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT invoice_payments_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT invoice_payments_amount_check CHECK (amount > 0),
    CONSTRAINT invoice_payments_org_id_invoice_id_fkey FOREIGN KEY (org_id, invoice_id)
        REFERENCES invoices (org_id, id)
);
CREATE INDEX invoice_payments_invoice_idx ON invoice_payments (org_id, invoice_id, id)
"""
TABLES = {
    "invoices": "SELECT, INSERT, UPDATE, DELETE",
    "invoice_lines": "SELECT, INSERT, DELETE",
    "invoice_payments": "SELECT, INSERT",
}


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table, grants in TABLES.items():
        protect(table, grants)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.get_bind().exec_driver_sql(f"DROP TABLE {table}")
    forget("invoice")
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE counters NO FORCE ROW LEVEL SECURITY")
    run("DELETE FROM counters WHERE starts_with(name, 'invoices:')")
    run("ALTER TABLE counters FORCE ROW LEVEL SECURITY")
