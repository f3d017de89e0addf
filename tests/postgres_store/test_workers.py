"""Several worker processes behind one port and one database: gapless under load, and nobody misses one that dies."""

import asyncio
import os
import select
import signal
from pathlib import Path

import pytest

from tests.concurrency.ledger import Ledger
from tests.concurrency.load import busy_clients, make_world, run_clients
from tests.concurrency.proof import check_client_order, prove
from tests.crash.test_kill import settle_all
from tests.postgres import Database
from tests.raw_http import ConnectionBroken, fetch_token
from tests.servers import POLL_SECONDS, Server

CLIENTS = 48
HOST = "127.0.0.1"
ONE_SERIES = {"ONE-": 11}
SEVERAL_SERIES = {"ALPHA-": 1, "BETA-": 11, "GAMMA-": 99_999_900}
KILLS = 4
TOLD_BEFORE_KILL = 60


def workers_of(server: Server) -> list[int]:
    """The process ids of the workers."""
    children = Path(f"/proc/{server.process_id}/task/{server.process_id}/children").read_text(encoding="ascii")
    return [int(child) for child in children.split()]


@pytest.mark.parametrize("isolation", ("read-committed", "serializable"))
@pytest.mark.parametrize("prefixes", (ONE_SERIES, SEVERAL_SERIES), ids=("one series", "several series"))
async def test_two_workers_leave_gapless_series(
    tmp_path: Path, postgres_database: Database, prefixes: dict[str, int], isolation: str
) -> None:
    with Server(tmp_path, postgres_database.with_option(f"isolation={isolation}"), workers=2) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, prefixes)
        ledger = Ledger()
        await run_clients(world, ledger, seed=1, count=CLIENTS, rounds=2)
        assert ledger.untold == []
        check_client_order(ledger)
        books = await prove(server, world, ledger)
        assert len(books.issued) == len(ledger.attempts)
        assert "request_failed" not in server.logs()
        assert server.terminate() == 0


async def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    tmp_path: Path, postgres_database: Database
) -> None:
    with Server(tmp_path, postgres_database.url, workers=2) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, SEVERAL_SERIES)
        ledger = Ledger()
        for round_ in range(KILLS):
            async with busy_clients(world, ledger, round_, CLIENTS, TOLD_BEFORE_KILL):
                for worker in workers_of(server):
                    os.kill(worker, signal.SIGKILL)
            await until_served(server, killed=2 * (round_ + 1))
            books = await prove(server, world, ledger)
            await settle_all(world, ledger, books)
        await prove(server, world, ledger)
        assert server.terminate() == 0


async def until_served(server: Server, killed: int) -> None:
    """Wait until the supervisor has replaced so many workers, and one of them answers."""
    async with asyncio.timeout(20):
        while True:
            if server.logs().count("worker_died") < killed:
                await asyncio.sleep(POLL_SECONDS)
                continue
            try:
                await fetch_token(HOST, server.port, server.client_id, server.client_secret)
            except ConnectionBroken:
                await asyncio.sleep(POLL_SECONDS)
            else:
                return


def test_workers_stop_when_their_supervisor_is_gone(tmp_path: Path, postgres_database: Database) -> None:
    with Server(tmp_path, postgres_database.url, workers=2) as server:
        workers = workers_of(server)
        assert len(workers) == 2
        server.kill()
        for worker in workers:
            descriptor = os.pidfd_open(worker) if Path(f"/proc/{worker}").exists() else None
            if descriptor is not None:
                # Readable once the process has ended.
                assert select.select([descriptor], [], [], 20)[0]
                os.close(descriptor)


def test_workers_that_cannot_start_are_given_up(tmp_path: Path, postgres_database: Database) -> None:
    with Server(tmp_path, postgres_database.url, workers=2) as server:
        postgres_database.execute("ALTER TABLE secrets RENAME TO hidden")
        for worker in workers_of(server):
            os.kill(worker, signal.SIGKILL)
        assert server.wait() == 1
        assert "workers_given_up" in server.logs()
