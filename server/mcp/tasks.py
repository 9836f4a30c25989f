"""Tasks, an extension of MCP: what takes a while is a task to a client that says it knows them, and no other.

A task is our own object: its ID is the object's, and it is polled by the operation that looks the object up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.agent_jobs import AGENT_JOB, AgentJobStatus
from models.reports import REPORT, ReportStatus
from models.typeid import prefix_of

EXTENSION = "io.modelcontextprotocol/tasks"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
POLL_MS = 2_000
_ENDED = frozenset({AgentJobStatus.SUCCEEDED, AgentJobStatus.FAILED, ReportStatus.READY, ReportStatus.FAILED})
_FAILED = frozenset({AgentJobStatus.FAILED, ReportStatus.FAILED})
_SAYS: Mapping[str, str] = MappingProxyType({
    AgentJobStatus.AWAITING_APPROVAL: "It waits for a person's approval.",
    AgentJobStatus.AWAITING_INPUT: "It waits for a person's answer.",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A tool that starts a task, where its data has the object, and the tools that look it up and cancel it."""

    start: str
    root: str
    name: str
    get: str
    cancel: str | None = None

    def data(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of the tool that started a task, as it is by now."""
        return {self.root: {self.name: found}}


_KINDS: Mapping[str, TaskKind] = MappingProxyType({
    AGENT_JOB.prefix: TaskKind("QueueAgentJob", "queueAgentJob", "agentJob", "GetAgentJob", "CancelAgentJob"),
    REPORT.prefix: TaskKind("CreateReport", "createReport", "report", "GetReport"),
})  # fmt: skip
# By the tools that start them.
STARTING: Mapping[str, TaskKind] = MappingProxyType({kind.start: kind for kind in _KINDS.values()})


def kind_of(task_id: str) -> TaskKind | None:
    """Return the kind of a task by its ID; None for the ID of something else."""
    return _KINDS.get(prefix_of(task_id))


def is_known(params: Mapping[str, Any] | None) -> bool:
    """Return whether the client of a request says that it knows tasks."""
    found: Any = params
    for name in ("_meta", CAPABILITIES, "extensions"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(found, Mapping) and EXTENSION in found


def is_failed(found: Mapping[str, Any]) -> bool:
    """Return whether what was started has failed: the task is completed then, with a result that is an error."""
    return found["status"] in _FAILED


def task(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as a task."""
    status = found["status"]
    made = {
        "taskId": found["publicId"],
        "status": "completed" if status in _ENDED else "cancelled" if status == "CANCELLED" else "working",
        "createdAt": found["createdAt"],
        "lastUpdatedAt": found["updatedAt"],
        "ttlMs": None,
        "pollIntervalMs": POLL_MS,
    }
    return made | ({"statusMessage": _SAYS[status]} if status in _SAYS else {})
