"""How credit notes, their lines and groups read; and what invoices show likewise."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.sequence.note_fields import (
    CASH_CREDIT_GRANT,
    EXTERNAL_IDS,
    PERIOD_END,
    PERIOD_START,
    RATE_DISPLAY,
)
from seriatim.api.sequence.paging import Pagination
from seriatim.api.sequence.wire import (
    AddressView,
    Answer,
    LinkView,
    PairView,
    maybe,
    maybe_date,
    show_address,
    show_amount,
    show_decimal,
    show_pairs,
    show_time,
)
from seriatim.domain.commands.note_settlement import balance_version
from seriatim.domain.customer import particulars_of
from seriatim.domain.document import Document, Item, Status
from seriatim.domain.document_view import (
    DocumentView,
    shown_memo,
    shown_quantity,
    shown_rate,
    shown_tax_rate,
    shown_title,
)
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Group, Particulars
from seriatim.domain.settlement import SETTLING_STATUSES

MERCHANT_REQUIRED = ("address", "email", "legalCompanyName")
"""Without these a seller cannot be shown: the vendor's schema requires them."""


class Settings(Answer, kw_only=True):
    """The settings of a credit note."""

    generate_cash_credit_grant: str


class ApplicationView(Answer, kw_only=True):
    """How much of a credit note was applied to one invoice, and when."""

    invoice_id: str
    invoice_number: str
    amount: str
    applied_at: str


class CreditNoteView(Answer, kw_only=True):
    """A credit note."""

    id: str
    sequence_account_id: str
    status: str
    invoice_id: str | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    billing_schedule_id: str | UnsetType = UNSET
    currency: str
    issue_date: str | UnsetType = UNSET
    billing_period_start: str | UnsetType = UNSET
    billing_period_end: str | UnsetType = UNSET
    credit_note_number: str | UnsetType = UNSET
    purchase_order_number: str | UnsetType = UNSET
    customer_id: str
    customer_emails: list[str]
    customer_legal_company_name: str
    customer_billing_address: AddressView
    customer_shipping_address: AddressView
    memo: str | UnsetType = UNSET
    total_tax: str
    net_total: str
    gross_total: str
    metadata: list[PairView]
    customer_tax_id: str | UnsetType = UNSET
    linked_services: list[LinkView]
    application_status: str | UnsetType = UNSET
    balance: str | UnsetType = UNSET
    balance_version: int | UnsetType = UNSET
    applications: list[ApplicationView]
    merchant_details: dict[str, Any] | UnsetType = UNSET
    settings: Settings
    accounting_date: str | UnsetType = UNSET


class SomeCreditNotes(Answer, kw_only=True):
    """A page of credit notes."""

    items: list[CreditNoteView]
    pagination: Pagination


class PeriodView(Answer, kw_only=True):
    """Days from the first to the last, both included."""

    start: str
    end_inclusive: str


class DaysView(Answer, kw_only=True):
    """The days of a service, as lines of invoices name them."""

    start_date: str
    end_date: str


class RemovedLineView(Answer, kw_only=True):
    """What every answer tells of a line."""

    id: str
    group_id: str | UnsetType = UNSET
    title: str
    description: str | UnsetType = UNSET
    quantity: str
    rate: str
    tax_rate: str
    index: int
    price_id: str | UnsetType = UNSET
    net_total: str
    total_tax: str
    gross_total: str
    rate_display: str
    external_ids: list[PairView]


class RemovedCreditLineView(RemovedLineView, kw_only=True):
    """A line that was removed from a credit note."""

    credit_note_id: str
    line_item_id: str | UnsetType = UNSET


class CreditLineView(RemovedCreditLineView, kw_only=True):
    """A line of a credit note."""

    service_period: PeriodView | UnsetType = UNSET
    revenue_recognition_method: str | UnsetType = UNSET
    revenue_classification: str | UnsetType = UNSET
    product_id: str | UnsetType = UNSET


class InvoiceLineView(RemovedLineView, kw_only=True):
    """A line of an invoice."""

    invoice_id: str
    service_period_start: str | UnsetType = UNSET
    service_period_end: str | UnsetType = UNSET
    service_period: DaysView | UnsetType = UNSET
    credit_grant_id: str | UnsetType = UNSET
    product_id: str | UnsetType = UNSET
    revenue_recognition_method: str | UnsetType = UNSET
    revenue_classification: str | UnsetType = UNSET


class GroupView(Answer, kw_only=True):
    """What groups of both nouns tell."""

    id: str
    title: str
    description: str | UnsetType = UNSET
    index: int
    net_total: str
    total_tax: str
    gross_total: str


