"""Credit memos and debit memos as they are read."""

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from seriatim.api.zuora.document_views import BILLING_STATUS_NAMES, BillingDocumentView, Page
from seriatim.api.zuora.wire import Answer, Succeeded, encode, format_time, show_time
from seriatim.domain.document import Document, Status
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind

SOURCE_TYPE = "sourceType"
"""The kept field of a memo that was made neither from charges nor from an invoice: what kind it was made from."""
FROM_INVOICE = "Invoice"
FROM_CREDIT_MEMO = "CreditMemo"
FROM_DEBIT_MEMO = "DebitMemo"


class MemoView(BillingDocumentView, kw_only=True):
    """What both kinds of memo show."""

    number: str
    cancelled_by_id: str | None = None
    cancelled_on: str | None = None
    comment: str = ""
    einvoice_error_code: str | None = None
    einvoice_error_message: str | None = None
    einvoice_file_id: str | None = None
    einvoice_status: str | None = None
    latest_pdf_file_id: str | None = field(name="latestPDFFileId", default=None)
    posted_by_id: str | None = None
    posted_on: str | None = None
    reason_code: str | None = None
    referred_invoice_id: str | None = None
    total_tax_exempt_amount: Decimal


class CreditMemoView(MemoView, kw_only=True):
    """A credit memo as it is read. Fields that Zuora documents and nothing here fills are null."""

    applied_amount: Decimal
    auto_apply_upon_posting: bool = False
    credit_memo_date: date
    exclude_from_auto_apply_rules: bool = False
    refund_amount: Decimal
    reversed: bool = False
    source: str = "API"
    source_id: str | None = None
    unapplied_amount: Decimal
    origin__ns: str | UnsetType = UNSET
    transaction__ns: str | UnsetType = UNSET


class OneMemo(CreditMemoView, kw_only=True):
    """The answer that is one credit memo."""

    success: bool = True


class SomeMemos(Page, kw_only=True):
    """The answer that is a page of credit memos."""

    creditmemos: list[CreditMemoView]


class DebitMemoView(MemoView, kw_only=True):
    """A debit memo as it is read. Fields that Zuora documents and nothing here fills are null."""

    auto_pay: bool = False
    balance: Decimal
    be_applied_amount: Decimal
    debit_memo_date: date
    due_date: date | None = None
    organization_label: str | None = None
    payment_term: str | None = None
    referred_credit_memo_id: str | None = None
    sold_to_contact_id: str | None = None
    sold_to_contact_snapshot_id: str | None = None


class OneDebitMemo(DebitMemoView, kw_only=True):
    """The answer that is one debit memo."""

    success: bool = True


class SomeDebitMemos(Page, kw_only=True):
    """The answer that is a page of debit memos."""

    debitmemos: list[DebitMemoView]


def _one_of(schema: str) -> Meta:
    """What stands for one memo in the answer to a bulk call: the memo, or why it was refused."""
    return Meta(extra_json_schema={"oneOf": [{"$ref": f"#/components/schemas/{each}"} for each in (schema, "Failure")]})


class BulkCreditMemos(Succeeded, kw_only=True):
    """The answer to a bulk call: each memo stands where it stood in the request."""

    memos: list[Annotated[dict[str, Any], _one_of("OneMemo")]]


class BulkDebitMemos(Succeeded, kw_only=True):
    """The answer to a bulk call: each memo stands where it stood in the request."""

    memos: list[Annotated[dict[str, Any], _one_of("OneDebitMemo")]]


class MemoNamed(Answer, kw_only=True):
    """A memo as an answer names it."""

    id: str
    number: str


class WrittenOff(Succeeded, kw_only=True):
    """The answer to a write-off: the memo that took the other one back."""

    debit_memo: MemoNamed


class Reversed(WrittenOff, kw_only=True):
    """The answer to a reversal: the memo that was reversed, and the one that took it back."""

    credit_memo: MemoNamed


class WrittenOffDebit(Succeeded, kw_only=True):
    """The answer to the write-off of a debit memo: the credit memo that settled it."""

    credit_memo: MemoNamed


def named(document: Document) -> MemoNamed:
    """A memo by its id and number."""
    return MemoNamed(id=document.id, number=document.number)


View = CreditMemoView | DebitMemoView | dict[str, Any]
_SHOWN = frozenset(
    name
    for shape in (OneMemo, OneDebitMemo)
    for name in shape.__struct_encode_fields__
    if not name.endswith("__NS") and name not in {"billToContactId", "soldToContactId"}
)
"""Names that kept fields may not take in an answer: what they say is shown there already."""


