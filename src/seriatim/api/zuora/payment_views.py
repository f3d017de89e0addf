"""Payments and their parts as Zuora's answers show them."""

from datetime import date
from decimal import Decimal
from typing import Any

from seriatim.api.zuora.document_views import PAYMENT_STATUS_NAMES, AmountView, Page, PaymentDocumentView, recorded
from seriatim.api.zuora.refunds import finance_of, with_kept
from seriatim.api.zuora.wire import encode, format_time, show_time
from seriatim.domain.document import Document
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Part


class PaymentView(PaymentDocumentView, kw_only=True):
    """A payment as it is read. Fields that Zuora documents and nothing here fills are null."""

    applied_amount: Decimal
    auth_transaction_id: str | None = None
    bank_identification_number: str | None = None
    credit_balance_amount: Decimal
    effective_date: date
    gateway_order_id: str | None = None
    payment_schedule_key: str | None = None
    prepayment: bool = False
    refund_amount: Decimal
    second_payment_reference_id: str | None = None
    standalone: bool = False
    unapplied_amount: Decimal


class OnePayment(PaymentView, kw_only=True):
    """The answer that is one payment."""

    success: bool = True


class SomePayments(Page, kw_only=True):
    """The answer that is a page of payments."""

    payments: list[PaymentView]


class PaymentPart(AmountView, kw_only=True):
    """How much of a payment is applied to one invoice or debit memo."""

    billing_document_owner_id: str
    debit_memo_id: str | None = None
    invoice_id: str | None = None


class OnePaymentPart(PaymentPart, kw_only=True):
    """The answer that is one part: as Zuora documents it, and under `paymentPart`, where its SDK looks."""

    payment_part: PaymentPart
    success: bool = True


class PaymentParts(Page, kw_only=True):
    """The answer that is a page of parts."""

    parts: list[PaymentPart]


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
        status=PAYMENT_STATUS_NAMES[payment.status],
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
        debit_memo_id=other.id if other.kind is Kind.DEBIT_MEMO else None,
        invoice_id=other.id if other.kind is Kind.INVOICE else None,
        **recorded(application),
    )
