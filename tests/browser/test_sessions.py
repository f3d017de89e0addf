"""How long a session lasts, and what every answer of the console says to the browser."""

import sqlite3
from datetime import timedelta

import httpx2
import pytest
from playwright.sync_api import expect

from seriatim.domain.user import SESSION_IDLE_MAX, SESSION_LIFETIME
from tests.browser.site import Site, sign_in
from tests.servers import Server

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def move_back(server: Server, column: str, time: timedelta) -> None:
    """Let all sessions be that much older."""
    with sqlite3.connect(server.database_path, timeout=30) as database:
        database.execute(f"UPDATE sessions SET {column} = {column} - ?", (time // MICROSECOND,))  # noqa: S608
    database.close()


@pytest.mark.parametrize(
    ("column", "time", "lasts"),
    (
        ("seen_at", SESSION_IDLE_MAX - MINUTE, True),
        ("seen_at", SESSION_IDLE_MAX, False),
        ("created_at", SESSION_LIFETIME - MINUTE, True),
        ("created_at", SESSION_LIFETIME, False),
    ),
)
def test_a_session_ends(site: Site, column: str, time: timedelta, *, lasts: bool) -> None:
    with site.visit() as page:
        sign_in(page, site.admin)
        move_back(site.server, column, time)
        page.goto("/console/me")
        assert ("/console/sign-in" not in page.url) is lasts


def test_a_session_that_is_used_goes_on(site: Site) -> None:
    with site.visit() as page:
        sign_in(page, site.admin)
        for _ in range(3):
            move_back(site.server, "seen_at", SESSION_IDLE_MAX - MINUTE)
            page.goto("/console/me")
            assert "/console/sign-in" not in page.url


def test_every_answer_is_kept_from_others(site: Site) -> None:
    with site.visit(site.admin) as page:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        page.goto("/console/me")
        style = page.locator("link[rel=stylesheet]").get_attribute("href")
    with httpx2.Client(base_url=site.url, cookies=cookies) as http:
        paths = (
            "/console",
            "/console/me",
            "/console/people",
            "/console/nowhere",
            "/console/sign-in",
            "/console/welcome/x",
        )
        for answer in [http.get(path) for path in paths] + [http.post("/console/me"), http.delete("/console/me")]:
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert http.delete("/console/me").status_code == 405
        assert style is not None
        for encoding in ("gzip", "identity"):
            answer = http.get(style, headers={"Accept-Encoding": encoding})
            assert answer.headers.get("content-encoding", "identity") == encoding
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"].startswith("text/css")
            assert answer.text.startswith("/* The console's one stylesheet")
        for path in (style.replace("console.css", "nothing.css"), "/console/static/0/console.css", f"{style}/../../x"):
            assert http.get(path).status_code == 404


def test_colours_are_chosen_and_stay(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/me?a=b")
        shown = page.locator("html")
        assert shown.get_attribute("data-theme") is None
        for theme in ("dark", "light"):
            page.get_by_role("button", name="Theme").first.click()
            expect(shown).to_have_attribute("data-theme", theme)
            assert page.url.endswith("/console/me?a=b")
            page.reload()
            expect(shown).to_have_attribute("data-theme", theme)


def test_a_language_is_chosen(site: Site, *, script: bool) -> None:
    person = site.create_user("auditor", f"Lou {script}")
    with site.visit(person, script=script, locale="en-GB") as page:
        page.goto("/console/me")
        expect(page.get_by_text("€1,234.56")).to_be_visible()
        page.get_by_label("Language and region").select_option("de-DE")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("1.234,56 €")).to_be_visible()
        assert page.get_by_label("Language and region").input_value() == "de-DE"


def test_the_menu_of_a_phone_leads_everywhere(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script, phone=True) as page:
        page.goto("/console/me")
        menu = page.locator("details.top > summary")
        expect(page.get_by_role("link", name="People")).to_be_hidden()
        menu.click()
        page.get_by_role("link", name="People").click()
        expect(page.get_by_role("heading", name="People")).to_be_visible()


def test_the_keyboard_reaches_the_content_first(site: Site) -> None:
    with site.visit(site.admin) as page:
        page.goto("/console/me")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_an_entity_that_is_not_there_and_one_that_is_forbidden_read_the_same(site: Site) -> None:
    site.server.run_cli_json("entity", "create", "--name", "Hidden")
    hidden = site.entity_id("Hidden")
    person = site.create_user("auditor", "Narrow", entities=("default",))
    told = []
    with site.visit(person) as page:
        for entity_id in (hidden, "0" * 32):
            answer = page.goto(f"/console/e/{entity_id}/numbering")
            assert answer is not None
            assert answer.status == 404
            told.append(page.inner_text("main").replace(entity_id, "…"))
        assert page.get_by_text("Hidden").count() == 0
    assert told[0] == told[1]


def test_the_entity_that_was_looked_at_last_stays(site: Site, *, script: bool) -> None:
    name = f"Other {script}"
    site.server.run_cli_json("entity", "create", "--name", name)
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/me")
        page.locator("details.switcher > summary").first.click()
        page.get_by_role("link", name=name).first.click()
        page.wait_for_url(f"**/e/{site.entity_id(name)}/numbering")
        page.goto("/console/people")
        page.get_by_role("link", name="Series").first.click()
        page.wait_for_url(f"**/e/{site.entity_id(name)}/series")
