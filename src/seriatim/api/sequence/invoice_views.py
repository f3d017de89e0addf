"""How invoices are shown: short, as most answers have them, and with all that is settled of them."""

from datetime import UTC, date, datetime, time
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.sequence.note_views import PeriodView, issue_date, number_shown, particulars_shown, shared_values
from seriatim.api.sequence.paging import Pagination
from seriatim.api.sequence.wire import (
    AddressView,
    Answer,
    LinkView,
    PairView,
    maybe,
    maybe_date,
    show_amount,
    show_time,
)
from seriatim.domain.commands.note_settlement import balance_version
from seriatim.domain.customer import tax_status_of
from seriatim.domain.document import Document, Item, Status
from seriatim.domain.document_view import DocumentView, shown_title
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Particulars
from seriatim.domain.settlement import Part

HIDE_PAYMENT_LINK = "HIDE_PAYMENT_LINK"
"""Seriatim takes no payments, so there is no link to show."""
MANUAL = "MANUAL"
CALCULATED = "CALCULATED"


class RenderSettings(Answer, kw_only=True):
    """What the printed invoice shows."""

    payment_link_display: str = HIDE_PAYMENT_LINK


class DeletedInvoice(Answer, kw_only=True):
    """An invoice as the answer to its deletion shows it."""

    id: str
    sequence_account_id: str
    status: str
    currency: str
    invoice_number: str | UnsetType
    issue_date: str | UnsetType
    due_date: str | UnsetType
    purchase_order_number: str | UnsetType
    reference: str | UnsetType
    billing_schedule_id: str | UnsetType
    billing_period: PeriodView | UnsetType
    customer_id: str
    customer_emails: list[str]
    customer_legal_company_name: str
    customer_billing_address: AddressView
    customer_shipping_address: AddressView
    customer_tax_id: str | UnsetType
    customer_tax_status: str
    is_customer_archived: bool
    memo: str | UnsetType
    payment_options: list[str] | UnsetType
    credit_balances: str | UnsetType
    total_tax: str
    net_total: str
    gross_total: str
    metadata: list[PairView]
    payment_status: str
    created_at: str
    accounting_date: str
    credit_note_ids: list[str]
    linked_services: list[LinkView]
    merchant_details: dict[str, Any] | UnsetType
    render_settings: RenderSettings


class InvoiceView(DeletedInvoice, kw_only=True):
    """An invoice as lists and most operations show it."""

    updated_at: str


class CreditedLine(Answer, kw_only=True):
    """A line of a credit note, with those of the invoice that it credits."""

    name: str
    net_total: str
    gross_total: str
    invoice_line_item_ids: list[str]


class AppliedCreditNote(Answer, kw_only=True):
    """A credit note of which something is applied to the invoice."""

    id: str
    credit_note_number: str | UnsetType
    net_total: str
    total_tax: str
    gross_total: str
    line_items: list[CreditedLine]


class PaymentAllocation(Answer, kw_only=True):
    """What of a payment is applied to the invoice."""

    payment_id: str
    amount: str
    allocated_at: str
    paid_at: str
    origin: str = MANUAL


class WholeInvoice(InvoiceView, kw_only=True):
    """An invoice with all that is settled of it."""

    billing_run_id: str | UnsetType
    balance: str | UnsetType
    balance_version: int | UnsetType
    integration_payment_statuses: dict[str, str]
    applied_credit_notes: list[AppliedCreditNote]
    applied_credit_grants: list[Any]
    projected_credit_grants: list[Any]
    payment_allocations: list[PaymentAllocation]
    payment_term_days: int | UnsetType
    due_date_source: str


class SomeInvoices(Answer, kw_only=True):
    """A page of invoices."""

    items: list[InvoiceView]
    pagination: Pagination


def deleted_invoice_view(view: DocumentView) -> DeletedInvoice:
    """An invoice as the answer to its deletion shows it."""
    return DeletedInvoice(**_common(view))


def invoice_view(view: DocumentView) -> InvoiceView:
    """An invoice as lists and most operations show it."""
    return InvoiceView(**_common(view), updated_at=show_time(view.document.updated_at))


