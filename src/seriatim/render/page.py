"""Everything that a printed document shows, and its limits. Nothing is computed here: a page shows what it is given.

Amounts are exact decimals with as many places as the currency has (12.50 for EUR, 12 for JPY), as
`seriatim.domain.money.to_decimal` gives them. Texts are plain text: no character of theirs is markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from seriatim.errors import InvalidValue

LINES_MAX = 1000
"""Lines of one page document, in and outside of groups: as many as a document may have."""
GROUPS_MAX = 100
"""Groups of lines of one page document."""
TEXT_CHARACTERS_MAX = 20_000
"""Characters of one text, such as a title or the memo."""
PAGE_CHARACTERS_MAX = 500_000
"""Characters of all texts of one document together; with `LINES_MAX` it bounds time (10 seconds) and memory (1 GB)."""


class PageKind(StrEnum):
    """What the document calls itself."""

    CREDIT_NOTE = "credit_note"
    INVOICE = "invoice"
    DEBIT_MEMO = "debit_memo"


class AccountKind(StrEnum):
    """Where a bank account is, or how money reaches it: the heading over its rows."""

    INTERNATIONAL = "international"
    UNITED_KINGDOM = "united_kingdom"
    US_ACH = "us_ach"
    US_WIRE = "us_wire"
    CANADA = "canada"
    CANADA_INTERNATIONAL = "canada_international"
    AUSTRALIA = "australia"
    SWEDEN_BANKGIRO = "sweden_bankgiro"


class AccountField(StrEnum):
    """What one row of a bank account is."""

    ACCOUNT_NAME = "account_name"
    ACCOUNT_NUMBER = "account_number"
    BANK_ADDRESS = "bank_address"
    BANK_NAME = "bank_name"
    BANKGIRO_NUMBER = "bankgiro_number"
    BENEFICIARY = "beneficiary"
    BENEFICIARY_ADDRESS = "beneficiary_address"
    BSB = "bsb"
    IBAN = "iban"
    INSTITUTION_NUMBER = "institution_number"
    INTERMEDIARY_ADDRESS = "intermediary_address"
    INTERMEDIARY_BANK = "intermediary_bank"
    INTERMEDIARY_ROUTING_NUMBER = "intermediary_routing_number"
    INTERMEDIARY_SWIFT_CODE = "intermediary_swift_code"
    ROUTING_NUMBER = "routing_number"
    SORT_CODE = "sort_code"
    SWIFT_CODE = "swift_code"
    TRANSIT_NUMBER = "transit_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; its parts are put in the order that the country is used to."""

    line1: str
    town: str
    postcode: str
    country: str
    """ISO 3166-1 alpha-2; its name is written out in the document's language."""
    line2: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class BankAccount:
    """One way to pay the seller, row by row in the order given."""

    kind: AccountKind
    rows: tuple[tuple[AccountField, str | Address], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who issued the document."""

    legal_name: str
    address: Address | None = None
    tax_id: str | None = None
    email: str | None = None
    phone: str | None = None
    colour: str | None = None
    """`#rrggbb`, an accent; text takes it only if it is readable on white. Anything else is passed over."""
    custom_fields: tuple[tuple[str, str], ...] = ()
    bank_accounts: tuple[BankAccount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """To whom the document is addressed."""

    name: str
    billing_address: Address | None = None
    shipping_address: Address | None = None
    """Shown where it differs from the billing address."""
    tax_id: str | None = None
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; what is None is left out or its cell left empty."""

    title: str
    net: Decimal
    gross: Decimal
    tax: Decimal
    description: str | None = None
    quantity: Decimal | None = None
    rate: Decimal | None = None
    """The price of one, with as many places as it needs; or a fraction, if `is_rate_percentage`."""
    is_rate_percentage: bool = False
    tax_rate: Decimal | None = None
    """A fraction: 0.2 is 20 %."""
    service_period: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines under a heading, with what they come to."""

    title: str
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    description: str | None = None


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """What is taxed at one rate, and the tax on it."""

    rate: Decimal | None
    """A fraction; None where the tax is no single rate's."""
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the document comes to."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    settled: Decimal | None = None
    """Of an invoice: paid or credited so far; of a credit note: applied or refunded so far."""
    balance: Decimal | None = None
    """What remains to be paid, or to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One document as its reader sees it. Dates and texts that are None are left out."""

    kind: PageKind
    currency: str
    """ISO 4217."""
    seller: Seller
    buyer: Buyer
    totals: Totals
    lines: tuple[Line, ...] = ()
    """Lines outside of groups; they come first."""
    groups: tuple[Group, ...] = ()
    taxes: tuple[TaxSubtotal, ...] = ()
    number: str | None = None
    """None: the document is a draft, and says so on every page."""
    is_voided: bool = False
    """Says so on every page."""
    issued_on: date | None = None
    due_on: date | None = None
    accounting_date: date | None = None
    service_period: Period | None = None
    invoice_number: str | None = None
    """The invoice that is credited."""
    purchase_order_number: str | None = None
    reference: str | None = None
    memo: str | None = None
    is_reverse_charge: bool = False
    """Whether the buyer owes the tax, which the document must say (EU directive 2006/112/EC, article 226 (11a))."""
    locale: str = "en"
    """A language tag such as `de-CH`: formats of figures and dates; words where `words.LANGUAGES` has the language."""


def all_lines(page: Page) -> Iterator[Line]:
    """The lines in the order in which they are shown."""
    yield from page.lines
    for group in page.groups:
        yield from group.lines


def all_amounts(page: Page) -> Iterator[Decimal]:
    """Every amount of the document's currency, prices of one excepted: they may have more places."""
    parts: tuple[Totals | Group | Line, ...] = (page.totals, *page.groups, *all_lines(page))
    for part in parts:
        yield from (part.net, part.tax, part.gross)
    for subtotal in page.taxes:
        yield from (subtotal.net, subtotal.tax)
    for amount in (page.totals.settled, page.totals.balance):
        if amount is not None:
            yield amount


def check_limits(page: Page) -> None:
    """Check what bounds the time and memory of setting the page, and that all amounts have the same places.

    Raises: InvalidValue, naming the limit.
    """
    counts = (("lines", sum(1 for _ in all_lines(page)), LINES_MAX), ("groups", len(page.groups), GROUPS_MAX))
    for name, count, limit in counts:
        if count > limit:
            raise InvalidValue(name, count, f"a printed document has at most {limit} {name}")
    characters = 0
    for text in _texts(page):
        characters += len(text)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise InvalidValue(
                "text", text, f"a text of a printed document has at most {TEXT_CHARACTERS_MAX} characters"
            )
    if characters > PAGE_CHARACTERS_MAX:
        rule = f"the texts of a printed document have at most {PAGE_CHARACTERS_MAX} characters together"
        raise InvalidValue("text", characters, rule)
    places = {amount.as_tuple().exponent for amount in all_amounts(page)}
    if len(places) > 1:
        raise InvalidValue("amount", sorted(map(str, places)), "give all amounts with the places of the currency")


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of this module, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
