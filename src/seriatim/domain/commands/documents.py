"""Creating documents, and taking them through their life. Here, and only here, a number is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.client import Scope
from seriatim.domain.commands.accounts import find_account
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.document import ITEMS_MAX, Action, Document, Item, Status, find_transition
from seriatim.domain.entity import NumberOn
from seriatim.domain.money import AMOUNT_MINOR_MAX, check_currency, to_minor
from seriatim.domain.numbering import (
    TEMPORARY_PREFIXES,
    Kind,
    SeriesKey,
    check_given_number,
    format_number,
    prefixes_reading_as,
    take,
)
from seriatim.domain.register import issue_entry
from seriatim.domain.sequence_set import DEFAULT_NAME, SequenceSet
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, NotFound, Rule


@dataclass(frozen=True, slots=True)
class DraftItem:
    """A line as it was asked for; its amount becomes minor units once the currency is known."""

    id: str
    path: str
    """Where the request has it, for messages: `charges[0]`."""
    amount: Decimal | int | str
    quantity: Decimal | None = None
    description: str = ""
    service_start_date: date | None = None
    service_end_date: date | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def to_item(self, currency: str) -> Item:
        """Raises: InvalidValue, for a negative amount or more decimals than the currency has."""
        amount_minor = to_minor(self.amount, currency, f"{self.path}.amount")
        if amount_minor < 0:
            raise InvalidValue(f"{self.path}.amount", self.amount, "give an amount of zero or more")
        return Item(
            self.id,
            amount_minor,
            self.quantity,
            self.description,
            self.service_start_date,
            self.service_end_date,
            self.fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDocument(ScopedCommand[Document]):
    """Create a document as a draft, or posted at once."""

    document_id: str
    kind: Kind
    account_keys: Mapping[str, str]
    """Field of the request (`accountId`, `accountNumber`) to the id or number; all must name the same account."""
    items: tuple[DraftItem, ...]
    items_field: str
    """What the request calls its list of items."""
    number: str | None = None
    currency: str | None = None
    document_date: date | None = None
    post: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.items) <= ITEMS_MAX:
            rule = f"give 1 to {ITEMS_MAX} items"
            raise InvalidValue(self.items_field, f"a list of {len(self.items)}", rule)
        if self.number is not None:
            check_given_number(self.number)
        if self.currency is not None:
            check_currency(self.currency)

    def needs(self, needs: Needs) -> None:
        """The account with its set, DEFAULT, and whatever a number of the caller's choice could meet."""
        entity_id = self.scope.entity_id
        needs.entities.add(entity_id)
        needs.sequence_sets.add((entity_id, DEFAULT_NAME))
        needs.accounts.update((entity_id, key) for key in self.account_keys.values())
        if self.number is not None:
            needs.numbers.add((entity_id, self.number))
        elif not self.post and self.kind in TEMPORARY_PREFIXES:
            needs.counters.add((entity_id, _temporary_counter(self.kind)))

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound, for the account; BrokenRule and InvalidValue, for what it asks."""
        account = self._account(snapshot)
        currency = self.currency or account.currency
        if currency != account.currency:
            message = f"currency: the account {account.number} is kept in {account.currency}, not {currency}"
            raise BrokenRule(Rule.CURRENCY_MISMATCH, message)
        items = tuple(item.to_item(currency) for item in self.items)
        amount_minor = sum(item.amount_minor for item in items)
        if amount_minor > AMOUNT_MINOR_MAX:
            raise InvalidValue(self.items_field, f"a total of {amount_minor} minor units", "the total is too large")
        actor_id = self.scope.actor_id
        pinned = _set_of(snapshot, account)
        number, series, ordinal = self._number(snapshot, pinned, at)
        document = Document(
            id=self.document_id,
            kind=self.kind,
            entity_id=account.entity_id,
            org_id=account.org_id,
            account_id=account.id,
            account_number=account.number,
            number=number,
            series=series,
            ordinal=ordinal,
            number_given=self.number is not None,
            sequence_set_id=pinned.id,
            status=Status.POSTED if self.post else Status.DRAFT,
            currency=currency,
            document_date=self.document_date or at.date(),
            amount_minor=amount_minor,
            items=items,
            fields=self.fields,
            created_at=at,
            created_by=actor_id,
            updated_at=at,
            updated_by=actor_id,
            posted_at=at if self.post else None,
            posted_by=actor_id if self.post else None,
        )
        snapshot.documents.put(document.id, document)
        return document

    def _account(self, snapshot: Snapshot) -> Account:
        found: Account | None = None
        for name, key in self.account_keys.items():
            account = find_account(snapshot, self.scope, key)
            if found is not None and found.id != account.id:
                raise InvalidValue(name, key, f"the other field names the account {found.number}; name one account")
            found = account
        if found is None:
            raise InternalError
        return found

    def _number(
        self, snapshot: Snapshot, pinned: SequenceSet, at: datetime
    ) -> tuple[str, SeriesKey | None, int | None]:
        """The number of the new document, with its series and ordinal if it comes from one."""
        entity_id = self.scope.entity_id
        if self.number is not None:
            _check_number_free(snapshot, entity_id, self.number)
            return self.number, None, None
        at_once = self.post or self.kind not in TEMPORARY_PREFIXES
        if at_once or snapshot.entity(entity_id).number_on is NumberOn.CREATION:
            return issue_number(snapshot, pinned, self.kind, self.document_id, self.scope, at)
        ordinal = snapshot.count(entity_id, _temporary_counter(self.kind))
        return format_number(TEMPORARY_PREFIXES[self.kind], ordinal), None, None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionDocument(ScopedCommand[Document]):
    """Post, unpost, cancel or delete a document, as the table of transitions allows."""

    kind: Kind
    key: str
    action: Action
    document_date: date | None = None
    """A new date of the document, on posting."""

    def needs(self, needs: Needs) -> None:
        """The document with its pinned set, and DEFAULT."""
        needs.documents.add((self.scope.entity_id, self.key))
        needs.sequence_sets.add((self.scope.entity_id, DEFAULT_NAME))

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, when its state forbids the action."""
        document = snapshot.document(self.scope.entity_id, self.key)
        if document is None or document.kind is not self.kind or not self.scope.sees(document.org_id):
            raise NotFound(self.kind.words, self.key)
        find_transition(document, self.action)
        if self.action is Action.DELETE:
            return _delete(snapshot, document)
        changed = self._changed(snapshot, document, at)
        snapshot.documents.put(changed.id, changed)
        return changed

    def _changed(self, snapshot: Snapshot, document: Document, at: datetime) -> Document:
        if self.action is Action.POST:
            if not document.has_issued_number and not document.number_given:
                pinned = _pinned_set(snapshot, document)
                number, series, ordinal = issue_number(snapshot, pinned, document.kind, document.id, self.scope, at)
                document = replace(document, number=number, series=series, ordinal=ordinal)
            if self.document_date is not None:
                document = replace(document, document_date=self.document_date)
            return _posted(document, self.scope, at)
        changed = replace(document, updated_at=at, updated_by=self.scope.actor_id)
        if self.action is Action.CANCEL:
            return replace(changed, status=Status.CANCELED, canceled_at=at, canceled_by=self.scope.actor_id)
        return replace(changed, status=Status.DRAFT)


