"""Subscriptions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from models.enums import DescribedEnum
from models.machines import Guard, Transition
from models.subscriptions import MACHINE, SubscriptionStatus
from tests.support.cases import NO_ZONES, Case, Filter, times, wrong
from tests.support.walks import Walk

SHAPE = {
    "publicId": "str", "clientId": "str", "serviceId": "str", "quantity": "int", "unitPrice": "int", "currency": "str",
    "taxRate": "str", "interval": "str", "timezone": "str", "startDate": "str", "trialEnd": "?str",
    "anchorDate": "str", "status": "str", "currentPeriodStart": "?str", "currentPeriodEnd": "?str",
    "cancelAtPeriodEnd": "bool", "pausedAt": "?str", "cancelledAt": "?str", "metadata": "dict", "createdAt": "str",
    "updatedAt": "str", "version": "int",
}  # fmt: skip
MOST = 2**53 - 1
NEW = {"startDate": "2100-01-31"}
VERBS: Mapping[DescribedEnum, str] = {
    SubscriptionStatus.PAUSED: "pause",
    SubscriptionStatus.ACTIVE: "resume",
    SubscriptionStatus.CANCELLED: "cancel",
}


class SubscriptionWalk(Walk):
    """A subscription for which no time passes: what happens by itself cannot be asked for."""

    machine = MACHINE
    field = "input.id"
    elsewhere: ClassVar = {
        SubscriptionStatus.TRIALING: "It starts without a trial, and none begins later.",
        SubscriptionStatus.PAST_DUE: "Time makes it so: see test_past_due.py and test_subscription_walks.py.",
    }

    async def begin(self) -> None:
        """It starts without a trial."""
        self.status = SubscriptionStatus.ACTIVE

    def blocked(self, transition: Transition[Any]) -> Guard | None:
        return None if transition.check is None else Guard.AUTOMATIC

    def is_set(self) -> Mapping[str, bool]:
        states = {"pausedAt": SubscriptionStatus.PAUSED, "cancelledAt": SubscriptionStatus.CANCELLED}
        return {name: self.status is state for name, state in states.items()}

    async def _asked(self, to: DescribedEnum, *, complete: bool) -> None:
        if to in VERBS:
            await super()._asked(to, complete=complete)

    async def ask(self, to: DescribedEnum, given: Mapping[str, Any]) -> dict[str, Any] | None:
        name = VERBS[to]
        text = "mutation($i: {}SubscriptionInput!) {{ {}Subscription(input: $i) {{ subscription {{ id }} }} }}"
        answer = await self.org.graphql(text.format(name.capitalize(), name), i={"id": self.key} | dict(given))
        errors = answer.json().get("errors")
        return None if errors is None else errors[0]["extensions"]


CASES = (
    Case(
        name="subscription",
        plural="subscriptions",
        type="ClientSubscription",
        scope="subscriptions",
        table="subscriptions",
        statements={
            "ListSubscriptions": 2,
            "GetSubscription": 1,
            "CreateSubscription": 3,
            "UpdateSubscription": 2,
            "CancelSubscription": 3,
            "PauseSubscription": 3,
            "ResumeSubscription": 1,
        },
        walk=SubscriptionWalk,
        # The first one is paused and resumed: it must be ACTIVE.
        rows=({}, {"quantity": 3, "trialEnd": "2100-02-01"}, {"startDate": "2100-01-31", "timezone": "Asia/Tokyo"}),
        create={"quantity": 2, "startDate": "2100-01-31", "timezone": "Europe/Berlin", "metadata": {"crm": "7"}},
        references={"clientId": "client", "serviceId": "service"},
        mutations={
            "updateSubscription": {"quantity": 4, "taxRate": "19", "metadata": {"crm": "8"}},
            "cancelSubscription": {},
            "pauseSubscription": {},
            "resumeSubscription": {},
        },
        wrong={
            "createSubscription": (
                wrong({"clientId": None}, "clientId REQUIRED"),
                wrong({"quantity": 0}, "quantity OUT_OF_RANGE", minimum=1),
                wrong({"quantity": 1_000_001}, "quantity OUT_OF_RANGE", maximum=1_000_000),
                wrong({"timezone": "Mars/Olympus"}, "timezone INVALID_FORMAT"),
                *(wrong({"timezone": name}, "timezone INVALID_FORMAT") for name in NO_ZONES),
                wrong({"startDate": "31.01.2027"}, "startDate INVALID_FORMAT"),
                wrong({"startDate": "2027-02-29"}, "startDate INVALID_FORMAT"),
                wrong({"startDate": 20270131}, "startDate INVALID_FORMAT"),
                wrong({"startDate": "9999-12-31"}, "startDate OUT_OF_RANGE", maximum="9000-12-31"),
                wrong({"startDate": "0001-01-01"}, "startDate NOT_ALLOWED"),
                wrong({"startDate": "2000-01-01", "trialEnd": "2001-01-01"}, "trialEnd NOT_ALLOWED"),
                wrong(NEW | {"trialEnd": "2100-01-31"}, "trialEnd NOT_ALLOWED"),
                wrong(NEW | {"trialEnd": "9000-12-32"}, "trialEnd INVALID_FORMAT"),
                wrong(NEW | {"anchorDate": "2100-01-30"}, "anchorDate NOT_ALLOWED"),
                wrong(NEW | {"anchorDate": "2100-02-28"}, "anchorDate NOT_ALLOWED"),
                wrong({"metadata": {"a": 1}}, "metadata.a WRONG_TYPE"),
                wrong({"status": "ACTIVE"}, "status UNKNOWN_FIELD"),
            ),
            "updateSubscription": (
                wrong({"quantity": 0, "unitPrice": -1}, "quantity OUT_OF_RANGE", "unitPrice OUT_OF_RANGE", minimum=0),
                wrong({"unitPrice": MOST}, "quantity OUT_OF_RANGE"),
                wrong({"taxRate": "1000"}, "taxRate OUT_OF_RANGE", maximum=100),
                wrong({"taxRate": "-1"}, "taxRate OUT_OF_RANGE", minimum=0),
                wrong({"taxRate": "19.12345"}, "taxRate INVALID_FORMAT"),
                wrong({"quantity": None, "cancelAtPeriodEnd": None}, "quantity REQUIRED", "cancelAtPeriodEnd REQUIRED"),
            ),
        },
        defaults={"quantity": 1},
        never_null=frozenset({"quantity", "unitPrice", "taxRate", "cancelAtPeriodEnd", "metadata"}),
        routes={
            "GET /api/v1/subscriptions": "ListSubscriptions",
            "POST /api/v1/subscriptions": "CreateSubscription",
            "GET /api/v1/subscriptions/{publicId}": "GetSubscription",
            "DELETE /api/v1/subscriptions/{publicId}": "CancelSubscription",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{subscription},{client}", {"id": {"in": ["{subscription}", "{client}"]}}, 1),
            Filter("status", "TRIALING,CANCELLED", {"status": {"in": ["TRIALING", "CANCELLED"]}}, 1),
            Filter("clientId", "{client}", {"clientId": {"eq": "{client}"}}, 3),
            Filter("serviceId", "{service2}", {"serviceId": {"eq": "{service2}"}}, 0),
            *times(3),
        ),
        wrong_queries=(
            ("clientId=x", "clientId"),
            ("serviceId=", "serviceId"),
            ("status=active", "status"),
            ("search=a", "search"),
        ),
    ),
)
