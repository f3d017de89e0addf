"""Settlement: what credits and payments do to what is owed. Exact, in minor units, and never below zero."""

from dataclasses import dataclass, replace
from datetime import datetime

from seriatim.domain.document import Document, Status
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.errors import BrokenRule, Rule

SOURCE_KINDS = frozenset({Kind.CREDIT_MEMO, Kind.PAYMENT})
"""What can be applied, and refunded."""
TARGET_KINDS = frozenset({Kind.INVOICE, Kind.DEBIT_MEMO})
"""What credits and payments are applied to."""
SETTLING_STATUSES = frozenset({Status.POSTED, Status.PROCESSED})
APPLICATIONS_MAX = 1000
"""Documents that one credit memo or payment may be applied to."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a credit memo or payment, or of what it is applied to: the application, and the document beyond it."""

    application: "Application"
    other: Document


@dataclass(frozen=True, slots=True)
class Application:
    """How much of one credit memo or payment is applied to one invoice or debit memo."""

    id: str
    entity_id: str
    source_id: str
    target_id: str
    amount_minor: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


def show_amount(minor: int, document: Document) -> str:
    """An amount of a document as a message shows it: `10.50 EUR`."""
    return f"{to_decimal(minor, document.currency):f} {document.currency}"


def check_settles(document: Document) -> None:
    """Check that a document is in a state in which money may be moved to or from it.

    Raises: BrokenRule.
    """
    if document.status not in SETTLING_STATUSES:
        raise BrokenRule(
            Rule.NOT_SETTLEABLE,
            f"the {document.kind.words} {document.number} is {document.status}; nothing can be applied to or from it "
            "until it is posted",
        )


def check_amount_open(document: Document, amount_minor: int, verb: str) -> None:
    """Check that so much of a document remains.

    Raises: BrokenRule, with the amounts.
    """
    if amount_minor <= 0:
        raise BrokenRule(
            Rule.AMOUNT_NOT_POSITIVE,
            f"{show_amount(amount_minor, document)} cannot be {verb}; give an amount above zero",
        )
    if amount_minor > document.open_minor:
        remaining = show_amount(document.open_minor, document)
        raise BrokenRule(
            Rule.AMOUNT_ABOVE_REMAINING,
            f"{show_amount(amount_minor, document)} cannot be {verb}: only {remaining} of the {document.kind.words} "
            f"{document.number} remain",
        )


def apply_amount(source: Document, target: Document, amount_minor: int) -> tuple[Document, Document]:
    """Both documents as they are after so much of the source is applied to the target.

    Raises: BrokenRule, for a draft, another account or currency, or more than remains of either.
    """
    check_settles(source)
    check_settles(target)
    if source.account_id != target.account_id:
        raise BrokenRule(
            Rule.ACCOUNT_MISMATCH,
            f"the {source.kind.words} {source.number} belongs to the account {source.account_number}, the "
            f"{target.kind.words} {target.number} to {target.account_number}; apply within one account",
        )
    if source.currency != target.currency:
        raise BrokenRule(
            Rule.CURRENCY_MISMATCH,
            f"the {source.kind.words} {source.number} is in {source.currency}, the {target.kind.words} "
            f"{target.number} in {target.currency}; apply within one currency",
        )
    check_amount_open(source, amount_minor, "applied")
    check_amount_open(target, amount_minor, "applied")
    return (
        _applied(source, amount_minor),
        _applied(target, amount_minor),
    )


def unapply_amount(
    source: Document, target: Document, applied_minor: int, amount_minor: int
) -> tuple[Document, Document]:
    """Both documents as they are after so much, of what is applied between them, is taken back.

    Raises: BrokenRule, for more than is applied, or what a reversal has settled for good.
    """
    for document in (source, target):
        if document.is_reversed:
            message = f"the {document.kind.words} {document.number} was reversed, which cannot be taken back"
            raise BrokenRule(Rule.ALREADY_SETTLED, message)
    if amount_minor <= 0:
        message = f"{show_amount(amount_minor, source)} cannot be unapplied; give an amount above zero"
        raise BrokenRule(Rule.AMOUNT_NOT_POSITIVE, message)
    if amount_minor > applied_minor:
        raise BrokenRule(
            Rule.AMOUNT_ABOVE_REMAINING,
            f"{show_amount(amount_minor, source)} cannot be unapplied: only {show_amount(applied_minor, source)} of "
            f"the {source.kind.words} {source.number} are applied to the {target.kind.words} {target.number}",
        )
    return (
        _applied(source, -amount_minor),
        _applied(target, -amount_minor),
    )


def refund_amount(source: Document, amount_minor: int) -> Document:
    """A payment or credit memo as it is after so much of it is paid back; less than zero gives that much back."""
    return replace(
        source,
        refunded_minor=source.refunded_minor + amount_minor,
        balance_changes=source.balance_changes + 1,
    )


def _applied(document: Document, amount_minor: int) -> Document:
    return replace(
        document,
        applied_minor=document.applied_minor + amount_minor,
        balance_changes=document.balance_changes + 1,
    )


def check_untouched(document: Document, action: str) -> None:
    """Check that nothing is applied to or from a document, and nothing of it refunded.

    Raises: BrokenRule, with the amounts.
    """
    if document.applied_minor or document.refunded_minor:
        raise BrokenRule(
            Rule.ALREADY_SETTLED,
            f"the {document.kind.words} {document.number} cannot be {action}: "
            f"{show_amount(document.applied_minor, document)} are applied and "
            f"{show_amount(document.refunded_minor, document)} refunded; take these back first",
        )
