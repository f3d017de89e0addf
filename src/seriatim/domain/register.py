"""The register: append-only, one entry for every number issued and for every declared skip of a series."""

from datetime import datetime
from enum import StrEnum

from seriatim.domain.numbering import SeriesKey
from seriatim.domain.values import value


class Event(StrEnum):
    """What an entry of the register records."""

    ISSUE = "issue"
    SKIP = "skip"


ISSUE = Event.ISSUE
"""Bound once for what is done with every document: before Python 3.12, `Event.ISSUE` takes as long as two calls."""


@value(frozen=True, slots=True)
class RegisterEntry:
    """An issued ordinal with its document, or a range of ordinals that somebody declared skipped.

    For an issue, `first_ordinal` and `last_ordinal` are the same; for a skip there is no document.
    """

    event: Event
    series: SeriesKey
    first_ordinal: int
    last_ordinal: int
    document_id: str | None
    recorded_at: datetime
    recorded_by: str


def issue_entry(
    series: SeriesKey, ordinal: int, document_id: str, recorded_at: datetime, recorded_by: str
) -> RegisterEntry:
    """The entry of one number issued to one document."""
    return RegisterEntry(ISSUE, series, ordinal, ordinal, document_id, recorded_at, recorded_by)


def skip_entry(
    series: SeriesKey, from_ordinal: int, to_ordinal: int, recorded_at: datetime, recorded_by: str
) -> RegisterEntry:
    """The entry of a declared skip: the ordinals from `from_ordinal` to just below `to_ordinal` are left out."""
    return RegisterEntry(Event.SKIP, series, from_ordinal, to_ordinal - 1, None, recorded_at, recorded_by)
