"""Creating invoices and memos from lines, changing them, and taking documents through their life."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

from seriatim.domain.account import Account, check_not_archived, check_takes_currency
from seriatim.domain.client import Scope
from seriatim.domain.commands.accounts import find_account
from seriatim.domain.commands.base import Command, ScopedCommand
from seriatim.domain.commands.crediting import check_creditable
from seriatim.domain.commands.opening import open_document, opening_needs, set_of_account
from seriatim.domain.document import DRAFT, ITEMS_MAX, POSTED, TAXES_FIELD, Document, Item, Status
from seriatim.domain.money import AMOUNT_MINOR_MAX, check_currency, parse_decimal, to_decimal, to_minor
from seriatim.domain.numbering import Kind, check_given_number
from seriatim.domain.particulars import LineDetails
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.values import value
from seriatim.errors import BrokenRule, InternalError, InvalidValue, NotFound, Rule


@value(frozen=True, slots=True)
class DraftItem:
    """A line as it was asked for; its amounts become minor units once the currency is known."""

    id: str
    path: str
    """Where the request has it, for messages: `charges[0]`."""
    amount: Decimal | int | str
    """Without tax, unless it is said to be included; before the discounts."""
    quantity: Decimal | None = None
    description: str = ""
    service_start_date: date | None = None
    service_end_date: date | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tax_amounts: tuple[Decimal | int | str, ...] = ()
    """The amounts of its taxes, as they were given: none is computed."""
    is_tax_included: bool = False
    discount_amounts: tuple[Decimal | int | str, ...] = ()
    """What is taken off, as amounts of zero or less."""
    tax_field: str = "taxAmount"
    """What the request calls the amount of a tax, for messages."""
    source_item_id: str | None = None

    def to_item(self, currency: str) -> Item:
        """Raises: InvalidValue, for a negative amount or more decimals than the currency has."""
        tax_minor = self._tax_minor(currency) if self.tax_amounts else 0
        discount_minor = self._discount_minor(currency) if self.discount_amounts else 0
        included_minor = tax_minor if self.is_tax_included else 0
        return Item(
            self.id,
            _not_negative(self.amount, currency, f"{self.path}.amount", discount_minor + included_minor),
            tax_minor,
            self.quantity,
            self.description,
            self.service_start_date,
            self.service_end_date,
            self.source_item_id,
            self.fields,
            discount_minor,
            self.is_tax_included,
        )

    def _tax_minor(self, currency: str) -> int:
        fields = (f"{self.path}.taxItems[{index}].{self.tax_field}" for index in range(len(self.tax_amounts)))
        return sum(map(_not_negative, self.tax_amounts, repeat(currency), fields))

    def _discount_minor(self, currency: str) -> int:
        fields = (f"{self.path}.discountItems[{index}].amount" for index in range(len(self.discount_amounts)))
        return sum(map(_discount, self.discount_amounts, repeat(currency), fields))


@value(frozen=True, slots=True, kw_only=True)
class CreateDocument(Command[Document]):
    """Create an invoice or a memo from lines, as a draft or posted at once.

    It is what is asked for most, hence a `value`; so it cannot inherit the scope.
    """

    scope: Scope
    document_id: str
    kind: Kind
    account_keys: Mapping[str, str]
    """Field of the request (`accountId`, `accountNumber`) to the id or number; all must name the same account."""
    items: tuple[DraftItem, ...]
    items_field: str
    """What the request calls its list of items."""
    number: str | None = None
    set_key: str | None = None
    """Id, number or name of the set that numbers this document, in place of the account's."""
    currency: str | None = None
    document_date: date | None = None
    due_date: date | None = None
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

    @property
    def actor(self) -> str:
        """The id of the client or the user on whose behalf it creates."""
        return self.scope.actor_id

    def needs(self, needs: Needs) -> None:
        """The account with its set, DEFAULT, and whatever a number of the caller's choice could meet."""
        entity_id = self.scope.entity_id
        for key in self.account_keys.values():
            needs.accounts.add((entity_id, key))
        if self.set_key is not None:
            needs.sequence_sets.add((entity_id, self.set_key))
        opening_needs(needs, entity_id, self.kind, self.number, draft=not self.post)

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound, for the account; BrokenRule and InvalidValue, for what it asks."""
        account = named_account(snapshot, self.scope, self.account_keys)
        check_not_archived(account)
        currency = self.currency or account.currency
        check_takes_currency(account, currency)
        pinned = set_of_account(snapshot, account) if self.set_key is None else self._named_set(snapshot, self.set_key)
        return open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=self.kind,
            account=account,
            pinned=pinned,
            currency=currency,
            status=POSTED if self.post else DRAFT,
            fields=self.fields,
            items=tuple([item.to_item(currency) for item in self.items]),
            number=self.number,
            document_date=self.document_date,
            due_date=self.due_date,
            total_field=self.items_field,
        )

    def _named_set(self, snapshot: Snapshot, set_key: str) -> SequenceSet:
        found = snapshot.sequence_set(self.scope.entity_id, set_key)
        if found is None:
            rule = "no such sequence set exists; GET /v1/sequence-sets lists them"
            raise InvalidValue("sequenceSet", set_key, rule)
        return found


@dataclass(frozen=True, slots=True)
class TaxChange:
    """What an update says of one tax of a line; None leaves its amount as it is."""

    id: str
    path: str
    amount: Decimal | int | str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """What an update says of one line; None leaves a part as it is."""

    id: str
    path: str
    amount: Decimal | int | str | None = None
    quantity: Decimal | None = None
    description: str | None = None
    service_start_date: date | None = None
    service_end_date: date | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tax_changes: tuple[TaxChange, ...] = ()
    removes: bool = False
    """Whether the line is to be taken out, whatever else is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDocument(ScopedCommand[Document]):
    """Change a document in part: dates and lines while it is a draft, what is only kept at any time."""

    kind: Kind
    key: str
    document_date: date | None = None
    due_date: date | None = None
    item_changes: tuple[ItemChange, ...] = ()
    added_items: tuple[DraftItem, ...] = ()
    items_field: str = "items"
    """What the request calls its list of items."""
    applies_on_posting: bool | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Merged key by key."""

    def needs(self, needs: Needs) -> None:
        """The document, and what else was made from the one that it was made from."""
        needs.documents.add((self.scope.entity_id, self.key))
        if self.item_changes or self.added_items:
            needs.siblings_of.add((self.scope.entity_id, self.key))

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, when more than kept fields of an issued document would change; InvalidValue."""
        document = find_document(snapshot, self.scope, self.kind, self.key)
        if document.status is Status.CANCELED:
            message = f"the {document.kind.words} {document.number} is canceled and cannot be changed"
            raise BrokenRule(Rule.DOCUMENT_NOT_DRAFT, message)
        if document.status is not Status.DRAFT and (self.document_date or self.item_changes or self.added_items):
            raise BrokenRule(
                Rule.DOCUMENT_NOT_DRAFT,
                f"the {document.kind.words} {document.number} is {document.status}; its date and its items change only "
                "while it is draft",
            )
        items = self._items(document)
        tax_minor = sum(item.tax_minor for item in items)
        amount_minor = document.amount_minor
        if items:
            amount_minor = sum(item.amount_minor for item in items) + tax_minor
        if amount_minor > AMOUNT_MINOR_MAX:
            raise InvalidValue(self.items_field, f"a total of {amount_minor} minor units", "the total is too large")
        if amount_minor < 0:
            total = f"{to_decimal(amount_minor, document.currency):f} {document.currency}"
            message = f"the items would come to {total}; the total may not be below zero"
            raise BrokenRule(Rule.TOTAL_NOT_POSITIVE, message)
        said = document.particulars
        invoice = None if document.referred_id is None else snapshot.documents.get(document.referred_id)
        if (self.item_changes or self.added_items) and document.kind is Kind.CREDIT_MEMO and invoice is not None:
            check_creditable(snapshot, invoice, items, document.id)
        changed = replace(
            document,
            document_date=self.document_date or document.document_date,
            due_date=self.due_date or document.due_date,
            items=items,
            amount_minor=amount_minor,
            tax_minor=tax_minor,
            applies_on_posting=(
                document.applies_on_posting if self.applies_on_posting is None else self.applies_on_posting
            ),
            fields={**document.fields, **self.fields},
            particulars=replace(said, due_date=self.due_date) if said is not None and self.due_date else said,
            updated_at=at,
            updated_by=self.scope.actor_id,
        )
        snapshot.documents.put(changed.id, changed)
        return changed

    def _items(self, document: Document) -> tuple[Item, ...]:
        items = {item.id: item for item in document.items}
        for change in self.item_changes:
            item = items.get(change.id)
            if item is None:
                raise InvalidValue(f"{change.path}.id", change.id, "give the id of an item of this document")
            if change.removes:
                del items[change.id]
            else:
                items[change.id] = _changed_item(item, change, document.currency)
        items.update((added.id, added.to_item(document.currency)) for added in self.added_items)
        if not 1 <= len(items) <= ITEMS_MAX and (self.item_changes or self.added_items):
            rule = f"1 to {ITEMS_MAX} items must remain"
            raise InvalidValue(self.items_field, f"a list that leaves {len(items)}", rule)
        return tuple(items.values())


