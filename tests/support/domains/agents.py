"""Agent definitions, and their jobs, which no worker runs here."""

from typing import Any

from models.agent_jobs import AgentJobStatus
from models.agents import AgentStatus
from schema.requests.tools import TOOLS
from tests.support.agent_jobs_walks import AgentJobWalk
from tests.support.cases import Case, Filter, times, wrong

DEFINITION = {
    "publicId": "str", "name": "str", "description": "?str", "model": "str", "instructions": "str", "tools": "list",
    "inputSchema": "?dict", "outputSchema": "?dict", "limits": "dict", "status": "str", "createdAt": "str",
    "updatedAt": "str", "version": "int",
}  # fmt: skip
NEW: dict[str, Any] = {"name": "Order desk", "model": "test", "instructions": "Look at the order.", "status": "ACTIVE"}
USED = [{"operation": "GetOrder"}, {"operation": "UpdateOrder", "requiresApproval": True}]
STATUSES = [*AgentStatus]
_S = AgentJobStatus
OBJECT: dict[str, Any] = {"type": "object"}
MOST = 2**53 - 1


JOB = {
    "publicId": "str", "definitionId": "str", "definitionVersion": "int", "orderId": "?str", "ticketId": "?str",
    "clientId": "?str", "status": "str", "attempt": "int", "error": "?dict", "firstFailure": "?dict",
    "usage": "dict", "scopes": "list",
    "queuedAt": "str", "startedAt": "?str", "finishedAt": "?str", "expiresAt": "?str", "retryAt": "?str",
    "createdAt": "str", "updatedAt": "str", "version": "int", "input": "?dict", "output": "?dict", "plan": "?str",
}  # fmt: skip
# One step of a job, which is the same in each organization: another job takes it over.
STEP = "step_00000000000000000000000001"
_WAITS = """
with job as (update agent_jobs set status = '{status}', expires_at = now() + interval '1 day' where id = $1
             returning org_id, id)
insert into agent_steps (org_id, id, job_id, index, kind, model_step, tool_call_id, {columns}, expires_at, input_tokens,
                         output_tokens, cost, reserved, started_at)
select org_id, '00000000-0000-0000-0000-{number:012}', id, 0, '{kind}', 0, 'call_0', {values},
       now() + interval '1 day', 0, 0, 0, 0, now() from job
on conflict (org_id, id) do update set (job_id, decision, reason, answer, finished_at)
                                     = (excluded.job_id, null, null, null, null)
"""
APPROVAL = _WAITS.format(
    status="AWAITING_APPROVAL", kind="APPROVAL", number=1, columns="operation, hash", values="'UpdateOrder', '\\x01'"
)
QUESTION = _WAITS.format(status="AWAITING_INPUT", kind="INPUT", number=2, columns="question", values="'Which color?'")
FAILED = """
update agent_jobs set status = 'FAILED', error_code = 'PROVIDER_FAILED', error_message = 'It failed.',
                      finished_at = now() where id = $1
"""
DECIDED: dict[str, Any] = {"stepId": STEP, "expectedVersion": 1}
ANSWERED: dict[str, Any] = {"stepId": "step_00000000000000000000000002", "expectedVersion": 1}


def one(**given: Any) -> dict[str, Any]:
    """A new definition with fields of its own."""
    return NEW | given


def schema(**given: Any) -> dict[str, Any]:
    """A new definition whose input has a schema with keywords of its own."""
    return NEW | {"inputSchema": OBJECT | given}


