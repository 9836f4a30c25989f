"""Audit entries carry a MAC; salts, seals and their numbers have their form."""

from contextlib import suppress

from alembic import op
from sqlalchemy.exc import IntegrityError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHECKS = (
    ("audit_entries", "mac", "octet_length(mac) = 34"),
    ("audit_entries", "occurred_at", "occurred_at >= '2000-01-01Z' and occurred_at < '9999-01-01Z'"),
    ("audit_changes", "salt", "octet_length(salt) = 16"),
    ("audit_seals", "sequence", "sequence > 0"),
    ("audit_seals", "seal", "octet_length(seal) = 32"),
)


def upgrade() -> None:
    connection = op.get_bind()
    run = connection.exec_driver_sql
    # Entries from before have none, and no key is at hand to make one. Nothing is rewritten.
    run("ALTER TABLE audit_entries ADD COLUMN mac BYTEA NOT NULL DEFAULT ''")
    run("ALTER TABLE audit_entries ALTER COLUMN mac DROP DEFAULT")
    for table, name, check in CHECKS:
        constraint = f"{table}_{name}_check"
        run(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({check}) NOT VALID")
        # Where older rows violate it, it holds for new ones, and `audit verify` says what is wrong.
        with suppress(IntegrityError), connection.begin_nested():
            run(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table, name, _ in CHECKS:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{name}_check")
    run("ALTER TABLE audit_entries DROP COLUMN mac")
