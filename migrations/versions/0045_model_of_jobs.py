"""The model of an agent job stands in its row, from where its usage and its events have it."""

from alembic import op

revision = "0045"
down_revision = "0042"
branch_labels = None
depends_on = None

# The owner too is held to the policies while they are forced.
UP = """
ALTER TABLE agent_jobs ADD COLUMN model VARCHAR(100);
ALTER TABLE agent_jobs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_definition_versions NO FORCE ROW LEVEL SECURITY;
UPDATE agent_jobs SET model = versions.model FROM agent_definition_versions AS versions
    WHERE versions.org_id = agent_jobs.org_id AND versions.definition_id = agent_jobs.definition_id
    AND versions.version = agent_jobs.definition_version;
ALTER TABLE agent_definition_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_jobs ALTER COLUMN model SET NOT NULL
"""


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE agent_jobs DROP COLUMN model")
