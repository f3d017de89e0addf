"""A SQLite database as something to be copied."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import apsw

from seriatim.storage.copying import ROWS_AT_ONCE, Row, in_order
from seriatim.storage.sqlite.queries import first_value

_NOT_COPIED = ("schema_migrations", "open_amounts")
"""The target has its own schema, and what follows from other tables follows there as well."""


class SqliteDump:
    """Reads a whole database as it stood at one moment."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN")

    def tables(self) -> Mapping[str, Sequence[str]]:
        """The tables, each behind those that it refers to, with their columns."""
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        names = [str(name) for (name,) in self._connection.execute(sql).fetchall() if name not in _NOT_COPIED]
        return {name: self._columns(name) for name in in_order({name: self._references(name) for name in names})}

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(first_value(self._connection, f"SELECT count(*) FROM {table}"))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        """The rows of a table, in the order in which they were made, so far as the table knows it."""
        order = "rowid" if self._has_rowid(table) else "1"
        cursor = self._connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")
        while rows := list(islice(cursor, ROWS_AT_ONCE)):
            yield rows

    def close(self) -> None:
        """Let go of the moment."""
        self._connection.close()

    def _columns(self, table: str) -> list[str]:
        found = self._connection.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,)).fetchall()
        return [str(name) for (name,) in found]

    def _references(self, table: str) -> set[str]:
        found = self._connection.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (table,)).fetchall()
        return {str(name) for (name,) in found}

    def _has_rowid(self, table: str) -> bool:
        sql = "SELECT wr FROM pragma_table_list WHERE name = ?"
        return not first_value(self._connection, sql, (table,))
