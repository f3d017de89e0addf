"""Documents as they are found, looked at and taken through their life."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.books import (
    Books,
    alert,
    figure,
    follow,
    heading,
    notice,
    numbers_listed,
    open_books,
    press,
)
from tests.browser.site import Person, Site, token_of
from tests.sequence.client import ContractApi
from tests.sequence.support import create_customer, create_invoice, new_line
from tests.servers import Api, Json, decode

PAGE_DOCUMENTS = 50


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[Api]:
    with site.server.api() as api:
        yield api


@pytest.fixture
def books(site: Site, api: Api) -> Books:
    return open_books(site, api)


def steps_shown(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".page-head-actions a").all_inner_texts()]


def test_a_draft_is_posted_after_it_is_said_which_number_it_takes(books: Books, site: Site, *, script: bool) -> None:
    memo = books.memo(autoPost=False)
    with site.visit(site.admin, script=script) as page:
        page.goto(books.path("documents", memo["id"]))
        assert steps_shown(page) == ["Post", "Cancel the document", "Void", "Delete the draft"]
        expect(page.get_by_text("No number of a series yet")).to_be_visible()
        follow(page, "Post")
        expect(page.locator(".number-large")).to_have_text(books.number("C"))
        expect(page.get_by_text("if nobody comes first")).to_be_visible()
        # Somebody does.
        first = books.memo()
        assert first["number"] == books.number("C")
        press(page, "Post")
        notice(page, f"The credit memo {books.number('C', 2)} is posted")
        assert books.number("C", 2) in heading(page)
        assert page.locator(".badge").first.inner_text() == "Posted"
        entry = page.locator("section.card", has_text="Register entry")
        expect(entry).to_contain_text(f"{books.prefix}C")
        expect(entry).to_contain_text(site.admin.name)
        moments = [text.replace("\n", " ") for text in page.locator(".timeline li").all_inner_texts()]
        assert len(moments) == 2
        assert moments[0].startswith("Created")
        assert "first admin" in moments[0]
        assert moments[1].startswith(f"Posted, and took the number {books.number('C', 2)}")
        assert site.admin.name in moments[1]
    assert books.api.ok("GET", f"/v1/credit-memos/{memo['id']}")["number"] == books.number("C", 2)
    with ContractApi(site.url, site.server.require_admin()) as sequence:
        assert sequence.get(f"/credit-notes/{memo['id']}")["creditNoteNumber"] == books.number("C", 2)


def test_what_a_rule_forbids_is_told_in_its_words(books: Books, site: Site, *, script: bool) -> None:
    memo, invoice = books.memo("100.00"), books.invoice("30.00")
    apply = {"invoices": [{"invoiceId": invoice["id"], "amount": 30}]}
    books.api.ok("PUT", f"/v1/credit-memos/{memo['id']}/apply", apply)
    words = f"The credit memo {memo['number']} cannot be voided: 30.00 EUR are applied and 0.00 EUR refunded"
    with site.visit(site.admin, script=script) as page:
        page.goto(books.path("documents", memo["id"]))
        assert "Void" not in steps_shown(page)
        page.get_by_text("What is not possible now, and why").click()
        expect(page.locator("details.disclosure")).to_contain_text(words)
        page.goto(books.path("documents", memo["id"], "step", "void"))
        expect(page.get_by_text(words)).to_be_visible()
        assert page.get_by_role("main").get_by_role("button").count() == 0
        page.goto(books.path("documents", memo["id"], "step", "post"))
        expect(page.get_by_text("post is allowed only while it is draft")).to_be_visible()
        token = token_of(page.content())
        form: dict[str, str | float | bool] = {"csrf_token": token, "once": "0" * 32}
        answer = page.request.post(books.path("documents", memo["id"], "step", "void"), form=form)
        assert answer.status == 409
        assert words in answer.text()


def test_every_step_of_a_credit_memo_does_what_it_says(books: Books, site: Site, *, script: bool) -> None:
    memo = books.memo(autoPost=False)
    number = books.number("C")
    with site.visit(site.admin, script=script) as page:

        def take(step: str) -> None:
            page.goto(books.path("documents", memo["id"]))
            follow(page, step)
            press(page, step)

        take("Post")
        take("Mark as sent")
        notice(page, f"The credit memo {number} is marked as sent")
        expect(page.locator("h1 .badge")).to_have_text(["Posted", "Sent"])
        take("Make it a draft again")
        notice(page, f"The credit memo {number} is a draft again")
        page.goto(books.path("documents", memo["id"], "step", "post"))
        expect(page.get_by_text(f"It keeps its number {number}: no other is taken")).to_be_visible()
        press(page, "Post")
        take("Void")
        expect(page.locator("h1 .badge").first).to_have_text("Canceled")
        told = page.locator(".timeline").inner_text()
        for deed in ("Created", "Posted", "Unpost credit memo", "Canceled"):
            assert deed in told
        page.get_by_text("What is not possible now, and why").click()
        expect(page.locator("details.disclosure")).to_contain_text("has been issued and keeps its number")
        other = books.memo(autoPost=False)
        page.goto(books.path("documents", other["id"], "step", "discard"))
        press(page, "Delete the draft")
        notice(page, "is deleted")
        assert other["number"] not in numbers_listed(page)
    assert books.api.ok("GET", f"/v1/credit-memos/{memo['id']}")["status"] == "Canceled"
    assert books.memo()["number"] == books.number("C", 2)


def test_a_document_of_sequence_goes_as_its_api_takes_it(site: Site) -> None:
    with ContractApi(site.url, site.server.require_admin()) as sequence:
        customer = create_customer(sequence)
        empty = sequence.post("/invoices", {"customerId": customer["id"], "currency": "EUR"})
        draft = create_invoice(sequence, customer["id"], new_line("100.00"))
        with site.visit(site.admin) as page:
            path = f"/console/e/{site.entity_id()}/documents"
            page.goto(f"{path}/{empty['id']}/step/post")
            expect(page.get_by_text("has no line; add one before it is issued")).to_be_visible()
            page.goto(f"{path}/{draft['id']}/step/post")
            press(page, "Post")
            notice(page, "is posted")
            assert page.get_by_role("link", name="Send by mail").count() == 0
            page.goto(f"{path}/{draft['id']}/step/send")
            expect(page.get_by_text("no mail server is configured")).to_be_visible()
        issued = sequence.get(f"/invoices/{draft['id']}")
        # Sequence keeps the date by which it is to be paid from the day it is issued, by the terms of the seller.
        assert (issued["status"], issued["dueDate"] > issued["accountingDate"]) == ("FINAL", True)


def test_documents_are_found_by_what_is_known_of_them(books: Books, site: Site, *, script: bool) -> None:
    old = books.invoice("10.00", invoiceDate="2025-03-01")
    new = books.invoice("20.00", invoiceDate="2025-04-01")
    draft = books.invoice("30.00", invoiceDate="2025-05-01", status="Draft")
    with site.visit(site.admin, script=script) as page:
        page.goto(books.list_of("invoice"))
        page.get_by_label("Number").fill(old["invoiceNumber"])
        press(page, "Search")
        assert old["invoiceNumber"] in heading(page)
        page.goto(books.list_of("payment"))
        page.get_by_label("Number").fill(new["id"])
        press(page, "Search")
        assert new["invoiceNumber"] in heading(page)
        page.goto(books.list_of("invoice"))
        page.get_by_label("Number").fill(f"{books.prefix}I000")
        press(page, "Search")
        assert numbers_listed(page) == [new["invoiceNumber"], old["invoiceNumber"]]
        follow(page, "Clear")
        page.get_by_label("Account").fill(books.account_number)
        press(page, "Search")
        assert set(numbers_listed(page)) == {old["invoiceNumber"], new["invoiceNumber"], draft["invoiceNumber"]}
        page.get_by_label("State").select_option("draft")
        press(page, "Search")
        assert numbers_listed(page) == [draft["invoiceNumber"]]
        page.get_by_label("State").select_option("")
        page.get_by_label("From").fill("2025-03-01")
        page.get_by_label("To").fill("2025-04-01")
        press(page, "Search")
        assert numbers_listed(page) == [new["invoiceNumber"], old["invoiceNumber"]]
        page.get_by_label("From").fill("2025-03-02")
        press(page, "Search")
        assert numbers_listed(page) == [new["invoiceNumber"]]
        page.get_by_label("From").fill("2025-06-01")
        page.get_by_label("To").fill("")
        press(page, "Search")
        expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
        page.get_by_label("Account").fill("A-nobody")
        press(page, "Search")
        expect(page.get_by_text("no account has this number or id")).to_be_visible()


def test_a_long_list_is_turned_page_by_page(books: Books, site: Site, *, script: bool) -> None:
    charge = {"amount": "1.00", "chargeId": "charge"}
    memo = {"accountId": books.account_id, "charges": [charge], "autoPost": True}
    for count in (50, 50, 7):
        books.api.ok("POST", "/v1/credit-memos/bulk", {"memos": [memo] * count, "sourceType": "Standalone"})
    wanted = [books.number("C", ordinal) for ordinal in range(107, 0, -1)]
    with site.visit(site.admin, script=script) as page:
        for query in ({"account": books.account_number}, {}):
            page.goto(books.list_of("credit-memo", **query))
            seen = [numbers_listed(page)]
            for _ in range(2):
                follow(page, "Next")
                seen.append(numbers_listed(page))
            assert [number for numbers in seen for number in numbers][:107] == wanted
            assert [len(numbers) for numbers in seen[:2]] == [PAGE_DOCUMENTS] * 2
            follow(page, "Previous")
            assert numbers_listed(page) == seen[1]
            follow(page, "Previous")
            assert numbers_listed(page) == seen[0]
            assert page.get_by_role("link", name="Previous").count() == 0


def test_a_document_of_many_lines_shows_them_page_by_page(books: Books, site: Site) -> None:
    charges = [{"amount": "0.01", "chargeId": "charge", "description": f"Part {place}"} for place in range(1000)]
    memo = books.memo(charges=charges)
    with site.visit(site.admin) as page:
        answer = page.goto(books.path("documents", memo["id"]))
        assert answer is not None
        assert len(answer.body()) < 100_000
        expect(page.get_by_text("Lines 1 to 100 of 1,000.")).to_be_visible()
        follow(page, "Next")
        expect(page.get_by_text("Part 199", exact=True)).to_be_visible()
        expect(page.get_by_text("Lines 101 to 200 of 1,000.")).to_be_visible()


def test_an_auditor_looks_and_changes_nothing(books: Books, site: Site, *, script: bool) -> None:
    auditor = site.create_user("auditor", f"Hertha {script}")
    memo = books.memo(autoPost=False)
    with site.visit(auditor, script=script) as page:
        page.goto(books.path("documents", memo["id"]))
        assert figure(page, "Total") == "€100.00"
        assert steps_shown(page) == []
        token = token_of(page.content())
        page.goto(books.list_of("credit-memo"))
        assert page.get_by_role("link", name="New credit memo").count() == 0
        for path in (
            books.path("documents", "new", "credit-memo"),
            books.path("documents", "new", "payment"),
            *(books.path("documents", memo["id"], *last) for last in (("step", "post"), ("apply",), ("refund",))),
        ):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 403
            assert page.request.post(path, form={"csrf_token": token, "once": "0" * 32}).status == 403
    assert books.api.ok("GET", f"/v1/credit-memos/{memo['id']}")["status"] == "Draft"


def refused_everywhere(page: Page, base: str, memo: Json) -> None:
    """Nothing of a document is shown or done under an entity, or to a person, that it is not for."""
    for key in (memo["id"], memo["number"]):
        for last in ("", "/pdf", "/step/post", "/apply", "/refund"):
            assert page.request.get(f"{base}/{key}{last}").status == 404
        found = page.request.get(f"{base}?kind=credit-memo&number={key}")
        assert found.status == 200
        assert "100.00" not in found.text()
    token = token_of(page.content())
    form: dict[str, str | float | bool] = {"csrf_token": token, "once": "0" * 32, "amount": "1"}
    for last in ("step/void", "step/post", "apply", "refund", "unapply"):
        assert page.request.post(f"{base}/{memo['id']}/{last}", form=form).status == 404


def test_a_document_is_not_reached_through_another_entity(books: Books, site: Site) -> None:
    site.server.run_cli_json("entity", "create", "--name", "Elsewhere")
    elsewhere = site.entity_id("Elsewhere")
    memo = books.memo()
    there = site.create_user("issuer", "Otto Elsewhere", entities=("Elsewhere",))
    with site.visit(there) as page:
        page.goto(f"/console/e/{elsewhere}/documents")
        refused_everywhere(page, f"/console/e/{elsewhere}/documents", memo)
        assert page.request.get(books.path("documents", memo["id"])).status == 404
        assert page.request.get(books.path("documents")).status == 404
    assert books.api.ok("GET", f"/v1/credit-memos/{memo['id']}")["status"] == "Posted"


def test_somebody_of_one_org_sees_the_documents_of_that_org(site: Site, api: Api) -> None:
    for name in ("North", "South"):
        site.server.run_cli_json("org", "create", "--entity", "default", "--name", name)
    people: dict[str, Person] = {}
    memos = {}
    for name in ("North", "South"):
        people[name] = site.create_user("issuer", f"{name}ern", orgs=(name,))
        memos[name] = open_books(site, api, organizationLabel=name).memo()
    base = f"/console/e/{site.entity_id()}/documents"
    with site.visit(people["North"]) as page:
        page.goto(f"{base}?kind=credit-memo")
        assert numbers_listed(page) == [memos["North"]["number"]]
        refused_everywhere(page, base, memos["South"])
        page.goto(f"{base}/{memos['North']['id']}")
        assert memos["North"]["number"] in heading(page)


def test_a_document_on_a_phone_has_its_pdf_behind_a_link(books: Books, site: Site) -> None:
    memo = books.memo(str(Decimal("123456.78")))
    with site.visit(site.admin, phone=True) as page:
        page.goto(books.path("documents", memo["id"]))
        expect(page.locator("iframe")).to_be_hidden()
        expect(page.get_by_role("link", name="Open the PDF")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_addresses_that_nobody_was_given_are_answered_kindly(books: Books, site: Site) -> None:
    with site.visit(site.admin) as page:
        for path, status in (
            (books.path("documents", "nothing"), 404),
            (books.path("documents", "new", "refund"), 404),
            (books.path("documents", "new", "nothing"), 404),
            (books.list_of("nothing"), 400),
            (books.list_of("invoice", after="nothing"), 400),
            (books.list_of("invoice", state="nothing"), 422),
            (books.list_of("invoice", number="%00"), 422),
            (books.list_of("invoice", account="%00"), 422),
            (books.list_of("invoice", **{"from": "yesterday"}), 422),
            (books.path("documents", books.memo()["id"], "step", "nothing"), 404),
        ):
            assert page.request.get(path).status == status, path
        payment = {"accountId": books.account_id, "amount": "5", "currency": "EUR", "type": "External"}
        made = decode(books.api.post("/v1/payments", payment))
        page.goto(books.path("documents", made["id"]))
        assert page.locator("iframe").count() == 0
        assert page.request.get(books.path("documents", made["id"], "pdf")).status == 404
        assert alert(page).count() == 0
