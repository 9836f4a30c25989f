"""What was found, as tables for a person and as figures."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.accounts import Tenant, quantile, recoveries, times
from bench.chaos.injuries import Injury
from bench.chaos.journal import Journal
from bench.chaos.listeners import Listener

# Each has to be 0, and is shown also where it is.
ACCOUNTS = (
    "acknowledged writes missing",
    "effects of one key doubled",
    "order numbers doubled",
    "deliveries lost",
    "deliveries with two bodies",
    "redirects followed",
    "audit logs that do not hold",
    "writes never acknowledged",
    "writes refused",
    "answers 500",
    "answers 503 without Retry-After",
)


@dataclass(slots=True)
class Report:
    """Everything that one run found."""

    journal: Journal
    tenants: list[Tenant]
    listeners: list[Listener]
    injuries: list[Injury] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    drained: bool = False

    @property
    def accounts(self) -> dict[str, int]:
        """Each account by its name."""
        journal = self.journal
        answers = {
            "writes never acknowledged": len(journal.changes) - len(journal.kept()) - len(journal.refused),
            "writes refused": len(journal.refused),
            "answers 500": journal.statuses["500"],
            "answers 503 without Retry-After": journal.unhelpful,
        }
        return {name: (answers | self.wrong).get(name, 0) for name in ACCOUNTS}

    @property
    def failed(self) -> bool:
        """Whether an account is not 0."""
        return any(self.accounts.values())

    def figures(self) -> dict[str, Any]:
        """All of it as plain values."""
        waits = {tenant.name: times(self.journal, tenant) for tenant in self.tenants}
        return {
            "accounts": self.accounts,
            "acknowledged": len(self.journal.kept()),
            "repeated": sum(change.tries > 1 for change in self.journal.kept()),
            "deliveries": {each.name: len(each.events) for each in self.listeners},
            "delivered_again": {
                tenant.name: sum(len(came) - 1 for came in tenant.healthy.events.values()) for tenant in self.tenants
            },
            "drained": self.drained,
            "injuries": dict(Counter(each.name for each in self.injuries)),
            "delivery_seconds": {
                name: {"p50": quantile(found, 50), "p99": quantile(found, 99), "longest": found[-1]} if found else {}
                for name, found in waits.items()
            },
            "longest_recovery": {
                name: {"writes": _finite(writes), "deliveries": _finite(delivered)}
                for name, (writes, delivered) in recoveries(self.journal, self.tenants, self.injuries).items()
            },
            "statuses": dict(sorted(self.journal.statuses.items())),
        }


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}"


def shown(report: Report) -> str:
    """The tables."""
    found = report.figures()
    lines = [
        f"{len(report.injuries)} injuries; {found['acknowledged']} writes acknowledged, {found['repeated']} of them"
        " when they were sent again; deliveries heard: "
        + ", ".join(f"{name} {number}" for name, number in found["deliveries"].items())
        + ("" if report.drained else "; deliveries were still waiting at the end"),
        "",
        "| account | has to be 0 |",
        "|---|--:|",
        *(f"| {name} | {number} |" for name, number in found["accounts"].items()),
        "",
        "| injury | times | longest recovery of writes, s | of deliveries, s |",
        "|---|--:|--:|--:|",
    ]
    for name, number in found["injuries"].items():
        longest = found["longest_recovery"][name]
        lines.append(f"| {name} | {number} | {_seconds(longest['writes'])} | {_seconds(longest['deliveries'])} |")
    lines += ["", "| healthy receiver | p50 s | p99 s | longest s | came again |", "|---|--:|--:|--:|--:|"]
    for name, wait in found["delivery_seconds"].items():
        cells = " | ".join(_seconds(wait.get(each)) for each in ("p50", "p99", "longest"))
        lines.append(f"| {name} | {cells} | {found['delivered_again'][name]} |")
    lines += ["", "| response | times |", "|---|--:|"]
    lines += [f"| {status} | {number} |" for status, number in found["statuses"].items()]
    return "\n".join(lines)
