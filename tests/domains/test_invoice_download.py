"""An invoice's PDF over HTTP: what it shows of the invoice and its organization, to whom, and what is kept of it."""

import asyncio
import base64
from typing import Any

import pytest

from models.invoices import InvoiceStatus
from models.typeid import encode, new_uuid
from tests.support.api import Org, new_client
from tests.support.invoices import changed, new_invoice, standing
from tests.support.pdfs import Pdf
from tests.support.pngs import png
from tests.support.refusals import problem, unchanged

HOSTILE = "= *a* #panic() <b>c</b> 漢字 🎉 שלום"


def _path(key: str) -> str:
    return f"/api/v1/invoices/{key}.pdf"


async def _pdf(org: Org, key: str) -> Pdf:
    answer = await org.http.get(_path(key), timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return Pdf(answer.content)


async def _furnished(org: Org, **settings: Any) -> str:
    """A client of an organization that has said all that an invoice shows."""
    given = {"name": "Studio Halden", "address": "Lindenstraße 14\n10969 Berlin", "taxId": "DE298765432"} | settings
    for name, value in given.items():
        await org.set_setting(f"organization.{name}", value)
    client = await new_client(org, name="Ada", company="Engines Ltd", address="2 Lane\nTown", taxId="GB2")
    key: str = client["publicId"]
    return key


async def _set(org: Org, **design: str | None) -> None:
    given = {f"organization.{name}": value for name, value in design.items()}
    assert (await org.http.put("/api/v1/org-settings", json=given)).status_code == 200


async def test_a_pdf_shows_the_invoice(acme: Org) -> None:
    client = await _furnished(acme, language="de", paymentDetails="IBAN DE02 1203", color="#0f5c4d")
    lines = [
        {"description": "Gestaltung", "quantity": "2.5", "unitPrice": 100_000, "taxRate": "19"},
        {"description": "Buch", "unitPrice": 2_000, "taxRate": "7"},
    ]
    key = (await new_invoice(acme, client, lines=lines, discount=2_000))["publicId"]
    issued = await changed(acme, key, status="OPEN")
    answer = await acme.http.get(_path(key))
    headers = answer.headers
    assert headers["content-disposition"] == f'attachment; filename="{issued["number"]}.pdf"'
    assert int(headers["content-length"]) == len(answer.content)
    pdf = Pdf(answer.content)
    text = pdf.text().replace("\xa0", " ")
    for words in (
        f"Rechnung {issued['number']}",
        "AN Engines Ltd Ada 2 Lane Town USt-IdNr./St.-Nr.: GB2",
        "VON Studio Halden Lindenstraße 14 10969 Berlin USt-IdNr./St.-Nr.: DE298765432",
        "Gestaltung 2,5 1.000,00 19 % 2.500,00",
        "Zwischensumme 2.520,00 Rabatt −20,00",
        "Gesamtbetrag",
        "IBAN DE02 1203",
        "Seite 1 von 1",
    ):
        assert words in text, (words, text)
    assert "Entwurf" not in text
    issued_at = issued["issuedAt"].translate(str.maketrans("", "", "-:T"))[:14]
    assert pdf.info()["/CreationDate"] == f"D:{issued_at}Z"
    # What changes afterwards rewrites no issued invoice.
    await acme.set_setting("organization.address", "Elsewhere 1")
    await acme.http.put(f"/api/v1/clients/{client}", json={"company": "Other Ltd"})
    again = await acme.http.get(_path(key))
    assert (again.content, again.headers["etag"]) == (answer.content, headers["etag"])


@pytest.mark.parametrize("status", list(InvoiceStatus))
async def test_each_status_has_a_page(acme: Org, status: InvoiceStatus) -> None:
    text = (await _pdf(acme, await standing(acme, status))).text()
    assert ("DRAFT" in text) == (status == InvoiceStatus.DRAFT)
    assert ("VOID" in text) == (status == InvoiceStatus.VOID)
    assert ("Due " in text) == (status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE))
    assert "€178.50" in text


async def test_a_draft_follows_its_client_and_a_payment_shows(acme: Org) -> None:
    client = await _furnished(acme)
    made = await new_invoice(acme, client)
    key = made["publicId"]
    draft = await acme.http.get(_path(key))
    assert draft.headers["content-disposition"] == f'attachment; filename="{key}.pdf"'
    assert "Engines Ltd" in Pdf(draft.content).text()
    await acme.http.put(f"/api/v1/clients/{client}", json={"company": "Other Ltd"})
    changed_draft = await acme.http.get(_path(key), headers={"If-None-Match": draft.headers["etag"]})
    assert "Other Ltd" in Pdf(changed_draft.content).text()
    await changed(acme, key, status="OPEN")
    before = await acme.http.get(_path(key))
    pay = "mutation($id: ID!) { payInvoice(input: {id: $id, amount: 5000}) { invoice { amountDue } } }"
    assert (await acme.data(pay, id=key))["payInvoice"] == {"invoice": {"amountDue": 12_850}}
    after = await acme.http.get(_path(key), headers={"If-None-Match": before.headers["etag"]})
    assert "Amount paid −50.00 Amount due €128.50" in Pdf(after.content).text()


