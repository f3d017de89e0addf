"""The words of a printed document, in the languages that it is written in."""

# ruff: noqa: RUF001 - the apostrophe is the one that these languages print

from enum import StrEnum

from seriatim.render.page import AccountField, AccountKind, PageKind

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
"""Languages with words; a document in any other has English words and its own locale's figures."""


class Word(StrEnum):
    """What is written that is no name of a kind or of a bank account's row."""

    ACCOUNTING_DATE = "accounting_date"
    AMOUNT = "amount"
    AMOUNT_DUE = "amount_due"
    APPLIED = "applied"
    BILLED_TO = "billed_to"
    CREDIT_LEFT = "credit_left"
    CREDITED_TO = "credited_to"
    CREDITS_INVOICE = "credits_invoice"
    CURRENCY = "currency"
    DESCRIPTION = "description"
    DRAFT = "draft"
    DUE_DATE = "due_date"
    EMAIL = "email"
    GROSS = "gross"
    ISSUE_DATE = "issue_date"
    MEMO = "memo"
    NET = "net"
    NET_TOTAL = "net_total"
    PAGE = "page"
    PAID = "paid"
    PAYMENT_DETAILS = "payment_details"
    PHONE = "phone"
    PURCHASE_ORDER = "purchase_order"
    QUANTITY = "quantity"
    RATE = "rate"
    REFERENCE = "reference"
    REVERSE_CHARGE = "reverse_charge"
    SERVICE_PERIOD = "service_period"
    SHIPPED_TO = "shipped_to"
    SUBTOTAL = "subtotal"
    TAX = "tax"
    TAX_ID = "tax_id"
    TAX_RATE = "tax_rate"
    TAX_TOTAL = "tax_total"
    TOTAL = "total"
    VOID = "void"


Entry = PageKind | AccountKind | AccountField | Word

