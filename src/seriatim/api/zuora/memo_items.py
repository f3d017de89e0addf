"""The items of memos as they are read, narrowed and sorted; and the parts in which memos are settled.

Memos are settled as wholes. What this shows as applied or refunded of an item is the memo's own amount, laid over its
items and their taxes from the first to the last, so that it adds up to the cent.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from seriatim.api.zuora.document_query import amount_filter, sorted_by, span_of
from seriatim.api.zuora.document_views import AmountView, ItemView, Page, below_zero_minor, recorded
from seriatim.api.zuora.memo_fields import ListItems
from seriatim.api.zuora.memo_views import FROM_CREDIT_MEMO, FROM_DEBIT_MEMO, FROM_INVOICE, source_type_of
from seriatim.api.zuora.wire import format_time
from seriatim.domain.document import TAXES_FIELD, Document, Item
from seriatim.domain.document_view import shown_rate
from seriatim.domain.money import to_decimal, to_minor
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Part

_RENAMED = {"taxName": "name", "taxExemptAmount": "exemptAmount"}
_CODES = ("onAccountAccountingCode", "deferredRevenueAccountingCode", "recognizedRevenueAccountingCode")
_SOURCE_ITEMS = {FROM_INVOICE: "InvoiceDetail", FROM_CREDIT_MEMO: "CreditMemoItem", FROM_DEBIT_MEMO: "DebitMemoItem"}
_TIMES = frozenset({"createdDate", "updatedDate"})
_PAGING = frozenset({"page", "page_size", "sort"})


class MemoItem(ItemView, kw_only=True):
    """A line of a memo. Fields that Zuora documents and nothing here fills are null."""

    amount: Decimal
    amount_without_tax: Decimal
    comment: str = ""
    created_by_id: str
    created_date: str
    description: str | None = None
    finance_information: dict[str, Any]
    quantity: Decimal | None = None
    sku: str | None = None
    sku_name: str | None = None
    source_item_id: str | None = None
    source_item_type: str | None = None
    tax_mode: str = "TaxExclusive"
    taxation_items: dict[str, Any]
    unit_of_measure: str | None = None
    unit_price: Decimal | None = None
    updated_by_id: str
    updated_date: str


class CreditMemoItem(MemoItem, kw_only=True):
    """A line of a credit memo."""

    applied_amount: Decimal
    credit_from_item_id: str | None = None
    credit_from_item_source: str | None = None
    invoice_schedule_id: str | None = None
    invoice_schedule_item_id: str | None = None
    number_of_deliveries: Decimal | None = None
    refund_amount: Decimal
    unapplied_amount: Decimal


class DebitMemoItem(MemoItem, kw_only=True):
    """A line of a debit memo."""

    balance: Decimal
    be_applied_amount: Decimal


class OneCreditMemoItem(CreditMemoItem, kw_only=True):
    """The answer that is one line of a credit memo."""

    success: bool = True


class OneDebitMemoItem(DebitMemoItem, kw_only=True):
    """The answer that is one line of a debit memo."""

    success: bool = True


class CreditMemoItems(Page, kw_only=True):
    """The answer that is a page of lines of a credit memo."""

    items: list[CreditMemoItem]


class DebitMemoItems(Page, kw_only=True):
    """The answer that is a page of lines of a debit memo."""

    items: list[DebitMemoItem]


class CreditMemoPart(AmountView, kw_only=True):
    """A part of a credit memo that is applied to an invoice or debit memo, or was refunded."""

    debit_memo_id: str | None = None
    invoice_id: str | None = None
    refund_id: str | None = None


class OneCreditMemoPart(CreditMemoPart, kw_only=True):
    """The answer that is one part."""

    success: bool = True


class CreditMemoParts(Page, kw_only=True):
    """The answer that is a page of parts."""

    parts: list[CreditMemoPart]


class _Settled:
    """What is applied and refunded of a document, laid over its amounts one after another.

    Once anything is, amounts below zero count as applied and are there for the others.
    """

    def __init__(self, document: Document) -> None:
        self._is_begun = bool(document.applied_minor + document.refunded_minor)
        self._applied_minor = document.applied_minor + (below_zero_minor(document) if self._is_begun else 0)
        self._refunded_minor = document.refunded_minor
        self._document = document

    def show(self, amount_minor: int) -> dict[str, Decimal]:
        """The settlement of the next amount, as the document's kind names it."""
        if amount_minor < 0:
            applied_minor, refunded_minor = (amount_minor if self._is_begun else 0), 0
        else:
            applied_minor = min(self._applied_minor, amount_minor)
            refunded_minor = min(self._refunded_minor, amount_minor - applied_minor)
            self._applied_minor -= applied_minor
            self._refunded_minor -= refunded_minor
        applied, refunded, remaining = (
            to_decimal(minor, self._document.currency)
            for minor in (applied_minor, refunded_minor, amount_minor - applied_minor - refunded_minor)
        )
        if self._document.kind is Kind.CREDIT_MEMO:
            return {"appliedAmount": applied, "refundAmount": refunded, "unappliedAmount": remaining}
        return {"beAppliedAmount": applied, "balance": remaining}


