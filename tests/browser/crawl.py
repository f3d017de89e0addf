"""Every page of the console, found by following its links as a person would."""

import html
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page

from seriatim.console.app import PAGES
from seriatim.http.routing import PathTree

ADDRESSES_OF_A_ROUTE_MAX = 150
"""Enough to come by every document of `world.py`: what can be done with one depends on its kind and state."""
FILES_OF_A_ROUTE_MAX = 1

_LINK = re.compile(r"""<(?:a|iframe)\s[^>]*?(?:href|src)="(?P<target>[^"#]*)""")
_AWAY = {"/console", "/console/", "/console/sign-in"}
"""What leads elsewhere whoever is signed in already."""


class BrokenPage(AssertionError):
    """A link led nowhere, or to a failure."""


def crawl(page: Page, origin: str) -> Iterator[tuple[str, str, bool]]:
    """The route and address of what the links lead to, and whether it is a page and not a file. It opens none of them.

    Raises: BrokenPage.
    """
    tree = route_tree()
    start = f"{origin}/console"
    asked: dict[str, int] = {}
    files: set[str] = set()
    seen, waiting = {start}, deque([start])
    while waiting:
        address = waiting.popleft()
        found = tree.find(urlsplit(address).path)
        if found is None:
            raise BrokenPage(f"a link leads to no page: {address}")
        route = found[0]
        if asked.get(route, 0) >= (FILES_OF_A_ROUTE_MAX if route in files else ADDRESSES_OF_A_ROUTE_MAX):
            continue
        asked[route] = asked.get(route, 0) + 1
        answer = page.request.get(address)
        if not answer.ok:
            raise BrokenPage(f"{answer.status} at {address}")
        is_page = "text/html" in answer.headers["content-type"]
        if is_page:
            targets = [html.unescape(found["target"]) for found in _LINK.finditer(answer.text())]
            links = [urljoin(answer.url, target) for target in dict.fromkeys(targets)]
            new = [link for link in links if link.startswith(start) and link not in seen]
            seen.update(new)
            waiting.extend(new)
        else:
            files.add(route)
        if urlsplit(address).path not in _AWAY:
            yield route, address, is_page


def route_tree() -> PathTree[str]:
    """The paths of all routes that are read, by address."""
    tree: PathTree[str] = PathTree()
    for route in PAGES:
        if route.method == "GET":
            tree.add(f"/console{route.path}", route.path)
    return tree
