"""Agent jobs keep how long they ran, and the indexes of queued jobs begin with their queue."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# How long a job ran that is running now is not known: it counts from its last change.
UP = """
ALTER TABLE agent_jobs ADD COLUMN resumed_at TIMESTAMP(3) WITH TIME ZONE;
ALTER TABLE agent_jobs ADD COLUMN ran_ms BIGINT;
ALTER TABLE agent_jobs NO FORCE ROW LEVEL SECURITY;
UPDATE agent_jobs SET ran_ms = 0, resumed_at = CASE WHEN status = 'RUNNING' THEN updated_at END;
ALTER TABLE agent_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_jobs ALTER COLUMN ran_ms SET NOT NULL;
ALTER TABLE agent_jobs ADD CONSTRAINT agent_jobs_resumed_at_check
    CHECK ((status = 'RUNNING') = (resumed_at is not null));
DROP INDEX jobs_due_idx;
DROP INDEX jobs_concurrency_idx;
CREATE INDEX jobs_due_idx ON jobs (queue, run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_concurrency_idx ON jobs (queue, org_id, concurrency_key, run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_seals_idx ON jobs (org_id) WHERE state = 'QUEUED' and function = 'AUDIT_SEAL'
"""
DOWN = """
DROP INDEX jobs_seals_idx;
DROP INDEX jobs_due_idx;
DROP INDEX jobs_concurrency_idx;
CREATE INDEX jobs_due_idx ON jobs (run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_concurrency_idx ON jobs (org_id, concurrency_key, run_at) WHERE state = 'QUEUED';
ALTER TABLE agent_jobs DROP CONSTRAINT agent_jobs_resumed_at_check;
ALTER TABLE agent_jobs DROP COLUMN ran_ms;
ALTER TABLE agent_jobs DROP COLUMN resumed_at
"""


def _run(statements: str) -> None:
    for statement in statements.split(";"):
        op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    _run(UP)


def downgrade() -> None:
    _run(DOWN)
