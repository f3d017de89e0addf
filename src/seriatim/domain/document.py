"""Billing documents, their states, and the one table of what may become of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.particulars import LineDetails, Particulars
from seriatim.domain.values import value
from seriatim.errors import BrokenRule, Rule

ITEMS_MAX = 1000
"""Items of one document (Zuora documents the same limit)."""

TAXES_FIELD = "taxItems"
"""The kept field of a line that has its taxes one by one, each with an `id` and a `taxAmount`."""


class Status(StrEnum):
    """The states of a document."""

    DRAFT = "draft"
    POSTED = "posted"
    PROCESSED = "processed"
    """What a payment and a refund are from the start: money has moved."""
    CANCELED = "canceled"

    # As with `Kind`: looked up several times a document.
    __hash__ = str.__hash__


DRAFT, POSTED = Status.DRAFT, Status.POSTED
"""Bound once for what is done with every document: before Python 3.12, `Status.DRAFT` takes as long as two calls."""


class Stage(StrEnum):
    """The states of an invoice or credit memo as Sequence names them: it tells apart what was sent."""

    DRAFT = "DRAFT"
    FINAL = "FINAL"
    SENT = "SENT"
    VOIDED = "VOIDED"


class PaymentStatus(StrEnum):
    """How far an invoice is settled, as Sequence names it."""

    UNPAID = "UNPAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"


class Action(StrEnum):
    """What a caller may ask of a document."""

    POST = "post"
    UNPOST = "unpost"
    CANCEL = "cancel"
    DELETE = "delete"
    """What Zuora calls deleting: a canceled document that never had a number goes."""
    SEND = "send"
    """By mail, or in whatever way the caller says it was done."""
    VOID = "void"
    """What Sequence calls canceling: also what is issued, and a draft takes a number for it."""
    DISCARD = "discard"
    """What Sequence calls deleting: a draft that never had a number goes."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the life of a kind: the states in which an action is allowed, and where it leads."""

    action: Action
    from_statuses: tuple[Status, ...]
    to_status: Status | None
    """None: the document is removed."""


_BILLING_LIFE = (
    Transition(Action.POST, (Status.DRAFT,), Status.POSTED),
    Transition(Action.UNPOST, (Status.POSTED,), Status.DRAFT),
    Transition(Action.CANCEL, (Status.DRAFT,), Status.CANCELED),
    Transition(Action.DELETE, (Status.CANCELED,), None),
)
_NOTE_LIFE = (
    *_BILLING_LIFE,
    Transition(Action.SEND, (Status.POSTED,), Status.POSTED),
    Transition(Action.VOID, (Status.DRAFT, Status.POSTED), Status.CANCELED),
    Transition(Action.DISCARD, (Status.DRAFT,), None),
)
"""What Sequence speaks of has its steps besides Zuora's."""
_MONEY_LIFE = (
    Transition(Action.CANCEL, (Status.PROCESSED,), Status.CANCELED),
    Transition(Action.DELETE, (Status.CANCELED,), None),
)
TRANSITIONS: Mapping[Kind, tuple[Transition, ...]] = {
    Kind.INVOICE: _NOTE_LIFE,
    Kind.CREDIT_MEMO: _NOTE_LIFE,
    Kind.DEBIT_MEMO: _BILLING_LIFE,
    Kind.PAYMENT: _MONEY_LIFE,
    Kind.REFUND: _MONEY_LIFE,
}
"""The life of each kind. The APIs, the console and the documentation read this table."""


@value(frozen=True, slots=True)
class Item:
    """One line of a document, in minor units of the document's currency."""

    id: str
    amount_minor: int
    """Without tax, and less its discount."""
    tax_minor: int = 0
    quantity: Decimal | None = None
    description: str = ""
    service_start_date: date | None = None
    service_end_date: date | None = None
    source_item_id: str | None = None
    """The line of the document that this one was made from."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor documents and Seriatim does not act on."""
    discount_minor: int = 0
    """What was taken off the price: the caller's amount is that much higher."""
    is_tax_included: bool = False
    """Whether the caller's amount has the tax in it."""
    details: LineDetails | None = None
    """Of a line that is quantity times rate, with its tax a share of that: how it came about."""