def credit_memo_view(document: Document, shape: type[CreditMemoView]) -> View:
    """A credit memo as it is read, alone or in a list."""
    currency = document.currency
    amount, zero = to_decimal(document.amount_minor, currency), _zero(currency)
    is_whole = document.applied_minor == 0 == document.refunded_minor
    created_at, updated_at = document.created_at, document.updated_at
    created = format_time(created_at)
    updated = created if updated_at is created_at else format_time(updated_at)
    view = shape(
        document.id,
        amount,
        document.created_by,
        created,
        document.updated_by,
        updated,
        document.account_id,
        currency,
        BILLING_STATUS_NAMES[document.status],
        number=document.number,
        account_number=document.account_number,
        applied_amount=zero if is_whole else to_decimal(document.applied_minor, currency),
        credit_memo_date=document.document_date,
        refund_amount=zero if is_whole else to_decimal(document.refunded_minor, currency),
        sequence_set_id=document.sequence_set_id,
        tax_amount=to_decimal(document.tax_minor, currency) if document.tax_minor else zero,
        total_tax_exempt_amount=zero,
        unapplied_amount=amount if is_whole else to_decimal(document.open_minor, currency),
    )
    # What has a usual value is set only where it has another: see `AmountView` for why not all are given at once.
    view.auto_apply_upon_posting = document.applies_on_posting
    view.reversed = document.is_reversed
    if document.status is Status.POSTED:
        view.posted_by_id = document.posted_by
        view.posted_on = created if document.posted_at is created_at else show_time(document.posted_at)
    if document.canceled_at is not None:
        view.cancelled_by_id = document.canceled_by
        view.cancelled_on = format_time(document.canceled_at)
    if document.referred_id is not None:
        view.source_type = source_type_of(document)
        view.referred_invoice_id = document.referred_id if view.source_type == FROM_INVOICE else None
    kept = document.fields
    if not kept:
        return view
    view.comment = kept.get("comment", "")
    view.exclude_from_auto_apply_rules = kept.get("excludeFromAutoApplyRules", False)
    view.reason_code = kept.get("reasonCode")
    view.transferred_to_accounting = kept.get("transferredToAccounting", "No")
    return _with_kept(view, kept)


@cache
def _zero(currency: str) -> Decimal:
    """Nothing, in a currency: four fields of nearly every credit memo."""
    return to_decimal(0, currency)


def debit_memo_view(document: Document, shape: type[DebitMemoView]) -> View:
    """A debit memo as it is read, alone or in a list."""
    currency = document.currency
    kept = document.fields
    posted = document.status is Status.POSTED
    source_type = source_type_of(document)
    view = shape(
        id=document.id,
        number=document.number,
        account_id=document.account_id,
        account_number=document.account_number,
        amount=to_decimal(document.amount_minor, currency),
        auto_pay=kept.get("autoPay", False),
        balance=to_decimal(document.open_minor, currency),
        be_applied_amount=to_decimal(document.applied_minor, currency),
        cancelled_by_id=document.canceled_by,
        cancelled_on=show_time(document.canceled_at),
        comment=kept.get("comment", ""),
        created_by_id=document.created_by,
        created_date=format_time(document.created_at),
        currency=currency,
        debit_memo_date=document.document_date,
        due_date=document.due_date,
        posted_by_id=document.posted_by if posted else None,
        posted_on=show_time(document.posted_at) if posted else None,
        reason_code=kept.get("reasonCode"),
        referred_credit_memo_id=document.referred_id if source_type == FROM_CREDIT_MEMO else None,
        referred_invoice_id=document.referred_id if source_type == FROM_INVOICE else None,
        sequence_set_id=document.sequence_set_id,
        source_type=source_type,
        status=BILLING_STATUS_NAMES[document.status],
        tax_amount=to_decimal(document.tax_minor, currency),
        total_tax_exempt_amount=to_decimal(0, currency),
        transferred_to_accounting=kept.get("transferredToAccounting", "No"),
        updated_by_id=document.updated_by,
        updated_date=format_time(document.updated_at),
    )
    return _with_kept(view, kept) if kept else view


def source_type_of(document: Document) -> str:
    """What a memo was made from, as Zuora calls it."""
    if document.referred_id is None:
        return "Standalone"
    return str(document.fields.get(SOURCE_TYPE, FROM_INVOICE))


def view_of(document: Document, *, alone: bool) -> View:
    """A memo of either kind; `alone` as an answer of its own, which says that it succeeded."""
    if document.kind is Kind.CREDIT_MEMO:
        return credit_memo_view(document, OneMemo if alone else CreditMemoView)
    return debit_memo_view(document, OneDebitMemo if alone else DebitMemoView)


def present_memo(document: Document) -> bytes:
    """The body of an answer that is one memo of either kind."""
    return encode(view_of(document, alone=True))


def _with_kept(view: CreditMemoView | DebitMemoView, kept: Any) -> View:
    """The view with what was given and is only kept, where it has no field of its own."""
    if kept.keys() <= _SHOWN:
        return view
    extra = {name: value for name, value in kept.items() if name not in _SHOWN}
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    return {**plain, **extra}
