"""Invoices."""

from collections.abc import Mapping
from typing import Any

from models.invoices import MACHINE, InvoiceStatus
from models.machines import Guard, Transition
from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, times, wrong
from tests.support.walks import Walk

SHAPE = {
    "publicId": "str", "number": "?str", "clientId": "str", "orderId": "?str", "subscriptionId": "?str",
    "currency": "str", "lines": "list", "subtotal": "int", "discount": "int", "taxes": "list", "tax": "int",
    "total": "int", "amountPaid": "int", "amountDue": "int", "payments": "list", "status": "str", "issuedAt": "?str",
    "dueAt": "?str", "paidAt": "?str", "voidedAt": "?str", "uncollectibleAt": "?str", "seller": "?dict",
    "buyer": "?dict", "timezone": "?str", "paymentDetails": "?str", "metadata": "dict", "createdAt": "str",
    "updatedAt": "str", "version": "int",
}  # fmt: skip
LINE = {"description": "Logo", "unitPrice": 15_000, "taxRate": "19"}
_PARTY = '{"name": "Ada", "contact": null, "address": null, "taxId": null, "email": null, "phone": null}'
# As if it had been finalized, without a new version, in a year whose numbers no test issues: those of this year have a
# counter, which knows nothing of it. The first one of an organization gets this number.
_NEXT = "'1999-' || lpad((42 + (select count(number) from invoices))::text, 6, '0')"
OPEN = f"""update invoices set status = 'OPEN', number = {_NEXT}, number_key = {_NEXT}, timezone = 'UTC',
  language = 'en', issued_at = updated_at, due_at = updated_at + interval '14 days',
  seller = '{_PARTY}', buyer = '{_PARTY}' where id = $1"""
MOST = 2**53 - 1
NO_NUMBERS: tuple[Any, ...] = (True, [], {})


def _line(*fields: str, extra: dict[str, Any] | None = None, rest: bool = False, **given: Any) -> Any:
    """A wrong line, after a right one."""
    return wrong({"lines": [LINE, LINE | given]}, *(f"lines.1.{field}" for field in fields), rest=rest, **extra or {})


WRONG_LINES = (
    wrong({"lines": "x"}, "lines WRONG_TYPE", rest=True),
    wrong({"lines": ["x"]}, "lines.0 WRONG_TYPE"),
    wrong({"lines": [{}]}, "lines.0.description REQUIRED", "lines.0.unitPrice REQUIRED"),
    wrong({"lines": [LINE] * 1_001}, "lines TOO_LONG", limit=1_000),
    _line("description TOO_SHORT", description=" ", extra={"limit": 1}),
    _line("description TOO_LONG", description="x" * 501, extra={"limit": 500}),
    _line("description INVALID_FORMAT", description="a\x07b"),
    *(_line("quantity OUT_OF_RANGE", quantity=value, extra={"minimum": "0.0001"}) for value in ("0", -1, "-0.5")),
    *(_line("quantity INVALID_FORMAT", quantity=value) for value in ("1000000000000", "0.00001", 1e300, "NaN", "1e3")),
    *(_line("quantity WRONG_TYPE", quantity=value) for value in NO_NUMBERS),
    _line("unitPrice OUT_OF_RANGE", unitPrice=-1, extra={"minimum": 0}),
    _line("unitPrice OUT_OF_RANGE", unitPrice=2**53, extra={"maximum": MOST}),
    *(_line("unitPrice WRONG_TYPE", unitPrice=value) for value in (1.5, "1")),
    *(_line("taxRate OUT_OF_RANGE", taxRate=value, extra={"maximum": 100}) for value in ("1000", 100.5)),
    _line("taxRate OUT_OF_RANGE", taxRate="-1", extra={"minimum": 0}),
    _line("currency UNKNOWN_FIELD", currency="USD"),
    wrong({"lines": [LINE | {"unitPrice": MOST}] * 2}, "lines OUT_OF_RANGE", maximum=MOST),
    wrong({"lines": [LINE], "discount": 15_001}, "discount OUT_OF_RANGE", maximum=15_000),
    wrong({"discount": -1}, "discount OUT_OF_RANGE", minimum=0),
    wrong({"currency": "EURO"}, "currency INVALID_FORMAT"),
)
_PAY = "mutation($id: ID!) { payInvoice(input: {id: $id, amount: 1}) { invoice { version } } }"


