"""`user`: the people of the console."""

import sys

import click

from seriatim.auth.passwords import PASSWORD_CHARACTERS_MAX, SALT_BYTES, check_password, digest_password
from seriatim.auth.secrets import digest_secret
from seriatim.cli.databases import changing, reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.client import Role
from seriatim.domain.commands.users import CreateUser, DisableUser, EnableUser, InviteUser, SetPassword
from seriatim.domain.user import User
from seriatim.service.ports import Store
from seriatim.service.provisioning import run_command
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock

_WELCOME_PATH = "/console/welcome/"
_ROLE_HELP = "admin: everything; issuer: accounts and documents; auditor: only look."

role_option = click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help=_ROLE_HELP)
entities_option = click.option(
    "--entity", "entities", multiple=True, help="Id or name of an entity that they may use; none: all."
)
orgs_option = click.option("--org", "orgs", multiple=True, help="Id or name of an org that they may see; none: all.")
password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, and not from the terminal."
)


@click.group()
def user() -> None:
    """People: who may sign in to the console."""


@user.command("create")
@database_option
@click.option("--name", required=True, help="What they sign in with.")
@role_option
@entities_option
@orgs_option
@password_option
@json_option
def user_create(
    *,
    database: str,
    name: str,
    role: str,
    entities: tuple[str, ...],
    orgs: tuple[str, ...],
    password_stdin: bool,
    as_json: bool,
) -> int:
    """Make a user. Asks for the password on the terminal."""
    ids = SystemIds()
    creation = CreateUser(
        user_id=ids.new_id(),
        name=name,
        role=Role(role),
        password_digest=_ask_password(ids, from_stdin=password_stdin),
        entity_keys=entities or None,
        org_keys=orgs or None,
    )
    made = changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        print_json({"user_id": made.id, "name": made.name, "role": made.role.value})
    else:
        click.echo(f"{made.name} may sign in as {made.role.value}")
    return 0


@user.command("invite")
@database_option
@click.option("--name", help="Whom it is for; without one they choose a name themselves.")
@role_option
@entities_option
@orgs_option
@click.option(
    "--url", default="", help="Where people reach the server, to be put before the link: https://numbers.example."
)
@json_option
def user_invite(
    *,
    database: str,
    name: str | None,
    role: str,
    entities: tuple[str, ...],
    orgs: tuple[str, ...],
    url: str,
    as_json: bool,
) -> int:
    """Make a link by which somebody becomes a user, and show it, this once. It works for 7 days."""
    token = SystemIds().new_secret()
    invitation = InviteUser(
        digest=digest_secret(token),
        name=name,
        role=Role(role),
        entity_keys=entities or None,
        org_keys=orgs or None,
    )
    made = changing(database, lambda store: run_command(store, SystemClock(), invitation))
    link = f"{url.rstrip('/')}{_WELCOME_PATH}{token}"
    if as_json:
        print_json({"link": link, "role": made.role.value, "expires_at": iso_time(made.expires_at)})
    else:
        click.echo(link)
        click.echo(f"It works once, until {made.expires_at:%Y-%m-%d %H:%M} UTC, and cannot be shown again.", err=True)
    return 0


@user.command("list")
@database_option
@json_option
def user_list(*, database: str, as_json: bool) -> int:
    """List all users, oldest first."""

    async def work(store: Store) -> tuple[list[User], dict[str, str], dict[str, str]]:
        entities = {entity.id: entity.name for entity in await store.list_entities()}
        return await store.list_users(), entities, {org.id: org.name for org in await store.list_orgs()}

    users, entities, orgs = reading(database, work)
    if as_json:
        print_json([_user_fields(each, entities, orgs) for each in users])
        return 0
    rows = [
        [
            each.name,
            each.role.value,
            _listed(each.entity_ids, entities),
            _listed(each.org_ids, orgs),
            f"disabled {each.disabled_at:%Y-%m-%d %H:%M}" if each.disabled_at else "active",
        ]
        for each in users
    ]
    print_table(["name", "role", "entities", "orgs", "state"], rows)
    return 0


@user.command("password")
@database_option
@click.argument("name")
@password_option
def user_password(*, database: str, name: str, password_stdin: bool) -> int:
    """Give a user, by name or id, another password. Signs them out everywhere."""
    digest = _ask_password(SystemIds(), from_stdin=password_stdin)
    command = SetPassword(user_key=name, password_digest=digest)
    changed = reading(database, lambda store: run_command(store, SystemClock(), command))
    click.echo(f"{changed.name} has another password, and is signed out everywhere")
    return 0


@user.command("disable")
@database_option
@click.argument("name")
def user_disable(*, database: str, name: str) -> int:
    """Let a user, by name or id, sign in no more. Signs them out everywhere, at once."""
    command = DisableUser(user_key=name)
    disabled = reading(database, lambda store: run_command(store, SystemClock(), command))
    click.echo(f"{disabled.name} can sign in no more")
    return 0


@user.command("enable")
@database_option
@click.argument("name")
def user_enable(*, database: str, name: str) -> int:
    """Let a disabled user, by name or id, sign in again."""
    command = EnableUser(user_key=name)
    enabled = reading(database, lambda store: run_command(store, SystemClock(), command))
    click.echo(f"{enabled.name} can sign in again")
    return 0


def _ask_password(ids: SystemIds, *, from_stdin: bool) -> str:
    """The digest of a password from the terminal, asked for twice, or from the first line of standard input.

    Raises: InvalidValue, for one that is too short or too long.
    """
    if from_stdin:
        # One character more than is allowed shows that it is too long.
        password = sys.stdin.readline(PASSWORD_CHARACTERS_MAX + 2).rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="Password once more", err=True)
    return digest_password(check_password(password), ids.new_bytes(SALT_BYTES))


def _user_fields(each: User, entities: dict[str, str], orgs: dict[str, str]) -> dict[str, object]:
    return {
        "user_id": each.id,
        "name": each.name,
        "role": each.role.value,
        "entities": _names(each.entity_ids, entities),
        "orgs": _names(each.org_ids, orgs),
        "created_at": iso_time(each.created_at),
        "disabled_at": iso_time(each.disabled_at),
    }


def _names(ids: frozenset[str] | None, names: dict[str, str]) -> list[str] | None:
    """The names of what somebody is limited to; None: nothing limits them."""
    return None if ids is None else sorted(names.get(key, key) for key in ids)


def _listed(ids: frozenset[str] | None, names: dict[str, str]) -> str:
    return "all" if ids is None else ", ".join(_names(ids, names) or [])
