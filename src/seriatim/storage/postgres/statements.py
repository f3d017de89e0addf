"""Putting statements together: the parts that a batch needs, in one statement, with its values as parameters.

The parts of one statement run in the order in which they were added: each waits for the one before, by counting what
that gave. All processes add them in the same order, so nobody waits for a lock in another order than everybody else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, Protocol

from seriatim.domain.numbering import ORDINAL_DIGITS_MIN

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


class TakenFrom(NamedTuple):
    """What a decision took from a series."""

    series_id: int
    first_ordinal: int
    last_ordinal: int


@dataclass(frozen=True, slots=True)
class Checks:
    """What must be so for a statement to write anything, and where its numbers were taken from."""

    entities: Sequence[tuple[str, int]]
    """Ids with the versions that the decision knew."""
    accounts: Sequence[tuple[str, int]]
    """Likewise."""
    new_answers: Sequence[tuple[str, str]]
    """Keys of answers (client and key), of which there may be none yet."""
    series: Sequence[TakenFrom]
    """In the order of their ids."""
    decided_at: int
    moves: bool
    """Whether what is written goes where the series stand now; if not, they must stand where the decision knew them."""


class _Part(NamedTuple):
    """What one part of a statement does, from which its text follows."""

    verb: str
    table: str
    columns: str
    first: int
    """The number of the place of its first value."""
    is_single: bool
    """Whether there is one row, of plain values, and not an array of values for each column."""
    option: str | int = ""
    """Of an insertion what is done where there is a row already, of changes how many columns are the key."""


class Changes:
    """Rows to be written by one statement; with checks it writes them only where these hold."""

    def __init__(self, checks: Checks | None = None) -> None:
        self.values: list[Any] = []
        """The values of the statement."""
        self.expected_counts: list[int] = []
        """How many rows each part must touch."""
        self._parts: list[_Part] = []
        self._beginning = "" if checks is None else self._begin(checks)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self._parts

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
        """The statement; it gives one row: how many rows each part touched.

        With checks, it gives a row for each series instead, in the order of their ids: how far it was shifted, the delay,
        and whether anything was written. It gives none where something else is not as the decision knew it. It fails
        where everything holds, and yet a part has touched more or fewer rows than it must.
        """
        return _statement(tuple(self._parts), self._beginning)

    def _begin(self, checks: Checks) -> str:
        """What checks, and advances the series: a call of the function that does so."""
        arguments = [
            *self._arrays(("text", "bigint"), checks.entities),
            *self._arrays(("text", "bigint"), checks.accounts),
            *self._arrays(("text", "text"), checks.new_answers),
            *self._arrays(("bigint", "bigint", "bigint"), checks.series),
            self._place(checks.decided_at),
        ]
        return f"advance_series({', '.join(arguments)}, {str(checks.moves).lower()})"

    def _arrays(self, types: Sequence[str], found: Sequence[Sequence[Any]]) -> list[str]:
        """Rows as an array for each column; the one value of a single row costs the driver less than an array of it."""
        if not found:
            return [f"ARRAY[]::{kind}[]" for kind in types]
        if len(found) == 1:
            return [f"ARRAY[{self._place(each)}::{kind}]" for kind, each in zip(types, found[0], strict=True)]
        columns = zip(*found, strict=True)
        return [f"{self._place(list(each))}::{kind}[]" for kind, each in zip(types, columns, strict=True)]

    def _place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def _add(self, verb: str, table: str, columns: str, found: Sequence[Sequence[Any]], option: str | int = "") -> None:
        """Take rows: one as its values, several as an array for each column.

        Most columns of a batch say the same in all rows, and each value costs time here and in the database: such an
        array has that value alone, or nothing at all, and the statement puts it into every row.
        """
        if not found:
            return
        self._parts.append(_Part(verb, table, columns, len(self.values) + 1, len(found) == 1, option))
        self.expected_counts.append(len(found))
        if len(found) == 1:
            self.values += found[0]
            return
        arrays = zip(_nullable(table, columns), zip(*found, strict=True), strict=True)
        for index, ((column, is_nullable), array) in enumerate(arrays):
            head = array[0]
            if is_nullable:
                self.values.append(None if head is None and array.count(None) == len(array) else array)
                continue
            if None in array:
                raise ValueError(f"{table}.{column} may not be missing")
            # The first column tells how many rows there are.
            is_same = index > 0 and array.count(head) == len(array)
            self.values.append(array[:1] if is_same else array)


def _count(part: _Part) -> str:
    """How many rows a part has."""
    kind = type_of(part.table, part.columns.split(", ")[0])
    return "1" if part.is_single else f"cardinality(${part.first}::{kind}[])"


@lru_cache(maxsize=STATEMENTS_KEPT)
def _statement(parts: tuple[_Part, ...], beginning: str) -> str:
    """The text of a statement."""
    built = Parts()
    if beginning:
        built.add("moved", f"SELECT * FROM {beginning}")
    counts = {f"{part.verb}_{part.table}": _count(part) for part in parts}
    for name, part in zip(counts, parts, strict=True):
        built.add_locking(name, _TEXTS[part.verb](part, moves=bool(beginning)))
    if not beginning:
        return built.statement(f"SELECT {', '.join(f'(SELECT count(*) FROM {name})' for name in counts)}")
    refused = "refuse_write('a row that was to be written is not there')"
    return built.statement(
        f"SELECT shift, delay, is_possible, CASE WHEN NOT is_possible OR ({_all_found(counts)}) THEN true "
        f"ELSE {refused} END FROM moved ORDER BY id"
    )


def _all_found(counts: Mapping[str, str]) -> str:
    """Whether each of these parts has so many rows."""
    same = (f"(SELECT count(*) FROM {name}) = {count}" for name, count in counts.items())
    return f"SELECT {' AND '.join(same)} AS holds"


@cache
def _nullable(table: str, columns: str) -> tuple[tuple[str, bool], ...]:
    """Columns with whether their values may be missing."""
    return tuple((column, _is_nullable(table, column)) for column in columns.split(", "))


def _is_nullable(table: str, column: str) -> bool:
    return column in _NULLABLE and (table, column) not in _NEVER_NULL


_SERIES_COLUMNS = {"documents": "series_id", "register": "series_id"}
"""The tables whose rows move with their series, and where these stand in them."""
_MOVED = {
    ("documents", "number"): "CASE WHEN m.shift = 0 THEN v.number ELSE "
    f"left(v.number, -{ORDINAL_DIGITS_MIN}) || lpad((v.ordinal + m.shift)::text, {ORDINAL_DIGITS_MIN}, '0') END",
    ("documents", "ordinal"): "v.ordinal + m.shift",
    ("documents", "created_at"): "v.created_at + m.delay",
    ("documents", "updated_at"): "v.updated_at + m.delay",
    ("documents", "posted_at"): "v.posted_at + m.delay",
    ("register", "first_ordinal"): "v.first_ordinal + m.shift",
    ("register", "last_ordinal"): "v.last_ordinal + m.shift",
    ("register", "recorded_at"): "v.recorded_at + m.delay",
}
"""What is written into these columns, where the series of a row has been shifted and its time delayed."""


def _value(part: _Part, column: str, *, moves: bool) -> str:
    """What is written into a column."""
    given = f"v.{column}"
    return _MOVED.get((part.table, column), given) if moves else given


def _rows(part: _Part, *, moves: bool) -> tuple[str, str]:
    """The rows of a part as a table `v`, and on which condition they are written.

    Where rows move, each stands beside how far its series has, as `m`; without that it is not written.
    """
    if not moves:
        return _source(part), "{gate}"
    if part.table in _SERIES_COLUMNS:
        return f"{_source(part)} JOIN moved m ON m.id = v.{_SERIES_COLUMNS[part.table]}", "m.is_possible AND {gate}"
    return _source(part), "(SELECT bool_and(is_possible) FROM moved) AND {gate}"


def _source(part: _Part) -> str:
    """The rows of a part as a table `v`; the array of a column that may not be missing may stop after the first."""
    names = part.columns.split(", ")
    places = [f"${part.first + index}::{type_of(part.table, name)}" for index, name in enumerate(names)]
    if part.is_single:
        return f"(SELECT {', '.join(f'{place} AS {name}' for name, place in zip(names, places, strict=True))}) AS v"
    kept = [
        f"a.{name}" if _is_nullable(part.table, name) else f"coalesce(a.{name}, ({place}[])[1]) AS {name}"
        for name, place in zip(names, places, strict=True)
    ]
    arrays = ", ".join(f"{place}[]" for place in places)
    return f"(SELECT {', '.join(kept)} FROM unnest({arrays}) AS a ({part.columns})) AS v"


def _same(part: _Part, keys: int) -> str:
    """That a row is the one that the first columns name."""
    return " AND ".join(f"t.{name} = v.{name}" for name in part.columns.split(", ")[:keys])


def _inserting(part: _Part, *, moves: bool) -> str:
    rows, condition = _rows(part, moves=moves)
    values = ", ".join(_value(part, name, moves=moves) for name in part.columns.split(", "))
    return (
        f"INSERT INTO {part.table} ({part.columns}) SELECT {values} FROM {rows} WHERE {condition} "
        f"{part.option} RETURNING 1"
    )


def _updating(part: _Part, *, moves: bool) -> str:
    rows, condition = _rows(part, moves=moves)
    keys = int(part.option)
    values = {name: _value(part, name, moves=moves) for name in part.columns.split(", ")[keys:]}
    assignments = ", ".join(
        # A time that never runs backwards becomes the later one.
        f"{name} = " + (f"greatest(t.{name}, {value})" if (part.table, name) in _FORWARD else value)
        for name, value in values.items()
    )
    return f"UPDATE {part.table} t SET {assignments} FROM {rows} WHERE {_same(part, keys)} AND {condition} RETURNING 1"


def _deleting(part: _Part, *, moves: bool) -> str:
    rows, condition = _rows(part, moves=moves)
    same = _same(part, part.columns.count(",") + 1)
    return f"DELETE FROM {part.table} t USING {rows} WHERE {same} AND {condition} RETURNING 1"


class _Text(Protocol):
    """Makes the text of a part; with checks, rows move with their series."""

    def __call__(self, part: _Part, *, moves: bool) -> str: ...


_TEXTS: Mapping[str, _Text] = {"insert": _inserting, "update": _updating, "delete": _deleting}
