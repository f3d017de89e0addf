"""Several commands in one: a bulk request is one batch, and with an idempotency key one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from seriatim.domain.commands.base import Command, decide_and_tell
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import FieldError, InternalError, InvalidValue, SeriatimError

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
    is_told: ClassVar[bool] = False
    """Each command is told of by itself."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.commands) <= COMMANDS_MAX:
            raise InvalidValue(self.field, f"a list of {len(self.commands)}", f"give 1 to {COMMANDS_MAX}")

    def needs(self, needs: Needs) -> None:
        """What all of them need."""
        for command in self.commands:
            if isinstance(command, Command):
                command.needs(needs)

    def decide(self, snapshot: Snapshot, at: datetime) -> list[Any]:
        """Raises: SeriatimError, the first refusal, if it is all or none; it names the place of what was refused."""
        return [self._one(index, command, snapshot, at) for index, command in enumerate(self.commands)]

    def _one(self, index: int, command: Command[Any] | SeriatimError, snapshot: Snapshot, at: datetime) -> Any:
        if isinstance(command, SeriatimError):
            if self.all_or_none:
                raise command
            return Refused(command)
        mark = snapshot.mark()
        try:
            return decide_and_tell(command, snapshot, at, mark)
        except InternalError:
            raise  # A fault of the server is nobody's refusal: it fails the whole request, and is logged.
        except SeriatimError as error:
            if self.all_or_none:
                raise placed(error, f"{self.field}[{index}]") from error.__cause__
            snapshot.undo(mark)
            return Refused(error)


def placed(error: SeriatimError, place: str) -> SeriatimError:
    """A failure whose message says which of several commands it is about."""
    if isinstance(error, FieldError):
        return error.within(place)
    error.message = f"{place}: {error.message}"
    return error
