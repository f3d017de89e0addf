"""Applying and taking back credits and payments; taking in payments, and paying back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from seriatim.domain.account import check_takes_currency
from seriatim.domain.client import Scope
from seriatim.domain.commands.applying import apply_to, touched
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.documents import find_document, named_account
from seriatim.domain.commands.opening import open_document, opening_needs, set_of_account
from seriatim.domain.document import Document, Status
from seriatim.domain.money import check_currency, to_minor
from seriatim.domain.numbering import Kind, check_given_number
from seriatim.domain.settlement import (
    APPLICATIONS_MAX,
    check_amount_open,
    check_settles,
    refund_amount,
    show_amount,
    unapply_amount,
)
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import InternalError, InvalidValue


@dataclass(frozen=True, slots=True)
class Portion:
    """How much to apply to, or take back from, one invoice or debit memo."""

    id: str
    """The id of the application, where it is a new one."""
    path: str
    """Where the request has it, for messages: `invoices[0]`."""
    kind: Kind
    key: str
    """Id or number of the invoice or debit memo."""
    amount: Decimal | int | str | None
    """None: as much as can be."""


def _check_portions(portions: tuple[Portion, ...]) -> None:
    if len(portions) > APPLICATIONS_MAX:
        rule = f"give at most {APPLICATIONS_MAX} invoices and debit memos at once"
        raise InvalidValue("invoices", f"a list of {len(portions)}", rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MovePortions(ScopedCommand[Document]):
    """What applying and taking back have in common: a credit memo or payment, and portions of it."""

    kind: Kind
    key: str
    portions: tuple[Portion, ...] = ()

    def __post_init__(self) -> None:
        _check_portions(self.portions)

    def needs(self, needs: Needs) -> None:
        """The source with its applications, and the targets."""
        entity_id = self.scope.entity_id
        needs.documents.add((entity_id, self.key))
        needs.applications_from.add((entity_id, self.key))
        needs.documents.update((entity_id, portion.key) for portion in self.portions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySource(_MovePortions):
    """Apply a posted credit memo or a payment to invoices and debit memos of the same account, all or none."""

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return f"apply {self.kind.words}"

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, for a draft, another account or currency, or more than remains."""
        source = find_document(snapshot, self.scope, self.kind, self.key)
        return apply_portions(snapshot, self.scope, source, self.portions, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnapplySource(_MovePortions):
    """Take back what a credit memo or payment is applied to; without portions all of it."""

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return f"unapply {self.kind.words}"

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, for more than is applied."""
        source = find_document(snapshot, self.scope, self.kind, self.key)
        return unapply_portions(snapshot, self.scope, source, self.portions, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePayment(ScopedCommand[Document]):
    """Take in a payment from outside, and apply it at once to what it names. It has its number from now on."""

    document_id: str
    account_keys: Mapping[str, str]
    amount: Decimal | int | str
    currency: str
    number: str | None = None
    document_date: date | None = None
    portions: tuple[Portion, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if self.number is not None:
            check_given_number(self.number)
        _check_portions(self.portions)
        if to_minor(self.amount, self.currency, "amount") <= 0:
            raise InvalidValue("amount", self.amount, "give an amount above zero")

    def needs(self, needs: Needs) -> None:
        """The account with its set, DEFAULT, and the targets."""
        entity_id = self.scope.entity_id
        needs.accounts.update((entity_id, key) for key in self.account_keys.values())
        needs.documents.update((entity_id, portion.key) for portion in self.portions)
        opening_needs(needs, entity_id, Kind.PAYMENT, self.number)

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, for another currency, or more than remains."""
        account = named_account(snapshot, self.scope, self.account_keys)
        check_takes_currency(account, self.currency)
        payment = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=Kind.PAYMENT,
            account=account,
            pinned=set_of_account(snapshot, account),
            currency=self.currency,
            amount_minor=to_minor(self.amount, self.currency, "amount"),
            status=Status.PROCESSED,
            number=self.number,
            document_date=self.document_date,
            fields=self.fields,
        )
        return apply_portions(snapshot, self.scope, payment, self.portions, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRefund(ScopedCommand[Document]):
    """Pay back, outside, what remains of a payment or a credit memo; `portions` are taken back first."""

    document_id: str
    source_kind: Kind
    source_key: str
    amount: Decimal | int | str | None
    """None: what the portions come to, or without portions all that is left."""
    document_date: date | None = None
    portions: tuple[Portion, ...] = ()
    unapplies: bool = False
    """Whether, without portions, as much is taken back as is refunded: what was applied last is taken back first."""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_portions(self.portions)

    def needs(self, needs: Needs) -> None:
        """The source with its applications and its account, DEFAULT, and the targets."""
        entity_id = self.scope.entity_id
        needs.documents.add((entity_id, self.source_key))
        needs.accounts_of_documents.add((entity_id, self.source_key))
        needs.documents.update((entity_id, portion.key) for portion in self.portions)
        if self.portions or self.unapplies:
            needs.applications_from.add((entity_id, self.source_key))
        opening_needs(needs, entity_id, Kind.REFUND)

    def decide(self, snapshot: Snapshot, at: datetime) -> Document:
        """Raises: NotFound; BrokenRule, for a draft, or more than remains; InvalidValue, for the date or the amount."""
        source = find_document(snapshot, self.scope, self.source_kind, self.source_key)
        check_settles(source)
        account = snapshot.accounts.get(source.account_id)
        if account is None:
            raise InternalError
        # Zuora, POST_RefundPayment: "The date of the refund cannot be before the payment date."
        if self.document_date is not None and self.document_date < source.document_date:
            rule = (
                f"the {source.kind.words} {source.number} is of {source.document_date}; give that date or a later one"
            )
            raise InvalidValue("refundDate", self.document_date, rule)
        source, amount_minor = self._unapplied(snapshot, source, at)
        check_amount_open(source, amount_minor, "refunded")
        refund = open_document(
            snapshot,
            self.scope,
            at,
            document_id=self.document_id,
            kind=Kind.REFUND,
            account=account,
            pinned=set_of_account(snapshot, account),
            currency=source.currency,
            amount_minor=amount_minor,
            status=Status.PROCESSED,
            document_date=self.document_date,
            referred_id=source.id,
            fields=self.fields,
        )
        paid_back = refund_amount(source, amount_minor)
        snapshot.documents.put(source.id, touched(paid_back, self.scope, at))
        return refund

    def _unapplied(self, snapshot: Snapshot, source: Document, at: datetime) -> tuple[Document, int]:
        """The source after what has to be is taken back, and what is to be refunded."""
        amount_minor = None if self.amount is None else to_minor(self.amount, source.currency, "totalAmount")
        if self.portions:
            applied_before_minor = source.applied_minor
            source = unapply_portions(snapshot, self.scope, source, self.portions, at)
            unapplied_minor = applied_before_minor - source.applied_minor
            if amount_minor not in (None, unapplied_minor):
                rule = f"the invoices and debit memos come to {show_amount(unapplied_minor, source)}; give as much"
                raise InvalidValue("totalAmount", self.amount, rule)
            return source, unapplied_minor
        if amount_minor is None:
            amount_minor = source.open_minor + (source.applied_minor if self.unapplies else 0)
        if self.unapplies:
            source = _unapply_latest(snapshot, self.scope, source, amount_minor, at)
        return source, amount_minor


def apply_portions(
    snapshot: Snapshot, scope: Scope, source: Document, portions: tuple[Portion, ...], at: datetime
) -> Document:
    """Apply a source portion by portion; the source as it then is.

    Raises: NotFound, BrokenRule, InvalidValue.
    """
    for portion in portions:
        target = find_document(snapshot, scope, portion.kind, portion.key)
        if portion.amount is None:
            amount_minor = min(source.open_minor, target.open_minor)
        else:
            amount_minor = to_minor(portion.amount, source.currency, f"{portion.path}.amount")
        source = apply_to(snapshot, scope, source, target, amount_minor, portion.id, at)
    return source


def unapply_portions(
    snapshot: Snapshot, scope: Scope, source: Document, portions: tuple[Portion, ...], at: datetime
) -> Document:
    """Take back a source portion by portion, without portions all of it; the source as it then is.

    Raises: NotFound, BrokenRule, InvalidValue.
    """
    if not portions:
        for application in list(snapshot.applications):
            if application.source_id == source.id and application.amount_minor:
                target = snapshot.documents.get(application.target_id)
                if target is None:
                    raise InternalError
                source = take_back(snapshot, scope, source, target, application.amount_minor, at)
        return source
    for portion in portions:
        target = find_document(snapshot, scope, portion.kind, portion.key)
        if portion.amount is None:
            known = snapshot.applications.get((source.id, target.id))
            amount_minor = 0 if known is None else known.amount_minor
        else:
            amount_minor = to_minor(portion.amount, source.currency, f"{portion.path}.amount")
        source = take_back(snapshot, scope, source, target, amount_minor, at)
    return source


def _unapply_latest(snapshot: Snapshot, scope: Scope, source: Document, amount_minor: int, at: datetime) -> Document:
    """Take back so much of what a source is applied to, or all if that is less; what was applied last first."""
    applications = [each for each in snapshot.applications if each.source_id == source.id and each.amount_minor]
    for application in sorted(applications, key=lambda each: (each.created_at, each.id), reverse=True):
        if amount_minor <= 0:
            break
        target = snapshot.documents.get(application.target_id)
        if target is None:
            raise InternalError
        taken_minor = min(amount_minor, application.amount_minor)
        source = take_back(snapshot, scope, source, target, taken_minor, at)
        amount_minor -= taken_minor
    return source


def take_back(
    snapshot: Snapshot, scope: Scope, source: Document, target: Document, amount_minor: int, at: datetime
) -> Document:
    """Take back so much of what a source is applied to a target; the source as it then is.

    Raises: BrokenRule, for more than is applied.
    """
    key = (source.id, target.id)
    known = snapshot.applications.get(key)
    applied_minor = 0 if known is None else known.amount_minor
    source, target = unapply_amount(source, target, applied_minor, amount_minor)
    source, target = touched(source, scope, at), touched(target, scope, at)
    snapshot.documents.put(source.id, source)
    snapshot.documents.put(target.id, target)
    if known is not None:
        shrunk = replace(known, amount_minor=applied_minor - amount_minor, updated_at=at, updated_by=scope.actor_id)
        snapshot.applications.put(key, shrunk)
    return source