def issue_number(
    snapshot: Snapshot, pinned: SequenceSet, kind: Kind, document_id: str, scope: Scope, at: datetime
) -> tuple[str, SeriesKey, int]:
    """Take the next number of a document's series, and enter it in the register: number, series, ordinal.

    A set that does not number the kind leaves it to DEFAULT.
    Raises: BrokenRule, when the series is at its end.
    """
    key = pinned.series_key(kind) or _default_set(snapshot, pinned.entity_id).series_key(kind)
    series = None if key is None else snapshot.series.get(key)
    if key is None or series is None:
        raise InternalError
    company = (other.key.prefix for other in snapshot.series if other.key.entity_id == key.entity_id)
    ordinal, advanced = take(series, company)
    snapshot.series.put(key, advanced)
    snapshot.register.append(issue_entry(key, ordinal, document_id, at, scope.actor_id))
    return format_number(key.prefix, ordinal), key, ordinal


def _posted(document: Document, scope: Scope, at: datetime) -> Document:
    actor_id = scope.actor_id
    return replace(document, status=Status.POSTED, posted_at=at, posted_by=actor_id, updated_at=at, updated_by=actor_id)


def _delete(snapshot: Snapshot, document: Document) -> Document:
    if document.has_issued_number or document.posted_at is not None:
        raise BrokenRule(
            Rule.DOCUMENT_HAS_NUMBER,
            f"the {document.kind.words} {document.number} has been issued and keeps its number; it stays canceled "
            "and cannot be deleted",
        )
    snapshot.documents.remove(document.id)
    return document


def _check_number_free(snapshot: Snapshot, entity_id: str, number: str) -> None:
    if snapshot.documents.find((entity_id, number)) is not None:
        raise BrokenRule(Rule.NUMBER_TAKEN, f"number: a document numbered {number!r} exists already; choose another")
    prefixes = prefixes_reading_as(number)
    for series in snapshot.series:
        if series.key.entity_id == entity_id and series.key.prefix in prefixes:
            raise BrokenRule(
                Rule.NUMBER_IN_SERIES,
                f"number: {number!r} falls into the {series.key.kind.words} series of the prefix "
                f"{series.key.prefix!r}, which gives its numbers itself; leave the number out, or choose another",
            )


def _set_of(snapshot: Snapshot, account: Account) -> SequenceSet:
    if account.sequence_set_id is None:
        return _default_set(snapshot, account.entity_id)
    found = snapshot.sequence_sets.get(account.sequence_set_id)
    if found is None:
        raise InternalError
    return found


def _pinned_set(snapshot: Snapshot, document: Document) -> SequenceSet:
    found = snapshot.sequence_sets.get(document.sequence_set_id)
    if found is None:
        raise InternalError
    return found


def _default_set(snapshot: Snapshot, entity_id: str) -> SequenceSet:
    found = snapshot.sequence_set(entity_id, DEFAULT_NAME)
    if found is None:
        raise InternalError
    return found


def _temporary_counter(kind: Kind) -> str:
    return f"temporary_{kind}"
