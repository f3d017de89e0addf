"""The database goes away under load: every request is answered, none is half done, and asking again numbers once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.concurrency.load import MEMOS, World, make_world
from tests.postgres import Database, OwnCluster
from tests.raw_http import RawConnection, fetch_token
from tests.servers import Server

CLIENTS = 24
MEMOS_EACH = 25
OUTAGES = 3
TOLD_BETWEEN = 60
HOST = "127.0.0.1"
PREFIXES = {"ALPHA-": 1, "BETA-": 11}
TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'seriatim'"""

Outage = Callable[[OwnCluster, Database], Awaitable[None]]


async def lose_connections(_: OwnCluster, database: Database) -> None:
    """End every process of the database that serves Seriatim."""
    await database.work(lambda connection: connection.execute(TERMINATE))


async def crash(cluster: OwnCluster, _: Database) -> None:
    """Restart the database as after a crash."""
    await asyncio.to_thread(cluster.restart, "immediate")


class Told:
    """What clients were told, by the key that they asked with."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.unavailable: list[str] = []
        self._changed = asyncio.Condition()

    async def note(self, key: str, number: str) -> None:
        async with self._changed:
            self.numbers[key] = number
            self._changed.notify_all()

    async def wait_for(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.numbers) >= count)


async def create_memos(index: int, world: World, told: Told) -> None:
    """Create memos one after another; whenever the server cannot, ask again with the same key."""
    account_id, _ = world.accounts[index % len(world.accounts)]
    async with world.connect() as connection:
        for count in range(MEMOS_EACH):
            key = f"client {index} memo {count}"
            body = {"accountId": account_id, "autoPost": True, "comment": key, "charges": [{"amount": 1}]}
            while True:
                answer = await connection.request("POST", MEMOS, body, {"Idempotency-Key": key})
                if answer.succeeded:
                    break
                assert answer.status in (503, 409), answer.body
                if answer.status == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                    told.unavailable.append(answer.json["reasons"][0]["message"])
                await asyncio.sleep(0.01)
            await told.note(key, answer.json["number"])


@pytest.mark.parametrize("workers", (1, 2))
@pytest.mark.parametrize("outage", (lose_connections, crash))
async def test_an_outage_loses_and_doubles_nothing(
    tmp_path: Path, own_postgres: OwnCluster, own_database: Database, outage: Outage, workers: int
) -> None:
    database = own_database
    with Server(tmp_path, database.url, workers=workers) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, PREFIXES)
        told = Told()
        async with asyncio.TaskGroup() as group:
            for index in range(CLIENTS):
                group.create_task(create_memos(index, world, told))
            for count in range(1, OUTAGES + 1):
                await told.wait_for(count * TOLD_BETWEEN)
                await outage(own_postgres, database)
        assert told.unavailable, "nobody noticed the outage: it did not hit the load"
        await check_books(database, told)
        assert server.run_cli_json("verify")["gapless"] is True
        assert server.terminate() == 0


async def check_books(database: Database, told: Told) -> None:
    """Every key has one document, with the number that was told."""

    async def read(connection: Any) -> dict[str, str]:
        found = await connection.fetch("SELECT fields, number FROM documents")
        assert len(found) == len(told.numbers) == CLIENTS * MEMOS_EACH
        return {json.loads(fields)["comment"]: number for fields, number in found}

    assert await database.work(read) == told.numbers


async def test_a_lost_commit_is_told_as_unknown(tmp_path: Path, postgres_database: Database) -> None:
    """The server process ends while the commit is on its way: neither success nor failure may be claimed."""
    database = postgres_database
    with Server(tmp_path, database.url) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, {"ONE-": 1})
        # A commit that ends its own process right before it would be carried out.
        await database.work(
            lambda connection: connection.execute("""
                CREATE FUNCTION end_process() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON answers DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (new.key = 'doomed') EXECUTE FUNCTION end_process()""")
        )
        body = {"accountId": world.accounts[0][0], "autoPost": True, "charges": [{"amount": 1}]}
        async with RawConnection(HOST, server.port, token) as connection:
            answer = await connection.request("POST", MEMOS, body, {"Idempotency-Key": "doomed"})
            assert answer.status == 503
            message = answer.json["reasons"][0]["message"]
            assert "not known whether the write took place" in message
            assert "with the same idempotency key" in message
            await database.work(lambda each: each.execute("DROP TRIGGER ends ON answers"))
            again = await connection.request("POST", MEMOS, body, {"Idempotency-Key": "doomed"})
            assert again.json["number"] == "ONE-00000001"
