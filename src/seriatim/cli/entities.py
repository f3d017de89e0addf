"""`entity` and `org`: legal entities, and the labels on their accounts."""

import click

from seriatim.cli.databases import changing, reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.domain.entity import NumberOn
from seriatim.errors import NotFound
from seriatim.service.ports import Store
from seriatim.service.provisioning import run_command
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock


@click.group()
def entity() -> None:
    """Legal entities: each has its own sequence sets, accounts and documents."""


@entity.command("create")
@database_option
@click.option("--name", required=True, help="Its name, unique.")
@click.option(
    "--number-on",
    default=NumberOn.POSTING.value,
    show_default=True,
    type=click.Choice([moment.value for moment in NumberOn]),
    help="When its invoices and memos take their number.",
)
@json_option
def entity_create(*, database: str, name: str, number_on: str, as_json: bool) -> int:
    """Create a legal entity, with its sequence set DEFAULT."""
    ids = SystemIds()
    creation = CreateEntity(
        entity_id=ids.new_id(),
        name=name,
        default_set_id=ids.new_id(),
        actor_id=SYSTEM_ACTOR_ID,
        number_on=NumberOn(number_on),
    )
    created = changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        print_json({"entity_id": created.id, "name": created.name, "number_on": created.number_on.value})
    else:
        click.echo(f"entity id  {created.id}")
    return 0


@entity.command("list")
@database_option
@json_option
def entity_list(*, database: str, as_json: bool) -> int:
    """List all legal entities, oldest first; the first one is the default."""
    found = reading(database, lambda store: store.list_entities())
    if as_json:
        print_json(
            [
                {
                    "entity_id": each.id,
                    "name": each.name,
                    "number_on": each.number_on.value,
                    "created_at": iso_time(each.created_at),
                }
                for each in found
            ]
        )
    else:
        rows = [[each.id, each.name, each.number_on.value] for each in found]
        print_table(["entity id", "name", "numbers on"], rows)
    return 0


@click.group()
def org() -> None:
    """Orgs: labels on the accounts of an entity, which limit what a client sees."""


@org.command("create")
@database_option
@click.option("--entity", "entity_key", required=True, help="Id or name of its entity.")
@click.option("--name", required=True, help="Its name, unique in its entity.")
@json_option
def org_create(*, database: str, entity_key: str, name: str, as_json: bool) -> int:
    """Create an org of an entity."""
    creation = CreateOrg(org_id=SystemIds().new_id(), entity_key=entity_key, name=name)
    created = changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        print_json({"org_id": created.id, "entity_id": created.entity_id, "name": created.name})
    else:
        click.echo(f"org id  {created.id}")
    return 0


@org.command("list")
@database_option
@click.option("--entity", "entity_key", help="Only those of this entity, by id or name.")
@json_option
def org_list(*, database: str, entity_key: str | None, as_json: bool) -> int:
    """List orgs, oldest first."""

    async def work(store: Store) -> list[dict[str, str | None]]:
        names = {each.id: each.name for each in await store.list_entities()}
        if entity_key is not None and entity_key not in names and entity_key not in names.values():
            raise NotFound("entity", entity_key, "`seriatim entity list` shows them")
        return [
            {
                "org_id": each.id,
                "name": each.name,
                "entity_id": each.entity_id,
                "entity": names[each.entity_id],
                "created_at": iso_time(each.created_at),
            }
            for each in await store.list_orgs()
            if entity_key in (None, each.entity_id, names[each.entity_id])
        ]

    found = reading(database, work)
    if as_json:
        print_json(found)
    else:
        rows = [[str(each["org_id"]), str(each["name"]), str(each["entity"])] for each in found]
        print_table(["org id", "name", "entity"], rows)
    return 0