class CreditGroupView(GroupView, kw_only=True):
    """A group of lines of a credit note."""

    credit_note_id: str
    line_item_group_id: str | UnsetType = UNSET


class InvoiceGroupView(GroupView, kw_only=True):
    """A group of lines of an invoice."""

    invoice_id: str


class SomeCreditLines(Answer, kw_only=True):
    """A page of lines of a credit note."""

    items: list[CreditLineView]
    pagination: Pagination


class SomeInvoiceLines(Answer, kw_only=True):
    """A page of lines of an invoice."""

    items: list[InvoiceLineView]
    pagination: Pagination


class SomeCreditGroups(Answer, kw_only=True):
    """A page of groups of a credit note."""

    items: list[CreditGroupView]
    pagination: Pagination


class SomeInvoiceGroups(Answer, kw_only=True):
    """A page of groups of an invoice."""

    items: list[InvoiceGroupView]
    pagination: Pagination


def credit_note_view(view: DocumentView) -> CreditNoteView:
    """A credit note as it is read."""
    document, said = view.document, particulars_shown(view)
    invoice = view.referred if view.referred is not None and view.referred.kind is Kind.INVOICE else None
    counts = document.status in SETTLING_STATUSES
    return CreditNoteView(
        **shared_values(view, said),
        status=document.stage,
        invoice_id=UNSET if invoice is None else invoice.id,
        invoice_number=UNSET if invoice is None else invoice.number,
        issue_date=issue_date(document),
        billing_period_start=maybe(said.billing_period_start),
        billing_period_end=maybe(said.billing_period_end),
        credit_note_number=number_shown(document),
        customer_tax_id=maybe(said.customer_tax_id),
        application_status=_application_status(document) if counts else UNSET,
        balance=show_amount(document.open_minor, document.currency) if counts else UNSET,
        balance_version=balance_version(document) if counts else UNSET,
        applications=[
            ApplicationView(
                invoice_id=part.other.id,
                invoice_number=part.other.number,
                amount=show_amount(part.application.amount_minor, document.currency),
                applied_at=show_time(part.application.created_at),
            )
            for part in view.parts
            if part.other.kind is Kind.INVOICE
        ],
        settings=Settings(generate_cash_credit_grant=said.fields.get(CASH_CREDIT_GRANT, "DISABLED")),
    )


def shared_values(view: DocumentView, said: Particulars) -> dict[str, Any]:
    """What credit notes and invoices show in the same fields."""
    document = view.document
    currency = document.currency
    return {
        "id": document.id,
        "sequence_account_id": document.entity_id,
        "billing_schedule_id": said.fields.get("billingScheduleId", UNSET),
        "currency": currency,
        "purchase_order_number": maybe(said.purchase_order_number),
        "customer_id": document.account_id,
        "customer_emails": list(said.emails),
        "customer_legal_company_name": said.customer_name,
        "customer_billing_address": show_address(said.billing_address),
        "customer_shipping_address": show_address(said.shipping_address),
        "memo": maybe(shown_memo(document)),
        "total_tax": show_amount(document.tax_minor, currency),
        "net_total": show_amount(document.amount_minor - document.tax_minor, currency),
        "gross_total": show_amount(document.amount_minor, currency),
        "metadata": show_pairs(said.metadata),
        "linked_services": [],
        "merchant_details": merchant_details(view, said),
        "accounting_date": maybe_date(said.accounting_date),
    }


def particulars_shown(view: DocumentView) -> Particulars:
    """What a document says: its own particulars, or those that follow from its account."""
    country = view.merchant.details.get("address", {}).get("country")
    return view.document.particulars or particulars_of(view.account, country)


def merchant_details(view: DocumentView, said: Particulars) -> dict[str, Any] | UnsetType:
    """The seller as it was when the document was issued, or is now; UNSET where too little is known of it."""
    details: Mapping[str, Any] = view.merchant.details if said.merchant is None else said.merchant
    if not all(details.get(name) for name in MERCHANT_REQUIRED):
        return UNSET
    return {"customFields": [], "includeBeneficiaryAddressInPaymentDetails": False, **details}


def number_shown(document: Document) -> str | UnsetType:
    """The number of a document, once it has one for good."""
    return document.number if document.has_issued_number or document.number_given else UNSET


def issue_date(document: Document) -> str | UnsetType:
    """The day on which a document was issued, if it was and still is, or has been voided since."""
    was_issued = document.posted_at is not None and document.status is not Status.DRAFT
    return maybe_date(document.document_date) if was_issued else UNSET


