"""Several worker processes behind one port: starts them, starts one anew where one dies, stops them together.

The supervisor serves nothing and opens no database, so that it has nothing to fail with. Each worker listens for itself
on the same port, and the system spreads the connections over them. A worker whose supervisor is gone stops as if it
had been told to.
"""

import os
import selectors
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

import structlog

RESTARTS_MAX = 10
"""Workers that died, in a row, before any had served for `STEADY_SECONDS`: then something is wrong with all of them."""
STEADY_SECONDS = 10

_STOPS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Lifeline:
    """What a worker has of its supervisor."""

    supervisor_gone: int
    """A file descriptor that is readable once the supervisor is gone."""
    ready: int
    """A file descriptor to which a worker writes a byte when it serves."""

    def tell_ready(self) -> None:
        """Tell the supervisor that this worker serves."""
        os.write(self.ready, b".")


class Supervisor:
    """Keeps so many workers running. `work` is what a worker does; its result is the worker's exit code."""

    def __init__(
        self,
        count: int,
        work: Callable[[Lifeline], int],
        now_seconds: Callable[[], float],
        all_ready: Callable[[], None],
    ) -> None:
        self._count = count
        self._work = work
        self._now_seconds = now_seconds
        self._all_ready = all_ready
        self._started_at_seconds: dict[int, float] = {}
        """By process id."""
        self._died_early = 0
        self._ready_count = 0
        self._is_stopping = False
        self._exit_code = 0
        self._log = structlog.get_logger()

    def run(self) -> int:
        """Start the workers and watch them until all have stopped; the exit code."""
        self._gone_read, self._gone_write = os.pipe()
        self._ready_read, self._ready_write = os.pipe()
        wake_read, wake_write = socket.socketpair()
        for each in (wake_read, wake_write):
            each.settimeout(0)
        signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
        for heeded in (*_STOPS, signal.SIGCHLD):
            signal.signal(heeded, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(wake_read, selectors.EVENT_READ)
            selector.register(self._ready_read, selectors.EVENT_READ)
            for _ in range(self._count):
                self._start_one()
            while self._started_at_seconds:
                for key, _ in selector.select():
                    if key.fileobj is wake_read:
                        self._heed(wake_read.recv(4096))
                    else:
                        self._count_ready(os.read(self._ready_read, 4096))
        return self._exit_code

    def _start_one(self) -> None:
        process_id = os.fork()
        if process_id == 0:
            self._be_a_worker()
        self._started_at_seconds[process_id] = self._now_seconds()

    def _be_a_worker(self) -> None:
        """Work, and end the process; nothing of the supervisor's own goes on in it."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for heeded in (*_STOPS, signal.SIGCHLD):
                signal.signal(heeded, signal.SIG_DFL)
            os.close(self._gone_write)
            code = self._work(Lifeline(self._gone_read, self._ready_write))
        except BaseException:  # noqa: BLE001 - whatever it is, it may not come back into the supervisor's loop
            self._log.exception("worker_failed")
        finally:
            os._exit(code)

    def _count_ready(self, told: bytes) -> None:
        before = self._ready_count
        self._ready_count += len(told)
        if before < self._count <= self._ready_count:
            self._all_ready()

    def _heed(self, signals: bytes) -> None:
        for number in signals:
            if number in _STOPS:
                # An interrupt from the keyboard reaches the workers as well; the first one is told them as a request.
                self._pass_on(signal.SIGTERM if not self._is_stopping else signal.Signals(number))
                self._is_stopping = True
        if signal.SIGCHLD in signals:
            self._bury()

    def _pass_on(self, number: signal.Signals) -> None:
        for process_id in self._started_at_seconds:
            os.kill(process_id, number)

    def _bury(self) -> None:
        """Take note of the workers that have ended, and start others for those that were not to."""
        while self._started_at_seconds:
            process_id, status = os.waitpid(-1, os.WNOHANG)
            if process_id == 0:
                return
            lived_seconds = self._now_seconds() - self._started_at_seconds.pop(process_id)
            code = os.waitstatus_to_exitcode(status)
            if self._is_stopping:
                self._exit_code = self._exit_code or abs(code)
                continue
            self._died_early = self._died_early + 1 if lived_seconds < STEADY_SECONDS else 0
            self._log.error("worker_died", process_id=process_id, exit_code=code, lived_seconds=round(lived_seconds, 3))
            if self._died_early > RESTARTS_MAX:
                self._log.error("workers_given_up", died_in_a_row=self._died_early)
                self._is_stopping = True
                self._exit_code = 1
                self._pass_on(signal.SIGTERM)
            else:
                self._start_one()
