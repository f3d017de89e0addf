"""The stores that a machine works on, each with the crashes that can befall it."""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from seriatim.domain.commands.base import Command
from seriatim.errors import Unavailable
from seriatim.service.ports import Store
from seriatim.service.writer import Writer
from seriatim.storage.memory import CrashPoint, MemoryStore
from seriatim.storage.sqlite import SqliteStore
from tests.factories import keyed
from tests.fakes import FixedClock, NullObserver


class Crashing(RuleBasedStateMachine):
    """What a machine must have for a crash to befall it."""

    store: Store
    writer: Writer
    clock: FixedClock
    observer: NullObserver

    async def make_store(self) -> Store:
        raise NotImplementedError

    async def crash_during(self, commands: Mapping[str, Command[Any]]) -> None:
        """Submit commands, each with a key, and crash meanwhile; `self.store` and `self.writer` then work again."""
        raise NotImplementedError

    async def abandon(self) -> None:
        await self.writer.close()
        await self.store.close()


class MemoryCrashes(Crashing):
    """The reference store, whose next write crashes before or after its commit."""

    crash_point = CrashPoint.BEFORE_COMMIT

    async def make_store(self) -> MemoryStore:
        self.memory = MemoryStore()
        await self.memory.open()
        return self.memory

    @rule(point=st.sampled_from(CrashPoint))
    def choose_crash_point(self, point: CrashPoint) -> None:
        self.crash_point = point

    async def crash_during(self, commands: Mapping[str, Command[Any]]) -> None:
        self.memory.crash_next_write = self.crash_point
        submissions = (self.writer.submit(command, keyed(key)) for key, command in commands.items())
        results = await asyncio.gather(*submissions)
        assert all(isinstance(result.error, Unavailable) for result in results)


class SqliteCrashes(Crashing):
    """The embedded store. A crash leaves its files as they are at that moment, in the middle of a write."""

    async def make_store(self) -> SqliteStore:
        self.directory = Path(tempfile.mkdtemp(prefix="seriatim-"))
        self.path = self.directory / "0.db"
        store = SqliteStore(self.path)
        await store.migrate()
        await store.open()
        return store

    async def crash_during(self, commands: Mapping[str, Command[Any]]) -> None:
        submissions = [
            asyncio.create_task(self.writer.submit(command, keyed(key))) for key, command in commands.items()
        ]
        # The writer is at work in its own thread while the last of these reads waits for another.
        await self.store.directory_version()
        survivor = self.directory / f"{int(self.path.stem) + 1}.db"
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{self.path}{suffix}", f"{survivor}{suffix}")
        await asyncio.gather(*submissions)
        await self.abandon()
        self.path = survivor
        self.store = SqliteStore(survivor)
        await self.store.open()
        self.writer = Writer(self.store, self.clock, self.observer)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory)
