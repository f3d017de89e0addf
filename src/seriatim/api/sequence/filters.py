"""The filters of lists: which parameter of a query narrows what, and how its text is read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from seriatim.api.sequence.paging import PagedQuery
from seriatim.api.sequence.wire import read_date
from seriatim.domain.money import parse_decimal
from seriatim.errors import FieldError, InvalidQuery
from seriatim.service.pages import Comparison, Condition, PageField

IN_PROGRESS = "IN_PROGRESS"
"""A status that the contract knows and no document ever has here."""
QUERY_VALUES_MAX = 100
"""Values of one filter, separated by commas."""

Reader = Callable[[str, str], tuple[str, ...]]
"""Reads the values of a filter from its name and its text.

Raises: InvalidQuery.
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter of a query."""

    attribute: str
    """Of the query's struct."""
    field: PageField
    comparison: Comparison
    read: Reader


def read_conditions(query: PagedQuery, filters: Iterable[Filter]) -> list[Condition]:
    """The conditions that a list's query comes to.

    Raises: InvalidQuery.
    """
    names = dict(zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True))
    return [
        Condition(each.field, each.comparison, each.read(names[each.attribute], text))
        for each in filters
        if (text := getattr(query, each.attribute)) is not None
    ]


def read_values(name: str, text: str) -> tuple[str, ...]:
    """Texts, separated by commas.

    Raises: InvalidQuery.
    """
    values = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if not 1 <= len(values) <= QUERY_VALUES_MAX:
        raise InvalidQuery(name, text, f"give 1 to {QUERY_VALUES_MAX} values, separated by commas")
    return values


def one_of(known: Iterable[str]) -> Reader:
    """A reader of texts of which each must be one of those known."""
    choices = tuple(known)

    def read(name: str, text: str) -> tuple[str, ...]:
        values = read_values(name, text)
        for value in values:
            if value not in choices:
                raise InvalidQuery(name, value, f"give one or more of {', '.join(choices)}, separated by commas")
        return values

    return read


def read_day(name: str, text: str) -> tuple[str, ...]:
    """One date.

    Raises: InvalidQuery.
    """
    try:
        return (read_date(text, name).isoformat(),)
    except FieldError:
        raise InvalidQuery(name, text, "give a date such as 2026-03-31") from None


def read_amount(name: str, text: str) -> tuple[str, ...]:
    """One decimal.

    Raises: InvalidQuery.
    """
    try:
        return (format(parse_decimal(text, name), "f"),)
    except FieldError:
        raise InvalidQuery(name, text, "give a decimal number such as 100.10") from None


def read_text(_: str, text: str) -> tuple[str, ...]:
    """A text as it stands."""
    return (text,)
