"""Pages of lists: opaque cursors, and the object that tells how to go on."""

import base64
import binascii
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from seriatim.api.sequence.wire import Answer
from seriatim.errors import InvalidQuery
from seriatim.service.pages import Cursor

PAGE_SIZE_MAX = 100
PAGE_SIZE_DEFAULT = 20
CURSOR_CHARACTERS_MAX = 2000

Limit = Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)]
CursorText = Annotated[str, Meta(max_length=CURSOR_CHARACTERS_MAX)]

_CURSOR = msgspec.json.Decoder(tuple[str, str | int | float, str])
"""The order of the list that it belongs to, what the row is sorted by, and the row's id."""

_OWN_ORDER = "own"


class PagedQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What every list takes."""

    before: CursorText | None = None
    after: CursorText | None = None
    limit: Limit = PAGE_SIZE_DEFAULT
    sort_order: Literal["ASC", "DESC"] = "DESC"

    @property
    def descends(self) -> bool:
        """Whether the list begins with what is last in its order."""
        return self.sort_order == "DESC"


class Pagination(Answer, kw_only=True):
    """What to ask with for the pages around this one; `totalResultSize` is left out where counting costs too much."""

    after: str | UnsetType = UNSET
    before: str | UnsetType = UNSET
    total_result_size: int | UnsetType = UNSET


def read_cursors(query: PagedQuery, order: str, *, is_amount: bool = False) -> tuple[Cursor | None, Cursor | None]:
    """The rows behind and before which the page lies (`after`, `before`), as the query names them.

    `order` is what the list is sorted by; `is_amount` tells whether that is a number.
    Raises: InvalidQuery, for both at once, for what is no cursor, and for one of a list in another order.
    """
    if query.after is not None and query.before is not None:
        raise InvalidQuery("before", query.before, "give before or after, not both")
    after = _read(query.after, "after", order, is_amount=is_amount)
    return after, _read(query.before, "before", order, is_amount=is_amount)


def show_pagination(before: Cursor | None, after: Cursor | None, total: int | None, order: str) -> Pagination:
    """The object that tells how to go on; None: nothing comes there, or it was not counted."""
    size = UNSET if total is None else total
    return Pagination(after=_show(after, order), before=_show(before, order), total_result_size=size)


def cut_rows(rows: list[Any], ids: list[str], query: PagedQuery) -> tuple[list[Any], Pagination]:
    """A page of rows that are known as a whole, in their own order or against it, with how to go on.

    Raises: InvalidQuery.
    """
    after, before = read_cursors(query, _OWN_ORDER)
    paired = list(zip(ids, rows, strict=True))
    if query.descends:
        paired.reverse()
    order = [key for key, _ in paired]
    first, last = 0, len(paired)
    if after is not None:
        first = _position(order, after, "after", query.after) + 1
        last = min(last, first + query.limit)
    elif before is not None:
        last = _position(order, before, "before", query.before)
        first = max(0, last - query.limit)
    else:
        last = min(last, query.limit)
    page = paired[first:last]
    ends: list[Cursor] = [(key, key) for key, _ in page]
    return [row for _, row in page], show_pagination(
        ends[0] if ends and first > 0 else None,
        ends[-1] if ends and last < len(paired) else None,
        len(paired),
        _OWN_ORDER,
    )


def _position(order: list[str], cursor: Cursor, name: str, text: str | None) -> int:
    if cursor[1] not in order:
        raise InvalidQuery(name, text, "this row is no longer in the list; begin with the first page")
    return order.index(cursor[1])


def _show(cursor: Cursor | None, order: str) -> str | UnsetType:
    if cursor is None:
        return UNSET
    return base64.urlsafe_b64encode(msgspec.json.encode((order, *cursor))).decode().rstrip("=")


def _read(text: str | None, name: str, order: str, *, is_amount: bool) -> Cursor | None:
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        own_order, value, row_id = _CURSOR.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidQuery(name, text, "give a cursor as pagination.before or pagination.after has it") from error
    if own_order != order or isinstance(value, str) is is_amount:
        raise InvalidQuery(name, text, "this cursor belongs to a list in another order; begin with its first page")
    return value, row_id
