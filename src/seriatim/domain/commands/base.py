"""What every command is: a frozen value that names what it needs and decides over a snapshot."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from seriatim.domain.activity import tell, words_of
from seriatim.domain.client import SYSTEM_ACTOR_ID, Scope
from seriatim.domain.register import ISSUE
from seriatim.domain.snapshot import Mark, Needs, Snapshot

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Command(Generic[T_co]):
    """A wish to change something. `needs` and `decide` are pure: no I/O, no clock, no randomness.

    Ids of new rows come with the command, the time with the batch.
    """

    __slots__ = ()

    alone: ClassVar[bool] = False
    """Whether the command wants a batch of its own, because what it reads is not kept current within a batch."""
    is_told: ClassVar[bool] = True
    """Whether the activity log tells of what the command changes."""

    @property
    def actor(self) -> str:
        """The id of the client or the user on whose behalf it changes something."""
        return getattr(self, "actor_id", SYSTEM_ACTOR_ID)

    @property
    def deed(self) -> str:
        """What it does, in words, for the activity log."""
        return words_of(type(self).__name__)

    def needs(self, needs: Needs) -> None:
        """Name what has to be loaded."""
        raise NotImplementedError

    def decide(self, snapshot: Snapshot, at: datetime) -> T_co:
        """Change the snapshot and give the outcome.

        Raises: SeriatimError, when the command is refused; the batch then undoes whatever it had changed.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedCommand(Command[T_co]):
    """A command on behalf of a caller within one entity."""

    scope: Scope

    @property
    def actor(self) -> str:
        """The id of the client or the user on whose behalf it changes something."""
        return self.scope.actor_id


@dataclass(frozen=True, slots=True)
class KeepAnswer(Command[None]):
    """Change nothing: carries the answer of a request that was refused before it became a command."""

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Nothing."""


def decide_and_tell(command: Command[T], snapshot: Snapshot, at: datetime, mark: Mark) -> T:
    """Let a command decide, and put into the activity log what it changed. `mark`: where the snapshot stands now.

    Raises: what the command raises.
    """
    outcome = command.decide(snapshot, at)
    if command.is_told:
        issues_number = ISSUE in [entry.event for entry in snapshot.register[mark[1] :]]
        # Most commands change a document that gets a number, and its series, and nothing that is told.
        passed_over = (snapshot.documents, snapshot.series) if issues_number else (snapshot.series,)
        changes = snapshot.changed_since(mark, passed_over)
        if changes:
            snapshot.activities += tell(
                at=at, actor_id=command.actor, deed=command.deed, changes=changes, issues_number=issues_number
            )
    return outcome
