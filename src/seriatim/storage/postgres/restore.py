"""A PostgreSQL database as the target of a copy."""

from collections.abc import Mapping, Sequence
from typing import Any

from seriatim.service.ports import StoreUnavailable
from seriatim.storage.copying import ROWS_AT_ONCE, Row, TableDigest

_FILLED_BY_MIGRATIONS = ("schema_migrations", "directory")
_COLUMNS = """
    SELECT table_name::text, column_name::text, data_type::text, is_identity = 'YES' FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name <> 'schema_migrations' ORDER BY table_name, ordinal_position"""
_LAST_RECORDED = """
    UPDATE series SET recorded_at = (SELECT max(recorded_at) FROM register WHERE series_id = series.id)"""


class PostgresRestore:
    """Fills an empty database, within a transaction that is under way on a connection of asyncpg."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._types: dict[str, dict[str, str]] = {}
        self._identities: list[tuple[str, str]] = []

    async def tables(self) -> Mapping[str, Sequence[str]]:
        """The tables with their columns.

        Raises: StoreUnavailable, if one that no migration fills has a row.
        """
        for table, column, kind, is_identity in await self._connection.fetch(_COLUMNS):
            self._types.setdefault(table, {})[column] = kind
            if is_identity:
                self._identities.append((table, column))
        for table in self._types:
            if table in _FILLED_BY_MIGRATIONS:
                await self._connection.execute(f"DELETE FROM {table}")
            elif await self._connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                raise StoreUnavailable(f"the target is not empty: its table {table} has rows; name a new database")
        return {table: list(columns) for table, columns in self._types.items()}

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        """Add rows."""
        truths = [index for index, column in enumerate(columns) if self._types[table][column] == "boolean"]
        records = rows
        if truths:
            records = [[bool(value) if at in truths else value for at, value in enumerate(row)] for row in rows]
        await self._connection.copy_records_to_table(table, records=records, columns=list(columns))

    async def digest(self, table: str, columns: Sequence[str]) -> TableDigest:
        """What a table holds."""
        digest = TableDigest()
        cursor = await self._connection.cursor(f"SELECT {', '.join(columns)} FROM {table}")
        while rows := await cursor.fetch(ROWS_AT_ONCE):
            digest = digest.with_rows(rows)
        return digest

    async def complete(self) -> None:
        """Let identities go on behind the rows, and series know when they recorded something last."""
        for table, column in self._identities:
            await self._connection.execute(f"""
                SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max({column}) FROM {table}))""")
        await self._connection.execute(_LAST_RECORDED)
