"""API clients in the console: made with a secret that is shown once, used through both APIs, revoked."""

from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.site import Site
from tests.servers import Credentials, Server, fetch_token

VERSION = "2024-05-09"


def create(page: Page, name: str, *, version: str = "") -> Credentials:
    """Fill in the form for a client, and take its secret from the page that follows."""
    page.goto("/console/clients")
    page.get_by_role("link", name="New API client").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Issuer").check()
    page.get_by_label("Version of Sequence's API").select_option(version)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=f"{name} is ready")).to_be_visible()
    client_id, secret = (page.locator(".secret .value").nth(index).inner_text() for index in (0, 1))
    return Credentials(client_id, secret)


def row_of(page: Page, name: str) -> str:
    page.goto("/console/clients")
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name)).inner_text()


def test_a_client_is_made_and_calls_both_apis(site: Site, *, script: bool) -> None:
    name = f"Billing {script}"
    with site.visit(site.admin, script=script) as page:
        credentials = create(page, name, version=VERSION)
        assert VERSION in row_of(page, name)
        assert "never" in row_of(page, name)
    with httpx2.Client(base_url=site.url) as http:
        token = fetch_token(http, credentials)
        read = http.get("/v1/sequence-sets", headers={"Authorization": f"Bearer {token}"})
        assert read.status_code == 200
        basic = http.get("/customers", auth=(credentials.client_id, credentials.client_secret))
        assert (basic.status_code, basic.headers["sequence-version"]) == (200, VERSION)


def test_the_secret_is_nowhere_but_on_the_page_that_shows_it(site: Site, *, script: bool) -> None:
    name = f"Discreet {script}"
    with site.visit(site.admin, script=script) as page:
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - no method of a list will do
        secret = create(page, name).client_secret
        assert secret not in page.url
        assert answers
        shown = [answer for answer in answers if answer.request.method == "POST"]
        assert [answer.header_value("cache-control") for answer in shown] == ["no-store"]
        assert secret not in repr(page.context.cookies())
        page.goto("/console/clients")
        page.get_by_role("link", name=name).click()
        assert secret not in page.content()
        page.goto(f"/console/e/{site.entity_id()}/activity?kind=API+client")
        assert name in page.inner_text("main")
        assert secret not in page.content()
    assert secret not in site.server.logs()


def test_a_reload_makes_no_second_client(site: Site, *, script: bool) -> None:
    name = f"Once {script}"
    with site.visit(site.admin, script=script) as page:
        create(page, name)
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("made already")
        assert page.get_by_role("rowheader", name=name).count() == 1


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/clients/new")
        page.get_by_label("Name").fill("Half done")
        page.get_by_label("All entities").uncheck()
        page.get_by_label("Auditor").check()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_text("Tick at least one entity")).to_be_visible()
        assert page.get_by_label("Name").input_value() == "Half done"
        assert page.get_by_label("Auditor").is_checked()
        page.get_by_role("checkbox", name="default").check()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", name="Half done is ready")).to_be_visible()
        assert "default" in page.locator(".facts").inner_text()


def test_a_revoked_client_calls_no_more(site: Site, *, script: bool) -> None:
    name = f"Gone {script}"
    with site.visit(site.admin, script=script) as page:
        credentials = create(page, name)
        page.goto(f"/console/clients/{credentials.client_id}")
        page.get_by_role("link", name="Revoke").click()
        page.get_by_role("link", name="Cancel").click()
        with httpx2.Client(base_url=site.url) as http:
            fetch_token(http, credentials)
            page.get_by_role("link", name="Revoke").click()
            page.get_by_role("button", name="Revoke for good").click()
            expect(page.get_by_role("status")).to_contain_text(f"{name} is revoked")
            answer = http.get("/customers", auth=(credentials.client_id, credentials.client_secret))
            assert answer.status_code == 401
        assert "Revoked" in row_of(page, name)
        page.goto(f"/console/clients/{credentials.client_id}/revoke")
        page.get_by_role("button", name="Revoke for good").click()
        expect(page.get_by_role("alert")).to_contain_text("revoked already")


def test_the_last_use_through_either_api_is_kept(browser: Browser, tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        site = Site(server, browser)
        names = ("Zuora caller", "Sequence caller", "Idle")
        zuora, sequence, _ = (server.create_client("auditor", name=name) for name in names)
        with httpx2.Client(base_url=site.url) as http:
            token = fetch_token(http, zuora)
            http.get("/v1/sequence-sets", headers={"Authorization": f"Bearer {token}"})
            http.get("/customers", auth=(sequence.client_id, sequence.client_secret))
        # What is in memory is written when the server stops.
        assert server.terminate() == 0
        server.start()
        with site.visit(site.admin) as page:
            used = {name: "never" not in row_of(page, name) for name in names}
    assert used == {"Zuora caller": True, "Sequence caller": True, "Idle": False}
