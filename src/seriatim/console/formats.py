"""Dates, times, figures and money as the reader's locale writes them. Times are shown in UTC, as they are kept."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal

from seriatim.domain.money import to_decimal
from seriatim.render.formats import Formats as PrintedFormats

DEFAULT_LOCALE = "en"
ACCEPTED_LANGUAGES_MAX = 8
"""How many languages of a browser's wish are looked at."""


class Formats:
    """How one locale writes things."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self.tag = str(locale).replace("_", "-")
        self._printed = PrintedFormats(self.tag)

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units, with its currency: €1,234.50."""
        return self._printed.money(to_decimal(minor, currency), currency)

    def integer(self, value: int) -> str:
        """A whole number with the locale's grouping: 1,234."""
        return str(format_decimal(value, locale=self.locale))

    def decimal(self, value: Decimal) -> str:
        """A figure with the places that it has: 1,234.5."""
        return self._printed.decimal(value)

    def day(self, day: date) -> str:
        """A date: Nov 22, 2026."""
        return str(format_date(day, "medium", locale=self.locale))

    def moment(self, at: datetime) -> str:
        """A date and a time to the minute, in UTC."""
        utc = at.astimezone(UTC)
        joint = str(get_datetime_format("medium", locale=self.locale)).replace("'", "")
        time = str(format_time(utc, "short", locale=self.locale))
        return joint.replace("{1}", self.day(utc)).replace("{0}", time)

    def iso(self, at: datetime | date) -> str:
        """A date or a time as ISO 8601, for machines and titles."""
        if isinstance(at, datetime):
            return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return at.isoformat()

    def ago(self, at: datetime, now: datetime) -> str:
        """How long before now a time was, roughly: 3 hours ago."""
        return str(format_timedelta(at - now, add_direction=True, locale=self.locale))


@lru_cache(maxsize=256)
def find_locale(tag: str) -> Locale | None:
    """The locale of a language tag such as `de-CH`; None where nobody knows it."""
    try:
        return Locale.parse(tag.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return None


@lru_cache(maxsize=256)
def formats_for(wanted: str | None, accepted: str) -> Formats:
    """The formats of the locale that a user chose, else of the first known one of an Accept-Language header."""
    tags = [part.partition(";")[0] for part in accepted.split(",")[:ACCEPTED_LANGUAGES_MAX]]
    for tag in [wanted or "", *tags, DEFAULT_LOCALE]:
        locale = find_locale(tag) if tag and tag.strip() != "*" else None
        if locale is not None:
            return Formats(locale)
    raise AssertionError("the default locale is known")
