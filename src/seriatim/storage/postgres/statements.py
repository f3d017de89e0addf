"""Putting statements together: the parts that a batch needs, in one statement, with its values as parameters.

The parts of one statement run in the order in which they were added: each waits for the one before, by counting what
that gave. All processes add them in the same order, so nobody waits for a lock in another order than everybody else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

STATEMENTS_KEPT = 500
"""Texts of statements that were put together once and may be wanted again."""

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
    "version",
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
SCALARS_FROM_ROWS = 8
"""Fewer rows often say the same by chance, and with other scalars it is another statement, to be planned anew."""
_SCALARS = (
    frozenset({"created_at", "created_by", "updated_at", "updated_by", "posted_at", "posted_by"}),
    frozenset({
        "entity_id",
        "org_id",
        "kind",
        "series_id",
        "number_given",
        "sequence_set_id",
        "status",
        "currency",
        "document_date",
    }),
)  # fmt: skip
"""Columns of documents that mostly say the same in all rows of a batch: of one time and actor, of one series and day.
Those of either group are given as one value each, or none of them is, so that there are few statements."""
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


class Part(NamedTuple):
    """What one part of a statement does, from which its text follows."""

    verb: str
    table: str
    columns: str
    first: int
    """The number of the place of its first value."""
    is_single: bool
    """Whether there is one row, of plain values, and not an array of values for each column."""
    scalars: frozenset[str] = frozenset()
    """Columns that say the same in all of several rows, and are given as one value."""
    option: str | int = ""
    """Of an insertion what is done where there is a row already, of changes how many columns are the key."""

    @property
    def name(self) -> str:
        """What it is called in its statement."""
        return f"{self.verb}_{self.table}"

    @property
    def size(self) -> str:
        """How many rows it has, in SQL."""
        kind = type_of(self.table, self.columns.split(", ")[0])
        return "1" if self.is_single else f"cardinality(${self.first}::{kind}[])"


class Changes:
    """Rows to be written by one statement."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The values of the statement."""
        self.expected_counts: list[int] = []
        """How many rows each part must touch."""
        self.parts: list[Part] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.parts

    def insert(self, table: str, columns: str, found: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """New rows; `conflict` says what is to be done where there is one already."""
        self._add("insert", table, columns, found, conflict)

    def update(self, table: str, columns: str, found: Sequence[Sequence[Any]], keys: int = 1) -> None:
        """Rows that change, found again by the first of their columns, or by so many of them."""
        self._add("update", table, columns, found, keys)

    def delete(self, table: str, columns: str, found: Sequence[Sequence[Any]]) -> None:
        """Rows that go, found by these columns."""
        self._add("delete", table, columns, found)

    def statement(self) -> str:
        """The statement; it gives one row: how many rows each part touched."""
        return _statement(tuple(self.parts))

    def _add(self, verb: str, table: str, columns: str, found: Sequence[Sequence[Any]], option: str | int = "") -> None:
        """Take rows: one as its values, several as an array for each column.

        Most columns of a batch say the same in all rows, and each value costs time here and in the database: such an
        array has that value alone, or nothing at all, and the statement puts it into every row.
        """
        if not found:
            return
        first, is_single = len(self.values) + 1, len(found) == 1
        self.expected_counts.append(len(found))
        scalars = frozenset[str]()
        if is_single:
            self.values += found[0]
        else:
            scalars = self._add_arrays(table, columns, list(zip(*found, strict=True)))
        self.parts.append(Part(verb, table, columns, first, is_single, scalars, option))

    def _add_arrays(self, table: str, columns: str, arrays: list[tuple[Any, ...]]) -> frozenset[str]:
        """Take an array for each column; the columns of which one value was taken instead."""
        kept = _nullable(table, columns)
        # The first column tells how many rows there are.
        uniform = {
            column
            for (column, _), array in zip(kept[1:], arrays[1:], strict=True)
            if array.count(array[0]) == len(array)
        }
        scalars = frozenset[str]()
        if table == "documents" and len(arrays[0]) >= SCALARS_FROM_ROWS:
            scalars = scalars.union(*(group for group in _SCALARS if group <= uniform))
        for (column, is_nullable), array in zip(kept, arrays, strict=True):
            if not is_nullable and None in array:
                raise ValueError(f"{table}.{column} may not be missing")
            if column in scalars:
                self.values.append(array[0])
            elif is_nullable:
                self.values.append(None if column in uniform and array[0] is None else array)
            else:
                self.values.append(array[:1] if column in uniform else array)
        return scalars


@lru_cache(maxsize=STATEMENTS_KEPT)
def _statement(parts: tuple[Part, ...]) -> str:
    """The text of a statement."""
    built = Parts()
    for part in parts:
        built.add_locking(part.name, _TEXTS[part.verb](part))
    return built.statement(f"SELECT {', '.join(f'(SELECT count(*) FROM {part.name})' for part in parts)}")


@cache
def _nullable(table: str, columns: str) -> tuple[tuple[str, bool], ...]:
    """Columns with whether their values may be missing."""
    return tuple((column, _is_nullable(table, column)) for column in columns.split(", "))


def _is_nullable(table: str, column: str) -> bool:
    return column in _NULLABLE and (table, column) not in _NEVER_NULL


def source(part: Part) -> str:
    """The rows of a part as a table `v`; the array of a column that may not be missing may stop after the first."""
    names = part.columns.split(", ")
    places = [f"${part.first + index}::{type_of(part.table, name)}" for index, name in enumerate(names)]
    if part.is_single:
        return f"(SELECT {', '.join(f'{place} AS {name}' for name, place in zip(names, places, strict=True))}) AS v"
    kept, arrays = [], {}
    for name, place in zip(names, places, strict=True):
        if name in part.scalars:
            kept.append(f"{place} AS {name}")
            continue
        arrays[name] = f"{place}[]"
        kept.append(f"a.{name}" if _is_nullable(part.table, name) else f"coalesce(a.{name}, ({place}[])[1]) AS {name}")
    return f"(SELECT {', '.join(kept)} FROM unnest({', '.join(arrays.values())}) AS a ({', '.join(arrays)})) AS v"


def same(part: Part, keys: int) -> str:
    """That a row is the one that the first columns name."""
    return " AND ".join(f"t.{name} = v.{name}" for name in part.columns.split(", ")[:keys])


def _inserting(part: Part) -> str:
    return (
        f"INSERT INTO {part.table} ({part.columns}) SELECT {part.columns} FROM {source(part)} "
        f"WHERE {{gate}} {part.option} RETURNING 1"
    )


def _updating(part: Part) -> str:
    keys = int(part.option)
    assignments = ", ".join(
        # A time that never runs backwards becomes the later one.
        f"{name} = " + (f"greatest(t.{name}, v.{name})" if (part.table, name) in _FORWARD else f"v.{name}")
        for name in part.columns.split(", ")[keys:]
    )
    found = f"{source(part)} WHERE {same(part, keys)}"
    return f"UPDATE {part.table} t SET {assignments} FROM {found} AND {{gate}} RETURNING 1"


def _deleting(part: Part) -> str:
    found = f"{source(part)} WHERE {same(part, part.columns.count(',') + 1)}"
    return f"DELETE FROM {part.table} t USING {found} AND {{gate}} RETURNING 1"


_TEXTS: Mapping[str, Callable[[Part], str]] = {"insert": _inserting, "update": _updating, "delete": _deleting}