_TABLE: dict[Entry, str] = {
    PageKind.CREDIT_NOTE: "Credit note | Gutschrift | Avoir | Nota de crédito | Nota di credito | Creditnota",
    PageKind.INVOICE: "Invoice | Rechnung | Facture | Factura | Fattura | Factuur",
    PageKind.DEBIT_MEMO: "Debit memo | Belastungsanzeige | Note de débit | Nota de débito | Nota di debito | Debetnota",
    AccountKind.INTERNATIONAL: (
        "International transfer | Überweisung | Virement | Transferencia | Bonifico | Overschrijving"
    ),
    AccountKind.UNITED_KINGDOM: (
        "United Kingdom | Vereinigtes Königreich | Royaume-Uni | Reino Unido | Regno Unito | Verenigd Koninkrijk"
    ),
    AccountKind.US_ACH: "United States, ACH | USA, ACH | États-Unis, ACH | EE. UU., ACH | Stati Uniti, ACH | VS, ACH",
    AccountKind.US_WIRE: (
        "United States, wire | USA, Wire | États-Unis, virement | EE. UU., transferencia | Stati Uniti, bonifico | "
        "VS, wire"
    ),
    AccountKind.CANADA: "Canada | Kanada | Canada | Canadá | Canada | Canada",
    AccountKind.CANADA_INTERNATIONAL: (
        "Canada, from abroad | Kanada, aus dem Ausland | Canada, de l’étranger | Canadá, desde el extranjero | "
        "Canada, dall’estero | Canada, vanuit het buitenland"
    ),
    AccountKind.AUSTRALIA: "Australia | Australien | Australie | Australia | Australia | Australië",
    AccountKind.SWEDEN_BANKGIRO: "Sweden | Schweden | Suède | Suecia | Svezia | Zweden",
    AccountField.ACCOUNT_NAME: (
        "Account name | Kontoinhaber | Titulaire du compte | Titular de la cuenta | Intestatario | Rekeninghouder"
    ),
    AccountField.ACCOUNT_NUMBER: (
        "Account number | Kontonummer | Numéro de compte | Número de cuenta | Numero di conto | Rekeningnummer"
    ),
    AccountField.BANK_ADDRESS: (
        "Bank address | Adresse der Bank | Adresse de la banque | Dirección del banco | Indirizzo della banca | "
        "Adres van de bank"
    ),
    AccountField.BANK_NAME: "Bank | Bank | Banque | Banco | Banca | Bank",
    AccountField.BANKGIRO_NUMBER: "Bankgiro | Bankgiro | Bankgiro | Bankgiro | Bankgiro | Bankgiro",
    AccountField.BENEFICIARY: "Beneficiary | Empfänger | Bénéficiaire | Beneficiario | Beneficiario | Begunstigde",
    AccountField.BENEFICIARY_ADDRESS: (
        "Beneficiary address | Adresse des Empfängers | Adresse du bénéficiaire | Dirección del beneficiario | "
        "Indirizzo del beneficiario | Adres van de begunstigde"
    ),
    AccountField.BSB: "BSB | BSB | BSB | BSB | BSB | BSB",
    AccountField.IBAN: "IBAN | IBAN | IBAN | IBAN | IBAN | IBAN",
    AccountField.INSTITUTION_NUMBER: (
        "Institution number | Institutsnummer | Numéro d’institution | Número de institución | "
        "Numero dell’istituto | Instellingsnummer"
    ),
    AccountField.INTERMEDIARY_ADDRESS: (
        "Intermediary address | Adresse der Zwischenbank | Adresse de l’intermédiaire | "
        "Dirección del intermediario | Indirizzo dell’intermediario | Adres van de tussenbank"
    ),
    AccountField.INTERMEDIARY_BANK: (
        "Intermediary bank | Zwischenbank | Banque intermédiaire | Banco intermediario | Banca intermediaria | "
        "Tussenbank"
    ),
    AccountField.INTERMEDIARY_ROUTING_NUMBER: (
        "Intermediary routing number | Routing-Nummer der Zwischenbank | Code routing de l’intermédiaire | "
        "Número de ruta del intermediario | Routing number dell’intermediario | Routingnummer van de tussenbank"
    ),
    AccountField.INTERMEDIARY_SWIFT_CODE: (
        "Intermediary SWIFT/BIC | SWIFT/BIC der Zwischenbank | SWIFT/BIC de l’intermédiaire | "
        "SWIFT/BIC del intermediario | SWIFT/BIC dell’intermediario | SWIFT/BIC van de tussenbank"
    ),
    AccountField.ROUTING_NUMBER: (
        "Routing number | Routing-Nummer | Code routing | Número de ruta | Routing number | Routingnummer"
    ),
    AccountField.SORT_CODE: "Sort code | Sort code | Sort code | Sort code | Sort code | Sort code",
    AccountField.SWIFT_CODE: "SWIFT/BIC | SWIFT/BIC | SWIFT/BIC | SWIFT/BIC | SWIFT/BIC | SWIFT/BIC",
    AccountField.TRANSIT_NUMBER: (
        "Transit number | Transitnummer | Numéro de transit | Número de tránsito | Numero di transito | Transitnummer"
    ),
    Word.ACCOUNTING_DATE: (
        "Accounting date | Buchungsdatum | Date comptable | Fecha contable | Data contabile | Boekingsdatum"
    ),
    Word.AMOUNT: "Amount | Betrag | Montant | Importe | Importo | Bedrag",
    Word.AMOUNT_DUE: "Amount due | Offener Betrag | Reste à payer | Importe pendiente | Importo dovuto | Te betalen",
    Word.APPLIED: (
        "Applied or refunded | Verrechnet oder erstattet | Imputé ou remboursé | Aplicado o reembolsado | "
        "Applicato o rimborsato | Verrekend of terugbetaald"
    ),
    Word.BILLED_TO: "Billed to | Rechnung an | Facturé à | Facturado a | Fatturato a | Gefactureerd aan",
    Word.CREDIT_LEFT: (
        "Credit remaining | Verbleibendes Guthaben | Crédit restant | Crédito restante | Credito residuo | "
        "Resterend tegoed"
    ),
    Word.CREDITED_TO: "Credited to | Gutschrift an | Crédité à | Abonado a | Accreditato a | Gecrediteerd aan",
    Word.CREDITS_INVOICE: (
        "Credits invoice | Zur Rechnung | Facture d’origine | Factura original | Fattura originale | "
        "Oorspronkelijke factuur"
    ),
    Word.CURRENCY: "Currency | Währung | Devise | Moneda | Valuta | Valuta",
    Word.DESCRIPTION: "Description | Beschreibung | Description | Descripción | Descrizione | Omschrijving",
    Word.DRAFT: "Draft | Entwurf | Brouillon | Borrador | Bozza | Concept",
    Word.DUE_DATE: "Due date | Fällig am | Échéance | Vencimiento | Scadenza | Vervaldatum",
    Word.EMAIL: "Email | E-Mail | E-mail | Correo | E-mail | E-mail",
    Word.GROSS: "Gross | Brutto | TTC | Total | Totale | Bruto",
    Word.ISSUE_DATE: "Issue date | Datum | Date d’émission | Fecha de emisión | Data di emissione | Datum",
    Word.MEMO: "Note | Hinweis | Remarque | Nota | Nota | Opmerking",
    Word.NET: "Net | Netto | HT | Base | Imponibile | Netto",
    Word.NET_TOTAL: "Net total | Summe netto | Total HT | Base imponible | Totale imponibile | Totaal netto",
    Word.PAGE: "Page | Seite | Page | Página | Pagina | Pagina",
    Word.PAID: (
        "Paid or credited | Bezahlt oder gutgeschrieben | Payé ou crédité | Pagado o abonado | "
        "Pagato o accreditato | Betaald of gecrediteerd"
    ),
    Word.PAYMENT_DETAILS: (
        "Payment details | Bankverbindung | Coordonnées bancaires | Datos bancarios | Coordinate bancarie | "
        "Betaalgegevens"
    ),
    Word.PHONE: "Phone | Telefon | Téléphone | Teléfono | Telefono | Telefoon",
    Word.PURCHASE_ORDER: (
        "Purchase order | Bestellnummer | Bon de commande | Orden de compra | Ordine di acquisto | Inkoopordernummer"
    ),
    Word.QUANTITY: "Quantity | Menge | Quantité | Cantidad | Quantità | Aantal",
    Word.RATE: "Unit price | Einzelpreis | Prix unitaire | Precio | Prezzo unitario | Prijs",
    Word.REFERENCE: "Reference | Referenz | Référence | Referencia | Riferimento | Referentie",
    Word.REVERSE_CHARGE: (
        "Reverse charge: the recipient accounts for the tax. | "
        "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge). | "
        "Autoliquidation : la taxe est due par le preneur. | Inversión del sujeto pasivo. | "
        "Inversione contabile (reverse charge). | Btw verlegd."
    ),
    Word.SERVICE_PERIOD: "Service period | Leistungszeitraum | Période | Período | Periodo | Periode",
    Word.SHIPPED_TO: "Shipped to | Lieferung an | Livré à | Enviado a | Spedito a | Geleverd aan",
    Word.SUBTOTAL: "Subtotal | Zwischensumme | Sous-total | Subtotal | Subtotale | Subtotaal",
    Word.TAX: "Tax | Steuer | Taxe | Impuesto | Imposta | Btw",
    Word.TAX_ID: "Tax ID | Steuer-Nr. | N° fiscal | NIF | Partita IVA | Btw-nummer",
    Word.TAX_RATE: "Tax rate | Steuersatz | Taux | Tipo | Aliquota | Tarief",
    Word.TAX_TOTAL: "Total tax | Summe Steuer | Total taxes | Total impuestos | Totale imposte | Totaal btw",
    Word.TOTAL: "Total | Gesamtbetrag | Total TTC | Total | Totale | Totaal",
    Word.VOID: "Void | Storniert | Annulé | Anulado | Annullato | Vervallen",
}
"""One row a word, in the order of `LANGUAGES`, divided by bars."""


def language_of(locale: str) -> str:
    """The language of a locale (`de-CH`, `de_CH`) if there are words in it, else English."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else "en"


def words_in(language: str) -> dict[Entry, str]:
    """All words in one of `LANGUAGES`."""
    position = LANGUAGES.index(language)
    return {entry: row.split(" | ")[position] for entry, row in _TABLE.items()}
