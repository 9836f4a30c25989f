"""Forms: how they are created and changed. Each change keeps the form's new version."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from models.clients import CLIENT
from models.forms import FORM, MACHINE, MAX_PATTERNS, Form, form_versions
from models.organizations import directory
from models.tickets import TICKET
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.changes.transitions import transition_request
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusal, refuse
from resolvers.forms.collections import FORMS
from resolvers.forms.fields import fields_with_defaults, judge_patterns, wrong_actions, wrong_fields
from resolvers.forms.matching import WORK_OF_PATTERN

# The scope that an action needs of the key that turns it on, or changes the fields that it reads.
_SCOPES = {"create_client": CLIENT.write_scope, "create_ticket": TICKET.write_scope}
_READ = {"name_field", "email_field"}
# What a form has that does nothing with a submission.
_NO_ACTIONS = {"create_client": False, "name_field": None, "email_field": None}


@statement
def _new_directory_entry() -> sa.Insert:
    return directory.insert().values(resource=FORM.prefix, key=sa.bindparam("key", type_=sa.Text), org_id=ORG)


@statement
def _new_version() -> sa.Insert:
    columns = [column for column in form_versions.c if column.name != "org_id"]
    return form_versions.insert().values(
        org_id=ORG, **{column.name: sa.bindparam(column.name, type_=column.type) for column in columns}
    )


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a form. Raises Refusal FORBIDDEN for an action whose scope the key lacks, and Refusals for its fields."""
    row = new_row(Form, _flat(values))
    _must_hold_scopes(ctx, row, row)
    row["fields"] = fields_with_defaults(row["fields"])
    await judge_patterns(ctx, row["fields"])
    refuse([*wrong_fields(row["fields"]), *wrong_actions(row)])
    # Whoever submits the form has its id and no key: the directory finds the organization by it.
    await ctx.fetch(_new_directory_entry(), key=str(row["id"]))
    await insert(ctx, FORMS, row)
    await _keep_version(ctx, row)
    return row


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a form, then move it when a status is given: one transaction, one version.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION, FORBIDDEN for an action whose scope the key lacks,
    and Refusals for its fields.
    """
    new = _flat(values)
    request = transition_request(new)
    if "fields" in new:
        new["fields"] = fields_with_defaults(new["fields"])
        # Before the row is locked: it may wait for turns.
        await judge_patterns(ctx, new["fields"])
    edit = await begin_edit(ctx, FORMS, key)
    wrong: list[Refusal] = []
    if "fields" in new:
        wrong = wrong_fields(new["fields"])
    changed = edit.changes(new)
    edit.set(new)
    _must_hold_scopes(ctx, changed, edit.row)
    refuse([*wrong, *wrong_actions(edit.row)])
    await edit.transition(MACHINE, request)
    return await _saved(edit)


def check(ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield what is wrong with fields, and with the actions that are given with them."""
    if "fields" in values:
        fields = fields_with_defaults(values["fields"])
        ctx.matched += WORK_OF_PATTERN * sum(field["pattern"] is not None for field in fields[:MAX_PATTERNS])
        yield from wrong_fields(fields)
        yield from wrong_actions({**_NO_ACTIONS, **values.get("on_submit", {}), "fields": fields})


async def transition(ctx: Context, key: Key, values: InputValues) -> Row:
    """Move a form to another status. Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION."""
    edit = await begin_edit(ctx, FORMS, key)
    await edit.transition(MACHINE, transition_request(dict(values), "to"))
    return await _saved(edit)


def _must_hold_scopes(ctx: Context, changed: InputValues, row: Row) -> None:
    """Check that the key holds the scopes of the actions that some changed columns give a form. Raises Refusal
    FORBIDDEN."""
    for column, scope in _SCOPES.items():
        if row[column] and not changed.keys().isdisjoint({column, *_READ}):
            must_hold(ctx, [scope], f"on_submit.{column}")


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an input, with those of ``on_submit`` among them: they are columns too."""
    actions: Mapping[str, Any] = values.get("on_submit", {})
    return {name: value for name, value in values.items() if name != "on_submit"} | dict(actions)


async def _saved(edit: Edit) -> Row:
    row = await edit.save()
    if row["version"] != edit.old["version"]:
        await _keep_version(edit.ctx, row)
    return row


async def _keep_version(ctx: Context, row: Mapping[str, Any]) -> None:
    await ctx.fetch(
        _new_version(), form_id=row["id"], version=row["version"], name=row["name"], fields=row["fields"],
        created_at=row["updated_at"],
    )  # fmt: skip
