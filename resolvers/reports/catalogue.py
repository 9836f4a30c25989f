"""All kinds of reports."""

from models.reports import ReportKind
from resolvers.reports.definitions import ReportDefinition
from resolvers.reports.money import AGENT_USAGE, CLIENT_LIFETIME_VALUE, MRR, RECEIVABLES_AGING, REVENUE
from resolvers.reports.orders_and_tickets import ORDER_THROUGHPUT, TICKET_RESPONSE, TURNAROUND

_ALL = (
    REVENUE,
    MRR,
    RECEIVABLES_AGING,
    ORDER_THROUGHPUT,
    TURNAROUND,
    CLIENT_LIFETIME_VALUE,
    TICKET_RESPONSE,
    AGENT_USAGE,
)
DEFINITIONS: dict[ReportKind, ReportDefinition] = {each.kind: each for each in _ALL}
