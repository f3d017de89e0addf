"""Taking documents through their life, as the table of transitions allows: the steps that every API shares."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from seriatim.domain.client import Scope
from seriatim.domain.commands.applying import apply_on_posting, touched
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document
from seriatim.domain.commands.opening import issue_number, set_of_id
from seriatim.domain.document import Action, Document, Status, find_transition
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import DEFAULT_NAME
from seriatim.domain.settlement import check_untouched, refund_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionDocument(ScopedCommand[Document]):
    """Take a document through one step of its life, as the table of transitions allows."""

    kind: Kind
    key: str
    action: Action
    document_date: date | None = None
    """A new date of the document, on posting."""
    application_id: str = ""
    """Id for the application that posting a credit memo may make."""

    @property
    def deed(self) -> str:
        """The step."""
        return f"{self.action} {self.kind.words}"

    def needs(self, needs: Needs) -> None:
        """The document with its pinned set, DEFAULT, and what was made from it where that stands in the way."""
        transition_needs(needs, self.scope.entity_id, self.key, self.action)

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, when its state forbids the action."""
        document = find_document(snapshot, self.scope, self.kind, self.key)
        if self.action is Action.POST:
            return post(snapshot, self.scope, document, self.application_id, at, self.document_date)
        return step(snapshot, self.scope, document, self.action, at)


def transition_needs(needs: Needs, entity_id: str, key: str, action: Action) -> None:
    """Name what taking a document through a step wants loaded."""
    needs.documents.add((entity_id, key))
    needs.sequence_sets.add((entity_id, DEFAULT_NAME))
    if action is Action.POST:
        needs.merchants.add(entity_id)
    if action in (Action.UNPOST, Action.VOID):
        needs.referring_to.add((entity_id, key))


def post(
    snapshot: Snapshot,
    scope: Scope,
    document: Document,
    application_id: str,
    at: datetime,
    document_date: date | None = None,
) -> Document:
    """Post a draft: it takes its number, unless it has one, and is applied where it was made to; as it then is.

    Raises: BrokenRule.
    """
    find_transition(document, Action.POST)
    if document.particulars is not None and not document.items:
        message = f"the {document.kind.words} {document.number} has no line; add one before it is issued"
        raise BrokenRule(Rule.NO_LINES, message)
    said = document.particulars
    if said is not None:
        # What is printed from now on shows the seller as it is today, whatever it says of itself later.
        said = replace(said, merchant=snapshot.merchant(document.entity_id).details or None)
    posted = replace(
        _numbered(snapshot, scope, document, at),
        status=Status.POSTED,
        document_date=document_date or document.document_date,
        posted_at=at,
        posted_by=scope.actor_id,
        particulars=said,
    )
    posted = touched(posted, scope, at)
    snapshot.documents.put(posted.id, posted)
    return apply_on_posting(snapshot, scope, posted, application_id, at)


def step(snapshot: Snapshot, scope: Scope, document: Document, action: Action, at: datetime) -> Document:
    """Take a document through any step but posting; as it then is, or was before it was removed.

    Raises: BrokenRule.
    """
    find_transition(document, action)
    if action in (Action.DELETE, Action.DISCARD):
        return _delete(snapshot, document)
    if action is Action.UNPOST:
        _check_not_referred_to(snapshot, document, "unposted")
        changed = replace(document, status=Status.DRAFT, sent_at=None, sent_by=None)
    elif action is Action.SEND:
        changed = replace(document, sent_at=document.sent_at or at, sent_by=document.sent_by or scope.actor_id)
    elif action is Action.VOID:
        _check_not_referred_to(snapshot, document, "voided")
        changed = _canceled(_numbered(snapshot, scope, document, at), scope, at)
    else:
        if document.kind is Kind.REFUND:
            _give_back(snapshot, document, scope, at)
        else:
            check_untouched(document, "canceled")
        changed = _canceled(document, scope, at)
    changed = touched(changed, scope, at)
    snapshot.documents.put(changed.id, changed)
    return changed


def _numbered(snapshot: Snapshot, scope: Scope, document: Document, at: datetime) -> Document:
    """The document with its number, taken now unless it has one."""
    if document.has_issued_number or document.number_given:
        return document
    pinned = set_of_id(snapshot, document.sequence_set_id)
    number, series, ordinal = issue_number(snapshot, pinned, document.kind, document.id, scope, at)
    return replace(document, number=number, series=series, ordinal=ordinal)


def _canceled(document: Document, scope: Scope, at: datetime) -> Document:
    return replace(document, status=Status.CANCELED, canceled_at=at, canceled_by=scope.actor_id)


def _check_not_referred_to(snapshot: Snapshot, document: Document, verb: str) -> None:
    """Check that nothing is settled of a document, and that nothing made from it still counts.

    Raises: BrokenRule.
    """
    check_untouched(document, verb)
    for other in snapshot.referring_to(document.id):
        # A payment that was made from it and settles nothing of it any more has become money like any other.
        if other.status is not Status.CANCELED and other.kind is not Kind.PAYMENT:
            raise BrokenRule(
                Rule.DOCUMENT_IS_REFERRED_TO,
                f"the {document.kind.words} {document.number} cannot be {verb}: the {other.kind.words} "
                f"{other.number} was made from it; cancel that first",
            )


def _give_back(snapshot: Snapshot, refund: Document, scope: Scope, at: datetime) -> None:
    """Return a canceled refund's amount to the payment or credit memo that it paid back."""
    source = None if refund.referred_id is None else snapshot.documents.get(refund.referred_id)
    if source is None:
        raise InternalError
    returned = refund_amount(source, -refund.amount_minor)
    snapshot.documents.put(source.id, touched(returned, scope, at))


def _delete(snapshot: Snapshot, document: Document) -> Document:
    if document.has_issued_number or document.posted_at is not None:
        is_canceled = document.status is Status.CANCELED
        advice = "it stays canceled and cannot be deleted" if is_canceled else "it cannot be deleted; void it instead"
        raise BrokenRule(
            Rule.DOCUMENT_HAS_NUMBER,
            f"the {document.kind.words} {document.number} has been issued and keeps its number; {advice}",
        )
    snapshot.documents.remove(document.id)
    return document
