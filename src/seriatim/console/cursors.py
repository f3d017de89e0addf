"""Where a page of a list begins or ends, as addresses carry it from page to page."""

import re
from collections.abc import Callable, Mapping

from seriatim.errors import InvalidQuery
from seriatim.service.pages import Cursor

_ADVICE = "go back to the first page of the list"
_CURSOR = re.compile(r"(?P<value>[A-Za-z0-9_-]{1,64})~(?P<id>[A-Za-z0-9]{1,64})", re.ASCII)
"""What a row is sorted by, an id or a number, and its id."""


def read_cursor(query: Mapping[str, str], name: str) -> Cursor | None:
    """The place in a list that a query parameter gives; None where it is absent.

    Raises: InvalidQuery, for what is no place.
    """
    text = query.get(name)
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise InvalidQuery(name, text, _ADVICE)
    return found["value"], found["id"]


def read_whole_number(query: Mapping[str, str], name: str, largest: int) -> int | None:
    """The whole number from 0 to `largest` that a query parameter gives; None where it is absent.

    Raises: InvalidQuery.
    """
    text = query.get(name)
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) else -1
    if not 0 <= number <= largest:
        raise InvalidQuery(name, text, _ADVICE)
    return number


def around(before: Cursor | None, after: Cursor | None, address: Callable[..., str]) -> tuple[str | None, str | None]:
    """The addresses of the pages before and after; `address` makes one from the parameter `before` or `after`."""
    return (
        None if before is None else address(before=_write(before)),
        None if after is None else address(after=_write(after)),
    )


def _write(cursor: Cursor) -> str:
    return f"{cursor[0]}~{cursor[1]}"
