"""Load: what a batch needs, read into a snapshot; what it may change is locked first.

Nearly everything is read by one statement. Where one document leads to others that may grow in number (the applications
of a payment, the memos of an invoice), they are locked by a statement before it; what only changes of sequence sets
need is read by statements behind it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.numbering import SeriesKey, ordinal_of
from seriatim.domain.sequence_set import Numbering
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Needs, Snapshot
from seriatim.storage import rows
from seriatim.storage.codec import from_microseconds
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.locks import Locks
from seriatim.storage.postgres.people import load_people
from seriatim.storage.postgres.queries import LoadStatement, put_document_ids
from seriatim.storage.postgres.statements import Parts

_LOCK_ACCOUNTS = "SELECT id FROM accounts WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE"
_LOCK_DOCUMENTS = """
    SELECT id FROM documents WHERE id = ANY(ARRAY(SELECT id FROM wanted)) ORDER BY id FOR NO KEY UPDATE"""
_FAMILY = f"""
    SELECT {rows.SERIES_COLUMNS}, recorded_at, false FROM series
    WHERE entity_id = $1 AND (prefix = ANY($2::text[]) OR (prefix >= $3 || '0' AND prefix < $3 || ':'))"""
# ':' follows '9' in ASCII: the range holds every number that continues this prefix with a digit.
_GIVEN_NUMBERS = """
    SELECT number FROM documents
    WHERE number_given AND entity_id = $1 AND number >= $2 || '0' AND number < $2 || ':'"""


class SurroundingsChangedError(Exception):
    """While documents were being locked, others came to belong to them: they have to be looked for again."""


class Loader:
    """Reads one batch's needs. `series_ids` then tells the row of every series that was met.

    Without `locks` nothing is locked, and nothing may be written.
    """

    def __init__(self, connection: Connection, needs: Needs, locks: Locks | None) -> None:
        self._connection = connection
        self._needs = needs
        self._locks = locks
        self.snapshot = Snapshot()
        self.series_ids: dict[SeriesKey, int] = {}
        self.locked_series: set[int] = set()

    async def load(self) -> Snapshot:
        """Read everything.

        Raises: SurroundingsChangedError.
        """
        if self._locks is not None and self._locks.accounts:
            await self._connection.fetch(_LOCK_ACCOUNTS, sorted(self._locks.accounts))
        surroundings = await self._lock_surroundings()
        statement = LoadStatement(self._needs, self._locks, surroundings)
        if statement.names:
            row = await self._connection.fetchrow(statement.sql, *statement.values)
            found = dict(zip(statement.names, row or (), strict=True))
            if surroundings is not None and not {id_ for (id_,) in found["surroundings"]} <= set(surroundings):
                raise SurroundingsChangedError
            self._take(found)
        await self._load_claims()
        await self._load_usage()
        if self._needs.people:
            await load_people(self._connection, self._needs, self.snapshot, locks=self._locks is not None)
        return self.snapshot

    async def _lock_surroundings(self) -> list[str] | None:
        """Lock documents with all that belongs to them; their ids, or None where nothing can come to belong to them.

        All are found first and then locked in the order of their ids. Nothing can come to belong to a document that is
        locked, but something may have before it was: that is seen by looking again.
        """
        parts = Parts()
        if self._locks is None or not put_document_ids(parts, self._needs):
            return None
        found = await self._connection.fetch(parts.statement(_LOCK_DOCUMENTS), *parts.parameters.values)
        return [row[0] for row in found]

    def _take(self, found: Mapping[str, Iterable[Any]]) -> None:
        self._take_directory(found)
        self._take_answers(found)
        self._take_accounts(found)
        self._take_documents(found)
        self._take_sets(found)

    def _take_directory(self, found: Mapping[str, Iterable[Any]]) -> None:
        snapshot = self.snapshot
        for row in found.get("entities", ()):
            snapshot.entities.load(row[0], rows.to_entity(row))
        for name in ("orgs", "orgs_of_any"):
            for row in found.get(name, ()):
                snapshot.orgs.load(row[0], rows.to_org(row))
        for row in found.get("clients", ()):
            snapshot.clients.load(row[0], rows.to_client(row))
        for row in found.get("merchants", ()):
            snapshot.merchants.load(row[0], rows.to_merchant(row))
        for row in found.get("mails", ()):
            snapshot.mails.load(row[0], rows.to_mail(row))

    def _take_answers(self, found: Mapping[str, Iterable[Any]]) -> None:
        snapshot = self.snapshot
        for client_id, key, fingerprint, status, body, recorded_at in found.get("answers", ()):
            answer = StoredAnswer(fingerprint, status, body, from_microseconds(recorded_at))
            snapshot.answers.load((client_id, key), answer)
        for entity_id, name, next_value in found.get("counters", ()):
            snapshot.counters.load((entity_id, name), next_value)

    def _take_accounts(self, found: Mapping[str, Iterable[Any]]) -> None:
        snapshot = self.snapshot
        for row in found.get("accounts", ()):
            snapshot.accounts.load(row[0], rows.to_account(row))
        for name in ("aliases", "aliases_of"):
            for row in found.get(name, ()):
                alias = rows.to_alias(row)
                snapshot.aliases.load((alias.entity_id, alias.value), alias)

    def _take_documents(self, found: Mapping[str, Iterable[Any]]) -> None:
        snapshot = self.snapshot
        for row in found.get("documents", ()):
            snapshot.documents.load(row[0], rows.to_document(row))
        for row in found.get("applications", ()):
            application = rows.to_application(row)
            snapshot.applications.load((application.source_id, application.target_id), application)

    def _take_sets(self, found: Mapping[str, Iterable[Any]]) -> None:
        numberings: dict[str, list[tuple[str, Numbering]]] = {}
        for set_id, kind, prefix, start_number in found.get("numberings", ()):
            numberings.setdefault(set_id, []).append((kind, Numbering(prefix, start_number)))
        for row in found.get("sets", ()):
            of_set = rows.to_set(row, rows.in_kind_order(numberings.get(row[0], ())))
            self.snapshot.sequence_sets.load(of_set.id, of_set)
        for row in found.get("series", ()):
            self._take_series(row)

    def _take_series(self, row: Any) -> None:
        series = rows.to_series(row)
        self.series_ids[series.key] = row[0]
        self.snapshot.series.load(series.key, series)
        recorded_at, is_locked = row[6], row[7]
        if recorded_at is not None:
            self.snapshot.note_recorded_at(from_microseconds(recorded_at))
        if is_locked:
            self.locked_series.add(row[0])

    async def _load_claims(self) -> None:
        claims = set(self._needs.claims)
        for entity_id, key in self._needs.set_claims:
            of_set = self.snapshot.sequence_set(entity_id, key)
            if of_set is not None:
                claims.update((entity_id, numbering.prefix) for numbering in of_set.numberings.values())
        near_end = {
            (series.key.entity_id, series.key.prefix)
            for series in self.snapshot.series
            if series.next_ordinal >= FAMILY_FROM_ORDINAL
        }
        for entity_id, prefix in sorted(claims | near_end):
            await self._load_family(entity_id, prefix)
        for entity_id, prefix in sorted(claims):
            found = await self._connection.fetch(_GIVEN_NUMBERS, entity_id, prefix)
            given = (ordinal_of(prefix, row[0]) for row in found)
            highest = max((ordinal for ordinal in given if ordinal is not None), default=None)
            if highest is not None:
                self.snapshot.highest_given_ordinals[entity_id, prefix] = highest

    async def _load_family(self, entity_id: str, prefix: str) -> None:
        """Load the series that could meet this one. None is added or passed by: the entity is locked for that."""
        beginnings = [prefix[:length] for length in range(1, len(prefix) + 1)]
        known = set(self.series_ids.values())
        for row in await self._connection.fetch(_FAMILY, entity_id, beginnings, prefix):
            if row[0] not in known:
                self._take_series(row)

    async def _load_usage(self) -> None:
        for entity_id, key in self._needs.sets_in_use:
            of_set = self.snapshot.sequence_set(entity_id, key)
            sql = "SELECT 1 FROM accounts WHERE sequence_set_id = $1 LIMIT 1"
            if of_set is not None and await self._connection.fetchrow(sql, of_set.id) is not None:
                self.snapshot.sets_in_use.add(of_set.id)
        for entity_id, key in self._needs.accounts_with_documents:
            account = self.snapshot.account(entity_id, key)
            sql = "SELECT 1 FROM documents WHERE account_id = $1 LIMIT 1"
            if account is not None and await self._connection.fetchrow(sql, account.id) is not None:
                self.snapshot.accounts_with_documents.add(account.id)
