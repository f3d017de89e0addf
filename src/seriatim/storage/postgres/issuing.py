"""The short way of a batch that only opens documents for known accounts: one statement, which is its own transaction.

The batch is decided by what the cache holds. The statement locks and checks all of that, and writes, or writes nothing:
entities must be of the version that was read (their sets and series then are, too), accounts likewise, and no answer
may be kept with one of the keys.

Where the series stand need not be known. Several processes take numbers of the same series, so it may be further on
than the decision took it from; a batch that failed leaves it further back. The statement moves the numbers, and the
time if the series has recorded a later one, to where it finds the series. The batch is then decided anew from there, to
tell what was written. This rests on a law of the domain: moved like that, the same submissions open the same documents,
but for their numbers and that time (`tests/property/test_moving.py`).

So while the statement of one batch is under way, the next may be decided already, by where that one will leave the
series. If it comes to nothing, the next one is moved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from operator import attrgetter, itemgetter
from typing import Generic, TypeVar

import asyncpg

from seriatim.domain.numbering import Series, SeriesKey
from seriatim.domain.register import ISSUE
from seriatim.domain.snapshot import Needs, Relation, Snapshot
from seriatim.storage.codec import to_microseconds
from seriatim.storage.postgres.apply import Applier
from seriatim.storage.postgres.cache import Cache
from seriatim.storage.postgres.connections import CONFLICTS, RETRIED_AT_ONCE, Connection, Session
from seriatim.storage.postgres.opening import Checks, TakenFrom
from seriatim.storage.postgres.statements import Changes
from seriatim.storage.postgres.transactions import commit, roll_back, told_where_unknown

T = TypeVar("T")

CONTESTED_BATCHES = 32
"""For so many batches a series counts as contested, after one that was moved."""
ATTEMPTS_MAX = 5
"""Of one statement, where the database asks for another."""


@dataclass(slots=True)
class Decision(Generic[T]):
    """A batch that was decided by what is kept."""

    snapshot: Snapshot
    outcome: T
    series_ids: dict[SeriesKey, int]
    """The series from which it takes numbers, in the order of their ids."""
    entity_versions: list[tuple[str, int]]
    account_versions: list[tuple[str, int]]
    answer_keys: list[tuple[str, str]]
    connections: int
    """How many connections there had been by then: behind a new one the database may be another."""
    changes: Changes = field(init=False)
    """What writes it."""
    moves: bool = field(init=False)
    """Whether that writes it where the series stand."""

    def __post_init__(self) -> None:
        self.prepare(moves=not self.has_answers)

    @property
    def has_answers(self) -> bool:
        """Whether answers are kept with it. They tell of numbers, so they cannot move with them."""
        return next(self.snapshot.answers.changes(), None) is not None

    def prepare(self, *, moves: bool) -> None:
        """Prepare what writes it where the series stand, without its answers; or with them, where it was decided."""
        self.moves = moves
        taken = [
            TakenFrom(self.series_ids[key], before.next_ordinal, after.next_ordinal - 1)
            for key, before, after in self.snapshot.series.changes()
            if before is not None and after is not None
        ]
        decided_at = to_microseconds(self.snapshot.register[-1].recorded_at)
        checks = Checks(self.entity_versions, self.account_versions, self.answer_keys, sorted(taken), decided_at, moves)
        self.changes = Applier(self.snapshot, self.series_ids).opened_documents(checks)

    def move(self, decide: Callable[[Snapshot], T], shifts: Sequence[int], delay_us: int) -> None:
        """Decide it anew where it was written: so far from where it was decided, and so much later."""
        if not any(shifts) and delay_us == 0:
            return
        at = self.snapshot.register[-1].recorded_at + timedelta(microseconds=delay_us)
        self.snapshot.reset()
        self.snapshot.note_recorded_at(at)
        for key, shift in zip(self.series_ids, shifts, strict=True):
            series = self.snapshot.series.get(key)
            if series is not None:
                moved = Series(key, series.first_ordinal, series.next_ordinal + shift)
                self.snapshot.series.load(key, moved)
        self.outcome = decide(self.snapshot)


class Issuer:
    """Writes batches the short way, where they allow it."""

    def __init__(self) -> None:
        self.cache = Cache()
        self._contested_batches = 0
        self._under_way: Snapshot | None = None
        self._connections = 0

    def connected(self) -> None:
        """Begin anew with a new connection: the database may be another one from here on."""
        self.cache.clear()
        self._connections += 1

    @property
    def is_contested(self) -> bool:
        """Whether another process has advanced series of this one's lately."""
        return self._contested_batches > 0

    def decide_ahead(self, needs: Needs, decide: Callable[[Snapshot], T]) -> Decision[T] | None:
        """Decide a batch while the one before it is being written, by where that one will leave the series.

        None, where this cannot be done, or there is none under way.
        """
        if self._under_way is None or not _asks_for_new_documents(needs):
            return None
        return self._decide(needs, decide, self._under_way)

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
        # Behind a pooler a session has its settings within transactions only.
        if session.settings:
            return None
        decision = None if ahead is None or ahead.connections < self._connections else ahead
        if decision is None and _asks_for_new_documents(needs):
            await self.cache.complete(session.connection, needs)
            decision = self._decide(needs, decide)
        if decision is None or not await self._write(session, isolation, needs, decide, decision):
            return None
        self.cache.advance(decision.snapshot)
        return (decision.outcome,)

    async def _write(
        self, session: Session, isolation: str, needs: Needs, decide: Callable[[Snapshot], T], decision: Decision[T]
    ) -> bool:
        """Write what was decided, or decided anew; whether it could be written this way."""
        self._contested_batches = max(0, self._contested_batches - 1)
        for _ in range(ATTEMPTS_MAX):
            try:
                if not (decision.has_answers and self.is_contested):
                    with told_where_unknown():
                        is_written = await self._send(session.connection, needs, decide, decision)
                    if is_written or not decision.has_answers:
                        return is_written
                return await self._write_with_answers(session, isolation, needs, decide, decision)
            except asyncpg.PostgresError as error:
                if not (error.sqlstate or "").startswith(CONFLICTS):
                    raise
                if error.sqlstate not in RETRIED_AT_ONCE:
                    break
            decision.prepare(moves=not decision.has_answers)
        return False

    async def _write_with_answers(
        self, session: Session, isolation: str, needs: Needs, decide: Callable[[Snapshot], T], decision: Decision[T]
    ) -> bool:
        """Write documents where the series stand, and then the answers that tell of them, in one transaction."""
        connection = session.connection
        decision.prepare(moves=True)
        try:
            await connection.execute(session.begin(isolation))
            if not await self._send(connection, needs, decide, decision):
                return False
            answers = Applier(decision.snapshot, decision.series_ids).kept_answers()
            await connection.execute(answers.statement(), *answers.values)
            await commit(connection)
        finally:
            await roll_back(connection)
        return True

    async def _send(
        self, connection: Connection, needs: Needs, decide: Callable[[Snapshot], T], decision: Decision[T]
    ) -> bool:
        """Send the statement, and decide anew where it has moved the batch; whether it has written anything."""
        self._under_way = decision.snapshot
        try:
            rows = await connection.fetch(decision.changes.statement(), *decision.changes.values)
        finally:
            self._under_way = None
        if not rows:
            # What may not move is refused for the series alone, too, and then what is kept is still so.
            if decision.moves:
                self.cache.forget(needs)
            return False
        shifts, (delay_us, *_), _ = zip(*rows, strict=True)
        if any(shifts):
            self._contested_batches = CONTESTED_BATCHES
        decision.move(decide, shifts, delay_us)
        return True

    def _decide(
        self, needs: Needs, decide: Callable[[Snapshot], T], before: Snapshot | None = None
    ) -> Decision[T] | None:
        """Decide by what is kept, as it will be after the batch before; None, where this is for the long way."""
        snapshot = self.cache.snapshot(needs)
        if snapshot is None:
            return None
        if before is not None:
            _take_over(before, snapshot)
        try:
            outcome = decide(snapshot)
        except Exception:  # noqa: BLE001 - it may be the fault of what is kept; if not, the long way meets it too
            return None
        if not _opens_documents(snapshot):
            return None
        ids = self.cache.series_ids(key for key, _, _ in snapshot.series.changes())
        return Decision(
            snapshot,
            outcome,
            dict(sorted(ids.items(), key=itemgetter(1))),
            sorted(self.cache.entity_versions(needs).items()),
            sorted(self.cache.account_versions(needs).items()),
            sorted(needs.answers),
            self._connections,
        )


def _take_over(before: Snapshot, snapshot: Snapshot) -> None:
    """Let a batch begin where the one before it will end."""
    for key, _, series in before.series.changes():
        if series is not None and snapshot.series.get(key) is not None:
            snapshot.series.load(key, series)
    for entry in before.register:
        snapshot.note_recorded_at(entry.recorded_at)


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
        documents.count(None) == len(documents) == len(snapshot.register) > 0
        and None not in series
        and all(entry.event is ISSUE for entry in snapshot.register)
        and not snapshot.activities
        and not any(next(relation.changes(), None) for relation in _LONG_CHANGES(snapshot))
    )
