"""Accounts in the console: made, given a set, changed, found and deleted, and what they owe."""

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site, token_of
from tests.sequence.client import ContractApi
from tests.sequence.support import create_customer
from tests.servers import Json

CONTACT = {"firstName": "Emmy", "lastName": "Noether", "workEmail": "emmy@example.com", "country": "Germany"}
LINE = {"chargeName": "Service", "serviceStartDate": "2026-03-01"}


@cache
def entity_id(site: Site, name: str = "default") -> str:
    return site.entity_id(name)


def accounts(site: Site, *parts: str, entity: str = "default") -> str:
    return "/".join([f"/console/e/{entity_id(site, entity)}/accounts", *parts])


def create_entity(site: Site, name: str) -> str:
    site.server.run_cli_json("entity", "create", "--name", name)
    return name


def create_account(site: Site, name: str, *, entity: str = "default", **over: Any) -> str:
    """Make an account through the API; its id."""
    with site.server.api(Zuora_Entity_Ids=entity_id(site, entity)) as api:
        body = {"name": name, "currency": "EUR", "billToContact": CONTACT, **over}
        return str(api.ok("POST", "/v1/accounts", body)["accountId"])


def read_account(site: Site, key: str) -> Json:
    with site.server.api() as api:
        return api.ok("GET", f"/v1/accounts/{key}")


def create_set(site: Site, name: str, letters: str) -> str:
    kinds = (("invoice", "I"), ("creditMemo", "C"), ("debitMemo", "D"))
    numberings = {kind: {"prefix": f"{letters}{letter}-", "startNumber": 1} for kind, letter in kinds}
    with site.server.api() as api:
        body = {"sequenceSets": [{"name": name, **numberings}]}
        return str(api.ok("POST", "/v1/sequence-sets", body)["sequenceSets"][0]["id"])


def read_customer(api: ContractApi, customer_id: str) -> Json:
    answer = api.get(f"/customers/{customer_id}")
    found: Json = answer.get("customer", answer)
    return found


def contact(page: Page, role: str) -> Locator:
    return page.get_by_role("group", name=role)


def fact(page: Page, label: str) -> Locator:
    return page.locator("dt", has_text=label).locator("xpath=following-sibling::dd[1]")


def test_the_first_account_is_made_and_numbered_by_its_set(site: Site, *, script: bool) -> None:
    entity = create_entity(site, f"begins {script}")
    with site.visit(site.admin, script=script) as page:
        page.goto(f"/console/e/{entity_id(site, entity)}/numbering/new")
        page.get_by_label("Name").fill("FRANCE")
        for kind, prefix in (("Invoices", "FRI-"), ("Credit memos", "FRC-"), ("Debit memos", "FRD-")):
            group = page.get_by_role("group", name=kind)
            group.get_by_label("Prefix").fill(prefix)
            group.get_by_label("Start from").fill("1")
        page.get_by_role("button", name="Create the set").click()
        page.get_by_role("link", name="New account with this set").click()
        assert page.get_by_label("Sequence set").input_value() == "FRANCE"
        page.goto(accounts(site, entity=entity))
        expect(page.get_by_text("No accounts yet")).to_be_visible()
        page.get_by_role("link", name="New account").click()
        page.get_by_label("Name", exact=True).fill("Germain SARL")
        page.get_by_label("Currency").select_option("EUR")
        page.get_by_label("Sequence set").select_option("FRANCE")
        page.get_by_label("Tax id").fill("FR12345678901")
        for label, text in (("First name", "Sophie"), ("Last name", "Germain"), ("City", "Paris")):
            contact(page, "Bill to").get_by_label(label).fill(text)
        contact(page, "Bill to").get_by_label("Country").select_option("FR")
        page.get_by_text("Ship to").click()
        shipping = page.locator("details", has_text="Ship to")
        for label, text in (("First name", "Marie"), ("Last name", "Curie"), ("E-mail", "marie@example.com")):
            shipping.get_by_label(label).fill(text)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("status")).to_have_text("The account A00000001 is created.")
        expect(page.get_by_role("heading", name="Germain SARL")).to_be_visible()
        expect(page.get_by_text("FRI-00000001")).to_be_visible()
        expect(page.get_by_text("By its set FRANCE.")).to_be_visible()
        expect(page.locator(".contact-card", has_text="Bill to, sold to")).to_contain_text("Sophie Germain")
        expect(page.locator(".contact-card", has_text="Bill to, sold to")).to_contain_text("France")
        expect(page.locator(".contact-card", has_text="Ship to")).to_contain_text("marie@example.com")
        account_id = page.url.rpartition("/")[2]
    with site.server.api(Zuora_Entity_Ids=entity_id(site, entity)) as api:
        kept = api.ok("GET", f"/v1/accounts/{account_id}")
        assert (kept["taxInfo"], kept["billToContact"]["country"]) == ({"VATId": "FR12345678901"}, "FR")
        assert kept["soldToContact"] == kept["billToContact"] != kept["shipToContact"]
        posted = {"accountId": account_id, "invoiceDate": "2026-03-01", "status": "Posted"}
        invoice = api.ok("POST", "/v1/invoices", {**posted, "invoiceItems": [{"amount": 10, **LINE}]})
        assert invoice["invoiceNumber"] == "FRI-00000001"


