"""A subscription, walked at random beside a model of it: time that passes, workers that come late, what people do."""

import os
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from models.clients import CLIENT
from models.invoices import INVOICE
from models.services import SERVICE, Billing, BillingInterval, ServiceStatus
from models.subscriptions import SUBSCRIPTION, SubscriptionStatus
from models.typeid import encode, new_uuid
from resolvers import clients, services
from resolvers.collections.rows import Key
from resolvers.context import Row
from resolvers.errors import Refusal
from resolvers.invoices import finalizing, numbers, payments
from resolvers.subscriptions import billing, mutations
from tests.support.clock import Clock
from tests.support.subscriptions import TIMED
from tests.support.world import World, world

__all__ = ["world"]

# ``WALKS`` asks for more of them.
WALKS = int(os.environ.get("WALKS", "8"))
S = SubscriptionStatus
PRICE = 1_000
# From an invoice until its subscription is past due: due after 14 days, and 7 days of grace.
UNTIL_LATE = timedelta(days=21)


class Walk(RuleBasedStateMachine):
    """One monthly subscription, and what it must be: ``periods`` have their state and their quantity."""

    world: World
    clock: Clock

    @initialize(day=st.integers(1, 31), off=st.sampled_from((0, 14, 40)), trial=st.booleans())
    def create(self, day: int, off: int, trial: bool) -> None:
        self.clock.moment = datetime(2024, 1, day, 12, tzinfo=UTC)
        client = {"name": "Ada", "email": f"{new_uuid().hex}@example.com"}
        service = {"name": "Care", "price": PRICE, "billing": Billing.RECURRING, "interval": BillingInterval.MONTH}
        service["status"] = ServiceStatus.ACTIVE
        given: dict[str, object] = {
            "client_id": encode(CLIENT.prefix, self.world.changed(clients.create, client)["id"]),
            "service_id": encode(SERVICE.prefix, self.world.changed(services.create, service)["id"]),
        }
        trial = trial and off > 0
        self.anchor = date(2024, 1, day) + timedelta(days=off)
        given["trial_end" if trial else "start_date"] = self.anchor
        self.id = self.world.changed(mutations.create, given)["id"]
        self.key = encode(SUBSCRIPTION.prefix, self.id)
        self.status, self.quantity, self.ends = S.TRIALING if trial else S.ACTIVE, 1, False
        self.periods: list[tuple[str, int]] = []
        self.unpaid: list[datetime] = []
        self._pass()
        self._is_as_the_model()

    def _begins(self, number: int) -> datetime:
        year, month = divmod(self.anchor.month - 1 + number, 12)
        last = monthrange(2024 + year, month + 1)[1]
        return datetime(2024 + year, month + 1, min(self.anchor.day, last), tzinfo=UTC)

    def _pass(self) -> None:
        """Let happen what time has brought."""
        while self.status is not S.CANCELLED and self._begins(len(self.periods)) <= self.clock.moment:
            if self.ends:
                self.status = S.CANCELLED
            else:
                self.status = S.ACTIVE if self.status is S.TRIALING else self.status
                self.periods.append(("SKIPPED" if self.status is S.PAUSED else "DUE", self.quantity))

    @rule(days=st.integers(1, 100))
    def time_passes(self, days: int) -> None:
        self.clock.moment += timedelta(days=days)

    @rule()
    def a_worker_comes(self) -> None:
        again: datetime | None = self.clock.moment
        while again is not None and again <= self.clock.moment:
            again = self.world.changed(billing.advance, self.id)
        self._pass()
        self.unpaid += [self.clock.moment for state, _ in self.periods if state == "DUE"]
        self.periods = [("BILLED" if state == "DUE" else state, quantity) for state, quantity in self.periods]
        if self.status in (S.ACTIVE, S.PAST_DUE):
            late = bool(self.unpaid) and min(self.unpaid) + UNTIL_LATE <= self.clock.moment
            self.status = S.PAST_DUE if late else S.ACTIVE
        assert (again is None) == (self.status is S.CANCELLED)
        self._is_as_the_model()

    @rule()
    def everything_is_paid(self) -> None:
        for row in self.world.rows("select id from invoices where subscription_id = $1 and status = 'OPEN'", self.id):
            self.world.changed(payments.pay, Key(encode(INVOICE.prefix, row["id"])), {})
        self.unpaid = []

    @rule(pauses=st.booleans())
    def pause_or_resume(self, pauses: bool) -> None:
        self._pass()
        act, target = (mutations.pause, S.PAUSED) if pauses else (mutations.resume, S.ACTIVE)
        if not pauses and self.ends and self.status is not S.CANCELLED:
            # It withdraws the planned cancellation too, whatever the status.
            self.ends = False
            target = target if self.status is S.PAUSED else self.status
        if self.status is not target and (self.status, target) not in ((S.ACTIVE, S.PAUSED), (S.PAUSED, S.ACTIVE)):
            with pytest.raises(Refusal) as refused:
                self.world.changed(act, Key(self.key))
            assert refused.value.code == "INVALID_TRANSITION"
            return
        self.world.changed(act, Key(self.key))
        self.status = target
        self._is_as_the_model()

    @rule(later=st.booleans())
    def cancel(self, later: bool) -> None:
        self._pass()
        self.world.changed(mutations.cancel, Key(self.key), {"at_period_end": later})
        if not later:
            self.status = S.CANCELLED
        elif self.status is not S.CANCELLED:
            self.ends = True
        self._is_as_the_model()

    @rule(quantity=st.integers(1, 3), ends=st.booleans())
    def update(self, quantity: int, ends: bool) -> None:
        self._pass()
        given = {"quantity": quantity, "cancel_at_period_end": ends}
        if self.status is S.CANCELLED and (quantity, ends) != (self.quantity, self.ends):
            with pytest.raises(Refusal) as refused:
                self.world.changed(mutations.change, Key(self.key), given)
            assert refused.value.extra["reason"] == "SUBSCRIPTION_CANCELLED"
            return
        self.world.changed(mutations.change, Key(self.key), given)
        self.quantity, self.ends = quantity, ends
        self._is_as_the_model()

    def _rows(self, table: str, order: str) -> list[Row]:
        return self.world.rows(f"select * from {table} where subscription_id = $1 order by {order}", self.id)

    def _is_as_the_model(self) -> None:
        (row,) = self.world.rows("select * from subscriptions where id = $1", self.id)
        expected = {"status": self.status, "quantity": self.quantity, "cancel_at_period_end": self.ends}
        expected |= {"next_period": len(self.periods)}
        assert {name: row[name] for name in expected} == expected
        found = self._rows("subscription_periods", "number")
        assert [(each["state"], each["quantity"]) for each in found] == self.periods
        assert [each["starts_at"] for each in found] == [self._begins(number) for number in range(len(found))]
        billed = [each["invoice_id"] for each in found if each["state"] == "BILLED"]
        invoices = self._rows("invoices", "id")
        assert [each["id"] for each in invoices] == billed
        noted = self._rows("subscription_changes", "at, id")
        revenue = [0, *(each["mrr_after"] for each in noted)]
        assert [each["mrr_before"] for each in noted] == revenue[:-1]
        earns = self.periods and self.status in (S.ACTIVE, S.PAST_DUE)
        assert revenue[-1] == (self.quantity * PRICE if earns else 0)
        assert all(each["at"] >= self._begins(0) for each in noted)


def test_a_subscription_is_its_model_s(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock().read_by(monkeypatch, *TIMED, finalizing, numbers, payments)
    chosen = settings(
        max_examples=WALKS, stateful_step_count=20, deadline=None, database=None, print_blob=True,
        suppress_health_check=[*HealthCheck],
    )  # fmt: skip
    run_state_machine_as_test(type("WalkHere", (Walk,), {"world": world, "clock": clock}), settings=chosen)
