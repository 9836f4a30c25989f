"""Trusted documents of apps' versions, and API keys that run nothing else."""

from alembic import op

from migrations.tables import protect

revision = "0037"
down_revision = "0039"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE app_versions (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    app VARCHAR(100) COLLATE "C" NOT NULL,
    name VARCHAR(100) COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    CONSTRAINT app_versions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT app_versions_status_check CHECK (status in ('ADDED', 'ACTIVE', 'RETIRED')),
    CONSTRAINT app_versions_org_id_app_name_key UNIQUE (org_id, app, name)
);
CREATE TABLE trusted_documents (
    org_id UUID NOT NULL,
    document_id VARCHAR(200) COLLATE "C" NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    text VARCHAR(16384) NOT NULL,
    CONSTRAINT trusted_documents_pkey PRIMARY KEY (org_id, document_id)
);
CREATE INDEX trusted_documents_org_id_sha256_idx ON trusted_documents (org_id, sha256);
CREATE TABLE app_documents (
    org_id UUID NOT NULL,
    app_version_id UUID NOT NULL,
    document_id VARCHAR(200) COLLATE "C" NOT NULL,
    CONSTRAINT app_documents_pkey PRIMARY KEY (org_id, app_version_id, document_id),
    CONSTRAINT app_documents_org_id_app_version_id_fkey FOREIGN KEY(org_id, app_version_id)
        REFERENCES app_versions (org_id, id),
    CONSTRAINT app_documents_org_id_document_id_fkey FOREIGN KEY(org_id, document_id)
        REFERENCES trusted_documents (org_id, document_id)
);
CREATE INDEX app_documents_org_id_document_id_idx ON app_documents (org_id, document_id);
ALTER TABLE api_keys ADD COLUMN trusted_documents_only BOOLEAN DEFAULT false NOT NULL
"""
GRANTS = {
    "app_versions": "SELECT, INSERT, UPDATE",
    "trusted_documents": "SELECT, INSERT",
    "app_documents": "SELECT, INSERT",
}


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table, grants in GRANTS.items():
        protect(table, grants)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    # To an older version such a key would be one that may do all that its scopes allow.
    run("ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY")
    run("UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE trusted_documents_only")
    run("ALTER TABLE api_keys FORCE ROW LEVEL SECURITY")
    run("ALTER TABLE api_keys DROP COLUMN trusted_documents_only")
    for table in reversed(GRANTS):
        run(f"DROP TABLE {table}")
