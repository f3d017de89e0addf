"""SQLite's log is carried into the file beside the writer, and never grows beyond its limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from seriatim.storage.sqlite.checkpoints import Checkpointer
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


def test_what_comes_in_meanwhile_is_carried_over_too(world: World) -> None:
    class BusyMeanwhile(apsw.Connection):
        """While it carries the log over, the writer goes on once."""

        is_interrupted = False

        def wal_checkpoint(
            self, dbname: str | None = None, mode: int = apsw.SQLITE_CHECKPOINT_PASSIVE
        ) -> tuple[int, int]:
            found = super().wal_checkpoint(dbname, mode)
            if not self.is_interrupted:
                self.is_interrupted = True
                world.write(5)
            return found

    other = BusyMeanwhile(str(world.path))
    other.execute("PRAGMA journal_mode = WAL").fetchall()
    checkpointer = Checkpointer(lambda: other, checkpoint_pages=CHECKPOINT_PAGES)
    checkpointer.watch(world.writer)
    world.write(CHECKPOINT_PAGES)
    checkpointer.between_batches(world.writer)
    checkpointer.close()
    pages, carried_over = world.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    assert pages == carried_over > 0


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
