"""Sequence sets in the console: made and changed with a preview, refused in words, raised with a confirmation."""

from collections.abc import Mapping
from functools import cache

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site, token_of
from tests.servers import Json

PREVIEW_IS_OFFERED = "Nothing stands in the way."


@cache
def entity_id(site: Site, name: str = "default") -> str:
    return site.entity_id(name)


def numbering(site: Site, *parts: str, entity: str = "default") -> str:
    return "/".join([f"/console/e/{entity_id(site, entity)}/numbering", *parts])


def group(page: Page, kind: str) -> Locator:
    return page.get_by_role("group", name=kind, exact=False).filter(has=page.get_by_role("heading", name=kind))


def fill(page: Page, kind: str, prefix: str, start: str = "1") -> None:
    group(page, kind).get_by_label("Prefix").fill(prefix)
    group(page, kind).get_by_label("Start from").fill(start)


def fill_required(page: Page, letters: str) -> None:
    for kind, letter in (("Invoices", "I"), ("Credit memos", "C"), ("Debit memos", "D")):
        fill(page, kind, f"{letters}{letter}-")


def look_ahead(page: Page, *, script: bool) -> None:
    """Ask for the preview where no script does it."""
    if not script:
        page.get_by_role("button", name="Preview").click()


def prefixes(letters: str, **over: Mapping[str, object]) -> Json:
    given: Json = {
        kind: {"prefix": f"{letters}{letter}-", "startNumber": 1}
        for kind, letter in (("invoice", "I"), ("creditMemo", "C"), ("debitMemo", "D"))
    }
    return {**given, **over}


def create_set(site: Site, name: str, letters: str, **over: Mapping[str, object]) -> str:
    """Make a set through the API; its id."""
    with site.server.api() as api:
        body = {"sequenceSets": [{"name": name, **prefixes(letters, **over)}]}
        return str(api.ok("POST", "/v1/sequence-sets", body)["sequenceSets"][0]["id"])


def read_set(site: Site, key: str) -> Json:
    with site.server.api() as api:
        return api.ok("GET", f"/v1/sequence-sets/{key}")


def create_account(site: Site, set_id: str | None) -> str:
    contact = {"firstName": "Emmy", "lastName": "Noether"}
    with site.server.api() as api:
        body = {"name": "Noether", "currency": "EUR", "billToContact": contact, "sequenceSetId": set_id}
        return str(api.ok("POST", "/v1/accounts", body)["accountId"])


def issue_invoices(site: Site, account_id: str, count: int) -> list[str]:
    items = [{"amount": 10, "chargeName": "Service", "serviceStartDate": "2026-03-01"}]
    body = {"accountId": account_id, "invoiceDate": "2026-03-01", "status": "Posted", "invoiceItems": items}
    with site.server.api() as api:
        return [str(api.ok("POST", "/v1/invoices", body)["invoiceNumber"]) for _ in range(count)]


def test_a_set_is_made_with_the_preview(site: Site, *, script: bool) -> None:
    name, letters = ("LIVE", "LV") if script else ("PLAIN", "PL")
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site))
        page.get_by_role("link", name="New sequence set").click()
        page.get_by_label("Name").fill(name)
        fill_required(page, letters)
        fill(page, "Credit memos", "PM-")
        look_ahead(page, script=script)
        refused = group(page, "Credit memos")
        expect(refused.get_by_text("PM- is reserved for the system")).to_be_visible()
        expect(refused.get_by_label("Prefix")).to_have_attribute("aria-invalid", "true")
        expect(group(page, "Invoices").get_by_text(f"{letters}I-00000001")).to_be_visible()
        expect(group(page, "Debit memos").get_by_text(f"{letters}D-00000001")).to_be_visible()
        fill(page, "Credit memos", f"{letters}C-", "20")
        look_ahead(page, script=script)
        expect(page.get_by_text(PREVIEW_IS_OFFERED)).to_be_visible()
        expect(refused.get_by_text(f"{letters}C-00000020")).to_be_visible()
        expect(refused.get_by_label("Prefix")).not_to_have_attribute("aria-invalid", "true")
        with site.server.api() as api:
            assert api.get(f"/v1/sequence-sets/{name}").status_code == 404
        page.get_by_role("button", name="Create the set").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_role("status")).to_have_text(f"The set {name} is created.")
        page.goto(numbering(site))
        row = page.get_by_role("row", name=name)
        numbers = [f"{letters}I-00000001", f"{letters}C-00000020", f"{letters}D-00000001", "P-00000001", "R-00000001"]
        assert row.locator(".number").all_inner_texts() == numbers
    kept = read_set(site, name)
    assert kept["creditMemo"] == {"prefix": f"{letters}C-", "startNumber": 20, "nextNumber": 20}
    assert "payment" not in kept


