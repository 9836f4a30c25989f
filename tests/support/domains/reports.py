"""Reports, which workers compute."""

from models.reports import ReportInterval, ReportKind
from tests.support.cases import Case, Filter, Wrong, times, wrong

YEAR = {"from": "2025-01-01", "to": "2026-01-01"}
ALL = YEAR | {"timezone": "Europe/Berlin", "interval": "QUARTER", "currency": "CHF"}
SHAPE = {
    "publicId": "str", "kind": "str", "parameters": "dict", "status": "str", "progress": "int", "error": "?str",
    "firstFailure": "?dict",
    "columns": "list", "totals": "?dict", "snapshotAt": "?str", "csvUrl": "?str", "svgUrl": "?str", "createdAt": "str",
    "updatedAt": "str", "version": "int",
}  # fmt: skip
WITH_ROWS = {"rows": "list"}


def _range(start: str, end: str) -> Wrong:
    """A range of days that is refused."""
    return wrong({"kind": "MRR", "parameters": {"from": start, "to": end}}, "parameters.to NOT_ALLOWED")


CASES = (
    Case(
        name="report",
        plural="reports",
        type="Report",
        scope="reports",
        table="reports",
        statements={"ListReports": 2, "GetReport": 2, "ReportEvent": 1, "CreateReport": 7},
        rows=(
            {"kind": "REVENUE", "parameters": YEAR},
            {"kind": "RECEIVABLES_AGING", "parameters": {"to": "2026-01-01"}},
            {"kind": "TICKET_RESPONSE", "parameters": YEAR},
        ),
        create={"kind": "MRR", "parameters": ALL},
        wrong={
            "createReport": (
                wrong({"parameters": YEAR}, "kind REQUIRED"),
                wrong({"kind": "PROFIT", "parameters": YEAR}, "kind NOT_ONE_OF", allowed=[*ReportKind]),
                wrong({"kind": "REVENUE"}, "parameters REQUIRED"),
                wrong({"kind": "REVENUE", "parameters": {}}, "parameters.to REQUIRED"),
                wrong({"kind": "REVENUE", "parameters": {"to": "2026-01-01"}}, "parameters.from REQUIRED"),
                wrong({"kind": "REVENUE", "parameters": YEAR | {"from": None}}, "parameters.from REQUIRED"),
                wrong({"kind": "MRR", "parameters": YEAR | {"colour": "red"}}, "parameters.colour UNKNOWN_FIELD"),
                wrong({"kind": "MRR", "parameters": YEAR | {"from": "1.1.2025"}}, "parameters.from INVALID_FORMAT"),
                wrong({"kind": "MRR", "parameters": YEAR | {"from": "2025-02-29"}}, "parameters.from INVALID_FORMAT"),
                wrong(
                    {"kind": "MRR", "parameters": YEAR | {"from": "1969-12-31"}},
                    "parameters.from OUT_OF_RANGE", minimum="1970-01-01",
                ),
                wrong(
                    {"kind": "MRR", "parameters": YEAR | {"to": "9999-12-31"}},
                    "parameters.to OUT_OF_RANGE", maximum="9000-12-31",
                ),
                wrong({"kind": "MRR", "parameters": YEAR | {"timezone": "Mars"}}, "parameters.timezone INVALID_FORMAT"),
                wrong({"kind": "MRR", "parameters": YEAR | {"currency": "ABC"}}, "parameters.currency INVALID_FORMAT"),
                wrong(
                    {"kind": "MRR", "parameters": YEAR | {"interval": "HOUR"}},
                    "parameters.interval NOT_ONE_OF", allowed=[*ReportInterval],
                ),
                # Reversed, empty, too long, and in too many periods.
                _range("2026-01-01", "2025-01-01"),
                _range("2026-01-01", "2026-01-01"),
                _range("1990-01-01", "2090-01-01"),
                _range("2015-01-01", "2025-01-02"),
                wrong(
                    {"kind": "MRR", "parameters": {"from": "2020-01-01", "to": "2022-09-28", "interval": "DAY"}},
                    "parameters.interval NOT_ALLOWED",
                ),
                # What a kind does not take.
                wrong(
                    {"kind": "RECEIVABLES_AGING", "parameters": ALL},
                    "parameters.from NOT_ALLOWED", "parameters.interval NOT_ALLOWED",
                ),
                wrong({"kind": "ORDER_THROUGHPUT", "parameters": ALL}, "parameters.currency NOT_ALLOWED"),
                wrong(
                    {"kind": "TURNAROUND", "parameters": ALL},
                    "parameters.interval NOT_ALLOWED", "parameters.currency NOT_ALLOWED",
                ),
                wrong({"kind": "CLIENT_LIFETIME_VALUE", "parameters": ALL}, "parameters.interval NOT_ALLOWED"),
                wrong({"kind": "AGENT_USAGE", "parameters": ALL}, "parameters.interval NOT_ALLOWED"),
                wrong(
                    {"kind": "TICKET_RESPONSE", "parameters": ALL},
                    "parameters.interval NOT_ALLOWED", "parameters.currency NOT_ALLOWED",
                ),
            ),
        },
        routes={
            "GET /api/v1/reports": "ListReports",
            "POST /api/v1/reports": "CreateReport",
            "GET /api/v1/reports/{publicId}": "GetReport",
        },
        shape=SHAPE,
        payload={"CreateReport": WITH_ROWS, "GetReport": WITH_ROWS},
        filters=(
            Filter("ids", "{report},{client}", {"id": {"in": ["{report}", "{client}"]}}, 1),
            Filter("kind", "REVENUE,MRR", {"kind": {"in": ["REVENUE", "MRR"]}}, 1),
            Filter("status", "QUEUED,RUNNING", {"status": {"in": ["QUEUED", "RUNNING"]}}, 3),
            *times(3),
        ),
        wrong_queries=(
            ("kind=revenue", "kind"),
            ("status=DONE", "status"),
            ("search=a", "search"),
            ("clientId=x", "clientId"),
        ),
    ),
)  # fmt: skip
