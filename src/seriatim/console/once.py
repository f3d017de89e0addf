"""Carrying out what a form asks for once, however often the form is sent."""

import re
from collections.abc import Callable
from typing import TypeVar

from seriatim.console.forms import Form
from seriatim.console.pages import Visit
from seriatim.domain.commands.base import Command, KeepAnswer
from seriatim.domain.decide import Keyed, Replay
from seriatim.domain.idempotency import IdempotencyKey
from seriatim.errors import KeyInProgress, Malformed

T = TypeVar("T")

ONCE_FIELD = "once"
"""The hidden field with the one-time id that a form was given when it was shown."""
_ONCE = re.compile(r"[0-9a-f-]{32,36}", re.ASCII)
_KEPT = 200
"""The status that the kept answer has; nobody reads it."""


async def run_once(visit: Visit, form: Form, command: Command[T], name: Callable[[T], str]) -> str:
    """Carry out what a form asks for, and give the name of the outcome, such as its id.

    If the same form was sent before, nothing is done, and the name of the first outcome is given: the answer is kept in
    the transaction of the command, as the APIs keep theirs for idempotency keys. What was refused is not kept.
    Raises: Malformed, for a form without its one-time id; what refuses the command.
    """
    once = form.text(ONCE_FIELD)
    if not _ONCE.fullmatch(once):
        raise Malformed("the form lacks its one-time id; open it anew")

    def keep(outcome: T | Exception) -> tuple[int, bytes] | None:
        return None if isinstance(outcome, Exception) else (_KEPT, name(outcome).encode())

    key = IdempotencyKey(visit.user.id, f"console {once}", once)
    writer = visit.console.writer
    try:
        result = await writer.submit(command, Keyed(key, keep))
    except KeyInProgress:
        # The form that came before is in the queue, and what is queued now is answered after it.
        await writer.submit(KeepAnswer())
        result = await writer.submit(command, Keyed(key, keep))
    if result.error is not None:
        raise result.error
    outcome = result.outcome
    return outcome.body.decode() if isinstance(outcome, Replay) else name(outcome)
