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


def forget(prefix: str) -> None:
    """Delete the search words and tags of the rows of a resource, whose table is dropped, by the prefix of its ids."""
    run = op.get_bind().exec_driver_sql
    for table in ("search_words", "tag_uses"):
        # The owner too is held to the policies while they are forced.
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        run(f"DELETE FROM {table} WHERE kind = '{prefix}'")
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