def whole_invoice_view(view: DocumentView) -> WholeInvoice:
    """An invoice with all that is settled of it."""
    document = view.document
    is_issued = document.status is Status.POSTED
    due_date = _fixed_due_date(document)
    return WholeInvoice(
        **_common(view),
        updated_at=show_time(document.updated_at),
        billing_run_id=particulars_shown(view).fields.get("billingRunId", UNSET),
        balance=show_amount(document.open_minor, document.currency) if is_issued else UNSET,
        balance_version=balance_version(document) if is_issued else UNSET,
        integration_payment_statuses={},
        applied_credit_notes=[_applied_note(part.other) for part in view.parts if _is_credit(part)],
        applied_credit_grants=[],
        projected_credit_grants=[],
        payment_allocations=[_allocation(part, document.currency) for part in view.parts if not _is_credit(part)],
        payment_term_days=_term_days(document) if due_date is None else UNSET,
        due_date_source=CALCULATED if due_date is None else MANUAL,
    )


def _common(view: DocumentView) -> dict[str, Any]:
    document, said = view.document, particulars_shown(view)
    return {
        **shared_values(view, said),
        "status": document.stage,
        "invoice_number": number_shown(document),
        "issue_date": issue_date(document),
        "due_date": maybe_date(document.due_date),
        "reference": maybe(said.reference),
        "billing_period": _period(said),
        "customer_tax_id": maybe(said.customer_tax_id),
        "customer_tax_status": tax_status_of(view.account),
        "is_customer_archived": view.account.archived_at is not None,
        "payment_options": said.fields.get("paymentOptions", UNSET),
        "credit_balances": said.fields.get("creditBalances", UNSET),
        "payment_status": document.payment_status,
        "created_at": show_time(document.created_at),
        "accounting_date": (said.accounting_date or document.document_date).isoformat(),
        "credit_note_ids": _credit_note_ids(view),
        "render_settings": RenderSettings(),
    }


def _period(said: Particulars) -> PeriodView | UnsetType:
    if said.billing_period_start is None or said.billing_period_end is None:
        return UNSET
    return PeriodView(start=said.billing_period_start, end_inclusive=said.billing_period_end)


def _credit_note_ids(view: DocumentView) -> list[str]:
    """The credit notes that were made from the invoice or are applied to it, oldest first."""
    notes = [*view.referring, *(part.other for part in view.parts)]
    found = {note.id: note for note in notes if note.kind is Kind.CREDIT_MEMO}
    return sorted(found, key=lambda note_id: (found[note_id].created_at, note_id))


def _is_credit(part: Part) -> bool:
    return part.other.kind is Kind.CREDIT_MEMO


def _applied_note(note: Document) -> AppliedCreditNote:
    return AppliedCreditNote(
        id=note.id,
        credit_note_number=number_shown(note),
        net_total=show_amount(note.amount_minor - note.tax_minor, note.currency),
        total_tax=show_amount(note.tax_minor, note.currency),
        gross_total=show_amount(note.amount_minor, note.currency),
        line_items=[_credited_line(item, note.currency) for item in note.items],
    )


def _credited_line(item: Item, currency: str) -> CreditedLine:
    return CreditedLine(
        name=shown_title(item),
        net_total=show_amount(item.amount_minor, currency),
        gross_total=show_amount(item.amount_minor + item.tax_minor, currency),
        invoice_line_item_ids=[] if item.source_item_id is None else [item.source_item_id],
    )


def _allocation(part: Part, currency: str) -> PaymentAllocation:
    payment = part.other
    paid_at = payment.created_at
    if payment.document_date != paid_at.date():
        paid_at = datetime.combine(payment.document_date, time.min, UTC)
    return PaymentAllocation(
        payment_id=payment.id,
        amount=show_amount(part.application.amount_minor, currency),
        allocated_at=show_time(part.application.created_at),
        paid_at=show_time(paid_at),
    )


def _fixed_due_date(document: Document) -> date | None:
    """The due date that somebody gave. What is made through Zuora's API has one of its own in any case."""
    return document.due_date if document.particulars is None else document.particulars.due_date


def _term_days(document: Document) -> int | UnsetType:
    return UNSET if document.due_date is None else (document.due_date - document.document_date).days
