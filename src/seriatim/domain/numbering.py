"""How a number is made, what a prefix may be, and why no two numbers can ever read the same.

A number is a prefix and an ordinal, zero-padded to eight digits. Because a longer ordinal is not padded, the
numbers of two prefixes can meet when one prefix continues the other with digits (`INV` and `INV2026`).
The *ceiling* of the shorter one keeps them apart; it is computed from the prefixes each time, never stored.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from seriatim.domain.values import value
from seriatim.errors import BrokenRule, InvalidValue, Rule

ORDINAL_DIGITS_MIN = 8
ORDINAL_DIGITS_MAX = 18
ORDINAL_MAX: int = 10**ORDINAL_DIGITS_MAX - 1
"""Eighteen digits fit a signed 64-bit integer; Zuora states twenty."""

PREFIX_CHARACTERS_MAX = 16
NUMBER_GIVEN_CHARACTERS_MAX = 32

_PREFIX = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{PREFIX_CHARACTERS_MAX - 1}}}", re.ASCII)
_NUMBER_GIVEN = re.compile(rf"[A-Za-z0-9_-]{{1,{NUMBER_GIVEN_CHARACTERS_MAX}}}", re.ASCII)
_ORDINAL = re.compile(
    rf"[0-9]{{{ORDINAL_DIGITS_MIN}}}|[1-9][0-9]{{{ORDINAL_DIGITS_MIN},{ORDINAL_DIGITS_MAX - 1}}}", re.ASCII
)


class Kind(StrEnum):
    """The kinds of document that a sequence set numbers."""

    INVOICE = "invoice"
    CREDIT_MEMO = "credit_memo"
    DEBIT_MEMO = "debit_memo"
    PAYMENT = "payment"
    REFUND = "refund"

    # A member equals its value, so it has the value's hash, too; the one that enumerations have by default is slow.
    __hash__ = str.__hash__

    @property
    def words(self) -> str:
        """The kind as a message names it: `credit memo`."""
        return self.value.replace("_", " ")

    @property
    def field_name(self) -> str:
        """The kind as both vendors' contracts name its field: `creditMemo`."""
        first, *rest = self.value.split("_")
        return first + "".join(part.title() for part in rest)


REQUIRED_KINDS = (Kind.INVOICE, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO)
"""Every sequence set numbers these; payments and refunds fall back to DEFAULT's numbering."""

TEMPORARY_PREFIXES = {
    Kind.INVOICE: "TMP-INV-",
    Kind.CREDIT_MEMO: "TMP-CM-",
    Kind.DEBIT_MEMO: "TMP-DM-",
}
"""What a draft shows until posting gives it a number of its series."""

RESERVED_PREFIXES = ("PREVIEW-", *TEMPORARY_PREFIXES.values(), "PM-", "PG-")
"""Prefixes that no set may have (Zuora, "Prefix and numbering configuration for billing documents")."""

DEFAULT_PREFIXES = {
    Kind.INVOICE: "INV",
    Kind.CREDIT_MEMO: "CM",
    Kind.DEBIT_MEMO: "DM",
    Kind.PAYMENT: "P-",
    Kind.REFUND: "R-",
}
PREFIXES_OF_DEFAULT_ONLY = (DEFAULT_PREFIXES[Kind.PAYMENT], DEFAULT_PREFIXES[Kind.REFUND])


class SeriesKey(NamedTuple):
    """What names a series: it outlives every set that points to it.

    A tuple, because rows are found by it several times a document, and a tuple's hash takes half the time.
    """

    entity_id: str
    kind: Kind
    prefix: str


@value(frozen=True, slots=True)
class Series:
    """The counter behind one (entity, kind, prefix): where it began, and what it issues next."""

    key: SeriesKey
    first_ordinal: int
    next_ordinal: int


def format_number(prefix: str, ordinal: int) -> str:
    """The number of an ordinal: `FCM` and 11 read `FCM00000011`."""
    return prefix + str(ordinal).zfill(ORDINAL_DIGITS_MIN)


def ordinal_of(prefix: str, number: str) -> int | None:
    """The ordinal that `number` would have in the series of `prefix`, or None where it cannot belong to it."""
    if not number.startswith(prefix):
        return None
    digits = number[len(prefix) :]
    return int(digits) if _ORDINAL.fullmatch(digits) else None


def prefixes_reading_as(number: str) -> list[str]:
    """Every prefix in whose series `number` could stand, longest first."""
    starts = range(len(number) - ORDINAL_DIGITS_MIN, 0, -1)
    return [number[:length] for length in starts if ordinal_of(number[:length], number) is not None]


def check_prefix(prefix: str, kind: Kind, field: str = "prefix") -> str:
    """Give back a well-formed prefix.

    Raises: InvalidValue, for its length, characters, a reserved one, or a last digit where the kind forbids it.
    """
    if not _PREFIX.fullmatch(prefix):
        rule = "a prefix is 1 to 16 of a-z, A-Z, 0-9, - and _, starting with a letter or a digit"
        raise InvalidValue(field, prefix, rule)
    for reserved in RESERVED_PREFIXES:
        if prefix == reserved or (prefix.startswith(reserved) and prefix[len(reserved) :].isdigit()):
            raise InvalidValue(field, prefix, f"{reserved} is reserved for the system; choose another prefix")
    if kind not in REQUIRED_KINDS and prefix[-1].isdigit():
        rule = f"a {kind.words} prefix may not end in a digit; end it with a letter or a dash"
        raise InvalidValue(field, prefix, rule)
    return prefix


