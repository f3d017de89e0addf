"""Pages to print, and what is read out of the PDF that comes of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from seriatim.render.document import render
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

LONDON = Address(line1="64 Cloth Fair", line2="Second floor", town="London", postcode="EC1A 7JQ", country="GB")
BERLIN = Address(line1="Torstraße 12", town="Berlin", postcode="10119", country="DE")
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
CENT = Decimal("0.01")

SELLER = Seller(
    legal_name="Fairweather Instruments Ltd",
    address=LONDON,
    tax_id="GB 123 4567 89",
    email="billing@fairweather.example",
    phone="+44 20 7946 0018",
    colour="#0b5c8a",
    custom_fields=(("Company number", "01234567"),),
    bank_accounts=(
        BankAccount(
            AccountKind.UNITED_KINGDOM,
            ((AccountField.SORT_CODE, "20-00-00"), (AccountField.ACCOUNT_NUMBER, "55779911")),
        ),
        BankAccount(
            AccountKind.INTERNATIONAL,
            ((AccountField.IBAN, "GB33BUKB20201555555555"), (AccountField.BENEFICIARY_ADDRESS, BERLIN)),
        ),
    ),
)
BUYER = Buyer(
    name="Hollis & Marsh GmbH",
    billing_address=BERLIN,
    tax_id="DE 811 907 980",
    emails=("accounts@hollis-marsh.example",),
)


def a_line(title: str, quantity: str = "2", rate: str = "10.00", tax_rate: str = "0.2", **more: Any) -> Line:
    net = (Decimal(quantity) * Decimal(rate)).quantize(CENT)
    tax = (net * Decimal(tax_rate)).quantize(CENT)
    figures: dict[str, Any] = {"quantity": Decimal(quantity), "rate": Decimal(rate), "tax_rate": Decimal(tax_rate)}
    return Line(title=title, net=net, tax=tax, gross=net + tax, **figures, **more)


def a_group(title: str, lines: tuple[Line, ...], **more: Any) -> Group:
    net, tax, gross = sums(lines)
    return Group(title=title, lines=lines, net=net, tax=tax, gross=gross, **more)


def sums(lines: Iterable[Line]) -> tuple[Decimal, Decimal, Decimal]:
    parts = [(line.net, line.tax, line.gross) for line in lines]
    net, tax, gross = (
        (sum(column, Decimal("0.00")) for column in zip(*parts, strict=True)) if parts else (CENT * 0,) * 3
    )
    return net, tax, gross


def a_page(lines: tuple[Line, ...] = (), groups: tuple[Group, ...] = (), **more: Any) -> Page:
    everything = [*lines, *(line for group in groups for line in group.lines)]
    net, tax, gross = sums(everything)
    taxes = []
    for rate in sorted({line.tax_rate for line in everything if line.tax_rate is not None}, reverse=True):
        part = sums(line for line in everything if line.tax_rate == rate)
        taxes.append(TaxSubtotal(rate, part[0], part[1]))
    page = Page(
        kind=PageKind.CREDIT_NOTE,
        currency="GBP",
        seller=SELLER,
        buyer=BUYER,
        lines=lines,
        groups=groups,
        taxes=tuple(taxes),
        totals=Totals(net=net, tax=tax, gross=gross),
        number="CM00000042",
        issued_on=date(2026, 11, 20),
        locale="en-GB",
    )
    return replace(page, **more)


def a_short_page(**more: Any) -> Page:
    lines = (
        a_line("Handheld spectrometer", rate="1249.00", description="Returned unopened"),
        a_line("Calibration", "1.5", "85.125", service_period=OCTOBER),
        a_line("User manual, printed", "10", "4.50", "0"),
    )
    page = a_page(
        lines,
        service_period=OCTOBER,
        accounting_date=date(2026, 11, 30),
        invoice_number="INV00001234",
        purchase_order_number="PO-7781",
        reference="Ticket 5521",
        memo="Two were returned unopened.\nThank you.",
    )
    totals = replace(page.totals, settled=Decimal("100.00"), balance=page.totals.gross - 100)
    return replace(page, totals=totals, **more)


def pages_of(page: Page) -> list[list[str]]:
    """The lines of text of every printed page."""
    return [sheet.extract_text().splitlines() for sheet in PdfReader(BytesIO(render(page))).pages]


def text_of(page: Page) -> str:
    """All text that is printed, without the ends of lines, which a narrow column may put anywhere."""
    return "".join("".join(lines) for lines in pages_of(page))


def squeezed(text: str) -> str:
    """The text without blanks, as blanks at ends of lines are lost."""
    return "".join(text.split())
