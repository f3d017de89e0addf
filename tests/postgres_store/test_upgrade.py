"""An upgrade by one release while the release before goes on serving, and the way back."""

import asyncio
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from seriatim.storage.migrate import migrations_for
from tests import servers
from tests.concurrency.ledger import Ledger
from tests.concurrency.load import MEMOS, World, make_world, run_clients
from tests.concurrency.proof import prove
from tests.postgres import Cluster
from tests.postgres_store import previous_release
from tests.raw_http import fetch_token
from tests.servers import Server

HOST = "127.0.0.1"
CLIENTS = 12
PREFIXES = {"ALPHA-": 1, "BETA-": 11}
VERSION = "SELECT max(version) FROM schema_migrations"


@pytest.fixture
def previous_program(tmp_path: Path) -> Path:
    """A program like `seriatim`, of the schema before."""
    program = tmp_path / "seriatim-before"
    source = Path(previous_release.__file__)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{source}" "$@"\n')
    program.chmod(0o755)
    return program


class Load:
    """A load that goes on, round by round, until it is told to stop."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._rounds = asyncio.Queue[int]()
        self._stops = False

    async def run(self) -> None:
        for seed in count(1):
            await run_clients(self._world, self._ledger, seed, CLIENTS, rounds=1)
            self._rounds.put_nowait(seed)
            if self._stops:
                return

    async def another_round(self) -> None:
        """Wait for the end of a round that has begun after now."""
        while not self._rounds.empty():
            self._rounds.get_nowait()
        for _ in range(2):
            await self._rounds.get()

    def stop(self) -> None:
        """Let the round that is under way be the last."""
        self._stops = True


async def test_old_statements_without_the_newest_migration_serve_before_during_and_after_it(
    tmp_path: Path, postgres: Cluster, previous_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await asyncio.to_thread(lambda: postgres.new_database(migrated=False))
    newest = migrations_for("postgres")[-1].version
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Server(tmp_path / "old", database.url), Server(tmp_path / "new", database.url)
    ledger = Ledger()

    async def start_old() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(servers, "PROGRAM", previous_program)
            await asyncio.to_thread(old.start)

    async def world_of(server: Server, world: World) -> World:
        token = await fetch_token(HOST, server.port, old.client_id, old.client_secret)
        return replace(world, port=server.port, token=token)

    try:
        await start_old()
        assert await asyncio.to_thread(database.value, VERSION) == newest - 1
        token = await fetch_token(HOST, old.port, old.client_id, old.client_secret)
        world = await make_world(HOST, old.port, token, PREFIXES)
        async with asyncio.TaskGroup() as group:
            load = Load(world, ledger)
            group.create_task(load.run())
            await load.another_round()
            await asyncio.to_thread(new.start)
            assert await asyncio.to_thread(database.value, VERSION) == newest
            beside = await world_of(new, world)
            group.create_task(run_clients(beside, ledger, 0, CLIENTS, rounds=1))
            await load.another_round()
            load.stop()
        assert ledger.untold == []
        await prove(new, beside, ledger)
        # What the release before changes is known to this one at once.
        async with world.connect() as connection:
            change = {"creditMemo": {"prefix": "OMEGA-", "startNumber": 5}}
            assert (await connection.request("PUT", "/v1/sequence-sets/ALPHA-X", change)).succeeded
        async with beside.connect() as connection:
            body = {"accountId": world.accounts[0][0], "autoPost": True, "charges": [{"amount": 1}]}
            assert (await connection.request("POST", MEMOS, body)).json["number"] == "OMEGA-00000005"
        # And the way back.
        assert old.terminate() == 0
        await start_old()
        assert await asyncio.to_thread(database.value, VERSION) == newest
        after = Ledger()
        await run_clients(await world_of(old, world), after, 0, CLIENTS, rounds=1)
        assert after.untold == []
        assert new.run_cli_json("verify")["gapless"] is True
    finally:
        old.kill()
        new.kill()
