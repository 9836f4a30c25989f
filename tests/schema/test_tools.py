"""Tools: the named operations that an agent may run, and what each needs."""

from models.agent_jobs import AGENT_JOB
from models.agents import AGENT
from models.api_keys import API_KEY
from models.resources import scopes
from models.settings import SETTINGS
from models.webhooks import WEBHOOK
from schema.operations import OPERATIONS
from schema.requests.tools import OFFERED, TOOLS


def test_what_an_agent_could_make_itself_stronger_by_is_no_tool() -> None:
    resources = (AGENT, AGENT_JOB, API_KEY, SETTINGS, WEBHOOK)
    never = {f"{each.scope}:{verb}" for each in resources for verb in ("read", "write")}
    assert never <= scopes()
    assert [name for name, needed in TOOLS.items() if needed & never] == []
    named = (
        "ApiKey",
        "Webhook",
        "OrgSettings",
        "AgentDefinition",
        "AgentJob",
        "Viewer",
        "Health",
        "SubmitForm",
        "RetryFailedJob",
    )
    assert [name for name in TOOLS if any(word in name for word in named)] == []


def test_what_renders_events_is_no_tool() -> None:
    assert {"AgentJobEvent", "ReportEvent"} <= OPERATIONS.keys()
    assert not {"AgentJobEvent", "ReportEvent"} & OFFERED.keys()


def test_each_other_operation_is_one_with_its_scopes() -> None:
    assert set(TOOLS) <= set(OPERATIONS)
    assert {name: sorted(TOOLS[name]) for name in ("GetOrder", "UpdateOrder", "DeleteClient", "CreateReply")} == {
        "GetOrder": ["orders:read"],
        "UpdateOrder": ["orders:write"],
        "DeleteClient": ["clients:write"],
        "CreateReply": ["tickets:write"],
    }
    assert set().union(*TOOLS.values()) <= scopes()
