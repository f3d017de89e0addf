"""What the size of a database costs: posting and reading after millions of documents, against an empty one.

`python -m bench.growth --documents 5000000 --seconds 5 --rounds 3`. Both kinds of database are filled as the store
would have filled them, which the register's audit proves; then empty and full ones are measured in turn. Each is warmed
up, and what the disk still has to write of anything before is written first: a fill leaves gigabytes behind, which are
no part of what a document costs.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import apsw

from bench.databases import durable_postgres, sqlite_url
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
from bench.filling import Filled, fill_postgres, fill_sqlite, settle
from bench.load import get_bytes, run_load
from bench.serving import (
    MEMOS_PATH,
    Server,
    audit,
    memo_request,
    prepare_accounts,
    processor_seconds,
    prove,
    running_server,
)
from tests.postgres import Cluster, Database

ACCOUNTS = 1000
ACCOUNT_NUMBERS = [f"A{place:08d}" for place in range(1, ACCOUNTS + 1)]
"""As the server gives them."""
CONNECTIONS = 64
WARM_UP_SECONDS = 2.0
"""Long enough that the page caches of a server that was just started hold what its batches meet."""
EMPTY, FULL = "empty", "full"
READ_MS_MAX = 2
READS = ("read by number", "read by id", "list, first page of 20", "list of an account, first page of 20")


@dataclass(slots=True)
class Store:
    """A database that was filled, and how to make an empty one of its kind."""

    name: str
    full: str
    """Its URL."""
    folder: Path
    filled: Filled
    issued: int
    """How many documents it held before anything was measured."""
    audit_seconds: float
    bytes_per_document: float
    parts: dict[str, float]
    """Bytes a document of each table and index."""
    new: Callable[[], str] = field(repr=False)


def make(name: str, new: Callable[[], str], folder: Path, fill: Callable[[str, list[str]], Filled]) -> Store:
    """Fill a database, and prove what is in it."""
    url = new()
    with running_server(url, folder) as server:
        accounts = prepare_accounts(server, 1, ACCOUNTS)
        assert accounts == ACCOUNT_NUMBERS, accounts
        first = run_load(server.port, [memo_request(MEMOS_PATH, server.token, accounts[0])], 1, 0.0)
        account_ids = [_account_id(server, number) for number in accounts]
    filled = fill(url, account_ids)
    began_at = time.perf_counter()
    verification = audit(url, dict(filled.names))
    audit_seconds = time.perf_counter() - began_at
    issued = sum(verdict.audit.issued_count for verdict in verification.verdicts)
    assert issued == filled.documents + len(first.bodies), f"{issued} documents are in the register"
    parts = sizes_of(url, issued)
    return Store(name, url, folder, filled, issued, audit_seconds, sum(parts.values()), parts, new)


def _account_id(server: Server, number: str) -> str:
    answer = json.loads(server.send(f"/v1/accounts/{number}", headers={"Authorization": f"Bearer {server.token}"}))
    return str(answer["basicInfo"]["id"])


def sizes_of(url: str, documents: int) -> dict[str, float]:
    """Bytes a document of each table and index, the largest first."""
    if url.startswith("sqlite"):
        with closing(apsw.Connection(url.removeprefix("sqlite:///"))) as connection:
            sql = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE AND pgsize > 1000000 ORDER BY pgsize DESC"
            return {name: size / documents for name, size in connection.execute(sql)}
    sql = """
        SELECT relname, pg_relation_size(oid) FROM pg_class
        WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 1000000
        ORDER BY 2 DESC"""
    found: Sequence[tuple[str, int]] = Database(url).run(lambda connection: connection.fetch(sql))
    return {name: size / documents for name, size in found}


def measure_posting(server: Server, seconds: float) -> Run:
    """Post memos of all accounts in turn."""
    requests = [memo_request(MEMOS_PATH, server.token, account) for account in ACCOUNT_NUMBERS]
    before = processor_seconds(server.process_ids)
    measured = run_load(server.port, requests, CONNECTIONS, seconds)
    taken = processor_seconds(server.process_ids) - before
    server.take_answers(measured.bodies)
    return run_of(measured, taken)


def read_paths(names: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """What is read: documents all over, the newest page, and pages of many accounts."""
    return dict(
        zip(
            READS,
            (
                [f"{MEMOS_PATH}/{number}" for number, _ in names],
                [f"{MEMOS_PATH}/{id_}" for _, id_ in names],
                [f"{MEMOS_PATH}?pageSize=20"],
                [f"{MEMOS_PATH}?pageSize=20&accountNumber={account}" for account in ACCOUNT_NUMBERS],
            ),
            strict=True,
        )
    )


def measure_reading(server: Server, names: Sequence[tuple[str, str]], seconds: float) -> dict[str, Run]:
    """Read over one connection, which waits for nobody else: what it sees is the server's time and the loopback's."""
    return {
        name: run_of(run_load(server.port, [get_bytes(path, server.token) for path in paths], 1, seconds))
        for name, paths in read_paths(names).items()
    }


def _posting(database: str, state: str) -> Subject:
    return Subject(f"posted, {state}", database, 1, CONNECTIONS)


def _reading(database: str, name: str) -> Subject:
    return Subject(f"{name}, full", database, 1, 1)


def measure(stores: Sequence[Store], seconds: float, rounds: int) -> tuple[dict[Subject, list[Run]], list[str]]:
    """Empty and full databases in turn; the runs, and what was proved."""
    found: dict[Subject, list[Run]] = {}
    proofs = []
    with ExitStack() as stack:
        full = {store.name: stack.enter_context(running_server(store.full, store.folder)) for store in stores}
        for _ in range(rounds):
            for store in stores:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                url = store.new()
                with running_server(url, folder) as server:
                    prepare_accounts(server, 1, ACCOUNTS)
                    for state, each in ((EMPTY, server), (FULL, full[store.name])):
                        measure_posting(each, WARM_UP_SECONDS)
                        settle()
                        found.setdefault(_posting(store.name, state), []).append(measure_posting(each, seconds))
                proofs.append(f"{store.name}, empty at first: {prove(url, server.told)}")
                for name, run in measure_reading(full[store.name], store.filled.names, seconds / 5).items():
                    found.setdefault(_reading(store.name, name), []).append(run)
    for store in stores:
        told = full[store.name].told
        issued = sum(verdict.audit.issued_count for verdict in audit(store.full, told).verdicts)
        assert issued == store.issued + len(told), f"{issued} documents are in the register"
        proofs.append(
            f"{store.name}, full: {issued:,} numbers, gapless, all {len(told):,} that were answered among them"
        )
    return found, proofs


def goals_of(found: Mapping[Subject, Sequence[Run]], stores: Sequence[Store]) -> list[Goal]:
    """What is wanted of a full database, and what was measured; medians over the rounds.

    A ratio is that of the two runs of a round, which follow each other: the machine changes from round to round.
    """
    goals = []
    for store in stores:
        full, empty = (found[_posting(store.name, state)] for state in (FULL, EMPTY))
        p99 = ratio(full, empty, "p99_ms")
        goals += [
            Goal(f"{store.name}: rate, of an empty database's", ratio(full, empty), 0.85),
            Goal(f"{store.name}: p99, of an empty database's", p99, 1.15, at_least=False),
        ]
        for name in READS:
            p99_ms = statistics.median(run.p99_ms for run in found[_reading(store.name, name)])
            goals.append(Goal(f"{store.name}: {name}, p99 in ms", p99_ms, READ_MS_MAX, at_least=False))
    return goals


def make_all(cluster: Cluster, folder: Path, documents: int, engines: Sequence[str]) -> list[Store]:
    """The filled databases."""
    stores = []
    numbers = iter(range(1_000_000))
    for engine in engines:
        home = folder / engine
        home.mkdir()
        if engine == "sqlite":

            def new_file(home: Path = home) -> str:
                return sqlite_url(home / f"{next(numbers)}.db")

            def fill(url: str, ids: list[str]) -> Filled:
                return fill_sqlite(Path(url.removeprefix("sqlite:///")), ids, documents)

            stores.append(make("SQLite", new_file, home, fill))
        else:
            stores.append(
                make(
                    "PostgreSQL",
                    lambda: cluster.new_database(migrated=False).url,
                    home,
                    lambda url, ids: fill_postgres(Database(url), ids, documents),
                )
            )
    return stores


def main() -> None:
    """Fill, measure, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    options = parser.parse_args()
    with durable_postgres() as cluster, tempfile.TemporaryDirectory() as folder:
        stores = make_all(cluster, Path(folder), options.documents, options.engines)
        found, proofs = measure(stores, options.seconds, options.rounds)
    goals = goals_of(found, stores)
    lines = [line_of(subject, runs) for subject, runs in found.items()]
    print_table(LINE_HEADINGS, [line_cells(line) for line in lines])
    print_goals(goals)
    print()
    kept: list[dict[str, Any]] = []
    for store in stores:
        kept.append({name: value for name, value in asdict(store).items() if name in _KEPT})
        made = store.filled
        print(
            f"{store.name}: {made.documents:,} documents made in {made.seconds:.0f} s, audited in "
            f"{store.audit_seconds:.1f} s, {store.bytes_per_document:.0f} bytes on disk a document"
        )
        print_table(["table or index", "bytes/document"], [[name, f"{size:.0f}"] for name, size in store.parts.items()])
    print("\n" + "\n".join(proofs))
    write_results("growth", options=vars(options), lines=lines, goals=goals, stores=kept, proofs=proofs)


_KEPT = ("name", "audit_seconds", "bytes_per_document", "parts")

if __name__ == "__main__":
    main()
