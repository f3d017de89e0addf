"""From a document to the page that shows it: what is said, to whom, by whom, line by line."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

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
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Address as Where
from seriatim.domain.particulars import Particulars
from seriatim.render.page import (
    AccountField,
    AccountKind,
    Address,
    BankAccount,
    Buyer,
    Group,
    Line,
    Page,
    PageKind,
    Period,
    Seller,
    TaxSubtotal,
    Totals,
)

_KINDS = {
    Kind.CREDIT_MEMO: PageKind.CREDIT_NOTE,
    Kind.INVOICE: PageKind.INVOICE,
    Kind.DEBIT_MEMO: PageKind.DEBIT_MEMO,
}
PRINTED_KINDS = frozenset(_KINDS)
"""The kinds that have a page."""
_FIELDS = {
    "accountName": AccountField.ACCOUNT_NAME,
    "accountNumber": AccountField.ACCOUNT_NUMBER,
    "bankAddress": AccountField.BANK_ADDRESS,
    "bankName": AccountField.BANK_NAME,
    "bankRoutingNumber": AccountField.ROUTING_NUMBER,
    "bankgiroNumber": AccountField.BANKGIRO_NUMBER,
    "bsb": AccountField.BSB,
    "institutionNumber": AccountField.INSTITUTION_NUMBER,
    "legalName": AccountField.BENEFICIARY,
    "sortCode": AccountField.SORT_CODE,
    "swiftCode": AccountField.SWIFT_CODE,
    "transitNumber": AccountField.TRANSIT_NUMBER,
}
"""The members of a merchant's bank accounts, as Sequence names them."""
_INTERMEDIARY_FIELDS = {
    "bankName": AccountField.INTERMEDIARY_BANK,
    "bankAddress": AccountField.INTERMEDIARY_ADDRESS,
    "swiftCode": AccountField.INTERMEDIARY_SWIFT_CODE,
    "routingNumber": AccountField.INTERMEDIARY_ROUTING_NUMBER,
}
_ACCOUNTS = {
    "ukAccountDetails": AccountKind.UNITED_KINGDOM,
    "usAchDetails": AccountKind.US_ACH,
    "usWireDetails": AccountKind.US_WIRE,
    "caBankAccountDetails": AccountKind.CANADA,
    "canadianInternationalDestination": AccountKind.CANADA_INTERNATIONAL,
    "australianDestination": AccountKind.AUSTRALIA,
    "swedishBankgiroDestination": AccountKind.SWEDEN_BANKGIRO,
}


def page_of(view: DocumentView) -> Page:
    """The page of an invoice, a credit note or a debit memo."""
    document = view.document
    merchant = view.merchant.details
    said = document.particulars or particulars_of(view.account, merchant.get("address", {}).get("country"))
    if said.merchant is not None:
        merchant = said.merchant
    groups = {group.id: group for group in said.groups}
    lines: dict[str | None, list[Item]] = {None: [], **{group_id: [] for group_id in groups}}
    for item in document.items:
        group_id = None if item.details is None else item.details.group_id
        lines[group_id if group_id in groups else None].append(item)
    issued = document.status is not Status.DRAFT
    invoice = view.referred if view.referred is not None and view.referred.kind is Kind.INVOICE else None
    return Page(
        kind=_KINDS[document.kind],
        currency=document.currency,
        seller=_seller(merchant, view.entity.name),
        buyer=_buyer(said),
        totals=_totals(document),
        lines=tuple(_line(item, document.currency) for item in lines[None]),
        groups=tuple(
            _group(group.title, group.description, lines[group.id], document.currency)
            for group in said.groups
            if lines[group.id]
        ),
        taxes=tuple(_taxes(document)),
        number=document.number if document.has_issued_number or document.number_given else None,
        is_voided=document.status is Status.CANCELED,
        issued_on=document.document_date if issued else None,
        due_on=document.due_date if document.kind is Kind.INVOICE and issued else None,
        accounting_date=None if said.accounting_date == document.document_date else said.accounting_date,
        service_period=_period(said),
        invoice_number=None if invoice is None else invoice.number,
        purchase_order_number=said.purchase_order_number,
        reference=said.reference,
        memo=shown_memo(document),
        is_reverse_charge=view.account.profile is not None and view.account.profile.tax_status == "REVERSE_CHARGED",
    )


def _seller(details: Mapping[str, Any], entity_name: str) -> Seller:
    """The seller as it has said, or by the name of its entity until it says something."""
    address = _address(details.get("address"))
    return Seller(
        legal_name=details.get("legalCompanyName") or entity_name,
        address=address,
        tax_id=details.get("taxId"),
        email=details.get("email"),
        phone=details.get("phoneNumber"),
        colour=details.get("primaryColour"),
        custom_fields=tuple((pair["key"], pair["value"]) for pair in details.get("customFields", ())),
        bank_accounts=tuple(_bank_accounts(details, address)),
    )


