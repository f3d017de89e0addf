"""Numbers, prefixes and ceilings: what is refused, and that each refusal names the field, the value and the way out."""

import pytest

from seriatim.domain.numbering import (
    DEFAULT_PREFIXES,
    ORDINAL_MAX,
    RESERVED_PREFIXES,
    Kind,
    Series,
    SeriesKey,
    ceiling,
    ceiling_between,
    check_claim,
    check_given_number,
    check_prefix,
    check_start_number,
    format_number,
    ordinal_of,
    prefixes_reading_as,
    take,
)
from seriatim.errors import BrokenRule, InvalidValue, Rule
from tests.factories import ENTITY_ID

BILLION = 10**9


def series(prefix: str, next_ordinal: int = 1, kind: Kind = Kind.INVOICE) -> Series:
    return Series(SeriesKey(ENTITY_ID, kind, prefix), 1, next_ordinal)


def key_of(prefix: str, kind: Kind = Kind.INVOICE) -> SeriesKey:
    return SeriesKey(ENTITY_ID, kind, prefix)


@pytest.mark.parametrize(
    ("prefix", "ordinal", "number"),
    (
        ("FCM", 11, "FCM00000011"),
        ("A-", 99_999_999, "A-99999999"),
        ("INV", 100_000_000, "INV100000000"),
        ("I", ORDINAL_MAX, "I999999999999999999"),
    ),
)
def test_a_number_is_the_prefix_and_the_padded_ordinal(prefix: str, ordinal: int, number: str) -> None:
    assert format_number(prefix, ordinal) == number
    assert ordinal_of(prefix, number) == ordinal


@pytest.mark.parametrize(
    "number",
    (
        "INV0000001",
        "INV000000001",
        "INV1234567",
        "INV",
        "INV-00000001",
        "inv00000001",
        "XINV00000001",
        "INV0000000a",
        "INV" + "\N{ARABIC-INDIC DIGIT ONE}" * 8,
        "INV1000000000000000000",
    ),
)
def test_what_is_no_number_of_a_series_has_no_ordinal(number: str) -> None:
    assert ordinal_of("INV", number) is None


def test_a_number_can_be_read_with_several_prefixes() -> None:
    assert prefixes_reading_as("INV202600000001") == ["INV2026", "INV202", "INV20", "INV"]
    assert prefixes_reading_as("A1200000005") == ["A12", "A1", "A"]
    assert prefixes_reading_as("A100000005") == ["A1", "A"]
    assert prefixes_reading_as("A000000005") == ["A0"]
    assert prefixes_reading_as("00000005") == []
    assert prefixes_reading_as("A-5") == []


@pytest.mark.parametrize("prefix", ("A", "1", "0", "INV2026", "a_b-", "X" * 16, "TMP-CM", "PREVIEW", "PM-X", "PG", "P"))
def test_a_prefix_may_be(prefix: str) -> None:
    assert check_prefix(prefix, Kind.INVOICE) == prefix


@pytest.mark.parametrize("prefix", ("", "-A", "_A", "X" * 17, "A B", "Ä", "A/B", "A.", "A\n", "٣"))
def test_a_malformed_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_prefix(prefix, Kind.INVOICE, "creditMemo.prefix")
    assert refused.value.field == "creditMemo.prefix"
    assert refused.value.message.startswith(f"creditMemo.prefix: {prefix!r} is not allowed here; a prefix is 1 to 16")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("reserved", RESERVED_PREFIXES)
def test_a_reserved_prefix_is_refused_also_with_digits_behind_it(reserved: str, kind: Kind) -> None:
    for prefix in (reserved, f"{reserved}1"):
        with pytest.raises(InvalidValue, match=f"{reserved} is reserved for the system; choose another prefix"):
            check_prefix(prefix, kind)


def test_the_reserved_prefixes_are_those_of_the_design() -> None:
    assert set(RESERVED_PREFIXES) == {"PREVIEW-", "TMP-INV-", "TMP-CM-", "TMP-DM-", "PM-", "PG-"}
    assert DEFAULT_PREFIXES[Kind.PAYMENT] == "P-"
    assert DEFAULT_PREFIXES[Kind.REFUND] == "R-"


@pytest.mark.parametrize("kind", Kind)
def test_only_prefixes_of_payments_and_refunds_may_not_end_in_a_digit(kind: Kind) -> None:
    if kind in (Kind.PAYMENT, Kind.REFUND):
        with pytest.raises(InvalidValue, match=f"a {kind.words} prefix may not end in a digit; end it with a letter"):
            check_prefix("PAY1", kind)
        assert check_prefix("1PAY", kind) == "1PAY"
    else:
        assert check_prefix("PAY1", kind) == "PAY1"


@pytest.mark.parametrize("start_number", (1, 99_999_999, ORDINAL_MAX))
def test_a_start_number_has_up_to_eighteen_digits(start_number: int) -> None:
    assert check_start_number(start_number) == start_number


@pytest.mark.parametrize("start_number", (0, -1, ORDINAL_MAX + 1))
def test_a_start_number_out_of_range_is_refused(start_number: int) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_start_number(start_number, "invoice.startNumber")
    assert refused.value.field == "invoice.startNumber"
    assert f"{start_number} is not allowed" in refused.value.message
    assert "from 1 to 999999999999999999 (18 digits)" in refused.value.message


@pytest.mark.parametrize("number", ("7", "-", "_x", "CM00000001", "x" * 32, "PREVIEW", "TMP-CM"))
def test_a_caller_may_give_a_number(number: str) -> None:
    assert check_given_number(number) == number


