"""The audit log is listed by its actors, actions, sources and times, and exported into tables of its own."""

from alembic import op

from migrations.tables import protect

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = {"actor": "actor_id", "action": "action", "source": "source", "occurred": "occurred_at"}
JOBS = "CHECK (function in ({}))"
FUNCTIONS = "'WEBHOOK_DELIVERY', 'AUDIT_SEAL', 'TICKET_WAKE'"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    # By bytes, so that an index finds what begins with a text.
    for column in ("action", "actor_id"):
        run(f'ALTER TABLE audit_entries ALTER COLUMN {column} TYPE TEXT COLLATE "C"')
    for name, column in INDEXES.items():
        run(f"CREATE INDEX audit_entries_{name}_idx ON audit_entries (org_id, {column}, id)")
    run("ALTER TABLE jobs DROP CONSTRAINT jobs_function_check")
    run("ALTER TABLE jobs ADD CONSTRAINT jobs_function_check " + JOBS.format(f"{FUNCTIONS}, 'AUDIT_EXPORT'"))
    run("""
        CREATE TABLE audit_exports (
            org_id UUID NOT NULL,
            id UUID NOT NULL,
            version INTEGER NOT NULL,
            updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
            status TEXT NOT NULL,
            first_sequence BIGINT NOT NULL,
            last_sequence BIGINT,
            error TEXT,
            size BIGINT NOT NULL,
            head TEXT,
            expires_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
            CONSTRAINT audit_exports_pkey PRIMARY KEY (org_id, id),
            CONSTRAINT audit_exports_status_check CHECK (status in ('QUEUED', 'RUNNING', 'READY', 'FAILED')),
            CONSTRAINT audit_exports_error_check CHECK (
                error in ('LOG_BROKEN', 'SIGNING_NOT_CONFIGURED', 'OUT_OF_RANGE', 'INTERNAL'))
        )""")
    protect("audit_exports", "SELECT, INSERT, UPDATE, DELETE")
    run("""
        CREATE TABLE audit_export_chunks (
            org_id UUID NOT NULL,
            export_id UUID NOT NULL,
            number INTEGER NOT NULL,
            data BYTEA NOT NULL,
            CONSTRAINT audit_export_chunks_pkey PRIMARY KEY (org_id, export_id, number),
            CONSTRAINT audit_export_chunks_data_check CHECK (octet_length(data) <= 1048576),
            CONSTRAINT audit_export_chunks_org_id_export_id_fkey FOREIGN KEY (org_id, export_id)
                REFERENCES audit_exports (org_id, id) ON DELETE CASCADE
        )""")
    protect("audit_export_chunks", "SELECT, INSERT, DELETE")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP TABLE audit_export_chunks")
    run("DROP TABLE audit_exports")
    # Their rows are gone, and the owner is held to the policies too.
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run("DELETE FROM jobs WHERE function = 'AUDIT_EXPORT'")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    run("ALTER TABLE jobs DROP CONSTRAINT jobs_function_check")
    run(f"ALTER TABLE jobs ADD CONSTRAINT jobs_function_check {JOBS.format(FUNCTIONS)}")
    for name in INDEXES:
        run(f"DROP INDEX audit_entries_{name}_idx")
    for column in ("action", "actor_id"):
        run(f"ALTER TABLE audit_entries ALTER COLUMN {column} TYPE TEXT")
