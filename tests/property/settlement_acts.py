"""What callers may do to settle, drawn without regard to what there is, and then fitted to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import CreateDocument, DraftItem, ItemChange, UpdateDocument
from seriatim.domain.commands.memos import CounterDocument, CreateMemoFromInvoice
from seriatim.domain.commands.settlement import ApplySource, CreatePayment, CreateRefund, Portion, UnapplySource
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.document import Action
from seriatim.domain.numbering import Kind
from tests.factories import SCOPE
from tests.property.settlement_model import (
    BILLING,
    CANCELED,
    DRAFT,
    POSTED,
    PROCESSED,
    SOURCES,
    TARGETS,
    Books,
    Line,
    Part,
    Row,
)

T = TypeVar("T")

ACCOUNTS = {"account-1": ("EUR", 2), "account-2": ("EUR", 2), "account-3": ("JPY", 0), "account-4": ("BHD", 3)}
"""Accounts with their currency, and its decimal places."""
LINES_MAX = 4

PLACE = st.integers(0, 2) | st.integers(0, 40)
"""Which of several: the first ones, which fit best, come up more often."""
MINORS = st.sampled_from((0, 1, 1, 2, 5, 99, 100, 1000, 100_001))
SHARES = st.sampled_from(("rest", "rest", "all", "half", "one", "over", "zero"))
"""How much of what remains; `rest` leaves it to the program."""
PARTS = st.lists(st.tuples(PLACE, SHARES), max_size=1) | st.lists(st.tuples(PLACE, SHARES), max_size=3)
LINES = st.lists(st.tuples(MINORS, st.sampled_from((0, 0, 0, 1, 19))), min_size=1, max_size=LINES_MAX)
CREDITED = st.lists(st.tuples(PLACE, SHARES, st.sampled_from((True, True, True, False))), max_size=2)

Fit = Callable[["Fitting"], "Act | None"]


@dataclass(frozen=True)
class Act:
    """A command, and what it does to the books."""

    command: Command[Any]
    play: Callable[[Books], object]


@dataclass
class Fitting:
    """The books as they are expected to stand, and a source of ids."""

    books: Books
    new_id: Callable[[str], str]

    def rows(self, *kinds: Kind, account: str | None = None) -> list[Row]:
        """Documents of some kinds; those that money can be moved to or from first, and of the account before others."""
        found = [row for row in self.books.rows.values() if row.kind in kinds]
        return sorted(
            found,
            key=lambda row: (
                row.account != (account or row.account),
                row.status not in (POSTED, PROCESSED),
                self.books.open_of(row.id) == 0,
            ),
        )


def pick(found: Sequence[T], place: int) -> T | None:
    return found[place % len(found)] if found else None


def show(minor: int, account: str) -> Decimal | str:
    """An amount as a caller gives it: as a decimal, or as its text."""
    amount = Decimal(minor).scaleb(-ACCOUNTS[account][1])
    return f"{amount:f}" if minor % 2 else amount


def share(remaining: int, how: str) -> int | None:
    return {"rest": None, "all": remaining, "half": remaining // 2, "one": 1, "over": remaining + 1, "zero": 0}[how]


def parts_of(fitting: Fitting, account: str, wanted: list[tuple[int, str]], source: str | None) -> list[Part]:
    """Parts to apply, or with a source to take back."""
    books, parts = fitting.books, []
    for place, how in wanted:
        targets = fitting.rows(*TARGETS, account=account)
        if source is not None:
            targets.sort(key=lambda row: not books.applied.get((source, row.id)))
        target = pick(targets, place)
        if target is not None:
            remaining = books.open_of(target.id) if source is None else books.applied.get((source, target.id), 0)
            parts.append(Part(fitting.new_id("application"), target.id, share(remaining, how)))
    return parts


def portions_of(fitting: Fitting, account: str, parts: list[Part]) -> tuple[Portion, ...]:
    return tuple(
        Portion(
            part.application,
            f"invoices[{index}]",
            fitting.books.rows[part.target].kind,
            part.target,
            None if part.amount is None else show(part.amount, account),
        )
        for index, part in enumerate(parts)
    )


@st.composite
def creating(draw: st.DrawFn) -> Fit:
    kind, account = draw(st.sampled_from(BILLING)), draw(st.sampled_from(tuple(ACCOUNTS)))
    amounts, post = draw(LINES), draw(st.sampled_from((True, True, False)))

    def fit(fitting: Fitting) -> Act:
        key = fitting.new_id("document")
        lines = tuple(Line(fitting.new_id("line"), net, tax) for net, tax in amounts)
        row = Row(key, kind, account, POSTED if post else DRAFT, lines)
        items = tuple(
            DraftItem(line.id, f"items[{place}]", show(line.net, account), tax_amounts=(show(line.tax, account),))
            for place, line in enumerate(lines)
        )
        command = CreateDocument(
            scope=SCOPE,
            document_id=key,
            kind=kind,
            account_keys={"accountId": account},
            items=items,
            items_field="items",
            post=post,
        )
        return Act(command, lambda books: books.create(row))

    return fit


@st.composite
def crediting(draw: st.DrawFn) -> Fit:
    """A memo from an invoice: its mirror, or some lines."""
    kind = draw(st.sampled_from((Kind.CREDIT_MEMO, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO)))
    place, post, applies, wanted = draw(PLACE), draw(st.booleans()), draw(st.booleans()), draw(CREDITED)

    def fit(fitting: Fitting) -> Act | None:
        invoice = pick(fitting.rows(Kind.INVOICE), place)
        if invoice is None:
            return None
        key, account = fitting.new_id("document"), invoice.account
        ids = tuple(fitting.new_id("line") for _ in range(LINES_MAX))
        lines = [Line(ids[0], each.net, each.tax, each.id) for each in invoice.lines]
        lines = [Line(name, each.net, each.tax, each.source) for name, each in zip(ids, lines, strict=False)]
        items: tuple[DraftItem, ...] = ()
        if wanted:
            of_lines = [invoice.lines[at % len(invoice.lines)] for at, _, _ in wanted]
            sources = [line.id if refers else None for line, (_, _, refers) in zip(of_lines, wanted, strict=True)]
            nets = [share(line.net, how) or 0 for line, (_, how, _) in zip(of_lines, wanted, strict=True)]
            lines = [Line(name, net, 0, source) for name, net, source in zip(ids, nets, sources, strict=False)]
            items = tuple(
                DraftItem(each.id, f"items[{at}]", show(each.net, account), source_item_id=each.source)
                for at, each in enumerate(lines)
            )
        status = POSTED if post else DRAFT
        row = Row(key, kind, account, status, tuple(lines), referred=invoice.id, applies=applies)
        command = CreateMemoFromInvoice(
            scope=SCOPE,
            document_id=key,
            kind=kind,
            invoice_key=invoice.id,
            items=items,
            items_field="items",
            mirror_item_ids=ids,
            post=post,
            applies_on_posting=applies,
            application_id=f"by-posting-{key}",
        )
        return Act(command, lambda books: books.from_invoice(row))

    return fit


@st.composite
def paying(draw: st.DrawFn) -> Fit:
    account, minor, wanted = draw(st.sampled_from(tuple(ACCOUNTS))), draw(MINORS.filter(bool)), draw(PARTS)
    is_same = draw(st.sampled_from((True, True, True, False)))

    def fit(fitting: Fitting) -> Act:
        key = fitting.new_id("document")
        parts = parts_of(fitting, account, wanted, None)
        row = Row(key, Kind.PAYMENT, account, PROCESSED, paid=minor)
        currency, places = ACCOUNTS[account]
        command = CreatePayment(
            scope=SCOPE,
            document_id=key,
            account_keys={"accountId": account},
            amount=Decimal(minor).scaleb(-places),
            currency=currency if is_same else "KWD",
            portions=portions_of(fitting, account, parts),
        )
        return Act(command, lambda books: books.pay(row, is_same_currency=is_same, parts=parts))

    return fit


@st.composite
def refunding(draw: st.DrawFn) -> Fit:
    place, how, wanted, unapplies = draw(PLACE), draw(SHARES), draw(PARTS), draw(st.booleans())

    def fit(fitting: Fitting) -> Act | None:
        source = pick(fitting.rows(*SOURCES), place)
        if source is None:
            return None
        key = fitting.new_id("document")
        parts = parts_of(fitting, source.account, wanted, source.id)
        amount = share(fitting.books.open_of(source.id), how)
        row = Row(key, Kind.REFUND, source.account, PROCESSED, referred=source.id)
        command = CreateRefund(
            scope=SCOPE,
            document_id=key,
            source_kind=source.kind,
            source_key=source.id,
            amount=None if amount is None else show(amount, source.account),
            portions=portions_of(fitting, source.account, parts),
            unapplies=unapplies,
        )
        return Act(command, lambda books: books.refund(row, amount, parts, unapplies=unapplies))

    return fit


@st.composite
def moving(draw: st.DrawFn) -> Fit:
    """Applying a credit memo or payment, or taking it back: in part, or all."""
    place, wanted, takes_back = draw(PLACE), draw(PARTS), draw(st.booleans())

    def fit(fitting: Fitting) -> Act | None:
        source = pick(fitting.rows(*SOURCES), place)
        if source is None:
            return None
        key = source.id
        parts = parts_of(fitting, source.account, wanted, key if takes_back else None)
        portions = portions_of(fitting, source.account, parts)
        if takes_back:
            command: Command[Any] = UnapplySource(scope=SCOPE, kind=source.kind, key=key, portions=portions)
            return Act(command, lambda books: books.unapply(key, parts))
        return Act(
            ApplySource(scope=SCOPE, kind=source.kind, key=key, portions=portions),
            lambda books: books.apply(key, parts),
        )

    return fit


@st.composite
def countering(draw: st.DrawFn) -> Fit:
    """Reversing or writing off an invoice or a memo."""
    kind, place, reverses = draw(st.sampled_from(BILLING)), draw(PLACE), draw(st.booleans())

    def fit(fitting: Fitting) -> Act | None:
        # A memo that was made from an invoice leaves room for another when it is reversed.
        rows = sorted(fitting.rows(kind), key=lambda row: row.referred is None or row.status is not POSTED)
        row = pick(rows, place)
        if row is None:
            return None
        key, application = fitting.new_id("document"), fitting.new_id("application")
        line_ids = [fitting.new_id("line") for _ in range(LINES_MAX)]
        counter_kind = Kind.DEBIT_MEMO if kind is Kind.CREDIT_MEMO else Kind.CREDIT_MEMO
        memo = Row(key, counter_kind, row.account, POSTED, referred=row.id)
        command = CounterDocument(
            scope=SCOPE,
            kind=kind,
            key=row.id,
            document_id=key,
            item_ids=tuple(line_ids),
            application_id=application,
            reverses=reverses,
        )
        return Act(command, lambda books: books.counter(memo, line_ids, application, reverses=reverses))

    return fit


@st.composite
def acting(draw: st.DrawFn) -> Fit:
    """Taking a document through a step of its life: one in the right state if there is one, or any."""
    action, kind, place = draw(st.sampled_from(Action)), draw(st.sampled_from(Kind)), draw(PLACE)

    def fit(fitting: Fitting) -> Act | None:
        states = {
            Action.POST: (DRAFT,),
            Action.UNPOST: (POSTED,),
            Action.CANCEL: (DRAFT, PROCESSED),
            Action.DELETE: (CANCELED,),
            Action.SEND: (POSTED,),
            Action.VOID: (DRAFT, POSTED),
            Action.DISCARD: (DRAFT,),
        }
        rows = sorted(
            fitting.rows(kind),
            key=lambda row: (
                row.status not in states[action],
                row.was_posted and action is not Action.UNPOST,
                fitting.books.open_of(row.id) != row.amount,
            ),
        )
        row = pick(rows, place)
        if row is None:
            return None
        key = row.id
        command = TransitionDocument(scope=SCOPE, kind=kind, key=key, action=action, application_id=f"by-posting-{key}")
        return Act(command, lambda books: books.act(key, action))

    return fit


@st.composite
def changing(draw: st.DrawFn) -> Fit:
    """Giving a line of a draft another amount."""
    kind, place, line_place, net = draw(st.sampled_from(BILLING)), draw(PLACE), draw(PLACE), draw(MINORS)

    def fit(fitting: Fitting) -> Act | None:
        row = pick(fitting.rows(kind)[::-1], place)
        if row is None:
            return None
        key, line_id = row.id, row.lines[line_place % len(row.lines)].id
        change = ItemChange(id=line_id, path="items[0]", amount=show(net, row.account))
        command = UpdateDocument(scope=SCOPE, kind=kind, key=key, item_changes=(change,))
        return Act(command, lambda books: books.change(key, line_id, net))

    return fit


FITS: st.SearchStrategy[Fit] = st.one_of(
    creating(),
    creating(),
    crediting(),
    paying(),
    moving(),
    moving(),
    refunding(),
    countering(),
    acting(),
    acting(),
    changing(),
)
