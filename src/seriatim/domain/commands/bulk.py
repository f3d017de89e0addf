"""Several commands in one: a bulk request is one batch, and with an idempotency key one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from seriatim.domain.commands.base import Command
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import InvalidValue, SeriatimError

COMMANDS_MAX = 50
"""Documents of one bulk request (Zuora documents the same limit)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What became of one command of several that was refused, while others were carried out."""

    error: SeriatimError


@dataclass(frozen=True, slots=True)
class Several(Command[list[Any]]):
    """Carry out commands in their order: each alone, or all or none.

    The outcomes stand in the order of the commands, `Refused` in the place of each that was. A request that is bad in
    itself comes as its error in the place of a command.
    """

    field: str
    """What the request calls its list, for messages."""
    commands: Sequence[Command[Any] | SeriatimError]
    all_or_none: bool

    def __post_init__(self) -> None:
        if not 1 <= len(self.commands) <= COMMANDS_MAX:
            raise InvalidValue(self.field, f"a list of {len(self.commands)}", f"give 1 to {COMMANDS_MAX}")

    def needs(self, needs: Needs) -> None:
        """What all of them need."""
        for command in self.commands:
            if isinstance(command, Command):
                command.needs(needs)

    def decide(self, snapshot: Snapshot, at: datetime) -> list[Any]:
        """Raises: SeriatimError, the first refusal, if it is all or none."""
        return [self._one(command, snapshot, at) for command in self.commands]

    def _one(self, command: Command[Any] | SeriatimError, snapshot: Snapshot, at: datetime) -> Any:
        mark = snapshot.mark()
        try:
            if isinstance(command, SeriatimError):
                raise command
            return command.decide(snapshot, at)
        except SeriatimError as error:
            if self.all_or_none:
                raise
            snapshot.undo(mark)
            return Refused(error)
