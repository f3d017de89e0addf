"""The short way of a batch that only opens documents for known accounts: one statement, which is its own transaction.

The batch is decided by what the cache holds. The statement locks and checks all of that, and writes, or writes nothing:
entities must be of the version that was read (their sets and series then are, too), accounts likewise, no answer may be
kept with one of the keys, and every series must stand where the decision took it from. Where several processes take
numbers of the same series, they would often find it further on; so a batch that follows such a one locks its series
before it decides.

While the statement of one batch is under way, the next may be decided by where that one will leave the series. Should
it come to nothing, so does that decision. And if it were written all the same, its own checks would not hold.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import count
from operator import attrgetter
from typing import Any, Generic, TypeVar

import asyncpg

from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import ISSUE
from seriatim.domain.snapshot import Needs, Relation, Snapshot
from seriatim.storage.postgres.apply import Applier
from seriatim.storage.postgres.cache import Cache
from seriatim.storage.postgres.connections import CONFLICTS, Connection, Session
from seriatim.storage.postgres.locks import entity_lock
from seriatim.storage.postgres.statements import Changes, Checks
from seriatim.storage.postgres.transactions import commit, roll_back, told_where_unknown

T = TypeVar("T")

CONTESTED_BATCHES = 32
"""So many batches lock their series beforehand, after one whose series another process had advanced."""
BATCHES_REMEMBERED = 8
"""Batches whose series are locked beforehand by those that follow and meet them."""
LOCKED_ATTEMPTS_MAX = 5
"""With the series that were expected, with those that it turned out to be, or after a conflict."""


class SeriesAdvancedError(Exception):
    """Another process has advanced a series, or might have, and nothing was written."""


@dataclass(slots=True)
class Decision(Generic[T]):
    """A batch that was decided by what is kept, and what writes it."""

    place: int
    """Which decision of this process it is."""
    previous_place: int | None
    """The one whose batch must have been written last; None: what is kept was as the database had it."""
    snapshot: Snapshot
    outcome: T
    advanced: frozenset[SeriesKey]
    """The series from which it takes numbers."""
    changes: Changes


class Issuer:
    """Writes batches the short way, where they allow it."""

    def __init__(self) -> None:
        self.cache = Cache()
        self._advanced: deque[frozenset[SeriesKey]] = deque(maxlen=BATCHES_REMEMBERED)
        self._contested_batches = 0
        self._places = count()
        self._under_way: Decision[Any] | None = None
        self._written_place: int | None = None
        """The decision whose batch was the last to be written, if that went the short way."""

    @property
    def is_contested(self) -> bool:
        """Whether another process has advanced series of this one's lately."""
        return self._contested_batches > 0

    def decide_ahead(self, needs: Needs, decide: Callable[[Snapshot], T]) -> Decision[T] | None:
        """Decide a batch while the one before it is being written, by where that one will leave the series.

        None, where this cannot be done, or there is none under way. If that one fails, this decision is worth nothing.
        """
        before = self._under_way
        if before is None or self.is_contested or not _asks_for_new_documents(needs):
            return None
        return self._decide(needs, decide, before)

    async def write(
        self,
        session: Session,
        isolation: str,
        needs: Needs,
        decide: Callable[[Snapshot], T],
        ahead: Decision[T] | None = None,
    ) -> tuple[T] | None:
        """The outcome; or None, with nothing written: it takes the long way.

        Raises: StoreUnavailable.
        """
        written_place, self._written_place = self._written_place, None
        # Behind a pooler a session has its settings within transactions only.
        if session.settings:
            return None
        if ahead is not None and ahead.previous_place != written_place:
            ahead = None
        if ahead is None:
            if not _asks_for_new_documents(needs):
                return None
            await self.cache.complete(session.connection, needs)
        written = None
        try:
            if self._contested_batches == 0:
                written = ahead or self._decide(needs, decide)
                if written is not None:
                    with told_where_unknown():
                        written = await self._write(session.connection, needs, written)
            else:
                self._contested_batches -= 1
                written = await self._write_locked(session, isolation, needs, decide)
        except (SeriesAdvancedError, asyncpg.PostgresError) as error:
            _check_conflict(error)
            self._contested_batches = CONTESTED_BATCHES
            written = await self._write_locked(session, isolation, needs, decide)
        if written is None:
            return None
        self.cache.advance(written.snapshot)
        self._written_place = written.place
        return (written.outcome,)

    async def _write_locked(
        self, session: Session, isolation: str, needs: Needs, decide: Callable[[Snapshot], T]
    ) -> Decision[T] | None:
        """Lock the series that are expected to advance, and write; where it were others or a conflict came, again."""
        connection = session.connection
        for _ in range(LOCKED_ATTEMPTS_MAX):
            met = self.cache.series_keys(needs)
            if met is None:
                return None
            expected = met & frozenset().union(*self._advanced)
            try:
                await connection.execute(session.begin(isolation) + entity_lock(needs.entities, frozenset()))
                if await self.cache.lock_series(connection, expected):
                    self._contested_batches = CONTESTED_BATCHES
                written = self._decide(needs, decide)
                if written is not None:
                    if not written.advanced <= expected:
                        raise SeriesAdvancedError  # noqa: TRY301 - as where the statement finds it
                    written = await self._write(connection, needs, written)
                if written is not None:
                    await commit(connection)
            except (SeriesAdvancedError, asyncpg.PostgresError) as error:
                _check_conflict(error)
            else:
                return written
            finally:
                await roll_back(connection)
        return None

    def _decide(
        self, needs: Needs, decide: Callable[[Snapshot], T], before: Decision[Any] | None = None
    ) -> Decision[T] | None:
        """Decide by what is kept, as it will be after the batch before; None, where this is for the long way."""
        snapshot = self.cache.snapshot(needs)
        if snapshot is None:
            return None
        if before is not None:
            _take_over(before.snapshot, snapshot)
        try:
            outcome = decide(snapshot)
        except Exception:  # noqa: BLE001 - it may be the fault of what is kept; if not, the long way meets it too
            return None
        if not _opens_documents(snapshot):
            return None
        advanced = {key: before.next_ordinal for key, before, _ in snapshot.series.changes() if before is not None}
        self._advanced.append(frozenset(advanced))
        ids = self.cache.series_ids(advanced)
        checks = Checks(
            self.cache.entity_versions(needs),
            self.cache.account_versions(needs),
            {ids[key]: next_ordinal for key, next_ordinal in advanced.items()},
            sorted(needs.answers),
        )
        changes = Applier(snapshot, ids).opened_documents(checks)
        previous_place = None if before is None else before.place
        return Decision(next(self._places), previous_place, snapshot, outcome, frozenset(advanced), changes)

    async def _write(self, connection: Connection, needs: Needs, decision: Decision[T]) -> Decision[T] | None:
        """Write what was decided; None, with nothing written, where what is kept is no longer so.

        Raises: SeriesAdvancedError.
        """
        self._under_way = decision
        try:
            row = await connection.fetchrow(decision.changes.statement(), *decision.changes.values)
        finally:
            self._under_way = None
        is_current, series_stand, *_ = row or (False, False)
        if not is_current:
            self.cache.forget(needs)
            return None
        if not series_stand:
            raise SeriesAdvancedError
        return decision


