"""Runs of chaos in which everything is right, for tests to falsify."""

from collections import Counter
from typing import Any
from uuid import uuid4

from bench.chaos.changes import WEEKS
from bench.chaos.journal import Change, Journal
from bench.chaos.listeners import healthy
from bench.chaos.models import HEALTHY, MESSAGES, Models, body_of
from bench.chaos.stored import Stored
from bench.chaos.tenants import Tenant
from bench.chaos.worked import AgentJob, Report, Worked
from models.reports import ReportKind

CLIENT = Change("a", "k-1", "client.created", 1.0, 2.0, "client_1", 1)
ORDER = Change("a", "k-2", "order.created", 3.0, 4.0, "order_1", 1, 1001)
MOVED = Change("a", "k-3", "order.status_changed", 5.0, 6.0, "order_1", 2, 1001)
# What a worker did: no client asked for it.
RENEWED = ("subscription.renewed", "subscription_1", 3)


def written() -> tuple[Journal, Tenant, Stored]:
    """Three changes of clients and one of a worker, stored, delivered and heard."""
    journal = Journal([CLIENT, ORDER, MOVED])
    heard = healthy()
    happened = [*((change.happened, True) for change in journal.changes), (RENEWED, False)]
    for number, (what, _) in enumerate(happened):
        heard.webhook_ids[what] = f"event_{number}"
        heard.events[f"event_{number}"] = [10.0 + number]
        heard.bodies[f"event_{number}"] = {b"one"}
    stored = Stored(
        {"client_1": 1, "order_1": 2},
        Counter({"k-1": 1, "k-2": 1}),
        [1001],
        [(f"event_{number}", *what) for number, what in enumerate(happened)],
        {f"event_{number}": "SUCCEEDED" for number in range(len(happened))},
        5,
    )
    return journal, Tenant("a", "a", uuid4(), "key", heard, uuid4()), stored


def row(created: int) -> dict[str, Any]:
    """A row of a report of orders."""
    sums = dict.fromkeys(("started", "delivered", "completed", "cancelled"), 0)
    return {"from": "2026-01-05", "to": "2026-01-12", "created": created, **sums, "open": 0}


def worked() -> tuple[Models, Stored, Worked]:
    """A job of the healthy model and one of a hostile one, a subscription that is billed, and a report."""
    _, _, stored = written()
    for number in range(MESSAGES):
        stored.marks[body_of("k-4", number)] = 1
    jobs = [
        AgentJob("job_1", HEALTHY, "k-4", "SUCCEEDED", None),
        AgentJob("job_2", "hangs", "k-5", "FAILED", "TIMED_OUT"),
    ]
    # The first answer to the second call was not committed.
    models = Models({}, asked={"job_1:0": [1.0], "job_1:2": [3.0, 5.0], "job_1:4": [7.0], "job_2:0": [1.0]})
    periods = [("subscription_1", f"invoice_{number}", True) for number in range(WEEKS + 1)]
    totals = {name: value for name, value in row(5).items() if name not in ("from", "to")}
    report = Report(ReportKind.ORDER_THROUGHPUT, "READY", None, totals, [row(2), row(3)], [1, 2])
    found = Worked(
        0, jobs, {"job_1:0": 2.0, "job_1:2": 6.0, "job_1:4": 8.0}, (0, 7, 7), ["subscription_1"], periods,
        [(subscription, invoice) for subscription, invoice, _ in periods], [2, 1, 3, 4],
        [report, Report(ReportKind.MRR, "FAILED", "TOO_SLOW")], {"agents": [4.0], "billing": [], "reports": [6.0]},
    )  # fmt: skip
    return models, stored, found
