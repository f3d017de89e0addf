"""Pictures of every page, light and dark, on a desktop and on a phone: `make screenshots`.

The server starts with a database of its own and a company's business in it, so that the pictures show no more than
anybody may see.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from seriatim.console.app import PAGES
from tests.browser.crawl import crawl
from tests.browser.site import Site, launch_chromium
from tests.browser.world import furnish
from tests.servers import Server

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
LOOKS = tuple((phone, dark) for phone in (False, True) for dark in (False, True))
DRAWN_MILLISECONDS = 6000
"""Until a PDF within a page is drawn: there is nothing that could be waited for."""

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{directory}</dir>
  <match target="pattern"><test name="family"><string>system-ui</string></test>
    <edit name="family" mode="assign" binding="strong"><string>Noto Sans</string></edit></match>
</fontconfig>
"""


def main() -> int:
    """Take all pictures; the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as place, _browser(Path(place)) as browser:
        settings = {"smtp_url": "smtp://127.0.0.1:9", "smtp_sender": "billing@nordlicht.example"}
        with Server(Path(place), **settings) as server:
            furnish(server)
            site = Site(server, browser)
            with site.visit(site.admin) as page:
                addresses: dict[str, str] = {}
                for route, address, is_page in crawl(page, site.url):
                    if is_page:
                        addresses.setdefault(_name_of(route), address)
            for phone, dark in LOOKS:
                suffix = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
                with site.visit(phone=phone, dark=dark) as page:
                    _take(page, "/console/sign-in", f"sign-in-{suffix}")
                with site.visit(site.admin, phone=phone, dark=dark) as page:
                    for name, address in addresses.items():
                        _take(page, address, f"{name}-{suffix}")
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures of {len(PAGES)} routes in {FOLDER}\n")
    return 0


@contextmanager
def _browser(directory: Path) -> Iterator[Browser]:
    """A browser that has a font which all machines have: the one that documents are printed in."""
    fonts = directory / "fonts.conf"
    fonts.write_text(_FONTS.format(directory=files("fontpkg_noto_sans") / "files"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright, {**os.environ, "FONTCONFIG_FILE": str(fonts)})
        yield browser
        browser.close()


def _take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    if page.locator("iframe").count():
        page.wait_for_timeout(DRAWN_MILLISECONDS)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def _name_of(route: str) -> str:
    """`numbering-new` for `/e/{entity_id}/numbering/new`."""
    parts = [part for part in route.removeprefix("/e/{entity_id}").split("/") if part]
    return "-".join(re.sub(r"[{}]", "", part) for part in parts) or "home"


if __name__ == "__main__":
    sys.exit(main())
