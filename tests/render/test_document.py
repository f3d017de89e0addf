"""What is read out of the printed document: short, long, in groups, and in other scripts."""

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from seriatim.render.document import render
from seriatim.render.page import LINES_MAX, Address, Buyer, PageKind
from tests.render.books import BUYER, SELLER, a_group, a_line, a_page, a_short_page, pages_of, squeezed, text_of

SHORT = """
Fairweather Instruments Ltd
64 Cloth Fair
Second floor
London EC1A 7JQ
United Kingdom
Tax ID: GB 123 4567 89
Company number: 01234567
billing@fairweather.example
+44 20 7946 0018
Credit note
CM00000042
Credited to
Hollis & Marsh GmbH
Torstraße 12
10119 Berlin
Germany
Tax ID: DE 811 907 980
accounts@hollis-marsh.example
Issue date 20 November 2026
Accounting date 30 November 2026
Service period 1 Oct 2026 \N{EN DASH} 31 Oct 2026
Credits invoice INV00001234
Purchase order PO-7781
Reference Ticket 5521
Currency GBP
Description Quantity Unit price Net Tax rate Tax Gross
1 Handheld spectrometer
Returned unopened
2.0 1,249.000 2,498.00 20% 499.60 2,997.60
2 Calibration
1 Oct 2026 \N{EN DASH} 31 Oct 2026
1.5 85.125 127.69 20% 25.54 153.23
3 User manual, printed 10.0 4.500 45.00 0% 0.00 45.00
Tax rate Net Tax
20% 2,625.69 525.14
0% 45.00 0.00
Net total £2,670.69
Total tax £525.14
Total £3,195.83
Applied or refunded -£100.00
Credit remaining £3,095.83
Note
Two were returned unopened.
Thank you.
Payment details
United Kingdom
Sort code 20-00-00
Account number 55779911
International transfer
IBAN GB33 BUKB 2020 1555 5555 55
Beneficiary address Torstraße 12, 10119 Berlin,
Germany
Page 1 / 1
"""


def test_a_short_credit_note_reads_from_top_to_bottom() -> None:
    (lines,) = pages_of(a_short_page())
    assert [line.strip() for line in lines] == SHORT.strip().splitlines()


def test_an_untaxed_invoice_has_no_columns_of_tax() -> None:
    page = a_page(
        (a_line("Seat", "3", "5", "0"),),
        kind=PageKind.INVOICE,
        number="INV00000001",
        due_on=date(2026, 12, 20),
        currency="USD",
        locale="en-US",
    )
    (lines,) = pages_of(page)
    assert "Billed to" in lines
    assert "Due date December 20, 2026" in lines
    assert "Description Quantity Unit price Amount" in lines
    assert "1 Seat 3 5.00 15.00" in lines
    assert "Total $15.00" in lines
    assert "Tax rate" not in "".join(lines)


def test_a_document_of_a_thousand_lines_repeats_its_headings_and_counts_its_pages() -> None:
    groups = tuple(
        a_group(f"Site {site}", tuple(a_line(f"Sensor {site}-{each}") for each in range(100)), description="Field work")
        for site in range(10)
    )
    sheets = pages_of(a_page(groups=groups))
    assert len(sheets) > 20
    shown = [line for lines in sheets for line in lines]
    for count, lines in enumerate(sheets, start=1):
        assert f"Page {count} / {len(sheets)}" in lines
        assert "Description Quantity Unit price Net Tax rate Tax Gross" in lines
        headings = [line for line in lines if line.startswith("Site ")]
        first = next(line for line in lines if "Sensor" in line).split("Sensor ")[1].split("-")[0]
        assert headings[0] == f"Site {first}"
        assert ("Fairweather Instruments Ltd Credit note CM00000042" in lines) == (count > 1)
    titles = [line.split()[2] for line in shown if line.split()[1:2] == ["Sensor"]]
    assert titles == [f"{site}-{each}" for site in range(10) for each in range(100)]
    assert [line.split()[0] for line in shown if "Sensor" in line] == [str(each) for each in range(1, LINES_MAX + 1)]
    assert shown.count("Subtotal 2,000.00 400.00 2,400.00") == 10


@pytest.mark.parametrize("count", range(20, 50))
def test_headings_and_totals_never_stand_alone(count: int) -> None:
    lines = tuple(a_line(f"Sensor {each}") for each in range(count))
    sheets = pages_of(a_page(lines, (a_group("Spares", (a_line("Sensor X"),), description="From stock"),)))
    for shown in sheets:
        for place, line in enumerate(shown):
            if line == "Spares":
                assert shown[place + 1] == "From stock"
                assert "Sensor X" in shown[place + 2]
            if line.startswith("Total £"):
                assert any("Sensor X" in before for before in shown[:place])


@pytest.mark.parametrize(
    ("name", "title"), (("Ελληνικά Όργανα Α.Ε.", "Φασματόμετρο χειρός"), ("ТОВ «Прилади»", "Калібрування ґ є ї"))
)
def test_greek_and_cyrillic_are_set_in_the_font_that_comes_along(name: str, title: str) -> None:
    page = a_short_page(
        seller=replace(SELLER, legal_name=name), lines=(a_line(title, description="Ł ő ğ ț ø ß € ₴ ₺ ₹"),), locale="el"
    )
    (lines,) = pages_of(page)
    assert lines[0] == name
    assert f"1 {title}" in lines
    assert "Ł ő ğ ț ø ß € ₴ ₺ ₹" in lines
    fonts = PdfReader(BytesIO(render(page))).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert all("NotoSans" in font.get_object()["/BaseFont"] for font in fonts.values())


