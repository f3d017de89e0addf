"""`merchant`: what an entity writes on its documents about itself."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from seriatim.api.sequence.merchant import read_merchant_details
from seriatim.cli.databases import changing, reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.domain.commands.merchants import SetMerchant
from seriatim.domain.entity import Entity
from seriatim.domain.merchant import Merchant
from seriatim.domain.snapshot import Needs
from seriatim.errors import FieldError, InvalidValue, NotFound
from seriatim.service.ports import Store
from seriatim.service.provisioning import run_command
from seriatim.service.time import SystemClock

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FILE_BYTES_MAX = 1024 * 1024

_PARTS = {
    "name": ("legalCompanyName", "The company's legal name."),
    "address_line1": ("address.line1", "Street and number."),
    "address_line2": ("address.line2", "What else the address has."),
    "town": ("address.town", "Town or city."),
    "state": ("address.state", "State of the USA or province of Canada: two letters."),
    "postcode": ("address.postcode", "Postal code."),
    "country": ("address.country", "Country: two letters (ISO 3166-1)."),
    "email": ("email", "Address that customers answer to, and that gets a copy of what is sent."),
    "phone": ("phoneNumber", "Telephone number."),
    "tax_id": ("taxId", "Tax id, as it stands on documents."),
    "iban": ("iban", "Account that customers pay to; other accounts are set with --file."),
}
"""Options to where their values belong in `InvoiceMerchantDetails`."""

entity_option = click.option("--entity", "entity_key", help="Id or name of the entity; not needed if there is one.")


@click.group()
def merchant() -> None:
    """The seller: what an entity writes on its documents about itself."""


@merchant.command("show")
@database_option
@entity_option
@json_option
def merchant_show(*, database: str, entity_key: str | None, as_json: bool) -> int:
    """Show what an entity says of itself."""

    async def work(store: Store) -> tuple[Entity, Merchant]:
        entity = await _entity(store, entity_key)
        return entity, (await store.read(Needs(merchants={entity.id}))).merchant(entity.id)

    _print(*reading(database, work), as_json=as_json)
    return 0


def _part_options(command: Decorated) -> Decorated:
    """An option for each of the parts that people set most."""
    for name, (_, text) in reversed(_PARTS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, help=f"{text} An empty text takes it out.")(command)
    return command


@merchant.command("set")
@database_option
@entity_option
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A JSON object, InvoiceMerchantDetails of Sequence's API; it takes the place of all details before.",
)
@_part_options
@click.option("--currency", help="Currency of customers for whom a request names none (ISO 4217).")
@click.option("--payment-term-days", type=int, help="How long after its date an invoice is due, unless it says.")
@json_option
def merchant_set(
    *,
    database: str,
    entity_key: str | None,
    path: Path | None,
    currency: str | None,
    payment_term_days: int | None,
    as_json: bool,
    **parts: str | None,
) -> int:
    """Set what an entity says of itself, whole or in part. What was issued before stays as it was."""
    replacement = None if path is None else _read_file(path)

    async def work(store: Store) -> tuple[Entity, Merchant]:
        entity = await _entity(store, entity_key)
        seen = (await store.read(Needs(merchants={entity.id}))).merchant(entity.id)
        details = _with_parts(seen.details if replacement is None else replacement, parts)
        command = SetMerchant(
            seen=seen,
            details=read_merchant_details(json.dumps(details).encode()) if details else {},
            currency=currency or seen.currency,
            payment_term_days=seen.payment_term_days if payment_term_days is None else payment_term_days,
            actor_id=SYSTEM_ACTOR_ID,
        )
        return entity, await run_command(store, SystemClock(), command)

    try:
        entity, changed = changing(database, work)
    except FieldError as error:
        raise _named_as_typed(error) from error
    _print(entity, changed, as_json=as_json)
    return 0


def _read_file(path: Path) -> dict[str, Any]:
    """Raises: InvalidValue."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        found = json.loads(content) if len(content) <= FILE_BYTES_MAX else None
    except OSError as error:
        raise InvalidValue("--file", str(path), f"the file cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InvalidValue("--file", str(path), f"the file is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise InvalidValue("--file", str(path), f"the file holds one JSON object, of up to {FILE_BYTES_MAX} bytes")
    return found


def _with_parts(details: Mapping[str, Any], parts: Mapping[str, str | None]) -> dict[str, Any]:
    """Details with the parts that were given as options."""
    merged = dict(details)
    for name, value in parts.items():
        if value is None:
            continue
        container, _, member = _PARTS[name][0].rpartition(".")
        if container:
            merged[container] = {**(merged.get(container) or {}), member: value or None}
        else:
            merged[member] = value or None
    return merged


def _named_as_typed(error: FieldError) -> FieldError:
    """The error with the name of the option behind that of the field: who typed the one may not know the other."""
    for name, (place, _) in _PARTS.items():
        if error.field == place:
            return FieldError(f"{error.field} (--{name.replace('_', '-')})", error.detail)
    return error


async def _entity(store: Store, key: str | None) -> Entity:
    """Raises: NotFound; InvalidValue, where there are several and none is named."""
    entities = await store.list_entities()
    if key is None:
        if len(entities) == 1:
            return entities[0]
        raise InvalidValue("--entity", "", "there are several; `seriatim entity list` shows them")
    for entity in entities:
        if key in (entity.id, entity.name):
            return entity
    raise NotFound("entity", key, "`seriatim entity list` shows them")


def _print(entity: Entity, found: Merchant, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "entity_id": entity.id,
                "entity": entity.name,
                "details": dict(found.details),
                "currency": found.currency,
                "payment_term_days": found.payment_term_days,
                "updated_at": iso_time(found.updated_at),
            }
        )
        return
    print_table(
        ["field", "value"],
        [
            ["entity", entity.name],
            ["currency", found.currency],
            ["payment term (days)", str(found.payment_term_days)],
            *_rows(found.details),
        ],
    )


def _rows(value: Any, place: str = "") -> list[list[str]]:
    """The members of nested objects, each with the way to it."""
    if isinstance(value, Mapping):
        return [row for name, each in value.items() for row in _rows(each, f"{place}.{name}" if place else name)]
    if isinstance(value, list):
        return [row for position, each in enumerate(value) for row in _rows(each, f"{place}[{position}]")]
    return [[place, str(value)]]
