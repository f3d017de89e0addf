"""Applying so much of one document to another, and keeping the application."""

from dataclasses import replace
from datetime import datetime

from seriatim.domain.client import Scope
from seriatim.domain.document import Document, Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Application, apply_amount
from seriatim.domain.snapshot import Snapshot


def apply_to(
    snapshot: Snapshot,
    scope: Scope,
    source: Document,
    target: Document,
    amount_minor: int,
    application_id: str,
    at: datetime,
) -> Document:
    """Apply so much of a source to a target, and keep the application; the source as it then is.

    Raises: BrokenRule.
    """
    source, target = apply_amount(source, target, amount_minor)
    source, target = touched(source, scope, at), touched(target, scope, at)
    snapshot.documents.put(source.id, source)
    snapshot.documents.put(target.id, target)
    key = (source.id, target.id)
    known = snapshot.applications.get(key)
    if known is None:
        known = Application(
            application_id, source.entity_id, source.id, target.id, 0, at, scope.actor_id, at, scope.actor_id
        )
    grown = replace(known, amount_minor=known.amount_minor + amount_minor, updated_at=at, updated_by=scope.actor_id)
    snapshot.applications.put(key, grown)
    return source


def apply_on_posting(snapshot: Snapshot, scope: Scope, memo: Document, application_id: str, at: datetime) -> Document:
    """Apply a memo that has just been posted to its invoice, if it was made to; the memo as it then is."""
    invoice = None if memo.referred_id is None else snapshot.documents.get(memo.referred_id)
    if not memo.applies_on_posting or memo.kind is not Kind.CREDIT_MEMO or invoice is None:
        return memo
    amount_minor = min(memo.open_minor, invoice.open_minor)
    if amount_minor == 0 or invoice.status is not Status.POSTED:
        return memo
    return apply_to(snapshot, scope, memo, invoice, amount_minor, application_id, at)


def touched(document: Document, scope: Scope, at: datetime) -> Document:
    """A document with the time of its last change, and who made it."""
    return replace(document, updated_at=at, updated_by=scope.actor_id)
