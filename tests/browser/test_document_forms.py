"""Documents made by form: numbered once, read through both APIs, and refused at their fields."""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

import httpx2
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.books import (
    Books,
    alert,
    figure,
    fill_line,
    follow,
    heading,
    notice,
    open_books,
    press,
)
from tests.browser.site import Site, token_of
from tests.sequence.client import ContractApi
from tests.servers import Api, decode


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[Api]:
    with site.server.api() as api:
        yield api


@pytest.fixture
def books(site: Site, api: Api) -> Books:
    return open_books(site, api)


def cookies_of(page: Page) -> dict[str, str]:
    return {str(cookie["name"]): str(cookie["value"]) for cookie in page.context.cookies()}


def test_a_credit_memo_made_here_is_read_through_both_apis(books: Books, site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(books.new("credit-memo"))
        fill_line(page, 0, description="Hours not worked", quantity="4", amount="1,000.00", tax="190")
        fill_line(page, 2, description="Goodwill", amount="20.5")
        page.get_by_label("Comment").fill("We are sorry.")
        press(page, "Create and post")
        notice(page, "The credit memo is posted")
        number = books.number("C")
        assert number in heading(page)
        assert figure(page, "Total") == "€1,210.50"
        assert figure(page, "Open") == "€1,210.50"
        expect(page.locator(".timeline")).to_contain_text(f"took the number {number}")
        expect(page.locator(".timeline")).to_contain_text(site.admin.name)
        pdf_url = page.locator("iframe").get_attribute("src")
        assert pdf_url is not None
        printed = page.request.get(pdf_url)
        assert (printed.status, printed.headers["content-type"]) == (200, "application/pdf")
        assert printed.headers["content-disposition"].startswith("inline")
        text = PdfReader(BytesIO(printed.body())).pages[0].extract_text()
        assert number in text
        assert "Hours not worked" in text
        assert "We are sorry." in text
        with page.expect_download() as download:
            follow(page, "Download")
        assert download.value.suggested_filename == f"credit-memo-{number}.pdf"
    as_zuora = books.api.ok("GET", f"/v1/credit-memos/{number}")
    assert (as_zuora["status"], as_zuora["comment"]) == ("Posted", "We are sorry.")
    assert as_zuora["amount"] == Decimal("1210.50")
    lines = books.api.ok("GET", f"/v1/credit-memos/{number}/items")["items"]
    assert [(line["description"], line["quantity"]) for line in lines] == [("Hours not worked", 4), ("Goodwill", None)]
    with ContractApi(site.url, site.server.require_admin()) as sequence:
        as_sequence = sequence.get(f"/credit-notes/{as_zuora['id']}")
        assert (as_sequence["creditNoteNumber"], as_sequence["status"]) == (number, "FINAL")
        assert Decimal(as_sequence["grossTotal"]) == Decimal("1210.50")


def test_the_viewer_of_the_browser_shows_the_pdf(books: Books, site: Site) -> None:
    memo = books.memo()
    # The viewer is a page of the browser's own, which it puts into the frame for what it takes to be a PDF.
    with (
        site.visit(site.admin) as page,
        page.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-extension://")),
    ):
        page.goto(books.path("documents", memo["id"]))


def test_lines_can_be_added_and_what_was_typed_is_kept(books: Books, site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(books.new("invoice"))
        fill_line(page, 0, description="First", amount="1")
        press(page, "More lines")
        expect(page.locator("[data-line]")).to_have_count(4 if script else 6)
        assert page.locator('[name="lines[0].description"]').input_value() == "First"
        fill_line(page, 3, description="Last", amount="2")
        page.get_by_label("Due date").fill("2027-01-31")
        press(page, "Save as draft")
        notice(page, "The invoice is saved as a draft")
        assert "TMP-INV-" in heading(page)
        assert figure(page, "Total") == "€3.00"
        expect(page.locator("header", has_text="due")).to_contain_text("31 Jan 2027")


def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(books: Books, site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(books.new("debit-memo"))
        fill_line(page, 0, description="Fee", amount="ten")
        fill_line(page, 1, amount="10.005", description="Too fine")
        fill_line(page, 2, amount="5")
        page.get_by_label("Comment").fill("Stays")
        press(page, "Create and post")
        errors = page.locator(".field-error").all_inner_texts()
        assert [error.strip() for error in errors] == [
            "'ten' is not allowed here; give a decimal number such as 100.10.",
            "10.005 is not allowed here; EUR amounts have at most 2 decimals.",
            "Say what the line is for.",
        ]
        assert page.locator('[name="lines[0].amount"]').input_value() == "ten"
        assert page.get_by_label("Comment").input_value() == "Stays"
        expect(alert(page)).to_contain_text("Some fields need another look")
        fill_line(page, 0, amount="10")
        fill_line(page, 1, amount="-10")
        fill_line(page, 2, description="Named now")
        press(page, "Create and post")
        expect(page.get_by_text("-10 is not allowed here; give an amount of zero or more")).to_be_visible()
    assert books.api.ok("GET", f"/v1/debit-memos?accountNumber={books.account_number}")["debitmemos"] == []


def test_amounts_are_typed_as_the_reader_writes_them(books: Books, site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script, locale="de-DE") as page:
        page.goto(books.new("invoice"))
        fill_line(page, 0, description="Stunden", amount="1.234,50")
        fill_line(page, 1, description="Punkt", amount="1234.50")
        press(page, "Create and post")
        notice(page, "is posted")
        assert figure(page, "Total") == "2.469,00\N{NO-BREAK SPACE}€"


def test_a_form_that_is_sent_twice_numbers_once(books: Books, site: Site) -> None:
    with site.visit(site.admin) as page:
        page.goto(books.new("credit-memo"))
        cookies = cookies_of(page)
        with httpx2.Client(base_url=site.url, cookies=cookies) as http:
            shown = http.get(books.new("credit-memo")).text
            once = shown.split('name="once" value="')[1].split('"')[0]
            form = {
                "csrf_token": token_of(shown),
                "once": once,
                "account": books.account_number,
                "lines[0].description": "Once",
                "lines[0].amount": "10",
                "action": "post",
            }
            path = books.path("documents", "new", "credit-memo")
            refused = http.post(path, data={**form, "lines[0].amount": "nothing"})
            answers = [http.post(path, data=form) for _ in range(3)]
            without = http.post(path, data={**form, "once": ""})
            nobody = http.post(path, data={**form, "account": ""})
    assert refused.status_code == 422
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert without.status_code == 400
    assert "one-time id" in without.text
    assert nobody.status_code == 422
    assert "Choose the account that the document is made out to" in nobody.text
    memos = books.api.ok("GET", f"/v1/credit-memos?accountNumber={books.account_number}")["creditmemos"]
    assert [memo["number"] for memo in memos] == [books.number("C")]


def test_a_payment_settles_an_invoice_is_taken_back_and_refunded(books: Books, site: Site, *, script: bool) -> None:
    invoice = books.invoice("80.00")
    with site.visit(site.admin, script=script) as page:
        page.goto(books.new("payment"))
        page.get_by_label("Amount").fill("100")
        page.get_by_label("Pays").fill("nobody")
        press(page, "Take in the payment")
        expect(page.get_by_text("No invoice or debit memo has this number")).to_be_visible()
        page.get_by_label("Pays").fill(invoice["invoiceNumber"])
        page.get_by_label("Method").select_option("Bank transfer")
        press(page, "Take in the payment")
        notice(page, "The payment is taken in")
        assert books.number("P-") in heading(page)
        assert (figure(page, "Applied"), figure(page, "Open")) == ("€80.00", "€20.00")
        follow(page, invoice["invoiceNumber"])
        assert figure(page, "Open") == "€0.00"
        follow(page, "Take back")
        page.get_by_label("Amount").fill("80.01")
        press(page, "Take back")
        expect(alert(page)).to_contain_text("80.01 EUR cannot be unapplied: only 80.00 EUR")
        page.get_by_label("Amount").fill("30")
        press(page, "Take back")
        notice(page, f"is taken back from the invoice {invoice['invoiceNumber']}")
        assert (figure(page, "Applied"), figure(page, "Open")) == ("€50.00", "€50.00")
        follow(page, "Refund")
        assert page.get_by_label("Amount").input_value() == "50.00"
        page.get_by_label("Amount").fill("60")
        press(page, "Refund")
        expect(alert(page)).to_contain_text("only 50.00 EUR of the payment")
        page.get_by_label("Take it back first").check()
        press(page, "Refund")
        notice(page, "is refunded")
        assert books.number("R-") in heading(page)
        follow(page, books.number("P-"))
        shown = [figure(page, label) for label in ("Applied", "Refunded", "Open")]
        assert shown == ["€0.00", "€60.00", "€40.00"]
    payment = books.api.ok("GET", f"/v1/payments/{books.number('P-')}")
    assert (payment["refundAmount"], payment["methodType"]) == (60, "Bank transfer")


def test_a_credit_memo_is_applied_from_either_side(books: Books, site: Site, *, script: bool) -> None:
    first, second, memo = books.invoice("30.00"), books.invoice("50.00"), books.memo("100.00")
    other_account = open_books(site, books.api).invoice("10.00")
    with site.visit(site.admin, script=script) as page:
        page.goto(books.path("documents", memo["id"]))
        follow(page, "Apply")
        page.get_by_label(f"Invoice {first['invoiceNumber']}").check()
        press(page, "Apply")
        notice(page, f"is applied to the invoice {first['invoiceNumber']}")
        assert figure(page, "Open") == "€70.00"
        follow(page, "Apply")
        assert page.get_by_label(f"Invoice {first['invoiceNumber']}").count() == 0
        page.get_by_label("Another one", exact=True).check()
        press(page, "Apply")
        expect(page.get_by_text("Give the number of a document")).to_be_visible()
        page.get_by_label("Number of another one").fill(other_account["invoiceNumber"])
        press(page, "Apply")
        expect(alert(page)).to_contain_text("apply within one account")
        page.goto(books.path("documents", second["id"]))
        follow(page, "Apply a credit or payment")
        page.get_by_label(f"Credit memo {memo['number']}").check()
        page.get_by_label("Amount").fill("50.01")
        press(page, "Apply")
        expect(alert(page)).to_contain_text("only 50.00 EUR of the invoice")
        page.get_by_label("Amount").fill("20")
        press(page, "Apply")
        notice(page, f"is applied to the invoice {second['invoiceNumber']}")
        assert figure(page, "Open") == "€30.00"
        follow(page, memo["number"])
        assert figure(page, "Open") == "€50.00"
    parts = decode(books.api.get(f"/v1/credit-memos/{memo['id']}/parts"))["parts"]
    assert [(part["invoiceId"], part["amount"]) for part in parts] == [(first["id"], 30), (second["id"], 20)]


def test_without_an_account_the_form_says_what_to_do_first(site: Site) -> None:
    site.server.run_cli_json("entity", "create", "--name", "Bare")
    entity_id = site.entity_id("Bare")
    with site.visit(site.admin) as page:
        page.goto(f"/console/e/{entity_id}/documents/new/invoice")
        expect(page.get_by_role("link", name="New account")).to_be_visible()
        page.goto(f"/console/e/{entity_id}/documents")
        expect(page.get_by_role("link", name="New account")).to_be_visible()
        assert page.get_by_role("link", name="New invoice").count() == 0
