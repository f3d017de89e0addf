"""Entities and orgs in the console: a second entity has its own numbers, and its own prefix for them."""

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.servers import Credentials

ACCOUNT = {
    "name": "Sophie Germain",
    "currency": "EUR",
    "billToContact": {"firstName": "Sophie", "lastName": "Germain", "country": "France"},
}


def create(page: Page, name: str, moment: str) -> str:
    """Fill in the form for an entity; its id."""
    page.goto("/console/entities")
    page.get_by_role("link", name="New entity").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label(moment).check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    return page.url.rpartition("/")[2]


def post_memo(site: Site, credentials: Credentials, entity: str) -> str:
    """The number of a credit memo that is posted in an entity through Zuora's API."""
    with site.server.api(credentials, Zuora_Entity_Ids=entity) as api:
        account = api.ok("POST", "/v1/accounts", ACCOUNT)
        memo = api.ok(
            "POST",
            "/v1/creditmemos",
            {"accountId": account["accountId"], "autoPost": True, "charges": [{"amount": 10, "chargeId": "1"}]},
        )
    return str(memo["number"])


def test_a_second_entity_has_its_own_numbers(site: Site, *, script: bool) -> None:
    name = f"Seriatim Chile {script}"
    with site.visit(site.admin, script=script) as page:
        entity_id = create(page, name, "When they are posted")
        page.get_by_role("link", name="Numbering", exact=True).last.click()
        expect(page).to_have_url(f"{site.url}/console/e/{entity_id}/numbering")
        assert "CM00000001" in page.inner_text("main")
        admin = site.server.require_admin()
        assert [post_memo(site, admin, name) for _ in range(2)] == ["CM00000001", "CM00000002"]
        page.reload()
        assert "CM00000003" in page.inner_text("main")
        page.goto(f"/console/e/{site.entity_id()}/numbering")
        assert "CM00000001" in page.inner_text("main")


def test_when_numbers_are_taken_is_chosen_and_told(site: Site, *, script: bool) -> None:
    name = f"As Zuora does {script}"
    with site.visit(site.admin, script=script) as page:
        create(page, name, "When they are created")
        expect(page.locator(".facts")).to_contain_text("when they are created")
        page.goto("/console/entities")
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
        expect(row).to_contain_text("when they are created")


def test_a_name_that_is_taken_or_unfit_is_refused_with_what_was_typed(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/entities/new")
        for name, words in (("default", "exists already"), ("One, two", "without a comma")):
            page.get_by_label("Name").fill(name)
            page.get_by_label("When they are created").check()
            page.get_by_role("button", name="Create").click()
            expect(page.locator("form", has_text="Create")).to_contain_text(words)
            assert page.get_by_label("Name").input_value() == name
            assert page.get_by_label("When they are created").is_checked()


def test_an_org_is_made_and_limits_a_client(site: Site, *, script: bool) -> None:
    entity, org = f"With orgs {script}", f"North {script}"
    with site.visit(site.admin, script=script) as page:
        create(page, entity, "When they are posted")
        assert "No orgs" in page.inner_text("main")
        for words in ("", "exists already"):
            page.get_by_label("New org").fill(org)
            page.get_by_role("button", name="Add org").click()
            expect(page.locator("main")).to_contain_text(words or f"The org {org} is made")
        page.goto("/console/clients/new")
        page.get_by_label("Name").fill("Northern till")
        page.get_by_label("Issuer").check()
        page.get_by_role("checkbox", name=org).check()
        page.get_by_role("button", name="Create").click()
        expect(page.locator(".field-error, .notice-bad").first).to_be_visible()
        page.get_by_label("All orgs").uncheck()
        page.get_by_role("button", name="Create").click()
        expect(page.locator(".facts")).to_contain_text(f"org {org}")
        client_id, secret = (page.locator(".secret .value").nth(index).inner_text() for index in (0, 1))
    with site.server.api(Zuora_Entity_Ids=entity) as api:
        elsewhere = api.ok("POST", "/v1/accounts", ACCOUNT)["accountId"]
    with site.server.api(Credentials(client_id, secret), Zuora_Entity_Ids=entity) as api:
        own = api.ok("POST", "/v1/accounts", ACCOUNT)["accountId"]
        assert api.get(f"/v1/accounts/{own}").status_code == 200
        assert api.get(f"/v1/accounts/{elsewhere}").status_code == 404
