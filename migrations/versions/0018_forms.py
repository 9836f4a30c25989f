"""Forms, each version of them, and their submissions."""

from alembic import op

from migrations.tables import forget, protect

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE forms (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    metadata JSONB NOT NULL,
    name VARCHAR(200) NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    fields JSONB NOT NULL,
    redirect_url VARCHAR(2000),
    create_client BOOLEAN NOT NULL,
    create_ticket BOOLEAN NOT NULL,
    name_field VARCHAR(40),
    email_field VARCHAR(40),
    CONSTRAINT forms_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT forms_status_check CHECK (status in ('DRAFT', 'PUBLISHED', 'CLOSED')),
    CONSTRAINT forms_create_client_check CHECK (not create_client or email_field is not null)
);
CREATE INDEX forms_status_idx ON forms (org_id, status, id);
CREATE INDEX forms_name_idx ON forms (org_id, name_key, id);
CREATE INDEX forms_updated_idx ON forms (org_id, updated_at, id);
CREATE TABLE form_versions (
    org_id UUID NOT NULL,
    form_id UUID NOT NULL,
    version INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    fields JSONB NOT NULL,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT form_versions_pkey PRIMARY KEY (org_id, form_id, version),
    CONSTRAINT form_versions_org_id_form_id_fkey FOREIGN KEY (org_id, form_id) REFERENCES forms (org_id, id)
);
CREATE TABLE submissions (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    form_id UUID NOT NULL,
    form_version INTEGER NOT NULL,
    data JSONB NOT NULL,
    spam BOOLEAN NOT NULL,
    client_id UUID,
    ticket_id UUID,
    CONSTRAINT submissions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT submissions_org_id_form_id_fkey FOREIGN KEY (org_id, form_id) REFERENCES forms (org_id, id),
    CONSTRAINT submissions_org_id_client_id_fkey FOREIGN KEY (org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT submissions_org_id_ticket_id_fkey FOREIGN KEY (org_id, ticket_id) REFERENCES tickets (org_id, id)
);
CREATE INDEX submissions_form_idx ON submissions (org_id, form_id, id);
CREATE INDEX submissions_client_idx ON submissions (org_id, client_id, id);
CREATE INDEX submissions_ticket_idx ON submissions (org_id, ticket_id, id);
CREATE INDEX submissions_spam_idx ON submissions (org_id, spam, id)
"""
# Parents first.
GRANTS = {
    "forms": "SELECT, INSERT, UPDATE",
    "form_versions": "SELECT, INSERT",
    "submissions": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table, grants in GRANTS.items():
        protect(table, grants)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in reversed(GRANTS):
        run(f"DROP TABLE {table}")
    forget("form")
    # The owner too is held to the policies while they are forced.
    run("ALTER TABLE directory NO FORCE ROW LEVEL SECURITY")
    run("DELETE FROM directory WHERE resource = 'form'")
    run("ALTER TABLE directory FORCE ROW LEVEL SECURITY")
