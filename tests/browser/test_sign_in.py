"""Who gets in, how, and for how long."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import PASSWORD, Person, Site, accept, sign_in, token_of, try_to_sign_in
from tests.servers import Server

SESSION = "seriatim_session"


def session_of(page: Page) -> str | None:
    cookies = page.context.cookies(f"{page.url.partition('/console')[0]}/console")
    return next((cookie["value"] for cookie in cookies if cookie["name"] == SESSION), None)


def error_on(page: Page) -> str:
    return page.get_by_role("alert").inner_text()


def test_the_printed_link_makes_the_first_admin_once(browser: Browser, tmp_path: Path, *, script: bool) -> None:
    with Server(tmp_path) as server:
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        assert server.welcome_url is not None
        page.goto(server.welcome_url)
        page.get_by_label("Name").fill("Grace")
        page.get_by_label("Password", exact=True).fill("too short")
        page.get_by_label("Password once more").fill("too short")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_text("A password has 12 to 1000 characters")).to_be_visible()
        assert page.get_by_label("Name").input_value() == "Grace"
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password once more").fill("something else entirely")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_text("The two passwords differ")).to_be_visible()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password once more").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url("**/numbering")
        assert [user["role"] for user in server.run_cli_json("user", "list")] == ["admin"]
        page.goto(server.welcome_url)
        assert "used already or has expired" in page.inner_text("main")
        context.close()
        server.welcome_url = None
        server.restart()
        assert server.welcome_url is None


def test_a_person_signs_in_and_goes_where_they_wanted(site: Site, *, script: bool) -> None:
    with site.visit(script=script) as page:
        page.goto("/console/people?from=here")
        assert "/console/sign-in?next=" in page.url
        page.get_by_label("Name").fill(site.admin.name.upper())
        page.get_by_label("Password").fill(site.admin.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/people?from=here")
        expect(page.get_by_role("heading", name="People")).to_be_visible()
        page.get_by_role("button", name="Sign out").first.click()
        page.wait_for_url("**/console/sign-in")
        assert session_of(page) is None
        page.goto("/console/people")
        assert "/console/sign-in" in page.url


@pytest.mark.parametrize("wanted", ("https://example.com/", "//example.com", "/console/\\example.com", "/v1/invoices"))
def test_nobody_is_led_to_another_site(site: Site, wanted: str) -> None:
    with httpx2.Client(base_url=site.url) as http:
        page = http.get("/console/sign-in", params={"next": wanted})
        form = {"name": site.admin.name, "password": site.admin.password, "next": wanted}
        answer = http.post("/console/sign-in", data={**form, "csrf_token": token_of(page.text)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")


def fail_often(database: Path) -> None:
    """As if whoever failed had gone on for a while: a delay of a second might be over before the next attempt."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.set_busy_timeout(5_000)
        connection.execute("UPDATE sign_in_delays SET failures = 20").fetchall()


def test_a_wrong_password_and_an_unknown_name_read_the_same(site: Site, *, script: bool) -> None:
    site.create_user("auditor", f"Known {script}")
    told = []
    with site.visit(script=script) as page:
        for name in (f"Known {script}", f"Unknown {script}"):
            for _ in range(3):
                try_to_sign_in(page, name, "not the password at all")
                assert session_of(page) is None
                assert "name or the password is wrong" in error_on(page)
            fail_often(site.server.database_path)
            try_to_sign_in(page, name, PASSWORD)
            told.append(error_on(page).replace(name, "…"))
            assert "Too many attempts under this name" in told[-1]
            assert page.get_by_label("Name").input_value() == name
            assert page.get_by_label("Password").input_value() == ""
    assert told[0] == told[1]


def test_a_session_gets_a_new_id_when_somebody_signs_in(site: Site) -> None:
    with site.visit() as page:
        for path in ("/", "/console"):
            page.context.add_cookies([{"name": SESSION, "value": "a" * 40, "domain": "127.0.0.1", "path": path}])
        sign_in(page, site.admin)
        first = session_of(page)
        assert first is not None
        assert first != "a" * 40
        page.context.clear_cookies()
        sign_in(page, site.admin)
        assert session_of(page) != first
        cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == SESSION)
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/console")
        assert cookie["expires"] <= (datetime.now(UTC) + timedelta(days=7, minutes=1)).timestamp()
        assert first.encode() not in site.server.database_path.read_bytes()


