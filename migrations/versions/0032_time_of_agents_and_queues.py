"""The indexes of queued jobs begin with their queue."""

from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None

UP = """
DROP INDEX jobs_due_idx;
DROP INDEX jobs_concurrency_idx;
CREATE INDEX jobs_due_idx ON jobs (queue, run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_concurrency_idx ON jobs (queue, org_id, concurrency_key, run_at) WHERE state = 'QUEUED'
"""
DOWN = """
DROP INDEX jobs_due_idx;
DROP INDEX jobs_concurrency_idx;
CREATE INDEX jobs_due_idx ON jobs (run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_concurrency_idx ON jobs (org_id, concurrency_key, run_at) WHERE state = 'QUEUED'
"""


def _run(statements: str) -> None:
    for statement in statements.split(";"):
        op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    _run(UP)


def downgrade() -> None:
    _run(DOWN)
