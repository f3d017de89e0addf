"""Amounts, dates, addresses and words, as each locale and country writes them."""

import re
from datetime import date
from decimal import Decimal
from itertools import chain

import pytest

from seriatim.domain.money import CURRENCY_EXPONENTS, to_decimal
from seriatim.errors import InvalidValue
from seriatim.render.formats import Formats, readable_colour
from seriatim.render.page import AccountField, AccountKind, Address, PageKind, Period
from seriatim.render.words import LANGUAGES, Word, language_of, words_in

NARROW = "\N{NARROW NO-BREAK SPACE}"
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "shown"),
    (
        (123456, "JPY", "en", "¥123,456"),
        (123456, "EUR", "en-IE", "€1,234.56"),
        (123456, "EUR", "de-DE", f"1.234,56{SPACE}€"),
        (123456, "EUR", "fr-FR", f"1{NARROW}234,56{SPACE}€"),
        (123456, "USD", "en-US", "$1,234.56"),
        (-123456, "USD", "en-US", "-$1,234.56"),
        (1234567, "KWD", "en", f"KWD{SPACE}1,234.567"),
        (123456, "CHF", "de-CH", f"CHF{SPACE}1\N{RIGHT SINGLE QUOTATION MARK}234.56"),
        (123456789, "INR", "en-IN", "₹12,34,567.89"),
        (5, "EUR", "en", "€0.05"),
        (0, "EUR", "en", "€0.00"),
        (10**15, "EUR", "en", "€10,000,000,000,000.00"),
    ),
)
def test_money_is_written_as_the_locale_writes_it(minor: int, currency: str, locale: str, shown: str) -> None:
    assert Formats(locale).money(to_decimal(minor, currency), currency) == shown


def test_every_currency_keeps_the_places_that_iso_4217_gives_it() -> None:
    for currency, exponent in CURRENCY_EXPONENTS.items():
        shown = Formats("en").money(to_decimal(10**exponent, currency), currency)
        assert "".join(each for each in shown if each.isdigit()) == str(10**exponent), currency
        assert not re.search(r"[A-Za-z]\d|\d[A-Za-z]", shown), shown


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    (
        ("2", 0, "2"),
        ("2", 3, "2.000"),
        ("0.0125", 2, "0.0125"),
        ("1E+3", 0, "1,000"),
        ("-0.5", 1, "-0.5"),
        ("123456789012345678901234567890.12345", 0, "123,456,789,012,345,678,901,234,567,890.12345"),
    ),
)
def test_figures_are_never_rounded(value: str, places: int, shown: str) -> None:
    assert Formats("en").decimal(Decimal(value), places) == shown


@pytest.mark.parametrize(
    ("fraction", "locale", "shown"),
    (
        ("0.2", "en", "20%"),
        ("0", "en", "0%"),
        ("0.0825", "en", "8.25%"),
        ("0.088750", "en", "8.875%"),
        ("0.077", "de", f"7,7{SPACE}%"),
        ("0.0123456789012345678901234567890123", "en", "1.23456789012345678901234567890123%"),
    ),
)
def test_a_fraction_is_shown_as_a_percentage_to_its_last_digit(fraction: str, locale: str, shown: str) -> None:
    assert Formats(locale).percent(Decimal(fraction)) == shown


def test_a_date_cannot_be_misread() -> None:
    day = date(2026, 3, 4)
    assert Formats("en-GB").day(day) == "4 March 2026"
    assert Formats("en-US").day(day) == "March 4, 2026"
    assert Formats("de").day(day) == "4. März 2026"
    assert Formats("el").day(day) == "4 March 2026"
    assert Formats("en-GB").period(Period(day, day)) == "4 Mar 2026"
    assert Formats("en-GB").period(Period(day, date(2026, 4, 5))) == "4 Mar 2026 \N{EN DASH} 5 Apr 2026"


@pytest.mark.parametrize(
    ("country", "state", "locale", "lines"),
    (
        ("DE", None, "en", ["1 Road", "12345 Town", "Germany"]),
        ("DE", None, "de-CH", ["1 Road", "12345 Town", "Deutschland"]),
        ("US", "NY", "en", ["1 Road", "Town, NY 12345", "United States"]),
        ("GB", None, "en", ["1 Road", "Town 12345", "United Kingdom"]),
        ("BR", "SP", "en", ["1 Road", "12345 Town, SP", "Brazil"]),
        ("XK", None, "en", ["1 Road", "12345 Town", "Kosovo"]),
        ("ZZZ", None, "en", ["1 Road", "12345 Town", "ZZZ"]),
    ),
)
def test_an_address_is_in_the_order_of_its_country(
    country: str, state: str | None, locale: str, lines: list[str]
) -> None:
    address = Address(line1="1 Road", line2=" ", town="Town", postcode="12345", country=country, state=state)
    assert Formats(locale).address(address) == lines


@pytest.mark.parametrize("locale", ("", "x", "zz", "en-XX-YY", "../../etc", "e" * 41, "en_US.UTF-8\x00", "1"))
def test_an_unknown_locale_is_refused_with_an_example(locale: str) -> None:
    with pytest.raises(InvalidValue, match="such as en, de-CH or pt-BR"):
        Formats(locale)


@pytest.mark.parametrize(
    ("colour", "readable"),
    (
        ("#0B5C8A", "#0b5c8a"),
        ("#000000", "#000000"),
        ("#767676", "#767676"),
        ("#777777", None),
        ("#ffee00", None),
        ("#ffffff", None),
        ("#fff", None),
        ("red", None),
        ("#0b5c8a;", None),
        (None, None),
    ),
)
def test_text_takes_only_a_colour_that_can_be_read_on_white(colour: str | None, readable: str | None) -> None:
    assert readable_colour(colour) == readable


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    words = words_in(language)
    everything = list(chain(PageKind, AccountKind, AccountField, Word))
    assert set(words) == set(everything)
    assert len(words) == len(everything)
    assert all(words.values())


def test_a_language_without_words_is_written_in_english() -> None:
    assert [language_of(locale) for locale in ("de-CH", "de_CH", "FR", "el", "zh-Hant")] == [
        "de",
        "de",
        "fr",
        "en",
        "en",
    ]
