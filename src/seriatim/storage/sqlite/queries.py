"""Single rows and values of a statement."""

from typing import Any

import apsw

from seriatim.storage.rows import Row


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
