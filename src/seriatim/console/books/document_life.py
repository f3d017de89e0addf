"""The life of a document: what happened to it, when, and by whom, told by itself, the register and the activity log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from seriatim.domain.activity import Activity
from seriatim.domain.document import Document
from seriatim.domain.register import RegisterEntry


@dataclass(slots=True)
class Moment:
    """What one actor did at one time."""

    at: datetime
    actor_id: str
    deeds: list[str] = field(default_factory=list)
    """What happened, in words: `Created`."""
    number: str | None = None
    """The number that was taken then."""
    details: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Facts that changed, as they were and as they became."""

    @property
    def words(self) -> str:
        """What happened: `Created, posted`."""
        return _sentence_case(", ".join(self.deeds).lower())


def life_of(document: Document, entry: RegisterEntry | None, activities: Iterable[Activity]) -> list[Moment]:
    """What happened to a document, in order of time; what one command did is one moment."""
    moments: dict[tuple[datetime, str], Moment] = {}

    def moment(at: datetime, actor_id: str) -> Moment:
        return moments.setdefault((at, actor_id), Moment(at, actor_id))

    for deed, at, actor_id in (
        ("Created", document.created_at, document.created_by),
        ("Posted", document.posted_at, document.posted_by),
        ("Sent", document.sent_at, document.sent_by),
        ("Canceled", document.canceled_at, document.canceled_by),
    ):
        if at is not None and actor_id is not None:
            moment(at, actor_id).deeds.append(deed)
    if entry is not None:
        moment(entry.recorded_at, entry.recorded_by).number = document.number
    for activity in activities:
        told = moment(activity.recorded_at, activity.actor_id)
        if not told.deeds:
            told.deeds.append(_sentence_case(activity.deed))
        if activity.change == "changed":
            told.details |= _told_facts(activity.details)
    for each in moments.values():
        if not each.deeds:
            each.deeds.append("Took its number")
    return sorted(moments.values(), key=lambda each: each.at)


def _told_facts(details: Mapping[str, tuple[str | None, str | None]]) -> dict[str, tuple[str | None, str | None]]:
    """The facts that a reader of the document's own page has not before their eyes already."""
    return {fact: values for fact, values in details.items() if fact != "number"}


def _sentence_case(words: str) -> str:
    return words[:1].upper() + words[1:]