def test_every_refusal_stands_at_its_field(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site, "new"))
        page.get_by_label("Name").fill("DEFAULT")
        fill(page, "Invoices", "ZZ", "0")
        fill(page, "Credit memos", "ZC", "one")
        fill(page, "Debit memos", "CM")
        fill(page, "Payments", "ZP2")
        fill(page, "Refunds", "R-")
        page.get_by_role("button", name="Create the set").click()
        expect(page.get_by_text("6 fields need another look.")).to_be_visible()
        expect(page.get_by_text("A sequence set named 'DEFAULT' exists already; choose another name.")).to_be_visible()
        for kind, label, words in (
            ("Invoices", "Start from", "give an integer from 1 to 999999999999999999"),
            ("Credit memos", "Start from", "give a whole number such as 1"),
            ("Debit memos", "Prefix", "has been used for the kind credit memo"),
            ("Payments", "Prefix", "may not end in a digit"),
            ("Refunds", "Prefix", "belongs to the set DEFAULT"),
        ):
            field = group(page, kind).get_by_label(label)
            expect(field).to_have_attribute("aria-invalid", "true")
            described_by = str(field.get_attribute("aria-describedby")).split()[0]
            expect(page.locator(f"#{described_by}")).to_contain_text(words)
        assert group(page, "Credit memos").get_by_label("Start from").input_value() == "one"


def test_two_kinds_of_one_set_do_not_share_a_prefix(site: Site) -> None:
    with site.visit(site.admin, script=False) as page:
        page.goto(numbering(site, "new"))
        page.get_by_label("Name").fill("TWICE")
        fill(page, "Invoices", "TW")
        fill(page, "Credit memos", "TW")
        fill(page, "Debit memos", "TW2026")
        look_ahead(page, script=False)
        expect(group(page, "Credit memos").get_by_text("has been used for the kind invoice")).to_be_visible()
        expect(group(page, "Invoices").get_by_text("TW00000001")).to_be_visible()
        expect(group(page, "Debit memos").get_by_text("TW202600000001")).to_be_visible()


def test_an_empty_form_is_not_complained_about_while_one_types(site: Site) -> None:
    with site.visit(site.admin) as page:
        page.goto(numbering(site, "new"))
        fill(page, "Debit memos", "QD")
        expect(page.get_by_text("Not everything is filled in yet.")).to_be_visible()
        expect(group(page, "Debit memos").get_by_text("QD00000001")).to_be_visible()
        expect(page.locator(".field-error")).to_have_count(0)


def test_what_is_missing_is_asked_for_on_saving(site: Site) -> None:
    with site.visit(site.admin, script=False) as page:
        page.goto(numbering(site, "new"))
        answer = page.request.post(
            numbering(site, "new"), form={"csrf_token": token_of(page.content()), "refund.prefix": "QR"}
        )
        assert answer.status == 422
        for words in ("Give the set a name.", "Give invoices a prefix.", "Give the number to start from."):
            assert words in answer.text()


def test_a_raise_is_told_and_confirmed(site: Site, *, script: bool) -> None:
    name, letters = ("RAISED", "RS") if script else ("LIFTED", "LF")
    set_id = create_set(site, name, letters)
    issue_invoices(site, create_account(site, set_id), 3)
    prefix = f"{letters}I-"
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site, set_id))
        page.get_by_role("link", name="Edit", exact=True).click()
        start = group(page, "Invoices").get_by_label("Start from")
        start.fill("2")
        look_ahead(page, script=script)
        words = f"2 of the prefix '{prefix}' is below 4, the next number of its series; give 4 or more."
        expect(group(page, "Invoices").get_by_text(words)).to_be_visible()
        start.fill("1200")
        look_ahead(page, script=script)
        skipped = f"Leaves out {prefix}00000004 to {prefix}00001199: 1,196 numbers"
        expect(group(page, "Invoices").get_by_text(skipped)).to_be_visible()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Leave numbers out?")).to_be_visible()
        expect(page.get_by_text(skipped)).to_be_visible()
        assert read_set(site, name)["invoice"]["nextNumber"] == 4
        page.get_by_role("button", name="Go on editing").click()
        assert group(page, "Invoices").get_by_label("Start from").input_value() == "1200"
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Save and leave them out").click()
        expect(page.get_by_role("status")).to_have_text(f"The set {name} is saved.")
        expect(page.get_by_role("row", name="Invoice").locator(".number")).to_have_text(f"{prefix}00001200")
        assert "Invoice" in page.get_by_role("listitem").filter(has_text="Update sequence set").inner_text()
        page.get_by_role("link", name=f"Numbers of {prefix}").click()
        skip = page.get_by_role("table", name="Declared skips").get_by_role("row").last
        expect(skip).to_contain_text("1,196")
        expect(skip).to_contain_text(site.admin.name)
    assert read_set(site, name)["invoice"] == {"prefix": prefix, "startNumber": 1200, "nextNumber": 1200}


