"""Checkpoints beside the writer: what the write-ahead log holds is carried into the database file by another thread.

A checkpoint takes tens of milliseconds, in which the writer's callers would wait. SQLite begins a log anew only when
all of it has been carried over, and while commits go on some of it never is: so once the other thread has done most of
the work, the writer carries over the short rest itself, between two batches.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import apsw

CHECKPOINT_PAGES = 16_000
"""From this length (64 MB) on, the log is carried over: a page that many batches write, only once."""
PASSES = 2
"""How often the other thread goes over it: the second pass takes what came in during the first."""
LOG_PAGES_MAX = 40_000
"""At this length (160 MB) the writer waits until it has been carried over. A long read may still keep it."""


class Checkpointer:
    """Decides when the log is carried over, and by whom. `connect` makes the other thread's connection."""

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        *,
        checkpoint_pages: int = CHECKPOINT_PAGES,
        log_pages_max: int = LOG_PAGES_MAX,
    ) -> None:
        self._connect = connect
        self._checkpoint_pages = checkpoint_pages
        self._log_pages_max = log_pages_max
        self._thread = ThreadPoolExecutor(1, "sqlite-checkpoint")
        self._connection: apsw.Connection | None = None
        self._work: Future[None] | None = None
        """What the other thread does or has done, until the writer has done its part."""
        self._log_pages = 0

    def watch(self, writer: apsw.Connection) -> None:
        """Learn the log's length from every commit of the writer, instead of SQLite's own checkpoints."""
        writer.set_wal_hook(self._committed)

    @property
    def is_due(self) -> bool:
        """Whether `between_batches` has something to do."""
        if self._work is not None and not self._work.done():
            return self._log_pages >= self._log_pages_max
        return self._work is not None or self._log_pages >= self._checkpoint_pages

    def between_batches(self, writer: apsw.Connection) -> None:
        """The writer's part, in its thread, when it is due: to set the other thread to work, or to do the rest.

        At the limit it waits for the other thread: the log must not grow on.
        """
        if self._work is None and self._log_pages < self._log_pages_max:
            self._work = self._thread.submit(self._carry_most_over)
            return
        if self._work is not None:
            # Whatever went wrong there, the writer meets it too, and has somebody to tell.
            self._work.exception()
            self._work = None
        self._log_pages = 0
        _carry_over(writer)

    def close(self) -> None:
        """Finish, and let go of the file."""
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()

    def _committed(self, _: apsw.Connection, __: str, log_pages: int) -> int:
        self._log_pages = log_pages
        return apsw.SQLITE_OK

    def _carry_most_over(self) -> None:
        if self._connection is None:
            self._connection = self._connect()
        for _ in range(PASSES):
            _carry_over(self._connection)


def _carry_over(connection: apsw.Connection) -> None:
    # Another process may be at it; then it is done.
    with suppress(apsw.BusyError):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