WRONG_NEW = (
    wrong({}, "name REQUIRED", "model REQUIRED", "instructions REQUIRED"),
    wrong(one(name=" ", instructions=""), "name TOO_SHORT", "instructions TOO_SHORT", limit=1),
    wrong(one(instructions="x" * 20_001), "instructions TOO_LONG", limit=20_000),
    *(
        wrong(one(model=model), "model INVALID_FORMAT")
        for model in ("gpt-5", "openai:", "google:gemini", "openai: gpt", "test:x", "OPENAI:gpt-5")
    ),
    wrong(one(model="openai:" + "x" * 94), "model TOO_LONG", limit=100),
    wrong(one(status="ON"), "status NOT_ONE_OF", allowed=STATUSES),
    wrong(one(tools=[{"operation": "GetOrder"}] * 51), "tools TOO_LONG", limit=50),
    wrong(one(tools=[{}]), "tools.0.operation REQUIRED"),
    wrong(one(tools=[{"operation": "get order"}]), "tools.0.operation INVALID_FORMAT"),
    *(
        wrong(one(tools=[{"operation": name}]), "tools.0.operation NOT_ONE_OF", allowed=sorted(TOOLS))
        # None of ours, one that needs no key, and what an agent could make itself stronger by.
        for name in ("DropOrders", "SubmitForm", "CreateApiKey", "ListWebhooks", "UpdateOrgSettings", "GetAgentJob",
                     "QueueAgentJob", "UpdateAgentDefinition", "AgentJobEvent")
    ),
    wrong(one(tools=[USED[0], USED[1], USED[0]]), "tools.2.operation NOT_ALLOWED"),
    wrong(one(limits={"maxSteps": 0, "maxTokens": 0}), "limits.maxSteps OUT_OF_RANGE", "limits.maxTokens OUT_OF_RANGE",
          minimum=1),
    wrong(one(limits={"maxCost": -1}), "limits.maxCost OUT_OF_RANGE", minimum=0),
    wrong(one(limits={"maxCost": 0.5}), "limits.maxCost WRONG_TYPE"),
    wrong(one(limits={"maxSteps": 201, "maxAttempts": 11}), "limits.maxSteps OUT_OF_RANGE",
          "limits.maxAttempts OUT_OF_RANGE", maximum=10),
    wrong(one(limits={"timeoutSeconds": 86_401}), "limits.timeoutSeconds OUT_OF_RANGE", maximum=86_400),
    wrong(one(limits={"maxSteps": None}), "limits.maxSteps REQUIRED"),
    wrong(one(limits={"speed": 1}), "limits.speed UNKNOWN_FIELD"),
    wrong(one(inputSchema=[]), "inputSchema WRONG_TYPE"),
    wrong(one(inputSchema={}, outputSchema={"type": "array"}), "inputSchema.type NOT_ALLOWED",
          "outputSchema.type NOT_ALLOWED"),
    wrong(one(inputSchema=OBJECT | {"description": "x" * 16_384}), "inputSchema TOO_LONG", limit=16_384),
    wrong(schema(required="a"), "inputSchema.required INVALID_FORMAT"),
    wrong(schema(properties={"a": {"pattern": "(?=a)"}}), "inputSchema.properties.a.pattern INVALID_FORMAT"),
    *(
        wrong(schema(properties={"a": {"$ref": to}}), "inputSchema.properties.a.$ref NOT_ALLOWED")
        for to in ("https://example.com/a.json", "a.json", "#", "#/properties/a")
    ),
)  # fmt: skip


