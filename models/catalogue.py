"""Every table, loaded; and the policies and grants that each must have, as DDL."""

from importlib import import_module
from pkgutil import iter_modules

import sqlalchemy as sa

import models
from models.base import TENANT, metadata

for module in iter_modules(models.__path__, f"{models.__name__}."):
    if module.name != __name__:
        import_module(module.name)
TABLES: tuple[sa.Table, ...] = tuple(metadata.sorted_tables)


def protect(table: sa.Table, app_role: str) -> list[str]:
    """Return the statements that force row-level security on a table and grant the application its part."""
    name = table.name
    read = "true" if table.info["read_all"] else TENANT
    grants: str = table.info["grants"]
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {name}_read ON {name} FOR SELECT USING ({read})",
        f"GRANT {grants} ON {name} TO {app_role}",
    ]
    for verb, clause in (("INSERT", "WITH CHECK"), ("UPDATE", "USING"), ("DELETE", "USING")):
        if verb in grants:
            statements.append(f"CREATE POLICY {name}_{verb.lower()} ON {name} FOR {verb} {clause} ({TENANT})")
    return statements