def credit_line_view(document: Document, item: Item, index: int) -> CreditLineView:
    """A line of a credit note as it is read."""
    fields = {} if item.details is None else item.details.fields
    first, last = item.service_start_date, item.service_end_date
    period: PeriodView | UnsetType = UNSET
    if first is not None and last is not None:
        period = PeriodView(start=first.isoformat(), end_inclusive=last.isoformat())
    return CreditLineView(
        **_line_values(document, item, index),
        credit_note_id=document.id,
        line_item_id=maybe(item.source_item_id),
        service_period=period,
        revenue_recognition_method=fields.get("revenueRecognitionMethod", UNSET),
        revenue_classification=fields.get("revenueClassification", UNSET),
        product_id=fields.get("productId", UNSET),
    )


def removed_credit_line_view(document: Document, item: Item, index: int) -> RemovedCreditLineView:
    """A line that was removed from a credit note, of which the contract tells less."""
    return RemovedCreditLineView(
        **_line_values(document, item, index), credit_note_id=document.id, line_item_id=maybe(item.source_item_id)
    )


def invoice_line_view(document: Document, item: Item, index: int) -> InvoiceLineView:
    """A line of an invoice as it is read."""
    fields = {} if item.details is None else item.details.fields
    first, last = item.service_start_date, item.service_end_date
    period: DaysView | UnsetType = UNSET
    if first is not None and last is not None:
        period = DaysView(start_date=first.isoformat(), end_date=last.isoformat())
    return InvoiceLineView(
        **_line_values(document, item, index),
        invoice_id=document.id,
        service_period_start=fields.get(PERIOD_START) or _midnight(period, "start_date"),
        service_period_end=fields.get(PERIOD_END) or _midnight(period, "end_date"),
        service_period=period,
        credit_grant_id=fields.get("creditGrantId", UNSET),
        product_id=fields.get("productId", UNSET),
        revenue_recognition_method=fields.get("revenueRecognitionMethod", UNSET),
        revenue_classification=fields.get("revenueClassification", UNSET),
    )


def credit_group_view(document: Document, group: Group, index: int, items: tuple[Item, ...]) -> CreditGroupView:
    """A group of a credit note as it is read."""
    return CreditGroupView(
        **_group_values(document, group, index, items),
        credit_note_id=document.id,
        line_item_group_id=maybe(group.source_group_id),
    )


def invoice_group_view(document: Document, group: Group, index: int, items: tuple[Item, ...]) -> InvoiceGroupView:
    """A group of an invoice as it is read."""
    return InvoiceGroupView(**_group_values(document, group, index, items), invoice_id=document.id)


def _application_status(document: Document) -> str:
    """How far a credit note is used up. What was refunded of it counts as used."""
    if document.open_minor == 0:
        return "FULLY_APPLIED"
    return "UNAPPLIED" if document.open_minor == document.amount_minor else "PARTIALLY_APPLIED"


def _line_values(document: Document, item: Item, index: int) -> dict[str, Any]:
    currency, details = document.currency, item.details
    fields = {} if details is None else details.fields
    title = shown_title(item)
    is_told = item.description and (details is not None or item.description != title)
    return {
        "id": item.id,
        "group_id": UNSET if details is None else maybe(details.group_id),
        "title": title,
        "description": item.description if is_told else UNSET,
        "quantity": show_decimal(shown_quantity(item)),
        "rate": show_decimal(shown_rate(item, currency)),
        "tax_rate": show_decimal(shown_tax_rate(item)),
        "index": index,
        "price_id": fields.get("priceId", UNSET),
        "net_total": show_amount(item.amount_minor, currency),
        "total_tax": show_amount(item.tax_minor, currency),
        "gross_total": show_amount(item.amount_minor + item.tax_minor, currency),
        "rate_display": fields.get(RATE_DISPLAY, "ABSOLUTE"),
        "external_ids": [PairView(**each) for each in fields.get(EXTERNAL_IDS, ())],
    }


def _group_values(document: Document, group: Group, index: int, items: tuple[Item, ...]) -> dict[str, Any]:
    net, tax = (sum(amounts) for amounts in ([each.amount_minor for each in items], [each.tax_minor for each in items]))
    return {
        "id": group.id,
        "title": group.title,
        "description": maybe(group.description),
        "index": index,
        "net_total": show_amount(net, document.currency),
        "total_tax": show_amount(tax, document.currency),
        "gross_total": show_amount(net + tax, document.currency),
    }


def _midnight(period: DaysView | UnsetType, name: str) -> str | UnsetType:
    """The beginning of the first or last day of a period, as a time."""
    return UNSET if isinstance(period, UnsetType) else f"{getattr(period, name)}T00:00:00Z"
