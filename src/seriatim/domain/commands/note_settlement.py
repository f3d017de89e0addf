"""Applying credit notes to invoices, and saying that an invoice is paid, as Sequence does it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from seriatim.domain.commands.applying import apply_to, touched
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document
from seriatim.domain.commands.note_drafts import keep_note
from seriatim.domain.commands.opening import open_document, opening_needs, set_of_account
from seriatim.domain.commands.settlement import take_back
from seriatim.domain.document import Document, PaymentStatus, Status
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.money import to_minor
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import check_settles, show_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BalancesMoved, BrokenRule, InternalError, Rule

MARKED_PAID_FIELD = "comment"
MARKED_PAID = "Marked as paid"
"""The comment of a payment that stands for an invoice being marked as paid."""


@dataclass(frozen=True, slots=True)
class NoteApplied:
    """Both documents as they are after so much of the one was applied to the other."""

    application_id: str
    note: Document
    invoice: Document
    amount_minor: int
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyNote(ScopedCommand[NoteApplied]):
    """Apply so much of a credit note to an invoice, if neither balance has moved since the caller read it."""

    application_id: str
    note_key: str
    invoice_key: str
    amount: Decimal
    currency: str
    note_balance_version: int
    invoice_balance_version: int

    def needs(self, needs: Needs) -> None:
        """Both documents, and what of the one is applied to the other already."""
        entity_id = self.scope.entity_id
        needs.documents.update({(entity_id, self.note_key), (entity_id, self.invoice_key)})
        needs.applications_from.add((entity_id, self.note_key))

    def decide(self, snapshot: Snapshot, at: datetime) -> NoteApplied:
        """Raises: NotFound; BalancesMoved; BrokenRule, for another currency or customer, or more than remains."""
        note = find_document(snapshot, self.scope, Kind.CREDIT_MEMO, self.note_key)
        invoice = find_document(snapshot, self.scope, Kind.INVOICE, self.invoice_key)
        check_settles(note)
        check_settles(invoice)
        for document in (note, invoice):
            if document.currency != self.currency:
                message = f"currency: the {document.kind.words} {document.number} is in {document.currency}"
                raise BrokenRule(Rule.CURRENCY_MISMATCH, message)
        versions = (self.note_balance_version, self.invoice_balance_version)
        if versions != (balance_version(note), balance_version(invoice)):
            message = (
                f"the balances have moved: creditNoteBalanceVersion is now {balance_version(note)} and "
                f"invoiceBalanceVersion {balance_version(invoice)}; read both documents again, then retry"
            )
            raise BalancesMoved(message, (note, invoice))
        amount_minor = to_minor(self.amount, self.currency, "amount")
        note = apply_to(snapshot, self.scope, note, invoice, amount_minor, self.application_id, at)
        changed = snapshot.documents.get(invoice.id)
        if changed is None:
            raise InternalError
        return NoteApplied(self.application_id, note, changed, amount_minor, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkInvoice(ScopedCommand[DocumentView]):
    """Say how far an invoice is paid.

    PAID takes in a payment, numbered as every payment is, of what remains. UNPAID takes back the payments that were
    made so, and the mark of UNCOLLECTIBLE. What credits and other payments have settled is not undone by saying so.
    """

    key: str
    payment_status: PaymentStatus
    payment_id: str
    application_id: str

    def needs(self, needs: Needs) -> None:
        """The invoice with what is applied to it, its account and set, and DEFAULT."""
        view_needs(needs, self.scope.entity_id, self.key)
        opening_needs(needs, self.scope.entity_id, Kind.PAYMENT)

    def decide(self, snapshot: Snapshot, at: datetime) -> DocumentView:
        """Raises: NotFound; BrokenRule, for an invoice that is not issued, or what the books say otherwise."""
        invoice = find_document(snapshot, self.scope, Kind.INVOICE, self.key)
        check_settles(invoice)
        if self.payment_status is PaymentStatus.UNCOLLECTIBLE:
            if not invoice.open_minor:
                message = f"nothing of the invoice {invoice.number} remains to be collected"
                raise BrokenRule(Rule.ALREADY_SETTLED, message)
            return keep_note(snapshot, self.scope, replace(invoice, is_uncollectible=True), at)
        if invoice.is_uncollectible:
            invoice = replace(invoice, is_uncollectible=False)
            snapshot.documents.put(invoice.id, invoice)
        if self.payment_status is PaymentStatus.PAID:
            self._pay(snapshot, invoice, at)
        elif self.payment_status is PaymentStatus.UNPAID:
            self._take_back(snapshot, invoice, at)
        found = view_document(snapshot, invoice)
        if found.document.payment_status is not self.payment_status:
            raise BrokenRule(
                Rule.ALREADY_SETTLED,
                f"the invoice {invoice.number} is {found.document.payment_status.value} by what is applied to it "
                f"({show_amount(found.document.applied_minor, invoice)}); apply or take back payments and credits "
                "instead",
            )
        return keep_note(snapshot, self.scope, found.document, at)

    def _pay(self, snapshot: Snapshot, invoice: Document, at: datetime) -> None:
        if not invoice.open_minor:
            return
        account = snapshot.accounts.get(invoice.account_id)
        if account is None:
            raise InternalError
        payment = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.payment_id,
            kind=Kind.PAYMENT,
            account=account,
            pinned=set_of_account(snapshot, account),
            currency=invoice.currency,
            amount_minor=invoice.open_minor,
            status=Status.PROCESSED,
            referred_id=invoice.id,
            fields={MARKED_PAID_FIELD: MARKED_PAID, "type": "External"},
        )
        apply_to(snapshot, self.scope, payment, invoice, invoice.open_minor, self.application_id, at)

    def _take_back(self, snapshot: Snapshot, invoice: Document, at: datetime) -> None:
        for part in view_document(snapshot, invoice).parts:
            payment = part.other
            if payment.kind is not Kind.PAYMENT or payment.referred_id != invoice.id:
                continue
            current = snapshot.documents.get(invoice.id) or invoice
            payment = take_back(snapshot, self.scope, payment, current, part.application.amount_minor, at)
            if payment.applied_minor or payment.refunded_minor:
                # Somebody has paid back some of it since, or settled something else with it: so it is real money.
                continue
            canceled = replace(
                touched(payment, self.scope, at),
                status=Status.CANCELED,
                canceled_at=at,
                canceled_by=self.scope.actor_id,
            )
            snapshot.documents.put(canceled.id, canceled)


def balance_version(document: Document) -> int:
    """The version of what remains of an issued document: 1 when it is issued, more with every change."""
    return document.balance_changes + 1
