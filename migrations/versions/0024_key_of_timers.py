"""Queued timers have a concurrency key of their own: each change looks for a seal among the jobs of the organization's."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# The organization's ID with its last bit turned.
KEY = "encode(set_byte(uuid_send(org_id), 15, get_byte(uuid_send(org_id), 15) # 1), 'hex')::uuid"


def _set(key: str) -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run(f"UPDATE jobs SET concurrency_key = {key} WHERE queue = 'timers' AND state = 'QUEUED'")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")


def upgrade() -> None:
    _set(KEY)


def downgrade() -> None:
    _set("org_id")
