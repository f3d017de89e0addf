"""The first three minutes: from the printed link to the PDF of a posted credit memo, by what the pages show alone."""

from io import BytesIO
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.browser.site import PASSWORD, WAIT_MILLISECONDS
from tests.servers import Server

STEPS_MAX = 12
"""Pages between the link and the PDF. A person takes some ten seconds for each, besides typing."""


def begin(page: Page) -> None:
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()


def make_set(page: Page) -> None:
    page.get_by_role("link", name="New sequence set").first.click()
    page.get_by_label("Name", exact=True).fill("EUROPE")
    for index, prefix in enumerate(("EU-INV-", "EU-CM-", "EU-DM-")):
        page.get_by_label("Prefix").nth(index).fill(prefix)
        page.get_by_label("Start from").nth(index).fill("1")
    page.get_by_role("button", name="Create the set").click()


def make_account(page: Page) -> None:
    page.get_by_role("link", name="Accounts").first.click()
    page.get_by_role("link", name="New account").first.click()
    page.get_by_label("Name", exact=True).fill("Initech")
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_label("Sequence set").select_option(label="EUROPE, next invoice EU-INV-00000001")
    page.get_by_label("First name").first.fill("Ada")
    page.get_by_label("Last name").first.fill("Byron")
    page.get_by_role("button", name="Create the account").click()


def make_memo(page: Page) -> None:
    page.get_by_role("link", name="New credit memo").first.click()
    page.get_by_label("Description").first.fill("Returned goods")
    page.get_by_label("Amount").first.fill("99.95")
    page.get_by_role("button", name="Create and post").click()


def test_a_person_comes_to_a_numbered_pdf_by_what_the_pages_show(
    browser: Browser, tmp_path: Path, *, script: bool
) -> None:
    with Server(tmp_path) as server:
        context = browser.new_context(java_script_enabled=script, base_url=server.url)
        context.set_default_timeout(WAIT_MILLISECONDS)
        page = context.new_page()
        visited: list[str] = []
        page.on("framenavigated", lambda frame: visited.append(frame.url) if frame == page.main_frame else None)
        assert server.welcome_url is not None
        page.goto(server.welcome_url)
        begin(page)
        make_set(page)
        make_account(page)
        make_memo(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("EU-CM-00000001")
        address = page.locator("iframe").get_attribute("src")
        assert address is not None
        printed = PdfReader(BytesIO(page.request.get(address).body())).pages[0].extract_text()
        assert "EU-CM-00000001" in printed
        assert "Initech" in printed
        assert len(visited) <= STEPS_MAX, visited
        context.close()
