"""One browser for all tests, a server for each file of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import Site, launch_chromium
from tests.servers import Server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium.

    Playwright keeps an event loop running in this thread, in which no other could run: it must not outlive this folder.
    """
    with sync_playwright() as playwright:
        started = launch_chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a database of its own, whose first admin has come in."""
    directory: Path = tmp_path_factory.mktemp("site")
    with Server(directory) as server:
        yield Site(server, browser)


@pytest.fixture(params=(True, False), ids=("script", "no script"))
def script(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs scripts: everything must work either way."""
    return bool(request.param)
