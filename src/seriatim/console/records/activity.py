"""The activity log of an entity: who changed what, when, and what it was before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from seriatim.auth.permissions import Permission
from seriatim.console.browsers import browser_name
from seriatim.console.cursors import read_whole_number
from seriatim.console.forms import Form
from seriatim.console.pages import HOME, PageRoute, Response, Visit
from seriatim.domain.activity import SUBJECT_KINDS, Activity, Change
from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Needs
from seriatim.service.ports import ActivityQuery

PAGE_ACTIVITIES = 50
POSITION_MAX = 2**63 - 1
GLOBAL_KINDS = frozenset({"API client", "user", "invitation", "session"})
"""What belongs to no entity, and is shown to those who administer it."""
SUBJECT_PAGES: Mapping[str, str] = {
    "sequence set": "/e/{entity_id}/numbering/{subject_id}",
    "account": "/e/{entity_id}/accounts/{subject_id}",
    **{kind.words: "/e/{entity_id}/documents/{subject_id}" for kind in Kind},
    "merchant details": "/e/{entity_id}/merchant",
    "mail": "/e/{entity_id}/mail",
    "entity": "/entities/{entity_id}",
    "org": "/entities/{entity_id}",
    "user": "/people/{subject_id}",
    "session": "/people/{subject_id}",
    "API client": "/clients/{subject_id}",
}
"""Of each sort of subject its page, if it has one."""


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """An activity as the page shows it."""

    activity: Activity
    name: str
    url: str | None
    """The page of its subject, if there is one that the reader may see."""
    details: tuple[tuple[str, str | None, str | None], ...]
    """Each fact that differs, with what it was before and after."""


async def list_activities(visit: Visit) -> Response:
    """What was changed, newest first."""
    query = visit.query
    kind, subject_id, actor_id = (query.get(name) or None for name in ("kind", "subject", "actor"))
    before = read_whole_number(query, "before", POSITION_MAX)
    found = await visit.console.store.list_activities(
        ActivityQuery(
            entity_id=visit.entity.id,
            with_global=visit.may(Permission.ADMINISTER),
            org_ids=visit.scope.org_ids,
            subject_kind=kind,
            subject_id=subject_id,
            actor_id=actor_id,
            before=before,
            limit=PAGE_ACTIVITIES + 1,
        )
    )
    shown = found[:PAGE_ACTIVITIES]
    filters = {"kind": kind, "subject": subject_id, "actor": actor_id}
    older = str(shown[-1].position) if len(found) > PAGE_ACTIVITIES else None
    return visit.page(
        "activity.html",
        rows=await _rows(visit, shown),
        form=Form.of(kind=kind, actor=actor_id),
        subject_id=subject_id,
        kinds=[("", "Everything"), *((each, f"{each[:1].upper()}{each[1:]}") for each in _kinds(visit))],
        actors=[("", "Anybody"), *_actors(visit, [activity.actor_id for activity in shown], actor_id)],
        is_filtered=any(filters.values()),
        is_first=before is None,
        newest_url=visit.path("activity", **filters),
        older_url=None if older is None else visit.path("activity", **filters, before=older),
    )


def subject_url(visit: Visit, activity: Activity) -> str | None:
    """The page of what an activity is about; None where there is none, or none that the reader may see."""
    path = SUBJECT_PAGES.get(activity.subject_kind)
    is_hidden = activity.subject_kind in GLOBAL_KINDS and not visit.may(Permission.ADMINISTER)
    if path is None or is_hidden or activity.change is Change.DELETED:
        return None
    ids = {"entity_id": activity.entity_id or visit.entity.id, "subject_id": activity.subject_id}
    return HOME + path.format_map({name: quote(each, safe="") for name, each in ids.items()})


async def _rows(visit: Visit, activities: list[Activity]) -> list[ActivityRow]:
    names = await _names(visit, activities)
    return [
        ActivityRow(
            activity=activity,
            name=browser_name(activity.subject_name) if activity.subject_kind == "session" else activity.subject_name,
            url=subject_url(visit, activity),
            details=tuple(
                (fact, _named(was, names), _named(now, names))
                for fact, (was, now) in activity.details.items()
                # A new row's name stands beside it already.
                if not (activity.change is Change.CREATED and now == activity.subject_name)
            ),
        )
        for activity in activities
    ]


async def _names(visit: Visit, activities: Iterable[Activity]) -> dict[str, str]:
    """What people call the entities, orgs and sets of which the log keeps the ids."""
    directory = visit.console.directory
    names = {entity.id: entity.name for entity in directory.entities()}
    names |= {org.id: org.name for entity_id in [*names] for org in directory.orgs_of(entity_id)}
    told = [activity.details.get("sequence set", (None, None)) for activity in activities]
    needs = Needs(sequence_sets={(visit.entity.id, set_id) for pair in told for set_id in pair if set_id})
    if needs.sequence_sets:
        names |= {each.id: each.name for each in (await visit.console.store.read(needs)).sequence_sets}
    return names


def _named(text: str | None, names: Mapping[str, str]) -> str | None:
    """A fact with names in the place of ids; it may be a list of them."""
    return None if text is None else ", ".join(names.get(part, part) for part in text.split(", "))


def _kinds(visit: Visit) -> list[str]:
    may_see_all = visit.may(Permission.ADMINISTER)
    return sorted((kind for kind in SUBJECT_KINDS if may_see_all or kind not in GLOBAL_KINDS), key=str.lower)


def _actors(visit: Visit, seen: list[str], chosen: str | None) -> list[tuple[str, str]]:
    """Whom to choose from: everybody for those who administer them, for others whoever stands on the page."""
    ids = {*seen, *([chosen] if chosen else [])}
    if visit.may(Permission.ADMINISTER):
        clients = visit.console.directory.clients()
        ids |= {SYSTEM_ACTOR_ID, *visit.actor_names, *(client.id for client in clients)}
    return sorted(((each, visit.actor_name(each)) for each in ids), key=lambda each: each[1].lower())


ROUTES = (PageRoute(method="GET", path="/e/{entity_id}/activity", handler=list_activities, permission=Permission.READ),)
