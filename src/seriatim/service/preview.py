"""What a command would do, decided over what is stored now, with nothing written and no number taken."""

from typing import TypeVar

from seriatim.domain.commands.base import Command
from seriatim.domain.decide import Submission, gather_needs
from seriatim.errors import Unavailable
from seriatim.service.ports import Clock, Store, StoreUnavailable

T = TypeVar("T")


async def preview(store: Store, clock: Clock, command: Command[T]) -> T:
    """The outcome that a command would have if it came next. Others may come first, and take the number it shows.

    Raises: what would refuse the command; Unavailable, when the database does not answer.
    """
    try:
        snapshot = await store.read(gather_needs([Submission(command)]))
    except StoreUnavailable as error:
        raise Unavailable(f"the database does not answer ({error}); try again in a moment") from error
    return command.decide(snapshot, clock.now())