def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(site: Site, *, script: bool) -> None:
    create_account(site, "Taken", accountNumber=f"TAKEN-{script}")
    with site.visit(site.admin, script=script) as page:
        page.goto(accounts(site, "new"))
        page.get_by_label("Name", exact=True).fill("Another")
        page.get_by_label("Account number").fill(f"TAKEN-{script}")
        for label in ("First name", "Last name"):
            contact(page, "Bill to").get_by_label(label).fill("Emmy")
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("alert")).to_contain_text("One field needs another look")
        words = f"An account numbered 'TAKEN-{script}' exists already; choose another number or leave it out."
        expect(page.get_by_text(words)).to_be_visible()
        expect(page.get_by_label("Account number")).to_have_attribute("aria-invalid", "true")
        assert page.get_by_label("Name", exact=True).input_value() == "Another"
        page.get_by_label("Account number").fill("no blanks here")
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_text("characters without blanks")).to_be_visible()


@pytest.mark.parametrize(
    ("over", "words"),
    (
        ({"name": ""}, "Give the account a name."),
        ({"name": "n" * 256}, "a name has at most 255 characters"),
        ({"currency": "XXX"}, "give an ISO 4217 currency code"),
        ({"billToContact.lastName": ""}, "every contact has a first and a last name; give both"),
        ({"billToContact.city": "c" * 101}, "give at most 100 characters"),
        ({"shipToContact.city": "Kiel"}, "every contact has a first and a last name; give both"),
        ({"sequenceSetId": "nobody"}, "no such sequence set exists"),
        ({"organizationLabel": "nobody"}, "give the name or id of an org"),
        ({"taxId": "t" * 26}, "give at most 25 characters"),
    ),
)
def test_the_server_refuses_what_a_browser_would_not_send(site: Site, over: dict[str, str], words: str) -> None:
    with site.visit(site.admin, script=False) as page:
        page.goto(accounts(site, "new"))
        form: dict[str, str | float | bool] = {"csrf_token": token_of(page.content()), "name": "Bad"}
        form |= {"currency": "EUR"}
        form |= {"billToContact.firstName": "Emmy", "billToContact.lastName": "Noether", **over}
        answer = page.request.post(accounts(site, "new"), form=form, max_redirects=0)
        assert (answer.status, words.lower() in answer.text().lower()) == (422, True)


