"""The limits that nothing here can pass, and how far from each the server is: the disk's flushes, and reading HTTP.

`python -m bench.limits --seconds 3`. Flushes a second times documents a batch bound what a disk can carry; requests a
second without a handler bound what one core can read. The figures of batches are the server's own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench import bare_http
from bench.databases import durable_postgres, sqlite_url
from bench.figures import print_table, write_results
from bench.load import Measured, request_bytes, run_load
from bench.serving import MEMOS_PATH, STOP_SECONDS, Server, memo_request, prepare_accounts, prove, running_server
from seriatim.storage.engines import is_postgres
from tests.postgres import Database

PAGE_BYTES = 8192
CALLERS = (1, 8, 64, 256)


@dataclass(frozen=True, slots=True)
class Batches:
    """Posted memos at one concurrency, and the batches that they were written in."""

    database: str
    callers: int
    rate: float
    documents_per_batch: float
    write_ms: float
    """Loading, deciding, writing and committing a batch."""
    writing_share: float
    """The share of the time that a batch was under way."""
    log_bytes: float
    """Bytes a document in PostgreSQL's write-ahead log; of SQLite not asked."""
    flushes_share: float = 0.0
    """The rate, of what the disk's flushes would allow at this size of batches."""
    http_share: float = 0.0
    """The rate, of what one core can read of HTTP."""


def flushes_per_second(folder: Path, seconds: float, *, appends: bool) -> float:
    """How often a second a page can be written and flushed: behind the others, or in place."""
    page = os.urandom(PAGE_BYTES)
    path = folder / "flushes"
    path.write_bytes(page)
    descriptor = os.open(path, os.O_WRONLY)
    try:
        count, began_at = 0, time.perf_counter()
        while time.perf_counter() - began_at < seconds:
            os.pwrite(descriptor, page, PAGE_BYTES * (count + 1) if appends else 0)
            os.fdatasync(descriptor)
            count += 1
        return count / (time.perf_counter() - began_at)
    finally:
        os.close(descriptor)
        path.unlink()


def http_rate(seconds: float, connections: int = 64) -> Measured:
    """The HTTP server with nothing behind it, against requests of the size of a posted memo's."""
    with subprocess.Popen([sys.executable, "-m", bare_http.__name__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            return run_load(port, [request_bytes(MEMOS_PATH, "t" * 200, b"x" * 250)], connections, seconds)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def log_position(url: str) -> int:
    """How much has been written to PostgreSQL's write-ahead log so far, in bytes."""
    if not is_postgres(url):
        return 0
    return int(Database(url).value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"))


def measure_batches(server: Server, url: str, account: str, callers: int, seconds: float) -> Batches:
    """Post memos, and ask the server what batches it made of them."""
    names = ("seriatim_batch_size_count", "seriatim_batch_size_sum", "seriatim_write_seconds_sum")
    before = [server.metric(name) for name in names]
    log_before, began_at = log_position(url), time.perf_counter()
    measured = run_load(server.port, [memo_request(MEMOS_PATH, server.token, account)], callers, seconds)
    elapsed = time.perf_counter() - began_at
    log_bytes = (log_position(url) - log_before) / len(measured.bodies)
    batches, documents, write_seconds = (server.metric(name) - old for name, old in zip(names, before, strict=True))
    server.take_answers(measured.bodies)
    return Batches(
        database="PostgreSQL" if is_postgres(url) else "SQLite",
        callers=callers,
        rate=measured.rate,
        documents_per_batch=documents / batches,
        write_ms=write_seconds / batches * 1000,
        writing_share=write_seconds / elapsed,
        log_bytes=log_bytes,
    )


def measure_all(seconds: float, folder: Path) -> tuple[dict[str, float], list[Batches], list[str]]:
    """The limits, the batches at each concurrency, and what was proved."""
    found: list[Batches] = []
    proofs: list[str] = []
    limits = {
        "fdatasync, append of 8 KiB, a second": flushes_per_second(folder, seconds, appends=True),
        "fdatasync, overwrite of 8 KiB, a second": flushes_per_second(folder, seconds, appends=False),
        "HTTP requests a second without a handler": http_rate(seconds).rate,
    }
    with ExitStack() as stack:
        cluster = stack.enter_context(durable_postgres())
        urls: dict[str, Callable[[], str]] = {
            "SQLite": lambda: sqlite_url(folder / "bench.db"),
            "PostgreSQL": lambda: cluster.new_database(migrated=False).url,
        }
        for database, new in urls.items():
            home, url = folder / database, new()
            home.mkdir()
            with running_server(url, home) as server:
                (account,) = prepare_accounts(server, 1)
                found += [measure_batches(server, url, account, callers, seconds) for callers in CALLERS]
            proofs.append(f"{database}: {prove(url, server.told)}")
    appends, _, requests = limits.values()
    kept = [
        replace(each, flushes_share=each.rate / (appends * each.documents_per_batch), http_share=each.rate / requests)
        for each in found
    ]
    return limits, kept, proofs


HEADINGS = [
    "database",
    "callers",
    "documents/s",
    "documents/batch",
    "ms/batch",
    "writing",
    "log bytes",
    "of flushes",
    "of HTTP",
]


def cells_of(each: Batches) -> list[str]:
    """A line of the table."""
    return [
        each.database,
        str(each.callers),
        f"{each.rate:,.0f}",
        f"{each.documents_per_batch:.1f}",
        f"{each.write_ms:.2f}",
        f"{each.writing_share:.0%}",
        f"{each.log_bytes:,.0f}" if each.log_bytes else "",
        f"{each.flushes_share:.0%}",
        f"{each.http_share:.0%}",
    ]


def main() -> None:
    """Run, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        limits, batches, proofs = measure_all(options.seconds, Path(folder))
    print_table(["limit", ""], [[name, f"{value:,.0f}"] for name, value in limits.items()])
    print()
    print_table(HEADINGS, [cells_of(each) for each in batches])
    print("\n" + "\n".join(proofs))
    write_results("limits", limits=limits, batches=[asdict(each) for each in batches], proofs=proofs)


if __name__ == "__main__":
    main()
