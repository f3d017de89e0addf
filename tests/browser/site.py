"""A server with its console, the people who use it, and the browsers that they use."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Route, StorageState

from tests.servers import CALL_SECONDS_MAX, Server, ServerFailed

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
"""For machines without a display, where tests run as root."""
PASSWORD = "four plain words together"  # noqa: S105 - of people that only tests know
OWN_SCHEMES = frozenset({"blob", "chrome", "chrome-extension", "data"})
"""What a browser asks of itself: its viewer of PDF is an extension."""
DESKTOP = (1280, 800)
PHONE = (390, 844)
WAIT_MILLISECONDS = 10_000

_TOKEN = re.compile(r'name="csrf_token" value="(?P<token>[0-9a-f]+)"')
_EXPECTED_COMPLAINT = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""What a browser says of an answer that a test may well want."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user who has a password."""

    name: str
    password: str = PASSWORD


def launch_chromium(playwright: Playwright, environment: dict[str, str | float | bool] | None = None) -> Browser:
    """The system's Chromium. Where there is none, a machine that must test everything fails, and others skip."""
    program = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if program is None:
        message = f"no Chromium is installed (looked for {', '.join(CHROMIUM_NAMES)}); `apt-get install chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_OPTIONS), env=environment)


class Site:
    """A running server whose first admin has come in by the printed link."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.admin = Person("Ada Admin")
        self._signed_in: dict[Person, StorageState] = {}
        self._complaints: list[str] = []
        if server.welcome_url is None:
            raise ServerFailed("the server printed no link for the first person")
        accept(server.welcome_url, self.admin)

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.server.url

    def create_user(
        self, role: str, name: str, *, entities: tuple[str, ...] = (), orgs: tuple[str, ...] = ()
    ) -> Person:
        """Make a user through the command line."""
        person = Person(name)
        arguments = ["user", "create", "--name", name, "--role", role, "--password-stdin"]
        for option, values in (("--entity", entities), ("--org", orgs)):
            for value in values:
                arguments += [option, value]
        done = self.server.run_cli(*arguments, typed=f"{person.password}\n")
        if done.returncode != 0:
            raise ServerFailed(f"no user {name}: {done.stderr}")
        return person

    def entity_id(self, name: str = "default") -> str:
        """The id of an entity."""
        entities = self.server.run_cli_json("entity", "list")
        return str(next(entity["entity_id"] for entity in entities if entity["name"] == name))

    @contextmanager
    def visit(
        self,
        person: Person | None = None,
        *,
        script: bool = True,
        phone: bool = False,
        dark: bool = False,
        locale: str = "en-GB",
    ) -> Iterator[Page]:
        """A browser of its own, signed in as somebody or as nobody.

        A request to another host, an error of a script, and anything that the Content-Security-Policy refuses fail
        the test.
        """
        width, height = PHONE if phone else DESKTOP
        state = None if person is None else self._state_of(person)
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            locale=locale,
            storage_state=state,
            has_touch=phone,
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        complaints: list[str] = []
        try:
            self._watch(context, complaints)
            yield context.new_page()
        finally:
            context.close()
        assert not complaints

    def _state_of(self, person: Person) -> StorageState:
        """The cookies of a browser in which somebody is signed in; they are asked for once."""
        if person not in self._signed_in:
            with self.visit() as page:
                sign_in(page, person)
                self._signed_in[person] = page.context.storage_state()
        return self._signed_in[person]

    def forget(self, person: Person) -> None:
        """Sign somebody in anew the next time: their sessions were ended."""
        self._signed_in.pop(person, None)

    def _watch(self, context: BrowserContext, complaints: list[str]) -> None:
        host = urlsplit(self.url).netloc

        def pass_on(route: Route) -> None:
            address = urlsplit(route.request.url)
            if address.netloc == host or address.scheme in OWN_SCHEMES:
                route.continue_()
            else:
                complaints.append(f"a request to another host: {route.request.url}")
                route.abort()

        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and not _EXPECTED_COMPLAINT.match(message.text):
                complaints.append(message.text)

        context.route("**/*", pass_on)
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(str(error.error)))


def accept(link: str, person: Person) -> None:
    """Become a user by a link, without a browser."""
    with httpx2.Client(timeout=CALL_SECONDS_MAX) as http:
        form = {"name": person.name, "password": person.password, "password_again": person.password}
        page = http.get(link)
        answer = http.post(link, data={**form, "csrf_token": token_of(page.text)})
        if answer.status_code != 303:
            raise ServerFailed(f"the link let nobody in: {answer.status_code} {answer.text}")


def token_of(page: str) -> str:
    """The token that the forms of a page carry."""
    found = _TOKEN.search(page)
    if found is None:
        raise ServerFailed(f"the page has no form: {page}")
    return found["token"]


def sign_in(page: Page, person: Person) -> None:
    """Sign in on the page for it, and arrive."""
    try_to_sign_in(page, person.name, person.password)
    page.wait_for_url("**/numbering")


def try_to_sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form, and send it."""
    page.goto("/console/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
