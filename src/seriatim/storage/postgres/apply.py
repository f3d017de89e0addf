"""Apply: what a batch changed, written by one statement within its transaction."""

from collections.abc import Mapping
from typing import Any, TypeVar

from seriatim.domain.document import Document
from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.domain.snapshot import Relation, Snapshot
from seriatim.service.ports import StoreConflict
from seriatim.storage import rows
from seriatim.storage.codec import to_microseconds
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.opening import Checks, Opening
from seriatim.storage.postgres.people import apply_activities, apply_people
from seriatim.storage.postgres.statements import Changes

V = TypeVar("V")

_NEW_SERIES_IDS = "SELECT nextval(pg_get_serial_sequence('series', 'id')) FROM generate_series(1, $1)"
_ENTRY_COLUMNS = "event, series_id, first_ordinal, last_ordinal, document_id, recorded_at, recorded_by"
_ANSWER_COLUMNS = "client_id, key, fingerprint, status, body, recorded_at"


class Applier:
    """Writes one batch's changes.

    The order of the tables is the same for all batches, and rows that another process may be adding as well (answers,
    given numbers) are added in the order of their keys: two batches never wait for each other.
    """

    def __init__(self, snapshot: Snapshot, series_ids: Mapping[SeriesKey, int]) -> None:
        self._snapshot = snapshot
        self._series_ids = dict(series_ids)
        self._changes = Changes()
        self._recorded_at: dict[int, int] = {}
        """When the last entry of a series in this batch was recorded, by the id of the series."""

    async def apply(self, connection: Connection) -> bool:
        """Write everything that changed; whether anything did.

        Raises: StoreConflict.
        """
        await self._number_new_series(connection)
        self._put_all()
        has_people = await apply_people(connection, self._snapshot)
        if self._snapshot.activities:
            await apply_activities(connection, self._snapshot)
        if self._changes.is_empty:
            return has_people
        counts = await connection.fetchrow(self._changes.statement(), *self._changes.values)
        if list(counts or ()) != self._changes.expected_counts:
            raise StoreConflict("a row that was to be changed is gone")
        return True

    def opened_documents(self, checks: Checks) -> Changes:
        """What writes documents that were opened, with all that brings along; nothing where checks do not hold.

        What moves has no answers with it: they tell of numbers, so they are known when it has been written.
        """
        self._changes = Opening(checks)
        new = [self._document_row(row) for row in _new(self._snapshot.documents)]
        self._changes.insert("documents", *rows.new_documents(new))
        if not checks.moves:
            self._put_answers()
        return self._changes

    def kept_answers(self) -> Changes:
        """What writes answers alone."""
        self._put_answers()
        return self._changes

    def _note_times(self) -> None:
        for entry in self._snapshot.register:
            self._recorded_at[self._series_ids[entry.series]] = to_microseconds(entry.recorded_at)

    def _put_all(self) -> None:
        self._note_times()
        self._put_directory()
        self._put_sets()
        self._put_series()
        self._put_accounts()
        self._put_documents()
        self._put_mails()
        self._put_register()
        self._put_answers()

    @property
    def advanced_series(self) -> frozenset[int]:
        """The ids of the series from which numbers were taken."""
        return frozenset(self._recorded_at)

    async def _number_new_series(self, connection: Connection) -> None:
        new = sorted(
            (key for key, before, _ in self._snapshot.series.changes() if before is None),
            key=lambda key: (key.entity_id, key.prefix),
        )
        if new:
            found = await connection.fetch(_NEW_SERIES_IDS, len(new))
            self._series_ids.update(zip(new, (row[0] for row in found), strict=True))

    def _put_directory(self) -> None:
        snapshot, changes = self._snapshot, self._changes
        new = [(row.id, row.name, row.number_on, to_microseconds(row.created_at)) for row in _new(snapshot.entities)]
        changes.insert("entities", rows.ENTITY_COLUMNS, new)
        new_orgs = [(row.id, row.entity_id, row.name, to_microseconds(row.created_at)) for row in _new(snapshot.orgs)]
        changes.insert("orgs", rows.ORG_COLUMNS, new_orgs)
        changes.insert("clients", rows.CLIENT_COLUMNS, [rows.from_client(row) for row in _new(snapshot.clients)])
        changes.update("clients", rows.CLIENT_COLUMNS, [rows.from_client(row) for row in _changed(snapshot.clients)])
        merchants = [rows.from_merchant(row) for row in _new(snapshot.merchants)]
        changes.insert("merchants", rows.MERCHANT_COLUMNS, merchants)
        merchants = [rows.from_merchant(row) for row in _changed(snapshot.merchants)]
        changes.update("merchants", rows.MERCHANT_COLUMNS, merchants)

    def _put_sets(self) -> None:
        changed = _changed(self._snapshot.sequence_sets)
        new = _new(self._snapshot.sequence_sets)
        self._changes.update("sequence_sets", rows.SET_COLUMNS, [rows.from_set(row) for row in changed])
        self._changes.insert("sequence_sets", rows.SET_COLUMNS, [rows.from_set(row) for row in new])
        numberings, gone = [], []
        for _, before, after in self._snapshot.sequence_sets.changes():
            if after is None:
                continue
            gone += [(after.id, kind) for kind in (before.numberings if before else ()) if kind not in after.numberings]
            numberings += [(after.id, kind, each.prefix, each.start_number) for kind, each in after.numberings.items()]
        self._changes.delete("sequence_set_numberings", "sequence_set_id, kind", gone)
        self._changes.insert(
            "sequence_set_numberings",
            "sequence_set_id, kind, prefix, start_number",
            numberings,
            """ON CONFLICT (sequence_set_id, kind)
            DO UPDATE SET prefix = excluded.prefix, start_number = excluded.start_number""",
        )

    def _put_series(self) -> None:
        new, changed = [], []
        for key, before, after in self._snapshot.series.changes():
            if after is None:
                continue
            series_id = self._series_ids[key]
            recorded_at = self._recorded_at.get(series_id)
            if before is None:
                row = (series_id, key.entity_id, key.kind, key.prefix, after.first_ordinal, after.next_ordinal)
                new.append((*row, recorded_at))
            else:
                changed.append((series_id, after.next_ordinal, recorded_at))
        self._changes.insert("series", f"{rows.SERIES_COLUMNS}, recorded_at", sorted(new))
        self._changes.update("series", "id, next_ordinal, recorded_at", changed)
        counters = [(*key, before, value) for key, before, value in self._snapshot.counters.changes()]
        added = sorted((entity_id, name, value) for entity_id, name, before, value in counters if before is None)
        self._changes.insert("counters", "entity_id, name, next_value", added)
        counted = [(entity_id, name, value) for entity_id, name, before, value in counters if before is not None]
        self._changes.update("counters", "entity_id, name, next_value", counted, keys=2)

    def _put_accounts(self) -> None:
        accounts, changes = self._snapshot.accounts, self._changes
        # Aliases go first: another account may want one, and a deleted account may have none.
        aliases = [(before, after) for _, before, after in self._snapshot.aliases.changes() if before != after]
        changes.delete("aliases", "id", [(before.id,) for before, _ in aliases if before is not None])
        changes.delete("accounts", "id", [(row.id,) for row in _gone(accounts)])
        new = sorted(_new(accounts), key=lambda row: (row.entity_id, row.number))
        changes.insert("accounts", rows.ACCOUNT_COLUMNS, [rows.from_account(row) for row in new])
        changes.update("accounts", rows.ACCOUNT_COLUMNS, [rows.from_account(row) for row in _changed(accounts)])
        added = sorted((after for _, after in aliases if after is not None), key=lambda row: (row.entity_id, row.value))
        changes.insert("aliases", rows.ALIAS_COLUMNS, [rows.from_alias(row) for row in added])

    def _put_documents(self) -> None:
        documents, changes = self._snapshot.documents, self._changes
        columns = rows.DOCUMENT_INSERT_COLUMNS
        changes.delete("documents", "id", [(row.id,) for row in _gone(documents)])
        new = _new(documents)
        if any(row.number_given for row in new):
            new.sort(key=lambda row: (row.entity_id, row.number))
        changes.insert("documents", *rows.new_documents([self._document_row(row) for row in new]))
        changes.update("documents", columns, [self._document_row(row) for row in _changed(documents)])
        applications = self._snapshot.applications
        columns = rows.APPLICATION_COLUMNS
        changes.insert("applications", columns, [rows.from_application(row) for row in _new(applications)])
        changes.update("applications", columns, [rows.from_application(row) for row in _changed(applications)])

    def _document_row(self, document: Document) -> rows.Row:
        series = document.series
        return rows.from_document(document, None if series is None else self._series_ids[series])

    def _put_mails(self) -> None:
        mails = self._snapshot.mails
        self._changes.insert("mails", rows.MAIL_COLUMNS, [rows.from_mail(row) for row in _new(mails)])
        self._changes.update("mails", rows.MAIL_COLUMNS, [rows.from_mail(row) for row in _changed(mails)])

    def _put_register(self) -> None:
        entries = [self._entry_row(entry) for entry in self._snapshot.register]
        self._changes.insert("register", _ENTRY_COLUMNS, entries)

    def _entry_row(self, entry: RegisterEntry) -> rows.Row:
        return (
            entry.event,
            self._series_ids[entry.series],
            entry.first_ordinal,
            entry.last_ordinal,
            entry.document_id,
            to_microseconds(entry.recorded_at),
            entry.recorded_by,
        )

    def _put_answers(self) -> None:
        new, changed = list[rows.Row](), list[rows.Row]()
        for (client_id, key), before, answer in self._snapshot.answers.changes():
            if answer is not None:
                recorded_at = to_microseconds(answer.recorded_at)
                row = (client_id, key, answer.fingerprint, answer.status, answer.body, recorded_at)
                (new if before is None else changed).append(row)
        self._changes.insert("answers", _ANSWER_COLUMNS, sorted(new))
        self._changes.update("answers", _ANSWER_COLUMNS, changed, keys=2)


def _new(relation: Relation[Any, V]) -> list[V]:
    return [after for _, before, after in relation.changes() if before is None and after is not None]


def _changed(relation: Relation[Any, V]) -> list[V]:
    return [after for _, before, after in relation.changes() if before is not None and after is not None]


def _gone(relation: Relation[Any, V]) -> list[V]:
    return [before for _, before, after in relation.changes() if before is not None and after is None]
