"""Reports of all that a run did, held against sums that the database makes of the same rows once nothing changes."""

import asyncio
from typing import Any

from bench.chaos.changes import parameters_of
from bench.chaos.journal import SILENT, Journal
from bench.chaos.stack import Stack
from bench.chaos.stored import LOOK_S, ask
from bench.chaos.tenants import Tenant
from models.reports import ReportKind

REPORT_S = 60
_K = ReportKind
# A total of each kind, and what it has to be.
SUMS = {
    _K.REVENUE: ("invoices", "select count(*) from invoices where status not in ('DRAFT', 'VOID')"),
    _K.MRR: ("closing", "select coalesce(sum(mrr_after - mrr_before), 0)::bigint from subscription_changes"),
    _K.RECEIVABLES_AGING: (
        "total", "select coalesce(sum(total - amount_paid), 0)::bigint from invoices where status = 'OPEN'",
    ),
    _K.ORDER_THROUGHPUT: ("created", "select count(*) from orders"),
    _K.TURNAROUND: ("orders", "select count(*) from orders where num_nulls(started_at, delivered_at) = 0"),
    _K.CLIENT_LIFETIME_VALUE: ("paid", "select coalesce(sum(amount), 0)::bigint from invoice_payments"),
    _K.TICKET_RESPONSE: ("tickets", "select count(*) from tickets"),
    _K.AGENT_USAGE: ("cost", "select coalesce(sum(cost), 0)::bigint from agent_steps where finished_at is not null"),
}  # fmt: skip


async def unlike(stack: Stack, tenant: Tenant, journal: Journal) -> list[str]:
    """What of a report of each kind is not as it has to be, read through the API as JSON and as CSV."""
    found: list[str] = []
    async with tenant.http(stack) as http:
        for kind, (name, sql) in SUMS.items():
            body, change = {"kind": kind, "parameters": parameters_of(kind)}, journal.begin(tenant.name, kind, SILENT)
            made = (await http.post("/api/v1/reports", json=body)).raise_for_status().json()["data"]
            journal.acknowledge(change, made["publicId"], made["version"], None)
            path = f"/api/v1/reports/{made['publicId']}"
            async with asyncio.timeout(REPORT_S):
                while (shown := (await http.get(path)).raise_for_status().json()["data"])["status"] != "READY":
                    if shown["status"] == "FAILED":
                        return [*found, f"{kind}: {shown['error']}"]
                    await asyncio.sleep(LOOK_S)
            csv = (await http.get(f"{path}.csv")).raise_for_status().text
            ((due,),) = (await asyncio.to_thread(ask, stack, tenant, (sql, ())))[0]
            found += differences(kind, shown, csv, name, due)
    return found


def differences(kind: str, shown: dict[str, Any], csv: str, name: str, due: int) -> list[str]:
    """What of a report's total and its file is not as it has to be."""
    said = [(f"{kind}: {name} is not {due}", shown["totals"][name] != due)]
    # The titles are a line too. The rows that are shown with a report are the first thousand.
    said.append((f"{kind}: the file has other rows", len(csv.splitlines()) - 1 != len(shown["rows"]) < 1_000))
    return [what for what, wrong in said if wrong]
