"""Copying everything from one database into another, table by table, and proving that nothing was lost on the way.

Tables and columns are taken from the databases themselves, so that a new migration changes nothing here. Each row gives
a digest of its values; those of a table are added up, so that a table's digest does not depend on the order of rows.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from seriatim.service.ports import StoreUnavailable

ROWS_AT_ONCE = 1000
_DIGEST_MODULUS = 2**256

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds: so many rows, and the sum of their digests."""

    rows: int = 0
    total: int = 0

    def with_rows(self, rows: Iterable[Row]) -> "TableDigest":
        """This and some more rows."""
        count, total = self.rows, self.total
        for row in rows:
            encoded = msgspec.msgpack.encode([int(value) if isinstance(value, bool) else value for value in row])
            total += int.from_bytes(hashlib.sha256(encoded).digest())
            count += 1
        return TableDigest(count, total % _DIGEST_MODULUS)


class Source(Protocol):
    """A database to be copied. It is only read, and nobody serves it meanwhile."""

    def tables(self) -> Mapping[str, Sequence[str]]:
        """Its tables, each behind those that it refers to, with their columns; but for the one of the schema."""

    def count(self, table: str) -> int:
        """How many rows a table has."""

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        """The rows of a table, in the order in which they were made, at most `ROWS_AT_ONCE` at a time."""


class Target(Protocol):
    """An empty database, within a transaction."""

    async def tables(self) -> Mapping[str, Sequence[str]]:
        """Its tables with their columns.

        Raises: StoreUnavailable, if it is not empty.
        """

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        """Add rows."""

    async def digest(self, table: str, columns: Sequence[str]) -> TableDigest:
        """What a table holds now."""

    async def complete(self) -> None:
        """Bring up to date what follows from the rows: the values that counters of rows give next, and the like."""


async def copy_all(source: Source, target: Target, copied: Callable[[int], None]) -> dict[str, int]:
    """Copy every row, tell how many at a time, and compare; how many rows each table has.

    Raises: StoreUnavailable, where the two do not fit, or do not hold the same afterwards. The transaction of the
    target is then to be rolled back.
    """
    found = source.tables()
    wanted = await target.tables()
    _check_fit(found, wanted)
    digests = {}
    for table, columns in found.items():
        digest = TableDigest()
        for rows in source.rows(table, columns):
            digest = digest.with_rows(rows)
            await target.add(table, columns, rows)
            copied(len(rows))
        digests[table] = digest
    await target.complete()
    for table, digest in digests.items():
        if await target.digest(table, found[table]) != digest:
            raise StoreUnavailable(
                f"the copy of the table {table} does not hold what the original does; nothing is kept"
            )
    return {table: digest.rows for table, digest in digests.items()}


def in_order(references: Mapping[str, set[str]]) -> list[str]:
    """Tables, each behind those that it refers to; what refers to nothing and is not referred to comes last."""
    referred_to = set().union(*references.values())
    left = sorted(references, key=lambda table: (not references[table] and table not in referred_to, table))
    ordered: list[str] = []
    while left:
        following = next(table for table in left if references[table] <= {table, *ordered})
        left.remove(following)
        ordered.append(following)
    return ordered


def _check_fit(found: Mapping[str, Sequence[str]], wanted: Mapping[str, Sequence[str]]) -> None:
    differing = sorted(found.keys() ^ wanted.keys())
    if differing:
        raise StoreUnavailable(f"only one of the two databases has the tables {', '.join(differing)}")
    for table, columns in found.items():
        unknown = sorted(set(columns) - set(wanted[table]))
        if unknown:
            raise StoreUnavailable(f"the target's table {table} has no columns {', '.join(unknown)}")
