"""Rows to values of the domain, and back, the same in every database; with the columns that rows are read by."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.customer import Alias
from seriatim.domain.document import Document, Status
from seriatim.domain.entity import Entity, NumberOn, Org
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.sequence_set import Numbering, SequenceSet
from seriatim.domain.settlement import Application
from seriatim.storage.codec import (
    decode_ids,
    decode_items,
    decode_object,
    decode_particulars,
    decode_profile,
    decode_strings,
    encode_ids,
    encode_json,
    from_microseconds,
    maybe_datetime,
    maybe_microseconds,
    plain,
    to_iso,
    to_microseconds,
)

Row = tuple[Any, ...]

# A member equals its value, so a look-up finds it, in a third of the time of a call of its class.
_KINDS: dict[str, Kind] = {kind: kind for kind in Kind}
_STATUSES: dict[str, Status] = {status: status for status in Status}

ENTITY_COLUMNS = "id, name, number_on, created_at"
ORG_COLUMNS = "id, entity_id, name, created_at"
CLIENT_COLUMNS = "id, name, role, secret_digest, entity_ids, org_ids, created_at, revoked_at, api_version"
SET_COLUMNS = "id, entity_id, number, name, created_at, created_by, updated_at, updated_by, deleted_at"
SERIES_COLUMNS = "id, entity_id, kind, prefix, first_ordinal, next_ordinal"
ACCOUNT_COLUMNS = (
    "id, entity_id, org_id, number, name, currency, sequence_set_id, contacts, fields, "
    "created_at, created_by, updated_at, updated_by, profile, archived_at"
)
DOCUMENT_COLUMNS = (
    "d.id, d.kind, d.entity_id, d.org_id, d.account_id, a.number, d.number, s.prefix, d.ordinal, d.number_given, "
    "d.sequence_set_id, d.status, d.currency, d.document_date, d.amount_minor, d.items, d.fields, d.created_at, "
    "d.created_by, d.updated_at, d.updated_by, d.posted_at, d.posted_by, d.canceled_at, d.canceled_by, d.due_date, "
    "d.tax_minor, d.applied_minor, d.refunded_minor, d.referred_id, d.applies_on_posting, d.is_reversed, "
    "d.particulars, d.sent_at, d.sent_by, d.balance_changes, d.is_uncollectible"
)
DOCUMENT_INSERT_COLUMNS = (
    "id, kind, entity_id, org_id, account_id, number, series_id, ordinal, number_given, sequence_set_id, status, "
    "currency, document_date, amount_minor, items, fields, created_at, created_by, updated_at, updated_by, posted_at, "
    "posted_by, canceled_at, canceled_by, due_date, tax_minor, applied_minor, refunded_minor, referred_id, "
    "applies_on_posting, is_reversed, particulars, sent_at, sent_by, balance_changes, is_uncollectible"
)
_LATER = 22
"""The place of the first column of documents that says nothing of most new ones."""
_EARLIER_COLUMNS = ", ".join(DOCUMENT_INSERT_COLUMNS.split(", ")[:_LATER])
_LATER_DEFAULTS = (None, None, None, 0, 0, 0, None, False, False, None, None, None, 0, False)
"""What a database gives to the columns from there on by itself."""
APPLICATION_COLUMNS = (
    "id, entity_id, source_id, target_id, amount_minor, created_at, created_by, updated_at, updated_by"
)
MERCHANT_COLUMNS = "entity_id, details, currency, payment_term_days, updated_at, updated_by"
ALIAS_COLUMNS = "id, entity_id, account_id, value, created_at"
MAIL_COLUMNS = (
    "id, entity_id, document_id, recipients, copies, status, attempts, due_at, last_error, created_at, created_by, "
    "sent_at"
)
DOCUMENT_TABLES = "documents d JOIN accounts a ON a.id = d.account_id LEFT JOIN series s ON s.id = d.series_id"


def to_entity(row: Row) -> Entity:
    """An entity from its ENTITY_COLUMNS."""
    return Entity(row[0], row[1], NumberOn(row[2]), from_microseconds(row[3]))


def to_org(row: Row) -> Org:
    """An org from its ORG_COLUMNS."""
    return Org(row[0], row[1], row[2], from_microseconds(row[3]))


def to_client(row: Row) -> ApiClient:
    """A client from its CLIENT_COLUMNS."""
    return ApiClient(
        id=row[0],
        name=row[1],
        role=Role(row[2]),
        secret_digest=row[3],
        entity_ids=decode_ids(row[4]),
        org_ids=decode_ids(row[5]),
        created_at=from_microseconds(row[6]),
        revoked_at=maybe_datetime(row[7]),
        api_version=row[8],
    )


def from_client(client: ApiClient) -> Row:
    """A client's CLIENT_COLUMNS."""
    return (
        client.id,
        client.name,
        client.role,
        client.secret_digest,
        encode_ids(client.entity_ids),
        encode_ids(client.org_ids),
        to_microseconds(client.created_at),
        maybe_microseconds(client.revoked_at),
        client.api_version,
    )


