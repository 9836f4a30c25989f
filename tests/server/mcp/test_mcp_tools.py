"""Each tool of MCP: what is said of it, and that it takes and gives what its schemas say."""

from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

from schema.operations import OPERATIONS
from schema.requests.tools import OFFERED, TOOLS
from server.mcp.tools import IDEMPOTENCY_KEY, changes, tool
from tests.support.api import Org
from tests.support.domains import ALL
from tests.support.furnished import Furnished, furnish, input_for, root_field
from tests.support.mcp import call

READING = [name for name in OFFERED if not changes(name)]
CHANGING = [name for name in OFFERED if changes(name)]
# What names another object than the root field's.
_OF = {"orderId": "order", "ticketId": "ticket"}


def _holds(schema: dict[str, Any], value: Any) -> None:
    made = Draft202012Validator(schema, offline=True, validate_formats=True)
    assert [f"{error.instance_path}: {error.message}" for error in made.iter_errors(value)] == []


def _data(answer: httpx.Response) -> dict[str, Any]:
    """The data of a call that must succeed."""
    result = answer.json()["result"]
    assert not result["isError"], answer.text
    found: dict[str, Any] = result["structuredContent"]
    return found


async def _id_of(org: Org, ids: dict[str, str], name: str) -> str:
    """The ID of an object: of an export, which no organization is furnished with, of a new one."""
    if name not in ids:
        made = await org.data(f"mutation {{ exportAuditLog(input: {{}}) {{ {name} {{ id }} }} }}")
        ids[name] = made["exportAuditLog"][name]["id"]
    return ids[name]


def test_beside_the_tools_of_agents_it_offers_their_jobs_and_no_decision() -> None:
    assert OFFERED.keys() - TOOLS.keys() == {
        "ListAgentDefinitions", "GetAgentDefinition", "ListAgentJobs", "GetAgentJob", "QueueAgentJob",
        "CancelAgentJob", "RetryAgentJob", "RetryFailedJob", "MarkMessagesRead",
    }  # fmt: skip
    assert {name: sorted(OFFERED[name]) for name in ("GetAgentDefinition", "QueueAgentJob", "UpdateClient")} == {
        "GetAgentDefinition": ["agents:read"],
        "QueueAgentJob": ["agent_jobs:write"],
        "UpdateClient": ["clients:write"],
    }


@pytest.mark.parametrize("name", OFFERED)
def test_it_says_what_it_does(name: str) -> None:
    found = tool(name)
    assert found["description"].endswith(".")
    assert (found["title"][0].isupper(), found["title"][1:].islower()) == (True, True)
    for schema in (found["inputSchema"], found["outputSchema"]):
        assert schema["type"] == "object"
        Draft202012Validator(schema, offline=True)
    hints = found["annotations"]
    writes = OPERATIONS[name].operation_type == "mutation"
    assert hints["readOnlyHint"] is not writes
    assert (IDEMPOTENCY_KEY in found["inputSchema"]["properties"]) is writes
    assert not hints["openWorldHint"]


def test_what_it_changes_is_hinted_at() -> None:
    hints = {name: tool(name)["annotations"] for name in OFFERED}
    destructive = {name for name, each in hints.items() if each["destructiveHint"]}
    repeatable = {name for name, each in hints.items() if each["idempotentHint"]}
    assert destructive >= {"UpdateClient", "DeleteClient", "VoidInvoice", "PayInvoice", "CancelAgentJob"}
    assert not destructive & {"CreateClient", "QueueAgentJob", "ExportAuditLog", "GetClient"}
    assert repeatable >= {"UpdateClient", "DeleteClient", "GetClient"}
    assert not repeatable & {"CreateClient", "PayInvoice", "QueueAgentJob"}


def test_a_list_within_an_object_is_described_as_the_list() -> None:
    assert tool("ListSubmissions")["description"] == "Submissions of the form, newest first by default."
    assert tool("GetForm")["description"].startswith("Look up a form by ID.")


@pytest.mark.parametrize("name", READING)
async def test_what_is_read_is_as_its_schema_says(furnished: Furnished, name: str) -> None:
    (org, ids), found = furnished, tool(name)
    root = root_field(name)
    required = found["inputSchema"].get("required", [])
    given: dict[str, Any] = {each: await _id_of(org, ids, _OF.get(each, root)) for each in required}
    counted = {"counted": True} if "counted" in found["inputSchema"]["properties"] else {}
    for arguments in (given, given | counted):
        _holds(found["inputSchema"], arguments)
        data = _data(await call(org, name, arguments))
        assert data[root] is not None
        _holds(found["outputSchema"], data)


@pytest.mark.parametrize("name", [name for name in READING if tool(name)["inputSchema"].get("required") == ["id"]])
async def test_another_organizations_object_is_as_none(furnished: Furnished, other: Org, name: str) -> None:
    org, ids = furnished
    root = root_field(name)
    given = {"id": await _id_of(org, ids, root)}
    assert _data(await call(other, name, given)) == {root: None}


@pytest.mark.parametrize("name", CHANGING)
async def test_what_a_change_gives_is_as_its_schema_says(acme: Org, name: str) -> None:
    root, found = root_field(name), tool(name)
    case = next(case for case in ALL.values() if root in case.changes)
    ids = await furnish(acme, case)
    arguments = {"input": await input_for(acme, case, root, ids)}
    _holds(found["inputSchema"], arguments)
    data = _data(await call(acme, name, arguments))
    assert data[root] is not None
    _holds(found["outputSchema"], data)
