"""Opening a document: its set is pinned and its number found. Here, and only here, a number is taken."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.client import Scope
from seriatim.domain.document import DRAFT, Document, Item, Status
from seriatim.domain.entity import NumberOn
from seriatim.domain.money import AMOUNT_MINOR_MAX
from seriatim.domain.numbering import TEMPORARY_PREFIXES, Kind, SeriesKey, format_number, prefixes_reading_as, take
from seriatim.domain.particulars import Particulars
from seriatim.domain.register import issue_entry
from seriatim.domain.sequence_set import DEFAULT_NAME, SequenceSet
from seriatim.domain.settlement import TARGET_KINDS
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, Rule


def opening_needs(needs: Needs, entity_id: str, kind: Kind, number: str | None = None, *, draft: bool = False) -> None:
    """Name what opening a document of this kind wants loaded, besides its account."""
    needs.entities.add(entity_id)
    needs.sequence_sets.add((entity_id, DEFAULT_NAME))
    if number is not None:
        needs.numbers.add((entity_id, number))
    elif draft and kind in TEMPORARY_PREFIXES:
        needs.counters.add((entity_id, _temporary_counter(kind)))


def open_document(
    snapshot: Snapshot,
    scope: Scope,
    at: datetime,
    *,
    document_id: str,
    kind: Kind,
    account: Account,
    pinned: SequenceSet,
    currency: str,
    status: Status,
    fields: Mapping[str, Any],
    items: tuple[Item, ...] = (),
    number: str | None = None,
    document_date: date | None = None,
    due_date: date | None = None,
    amount_minor: int | None = None,
    total_field: str = "items",
    referred_id: str | None = None,
    particulars: Particulars | None = None,
    applies_on_posting: bool = False,
) -> Document:
    """Put a new document into the snapshot, numbered as its state and its entity ask.

    The account, the currency and the items are known to be good. Without `amount_minor` it comes to the total of the
    items with tax, which the request calls `total_field`; without a due date, what is owed is due on its own date.
    Raises: InvalidValue, for too large a total; BrokenRule, for a number that cannot be had.
    """
    total_minor, tax_minor = _totals(items)
    if amount_minor is None:
        amount_minor = total_minor
    if amount_minor > AMOUNT_MINOR_MAX:
        raise InvalidValue(total_field, f"a total of {amount_minor} minor units", "the total is too large")
    if document_date is None:
        document_date = at.date()
    is_given, is_issued, actor_id = number is not None, status is not DRAFT, scope.actor_id
    number, series, ordinal = _number(snapshot, pinned, kind, document_id, status, number, scope, at)
    # By position, in the order of the fields: to tell 28 names apart takes twice as long as to set what they name.
    document = Document(
        document_id,
        kind,
        account.entity_id,
        account.org_id,
        account.id,
        account.number,
        number,
        series,
        ordinal,
        is_given,
        pinned.id,
        status,
        currency,
        document_date,
        amount_minor,
        items,
        fields,
        at,
        actor_id,
        at,
        actor_id,
        at if is_issued else None,
        actor_id if is_issued else None,
        due_date or (document_date if kind in TARGET_KINDS else None),
        tax_minor,
        referred_id,
        applies_on_posting,
        particulars,
    )
    snapshot.documents.put(document_id, document)
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


def _totals(items: tuple[Item, ...]) -> tuple[int, int]:
    """What items come to with tax, and the tax alone, in minor units."""
    net_minor = tax_minor = 0
    for item in items:
        net_minor += item.amount_minor
        tax_minor += item.tax_minor
    return net_minor + tax_minor, tax_minor


def _number(
    snapshot: Snapshot,
    pinned: SequenceSet,
    kind: Kind,
    document_id: str,
    status: Status,
    given: str | None,
    scope: Scope,
    at: datetime,
) -> tuple[str, SeriesKey | None, int | None]:
    """The number of a new document, with its series and ordinal if it comes from one."""
    entity_id = pinned.entity_id
    if given is not None:
        _check_number_free(snapshot, entity_id, kind, given)
        return given, None, None
    at_once = status is not DRAFT or kind not in TEMPORARY_PREFIXES
    if at_once or snapshot.entity(entity_id).number_on is NumberOn.CREATION:
        return issue_number(snapshot, pinned, kind, document_id, scope, at)
    ordinal = snapshot.count(entity_id, _temporary_counter(kind))
    return format_number(TEMPORARY_PREFIXES[kind], ordinal), None, None


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
