"""Payments and their parts as Zuora's answers show them."""

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.zuora.payment_fields import EXTERNAL
from seriatim.api.zuora.refunds import finance_of, with_kept
from seriatim.api.zuora.wire import Answer, encode, format_time, show_time
from seriatim.domain.document import Document, Status
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.service.ports import Part

STATUS_NAMES = {Status.PROCESSED: "Processed", Status.CANCELED: "Canceled"}


class PaymentView(Answer, kw_only=True):
    """A payment as it is read. Fields that Zuora documents and nothing here fills are null."""

    id: str
    number: str
    account_id: str
    account_number: str
    amount: Decimal
    applied_amount: Decimal
    auth_transaction_id: str | None = None
    bank_identification_number: str | None = None
    cancelled_on: str | None = None
    comment: str = ""
    created_by_id: str
    created_date: str
    credit_balance_amount: Decimal
    currency: str
    effective_date: date
    finance_information: dict[str, Any]
    gateway_id: str | None = None
    gateway_order_id: str | None = None
    gateway_reconciliation_reason: str | None = None
    gateway_reconciliation_status: str | None = None
    gateway_response: str | None = None
    gateway_response_code: str | None = None
    gateway_state: str = "NotSubmitted"
    marked_for_submission_on: str | None = None
    payment_gateway_number: str | None = None
    payment_method_id: str | None = None
    payment_method_snapshot_id: str | None = None
    payment_schedule_key: str | None = None
    payout_id: str | None = None
    prepayment: bool = False
    reference_id: str | None = None
    refund_amount: Decimal
    second_payment_reference_id: str | None = None
    settled_on: str | None = None
    soft_descriptor: str | None = None
    soft_descriptor_phone: str | None = None
    standalone: bool = False
    status: str
    submitted_on: str | None = None
    type: str = EXTERNAL
    unapplied_amount: Decimal
    updated_by_id: str
    updated_date: str


class OnePayment(PaymentView, kw_only=True):
    """The answer that is one payment."""

    success: bool = True


class SomePayments(Answer, kw_only=True):
    """The answer that is a page of payments."""

    payments: list[PaymentView]
    next_page: str | UnsetType = UNSET
    success: bool = True


class PaymentPart(Answer, kw_only=True):
    """How much of a payment is applied to one invoice or debit memo."""

    id: str
    amount: Decimal
    billing_document_owner_id: str
    created_by_id: str
    created_date: str
    debit_memo_id: str | None = None
    invoice_id: str | None = None
    updated_by_id: str
    updated_date: str


class OnePaymentPart(PaymentPart, kw_only=True):
    """The answer that is one part: as Zuora documents it, and under `paymentPart`, where its SDK looks."""

    payment_part: PaymentPart
    success: bool = True


class PaymentParts(Answer, kw_only=True):
    """The answer that is a page of parts."""

    parts: list[PaymentPart]
    next_page: str | UnsetType = UNSET
    success: bool = True


def payment_view(payment: Document) -> dict[str, Any]:
    """A payment as it is read."""
    view = PaymentView(
        id=payment.id,
        number=payment.number,
        account_id=payment.account_id,
        account_number=payment.account_number,
        amount=to_decimal(payment.amount_minor, payment.currency),
        applied_amount=to_decimal(payment.applied_minor, payment.currency),
        cancelled_on=show_time(payment.canceled_at),
        created_by_id=payment.created_by,
        created_date=format_time(payment.created_at),
        credit_balance_amount=to_decimal(0, payment.currency),
        currency=payment.currency,
        effective_date=payment.document_date,
        finance_information=finance_of(payment),
        refund_amount=to_decimal(payment.refunded_minor, payment.currency),
        status=STATUS_NAMES[payment.status],
        unapplied_amount=to_decimal(payment.open_minor, payment.currency),
        updated_by_id=payment.updated_by,
        updated_date=format_time(payment.updated_at),
    )
    return with_kept(view, payment)


def present_payment(payment: Document) -> bytes:
    """The body of an answer that is one payment."""
    return encode({**payment_view(payment), "success": True})


def part_view(part: Part) -> PaymentPart:
    """A part as it is read."""
    application, other = part.application, part.other
    return PaymentPart(
        id=application.id,
        amount=to_decimal(application.amount_minor, other.currency),
        billing_document_owner_id=other.account_id,
        created_by_id=application.created_by,
        created_date=format_time(application.created_at),
        debit_memo_id=other.id if other.kind is Kind.DEBIT_MEMO else None,
        invoice_id=other.id if other.kind is Kind.INVOICE else None,
        updated_by_id=application.updated_by,
        updated_date=format_time(application.updated_at),
    )
