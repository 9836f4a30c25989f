"""Reports: figures that a worker computes of a snapshot of the organization's rows, and keeps with their parameters."""

from datetime import date
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from annotated_types import Ge, Le, MaxLen
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.agent_jobs import AGENT_JOB
from models.agents import AGENT
from models.base import TIMESTAMP, Owned, Versioned, column, one_of, table_args, table_of
from models.clients import CLIENT
from models.enums import DescribedEnum
from models.invoices import INVOICE
from models.orders import ORDER
from models.resources import Resource
from models.services import SERVICE
from models.subscriptions import LAST_DAY, SUBSCRIPTION
from models.tickets import TICKET
from models.types import Currency, JsonObject, Moment, SchemaExtra, Timezone

REPORT = Resource(
    "report",
    actions=("finish", "fail", "retry"),
    description="Reports, which a worker computes: revenue, receivables, throughput and others.",
    # What an event shows: the report without its rows.
    rendered_by="ReportEvent",
    live={"progress": "More of a report is computed."},
    events={
        "ready": "A report is `READY`: its rows and its files can be read.",
        "failed": "A report failed, for the reason in `error`.",
    },
)
REPORT_ROW = Resource("report_row", scope=REPORT.scope)
# The first day that a report takes: before it there were no such rows.
FIRST_DAY = date(1970, 1, 1)
MAX_YEARS, MAX_PERIODS = 10, 1_000
ReportDay = Annotated[date, Ge(FIRST_DAY), Le(LAST_DAY), SchemaExtra(pattern="^(19[7-9][0-9]|[2-8][0-9]{3}|9000)-")]
# A row as JSON: its longest part is a name.
RowText = Annotated[str, MaxLen(2_000)]


class ReportKind(DescribedEnum):
    """Kind of report: what it shows, and which parameters it takes beside `to` and `timezone`."""

    REVENUE = (
        "REVENUE",
        "For each period, what was invoiced, by the time of issue, and what was collected. Takes `from`, `interval` and"
        " `currency`.",
    )
    MRR = (
        "MRR",
        "For each period, the monthly recurring revenue of subscriptions that have begun and what changed it. Takes"
        " `from`, `interval` and `currency`.",
    )
    RECEIVABLES_AGING = (
        "RECEIVABLES_AGING",
        "For each client, what is due at `to`, by the days that it is past due. Takes `currency`.",
    )
    ORDER_THROUGHPUT = (
        "ORDER_THROUGHPUT",
        "For each period, the orders created, started, delivered, completed and cancelled, and those open at its end."
        " Takes `from` and `interval`.",
    )
    TURNAROUND = (
        "TURNAROUND",
        "For each service, how long orders took from start to delivery, without time on hold. Takes `from`.",
    )
    CLIENT_LIFETIME_VALUE = (
        "CLIENT_LIFETIME_VALUE",
        "For each client, the number and the sum of its payments from `from` to `to`. Takes `from` and `currency`.",
    )
    TICKET_RESPONSE = (
        "TICKET_RESPONSE",
        "For each priority, how long tickets waited for the first response and the resolution. Takes `from`.",
    )
    AGENT_USAGE = (
        "AGENT_USAGE",
        "For each agent definition, the tokens and the cost of the steps that its jobs took. Takes `from` and"
        " `currency`.",
    )


_K = ReportKind
# What the rows of each kind are of. To see a report, a key needs the scopes to read all of them.
SUMMED: dict[ReportKind, tuple[Resource, ...]] = {
    _K.REVENUE: (INVOICE,),
    _K.MRR: (SUBSCRIPTION,),
    _K.RECEIVABLES_AGING: (INVOICE, CLIENT),
    _K.ORDER_THROUGHPUT: (ORDER,),
    _K.TURNAROUND: (ORDER, SERVICE),
    _K.CLIENT_LIFETIME_VALUE: (INVOICE, CLIENT),
    _K.TICKET_RESPONSE: (TICKET,),
    _K.AGENT_USAGE: (AGENT_JOB, AGENT),
}


class ReportInterval(DescribedEnum):
    """Length of a report's periods. The first and the last one are cut off at `from` and `to`."""

    DAY = "DAY", "A day."
    WEEK = "WEEK", "A week, from Monday."
    MONTH = "MONTH", "A calendar month."
    QUARTER = "QUARTER", "Three months, from January, April, July or October."
    YEAR = "YEAR", "A calendar year."