def find_document(snapshot: Snapshot, scope: Scope, kind: Kind, key: str) -> Document:
    """The document of this kind, and of this id or number, that the caller sees.

    Raises: NotFound.
    """
    document = snapshot.document(scope.entity_id, key)
    if document is None or document.kind is not kind or not scope.sees(document.org_id):
        raise NotFound(kind.words, key)
    return document


def named_account(snapshot: Snapshot, scope: Scope, account_keys: Mapping[str, str]) -> Account:
    """The one account that the fields of a request name.

    Raises: NotFound; InvalidValue, when they name different ones.
    """
    found: Account | None = None
    for name, key in account_keys.items():
        account = find_account(snapshot, scope, key)
        if found is not None and found.id != account.id:
            raise InvalidValue(name, key, f"the other field names the account {found.number}; name one account")
        found = account
    if found is None:
        raise InternalError
    return found


def _not_negative(amount: Decimal | int | str, currency: str, path: str, within_minor: int = 0) -> int:
    """What an amount comes to without the discounts and the tax that are within it."""
    minor = to_minor(amount, currency, path)
    if minor < 0:
        raise InvalidValue(path, amount, "give an amount of zero or more")
    if minor < within_minor:
        rule = "an item may not come to less than its discounts and the tax within it"
        raise InvalidValue(path, amount, rule)
    return minor - within_minor


