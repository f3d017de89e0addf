"""The queue of several processes at one series, simulated: what they would reach with more cores than were measured.

`python -m bench.simulation` takes its times from bench/results/contended.json and limits.json, where they are, and
draws each time around its mean from a seeded generator. Callers are a closed loop, spread over the processes evenly. A
process reads requests and writes answers one at a time; it gathers what waits into a batch, as the writer does. Where
processes meet, a batch is decided, waits for its series, holds them for the database's work and the flush, and is
decided anew. A process that meets no other halves its batches, and does its own work on one while the database writes
the one before. All that computes shares the cores: with more tasks than cores each is slower by as much. Of several
series, every process either meets all ("mixed"), or none that another one meets ("apart").
"""

import argparse
import json
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from bench.contended import NO_OP, POSTED, POSTGRES
from bench.figures import RESULTS, print_table, write_results
from seriatim.service.writer import AHEAD_SUBMISSIONS_MIN, BATCH_SUBMISSIONS_MAX, HALVED_SUBMISSIONS_MIN

SEED = 20_261_122
MANY = 10_000
"""Cores that nothing waits for."""


@dataclass(frozen=True, slots=True)
class Times:
    """Means, in microseconds."""

    request: float = 70.0
    """A process's work on a request and its answer, outside of the batch."""
    batch: float = 250.0
    """A process's own work on a batch, and on each document in it."""
    batch_document: float = 25.0
    database: float = 300.0
    """The database's work on a batch, and on each document in it."""
    database_document: float = 25.0
    flush: float = 300.0
    """The flush of the disk, which needs no core."""
    generator: float = 12.0
    """The client's work between an answer and the next request."""
    decide_document: float = 7.0
    """A process's work to decide a document anew, as a profile has it: no figure of a benchmark tells it apart."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How many series there are, and whether each process meets only its own."""

    series: int
    is_apart: bool

    @property
    def name(self) -> str:
        """In words."""
        return "1" if self.series == 1 else f"{self.series}, {'apart' if self.is_apart else 'mixed'}"


SPREADS = (Spread(1, is_apart=False), Spread(8, is_apart=False), Spread(8, is_apart=True))


class Cores:
    """Work that shares some cores evenly, and waits that need none, in simulated microseconds."""

    def __init__(self, cores: int) -> None:
        self.now = 0.0
        self._cores = cores
        self._order = count()
        self._shared_work = 0.0
        """How much work each task has been given so far, since the beginning."""
        self._tasks: list[tuple[float, int, Callable[[], None]]] = []
        """By the shared work at which they are done."""
        self._waits: list[tuple[float, int, Callable[[], None]]] = []

    def compute(self, work: float, then: Callable[[], None]) -> None:
        """Go on once so much has been computed."""
        heappush(self._tasks, (self._shared_work + work, next(self._order), then))

    def wait(self, time: float, then: Callable[[], None]) -> None:
        """Go on after so long."""
        heappush(self._waits, (self.now + time, next(self._order), then))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self.now < until:
            speed = min(1.0, self._cores / len(self._tasks)) if self._tasks else 1.0
            done_at = self.now + (self._tasks[0][0] - self._shared_work) / speed if self._tasks else float("inf")
            waited_at = self._waits[0][0] if self._waits else float("inf")
            next_at = min(done_at, waited_at)
            self._shared_work += (next_at - self.now) * speed
            self.now = next_at
            _, _, then = heappop(self._tasks if done_at <= waited_at else self._waits)
            then()


