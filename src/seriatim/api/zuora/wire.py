"""What Zuora's requests and answers have in common: names, texts of limited length, timestamps, pages."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from operator import itemgetter
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from seriatim.domain.money import parse_decimal
from seriatim.errors import Malformed, UnknownField
from seriatim.http.decoding import CUSTOM_FIELD_SUFFIX
from seriatim.http.endpoint import Call

PAGE_SIZE_MAX = 40
PAGE_SIZE_DEFAULT = 20
PAGE_MAX = 1_000_000
NETSUITE_SUFFIX = "__ns"
TIMES_REMEMBERED_MAX = 256
"""The documents of a batch carry the same few times."""
_TIME_CHARACTERS = len("2026-03-01 14:28:06")
NESTING_MAX = 64
"""How deep a free-form value may be nested: what is kept must be safe to write and to read again, in any database."""

Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text32 = Annotated[str, Meta(max_length=32)]
Text40 = Annotated[str, Meta(max_length=40)]
Text50 = Annotated[str, Meta(max_length=50)]
Text64 = Annotated[str, Meta(max_length=64)]
Text70 = Annotated[str, Meta(max_length=70)]
Text80 = Annotated[str, Meta(max_length=80)]
Text100 = Annotated[str, Meta(max_length=100)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text65535 = Annotated[str, Meta(max_length=65_535)]
PageNumber = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
PageSize = Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)]

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def vendor_name(name: str) -> str:
    """A field's name as Zuora writes it: `start_number` is `startNumber`, `sync_date__ns` is `SyncDate__NS`."""
    if name.endswith(NETSUITE_SUFFIX):
        return "".join(part.title() for part in name.removesuffix(NETSUITE_SUFFIX).split("_")) + "__NS"
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class Request(msgspec.Struct, rename=vendor_name, forbid_unknown_fields=True, kw_only=True):
    """A part of a request. A field that it does not have is refused."""


class Answer(msgspec.Struct, rename=vendor_name, kw_only=True):
    """A part of an answer. What is UNSET is left out."""


class Succeeded(Answer, kw_only=True):
    """The whole answer of an operation that has nothing more to say."""

    success: bool = True


class PageQuery(msgspec.Struct, rename=vendor_name, forbid_unknown_fields=True, kw_only=True):
    """Which page of a list to give."""

    page: PageNumber = 1
    page_size: PageSize = PAGE_SIZE_DEFAULT

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.page - 1) * self.page_size


def encode(value: object) -> bytes:
    """A value as JSON; decimals are written as numbers, digit by digit."""
    return _ENCODER.encode(value)


def given_fields(request: msgspec.Struct, *left_out: str) -> dict[str, Any]:
    """The fields of a request that were given a value, by their names on the wire, but for some.

    Raises: InvalidValue, for what is no finite decimal; Malformed, for a free-form value that is nested too deep.
    """
    names, pick = _picker(type(request), left_out)
    return {
        name: value if type(value) is str else _given(value, name)
        for name, value in zip(names, pick(astuple(request)), strict=False)
        if value is not None
    }


@cache
def _picker(
    wanted: type[msgspec.Struct], left_out: tuple[str, ...]
) -> tuple[tuple[str, ...], Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    """The names on the wire of a struct's fields but for some, and what picks their values out of all the values."""
    attributes, names = wanted.__struct_fields__, wanted.__struct_encode_fields__
    kept = [index for index, attribute in enumerate(attributes) if attribute not in left_out]
    # Asked for a single place, `itemgetter` gives no tuple: one more, for which there is no name, makes it one.
    return tuple(names[index] for index in kept), itemgetter(*kept, 0)


def _given(value: Any, name: str) -> Any:
    """The value of a field that is no text.

    Raises: InvalidValue, for what is no finite decimal; Malformed, for a free-form value that is nested too deep.
    """
    return parse_decimal(value, name) if isinstance(value, Decimal) else _plain(value)


def given_custom_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Give back the custom fields that the decoder has gathered from an object.

    Raises: UnknownField, where a caller wrote the gathering name itself, with something else inside; Malformed.
    """
    for name in fields:
        if not name.endswith(CUSTOM_FIELD_SUFFIX):
            raise UnknownField(name)
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any, depth: int = 0) -> Any:
    """A value in the plain terms of JSON, decimals and dates excepted.

    Raises: Malformed, for a value that is nested too deep.
    """
    if type(value) is str:
        return value
    if depth > NESTING_MAX:
        raise Malformed(f"a value is nested more than {NESTING_MAX} levels deep; send a flatter one")
    if isinstance(value, msgspec.Struct):
        custom = getattr(value, "custom_fields", None) or {}
        return {**given_fields(value, "custom_fields"), **given_custom_fields(custom)}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return value


def show_time(at: datetime | None) -> str | None:
    """A time as Zuora writes it, if there is one."""
    return None if at is None else format_time(at)


@lru_cache(TIMES_REMEMBERED_MAX)
def format_time(at: datetime) -> str:
    """A time as Zuora writes it, in UTC: `2026-03-01 14:28:06`."""
    return at.isoformat(" ", "seconds")[:_TIME_CHARACTERS]


def next_page(call: Call[Any, Any], query: PageQuery, found: int) -> str | UnsetType:
    """The address of the next page, if more rows were found than the page holds; it repeats the filters."""
    if found <= query.page_size:
        return UNSET
    kept = [(name, value) for name, value in parse_qsl(call.query_string.decode()) if name not in {"page", "pageSize"}]
    parameters = urlencode([*kept, ("page", query.page + 1), ("pageSize", query.page_size)])
    host = call.header(b"host") or "localhost"
    return f"{call.scheme}://{host}{call.path}?{parameters}"


def page_of(call: Call[Any, Any], name: str, shown: list[Any], found: int) -> dict[str, Any]:
    """The answer that is a page: `found` counts one more than the page holds, if there is more."""
    page = next_page(call, call.query, found)
    following = {} if page is UNSET else {"nextPage": page}
    return {name: shown, **following, "success": True}


def cut_page(call: Call[Any, Any], name: str, everything: list[Any]) -> dict[str, Any]:
    """The answer that is a page of what is known as a whole."""
    query: PageQuery = call.query
    found = everything[query.offset : query.offset + query.page_size + 1]
    return page_of(call, name, found[: query.page_size], len(found))
