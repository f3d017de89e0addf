"""The one way to change anything: a bounded queue, and batches that are loaded, decided and applied together.

The writer takes what is queued, up to a limit, and waits for no time to pass. While fewer are queued than the batch
before had, it lets the event loop take a few turns, so that requests which have arrived already are read. Callers are
answered after the commit, and only then. A caller that has gone away changes nothing: its command was accepted and is
carried through.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from seriatim.domain.commands.base import Command
from seriatim.domain.decide import Keyed, Result, Submission, decide_batch, gather_needs
from seriatim.errors import InternalError, KeyInProgress, Overloaded, Unavailable
from seriatim.service.ports import Clock, Store, StoreConflict, StoreUnavailable, WriterObserver

QUEUE_SUBMISSIONS_MAX = 10_000
BATCH_SUBMISSIONS_MAX = 512
WRITE_ATTEMPTS_MAX = 5
GATHERING_TURNS_MAX = 3
"""Turns of the event loop in which nothing more arrived, after which a batch is begun."""
HALVED_SUBMISSIONS_MIN = 32
"""From so many on, a batch may be cut into two that take turns."""
AHEAD_SUBMISSIONS_MIN = 16
"""From so many on, and from nearly as many as are under way, the next batch may be handed over before its turn."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    answered: asyncio.Future[Result]
    queued_at: float


