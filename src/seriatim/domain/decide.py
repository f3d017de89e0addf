"""The middle of load, decide, apply: a batch of commands, each in its turn, over one working snapshot."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from seriatim.domain.commands.base import Command, decide_and_tell
from seriatim.domain.idempotency import IdempotencyKey, StoredAnswer
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.values import value
from seriatim.errors import KeyReused, SeriatimError


@value(frozen=True, slots=True)
class Keyed:
    """A command's idempotency key, and how its outcome becomes the answer to be kept with it."""

    key: IdempotencyKey
    render: Callable[[Any], tuple[int, bytes] | None]
    """Outcome (or the error that refused it) to status and body; None keeps no answer. It must be pure."""


@value(frozen=True, slots=True)
class Submission:
    """A command on its way to the writer, with its idempotency key if it has one."""

    command: Command[Any]
    keyed: Keyed | None = None


@value(frozen=True, slots=True)
class Replay:
    """The outcome of a request whose answer is known already."""

    status: int
    body: bytes


@value(frozen=True, slots=True)
class Result:
    """What became of one submission: an outcome, or the error that refused it."""

    outcome: Any = None
    error: Exception | None = None
    answer: StoredAnswer | None = None
    """The answer that was kept with the idempotency key; the caller must be told exactly this."""


def gather_needs(submissions: Sequence[Submission]) -> Needs:
    """What the whole batch wants loaded."""
    needs = Needs()
    for submission in submissions:
        submission.command.needs(needs)
        if submission.keyed is not None:
            needs.answers.add((submission.keyed.key.client_id, submission.keyed.key.key))
    return needs


def decide_batch(snapshot: Snapshot, submissions: Sequence[Submission], at: datetime) -> list[Result]:
    """Decide every submission in its order. A refused one leaves nothing in the snapshot but its kept answer.

    A clock that is behind those of other processes does not take a series back in time.
    """
    if snapshot.recorded_until is not None and snapshot.recorded_until > at:
        at = snapshot.recorded_until
    results = [_decide_one(snapshot, submission, at) for submission in submissions]
    snapshot.settle()
    return results


def _decide_one(snapshot: Snapshot, submission: Submission, at: datetime) -> Result:
    keyed = submission.keyed
    if keyed is not None:
        known = snapshot.answers.get((keyed.key.client_id, keyed.key.key))
        if known is not None and known.is_alive(at):
            if known.fingerprint != keyed.key.fingerprint:
                return Result(error=KeyReused(keyed.key.key))
            return Result(Replay(known.status, known.body))
    mark = snapshot.mark()
    outcome: Any = None
    error: Exception | None = None
    answer: StoredAnswer | None = None
    try:
        outcome = decide_and_tell(submission.command, snapshot, at, mark)
        if keyed is not None:
            answer = _keep_answer(snapshot, keyed, outcome, at)
    except SeriatimError as refused:
        snapshot.undo(mark)
        error = refused
        if keyed is not None:
            answer = _keep_answer(snapshot, keyed, refused, at)
    except Exception as fault:  # noqa: BLE001 - a fault of one command must not fail the batch
        snapshot.undo(mark)
        error = fault
    return Result(outcome, error, answer)


def _keep_answer(snapshot: Snapshot, keyed: Keyed, outcome: Any, at: datetime) -> StoredAnswer | None:
    """Put the answer to a command with a key into the snapshot, if it is one to be kept."""
    rendered = keyed.render(outcome)
    if rendered is None:
        return None
    status, body = rendered
    answer = StoredAnswer(keyed.key.fingerprint, status, body, at)
    snapshot.answers.put((keyed.key.client_id, keyed.key.key), answer)
    return answer
