"""The document of an invoice: of a draft with the parties as they are, of an issued one as they were."""

from datetime import datetime
from decimal import Decimal

from models.typeid import decode, new_uuid
from resolvers import organizations
from resolvers.database.runtime import Runtime
from resolvers.invoices.documents import document_of
from resolvers.invoices.pdf.document import DocumentLine, DocumentParty, DocumentTax, InvoiceDocument
from tests.support.api import Org, new_client
from tests.support.invoices import changed, new_invoice


async def _document(runtime: Runtime, org: Org, key: str) -> InvoiceDocument:
    ctx, found = organizations.command_line(runtime, org.id), decode("invoice", key)
    assert found is not None
    async with ctx.snapshot():
        made = await document_of(ctx, found)
    assert made is not None
    assert ctx.statements <= 5
    return made


async def test_a_document_says_what_the_invoice_says(acme: Org, api_runtime: Runtime) -> None:
    await acme.set_setting("organization.address", "1 Road\nTown")
    await acme.set_setting("organization.color", "#112233")
    client = await new_client(acme, name="Ada", company="Engines", address="2 Lane", taxId="GB2")
    lines = [{"description": "Hours", "quantity": "2.5", "unitPrice": 1_000, "taxRate": "5.5"}]
    made = await new_invoice(acme, client["publicId"], lines=lines, discount=100)
    key = made["publicId"]
    draft = await _document(api_runtime, acme, key)
    seller = DocumentParty("Test", ("1 Road", "Town"))
    buyer = DocumentParty("Engines", ("Ada", "2 Lane"), "GB2", client["email"])
    assert draft == InvoiceDocument(
        public_id=key, number=None, status="DRAFT", dated=datetime.fromisoformat(made["updatedAt"]), issued_at=None,
        due_at=None, paid_at=None, currency="EUR", seller=seller, buyer=buyer,
        lines=(DocumentLine("Hours", Decimal("2.5"), 1_000, Decimal("5.5"), 2_500),), subtotal=2_500, discount=100,
        taxes=(DocumentTax(Decimal("5.5"), 2_400, 132),), tax=132, total=2_532, amount_paid=0, amount_due=2_532,
        timezone="UTC", language="en", color="#112233",
    )  # fmt: skip
    issued = await changed(acme, key, status="OPEN")
    await acme.set_setting("organization.address", "3 Street")
    await acme.http.put(f"/api/v1/clients/{client['publicId']}", json={"company": None})
    document = await _document(api_runtime, acme, key)
    assert (document.seller, document.buyer, document.number) == (seller, buyer, issued["number"])
    assert document.dated == document.issued_at == datetime.fromisoformat(issued["issuedAt"])
    await changed(acme, key, status="PAID")
    paid = await _document(api_runtime, acme, key)
    assert (paid.status, paid.amount_paid, paid.amount_due) == ("PAID", 2_532, 0)


async def test_what_is_not_there_has_no_document(acme: Org, other: Org, api_runtime: Runtime) -> None:
    foreign = decode("invoice", (await new_invoice(other))["publicId"])
    assert foreign is not None
    ctx = organizations.command_line(api_runtime, acme.id)
    async with ctx.snapshot():
        assert [await document_of(ctx, key) for key in (foreign, new_uuid())] == [None, None]
