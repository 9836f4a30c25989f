"""The rights of the application's role. Each migration grants them on what it makes; a dump may bring none."""

import sqlalchemy as sa

from models.catalogue import TABLES

# Each table's rights, as it has them at the newest revision; by the last one a process sees whether it is migrated.
_GRANTS = [(table.name, verb) for table in TABLES for verb in table.info["grants"].split(", ")]
_GRANTS.append(("alembic_version", "SELECT"))
_MISSING = sa.text("""
select name, verb from unnest(cast(:names as text[]), cast(:verbs as text[])) as t (name, verb)
where not has_table_privilege(:role, 'public.' || name, verb)
""")


def grant_missing(connection: sa.Connection, app_role: str) -> None:
    """Grant the application's role what it lacks, as after a restore without privileges or for another role."""
    names, verbs = zip(*_GRANTS, strict=True)
    found = connection.execute(_MISSING, {"names": [*names], "verbs": [*verbs], "role": app_role})
    for name, verb in found.all():
        connection.exec_driver_sql(f"GRANT {verb} ON public.{name} TO {app_role}")
    connection.commit()
