"""Every page, found by following the links of the console as a person would, looked at with axe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from seriatim.console.app import PAGES
from seriatim.http.routing import PathTree
from tests.browser.crawl import crawl
from tests.browser.site import DESKTOP, PHONE, Site
from tests.browser.world import furnish
from tests.servers import Server

PAGES_OF_A_ROUTE_MAX = 1
"""Pages of one route differ in what they say, and hardly in what they are made of."""
SERIOUS = {"serious", "critical"}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGE_BYTES_MAX = 100_000
UNLINKED = {"", "/", "/sign-in", "/welcome/{token}"}
"""What nobody is led to who is signed in already."""


@pytest.fixture(scope="module")
def furnished(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory: Path = tmp_path_factory.mktemp("furnished")
    # Nobody listens there: the mail waits, and its page has something to show.
    with Server(directory, smtp_url="smtp://127.0.0.1:9", smtp_sender="billing@nordlicht.example") as server:
        furnish(server)
        yield Site(server, browser)


def complaints_of(page: Page) -> list[str]:
    """What axe finds serious or critical: on a desktop in light colours, and on a phone in dark ones."""
    found = []
    for (width, height), scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        for violation in Axe().run(page, options=RULES).response["violations"]:
            if violation["impact"] in SERIOUS:
                nodes = "; ".join(
                    f"{node['html'][:160]} ({node['failureSummary'][:200]})" for node in violation["nodes"][:2]
                )
                found.append(f"{page.url} {scheme}: {violation['id']}: {nodes}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{page.url}: wider than a window of {width} pixels")
    return found


def test_every_page_is_reached_small_and_accessible(furnished: Site) -> None:
    visited, complaints = dict.fromkeys(UNLINKED, 0), list[str]()
    with furnished.visit(furnished.admin) as page:
        for route, address, is_page in crawl(page, furnished.url):
            visited[route] = visited.get(route, 0) + 1
            if not is_page or visited[route] > PAGES_OF_A_ROUTE_MAX:
                continue
            page.goto(address)
            if len(page.content().encode()) > PAGE_BYTES_MAX:
                complaints.append(f"{address}: larger than {PAGE_BYTES_MAX} bytes")
            complaints += complaints_of(page)
    assert not complaints, "\n".join(complaints)
    assert set(visited) == {route.path for route in PAGES if route.method == "GET"}


def test_the_way_in_is_accessible(furnished: Site) -> None:
    invited = furnished.server.run_cli("user", "invite", "--role", "auditor", "--url", furnished.url).stdout.strip()
    with furnished.visit() as page:
        for address in ("/console/sign-in", invited, "/console/nowhere"):
            page.goto(address)
            assert complaints_of(page) == []


def test_axe_finds_what_is_wrong(furnished: Site) -> None:
    with furnished.visit() as page:
        page.goto("/console/sign-in")
        page.evaluate("document.querySelector('label').remove()")
        assert "label" in "".join(complaints_of(page))


def test_every_route_is_found_by_its_own_path() -> None:
    tree: PathTree[set[str]] = PathTree()
    paths = {route.path for route in PAGES}
    for path in paths:
        tree.add(f"/console{path}", {path})
    for path in paths:
        found = tree.find(f"/console{path}".replace("{", "%7B").replace("}", "%7D"))
        assert found is not None
        assert found[0] == {path}, "two routes fit the same addresses, and one hides the other"