def test_a_confirmation_covers_what_it_showed_and_nothing_else(site: Site) -> None:
    set_id = create_set(site, "COVERED", "CV")
    with site.visit(site.admin, script=False) as page:
        page.goto(numbering(site, set_id, "edit"))
        fields: dict[str, str | float | bool] = {"csrf_token": token_of(page.content()), "name": "COVERED"}
        for kind, letter in (("invoice", "I"), ("creditMemo", "C"), ("debitMemo", "D")):
            fields |= {f"{kind}.prefix": f"CV{letter}-", f"{kind}.startNumber": "1"}
        wider = {**fields, "invoice.startNumber": "900", "confirmed": "invoice:CVI-00000050"}
        answer = page.request.post(numbering(site, set_id, "edit"), form=wider)
        assert "Leave numbers out?" in answer.text()
        assert read_set(site, "COVERED")["invoice"]["nextNumber"] == 1
        exact = {**wider, "confirmed": "invoice:CVI-00000900"}
        page.request.post(numbering(site, set_id, "edit"), form=exact)
        assert read_set(site, "COVERED")["invoice"]["nextNumber"] == 900


def test_somebody_who_comes_first_is_told_of(site: Site) -> None:
    with site.visit(site.admin) as page:
        page.goto(numbering(site, "new"))
        page.get_by_label("Name").fill("RACE")
        fill_required(page, "RC")
        expect(page.get_by_text(PREVIEW_IS_OFFERED)).to_be_visible()
        create_set(site, "RACE", "RX")
        page.get_by_role("button", name="Create the set").click()
        expect(page.get_by_text("A sequence set named 'RACE' exists already")).to_be_visible()
        assert page.get_by_label("Name").input_value() == "RACE"


def test_what_a_set_leaves_to_default_is_said(site: Site, *, script: bool) -> None:
    name, letters = ("LEFT", "LE") if script else ("GIVEN", "GV")
    payment = {"prefix": f"{letters}P-", "startNumber": 7}
    set_id = create_set(site, name, letters, payment=payment)
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site, set_id))
        expect(page.get_by_text("This set says nothing of refunds")).to_be_visible()
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(group(page, "Payments").get_by_text(f"{letters}P-00000007")).to_be_visible()
        fill(page, "Payments", "", "")
        look_ahead(page, script=script)
        expect(group(page, "Payments").get_by_text("numbering serves")).to_be_visible()
        expect(group(page, "Payments").get_by_text("P-00000001")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("This set says nothing of payments and refunds")).to_be_visible()
    assert "payment" not in read_set(site, name)


