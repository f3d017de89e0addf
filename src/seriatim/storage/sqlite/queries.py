"""Single rows and values of a statement, and many rows added by one."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import apsw

from seriatim.storage.rows import Row

ROWS_A_STATEMENT_MAX = 64
"""A power of two. With rows of 36 columns, a fourteenth of the values that SQLite lets a statement have."""


def first_value(connection: apsw.Connection, sql: str, values: tuple[Any, ...] = ()) -> Any:
    """The first column of the first row of a statement that always gives one."""
    ((value, *_),) = connection.execute(sql, values).fetchall()
    return value


def first_row(connection: apsw.Connection, sql: str, values: tuple[Any, ...] = ()) -> Row | None:
    """The first row of a statement, if it gives any.

    The statement is read to its end: one left half-way would hold its read snapshot for as long as its cursor lives,
    and a writer that holds an old snapshot cannot write after another process has.
    """
    found = connection.execute(sql, values).fetchall()
    return found[0] if found else None


def insert(cursor: apsw.Cursor, into: str, new: Sequence[Row]) -> None:
    """Add rows, none of which begins with a null. `into` is how the statement begins: INSERT INTO, table and columns.

    A statement on a table with a trigger puts every page aside before it changes it, in case it fails half-way. One
    that adds 64 rows does so once, where 64 statements put the same few pages aside again and again. Its text is for
    a power of two of rows, so that there are few, which the driver keeps prepared; what is over is filled with nulls.
    """
    for at in range(0, len(new), ROWS_A_STATEMENT_MAX):
        part = new[at : at + ROWS_A_STATEMENT_MAX]
        columns = len(part[0])
        places = 1 << (len(part) - 1).bit_length()
        over = (None,) * (columns * (places - len(part)))
        cursor.execute(_insertion(into, columns, places, has_nulls=bool(over)), (*chain.from_iterable(part), *over))


@lru_cache
def _insertion(into: str, columns: int, places: int, *, has_nulls: bool) -> str:
    row = f"({', '.join('?' * columns)})"
    values = f"VALUES {', '.join([row] * places)}"
    return f"{into} SELECT * FROM ({values}) WHERE column1 IS NOT NULL" if has_nulls else f"{into} {values}"
