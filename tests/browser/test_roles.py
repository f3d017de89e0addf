"""Each role sees and does what it may, and nothing else: over every page and every form that there is."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from seriatim.auth.permissions import PERMISSIONS, Permission
from seriatim.console.app import PAGES
from seriatim.console.pages import HOME, PageRoute
from seriatim.domain.client import Role
from tests.browser.site import Person, Site, token_of
from tests.servers import CALL_SECONDS_MAX, Server

HIDDEN = "Hidden Holding"
"""An entity whose name nobody may read who is limited to another one."""
SAMPLES_MAX = 2
"""How many addresses of each page a walk looks at."""
FORM = {
    "name": "Mallory",
    "role": "admin",
    "all_entities": "yes",
    "all_orgs": "yes",
    "number_on": "posting",
    "client_id": "00000000-0000-4000-8000-000000000000",
}
"""What would make a client, an invitation, an entity and an org, if it were sent by somebody who may."""
ACCOUNT = {
    "name": "Sophie Germain",
    "currency": "EUR",
    "billToContact": {"firstName": "Sophie", "lastName": "Germain", "country": "France"},
}
ROUTES = [route for route in PAGES if route.permission is not None]


class Signed:
    """Somebody's session, with what a form needs, without a browser."""

    def __init__(self, url: str, person: Person) -> None:
        self.http = httpx2.Client(base_url=url, timeout=CALL_SECONDS_MAX)
        form = {"name": person.name, "password": person.password}
        form["csrf_token"] = token_of(self.http.get("/console/sign-in").text)
        assert self.http.post("/console/sign-in", data=form).status_code == 303
        self.token = token_of(self.http.get("/console/me").text)

    def send(self, method: str, path: str, token: str | None = None) -> httpx2.Response:
        """A request as the console's pages make it; a form carries the session's token, or another one."""
        if method == "GET":
            return self.http.get(path)
        return self.http.post(path, data={**FORM, "csrf_token": self.token if token is None else token})


SignIn = Callable[[Person], Signed]


@pytest.fixture(scope="module")
def people(site: Site) -> dict[str, Person]:
    """One of each role, and an admin who is limited to the first entity."""
    server = site.server
    server.run_cli_json("entity", "create", "--name", HIDDEN)
    with server.api() as api:
        account = api.ok("POST", "/v1/accounts", ACCOUNT)["accountId"]
        for posts in (True, False):
            charges = [{"amount": 10, "chargeId": "charge"}]
            api.ok("POST", "/v1/creditmemos", {"accountId": account, "charges": charges, "autoPost": posts})
    made = {role.value: site.create_user(role.value, f"The {role.value}") for role in Role}
    return {**made, "limited": site.create_user("admin", "The limited one", entities=("default",))}


@pytest.fixture
def signed_in(site: Site) -> Iterator[SignIn]:
    """Signs people in, and closes their connections in the end."""
    opened: list[Signed] = []

    def sign_in(person: Person) -> Signed:
        opened.append(Signed(site.url, person))
        return opened[-1]

    yield sign_in
    for each in opened:
        each.http.close()


