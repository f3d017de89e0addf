"""A machine that does to a store whatever callers may do, and proves after every step that the numbering holds."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from seriatim.domain.client import Scope
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import CreateDocument
from seriatim.domain.commands.sequence_sets import (
    CreateSequenceSets,
    DeleteSequenceSet,
    NumberingChange,
    UpdateSequenceSet,
)
from seriatim.domain.decide import Replay, Result
from seriatim.domain.document import TRANSITIONS, Action, Document
from seriatim.domain.entity import NumberOn
from seriatim.domain.numbering import Kind, ceiling, ordinal_of, prefixes_reading_as
from seriatim.domain.sequence_set import Numbering, SetView
from seriatim.errors import InternalError, KeyReused, SeriatimError, Unavailable
from seriatim.service.ports import DocumentQuery, Store
from seriatim.service.verification import judge_all
from seriatim.service.writer import Writer
from tests.factories import create_account, create_entity, create_memo, keyed, new_set, run, transition
from tests.fakes import FixedClock, NullObserver

T = TypeVar("T")

ENTITIES = ("entity-1", "entity-2")
KINDS = (Kind.CREDIT_MEMO, Kind.INVOICE, Kind.PAYMENT)

# Few prefixes that continue each other with digits, and starts just below the ceilings that follow from that.
PREFIXES = st.sampled_from(("A", "A1", "A12", "A2", "B", "B1", "CM", "INV"))
PAYMENT_PREFIXES = st.sampled_from(("A", "B", "Q-", "P-"))
STARTS = st.sampled_from(
    (1, 1, 1, 2, 9, 99_999_998, 99_999_999, 100_000_000, 199_999_999, 1_199_999_999, 10**18 - 2, 10**18 - 1)
)
GIVEN_NUMBERS = st.sampled_from(
    ("A00000003", "A100000002", "A1200000001", "B00000001", "B100000009", "CM00000002", "Q-00000001", "G-1", "12345678")
)
NAMES = st.sampled_from(("N0", "N1", "N2", "N3"))
NUMBERINGS = st.fixed_dictionaries(
    {Kind.CREDIT_MEMO: st.builds(Numbering, PREFIXES, STARTS)},
    optional={
        Kind.INVOICE: st.builds(Numbering, PREFIXES, STARTS),
        Kind.PAYMENT: st.builds(Numbering, PAYMENT_PREFIXES, STARTS),
    },
)

GONE = (Action.DELETE, Action.DISCARD)


class NumberingMachine(RuleBasedStateMachine):
    """The rules; where the store comes from and how it crashes is for a subclass to say."""

    sets: Bundle[tuple[str, str]] = Bundle("sets")
    """(entity id, set id)"""
    accounts: Bundle[tuple[str, str]] = Bundle("accounts")
    documents: Bundle[tuple[str, Kind, str]] = Bundle("documents")
    keys: Bundle[tuple[Command[Any], str, bytes]] = Bundle("keys")
    """A command with the idempotency key it came with, and the answer it got."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FixedClock()
        self.observer = NullObserver()
        self.ids = 0
        self.numbers: dict[tuple[str, str], str] = {}
        """(entity id, number) that was acknowledged, to the id of its document."""
        self.kinds: dict[tuple[str, str], Kind] = {}
        """(entity id, prefix) to the kind that it was first seen to serve."""
        self.store: Store = self.run(self.make_store())
        self.writer = Writer(self.store, self.clock, self.observer)

    async def make_store(self) -> Store:
        raise NotImplementedError

    async def crash_during(self, commands: Mapping[str, Command[Any]]) -> None:
        """Submit commands, each with a key, and crash meanwhile; `self.store` and `self.writer` then work again."""
        raise NotImplementedError

    async def abandon(self) -> None:
        await self.writer.close()
        await self.store.close()

    def teardown(self) -> None:
        self.run(self.abandon())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def new_id(self, noun: str) -> str:
        self.ids += 1
        return f"{noun}-{self.ids}"

    def draft(self, account: tuple[str, str], kind: Kind = Kind.CREDIT_MEMO, **over: Any) -> CreateDocument:
        entity_id, account_id = account
        keys = {"accountId": account_id}
        over = {"scope": scope_of(entity_id), "account_keys": keys, "kind": kind} | over
        return create_memo(document_id=self.new_id("document"), **over)

    def carry(self, command: Command[T]) -> T | None:
        """The outcome of a command; None where it was refused, which must have changed nothing at all."""
        before = self.run(self.observe())
        result = self.run(self.writer.submit(command))
        if result.error is not None:
            assert isinstance(result.error, SeriatimError)
            assert not isinstance(result.error, InternalError | Unavailable)
            assert self.run(self.observe()) == before
            return None
        self.note(result.outcome)
        outcome: T = result.outcome
        return outcome

    def note(self, outcome: object) -> None:
        """Remember a number that somebody was told."""
        if isinstance(outcome, Document) and (outcome.has_issued_number or outcome.number_given):
            known = self.numbers.setdefault((outcome.entity_id, outcome.number), outcome.id)
            assert known == outcome.id

    async def observe(self) -> tuple[list[Any], ...]:
        """Everything that can be read."""
        documents = [
            document
            for entity_id in ENTITIES
            for kind in KINDS
            for document in await self.store.list_documents(DocumentQuery(entity_id=entity_id, kind=kind, limit=10_000))
        ]
        sets = [
            view for entity_id in ENTITIES for view in await self.store.list_sequence_sets(entity_id, None, 0, 1000)
        ]
        return await self.store.audit(), documents, sets

    @initialize(target=accounts)
    def found(self) -> Any:
        made = []
        for entity_id, number_on in zip(ENTITIES, NumberOn, strict=True):
            over = {"name": entity_id, "default_set_id": f"default-{entity_id}", "number_on": number_on}
            creation = create_entity(entity_id=entity_id, **over)
            self.run(run(self.store, creation))
            self.run(run(self.store, create_account(scope=scope_of(entity_id), account_id=f"account-{entity_id}")))
            made.append((entity_id, f"account-{entity_id}"))
        return multiple(*made)

    @rule(target=sets, entity_id=st.sampled_from(ENTITIES), name=NAMES, numberings=NUMBERINGS)
    def create_set(self, entity_id: str, name: str, numberings: dict[Kind, Numbering]) -> Any:
        new = new_set(id=self.new_id("set"), name=name, numberings=numberings)
        created = self.carry(CreateSequenceSets(scope=scope_of(entity_id), sets=(new,)))
        return multiple() if created is None else (entity_id, new.id)

    def change(self, of_set: tuple[str, str], change: NumberingChange) -> SetView | None:
        """Change the credit memo numbering of a set."""
        command = UpdateSequenceSet(scope=scope_of(of_set[0]), key=of_set[1], numberings={Kind.CREDIT_MEMO: change})
        return self.carry(command)

    def view(self, of_set: tuple[str, str]) -> SetView | None:
        return self.run(self.store.find_sequence_set(*of_set))

    @rule(of_set=sets, prefix=PREFIXES)
    def change_prefix(self, of_set: tuple[str, str], prefix: str) -> None:
        self.change(of_set, NumberingChange(prefix=prefix))

    @rule(of_set=sets, prefix=PREFIXES)
    def change_prefix_and_back(self, of_set: tuple[str, str], prefix: str) -> None:
        before = self.view(of_set)
        if before is None or self.change(of_set, NumberingChange(prefix=prefix)) is None:
            return
        back = self.change(of_set, NumberingChange(prefix=before.sequence_set.numberings[Kind.CREDIT_MEMO].prefix))
        assert back is not None
        assert back.next_ordinals == before.next_ordinals

    @rule(of_set=sets, by=st.sampled_from((0, 1, 5, 10**8)))
    def raise_start(self, of_set: tuple[str, str], by: int) -> None:
        before = self.view(of_set)
        if before is None or before.next_ordinals[Kind.CREDIT_MEMO] + by >= 10**18:
            return
        start = before.next_ordinals[Kind.CREDIT_MEMO] + by
        raised = self.change(of_set, NumberingChange(start_number=start))
        if raised is not None:
            assert raised.next_ordinals[Kind.CREDIT_MEMO] == start
            assert raised.sequence_set.numberings[Kind.CREDIT_MEMO].start_number == start

    @rule(target=accounts, of_set=sets, bound=st.sampled_from((10**8, 2 * 10**8, 12 * 10**8)))
    def cross_ceiling(self, of_set: tuple[str, str], bound: int) -> Any:
        """Issue past an ordinal that is a ceiling where a longer prefix is in use."""
        if self.change(of_set, NumberingChange(start_number=bound - 1)) is None:
            return multiple()
        entity_id, set_id = of_set
        account = (entity_id, self.new_id("account"))
        assert self.carry(create_account(scope=scope_of(entity_id), account_id=account[1], set_key=set_id)) is not None
        for _ in range(3):
            self.carry(self.draft(account, post=True))
        return account

    @rule(of_set=sets, start=STARTS)
    def write_start(self, of_set: tuple[str, str], start: int) -> None:
        self.change(of_set, NumberingChange(start_number=start))

    @rule(of_set=sets)
    def write_configured_start_back(self, of_set: tuple[str, str]) -> None:
        before = self.view(of_set)
        if before is not None:
            configured = before.sequence_set.numberings[Kind.CREDIT_MEMO]
            after = self.change(of_set, NumberingChange(configured.prefix, configured.start_number))
            assert after is not None
            assert after.next_ordinals == before.next_ordinals
            assert after.sequence_set.numberings == before.sequence_set.numberings

    @rule(target=sets, of_set=consumes(sets))
    def delete_set(self, of_set: tuple[str, str]) -> Any:
        self.carry(DeleteSequenceSet(scope=scope_of(of_set[0]), key=of_set[1]))
        return multiple() if self.view(of_set) is None else of_set

    @rule(target=accounts, of_set=sets)
    def open_account(self, of_set: tuple[str, str]) -> Any:
        entity_id, set_id = of_set
        command = create_account(scope=scope_of(entity_id), account_id=self.new_id("account"), set_key=set_id)
        created = self.carry(command)
        return multiple() if created is None else (entity_id, created.id)

    @rule(target=documents, account=accounts, kind=st.sampled_from(KINDS), post=st.booleans())
    def create_document(self, account: tuple[str, str], kind: Kind, *, post: bool) -> Any:
        command = self.draft(account, kind, post=post)
        return multiple() if self.carry(command) is None else (account[0], kind, command.document_id)

    @rule(target=documents, account=accounts, number=GIVEN_NUMBERS, post=st.booleans())
    def give_number(self, account: tuple[str, str], number: str, *, post: bool) -> Any:
        command = self.draft(account, number=number, post=post)
        return multiple() if self.carry(command) is None else (account[0], Kind.CREDIT_MEMO, command.document_id)

    @rule(document=documents, action=st.sampled_from(Action), is_allowed=st.sampled_from((True, True, False)))
    def carry_transition(self, document: tuple[str, Kind, str], action: Action, *, is_allowed: bool) -> None:
        entity_id, kind, document_id = document
        before = self.run(self.store.find_document(entity_id, kind, document_id, None))
        if kind is not Kind.CREDIT_MEMO or before is None:
            return
        if is_allowed:
            life = [each.action for each in TRANSITIONS[kind] if before.status in each.from_statuses]
            action = life[list(Action).index(action) % len(life)]
        after = self.carry(transition(action, document_id, scope=scope_of(entity_id)))
        if after is not None and before.has_issued_number:
            assert action not in GONE
            assert after.number == before.number
        elif after is not None and action in GONE:
            self.numbers.pop((entity_id, before.number), None)

    @rule(account=accounts)
    def discard_draft(self, account: tuple[str, str]) -> None:
        """Only a draft that never had a number of a series can be discarded without a trace."""
        draft = self.carry(self.draft(account))
        if draft is None:
            return
        scope = scope_of(account[0])
        assert self.carry(transition(Action.CANCEL, draft.id, scope=scope)) is not None
        deleted = self.carry(transition(Action.DELETE, draft.id, scope=scope))
        assert (deleted is None) == draft.has_issued_number

    @rule(target=keys, account=accounts, currency=st.sampled_from(("EUR", "EUR", "USD")))
    def create_with_key(self, account: tuple[str, str], currency: str) -> Any:
        command, key = self.draft(account, post=True, currency=currency), self.new_id("key")
        result = self.run(self.writer.submit(command, keyed(key)))
        self.note(result.outcome)
        if result.answer is None:
            return multiple()
        return command, key, result.answer.body

    @rule(kept=keys, is_same=st.booleans())
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

    @rule(target=documents, chosen=st.lists(st.tuples(accounts, st.booleans()), min_size=2, max_size=8))
    def submit_together(self, chosen: list[tuple[tuple[str, str], bool]]) -> Any:
        commands = [self.draft(account, post=True, currency="EUR" if good else "USD") for account, good in chosen]

        async def together() -> list[Result]:
            return await asyncio.gather(*(self.writer.submit(command) for command in commands))

        results = self.run(together())
        made: list[Document] = []
        for command, result in zip(commands, results, strict=True):
            self.note(result.outcome)
            if result.error is None:
                made.append(result.outcome)
            else:
                self.check_absent(command)
        for series in {document.series for document in made}:
            ordinals = [document.ordinal or 0 for document in made if document.series == series]
            assert ordinals == list(range(ordinals[0], ordinals[0] + len(ordinals)))
        return multiple(*((document.entity_id, document.kind, document.id) for document in made))

    def check_absent(self, command: CreateDocument) -> None:
        entity_id = command.scope.entity_id
        assert self.run(self.store.find_document(entity_id, command.kind, command.document_id, None)) is None

    @rule(chosen=st.lists(accounts, min_size=1, max_size=5))
    def crash_and_retry(self, chosen: list[tuple[str, str]]) -> None:
        """However much of a crashed batch was kept, sending it again gives every command one document."""
        commands = {self.new_id("key"): self.draft(account, post=True) for account in chosen}
        self.run(self.crash_during(commands))
        self.numbering_holds()
        for key, command in commands.items():
            retried = self.run(self.writer.submit(command, keyed(key)))
            again = self.run(self.writer.submit(command, keyed(key)))
            assert isinstance(again.outcome, Replay)
            if isinstance(retried.outcome, Replay):
                assert again.outcome == retried.outcome
            if again.outcome.status != 200:
                self.check_absent(command)
                continue
            entity_id, number = command.scope.entity_id, again.outcome.body.decode()
            found = self.run(self.store.find_document(entity_id, command.kind, number, None))
            assert found is not None
            assert found.id == command.document_id
            self.note(found)

    @rule(hours=st.integers(-2, 2))
    def move_clock(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @invariant()
    def numbering_holds(self) -> None:
        audits, documents, _ = self.run(self.observe())
        verification = judge_all(audits)
        assert verification.is_gapless, [each.problems for each in verification.verdicts if each.problems]
        for audit in audits:
            key = audit.series.key
            assert self.kinds.setdefault((key.entity_id, key.prefix), key.kind) is key.kind
        assert len({(audit.series.key.entity_id, audit.series.key.prefix) for audit in audits}) == len(audits)
        for document in documents:
            if document.has_issued_number:
                assert self.issuers_of(document) == [document.series.prefix]
        carried = {(document.entity_id, document.number): document.id for document in documents}
        assert len(carried) == len(documents)
        assert self.numbers.items() <= carried.items()

    def issuers_of(self, document: Document) -> list[str]:
        """The prefixes of the document's entity whose series could ever issue its number."""
        company = [prefix for entity_id, prefix in self.kinds if entity_id == document.entity_id]
        return [
            prefix
            for prefix in prefixes_reading_as(document.number)
            if prefix in company and (ordinal_of(prefix, document.number) or 0) < ceiling(prefix, company)
        ]


def scope_of(entity_id: str) -> Scope:
    return Scope(entity_id, "actor-1")
