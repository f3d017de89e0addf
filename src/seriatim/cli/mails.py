"""`mail`: what is on its way to customers, and what did not get there."""

import click

from seriatim.cli.databases import reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import iso_time, print_json, print_table
from seriatim.domain.commands.mails import RetryMail
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.snapshot import Needs
from seriatim.errors import NotFound
from seriatim.service.ports import MailQuery, Store
from seriatim.service.provisioning import run_command
from seriatim.service.time import SystemClock

LISTED_MAILS_MAX = 1000


@click.group()
def mail() -> None:
    """Outgoing mail: documents on their way to customers."""


@mail.command("list")
@database_option
@click.option("--status", type=click.Choice([status.value for status in MailStatus]), help="Only mails in this state.")
@click.option("--entity", "entity_key", help="Only those of this entity, by id or name.")
@click.option(
    "--limit", type=click.IntRange(1, LISTED_MAILS_MAX), default=100, show_default=True, help="At most so many."
)
@json_option
def mail_list(*, database: str, status: str | None, entity_key: str | None, limit: int, as_json: bool) -> int:
    """List mails, newest first."""

    async def work(store: Store) -> list[dict[str, object]]:
        entities = {each.id: each.name for each in await store.list_entities()}
        ids = {name: entity_id for entity_id, name in entities.items()}
        entity_id = None if entity_key is None else ids.get(entity_key, entity_key)
        if entity_id is not None and entity_id not in entities:
            raise NotFound("entity", entity_id, "`seriatim entity list` shows them")
        wanted = None if status is None else MailStatus(status)
        mails = await store.list_mails(MailQuery(entity_id=entity_id, status=wanted, limit=limit))
        pairs = {(each.entity_id, each.document_id) for each in mails}
        documents = (await store.read(Needs(documents=pairs))).documents
        numbers = {document.id: document.number for document in documents}
        return [_fields(each, entities[each.entity_id], numbers.get(each.document_id)) for each in mails]

    found = reading(database, work)
    if as_json:
        print_json(found)
        return 0
    columns = ("mail_id", "status", "document", "entity", "recipients", "attempts", "due_at", "last_error")
    headers = ["mail id", "status", "document", "entity", "recipients", "attempts", "next attempt", "what went wrong"]
    print_table(headers, [[_cell(each[column]) for column in columns] for each in found])
    return 0


@mail.command("retry")
@database_option
@click.argument("mail_ids", nargs=-1, required=True)
@json_option
def mail_retry(*, database: str, mail_ids: tuple[str, ...], as_json: bool) -> int:
    """Send mails that failed, now. A running server does so within seconds; one that may have arrived goes twice."""

    async def work(store: Store) -> list[OutgoingMail]:
        return [await run_command(store, SystemClock(), RetryMail(mail_id=each)) for each in mail_ids]

    retried = reading(database, work)
    if as_json:
        print_json([{"mail_id": each.id, "status": each.status.value} for each in retried])
    else:
        click.echo("\n".join(f"{each.id} is sent anew" for each in retried))
    return 0


def _fields(each: OutgoingMail, entity: str, number: str | None) -> dict[str, object]:
    is_waiting = each.status is MailStatus.WAITING
    return {
        "mail_id": each.id,
        "status": each.status.value,
        "entity_id": each.entity_id,
        "entity": entity,
        "document_id": each.document_id,
        "document": number,
        "recipients": list(each.recipients),
        "copies": list(each.copies),
        "attempts": each.attempts,
        "due_at": iso_time(each.due_at) if is_waiting else None,
        "last_error": each.last_error,
        "created_at": iso_time(each.created_at),
        "sent_at": iso_time(each.sent_at),
    }


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