class ReportStatus(DescribedEnum):
    """Status of a report."""

    QUEUED = "QUEUED", "Waiting for a worker."
    RUNNING = "RUNNING", "Being computed; see `progress`."
    READY = "READY", "Computed: its rows and files can be read."
    FAILED = "FAILED", "It could not be computed; see `error`."


class ReportError(DescribedEnum):
    """Why a report failed."""

    TOO_SLOW = "TOO_SLOW", "It took too long to compute: ask for a shorter interval."
    TOO_LARGE = "TOO_LARGE", "A figure is greater than 2^53 - 1, the greatest that the API shows."
    INTERNAL = "INTERNAL", "The server failed: generate the report again later."
    CANCELLED = "CANCELLED", "An operator cancelled its job."


class Report(Versioned, table=True):
    """A report: figures that are computed once, of one snapshot. Later changes of the rows do not change it."""

    __tablename__ = "reports"
    __table_args__ = table_args(
        one_of("kind", ReportKind),
        one_of("interval", ReportInterval),
        one_of("status", ReportStatus),
        one_of("error", ReportError),
        sa.CheckConstraint("start_date < end_date", name="dates"),
        sa.CheckConstraint("progress between 0 and 100", name="progress"),
        sa.CheckConstraint("(status = 'FAILED') = (error is not null)", name="failed"),
        sa.CheckConstraint("(status = 'READY') = (num_nulls(totals, snapshot_at, chart) = 0)", name="ready"),
        sa.Index("reports_kind_idx", "org_id", "kind", "id"),
        sa.Index("reports_status_idx", "org_id", "status", "id"),
        sa.Index("reports_updated_idx", "org_id", "updated_at", "id"),
    )

    kind: ReportKind = column(sa.Text, description="Kind of the report.")
    start_date: ReportDay | None = column(
        sa.Date,
        info={"logged_as": "parameters.from"},
        nullable=True,
        description="First day. Null for a kind that looks at one moment.",
    )
    end_date: ReportDay = column(
        sa.Date,
        info={"logged_as": "parameters.to"},
        description="End of the report, exclusive: the day after its last day.",
    )
    timezone: Timezone = column(
        sa.Text,
        info={"logged_as": "parameters.timezone"},
        description="Time zone in which days begin at midnight: a name of the IANA database.",
    )
    interval: ReportInterval | None = column(
        sa.Text,
        info={"logged_as": "parameters.interval"},
        nullable=True,
        description="Length of the periods. Null for a kind without periods.",
    )
    currency: Currency | None = column(
        sa.Text,
        info={"logged_as": "parameters.currency"},
        nullable=True,
        description="Currency of the amounts: what is in others is left out. Null for a kind without amounts.",
    )
    status: ReportStatus = column(sa.Text, default=ReportStatus.QUEUED, description="Status of the report.")
    progress: int = column(
        sa.Integer,
        default=0,
        description="Progress in percent, by how much of what it sums has been read, as estimated, and then by how many"
        " of its rows are written: 100 once it is `READY`.",
    )
    error: ReportError | None = column(
        sa.Text, nullable=True, description="Reason for which it failed; null if it did not."
    )
    first_failure: JsonObject | None = column(
        pg.JSONB,
        info={"internal": True},
        nullable=True,
        description="How it failed for the first time, where it was retried since; null otherwise.",
    )
    totals: JsonObject | None = column(
        pg.JSONB, nullable=True, description="Totals of all rows, by column. Null until the report is `READY`."
    )
    snapshot_at: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time of the snapshot that the figures are of. Null until the report is `READY`.",
    )
    # What is a column of bytes is not in the audit log.
    chart: bytes | None = column(pg.BYTEA, nullable=True)


class ReportRow(Owned, table=True):
    """A row of a report."""

    __tablename__ = "report_rows"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "report_id"], ["reports.org_id", "reports.id"], ondelete="CASCADE"),
        sa.Index("report_rows_number_idx", "org_id", "report_id", "number", "id"),
        grants="SELECT, INSERT, DELETE",
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    report_id: UUID = column(sa.Uuid)
    number: int = column(sa.Integer, description="Number of the row in the report, from 1.")
    # As text: it keeps the order of the columns.
    data: RowText = column(
        sa.Text,
        description="Figures of the row, by the names of the columns. Amounts are in minor, costs in micro-units.",
    )


reports = table_of(Report)
report_rows = table_of(ReportRow)
