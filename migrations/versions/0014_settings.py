"""An organization's settings are one row with a version, and its logo is kept apart from them."""

from alembic import op

from migrations.tables import protect

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    # The owner is held to the policies too, and would copy nothing while they are forced.
    for table in ("org_settings", "organizations"):
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run("CREATE TEMPORARY TABLE old_settings AS SELECT * FROM org_settings")
    run("DROP TABLE org_settings")
    run("""
        CREATE TABLE org_settings (
            org_id UUID NOT NULL,
            version INTEGER NOT NULL,
            updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
            chosen JSONB NOT NULL,
            CONSTRAINT org_settings_pkey PRIMARY KEY (org_id)
        )""")
    run("""
        INSERT INTO org_settings
        SELECT organizations.org_id, 1, coalesce(max(old_settings.updated_at), organizations.updated_at),
            coalesce(jsonb_object_agg(old_settings.name, value) FILTER (WHERE value <> 'null'), '{}')
        FROM organizations LEFT JOIN old_settings ON old_settings.org_id = organizations.org_id
        GROUP BY organizations.org_id, organizations.updated_at""")
    run("DROP TABLE old_settings")
    run("ALTER TABLE organizations FORCE ROW LEVEL SECURITY")
    protect("org_settings", "SELECT, INSERT, UPDATE")
    run("""
        CREATE TABLE org_logos (
            org_id UUID NOT NULL,
            png BYTEA NOT NULL,
            CONSTRAINT org_logos_pkey PRIMARY KEY (org_id),
            CONSTRAINT org_logos_png_check CHECK (octet_length(png) <= 65536)
        )""")
    protect("org_logos", "SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP TABLE org_logos")
    run("ALTER TABLE org_settings NO FORCE ROW LEVEL SECURITY")
    run("CREATE TEMPORARY TABLE new_settings AS SELECT * FROM org_settings")
    run("DROP TABLE org_settings")
    run("""
        CREATE TABLE org_settings (
            org_id UUID NOT NULL,
            name TEXT COLLATE "C" NOT NULL,
            value JSONB NOT NULL,
            updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
            CONSTRAINT org_settings_pkey PRIMARY KEY (org_id, name)
        )""")
    # Its code takes whole numbers and knows these two.
    run("""
        INSERT INTO org_settings SELECT org_id, key, value, updated_at
        FROM new_settings, jsonb_each(chosen) WHERE key IN ('orders.revisionLimit', 'orders.reopenDays')""")
    run("DROP TABLE new_settings")
    protect("org_settings", "SELECT, INSERT, UPDATE, DELETE")
