"""Reports computed slowly, in plain Python over the rows that they are of, as their definitions say it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from models.reports import ReportKind
from models.tickets import TicketPriority
from models.typeid import created_at, encode
from tests.support.plain_studio import Asked, Rows, Studio, by_period, percent, percentile, summed

DAY_S = 86_400


def revenue(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    ours = [each for each in studio.invoices if each["currency"] == asked.currency]

    def row(start: datetime, end: datetime) -> dict[str, Any]:
        issued = [each for each in ours if each["status"] not in ("VOID", "DRAFT") and start <= each["issued_at"] < end]
        return {
            "net": sum(each["subtotal"] - each["discount"] for each in issued),
            "tax": sum(each["tax"] for each in issued),
            "invoices": len(issued),
            "collected": sum(paid for each in ours for paid, at in each["payments"] if start <= at < end),
        }

    rows = by_period(asked, row)
    return rows, summed(rows, "net", "tax", "invoices", "collected")


def _changes(subscription: dict[str, Any]) -> list[tuple[datetime, int, int]]:
    """The changes of what a subscription earns: it does from its first period on, while it is ACTIVE or PAST_DUE."""
    changes, earned = [], 0
    for at, status, price in subscription["states"]:
        earns = price if at >= subscription["began"] and status in ("ACTIVE", "PAST_DUE") else 0
        if earns != earned:
            changes.append((at, earned, earns))
        earned = earns
    return changes


def mrr(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    ours = [_changes(each) for each in studio.subscriptions if each["currency"] == asked.currency]

    def earned(moment: datetime) -> int:
        """What all subscriptions earn just before a moment."""
        return sum(([0] + [after for at, _, after in changes if at < moment])[-1] for changes in ours)

    def row(start: datetime, end: datetime) -> dict[str, Any]:
        moved = dict.fromkeys(("new", "reactivation", "expansion", "contraction", "churn"), 0)
        for changes in ours:
            known = False
            for at, before, after in changes:
                if before == 0:
                    kind, by = ("reactivation" if known else "new"), after
                elif after == 0:
                    kind, by = "churn", before
                else:
                    kind, by = ("expansion", after - before) if after > before else ("contraction", before - after)
                known = True
                moved[kind] += by if start <= at < end else 0
        return {"opening": earned(start)} | moved | {"closing": earned(end)}

    rows = by_period(asked, row)
    totals = summed(rows, "new", "reactivation", "expansion", "contraction", "churn")
    return rows, {"opening": rows[0]["opening"]} | totals | {"closing": rows[-1]["closing"]}


_AGES = ((0, "current"), (30, "days1To30"), (60, "days31To60"), (90, "days61To90"))


def _listed(things: Rows, name: str, prefix: str, figures: dict[Any, dict[str, int]], order: str) -> Rows:
    """A row for each thing that has figures, the greatest first."""
    names = {each["id"]: each["name"] for each in things}
    keys = sorted(figures, key=lambda key: (-figures[key][order], key))
    return [{f"{name}Id": encode(prefix, key), name: names[key]} | figures[key] for key in keys]


def receivables(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    moment = asked.at(asked.end)
    found: dict[Any, dict[str, int]] = {}
    names = [*(name for _, name in _AGES), "over90", "total"]
    for each in studio.invoices:
        gone = [each["voided_at"], each["uncollectible_at"]]
        if each["currency"] != asked.currency or each["issued_at"] is None or each["issued_at"] >= moment:
            continue
        if any(at is not None and at < moment for at in gone):
            continue
        due = each["total"] - sum(paid for paid, at in each["payments"] if at < moment)
        days = (asked.end - each["due_at"].astimezone(ZoneInfo(asked.zone)).date()).days
        age = next((name for most, name in _AGES if days <= most), "over90")
        if due:
            row = found.setdefault(each["client_id"], dict.fromkeys(names, 0))
            row[age] += due
            row["total"] += due
    rows = _listed(studio.clients, "client", "client", found, "total")
    return rows, summed(rows, *names)


def lifetime(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    found: dict[Any, dict[str, int]] = {}
    for each in studio.invoices:
        for paid, at in each["payments"]:
            if each["currency"] == asked.currency and asked.within(at):
                row = found.setdefault(each["client_id"], {"payments": 0, "paid": 0})
                row["payments"] += 1
                row["paid"] += paid
    rows = _listed(studio.clients, "client", "client", found, "paid")
    return rows, summed(rows, "payments", "paid")


def throughput(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    names = ("started", "delivered", "completed", "cancelled")

    def row(start: datetime, end: datetime) -> dict[str, Any]:
        created = [created_at(each["id"]) for each in studio.orders]
        counted = {
            name: sum(each[f"{name}_at"] is not None and start <= each[f"{name}_at"] < end for each in studio.orders)
            for name in names
        }
        stays = [
            each
            for each, at in zip(studio.orders, created, strict=True)
            if at < end and not any(each[name] and each[name] < end for name in ("completed_at", "cancelled_at"))
        ]
        return {"created": sum(start <= at < end for at in created)} | counted | {"open": len(stays)}

    rows = by_period(asked, row)
    return rows, summed(rows, "created", *names) | {"open": rows[-1]["open"]}


def _took(order: dict[str, Any]) -> Decimal:
    took: timedelta = order["delivered_at"] - order["started_at"]
    held: int = order["held_seconds"]
    return Decimal(took // timedelta(milliseconds=1)) / 1000 - held


def _turned(orders: Rows) -> dict[str, Any]:
    times = [floor(_took(each)) for each in orders]
    timed = [each for each in orders if each["delivery_days"] is not None]
    met = [each for each in timed if _took(each) <= each["delivery_days"] * DAY_S]
    shown = {"p50": percentile(times, 0.5), "p90": percentile(times, 0.9)}
    return {"orders": len(orders)} | shown | {"onTime": percent(len(met), len(timed))}


def turnaround(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    ours = [each for each in studio.orders if each["started_at"] and asked.within(each["delivered_at"])]
    rows = []
    for service in studio.services:
        of_it = [each for each in ours if each["service_id"] == service["id"]]
        if of_it:
            head = {"serviceId": encode("service", service["id"]), "service": service["name"]}
            rows.append((-len(of_it), service["id"], head | _turned(of_it)))
    return [row for *_, row in sorted(rows, key=lambda each: each[:2])], _turned(ours)


def _waited(tickets: Rows, moment: datetime) -> dict[str, Any]:
    def seconds(name: str) -> list[int]:
        return [floor((each[name] - created_at(each["id"])).total_seconds()) for each in tickets if each[name]]

    late = [each for each in tickets if (each["first_response_at"] or moment) > each["first_response_due_at"]]
    response, resolution = seconds("first_response_at"), seconds("resolved_at")
    return {
        "tickets": len(tickets),
        "answered": len(response),
        "responseP50": percentile(response, 0.5),
        "responseP90": percentile(response, 0.9),
        "resolutionP50": percentile(resolution, 0.5),
        "resolutionP90": percentile(resolution, 0.9),
        "breached": percent(len(late), len(tickets)),
    }


def response(studio: Studio, asked: Asked, moment: datetime) -> tuple[Rows, dict[str, Any]]:
    ours = [each for each in studio.tickets if asked.within(created_at(each["id"])) and each["status"] != "SPAM"]
    listed: Sequence[TicketPriority] = list(reversed(TicketPriority))
    rows = [
        {"priority": priority} | _waited([each for each in ours if each["priority"] == priority], moment)
        for priority in listed
    ]
    return rows, _waited(ours, moment)


def usage(studio: Studio, asked: Asked) -> tuple[Rows, dict[str, Any]]:
    names = {"inputTokens": "input_tokens", "outputTokens": "output_tokens", "cost": "cost"}
    found: dict[Any, dict[str, int]] = {}
    for job in studio.agent_jobs:
        steps = [each for each in job["steps"] if asked.within(each["finished_at"])]
        if job["currency"] == asked.currency and steps:
            row = found.setdefault(job["definition_id"], dict.fromkeys(("jobs", *names), 0))
            row["jobs"] += 1
            for name, column in names.items():
                row[name] += sum(each[column] for each in steps)
    rows = _listed(studio.definitions, "definition", "agent", found, "cost")
    return rows, summed(rows, "jobs", *names)


_K = ReportKind
PLAIN: dict[ReportKind, Callable[[Studio, Asked], tuple[Rows, dict[str, Any]]]] = {
    _K.REVENUE: revenue,
    _K.MRR: mrr,
    _K.RECEIVABLES_AGING: receivables,
    _K.ORDER_THROUGHPUT: throughput,
    _K.TURNAROUND: turnaround,
    _K.CLIENT_LIFETIME_VALUE: lifetime,
    _K.AGENT_USAGE: usage,
}


def plainly(kind: ReportKind, studio: Studio, asked: Asked, moment: datetime) -> tuple[Rows, dict[str, Any]]:
    """The rows and the totals of a report, of a snapshot that was taken at a moment."""
    return response(studio, asked, moment) if kind is _K.TICKET_RESPONSE else PLAIN[kind](studio, asked)
