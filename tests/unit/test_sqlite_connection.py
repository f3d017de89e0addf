"""A connection to SQLite has all that it is told to have."""

from pathlib import Path

import pytest

from seriatim.storage.sqlite.store import READER_CACHE_KIBIBYTES, WRITER_CACHE_KIBIBYTES, connect


@pytest.mark.parametrize(
    ("pragma", "value"),
    (
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("cache_size", -READER_CACHE_KIBIBYTES),
        ("temp_store", 2),
    ),
)
def test_every_pragma_takes_hold(tmp_path: Path, pragma: str, value: object) -> None:
    connection = connect(tmp_path / "new.db")
    assert connection.execute(f"PRAGMA {pragma}").fetchall() == [(value,)]
    connection.close()


def test_the_writer_keeps_more_pages(tmp_path: Path) -> None:
    writer = connect(tmp_path / "new.db", WRITER_CACHE_KIBIBYTES)
    assert writer.execute("PRAGMA cache_size").fetchall() == [(-WRITER_CACHE_KIBIBYTES,)]
    writer.close()
