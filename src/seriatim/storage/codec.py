"""How values are written into columns, the same in every database: times, JSON, items."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from seriatim.domain.customer import CustomerProfile
from seriatim.domain.document import Item
from seriatim.domain.particulars import Particulars

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

TIMES_REMEMBERED_MAX = 256
"""All rows of a batch carry the same few times and dates, and those of a page many of the same."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
_OBJECT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ITEMS = msgspec.json.Decoder(tuple[Item, ...], float_hook=Decimal)
_PARTICULARS = msgspec.json.Decoder(Particulars, float_hook=Decimal)
_PROFILE = msgspec.json.Decoder(CustomerProfile, float_hook=Decimal)
_STRINGS = msgspec.json.Decoder(list[str])


@lru_cache(TIMES_REMEMBERED_MAX)
def to_microseconds(at: datetime) -> int:
    """A time as microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(TIMES_REMEMBERED_MAX)
def from_microseconds(microseconds: int) -> datetime:
    """The time of so many microseconds since 1970 UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def maybe_microseconds(at: datetime | None) -> int | None:
    """A time that may be missing, as microseconds since 1970 UTC."""
    return None if at is None else to_microseconds(at)


def maybe_datetime(microseconds: int | None) -> datetime | None:
    """The time of so many microseconds since 1970 UTC, if there is one."""
    return None if microseconds is None else from_microseconds(microseconds)


@lru_cache(TIMES_REMEMBERED_MAX)
def to_iso(day: date) -> str:
    """A date as ISO 8601 writes it."""
    return day.isoformat()


def encode_json(value: object) -> str:
    """A value as JSON text; decimals are written as numbers, digit by digit."""
    return _encode(value).decode()


def decode_object(text: str) -> dict[str, Any]:
    """A JSON object; numbers with a point become exact decimals."""
    return _OBJECT.decode(text)


def decode_items(text: str) -> tuple[Item, ...]:
    """The items of a document."""
    return _ITEMS.decode(text)


def decode_particulars(text: str) -> Particulars:
    """What a document says besides its lines."""
    return _PARTICULARS.decode(text)


def decode_profile(text: str) -> CustomerProfile:
    """What an account is as a customer."""
    return _PROFILE.decode(text)


def decode_strings(text: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    return tuple(_STRINGS.decode(text))


def encode_ids(ids: frozenset[str] | None) -> str | None:
    """A set of ids as a sorted JSON list; None stays None."""
    return None if ids is None else encode_json(sorted(ids))


def decode_ids(text: str | None) -> frozenset[str] | None:
    """A set of ids from a JSON list; None stays None."""
    return None if text is None else frozenset(_STRINGS.decode(text))


def plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping as a plain dict, which the encoder knows."""
    return mapping if isinstance(mapping, dict) else dict(mapping)
