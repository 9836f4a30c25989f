"""What is printed of an invoice. Nothing here knows how an invoice is stored."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

MAX_LINES = 1_000


@dataclass(frozen=True, slots=True)
class DocumentParty:
    """The seller or the buyer. ``address`` has lines as on an envelope."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line: its unit price and its amount are in minor units, without tax; its tax rate is in percent."""

    description: str
    quantity: Decimal
    unit_price: int
    tax_rate: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class DocumentTax:
    """What is taxed at a rate, in percent, and the tax, in minor units."""

    rate: Decimal
    base: int
    tax: int


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """An invoice as it is printed. Money is in minor units of the currency.

    ``number`` is None for a draft. ``dated`` is the date of the document: when it was issued, or a draft was last
    changed. Dates are shown in ``timezone``. ``language`` is a tag such as ``de`` or ``pt-BR``, ``color`` is written
    ``#rrggbb``, ``logo`` is a PNG. Raises ValueError for more than 1,000 lines.
    """

    public_id: str
    number: str | None
    status: str
    dated: datetime
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    currency: str
    seller: DocumentParty
    buyer: DocumentParty
    lines: tuple[DocumentLine, ...]
    subtotal: int
    discount: int
    taxes: tuple[DocumentTax, ...]
    tax: int
    total: int
    amount_paid: int
    amount_due: int
    timezone: str
    language: str = "en"
    color: str | None = None
    logo: bytes | None = None
    payment_details: str | None = None
    notes: str | None = None
    buyer_reference: str | None = None

    def __post_init__(self) -> None:
        if len(self.lines) > MAX_LINES:
            raise ValueError(f"an invoice has at most {MAX_LINES} lines")