def to_set(row: Row, numberings: Mapping[Kind, Numbering]) -> SequenceSet:
    """A set from its SET_COLUMNS and its numberings."""
    return SequenceSet(
        id=row[0],
        entity_id=row[1],
        number=row[2],
        name=row[3],
        numberings=numberings,
        created_at=from_microseconds(row[4]),
        created_by=row[5],
        updated_at=from_microseconds(row[6]),
        updated_by=row[7],
        deleted_at=maybe_datetime(row[8]),
    )


def from_set(of_set: SequenceSet) -> Row:
    """A set's SET_COLUMNS."""
    return (
        of_set.id,
        of_set.entity_id,
        of_set.number,
        of_set.name,
        to_microseconds(of_set.created_at),
        of_set.created_by,
        to_microseconds(of_set.updated_at),
        of_set.updated_by,
        maybe_microseconds(of_set.deleted_at),
    )


def in_kind_order(numberings: Iterable[tuple[str, Numbering]]) -> dict[Kind, Numbering]:
    """Numberings by kind, in the order in which the field names the kinds."""
    found = dict(numberings)
    return {kind: found[kind] for kind in _KINDS.values() if kind in found}


def to_series(row: Row) -> Series:
    """A series from its SERIES_COLUMNS."""
    return Series(SeriesKey(row[1], _KINDS[row[2]], row[3]), row[4], row[5])


def to_account(row: Row) -> Account:
    """An account from its ACCOUNT_COLUMNS."""
    return Account(
        id=row[0],
        entity_id=row[1],
        org_id=row[2],
        number=row[3],
        name=row[4],
        currency=row[5],
        sequence_set_id=row[6],
        contacts=decode_object(row[7]),
        fields=decode_object(row[8]),
        created_at=from_microseconds(row[9]),
        created_by=row[10],
        updated_at=from_microseconds(row[11]),
        updated_by=row[12],
        profile=None if row[13] is None else decode_profile(row[13]),
        archived_at=maybe_datetime(row[14]),
    )


def from_account(account: Account) -> Row:
    """An account's ACCOUNT_COLUMNS."""
    return (
        account.id,
        account.entity_id,
        account.org_id,
        account.number,
        account.name,
        account.currency,
        account.sequence_set_id,
        encode_json({role: plain(contact) for role, contact in account.contacts.items()}),
        encode_json(plain(account.fields)),
        to_microseconds(account.created_at),
        account.created_by,
        to_microseconds(account.updated_at),
        account.updated_by,
        None if account.profile is None else encode_json(account.profile),
        maybe_microseconds(account.archived_at),
    )


def to_document(row: Row) -> Document:
    """A document from its DOCUMENT_COLUMNS."""
    kind, entity_id = _KINDS[row[1]], row[2]
    # By position what both have in the same order: more than 15 names would go through a dictionary.
    return Document(
        row[0],
        kind,
        entity_id,
        row[3],
        row[4],
        row[5],
        row[6],
        None if row[7] is None else SeriesKey(entity_id, kind, row[7]),
        row[8],
        bool(row[9]),
        row[10],
        _STATUSES[row[11]],
        row[12],
        date.fromisoformat(row[13]),
        row[14],
        decode_items(row[15]),
        decode_object(row[16]),
        from_microseconds(row[17]),
        row[18],
        from_microseconds(row[19]),
        row[20],
        maybe_datetime(row[21]),
        row[22],
        canceled_at=maybe_datetime(row[23]),
        canceled_by=row[24],
        due_date=None if row[25] is None else date.fromisoformat(row[25]),
        tax_minor=row[26],
        applied_minor=row[27],
        refunded_minor=row[28],
        referred_id=row[29],
        applies_on_posting=bool(row[30]),
        is_reversed=bool(row[31]),
        particulars=None if row[32] is None else decode_particulars(row[32]),
        sent_at=maybe_datetime(row[33]),
        sent_by=row[34],
        balance_changes=row[35],
        is_uncollectible=bool(row[36]),
    )


