"""Documents as PDF: the same page gives the same bytes, and no text of a page can be markup or code.

Pages are set in a process of their own, one at a time: the typesetter keeps what it set before, up to more than a
gigabyte for long documents, and cannot be interrupted. Its process can: it is ended when a page takes too long, and
when it has grown, and the next page starts a new one. What numbers documents feels neither.
"""

import atexit
import pickle
import subprocess
import sys
from contextlib import suppress
from threading import BoundedSemaphore, Event, Lock, Timer
from typing import BinaryIO, cast

from seriatim.errors import InternalError, Overloaded, TooLarge
from seriatim.render.formats import Formats
from seriatim.render.page import Page, check_limits
from seriatim.render.worker import ANSWER, LENGTH

TIME_SECONDS_MAX = 30
"""How long one page may take; the largest that the limits let pass takes a third of it on two cores of 2024."""
WAITING_MAX = 32
"""Pages that may be set or wait for it at a time; each keeps a thread of the server."""
MEMORY_KEPT_BYTES_MAX = 400 * 1024**2
"""A process that has once held more is replaced after its answer, as it would not give it back."""


def render(page: Page) -> bytes:
    """The document as a PDF: A4, or US letter for sellers in the United States and Canada.

    The same page gives the same bytes on one machine: the only date in them is the page's own. It blocks, some
    milliseconds for a short page: call it in a worker thread, and outside of any transaction.

    Raises: InvalidValue, beyond the limits of `seriatim.render.page`, or for a locale that nobody knows; TooLarge, if
    setting it takes longer than `TIME_SECONDS_MAX`; Overloaded, if `WAITING_MAX` pages are before it; InternalError.
    """
    check_limits(page)
    Formats(page.locale)
    return _TYPESETTER.set(page)


class Typesetter:
    """The process that sets pages; started by the first page, and anew after it ended."""

    def __init__(
        self,
        time_seconds_max: float = TIME_SECONDS_MAX,
        memory_kept_bytes_max: int = MEMORY_KEPT_BYTES_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._time_seconds_max = time_seconds_max
        self._memory_kept_bytes_max = memory_kept_bytes_max
        self._places = BoundedSemaphore(waiting_max)
        self._one_at_a_time = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The system's id of the process, if there is one."""
        return None if self._process is None else self._process.pid

    def set(self, page: Page) -> bytes:
        """The page as a PDF, once the pages before it are done.

        Raises: Overloaded, TooLarge, InternalError.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many documents are being printed; try again in a moment")
        try:
            with self._one_at_a_time:
                is_set, payload = self._within_time(self._running(), pickle.dumps(page))
        finally:
            self._places.release()
        if not is_set:
            raise InternalError from RuntimeError(payload.decode())
        return payload

    def _within_time(self, process: subprocess.Popen[bytes], request: bytes) -> tuple[bool, bytes]:
        is_overdue = Event()
        timer = Timer(self._time_seconds_max, _give_up, (process, is_overdue))
        timer.start()
        try:
            return self._exchange(process, request)
        except (OSError, EOFError) as error:
            self._end()
            if is_overdue.is_set():
                limit = f"longer than {self._time_seconds_max} seconds"
                raise TooLarge(f"the document takes {limit} to print; it has too much text") from error
            raise InternalError from error
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the process, if there is one."""
        with self._one_at_a_time:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            command = [sys.executable, "-m", "seriatim.render.worker"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes) -> tuple[bool, bytes]:
        requests, answers = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
        requests.write(LENGTH.pack(len(request)) + request)
        requests.flush()
        header = answers.read(ANSWER.size)
        if len(header) < ANSWER.size:
            raise EOFError
        is_set, peak_memory_bytes, length = ANSWER.unpack(header)
        payload = answers.read(length)
        if len(payload) < length:
            raise EOFError
        if peak_memory_bytes > self._memory_kept_bytes_max:
            self._end()
        return is_set, payload

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError), process:  # closes the pipes, whatever is still in them, and waits
                pass


def _give_up(process: subprocess.Popen[bytes], is_overdue: Event) -> None:
    is_overdue.set()
    process.kill()


_TYPESETTER = Typesetter()
atexit.register(_TYPESETTER.close)
