"""Invoices: what they can be filtered and sorted by."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.clients import CLIENT
from models.invoice_parts import LINES, PAYMENTS
from models.invoices import INVOICE, NEVER_OVERDUE, InvoiceStatus, invoices
from models.orders import ORDER
from models.parts import has_parts
from models.subscriptions import SUBSCRIPTION
from resolvers.collections.collection import (
    CLIENT_NAME,
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
    of_client,
)
from resolvers.context import now
from resolvers.errors import Conflict
from resolvers.lists.conditions import Condition, Operand, enum, ids, moment, money, text
from resolvers.lists.operators import Op, Value

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _overdue_from(column: Any) -> Any:
    """Return when an invoice is overdue from: what is indexed."""
    row = column.table.c
    never = sa.literal_column(f"'{NEVER_OVERDUE}'::timestamptz", TIMESTAMP)
    return sa.case((row.status == sa.literal_column("'OPEN'"), row.due_at), else_=never)


def _range(overdue: bool) -> list[Value]:
    bounds = (_FIRST, now()) if overdue else (now(), _LAST)
    return [(bound, TIMESTAMP) for bound in bounds]


def _within(column: Any, p: list[Any]) -> Any:
    overdue = _overdue_from(column)
    return sa.and_(overdue >= p[0], overdue < p[1])


# A draft has no times, as no invoice that was issued is without them.
_ISSUED = frozenset(InvoiceStatus) - {InvoiceStatus.DRAFT}
has_parts(invoices, LINES, PAYMENTS)


def _issued_to(client: str) -> Mapping[str, Any]:
    """Return the filter of the invoices that a client sees: a draft is the staff's work until it is issued."""
    return {**of_client(client), "status": {"in_": sorted(_ISSUED)}}


ORDER_INVOICED = Conflict("ORDER_INVOICED", "The order has an invoice that is not VOID: void or delete it first.")
INVOICES = Collection(
    INVOICE,
    invoices,
    clients=_issued_to,
    searched=("number",),
    sort_fields=COMMON_SORT_FIELDS
    | {
        "TOTAL": SortField("total", int, "Total, regardless of the currency."),
        "ISSUED_AT": SortField("issued_at", datetime, "Time of issue; drafts come last.", nullable=True, grows=True),
        "DUE_AT": SortField("due_at", datetime, "Due time; drafts come last.", nullable=True),
        "CLIENT_NAME": CLIENT_NAME,
    },
    filters={
        **common_filters(INVOICE),
        "status": enum("status", InvoiceStatus, times=dict.fromkeys(("issued_at", "due_at"), _ISSUED)),
        "number": text("number_key", "invoice number"),
        "client_id": ids("client_id", CLIENT, "the client's ID"),
        "order_id": ids("order_id", ORDER, "the order's ID", nullable=True),
        "subscription_id": ids("subscription_id", SUBSCRIPTION, "the subscription's ID", nullable=True),
        "total": money("total", "total"),
        "issued_at": moment("issued_at", "time of issue", nullable=True, null_with="due_at"),
        "due_at": moment("due_at", "due time", nullable=True, null_with="issued_at"),
        "overdue": Condition(
            "due_at",
            Operand.BOOLEAN,
            "whether it is overdue: `OPEN` after its due time",
            {"eq": Op(_range, _within, count=2, rank=3, key=_overdue_from)},
        ),
        "client": Relation("clients", "the client", "client_id"),
        "order": Relation("orders", "the order", "order_id"),
        "subscription": Relation("subscriptions", "the subscription", "subscription_id"),
    },
    unique_conflicts={"invoices_of_order_key": ("order_id", ORDER_INVOICED)},
)