@pytest.mark.parametrize("number", ("", "x" * 33, "a b", "a/b", "ä", "1.2", "x\n"))
def test_a_malformed_given_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidValue, match="a number is 1 to 32 of a-z, A-Z, 0-9, - and _") as refused:
        check_given_number(number)
    assert refused.value.field == "number"


@pytest.mark.parametrize("reserved", RESERVED_PREFIXES)
def test_a_given_number_that_begins_as_a_reserved_one_is_refused(reserved: str) -> None:
    with pytest.raises(InvalidValue, match=f"{reserved} is reserved for the system; choose another number"):
        check_given_number(f"{reserved}x")


def test_the_ceiling_is_the_first_ordinal_that_reads_as_a_number_of_a_longer_prefix() -> None:
    assert ceiling_between("INV", "INV2026") == 202_600_000_000
    assert ceiling_between("INV2026", "INV") is None
    assert ceiling_between("INV", "INV02") is None
    assert ceiling_between("INV", "INVX2") is None
    assert ceiling_between("INV", "INV2-") is None
    assert ceiling_between("INV", "INV") is None
    assert ceiling("INV", ["INV2026", "INV3", "X1", "INV"]) == 300_000_000
    assert ceiling("INV", []) == ORDINAL_MAX + 1
    assert ceiling("I", ["I123456789012345"]) == ORDINAL_MAX + 1


@pytest.mark.parametrize("other", ("INV", "X", "INV-", "INV0", "IN"))
def test_a_claim_beside_prefixes_that_never_meet_it_is_granted(other: str) -> None:
    check_claim(key_of("INV"), ORDINAL_MAX, [series(other, ORDINAL_MAX)])


def test_a_prefix_of_another_kind_is_refused() -> None:
    with pytest.raises(BrokenRule, match="'X' has been used for the kind credit memo and cannot serve") as refused:
        check_claim(key_of("X"), 1, [series("X", kind=Kind.CREDIT_MEMO)])
    assert refused.value.rule is Rule.PREFIX_OF_ANOTHER_KIND
    assert "choose another prefix" in refused.value.message


def test_a_longer_prefix_is_refused_only_once_the_shorter_one_is_past_its_ceiling() -> None:
    check_claim(key_of("INV2026"), 1, [series("INV", 202_600_000_000)])
    with pytest.raises(BrokenRule) as refused:
        check_claim(key_of("INV2026"), 1, [series("INV", 202_600_000_008)])
    assert refused.value.rule is Rule.PREFIX_COLLIDES
    assert "INV202600000007" in refused.value.message
    assert "would read the same as INV202600000007 of the new one" in refused.value.message
    assert "choose another prefix" in refused.value.message


@pytest.mark.parametrize("kind", (Kind.INVOICE, Kind.CREDIT_MEMO))
def test_a_collision_does_not_depend_on_the_kind(kind: Kind) -> None:
    with pytest.raises(BrokenRule):
        check_claim(key_of("A1", kind), 1, [series("A", 5 * BILLION)])


def test_a_shorter_prefix_may_not_start_at_its_ceiling() -> None:
    check_claim(key_of("INV"), 202_599_999_999, [series("INV2026")])
    with pytest.raises(BrokenRule) as refused:
        check_claim(key_of("INV"), 202_600_000_000, [series("INV2026")])
    assert refused.value.rule is Rule.START_PAST_CEILING
    assert "from INV202600000000 on" in refused.value.message
    assert "give a start number below 202600000000, or another prefix" in refused.value.message


def test_taking_gives_the_next_ordinal_and_the_series_after_it() -> None:
    assert take(series("INV", 7), [series("INV1")]) == (7, series("INV", 8))
    assert take(series("INV", 99_999_999), [series("INV1")]) == (99_999_999, series("INV", 100_000_000))
    assert take(series("INV", ORDINAL_MAX), [series("X1")]) == (ORDINAL_MAX, series("INV", ORDINAL_MAX + 1))


def test_no_ordinal_from_the_ceiling_on_is_taken() -> None:
    assert take(series("INV", 299_999_999), [series("INV3")])[0] == 299_999_999
    with pytest.raises(BrokenRule) as refused:
        take(series("INV", 300_000_000), [series("X"), series("INV3")])
    assert refused.value.rule is Rule.SERIES_EXHAUSTED
    assert "INV300000000 could also be a number of the prefix 'INV3'" in refused.value.message
    assert "give the sequence set another prefix" in refused.value.message


def test_the_series_of_another_entity_is_no_ceiling() -> None:
    elsewhere = Series(SeriesKey("entity-2", Kind.INVOICE, "INV3"), 1, 1)
    assert take(series("INV", 300_000_000), [elsewhere])[0] == 300_000_000


def test_no_ordinal_of_nineteen_digits_is_taken() -> None:
    with pytest.raises(BrokenRule, match="has issued its last number of 18 digits; give the sequence set") as refused:
        take(series("INV", ORDINAL_MAX + 1), [])
    assert refused.value.rule is Rule.SERIES_EXHAUSTED


def test_a_kind_is_named_as_the_vendors_name_its_field() -> None:
    assert [kind.field_name for kind in Kind] == ["invoice", "creditMemo", "debitMemo", "payment", "refund"]
    assert [kind.words for kind in Kind] == ["invoice", "credit memo", "debit memo", "payment", "refund"]
