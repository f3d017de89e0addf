"""Invoices as Sequence's callers write them: the bodies of requests, and the query of the list."""

from enum import StrEnum
from typing import Any, Literal

from seriatim.api.sequence.filters import (
    IN_PROGRESS,
    Filter,
    one_of,
    read_amount,
    read_conditions,
    read_day,
    read_text,
    read_values,
)
from seriatim.api.sequence.note_fields import ParticularsRequest, PeriodRequest, read_days, read_particulars, read_texts
from seriatim.api.sequence.paging import PagedQuery
from seriatim.api.sequence.versions import NEWEST_CURRENCIES
from seriatim.api.sequence.wire import Id, Request, Text40, Text255, Text5000, read_date
from seriatim.domain.document import PaymentStatus, Stage
from seriatim.errors import InvalidValue
from seriatim.service.pages import Comparison, Condition, PageField


class PaymentOption(StrEnum):
    """The ways of paying that an invoice may offer."""

    BANK_TRANSFER = "BANK_TRANSFER"
    LINK = "LINK"


class PatchInvoice(ParticularsRequest, kw_only=True):
    """What may be changed of a draft, one by one. What is left out stays."""

    due_date: Text40 | None = None
    reference: Text255 | None = None
    payment_options: list[PaymentOption] | None = None
    billing_period: PeriodRequest | None = None
    credit_balances: Text5000 | None = None
    billing_run_id: Id | None = None
    attachment_asset_ids: list[Id] | None = None


class UpdateInvoice(PatchInvoice, kw_only=True):
    """What may be changed of a draft, with its currency while it has no line."""

    currency: str | None = None


class CreateInvoice(PatchInvoice, kw_only=True):
    """A new invoice."""

    currency: str
    customer_id: Id
    billing_schedule_id: Id | None = None


class MarkedStatus(StrEnum):
    """What may be said of how far an invoice is paid; `FAILED` in the oldest version alone."""

    UNPAID = "UNPAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"
    FAILED = "FAILED"


class MarkInvoiceBody(Request, kw_only=True):
    """How far an invoice is paid."""

    payment_status: MarkedStatus


class InvoicesQuery(PagedQuery, kw_only=True):
    """The query of the list. A filter of several values has them separated by commas."""

    sort_by: (
        Literal["ACCOUNTING_DATE", "CUSTOMER_LEGAL_COMPANY_NAME", "DUE_DATE", "GROSS_TOTAL", "ISSUE_DATE"] | None
    ) = None
    invoice_status: str | None = None
    exclude_invoice_status: str | None = None
    invoice_payment_status: str | None = None
    exclude_invoice_payment_status: str | None = None
    customer_id: str | None = None
    exclude_customer_id: str | None = None
    billing_schedule_id: str | None = None
    exclude_billing_schedule_id: str | None = None
    invoice_currency: str | None = None
    exclude_invoice_currency: str | None = None
    invoice_number: str | None = None
    exclude_invoice_number: str | None = None
    net_total: str | None = None
    exclude_net_total: str | None = None
    search: Text255 | None = None
    exclude_search: Text255 | None = None
    due_before: str | None = None
    due_after: str | None = None
    sent_before: str | None = None
    sent_after: str | None = None
    invoice_before: str | None = None
    invoice_after: str | None = None
    exclude_zero_quantity: bool = False


SORTS = {
    "ACCOUNTING_DATE": PageField.ACCOUNTING_DATE,
    "CUSTOMER_LEGAL_COMPANY_NAME": PageField.CUSTOMER_NAME,
    "DUE_DATE": PageField.DUE_DATE,
    "GROSS_TOTAL": PageField.GROSS_TOTAL,
    "ISSUE_DATE": PageField.DOCUMENT_DATE,
    None: PageField.AGE,
}
"""What a list of invoices is sorted by; where nothing is asked for, by the time when they were created."""


def conditions_of(query: InvoicesQuery) -> list[Condition]:
    """The conditions that a list's query comes to.

    Raises: InvalidQuery.
    """
    found = read_conditions(query, _FILTERS)
    if query.exclude_zero_quantity:
        found.append(Condition(PageField.HAS_QUANTITY, Comparison.IN, ("1",)))
    return found


