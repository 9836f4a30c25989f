"""Reports in the graph."""

from datetime import date, datetime
from typing import Any

import orjson
import strawberry

from execution import ColumnReader
from models.reports import (
    MAX_PERIODS,
    MAX_YEARS,
    REPORT,
    REPORT_ROW,
    ReportError,
    ReportInterval,
    ReportKind,
    ReportStatus,
)
from models.reports import Report as Table
from models.reports import ReportRow as RowTable
from resolvers.downloads import Download
from resolvers.reports import files, loaders, mutations
from resolvers.reports.collections import REPORT_ROWS, REPORTS
from resolvers.reports.columns import ReportColumnType
from schema.declaration.collections import many, one, to_many
from schema.declaration.fields import batched, computed, creation, member, object_type, public_id, same_row
from schema.declaration.inputs import input_type
from schema.declaration.json_times import json_time
from schema.declaration.lists import Connection
from schema.declaration.mutations import JOB_COST, creates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, Json, Timezone

FROM = "First day of the report."
TO = "End of the report, exclusive: the day after its last day."
_ROWS_COST = 20


@object_type(Table)
class ReportParameters:
    """The parameters of a report, with the defaults of those that were left out."""

    start_date: date | None = strawberry.field(
        name="from", description=f"{FROM} Null for a kind that looks at one moment."
    )
    end_date: date = strawberry.field(name="to", description=TO)
    timezone: Timezone
    interval: ReportInterval | None
    currency: Currency | None


@object_type(resource=REPORT)
class ReportColumn:
    """A column of a report."""

    name: str = member("name", "Name of the column, by which rows and totals have its values.")
    title: str = member("title", "Title for people.")
    type: ReportColumnType = member("type", "Type of the values.")
    description: str = member("description", "Meaning of the values.")


@object_type(resource=REPORT)
class ReportFailure:
    """How a report failed."""

    error: ReportError = computed(
        lambda failure: ReportError(failure["error"]), description="Reason for which it failed.",
        reader=ColumnReader("error"),
    )  # fmt: skip
    failed_at: datetime = json_time("failedAt", "Time at which it failed.")


@object_type(RowTable, REPORT_ROW)
class ReportRow:
    """A row of a report: of a period, a client, a service, a priority or an agent definition."""

    number: int
    data: Json = computed(
        lambda row: orjson.loads(row["data"]),
        description="Figures of the row, by the names of the columns. Amounts are in minor, costs in micro-units.",
        reader=ColumnReader("data", convert=orjson.loads),
    )


def _file(file: Download, what: str) -> Any:
    path = files.path_of(file)
    return computed(
        path,
        description=f"Path of {what}, for a request with an API key. Null until the report is `READY`.",
        reader=ColumnReader(convert=path, needs=("id", "status"), null=True),
    )


@object_type(Table, REPORT)
class Report(Node):
    """A report: figures of one snapshot of the organization's rows, which a worker computes.

    It is seen with the scopes to read what it sums: invoices, subscriptions, orders, tickets, and the clients or
    services that its rows are of.
    """

    id: strawberry.ID = public_id(REPORT)
    kind: ReportKind
    parameters: ReportParameters = same_row("Parameters of the report.", ColumnReader(same_row=True))
    status: ReportStatus
    progress: int
    error: ReportError | None
    first_failure: ReportFailure | None = same_row(
        f"{Table.model_fields['first_failure'].description} A retry changes it no more.",
        ColumnReader("first_failure", null=True),
    )
    columns: list[ReportColumn] = same_row(
        "Columns of the report's rows.", ColumnReader("kind", convert=loaders.columns_of)
    )
    totals: Json | None = computed(
        loaders.totals_of,
        description="Totals by column. Counts, amounts and costs are summed; percentiles and shares are of all rows"
        " together; an opening balance is the first period's, a closing one the last's. Null until the report is"
        " `READY`.",
        reader=ColumnReader(convert=loaders.totals_of, needs=("kind", "totals"), null=True),
    )
    snapshot_at: datetime | None
    csv_url: str | None = _file(files.REPORT_CSV, "the rows as CSV")
    svg_url: str | None = _file(files.REPORT_SVG, "a chart as SVG")
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    rows: Connection[ReportRow] = to_many(REPORT_ROWS, "report_id", "The report's rows")
    first_rows: list[Json] = batched(
        loaders.first_rows,
        "id",
        description=f"The first {loaders.FIRST_ROWS} rows, as objects. None until they are computed.",
        cost=_ROWS_COST,
    )


@input_type(Table)
class ReportParametersInput:
    """The parameters of the new report. A kind takes those that its description names."""

    start_date: strawberry.Maybe[date] = strawberry.field(
        name="from",
        description=f"{FROM} Required, except for `RECEIVABLES_AGING`, which looks at the moment when `to` begins.",
    )
    end_date: date = strawberry.field(name="to", description=f"{TO} After `from`, by at most {MAX_YEARS} years.")
    timezone: strawberry.Maybe[Timezone] = strawberry.field(
        description="Time zone in which days begin at midnight. Defaults to the organization's."
    )
    interval: strawberry.Maybe[ReportInterval] = strawberry.field(
        description="Length of the periods of `REVENUE`, `MRR` and `ORDER_THROUGHPUT`, of which there are at most"
        f" {MAX_PERIODS}. Defaults to `MONTH`."
    )
    currency: strawberry.Maybe[Currency] = strawberry.field(
        description="Currency of the amounts of `REVENUE`, `MRR`, `RECEIVABLES_AGING`, `CLIENT_LIFETIME_VALUE` and"
        " `AGENT_USAGE`. Defaults to the organization's; for `AGENT_USAGE`, to the setting `agents.currency`."
    )


@input_type(Table)
class CreateReportInput:
    """The report to generate."""

    kind: ReportKind
    parameters: ReportParametersInput = strawberry.field(description="Parameters of the report.")


@strawberry.type
class ReportQuery:
    """Queries of reports."""

    report: Report | None = one(REPORTS)
    reports: Connection[Report] | None = many(REPORTS)


@strawberry.type
class ReportMutation:
    """Mutations of reports."""

    create_report = creates(
        Report,
        CreateReportInput,
        mutations.create,
        "Generate a report. A worker computes it: see `status` and `progress`. It needs the scopes to read what its"
        f" kind sums. An organization has at most {mutations.MAX_WAITING} reports that are `QUEUED` or `RUNNING`.",
        check=mutations.wrong,
        cost=JOB_COST,
        needed=mutations.scopes_of,
    )
