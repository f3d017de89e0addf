"""Putting statements together: the parts that a batch needs, in one statement, with its values as parameters.

The parts of one statement run in the order in which they were added: each waits for the one before, by counting what
that gave. All processes add them in the same order, so nobody waits for a lock in another order than everybody else.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

_BIGINTS = frozenset({
    "amount_minor",
    "applied_minor",
    "archived_at",
    "attempts",
    "balance_changes",
    "canceled_at",
    "created_at",
    "deleted_at",
    "due_at",
    "first_ordinal",
    "last_ordinal",
    "next_ordinal",
    "next_value",
    "ordinal",
    "payment_term_days",
    "posted_at",
    "recorded_at",
    "refunded_minor",
    "revoked_at",
    "sent_at",
    "series_id",
    "start_number",
    "tax_minor",
    "updated_at",
})  # fmt: skip
_BOOLEANS = frozenset({"applies_on_posting", "is_reversed", "is_uncollectible", "number_given"})
_NULLABLE = frozenset({
    "api_version",
    "archived_at",
    "canceled_at",
    "canceled_by",
    "deleted_at",
    "document_id",
    "due_date",
    "entity_ids",
    "last_error",
    "ordinal",
    "org_id",
    "org_ids",
    "particulars",
    "posted_at",
    "posted_by",
    "profile",
    "recorded_at",
    "referred_id",
    "revoked_at",
    "sent_at",
    "sent_by",
    "sequence_set_id",
    "series_id",
})  # fmt: skip
"""Columns whose value may be missing, in a table at least."""
_NEVER_NULL = {
    ("answers", "recorded_at"),
    ("documents", "sequence_set_id"),
    ("mails", "document_id"),
    ("register", "recorded_at"),
    ("register", "series_id"),
    ("sequence_set_numberings", "sequence_set_id"),
}
_FORWARD = {("series", "recorded_at")}
_OTHERS = {("answers", "body"): "bytea", ("answers", "status"): "integer", ("series", "id"): "bigint"}


def type_of(table: str, column: str) -> str:
    """The type of a column; what is no number, no truth value and no bytes is text."""
    if (table, column) in _OTHERS:
        return _OTHERS[table, column]
    if column in _BIGINTS:
        return "bigint"
    return "boolean" if column in _BOOLEANS else "text"


class Parameters:
    """The values of a statement, each known by its place."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        """Take a value; the place that stands for it. A text that PostgreSQL cannot keep equals nothing."""
        if isinstance(value, str) and "\0" in value:
            value = None
        self.values.append(value)
        return f"${len(self.values)}"

    def pairs(self, pairs: Collection[tuple[str, str]], names: str) -> str:
        """Pairs of texts as a table of two columns, which `names` gives: `key (entity_id, value)`."""
        possible = [pair for pair in pairs if "\0" not in pair[1]]
        firsts = self.add([pair[0] for pair in possible])
        seconds = self.add([pair[1] for pair in possible])
        return f"unnest({firsts}::text[], {seconds}::text[]) AS {names}"


def as_json(column: str) -> str:
    """A column of JSON text, to be looked into: PostgreSQL stumbles over the escape of U+0000, wherever it stands."""
    return f"replace({column}, '\\u0000', '\\ufffd')::json"


class Parts:
    """Named parts of one statement (`WITH name AS (...)`), in their order."""

    def __init__(self) -> None:
        self.parameters = Parameters()
        self._parts: list[tuple[str, str]] = []
        self._last_locking: str | None = None

    def add(self, name: str, sql: str) -> None:
        """A part that only reads."""
        self._parts.append((name, sql))

    def add_locking(self, name: str, sql: str) -> None:
        """A part that locks or writes: after all locking parts before it. `{gate}` in it stands for the waiting."""
        gate = "true" if self._last_locking is None else f"(SELECT count(*) FROM {self._last_locking}) >= 0"
        self._parts.append((name, sql.replace("{gate}", gate)))
        self._last_locking = name

    def statement(self, result: str) -> str:
        """The whole statement, ending in what it gives."""
        if not self._parts:
            return result
        parts = ",\n".join(f"{name} AS MATERIALIZED ({sql})" for name, sql in self._parts)
        return f"WITH {parts}\n{result}"


@cache
def _unnested(table: str, columns: tuple[str, ...], first: int) -> str:
    """Rows as a table `v`, their columns as arrays in the places from `first` on."""
    arrays = [f"${first + index}::{type_of(table, column)}[]" for index, column in enumerate(columns)]
    return f"unnest({', '.join(arrays)}) AS v ({', '.join(columns)})"


class Changes:
    """Rows to be written by one statement."""

    def __init__(self) -> None:
        self._parts = Parts()
        self._expected: list[tuple[str, int]] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self._expected

    @property
    def values(self) -> list[Any]:
        """The values of the statement."""
        return self._parts.parameters.values

    @property
    def expected_counts(self) -> list[int]:
        """How many rows each part must touch."""
        return [count for _, count in self._expected]

    def insert(self, table: str, columns: str, found: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """New rows; `conflict` says what is to be done where there is one already."""
        if found:
            first = self._take(table, columns, found)
            self._add(f"inserted_{table}", _inserting(table, columns, first, conflict), len(found))

    def update(self, table: str, columns: str, found: Sequence[Sequence[Any]], keys: int = 1) -> None:
        """Rows that change, found again by the first of their columns, or by so many of them."""
        if found:
            first = self._take(table, columns, found)
            self._add(f"updated_{table}", _updating(table, columns, first, keys), len(found))

    def delete(self, table: str, columns: str, found: Sequence[Sequence[Any]]) -> None:
        """Rows that go, found by these columns."""
        if found:
            first = self._take(table, columns, found)
            self._add(f"deleted_{table}", _deleting(table, columns, first), len(found))

    def statement(self) -> str:
        """The statement; it gives one row, of how many rows each part touched."""
        counts = ", ".join(f"(SELECT count(*) FROM {name})" for name, _ in self._expected)
        return self._parts.statement(f"SELECT {counts}")

    def _add(self, name: str, sql: str, count: int) -> None:
        self._parts.add_locking(name, sql)
        self._expected.append((name, count))

    def _take(self, table: str, columns: str, found: Sequence[Sequence[Any]]) -> int:
        """Take rows as one array for each column; the number of the first array's place.

        Most columns of a batch say the same in all rows, and each value costs time here and in the database: such an
        array has that value alone, or nothing at all, and the statement puts it into every row.
        """
        values = self._parts.parameters.values
        first = len(values) + 1
        for index, (column, array) in enumerate(
            zip(columns.split(", "), map(list, zip(*found, strict=True)), strict=True)
        ):
            head = array[0]
            if index == 0 or array.count(head) < len(array):
                values.append(array)
            elif _is_nullable(table, column):
                values.append(None if head is None else array)
            else:
                values.append([head])
            if not _is_nullable(table, column) and None in array:
                raise ValueError(f"{table}.{column} may not be missing")
        return first


def _is_nullable(table: str, column: str) -> bool:
    return column in _NULLABLE and (table, column) not in _NEVER_NULL


@cache
def _source(table: str, columns: str, first: int) -> str:
    """Rows as a table `v`, of arrays of which those of columns that may not be missing may stop after the first."""
    names = columns.split(", ")
    places = [f"${first + index}::{type_of(table, name)}[]" for index, name in enumerate(names)]
    kept = [
        f"a.{name}" if _is_nullable(table, name) else f"coalesce(a.{name}, ({place})[1]) AS {name}"
        for name, place in zip(names, places, strict=True)
    ]
    return f"(SELECT {', '.join(kept)} FROM unnest({', '.join(places)}) AS a ({columns})) AS v"


@cache
def _inserting(table: str, columns: str, first: int, conflict: str) -> str:
    source = _source(table, columns, first)
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} WHERE {{gate}} {conflict} RETURNING 1"


@cache
def _updating(table: str, columns: str, first: int, keys: int) -> str:
    names = columns.split(", ")
    assignments = ", ".join(
        # A time that never runs backwards becomes the later one.
        f"{name} = " + (f"greatest(t.{name}, v.{name})" if (table, name) in _FORWARD else f"v.{name}")
        for name in names[keys:]
    )
    same = " AND ".join(f"t.{name} = v.{name}" for name in names[:keys])
    source = _source(table, columns, first)
    return f"UPDATE {table} t SET {assignments} FROM {source} WHERE {same} AND {{gate}} RETURNING 1"


@cache
def _deleting(table: str, columns: str, first: int) -> str:
    same = " AND ".join(f"t.{name} = v.{name}" for name in columns.split(", "))
    return f"DELETE FROM {table} t USING {_source(table, columns, first)} WHERE {same} AND {{gate}} RETURNING 1"
