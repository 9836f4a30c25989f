"""Agent jobs on walks through their states: a worker leads them, without a model."""

from collections.abc import Mapping
from typing import Any

from models.agent_jobs import ENDED, MACHINE, WAITING, AgentJobStatus
from models.agent_jobs_steps import AgentStepKind
from models.enums import DescribedEnum
from models.machines import Guard, Transition
from resolvers.context import now
from tests.support.agents import ask, fail, lead
from tests.support.walks import Step, Walk

_S = AgentJobStatus


class AgentJobWalk(Walk):
    """A job that a worker leads through its states, without a model."""

    machine = MACHINE
    field = "input.id"
    happens = ("begins", "asks", "asks_more", "questions", "decides", "fails", "succeeds", "begins", "decides")

    async def begin(self) -> None:
        self.started, self.decided = False, 0
        self.open: list[tuple[str, AgentStepKind]] = []

    def blocked(self, transition: Transition[Any]) -> Guard | None:
        block = None if transition.check is None else transition.check({}, {}, now())
        return None if block is None else block.code

    def is_set(self) -> Mapping[str, bool]:
        return {
            "startedAt": self.started,
            "finishedAt": self.status in ENDED,
            "expiresAt": self.status in WAITING,
        }

    def ways(self) -> Mapping[DescribedEnum, list[Step]]:
        """Beside those that can be asked for, the states that a worker leads to."""
        led = {
            _S.RUNNING: ("begins",),
            _S.AWAITING_APPROVAL: ("begins", "asks"),
            _S.AWAITING_INPUT: ("begins", "questions"),
            _S.SUCCEEDED: ("begins", "succeeds"),
            _S.FAILED: ("fails",),
        }
        return {**super().ways(), **{state: [("happens", each) for each in way] for state, way in led.items()}}

    async def begins(self) -> None:
        if self.status is _S.QUEUED:
            await lead(self.org, self.key, _S.RUNNING)
            self._became(_S.RUNNING)
            self.started = True

    async def asks(self) -> None:
        await self._asks(AgentStepKind.APPROVAL)

    async def asks_more(self) -> None:
        await self._asks(AgentStepKind.INPUT, AgentStepKind.APPROVAL)

    async def questions(self) -> None:
        await self._asks(AgentStepKind.INPUT)

    async def _asks(self, *kinds: AgentStepKind) -> None:
        if self.status is _S.RUNNING:
            self.open = [*zip(await ask(self.org, self.key, *kinds), kinds, strict=True)]
            self._follow()

    async def decides(self) -> None:
        """A person decides the last step that waits."""
        if self.status in WAITING:
            step, kind = self.open.pop()
            verb, said = ("answer", {"answer": "Blue"}) if kind is AgentStepKind.INPUT else ("reject", {"reason": "No"})
            text = f"mutation($i: {verb.title()}AgentJobInput!) {{ {verb}AgentJob(input: $i) {{ agentJob {{ id }} }} }}"
            given = {"id": self.key, "expectedVersion": self.version, "stepId": step}
            await self.org.data(text, i=given | said)
            self.decided += 1
            self._follow()

    async def fails(self) -> None:
        if self.status is _S.QUEUED:
            await fail(self.org, self.key)
            self.version += 1
            self._became(_S.FAILED)
            self.started = True

    async def succeeds(self) -> None:
        if self.status is _S.RUNNING:
            await lead(self.org, self.key, _S.SUCCEEDED, output={"text": "Done."})
            self._became(_S.SUCCEEDED)

    def _follow(self) -> None:
        first = {AgentStepKind.APPROVAL: _S.AWAITING_APPROVAL,
                 AgentStepKind.INPUT: _S.AWAITING_INPUT}  # fmt: skip
        self._became(first[self.open[0][1]] if self.open else _S.QUEUED)

    def _became(self, status: AgentJobStatus) -> None:
        self.status, self.version = status, self.version + 1

    async def _asked(self, to: DescribedEnum, *, complete: bool) -> None:
        if to in (_S.CANCELLED, _S.QUEUED):
            await super()._asked(to, complete=complete)

    async def ask(self, to: DescribedEnum, given: Mapping[str, Any]) -> dict[str, Any] | None:
        verb = "cancel" if to is _S.CANCELLED else "retry"
        text = f"mutation($i: {verb.title()}AgentJobInput!) {{ {verb}AgentJob(input: $i) {{ agentJob {{ id }} }} }}"
        answer = (await self.org.graphql(text, i={"id": self.key})).json()
        found: dict[str, Any] | None = answer["errors"][0]["extensions"] if "errors" in answer else None
        return found

    async def ends(self) -> None:
        """Each version has left an entry in the audit log, and a decision one more where the status moved with it."""
        (found,) = await self.rows("select count(*) as n from audit_entries where target_id = $1")
        assert self.version <= found["n"] <= self.version + self.decided
