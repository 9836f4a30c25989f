"""Agent definitions: how they are created and changed. Each change keeps the definition's new version."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.agents import AgentContent, AgentDefinition, AgentStatus, agent_definition_versions
from resolvers.agents.collections import AGENT_JOBS, AGENTS, HAS_AGENT_JOBS
from resolvers.agents.schemas import check_schema
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.write import Kept
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Refusal, Refusals, bad_input

SCHEMAS = ("input_schema", "output_schema")


@statement
def _keep() -> sa.Insert:
    columns = [column for column in agent_definition_versions.c if column.name != "org_id"]
    return agent_definition_versions.insert().values(
        org_id=ORG, **{column.name: sa.bindparam(column.name, type_=column.type) for column in columns}
    )


@statement
def _versions(columns: tuple[str, ...]) -> sa.Select[Any]:
    of = agent_definition_versions.c
    # The last column is the loader's own: a plan reads the others by their order.
    own = sa.func.concat(of.definition_id, ":", of.version).label("key")
    # Those of other definitions with these numbers are read too.
    wanted = (
        of.definition_id == sa.any_(sa.bindparam("definitions", type_=pg.ARRAY(sa.Uuid))),
        of.version == sa.any_(sa.bindparam("versions", type_=pg.ARRAY(sa.Integer))),
    )
    return owned(agent_definition_versions, *(of[name] for name in columns), own).where(*wanted)


async def versions_of_jobs(ctx: Context, parents: list[Row], args: Args) -> list[Row]:
    """Return the version of the definition that each job runs."""
    definitions, versions = ([*{row[f"definition{end}"] for row in parents}] for end in ("_id", "_version"))
    rows = await ctx.fetch(_versions(args.columns), definitions=definitions, versions=versions)
    found = {row["key"]: row for row in rows}
    return [found[f"{row['definition_id']}:{row['definition_version']}"] for row in parents]


async def create(ctx: Context, values: InputValues) -> Row:
    """Create an agent definition. Raises Refusals for its tools and schemas, Refusal FORBIDDEN for a tool whose scope
    the key lacks."""
    new = _checked(ctx, values)
    row = new_row(AgentDefinition, {"tools": []} | new)
    _must_hold_scopes(ctx, row, new)
    await insert(ctx, AGENTS, row)
    await _keep_version(ctx, row)
    return row


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change an agent definition; jobs stay with the version that they were queued of.

    Raises Refusal NOT_FOUND or VERSION_MISMATCH, FORBIDDEN for a tool whose scope the key lacks, also for one that the
    definition had: what is changed of it may be what the tool is used for. Raises Refusals for its tools and schemas.
    """
    edit = await begin_edit(ctx, AGENTS, key)
    new = _checked(ctx, values)
    archives = edit.changes(new).get("status") == AgentStatus.ARCHIVED
    edit.set(new, "archive" if archives else "update")
    _must_hold_scopes(ctx, edit.row, new)
    _must_hold_scopes(ctx, edit.old, {})
    row = await edit.save()
    if row["version"] != edit.old["version"]:
        await _keep_version(ctx, row)
    return row


async def remove(ctx: Context, key: Key) -> None:
    """Delete an agent definition of which no job was ever queued. Raises Refusal CONFLICT (HAS_AGENT_JOBS)."""
    edit = await begin_edit(ctx, AGENTS, key, deletes=True)
    message = "The agent definition has jobs, which are kept: archive it instead."
    await edit.delete(Kept(AGENT_JOBS, "definition_id", HAS_AGENT_JOBS, message))


def _checked(ctx: Context, values: InputValues) -> dict[str, Any]:
    """Return the values of an input as columns have them. Raises Refusals for tools and schemas that are none."""
    new = {name: value for name, value in values.items() if name != "limits"} | dict(values.get("limits", {}))
    problems: list[Refusal] = []
    if "tools" in new:
        new["tools"] = [_tool(each) for each in new["tools"]]
        problems += _wrong_tools(ctx, [each["operation"] for each in new["tools"]])
    for name in SCHEMAS:
        if new.get(name) is not None:
            problems += check_schema(new[name], name)
    if problems:
        raise Refusals(problems)
    return new


def _tool(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"operation": given["operation"], "requiresApproval": given.get("requires_approval", False)}


def _wrong_tools(ctx: Context, operations: list[str]) -> Iterator[Refusal]:
    for index, operation in enumerate(operations):
        if operation not in ctx.runtime.tools:
            message = "There is no such tool."
            yield bad_input(f"tools.{index}.operation", message, "NOT_ONE_OF", allowed=sorted(ctx.runtime.tools))
        elif operation in operations[:index]:
            yield bad_input(f"tools.{index}.operation", "The tool is listed twice.", "NOT_ALLOWED")


def _must_hold_scopes(ctx: Context, row: Row, given: InputValues) -> None:
    """Refuse a key that gives an agent tools which it could not use itself, or tells an agent how to use such tools.

    Raises Refusal FORBIDDEN with the scope.
    """
    for index, tool in enumerate(row["tools"]):
        field = f"tools.{index}.operation" if "tools" in given else "tools"
        # One that a later version does not have any more needs nothing, and is not run.
        must_hold(ctx, sorted(ctx.runtime.tools.get(tool["operation"], ())), field)


async def _keep_version(ctx: Context, row: Row) -> None:
    kept = {name: row[name] for name in AgentContent.model_fields}
    version = {"definition_id": row["id"], "version": row["version"], "created_at": row["updated_at"]}
    await ctx.fetch(_keep(), **kept, **version)
