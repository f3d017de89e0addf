"""A plain account of settlement, to hold the program against: every balance is summed from its parts when asked."""

from copy import deepcopy
from dataclasses import dataclass, field, replace

from seriatim.domain.document import Action, Status
from seriatim.domain.numbering import Kind

SOURCES = (Kind.CREDIT_MEMO, Kind.PAYMENT)
TARGETS = (Kind.INVOICE, Kind.DEBIT_MEMO)
BILLING = (*TARGETS, Kind.CREDIT_MEMO)


class Refused(Exception):
    """The books do not allow this."""


def demand(condition: object) -> None:
    if not condition:
        raise Refused


@dataclass(frozen=True)
class Line:
    id: str
    net: int
    tax: int = 0
    source: str | None = None


@dataclass(frozen=True)
class Row:
    """A document, without any balance."""

    id: str
    kind: Kind
    account: str
    status: Status
    lines: tuple[Line, ...] = ()
    paid: int = 0
    """What a payment or refund comes to, which has no lines."""
    referred: str | None = None
    applies: bool = False
    is_reversed: bool = False
    was_posted: bool = False

    @property
    def amount(self) -> int:
        return self.paid + sum(line.net + line.tax for line in self.lines)


@dataclass(frozen=True)
class Part:
    """So much to or from one document; None: as much as can be."""

    application: str
    target: str
    amount: int | None


