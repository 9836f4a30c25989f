"""What was found, as tables for a person and as figures."""

import asyncio
import math
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.chaos.accounts import EVER, Span, firsts, quantile, recoveries, times
from bench.chaos.answers import AFTER, BEFORE, Answers
from bench.chaos.injuries import Injury
from bench.chaos.journal import Journal
from bench.chaos.listeners import Listener
from bench.chaos.models import Models
from bench.chaos.stack import Stack
from bench.chaos.stored import LOOK_S
from bench.chaos.tenants import Tenant
from bench.chaos.worked import latest

# Each has to be 0, and is shown also where it is.
ACCOUNTS = (
    "acknowledged writes missing",
    "effects of one key doubled",
    "events doubled",
    "order numbers doubled",
    "jobs lost",
    "jobs of the healthy model that failed",
    "messages of agents missing or doubled",
    "model calls paid twice",
    "budgets that are not settled",
    "periods billed twice",
    "periods not billed",
    "invoice numbers doubled or missing",
    "reports that do not agree",
    "deliveries lost",
    "deliveries with two bodies",
    "redirects followed",
    "audit logs that do not hold",
    "writes never acknowledged",
    "writes refused",
    "answers 500",
    "answers 503 without Retry-After",
)
# The longest recovery, and how many times as long a healthy delivery may take beside hostile ones.
RECOVERY_S, SLOWER = 75.0, 2.0
KINDS = ("writes", "deliveries", "agents", "billing", "reports")
# How many of each a run has to bring about.
LEAST = {"writes": 50, "agents": 4, "billing": 4, "reports": 4}