def _take_over(before: Snapshot, snapshot: Snapshot) -> None:
    """Let a batch begin where the one before it will end."""
    for key, _, series in before.series.changes():
        if series is not None and snapshot.series.get(key) is not None:
            snapshot.series.load(key, series)
    for entry in before.register:
        snapshot.note_recorded_at(entry.recorded_at)


def _check_conflict(error: Exception) -> None:
    """Pass over what another process's writes have caused, and raise every other error again."""
    if isinstance(error, asyncpg.PostgresError) and not (error.sqlstate or "").startswith(CONFLICTS):
        raise error


_SHORT_NEEDS = {"answers", "entities", "sequence_sets", "accounts"}
_LONG_NEEDS = attrgetter(*(each.name for each in fields(Needs) if each.name not in _SHORT_NEEDS))
_SHORT_CHANGES = {"answers", "documents", "series"}
_LONG_CHANGES = attrgetter(
    *(name for name, each in vars(Snapshot()).items() if isinstance(each, Relation) and name not in _SHORT_CHANGES)
)


def _asks_for_new_documents(needs: Needs) -> bool:
    """Whether the needs are about nothing but accounts, sets, and answers to requests."""
    if not needs.entities or any(_LONG_NEEDS(needs)):
        return False
    return all(entity_id in needs.entities for entity_id, _ in needs.sequence_sets)


def _opens_documents(snapshot: Snapshot) -> bool:
    """Whether documents were opened and numbered, and nothing else was changed than that brings along."""
    documents = [before for _, before, _ in snapshot.documents.changes()]
    series = [before for _, before, _ in snapshot.series.changes()]
    return (
        documents.count(None) == len(documents) > 0
        and None not in series
        and bool(series)
        and all(entry.event is ISSUE for entry in snapshot.register)
        and not snapshot.activities
        and not any(next(relation.changes(), None) for relation in _LONG_CHANGES(snapshot))
    )
