"""`activity`: who changed what, and when."""

import click

from seriatim.cli.databases import reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.activity import Activity
from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.errors import NotFound
from seriatim.service.ports import ActivityQuery, Store

LISTED_ACTIVITIES_MAX = 1000


@click.group()
def activity() -> None:
    """The activity log: who changed what, and when."""


@activity.command("list")
@database_option
@click.option("--entity", "entity_key", help="Only what belongs to this entity, by id or name.")
@click.option("--actor", "actor_key", help="Only what this user or client did, by id or name, or `system`.")
@click.option("--before", type=click.IntRange(1), help="Only what stands before this position.")
@click.option(
    "--limit", type=click.IntRange(1, LISTED_ACTIVITIES_MAX), default=100, show_default=True, help="At most so many."
)
@json_option
def activity_list(
    *, database: str, entity_key: str | None, actor_key: str | None, before: int | None, limit: int, as_json: bool
) -> int:
    """List changes, newest first; the issue of numbers stands in the register."""

    async def work(store: Store) -> tuple[list[Activity], dict[str, str], dict[str, str]]:
        entities = {each.id: each.name for each in await store.list_entities()}
        chosen = [key for key, name in entities.items() if entity_key in (None, key, name)]
        if not chosen:
            raise NotFound("entity", entity_key or "", "`seriatim entity list` shows them")
        actors = await _actors(store)
        found: list[Activity] = []
        for actor_id in [None] if actor_key is None else _ids_of(actors, actor_key):
            for entity_id in chosen if entity_key is not None else [*chosen, None]:
                query = ActivityQuery(entity_id=entity_id, actor_id=actor_id, before=before, limit=limit)
                found += await store.list_activities(query)
        found.sort(key=lambda each: each.position, reverse=True)
        return found[:limit], entities, actors

    found, entities, actors = reading(database, work)
    if as_json:
        print_json([_fields(each, entities, actors) for each in found])
        return 0
    headers = ["position", "when", "who", "what", "entity", "subject", "what differs"]
    rows = [
        [
            str(each.position),
            f"{each.recorded_at:%Y-%m-%d %H:%M}",
            actors.get(each.actor_id, each.actor_id),
            each.deed,
            entities.get(each.entity_id or "", ""),
            f"{each.subject_kind} {each.subject_name}".strip(),
            "; ".join(f"{fact}: {_change(was, now)}" for fact, (was, now) in each.details.items()),
        ]
        for each in found
    ]
    print_table(headers, rows)
    return 0


async def _actors(store: Store) -> dict[str, str]:
    """Everybody who may have changed something, by id."""
    people = {each.id: each.name for each in await store.list_users()}
    clients = {each.id: each.name for each in await store.list_clients()}
    return {SYSTEM_ACTOR_ID: SYSTEM_ACTOR_ID, **clients, **people}


def _ids_of(actors: dict[str, str], key: str) -> list[str]:
    """Those whose id or name this is; clients may share a name.

    Raises: NotFound.
    """
    ids = [each for each, name in actors.items() if key in (each, name)]
    if not ids:
        raise NotFound("user or client", key, "`seriatim user list` and `seriatim client list` show them")
    return ids


def _fields(each: Activity, entities: dict[str, str], actors: dict[str, str]) -> dict[str, object]:
    return {
        "position": each.position,
        "recorded_at": iso_time(each.recorded_at),
        "actor_id": each.actor_id,
        "actor": actors.get(each.actor_id, each.actor_id),
        "deed": each.deed,
        "entity_id": each.entity_id,
        "entity": None if each.entity_id is None else entities.get(each.entity_id),
        "org_id": each.org_id,
        "subject_kind": each.subject_kind,
        "subject_id": each.subject_id,
        "subject": each.subject_name,
        "change": each.change.value,
        "details": {fact: {"before": was, "after": now} for fact, (was, now) in each.details.items()},
    }


def _change(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"{before} taken away" if after is None else after
    return f"{before} -> {after}"