class Links(HTMLParser):
    """Where a page leads: its links, and its forms with their methods."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.found.append(("GET", str(given["href"])))
        elif tag == "form" and given.get("action"):
            self.found.append(((given.get("method") or "get").upper(), str(given["action"])))


def links_of(text: str, here: str) -> Iterator[tuple[str, str]]:
    """Where a page leads within the console; a link that begins with a question mark stays on its page."""
    parser = Links()
    parser.feed(text)
    for method, url in parser.found:
        address = f"{here}{url}" if url.startswith("?") else url
        if address.startswith(HOME) and not address.startswith(f"{HOME}/static/"):
            yield method, address.partition("#")[0]


def address_of(route: PageRoute, entity_id: str) -> str:
    """An address of a route, of something that there is not, in an entity that there is."""
    return HOME + re.sub(r"\{\w+\}", "nothing", route.path.replace("{entity_id}", entity_id))


def route_of(method: str, path: str) -> PageRoute | None:
    """The route that answers an address; known segments go before parameters."""
    for route in sorted(PAGES, key=lambda each: each.path.count("{")):
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(HOME + route.path))
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None


def may(who: str, route: PageRoute) -> bool:
    """Whether a role, or an admin who is limited to an entity, has what a route asks for."""
    if route.permission is None:
        return True
    if who == "limited":
        return route.permission is not Permission.ADMINISTER
    return route.permission in PERMISSIONS[Role(who)]


def changes(site: Site) -> list[Any]:
    """What was changed so far; who signs in and out is no matter here."""
    found = site.server.run_cli_json("activity", "list")
    return [each["position"] for each in found if each["subject_kind"] != "session"]


def names(site: Site) -> Counter[str]:
    """What there is of those things that the form of this module would make."""
    listed = [site.server.run_cli_json(noun, "list") for noun in ("client", "entity", "org", "user")]
    return Counter(each["name"] for rows in listed for each in rows)


def test_there_is_something_to_check() -> None:
    assert {route.permission for route in ROUTES} == set(Permission)
    assert {route.method for route in ROUTES} == {"GET", "POST"}
    open_paths = {route.path for route in PAGES if route.permission is None}
    assert open_paths == {"", "/", "/sign-in", "/welcome/{token}", "/theme"}


@pytest.mark.usefixtures("people")
def test_nobody_sees_a_page_or_sends_a_form_without_a_session(site: Site) -> None:
    before, entity_id = changes(site), site.entity_id()
    with httpx2.Client(base_url=site.url) as http:
        form = {**FORM, "csrf_token": token_of(http.get("/console/sign-in").text)}
        for route in ROUTES:
            path = address_of(route, entity_id)
            answer = http.get(path) if route.method == "GET" else http.post(path, data=form)
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/console/sign-in"), route
    assert changes(site) == before


@pytest.mark.parametrize("who", (*Role, "limited"))
def test_a_role_is_refused_what_it_may_not_and_nothing_changes(
    site: Site, people: dict[str, Person], signed_in: SignIn, who: str
) -> None:
    signed, entity_id = signed_in(people[who]), site.entity_id()
    before, there_were = changes(site), names(site)
    refused = [route for route in ROUTES if not may(who, route)]
    for route in refused:
        answer = signed.send(route.method, address_of(route, entity_id))
        assert answer.status_code == 403, route
        assert "may not" in answer.text
    assert bool(refused) == (who != Role.ADMIN)
    assert (changes(site), names(site)) == (before, there_were)
    for route in ROUTES:
        if may(who, route) and route.method == "GET":
            path = address_of(route, entity_id)
            answer = signed.send("GET", path)
            assert answer.status_code in {200, 303, 404}, (route, answer.text)
            assert answer.status_code != 404 or "nothing" in path, route


def test_a_form_without_the_token_of_its_session_is_refused(
    site: Site, people: dict[str, Person], signed_in: SignIn
) -> None:
    admin, other = signed_in(people[Role.ADMIN]), signed_in(people[Role.ISSUER])
    before, there_were, entity_id = changes(site), names(site), site.entity_id()
    for route in ROUTES:
        for token in ("", other.token) if route.method == "POST" else ():
            answer = admin.send("POST", address_of(route, entity_id), token)
            assert answer.status_code == 403, route
            assert "not of this session" in answer.text
    assert (changes(site), names(site)) == (before, there_were)


def test_the_same_forms_do_something_for_those_who_may(browser: Browser, tmp_path: Path) -> None:
    # Without this, the two tests above could be content with forms that nobody could use.
    with Server(tmp_path) as server:
        site = Site(server, browser)
        admin, before = Signed(site.url, site.admin), changes(site)
        for path in ("/people/invite", "/clients/new", "/entities/new", f"/entities/{site.entity_id()}/orgs"):
            assert admin.send("POST", HOME + path).status_code in {200, 303}
        admin.http.close()
        assert len(changes(site)) > len(before)
        assert names(site)["Mallory"] == 3


@pytest.mark.parametrize("who", (*Role, "limited"))
def test_no_page_offers_what_its_reader_may_not(people: dict[str, Person], signed_in: SignIn, who: str) -> None:
    signed = signed_in(people[who])
    looked_at: Counter[str] = Counter()
    offered: set[tuple[str, str]] = set()
    to_do = [HOME]
    while to_do:
        path = to_do.pop()
        answer = signed.http.get(path, follow_redirects=True)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        assert answer.status_code == 200, (path, answer.text)
        assert who != "limited" or HIDDEN not in answer.text, path
        for method, url in links_of(answer.text, urlsplit(str(answer.url)).path):
            route = route_of(method, urlsplit(url).path)
            assert route is not None, f"{path} leads to {method} {url}, which there is not"
            assert may(who, route), f"{path} offers {method} {url}"
            offered.add((method, route.path))
            if method == "GET" and looked_at[route.path] < SAMPLES_MAX:
                looked_at[route.path] += 1
                to_do.append(url)
    assert looked_at["/e/{entity_id}/activity"]
    assert (("POST", "/clients/new") in offered) == (who == Role.ADMIN)
    assert (("GET", "/entities/new") in offered) == (who == Role.ADMIN)
    assert (("POST", "/e/{entity_id}/merchant") in offered) == (who in {Role.ADMIN, "limited"})


def test_another_entity_reads_like_one_that_there_is_not(
    site: Site, people: dict[str, Person], signed_in: SignIn
) -> None:
    signed, hidden_id = signed_in(people["limited"]), site.entity_id(HIDDEN)
    unknown_id = hidden_id[::-1]
    before, checked = changes(site), 0
    for route in ROUTES:
        if "{entity_id}" not in route.path or not may("limited", route):
            continue
        hidden, unknown = (signed.send(route.method, address_of(route, each)) for each in (hidden_id, unknown_id))
        assert hidden.status_code == unknown.status_code == 404, route
        assert hidden.text.replace(hidden_id, unknown_id) == unknown.text, route
        checked += 1
    assert checked > 10
    assert changes(site) == before


@pytest.mark.parametrize("who", (*Role, "limited"))
def test_the_navigation_has_what_the_role_may(site: Site, people: dict[str, Person], who: str, *, script: bool) -> None:
    entity_id, administers = site.entity_id(), who == Role.ADMIN
    with site.visit(people[who], script=script) as page:
        page.goto(f"/console/e/{entity_id}/activity")
        entries = page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
        assert ("People" in entries, "API clients" in entries) == (administers, administers)
        assert {"Numbering", "Documents", "Activity", "Merchant details"} <= set(entries)
        page.goto(f"/console/e/{entity_id}/merchant")
        assert page.get_by_role("button", name="Save").count() == (who in {Role.ADMIN, "limited"})
        page.goto("/console/clients")
        heading = "API clients" if administers else "You may not do this"
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        check_switcher(page, sees_all=who != "limited")


def check_switcher(page: Page, *, sees_all: bool) -> None:
    page.goto("/console/me")
    switcher = page.locator(".side .switcher")
    assert switcher.count() == sees_all
    if sees_all:
        switcher.locator("summary").click()
        switcher.get_by_role("link", name=HIDDEN).click()
        page.wait_for_url("**/numbering")
        expect(page.locator(".side .switcher-name")).to_contain_text(HIDDEN)
