"""Failed jobs have an index of their own, as the API lists them; an export that was cancelled says so."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ERRORS = ("LOG_BROKEN", "SIGNING_NOT_CONFIGURED", "OUT_OF_RANGE")


def _may_be(*errors: str) -> None:
    listed = ", ".join(f"'{error}'" for error in errors)
    op.execute("ALTER TABLE audit_exports DROP CONSTRAINT audit_exports_error_check")
    op.execute(f"ALTER TABLE audit_exports ADD CONSTRAINT audit_exports_error_check CHECK (error in ({listed}))")


def upgrade() -> None:
    op.execute("CREATE INDEX jobs_dead_idx ON jobs (org_id, id) WHERE state = 'DEAD'")
    _may_be(*ERRORS, "CANCELLED", "INTERNAL")


def downgrade() -> None:
    # Rows of every organization, which the policy would hide.
    op.execute("ALTER TABLE audit_exports NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE audit_exports SET error = 'INTERNAL' WHERE error = 'CANCELLED'")
    op.execute("ALTER TABLE audit_exports FORCE ROW LEVEL SECURITY")
    _may_be(*ERRORS, "INTERNAL")
    op.execute("DROP INDEX jobs_dead_idx")
