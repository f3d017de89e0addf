"""How invoices, their items and what is applied to them are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from seriatim.api.zuora.document_views import (
    BILLING_STATUS_NAMES,
    BillingDocumentView,
    BillingView,
    ItemView,
    Page,
    below_zero_minor,
)
from seriatim.api.zuora.wire import Answer, format_time, show_time
from seriatim.domain.document import TAXES_FIELD, Document, Item, Status
from seriatim.domain.document_view import shown_rate, shown_tax_rate
from seriatim.domain.money import to_decimal, to_minor
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Part

ViewT = TypeVar("ViewT", bound="InvoiceView")


class InvoiceView(BillingDocumentView, kw_only=True):
    """An invoice as it is read. Fields that Zuora documents and nothing here fills are null or zero."""

    invoice_number: str
    adjustment_amount: Decimal
    amount_without_tax: Decimal
    auto_pay: bool = False
    balance: Decimal
    bill_run_id: str | None = None
    comments: str = ""
    communication_profile_id: str | None = None
    credit_balance_adjustment_amount: Decimal
    credit_memo_amount: Decimal
    discount: Decimal
    due_date: date | None
    e_invoice_error_code: str | None = None
    e_invoice_error_message: str | None = None
    e_invoice_file_id: str | None = None
    e_invoice_status: str | None = None
    includes_one_time: bool = True
    includes_recurring: bool = False
    includes_usage: bool = False
    invoice_date: date
    invoice_group_number: str | None = None
    last_email_sent_date: str | None = None
    payment_amount: Decimal
    payment_term: str | None = None
    posted_by: str | None = None
    posted_date: date | None = None
    refund_amount: Decimal
    reversed: bool = False
    ship_to_contact_id: str | None = None
    ship_to_contact_snapshot_id: str | None = None
    sold_to_contact_id: str | None = None
    sold_to_contact_snapshot_id: str | None = None
    source: str = "API"
    source_id: str | None = None
    tax_exempt_amount: Decimal
    template_id: str | None = None


class OneInvoice(InvoiceView, kw_only=True):
    """The answer that is one invoice."""

    success: bool = True


class UpdatedInvoice(BillingView, kw_only=True):
    """The answer to an update: Zuora names some fields otherwise than in the invoice itself."""

    number: str
    auto_pay: bool
    balance: Decimal
    cancelled_by_id: str | None
    cancelled_on: str | None
    comment: str
    credit_balance_adjustment_amount: Decimal
    discount: Decimal
    due_date: date | None
    invoice_date: date
    posted_by_id: str | None
    posted_on: str | None
    template_id: str | None
    total_tax_exempt_amount: Decimal
    transferred_to_accounting: str
    success: bool = True


class TaxView(Answer, kw_only=True):
    """A tax of an item as it is read."""

    id: str
    balance: Decimal
    credit_amount: Decimal
    exempt_amount: Decimal
    jurisdiction: str | None = None
    location_code: str | None = None
    name: str
    payment_amount: Decimal
    tax_amount: Decimal
    tax_code: str | None = None
    tax_code_description: str | None = None
    tax_date: date | None = None
    tax_mode: str | None = None
    tax_rate: Decimal | int | None = None
    tax_rate_description: str | None = None
    tax_rate_type: str | None = None


class TaxViews(Answer, kw_only=True):
    """The taxes of an item."""

    data: list[TaxView]


class InvoiceItemView(ItemView, kw_only=True):
    """An item as it is read; a discount is an item that names the one that it is applied to."""

    balance: Decimal | UnsetType = UNSET
    charge_amount: Decimal
    charge_date: str
    charge_description: str = ""
    charge_id: str | None = None
    charge_name: str | None = None
    charge_type: str = "OneTime"
    description: str = ""
    invoice_schedule_id: str | None = None
    invoice_schedule_item_id: str | None = None
    number_of_deliveries: Decimal | None = None
    product_name: str | None = None
    quantity: Decimal
    source_item_type: str = "None"
    subscription_name: str | None = None
    tax_amount: Decimal
    taxation_items: TaxViews
    unit_of_measure: str = ""
    unit_price: Decimal | int | None = None


class SomeItems(Page, kw_only=True):
    """The answer that is a page of items."""

    invoice_items: list[InvoiceItemView]


@dataclass(slots=True)
class Settled:
    """What credit memos and payments have settled, in minor units."""

    credit_minor: int = 0
    payment_minor: int = 0
    covers_below_zero: bool = False
    """Whether lines below zero count as settled."""

    @property
    def total_minor(self) -> int:
        """Both together."""
        return self.credit_minor + self.payment_minor

    def laid_over(self, document: Document) -> "Settled":
        """What there is to set against the lines: once anything is settled, those below zero credit the others."""
        if not self.total_minor:
            return Settled()
        return Settled(self.credit_minor + below_zero_minor(document), self.payment_minor, covers_below_zero=True)

    def take(self, owed_minor: int) -> "Settled":
        """Set so much of it against an amount owed, credits first; what was set against it."""
        if owed_minor < 0:
            return Settled(owed_minor if self.covers_below_zero else 0)
        credit_minor = min(self.credit_minor, owed_minor)
        payment_minor = min(self.payment_minor, owed_minor - credit_minor)
        self.credit_minor -= credit_minor
        self.payment_minor -= payment_minor
        return Settled(credit_minor, payment_minor)


def settled_by(parts: Iterable[Part]) -> Settled:
    """What is applied to an invoice."""
    settled = Settled()
    for part in parts:
        if part.other.kind is Kind.CREDIT_MEMO:
            settled.credit_minor += part.application.amount_minor
        else:
            settled.payment_minor += part.application.amount_minor
    return settled


_KEPT = {
    "autoPay": "auto_pay",
    "billToContactId": "bill_to_contact_id",
    "comments": "comments",
    "communicationProfileId": "communication_profile_id",
    "paymentTerm": "payment_term",
    "shipToContactId": "ship_to_contact_id",
    "soldToContactId": "sold_to_contact_id",
    "templateId": "template_id",
    "transferredToAccounting": "transferred_to_accounting",
    "IntegrationId__NS": "integration_id__ns",
    "IntegrationStatus__NS": "integration_status__ns",
    "SyncDate__NS": "sync_date__ns",
}
"""Kept fields that a view has a place for; all others are read back as they came."""


def invoice_view(document: Document, settled: Settled, shape: type[ViewT]) -> ViewT | dict[str, Any]:
    """An invoice, with what is applied to it."""
    currency, kept = document.currency, document.fields
    zero = to_decimal(0, currency)
    posted = document.status is Status.POSTED
    view = shape(
        id=document.id,
        invoice_number=document.number,
        account_id=document.account_id,
        account_number=document.account_number,
        adjustment_amount=zero,
        amount=to_decimal(document.amount_minor, currency),
        amount_without_tax=to_decimal(document.amount_minor - document.tax_minor, currency),
        balance=to_decimal(document.amount_minor - settled.total_minor, currency),
        created_by_id=document.created_by,
        created_date=format_time(document.created_at),
        credit_balance_adjustment_amount=zero,
        credit_memo_amount=to_decimal(settled.credit_minor, currency),
        currency=currency,
        discount=_discount(document),
        due_date=document.due_date,
        invoice_date=document.document_date,
        payment_amount=to_decimal(settled.payment_minor, currency),
        posted_by=document.posted_by if posted else None,
        posted_date=document.posted_at.date() if posted and document.posted_at is not None else None,
        refund_amount=zero,
        reversed=document.is_reversed,
        sequence_set_id=document.sequence_set_id,
        status=BILLING_STATUS_NAMES[document.status],
        tax_amount=to_decimal(document.tax_minor, currency),
        tax_exempt_amount=_exempt(document),
        updated_by_id=document.updated_by,
        updated_date=format_time(document.updated_at),
    )
    return _with_kept(view, kept)


def _with_kept(view: ViewT, kept: Mapping[str, Any]) -> ViewT | dict[str, Any]:
    extra = {}
    for name, value in kept.items():
        if name in _KEPT:
            setattr(view, _KEPT[name], value)
        else:
            extra[name] = value
    if not extra:
        return view
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    return {**plain, **extra}


def updated_view(document: Document) -> UpdatedInvoice | dict[str, Any]:
    """An invoice as the answer to an update shows it."""
    currency, kept = document.currency, document.fields
    posted = document.status is Status.POSTED
    view = UpdatedInvoice(
        id=document.id,
        number=document.number,
        account_id=document.account_id,
        amount=to_decimal(document.amount_minor, currency),
        auto_pay=kept.get("autoPay", False),
        balance=to_decimal(document.open_minor, currency),
        cancelled_by_id=document.canceled_by,
        cancelled_on=show_time(document.canceled_at),
        comment=kept.get("comments", ""),
        created_by_id=document.created_by,
        created_date=format_time(document.created_at),
        credit_balance_adjustment_amount=to_decimal(0, currency),
        currency=currency,
        discount=_discount(document),
        due_date=document.due_date,
        invoice_date=document.document_date,
        posted_by_id=document.posted_by if posted else None,
        posted_on=show_time(document.posted_at) if posted else None,
        status=BILLING_STATUS_NAMES[document.status],
        tax_amount=to_decimal(document.tax_minor, currency),
        template_id=kept.get("templateId"),
        total_tax_exempt_amount=_exempt(document),
        transferred_to_accounting=kept.get("transferredToAccounting", "No"),
        updated_by_id=document.updated_by,
        updated_date=format_time(document.updated_at),
    )
    own = {name: value for name, value in kept.items() if name.endswith(("__NS", "__c"))}
    if not own:
        return view
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    return {**plain, **own}


def item_views(document: Document, settled: Settled) -> Iterator[dict[str, Any]]:
    """The items, each followed by its discounts.

    What is applied to the invoice is set against its items and their taxes in their order, so that the balances of
    all lines add up to that of the invoice. (Zuora lets tenants choose the order.)
    """
    currency = document.currency
    settled = settled.laid_over(document)
    for item in document.items:
        net = settled.take(item.amount_minor)
        view = _line_view(document, item, item.fields)
        view.id = item.id
        view.balance = to_decimal(item.amount_minor - net.total_minor, currency)
        view.charge_amount = to_decimal(item.amount_minor + item.discount_minor, currency)
        view.description = item.description
        view.quantity = item.quantity or Decimal(0)
        view.tax_amount = to_decimal(item.tax_minor, currency)
        taxes = [_tax_view(tax, currency, settled) for tax in _taxes(item, currency)]
        yield {**_with_own(view, item.fields), **_priced(item, currency), "taxationItems": {"data": taxes}}
        for discount in item.fields.get("discountItems", ()):
            view = _line_view(document, item, discount)
            view.id = discount["id"]
            view.applied_to_item_id = item.id
            view.charge_amount = to_decimal(to_minor(discount["amount"], currency, "amount"), currency)
            view.processing_type = "Discount"
            yield _with_own(view, discount)


_NOT_SHOWN_OF_LINE = frozenset(
    {"amount", "discountItems", "id", "productRatePlanChargeId", "skuName", "taxItems", "uom"}
)
"""Kept fields of a line that its view shows under another name, or reckons anew."""


def _line_view(document: Document, item: Item, kept: Mapping[str, Any]) -> InvoiceItemView:
    """What a charge and a discount show alike."""
    charge_id = kept.get("productRatePlanChargeId")
    zero = to_decimal(0, document.currency)
    return InvoiceItemView(
        id="",
        charge_amount=zero,
        charge_date=format_time(document.created_at),
        charge_id=charge_id,
        quantity=Decimal(0),
        service_end_date=item.service_end_date,
        service_start_date=item.service_start_date,
        sold_to_contact_id=document.fields.get("soldToContactId"),
        source_item_type="None" if charge_id is None else "ProductRatePlanCharge",
        tax_amount=zero,
        taxation_items=TaxViews(data=[]),
        unit_of_measure=kept.get("uom", ""),
    )


def _with_own(view: InvoiceItemView, kept: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in kept.items() if name not in _NOT_SHOWN_OF_LINE}
    return {**msgspec.to_builtins(view, builtin_types=(Decimal, date)), **own}


def _priced(item: Item, currency: str) -> dict[str, Any]:
    """What a line is called and costs, where that says more than what was kept of it."""
    if item.details is None:
        return {}
    return {"chargeName": item.details.title, "unitPrice": shown_rate(item, currency)}


def _taxes(item: Item, currency: str) -> Sequence[Mapping[str, Any]]:
    """The taxes of a line: those that were given one by one, else one for all of it, with the line's own id."""
    known: Sequence[Mapping[str, Any]] = item.fields.get(TAXES_FIELD, ())
    if known or not item.tax_minor:
        return known
    rate = shown_tax_rate(item)
    amount = to_decimal(item.tax_minor, currency)
    return ({"id": item.id, "name": "Tax", "taxAmount": amount, "taxRate": rate, "taxRateType": "Percentage"},)


def _tax_view(tax: Mapping[str, Any], currency: str, settled: Settled) -> dict[str, Any]:
    tax_minor = to_minor(tax["taxAmount"], currency, "taxAmount")
    net = settled.take(tax_minor)
    view = TaxView(
        id=tax["id"],
        balance=to_decimal(tax_minor - net.total_minor, currency),
        credit_amount=to_decimal(net.credit_minor, currency),
        exempt_amount=to_decimal(0, currency),
        name=tax["name"],
        payment_amount=to_decimal(net.payment_minor, currency),
        tax_amount=to_decimal(tax_minor, currency),
    )
    shown: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    return {**shown, **tax, "taxAmount": view.tax_amount}


def _discount(document: Document) -> Decimal:
    return to_decimal(sum(item.discount_minor for item in document.items), document.currency)


def _exempt(document: Document) -> Decimal:
    """What the callers' taxes say is exempt; it is no part of any amount."""
    given = [
        tax["exemptAmount"]
        for item in document.items
        for tax in item.fields.get("taxItems", ())
        if "exemptAmount" in tax
    ]
    return sum(given, to_decimal(0, document.currency))
