"""Calls of tools: what a model gets of each, and that a call is a job's doing, within the job's scopes."""

import jsonschema_rs
import pytest

from models.actors import ActorKind, Source, within
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from schema.requests.tools import TOOLS
from schema.tools.calls import call_tool
from schema.tools.schemas import description_of, schema_of
from tests.support.api import Org, new_client
from tests.support.refusals import unchanged

ENGINE = Engine()


def context(org: Org, runtime: Runtime, *scopes: str, dry_run: bool = False) -> Context:
    """The context of a job that has these scopes."""
    actor = Actor(ActorKind.JOB, "job_1", "Helper", frozenset(scopes), org.id)
    return Context(runtime, actor, "job_1", Source.WORKER, dry_run=dry_run)


def _codes(result: OperationResult) -> list[tuple[str, str | None]]:
    return [(each["extensions"]["code"], each["extensions"].get("field")) for each in result.errors]


@pytest.mark.parametrize("name", TOOLS)
def test_a_schema_is_valid_and_describes_all(name: str) -> None:
    schema = schema_of(name)
    jsonschema_rs.Draft202012Validator(schema, offline=True)
    assert description_of(name).endswith(".")
    for each in (schema, *schema.get("$defs", {}).values()):
        described = [part.get("description") or part.get("$ref") for part in each.get("properties", {}).values()]
        assert all(described), each


def test_a_schema_takes_what_the_operation_takes() -> None:
    made = jsonschema_rs.Draft202012Validator(schema_of("CreateClient"), offline=True)
    assert made.is_valid({"input": {"name": "Ada", "email": "ada@example.com"}})
    assert not made.is_valid({"input": {"name": "Ada", "email": "ada@example.com", "nickname": "A"}})
    listed = jsonschema_rs.Draft202012Validator(schema_of("ListOrders"), offline=True)
    assert listed.is_valid({"filter": {"or": [{"status": {"in": ["PENDING"]}}, {"not": {"search": "logo"}}]}})
    assert not listed.is_valid({"filter": {"status": {"eq": "LOST"}}})


async def test_a_call_is_audited_as_the_jobs_doing(acme: Org, api_runtime: Runtime) -> None:
    given = {"input": {"name": "Ada", "email": "ada@example.com"}}
    result = await call_tool(ENGINE, context(acme, api_runtime, "clients:write"), "CreateClient", given)
    assert result.errors == []
    entries = await acme.rows("select * from audit_entries where action = 'client:create'")
    assert [(row["actor_kind"], row["actor_id"], row["actor_name"], row["source"]) for row in entries] == [
        ("JOB", "job_1", "Helper", "WORKER")
    ]


async def test_a_list_is_not_counted_unless_asked(acme: Org, api_runtime: Runtime) -> None:
    await new_client(acme)
    ctx = context(acme, api_runtime, "clients:read")
    (plain, counted) = [await call_tool(ENGINE, ctx, "ListClients", given) for given in ({}, {"counted": True})]
    assert plain.data is not None
    assert counted.data is not None
    assert (len(plain.data["clients"]["nodes"]), "totalCount" in plain.data["clients"]) == (1, False)
    assert counted.data["clients"]["totalCount"] == 1


@pytest.mark.parametrize(
    ("name", "given", "scopes", "codes"),
    [
        ("CreateWebhook", {"input": {}}, ["*"], [("FORBIDDEN", None)]),
        ("NoSuchTool", {}, ["*"], [("FORBIDDEN", None)]),
        ("CreateClient", {"input": {}}, ["clients:read"], [("FORBIDDEN", None)]),
        ("CreateClient", {"name": "Ada"}, ["*"], [("BAD_INPUT", "name")]),
        ("CreateClient", {}, ["*"], [("BAD_INPUT", "input")]),
        ("CreateClient", {"input": {"name": 1, "email": "a@b.com"}}, ["*"], [("BAD_INPUT", "input.name")]),
        ("UpdateClient", {"input": {"id": "client_1", "name": "B"}}, ["*"], [("NOT_FOUND", "input.id")]),
    ],
)  # fmt: skip
async def test_a_call_that_is_refused_changes_nothing(
    acme: Org, api_runtime: Runtime, name: str, given: dict[str, object], scopes: list[str],
    codes: list[tuple[str, str | None]],
) -> None:  # fmt: skip
    async with unchanged(acme):
        assert _codes(await call_tool(ENGINE, context(acme, api_runtime, *scopes), name, given)) == codes


async def test_a_call_in_an_open_transaction_is_part_of_it(acme: Org, api_runtime: Runtime) -> None:
    given = {"input": {"name": "Ada", "email": "ada@example.com"}}

    async def undone() -> None:
        ctx = context(acme, api_runtime, "clients:write")
        async with ctx.transaction():
            assert (await call_tool(ENGINE, ctx, "CreateClient", given)).errors == []
            raise LookupError

    async with unchanged(acme):
        with pytest.raises(LookupError):
            await undone()
    ctx = context(acme, api_runtime, "clients:write")
    async with ctx.transaction():
        assert (await call_tool(ENGINE, ctx, "CreateClient", given)).errors == []
        assert await acme.count("clients") == 0
    assert await acme.count("clients") == 1


def test_scopes_are_cut_to_what_their_key_still_has() -> None:
    held = frozenset({"orders:read", "clients:write"})
    assert within(["orders:write", "clients:read", "tickets:read"], held) == {"orders:read", "clients:read"}
    assert within(["orders:write"], frozenset({"*"})) == {"orders:write"}
    assert within(["*"], held) == held
