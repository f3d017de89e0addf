"""Many rows are added by few statements, and none is lost, doubled or out of its place."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from seriatim.storage.sqlite.queries import ROWS_A_STATEMENT_MAX, insert
from seriatim.storage.sqlite.store import connect


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    opened = connect(tmp_path / "new.db")
    opened.execute("""
        CREATE TABLE letters (position INTEGER PRIMARY KEY, name TEXT NOT NULL, weight INTEGER, UNIQUE (name)) STRICT;
        CREATE TABLE sums (weight INTEGER) STRICT;
        CREATE TRIGGER letters_weighed AFTER INSERT ON letters BEGIN INSERT INTO sums VALUES (new.weight); END""")
    yield opened
    opened.close()


@pytest.mark.parametrize("count", (0, 1, 2, 3, 4, 5, ROWS_A_STATEMENT_MAX - 1, ROWS_A_STATEMENT_MAX, 2 * 64 + 33))
def test_rows_are_added_in_their_order_however_many(connection: apsw.Connection, count: int) -> None:
    new = [(f"letter {number}", number if number % 3 else None) for number in range(count)]
    insert(connection.cursor(), "INSERT INTO letters (name, weight)", new)
    assert connection.execute("SELECT name, weight FROM letters ORDER BY position").fetchall() == new
    assert connection.execute("SELECT weight FROM sums").fetchall() == [(weight,) for _, weight in new]


def test_what_a_database_refuses_is_told(connection: apsw.Connection) -> None:
    new = [(f"letter {number % 40}", number) for number in range(50)]
    with pytest.raises(apsw.ConstraintError):
        insert(connection.cursor(), "INSERT INTO letters (name, weight)", new)
    assert connection.execute("SELECT count(*) FROM letters").fetchall() == [(0,)]