async def test_an_issued_invoice_keeps_its_design_and_a_draft_follows(acme: Org) -> None:
    old, new = (base64.b64encode(png(width, 20)).decode() for width in (30, 40))
    client = await _furnished(acme)
    await _set(acme, language="de", color="#0f5c4d", logo=old)
    draft, issued, plain = [(await new_invoice(acme, client))["publicId"] for _ in range(3)]
    await changed(acme, issued, status="OPEN")
    followed, kept = [(await acme.http.get(_path(key))).content for key in (draft, issued)]
    designs: tuple[dict[str, str | None], ...] = (
        {"language": "fr"},
        {"color": "#aa0000"},
        {"logo": new},
        {"logo": None},
    )
    for design in designs:
        await _set(acme, **design)
        previous, followed = followed, (await acme.http.get(_path(draft))).content
        assert followed != previous, design
        assert (await acme.http.get(_path(issued))).content == kept, design
    await changed(acme, plain, status="OPEN")
    rows = await acme.rows("select language, color, logo is null as plain from invoices where number is not null")
    assert sorted(map(tuple, rows)) == [("de", "#0f5c4d", False), ("fr", "#aa0000", True)]


async def test_any_text_of_an_invoice_is_printed(acme: Org) -> None:
    client = await _furnished(acme, name=HOSTILE, address=HOSTILE, taxId=HOSTILE, phone=HOSTILE, paymentDetails=HOSTILE)
    answer = await acme.http.put(f"/api/v1/clients/{client}", json={"company": HOSTILE, "address": HOSTILE})
    assert answer.status_code == 200, answer.text
    lines = [{"description": HOSTILE, "unitPrice": 2**53 - 1, "taxRate": "0", "quantity": "1"}]
    pdf = await _pdf(acme, (await new_invoice(acme, client, lines=lines))["publicId"])
    text = pdf.text()
    assert text.count("= *a* #panic() <b>c</b>") >= 4
    assert "90,071,992,547,409.91" in text


async def test_a_thousand_lines_are_printed(acme: Org) -> None:
    lines = [{"description": f"Item {number}", "unitPrice": number, "taxRate": "19"} for number in range(1_000)]
    pdf = await _pdf(acme, (await new_invoice(acme, lines=lines))["publicId"])
    assert pdf.pages > 20
    assert "Item 999 1 9.99 19% 9.99" in pdf.text()


async def test_the_graph_has_the_path(acme: Org) -> None:
    key = (await new_invoice(acme))["publicId"]
    found = await acme.data("query($id: ID!) { invoice(id: $id) { pdfUrl } }", id=key)
    assert found == {"invoice": {"pdfUrl": _path(key)}}
    listed = await acme.data("{ invoices { nodes { id pdfUrl } } }")
    assert listed["invoices"]["nodes"] == [{"id": key, "pdfUrl": _path(key)}]
    assert (await acme.http.get(found["invoice"]["pdfUrl"])).status_code == 200


async def test_whom_it_does_not_concern_gets_nothing(acme: Org, other: Org) -> None:
    key, foreign = (await new_invoice(acme))["publicId"], (await new_invoice(other))["publicId"]
    weak = acme.holding(await acme.new_key("clients:read", "orders:write"))
    async with unchanged(acme), unchanged(other):
        problem(await acme.http.get(_path(key), headers={"Authorization": ""}), 401, "UNAUTHENTICATED")
        refused = problem(await weak.http.get(_path(key)), 403, "FORBIDDEN")
        assert refused["scope"] == "invoices:read"
        for missing in (foreign, encode("invoice", new_uuid()), encode("client", new_uuid()), "nobody"):
            found = problem(await acme.http.get(_path(missing)), 404, "NOT_FOUND", "path.publicId")
            assert found["detail"] == "There is no such invoice."
        problem(await acme.http.get(f"{_path(key)}?format=png"), 400, "BAD_INPUT", "query.format")
        answer = await acme.http.delete(_path(key))
        problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    reader = acme.holding(await acme.new_key("invoices:read"))
    assert (await reader.http.get(_path(key))).status_code == 200


async def test_many_at_once_are_each_their_own(acme: Org, other: Org) -> None:
    keys = [(org, (await new_invoice(org))["publicId"]) for org in (acme, other, acme, other, acme, acme)]
    numbers = [(await changed(org, key, status="OPEN"))["number"] for org, key in keys]
    found = await asyncio.gather(*(_pdf(org, key) for org, key in keys))
    assert [pdf.info()["/Title"] for pdf in found] == [f"Invoice {number}" for number in numbers]