def test_an_account_is_changed_in_what_differs_and_nothing_else(site: Site, *, script: bool) -> None:
    set_id = create_set(site, f"CHANGED-{script}", "CH" if script else "CX")
    account_id = create_account(site, f"Before {script}", taxInfo={"VATId": "DE1", "companyCode": "kept"})
    with site.visit(site.admin, script=script) as page:
        page.goto(accounts(site, account_id))
        page.get_by_role("link", name="Edit", exact=True).click()
        assert contact(page, "Bill to").get_by_label("Country").input_value() == "DE"
        page.get_by_label("Name", exact=True).fill(f"After {script}")
        page.get_by_label("Sequence set").select_option(f"CHANGED-{script}")
        page.get_by_label("Tax id").fill("DE2")
        contact(page, "Bill to").get_by_label("City").fill("Erlangen")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name=f"After {script}")).to_be_visible()
        newest = page.get_by_role("listitem").filter(has_text="Update account").first
        for words in (f"Before {script}", f"After {script}", f"CHANGED-{script}", "Contacts"):
            expect(newest).to_contain_text(words)
        kept = read_account(site, account_id)
        assert kept["basicInfo"]["sequenceSetId"] == set_id
        assert kept["taxInfo"] == {"VATId": "DE2", "companyCode": "kept"}
        assert kept["billToContact"] == kept["soldToContact"] == kept["shipToContact"]
        assert (kept["billToContact"]["city"], kept["billToContact"]["country"]) == ("Erlangen", "Germany")
        page.get_by_role("link", name="Edit", exact=True).click()
        page.get_by_label("Sequence set").select_option("")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It has no set of its own")).to_be_visible()
    assert read_account(site, account_id)["basicInfo"]["sequenceSetId"] is None


def test_saving_an_untouched_account_changes_nothing(site: Site) -> None:
    account_id = create_account(site, "Untouched")
    before = read_account(site, account_id)
    with site.visit(site.admin) as page:
        page.goto(accounts(site, account_id, "edit"))
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("is saved")
        expect(page.get_by_role("listitem").filter(has_text="Update account")).to_have_count(0)
    assert read_account(site, account_id) == before


def test_a_customer_of_the_other_api_is_changed_in_both(site: Site) -> None:
    with ContractApi(site.url, site.server.require_admin()) as api:
        customer_id = create_customer(api, legalName="Lovelace Ltd")["id"]
        before = read_customer(api, customer_id)
        with site.visit(site.admin) as page:
            page.goto(accounts(site, customer_id))
            expect(page.locator(".contact-card")).to_contain_text(before["address"]["line1"])
            page.get_by_role("link", name="Edit", exact=True).click()
            contact(page, "Bill to").get_by_label("City").fill("Ockham")
            page.get_by_role("button", name="Save").click()
            expect(page.locator(".contact-card")).to_contain_text("Ockham")
        after = read_customer(api, customer_id)
    assert after["address"] == {**before["address"], "town": "Ockham"}
    assert after["legalName"] == before["legalName"]


def test_accounts_are_found_by_number_and_by_name_page_by_page(site: Site, *, script: bool) -> None:
    entity = create_entity(site, f"many {script}")
    for number in range(27):
        create_account(site, f"Customer {number:02d}", entity=entity, accountNumber=f"K{number:02d}")
    with site.visit(site.admin, script=script) as page:
        page.goto(accounts(site, entity=entity))
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(25)
        expect(rows.first).to_contain_text("Customer 26")
        page.get_by_role("link", name="Next").click()
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Previous").click()
        expect(rows).to_have_count(25)
        search = page.get_by_label("Number, or part of the name")
        for wanted, found in (("K03", ["K03"]), ("customer 1", [f"K1{n}" for n in range(9, -1, -1)])):
            search.fill(wanted)
            page.get_by_role("button", name="Find").click()
            expect(page.locator("tbody th")).to_have_text(found)
        search.fill("nobody at all")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("No account is found")).to_be_visible()
        assert page.request.get(f"{accounts(site, entity=entity)}?after=x").status == 400


