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


async def settings_of(ctx: Context) -> dict[str, Any]:
    """Return every setting by name, with its default where it is not set; read once for each operation."""
    kept: dict[str, Any] | None = ctx.loaders.get("settings")
    if kept is None:
        kept = {name: setting.default for name, setting in REGISTRY.items()}
        for row in await ctx.fetch(_settings()):
            if row["name"] in REGISTRY:
                kept[row["name"]] = REGISTRY[row["name"]].loaded(row["value"])
        ctx.loaders["settings"] = kept
    return kept
