"""What a key may do is bound to it by a MAC: whoever writes to the database without a pepper cannot give a key more."""

import hmac
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.api_keys import API_KEY, api_keys
from models.organizations import directory
from resolvers.audit.entries import new_entry
from resolvers.changes.write import write_entries
from resolvers.context import Context, Row
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, owned, statement
from resolvers.keyring import Keyring
from resolvers.organizations import command_line

# No raw key begins with it: their digests are made with the same peppers.
_RIGHTS = b"rights:"


def mac_of(peppers: Keyring, org_id: UUID, row: Row) -> bytes | None:
    """Return what binds scopes, expiry and limit to a key of an organization, by the pepper of its digest; None without
    that pepper."""
    pepper = peppers.keys.get(row["pepper_version"])
    if pepper is None:
        return None
    ends = row["expires_at"]
    rights = [None if ends is None else ends.timestamp(), row["trusted_documents_only"], *row["scopes"]]
    return hmac.digest(pepper, _RIGHTS + org_id.bytes + row["id"].bytes + orjson.dumps(rights), "sha256")


def are_bound(peppers: Keyring, org_id: UUID, row: Row) -> bool:
    """Return whether a key's scopes and expiry are those that a process with its pepper gave it."""
    mac, made = row["mac"], mac_of(peppers, org_id, row)
    return mac is not None and made is not None and hmac.compare_digest(mac, made)


@statement
def _organizations() -> sa.Select[Any]:
    return sa.select(directory.c.org_id).where(directory.c.resource == API_KEY.prefix).distinct()


@statement
def _unbound() -> sa.Select[Any]:
    these = (api_keys.c.mac.is_(None), api_keys.c.revoked_at.is_(None))
    return owned(api_keys).where(*these).order_by(api_keys.c.id).with_for_update(key_share=True)


@statement
def _bind() -> sa.Update:
    arrays = (sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)), sa.bindparam("macs", type_=pg.ARRAY(pg.BYTEA)))
    columns = (sa.column("id", sa.Uuid), sa.column("mac", pg.BYTEA))
    given = sa.func.unnest(*arrays).table_valued(*columns, name="given", joins_implicitly=True).render_derived()
    return api_keys.update().where(api_keys.c.org_id == ORG, api_keys.c.id == given.c.id).values(mac=given.c.mac)


async def bind_all(runtime: Runtime) -> list[Row]:
    """Bind to each organization's keys what the database says that they may do, where nothing was bound yet: keys from
    before there were MACs. Return them. A key whose pepper is not among the settings is left out, as it does not work.
    """
    sql = _organizations()
    async with runtime.connection() as connection:
        organizations = [row["org_id"] for row in await connection.fetch(sql.text, *sql.arguments({}))]
    return [row for org_id in organizations for row in await _bind_some(command_line(runtime, org_id))]


async def _bind_some(ctx: Context) -> list[Row]:
    async with ctx.transaction():
        found = dict(_made(ctx.runtime.peppers, ctx.org_id, await ctx.fetch(_unbound())))
        if found:
            await ctx.fetch(
                _bind(), ids=[row["id"] for row, _ in found.values()], macs=[mac for _, mac in found.values()]
            )
            action = API_KEY.action("bind")
            await write_entries(
                ctx, [(new_entry(action, {}, {"scopes": row["scopes"]}), key) for key, (row, _) in found.items()]
            )
    return [row for row, _ in found.values()]


def _made(peppers: Keyring, org_id: UUID, rows: list[Row]) -> Iterator[tuple[UUID, tuple[Row, bytes]]]:
    for row in rows:
        mac = mac_of(peppers, org_id, row)
        if mac is not None:
            yield row["id"], (row, mac)
