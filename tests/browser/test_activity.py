"""The activity log in the console: who changed what, told to those who may know, and found again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from seriatim.console.app import PAGES
from seriatim.console.records.activity import GLOBAL_KINDS, PAGE_ACTIVITIES, SUBJECT_PAGES
from seriatim.domain.activity import SUBJECT_KINDS
from tests.browser.site import Person, Site
from tests.servers import Api

ACCOUNT = {
    "name": "Sophie Germain",
    "currency": "EUR",
    "billToContact": {"firstName": "Sophie", "lastName": "Germain", "country": "France"},
}
PREFIXES = {"invoice": "FI", "creditMemo": "FC", "debitMemo": "FD"}
SET = {"name": "FR", **{kind: {"prefix": prefix, "startNumber": 1} for kind, prefix in PREFIXES.items()}}


@pytest.fixture
def entity(site: Site, request: pytest.FixtureRequest) -> str:
    """The name of an entity in which nothing was done yet."""
    name = re.sub(r"\W+", " ", request.node.name).strip()[-60:]
    site.server.run_cli_json("entity", "create", "--name", name)
    return name


@pytest.fixture
def api(site: Site, entity: str) -> Iterator[Api]:
    """Zuora's API in that entity, called by the first admin client."""
    with site.server.api(Zuora_Entity_Ids=entity) as signed_in:
        yield signed_in


def log_of(site: Site, entity: str) -> str:
    return f"/console/e/{site.entity_id(entity)}/activity"


def rows_of(page: Page) -> Locator:
    return page.get_by_role("table", name="Activity").locator("tbody tr")


def test_a_change_is_told_with_who_what_and_what_it_was(site: Site, entity: str, api: Api, *, script: bool) -> None:
    account_id = api.ok("POST", "/v1/accounts", ACCOUNT)["accountId"]
    set_id = api.ok("POST", "/v1/sequence-sets", {"sequenceSets": [SET]})["sequenceSets"][0]["id"]
    api.ok("PUT", f"/v1/accounts/{account_id}", {"name": "Sophie G.", "sequenceSetId": set_id})
    with site.visit(site.admin, script=script) as page:
        page.goto(log_of(site, entity))
        changed, made = (rows_of(page).filter(has_text=deed) for deed in ("Update account", "Create sequence sets"))
        # What the log keeps by its id, as the set is, is told by its name.
        for words in ("first admin", "account, changed", "name: Sophie Germain → Sophie G.", "sequence set: FR"):
            expect(changed).to_contain_text(words)
        expect(made).to_contain_text("invoice: FI from 1")
        changed.get_by_role("link").click()
        expect(page).to_have_url(re.compile(f"/accounts/{account_id}$"))


def test_the_log_is_narrowed_by_sort_and_by_actor(site: Site, entity: str, api: Api, *, script: bool) -> None:
    api.ok("POST", "/v1/accounts", ACCOUNT)
    name = f"Second till {script}"
    other = site.server.create_client("issuer", name=name, entities=(entity,))
    with site.server.api(other) as second:
        second.ok("POST", "/v1/accounts", ACCOUNT)
    with site.visit(site.admin, script=script) as page:
        page.goto(log_of(site, entity))
        page.get_by_label("What was changed").select_option("account")
        page.get_by_role("button", name="Show").click()
        assert [row.split("\t")[1].strip() for row in rows_of(page).all_inner_texts()] == [name, "first admin"]
        page.get_by_label("By whom").select_option(label=name)
        page.get_by_role("button", name="Show").click()
        assert rows_of(page).count() == 1
        assert page.get_by_label("What was changed").input_value() == "account"
        page.get_by_label("What was changed").select_option("sequence set")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
        page.get_by_role("link", name="Show everything").first.click()
        assert rows_of(page).count() > 2


def test_older_changes_are_a_page_away(site: Site, entity: str, api: Api, *, script: bool) -> None:
    accounts = [api.ok("POST", "/v1/accounts", ACCOUNT)["accountNumber"] for _ in range(PAGE_ACTIVITIES + 2)]
    with site.visit(site.admin, script=script) as page:
        page.goto(f"{log_of(site, entity)}?kind=account")
        assert subjects(page) == accounts[:1:-1]
        page.get_by_role("link", name="Older").click()
        assert subjects(page) == [accounts[1], accounts[0]]
        assert page.get_by_role("link", name="Older").count() == 0
        page.get_by_role("link", name="Newest").click()
        assert subjects(page) == accounts[:1:-1]
        page.goto(f"{log_of(site, entity)}?before=yesterday")
        expect(page.get_by_role("heading")).to_contain_text("could not be understood")


def subjects(page: Page) -> list[str]:
    return rows_of(page).get_by_role("link").all_inner_texts()


def test_what_belongs_to_no_entity_is_for_those_who_administer_it(site: Site, entity: str) -> None:
    limited = site.create_user("admin", f"Limited {entity}", entities=(entity,))
    auditor = site.create_user("auditor", f"Auditor {entity}")
    log = log_of(site, entity)
    for person, sees in ((site.admin, True), (limited, False), (auditor, False)):
        with site.visit(person) as page:
            page.goto(log)
            kinds = page.get_by_label("What was changed").locator("option").evaluate_all("all => all.map(e => e.value)")
            assert (set(kinds) >= GLOBAL_KINDS) == sees
            assert (GLOBAL_KINDS & set(kinds) == set()) == (not sees)
            for kind in ("user", "API client", "session"):
                page.goto(f"{log}?kind={kind}")
                assert bool(rows_of(page).count()) == sees, kind
            page.goto(log)
            assert f"Auditor {entity}" in page.inner_text("main") or not sees


def test_whoever_is_limited_to_orgs_sees_what_was_done_in_them(site: Site, entity: str, api: Api) -> None:
    org = f"North {entity}"[-100:]
    site.server.run_cli_json("org", "create", "--entity", entity, "--name", org)
    api.ok("POST", "/v1/accounts", {**ACCOUNT, "name": "In no org"})
    northern = site.server.create_client("issuer", name="Northern till", entities=(entity,), orgs=(org,))
    with site.server.api(northern) as north:
        made = north.ok("POST", "/v1/accounts", ACCOUNT)["accountNumber"]
    person: Person = site.create_user("auditor", f"Noor {entity}", entities=(entity,), orgs=(org,))
    with site.visit(person) as page:
        page.goto(log_of(site, entity))
        assert subjects(page) == [made]


def test_every_sort_of_subject_leads_to_a_page_that_there_is() -> None:
    pages = {re.sub(r"\{\w+\}", "{}", route.path) for route in PAGES if route.method == "GET"}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in SUBJECT_PAGES.values()} <= pages
    assert set(SUBJECT_PAGES) | {"invitation"} == set(SUBJECT_KINDS)
    assert set(SUBJECT_KINDS) >= GLOBAL_KINDS