class Writer:
    """Carries commands to the store in batches, in the order in which they came."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observer: WriterObserver,
        *,
        queue_submissions_max: int = QUEUE_SUBMISSIONS_MAX,
        batch_submissions_max: int = BATCH_SUBMISSIONS_MAX,
    ) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._queue_submissions_max = queue_submissions_max
        self._batch_submissions_max = batch_submissions_max
        self._queue: deque[_Waiting] = deque()
        self._keys_in_progress: set[tuple[str, str]] = set()
        self._work: asyncio.Task[None] | None = None
        self._ahead: asyncio.Task[None] | None = None
        """The batch after the one under way, handed over already."""
        self._ahead_from_submissions: float = inf
        """With so many queued, the next batch is handed over while the one before it is under way."""
        self._closing = False
        self._last_at: datetime | None = None
        self._last_batch_size = 1
        self._has_all_waited = False
        """Whether nobody else waited when the last batch had been written, and none was taken since."""

    async def submit(self, command: Command[Any], keyed: Keyed | None = None) -> Result:
        """Queue a command and wait for what becomes of it.

        Raises: Overloaded, when the queue is full; Unavailable, when the writer is closing or the database is
        out of reach; KeyInProgress, when a command with the same idempotency key is still on its way. A command
        that a rule refuses gives a result with that error.
        """
        if self._closing:
            raise Unavailable("the server is stopping; try again in a moment")
        if len(self._queue) >= self._queue_submissions_max:
            raise Overloaded(f"{self._queue_submissions_max} writes are waiting already; try again in a moment")
        key = None if keyed is None else (keyed.key.client_id, keyed.key.key)
        if key is not None:
            if key in self._keys_in_progress:
                raise KeyInProgress(key[1])
            self._keys_in_progress.add(key)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(Submission(command, keyed), loop.create_future(), loop.time())
        self._queue.append(waiting)
        if self._work is None:
            self._work = loop.create_task(self._drain())
        else:
            self._hand_over_ahead()
        # The future is shielded by nobody: a caller that is cancelled leaves it, and its command goes on.
        return await waiting.answered

    async def close(self) -> None:
        """Accept nothing more, and finish what is queued."""
        self._closing = True
        while self._work is not None:
            await asyncio.shield(self._work)

    async def _drain(self) -> None:
        """Write batches until the queue is empty."""
        try:
            while self._queue or self._ahead is not None:
                ahead, self._ahead = self._ahead, None
                self._hand_over_ahead()
                await (self._write_next() if ahead is None else ahead)
        finally:
            self._work = None

    async def _write_next(self) -> None:
        """Write a batch of what is queued. Nothing that happens to one batch may stop the next."""
        try:
            await self._gather()
            await self._write_batch(self._take_batch())
        except Exception as error:  # noqa: BLE001 - an observer's fault is no reason to stop writing
            self._observer.failed(error)

    def _hand_over_ahead(self) -> None:
        """Hand the next batch over, if nearly as many are queued as are under way: the store decides it meanwhile."""
        if self._ahead is None and len(self._queue) >= self._ahead_from_submissions:
            self._ahead = asyncio.get_running_loop().create_task(self._write_next())

    async def _gather(self) -> None:
        """Let the loop read what has arrived, while fewer are queued than were before: many callers answer at once.

        A caller that is alone is not kept waiting: the batch before its next one was one, too.
        """
        turns = 0
        while turns < GATHERING_TURNS_MAX and len(self._queue) < _nearly(self._last_batch_size):
            queued = len(self._queue)
            await asyncio.sleep(0)
            turns = 0 if len(self._queue) > queued else turns + 1

    def _take_batch(self) -> list[_Waiting]:
        """What is queued, up to the limit; a command that wants to be alone is.

        Where all callers wait for the same batch, the database and this process wait for each other. Cut in two, one
        half is answered and asks again while the other is being written, and so they go on.
        """
        limit = self._batch_submissions_max
        if self._has_all_waited and len(self._queue) >= HALVED_SUBMISSIONS_MIN and self._store.leaves_time:
            limit = min(limit, (len(self._queue) + 1) // 2)
        self._has_all_waited = False
        batch = [self._queue.popleft()]
        if batch[0].submission.command.alone:
            return batch
        while self._queue and len(batch) < limit:
            if self._queue[0].submission.command.alone:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        if self._store.leaves_time:
            self._ahead_from_submissions = max(AHEAD_SUBMISSIONS_MIN, _nearly(len(batch)))
            self._hand_over_ahead()
        results = await self._write([waiting.submission for waiting in batch])
        write_seconds = loop.time() - began_at
        self._last_batch_size = len(batch)
        if self._ahead is None:
            self._ahead_from_submissions = inf
        self._has_all_waited = not self._queue and self._ahead is None
        for waiting, result in zip(batch, results, strict=True):
            if waiting.submission.keyed is not None:
                key = waiting.submission.keyed.key
                self._keys_in_progress.discard((key.client_id, key.key))
            if not waiting.answered.done():
                waiting.answered.set_result(result)
        self._observer.batch_written(len(batch), began_at - batch[0].queued_at, write_seconds)

    async def _write(self, submissions: Sequence[Submission]) -> list[Result]:
        """Write a batch in one transaction; on a conflict retry; then halve it, so that one bad command fails alone.

        Whatever goes wrong becomes the result of the submissions that it befell: this never raises.
        """
        at = self._now()
        for attempt in range(1, WRITE_ATTEMPTS_MAX + 1):
            try:
                return await self._store.write(
                    gather_needs(submissions), lambda snapshot: decide_batch(snapshot, submissions, at)
                )
            except StoreUnavailable as error:
                refusal = Unavailable(f"the database does not answer ({error}); try again in a moment")
                return [Result(error=refusal)] * len(submissions)
            except StoreConflict as error:
                fault: Exception = error
                if attempt < WRITE_ATTEMPTS_MAX:
                    continue
            except Exception as error:  # noqa: BLE001 - a fault of one batch must not stop the next
                fault = error
            break
        if len(submissions) == 1:
            self._observer.failed(fault)
            return [Result(error=InternalError())]
        middle = len(submissions) // 2
        return [*await self._write(submissions[:middle]), *await self._write(submissions[middle:])]

    def _now(self) -> datetime:
        """The time of a batch. It never runs backwards, whatever is done to the clock."""
        now = self._clock.now()
        if self._last_at is not None and now < self._last_at:
            now = self._last_at
        self._last_at = now
        return now


def _nearly(submissions: int) -> int:
    """With so many one need not wait for the rest: of few all, of many all but an eighth."""
    return submissions if submissions < AHEAD_SUBMISSIONS_MIN else submissions - submissions // 8
