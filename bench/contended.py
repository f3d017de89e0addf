"""One contended series: documents a second against well-made peers, and against the server that does all but number.

`python -m bench.contended --seconds 0.8 --rounds 8`; with `--flush-delay-ms 1` on a disk whose flushes take so much
longer. Whatever is compared follows each other closely in every round, because the machine changes from minute to
minute, and a ratio is the median of those of the rounds. Every run is verified: numbers unique and gapless, PostgreSQL
and SQLite as durable as they can be set, and at the end, after a crash of PostgreSQL, everything that was answered is
in the register.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from operator import attrgetter
from pathlib import Path

from bench.databases import crash, durable_postgres, postgres_process_ids, sqlite_url
from bench.disks import flushes_taking
from bench.figures import (
    LINE_HEADINGS,
    Goal,
    Run,
    Subject,
    line_cells,
    line_of,
    print_goals,
    print_table,
    ratio,
    run_of,
    write_results,
)
from bench.load import run_load
from bench.peers import typed_fastapi
from bench.server import NO_OP_PATH
from bench.serving import MEMOS_PATH, Server, memo_request, prepare_accounts, processor_seconds, prove, running_server
from tests.postgres import Cluster

POSTGRES = "PostgreSQL"
SQLITE = "SQLite"
DJANGO = "django-sequences, in process"
NAIVE = "asyncpg, one statement, in process"
FASTAPI = "FastAPI, no-op"
NO_OP = "Seriatim, no-op"
POSTED = "Seriatim, posted"
EIGHT_SERIES = "Seriatim, posted, eight series"
EIGHT_APART = "Seriatim, posted, eight series, four a process"
SERIES_COUNT = 8
PEER_CALLERS = (1, 8, 64)
STOP_SECONDS = 30

Runs = dict[Subject, Callable[[], Run]]


@dataclass(slots=True)
class Place:
    """Where everything runs."""

    cluster: Cluster
    folder: Path
    seconds: float
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new_database(self, database: str) -> str:
        """A new database for a peer: a URL of PostgreSQL or the path of a file."""
        if database == POSTGRES:
            return self.cluster.new_database(migrated=False).url
        return str(self.folder / f"peer{next(self.numbers)}.db")

    def run_peer(self, module: str, database: str, callers: int) -> Run:
        """Run a peer's program on a new database. It verifies itself what it issued."""
        command = [sys.executable, "-m", module, self.new_database(database), str(callers), str(self.seconds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        return Run(found["rate"], found["p50_ms"], found["p99_ms"])


def peer_runs(place: Place) -> Runs:
    """The peers that issue numbers, without HTTP."""
    runs: Runs = {}
    for database, name, module in (
        (POSTGRES, DJANGO, "bench.peers.django_sequences"),
        (POSTGRES, NAIVE, "bench.peers.naive_asyncpg"),
        (SQLITE, DJANGO, "bench.peers.django_sequences"),
    ):
        for callers in PEER_CALLERS:
            runs[Subject(name, database, 1, callers)] = partial(place.run_peer, module, database, callers)
    return runs


@contextmanager
def fastapi_run(seconds: float, fields: set[str], account: str) -> Iterator[Runs]:
    """The typed FastAPI endpoint. It must answer the fields that the server's own no-op answers."""
    with subprocess.Popen([sys.executable, "-m", typed_fastapi.__name__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            request = memo_request(typed_fastapi.PATH, typed_fastapi.TOKEN, account)

            def run(callers: int = 64) -> Run:
                measured = run_load(port, [request], callers, seconds)
                assert json.loads(measured.bodies[0]).keys() == fields, "FastAPI answers other fields"
                return run_of(measured)

            yield {Subject(FASTAPI, "", 1, 64): run}
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def server_runs(place: Place, server: Server, database: str, accounts: list[str], connections: list[int]) -> Runs:
    """A server's no-op and posted memos: one series, and on PostgreSQL eight as well."""
    processes = len(server.process_ids)

    def run(path: str, named: list[str], callers: int) -> Run:
        requests = [memo_request(path, server.token, account) for account in named]
        database_ids = postgres_process_ids(place.cluster) if database == POSTGRES else []
        before = processor_seconds(server.process_ids), processor_seconds(database_ids)
        measured = run_load(server.port, requests, callers, place.seconds)
        after = processor_seconds(server.process_ids), processor_seconds(database_ids)
        if path == MEMOS_PATH:
            server.take_answers(measured.bodies)
        return run_of(measured, after[0] - before[0], after[1] - before[1])

    runs: Runs = {}
    for callers in connections:
        for name, path in ((NO_OP, NO_OP_PATH), (POSTED, MEMOS_PATH)):
            runs[Subject(name, database, processes, callers)] = partial(run, path, accounts[:1], callers)
        if database == POSTGRES and callers >= SERIES_COUNT**2:
            subject = Subject(EIGHT_SERIES, database, processes, callers)
            runs[subject] = partial(run, MEMOS_PATH, accounts[1:], callers)
    return runs


def apart_runs(place: Place, servers: Sequence[Server], accounts: Sequence[str], connections: Sequence[int]) -> Runs:
    """Two processes on ports of their own, each of which posts to series that the other never meets."""
    first, second = servers
    requests = [memo_request(MEMOS_PATH, first.token, account) for account in accounts[1:]]

    def run(callers: int) -> Run:
        ids = [*first.process_ids, *second.process_ids]
        database_ids = postgres_process_ids(place.cluster)
        before = processor_seconds(ids), processor_seconds(database_ids)
        measured = run_load(first.port, requests, callers, place.seconds, [second.port])
        after = processor_seconds(ids), processor_seconds(database_ids)
        first.take_answers(measured.bodies)
        return run_of(measured, after[0] - before[0], after[1] - before[1])

    return {
        Subject(EIGHT_APART, POSTGRES, 2, callers): partial(run, callers)
        for callers in connections
        if callers >= SERIES_COUNT**2
    }


def goals_of(found: dict[Subject, list[Run]]) -> list[Goal]:
    """What is wanted of one contended series, and what was measured."""

    def runs(name: str, database: str = POSTGRES, callers: int = 64, processes: int = 1) -> list[Run]:
        return found[Subject(name, database, processes, callers)]

    naive = [
        max(rounds, key=attrgetter("rate"))
        for rounds in zip(*(runs(NAIVE, callers=n) for n in PEER_CALLERS), strict=True)
    ]
    goals = []
    for database, share in ((POSTGRES, 0.6), (SQLITE, 0.45)):
        posted, django = runs(POSTED, database), runs(DJANGO, database)
        one_p50 = ratio(runs(POSTED, database, 1), runs(DJANGO, database, 1), "p50_ms")
        p99 = ratio(posted, django, "p99_ms")
        goals += [
            Goal(f"{database}, 64 connections: times django-sequences at 64 callers", ratio(posted, django), 20),
            Goal(f"{database}, 64: p99, of django-sequences'", p99, 1 / 20, at_least=False),
            Goal(f"{database}, 1: p50, of django-sequences' without HTTP", one_p50, 1, at_least=False),
            Goal(f"{database}, 64: of the no-op's rate", ratio(posted, runs(NO_OP, database)), share),
        ]
    return [
        *goals,
        Goal(f"{POSTGRES}, 64: times the naive statement at its best", ratio(runs(POSTED), naive), 5),
        Goal("64: no-op, times FastAPI's", ratio(runs(NO_OP), runs(FASTAPI, "")), 2.5),
        *(
            Goal(
                f"{POSTGRES}, {callers}: two processes on one series, times one",
                ratio(runs(POSTED, callers=callers, processes=2), runs(POSTED, callers=callers)),
                wanted,
            )
            for callers, wanted in ((64, 1.0), (256, 1.2))
        ),
        *(
            Goal(
                f"{POSTGRES}, {callers}, two processes: eight series, {how}, times one",
                ratio(runs(name, callers=callers, processes=2), runs(POSTED, callers=callers, processes=2)),
                1.0,
            )
            for name, how in ((EIGHT_SERIES, "all met by both"), (EIGHT_APART, "four each"))
            for callers in (64, 256)
        ),
    ]


def measure(place: Place, rounds: int, connections: list[int]) -> tuple[dict[Subject, list[Run]], list[str]]:
    """Run all rounds; what they gave, and what was proved of them."""
    databases = {(POSTGRES, 1): "", (POSTGRES, 2): "", (SQLITE, 1): ""}
    servers: dict[tuple[str, int], Server] = {}
    with ExitStack() as stack:
        runs = peer_runs(place)
        fields: set[str] = set()
        for database, processes in databases:
            folder = place.folder / f"{database}{processes}"
            folder.mkdir()
            is_postgres = database == POSTGRES
            url = place.cluster.new_database(migrated=False).url if is_postgres else sqlite_url(folder / "bench.db")
            server = stack.enter_context(running_server(url, folder, processes))
            accounts = prepare_accounts(server, 1 + SERIES_COUNT)
            warm_up = memo_request(MEMOS_PATH, server.token, accounts[0])
            server.take_answers(run_load(server.port, [warm_up], 8, 1.0).bodies)
            no_op = run_load(server.port, [memo_request(NO_OP_PATH, server.token, accounts[0])], 8, 1.0)
            fields = set(json.loads(no_op.bodies[0]))
            runs |= server_runs(place, server, database, accounts, connections)
            databases[database, processes], servers[database, processes] = url, server
        url, folder = place.cluster.new_database(migrated=False).url, place.folder / "apart"
        folder.mkdir()
        both = [stack.enter_context(running_server(url, folder)) for _ in range(2)]
        runs |= apart_runs(place, both, prepare_accounts(both[0], 1 + SERIES_COUNT), connections)
        databases[EIGHT_APART, 2], servers[EIGHT_APART, 2] = url, both[0]
        runs |= stack.enter_context(fastapi_run(place.seconds, fields, accounts[0]))
        found = in_rounds(runs, rounds)
    proofs = [crash(place.cluster)]
    for (database, processes), url in databases.items():
        proof = prove(url, servers[database, processes].told)
        proofs.append(f"{database}, {processes} processes: {proof}")
    return found, proofs


def in_rounds(runs: Runs, rounds: int) -> dict[Subject, list[Run]]:
    """Everything once a round, with as many callers one after another; what each gave."""
    found: dict[Subject, list[Run]] = {subject: [] for subject in runs}
    for index in range(rounds):
        for subject in sorted(runs, key=attrgetter("callers")):
            found[subject].append(runs[subject]())
            told = f"round {index + 1}: {subject.name}, {subject.database}, {subject.processes}, {subject.callers}"
            print(f"{told}: {found[subject][-1].rate:,.0f}/s", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.8, help="of each run")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--flush-delay-ms", type=float, default=0.0, help="what each flush of the disk takes longer")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64, 256])
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        flushes_taking(options.flush_delay_ms, Path(folder)) as variables,
        durable_postgres(variables) as cluster,
    ):
        place = Place(cluster, Path(folder), options.seconds)
        found, proofs = measure(place, options.rounds, options.connections)
    lines, goals = [line_of(subject, runs) for subject, runs in found.items()], goals_of(found)
    print_table(LINE_HEADINGS, [line_cells(line) for line in lines])
    print_goals(goals)
    print("\n" + "\n".join(proofs))
    name = "slowdisk" if options.flush_delay_ms else "contended"
    write_results(name, options=vars(options), lines=lines, goals=goals, proofs=proofs)


if __name__ == "__main__":
    main()