CASES = (
    Case(
        name="agentDefinition",
        plural="agentDefinitions",
        type="AgentDefinition",
        scope="agents",
        table="agent_definitions",
        statements={
            "ListAgentDefinitions": 2,
            "GetAgentDefinition": 1,
            "CreateAgentDefinition": 2,
            "UpdateAgentDefinition": 3,
            "DeleteAgentDefinition": 3,
        },
        rows=(NEW, {"name": "Draft", "model": "openai:gpt-5", "instructions": "Write."}, NEW | {"name": "Other"}),
        deleted=1,
        create=NEW
        | {
            "description": "Looks at orders.",
            "tools": USED,
            "inputSchema": {"type": "object", "properties": {"orderId": {"type": "string"}}},
            "outputSchema": {"type": "object", "required": ["text"]},
            "limits": {"maxSteps": 5, "maxCost": 5_000_000_000},
        },
        mutations={
            "updateAgentDefinition": {
                "name": "Front desk",
                "tools": USED[:1],
                "inputSchema": None,
                "limits": {"maxTokens": 5_000},
                "status": "ARCHIVED",
            },
            "deleteAgentDefinition": {},
        },
        wrong={
            "createAgentDefinition": WRONG_NEW,
            "updateAgentDefinition": (
                wrong({"name": None, "tools": None}, "name REQUIRED", "tools REQUIRED"),
                wrong({"model": "x"}, "model INVALID_FORMAT"),
                wrong(
                    {"tools": [{"operation": "RevokeApiKey"}]}, "tools.0.operation NOT_ONE_OF", allowed=sorted(TOOLS)
                ),
                wrong({"outputSchema": {}}, "outputSchema.type NOT_ALLOWED"),
                wrong({"limits": {"maxCost": MOST + 1}}, "limits.maxCost OUT_OF_RANGE", maximum=MOST),
                wrong({"status": "ON"}, "status NOT_ONE_OF", allowed=STATUSES),
            ),
        },
        defaults={"status": "DRAFT"},
        never_null=frozenset({"name", "model", "instructions", "tools", "limits", "status"}),
        routes={
            "GET /api/v1/agents/definitions": "ListAgentDefinitions",
            "POST /api/v1/agents/definitions": "CreateAgentDefinition",
            "GET /api/v1/agents/definitions/{publicId}": "GetAgentDefinition",
            "PUT /api/v1/agents/definitions/{publicId}": "UpdateAgentDefinition",
            "PATCH /api/v1/agents/definitions/{publicId}": "UpdateAgentDefinition",
            "DELETE /api/v1/agents/definitions/{publicId}": "DeleteAgentDefinition",
        },
        shape=DEFINITION,
        filters=(
            Filter("ids", "{agentDefinition}", {"id": {"in": ["{agentDefinition}"]}}, 1),
            Filter("status", "DRAFT,ARCHIVED", {"status": {"in": ["DRAFT", "ARCHIVED"]}}, 1),
            Filter("search", "desk", {"search": "desk"}, 1),
            *times(3),
        ),
        wrong_queries=(("status=active", "status"), ("tag=a", "tag")),
    ),
    Case(
        name="agentJob",
        plural="agentJobs",
        type="AgentJob",
        scope="agent_jobs",
        table="agent_jobs",
        made_by="queueAgentJob",
        statements={
            "ListAgentJobs": 2,
            "GetAgentJob": 1,
            "AgentJobEvent": 1,
            "QueueAgentJob": 4,
            "CancelAgentJob": 6,
            "RetryAgentJob": 6,
            "ApproveAgentJob": 6,
            "RejectAgentJob": 6,
            "AnswerAgentJob": 6,
        },
        walk=AgentJobWalk,
        rows=({}, {"input": {"a": 1}}, {}, {}),
        create={"input": {"a": [1, None]}},
        references={"definitionId": "agentDefinition", "orderId": "order"},
        mutations={
            "cancelAgentJob": {},
            "retryAgentJob": {},
            "approveAgentJob": DECIDED | {"reason": "As agreed"},
            "rejectAgentJob": DECIDED | {"reason": "Too early"},
            "answerAgentJob": ANSWERED | {"answer": "Blue"},
        },
        prepared={2: FAILED, 3: APPROVAL, 4: QUESTION},
        targets={"retryAgentJob": 2, "approveAgentJob": 3, "rejectAgentJob": 3, "answerAgentJob": 4},
        wrong={
            "queueAgentJob": (
                wrong({"definitionId": None}, "definitionId REQUIRED"),
                wrong({"input": []}, "input WRONG_TYPE"),
                wrong({"input": {"a": "x" * 16_384}}, "input TOO_LONG", limit=16_384),
                wrong({"ticketId": "ticket_x"}, "ticketId NOT_FOUND"),
                wrong({"clientId": "client_x"}, "clientId UNKNOWN_FIELD"),
                wrong({"status": "RUNNING"}, "status UNKNOWN_FIELD"),
            ),
            "approveAgentJob": (
                wrong({}, "expectedVersion REQUIRED", "stepId REQUIRED"),
                wrong(DECIDED | {"stepId": "step_x"}, "stepId NOT_FOUND"),
                wrong(DECIDED | {"reason": "x" * 501}, "reason TOO_LONG", limit=500),
            ),
            "rejectAgentJob": (
                wrong(DECIDED, "reason REQUIRED"),
                wrong(DECIDED | {"reason": " "}, "reason TOO_SHORT", limit=1),
                wrong(DECIDED | {"stepId": ANSWERED["stepId"], "reason": "No"}, "stepId NOT_FOUND"),
            ),
            "answerAgentJob": (
                wrong(ANSWERED, "answer REQUIRED"),
                wrong(ANSWERED | {"answer": ""}, "answer TOO_SHORT", limit=1),
                wrong(ANSWERED | {"answer": "x" * 20_001}, "answer TOO_LONG", limit=20_000),
            ),
        },
        routes={
            "GET /api/v1/agent-jobs": "ListAgentJobs",
            "POST /api/v1/agent-jobs": "QueueAgentJob",
            "GET /api/v1/agent-jobs/{publicId}": "GetAgentJob",
        },
        shape=JOB,
        filters=(
            Filter("ids", "{agentJob},{order}", {"id": {"in": ["{agentJob}", "{order}"]}}, 1),
            Filter("status", "QUEUED,FAILED", {"status": {"in": ["QUEUED", "FAILED"]}}, 2),
            Filter("definitionId", "{agentDefinition}", {"definitionId": {"eq": "{agentDefinition}"}}, 4),
            Filter("orderId", "{order}", {"orderId": {"eq": "{order}"}}, 4),
            Filter("ticketId", "{ticket}", {"ticketId": {"eq": "{ticket}"}}, 0),
            *times(4),
        ),
        wrong_queries=(("definitionId=x", "definitionId"), ("status=queued", "status"), ("search=a", "search")),
    ),
)
