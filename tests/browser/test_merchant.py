"""The seller's details in the console: checked as a request is, and written on the documents that follow."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.servers import Server

IBAN = "GB33 BUKB 2020 1555 5555 55"
FILLED = {
    "Legal name": "Wide & Narrow Ltd",
    "E-mail address": "billing@seller.example",
    "Tax id": "GB123456789",
    "Street and number": "1 Long Lane",
    "Postal code": "EC1A 9PL",
    "Town or city": "London",
    "IBAN": IBAN,
}


@pytest.fixture
def merchant(site: Site, *, script: bool) -> str:
    """The address of the page, of an entity that has said nothing."""
    name = f"Seller {script}"
    made = site.server.run_cli("entity", "create", "--name", name)
    entity_id = site.entity_id(name)
    assert made.returncode == 0 or "exists already" in made.stderr
    return f"/console/e/{entity_id}/merchant"


def fill(page: Page, **over: str) -> None:
    for label, text in {**FILLED, **over}.items():
        page.get_by_label(label, exact=True).first.fill(text)
    page.get_by_label("Country", exact=True).first.select_option("GB")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def kept(site: Site, page: Page) -> dict[str, Any]:
    entity_id = page.url.split("/")[-2]
    shown: dict[str, Any] = site.server.run_cli_json("merchant", "show", "--entity", entity_id)
    return shown


def test_details_are_set_and_shown_again(site: Site, merchant: str, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(merchant)
        fill(page)
        page.get_by_label("Days to pay").fill("14")
        page.get_by_label("Currency").select_option("GBP")
        page.get_by_text("Account in the United Kingdom").click()
        page.get_by_label("Sort code").fill("20-20-15")
        page.locator("[name='ukAccountDetails.accountNumber']").fill("55555555")
        page.get_by_label("One a line").fill("Register: 1234\nBoard: Ada, Grace")
        save(page)
        expect(page.get_by_role("status")).to_contain_text("The details are saved")
        found = kept(site, page)
        assert (found["currency"], found["payment_term_days"]) == ("GBP", 14)
        details = found["details"]
        assert details["address"] == {
            "line1": "1 Long Lane",
            "town": "London",
            "postcode": "EC1A 9PL",
            "country": "GB",
        }
        assert details["iban"] == IBAN.replace(" ", "")
        assert details["ukAccountDetails"] == {"sortCode": "20-20-15", "accountNumber": "55555555"}
        assert details["customFields"] == [
            {"key": "Register", "value": "1234"},
            {"key": "Board", "value": "Ada, Grace"},
        ]
        assert page.get_by_label("Legal name", exact=True).first.input_value() == "Wide & Narrow Ltd"
        assert page.get_by_label("Sort code").is_visible()
        # What is sent as it was shown changes nothing.
        save(page)
        expect(page.get_by_role("status")).to_be_visible()
        assert kept(site, page)["details"] == details


def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept(site: Site, merchant: str, *, script: bool) -> None:
    wrong = (
        ("IBAN", "GB00BUKB20201555555555", "its check digits have to fit"),
        ("E-mail address", "nobody", "give an e-mail address"),
        ("Town or city", "", "required"),
        ("One a line: a name, a colon and a text", "Register", "a name, a colon and a text"),
    )
    with site.visit(site.admin, script=script) as page:
        page.goto(merchant)
        before = kept(site, page)
        for label, text, words in wrong:
            page.goto(merchant)
            fill(page)
            page.get_by_label(label).first.fill(text)
            save(page)
            field = page.locator(".field").filter(has=page.get_by_label(label)).first
            expect(field.locator(".field-error")).to_contain_text(words)
            assert page.get_by_label("Legal name", exact=True).first.input_value() == "Wide & Narrow Ltd"
        assert kept(site, page) == before


def test_whoever_comes_second_is_told(site: Site, merchant: str, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(merchant)
        entity_id = page.url.split("/")[-2]
        fill(page)
        save(page)
        page.goto(merchant)
        changed = site.server.run_cli("merchant", "set", "--entity", entity_id, "--phone", "+44 20 7946 0000")
        assert changed.returncode == 0, changed.stderr
        page.get_by_label("Tax id", exact=True).fill("GB999999999")
        save(page)
        expect(page.get_by_role("alert")).to_contain_text("Somebody else has just changed these details")
        page.get_by_role("link", name="as they are now").click()
        assert page.get_by_label("Telephone number").input_value() == "+44 20 7946 0000"
        details = kept(site, page)["details"]
        assert (details["phoneNumber"], details["taxId"]) == ("+44 20 7946 0000", FILLED["Tax id"])


def test_the_details_can_be_taken_back(browser: Browser, tmp_path: Path, *, script: bool) -> None:
    with Server(tmp_path) as server:
        site = Site(server, browser)
        with site.visit(site.admin, script=script) as page:
            page.goto(f"/console/e/{site.entity_id()}/merchant")
            expect(page.get_by_text("documents have no sender")).to_be_visible()
            fill(page)
            save(page)
            expect(page.get_by_text("documents have no sender")).not_to_be_visible()
            for label in FILLED:
                page.get_by_label(label, exact=True).first.fill("")
            page.get_by_label("Country", exact=True).first.select_option("")
            save(page)
            expect(page.get_by_text("documents have no sender")).to_be_visible()
            assert kept(site, page)["details"] == {}
