"""The navigation: what there is to see, in which order, and where a page stands in it."""

from collections.abc import Callable
from dataclasses import dataclass

from seriatim.auth.permissions import Permission

HOME_SECTION = "numbering"


@dataclass(frozen=True, slots=True)
class _Place:
    label: str
    segment: str
    """The first part of the paths of its pages; also the name of its icon."""
    of_entity: bool = True
    permission: Permission = Permission.READ


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A line of the navigation."""

    label: str
    url: str
    icon: str
    is_current: bool


_PLACES: tuple[tuple[str, tuple[_Place, ...]], ...] = (
    ("Numbers", (_Place("Numbering", HOME_SECTION), _Place("Series", "series"))),
    ("Books", (_Place("Documents", "documents"), _Place("Accounts", "accounts"))),
    ("Records", (_Place("Activity", "activity"), _Place("Outgoing mail", "mail"))),
    (
        "Settings",
        (
            _Place("Merchant details", "merchant"),
            _Place("Entities", "entities", of_entity=False),
            _Place("People", "people", of_entity=False, permission=Permission.ADMINISTER),
            _Place("API clients", "clients", of_entity=False, permission=Permission.ADMINISTER),
        ),
    ),
    ("Developers", (_Place("API reference", "reference", of_entity=False),)),
)


def navigation_of(
    entity_id: str, path: str, may: Callable[[Permission], bool]
) -> list[tuple[str, list[NavigationEntry]]]:
    """The titles with their entries, without what the user may not see."""
    current = _segment_of(path)
    titles = []
    for title, places in _PLACES:
        entries = [
            NavigationEntry(place.label, _url(place, entity_id), place.segment, place.segment == current)
            for place in places
            if may(place.permission)
        ]
        if entries:
            titles.append((title, entries))
    return titles


def section_of(path: str) -> str:
    """The section of an entity's page that another entity has too; from a page of no entity, the first section."""
    segment = _segment_of(path)
    sections = {place.segment for _, places in _PLACES for place in places if place.of_entity}
    return segment if segment in sections else HOME_SECTION


def _segment_of(path: str) -> str:
    """`documents` of `/console/e/1/documents/2`, `people` of `/console/people`."""
    parts = path.split("/")[2:]
    if parts[:1] == ["e"]:
        parts = parts[2:]
    return parts[0] if parts else ""


def _url(place: _Place, entity_id: str) -> str:
    return f"/console/e/{entity_id}/{place.segment}" if place.of_entity else f"/console/{place.segment}"
