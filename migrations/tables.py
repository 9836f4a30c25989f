"""What migrations that make or drop tables share. Released migrations run it: what it does for them never changes."""

from alembic import context, op

TENANT = "org_id = (nullif(current_setting('app.org_id'::text, true), ''::text))::uuid"


def protect(table: str, grants: str) -> None:
    """Force row-level security on a new table, so that only its organization's rows are there, and grant the
    application its part."""
    run = op.get_bind().exec_driver_sql
    run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for verb, clause in (("SELECT", "USING"), ("INSERT", "WITH CHECK"), ("UPDATE", "USING"), ("DELETE", "USING")):
        if verb in grants:
            name = "read" if verb == "SELECT" else verb.lower()
            run(f"CREATE POLICY {table}_{name} ON {table} FOR {verb} {clause} ({TENANT})")
    run(f"GRANT {grants} ON {table} TO {context.config.attributes['app_role']}")


# Since PostgreSQL 18 a NOT NULL is a constraint, whose name has the column's.
RENAME_NOT_NULL = """
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname = '{table}_{old}_not_null'
    ) THEN
        ALTER TABLE {table} RENAME CONSTRAINT {table}_{old}_not_null TO {table}_{new}_not_null;
    END IF;
END $$
"""


def rename_column(table: str, old: str, new: str) -> None:
    """Rename a column, and the constraint that it is not null where there is one."""
    run = op.get_bind().exec_driver_sql
    run(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    run(RENAME_NOT_NULL.format(table=table, old=old, new=new))


def forget(prefix: str, column: str = "resource") -> None:
    """Delete the search words and tags of the rows of a resource, whose table is dropped, by the prefix of its ids.

    ``column`` is what the prefix's column was called at that revision.
    """
    run = op.get_bind().exec_driver_sql
    for table in ("search_words", "tag_uses"):
        # The owner too is held to the policies while they are forced.
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        run(f"DELETE FROM {table} WHERE {column} = '{prefix}'")
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
