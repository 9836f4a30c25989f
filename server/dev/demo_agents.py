"""Agents that look like a studio's: definitions, and jobs that have ended, that wait, or are left to a worker."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.actors import reduced
from models.agent_jobs import MACHINE, AgentJob, AgentJobStatus
from models.agent_jobs_errors import AgentErrorCode
from models.agent_jobs_steps import AgentStepKind
from models.agents import TEST_MODEL, AgentContent, AgentDefinition, AgentStatus
from models.jobs import JobFunction
from models.orders import ORDER
from models.settings import REGISTRY
from models.typeid import encode
from resolvers.agent_jobs.steps import next_step
from resolvers.agents.collections import AGENTS
from resolvers.changes.edits import new_row
from server.dev.demo_maker import Maker, Row, search_words_of
from server.dev.demo_rows import FIXED, Rows

DemoSteps = tuple[tuple[AgentStepKind, dict[str, Any]], ...]
_S, _K = AgentJobStatus, AgentStepKind
# What the key may do that queues the jobs: none of them may do more.
SCOPES = ["agents:write", "agent_jobs:write", "orders:write", "tickets:write"]
# The scopes of their tools, as ``schema.requests.tools`` derives them of the schema, which takes seconds to build.
TOOLS = {
    "GetOrder": {"orders:read"},
    "UpdateOrder": {"orders:write"},
    "ListTickets": {"tickets:read"},
    "CreateTicket": {"tickets:write"},
}
# So long before the end they are defined; the jobs are of the days since then, and the last one is of the end.
_DAYS = 21
_BY_ORDER = {
    "type": "object",
    "properties": {"orderId": {"type": "string"}},
    "required": ["orderId"],
    "additionalProperties": False,
}
_DESK: dict[str, Any] = {
    "name": "Order desk",
    "description": "Looks at an order and writes what is missing into its notes.",
    "model": TEST_MODEL,
    "instructions": "Read the order. If something is missing to start work, write it into the notes.",
    "tools": [{"operation": "GetOrder", "requiresApproval": False}],
    "input_schema": _BY_ORDER,
    "status": AgentStatus.ACTIVE,
}
_DEFINITIONS: tuple[dict[str, Any], ...] = (
    _DESK,
    _DESK
    | {
        "name": "Order clerk",
        "description": "As the order desk, and changes the order once somebody has approved it.",
        "model": "openai:gpt-5-mini",
        "tools": [
            {"operation": "GetOrder", "requiresApproval": False},
            {"operation": "UpdateOrder", "requiresApproval": True},
        ],
        "max_steps": 8,
        "max_cost": 200_000,
    },
    {
        "name": "Ticket triage",
        "description": "Says how urgent the open tickets are.",
        "model": "anthropic:claude-sonnet-5",
        "instructions": "Read the open tickets. Say which three should be answered first, and why.",
        "tools": [{"operation": "ListTickets", "requiresApproval": False}],
    },
    {
        "name": "Ticket opener",
        "description": "Opens a ticket about its order, once somebody has approved it.",
        "model": TEST_MODEL,
        "instructions": "Open a ticket about the order in the input.",
        # What the test model makes up is enough for a ticket.
        "tools": [{"operation": "CreateTicket", "requiresApproval": True}],
        "status": AgentStatus.ACTIVE,
    },
)
# Which definition the jobs are of, and how they end. Those without an end stay QUEUED: of the last one the worker asks
# for an approval.
_ENDS = (
    (0, _S.SUCCEEDED), (1, _S.FAILED), (0, _S.CANCELLED), (0, _S.AWAITING_INPUT), (0, None), (3, None),
)  # fmt: skip
_QUESTION = "Which color should the logo have?"
_SAID = {"text": "The brief has no deadline."}
_MESSAGE = "The workers have no key for openai."
_FAILED: dict[str, Any] = {"error_code": AgentErrorCode.PROVIDER_NOT_CONFIGURED, "error_message": _MESSAGE}


@dataclass(slots=True)
class Agents:
    """The agents of an organization by tables, without ``org_id``; ``runs`` are what a worker is to run, and
    ``timers`` lack the organization's key."""

    definitions: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    timers: list[Row] = field(default_factory=list)

    def words(self) -> Iterator[Row]:
        """Return the rows of ``search_words``."""
        return search_words_of(AGENTS, self.definitions)

    def versions(self) -> Iterator[Row]:
        """Return the rows of ``agent_definition_versions``."""
        for row in self.definitions:
            of = {"definition_id": row["id"], "version": row["version"], "created_at": row["updated_at"]}
            yield of | {name: row[name] for name in AgentContent.model_fields}


