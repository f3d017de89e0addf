"""Checkpoints beside the writer: what the write-ahead log holds is carried into the database file by another thread.

A checkpoint takes tens of milliseconds, in which the writer's callers would wait. SQLite begins a log anew only when
all of it has been carried over, and while commits go on some of it never is: so once the other thread has done most of
the work, the writer carries over the short rest itself, between two batches.

Most of the work is to have the file's changed pages written to the disk. SQLite does that at the end of a checkpoint
that leaves nothing over, which is the writer's alone. So the other thread does it after each of its passes. Where it
can, it runs behind all others: nobody waits for it before the log has reached its limit.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import apsw

from seriatim.storage.sqlite.flushing import Flusher

CHECKPOINT_PAGES = 16_000
"""From this length (64 MB) on, the log is carried over: a page that many batches write, only once."""
REST_PAGES_MAX = 500
"""So much (2 MB) is left to the writer, which takes some 3 ms; if more came in meanwhile, there is another pass."""
PASSES_MAX = 4
"""How often the other thread goes over the log: each pass takes what came in during the one before."""
NICENESS = 10
"""How much the other thread stands behind those that serve, as `nice` counts."""
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
        rest_pages_max: int = REST_PAGES_MAX,
    ) -> None:
        self._connect = connect
        self._checkpoint_pages = checkpoint_pages
        self._log_pages_max = log_pages_max
        self._rest_pages_max = rest_pages_max
        self._thread = ThreadPoolExecutor(1, "sqlite-checkpoint")
        self._flusher: Flusher | None = None
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
            # Whatever went wrong there, the writer meets it too, and its store tells.
            self._work.exception()
            self._work = None
        self._log_pages = 0
        _carry_over(writer)

    def close(self) -> None:
        """Finish, and let go of the file."""
        self._thread.shutdown()
        if self._flusher is not None:
            self._flusher.connection.close()

    def _committed(self, _: apsw.Connection, __: str, log_pages: int) -> int:
        self._log_pages = log_pages
        return apsw.SQLITE_OK

    def _carry_most_over(self) -> None:
        if self._flusher is None:
            _stand_behind()
            self._flusher = Flusher(self._connect)
        for _ in range(PASSES_MAX):
            carried_over = _carry_over(self._flusher.connection)
            self._flusher.flush()
            if self._log_pages - carried_over <= self._rest_pages_max:
                break


def _carry_over(connection: apsw.Connection) -> int:
    """Carry over what can be; how many of the log's pages have been by now."""
    # Another process may be at it; then it is done.
    with suppress(apsw.BusyError):
        _, carried_over = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return carried_over
    return 0


def _stand_behind() -> None:
    """Let this thread run where no other wants to. Only Linux knows it of a single thread."""
    if sys.platform == "linux":
        process_niceness = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), process_niceness + NICENESS)
