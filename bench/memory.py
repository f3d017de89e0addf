"""What a million requests do to a server's memory.

`python -m bench.memory --requests 1000000`. Memos are posted over 64 connections; the process's resident memory is read
after a warm-up, and after every five seconds of load.
"""

import argparse
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.databases import durable_postgres, sqlite_url
from bench.figures import Goal, print_goals, print_table, write_results
from bench.load import run_load
from bench.serving import MEMOS_PATH, memo_request, prepare_accounts, prove, resident_bytes, running_server

CONNECTIONS = 64
SLICE_SECONDS = 5.0
WARM_UP_DOCUMENTS = 40_000
"""More than fill the 32 MB of pages that SQLite's writer keeps: a document and its entries take some 1.4 KB."""
MEGABYTE = 1_000_000
GROWTH_MEGABYTES_MAX = 10
MEGABYTES_MAX = 120


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's resident memory, in megabytes."""

    database: str
    requests: int
    idle: float
    """After the start."""
    before: float
    """After the warm-up."""
    after: float
    highest: float


def measure(database: str, url: str, folder: Path, requests: int) -> tuple[Memory, str]:
    """Post so many memos; the memory, and what was proved."""
    with running_server(url, folder) as server:
        (account,) = prepare_accounts(server, 1)
        request = memo_request(MEMOS_PATH, server.token, account)
        (process_id,) = server.process_ids
        idle = resident_bytes(process_id)
        while len(server.told) < WARM_UP_DOCUMENTS:
            server.take_answers(run_load(server.port, [request], CONNECTIONS, SLICE_SECONDS).bodies)
        samples = [resident_bytes(process_id)]
        warmed_up = len(server.told)
        while len(server.told) < warmed_up + requests:
            server.take_answers(run_load(server.port, [request], CONNECTIONS, SLICE_SECONDS).bodies)
            samples.append(resident_bytes(process_id))
    before, after, highest = (each / MEGABYTE for each in (samples[0], samples[-1], max(samples)))
    made = len(server.told) - warmed_up
    return Memory(database, made, idle / MEGABYTE, before, after, highest), prove(url, server.told)


def goals_of(found: list[Memory]) -> list[Goal]:
    """What is wanted, and what was measured."""
    return [
        goal
        for each in found
        for goal in (
            Goal(f"{each.database}: growth in MB", each.after - each.before, GROWTH_MEGABYTES_MAX, at_least=False),
            Goal(f"{each.database}: highest in MB", each.highest, MEGABYTES_MAX, at_least=False),
        )
    ]


HEADINGS = ["database", "requests", "idle MB", "before MB", "after MB", "highest MB"]


def cells_of(each: Memory) -> list[str]:
    """A line of the table."""
    figures = (each.idle, each.before, each.after, each.highest)
    return [each.database, f"{each.requests:,}", *(f"{figure:.1f}" for figure in figures)]


def main() -> None:
    """Run, verify, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    found, proofs = [], []
    with durable_postgres() as cluster, tempfile.TemporaryDirectory() as folder:
        for database in ("SQLite", "PostgreSQL"):
            home = Path(folder) / database
            home.mkdir()
            is_file = database == "SQLite"
            url = sqlite_url(home / "bench.db") if is_file else cluster.new_database(migrated=False).url
            memory, proof = measure(database, url, home, options.requests)
            found.append(memory)
            proofs.append(f"{database}: {proof}")
    goals = goals_of(found)
    print_table(HEADINGS, [cells_of(each) for each in found])
    print_goals(goals)
    print("\n" + "\n".join(proofs))
    write_results("memory", memory=[asdict(each) for each in found], goals=goals, proofs=proofs)


if __name__ == "__main__":
    main()
