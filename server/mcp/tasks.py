"""Tasks, an extension of MCP: what takes a while is a task to a client that says it knows them, and no other.

A task is our own object: its ID is the object's, and it is polled by the operation that looks the object up. It ends
once: a retry of the object is another call, and changes nothing of the task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.agent_jobs import AGENT_JOB, AgentJobStatus
from models.reports import REPORT, ReportError, ReportStatus
from models.typeid import prefix_of

EXTENSION = "io.modelcontextprotocol/tasks"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
POLL_MS = 2_000
COMPLETED, CANCELLED, WORKING = "completed", "cancelled", "working"
_STATES: Mapping[str, str] = MappingProxyType({
    AgentJobStatus.SUCCEEDED: COMPLETED, ReportStatus.READY: COMPLETED, AgentJobStatus.CANCELLED: CANCELLED,
})  # fmt: skip
_SAYS: Mapping[str, str] = MappingProxyType({
    AgentJobStatus.AWAITING_APPROVAL: "It waits for a person's approval.",
    AgentJobStatus.AWAITING_INPUT: "It waits for a person's answer.",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskType:
    """A tool that starts a task, where its data has the object, and the tools that look it up and cancel it."""

    start: str
    root: str
    name: str
    get: str
    cancel: str | None = None

    def data(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of the tool that started a task, as it is by now."""
        return {self.root: {self.name: found}}


_TASK_TYPES: Mapping[str, TaskType] = MappingProxyType({
    AGENT_JOB.prefix: TaskType("QueueAgentJob", "queueAgentJob", "agentJob", "GetAgentJob", "CancelAgentJob"),
    REPORT.prefix: TaskType("CreateReport", "createReport", "report", "GetReport"),
})  # fmt: skip
# By the tools that start them.
STARTING: Mapping[str, TaskType] = MappingProxyType({task_type.start: task_type for task_type in _TASK_TYPES.values()})


def type_of_task(task_id: str) -> TaskType | None:
    """Return the type of a task by its ID; None for the ID of something else."""
    return _TASK_TYPES.get(prefix_of(task_id))


def is_known(params: Mapping[str, Any] | None) -> bool:
    """Return whether the client of a request says that it knows tasks."""
    found: Any = params
    for name in ("_meta", CAPABILITIES, "extensions"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(found, Mapping) and EXTENSION in found


def failure_of(found: Mapping[str, Any]) -> dict[str, str] | None:
    """Return how an object failed for the first time, with ``code``, ``message`` and ``failedAt``; None where it did
    not. Its task is completed then, with a result that is an error."""
    first, error = found["firstFailure"], found["error"]
    if first is None and error is None:
        return None
    failure = first or ({"failedAt": found["updatedAt"]} | (error if isinstance(error, dict) else {"error": error}))
    if "error" in failure:
        code = ReportError(failure["error"])
        failure = {"code": code.value, "message": code.meaning, "failedAt": failure["failedAt"]}
    return failure


def task(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as a task."""
    status, failure = found["status"], failure_of(found)
    made = {
        "taskId": found["publicId"],
        "status": COMPLETED if failure else _STATES.get(status, WORKING),
        "createdAt": found["createdAt"],
        "lastUpdatedAt": failure["failedAt"] if failure else found["updatedAt"],
        "ttlMs": None,
        "pollIntervalMs": POLL_MS,
    }
    return made | ({"statusMessage": _SAYS[status]} if status in _SAYS and not failure else {})