class Lock:
    """A series: one batch holds it, others wait in their order."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: deque[Callable[[], None]] = deque()

    def take(self, then: Callable[[], None]) -> None:
        """Go on once it is ours."""
        if self._is_held:
            self._waiting.append(then)
        else:
            self._is_held = True
            then()

    def let_go(self) -> None:
        """Let the next one have it."""
        if self._waiting:
            self._waiting.popleft()()
        else:
            self._is_held = False


class Single:
    """Somebody who does one thing at a time: a process's loop, or the client."""

    def __init__(self, cores: Cores) -> None:
        self._cores = cores
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._is_busy = False

    @property
    def has_more(self) -> bool:
        """Whether something waits to be done."""
        return bool(self._queue)

    def do(self, work: float, then: Callable[[], None]) -> None:
        """Do something when everything before it is done."""
        self._queue.append((work, then))
        if not self._is_busy:
            self._next()

    def _next(self) -> None:
        self._is_busy = bool(self._queue)
        if self._is_busy:
            work, then = self._queue.popleft()

            def done() -> None:
                then()
                self._next()

            self._cores.compute(work, done)


class Process:
    """A server process with its batches. A caller is known by the series of its documents."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._loop = Single(world.cores)
        self._queued: deque[int] = deque()
        self._under_way: deque[list[int]] = deque()
        """The batch that is being written, and one that was taken ahead."""
        self._decided: list[int] | None = None
        """The batch taken ahead, once there is nothing left but to write it."""
        self._last_size = 1
        self._has_all_waited = False

    def request(self, series: int) -> None:
        """A caller's request has arrived."""
        self._loop.do(self._world.around(self._world.times.request), lambda: self._queue(series))

    def _queue(self, series: int) -> None:
        self._queued.append(series)
        self._begin()

    def _begin(self) -> None:
        """Take a batch of what is queued, if it is time for one."""
        size = len(self._queued)
        if self._under_way:
            is_time = self._world.is_each_alone and len(self._under_way) == 1
            is_time = is_time and size >= max(AHEAD_SUBMISSIONS_MIN, len(self._under_way[0]))
        else:
            is_time = size > 0 and (size >= self._last_size or not self._loop.has_more)
        if not is_time:
            return
        if self._world.is_each_alone and self._has_all_waited and size >= HALVED_SUBMISSIONS_MIN:
            size = (size + 1) // 2
        self._last_size = min(size, BATCH_SUBMISSIONS_MAX)
        batch = [self._queued.popleft() for _ in range(self._last_size)]
        self._under_way.append(batch)
        self._has_all_waited = False
        times = self._world.times
        work = self._world.around(times.batch + times.batch_document * len(batch))
        self._loop.do(work, lambda: self._send_or_wait(batch))

    def _send_or_wait(self, batch: list[int]) -> None:
        if self._under_way[0] is not batch:
            self._decided = batch
        elif self._world.is_each_alone:
            self._write(batch)
        else:
            self._lock(batch, sorted(set(batch)))

    def _lock(self, batch: list[int], missing: list[int]) -> None:
        if missing:
            self._world.series[missing[0]].take(lambda: self._lock(batch, missing[1:]))
        else:
            self._write(batch)

    def _write(self, batch: list[int]) -> None:
        world, times = self._world, self._world.times
        database = world.around(times.database + times.database_document * len(batch))
        flush = world.around(times.flush)
        world.cores.compute(database, lambda: world.cores.wait(flush, lambda: self._written(batch)))

    def _written(self, batch: list[int]) -> None:
        world = self._world
        if world.is_each_alone:
            decided, self._decided = self._decided, None
            self._answer(batch)
            if decided is not None:
                self._write(decided)
            return
        for series in sorted(set(batch)):
            world.series[series].let_go()
        self._loop.do(world.around(world.times.decide_document * len(batch)), lambda: self._answer(batch))

    def _answer(self, batch: list[int]) -> None:
        self._under_way.popleft()
        self._has_all_waited = not self._queued and not self._under_way
        for series in batch:
            self._world.answered(self, series)
        self._begin()


