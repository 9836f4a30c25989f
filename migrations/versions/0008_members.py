"""Members: the organization's staff."""

from alembic import op

from migrations.tables import forget, protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE members (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    name VARCHAR(200) NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    email VARCHAR(254) NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT members_role_check CHECK (role in ('OWNER', 'ADMIN', 'STAFF')),
    CONSTRAINT members_status_check CHECK (status in ('ACTIVE', 'SUSPENDED')),
    CONSTRAINT members_email_key UNIQUE (org_id, email_key)
);
CREATE INDEX members_name_idx ON members (org_id, name_key, id);
CREATE INDEX members_role_idx ON members (org_id, role, id);
CREATE INDEX members_status_idx ON members (org_id, status, id);
CREATE INDEX members_updated_idx ON members (org_id, updated_at, id)
"""


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    protect("members", "SELECT, INSERT, UPDATE")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP TABLE members")
    forget("member", column="kind")