def check_start_number(start_number: int, field: str = "startNumber") -> int:
    """Give back a start number between 1 and the largest ordinal.

    Raises: InvalidValue.
    """
    if not 1 <= start_number <= ORDINAL_MAX:
        rule = f"give an integer from 1 to {ORDINAL_MAX} ({ORDINAL_DIGITS_MAX} digits)"
        raise InvalidValue(field, start_number, rule)
    return start_number


def check_given_number(number: str, field: str = "number") -> str:
    """Give back a well-formed number of the caller's own choice.

    Raises: InvalidValue, for its length, its characters, or a reserved beginning.
    """
    if not _NUMBER_GIVEN.fullmatch(number):
        raise InvalidValue(field, number, "a number is 1 to 32 of a-z, A-Z, 0-9, - and _")
    for reserved in RESERVED_PREFIXES:
        if number.startswith(reserved):
            raise InvalidValue(field, number, f"{reserved} is reserved for the system; choose another number")
    return number


def continuation(shorter: str, longer: str) -> str | None:
    """The digits by which `longer` continues `shorter`, where their numbers could meet; else None.

    Digits that start with 0 are harmless: an ordinal of more than eight digits never starts with one.
    """
    digits = longer[len(shorter) :]
    if longer.startswith(shorter) and digits.isdigit() and digits[0] != "0":
        return digits
    return None


def ceiling_between(shorter: str, longer: str) -> int | None:
    """The first ordinal of `shorter` whose number could also be one of `longer`; None where they never meet."""
    digits = continuation(shorter, longer)
    return None if digits is None else int(digits + "0" * ORDINAL_DIGITS_MIN)


def ceiling(prefix: str, other_prefixes: Iterable[str]) -> int:
    """The first ordinal that the series of `prefix` may not issue, in the company of all prefixes of its entity."""
    between = (ceiling_between(prefix, other) for other in other_prefixes)
    return min([ORDINAL_MAX + 1, *(bound for bound in between if bound is not None)])


def check_claim(key: SeriesKey, next_ordinal: int, family: Iterable[Series]) -> None:
    """Check that a series may begin (or jump) to `next_ordinal` beside the others of its entity.

    `family` holds the series whose prefix is this one, begins this one, or continues it with digits.
    Raises: BrokenRule, when the prefix belongs to another kind, or two numbers would read the same.
    """
    for other in family:
        if other.key == key:
            continue
        if other.key.prefix == key.prefix:
            raise BrokenRule(
                Rule.PREFIX_OF_ANOTHER_KIND,
                f"the prefix {key.prefix!r} has been used for the kind {other.key.kind.words} and cannot serve "
                f"the kind {key.kind.words}; choose another prefix",
            )
        _check_apart(key, next_ordinal, other)


def _check_apart(key: SeriesKey, next_ordinal: int, other: Series) -> None:
    bound = ceiling_between(other.key.prefix, key.prefix)
    if bound is not None and other.next_ordinal > bound:
        digits = key.prefix[len(other.key.prefix) :]
        theirs = _first_shared_ordinal(digits, other.next_ordinal - 1)
        raise BrokenRule(
            Rule.PREFIX_COLLIDES,
            f"the prefix {key.prefix!r} collides with {other.key.prefix!r}, whose numbers have reached "
            f"{format_number(other.key.prefix, other.next_ordinal - 1)}: its "
            f"{format_number(other.key.prefix, theirs)} would read the same as "
            f"{format_number(key.prefix, int(str(theirs)[len(digits) :]))} of the new one; choose another prefix",
        )
    bound = ceiling_between(key.prefix, other.key.prefix)
    if bound is not None and next_ordinal >= bound:
        raise BrokenRule(
            Rule.START_PAST_CEILING,
            f"numbers of the prefix {key.prefix!r} from {format_number(key.prefix, bound)} on collide with those "
            f"of the prefix {other.key.prefix!r}; give a start number below {bound}, or another prefix",
        )


def _first_shared_ordinal(digits: str, highest: int) -> int:
    """An ordinal up to `highest` (or the first after the bound) that a number continuing with `digits` shares."""
    bound = int(digits + "0" * ORDINAL_DIGITS_MIN)
    last_padded: int = bound + 10**ORDINAL_DIGITS_MIN - 1
    return min(max(bound + 1, highest), last_padded)


def take(series: Series, company: Iterable[Series]) -> tuple[int, Series]:
    """Take the next ordinal of a series; give it with the series as it stands afterwards.

    `company` holds the series that could meet it; those of other entities among them are passed over.
    Raises: BrokenRule, when the series has reached its ceiling or its last ordinal.
    """
    ordinal = series.next_ordinal
    if ordinal > ORDINAL_MAX:
        raise BrokenRule(
            Rule.SERIES_EXHAUSTED,
            f"the series of the prefix {series.key.prefix!r} has issued its last number of {ORDINAL_DIGITS_MAX} "
            "digits; give the sequence set another prefix",
        )
    # Eight digits are padded and meet no other prefix; only longer ordinals need the company looked at.
    if ordinal >= 10**ORDINAL_DIGITS_MIN:
        for other in company:
            bound = ceiling_between(series.key.prefix, other.key.prefix)
            if other.key.entity_id == series.key.entity_id and bound is not None and ordinal >= bound:
                raise BrokenRule(
                    Rule.SERIES_EXHAUSTED,
                    f"the series of the prefix {series.key.prefix!r} has reached its ceiling: "
                    f"{format_number(series.key.prefix, ordinal)} could also be a number of the prefix "
                    f"{other.key.prefix!r}; "
                    "give the sequence set another prefix",
                )
    return ordinal, Series(series.key, series.first_ordinal, ordinal + 1)
