"""Agent definitions: which versions are kept, whose tools they may have, and when they are deleted."""

from typing import Any

import orjson

from models.agents import AGENT
from models.typeid import decode
from schema.requests.tools import TOOLS
from tests.support.agents import DEFINITION, new_definition, new_job
from tests.support.api import Org
from tests.support.openapi import openapi
from tests.support.refusals import error, problem, unchanged

PATH = "/api/v1/agents/definitions"
UPDATE = """mutation($i: UpdateAgentDefinitionInput!) {
  updateAgentDefinition(input: $i) { agentDefinition { version limits { maxSteps maxTokens maxCost } } } }"""


async def _versions(org: Org, definition: str) -> list[Any]:
    sql = "select * from agent_definition_versions where definition_id = $1 order by version"
    return await org.rows(sql, decode(AGENT.prefix, definition))


async def test_each_change_keeps_a_version(acme: Org) -> None:
    key = await new_definition(acme, status="DRAFT")
    await acme.http.put(f"{PATH}/{key}", json={"instructions": "Look twice.", "limits": {"maxSteps": 5}})
    # The same again, and what is sent back as it was read, are no change.
    read = (await acme.http.get(f"{PATH}/{key}")).json()["data"]
    again = await acme.http.put(f"{PATH}/{key}", json=read)
    assert (again.status_code, again.json()["data"]) == (200, read)
    await acme.http.put(f"{PATH}/{key}", json={"status": "ACTIVE"})
    found = await _versions(acme, key)
    assert [(row["version"], row["instructions"], row["max_steps"]) for row in found] == [
        (1, DEFINITION["instructions"], 20),
        (2, "Look twice.", 5),
        (3, "Look twice.", 5),
    ]
    assert {row["max_tokens"] for row in found} == {100_000}


async def test_limits_are_merged(acme: Org) -> None:
    key = await new_definition(acme, limits={"maxSteps": 7, "maxCost": 5_000_000_000})
    found = (await acme.data(UPDATE, i={"id": key, "limits": {"maxTokens": 1_000}}))["updateAgentDefinition"]
    assert found["agentDefinition"] == {
        "version": 2, "limits": {"maxSteps": 7, "maxTokens": 1_000, "maxCost": 5_000_000_000},
    }  # fmt: skip


async def test_wrong_tools_are_named_beside_what_else_is_wrong(acme: Org) -> None:
    key = await new_definition(acme)
    weak = acme.holding(await acme.new_key("agents:write", "orders:read"))
    tools = [
        {"operation": name} for name in ("GetOrder", "Nope", "UpdateOrder", "GetOrder", "ListOrders", "RevokeApiKey")
    ]
    places = [f"body.tools.{place}.operation" for place in (1, 5, 3, 2)]
    codes = ["NOT_ONE_OF", "NOT_ONE_OF", "NOT_ALLOWED", "FORBIDDEN"]
    given = {"tools": tools, "inputSchema": {"type": "string"}}
    async with unchanged(acme):
        for method, path in (("POST", PATH), ("PUT", f"{PATH}/{key}")):
            for name in ("x", ""):
                body = DEFINITION | given | {"name": name}
                answer = await weak.http.request(method, path, json=body)
                named = [*["body.name"] * (not name), *places[:3], "body.inputSchema.type", places[3]]
                found = problem(answer, 400, "BAD_INPUT", *named)
                assert [each["code"] for each in found["errors"] if "tools" in each["field"]] == codes
                assert found["errors"][-1]["scope"] == "orders:write"
            # What is wrong with the request itself lets no caller be judged, but the names of tools.
            answer = await weak.http.request(method, f"{path}?nope=1", json=DEFINITION | given)
            problem(answer, 400, "BAD_INPUT", "query.nope", *places[:2])
            answer = await weak.http.request(method, path, json=DEFINITION | {"tools": tools[:1] + tools[2:3] * 2})
            two = problem(answer, 400, "BAD_INPUT", *[f"body.tools.{place}.operation" for place in (2, 1, 2)])
            assert [each["code"] for each in two["errors"]] == ["NOT_ALLOWED", "FORBIDDEN", "FORBIDDEN"]


def test_the_names_of_tools_are_one_set_in_what_is_sent_and_returned() -> None:
    schemas = openapi()["components"]["schemas"]
    assert schemas["AgentToolOperation"] == {"type": "string", "enum": sorted(TOOLS)}
    shown = schemas["AgentDefinition"]["properties"]["tools"]["items"]
    taken = [schemas[f"{name}AgentDefinitionBody"]["properties"]["tools"] for name in ("Create", "Update")]
    for tool in (shown, *(each["items"] for each in taken)):
        assert tool["properties"]["operation"]["$ref"] == "#/components/schemas/AgentToolOperation"