@dataclass(slots=True)
class Report:
    """Everything that one run found. ``asked`` are the injuries that it should make, ``calm`` the spans without any:
    alone, and beside hostile ones."""

    journal: Journal
    tenants: list[Tenant]
    listeners: list[Listener]
    models: Models
    injuries: list[Injury] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    successes: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in KINDS[2:]})
    calm: tuple[Span, Span] = ((0.0, 0.0), (0.0, 0.0))
    drained: bool = False
    answers: Answers | None = None
    asked: tuple[str, ...] = ()

    @property
    def accounts(self) -> dict[str, int]:
        """Each account by its name."""
        journal = self.journal
        answers = {
            "writes never acknowledged": len(journal.changes) - len(journal.acknowledged()) - len(journal.refused),
            "writes refused": len(journal.refused),
            "answers 500": journal.statuses["500"],
            "answers 503 without Retry-After": journal.unhelpful,
        }
        return {name: (answers | self.wrong).get(name, 0) for name in ACCOUNTS}

    @property
    def failed(self) -> bool:
        """Whether an account is not 0, or the run has not met all that it should."""
        return any(self.accounts.values()) or bool(self.unmet)

    @property
    def unmet(self) -> list[str]:
        """What should have happened and did not, or too seldom: the accounts prove nothing about it."""
        made = {each.name for each in self.injuries}
        missing = [f"no {name}" for name in self.asked if name not in made]
        missing += [f"nothing came to the receiver {each.name}" for each in self.listeners if not each.events]
        missing += [f"the model {name} was never called" for name in self.models.missing()]
        done = {"writes": len(self.journal.acknowledged())} | {name: len(each) for name, each in self.successes.items()}
        missing += [f"{done[name]} of at least {least} {name}" for name, least in LEAST.items() if done[name] < least]
        return missing if self.drained else [*missing, "work was still waiting at the end"]

    @property
    def recoveries(self) -> dict[str, dict[str, float]]:
        """The longest recoveries by injury and kind of work."""
        return recoveries(self.journal, self.tenants, self.injuries, self.successes)

    async def recovered(self, stack: Stack, since: float, patience: float) -> None:
        """Wait until every kind of work has succeeded since a moment, but no longer than there is patience."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while True:
                    # PostgreSQL may be on its way.
                    with suppress(psycopg.OperationalError):
                        done = await asyncio.to_thread(latest, stack, self.tenants)
                        if math.isfinite(max(firsts(self.journal, self.tenants, done, since).values())):
                            return
                    await asyncio.sleep(LOOK_S)

    @property
    def slow(self) -> bool:
        """Whether a bound of time is exceeded."""
        longest = max((each for row in self.recoveries.values() for each in row.values()), default=0.0)
        slower = self.slower()["ratio"]
        return longest > RECOVERY_S or slower is None or slower > SLOWER

    def slower(self) -> dict[str, float | None]:
        """The p99 of a healthy delivery alone and beside hostile ones, without injuries, and their ratio."""
        found = [times(self.journal, self.tenants[0], span) for span in self.calm]
        alone, beside = (quantile(each, 99) if each else None for each in found)
        return {"alone": alone, "beside": beside, "ratio": beside / alone if alone and beside else None}

    def figures(self) -> dict[str, Any]:
        """All of it as plain values."""
        waits = {tenant.name: times(self.journal, tenant, EVER) for tenant in self.tenants}
        acknowledged = self.journal.acknowledged()
        return {
            "accounts": self.accounts,
            "acknowledged": len(acknowledged),
            "repeated": sum(change.tries > 1 for change in acknowledged),
            "changes": dict(sorted(Counter(change.type for change in acknowledged).items())),
            "deliveries": {each.name: len(each.events) for each in self.listeners},
            "delivered_again": {
                tenant.name: sum(len(came) - 1 for came in tenant.healthy.events.values()) for tenant in self.tenants
            },
            "model_calls": dict(self.models.by_model),
            "model_calls_asked_again": sum(len(each) - 1 for each in self.models.asked.values()),
            "worker_killed": {} if self.answers is None else dict(self.answers.fell()),
            "work_done": {name: len(listed) for name, listed in self.successes.items()},
            "unmet": self.unmet,
            "injuries": dict(Counter(each.name for each in self.injuries)),
            "delivery_seconds": {
                name: {"p50": quantile(found, 50), "p99": quantile(found, 99), "longest": found[-1]} if found else {}
                for name, found in waits.items()
            },
            "p99_seconds": self.slower(),
            "longest_recovery": {
                name: {kind: _finite(row[kind]) for kind in KINDS} for name, row in self.recoveries.items()
            },
            "statuses": dict(sorted(self.journal.statuses.items())),
        }


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}"


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def shown(report: Report) -> str:
    """The tables."""
    found = report.figures()
    slower = found["p99_seconds"]
    lines = [
        f"{len(report.injuries)} injuries; {found['acknowledged']} writes acknowledged, {found['repeated']} of them"
        " when they were sent again",
        f"acknowledged: {_listed(found['changes'])}",
        f"done by workers: {_listed(found['work_done'])}",
        f"deliveries heard: {_listed(found['deliveries'])}",
        f"calls of models: {_listed(found['model_calls'])}; {found['model_calls_asked_again']} of them again, as the"
        " answer before was not committed",
        "workers that were killed when a model had answered them: "
        + ", ".join(f"{found['worker_killed'].get(each, 0)} {each}" for each in (BEFORE, AFTER)),
        "",
        "| account | has to be 0 |",
        "|---|--:|",
        *(f"| {name} | {number} |" for name, number in found["accounts"].items()),
        *(["", f"Not met: {'; '.join(report.unmet)}"] if report.unmet else []),
        "",
        "Longest recovery in seconds, from the last injury of a burst to the first success of each kind of work"
        f" (at most {RECOVERY_S:.0f}):",
        "",
        f"| injury | times | {' | '.join(KINDS)} |",
        f"|---|{'--:|' * (len(KINDS) + 1)}",
    ]
    for name, number in found["injuries"].items():
        longest = found["longest_recovery"].get(name)
        told = [_seconds(longest[kind]) if longest else "" for kind in KINDS]
        lines.append(f"| {name} | {number} | {' | '.join(told)} |")
    lines += ["", "| healthy receiver | p50 s | p99 s | longest s | came again |", "|---|--:|--:|--:|--:|"]
    for name, wait in found["delivery_seconds"].items():
        cells = " | ".join(_seconds(wait.get(each)) for each in ("p50", "p99", "longest"))
        lines.append(f"| {name} | {cells} | {found['delivered_again'][name]} |")
    ratio = "unknown" if slower["ratio"] is None else f"{slower['ratio']:.2f}"
    lines += [
        "",
        f"p99 of a healthy receiver without injuries: {_seconds(slower['alone'])} s alone, {_seconds(slower['beside'])}"
        f" s beside hostile ones, {ratio} times as long (at most {SLOWER:.0f})",
        "",
        "| response | times |",
        "|---|--:|",
        *(f"| {status} | {number} |" for status, number in found["statuses"].items()),
    ]
    return "\n".join(lines)
