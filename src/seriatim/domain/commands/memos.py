"""Memos made from other documents: from an invoice, by reversal, by write-off."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from seriatim.domain.account import Account, check_not_archived
from seriatim.domain.commands.applying import apply_on_posting, apply_to
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.crediting import check_creditable
from seriatim.domain.commands.documents import DraftItem, find_document
from seriatim.domain.commands.opening import open_document, opening_needs, set_of_id
from seriatim.domain.document import ITEMS_MAX, Document, Item, Status
from seriatim.domain.money import to_minor
from seriatim.domain.numbering import Kind, check_given_number
from seriatim.domain.settlement import TARGET_KINDS, check_settles, check_untouched, show_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, Rule

COUNTER_KINDS: Mapping[Kind, Kind] = {
    Kind.INVOICE: Kind.CREDIT_MEMO,
    Kind.CREDIT_MEMO: Kind.DEBIT_MEMO,
    Kind.DEBIT_MEMO: Kind.CREDIT_MEMO,
}
"""What takes back what: what is owed is reversed or written off by a credit memo, a credit memo by a debit memo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateMemoFromInvoice(ScopedCommand[Document]):
    """Create a credit or debit memo from a posted invoice; without items it mirrors the invoice's.

    A credit memo may credit no more than remains of the invoice and of each of its lines.
    """

    document_id: str
    kind: Kind
    invoice_key: str
    items: tuple[DraftItem, ...]
    items_field: str
    mirror_item_ids: tuple[str, ...] = ()
    """Ids for the lines of a memo that mirrors the invoice: as many as an invoice can have."""
    number: str | None = None
    document_date: date | None = None
    due_date: date | None = None
    post: bool = False
    applies_on_posting: bool = False
    application_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.items) > ITEMS_MAX:
            raise InvalidValue(self.items_field, f"a list of {len(self.items)}", f"give at most {ITEMS_MAX} items")
        if self.number is not None:
            check_given_number(self.number)

    def needs(self, needs: Needs) -> None:
        """The invoice with its account and set, and the memos made from it before."""
        entity_id = self.scope.entity_id
        _source_needs(needs, entity_id, self.invoice_key)
        opening_needs(needs, entity_id, self.kind, self.number, draft=not self.post)

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; InvalidValue; BrokenRule, for an invoice that is not posted, or more than remains of it."""
        invoice = find_document(snapshot, self.scope, Kind.INVOICE, self.invoice_key)
        check_settles(invoice)
        account = _account_of(snapshot, invoice)
        check_not_archived(account)
        items = tuple(item.to_item(invoice.currency) for item in self.items)
        if not items:
            items = tuple(
                _mirrored(item, item_id) for item, item_id in zip(invoice.items, self.mirror_item_ids, strict=False)
            )
        self._check_sources(invoice)
        if self.kind is Kind.CREDIT_MEMO:
            check_creditable(snapshot, invoice, items)
        memo = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=self.kind,
            account=account,
            pinned=set_of_id(snapshot, invoice.sequence_set_id),
            currency=invoice.currency,
            items=items,
            total_field=self.items_field,
            status=Status.POSTED if self.post else Status.DRAFT,
            number=self.number,
            document_date=self.document_date,
            due_date=self.due_date,
            referred_id=invoice.id,
            applies_on_posting=self.applies_on_posting,
            fields=self.fields,
        )
        return apply_on_posting(snapshot, self.scope, memo, self.application_id, at) if self.post else memo

    def _check_sources(self, invoice: Document) -> None:
        known = {item.id for item in invoice.items}
        for item in self.items:
            if item.source_item_id is not None and item.source_item_id not in known:
                rule = f"give the id of an item of the invoice {invoice.number}"
                raise InvalidValue(f"{item.path}.invoiceItemId", item.source_item_id, rule)


@dataclass(frozen=True, slots=True)
class Countered:
    """A document, and the memo that takes it back."""

    document: Document
    memo: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterDocument(ScopedCommand[Countered]):
    """Take back a posted invoice or credit memo by a memo that is posted and applied in the same transaction.

    A reversal takes back all of an untouched document; a write-off takes back what remains of it.
    """

    kind: Kind
    key: str
    document_id: str
    item_ids: tuple[str, ...]
    """Ids for the lines of the memo: as many as a document can have."""
    application_id: str
    reverses: bool
    document_date: date | None = None
    amount: Decimal | int | str | None = None
    """What a write-off is said to come to; it must be all that remains."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    item_fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Kept fields of the memo's lines, by the line that each takes back: none, or those of every line."""

    def needs(self, needs: Needs) -> None:
        """The document with its account and set, and the memos made from it before."""
        _source_needs(needs, self.scope.entity_id, self.key)
        opening_needs(needs, self.scope.entity_id, COUNTER_KINDS[self.kind])

    def decide(self, snapshot: Snapshot, at: datetime) -> Countered:
        """Raises: NotFound; BrokenRule, when its state or what is settled of it forbids that."""
        document = find_document(snapshot, self.scope, self.kind, self.key)
        check_settles(document)
        if document.is_reversed:
            message = f"the {document.kind.words} {document.number} has been reversed already"
            raise BrokenRule(Rule.ALREADY_SETTLED, message)
        # Zuora, PUT_ReverseCreditMemo and PUT_ReverseInvoice: the memo may not be dated before what it takes back.
        if self.document_date is not None and self.document_date < document.document_date:
            rule = (
                f"the {document.kind.words} {document.number} is of {document.document_date}; give that date or later"
            )
            raise InvalidValue("memoDate", self.document_date.isoformat(), rule)
        if self.reverses or self.kind is Kind.CREDIT_MEMO:
            check_untouched(document, "reversed" if self.reverses else "written off")
        if not self.reverses:
            self._check_write_off(document)
        items = self._items(document)
        if self.kind is Kind.INVOICE:
            check_creditable(snapshot, document, items)
        memo = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=COUNTER_KINDS[self.kind],
            account=_account_of(snapshot, document),
            pinned=set_of_id(snapshot, document.sequence_set_id),
            currency=document.currency,
            items=items,
            status=Status.POSTED,
            document_date=self.document_date,
            referred_id=document.id,
            fields=self.fields,
        )
        source, target = (memo, document) if self.kind in TARGET_KINDS else (document, memo)
        if document.open_minor:
            apply_to(snapshot, self.scope, source, target, document.open_minor, self.application_id, at)
        settled = _current(snapshot, document)
        if self.reverses:
            settled = replace(settled, is_reversed=True, updated_at=at, updated_by=self.scope.actor_id)
            snapshot.documents.put(settled.id, settled)
        return Countered(settled, _current(snapshot, memo))

    def _check_write_off(self, document: Document) -> None:
        """Check that something remains, and that what the caller says of it is so (Zuora, "Write off an invoice").

        Raises: InvalidValue, BrokenRule.
        """
        if document.open_minor == 0:
            message = f"nothing of the {document.kind.words} {document.number} remains to be written off"
            raise BrokenRule(Rule.ALREADY_SETTLED, message)
        if self.amount is not None and to_minor(self.amount, document.currency, "amount") != document.open_minor:
            remaining = show_amount(document.open_minor, document)
            rule = f"the whole balance is written off, which is {remaining}; give that, or leave it out"
            raise InvalidValue("amount", self.amount, rule)
        if self.item_fields and self.item_fields.keys() != {item.id for item in document.items}:
            rule = f"name all {len(document.items)} items of the {document.kind.words} {document.number}, or none"
            raise InvalidValue("items", f"a list of {len(self.item_fields)} items", rule)

    def _items(self, document: Document) -> tuple[Item, ...]:
        """The lines of the memo: the document's own, or one of what remains where part of it is settled."""
        if document.open_minor == document.amount_minor:
            return tuple(
                _mirrored(item, item_id, self.item_fields.get(item.id, {}))
                for item, item_id in zip(document.items, self.item_ids, strict=False)
            )
        return (Item(self.item_ids[0], document.open_minor, description=f"Write-off of {document.number}"),)


def _mirrored(item: Item, item_id: str, fields: Mapping[str, Any] | None = None) -> Item:
    """The line of a memo that takes back a line of another document: its net amount and its tax, as they stand."""
    kept = {**item.fields, **fields} if fields else item.fields
    details = None if item.details is None else replace(item.details, group_id=None)
    return replace(
        item,
        id=item_id,
        source_item_id=item.id,
        fields=kept,
        discount_minor=0,
        is_tax_included=False,
        details=details,
    )


def _source_needs(needs: Needs, entity_id: str, key: str) -> None:
    needs.documents.add((entity_id, key))
    needs.accounts_of_documents.add((entity_id, key))
    needs.referring_to.add((entity_id, key))


def _account_of(snapshot: Snapshot, document: Document) -> Account:
    account = snapshot.accounts.get(document.account_id)
    if account is None:
        raise InternalError
    return account


def _current(snapshot: Snapshot, document: Document) -> Document:
    current = snapshot.documents.get(document.id)
    if current is None:
        raise InternalError
    return current
