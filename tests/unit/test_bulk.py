"""Several commands in one: what a refused one leaves behind, and what the caller is told."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.bulk import COMMANDS_MAX, Refused, Several
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, NotFound, Rule, SeriatimError
from tests.fakes import NOON


@dataclass(frozen=True, slots=True)
class Take(Command[int]):
    """Take the next value of a counter, and only then find out that this is refused."""

    error: SeriatimError | None = None

    def needs(self, needs: Needs) -> None:
        needs.counters.add(("entity", "counter"))

    def decide(self, snapshot: Snapshot, at: datetime) -> int:
        taken = snapshot.count("entity", "counter")
        if self.error is not None:
            raise self.error
        return taken


def broken() -> BrokenRule:
    return BrokenRule(Rule.NOT_SETTLEABLE, "it is a draft")


def test_what_is_refused_alone_leaves_nothing_behind() -> None:
    unreadable = InvalidValue("amount", "x", "give a number")
    commands: list[Command[int] | SeriatimError] = [
        Take(),
        Take(broken()),
        unreadable,
        Take(NotFound("account", "nobody")),
        Take(),
    ]
    first, second, third, fourth, fifth = Several("list", commands, all_or_none=False).decide(Snapshot(), NOON)
    assert (first, fifth) == (1, 2)
    assert [each.error.message for each in (second, third, fourth)] == [
        "it is a draft",
        "amount: 'x' is not allowed here; give a number",
        "no account 'nobody' was found; check the id or the number",
    ]
    assert all(isinstance(each, Refused) for each in (second, third, fourth))


@pytest.mark.parametrize(
    ("error", "beginning"),
    (
        (broken(), "list[1]: it is a draft"),
        (NotFound("account", "nobody"), "list[1]: no account 'nobody'"),
        (InvalidValue("items[0].amount", "x", "give a number"), "list[1].items[0].amount: 'x'"),
    ),
)
def test_all_or_none_says_which_was_refused(error: SeriatimError, beginning: str) -> None:
    with pytest.raises(type(error)) as refused:
        Several("list", [Take(), Take(error), Take()], all_or_none=True).decide(Snapshot(), NOON)
    assert refused.value.message.startswith(beginning)


@pytest.mark.parametrize("all_or_none", (True, False))
def test_a_fault_is_nobodys_refusal(*, all_or_none: bool) -> None:
    with pytest.raises(InternalError):
        Several("list", [Take(), Take(InternalError())], all_or_none).decide(Snapshot(), NOON)


@pytest.mark.parametrize("count", (0, COMMANDS_MAX + 1))
def test_a_list_that_is_empty_or_too_long_is_refused(count: int) -> None:
    with pytest.raises(InvalidValue):
        Several("list", [Take()] * count, all_or_none=False)


def test_all_needs_are_named() -> None:
    needs = Needs()
    Several("list", [broken(), Take()], all_or_none=False).needs(needs)
    assert needs.counters == {("entity", "counter")}
