"""An organization's settings: what it chose, over the registry's defaults."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.images import digest_of
from models.organizations import org_logos, org_settings
from models.settings import KEPT_CHANGES, LOGO, REGISTRY, SETTINGS
from resolvers.audit import seals
from resolvers.audit.entries import new_entry
from resolvers.changes.write import write_entries
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import bad_input, version_mismatch
from resolvers.loads import shared

log = structlog.get_logger(__name__)


@statement
def _shown(columns: tuple[str, ...]) -> sa.Select[Any]:
    shown = [org_settings.c[name] for name in columns]
    # The last column is the loader's own: a plan reads the others by their order.
    return owned(org_settings, *shown, org_settings.c.org_id.label("key"))


@shared
async def current(ctx: Context, args: Args) -> Row | None:
    """Return the settings of the caller's organization."""
    return await ctx.row(_shown(args.columns))


async def settings_of(ctx: Context) -> dict[str, Any]:
    """Return every setting by name, with its default where it is not set; read once for each operation."""
    loaded: dict[str, Any] | None = ctx.loaders.get("settings")
    if loaded is None:
        row = await ctx.row(_shown(("chosen",)))
        chosen = {} if row is None else row["chosen"]
        loaded = {name: setting.default for name, setting in REGISTRY.items()}
        loaded |= {name: _loaded(name, value) for name, value in chosen.items() if name in REGISTRY}
        ctx.loaders["settings"] = loaded
    return loaded


def _loaded(name: str, stored: Any) -> Any:
    """Return a setting's value; its default where what is stored is out of its bounds, which no change of it stores."""
    try:
        return REGISTRY[name].loaded(stored)
    except ValueError:
        log.error("settings.invalid", setting=name)
        return REGISTRY[name].default


@statement
def _logo() -> sa.Select[Any]:
    return owned(org_logos, org_logos.c.png)


async def logo_of(ctx: Context) -> bytes | None:
    """Return the organization's logo, a PNG; None where it has none."""
    row = await ctx.row(_logo())
    return None if row is None else row["png"]


def entries_of(row: Row) -> list[dict[str, Any]]:
    """Return every setting with its value and its default, as they are shown."""
    return [
        {
            "name": name,
            "type": setting.type,
            "value": setting.shown(_loaded(name, row["chosen"].get(name, setting.shown(setting.default)))),
            "default": setting.shown(setting.default),
            "meaning": setting.meaning,
        }
        for name, setting in REGISTRY.items()
    ]


@statement
def _locked() -> sa.Select[Any]:
    return owned(org_settings).with_for_update()


@statement
def _write() -> sa.Update:
    columns = ("version", "updated_at", "chosen")
    new: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=org_settings.c[name].type) for name in columns}
    return org_settings.update().where(org_settings.c.org_id == ORG).values(new)


@statement
def _store_logo() -> sa.Insert:
    new = pg.insert(org_logos).values(org_id=ORG, png=sa.bindparam("png", type_=pg.BYTEA))
    return new.on_conflict_do_update(index_elements=[org_logos.c.org_id], set_={"png": new.excluded.png})


@statement
def _delete_logo() -> sa.Delete:
    return org_logos.delete().where(org_logos.c.org_id == ORG)


async def change(ctx: Context, values: Mapping[str, Any]) -> Row:
    """Set settings; null resets one to its default. Without a difference nothing is written.

    Raises Refusal VERSION_MISMATCH, or BAD_INPUT for the digest of another logo than the organization's.
    """
    old = await ctx.row(_locked())
    assert old is not None, "an organization has settings"
    expected = values.get("expected_version")
    if expected is not None and expected != old["version"]:
        raise version_mismatch("settings", old["version"])
    given = dict(values["values"])
    logo = given.get(LOGO)
    if isinstance(logo, bytes):
        given[LOGO] = digest_of(logo)
    elif logo is not None and logo != old["chosen"].get(LOGO):
        raise bad_input(f"values.{LOGO}", "It is not the digest of the logo that is stored.", "NOT_FOUND")
    before, after = {}, {}
    for name, value in given.items():
        default = REGISTRY[name].shown(REGISTRY[name].default)
        was, becomes = old["chosen"].get(name, default), default if value is None else REGISTRY[name].shown(value)
        if was != becomes:
            before[name], after[name] = was, becomes
    if not after:
        return old
    if LOGO in after:
        await (ctx.fetch(_delete_logo()) if after[LOGO] is None else ctx.fetch(_store_logo(), png=logo))
    if KEPT_CHANGES in after:
        # What is erased meanwhile was allowed by what the log says before this change.
        await seals.hold(ctx)
    chosen = _different(old["chosen"] | after)
    row = {"version": old["version"] + 1, "updated_at": now(), "chosen": chosen}
    await ctx.fetch(_write(), **{f"new_{name}": value for name, value in row.items()})
    await write_entries(ctx, [(new_entry(SETTINGS.action("update"), before, after), ctx.org_id)])
    ctx.loaders.pop("settings", None)
    return row


def _different(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from their defaults; a setting that is not in the registry any more is dropped."""
    known = {name: value for name, value in values.items() if name in REGISTRY}
    return {name: value for name, value in known.items() if value != REGISTRY[name].shown(REGISTRY[name].default)}
