"""Money: every currency's decimals, exact conversions, and what is refused."""

from decimal import Decimal

import pytest
from iso4217 import Currency

from seriatim.domain.money import (
    AMOUNT_MINOR_MAX,
    CURRENCY_EXPONENTS,
    WITHDRAWN_CURRENCIES,
    check_currency,
    parse_decimal,
    to_decimal,
    to_minor,
)
from seriatim.errors import InvalidValue


def test_the_currencies_are_those_of_iso_4217_with_their_decimals() -> None:
    official = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}
    assert official | WITHDRAWN_CURRENCIES == CURRENCY_EXPONENTS


@pytest.mark.parametrize("code", ("XXX", "XAU", "eur", "", "EURO"))
def test_an_unknown_currency_is_refused_with_an_example(code: str) -> None:
    with pytest.raises(InvalidValue, match="ISO 4217 currency code such as EUR") as refused:
        check_currency(code)
    assert refused.value.field == "currency"


def test_a_known_currency_is_given_back() -> None:
    assert check_currency("JPY") == "JPY"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    (
        (Decimal("100.10"), "EUR", 10010),
        ("100.1", "EUR", 10010),
        (100, "EUR", 10000),
        ("-0.01", "EUR", -1),
        ("007", "JPY", 7),
        (Decimal("1E+2"), "JPY", 100),
        ("1.000", "JPY", 1),
        ("1.234", "BHD", 1234),
        ("1.2345", "UYW", 12345),
        ("10000000000000.00", "EUR", AMOUNT_MINOR_MAX),
    ),
)
def test_an_amount_becomes_minor_units_of_its_currency(amount: Decimal | int | str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency, "amount") == minor


@pytest.mark.parametrize(
    ("amount", "currency", "rule"),
    (
        ("0.001", "EUR", "EUR amounts have at most 2 decimals"),
        ("-0.001", "EUR", "EUR amounts have at most 2 decimals"),
        ("0.1", "JPY", "JPY amounts have at most 0 decimals"),
        ("1.00000", "EUR", None),
        ("1.000000000000000000000000000001", "EUR", "EUR amounts have at most 2 decimals"),
        ("0.010000000000000000000000000001", "EUR", "EUR amounts have at most 2 decimals"),
        ("10000000000000.01", "EUR", "an amount is at most 10000000000000.00 EUR"),
        ("-10000000000000.01", "EUR", "an amount is at most 10000000000000.00 EUR"),
    ),
)
def test_nothing_is_rounded_and_nothing_is_too_large(amount: str, currency: str, rule: str | None) -> None:
    if rule is None:
        assert to_minor(amount, currency, "amount") == 100
        return
    with pytest.raises(InvalidValue, match=rule) as refused:
        to_minor(amount, currency, "charges[0].amount")
    assert refused.value.field == "charges[0].amount"


@pytest.mark.parametrize(
    "value",
    ("1e2", "+1", "1.", ".5", "1_000", "٣", "NaN", "Infinity", "", "1,5", " 1", "1" * 31, "0." + "1" * 31, True),
)
def test_only_plain_decimals_are_read(value: str) -> None:
    with pytest.raises(InvalidValue, match=r"give a decimal number such as 100\.10"):
        parse_decimal(value, "quantity")


@pytest.mark.parametrize("value", (Decimal("NaN"), Decimal("Infinity"), Decimal("1E+30"), Decimal("1E-31"), 10**30))
def test_no_decimal_that_is_not_finite_or_too_long_is_read(value: Decimal | int) -> None:
    with pytest.raises(InvalidValue, match="give a decimal number"):
        parse_decimal(value, "quantity")


def test_minor_units_become_a_decimal_with_the_places_of_the_currency() -> None:
    assert str(to_decimal(10010, "EUR")) == "100.10"
    assert str(to_decimal(7, "JPY")) == "7"
    assert str(to_decimal(-5, "BHD")) == "-0.005"
