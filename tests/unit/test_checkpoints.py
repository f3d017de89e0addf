"""SQLite's log is carried into the file beside the writer, and never grows beyond its limit."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from seriatim.storage.sqlite.checkpoints import NICENESS, PASSES_MAX, Checkpointer
from seriatim.storage.sqlite.store import connect

CHECKPOINT_PAGES = 20
LOG_PAGES_MAX = 100
ROW = "x" * 5000
"""A row that fills more than a page."""


@dataclass
class World:
    """A writer, and a checkpointer with limits that some rows reach."""

    path: Path
    writer: apsw.Connection
    checkpointer: Checkpointer
    connections: int = 0

    def write(self, rows: int) -> None:
        for _ in range(rows):
            self.writer.execute("INSERT INTO rows VALUES (?)", (ROW,))

    def log_pages(self) -> int:
        """How many pages the log holds that are not in the file yet, or are there and were not let go of."""
        self.write(1)
        pages, _ = self.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        return pages


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "rows.db"
    made = World(path, connect(path), None)  # type: ignore[arg-type] # the two know each other

    def connect_other() -> apsw.Connection:
        made.connections += 1
        return connect(path)

    made.checkpointer = Checkpointer(connect_other, checkpoint_pages=CHECKPOINT_PAGES, log_pages_max=LOG_PAGES_MAX)
    made.checkpointer.watch(made.writer)
    made.writer.execute("CREATE TABLE rows (value TEXT)")
    yield made
    made.checkpointer.close()
    made.writer.close()


def test_a_short_log_is_left_alone(world: World) -> None:
    world.write(2)
    assert not world.checkpointer.is_due
    assert world.connections == 0


def test_a_long_log_is_carried_over_by_another_thread_and_the_rest_by_the_writer(world: World) -> None:
    world.write(CHECKPOINT_PAGES)
    # As long as it reads, the log is not begun anew, however quick the other thread is.
    reader = connect(world.path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM rows").fetchall() == [(CHECKPOINT_PAGES,)]
    assert world.checkpointer.is_due
    world.checkpointer.between_batches(world.writer)
    world.write(5)
    world.checkpointer.close()
    assert world.connections == 1
    assert world.log_pages() > CHECKPOINT_PAGES
    reader.close()
    assert world.checkpointer.is_due
    world.checkpointer.between_batches(world.writer)
    assert world.log_pages() < CHECKPOINT_PAGES
    assert world.checkpointer.is_due is False


class Meanwhile(apsw.VFS):
    """SQLite's way to the files for the other thread: notes flushes, and lets the writer go on amid some passes."""

    def __init__(self, world: World, interruptions: int = 0) -> None:
        self.world = world
        self.interruptions = interruptions
        self.flushes: list[int] = []
        self.passes = 0
        self.is_pass_new = False
        super().__init__("meanwhile", "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - the driver's
        if not flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            return apsw.VFSFile("", name, flags)
        file = MeanwhileFile("", name, flags)
        file.files = self
        return file

    def connect(self) -> apsw.Connection:
        connection = CountedPasses(str(self.world.path), vfs="meanwhile")
        connection.files = self
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        return connection


class MeanwhileFile(apsw.VFSFile):
    """The database file."""

    files: Meanwhile

    def xSync(self, flags: int) -> None:  # noqa: N802 - the driver's
        self.files.flushes.append(flags)
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - the driver's
        if self.files.is_pass_new and self.files.passes <= self.files.interruptions:
            self.files.world.write(5)
        self.files.is_pass_new = False
        super().xWrite(data, offset)


class CountedPasses(apsw.Connection):
    """The other thread's connection."""

    files: Meanwhile

    def wal_checkpoint(self, dbname: str | None = None, mode: int = apsw.SQLITE_CHECKPOINT_PASSIVE) -> tuple[int, int]:
        self.files.passes += 1
        self.files.is_pass_new = True
        return super().wal_checkpoint(dbname, mode)


@pytest.mark.parametrize(
    ("interruptions", "rest_pages_max", "passes", "is_all_done"),
    ((0, 1, 1, True), (1, 1, 2, True), (1, CHECKPOINT_PAGES, 1, False), (100, 1, PASSES_MAX, False)),
)
def test_what_comes_in_meanwhile_is_carried_over_too_unless_it_is_little(
    world: World, interruptions: int, rest_pages_max: int, passes: int, *, is_all_done: bool
) -> None:
    files = Meanwhile(world, interruptions)
    checkpointer = Checkpointer(files.connect, checkpoint_pages=CHECKPOINT_PAGES, rest_pages_max=rest_pages_max)
    checkpointer.watch(world.writer)
    world.write(CHECKPOINT_PAGES)
    checkpointer.between_batches(world.writer)
    checkpointer.close()
    assert files.passes == passes
    # SQLite flushes after a pass that leaves nothing over; after any other one only the thread itself does.
    assert files.flushes == [apsw.SQLITE_SYNC_NORMAL] * (passes + is_all_done)
    pages, carried_over = world.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    assert (pages == carried_over) is is_all_done


def test_the_other_thread_stands_behind_all_others(world: World) -> None:
    found = []

    def connect_other() -> apsw.Connection:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return connect(world.path)

    checkpointer = Checkpointer(connect_other, checkpoint_pages=CHECKPOINT_PAGES)
    checkpointer.watch(world.writer)
    world.write(CHECKPOINT_PAGES)
    checkpointer.between_batches(world.writer)
    checkpointer.close()
    assert found == [os.getpriority(os.PRIO_PROCESS, 0) + NICENESS]


def test_a_log_at_its_limit_is_carried_over_by_the_writer_at_once(world: World) -> None:
    world.write(LOG_PAGES_MAX)
    world.checkpointer.between_batches(world.writer)
    assert world.connections == 0
    assert world.log_pages() < CHECKPOINT_PAGES


def test_a_reader_keeps_the_log_and_nothing_is_lost(world: World) -> None:
    world.write(1)
    reader = connect(world.path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM rows").fetchall() == [(1,)]
    world.write(LOG_PAGES_MAX)
    world.checkpointer.between_batches(world.writer)
    assert world.log_pages() > LOG_PAGES_MAX
    reader.execute("COMMIT")
    world.write(1)
    world.checkpointer.between_batches(world.writer)
    assert world.log_pages() < CHECKPOINT_PAGES
    assert reader.execute("SELECT count(*) FROM rows").fetchall() == [(LOG_PAGES_MAX + 4,)]
    reader.close()
