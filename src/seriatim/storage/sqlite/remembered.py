"""What the writer knows of a database from its last batches: entities, and sequence sets with their series.

Every batch needs them, and they hardly ever change. Only the writer's own connection may be sure of that: it sees its
own changes, and SQLite tells it whether another connection has written since.
"""

import apsw

from seriatim.domain.entity import Entity
from seriatim.domain.numbering import Series, SeriesKey
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.snapshot import Snapshot
from seriatim.storage.sqlite.queries import first_value

ROWS_REMEMBERED_MAX = 5_000
"""How many look-ups of sets, and how many series, are remembered: some 5 MB. Beyond that all is forgotten."""


class Remembered:
    """What was read in earlier batches and is still so. Nothing that was not committed gets in."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        """By id or name, whichever was asked for."""
        self.sets: dict[tuple[str, str], tuple[tuple[SequenceSet, tuple[SeriesKey, ...]], ...]] = {}
        """By (entity id, key) as asked for, and of one that another row refers to by ("", id): each with its series."""
        self.series: dict[SeriesKey, tuple[int, Series]] = {}
        """The series as they stand, each with the id of its row."""
        self._data_version: int | None = None

    def check(self, connection: apsw.Connection) -> None:
        """Forget everything if somebody else has written. Within a transaction: nobody can, once it has begun."""
        data_version = first_value(connection, "PRAGMA data_version")
        if data_version != self._data_version or max(len(self.sets), len(self.series)) > ROWS_REMEMBERED_MAX:
            self.forget()
            self._data_version = data_version

    def take(self, snapshot: Snapshot) -> None:
        """Take in what a batch has changed, once it is committed."""
        for relation in (snapshot.entities, snapshot.sequence_sets):
            if next(relation.changes(), None) is not None:
                self.forget()
                return
        for key, _, series in snapshot.series.changes():
            known = self.series.get(key)
            if known is not None and series is not None:
                self.series[key] = (known[0], series)

    def forget(self) -> None:
        """Forget everything."""
        self.entities.clear()
        self.sets.clear()
        self.series.clear()
