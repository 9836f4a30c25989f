"""Access tokens: a client is an actor of the audit log, and idempotency keys are of whom a token is for, or of the key."""

from alembic import op

from migrations.tables import rename_column

revision = "0035"
down_revision = "0041"
branch_labels = None
depends_on = None

BEFORE = ("KEY", "JOB", "MEMBER", "PUBLIC", "CLI")
AFTER = ("KEY", "JOB", "MEMBER", "CLIENT", "PUBLIC", "CLI")


def _actors(kinds: tuple[str, ...], checked: str = "") -> None:
    run, listed = op.get_bind().exec_driver_sql, ", ".join(f"'{kind}'" for kind in kinds)
    run("ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_actor_kind_check")
    run(
        f"ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_actor_kind_check CHECK (actor_kind in ({listed})){checked}"
    )


def upgrade() -> None:
    _actors(AFTER)
    rename_column("idempotency_records", "api_key_id", "actor_id")


def downgrade() -> None:
    # Entries are never changed: those of clients stay.
    _actors(BEFORE, " NOT VALID")
    rename_column("idempotency_records", "actor_id", "api_key_id")
