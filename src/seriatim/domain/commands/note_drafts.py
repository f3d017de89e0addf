"""Drafts of invoices and credit notes that are opened empty and filled line by line, as Sequence does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from seriatim.domain.account import Account, check_not_archived
from seriatim.domain.client import Scope
from seriatim.domain.commands.accounts import find_account
from seriatim.domain.commands.applying import touched
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document
from seriatim.domain.commands.opening import open_document, opening_needs, set_of_account, set_of_id
from seriatim.domain.customer import particulars_of
from seriatim.domain.document import Document, Status
from seriatim.domain.document_view import MEMO_FIELDS, DocumentView, view_document, view_needs
from seriatim.domain.money import check_currency
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import METADATA_MAX, RECIPIENTS_MAX, Particulars
from seriatim.domain.settlement import check_settles
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, Rule

Said = Mapping[str, Any]
"""Attributes of `Particulars` to what a caller says of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNote(ScopedCommand[DocumentView]):
    """Open an empty draft. What the caller leaves out is the customer's own."""

    document_id: str
    kind: Kind
    account_key: str
    account_field: str = "customerId"
    """What the request calls the field that named the account."""
    invoice_key: str | None = None
    """Of a credit note: the invoice that it credits."""
    currency: str
    said: Said = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_currency(self.currency)
        _check_said(self.said)

    def needs(self, needs: Needs) -> None:
        """The account with its set, DEFAULT, the seller, and the invoice."""
        entity_id = self.scope.entity_id
        needs.accounts.add((entity_id, self.account_key))
        needs.merchants.add(entity_id)
        if self.invoice_key is not None:
            needs.documents.add((entity_id, self.invoice_key))
        opening_needs(needs, entity_id, self.kind, draft=True)

    def decide(self, snapshot: Snapshot, at: datetime) -> DocumentView:
        """Raises: NotFound; BrokenRule, for an archived customer, or an invoice of another one or another currency."""
        account = find_account(snapshot, self.scope, self.account_key)
        check_not_archived(account)
        invoice = self._invoice(snapshot, account)
        pinned = set_of_account(snapshot, account)
        if invoice is not None:
            pinned = set_of_id(snapshot, invoice.sequence_set_id)
        fallback = snapshot.merchant(account.entity_id).details.get("address", {}).get("country")
        said = replace(particulars_of(account, fallback), **self.said)
        term_days = snapshot.merchant(account.entity_id).payment_term_days
        opened = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=self.kind,
            account=account,
            pinned=pinned,
            currency=self.currency,
            status=Status.DRAFT,
            due_date=due_date_of(self.kind, said, at.date(), term_days),
            referred_id=None if invoice is None else invoice.id,
            fields=_with_memo(self.kind, {}, said),
            particulars=said,
        )
        return view_document(snapshot, opened)

    def _invoice(self, snapshot: Snapshot, account: Account) -> Document | None:
        if self.invoice_key is None:
            return None
        invoice = find_document(snapshot, self.scope, Kind.INVOICE, self.invoice_key)
        check_settles(invoice)
        if invoice.account_id != account.id:
            raise BrokenRule(
                Rule.ACCOUNT_MISMATCH,
                f"the invoice {invoice.number} belongs to the customer {invoice.account_id}, not {account.id}; "
                "credit it for that one",
            )
        if invoice.currency != self.currency:
            message = f"the invoice {invoice.number} is in {invoice.currency}, not {self.currency}; credit it in that"
            raise BrokenRule(Rule.CURRENCY_MISMATCH, message)
        return invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNote(ScopedCommand[DocumentView]):
    """Change what a draft says. What is left out stays; lines have their own commands."""

    kind: Kind
    key: str
    currency: str | None = None
    """Another currency, while there is no line."""
    said: Said = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.currency is not None:
            check_currency(self.currency)
        _check_said(self.said)

    def needs(self, needs: Needs) -> None:
        """The document, and what its answer shows."""
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> DocumentView:
        """Raises: NotFound; BrokenRule, for what is no draft, or a currency that the lines or the invoice forbid."""
        document, before = find_draft(snapshot, self.scope, self.kind, self.key)
        currency = self.currency or document.currency
        if currency != document.currency and (document.items or document.referred_id is not None):
            what = "lines" if document.items else f"an {Kind.INVOICE.words}"
            message = f"the {document.kind.words} has {what} in {document.currency}, so it cannot change to {currency}"
            raise BrokenRule(Rule.CURRENCY_MISMATCH, message)
        kept = {**before.fields, **self.said.get("fields", {})}
        said = replace(before, **{**self.said, "fields": kept})
        due_date = document.due_date
        if "due_date" in self.said:
            term_days = snapshot.merchant(document.entity_id).payment_term_days
            due_date = due_date_of(document.kind, said, document.document_date, term_days)
        fields = _with_memo(document.kind, document.fields, said) if "memo" in self.said else document.fields
        changed = replace(document, currency=currency, particulars=said, due_date=due_date, fields=fields)
        return keep_note(snapshot, self.scope, changed, at)


def find_draft(snapshot: Snapshot, scope: Scope, kind: Kind, key: str) -> tuple[Document, Particulars]:
    """A draft that may be changed, with what it says: its own particulars, or its account's until it has some.

    Raises: NotFound; BrokenRule, for what is no draft any more; InternalError, where its account was not loaded.
    """
    document = find_document(snapshot, scope, kind, key)
    if document.status is not Status.DRAFT:
        stage = document.stage.value
        message = f"the {document.kind.words} {document.number} is {stage}; only a DRAFT can be changed"
        raise BrokenRule(Rule.DOCUMENT_NOT_DRAFT, message)
    return document, own_particulars(snapshot, document)


def own_particulars(snapshot: Snapshot, document: Document) -> Particulars:
    """What a document says: its own particulars, or what follows from its account, and the due date that it has.

    Raises: InternalError, where the account was not loaded.
    """
    if document.particulars is not None:
        return document.particulars
    account = snapshot.accounts.get(document.account_id)
    if account is None:
        raise InternalError
    fallback = snapshot.merchant(document.entity_id).details.get("address", {}).get("country")
    said = particulars_of(account, fallback)
    return replace(said, due_date=document.due_date) if document.kind is Kind.INVOICE else said


def due_date_of(kind: Kind, said: Particulars, issued_on: date, term_days: int) -> date | None:
    """When an invoice issued on a day is due: when its caller asked for, else by the terms. Nothing else ever is."""
    if kind is not Kind.INVOICE:
        return None
    return said.due_date or issued_on + timedelta(days=term_days)


def keep_note(snapshot: Snapshot, scope: Scope, document: Document, at: datetime) -> DocumentView:
    """Put a changed document into the snapshot; its view."""
    document = touched(document, scope, at)
    snapshot.documents.put(document.id, document)
    return view_document(snapshot, document)


def _with_memo(kind: Kind, fields: Mapping[str, Any], said: Particulars) -> Mapping[str, Any]:
    """The kept fields of a document, with the memo under the name that Zuora's API has for it."""
    name = MEMO_FIELDS[kind]
    others = {each: value for each, value in fields.items() if each != name}
    return others if said.memo is None else {**others, name: said.memo}


def _check_said(said: Said) -> None:
    for attribute, name, limit in (
        ("metadata", "metadata", METADATA_MAX),
        ("emails", "customerEmails", RECIPIENTS_MAX),
    ):
        given = said.get(attribute, ())
        if len(given) > limit:
            raise InvalidValue(name, f"a list of {len(given)}", f"give at most {limit}")
