"""Opening a document: its set is pinned and its number found. Here, and only here, a number is taken."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.client import Scope
from seriatim.domain.document import Document, Item, Status
from seriatim.domain.entity import NumberOn
from seriatim.domain.money import AMOUNT_MINOR_MAX
from seriatim.domain.numbering import TEMPORARY_PREFIXES, Kind, SeriesKey, format_number, prefixes_reading_as, take
from seriatim.domain.particulars import Particulars
from seriatim.domain.register import issue_entry
from seriatim.domain.sequence_set import DEFAULT_NAME, SequenceSet
from seriatim.domain.settlement import TARGET_KINDS
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.values import value
from seriatim.errors import BrokenRule, InternalError, InvalidValue, Rule


@value(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document to be opened; the account, the currency and the items are known to be good."""

    document_id: str
    kind: Kind
    account: Account
    pinned: SequenceSet
    currency: str
    items: tuple[Item, ...] = ()
    amount_minor: int | None = None
    """None: the total of the items, with tax."""
    total_field: str = "items"
    """What the request calls that of which the total may be too large."""
    status: Status
    number: str | None = None
    document_date: date | None = None
    due_date: date | None = None
    """None: what is owed is due on its own date."""
    referred_id: str | None = None
    applies_on_posting: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    particulars: Particulars | None = None


def opening_needs(needs: Needs, entity_id: str, kind: Kind, number: str | None = None, *, draft: bool = False) -> None:
    """Name what opening a document of this kind wants loaded, besides its account."""
    needs.entities.add(entity_id)
    needs.sequence_sets.add((entity_id, DEFAULT_NAME))
    if number is not None:
        needs.numbers.add((entity_id, number))
    elif draft and kind in TEMPORARY_PREFIXES:
        needs.counters.add((entity_id, _temporary_counter(kind)))


def open_document(snapshot: Snapshot, new: NewDocument, scope: Scope, at: datetime) -> Document:
    """Put a new document into the snapshot, numbered as its state and its entity ask.

    Raises: InvalidValue, for too large a total; BrokenRule, for a number that cannot be had.
    """
    net_minor = tax_minor = 0
    for item in new.items:
        net_minor += item.amount_minor
        tax_minor += item.tax_minor
    amount_minor = net_minor + tax_minor if new.amount_minor is None else new.amount_minor
    if amount_minor > AMOUNT_MINOR_MAX:
        raise InvalidValue(new.total_field, f"a total of {amount_minor} minor units", "the total is too large")
    account, actor_id = new.account, scope.actor_id
    issued = new.status is not Status.DRAFT
    document_date = new.document_date or at.date()
    number, series, ordinal = _number(snapshot, new, scope, at)
    document = Document(
        id=new.document_id,
        kind=new.kind,
        entity_id=account.entity_id,
        org_id=account.org_id,
        account_id=account.id,
        account_number=account.number,
        number=number,
        series=series,
        ordinal=ordinal,
        number_given=new.number is not None,
        sequence_set_id=new.pinned.id,
        status=new.status,
        currency=new.currency,
        document_date=document_date,
        amount_minor=amount_minor,
        items=new.items,
        fields=new.fields,
        created_at=at,
        created_by=actor_id,
        updated_at=at,
        updated_by=actor_id,
        posted_at=at if issued else None,
        posted_by=actor_id if issued else None,
        due_date=new.due_date or (document_date if new.kind in TARGET_KINDS else None),
        tax_minor=tax_minor,
        referred_id=new.referred_id,
        applies_on_posting=new.applies_on_posting,
        particulars=new.particulars,
    )
    snapshot.documents.put(document.id, document)
    return document


def issue_number(
    snapshot: Snapshot, pinned: SequenceSet, kind: Kind, document_id: str, scope: Scope, at: datetime
) -> tuple[str, SeriesKey, int]:
    """Take the next number of a document's series, and enter it in the register: number, series, ordinal.

    A set that does not number the kind leaves it to DEFAULT.
    Raises: BrokenRule, when the series is at its end.
    """
    key = pinned.series_key(kind) or default_set(snapshot, pinned.entity_id).series_key(kind)
    series = None if key is None else snapshot.series.get(key)
    if key is None or series is None:
        raise InternalError
    ordinal, advanced = take(series, snapshot.series)
    snapshot.series.put(key, advanced)
    snapshot.register.append(issue_entry(key, ordinal, document_id, at, scope.actor_id))
    return format_number(key.prefix, ordinal), key, ordinal


def set_of_account(snapshot: Snapshot, account: Account) -> SequenceSet:
    """The set that numbers an account's new documents: its own, else DEFAULT."""
    if account.sequence_set_id is None:
        return default_set(snapshot, account.entity_id)
    return set_of_id(snapshot, account.sequence_set_id)


def set_of_id(snapshot: Snapshot, sequence_set_id: str) -> SequenceSet:
    """The set of this id, which a loaded account or document brought; it may be deleted.

    Raises: InternalError, where a command forgot to name what brings it.
    """
    found = snapshot.sequence_sets.get(sequence_set_id)
    if found is None:
        raise InternalError
    return found


def default_set(snapshot: Snapshot, entity_id: str) -> SequenceSet:
    """The entity's DEFAULT.

    Raises: InternalError, where a command forgot to name it in its needs.
    """
    found = snapshot.sequence_set(entity_id, DEFAULT_NAME)
    if found is None:
        raise InternalError
    return found


def _number(
    snapshot: Snapshot, new: NewDocument, scope: Scope, at: datetime
) -> tuple[str, SeriesKey | None, int | None]:
    """The number of a new document, with its series and ordinal if it comes from one."""
    entity_id = new.account.entity_id
    if new.number is not None:
        _check_number_free(snapshot, entity_id, new.kind, new.number)
        return new.number, None, None
    at_once = new.status is not Status.DRAFT or new.kind not in TEMPORARY_PREFIXES
    if at_once or snapshot.entity(entity_id).number_on is NumberOn.CREATION:
        return issue_number(snapshot, new.pinned, new.kind, new.document_id, scope, at)
    ordinal = snapshot.count(entity_id, _temporary_counter(new.kind))
    return format_number(TEMPORARY_PREFIXES[new.kind], ordinal), None, None


def _check_number_free(snapshot: Snapshot, entity_id: str, kind: Kind, number: str) -> None:
    field_name = "invoiceNumber" if kind is Kind.INVOICE else "number"
    if snapshot.documents.find((entity_id, number)) is not None:
        message = f"{field_name}: a document numbered {number!r} exists already; choose another"
        raise BrokenRule(Rule.NUMBER_TAKEN, message)
    prefixes = prefixes_reading_as(number)
    for series in snapshot.series:
        if series.key.entity_id == entity_id and series.key.prefix in prefixes:
            raise BrokenRule(
                Rule.NUMBER_IN_SERIES,
                f"{field_name}: {number!r} falls into the {series.key.kind.words} series of the prefix "
                f"{series.key.prefix!r}, which gives its numbers itself; leave the number out, or choose another",
            )


def _temporary_counter(kind: Kind) -> str:
    return f"temporary_{kind}"
