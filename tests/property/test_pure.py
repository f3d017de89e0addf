"""Properties of numbers and money that must hold for all values."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seriatim.domain import numbering
from seriatim.domain.money import AMOUNT_MINOR_MAX, CURRENCY_EXPONENTS, to_decimal, to_minor
from seriatim.domain.numbering import (
    ORDINAL_MAX,
    Kind,
    Series,
    SeriesKey,
    ceiling,
    ceiling_between,
    check_claim,
    check_prefix,
    format_number,
    ordinal_of,
    prefixes_reading_as,
    take,
)
from seriatim.errors import BrokenRule, InvalidValue, Rule

COLLIDING = st.text("AB012-", min_size=1, max_size=6).filter(lambda prefix: prefix[0] != "-")
SMALL = st.integers(0, 30)
ORDINALS = st.one_of(
    st.integers(1, ORDINAL_MAX),
    SMALL.map(lambda offset: 1 + offset),
    # The first ordinals of nine digits and more, behind each of the digits that prefixes here end with.
    st.builds(
        lambda digits, zeros, offset: max(1, int(digits) * 10**zeros + offset - 15),
        st.sampled_from(("1", "2", "10", "12", "21", "120", "99999999")),
        st.integers(8, 10),
        SMALL,
    ),
)
CURRENCIES = st.sampled_from(sorted(CURRENCY_EXPONENTS))

property_settings = settings(max_examples=300, deadline=None)


@property_settings
@given(st.lists(st.tuples(COLLIDING, ORDINALS), min_size=2, max_size=12))
@example([("A", 1_200_000_001), ("A1", 200_000_001), ("A12", 1)])
def test_no_two_ordinals_below_their_ceilings_read_the_same(pairs: list[tuple[str, int]]) -> None:
    prefixes = {prefix for prefix, _ in pairs}
    issued = {(prefix, ordinal) for prefix, ordinal in pairs if ordinal < ceiling(prefix, prefixes)}
    assert len({format_number(prefix, ordinal) for prefix, ordinal in issued}) == len(issued)


@property_settings
@given(COLLIDING, st.text("0123456789", min_size=1, max_size=4), ORDINALS)
def test_what_a_longer_prefix_issues_lies_beyond_the_ceiling_of_the_shorter(
    shorter: str, digits: str, ordinal: int
) -> None:
    read = ordinal_of(shorter, format_number(shorter + digits, ordinal))
    assert read is None or read >= ceiling(shorter, [shorter + digits])


@property_settings
@given(COLLIDING, st.integers(1, 9_999))
def test_the_ceiling_is_no_lower_than_it_must_be(shorter: str, digits: int) -> None:
    bound = ceiling_between(shorter, f"{shorter}{digits}")
    assert bound is not None
    assert ordinal_of(f"{shorter}{digits}", format_number(shorter, bound + 1)) == 1
    assert ordinal_of(f"{shorter}{digits}", format_number(shorter, bound - 1)) is None


@property_settings
@given(COLLIDING, st.integers(0, ORDINAL_MAX))
def test_an_ordinal_is_read_back_from_its_number(prefix: str, ordinal: int) -> None:
    number = format_number(prefix, ordinal)
    assert ordinal_of(prefix, number) == ordinal
    assert prefix in prefixes_reading_as(number)


@property_settings
@given(st.text("AB012-", max_size=32) | st.builds(format_number, COLLIDING, ORDINALS))
def test_the_prefixes_that_a_number_can_be_read_with(number: str) -> None:
    found = []
    for length in range(len(number) - 1, 0, -1):
        prefix, rest = number[:length], number[length:]
        if rest.isdigit() and int(rest) <= ORDINAL_MAX and format_number(prefix, int(rest)) == number:
            found.append(prefix)
    assert prefixes_reading_as(number) == found


@property_settings
@given(st.text("Pp0-_MGTICDREVW", max_size=18), st.sampled_from(Kind))
def test_a_granted_prefix_has_its_form_and_is_not_reserved(prefix: str, kind: Kind) -> None:
    try:
        assert check_prefix(prefix, kind) == prefix
    except InvalidValue:
        return
    assert 1 <= len(prefix) <= 16
    assert prefix[0] not in "-_"
    assert kind not in (Kind.PAYMENT, Kind.REFUND) or not prefix[-1].isdigit()
    for reserved in numbering.RESERVED_PREFIXES:
        # No number of the prefix may look like one that the system makes.
        assert ordinal_of(reserved, format_number(prefix, 1)) is None
        assert ordinal_of(reserved, format_number(prefix, ORDINAL_MAX)) is None


@contextmanager
def miniature() -> Iterator[None]:
    """The rules with ordinals of one to three digits in place of eight to eighteen, so that all can be walked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "ORDINAL_DIGITS_MIN", 1)
        patch.setattr(numbering, "ORDINAL_DIGITS_MAX", 3)
        patch.setattr(numbering, "ORDINAL_MAX", 999)
        patch.setattr(numbering, "_ORDINAL", re.compile("[0-9]|[1-9][0-9]{1,2}"))
        yield


TINY_PREFIXES = ["".join(letters) for length in (1, 2, 3) for letters in product("A012", repeat=length)]