def _bank_accounts(details: Mapping[str, Any], address: Address | None) -> Iterable[BankAccount]:
    """Every way to pay that the seller names. The address of the seller stands with each, if the seller wants that."""
    shown = details.get("includeBeneficiaryAddressInPaymentDetails") and address
    beneficiary: tuple[tuple[AccountField, str | Address], ...] = ()
    if shown and address is not None:
        beneficiary = ((AccountField.BENEFICIARY_ADDRESS, address),)
    if details.get("iban"):
        yield BankAccount(AccountKind.INTERNATIONAL, ((AccountField.IBAN, details["iban"]), *beneficiary))
    for name, kind in _ACCOUNTS.items():
        given = details.get(name)
        if given:
            rows = (*_rows(given, _FIELDS), *_rows(given.get("intermediaryBank") or {}, _INTERMEDIARY_FIELDS))
            yield BankAccount(kind, (*rows, *beneficiary))


def _rows(given: Mapping[str, Any], names: Mapping[str, AccountField]) -> Iterable[tuple[AccountField, str | Address]]:
    for name, field in names.items():
        value = given.get(name)
        shown = _address(value) if isinstance(value, Mapping) else value
        if shown:
            yield field, shown


def _buyer(said: Particulars) -> Buyer:
    billing, shipping = _address(said.billing_address), _address(said.shipping_address)
    return Buyer(
        name=said.customer_name,
        billing_address=billing,
        shipping_address=None if shipping == billing else shipping,
        tax_id=said.customer_tax_id,
        emails=said.emails,
    )


def _address(given: Where | None) -> Address | None:
    """An address, if there is anything to show of it but its country."""
    if not given or not any(given.get(part) for part in ("line1", "town", "postcode")):
        return None
    return Address(
        line1=given.get("line1", ""),
        line2=given.get("line2"),
        town=given.get("town", ""),
        postcode=given.get("postcode", ""),
        country=given.get("country", ""),
        state=given.get("state"),
    )


def _line(item: Item, currency: str) -> Line:
    title = shown_title(item)
    fields = {} if item.details is None else item.details.fields
    return Line(
        title=title,
        description=item.description if item.description and item.description != title else None,
        net=to_decimal(item.amount_minor, currency),
        tax=to_decimal(item.tax_minor, currency),
        gross=to_decimal(item.amount_minor + item.tax_minor, currency),
        quantity=shown_quantity(item),
        rate=shown_rate(item, currency),
        is_rate_percentage=fields.get("rateDisplay") == "PERCENTAGE",
        tax_rate=shown_tax_rate(item),
        service_period=_days(item.service_start_date, item.service_end_date),
    )


def _group(title: str, description: str | None, items: list[Item], currency: str) -> Group:
    net = sum(item.amount_minor for item in items)
    tax = sum(item.tax_minor for item in items)
    return Group(
        title=title,
        description=description,
        lines=tuple(_line(item, currency) for item in items),
        net=to_decimal(net, currency),
        tax=to_decimal(tax, currency),
        gross=to_decimal(net + tax, currency),
    )


def _taxes(document: Document) -> Iterable[TaxSubtotal]:
    """What is taxed at each rate, from the highest on."""
    nets: dict[Decimal, int] = {}
    taxes: dict[Decimal, int] = {}
    for item in document.items:
        rate = shown_tax_rate(item).normalize()
        nets[rate] = nets.get(rate, 0) + item.amount_minor
        taxes[rate] = taxes.get(rate, 0) + item.tax_minor
    for rate in sorted(nets, reverse=True):
        net, tax = (to_decimal(minor, document.currency) for minor in (nets[rate], taxes[rate]))
        yield TaxSubtotal(rate, net, tax)


def _totals(document: Document) -> Totals:
    currency = document.currency
    settled_minor = document.applied_minor + document.refunded_minor
    return Totals(
        net=to_decimal(document.amount_minor - document.tax_minor, currency),
        tax=to_decimal(document.tax_minor, currency),
        gross=to_decimal(document.amount_minor, currency),
        settled=to_decimal(settled_minor, currency) if settled_minor else None,
        balance=to_decimal(document.open_minor, currency) if settled_minor else None,
    )


def _period(said: Particulars) -> Period | None:
    """The days of the billing period, whose ends may be times."""
    ends = (said.billing_period_start, said.billing_period_end)
    try:
        first, last = (None if end is None else date.fromisoformat(end[:10]) for end in ends)
    except ValueError:
        return None
    return _days(first, last)


def _days(first: date | None, last: date | None) -> Period | None:
    if first is None or last is None or last < first:
        return None
    return Period(first, last)
