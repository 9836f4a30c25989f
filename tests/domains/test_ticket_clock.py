"""The clock of a ticket, walked at random beside a model of it: replies, transitions, snoozes and time that passes."""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from execution import Args
from models.threads import AuthorKind, Visibility
from models.tickets import MACHINE, TICKET, TicketPriority, TicketStatus, is_breached
from models.typeid import created_at, encode
from resolvers.collections.rows import Key
from resolvers.context import Context, now
from resolvers.errors import Refusal
from resolvers.lists.pages import pages
from resolvers.tickets import mutations
from resolvers.tickets.collections import TICKETS
from tests.support.world import World, world

__all__ = ["world"]

# ``WALKS`` asks for more of them.
WALKS = int(os.environ.get("WALKS", "12"))
S, CLIENT, STAFF = TicketStatus, AuthorKind.CLIENT, AuthorKind.STAFF
HOURS = {TicketPriority.URGENT: 1, TicketPriority.HIGH: 4, TicketPriority.NORMAL: 24, TicketPriority.LOW: 72}
TIMES = ("first_response_due_at", "first_response_at", "waiting_since", "resolved_at", "snoozed_until")
SHIFT = f"update tickets set {', '.join(f'{name} = {name} - $2::interval' for name in TIMES)} where id = $1"


class Walk(RuleBasedStateMachine):
    """One ticket, and what it must be: ``said`` are the public messages in their order, the creation among them."""

    world: World

    @initialize(priority=st.sampled_from(TicketPriority))
    def create(self, priority: TicketPriority) -> None:
        row = self.world.changed(mutations.create, {"subject": "Help", "priority": priority})
        self.id, self.key = row["id"], encode(TICKET.prefix, row["id"])
        self.created = created_at(self.id)
        self.said: list[tuple[AuthorKind, datetime]] = [(CLIENT, self.created)]
        self.status, self.version = S.OPEN, 1
        self.resolved: datetime | None = None
        self.until: datetime | None = None
        self.priority, self.passed = priority, timedelta()
        self.due = self.created + timedelta(hours=HOURS[priority])

    def _moved(self, status: TicketStatus, until: datetime | None = None) -> None:
        self.status, self.until = status, until
        if status not in (S.RESOLVED, S.CLOSED):
            self.resolved = None

    @rule(kind=st.sampled_from([CLIENT, STAFF]), visibility=st.sampled_from(Visibility))
    def reply(self, kind: AuthorKind, visibility: Visibility) -> None:
        given = {"ticket_id": self.key, "body": "x", "author_kind": kind, "visibility": visibility}
        if self.status is S.CLOSED:
            with pytest.raises(Refusal) as refused:
                self.world.changed(mutations.create_reply, given)
            assert refused.value.extra["reason"] == "TICKET_CLOSED"
            return
        row = self.world.changed(mutations.create_reply, given)
        if visibility is Visibility.PUBLIC:
            self._heard(kind, created_at(row["id"]))

    def _heard(self, kind: AuthorKind, moment: datetime) -> None:
        self.said.append((kind, moment))
        self.version += 1
        if kind is CLIENT and self.status in (S.PENDING, S.SNOOZED, S.RESOLVED):
            self._moved(S.OPEN)
        if kind is STAFF and self.status in (S.OPEN, S.SNOOZED):
            self._moved(S.PENDING)

    @rule(to=st.sampled_from(S), hours=st.integers(1, 200), reply=st.sampled_from([None, CLIENT, STAFF]))
    def change(self, to: TicketStatus, hours: int, reply: AuthorKind | None) -> None:
        until = now() + timedelta(hours=hours) if to is S.SNOOZED and self.status is not S.SNOOZED else None
        given: dict[str, Any] = {"status": to} | ({} if until is None else {"snoozed_until": until})
        if reply is not None:
            given["reply"] = {"body": "x", "author_kind": reply}
        before = (self.status, self.until, self.resolved, self.version, list(self.said))
        if reply is not None and self.status is not S.CLOSED:
            self._heard(reply, now())
        asks = to is not before[0] and to is not self.status
        legal = not asks or MACHINE.between(self.status, to) is not None
        if not legal or (reply is not None and before[0] is S.CLOSED):
            self.status, self.until, self.resolved, self.version, self.said = before
            with pytest.raises(Refusal) as refused:
                self.world.changed(mutations.change, Key(self.key), given)
            closed = reply is not None and self.status is S.CLOSED
            assert refused.value.code == ("CONFLICT" if closed else "INVALID_TRANSITION")
            return
        start = now()
        row = self.world.changed(mutations.change, Key(self.key), given)
        if reply is not None:
            (last,) = self.world.rows("select id from replies where ticket_id = $1 order by id desc limit 1", self.id)
            self.said[-1] = (reply, created_at(last["id"]))
        elif asks:
            self.version += 1
        if asks:
            self._moved(to, until)
            if to is S.RESOLVED:
                assert start <= row["resolved_at"] <= now()
                self.resolved = row["resolved_at"]

    @rule(priority=st.sampled_from(TicketPriority))
    def prioritize(self, priority: TicketPriority) -> None:
        self.world.changed(mutations.change, Key(self.key), {"priority": priority})
        if priority is not self.priority:
            self.version += 1
            if all(kind is CLIENT for kind, _ in self.said):
                # By the creation as the database has it, which time that passes here does not move.
                self.due = self.created + timedelta(hours=HOURS[priority])
        self.priority = priority

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        passed = timedelta(hours=hours)
        self.world.rows(SHIFT, self.id, passed)
        self.said = [(kind, moment - passed) for kind, moment in self.said]
        self.due -= passed
        self.resolved = self.resolved and self.resolved - passed
        self.until = self.until and self.until - passed

    @rule()
    def timer(self) -> None:
        again = self.world.changed(mutations.wake, self.id)
        if self.until is not None and self.until <= now():
            self.version += 1
            self._moved(S.OPEN)
        assert again == self.until

    @invariant()
    def is_as_the_model(self) -> None:
        (row,) = self.world.rows("select * from tickets where id = $1", self.id)
        answers = [index for index, (kind, _) in enumerate(self.said) if kind is STAFF]
        unanswered = self.said[answers[-1] + 1 :] if answers else self.said
        expected = {
            "status": self.status,
            "version": self.version,
            "priority": self.priority,
            "waiting_since": unanswered[0][1] if unanswered else None,
            "first_response_at": self.said[answers[0]][1] if answers else None,
            "first_response_due_at": self.due,
            "resolved_at": self.resolved,
            "snoozed_until": self.until,
        }
        assert {name: row[name] for name in expected} == expected
        breached = is_breached(row, now())
        assert breached == ((self.said[answers[0]][1] if answers else now()) > self.due)
        for asked in (True, False):
            filter_ = {"id": {"eq": self.key}, "breached": {"eq": asked}}
            args = Args(("id",), {"filter": filter_})

            async def work(ctx: Context, args: Args = args) -> int:
                (page,) = await pages(ctx, TICKETS, args)
                return len(page.rows)

            assert self.world.changed(work) == (asked is breached)


def test_the_clock_of_a_ticket_is_its_model_s(world: World) -> None:
    chosen = settings(
        max_examples=WALKS, stateful_step_count=20, deadline=None, database=None, print_blob=True,
        suppress_health_check=[*HealthCheck],
    )  # fmt: skip
    run_state_machine_as_test(type("WalkHere", (Walk,), {"world": world}), settings=chosen)