def from_document(document: Document, series_id: int | None) -> Row:
    """A document's DOCUMENT_INSERT_COLUMNS."""
    return (
        document.id,
        document.kind,
        document.entity_id,
        document.org_id,
        document.account_id,
        document.number,
        series_id,
        document.ordinal,
        document.number_given,
        document.sequence_set_id,
        document.status,
        document.currency,
        to_iso(document.document_date),
        document.amount_minor,
        encode_json(document.items),
        encode_json(plain(document.fields)),
        to_microseconds(document.created_at),
        document.created_by,
        to_microseconds(document.updated_at),
        document.updated_by,
        maybe_microseconds(document.posted_at),
        document.posted_by,
        maybe_microseconds(document.canceled_at),
        document.canceled_by,
        None if document.due_date is None else to_iso(document.due_date),
        document.tax_minor,
        document.applied_minor,
        document.refunded_minor,
        document.referred_id,
        document.applies_on_posting,
        document.is_reversed,
        None if document.particulars is None else encode_json(document.particulars),
        maybe_microseconds(document.sent_at),
        document.sent_by,
        document.balance_changes,
        document.is_uncollectible,
    )


def new_documents(new: list[Row]) -> tuple[str, list[Row]]:
    """The columns to add documents by, and what is in them, from their DOCUMENT_INSERT_COLUMNS.

    Columns that are in all of them as the database has them by default are left to it: every value that is handed over
    costs time, and most documents say nothing in a third of theirs.
    """
    if all(row[_LATER:] == _LATER_DEFAULTS for row in new):
        return _EARLIER_COLUMNS, [row[:_LATER] for row in new]
    return DOCUMENT_INSERT_COLUMNS, new


def to_application(row: Row) -> Application:
    """An application from its APPLICATION_COLUMNS."""
    return Application(
        id=row[0],
        entity_id=row[1],
        source_id=row[2],
        target_id=row[3],
        amount_minor=row[4],
        created_at=from_microseconds(row[5]),
        created_by=row[6],
        updated_at=from_microseconds(row[7]),
        updated_by=row[8],
    )


def from_application(application: Application) -> Row:
    """An application's APPLICATION_COLUMNS."""
    return (
        application.id,
        application.entity_id,
        application.source_id,
        application.target_id,
        application.amount_minor,
        to_microseconds(application.created_at),
        application.created_by,
        to_microseconds(application.updated_at),
        application.updated_by,
    )


def to_merchant(row: Row) -> Merchant:
    """What an entity says of itself, from its MERCHANT_COLUMNS."""
    return Merchant(row[0], decode_object(row[1]), row[2], row[3], from_microseconds(row[4]), row[5])


def from_merchant(merchant: Merchant) -> Row:
    """What an entity says of itself, as its MERCHANT_COLUMNS."""
    return (
        merchant.entity_id,
        encode_json(plain(merchant.details)),
        merchant.currency,
        merchant.payment_term_days,
        maybe_microseconds(merchant.updated_at),
        merchant.updated_by,
    )


def to_alias(row: Row) -> Alias:
    """An alias from its ALIAS_COLUMNS."""
    return Alias(row[0], row[1], row[2], row[3], from_microseconds(row[4]))


def from_alias(alias: Alias) -> Row:
    """An alias's ALIAS_COLUMNS."""
    return (alias.id, alias.entity_id, alias.account_id, alias.value, to_microseconds(alias.created_at))


def to_mail(row: Row) -> OutgoingMail:
    """A mail from its MAIL_COLUMNS."""
    return OutgoingMail(
        id=row[0],
        entity_id=row[1],
        document_id=row[2],
        recipients=decode_strings(row[3]),
        copies=decode_strings(row[4]),
        status=MailStatus(row[5]),
        attempts=row[6],
        due_at=from_microseconds(row[7]),
        last_error=row[8],
        created_at=from_microseconds(row[9]),
        created_by=row[10],
        sent_at=maybe_datetime(row[11]),
    )


def from_mail(mail: OutgoingMail) -> Row:
    """A mail's MAIL_COLUMNS."""
    return (
        mail.id,
        mail.entity_id,
        mail.document_id,
        encode_json(mail.recipients),
        encode_json(mail.copies),
        mail.status,
        mail.attempts,
        to_microseconds(mail.due_at),
        mail.last_error,
        to_microseconds(mail.created_at),
        mail.created_by,
        maybe_microseconds(mail.sent_at),
    )