def test_a_set_in_use_stays_and_says_why(site: Site, *, script: bool) -> None:
    name, letters = ("USED", "US") if script else ("WORN", "WO")
    set_id = create_set(site, name, letters)
    account_id = create_account(site, set_id)
    reason = f"The set '{name}' is assigned to an account; assign another set to its accounts first."
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site, set_id))
        expect(page.get_by_role("link", name="Delete")).to_have_count(0)
        expect(page.get_by_text(reason)).to_be_visible()
        expect(page.get_by_role("table", name="Accounts with this set").get_by_role("link")).to_have_count(1)
        page.goto(numbering(site, set_id, "delete"))
        expect(page.get_by_text(reason)).to_be_visible()
        expect(page.get_by_role("button", name="Delete the set")).to_have_count(0)
        with site.server.api() as api:
            api.ok("PUT", f"/v1/accounts/{account_id}", {"sequenceSetId": ""})
        page.goto(numbering(site, set_id))
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_text(f"{letters}I-00000001")).to_be_visible()
        with site.server.api() as api:
            api.ok("PUT", f"/v1/accounts/{account_id}", {"sequenceSetId": set_id})
        page.get_by_role("button", name="Delete the set").click()
        expect(page.get_by_text(reason)).to_be_visible()
        with site.server.api() as api:
            api.ok("PUT", f"/v1/accounts/{account_id}", {"sequenceSetId": ""})
        page.goto(numbering(site, set_id, "delete"))
        page.get_by_role("button", name="Delete the set").click()
        expect(page.get_by_role("status")).to_contain_text(f"The set {name} is deleted.")
        expect(page.get_by_role("row", name=name)).to_have_count(0)
        page.goto(f"/console/e/{entity_id(site)}/series")
        expect(page.get_by_role("row", name=f"{letters}I-").first).to_contain_text("no set uses it any more")


def test_default_stays_and_keeps_its_name(site: Site) -> None:
    default_id = read_set(site, "DEFAULT")["id"]
    with site.visit(site.admin, script=False) as page:
        page.goto(numbering(site, default_id))
        expect(page.get_by_text("The set DEFAULT is built in and cannot be deleted.")).to_be_visible()
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(page.get_by_label("Name")).not_to_be_editable()
        fill(page, "Payments", "", "")
        page.get_by_role("button", name="Save").click()
        words = "The set DEFAULT has to number every kind; give the kind payment a prefix instead."
        expect(group(page, "Payments").get_by_text(words)).to_be_visible()


def test_many_sets_come_page_by_page_and_are_found_by_name(site: Site, *, script: bool) -> None:
    entity = f"many {script}"
    site.server.run_cli_json("entity", "create", "--name", entity)
    with site.server.api(Zuora_Entity_Ids=site.entity_id(entity)) as api:
        sets = [{"name": f"N{n}", **prefixes(f"N{n}")} for n in range(30)]
        api.ok("POST", "/v1/sequence-sets", {"sequenceSets": sets})
    with site.visit(site.admin, script=script) as page:
        page.goto(numbering(site, entity=entity))
        expect(page.locator("tbody tr")).to_have_count(25)
        page.get_by_role("link", name="Next").click()
        expect(page.locator("tbody tr")).to_have_count(6)
        page.get_by_role("link", name="Previous").click()
        expect(page.get_by_role("row", name="DEFAULT").first).to_be_visible()
        page.get_by_label("Name or number of a set").fill("N29")
        page.get_by_role("button", name="Find").click()
        expect(page.locator("tbody th a")).to_have_text(["N29"])
        page.get_by_label("Name or number of a set").fill("nobody")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("No set is called nobody")).to_be_visible()


@pytest.mark.parametrize("role", ("auditor", "issuer"))
def test_who_may_not_change_sets_sees_them(site: Site, role: str) -> None:
    person = site.create_user(role, f"Looks at sets as {role}")
    set_id = create_set(site, f"SEEN-{role}", f"S{role[0].upper()}")
    with site.visit(person) as page:
        page.goto(numbering(site))
        expect(page.get_by_role("link", name=f"SEEN-{role}")).to_be_visible()
        expect(page.get_by_role("link", name="New sequence set")).to_have_count(0)
        page.goto(numbering(site, set_id))
        for name in ("Edit", "Delete"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
        form: dict[str, str | float | bool] = {"csrf_token": token_of(page.content()), "name": "MINE"}
        for path in (numbering(site, "new"), numbering(site, set_id, "edit"), numbering(site, set_id, "delete")):
            assert page.request.get(path).status == 403
            answer = page.request.post(path, form=form)
            assert (answer.status, "which may not change sequence sets" in answer.text()) == (403, True)
    assert read_set(site, set_id)["name"] == f"SEEN-{role}"


def test_a_set_is_not_read_through_another_entity(site: Site) -> None:
    site.server.run_cli_json("entity", "create", "--name", "Elsewhere")
    set_id = create_set(site, "HERE", "HR")
    with site.visit(site.admin) as page:
        assert page.request.get(numbering(site, set_id)).status == 200
        for parts in ((set_id,), (set_id, "edit"), (set_id, "delete")):
            answer = page.request.get(numbering(site, *parts, entity="Elsewhere"))
            assert (answer.status, "HRI-" in answer.text()) == (404, False)