def test_the_ceiling_of_every_pair_of_small_prefixes_is_what_brute_force_finds() -> None:
    with miniature():
        ordinals_of = {
            prefix: {format_number(prefix, ordinal): ordinal for ordinal in range(1000)} for prefix in TINY_PREFIXES
        }
        for shorter, longer in product(TINY_PREFIXES, repeat=2):
            if shorter == longer or not longer.startswith(shorter):
                assert ceiling_between(shorter, longer) is None
                continue
            shared = ordinals_of[shorter].keys() & ordinals_of[longer].keys()
            found = min((ordinals_of[shorter][number] for number in shared), default=1000)
            assert ceiling(shorter, [longer]) == found


TINY_CLAIMS = st.tuples(
    st.sampled_from(("A", "A1", "A12", "A2", "A21", "A0", "A01", "1", "12", "B")),
    st.sampled_from((Kind.INVOICE, Kind.CREDIT_MEMO)),
    st.one_of(st.integers(1, 30), st.sampled_from((9, 10, 19, 20, 99, 100, 119, 120, 121, 199, 210, 998, 999))),
    st.integers(0, 12),
)


class World:
    """All series of an entity, with every number that they ever issued."""

    def __init__(self) -> None:
        self.series: dict[SeriesKey, Series] = {}
        self.issued: list[str] = []

    def claim(self, key: SeriesKey, start: int) -> None:
        """Open a series, or let it jump ahead; what is refused must be refused for a reason that exists."""
        others = [other for other in self.series.values() if other.key != key]
        reason = self._reason(key, start, others)
        refused: Rule | None = None
        try:
            check_claim(key, start, self.series.values())
        except BrokenRule as error:
            refused = error.rule
        assert refused is reason
        known = self.series.get(key)
        if refused is None and (known is None or start >= known.next_ordinal):
            self.series[key] = Series(key, known.first_ordinal if known else start, start)

    def _reason(self, key: SeriesKey, start: int, others: list[Series]) -> Rule | None:
        """Why brute force would refuse: the first of the others, in their order, that stands in the way."""
        for other in others:
            if other.key.prefix == key.prefix:
                return Rule.PREFIX_OF_ANOTHER_KIND
            if self._reaches(other.key.prefix, other.next_ordinal - 1, key.prefix):
                return Rule.PREFIX_COLLIDES
            if self._reaches(key.prefix, start, other.key.prefix):
                return Rule.START_PAST_CEILING
        return None

    def _reaches(self, shorter: str, highest: int, longer: str) -> bool:
        """Whether an ordinal up to the highest reads as one of the longer prefix."""
        if len(shorter) >= len(longer):
            return False
        return any(ordinal_of(longer, format_number(shorter, ordinal)) is not None for ordinal in range(1, highest + 1))

    def issue(self, key: SeriesKey, count: int) -> None:
        for _ in range(count):
            series = self.series.get(key)
            if series is None:
                return
            try:
                ordinal, self.series[key] = take(series, self.series.values())
            except BrokenRule:
                return
            self.issued.append(format_number(key.prefix, ordinal))


@settings(max_examples=400, deadline=None)
@given(st.lists(TINY_CLAIMS, min_size=2, max_size=14))
def test_whatever_is_claimed_and_issued_no_number_comes_twice(
    claims: list[tuple[str, Kind, int, int]],
) -> None:
    with miniature():
        world = World()
        for prefix, kind, start, count in claims:
            key = SeriesKey("entity-1", kind, prefix)
            world.claim(key, start)
            world.issue(key, count)
        for key in list(world.series):
            world.issue(key, 1000)
        assert len(set(world.issued)) == len(world.issued)
        assert len({key.prefix for key in world.series}) == len(world.series)


@property_settings
@given(st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), CURRENCIES)
def test_minor_units_survive_the_way_to_a_decimal_and_back(minor: int, currency: str) -> None:
    decimal = to_decimal(minor, currency)
    assert to_minor(decimal, currency, "amount") == minor
    assert to_minor(f"{decimal:f}", currency, "amount") == minor
    assert Fraction(decimal) * 10 ** CURRENCY_EXPONENTS[currency] == minor


DECIMAL_TEXTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{1,6})?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,16}\.[0-9]{0,4}0{10,22}[0-9]{0,4}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,32}(\.[0-9]{1,32})?", fullmatch=True),
)


@property_settings
@given(DECIMAL_TEXTS, CURRENCIES)
@example("1.000000000000000000000000000001", "EUR")
@example("0.010000000000000000000000000001", "EUR")
def test_an_amount_is_exact_or_refused(text: str, currency: str) -> None:
    exact = Fraction(text) * 10 ** CURRENCY_EXPONENTS[currency]
    whole, _, fraction = text.lstrip("-").partition(".")
    is_short = len(whole) <= 30 and len(fraction) <= 30
    if is_short and exact.denominator == 1 and abs(exact) <= AMOUNT_MINOR_MAX:
        assert to_minor(text, currency, "amount") == exact
    else:
        with pytest.raises(InvalidValue):
            to_minor(text, currency, "amount")
