"""`client`: who may call."""

import click

from seriatim.auth.secrets import digest_secret
from seriatim.cli.databases import changing, reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.sequence_version import Version
from seriatim.service.ports import Store
from seriatim.service.provisioning import run_command
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock


@click.group()
def client() -> None:
    """API clients: who may call."""


@client.command("create")
@database_option
@click.option("--name", required=True, help="What people call it.")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="admin: everything; issuer: accounts and documents; auditor: only look.",
)
@click.option("--entity", "entities", multiple=True, help="Id or name of an entity that it may use; none: all.")
@click.option("--org", "orgs", multiple=True, help="Id or name of an org that it may see; none: all.")
@click.option(
    "--sequence-version",
    type=click.Choice([version.value for version in Version]),
    help="The version of Sequence's API that it gets where a request names none; the newest one if left out.",
)
@json_option
def client_create(
    *,
    database: str,
    name: str,
    role: str,
    entities: tuple[str, ...],
    orgs: tuple[str, ...],
    sequence_version: str | None,
    as_json: bool,
) -> int:
    """Create an API client and show its secret, this once. A running server knows it within a second."""
    ids = SystemIds()
    secret = ids.new_secret()
    creation = CreateClient(
        client_id=ids.new_uuid(),
        name=name,
        role=Role(role),
        secret_digest=digest_secret(secret),
        entity_keys=entities or None,
        org_keys=orgs or None,
        api_version=sequence_version,
    )
    created = changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        print_json({"client_id": created.id, "client_secret": secret})
    else:
        click.echo(f"client id      {created.id}\nclient secret  {secret}")
        click.echo("The secret is not kept and cannot be shown again.", err=True)
    return 0


@client.command("list")
@database_option
@json_option
def client_list(*, database: str, as_json: bool) -> int:
    """List all API clients, oldest first."""

    async def work(store: Store) -> tuple[list[ApiClient], dict[str, str], dict[str, str]]:
        entities = {entity.id: entity.name for entity in await store.list_entities()}
        return await store.list_clients(), entities, {org.id: org.name for org in await store.list_orgs()}

    clients, entities, orgs = reading(database, work)
    if as_json:
        print_json([_client_fields(each, entities, orgs) for each in clients])
        return 0
    rows = [
        [
            each.id,
            each.name,
            each.role.value,
            _listed(each.entity_ids, entities),
            _listed(each.org_ids, orgs),
            f"revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else "active",
        ]
        for each in clients
    ]
    print_table(["client id", "name", "role", "entities", "orgs", "state"], rows)
    return 0


@client.command("revoke")
@database_option
@click.argument("client_id")
@json_option
def client_revoke(*, database: str, client_id: str, as_json: bool) -> int:
    """Revoke an API client, for good. Its secret and its tokens stop working within a second."""
    command = RevokeClient(client_id=client_id)
    revoked = reading(database, lambda store: run_command(store, SystemClock(), command))
    if as_json:
        print_json({"client_id": revoked.id, "revoked_at": iso_time(revoked.revoked_at)})
    else:
        click.echo(f"revoked {revoked.id} ({revoked.name})")
    return 0


def _client_fields(each: ApiClient, entities: dict[str, str], orgs: dict[str, str]) -> dict[str, object]:
    return {
        "client_id": each.id,
        "name": each.name,
        "role": each.role.value,
        "entities": None if each.entity_ids is None else sorted(entities.get(key, key) for key in each.entity_ids),
        "orgs": None if each.org_ids is None else sorted(orgs.get(key, key) for key in each.org_ids),
        "sequence_version": each.api_version,
        "created_at": iso_time(each.created_at),
        "revoked_at": iso_time(each.revoked_at),
    }


def _listed(ids: frozenset[str] | None, names: dict[str, str]) -> str:
    return "all" if ids is None else ", ".join(sorted(names.get(key, key) for key in ids))