class World:
    """Processes, callers, series and cores."""

    def __init__(self, times: Times, processes: int, callers: int, cores: int, spread: Spread) -> None:
        self.times = times
        self.cores = Cores(cores)
        self.series = [Lock() for _ in range(spread.series)]
        self.is_each_alone = processes == 1 or spread.is_apart
        """Whether no process meets a series of another one's."""
        self.documents = 0
        self._random = random.Random(SEED)
        self._client = Single(self.cores)
        made = [Process(self) for _ in range(processes)]
        for caller in range(callers):
            place = caller if spread.is_apart else caller // processes
            self._send(made[caller % processes], place % spread.series)

    def around(self, mean: float) -> float:
        """A time, drawn around its mean: half of it is sure."""
        return mean / 2 + self._random.expovariate(2 / mean)

    def answered(self, process: Process, series: int) -> None:
        """A caller has its answer, and asks again."""
        self.documents += 1
        self._send(process, series)

    def _send(self, process: Process, series: int) -> None:
        self._client.do(self.times.generator, lambda: process.request(series))


def rate_of(times: Times, processes: int, callers: int, cores: int, spread: Spread, seconds: float) -> float:
    """Documents a second, after a tenth of the time for warming up."""
    world = World(times, processes, callers, cores, spread)
    world.cores.run(seconds * 1e5)
    before = world.documents
    world.cores.run(seconds * 1e6)
    return (world.documents - before) / (seconds * 0.9)


def measured_times() -> Times:
    """The times that were measured, if they were: the line through a batch of one and a batch of many."""
    paths = RESULTS / "contended.json", RESULTS / "limits.json"
    if not all(path.exists() for path in paths):
        return Times()
    contended, limits = (json.loads(path.read_text()) for path in paths)
    lines = {
        (line["name"], line["callers"]): line
        for line in contended["lines"]
        if line["database"] == POSTGRES and line["processes"] == 1
    }
    sizes = {each["callers"]: each["documents_per_batch"] for each in limits["batches"] if each["database"] == POSTGRES}
    request = lines[NO_OP, 64]["server_us"]
    one, many = lines[POSTED, 1], lines[POSTED, 64]
    batch, batch_document = _line_through(sizes[64], one["server_us"] - request, many["server_us"] - request)
    database, database_document = _line_through(sizes[64], one["database_us"], many["database_us"])
    flush = 1e6 / limits["limits"]["fdatasync, append of 8 KiB, a second"]
    return Times(request, batch, batch_document, database, database_document, flush, many["generator_us"])


def _line_through(size: float, alone: float, each_of_many: float) -> tuple[float, float]:
    """What a batch costs, and what each document in it, from the cost a document in batches of one and of `size`."""
    batch = max(0.0, (alone - each_of_many) * size / (size - 1))
    return batch, max(0.0, alone - batch)


def simulate(times: Times, seconds: float) -> list[dict[str, Any]]:
    """All cases."""
    return [
        {
            "callers": callers,
            "series": spread.name,
            "cores": cores,
            "rates": [round(rate_of(times, processes, callers, cores, spread, seconds)) for processes in (1, 2, 4)],
        }
        for callers in (64, 256)
        for spread in SPREADS
        for cores in (2, MANY)
    ]


HEADINGS = ["callers", "series", "cores", "one process", "two", "four", "two to one"]


def cells_of(case: dict[str, Any]) -> Sequence[str]:
    """A line of the table."""
    one, two, four = case["rates"]
    cores = "enough" if case["cores"] == MANY else str(case["cores"])
    return [str(case["callers"]), case["series"], cores, f"{one:,}", f"{two:,}", f"{four:,}", f"{two / one:.2f}"]


def main() -> None:
    """Simulate, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="simulated, of each case")
    options = parser.parse_args()
    times = measured_times()
    cases = simulate(times, options.seconds)
    print_table(["time", "us"], [[name, f"{value:.0f}"] for name, value in asdict(times).items()])
    print()
    print_table(HEADINGS, [cells_of(case) for case in cases])
    write_results("simulation", times=asdict(times), cases=cases)


if __name__ == "__main__":
    main()
