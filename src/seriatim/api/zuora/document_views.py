"""The parts of answers that several kinds of documents share."""

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.zuora.payment_fields import EXTERNAL
from seriatim.api.zuora.wire import Answer, Succeeded, format_time
from seriatim.domain.document import Document, Status
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Application, Part

BILLING_STATUS_NAMES = {Status.DRAFT: "Draft", Status.POSTED: "Posted", Status.CANCELED: "Canceled"}
"""What the statuses of invoices and memos are called."""
PAYMENT_STATUS_NAMES = {Status.PROCESSED: "Processed", Status.CANCELED: "Canceled"}
"""What the statuses of payments and refunds are called."""


class Page(Succeeded, kw_only=True):
    """The answer that is a page of a list."""

    next_page: str | UnsetType = UNSET


class AmountView(Answer):
    """What every document and every part of one shows: what it is, who made and who last changed it, and when.

    These may be given by their places. Python gathers the arguments of a call in a dictionary where more than 15 of
    them have names, and that takes longer than all else about the call.
    """

    id: str
    amount: Decimal
    created_by_id: str
    created_date: str
    updated_by_id: str
    updated_date: str


class DocumentView(AmountView):
    """What every document shows. These, too, may be given by their places."""

    account_id: str
    currency: str
    status: str


class BillingView(DocumentView, kw_only=True):
    """What every answer about an invoice or memo shows."""

    target_date: date | None = None
    tax_amount: Decimal
    integration_id__ns: str | UnsetType = UNSET
    integration_status__ns: str | UnsetType = UNSET
    sync_date__ns: str | UnsetType = UNSET


class BillingDocumentView(BillingView, kw_only=True):
    """An invoice or memo as it is read."""

    account_number: str
    bill_to_contact_id: str | None = None
    bill_to_contact_snapshot_id: str | None = None
    sequence_set_id: str
    source_type: str = "Standalone"
    tax_message: str | None = None
    tax_status: str | None = None
    transferred_to_accounting: str = "No"


class PaymentDocumentView(DocumentView, kw_only=True):
    """A payment or refund as it is read."""

    number: str
    account_number: str
    cancelled_on: str | None = None
    comment: str = ""
    finance_information: dict[str, Any]
    gateway_id: str | None = None
    gateway_reconciliation_reason: str | None = None
    gateway_reconciliation_status: str | None = None
    gateway_response: str | None = None
    gateway_response_code: str | None = None
    gateway_state: str = "NotSubmitted"
    marked_for_submission_on: str | None = None
    payment_gateway_number: str | None = None
    payment_method_id: str | None = None
    payment_method_snapshot_id: str | None = None
    payout_id: str | None = None
    reference_id: str | None = None
    settled_on: str | None = None
    soft_descriptor: str | None = None
    soft_descriptor_phone: str | None = None
    submitted_on: str | None = None
    type: str = EXTERNAL


class ItemView(Answer, kw_only=True):
    """What an item of an invoice or memo shows."""

    id: str
    applied_to_item_id: str | None = None
    exclude_item_billing_from_revenue_accounting: bool = False
    processing_type: str = "Charge"
    service_end_date: date | None = None
    service_start_date: date | None = None
    sold_to_contact_id: str | None = None
    sold_to_contact_snapshot_id: str | None = None
    subscription_id: str | None = None


class ApplicationPart(Answer, kw_only=True):
    """How much of one credit memo or payment is applied to an invoice or debit memo."""

    applied_amount: Decimal
    created_by_id: str
    created_date: str
    credit_memo_id: str | None = None
    payment_id: str | None = None
    updated_by_id: str
    updated_date: str


class ApplicationParts(Page, kw_only=True):
    """The answer that is a page of what is applied to an invoice or debit memo."""

    application_parts: list[ApplicationPart]


def recorded(what: Document | Application) -> dict[str, str]:
    """Who made and who last changed a document or an application, and when, as views have it."""
    return {
        "created_by_id": what.created_by,
        "created_date": format_time(what.created_at),
        "updated_by_id": what.updated_by,
        "updated_date": format_time(what.updated_at),
    }


def application_part_view(part: Part) -> ApplicationPart:
    """An application to an invoice or debit memo, with the credit memo or payment that it comes from."""
    is_credit = part.other.kind is Kind.CREDIT_MEMO
    return ApplicationPart(
        applied_amount=to_decimal(part.application.amount_minor, part.other.currency),
        credit_memo_id=part.other.id if is_credit else None,
        payment_id=None if is_credit else part.other.id,
        **recorded(part.application),
    )


def below_zero_minor(document: Document) -> int:
    """What the lines and taxes below zero take off the others, as an amount above zero."""
    amounts = [amount for item in document.items for amount in (item.amount_minor, item.tax_minor)]
    return -sum(amount for amount in amounts if amount < 0)
