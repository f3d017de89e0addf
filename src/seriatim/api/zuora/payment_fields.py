"""The fields of payments, of refunds and of what they are applied to, as Zuora's requests carry them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta

from seriatim.api.zuora.document_fields import ConnectorFields, CurrencyCode, ExchangeRate, TransferStatus
from seriatim.api.zuora.wire import (
    Request,
    Text20,
    Text40,
    Text50,
    Text64,
    Text70,
    Text100,
    Text255,
    given_custom_fields,
    given_fields,
)
from seriatim.domain.commands.settlement import Portion
from seriatim.domain.money import check_currency, parse_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import APPLICATIONS_MAX
from seriatim.errors import BrokenRule, InvalidValue, MissingField, Rule

PaymentType = Literal["External", "Electronic"]
GatewayState = Literal["MarkedForSubmission", "NotSubmitted", "Submitted", "Settled", "FailedToSettle"]
ELECTRONIC = "Electronic"
EXTERNAL = "External"
Text35 = Annotated[str, Meta(max_length=35)]


class PaymentFinance(Request, kw_only=True):
    """Accounting codes of a payment or a refund."""

    bank_account_accounting_code: Text100 | None = None
    transferred_to_accounting: TransferStatus | None = None
    unapplied_payment_accounting_code: Text100 | None = None


class PaymentOption(Request, kw_only=True):
    """A rule for the gateway; kept, since there is none."""

    detail: dict[str, Any] | None = None
    type: Text255 | None = None


class InvoicePortion(Request, kw_only=True):
    """How much is applied to, or taken back from, one invoice."""

    amount: Decimal
    invoice_id: Text64 | None = None
    invoice_number: Text255 | None = None
    items: list[dict[str, Any]] | None = None


class DebitMemoPortion(Request, kw_only=True):
    """How much is applied to, or taken back from, one debit memo."""

    amount: Decimal
    debit_memo_id: Text64 | None = None
    debit_memo_number: Text255 | None = None
    items: list[dict[str, Any]] | None = None


InvoicePortions = Annotated[list[InvoicePortion], Meta(max_length=APPLICATIONS_MAX)]
DebitMemoPortions = Annotated[list[DebitMemoPortion], Meta(max_length=APPLICATIONS_MAX)]


class PaymentFields(ConnectorFields, kw_only=True):
    """What payments and refunds carry, on creation and later."""

    comment: Text255 | None = None
    finance_information: PaymentFinance | None = None
    origin__ns: Text255 | None = None
    reference_id: Text100 | None = None


class NewPaymentFields(PaymentFields, kw_only=True):
    """What payments and refunds carry on creation alone."""

    custom_rates: Annotated[list[ExchangeRate], Meta(max_length=2)] | None = None
    gateway_options: dict[str, Any] | None = None
    soft_descriptor: Text35 | None = None
    soft_descriptor_phone: Text20 | None = None


class ChangedPaymentFields(PaymentFields, kw_only=True):
    """What a gateway has done with payments and refunds later."""

    gateway_reconciliation_reason: Text64 | None = None
    gateway_reconciliation_status: Text64 | None = None
    payout_id: Text64 | None = None


class CreatePaymentRequest(NewPaymentFields, kw_only=True):
    """A payment to be taken in."""

    amount: Decimal
    currency: CurrencyCode
    type: PaymentType
    account_id: Text64 | None = None
    account_number: Text70 | None = None
    auth_transaction_id: Text50 | None = None
    balance_refresh: bool | None = None
    cryptogram: Text50 | None = None
    debit_memos: DebitMemoPortions | None = None
    effective_date: date | None = None
    gateway_id: Text64 | None = None
    gateway_order_id: Text70 | None = None
    invoices: InvoicePortions | None = None
    mit_transaction_source: Literal["C_Unscheduled", "M_Recurring", "M_Unscheduled", "M_MOTO"] | None = None
    number: Text255 | None = None
    payment_gateway_number: Text40 | None = None
    payment_method_id: Text64 | None = None
    payment_method_type: Text100 | None = None
    payment_option: list[PaymentOption] | None = None
    payment_schedule_key: Text64 | None = None
    prepayment: bool | None = None
    standalone: bool | None = None
    transaction__ns: Text255 | None = None


class UpdatePaymentRequest(ChangedPaymentFields, kw_only=True):
    """What changes in a payment: only what is kept."""

    gateway_state: GatewayState | None = None
    payment_schedule_key: Text64 | None = None
    transaction__ns: Text255 | None = None


class ApplicationRequest(Request, kw_only=True):
    """What a payment is applied to, or taken back from. The date is accepted; nothing here depends on it."""

    debit_memos: DebitMemoPortions | None = None
    effective_date: date | None = None
    invoices: InvoicePortions | None = None


class RefundFields(NewPaymentFields, kw_only=True):
    """What every refund of a payment may carry."""

    type: PaymentType
    method_type: Text100 | None = None
    reason_code: Text255 | None = None
    refund_date: date | None = None
    second_refund_reference_id: Text100 | None = None
    syncto_net_suite__ns: Text255 | None = None


class CreateRefundRequest(RefundFields, kw_only=True):
    """A refund of what is unapplied."""

    total_amount: Decimal


class UnapplyRefundRequest(RefundFields, kw_only=True):
    """A refund of what is taken back first. Without an amount it is of all that is left of the payment."""

    total_amount: Decimal | None = None
    debit_memos: DebitMemoPortions | None = None
    invoices: InvoicePortions | None = None
    refund_transaction_type: Literal["Chargeback", "PaymentReversal"] | None = None
    write_off: bool | None = None
    write_off_options: dict[str, Any] | None = None


class UpdateRefundRequest(ChangedPaymentFields, kw_only=True):
    """What changes in a refund: only what is kept."""

    reason_code: Text255 | None = None
    syncto_net_suite__ns: Text255 | None = None


def kept_fields(body: PaymentFields, *left_out: str) -> dict[str, Any]:
    """What a request carries and Seriatim does not act on, with the caller's own fields.

    Raises: Malformed, UnknownField.
    """
    return {**given_fields(body, "custom_fields", *left_out), **given_custom_fields(body.custom_fields)}


def check_external(kind: Kind, type_name: str) -> None:
    """Check that no money has to be moved: Seriatim keeps account of payments, and makes none.

    Raises: BrokenRule.
    """
    if type_name == ELECTRONIC:
        raise BrokenRule(
            Rule.NO_GATEWAY,
            f"type: an electronic {kind.words} needs a payment gateway, and there is none here; use External for a "
            f"{kind.words} that is made elsewhere",
        )


def check_rates(rates: list[ExchangeRate] | None) -> None:
    """Check the exchange rates of a request, which are kept as they come.

    Raises: InvalidValue.
    """
    for index, rate in enumerate(rates or ()):
        check_currency(rate.currency, f"customRates[{index}].currency")
        parse_decimal(rate.custom_fx_rate, f"customRates[{index}].customFxRate")


def to_portions(
    new_id: Callable[[], str],
    invoices: list[InvoicePortion] | None,
    debit_memos: list[DebitMemoPortion] | None,
) -> tuple[Portion, ...]:
    """The portions that a request names: the invoices first, then the debit memos.

    Raises: MissingField, InvalidValue.
    """
    portions = [
        _portion(new_id(), Kind.INVOICE, f"invoices[{index}]", "invoice", each, each.invoice_id, each.invoice_number)
        for index, each in enumerate(invoices or ())
    ]
    for index, memo in enumerate(debit_memos or ()):
        path = f"debitMemos[{index}]"
        keys = memo.debit_memo_id, memo.debit_memo_number
        portions.append(_portion(new_id(), Kind.DEBIT_MEMO, path, "debitMemo", memo, *keys))
    return tuple(portions)


def _portion(
    application_id: str,
    kind: Kind,
    path: str,
    noun: str,
    given: InvoicePortion | DebitMemoPortion,
    target_id: str | None,
    target_number: str | None,
) -> Portion:
    if given.items:
        rule = "amounts are applied to whole documents here; leave the items out"
        raise InvalidValue(f"{path}.items", f"a list of {len(given.items)}", rule)
    if target_id and target_number and target_id != target_number:
        raise InvalidValue(f"{path}.{noun}Number", target_number, f"give {noun}Id or {noun}Number, not both")
    key = target_id or target_number
    if not key:
        raise MissingField(f"{path}.{noun}Id", f"give {noun}Id or {noun}Number")
    return Portion(application_id, path, kind, key, given.amount)
