"""Taking invoices and credit notes through their life as Sequence names the steps."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document
from seriatim.domain.commands.note_drafts import own_particulars
from seriatim.domain.commands.transitions import post, step, transition_needs
from seriatim.domain.document import Action, Document, Status, find_transition
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import show_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueNote(ScopedCommand[DocumentView]):
    """Finalize a draft: it takes its number and its date, and keeps who sold what to whom. Then send it, if asked to.

    Sending a document that is issued already sends it once more.
    """

    kind: Kind
    key: str
    finalizes: bool
    """Whether a draft is issued; else only what is issued already may be sent."""
    sends: bool = False
    """Whether it then counts as sent."""
    application_id: str = ""
    """Id for the application that issuing a credit note may make."""
    mail_id: str | None = None
    """Id for the mail that takes it to the customer; None: it was, or will be, sent in another way."""

    def needs(self, needs: Needs) -> None:
        """The document with its pinned set, DEFAULT, and what its answer shows."""
        transition_needs(needs, self.scope.entity_id, self.key, Action.POST)
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> DocumentView:
        """Raises: NotFound; BrokenRule, for a state, a total, or recipients that do not allow it."""
        document = find_document(snapshot, self.scope, self.kind, self.key)
        said = own_particulars(snapshot, document)
        if self.mail_id is not None and not said.emails:
            message = f"the {document.kind.words} has no recipient; set customerEmails of the DRAFT, or mark it as sent"
            raise BrokenRule(Rule.NO_RECIPIENT, message)
        if self.finalizes and not (self.sends and document.status is Status.POSTED):
            document = self._issue(snapshot, document, at)
        if not self.sends:
            return view_document(snapshot, document)
        document = step(snapshot, self.scope, document, Action.SEND, at)
        if self.mail_id is not None:
            copy = snapshot.merchant(document.entity_id).details.get("email")
            mail = OutgoingMail(
                id=self.mail_id,
                entity_id=document.entity_id,
                document_id=document.id,
                recipients=said.emails,
                copies=() if copy is None or copy in said.emails else (copy,),
                status=MailStatus.WAITING,
                attempts=0,
                due_at=at,
                last_error=None,
                created_at=at,
                created_by=self.scope.actor_id,
            )
            snapshot.mails.put(mail.id, mail)
        return view_document(snapshot, document)

    def _issue(self, snapshot: Snapshot, document: Document, at: datetime) -> Document:
        find_transition(document, Action.POST)
        if document.items and document.amount_minor <= 0:
            total = show_amount(document.amount_minor, document)
            message = f"the {document.kind.words} comes to {total}; it must come to more than zero to be issued"
            raise BrokenRule(Rule.TOTAL_NOT_POSITIVE, message)
        merchant = snapshot.merchant(document.entity_id)
        said = own_particulars(snapshot, document)
        issued_on = at.date()
        document = replace(
            document,
            due_date=self._due_date(document, said.due_date, issued_on, merchant.payment_term_days),
            particulars=replace(
                said,
                merchant=merchant.details or None,
                accounting_date=said.accounting_date or issued_on,
            ),
        )
        return post(snapshot, self.scope, document, self.application_id, at, issued_on)

    def _due_date(self, document: Document, asked: date | None, issued_on: date, term_days: int) -> date | None:
        if document.kind is not Kind.INVOICE:
            return document.due_date
        return asked or issued_on + timedelta(days=term_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNote(ScopedCommand[DocumentView]):
    """Void, discard or reopen (unpost) an invoice or credit note, as the table of transitions allows."""

    kind: Kind
    key: str
    action: Action

    def needs(self, needs: Needs) -> None:
        """The document with its pinned set, DEFAULT, and what its answer shows."""
        transition_needs(needs, self.scope.entity_id, self.key, self.action)
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> DocumentView:
        """Raises: NotFound; BrokenRule, when its state, or what is settled of it, forbids the step."""
        document = find_document(snapshot, self.scope, self.kind, self.key)
        before = view_document(snapshot, document)
        after = step(snapshot, self.scope, document, self.action, at)
        return before if after is document else replace(before, document=after)