@value(frozen=True, slots=True)
class Document:
    """A billing document. `series` and `ordinal` are None until it has a number of a series; then they stay."""

    id: str
    kind: Kind
    entity_id: str
    org_id: str | None
    account_id: str
    account_number: str
    number: str
    series: SeriesKey | None
    ordinal: int | None
    number_given: bool
    """Whether the caller chose the number: it then belongs to no series."""
    sequence_set_id: str
    """The set that numbers this document, pinned when it was created."""
    status: Status
    currency: str
    document_date: date
    amount_minor: int
    """The total of all items, with tax."""
    items: tuple[Item, ...]
    fields: Mapping[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    posted_at: datetime | None = None
    posted_by: str | None = None
    due_date: date | None = None
    tax_minor: int = 0
    """The tax within the amount."""
    referred_id: str | None = None
    """The document that this one was made from: of a refund the payment or credit memo that it pays back."""
    applies_on_posting: bool = False
    """Whether posting this credit memo applies it to the invoice that it was made from."""
    particulars: Particulars | None = None
    """What is said besides lines and amounts, by documents that carry it themselves; the others' is their account's."""
    canceled_at: datetime | None = None
    canceled_by: str | None = None
    applied_minor: int = 0
    """Of a credit memo or payment: what is applied elsewhere. Of an invoice or debit memo: what is applied to it."""
    refunded_minor: int = 0
    """Of a credit memo or payment: what was paid back."""
    is_reversed: bool = False
    """Whether a counter-document was made that takes all of this one back."""
    sent_at: datetime | None = None
    """When it was first sent to the customer."""
    sent_by: str | None = None
    balance_changes: int = 0
    """How often what remains of it has changed since it was created."""
    is_uncollectible: bool = False
    """Whether somebody has said that what remains of this invoice will not be paid."""

    @property
    def stage(self) -> "Stage":
        """Where it stands, as Sequence counts the steps."""
        if self.status is Status.DRAFT:
            return Stage.DRAFT
        if self.status is Status.CANCELED:
            return Stage.VOIDED
        return Stage.FINAL if self.sent_at is None else Stage.SENT

    @property
    def payment_status(self) -> "PaymentStatus":
        """How far an invoice is settled, as Sequence names it."""
        if self.is_uncollectible and self.open_minor:
            return PaymentStatus.UNCOLLECTIBLE
        if self.status is not Status.POSTED or not self.applied_minor + (not self.amount_minor):
            return PaymentStatus.UNPAID
        return PaymentStatus.PARTIALLY_PAID if self.open_minor else PaymentStatus.PAID

    @property
    def open_minor(self) -> int:
        """What remains: of an invoice or debit memo the balance, of a credit memo or payment the unapplied amount."""
        return self.amount_minor - self.applied_minor - self.refunded_minor

    @property
    def has_issued_number(self) -> bool:
        """Whether the document carries a number of a series, which nothing takes from it."""
        return self.ordinal is not None


def find_transition(document: Document, action: Action) -> Transition:
    """The transition that `action` means for this document now.

    Raises: BrokenRule, naming the state it is in and those in which the action is allowed.
    """
    for transition in TRANSITIONS[document.kind]:
        if transition.action is action:
            if document.status in transition.from_statuses:
                return transition
            allowed = " or ".join(transition.from_statuses)
            raise BrokenRule(
                Rule.TRANSITION_NOT_ALLOWED,
                f"the {document.kind.words} {document.number} is {document.status}; "
                f"{action} is allowed only while it is {allowed}",
            )
    raise BrokenRule(Rule.TRANSITION_NOT_ALLOWED, f"a {document.kind.words} knows no action {action}")
