"""An organization's settings: what it set, over the registry's defaults."""

from typing import Any

import sqlalchemy as sa

from models.organizations import org_settings
from models.settings import REGISTRY
from resolvers.context import Context
from resolvers.database.sql import owned, statement


@statement
def _settings() -> sa.Select[Any]:
    return owned(org_settings, org_settings.c.name, org_settings.c.value)


async def settings_of(ctx: Context) -> dict[str, int | None]:
    """Every setting by name; read once for each operation."""
    kept: dict[str, int | None] | None = ctx.loaders.get("settings")
    if kept is None:
        rows = await ctx.fetch(_settings())
        kept = {name: setting.default for name, setting in REGISTRY.items()} | {r["name"]: r["value"] for r in rows}
        ctx.loaders["settings"] = kept
    return kept