@dataclass
class Books:
    """All documents, and what is applied between any two of them."""

    rows: dict[str, Row] = field(default_factory=dict)
    applied: dict[tuple[str, str], int] = field(default_factory=dict)
    applications: dict[tuple[str, str], str] = field(default_factory=dict)
    """The id under which the first application between two documents was made."""

    def copy(self) -> "Books":
        return deepcopy(self)

    def row(self, key: str, *kinds: Kind) -> Row:
        demand(key in self.rows and (not kinds or self.rows[key].kind in kinds))
        return self.rows[key]

    def applied_of(self, key: str) -> int:
        return sum(amount for pair, amount in self.applied.items() if key in pair)

    def refunded_of(self, key: str) -> int:
        rows = self.rows.values()
        return sum(r.amount for r in rows if r.kind is Kind.REFUND and r.referred == key and r.status is not CANCELED)

    def open_of(self, key: str) -> int:
        return self.rows[key].amount - self.applied_of(key) - self.refunded_of(key)

    def made_from(self, key: str) -> list[Row]:
        return [row for row in self.rows.values() if row.referred == key and row.status is not CANCELED]

    def credits_of(self, invoice: str) -> list[Row]:
        return [row for row in self.made_from(invoice) if row.kind is Kind.CREDIT_MEMO and not row.is_reversed]

    def check_credits(self, invoice: Row) -> None:
        """No more is credited of an invoice than it and each of its lines come to."""
        memos = self.credits_of(invoice.id)
        demand(sum(memo.amount for memo in memos) <= invoice.amount)
        for line in invoice.lines:
            demand(sum(each.net for memo in memos for each in memo.lines if each.source == line.id) <= line.net)

    def create(self, row: Row) -> None:
        self.rows[row.id] = replace(row, was_posted=row.status is not DRAFT)

    def from_invoice(self, memo: Row) -> None:
        invoice = self.row(memo.referred or "", Kind.INVOICE)
        demand(invoice.status is POSTED)
        self.create(memo)
        if memo.kind is Kind.CREDIT_MEMO:
            self.check_credits(invoice)
            if memo.status is POSTED:
                self._apply_on_posting(memo)

    def _apply_on_posting(self, memo: Row) -> None:
        if memo.applies and memo.referred is not None and memo.kind is Kind.CREDIT_MEMO:
            amount = min(self.open_of(memo.id), self.open_of(memo.referred))
            if amount and self.rows[memo.referred].status is POSTED:
                self._move(memo.id, memo.referred, amount, f"by-posting-{memo.id}")

    def _move(self, source: str, target: str, amount: int, application: str) -> None:
        self.applied[source, target] = self.applied.get((source, target), 0) + amount
        self.applications.setdefault((source, target), application)

    def apply(self, source: str, parts: list[Part]) -> None:
        row = self.row(source, *SOURCES)
        for part in parts:
            target = self.row(part.target, *TARGETS)
            demand(row.status in (POSTED, PROCESSED) and target.status is POSTED and row.account == target.account)
            amount = part.amount
            if amount is None:
                amount = min(self.open_of(source), self.open_of(target.id))
            demand(0 < amount <= min(self.open_of(source), self.open_of(target.id)))
            self._move(source, target.id, amount, part.application)

    def unapply(self, source: str, parts: list[Part]) -> int:
        self.row(source, *SOURCES)
        if not parts:
            parts = [Part("", pair[1], amount) for pair, amount in self.applied.items() if pair[0] == source and amount]
        for part in parts:
            self.row(part.target, *TARGETS)
            applied = self.applied.get((source, part.target), 0)
            amount = applied if part.amount is None else part.amount
            demand(0 < amount <= applied)
            demand(not self.rows[source].is_reversed and not self.rows[part.target].is_reversed)
            self.applied[source, part.target] -= amount
        return sum(part.amount or 0 for part in parts)

    def pay(self, payment: Row, *, is_same_currency: bool, parts: list[Part]) -> None:
        demand(is_same_currency)
        self.create(payment)
        self.apply(payment.id, parts)

    def refund(self, refund: Row, amount: int | None, parts: list[Part], *, unapplies: bool) -> None:
        source = self.row(refund.referred or "", *SOURCES)
        demand(source.status in (POSTED, PROCESSED))
        before = self.applied_of(source.id)
        if parts:
            self.unapply(source.id, parts)
            taken_back = before - self.applied_of(source.id)
            demand(amount in (None, taken_back))
            amount = taken_back
        elif amount is None:
            amount = self.open_of(source.id) + (before if unapplies else 0)
        if unapplies and not parts:
            self._take_back_latest(source.id, amount)
        demand(0 < amount <= self.open_of(source.id))
        self.create(replace(refund, paid=amount, account=source.account))

    def _take_back_latest(self, source: str, amount: int) -> None:
        made = [(name, pair) for pair, name in self.applications.items() if pair[0] == source and self.applied[pair]]
        for _, pair in sorted(made, reverse=True):
            taken = min(amount, self.applied[pair])
            if taken > 0:
                self.unapply(source, [Part("", pair[1], taken)])
                amount -= taken

    def counter(self, memo: Row, line_ids: list[str], application: str, *, reverses: bool) -> None:
        row = self.row(memo.referred or "", *BILLING)
        demand(row.status is POSTED and not row.is_reversed)
        remaining = self.open_of(row.id)
        if reverses or row.kind is Kind.CREDIT_MEMO:
            demand(self.applied_of(row.id) == 0 and self.refunded_of(row.id) == 0)
        demand(reverses or remaining > 0)
        lines: tuple[Line, ...] = (Line(line_ids[0], remaining),)
        if remaining == row.amount:
            pairs = zip(row.lines, line_ids, strict=False)
            lines = tuple(replace(line, id=line_id, source=line.id) for line, line_id in pairs)
        self.create(replace(memo, account=row.account, lines=lines))
        if row.kind is Kind.INVOICE:
            self.check_credits(row)
        source, target = (memo.id, row.id) if row.kind in TARGETS else (row.id, memo.id)
        if remaining:
            self._move(source, target, remaining, application)
        self.rows[row.id] = replace(row, is_reversed=reverses)

    def act(self, key: str, action: Action) -> None:
        row = self.row(key)
        if action is Action.POST:
            demand(row.kind in BILLING and row.status is DRAFT)
            self.rows[key] = replace(row, status=POSTED, was_posted=True)
            self._apply_on_posting(row)
        elif action is Action.UNPOST:
            demand(row.kind in BILLING and row.status is POSTED)
            demand(self.open_of(key) == row.amount and not self.made_from(key))
            self.rows[key] = replace(row, status=DRAFT)
        elif action is Action.CANCEL:
            demand(row.status is (DRAFT if row.kind in BILLING else PROCESSED))
            demand(row.kind is Kind.REFUND or self.open_of(key) == row.amount)
            self.rows[key] = replace(row, status=CANCELED)
        elif action is Action.SEND:
            demand(row.kind in NOTES and row.status is POSTED)
        elif action is Action.VOID:
            demand(row.kind in NOTES and row.status in (DRAFT, POSTED))
            demand(self.open_of(key) == row.amount and not self.made_from(key))
            # A draft takes a number for it, so from then on it counts as issued.
            self.rows[key] = replace(row, status=CANCELED, was_posted=True)
        else:
            demand(row.status is CANCELED if action is Action.DELETE else row.kind in NOTES and row.status is DRAFT)
            demand(not row.was_posted)
            del self.rows[key]

    def change(self, key: str, line_id: str, net: int) -> None:
        row = self.row(key)
        demand(row.status is DRAFT)
        lines = tuple(replace(line, net=net) if line.id == line_id else line for line in row.lines)
        self.rows[key] = replace(row, lines=lines)
        if row.kind is Kind.CREDIT_MEMO and row.referred is not None:
            self.check_credits(self.rows[row.referred])


NOTES = (Kind.INVOICE, Kind.CREDIT_MEMO)
DRAFT, POSTED, PROCESSED, CANCELED = Status.DRAFT, Status.POSTED, Status.PROCESSED, Status.CANCELED
