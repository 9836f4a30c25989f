"""Agent definitions: how they are created and changed. Each change keeps the definition's new version."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from models.agents import AgentContent, AgentDefinition, AgentStatus, agent_definition_versions
from resolvers.agent_jobs.collections import AGENT_JOBS, HAS_AGENT_JOBS
from resolvers.agents.collections import AGENTS
from resolvers.agents.schemas import check_schema
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.write import Restrict
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusal, bad_input, refuse

SCHEMAS = ("input_schema", "output_schema")


@statement
def _keep() -> sa.Insert:
    columns = [column for column in agent_definition_versions.c if column.name != "org_id"]
    return agent_definition_versions.insert().values(
        org_id=ORG, **{column.name: sa.bindparam(column.name, type_=column.type) for column in columns}
    )


async def create(ctx: Context, values: InputValues) -> Row:
    """Create an agent definition. Raises Refusals for its tools and schemas, also FORBIDDEN for tools whose scopes the
    key lacks."""
    refuse(check(ctx, values))
    row = new_row(AgentDefinition, {"tools": []} | _columns(values))
    await insert(ctx, AGENTS, row)
    await _keep_version(ctx, row)
    return row


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change an agent definition; jobs stay with the version that they were queued of.

    Raises Refusal NOT_FOUND or VERSION_MISMATCH, Refusals as for a new one, Refusal FORBIDDEN for a tool that the
    definition had and whose scope the key lacks: what is changed of it may be what the tool is used for.
    """
    edit = await begin_edit(ctx, AGENTS, key)
    refuse(check(ctx, values))
    new = _columns(values)
    archives = edit.changes(new).get("status") == AgentStatus.ARCHIVED
    edit.set(new, "archive" if archives else "update")
    for tool in edit.old["tools"]:
        must_hold(ctx, _scopes_of(ctx, tool), "tools")
    row = await edit.save()
    if row["version"] != edit.old["version"]:
        await _keep_version(ctx, row)
    return row


async def remove(ctx: Context, key: Key) -> None:
    """Delete an agent definition of which no job was ever queued. Raises Refusal CONFLICT (HAS_AGENT_JOBS)."""
    edit = await begin_edit(ctx, AGENTS, key, deletes=True)
    message = "The agent definition has jobs, which are kept: archive it instead."
    await edit.delete(Restrict(AGENT_JOBS, "definition_id", HAS_AGENT_JOBS, message))


def check(ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield what is wrong with the tools and schemas of an input; then, as FORBIDDEN, the tools whose scopes the key
    lacks: nobody gives an agent what they could not use themselves."""
    tools = values.get("tools", [])
    names = [tool["operation"] for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield bad_input(_place(index), "The tool is listed twice.", "NOT_ALLOWED")
    for name in SCHEMAS:
        if values.get(name) is not None:
            yield from check_schema(values[name], name, ctx)
    for index, tool in enumerate(tools):
        try:
            must_hold(ctx, _scopes_of(ctx, tool), _place(index))
        except Refusal as refused:
            yield refused


def _place(index: int) -> str:
    return f"tools.{index}.operation"


def _columns(values: InputValues) -> dict[str, Any]:
    """Return the values of an input as columns have them."""
    new = {name: value for name, value in values.items() if name != "limits"} | dict(values.get("limits", {}))
    if "tools" in new:
        new["tools"] = [_tool(each) for each in new["tools"]]
    return new


def _tool(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"operation": given["operation"], "requiresApproval": given.get("requires_approval", False)}


def _scopes_of(ctx: Context, tool: Mapping[str, Any]) -> list[str]:
    """Return the scopes of a tool. One that a later version does not have any more needs none, and is not run."""
    return sorted(ctx.runtime.tools.get(tool["operation"], ()))


async def _keep_version(ctx: Context, row: Row) -> None:
    content = {name: row[name] for name in AgentContent.model_fields}
    version = {"definition_id": row["id"], "version": row["version"], "created_at": row["updated_at"]}
    await ctx.fetch(_keep(), **content, **version)
