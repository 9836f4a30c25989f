"""What workers did for one organization: agents' jobs, periods that were billed, reports; and what is wrong with it."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.chaos.changes import WEEKS
from bench.chaos.models import HEALTHY, MESSAGES, Models, body_of
from bench.chaos.stack import Stack, moment
from bench.chaos.stored import Stored, ask
from bench.chaos.tenants import Tenant
from models.reports import ReportKind
from models.typeid import encode
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.columns import Total

# A job that is due for longer than this is not about to be run. Of those that FAILED, the jobs of hostile models and
# reports say why; nothing else has a reason to.
LATE_S = 5
JOBS = f"""select count(*) filter (where state = 'RUNNING'
      or (state = 'QUEUED' and run_at < now() - interval '{LATE_S} s')
      or (state = 'FAILED' and (error_code is null or function not in ('AGENT', 'REPORT'))))
  from jobs where org_id = %s"""
AGENTS = """select jobs.id, definitions.model, jobs.input->>'mark', jobs.status, jobs.error_code, jobs.finished_at
  from agent_jobs jobs join agent_definitions definitions on definitions.id = jobs.definition_id"""
CALLS = "select job_id, index, finished_at from agent_steps where kind = 'MODEL' and messages is not null"
# What the months' budgets say, and what the jobs cost.
BUDGETS = """select coalesce(sum(reserved), 0)::bigint, coalesce(sum(spent), 0)::bigint,
  (select coalesce(sum(cost), 0)::bigint from agent_jobs where client_id is not null) from agent_budgets"""
SUBSCRIPTIONS = "select id from subscriptions"
PERIODS = """select subscription_id, number, invoice_id, exists(select from invoices where id = invoice_id)
  from subscription_periods where state = 'BILLED'"""
BILLED = "select id, subscription_id, issued_at from invoices where subscription_id is not null"
NUMBERS = "select right(number, 6)::int from invoices where number is not null"
# When each kind of work succeeded last.
LATEST = """select 'agents', max(finished_at) from agent_jobs where status = 'SUCCEEDED'
  union all select 'billing', max(issued_at) from invoices where subscription_id is not null
  union all select 'reports', max(updated_at) from reports where status = 'READY'"""
REPORTS = """select id, kind, status, error, totals, updated_at, array(
    select data::jsonb from report_rows where report_id = reports.id order by number
  ), array(select number from report_rows where report_id = reports.id order by number) from reports"""


@dataclass(frozen=True, slots=True)
class AgentJob:
    """A job of an agent, as it ended."""

    public_id: str
    model: str
    mark: str
    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A report with its rows and their numbers."""

    kind: ReportKind
    status: str
    error: str | None = None
    totals: Mapping[str, Any] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Worked:
    """What the database has of workers' work.

    ``late`` are jobs that nobody runs, ``answered`` the times at which calls of models were committed by their
    Idempotency-Keys, ``budget`` what is reserved, what is spent, and what the jobs cost. ``billed`` are the invoices
    of periods, by subscription, with whether each is there, and ``invoices`` the subscriptions' invoices.
    ``successes`` are the moments of successes by kind of work.
    """

    late: int
    agents: list[AgentJob]
    answered: Mapping[str, float]
    budget: tuple[int, int, int]
    subscriptions: list[str]
    billed: list[tuple[str, str, bool]]
    invoices: list[tuple[str, str]]
    numbers: list[int]
    reports: list[Report]
    successes: Mapping[str, list[float]]


def worked_of(stack: Stack, tenant: Tenant) -> Worked:
    """Read what workers did."""
    late, agents, calls, budgets, subscriptions, periods, billed, numbers, reports = ask(
        stack, tenant, (JOBS, (tenant.org_id,)),
        *((sql, ()) for sql in (AGENTS, CALLS, BUDGETS, SUBSCRIPTIONS, PERIODS, BILLED, NUMBERS, REPORTS)),
    )  # fmt: skip
    return Worked(
        late[0][0],
        [
            AgentJob(encode("job", key), model.partition(":")[2], mark, status, error)
            for key, model, mark, status, error, _ in agents
        ],
        {f"{encode('job', job)}:{index}": at.timestamp() for job, index, at in calls},
        budgets[0],
        [str(key) for (key,) in subscriptions],
        [(str(subscription), str(invoice), there) for subscription, _, invoice, there in periods],
        [(str(subscription), str(key)) for key, subscription, _ in billed],
        [number for (number,) in numbers],
        [
            Report(ReportKind(kind), status, error, totals or {}, rows, places)
            for _, kind, status, error, totals, _, rows, places in reports
        ],
        {
            "agents": _moments(row[5] for row in agents if row[3] == "SUCCEEDED"),
            "billing": _moments(row[2] for row in billed),
            "reports": _moments(row[5] for row in reports if row[2] == "READY"),
        },
    )


