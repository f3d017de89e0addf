"""Amounts, figures, dates, addresses and colours as the reader's locale writes them, and texts made fit to be set."""

import copy
import re
from collections.abc import Iterable
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern

from seriatim.errors import InvalidValue
from seriatim.render.page import Address, Period
from seriatim.render.words import language_of

CONTRAST_MIN = 4.5
"""The contrast of text with its ground that the W3C's WCAG 2.2, 1.4.3, asks for."""
_DARK_SHARE_MAX = 0.04045
"""Up to here the sRGB scale is linear (WCAG 2.2)."""
_LUMINANCE_SHARES = (0.2126, 0.7152, 0.0722)
"""What red, green and blue add to the relative luminance of a colour (WCAG 2.2)."""

_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_LETTER_MEETS_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Between a currency's code and its amount stands a space, whatever the pattern says (CLDR, currency spacing)."""

_EXACT = Context(prec=100)
"""Babel computes in the context of its caller; Python's usual one would round to 28 digits."""

_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
"""Control characters, halves of characters, and code points that are none."""
_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""They would show a text in another order than it has; writing from right to left needs none of them."""
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_POSTCODE_LAST = frozenset(
    ("AU", "BD", "CA", "CN", "EG", "GB", "GG", "HK", "IE", "IM", "IN", "JE", "JP", "KR", "MT", "NZ", "PH", "PK", "SG")
) | {"TH", "TW", "US", "ZA"}
"""Countries that write the postcode after the town."""


def clean(text: str) -> str:
    """A text fit to be set: line ends made one kind, what cannot be printed shown as U+FFFD, overrides taken out."""
    text = _DIRECTION_OVERRIDES.sub("", _LINE_ENDS.sub("\n", text))
    return _UNPRINTABLE.sub("\ufffd", text.replace("\t", " ")).strip()


@lru_cache(maxsize=64)
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise InvalidValue("locale", tag, "give a language tag such as en, de-CH or pt-BR") from None


@lru_cache(maxsize=256)
def _pattern(locale: Locale, style: str, places_min: int, places_max: int) -> NumberPattern:
    patterns = {
        "currency": locale.currency_formats["standard"],
        "decimal": locale.decimal_formats[None],
        "percent": locale.percent_formats[None],
    }
    pattern: NumberPattern = copy.copy(patterns[style])
    pattern.frac_prec = (places_min, places_max)
    return pattern


def places_of(value: Decimal) -> int:
    """Decimals that a value is written with: 2 of 1.50, 0 of 1E+3."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def trimmed(value: Decimal) -> Decimal:
    """The same value without zeros at the end of its decimals."""
    with localcontext(_EXACT):
        whole = value.to_integral_value()
        return whole if whole == value else value.normalize()


class Formats:
    """How one locale writes figures, and its language (or English) dates and countries.

    Raises: InvalidValue, for a locale that nobody knows.
    """

    def __init__(self, tag: str) -> None:
        if not _LOCALE.fullmatch(tag):
            raise InvalidValue("locale", tag, "give a language tag such as en, de-CH or pt-BR")
        self.language = language_of(tag)
        self._figures = _locale(tag)
        is_spoken = self._figures.language == self.language
        self._words = self._figures if is_spoken else _locale("en_GB")

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency, in the locale's own form and with the places that the amount has."""
        text = self._apply("currency", amount, places_of(amount), places_of(amount), currency)
        return _LETTER_MEETS_DIGIT.sub("\N{NO-BREAK SPACE}", text)

    def decimal(self, value: Decimal, places: int | None = None) -> str:
        """A figure with a fixed number of places, by default its own. If it has more they are shown, never rounded."""
        shown = max(places or 0, places_of(value))
        return self._apply("decimal", value, shown, shown)

    def percent(self, fraction: Decimal) -> str:
        """A fraction as a percentage, exactly: 0.0825 is 8.25 %."""
        return self._apply("percent", fraction, 0, max(0, places_of(fraction) - 2))

    def _apply(self, style: str, value: Decimal, places_min: int, places_max: int, currency: str | None = None) -> str:
        pattern = _pattern(self._figures, style, places_min, places_max)
        with localcontext(_EXACT):
            return str(pattern.apply(value, self._figures, currency=currency, currency_digits=False))

    def day(self, day: date) -> str:
        """A date with its month in letters, so that no one reads the month for the day."""
        return str(format_date(day, "long", locale=self._words))

    def period(self, period: Period) -> str:
        """Days from the first to the last, short enough for one line."""
        first, last = (str(format_date(day, "medium", locale=self._words)) for day in (period.first, period.last))
        return first if first == last else f"{first} \u2013 {last}"

    def address(self, address: Address) -> list[str]:
        """The lines of an address, empty ones left out; an unknown country keeps its code."""
        if address.country.upper() in _POSTCODE_LAST:
            place = _joined(" ", (_joined(", ", (address.town, address.state)), address.postcode))
        else:
            place = _joined(", ", (_joined(" ", (address.postcode, address.town)), address.state))
        country = self._words.territories.get(address.country.upper(), address.country)
        lines = (address.line1, address.line2, place, country)
        return [text for line in lines if line and (text := clean(line))]


def _joined(separator: str, parts: Iterable[str | None]) -> str:
    return separator.join(part.strip() for part in parts if part and part.strip())


def readable_colour(colour: str | None) -> str | None:
    """The colour, if it is `#rrggbb` and text in it can be read on white (`CONTRAST_MIN`); else None."""
    match = _COLOUR.fullmatch(colour or "")
    if match is None:
        return None
    shares = [int(part, 16) / 255 for part in match.groups()]
    linear = [share / 12.92 if share <= _DARK_SHARE_MAX else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = sum(share * part for share, part in zip(_LUMINANCE_SHARES, linear, strict=True))
    return match[0].lower() if 1.05 / (luminance + 0.05) >= CONTRAST_MIN else None