def read_invoice(body: PatchInvoice) -> dict[str, Any]:
    """What a request says of an invoice, as the domain names it; what it leaves out is not in it.

    Raises: InvalidValue.
    """
    if body.attachment_asset_ids:
        rule = "attachments are not kept; leave it out, or give an empty list"
        raise InvalidValue("attachmentAssetIds", f"a list of {len(body.attachment_asset_ids)}", rule)
    said = {**read_particulars(body), **read_texts(reference=body.reference)}
    if body.due_date is not None:
        said["due_date"] = read_date(body.due_date, "dueDate") if body.due_date else None
    period = read_days(body.billing_period, "billingPeriod")
    if period is not None:
        said["billing_period_start"], said["billing_period_end"] = (day.isoformat() for day in period)
    kept = {
        "billingRunId": body.billing_run_id,
        "billingScheduleId": body.billing_schedule_id if isinstance(body, CreateInvoice) else None,
        "creditBalances": body.credit_balances,
        "paymentOptions": None if body.payment_options is None else list(dict.fromkeys(body.payment_options)),
    }
    given = {name: value for name, value in kept.items() if value is not None}
    return {**said, "fields": given} if given else said


def payment_status_of(body: MarkInvoiceBody) -> PaymentStatus:
    """How far the caller says that an invoice is paid.

    Raises: InvalidValue, for `FAILED`, which is no state that the books can tell from UNPAID.
    """
    if body.payment_status is MarkedStatus.FAILED:
        rule = "an invoice whose payment failed is UNPAID; say that"
        raise InvalidValue("paymentStatus", str(body.payment_status), rule)
    return PaymentStatus(body.payment_status)


_IN, _NOT_IN = Comparison.IN, Comparison.NOT_IN
_status = one_of((*Stage, IN_PROGRESS))
_payment_status = one_of(MarkedStatus)
_currency = one_of(sorted(NEWEST_CURRENCIES))
_FILTERS = (
    Filter("billing_schedule_id", PageField.SUBSCRIPTION_ID, _IN, read_values),
    Filter("customer_id", PageField.ACCOUNT_ID, _IN, read_values),
    Filter("due_after", PageField.DUE_DATE, Comparison.AFTER, read_day),
    Filter("due_before", PageField.DUE_DATE, Comparison.BEFORE, read_day),
    Filter("exclude_billing_schedule_id", PageField.SUBSCRIPTION_ID, _NOT_IN, read_values),
    Filter("exclude_customer_id", PageField.ACCOUNT_ID, _NOT_IN, read_values),
    Filter("exclude_invoice_currency", PageField.CURRENCY, _NOT_IN, _currency),
    Filter("exclude_invoice_number", PageField.NUMBER, _NOT_IN, read_values),
    Filter("exclude_invoice_payment_status", PageField.PAYMENT_STATUS, _NOT_IN, _payment_status),
    Filter("exclude_invoice_status", PageField.STAGE, _NOT_IN, _status),
    Filter("exclude_net_total", PageField.NET_TOTAL, _NOT_IN, read_amount),
    Filter("exclude_search", PageField.NUMBER, Comparison.CONTAINS_NOT, read_text),
    Filter("invoice_after", PageField.DOCUMENT_DATE, Comparison.AFTER, read_day),
    Filter("invoice_before", PageField.DOCUMENT_DATE, Comparison.BEFORE, read_day),
    Filter("invoice_currency", PageField.CURRENCY, _IN, _currency),
    Filter("invoice_number", PageField.NUMBER, _IN, read_values),
    Filter("invoice_payment_status", PageField.PAYMENT_STATUS, _IN, _payment_status),
    Filter("invoice_status", PageField.STAGE, _IN, _status),
    Filter("net_total", PageField.NET_TOTAL, _IN, read_amount),
    Filter("search", PageField.NUMBER, Comparison.CONTAINS, read_text),
    Filter("sent_after", PageField.SENT_ON, Comparison.AFTER, read_day),
    Filter("sent_before", PageField.SENT_ON, Comparison.BEFORE, read_day),
)
"""The filters of the list: what each is compared with and how, and what reads its values."""
