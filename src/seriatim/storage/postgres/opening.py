"""The statement that writes documents that were opened, with all that brings along, where their series stand.

It locks and checks what they were decided by, advances the series from where they stand, whoever has advanced them
meanwhile, and inserts the documents, moved as far as their series had been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from seriatim.domain.numbering import ORDINAL_DIGITS_MIN
from seriatim.storage.postgres.statements import STATEMENTS_KEPT, Changes, Part, Parts, same, source, type_of

DAY_MICROSECONDS = 86_400_000_000


class TakenFrom(NamedTuple):
    """What a decision took from a series."""

    series_id: int
    first_ordinal: int
    last_ordinal: int


@dataclass(frozen=True, slots=True)
class Checks:
    """What must be so for anything to be written, and where its numbers were taken from."""

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


class Opening(Changes):
    """Documents that were opened, and answers that tell of them."""

    def __init__(self, checks: Checks) -> None:
        super().__init__()
        self._moves = checks.moves
        self._checks: list[Part] = []
        self._check("entities", "id, version", checks.entities)
        self._check("accounts", "id, version", checks.accounts)
        self._check("answers", "client_id, key", checks.new_answers)
        taken = [(*each, checks.decided_at) for each in checks.series]
        self._check("series", "id, first_ordinal, last_ordinal, recorded_at", taken)

    def statement(self) -> str:
        """The statement; it gives a row for each series that it advanced, in the order of their ids.

        Each says how far the series stood from where the decision took it, and how much later than the decision, in
        microseconds, everything was recorded. Without a row nothing was written. It fails where a part has written
        more or fewer rows than it must; with a single series also where an account was changed while it waited.
        """
        return _statement(tuple(self._checks), tuple(self.parts), moves=self._moves)

    def _check(self, table: str, columns: str, found: Sequence[Sequence[Any]]) -> None:
        if found:
            self._checks.append(Part("check", table, columns, len(self.values) + 1, len(found) == 1))
            self.values += found[0] if len(found) == 1 else map(list, zip(*found, strict=True))


@lru_cache(maxsize=STATEMENTS_KEPT)
def _statement(checks: tuple[Part, ...], parts: tuple[Part, ...], *, moves: bool) -> str:
    """The text of a statement. Each part needs the one before to have touched the rows that it must."""
    built = Parts()
    _advance_series(built, {part.table: part for part in checks}, moves=moves)
    before = "true"
    for part in parts:
        if part.table == "documents":
            built.add(part.name, _documents(part))
            built.add("insert_register", _ENTRIES)
            before = f"{_is_whole(part.name, part)} AND {_is_whole('insert_register', part)}"
        else:
            built.add(part.name, _others(part, before))
            before = _is_whole(part.name, part)
    refused = "refuse_write('a row that was to be written is not there')"
    return built.statement(
        f"SELECT shift, delay, CASE WHEN {before} THEN true ELSE {refused} END FROM moved ORDER BY id"
    )


def _advance_series(built: Parts, checks: Mapping[str, Part], *, moves: bool) -> None:
    """The parts that lock and check what a decision rests on, and advance the series from where they stand.

    Entities, accounts and answers are looked at as they were when the statement began. Where a series has moved since
    the decision, others may have taken its numbers by what accounts are now, so these are looked at once more.
    """
    gates = []
    for table in ("entities", "accounts", "answers"):
        if (part := checks.get(table)) is not None:
            lock = " ORDER BY t.id FOR KEY SHARE OF t" if table == "entities" else ""
            built.add(f"checked_{table}", f"SELECT FROM {source(part)} JOIN {table} t ON {same(part, 2)}{lock}")
            is_none = f"NOT EXISTS (SELECT FROM checked_{table})"
            gates.append(is_none if table == "answers" else _is_whole(f"checked_{table}", part))
    are_current = f"accounts_are({_arrays(checks['accounts'])})"
    advance = _advance_one if checks["series"].is_single else _advance_several
    advance(built, checks["series"], " AND ".join(gates), are_current, moves=moves)


def _advance_one(built: Parts, part: Part, gates: str, are_current: str, *, moves: bool) -> None:
    """Advance one series: the change itself waits for others, and then finds the series where they left it."""
    last_ordinal = "t.next_ordinal + v.last_ordinal - v.first_ordinal"
    latest_at = "greatest(t.recorded_at, v.recorded_at)"
    shift = "t.next_ordinal - v.last_ordinal - 1"
    may = _may_move(last_ordinal, latest_at, "v.recorded_at") if moves else "t.next_ordinal = v.first_ordinal"
    refused = "refuse_write('an account was changed while its document waited')"
    built.add(
        "moved",
        f"UPDATE series t SET next_ordinal = {last_ordinal} + 1, recorded_at = {latest_at} FROM {source(part)} "
        f"WHERE t.id = v.id AND {gates} AND {may} "
        f"RETURNING t.id, {shift} AS shift, t.recorded_at - v.recorded_at AS delay, "
        f"CASE WHEN {shift} = 0 OR {are_current} THEN true ELSE {refused} END",
    )


def _advance_several(built: Parts, part: Part, gates: str, are_current: str, *, moves: bool) -> None:
    """Advance several series: all are locked, in their order, before it is known where any of them goes."""
    built.add(
        "stood",
        "SELECT t.id, t.next_ordinal - v.first_ordinal AS shift, v.last_ordinal, v.recorded_at AS decided_at, "
        f"greatest(t.recorded_at, v.recorded_at) AS latest_at FROM {source(part)} JOIN series t ON t.id = v.id "
        f"WHERE {gates} ORDER BY t.id FOR NO KEY UPDATE OF t",
    )
    stay = "bool_and(shift = 0)"
    may = _may_move("max(last_ordinal + shift)", "max(latest_at)", "max(decided_at)") if moves else stay
    built.add(
        "place",
        f"SELECT max(latest_at) AS latest_at, {may} AS is_possible, "
        f"CASE WHEN {stay} THEN true ELSE {are_current} END AS is_current FROM stood",
    )
    built.add(
        "moved",
        "UPDATE series t SET next_ordinal = s.last_ordinal + s.shift + 1, recorded_at = p.latest_at "
        "FROM stood s, place p WHERE t.id = s.id AND p.is_possible AND p.is_current "
        "RETURNING t.id, s.shift, p.latest_at - s.decided_at AS delay",
    )


def _may_move(last_ordinal: str, latest_at: str, decided_at: str) -> str:
    """Numbers stay padded to the same length, and the date stays the same."""
    return (
        f"{last_ordinal} < {10**ORDINAL_DIGITS_MIN} "
        f"AND {latest_at} / {DAY_MICROSECONDS} = {decided_at} / {DAY_MICROSECONDS}"
    )


def _arrays(part: Part) -> str:
    """The columns of a part as arrays."""
    columns = enumerate(part.columns.split(", "), part.first)
    typed = [f"${place}::{type_of(part.table, name)}" for place, name in columns]
    return ", ".join(f"ARRAY[{each}]" if part.is_single else f"{each}[]" for each in typed)


def _is_whole(name: str, part: Part) -> str:
    """Whether a part of a statement has all rows that it must."""
    return f"EXISTS (SELECT FROM {name})" if part.is_single else f"(SELECT count(*) FROM {name}) = {part.size}"


_MOVED = {
    "number": "CASE WHEN m.shift = 0 THEN v.number ELSE "
    f"left(v.number, -{ORDINAL_DIGITS_MIN}) || lpad((v.ordinal + m.shift)::text, {ORDINAL_DIGITS_MIN}, '0') END",
    "ordinal": "v.ordinal + m.shift",
    "created_at": "v.created_at + m.delay",
    "updated_at": "v.updated_at + m.delay",
    "posted_at": "v.posted_at + m.delay",
}
"""What is written into these columns of documents, where their series has been shifted and their time delayed."""
_ENTRIES = """
    INSERT INTO register (event, series_id, first_ordinal, last_ordinal, document_id, recorded_at, recorded_by)
    SELECT 'issue', series_id, ordinal, ordinal, id, created_at, created_by FROM insert_documents RETURNING 1"""
"""An entry for each document."""


def _documents(part: Part) -> str:
    values = ", ".join(_MOVED.get(name, f"v.{name}") for name in part.columns.split(", "))
    rows = f"{source(part)} JOIN moved m ON m.id = v.series_id"
    told = "id, series_id, ordinal, created_at, created_by"
    return f"INSERT INTO documents ({part.columns}) SELECT {values} FROM {rows} RETURNING {told}"


def _others(part: Part, before: str) -> str:
    return (
        f"INSERT INTO {part.table} ({part.columns}) SELECT {part.columns} FROM {source(part)} "
        f"WHERE {before} AND EXISTS (SELECT FROM moved) RETURNING 1"
    )