def test_balances_and_the_latest_documents_are_shown(site: Site) -> None:
    account_id = create_account(site, "Owes", currency="EUR")
    with site.server.api() as api:
        posted = {"accountId": account_id, "invoiceDate": "2026-03-01", "status": "Posted"}
        for amount in (100, 20, 3, 4):
            api.ok("POST", "/v1/invoices", {**posted, "invoiceItems": [{"amount": amount, **LINE}]})
        payment = {"accountId": account_id, "amount": 50, "currency": "EUR", "effectiveDate": "2026-03-02"}
        number = api.ok("POST", "/v1/payments", {**payment, "type": "External", "paymentMethodType": "Cash"})["number"]
    with site.visit(site.admin) as page:
        page.goto(accounts(site, account_id))
        cells = page.get_by_role("table", name="Balance by currency").locator("tbody td").all_inner_texts()
        assert cells == ["€127.00", "€0.00", "€0.00", "€50.00", "€77.00"]
        documents = page.get_by_role("table", name="Latest documents")
        expect(documents.locator("tbody tr")).to_have_count(4)
        expect(documents.get_by_role("link", name=number)).to_be_visible()
        expect(page.get_by_role("link", name="Delete")).to_have_count(0)
        page.goto(accounts(site, account_id, "delete"))
        expect(page.get_by_text("has documents, which are kept")).to_be_visible()
        page.goto(accounts(site, account_id))
        page.get_by_role("link", name="All invoices").click()
        expect(page.locator("tbody tr")).to_have_count(4)


def test_an_account_without_documents_is_deleted(site: Site, *, script: bool) -> None:
    account_id = create_account(site, f"Mistake {script}")
    with site.visit(site.admin, script=script) as page:
        page.goto(accounts(site, account_id))
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Delete the account").click()
        expect(page.get_by_role("status")).to_contain_text("is deleted")
        assert page.request.get(accounts(site, account_id)).status == 404


def test_an_auditor_sees_accounts_and_changes_none(site: Site) -> None:
    auditor = site.create_user("auditor", "Looks at accounts")
    account_id = create_account(site, "Looked at")
    with site.visit(auditor) as page:
        page.goto(accounts(site))
        expect(page.get_by_role("link", name="New account")).to_have_count(0)
        page.goto(accounts(site, account_id))
        for name in ("Edit", "Delete", "New invoice"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
        form: dict[str, str | float | bool] = {"csrf_token": token_of(page.content()), "name": "Mine"}
        for path in (accounts(site, "new"), accounts(site, account_id, "edit"), accounts(site, account_id, "delete")):
            assert page.request.get(path).status == 403
            assert page.request.post(path, form=form).status == 403
    assert read_account(site, account_id)["basicInfo"]["name"] == "Looked at"


def test_whoever_is_limited_to_an_org_sees_its_accounts_alone(site: Site) -> None:
    site.server.run_cli_json("org", "create", "--entity", "default", "--name", "South")
    person = site.create_user("issuer", "Southerner", entities=("default",), orgs=("South",))
    elsewhere = create_account(site, "Not of the south")
    with site.visit(person) as page:
        page.goto(accounts(site))
        expect(page.get_by_text("No accounts yet")).to_be_visible()
        for parts in ((), ("edit",), ("delete",)):
            assert page.request.get(accounts(site, elsewhere, *parts)).status == 404
        page.goto(accounts(site, "new"))
        page.get_by_label("Name", exact=True).fill("Of the south")
        for label in ("First name", "Last name"):
            contact(page, "Bill to").get_by_label(label).fill("Emmy")
        page.get_by_role("button", name="Create the account").click()
        expect(fact(page, "Org")).to_have_text("South")
        page.goto(accounts(site))
        expect(page.locator("tbody tr")).to_have_count(1)


def test_an_account_is_not_read_through_another_entity(site: Site) -> None:
    entity = create_entity(site, "Elsewhere")
    account_id = create_account(site, "Of the default entity")
    with site.visit(site.admin) as page:
        for parts in ((), ("edit",), ("delete",)):
            answer = page.request.get(accounts(site, account_id, *parts, entity=entity))
            assert (answer.status, "Of the default entity" in answer.text()) == (404, False)
