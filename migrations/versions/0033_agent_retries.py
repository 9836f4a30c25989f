"""Agent jobs say when they are tried again, and are sorted by their times; steps say what they moved, and what asked
again."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_EXPIRES = "(case when expires_at is null then '{}'::timestamptz else expires_at end)"
INDEXES = {
    "agent_jobs_queued_idx": "agent_jobs (org_id, queued_at, id)",
    "agent_jobs_expires_idx": f"agent_jobs (org_id, {_EXPIRES.format('infinity')}, id)",
    "agent_jobs_expires_back_idx": f"agent_jobs (org_id, {_EXPIRES.format('-infinity')}, id)",
}
BEFORE = ("APPROVED", "REJECTED", "ANSWERED", "EXPIRED")
NEW = ("SUPERSEDED", "CANCELLED")


def _decisions(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE agent_steps DROP CONSTRAINT agent_steps_decision_check")
    run(f"ALTER TABLE agent_steps ADD CONSTRAINT agent_steps_decision_check CHECK (decision in ({listed}))")


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for name, columns in INDEXES.items():
        run(f"CREATE INDEX {name} ON {columns}")
    run("ALTER TABLE agent_jobs ADD COLUMN retry_at TIMESTAMP(3) WITH TIME ZONE")
    run("ALTER TABLE agent_steps ADD COLUMN moved JSONB, ADD COLUMN superseded_by UUID")
    _decisions(*BEFORE, *NEW)
    run("""
        ALTER TABLE agent_jobs ADD CONSTRAINT agent_jobs_retry_at_check
        CHECK (retry_at is null or status = 'QUEUED')""")
    run("""
        ALTER TABLE agent_steps ADD CONSTRAINT agent_steps_superseded_by_check
        CHECK ((decision is not distinct from 'SUPERSEDED') = (superseded_by is not null))""")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE agent_jobs DROP COLUMN retry_at")
    run("ALTER TABLE agent_steps DROP COLUMN moved, DROP COLUMN superseded_by")
    # The owner too is held to the policies while they are forced.
    run("ALTER TABLE agent_steps NO FORCE ROW LEVEL SECURITY")
    run("UPDATE agent_steps SET decision = 'APPROVED' WHERE decision = 'SUPERSEDED'")
    run("UPDATE agent_steps SET decision = 'EXPIRED' WHERE decision = 'CANCELLED'")
    run("ALTER TABLE agent_steps FORCE ROW LEVEL SECURITY")
    _decisions(*BEFORE)
    for name in INDEXES:
        run(f"DROP INDEX {name}")