async def test_its_tools_need_the_scopes_of_who_makes_it(acme: Org) -> None:
    key = await new_definition(acme)
    weak = acme.holding(await acme.new_key("agents:write", "orders:read"))
    async with unchanged(acme):
        refused = problem(await weak.http.post(PATH, json=DEFINITION), 403, "FORBIDDEN", "body.tools.1.operation")
        assert refused["scope"] == "orders:write"
        # Instructions for the tools that it has weigh as much as giving it these.
        for change in ({"instructions": "Cancel all orders."}, {"name": "Another"}, {"status": "ARCHIVED"}):
            answer = await weak.http.put(f"{PATH}/{key}", json=change)
            assert problem(answer, 403, "FORBIDDEN", "body.tools")["scope"] == "orders:write"
        answer = await weak.graphql(UPDATE, i={"id": key, "tools": [{"operation": "UpdateOrder"}]})
        assert error(answer, 403, "FORBIDDEN", "input.tools.0.operation")["scope"] == "orders:write"
    made = await weak.http.post(PATH, json=DEFINITION | {"tools": DEFINITION["tools"][:1]})
    assert made.json()["data"]["tools"] == [{"operation": "GetOrder", "requiresApproval": False}]
    # Nor does it help to take the tools away with it: they could be given back.
    async with unchanged(acme):
        for beside in ({}, {"instructions": "Cancel all orders."}):
            answer = await weak.http.put(f"{PATH}/{key}", json={"tools": []} | beside)
            assert problem(answer, 403, "FORBIDDEN", "body.tools")["scope"] == "orders:write"
    able = acme.holding(await acme.new_key("agents:write", "orders:write"))
    taken = await able.http.put(f"{PATH}/{key}", json={"tools": []})
    assert (taken.status_code, taken.json()["data"]["tools"]) == (200, [])


async def test_limits_are_merged_and_not_cleared(acme: Org) -> None:
    key = await new_definition(acme)
    async with unchanged(acme):
        for body in ({"limits": None}, {"limits": {"maxSteps": None}}):
            field = "body.limits" if body["limits"] is None else "body.limits.maxSteps"
            answer = await acme.http.put(f"{PATH}/{key}", json=body)
            assert problem(answer, 400, "BAD_INPUT", field)["errors"][0]["code"] == "REQUIRED"
    changed = (await acme.http.put(f"{PATH}/{key}", json={"limits": {"maxSteps": 3}})).json()["data"]["limits"]
    assert (changed["maxSteps"], changed["maxAttempts"]) == (3, 3)


async def test_a_refusal_for_the_scope_of_a_value_was_paid_for(acme: Org) -> None:
    key = await new_definition(acme)
    body = {"definitionId": key}
    for scopes, paid in ((("agent_jobs:write",), True), (("orders:read",), False)):
        weak = acme.holding(await acme.new_key(*scopes))
        async with unchanged(acme):
            answer = await weak.http.post("/api/v1/agent-jobs", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert ("ratelimit" in answer.headers, "ratelimit-policy" in answer.headers) == (paid, paid)
    said = openapi()["paths"]["/api/v1/agent-jobs"]["post"]["responses"]["403"]["headers"]
    assert {"RateLimit", "RateLimit-Policy"} <= said.keys()


async def test_one_that_has_jobs_is_not_deleted(acme: Org) -> None:
    key, unused = await new_definition(acme), await new_definition(acme)
    await new_job(acme, key)
    async with unchanged(acme):
        refused = problem(await acme.http.delete(f"{PATH}/{key}"), 409, "CONFLICT", "path.publicId")
        assert refused["reason"] == "HAS_AGENT_JOBS"
    assert (await acme.http.delete(f"{PATH}/{unused}")).status_code == 204
    assert [row["version"] for row in await _versions(acme, unused)] == []
    assert (await acme.http.get(f"{PATH}/{unused}")).status_code == 404


async def test_a_schema_that_leads_to_itself_is_refused(acme: Org) -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
    schema = {"type": "object", "properties": {"root": {"$ref": "#/$defs/tree"}}, "$defs": {"tree": tree}}
    async with unchanged(acme):
        answer = await acme.http.post(PATH, json=DEFINITION | {"inputSchema": schema})
        where = "body.inputSchema.$defs.tree.properties.children.items.$ref"
        assert problem(answer, 400, "BAD_INPUT", where)["errors"][0]["code"] == "NOT_ALLOWED"


async def test_what_changed_is_in_the_audit_log(acme: Org) -> None:
    key = await new_definition(acme)
    await acme.http.put(f"{PATH}/{key}", json={"tools": [], "status": "ARCHIVED"})
    sql = """select e.action, c.changes from audit_entries e join audit_changes c on c.entry_id = e.id
             where e.target_id = $1 order by e.id"""
    made, changed = await acme.rows(sql, decode(AGENT.prefix, key))
    assert (made["action"], changed["action"]) == ("agent:create", "agent:archive")
    tools = [
        {"operation": "GetOrder", "requiresApproval": False},
        {"operation": "UpdateOrder", "requiresApproval": True},
    ]
    assert orjson.loads(changed["changes"]) == {"status": ["ACTIVE", "ARCHIVED"], "tools": [tools, []]}
