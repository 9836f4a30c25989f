"""A job that has no attempt left is FAILED, as what it was for is: it was DEAD, a second word for it."""

from alembic import op

revision = "0039"
down_revision = "0034"
branch_labels = None
depends_on = None


def _rename(old: str, new: str) -> None:
    listed = ", ".join(f"'{state}'" for state in ("QUEUED", "RUNNING", "DONE", new, "CANCELLED"))
    op.execute("ALTER TABLE jobs DROP CONSTRAINT jobs_state_check")
    # Rows of every organization, which the policy would hide.
    op.execute("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    op.execute(f"UPDATE jobs SET state = '{new}' WHERE state = '{old}'")
    op.execute("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT jobs_state_check CHECK (state in ({listed}))")
    op.execute(f"DROP INDEX jobs_{old.lower()}_idx")
    op.execute(f"CREATE INDEX jobs_{new.lower()}_idx ON jobs (org_id, id) WHERE state = '{new}'")


def upgrade() -> None:
    _rename("DEAD", "FAILED")


def downgrade() -> None:
    _rename("FAILED", "DEAD")