def _discount(amount: Decimal | int | str, currency: str, path: str) -> int:
    """How much a discount takes off; it is given as a negative amount (Zuora, "Create a standalone invoice")."""
    minor = to_minor(amount, currency, path)
    if minor > 0:
        raise InvalidValue(path, amount, "give a discount as an amount of zero or less")
    return -minor


def _changed_item(item: Item, change: ItemChange, currency: str) -> Item:
    taxes, tax_minor = _changed_taxes(item, change.tax_changes, currency)
    amount_minor = item.amount_minor
    if change.amount is not None or (item.is_tax_included and tax_minor != item.tax_minor):
        # The tax within an amount is part of it: more of one leaves less of the other.
        given = change.amount
        if given is None:
            given = to_decimal(item.amount_minor + item.discount_minor + item.tax_minor, currency)
        within_minor = item.discount_minor + (tax_minor if item.is_tax_included else 0)
        amount_minor = _not_negative(given, currency, f"{change.path}.amount", within_minor)
    return replace(
        item,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
        quantity=item.quantity if change.quantity is None else change.quantity,
        description=item.description if change.description is None else change.description,
        service_start_date=change.service_start_date or item.service_start_date,
        service_end_date=change.service_end_date or item.service_end_date,
        fields={**item.fields, **change.fields, **taxes},
        details=_details_after(item, change, amount_minor, tax_minor),
    )


def _details_after(item: Item, change: ItemChange, amount_minor: int, tax_minor: int) -> LineDetails | None:
    """How a line came about, once its amounts, quantity or name were set by themselves."""
    if item.details is None:
        return None
    title = change.fields.get("skuName") or change.fields.get("chargeName") or item.details.title
    is_priced = (amount_minor, tax_minor) == (item.amount_minor, item.tax_minor) and change.quantity is None
    if is_priced:
        return replace(item.details, title=title)
    return replace(item.details, title=title, rate=None, tax_rate=None)


def _changed_taxes(item: Item, changes: tuple[TaxChange, ...], currency: str) -> tuple[Mapping[str, Any], int]:
    """The kept taxes of a line after some changes, as a field of it, and what they come to in all.

    Raises: InvalidValue.
    """
    if not changes:
        return {}, item.tax_minor
    taxes = {tax["id"]: dict(tax) for tax in item.fields.get(TAXES_FIELD, ())}
    for change in changes:
        tax = taxes.get(change.id)
        if tax is None:
            raise InvalidValue(f"{change.path}.id", change.id, "give the id of a tax of this item")
        tax.update(change.fields)
        if change.amount is not None:
            _not_negative(change.amount, currency, f"{change.path}.amount")
            tax["taxAmount"] = parse_decimal(change.amount, f"{change.path}.amount")
    tax_minor = sum(to_minor(tax["taxAmount"], currency, "taxAmount") for tax in taxes.values())
    return {TAXES_FIELD: list(taxes.values())}, tax_minor