class InvoiceWalk(Walk):
    """An invoice with or without lines and payments, under a setting that asks for an address."""

    machine = MACHINE
    happens = ("pay", "empty", "ask_for_address")
    paid = asks = uncollectible = False
    lines = True

    async def begin(self) -> None:
        await self.org.set_setting("invoices.requireAddress", self.asks)

    async def ask_for_address(self) -> None:
        self.asks = not self.asks
        await self.begin()

    async def pay(self) -> None:
        if self.status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE):
            await self.org.data(_PAY, id=self.key)
            self.paid, self.version = True, self.version + 1
        else:
            assert await self.org.refused(_PAY, id=self.key) == [("INVALID_TRANSITION", "input.id")]

    async def empty(self) -> None:
        draft = self.status is InvoiceStatus.DRAFT
        self.lines = not self.lines if draft else self.lines
        changed = {"lines": [LINE] if draft and self.lines else [], "discount": 0}
        answer = await self.org.http.put(self.path, json=changed)
        assert answer.status_code == (200 if draft else 409), answer.text
        self.version += draft

    def blocked(self, transition: Transition[Any]) -> Guard | None:
        if transition.origin is InvoiceStatus.DRAFT:
            return None if self.lines and not self.asks else Guard.NO_ADDRESS if self.lines else Guard.NO_LINES
        return Guard.HAS_PAYMENTS if transition.target is InvoiceStatus.VOID and self.paid else None

    def transitioned(self, transition: Transition[Any]) -> None:
        self.uncollectible |= transition.target is InvoiceStatus.UNCOLLECTIBLE

    def is_set(self) -> Mapping[str, bool]:
        issued = self.status is not InvoiceStatus.DRAFT
        return {
            "number": issued, "issuedAt": issued, "dueAt": issued, "uncollectibleAt": self.uncollectible,
            "paidAt": self.status is InvoiceStatus.PAID, "voidedAt": self.status is InvoiceStatus.VOID,
        }  # fmt: skip


