"""Subscriptions that look like a studio's, with what time made of them: for the demo and for measurements."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from models.invoices import InvoiceStatus
from models.jobs import JobFunction
from models.services import BillingInterval, ServiceStatus
from models.settings import REGISTRY
from models.subscriptions import MACHINE, SubscriptionStatus
from resolvers.subscriptions.calendar import local_day
from resolvers.subscriptions.ledger import Ledger
from resolvers.subscriptions.timeline import next_step, steps
from server.dev.demo_maker import Maker, Row
from server.dev.demo_rows import FIXED, Rows

_S = SubscriptionStatus
TAX_RATE = "19"
_TIMEZONES = ("Europe/Berlin", "Europe/Berlin", "Europe/Lisbon", "UTC")
_TRIAL_DAYS = 14
_DAYS = 300
# What somebody does to a subscription, and to how many of a hundred.
_FATES = ((78, None), (7, _S.PAUSED), (10, _S.CANCELLED), (5, "at the end"))


@dataclass(slots=True)
class Subscriptions:
    """The subscriptions of an organization by tables, without ``org_id``. Periods that are DUE are to be invoiced."""

    subscriptions: list[Row] = field(default_factory=list)
    periods: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    timers: list[Row] = field(default_factory=list)

    def settle(self, invoices: Iterable[Row], end: datetime) -> None:
        """Make past due what has an invoice that is unpaid for too long."""
        grace = timedelta(days=REGISTRY["subscriptions.graceDays"].default)
        unpaid = [row for row in invoices if row["status"] in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)]
        late = {row["subscription_id"]: row["due_at"] + grace for row in unpaid if row["due_at"] + grace <= end}
        for row in self.subscriptions:
            if row["status"] == _S.ACTIVE and row["id"] in late:
                row |= {"status": _S.PAST_DUE, "version": row["version"] + 1, "updated_at": late[row["id"]]}


class _Maker:
    """Makes subscriptions, and lets time pass for them as it does for real ones."""

    def __init__(self, make: Maker) -> None:
        self.make = make
        self.made = Subscriptions()

    def subscription(self, moment: datetime, client: Row, service: Row) -> Row:
        draw = self.make.random
        timezone = draw.choice(_TIMEZONES)
        day = local_day(moment, timezone)
        trial_end = day + timedelta(days=_TRIAL_DAYS) if draw.random() < 0.15 else None
        return self.make.row(
            moment, metadata={}, client_id=client["id"], service_id=service["id"],
            quantity=draw.choice((1, 1, 1, 2, 3)), unit_price=service["price"], currency=service["currency"],
            tax_rate=TAX_RATE, interval=service["interval"], timezone=timezone, start_date=day, trial_end=trial_end,
            anchor_date=trial_end or day, status=_S.ACTIVE if trial_end is None else _S.TRIALING,
            current_period_start=None, current_period_end=None, next_period=0, cancel_at_period_end=False,
            paused_at=None, cancelled_at=None,
        )  # fmt: skip

    def lead(self, row: Row, moment: datetime) -> None:
        """Lead a subscription to the end, with what somebody does to it at some time between."""
        ledger = Ledger(row, 0)
        ledger.note(moment)
        ((_, fate),) = self.make.random.choices(_FATES, [share for share, _ in _FATES])
        acted = self.make.between(moment, self.make.end + timedelta(milliseconds=1))
        self._pass(row, ledger, acted)
        if fate == "at the end":
            self._set(row, acted, cancel_at_period_end=True)
        elif isinstance(fate, _S):
            made = MACHINE.between(_S(row["status"]), fate)
            if made is not None:
                self._set(row, acted, status=fate, **MACHINE.effects(row, made, acted, None))
                ledger.note(acted)
        self._pass(row, ledger, self.make.end)
        self.made.subscriptions.append(row)
        of = {"subscription_id": row["id"]}
        self.made.periods += [of | each for each in ledger.periods]
        self.made.changes += [of | each | {"id": self.make.id_at(each["at"])} for each in ledger.changes]
        self._set_timer(row)

    def _pass(self, row: Row, ledger: Ledger, until: datetime) -> None:
        for step in steps(row, until):
            self._set(row, step.at, **step.columns)
            ledger.note(step.at, step.period)

    def _set(self, row: Row, moment: datetime, **columns: object) -> None:
        row |= columns | {"version": row["version"] + 1, "updated_at": max(moment, row["updated_at"])}

    def _set_timer(self, row: Row) -> None:
        coming = next_step(row)
        if coming is not None:
            self.made.timers.append(self.make.timer(JobFunction.SUBSCRIPTION, row, coming.at))


def subscriptions_of(rows: Rows, seed: int, number: int, end: datetime = FIXED) -> Subscriptions:
    """Return so many subscriptions of an organization's recurring services, up to a moment: equal for equal
    arguments."""
    make = Maker(seed, end)
    make.created = {row["id"]: row["updated_at"] for row in rows.clients}
    maker = _Maker(make)
    offered = [row for row in rows.services if row["interval"] and row["status"] is ServiceStatus.ACTIVE]
    # The shorter the interval, the rarer: most are monthly.
    shares = [{BillingInterval.MONTH: 6, BillingInterval.QUARTER: 2}.get(row["interval"], 1) for row in offered]
    chosen = make.later(rows.clients, number, make.before_end(_DAYS), _DAYS)
    for moment, client in sorted(chosen, key=itemgetter(0)):
        (service,) = make.random.choices(offered, shares)
        maker.lead(maker.subscription(moment, client, service), moment)
    return maker.made
