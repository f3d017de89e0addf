"""A snapshot with two accounts, on which the pure tests of settlement carry out commands as a batch does."""

from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

import pytest

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import DraftItem
from seriatim.domain.commands.settlement import ApplySource, CreatePayment, CreateRefund, Portion, UnapplySource
from seriatim.domain.document import Action, Document
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.settlement import Application
from seriatim.domain.snapshot import Snapshot
from seriatim.errors import BrokenRule, Rule, SeriatimError
from tests.factories import (
    ACCOUNT_ID,
    ENTITY_ID,
    SCOPE,
    create_memo,
    make_account,
    make_default_set,
    make_entity,
    make_set,
    transition,
)
from tests.fakes import NOON

T = TypeVar("T")

SOURCES = (Kind.CREDIT_MEMO, Kind.PAYMENT)
TARGETS = (Kind.INVOICE, Kind.DEBIT_MEMO)
OTHER_ACCOUNT_ID = "account-2"


class Books:
    """Documents of 10.00 EUR, unless a test says otherwise; each is called by its id."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.ids = count(1)
        self.snapshot.entities.load(ENTITY_ID, make_entity())
        for of_set in (make_default_set(), make_set()):
            self.snapshot.sequence_sets.load(of_set.id, of_set)
            for kind in of_set.numberings:
                key = of_set.series_key(kind)
                assert key is not None
                self.snapshot.series.load(key, Series(key, 1, 1))
        self.snapshot.accounts.load(ACCOUNT_ID, make_account())
        other = make_account(id=OTHER_ACCOUNT_ID, number="A00000002")
        self.snapshot.accounts.load(other.id, other)

    def carry(self, command: Command[T]) -> T:
        return command.decide(self.snapshot, NOON)

    def refuse(self, command: Command[Any], rule: Rule) -> str:
        """The message of a refusal, which must have changed nothing once it is undone."""
        mark = self.snapshot.mark()
        with pytest.raises(BrokenRule) as refused:
            self.carry(command)
        self.snapshot.undo(mark)
        assert refused.value.rule is rule
        return refused.value.message

    def fail(self, command: Command[Any], error: type[SeriatimError]) -> str:
        """The message of a failure that is no broken rule."""
        mark = self.snapshot.mark()
        with pytest.raises(error) as refused:
            self.carry(command)
        self.snapshot.undo(mark)
        return refused.value.message

    def make(self, kind: Kind, name: str, *amounts: str, post: bool = True, **over: Any) -> Document:
        """A document with one line for each amount, of which the ids are `<name>-1` and so on."""
        if kind is Kind.PAYMENT:
            return self.pay(name, *amounts or ("10",), **over)
        items = tuple(
            DraftItem(f"{name}-{place}", f"items[{place - 1}]", Decimal(amount))
            for place, amount in enumerate(amounts or ("10",), 1)
        )
        keys = {"accountId": over.pop("account_id", ACCOUNT_ID)}
        return self.carry(create_memo(document_id=name, kind=kind, items=items, post=post, account_keys=keys, **over))

    def pay(self, name: str, amount: str, **over: Any) -> Document:
        keys = {"accountId": over.pop("account_id", ACCOUNT_ID)}
        given: dict[str, Any] = {"scope": SCOPE, "document_id": name, "account_keys": keys, "currency": "EUR"}
        return self.carry(CreatePayment(**(given | over), amount=Decimal(amount)))

    def portions(self, wanted: dict[str, str | None]) -> tuple[Portion, ...]:
        """Portions by the names of invoices and debit memos; None: as much as can be."""
        return tuple(
            Portion(f"application-{next(self.ids):03}", f"invoices[{place}]", self.kind_of(name), name, amount)
            for place, (name, amount) in enumerate(wanted.items())
        )

    def kind_of(self, name: str) -> Kind:
        found = self.snapshot.documents.get(name)
        return Kind.INVOICE if found is None else found.kind

    def applying(self, source: str, **wanted: str | None) -> ApplySource:
        return ApplySource(scope=SCOPE, kind=self.kind_of(source), key=source, portions=self.portions(wanted))

    def unapplying(self, source: str, **wanted: str | None) -> UnapplySource:
        return UnapplySource(scope=SCOPE, kind=self.kind_of(source), key=source, portions=self.portions(wanted))

    def refunding(self, source: str, amount: str | None, name: str = "refund", **over: Any) -> CreateRefund:
        given: dict[str, Any] = {
            "scope": SCOPE,
            "document_id": name,
            "source_kind": self.kind_of(source),
            "source_key": source,
        }
        return CreateRefund(**given, amount=amount, **over)

    def acting(self, action: Action, name: str) -> Command[Document]:
        return transition(action, name, kind=self.kind_of(name), application_id=f"by-posting-{name}")

    def act(self, action: Action, name: str) -> Document:
        return self.carry(self.acting(action, name))

    def document(self, name: str) -> Document:
        found = self.snapshot.documents.get(name)
        assert found is not None
        return found

    def state(self, name: str) -> tuple[int, int, int]:
        """What is applied, refunded and open of a document, in cents."""
        found = self.document(name)
        return found.applied_minor, found.refunded_minor, found.open_minor

    def applied(self) -> dict[tuple[str, str], int]:
        return {(row.source_id, row.target_id): row.amount_minor for row in self.snapshot.applications}

    def application(self, source: str, target: str) -> Application:
        found = self.snapshot.applications.get((source, target))
        assert found is not None
        return found

    def edit(self, name: str, **over: Any) -> None:
        """Bring a document into a state, past all rules."""
        self.snapshot.documents.put(name, replace(self.document(name), **over))

    def next_ordinal(self, prefix: str, kind: Kind) -> int:
        series = self.snapshot.series.get(SeriesKey(ENTITY_ID, kind, prefix))
        assert series is not None
        return series.next_ordinal