def test_behind_a_proxy_with_https_the_cookies_are_secure(site: Site) -> None:
    with httpx2.Client(base_url=site.url, headers={"X-Forwarded-Proto": "https"}) as http:
        page = http.get("/console/sign-in")
        assert "; Secure" in page.headers["set-cookie"]
        form = {"name": site.admin.name, "password": site.admin.password, "csrf_token": token_of(page.text)}
        # The connection itself is not encrypted, so the client would keep a cookie of that sort to itself.
        cookies = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
        answer = http.post("/console/sign-in", data=form, headers=cookies)
        assert answer.status_code == 303
        secure = [value for value in answer.headers.get_list("set-cookie") if value.startswith(SESSION)]
        assert "; Secure" in secure[0]


@pytest.mark.parametrize("token", (None, "", "0" * 64, "ä"))
def test_a_form_without_its_token_changes_nothing(site: Site, token: str | None) -> None:
    with site.visit(site.admin) as page:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        before = site.server.run_cli_json("user", "list")
        form = {"name": "Mallory", "role": "admin", "all_entities": "yes", "all_orgs": "yes"}
        sent = form if token is None else {**form, "csrf_token": token}
        with httpx2.Client(base_url=site.url, cookies=cookies) as http:
            answer = http.post("/console/people/invite", data=sent)
            assert answer.status_code == 403
            assert "this form is not of this session" in answer.text.lower()
            foreign = {**form, "csrf_token": token_of(http.get("/console/people/invite").text)}
            for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.com"}):
                assert http.post("/console/people/invite", data=foreign, headers=headers).status_code == 403
            own = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
            assert http.post("/console/people/invite", data=foreign, headers=own).status_code == 200
        assert site.server.run_cli_json("user", "list") == before


def test_the_token_of_one_session_is_none_of_another(site: Site) -> None:
    other = site.create_user("admin", "Olga")
    with site.visit(site.admin) as page, site.visit(other) as others_page:
        others_page.goto("/console/me")
        foreign = token_of(others_page.content())
        page.goto("/console/me")
        page.evaluate("token => document.querySelectorAll('[name=csrf_token]').forEach(e => e.value = token)", foreign)
        page.get_by_role("button", name="Save").click()
        assert "not of this session" in page.inner_text("main")


def test_signing_out_everywhere_ends_all_sessions(site: Site, *, script: bool) -> None:
    person = site.create_user("auditor", f"Ellen {script}")
    with site.visit(person, script=script) as here, site.visit(script=script) as there:
        sign_in(there, person)
        here.goto("/console/me")
        assert here.get_by_role("row").count() == 1 + 2
        here.get_by_role("button", name="Sign out everywhere").click()
        here.wait_for_url("**/console/sign-in")
        there.goto("/console/me")
        assert "/console/sign-in" in there.url


def test_a_new_password_ends_all_other_sessions(site: Site, *, script: bool) -> None:
    person = site.create_user("issuer", f"Paul {script}")
    changed = Person(person.name, "another four plain words")
    with site.visit(person, script=script) as here, site.visit(script=script) as there:
        sign_in(there, person)
        here.goto("/console/me")
        here.get_by_label("Current password").fill("not this one, surely")
        here.get_by_label("New password", exact=True).fill(changed.password)
        here.get_by_label("New password once more").fill(changed.password)
        here.get_by_role("button", name="Change password").click()
        expect(here.get_by_text("This is not your password")).to_be_visible()
        here.get_by_label("Current password").fill(person.password)
        here.get_by_label("New password", exact=True).fill(changed.password)
        here.get_by_label("New password once more").fill(changed.password)
        here.get_by_role("button", name="Change password").click()
        expect(here.get_by_role("status")).to_contain_text("Your password is changed")
        there.goto("/console/me")
        assert "/console/sign-in" in there.url
        sign_in(there, changed)