def test_other_scripts_fall_back_and_never_fail() -> None:
    buyer = Buyer(
        name="北京光学有限公司 Beijing",
        billing_address=Address(line1="שירות כיול 5", town="مدينة", postcode="1", country="IL", state="🙂"),
    )
    text = text_of(a_short_page(buyer=buyer, lines=(a_line("अंशांकन सेवा"), a_line("校准服务 9"), a_line("ไทย"))))
    for shown in ("Beijing", "שירות", "مدينة", "9 2 10.00 20.00 20% 4.00 24.00", "Credit remaining"):
        assert shown in text


def test_drafts_and_voided_documents_say_so_on_every_page() -> None:
    lines = tuple(a_line(f"Sensor {each}") for each in range(60))
    for page, word in ((a_page(lines, number=None), "DRAFT"), (a_page(lines, is_voided=True), "VOID")):
        sheets = pages_of(page)
        assert len(sheets) > 1
        assert all(word in sheet for sheet in sheets)
    for lines_shown in pages_of(a_page(lines)):
        assert not {"DRAFT", "VOID"} & set(lines_shown)


@pytest.mark.parametrize(("country", "size"), (("DE", (595, 842)), ("US", (612, 792)), ("CA", (612, 792))))
def test_the_paper_is_the_sellers(country: str, size: tuple[int, int]) -> None:
    address = Address(line1="1 Main Street", town="Town", postcode="1", country=country)
    page = a_short_page(seller=replace(SELLER, address=address))
    box = PdfReader(BytesIO(render(page))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_the_same_page_gives_the_same_bytes_and_carries_no_date_but_its_own() -> None:
    assert render(a_short_page()) == render(a_short_page())
    assert render(a_short_page()) != render(a_short_page(number="CM00000043"))
    dated = PdfReader(BytesIO(render(a_short_page()))).metadata
    undated = PdfReader(BytesIO(render(a_short_page(issued_on=None)))).metadata
    assert dated is not None
    assert undated is not None
    assert (dated.title, dated.author) == ("Credit note CM00000042", "Fairweather Instruments Ltd")
    assert dated.creation_date is not None
    assert dated.creation_date.date() == date(2026, 11, 20)
    assert undated.creation_date is None
    assert undated.modification_date is None


def test_a_page_with_little_on_it_is_set() -> None:
    page = a_page(seller=replace(SELLER, legal_name="", address=None), buyer=Buyer(name=""), issued_on=None)
    assert "Total £0.00" in text_of(page)


def test_what_is_said_only_where_it_holds() -> None:
    shipped = Address(line1="Hafenstraße 8", town="Hamburg", postcode="20459", country="DE")
    page = a_short_page(is_reverse_charge=True, buyer=replace(BUYER, shipping_address=shipped))
    assert "Reverse charge" in text_of(page)
    assert "20459 Hamburg" in text_of(page)
    plain = a_short_page(buyer=replace(BUYER, shipping_address=BUYER.billing_address))
    assert "Reverse charge" not in text_of(plain)
    assert "Shipped to" not in text_of(plain)


def test_large_amounts_take_the_room_of_the_lesser_ones() -> None:
    page = a_page((a_line("Satellite", "1", "9999999999.99"),))
    (lines,) = pages_of(page)
    assert "Description Quantity Unit price Net Tax rate" in lines
    assert "1 Satellite 1 9,999,999,999.99 9,999,999,999.99 20%" in lines
    assert "Total £11,999,999,999.99" in lines


def test_a_percentage_and_absent_figures() -> None:
    percentage = replace(a_line("Discount", rate="0.125"), is_rate_percentage=True)
    bare = replace(a_line("Flat fee"), quantity=None, rate=None, tax_rate=None)
    text = squeezed(text_of(a_page((percentage, bare, a_line("Seat", rate="0.0125", quantity="100")))))
    assert "1Discount212.5%" in text
    assert "2Flatfee20.004.0024.00" in text
    assert "3Seat1000.01251.2520%0.251.50" in text


def test_the_totals_are_shown_to_the_last_of_many_digits() -> None:
    exact = Decimal("123456789012345678901234567890.123456789012345678901234567890")
    text = squeezed(text_of(a_page((replace(a_line("Exact"), quantity=exact, rate=exact),))))
    assert text.count("123,456,789,012,345,678,901,234,567,890.12345678901234567890123456789") == 2


@pytest.mark.parametrize("place", ("heading", "last line", "taxes"))
def test_what_is_longer_than_a_page_breaks_and_loses_nothing(place: str) -> None:
    rows = [f"row {each}" for each in range(150)]
    long = "\n".join(rows)
    page = {
        "heading": a_page(groups=(a_group("Long", (a_line("Sensor"),), description=long),)),
        "last line": a_page((a_line("Sensor", description=long),)),
        "taxes": a_page(tuple(a_line(row, tax_rate=f"0.{each:03}") for each, row in enumerate(rows))),
    }[place]
    sheets = pages_of(page)
    shown = [line for lines in sheets for line in lines]
    assert len(sheets) > 2
    assert all(any(row in line for line in shown) for row in rows)
    assert sum(line.startswith("Total £") for line in shown) == 1
    if place == "taxes":
        assert sum(line.endswith("% 20.00 2.98") for line in shown) == 1