def item_views(document: Document) -> list[dict[str, Any]]:
    """All lines of a memo as they are read, in their order."""
    settled = _Settled(document)
    return [_item_view(document, item, settled) for item in document.items]


def _item_view(document: Document, item: Item, settled: _Settled) -> dict[str, Any]:
    kept = dict(item.fields)
    currency = document.currency
    net = to_decimal(item.amount_minor, currency)
    gross = to_decimal(item.amount_minor + item.tax_minor, currency)
    settlement = settled.show(item.amount_minor)
    taxes = [_tax_view(document, tax, settled) for tax in _taxes(document, item, kept.pop(TAXES_FIELD, ()))]
    codes = kept.pop("financeInformation", {})
    shape = CreditMemoItem if document.kind is Kind.CREDIT_MEMO else DebitMemoItem
    view = MemoItem(
        id=item.id,
        amount=gross if item.is_tax_included else net,
        amount_without_tax=net,
        created_by_id=document.created_by,
        created_date=format_time(document.created_at),
        description=item.description or None,
        finance_information={name: value for code in _CODES for name, value in ((code, None), (f"{code}Type", None))}
        | codes,
        quantity=item.quantity,
        service_end_date=item.service_end_date,
        service_start_date=item.service_start_date,
        source_item_id=item.source_item_id,
        source_item_type=None if item.source_item_id is None else _SOURCE_ITEMS[source_type_of(document)],
        tax_mode="TaxInclusive" if item.is_tax_included else "TaxExclusive",
        taxation_items={"data": taxes},
        unit_price=shown_rate(item, currency) if item.quantity else None,
        updated_by_id=document.updated_by,
        updated_date=format_time(document.updated_at),
    )
    empty = dict.fromkeys(shape.__struct_encode_fields__)
    return {**empty, **msgspec.to_builtins(view, builtin_types=(Decimal, date)), **settlement, **kept}


def _taxes(document: Document, item: Item, kept: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The taxes of a line; where their amounts are not known one by one, one for all of it."""
    amounts = [tax.get("taxAmount") for tax in kept]
    if all(amount is not None for amount in amounts):
        total_minor = sum(to_minor(amount, document.currency, "taxAmount") for amount in amounts if amount is not None)
        if total_minor == item.tax_minor:
            return kept
    return ({"id": item.id, "taxAmount": to_decimal(item.tax_minor, document.currency)},)


def _tax_view(document: Document, tax: Mapping[str, Any], settled: _Settled) -> dict[str, Any]:
    amount_minor = to_minor(tax["taxAmount"], document.currency, "taxAmount")
    settlement = settled.show(amount_minor)
    settlement.pop("beAppliedAmount", None)
    empty = dict.fromkeys(
        ("name", "jurisdiction", "locationCode", "sourceTaxItemId", "taxCode", "taxCodeDescription", "taxDate")
    )
    named = {_RENAMED.get(name, name): value for name, value in tax.items()}
    rate = dict.fromkeys(("taxRate", "taxRateDescription", "taxRateType"))
    amount = to_decimal(amount_minor, document.currency)
    return {"exemptAmount": Decimal(0), **empty, **rate, **named, "taxAmount": amount, **settlement}


def narrow_items(views: list[dict[str, Any]], query: ListItems) -> list[dict[str, Any]]:
    """The lines that a query lets through, in the order that it asks for: what they are narrowed by, also sorts them.

    Raises: InvalidQuery.
    """
    pairs = zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True)
    names = {name: attribute for attribute, name in pairs if attribute not in _PAGING}
    for name, attribute in names.items():
        wanted = getattr(query, attribute)
        if wanted is None:
            continue
        if name in _TIMES:
            began_at, ended_at = span_of(name, wanted)
            views = [view for view in views if _is_within(view[name], began_at, ended_at)]
            continue
        if isinstance(wanted, Decimal):
            amount_filter(name, wanted)
        views = [view for view in views if view.get(name) == wanted]
    for name, descends in reversed(sorted_by(query.sort, {name: name for name in names})):
        views = sorted(views, key=partial(_sort_key, name), reverse=descends)
    return views


def _sort_key(name: str, view: Mapping[str, Any]) -> tuple[bool, Any]:
    """What lines are sorted by; nothing comes before everything."""
    return view.get(name) is not None, view.get(name)


def _is_within(time: str, began_at: datetime | None, ended_at: datetime | None) -> bool:
    """Whether a time as it is shown lies in a span; times that are written alike compare as text."""
    return (began_at is None or format_time(began_at) <= time) and (ended_at is None or time < format_time(ended_at))


def part_view(part: Part) -> CreditMemoPart:
    """An application of a credit memo as a part of it."""
    is_invoice = part.other.kind is Kind.INVOICE
    application = part.application
    return CreditMemoPart(
        id=application.id,
        amount=to_decimal(application.amount_minor, part.other.currency),
        debit_memo_id=None if is_invoice else part.other.id,
        invoice_id=part.other.id if is_invoice else None,
        **recorded(application),
    )


def refund_part_view(refund: Document) -> CreditMemoPart:
    """A refund of a credit memo as a part of it. It has the refund's id."""
    return CreditMemoPart(
        id=refund.id,
        amount=to_decimal(refund.amount_minor, refund.currency),
        refund_id=refund.id,
        **recorded(refund),
    )