def test_an_invitation_makes_a_user_once(site: Site, *, script: bool) -> None:
    name = f"Ivy {script}"
    with site.visit(site.admin, script=script) as page, site.visit(script=script) as theirs:
        page.goto("/console/people")
        page.get_by_role("link", name="Invite somebody").click()
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Make the link").click()
        expect(page.get_by_text("Choose what they may do")).to_be_visible()
        page.get_by_label("Auditor").check()
        page.get_by_role("button", name="Make the link").click()
        link = page.locator(".copyable .value").inner_text()
        page.goto("/console/people")
        expect(page.get_by_role("row", name=name)).to_be_visible()
        theirs.goto(link)
        assert theirs.get_by_label("Name").input_value() == name
        theirs.get_by_label("Password", exact=True).fill(PASSWORD)
        theirs.get_by_label("Password once more").fill(PASSWORD)
        theirs.get_by_role("button", name="Begin").click()
        theirs.wait_for_url("**/numbering")
        assert theirs.get_by_role("link", name="People").count() == 0
        theirs.goto("/console/people")
        assert "has the role auditor, which may not manage people" in theirs.inner_text("main")
        theirs.goto(link)
        assert "used already or has expired" in theirs.inner_text("main")


def test_a_revoked_invitation_opens_nothing(site: Site, *, script: bool) -> None:
    done = site.server.run_cli("user", "invite", "--role", "issuer", "--name", f"Rita {script}", "--url", site.url)
    link = done.stdout.strip()
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/people")
        page.get_by_role("row", name=f"Rita {script}").get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("status")).to_contain_text("The invitation is revoked")
        page.reload()
        assert page.get_by_role("status").count() == 0
        page.goto(link)
        assert "used already or has expired" in page.inner_text("main")


def test_a_disabled_user_is_out_at_once(site: Site, *, script: bool) -> None:
    person = site.create_user("issuer", f"Dora {script}")
    with site.visit(site.admin, script=script) as page, site.visit(person, script=script) as theirs:
        theirs.goto("/console/me")
        expect(theirs.get_by_role("heading", name=person.name)).to_be_visible()
        page.goto("/console/people")
        page.get_by_role("link", name=person.name).click()
        page.get_by_role("button", name=f"Disable {person.name}").click()
        expect(page.get_by_role("status")).to_contain_text("can sign in no more")
        theirs.goto("/console/me")
        assert "/console/sign-in" in theirs.url
        try_to_sign_in(theirs, person.name, person.password)
        assert "name or the password is wrong" in error_on(theirs)
        page.get_by_role("link", name=person.name).click()
        page.get_by_role("button", name="Enable").click()
        sign_in(theirs, person)


def test_what_somebody_may_do_is_changed_and_an_admin_stays(site: Site, *, script: bool) -> None:
    person = site.create_user("auditor", f"Carl {script}")
    with site.visit(site.admin, script=script) as page:
        page.goto("/console/people")
        page.get_by_role("link", name=person.name).click()
        page.get_by_label("Issuer").check()
        page.get_by_label("All entities").uncheck()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Tick at least one entity")).to_be_visible()
        page.get_by_label("default").check()
        page.get_by_role("button", name="Save").click()
        row = page.get_by_role("row", name=person.name)
        expect(row).to_contain_text("Issuer")
        expect(row).to_contain_text("default")


def test_the_last_admin_cannot_be_locked_out(browser: Browser, tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        alone = Site(server, browser)
        with alone.visit(alone.admin) as page:
            page.goto("/console/people")
            page.get_by_role("main").get_by_role("link", name=alone.admin.name).click()
            page.get_by_role("button", name=f"Disable {alone.admin.name}").click()
            assert "last admin of all entities" in error_on(page)


def test_an_admin_of_one_entity_gives_nobody_more(site: Site) -> None:
    limited = site.create_user("admin", "Lim", entities=("default",))
    with site.visit(limited) as page:
        page.goto("/console/people/invite")
        assert "limited to some entities or orgs" in page.inner_text("main")


def test_a_lost_link_is_replaced_on_the_command_line(site: Site) -> None:
    done = site.server.run_cli("user", "invite", "--role", "admin", "--url", f"{site.url}/")
    accept(done.stdout.strip(), Person("Late"))
    names = [user["name"] for user in site.server.run_cli_json("user", "list")]
    assert "Late" in names
    short = site.server.run_cli("user", "password", "Late", "--password-stdin", typed="short\n")
    assert (short.returncode, "12 to 1000 characters" in short.stderr) == (1, True)
    changed = site.server.run_cli("user", "password", "Late", "--password-stdin", typed="yet another password\n")
    assert changed.returncode == 0
    with site.visit() as page:
        sign_in(page, Person("Late", "yet another password"))
