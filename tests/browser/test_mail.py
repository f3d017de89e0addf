"""Outgoing mail in the console: what became of each, in words, and sending it once more."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from seriatim.console.records.mail import PAGE_MAILS
from tests.browser.site import Site, token_of
from tests.cli.test_merchants import SELLER
from tests.mail.post_office import PostOffice
from tests.mail.world import OWN_ADDRESS
from tests.sequence.client import ContractApi
from tests.sequence.conftest import UNREACHABLE_MAIL_SERVER
from tests.sequence.support import create_customer, issue_note
from tests.servers import Credentials, Json, Server

WAIT_SECONDS_MAX = 30
LOOKS_MAX = 500
"""How often a page is looked at until the background work has come so far."""
REFUSAL = "550 there is no such customer"
SELLER_ADDRESS = "billing@seller.example"
OTHER_ADDRESS = "nobody@customer.example"


@pytest.fixture(scope="module")
def post_office() -> Iterator[PostOffice]:
    """A mail server in a thread of its own: this one belongs to the browser."""
    office, opened = PostOffice(), threading.Event()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def serve() -> None:
        async with office.open():
            opened.set()
            await stopped.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert opened.wait(WAIT_SECONDS_MAX)
    yield office
    loop.call_soon_threadsafe(stopped.set)
    thread.join(WAIT_SECONDS_MAX)
    loop.close()


@pytest.fixture(scope="module")
def mailing(browser: Browser, post_office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that sends mail, with two sellers."""
    with Server(tmp_path_factory.mktemp("mailing"), smtp_url=post_office.url, smtp_sender=OWN_ADDRESS) as server:
        made = Site(server, browser)
        server.run_cli_json("entity", "create", "--name", "second")
        server.run_cli_json("org", "create", "--entity", "default", "--name", "North")
        for entity in ("default", "second"):
            done = server.run_cli("merchant", "set", "--entity", entity, *SELLER)
            assert done.returncode == 0, done.stderr
        yield made


def send_note(site: Site, credentials: Credentials, address: str, *, times: int = 1) -> str:
    """The number of a credit note that was issued and is sent to an address."""
    with ContractApi(site.url, credentials) as api:
        contact = {"name": "Sophie", "email": address, "billingPreference": "PRIMARY"}
        note = issue_note(api, create_customer(api, contacts=[contact])["id"])
        for _ in range(times):
            api.post(f"/credit-notes/{note['id']}/send")
    return str(note["creditNoteNumber"])


def row_with(page: Page, address: str, number: str, words: str) -> Locator:
    """The row of a mail, once it says what the background work is to bring about."""
    for _ in range(LOOKS_MAX):
        page.goto(address)
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=number))
        if row.count() and words in row.first.inner_text():
            return row.first
    raise AssertionError(f"{number} does not come to say {words!r}: {page.inner_text('main')}")


def test_a_failed_mail_says_why_and_is_sent_once_more(mailing: Site, post_office: PostOffice, *, script: bool) -> None:
    address = f"sophie-{script}@customer.example".lower()
    post_office.recipient_answers = {address: [REFUSAL], SELLER_ADDRESS: ["550 nor this one"]}
    mail = f"/console/e/{mailing.entity_id()}/mail"
    with mailing.visit(mailing.admin, script=script) as page:
        number = send_note(mailing, mailing.server.create_client("admin", entities=("default",)), address)
        row = row_with(page, f"{mail}?status=failed", number, REFUSAL)
        assert "Given up after 1 attempt" in row.inner_text()
        assert address in row.inner_text()
        row.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("status")).to_contain_text(f"The mail to {address} is sent anew")
        row = row_with(page, mail, number, "at the first attempt")
        assert row.get_by_role("button").count() == 0
        page.get_by_role("link", name="Failed", exact=True).click()
        assert number not in page.inner_text("main")
    assert [each.recipients[0] for each in post_office.deliveries if address in each.recipients] == [address]


def test_mail_of_another_entity_or_org_is_not_reachable(mailing: Site, post_office: PostOffice) -> None:
    post_office.recipient_answers = {OTHER_ADDRESS: [REFUSAL], SELLER_ADDRESS: ["550 nor this one"]}
    server = mailing.server
    number = send_note(mailing, server.create_client("admin", entities=("default",)), OTHER_ADDRESS)
    second = mailing.create_user("issuer", "Secundus", entities=("second",))
    north = mailing.create_user("issuer", "Noor", entities=("default",), orgs=("North",))
    default_mail, second_mail = (f"/console/e/{mailing.entity_id(name)}/mail" for name in ("default", "second"))
    with mailing.visit(mailing.admin) as page:
        row_with(page, default_mail, number, REFUSAL)
    (mail_id,) = [each["mail_id"] for each in failed(server) if each["document"] == number]
    for person, own in ((second, second_mail), (north, default_mail)):
        with mailing.visit(person) as page:
            page.goto(own)
            assert number not in page.inner_text("main")
            page.goto(f"{own}?before={mail_id}")
            assert number not in page.inner_text("main")
            form: dict[str, str | float | bool] = {"csrf_token": token_of(page.content())}
            for of in (own, default_mail):
                assert page.request.post(f"{of}/{mail_id}/retry", form=form).status == 404
    assert mail_id in [each["mail_id"] for each in failed(server)]


def failed(server: Server) -> list[Json]:
    found: list[Json] = server.run_cli_json("mail", "list", "--status", "failed")
    return found


def test_older_mails_are_a_page_away(browser: Browser, tmp_path: Path, *, script: bool) -> None:
    with Server(tmp_path, smtp_url=UNREACHABLE_MAIL_SERVER) as server:
        site = Site(server, browser)
        assert server.run_cli("merchant", "set", *SELLER).returncode == 0
        numbers = [send_note(site, server.require_admin(), OTHER_ADDRESS, times=times) for times in (3, PAGE_MAILS)]
        with site.visit(site.admin, script=script) as page:
            page.goto(f"/console/e/{site.entity_id()}/mail?status=waiting")
            assert shown_on(page) == [numbers[1]] * PAGE_MAILS
            page.get_by_role("link", name="Older").click()
            assert shown_on(page) == [numbers[0]] * 3
            assert page.get_by_role("link", name="Older").count() == 0
            page.get_by_role("link", name="Newest").click()
            assert shown_on(page) == [numbers[1]] * PAGE_MAILS
            assert page.get_by_role("link", name="Waiting", exact=True).get_attribute("aria-current") == "page"


def shown_on(page: Page) -> list[str]:
    return page.get_by_role("rowheader").all_inner_texts()


def test_a_server_that_sends_no_mail_says_so(site: Site) -> None:
    with site.visit(site.admin) as page:
        page.goto(f"/console/e/{site.entity_id()}/mail")
        expect(page.get_by_text("No mail server is configured")).to_be_visible()
        expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
        page.goto(f"/console/e/{site.entity_id()}/mail?status=lost")
        expect(page.locator("main")).to_contain_text("choose one of waiting, delivering, sent, failed")
