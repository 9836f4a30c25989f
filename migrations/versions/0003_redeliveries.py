"""Redeliveries are counted, so that they can be bounded."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE deliveries ADD COLUMN redeliveries INTEGER DEFAULT 0 NOT NULL")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE deliveries DROP COLUMN redeliveries")
