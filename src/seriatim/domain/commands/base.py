"""What every command is: a frozen value that names what it needs and decides over a snapshot."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from seriatim.domain.client import Scope
from seriatim.domain.snapshot import Needs, Snapshot

T_co = TypeVar("T_co", covariant=True)


class Command(Generic[T_co]):
    """A wish to change something. `needs` and `decide` are pure: no I/O, no clock, no randomness.

    Ids of new rows come with the command, the time with the batch.
    """

    __slots__ = ()

    alone: ClassVar[bool] = False
    """Whether the command wants a batch of its own, because what it reads is not kept current within a batch."""

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


@dataclass(frozen=True, slots=True)
class KeepAnswer(Command[None]):
    """Change nothing: carries the answer of a request that was refused before it became a command."""

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Nothing."""
