"""Reports and their rows as everybody reaches them: a report is seen with the scopes of what it sums."""

import sqlalchemy as sa

from models.reports import REPORT, REPORT_ROW, SUMMED, ReportKind, ReportStatus, report_rows, reports
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    Collection,
    RowScopes,
    SortField,
    common_filters,
)
from resolvers.lists.conditions import enum, number

NEEDED = {kind: tuple(resource.read_scope for resource in summed) for kind, summed in SUMMED.items()}
# A report that has not ended; a worker that died may have left it RUNNING.
GOES_ON = reports.c.status.in_([sa.literal_column(f"'{each}'") for each in (ReportStatus.QUEUED, ReportStatus.RUNNING)])
REPORTS = Collection(
    REPORT,
    reports,
    hidden=RowScopes("kind", NEEDED),
    sort_fields=COMMON_SORT_FIELDS,
    filters={
        **common_filters(REPORT),
        "kind": enum("kind", ReportKind),
        "status": enum("status", ReportStatus),
    },
)
REPORT_ROWS = Collection(
    REPORT_ROW,
    report_rows,
    sort_fields={"NUMBER": SortField("number", int, "Number of the row.", grows=True)},
    filters={"number": number("number", "number of the row")},
    default_order=(("NUMBER", False), ("", False)),
    ordered="by number",
)
