"""Fills a database with documents as the store would have made them, by statements over sets of millions of rows.

Every document is a copy of the last one that the server itself has posted, with an id, a number, a line's id and a time
of its own, dealt out to the accounts in turn; each has its entry in the register. The audit proves afterwards that it
is so.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import asyncpg

from tests.postgres import Database

CHUNK_DOCUMENTS = 250_000
ID_DIGITS_OF_TIME = 12
ID_DIGITS_OF_REST = 20
UNWRITTEN_KILOBYTES_MAX = 16_384
"""So much may be left that the system has not written to the disks: other processes of the machine write as well."""
SETTLING_ROUNDS_MAX = 100
_UNWRITTEN = re.compile(r"^(?:Dirty|Writeback):\s+(\d+) kB$", re.MULTILINE)


def settle() -> None:
    """Wait until the system has written to the disks what was written to files.

    Raises: RuntimeError, where others write so much that there is no end to it.
    """
    for _ in range(SETTLING_ROUNDS_MAX):
        os.sync()
        unwritten = sum(map(int, _UNWRITTEN.findall(Path("/proc/meminfo").read_text())))
        if unwritten <= UNWRITTEN_KILOBYTES_MAX:
            return
    raise RuntimeError(f"after {SETTLING_ROUNDS_MAX} flushes {unwritten} kB are unwritten: who else writes so much?")


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made, and how to name some of it."""

    documents: int
    seconds: float
    names: list[tuple[str, str]]
    """Number and id of a thousand documents, all over."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the databases write differently. `i` counts the documents that are made, from 1 on."""

    numbers: str
    hexadecimal: str
    padded: str

    def id_of(self, began_at: int, rest: str) -> str:
        """The id of a document or a line: the time in milliseconds, and what follows it."""
        milliseconds = f"({began_at} + i) / 1000"
        parts = ((milliseconds, ID_DIGITS_OF_TIME), (rest, ID_DIGITS_OF_REST))
        return " || ".join(self.hexadecimal.format(value=value, digits=digits) for value, digits in parts)


SQLITE = Dialect(
    numbers="(WITH RECURSIVE n(i) AS (SELECT {low} UNION ALL SELECT i + 1 FROM n WHERE i < {high}) SELECT i FROM n)",
    hexadecimal="printf('%0{digits}x', {value})",
    padded="printf('%08d', {value})",
)
POSTGRES = Dialect(
    numbers="(SELECT i FROM generate_series({low}::bigint, {high}::bigint) AS i)",
    hexadecimal="lpad(to_hex({value}), {digits}, '0')",
    padded="lpad(({value})::text, 8, '0')",
)


def statements(
    dialect: Dialect, document: Mapping[str, Any], entry: Mapping[str, Any], accounts: int, low: int, high: int
) -> Iterator[str]:
    """The statements that make the documents from the `low`th to the `high`th after the one that was posted."""
    began_at, ordinal = document["created_at"], document["ordinal"]
    prefix = document["number"].removesuffix(f"{ordinal:08d}")
    id_ = dialect.id_of(began_at, "2 * i")
    line_at = document["items"].index('"id":"') + len('"id":"')
    line_id = document["items"][line_at : line_at + ID_DIGITS_OF_TIME + ID_DIGITS_OF_REST]
    at = f"{began_at} + i"
    changed = {
        "id": id_,
        "account_id": "a.id",
        "number": f"'{prefix}' || " + dialect.padded.format(value=f"{ordinal} + i"),
        "ordinal": f"{ordinal} + i",
        "items": f"replace(t.items, '{line_id}', {dialect.id_of(began_at, '2 * i + 1')})",
        "created_at": at,
        "updated_at": at,
        "posted_at": at,
    }
    source = f"{dialect.numbers.format(low=low, high=high)} AS n"
    yield _copy("documents", document, changed, f"{source} JOIN bench_accounts a ON a.place = i % {accounts}", "id")
    changed = {
        "first_ordinal": f"{ordinal} + i",
        "last_ordinal": f"{ordinal} + i",
        "document_id": id_,
        "recorded_at": at,
    }
    columns = {name: value for name, value in entry.items() if name != "position"}
    yield _copy("register", columns, changed, source, "document_id")
    recorded = f", recorded_at = {began_at} + {high}" if dialect is POSTGRES else ""
    series = f"next_ordinal = {ordinal} + {high} + 1{recorded}"
    yield f"UPDATE series SET {series} WHERE id = {document['series_id']}"


def _copy(table: str, columns: Mapping[str, Any], changed: Mapping[str, str], source: str, key: str) -> str:
    values = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {values} FROM {source} JOIN {table} t ON t.{key} = '{columns[key]}' ORDER BY i"
    )


def names_of(document: Mapping[str, Any], count: int) -> list[tuple[str, str]]:
    """Number and id of a thousand of the documents, all over."""
    began_at, ordinal = document["created_at"], document["ordinal"]
    prefix = document["number"].removesuffix(f"{ordinal:08d}")
    return [
        (f"{prefix}{ordinal + index:08d}", f"{(began_at + index) // 1000:012x}{2 * index:020x}")
        for index in range(1, count + 1, max(1, count // 1000))
    ]


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    for low in range(1, count + 1, CHUNK_DOCUMENTS):
        high = min(count, low + CHUNK_DOCUMENTS - 1)
        print(f"making documents up to the {high:,}th", file=sys.stderr, flush=True)
        yield low, high


_POSTED = "SELECT * FROM documents WHERE ordinal IS NOT NULL ORDER BY id DESC LIMIT 1"
_ENTRY = "SELECT * FROM register WHERE event = 'issue' ORDER BY position DESC LIMIT 1"


def fill_sqlite(path: Path, account_ids: Sequence[str], count: int) -> Filled:
    """Make so many documents more in a file that nobody serves."""
    began_at = time.perf_counter()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -524288")
        document, entry = (_sqlite_row(connection, sql) for sql in (_POSTED, _ENTRY))
        connection.execute("CREATE TEMP TABLE bench_accounts (place INTEGER PRIMARY KEY, id TEXT)")
        connection.executemany("INSERT INTO bench_accounts VALUES (?, ?)", enumerate(account_ids))
        for low, high in _chunks(count):
            with connection:
                for sql in statements(SQLITE, document, entry, len(account_ids), low, high):
                    connection.execute(sql)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Filled(count, time.perf_counter() - began_at, names_of(document, count))


def _sqlite_row(connection: apsw.Connection, sql: str) -> dict[str, Any]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.get_description()]
    return dict(zip(names, next(iter(cursor)), strict=True))


def fill_postgres(database: Database, account_ids: Sequence[str], count: int) -> Filled:
    """Make so many documents more. References are not checked one by one: that would take most of the time."""
    began_at = time.perf_counter()
    document: dict[str, Any] = {}

    async def fill(connection: asyncpg.Connection) -> None:
        document.update(await connection.fetchrow(_POSTED))
        entry = dict(await connection.fetchrow(_ENTRY))
        await connection.execute("""
            SET session_replication_role = replica;
            CREATE TEMP TABLE bench_accounts (place bigint PRIMARY KEY, id text)""")
        await connection.executemany("INSERT INTO bench_accounts VALUES ($1, $2)", list(enumerate(account_ids)))
        for low, high in _chunks(count):
            async with connection.transaction():
                for sql in statements(POSTGRES, document, entry, len(account_ids), low, high):
                    await connection.execute(sql)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")

    database.run(fill)
    return Filled(count, time.perf_counter() - began_at, names_of(document, count))
