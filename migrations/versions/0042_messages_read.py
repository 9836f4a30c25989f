"""How far somebody has read an order's messages, and who wrote one; of those from before nobody is known."""

from alembic import op

from migrations.tables import protect

revision = "0042"
down_revision = "0044"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE message_reads (
    org_id UUID NOT NULL,
    reader_id UUID NOT NULL,
    order_id UUID NOT NULL,
    read_to UUID NOT NULL,
    CONSTRAINT message_reads_pkey PRIMARY KEY (org_id, reader_id, order_id),
    CONSTRAINT message_reads_org_id_order_id_fkey FOREIGN KEY(org_id, order_id) REFERENCES orders (org_id, id)
);
CREATE INDEX message_reads_order_idx ON message_reads (org_id, order_id);
ALTER TABLE messages ADD COLUMN writer_id UUID
"""


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    protect("message_reads", "SELECT, INSERT, UPDATE")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE messages DROP COLUMN writer_id")
    run("DROP TABLE message_reads")