def latest(stack: Stack, tenants: Iterable[Tenant]) -> dict[str, list[float]]:
    """The moments of the last successes by kind of work."""
    found: dict[str, list[float]] = {}
    for tenant in tenants:
        for name, at in ask(stack, tenant, (LATEST, ()))[0]:
            found.setdefault(name, []).extend(_moments([at]))
    return found


def _moments(times: Iterable[datetime | None]) -> list[float]:
    """Times of the database by the clock of all that is measured here."""
    apart = time.time() - moment()
    return [each.timestamp() - apart for each in times if each is not None]


def astray(models: Models, stored: Stored, worked: Worked) -> dict[str, int]:
    """How many of each wrong thing workers did for an organization; each has to be 0."""
    reserved, spent, cost = worked.budget
    return {
        "jobs lost": worked.late
        + sum(each.status in ("QUEUED", "RUNNING") or (each.status == "FAILED") != (each.error is not None)
              for each in worked.agents)
        + sum(each.status in ("QUEUED", "RUNNING") for each in worked.reports),
        "jobs of the healthy model that failed": sum(
            each.model == HEALTHY and each.status == "FAILED" for each in worked.agents
        ),
        "messages of agents missing or doubled": sum(_written(each, stored) for each in worked.agents),
        "model calls paid twice": sum(_paid_twice(models, key, at) for key, at in worked.answered.items())
        + _answered_again(worked),
        "budgets that are not settled": int(reserved != 0) + int(spent != cost),
        "periods billed twice": _billed_twice(worked),
        "periods not billed": _not_billed(worked),
        "invoice numbers doubled or missing": _apart(worked.numbers, len(worked.numbers)),
        "reports that do not agree": sum(not agrees(each) for each in worked.reports),
    }  # fmt: skip


def _written(job: AgentJob, stored: Stored) -> int:
    """How many messages of an agent's job are missing or doubled. One that did not succeed may have written some."""
    found = [stored.marks[body_of(job.mark, number)] for number in range(MESSAGES)]
    least = int(job.model == HEALTHY and job.status == "SUCCEEDED")
    return sum(max(least - each, each - 1, 0) for each in found)


def _paid_twice(models: Models, key: str, committed: float) -> int:
    """How many requests of a call came after its answer was committed; and one where none came at all."""
    asked = models.asked.get(key, [])
    return sum(at > committed for at in asked) if asked else 1


def _answered_again(worked: Worked) -> int:
    """How many more answers were committed than the healthy model gives to a job, under whichever keys."""
    answers = Counter(key.partition(":")[0] for key in worked.answered)
    healthy = (each.public_id for each in worked.agents if each.model == HEALTHY)
    return sum(max(0, answers[each] - MESSAGES - 1) for each in healthy)


def _billed_twice(worked: Worked) -> int:
    periods = Counter(invoice for _, invoice, _ in worked.billed)
    shared = sum(number - 1 for number in periods.values())
    return shared + sum(invoice not in periods for _, invoice in worked.invoices)


def _not_billed(worked: Worked) -> int:
    """How many periods of the weeks since a subscription began were not billed, by an invoice that is there."""
    billed = Counter(subscription for subscription, _, there in worked.billed if there)
    return sum(abs(WEEKS + 1 - billed[each]) for each in worked.subscriptions)


def _apart(numbers: list[int], number: int) -> int:
    """How many of so many numbers from 1 on are not there."""
    return len(set(range(1, number + 1)) - set(numbers))


def agrees(report: Report) -> bool:
    """Whether a report is READY with all its rows, each once, and the sums of them; or FAILED with the reason."""
    if report.status != "READY":
        return report.status == "FAILED" and report.error is not None and not report.rows
    if report.numbers != list(range(1, len(report.rows) + 1)):
        return False
    return all(
        report.totals[column.key] == sum(row[column.key] for row in report.rows)
        for column in DEFINITIONS[report.kind].columns
        if column.total is Total.SUM
    )
