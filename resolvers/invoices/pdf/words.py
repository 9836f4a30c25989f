"""The words of an invoice, in the languages that it is written in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvoiceWords:
    """The words of one language. What is in braces is filled in."""

    invoice: str
    draft: str
    void: str
    paid: str
    issued: str
    due: str
    due_on: str
    reference: str
    seller: str
    buyer: str
    tax_id: str
    description: str
    quantity: str
    unit_price: str
    tax_rate: str
    amount: str
    subtotal: str
    discount: str
    tax_on: str
    total: str
    amount_paid: str
    amount_due: str
    payment: str
    notes: str
    page: str


ENGLISH = InvoiceWords(
    invoice="Invoice",
    draft="Draft",
    void="Void",
    paid="Paid",
    issued="Date of issue",
    due="Due date",
    due_on="Due {date}",
    reference="Reference",
    seller="From",
    buyer="Bill to",
    tax_id="Tax ID: {id}",
    description="Description",
    quantity="Quantity",
    unit_price="Unit price",
    tax_rate="Tax",
    amount="Amount",
    subtotal="Subtotal",
    discount="Discount",
    tax_on="Tax {rate} on {base}",
    total="Total",
    amount_paid="Amount paid",
    amount_due="Amount due",
    payment="Payment details",
    notes="Notes",
    page="Page {page} of {pages}",
)
WORDS = {
    "en": ENGLISH,
    "de": InvoiceWords(
        invoice="Rechnung",
        draft="Entwurf",
        void="Storniert",
        paid="Bezahlt",
        issued="Rechnungsdatum",
        due="Fällig am",
        due_on="Fällig am {date}",
        reference="Referenz",
        seller="Von",
        buyer="An",
        tax_id="USt-IdNr./St.-Nr.: {id}",
        description="Beschreibung",
        quantity="Menge",
        unit_price="Einzelpreis",
        tax_rate="USt.",
        amount="Betrag",
        subtotal="Zwischensumme",
        discount="Rabatt",
        tax_on="USt. {rate} auf {base}",
        total="Gesamtbetrag",
        amount_paid="Bereits bezahlt",
        amount_due="Offener Betrag",
        payment="Zahlungsinformationen",
        notes="Hinweise",
        page="Seite {page} von {pages}",
    ),
    "fr": InvoiceWords(
        invoice="Facture",
        draft="Brouillon",
        void="Annulée",
        paid="Payée",
        issued="Date d’émission",
        due="Date d’échéance",
        due_on="Échéance le {date}",
        reference="Référence",
        seller="De",
        buyer="Facturé à",
        tax_id="N° de TVA : {id}",
        description="Description",
        quantity="Quantité",
        unit_price="Prix unitaire",
        tax_rate="TVA",
        amount="Montant HT",
        subtotal="Sous-total HT",
        discount="Remise",
        tax_on="TVA {rate} sur {base}",
        total="Total TTC",
        amount_paid="Montant payé",
        amount_due="Montant dû",
        payment="Informations de paiement",
        notes="Remarques",
        page="Page {page} sur {pages}",
    ),
    "es": InvoiceWords(
        invoice="Factura",
        draft="Borrador",
        void="Anulada",
        paid="Pagada",
        issued="Fecha de emisión",
        due="Fecha de vencimiento",
        due_on="Vence el {date}",
        reference="Referencia",
        seller="De",
        buyer="Facturar a",
        tax_id="NIF: {id}",
        description="Descripción",
        quantity="Cantidad",
        unit_price="Precio unitario",
        tax_rate="IVA",
        amount="Importe",
        subtotal="Subtotal",
        discount="Descuento",
        tax_on="IVA {rate} sobre {base}",
        total="Total",
        amount_paid="Importe pagado",
        amount_due="Importe pendiente",
        payment="Datos de pago",
        notes="Notas",
        page="Página {page} de {pages}",
    ),
    "nl": InvoiceWords(
        invoice="Factuur",
        draft="Concept",
        void="Geannuleerd",
        paid="Betaald",
        issued="Factuurdatum",
        due="Vervaldatum",
        due_on="Uiterlijk op {date}",
        reference="Referentie",
        seller="Van",
        buyer="Aan",
        tax_id="Btw-nummer: {id}",
        description="Omschrijving",
        quantity="Aantal",
        unit_price="Stukprijs",
        tax_rate="Btw",
        amount="Bedrag",
        subtotal="Subtotaal",
        discount="Korting",
        tax_on="Btw {rate} over {base}",
        total="Totaal",
        amount_paid="Reeds betaald",
        amount_due="Te betalen",
        payment="Betaalgegevens",
        notes="Opmerkingen",
        page="Pagina {page} van {pages}",
    ),
    "it": InvoiceWords(
        invoice="Fattura",
        draft="Bozza",
        void="Annullata",
        paid="Pagata",
        issued="Data di emissione",
        due="Data di scadenza",
        due_on="Scade il {date}",
        reference="Riferimento",
        seller="Da",
        buyer="Intestata a",
        tax_id="P. IVA: {id}",
        description="Descrizione",
        quantity="Quantità",
        unit_price="Prezzo unitario",
        tax_rate="IVA",
        amount="Importo",
        subtotal="Imponibile",
        discount="Sconto",
        tax_on="IVA {rate} su {base}",
        total="Totale",
        amount_paid="Importo pagato",
        amount_due="Importo dovuto",
        payment="Dati per il pagamento",
        notes="Note",
        page="Pagina {page} di {pages}",
    ),
}
