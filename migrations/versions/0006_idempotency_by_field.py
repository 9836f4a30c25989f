"""Idempotency records are kept by root field too: the same key with another operation is another key."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    # The default lets processes of the version before keep records until they are replaced.
    run("ALTER TABLE idempotency_records ADD COLUMN root_field TEXT COLLATE \"C\" DEFAULT '' NOT NULL")
    run("ALTER TABLE idempotency_records DROP CONSTRAINT idempotency_records_pkey")
    key = "PRIMARY KEY (org_id, api_key_id, key, root_field, position)"
    run(f"ALTER TABLE idempotency_records ADD CONSTRAINT idempotency_records_pkey {key}")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    # Two operations may have used one key: an older version has room for neither.
    run("TRUNCATE idempotency_records")
    run("ALTER TABLE idempotency_records DROP COLUMN root_field")
    key = "PRIMARY KEY (org_id, api_key_id, key, position)"
    run(f"ALTER TABLE idempotency_records ADD CONSTRAINT idempotency_records_pkey {key}")