class _Maker:
    """Makes agents, and leads their jobs as a worker does."""

    def __init__(self, make: Maker, key_id: UUID) -> None:
        self.make, self.key_id = make, key_id
        self.made = Agents()

    def define(self, moment: datetime, values: dict[str, Any]) -> None:
        self.made.definitions.append(new_row(AgentDefinition, values) | self.make.row(moment))

    def job(self, moment: datetime, definition: Row, ticket: Row) -> Row:
        needed = {scope for tool in definition["tools"] for scope in TOOLS[tool["operation"]]}
        about = {name: ticket[name] for name in ("order_id", "client_id")} | {"ticket_id": ticket["id"]}
        given = about | {"input": {"orderId": encode(ORDER.prefix, ticket["order_id"])}}
        row = new_row(AgentJob, given) | self.make.row(
            moment, definition_id=definition["id"], definition_version=definition["version"],
            model=definition["model"], scopes=sorted(reduced(needed)), created_by_key=self.key_id, queued_at=moment,
            currency=REGISTRY["agents.currency"].default,
        )  # fmt: skip
        self.made.jobs.append(row)
        return row

    def lead(self, row: Row, end: AgentJobStatus | None, moment: datetime) -> None:
        """Lead a job that is QUEUED to its end, or leave it to a worker."""
        if end is None:
            self.made.runs.append(self.make.timer(JobFunction.AGENT, row, moment) | {"concurrency_key": row["id"]})
            return
        if end is not _S.CANCELLED:
            self._transition(row, _S.RUNNING, moment, attempt=1)
        if end is _S.SUCCEEDED:
            moment = self._run(row, moment)
        if end is _S.AWAITING_INPUT:
            self._ask(row, moment)
            return
        ended: dict[str, Any] = {_S.SUCCEEDED: {"output": _SAID}, _S.FAILED: _FAILED}.get(end, {})
        self._transition(row, end, moment, **ended)

    def _transition(self, row: Row, target: AgentJobStatus, moment: datetime, **columns: Any) -> None:
        row |= (
            MACHINE.transitioned(row, target, moment) | columns | {"version": row["version"] + 1, "updated_at": moment}
        )

    def _run(self, row: Row, moment: datetime) -> datetime:
        """Add the steps of a job that looks at its order; return when the last one ended."""
        about = row["input"]["orderId"]
        call: dict[str, Any] = {"operation": "GetOrder", "input": {"id": about}}
        tool = {"model_step": 0, "tool_call_id": "call_0", "output": {"order": {"publicId": about}}}
        steps: DemoSteps = (
            (_K.MODEL, {"messages": "[]", "output": {"calls": [call]}, "input_tokens": 412, "output_tokens": 23}),
            (_K.TOOL, call | tool),
            (_K.MODEL, {"messages": "[]", "output": _SAID, "input_tokens": 655, "output_tokens": 41}),
        )
        return self._step(row, moment, steps)

    def _step(self, row: Row, moment: datetime, steps: DemoSteps) -> datetime:
        """Add steps that have ended; return when the last one did."""
        for kind, columns in steps:
            times = {"id": self.make.id_at(moment), "started_at": moment}
            moment += timedelta(seconds=1)
            self.made.steps.append(next_step(row, kind, finished_at=moment, **times, **columns))
        return moment

    def _ask(self, row: Row, moment: datetime) -> None:
        """Let a job wait for the answer to a question. A worker goes on from the messages."""
        call = {"tool_name": "ask_person", "args": {"question": _QUESTION}, "tool_call_id": "call_0"}
        messages = [
            {
                "kind": "request",
                "parts": [{"part_kind": "user-prompt", "content": orjson.dumps(row["input"]).decode()}],
            },
            {"kind": "response", "parts": [{"part_kind": "tool-call", **call}]},
        ]
        said = {"calls": [{"id": "call_0", "name": "ask_person", "arguments": call["args"]}]}
        tokens = {"input_tokens": 412, "output_tokens": 19}
        moment = self._step(
            row, moment, ((_K.MODEL, {"messages": orjson.dumps(messages).decode(), "output": said, **tokens}),)
        )
        until = moment + timedelta(hours=REGISTRY["agents.approvalHours"].default)
        asked = {"model_step": 0, "tool_call_id": "call_0", "question": _QUESTION, "expires_at": until}
        self.made.steps.append(next_step(row, _K.INPUT, id=self.make.id_at(moment), started_at=moment, **asked))
        self._transition(row, _S.AWAITING_INPUT, moment, expires_at=until)
        self.made.timers.append(self.make.timer(JobFunction.AGENT_EXPIRY, row, until))


def agents_of(rows: Rows, seed: int, key_id: UUID, end: datetime = FIXED) -> Agents:
    """Return agents, and jobs about the first tickets that have an order, as a key queues them, up to a moment: equal
    for equal arguments."""
    maker = _Maker(Maker(seed, end), key_id)
    for values in _DEFINITIONS:
        maker.define(maker.make.before_end(_DAYS), values)
    about = (ticket for ticket in rows.tickets if ticket["order_id"] is not None)
    for days, (which, fate), ticket in zip(reversed(range(len(_ENDS))), _ENDS, about, strict=False):
        moment = maker.make.before_end(days)
        maker.lead(maker.job(moment, maker.made.definitions[which], ticket), fate, moment)
    return maker.made
