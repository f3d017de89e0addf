"""The command line. Every error is one line on standard error: exit code 1, or 2 for a command that was mistyped."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import click

from seriatim import __version__
from seriatim.auth.secrets import digest_secret
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.domain.entity import NumberOn
from seriatim.errors import NotFound, SeriatimError
from seriatim.service.ports import Store, StoreConflict, StoreUnavailable
from seriatim.service.provisioning import SYSTEM_ACTOR_ID, provision_entity, run_command
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock
from seriatim.service.verification import SeriesVerdict, Verification, verify
from seriatim.settings import Setting, setting_named, settings_from, settings_table
from seriatim.storage.engines import MigratableStore, store_for

T = TypeVar("T")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FAILED = 1
USED_WRONGLY = 2


def _option(setting: Setting) -> Callable[[Decorated], Decorated]:
    """The option that a line of the table of settings makes."""
    declaration = setting.option
    kind: click.ParamType[Any] | None = None
    if setting.choices is not None:
        kind = click.Choice(setting.choices)
    elif isinstance(setting.default, bool):
        declaration = f"{setting.option}/--no-{setting.option.removeprefix('--')}"
    elif isinstance(setting.default, int):
        kind = click.IntRange(setting.minimum, setting.maximum)

    def value_of(context: click.Context, _: click.Parameter, value: Any) -> Any:
        on_command_line = context.get_parameter_source(setting.name) is click.core.ParameterSource.COMMANDLINE
        return value if on_command_line else setting.value_from_file() or value

    return click.option(
        declaration,
        setting.name,
        envvar=setting.variable,
        show_envvar=True,
        default=setting.default.value if setting.choices else setting.default,
        show_default=True,
        type=kind,
        help=setting.help,
        callback=value_of,
    )


def _settings_options(command: Decorated) -> Decorated:
    for setting in reversed(settings_table()):
        command = _option(setting)(command)
    return command


_database_option = _option(setting_named("database"))
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, on one line.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seriatim")
def cli() -> None:
    """Seriatim numbers billing documents: unique, in order, without a gap."""


@cli.command()
@_settings_options
def serve(**values: Any) -> int:
    """Migrate the database if need be, and serve the APIs until told to stop."""
    settings = settings_from(values)
    from seriatim import app  # noqa: PLC0415 - the other commands need no web server

    return app.serve(settings)


@cli.command()
@_database_option
@_json_option
def migrate(*, database: str, as_json: bool) -> int:
    """Create the database, or bring its schema up to date."""

    async def work() -> list[str]:
        store = store_for(database)
        try:
            return await store.migrate()
        finally:
            await store.close()

    applied = asyncio.run(work())
    if as_json:
        _print_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")
    return 0


@cli.command()
def version() -> int:
    """Print the version."""
    click.echo(f"seriatim {__version__}")
    return 0


@cli.group()
def client() -> None:
    """API clients: who may call."""


@client.command("create")
@_database_option
@click.option("--name", required=True, help="What people call it.")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="admin: everything; issuer: accounts and documents; auditor: only look.",
)
@click.option("--entity", "entities", multiple=True, help="Id or name of an entity that it may use; none: all.")
@click.option("--org", "orgs", multiple=True, help="Id or name of an org that it may see; none: all.")
@_json_option
def client_create(
    *, database: str, name: str, role: str, entities: tuple[str, ...], orgs: tuple[str, ...], as_json: bool
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
    )
    created = _changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        _print_json({"client_id": created.id, "client_secret": secret})
    else:
        click.echo(f"client id      {created.id}\nclient secret  {secret}")
        click.echo("The secret is not kept and cannot be shown again.", err=True)
    return 0


@client.command("list")
@_database_option
@_json_option
def client_list(*, database: str, as_json: bool) -> int:
    """List all API clients, oldest first."""

    async def work(store: Store) -> tuple[list[ApiClient], dict[str, str], dict[str, str]]:
        entities = {entity.id: entity.name for entity in await store.list_entities()}
        return await store.list_clients(), entities, {org.id: org.name for org in await store.list_orgs()}

    clients, entities, orgs = _reading(database, work)
    if as_json:
        _print_json([_client_fields(each, entities, orgs) for each in clients])
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
    _print_table(["client id", "name", "role", "entities", "orgs", "state"], rows)
    return 0


@client.command("revoke")
@_database_option
@click.argument("client_id")
@_json_option
def client_revoke(*, database: str, client_id: str, as_json: bool) -> int:
    """Revoke an API client, for good. Its secret and its tokens stop working within a second."""
    command = RevokeClient(client_id=client_id)
    revoked = _reading(database, lambda store: run_command(store, SystemClock(), command))
    if as_json:
        _print_json({"client_id": revoked.id, "revoked_at": _time(revoked.revoked_at)})
    else:
        click.echo(f"revoked {revoked.id} ({revoked.name})")
    return 0


@cli.group()
def entity() -> None:
    """Legal entities: each has its own sequence sets, accounts and documents."""


@entity.command("create")
@_database_option
@click.option("--name", required=True, help="Its name, unique.")
@click.option(
    "--number-on",
    default=NumberOn.POSTING.value,
    show_default=True,
    type=click.Choice([moment.value for moment in NumberOn]),
    help="When its invoices and memos take their number.",
)
@_json_option
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
    created = _changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        _print_json({"entity_id": created.id, "name": created.name, "number_on": created.number_on.value})
    else:
        click.echo(f"entity id  {created.id}")
    return 0


@entity.command("list")
@_database_option
@_json_option
def entity_list(*, database: str, as_json: bool) -> int:
    """List all legal entities, oldest first; the first one is the default."""
    found = _reading(database, lambda store: store.list_entities())
    if as_json:
        _print_json(
            [
                {
                    "entity_id": each.id,
                    "name": each.name,
                    "number_on": each.number_on.value,
                    "created_at": _time(each.created_at),
                }
                for each in found
            ]
        )
    else:
        rows = [[each.id, each.name, each.number_on.value] for each in found]
        _print_table(["entity id", "name", "numbers on"], rows)
    return 0


@cli.group()
def org() -> None:
    """Orgs: labels on the accounts of an entity, which limit what a client sees."""


@org.command("create")
@_database_option
@click.option("--entity", "entity_key", required=True, help="Id or name of its entity.")
@click.option("--name", required=True, help="Its name, unique in its entity.")
@_json_option
def org_create(*, database: str, entity_key: str, name: str, as_json: bool) -> int:
    """Create an org of an entity."""
    creation = CreateOrg(org_id=SystemIds().new_id(), entity_key=entity_key, name=name)
    created = _changing(database, lambda store: run_command(store, SystemClock(), creation))
    if as_json:
        _print_json({"org_id": created.id, "entity_id": created.entity_id, "name": created.name})
    else:
        click.echo(f"org id  {created.id}")
    return 0


@org.command("list")
@_database_option
@click.option("--entity", "entity_key", help="Only those of this entity, by id or name.")
@_json_option
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
                "created_at": _time(each.created_at),
            }
            for each in await store.list_orgs()
            if entity_key in (None, each.entity_id, names[each.entity_id])
        ]

    found = _reading(database, work)
    if as_json:
        _print_json(found)
    else:
        rows = [[str(each["org_id"]), str(each["name"]), str(each["entity"])] for each in found]
        _print_table(["org id", "name", "entity"], rows)
    return 0


@cli.command("verify")
@_database_option
@_json_option
def verify_command(*, database: str, as_json: bool) -> int:
    """Prove of every series that no number is missing; exit with 1 where one is."""

    async def work(store: Store) -> tuple[Verification, dict[str, str]]:
        entities = {each.id: each.name for each in await store.list_entities()}
        return await verify(store), entities

    verification, entities = _reading(database, work)
    if as_json:
        series = [_verdict_fields(verdict, entities) for verdict in verification.verdicts]
        _print_json({"gapless": verification.is_gapless, "series": series})
    else:
        _print_verification(verification, entities)
    return 0 if verification.is_gapless else FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="seriatim", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USED_WRONGLY
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - who types a command is owed a line, no traceback
        message, failure_code = _told(error)
        click.echo(f"seriatim: {' '.join(message.split())}", err=True)
        return failure_code
    return code if isinstance(code, int) else 0


def _told(error: BaseException) -> tuple[str, int]:
    """What is said of an error, and the exit code that it means."""
    if isinstance(error, click.UsageError):
        path = "seriatim" if error.ctx is None else error.ctx.command_path
        return f"{error.format_message()} (`{path} --help` says more)", USED_WRONGLY
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "interrupted", FAILED
    if isinstance(error, SeriatimError):
        return error.message, FAILED
    if isinstance(error, StoreUnavailable | StoreConflict | OSError):
        return str(error), FAILED
    return f"this is a fault of Seriatim: {type(error).__name__} at {_origin(error)}: {error}", FAILED


def _origin(error: BaseException) -> str:
    """Where an error was raised: module and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _changing(database: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with a database that is made if it is new, and has an entity."""

    async def run() -> T:
        store = await _open_or_create(database)
        try:
            await provision_entity(store, SystemClock(), SystemIds())
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _reading(database: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with a database that exists."""

    async def run() -> T:
        store = store_for(database, must_exist=True)
        try:
            await store.open()
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def _open_or_create(database: str) -> MigratableStore:
    """The opened store. A schema that this program can use is left alone: a server of another release may run."""
    store = store_for(database)
    try:
        await store.open()
    except StoreUnavailable:
        await store.close()
    else:
        return store
    store = store_for(database)
    try:
        await store.migrate()
        await store.open()
    except BaseException:
        await store.close()
        raise
    return store


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _print_table(headers: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    for row in [headers, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _print_verification(verification: Verification, entities: dict[str, str]) -> None:
    rows = []
    for verdict in verification.verdicts:
        audit, key = verdict.audit, verdict.audit.series.key
        counts = (audit.series.first_ordinal, audit.series.next_ordinal, audit.issued_count, audit.skipped_count)
        state = "OK" if verdict.is_gapless else "WRONG"
        rows.append([entities.get(key.entity_id, key.entity_id), key.kind.words, key.prefix, *map(str, counts), state])
    _print_table(["entity", "kind", "prefix", "first", "next", "issued", "skipped", "verdict"], rows)
    for verdict in verification.verdicts:
        key = verdict.audit.series.key
        for problem in verdict.problems:
            click.echo(f"{entities.get(key.entity_id, key.entity_id)}, {key.kind.words} {key.prefix}: {problem}")
    issued = sum(verdict.audit.issued_count for verdict in verification.verdicts)
    outcome = "OK, no gap" if verification.is_gapless else f"{verification.problems_count} problems"
    click.echo(f"{len(verification.verdicts)} series, {issued} numbers issued: {outcome}")


def _verdict_fields(verdict: SeriesVerdict, entities: dict[str, str]) -> dict[str, object]:
    audit, series = verdict.audit, verdict.audit.series
    return {
        "entity_id": series.key.entity_id,
        "entity": entities.get(series.key.entity_id),
        "kind": series.key.kind.value,
        "prefix": series.key.prefix,
        "first": series.first_ordinal,
        "next": series.next_ordinal,
        "issued": audit.issued_count,
        "skipped": audit.skipped_count,
        "gapless": verdict.is_gapless,
        "problems": list(verdict.problems),
    }


def _client_fields(each: ApiClient, entities: dict[str, str], orgs: dict[str, str]) -> dict[str, object]:
    return {
        "client_id": each.id,
        "name": each.name,
        "role": each.role.value,
        "entities": None if each.entity_ids is None else sorted(entities.get(key, key) for key in each.entity_ids),
        "orgs": None if each.org_ids is None else sorted(orgs.get(key, key) for key in each.org_ids),
        "created_at": _time(each.created_at),
        "revoked_at": _time(each.revoked_at),
    }


def _listed(ids: frozenset[str] | None, names: dict[str, str]) -> str:
    return "all" if ids is None else ", ".join(sorted(names.get(key, key) for key in ids))


def _time(at: Any) -> str | None:
    return None if at is None else at.isoformat()


if __name__ == "__main__":
    sys.exit(main())
