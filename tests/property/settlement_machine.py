"""A machine that settles in every way there is, and compares the store with a plain account after every step."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.bulk import Refused as RefusedOne
from seriatim.domain.commands.bulk import Several
from seriatim.domain.decide import Replay, Result
from seriatim.domain.document import Document
from seriatim.domain.numbering import Kind
from seriatim.errors import InternalError, KeyReused, SeriatimError, Unavailable
from seriatim.service.ports import DocumentQuery, OpenAmount
from seriatim.service.verification import judge_all
from seriatim.service.writer import Writer
from tests.factories import ENTITY_ID, create_account, create_entity, keyed, run
from tests.fakes import FixedClock, NullObserver
from tests.property.crashing import Crashing
from tests.property.settlement_acts import ACCOUNTS, FITS, Act, Fit, Fitting
from tests.property.settlement_model import CANCELED, DRAFT, SOURCES, TARGETS, Books, Refused

T = TypeVar("T")
DOCUMENTS_MAX = 10_000


class SettlementMachine(Crashing):
    """The rules; where the store comes from and how it crashes is for a subclass to say."""

    keys: Bundle[tuple[Command[Any], str, bytes]] = Bundle("keys")
    """A command with the idempotency key it came with, and the answer it got."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FixedClock()
        self.observer = NullObserver()
        self.ids = 0
        self.books = Books()
        self.numbers: dict[str, str] = {}
        """Id of a document to the number of a series that it was seen with."""
        self.store = self.run(self.make_store())
        self.writer = Writer(self.store, self.clock, self.observer)

    def teardown(self) -> None:
        self.run(self.abandon())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def new_id(self, noun: str) -> str:
        self.ids += 1
        return f"{noun}-{self.ids:06}"

    def play(self, books: Books, act: Act) -> Books | None:
        """The books after an act; None where they do not allow it."""
        after = books.copy()
        try:
            act.play(after)
        except Refused:
            return None
        return after

    def fit(self, fits: list[Fit]) -> tuple[list[Act], list[bool], Books]:
        """Acts that follow one another, which of them are allowed, and the books after those."""
        books, acts, allowed = self.books, list[Act](), list[bool]()
        for fit in fits:
            act = fit(Fitting(books, self.new_id))
            if act is not None:
                after = self.play(books, act)
                note(f"{'allowed' if after else 'refused'}: {act.command}")
                acts.append(act)
                allowed.append(after is not None)
                books = after or books
        return acts, allowed, books

    def check_result(self, result: Result, *, is_allowed: bool) -> None:
        """The program says yes to what the books allow, and to nothing else."""
        assert result.error is None or isinstance(result.error, SeriatimError), repr(result.error)
        assert not isinstance(result.error, InternalError | Unavailable), repr(result.error)
        assert (result.error is None) == is_allowed, repr(result.error or result.outcome)

    @initialize()
    def found(self) -> None:
        self.run(run(self.store, create_entity()))
        for account_id, (currency, _) in ACCOUNTS.items():
            self.run(run(self.store, create_account(account_id=account_id, currency=currency)))

    @rule(fit=FITS)
    def do(self, fit: Fit) -> None:
        acts, allowed, books = self.fit([fit])
        for act, is_allowed in zip(acts, allowed, strict=True):
            before = self.run(self.observe())
            self.check_result(self.run(self.writer.submit(act.command)), is_allowed=is_allowed)
            self.books = books
            assert is_allowed or self.run(self.observe()) == before

    @rule(fits=st.lists(FITS, min_size=1, max_size=6), all_or_none=st.booleans())
    def do_several(self, fits: list[Fit], *, all_or_none: bool) -> None:
        acts, allowed, books = self.fit(fits)
        if not acts:
            return
        before = self.run(self.observe())
        command = Several("documents", [act.command for act in acts], all_or_none)
        result = self.run(self.writer.submit(command))
        if all_or_none:
            self.check_result(result, is_allowed=all(allowed))
        else:
            self.check_result(result, is_allowed=True)
            assert [not isinstance(one, RefusedOne) for one in result.outcome] == allowed
        if all(allowed) or not all_or_none:
            self.books = books
        if not any(allowed) or (all_or_none and not all(allowed)):
            assert self.run(self.observe()) == before

    @rule(fits=st.lists(FITS, min_size=2, max_size=6))
    def do_together(self, fits: list[Fit]) -> None:
        """Commands that come at the same time are carried out one after another, in the order in which they came."""
        acts, allowed, self.books = self.fit(fits)

        async def together() -> list[Result]:
            return await asyncio.gather(*(self.writer.submit(act.command) for act in acts))

        for result, is_allowed in zip(self.run(together()), allowed, strict=True):
            self.check_result(result, is_allowed=is_allowed)

    @rule(target=keys, fit=FITS)
    def do_with_key(self, fit: Fit) -> Any:
        act = fit(Fitting(self.books, self.new_id))
        if act is None:
            return None
        after, key = self.play(self.books, act), self.new_id("key")
        note(f"{'allowed' if after else 'refused'}, with {key}: {act.command}")
        result = self.run(self.writer.submit(act.command, keyed(key)))
        self.check_result(result, is_allowed=after is not None)
        self.books = after or self.books
        assert result.answer is not None
        return act.command, key, result.answer.body

    @rule(kept=keys.filter(bool), is_same=st.booleans())
    def send_again(self, kept: tuple[Command[Any], str, bytes], *, is_same: bool) -> None:
        command, key, body = kept
        before = self.run(self.observe())
        again = keyed(key) if is_same else keyed(key, fingerprint="another")
        result = self.run(self.writer.submit(command, again))
        assert self.run(self.observe()) == before
        if is_same:
            assert isinstance(result.outcome, Replay)
            assert result.outcome.body == body
        else:
            assert isinstance(result.error, KeyReused)

    @rule(fits=st.lists(FITS, min_size=1, max_size=4))
    def crash_and_retry(self, fits: list[Fit]) -> None:
        """However much of a crashed batch was kept, sending it again does everything once."""
        acts, allowed, self.books = self.fit(fits)
        if not acts:
            return
        commands = {self.new_id("key"): act.command for act in acts}
        self.run(self.crash_during(commands))
        for (key, command), is_allowed in zip(commands.items(), allowed, strict=True):
            first = self.run(self.writer.submit(command, keyed(key)))
            again = self.run(self.writer.submit(command, keyed(key)))
            assert isinstance(again.outcome, Replay)
            assert (again.outcome.status == 200) == is_allowed
            if isinstance(first.outcome, Replay):
                assert first.outcome == again.outcome

    async def list_all(self) -> list[Document]:
        return [
            document
            for kind in Kind
            for document in await self.store.list_documents(
                DocumentQuery(entity_id=ENTITY_ID, kind=kind, limit=DOCUMENTS_MAX)
            )
        ]

    async def observe(self) -> tuple[Any, ...]:
        """Everything that can be read."""
        documents = await self.list_all()
        parts = [await self.store.list_parts(document.id) for document in documents if document.kind in SOURCES]
        opens = [await self.store.list_open_amounts(account_id) for account_id in ACCOUNTS]
        return documents, parts, opens, await self.store.audit()

    @invariant()
    def everything_adds_up(self) -> None:
        self.the_store_agrees_with_the_books()
        self.applications_are_those_of_the_books()
        self.nothing_falls_below_zero_and_nothing_is_lost()
        self.all_five_series_are_gapless()

    def the_store_agrees_with_the_books(self) -> None:
        documents = {document.id: document for document in self.run(self.list_all())}
        assert documents.keys() == self.books.rows.keys()
        for key, document in documents.items():
            row = self.books.rows[key]
            lines = [(line.id, line.net, line.tax, line.source) for line in row.lines]
            assert [
                (item.id, item.amount_minor, item.tax_minor, item.source_item_id) for item in document.items
            ] == lines
            assert (document.kind, document.account_id, document.status) == (row.kind, row.account, row.status)
            assert (document.amount_minor, document.tax_minor) == (row.amount, sum(line.tax for line in row.lines))
            assert document.currency == ACCOUNTS[row.account][0]
            assert document.applied_minor == self.books.applied_of(key)
            assert document.refunded_minor == self.books.refunded_of(key)
            assert (document.referred_id, document.is_reversed) == (row.referred, row.is_reversed)

    def applications_are_those_of_the_books(self) -> None:
        for key, row in self.books.rows.items():
            if row.kind in SOURCES:
                kept = {
                    part.application.target_id: part.application.amount_minor
                    for part in self.run(self.store.list_parts(key))
                }
                booked = {pair[1]: amount for pair, amount in self.books.applied.items() if pair[0] == key and amount}
                assert kept == booked

    def nothing_falls_below_zero_and_nothing_is_lost(self) -> None:
        rows = self.books.rows
        for key, row in rows.items():
            assert self.books.open_of(key) >= 0
            if row.status in (CANCELED, DRAFT) and row.kind is not Kind.REFUND:
                assert self.books.applied_of(key) == self.books.refunded_of(key) == 0
            if row.kind is Kind.INVOICE:
                self.books.check_credits(row)
        for account_id, (currency, _) in ACCOUNTS.items():
            opens = self.run(self.store.list_open_amounts(account_id))
            settled = [
                row for row in rows.values() if row.account == account_id and row.status not in (DRAFT, CANCELED)
            ]
            remaining = {kind: sum(self.books.open_of(row.id) for row in settled if row.kind is kind) for kind in Kind}
            assert opens == [OpenAmount(kind, currency, total) for kind, total in sorted(remaining.items()) if total]
            # What was billed less what is still owed, and what came in less what is still to be used and was paid back.
            owed = [row for row in settled if row.kind in TARGETS]
            settled_of_owed = sum(row.amount - self.books.open_of(row.id) for row in owed)
            used = [row for row in settled if row.kind in SOURCES]
            spent = sum(row.amount - self.books.open_of(row.id) - self.books.refunded_of(row.id) for row in used)
            assert settled_of_owed == spent

    def all_five_series_are_gapless(self) -> None:
        verification = judge_all(self.run(self.store.audit()))
        assert verification.is_gapless, [each.problems for each in verification.verdicts if each.problems]
        documents = self.run(self.list_all())
        for document in documents:
            assert document.has_issued_number == self.books.rows[document.id].was_posted
            if document.has_issued_number:
                assert self.numbers.setdefault(document.id, document.number) == document.number
        assert self.numbers.keys() <= {document.id for document in documents}
        for kind in Kind:
            ordinals = sorted(each.ordinal for each in documents if each.kind is kind and each.ordinal is not None)
            assert ordinals == list(range(1, len(ordinals) + 1))
