"""Dates, figures and texts as people type them into the forms of documents."""

import re
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.numbers import NumberFormatError
from babel.numbers import parse_decimal as parse_localised

from seriatim.console.forms import Form
from seriatim.console.pages import Visit
from seriatim.domain.account import check_kept_text
from seriatim.domain.money import parse_decimal, to_decimal
from seriatim.errors import InvalidValue

_MEANT_AS_FIGURE = re.compile(r"[^A-Za-z]{1,60}")


def read_decimal(text: str, locale: Locale, field: str) -> Decimal:
    """The figure that somebody typed: `1.234,50` in German, `1,234.50` in English; `1234.50` is understood in both.

    A grouping that the locale does not write in that place is no grouping, so that no point is taken for another.
    Raises: InvalidValue.
    """
    if _MEANT_AS_FIGURE.fullmatch(text):
        try:
            return parse_decimal(parse_localised(text, locale=locale, strict=True), field)
        except NumberFormatError:
            pass
    return parse_decimal(text, field)


def read_figure(visit: Visit, form: Form, field: str) -> Decimal | None:
    """The figure in a field; None where there is none.

    Raises: InvalidValue.
    """
    text = form.text(field)
    return read_decimal(text, visit.locale, field) if text else None


def write_amount(visit: Visit, minor: int, currency: str) -> str:
    """An amount as the reader would type it: with their decimal mark, without grouping and currency."""
    symbols = visit.locale.number_symbols
    mark: str = symbols.get("latn", symbols).get("decimal", ".")
    return f"{to_decimal(minor, currency):f}".replace(".", mark)


def read_day(form: Form, field: str) -> date | None:
    """The date in a field; None where there is none, or what there is is none, which is then told at the field."""
    text = form.text(field)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        form.refuse(InvalidValue(field, text, "give a date such as 2026-01-31"))
        return None


def kept_text(form: Form, field: str, characters_max: int) -> str:
    """The text in a field, to be kept; what is wrong with it is told at the field."""
    text = form.text(field)
    try:
        return _check_text(text, field, characters_max)
    except InvalidValue as error:
        form.refuse(error)
        return text


def _check_text(text: str, field: str, characters_max: int) -> str:
    """Raises: InvalidValue."""
    if len(text) > characters_max:
        raise InvalidValue(field, text, f"give at most {characters_max} characters")
    return check_kept_text(text, field)
