"""Texts that are copied from an invoice's PDF."""

from resolvers.invoices.pdf.document import DocumentParty
from tests.support.invoice_documents import invoice, line, made
from tests.support.pdfs import Pdf

# As long as a word may be without being broken, and longer.
LONG_WORDS = ("Datenschutzbeauftragter", "Geschwindigkeitsmessung", "Unabhängigkeitserklärung")
LONGER_WORDS = ("Rechtsschutzversicherungsgesellschaften", "Kraftfahrzeughaftpflichtversicherung")


def test_a_word_that_is_copied_is_the_word() -> None:
    words = " ".join(LONG_WORDS * 3)
    party = DocumentParty(words, (words, words), "DE298765432")
    document = invoice(
        line(words, "1", 1), line(" ".join(LONGER_WORDS * 3), "1", 1), buyer=party, seller=party, notes=words,
        payment_details=words, language="de",
    )  # fmt: skip
    text = Pdf(made(document)).text()
    assert "\xad" not in text
    for word in LONG_WORDS:
        assert text.count(word) >= 3 * 6
    for word in LONGER_WORDS:
        # It may go on in the next line, and nothing is put between.
        assert text.replace(" ", "").count(word) == 3
