"""Taking invoices and credit notes through their life as Sequence names the steps."""

from dataclasses import dataclass, replace
from datetime import datetime

from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document
from seriatim.domain.commands.note_drafts import due_date_of, own_particulars
from seriatim.domain.commands.transitions import post, step, transition_needs
from seriatim.domain.document import TRANSITIONS, Action, Document, Stage, Status
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import show_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, Rule

_DONE = {
    Action.POST: "finalized",
    Action.SEND: "sent",
    Action.VOID: "voided",
    Action.DISCARD: "deleted",
    Action.UNPOST: "made a draft again",
}
_STAGES = {
    Status.DRAFT: (Stage.DRAFT,),
    Status.POSTED: (Stage.FINAL, Stage.SENT),
    Status.CANCELED: (Stage.VOIDED,),
}


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
        issues = self.finalizes and not (self.sends and document.status is Status.POSTED)
        check_step(document, Action.POST if issues else Action.SEND)
        said = own_particulars(snapshot, document)
        if self.mail_id is not None and not said.emails:
            message = f"the {document.kind.words} has no recipient; set customerEmails of the DRAFT, or mark it as sent"
            raise BrokenRule(Rule.NO_RECIPIENT, message)
        if issues:
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
        if document.items and document.amount_minor <= 0:
            total = show_amount(document.amount_minor, document)
            message = f"the {document.kind.words} comes to {total}; it must come to more than zero to be issued"
            raise BrokenRule(Rule.TOTAL_NOT_POSITIVE, message)
        merchant = snapshot.merchant(document.entity_id)
        said = own_particulars(snapshot, document)
        # What was made through Zuora's API has a date of its own.
        issued_on = at.date() if document.particulars is not None else document.document_date
        document = replace(
            document,
            due_date=due_date_of(document.kind, said, issued_on, merchant.payment_term_days),
            particulars=replace(said, accounting_date=said.accounting_date or issued_on),
        )
        return post(snapshot, self.scope, document, self.application_id, at, issued_on)


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
        check_step(document, self.action)
        before = view_document(snapshot, document)
        after = step(snapshot, self.scope, document, self.action, at)
        return before if after is document else replace(before, document=after)


def check_step(document: Document, action: Action) -> None:
    """Check that the table of transitions allows a step now.

    Raises: BrokenRule, with the steps and states as Sequence names them.
    """
    (transition,) = (each for each in TRANSITIONS[document.kind] if each.action is action)
    if document.status not in transition.from_statuses:
        allowed = " or ".join(stage for status in transition.from_statuses for stage in _STAGES[status])
        raise BrokenRule(
            Rule.TRANSITION_NOT_ALLOWED,
            f"the {document.kind.words} {document.number} is {document.stage}; it can be {_DONE[action]} only while it "
            f"is {allowed}",
        )
