"""Versions of apps: added with their documents, activated, retired. Only the command line does it."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import C_TEXT, TIMESTAMP
from models.documents import APP_VERSION, AppVersionStatus, app_documents, app_versions, trusted_documents
from models.typeid import new_uuid
from resolvers.audit.entries import new_entry
from resolvers.changes.advisory_lock import lock_objects
from resolvers.changes.write import write_entries
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.documents.lookup import sha256_of
from resolvers.errors import bad_input, not_found

_NAMED = tuple(app_versions.c[name] == sa.bindparam(name, type_=C_TEXT) for name in ("app", "name"))
_IDS = sa.bindparam("ids", type_=pg.ARRAY(C_TEXT))


@statement
def _version() -> sa.Select[Any]:
    return owned(app_versions).where(*_NAMED).with_for_update(key_share=True)


@statement
def _known() -> sa.Select[Any]:
    known = owned(trusted_documents, trusted_documents.c.document_id, trusted_documents.c.text)
    return known.where(trusted_documents.c.document_id == sa.any_(_IDS))


@statement
def _documents_of() -> sa.Select[Any]:
    mine = app_documents.c.app_version_id == sa.bindparam("id", type_=sa.Uuid)
    return owned(app_documents, app_documents.c.document_id).where(mine)


def _listed(*names: str) -> Any:
    arrays = [sa.bindparam(name, type_=pg.ARRAY(C_TEXT)) for name in names]
    columns = [sa.column(name, C_TEXT) for name in names]
    return sa.func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


@statement
def _insert_documents() -> Any:
    given = _listed("document_id", "sha256", "text")
    names = ["org_id", *(column.name for column in given.c)]
    return trusted_documents.insert().from_select(names, sa.select(ORG, *given.c))


@statement
def _insert_version() -> sa.Insert:
    names = ("id", "updated_at", "app", "name", "status")
    given = {name: sa.bindparam(name, type_=app_versions.c[name].type) for name in names}
    return app_versions.insert().values(org_id=ORG, version=1, **given).returning(app_versions)


@statement
def _link() -> Any:
    given = _listed("ids")
    version = sa.bindparam("id", type_=sa.Uuid)
    return app_documents.insert().from_select(
        ["org_id", "app_version_id", "document_id"], sa.select(ORG, version, given.c.ids)
    )


@statement
def _set_status() -> sa.Update:
    changed = {
        "status": sa.bindparam("to", type_=sa.Text),
        "updated_at": sa.bindparam("moment", type_=TIMESTAMP),
        "version": app_versions.c.version + 1,
    }
    mine = (app_versions.c.org_id == ORG, app_versions.c.id == sa.bindparam("id", type_=sa.Uuid))
    return app_versions.update().where(*mine).values(**changed).returning(app_versions)


async def add(ctx: Context, app: str, name: str, documents: Mapping[str, str]) -> Row:
    """Add a version of an app with its documents, by their IDs; one that has just these is returned as it is.

    Raises Refusal BAD_INPUT for a version that has others, or an ID that stands for another text already.
    """
    await lock_objects(ctx, APP_VERSION)
    ids = sorted(documents)
    known = {row["document_id"]: row["text"] for row in await ctx.fetch(_known(), ids=ids)}
    for document_id in ids:
        if known.get(document_id, documents[document_id]) != documents[document_id]:
            raise bad_input("document_id", f"The document ID {document_id} stands for another text already.")
    row = await ctx.row(_version(), app=app, name=name)
    if row is not None:
        if sorted(each["document_id"] for each in await ctx.fetch(_documents_of(), id=row["id"])) != ids:
            raise bad_input("name", f"The version {name} of {app} has other documents already.")
        return row
    new = [document_id for document_id in ids if document_id not in known]
    texts = [documents[document_id] for document_id in new]
    await ctx.fetch(_insert_documents(), document_id=new, sha256=[*map(sha256_of, texts)], text=texts)
    made = {"app": app, "name": name, "status": AppVersionStatus.ADDED.value}
    row = await ctx.row(_insert_version(), id=new_uuid(), updated_at=now(), **made)
    assert row is not None, "an insert returns its row"
    await ctx.fetch(_link(), id=row["id"], ids=ids)
    entry = new_entry(APP_VERSION.action("add"), {}, made | {"documents": len(ids)})
    await write_entries(ctx, [(entry, row["id"])])
    return row


async def set_status(ctx: Context, app: str, name: str, status: AppVersionStatus) -> Row:
    """Activate or retire a version of an app; one that is so already stays as it is. Raises Refusal NOT_FOUND."""
    row = await ctx.row(_version(), app=app, name=name)
    if row is None:
        raise not_found(f"version {name} of an app {app}", "name")
    if row["status"] == status:
        return row
    entry = new_entry(APP_VERSION.action(status.lower()), {"status": row["status"]}, {"status": status.value})
    await write_entries(ctx, [(entry, row["id"])])
    changed = await ctx.row(_set_status(), id=row["id"], to=status.value, moment=now())
    assert changed is not None, "the row is locked"
    return changed


@statement
def _all() -> sa.Select[Any]:
    mine = sa.and_(app_documents.c.org_id == ORG, app_documents.c.app_version_id == app_versions.c.id)
    count = sa.select(sa.func.count()).select_from(app_documents).where(mine).scalar_subquery()
    return owned(app_versions, app_versions, count.label("documents")).order_by(app_versions.c.id.desc())


async def every(ctx: Context) -> Sequence[Row]:
    """Return the versions of the organization's apps with the number of their documents, newest first."""
    return await ctx.fetch(_all())


@statement
def _active() -> sa.Select[Any]:
    of_version = sa.and_(app_versions.c.org_id == ORG, app_versions.c.id == app_documents.c.app_version_id)
    of_document = sa.and_(
        trusted_documents.c.org_id == ORG, trusted_documents.c.document_id == app_documents.c.document_id
    )
    columns = (app_versions.c.app, app_versions.c.name, trusted_documents.c.document_id, trusted_documents.c.text)
    joined = app_documents.join(app_versions, of_version).join(trusted_documents, of_document)
    found = owned(app_documents, *columns).select_from(joined)
    return found.where(app_versions.c.status != AppVersionStatus.RETIRED.value).order_by(*columns[:3])


async def in_use(ctx: Context) -> Sequence[Row]:
    """Return the documents of all versions that are not retired, each with the app and the version."""
    return await ctx.fetch(_active())
