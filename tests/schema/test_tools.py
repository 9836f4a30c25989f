"""Tools: the named operations that an agent may run, and what each needs."""

from models.resources import scopes
from schema.operations import OPERATIONS
from schema.requests.tools import NEVER, OFFERED, TOOLS


def test_what_an_agent_could_make_itself_stronger_by_is_no_tool() -> None:
    never = {f"{each.scope}:{verb}" for each in NEVER for verb in ("read", "write")}
    assert never <= scopes() | {f"{each.scope}:write" for each in NEVER}
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