CASES = (
    Case(
        name="invoice",
        plural="invoices",
        type="Invoice",
        scope="invoices",
        table="invoices",
        statements={
            "ListInvoices": 2,
            "GetInvoice": 1,
            "TotalInvoices": 1,
            "CreateInvoice": 5,
            "CreateInvoiceFromOrder": 4,
            "UpdateInvoice": 10,
            "FinalizeInvoice": 8,
            "PayInvoice": 5,
            "VoidInvoice": 4,
            "MarkInvoiceUncollectible": 4,
            "DeleteInvoice": 3,
        },
        rows=({"lines": [LINE]}, {"lines": [LINE, LINE | {"quantity": "0.5"}]}, {}),
        deleted=2,
        prepared={2: OPEN},
        targets={"payInvoice": 2, "voidInvoice": 2, "markInvoiceUncollectible": 2},
        create={"lines": [LINE, {"description": "Travel", "unitPrice": 99}], "discount": 50, "metadata": {"po": "7"}},
        references={"clientId": "client"},
        creations={"createInvoiceFromOrder": {"orderId": "order"}},
        mutations={
            "updateInvoice": {"lines": [LINE | {"quantity": "2"}], "metadata": {"po": "8"}, "status": "OPEN"},
            "finalizeInvoice": {},
            "payInvoice": {"amount": 1_000, "method": "card", "reference": "R-1"},
            "voidInvoice": {},
            "markInvoiceUncollectible": {},
            "deleteInvoice": {},
        },
        wrong={
            "createInvoice": (
                *WRONG_LINES,
                wrong({"clientId": None}, "clientId REQUIRED"),
                wrong({"clientId": "x", "orderId": "y"}, "clientId NOT_FOUND", "orderId NOT_FOUND"),
                wrong({"status": "OPEN"}, "status UNKNOWN_FIELD"),
            ),
            "createInvoiceFromOrder": (
                wrong({"orderId": "x"}, "orderId NOT_FOUND"),
                wrong({"metadata": {"a": 1}}, "metadata.a WRONG_TYPE"),
            ),
            "updateInvoice": (
                *WRONG_LINES,
                wrong({"lines": None, "discount": None}, "lines REQUIRED", "discount REQUIRED"),
                wrong(
                    {"status": "SENT"}, "status NOT_ONE_OF", allowed=["DRAFT", "OPEN", "PAID", "VOID", "UNCOLLECTIBLE"]
                ),
            ),
            "payInvoice": (
                wrong({"amount": 0}, "amount OUT_OF_RANGE", minimum=1),
                wrong({"amount": 26_776}, "amount OUT_OF_RANGE", maximum=26_775),
                wrong({"amount": 1.5}, "amount WRONG_TYPE"),
                wrong({"currency": "USD"}, "currency NOT_ALLOWED"),
                wrong({"method": "x" * 201, "reference": "\x00"}, "method TOO_LONG", "reference INVALID_FORMAT"),
                wrong({"paidAt": "9999-12-31T23:59:59Z"}, "paidAt OUT_OF_RANGE"),
                wrong({"paidAt": "1969-12-31T23:59:59Z"}, "paidAt OUT_OF_RANGE"),
            ),
        },
        defaults={"discount": 0},
        walk=InvoiceWalk,
        never_null=frozenset({"currency", "lines", "discount", "metadata", "status"}),
        routes={
            "GET /api/v1/invoices": "ListInvoices",
            "POST /api/v1/invoices": "CreateInvoice",
            "GET /api/v1/invoices/{publicId}": "GetInvoice",
            "PUT /api/v1/invoices/{publicId}": "UpdateInvoice",
            "PATCH /api/v1/invoices/{publicId}": "UpdateInvoice",
            "DELETE /api/v1/invoices/{publicId}": "DeleteInvoice",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{invoice2}", {"id": {"in": ["{invoice2}"]}}, 1),
            Filter("status", "DRAFT,VOID", {"status": {"in": ["DRAFT", "VOID"]}}, 2),
            Filter("search", "0000", {"search": "0000"}, 0),
            Filter("number", "1999-000042", {"number": {"eq": "1999-000042"}}, 1),
            Filter("clientId", "{client}", {"clientId": {"eq": "{client}"}}, 3),
            Filter("orderId", "{order}", {"orderId": {"eq": "{order}"}}, 0),
            Filter("subscriptionId", "{order}", {"subscriptionId": {"eq": "{order}"}}, 0),
            Filter("overdue", "true", {"overdue": {"eq": True}}, 0),
            Filter("overdue", "false", {"overdue": {"eq": False}}, 3),
            Filter("issuedAfter", LONG_AGO, {"issuedAt": {"gt": LONG_AGO}}, 1),
            Filter("issuedBefore", LONG_AGO, {"issuedAt": {"lt": LONG_AGO}}, 0),
            Filter("dueAfter", FAR_AWAY, {"dueAt": {"gt": FAR_AWAY}}, 0),
            Filter("dueBefore", FAR_AWAY, {"dueAt": {"lt": FAR_AWAY}}, 1),
            Filter("totalMin", "26775", {"total": {"gte": 26_775}}, 1),
            Filter("totalMax", "0", {"total": {"lte": 0}}, 1),
            *times(3),
        ),
        wrong_queries=(
            ("clientId=x", "clientId"),
            ("orderId=", "orderId"),
            ("subscriptionId=1", "subscriptionId"),
            ("number=", "number"),
            ("overdue=yes", "overdue"),
            ("issuedAfter=1", "issuedAfter"),
            ("dueBefore=2026-02-30T00:00:00Z", "dueBefore"),
            ("totalMin=x", "totalMin"),
            ("tag=vip", "tag"),
        ),
    ),
)
