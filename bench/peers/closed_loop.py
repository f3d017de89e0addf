"""What the peers share: callers that each do one thing after another, and what they saw, as JSON on standard output."""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

BODY = json.dumps(
    {
        "accountNumber": "A00000001",
        "status": "Posted",
        "currency": "EUR",
        "comment": "returned goods",
        "charges": [{"productRatePlanChargeId": "402890555a7e9791015a879f064a0054", "amount": 100.10, "text": "Seats"}],
        "filler": "x" * 80,
    }
)
"""The document that each caller stores with its number: 300 bytes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of a peer saw."""

    peer: str
    callers: int
    documents: int
    rate: float
    p50_ms: float
    p99_ms: float


def figures(peer: str, callers: int, latencies: list[float], seconds: float) -> Figures:
    """Sum up the seconds that each document took."""
    ordered = sorted(latencies)
    last = len(ordered) - 1
    p50, p99 = (ordered[min(last, int(len(ordered) * percent / 100))] * 1000 for percent in (50, 99))
    return Figures(peer, callers, len(ordered), len(ordered) / seconds, p50, p99)


def report(found: Figures) -> None:
    """Print the figures for the benchmark that started this program."""
    json.dump(asdict(found), sys.stdout)


def run_threads(peer: str, callers: int, seconds: float, prepare: Callable[[], Callable[[], object]]) -> Figures:
    """Let so many threads call over and over for so many seconds.

    `prepare` is called in each thread, before the time starts, and gives what the thread then repeats.
    """
    latencies: list[list[float]] = [[] for _ in range(callers)]
    failures: list[BaseException] = []
    start = threading.Barrier(callers + 1)
    until = [0.0]

    def run(mine: list[float]) -> None:
        try:
            call = prepare()
            start.wait()
            while True:
                began_at = time.perf_counter()
                if began_at >= until[0]:
                    return
                call()
                mine.append(time.perf_counter() - began_at)
        except BaseException as error:  # noqa: BLE001 - a caller that fails fails the whole run, below
            failures.append(error)
            start.abort()

    threads = [threading.Thread(target=run, args=(mine,)) for mine in latencies]
    for thread in threads:
        thread.start()
    until[0] = time.perf_counter() + seconds + 3600
    start.wait()
    began_at = time.perf_counter()
    until[0] = began_at + seconds
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return figures(peer, callers, [each for mine in latencies for each in mine], time.perf_counter() - began_at)
