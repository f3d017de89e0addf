"""Load: what a batch needs, read into a snapshot within the transaction that will write it."""

from collections import defaultdict
from collections.abc import Iterable

import apsw

from seriatim.domain.entity import Entity
from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.numbering import SeriesKey, ordinal_of, prefixes_reading_as
from seriatim.domain.sequence_set import Numbering, SequenceSet
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Needs, Snapshot
from seriatim.storage import rows
from seriatim.storage.codec import encode_json, from_microseconds
from seriatim.storage.sqlite.people import load_people
from seriatim.storage.sqlite.queries import first_row
from seriatim.storage.sqlite.remembered import Remembered

_SET_BY_KEY = f"""
    SELECT {rows.SET_COLUMNS} FROM sequence_sets
    WHERE entity_id = ?1 AND deleted_at IS NULL AND (id = ?2 OR number = ?2 OR name = ?2)"""
_SET_BY_ID = f"SELECT {rows.SET_COLUMNS} FROM sequence_sets WHERE id = ?"
_NUMBERINGS = "SELECT kind, prefix, start_number FROM sequence_set_numberings WHERE sequence_set_id = ?"
_SERIES = f"""
    SELECT {rows.SERIES_COLUMNS} FROM series
    WHERE entity_id = ? AND prefix IN (SELECT value FROM json_each(?))"""
# ':' follows '9' in ASCII: the range holds every prefix that continues this one with a digit.
_SERIES_CONTINUING = f"""
    SELECT {rows.SERIES_COLUMNS} FROM series
    WHERE entity_id = ?1 AND prefix >= ?2 || '0' AND prefix < ?2 || ':'"""
_ACCOUNT = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts WHERE entity_id = ?1 AND (id = ?2 OR number = ?2)"
_DOCUMENT = f"""
    SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES}
    WHERE d.entity_id = ?1 AND (d.id = ?2 OR d.number = ?2)"""
_DOCUMENTS_BY_ID = f"""
    SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES} WHERE d.id IN (SELECT value FROM json_each(?))"""
_REFERRING = f"""
    SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES} WHERE d.entity_id = ? AND d.referred_id = ?"""
_APPLICATIONS_FROM = f"SELECT {rows.APPLICATION_COLUMNS} FROM applications WHERE source_id = ?"
_APPLICATIONS_TO = f"SELECT {rows.APPLICATION_COLUMNS} FROM applications WHERE target_id = ?"
_ALIAS = f"SELECT {rows.ALIAS_COLUMNS} FROM aliases WHERE entity_id = ? AND value = ?"
_ALIASES_OF = f"SELECT {rows.ALIAS_COLUMNS} FROM aliases WHERE account_id = ? ORDER BY id"
_ACCOUNTS_BY_ID = f"SELECT {rows.ACCOUNT_COLUMNS} FROM accounts WHERE id IN (SELECT value FROM json_each(?))"
_GIVEN_NUMBERS = """
    SELECT number FROM documents
    WHERE number_given = 1 AND entity_id = ?1 AND number >= ?2 || '0' AND number < ?2 || ':'"""
# Of all series: one file has one writer, whose clock may have been set back, or may be the command line's.
_LAST_RECORDED = "SELECT recorded_at FROM register ORDER BY position DESC LIMIT 1"


class Loader:
    """Reads one batch's needs. `series_ids` then tells the row of every series that was met.

    What is remembered of earlier batches is not read again; the writer alone may give that.
    """

    def __init__(self, connection: apsw.Connection, needs: Needs, remembered: Remembered | None = None) -> None:
        self._connection = connection
        self._remembered = Remembered() if remembered is None else remembered
        self._cursor = connection.cursor()
        self._needs = needs
        self._prefixes: dict[str, set[str]] = defaultdict(set)
        self.snapshot = Snapshot()
        self.series_ids: dict[SeriesKey, int] = {}

    def load(self) -> Snapshot:
        """Read everything, in the order in which one thing leads to another."""
        self._load_directory()
        self._load_answers()
        self._load_counters()
        self._load_accounts()
        self._load_documents()
        self._load_notes()
        self._load_sets()
        self._load_series()
        self._load_claims()
        self._load_usage()
        if self._needs.people:
            load_people(self._connection, self._needs, self.snapshot)
        return self.snapshot

    def _load_directory(self) -> None:
        needs, cursor = self._needs, self._cursor
        for key in needs.entities:
            for entity in self._find_entities(key):
                self.snapshot.entities.load(entity.id, entity)
        for entity_key, key in needs.orgs:
            sql = f"""
                SELECT {rows.ORG_COLUMNS} FROM orgs WHERE (id = ?2 OR name = ?2)
                AND entity_id IN (SELECT id FROM entities WHERE id = ?1 OR name = ?1)"""
            for row in cursor.execute(sql, (entity_key, key)):
                self.snapshot.orgs.load(row[0], rows.to_org(row))
        for key in needs.org_keys:
            for row in cursor.execute(f"SELECT {rows.ORG_COLUMNS} FROM orgs WHERE id = ?1 OR name = ?1", (key,)):
                self.snapshot.orgs.load(row[0], rows.to_org(row))
        for key in needs.clients:
            for row in cursor.execute(f"SELECT {rows.CLIENT_COLUMNS} FROM clients WHERE id = ?", (key,)):
                self.snapshot.clients.load(row[0], rows.to_client(row))

    def _find_entities(self, key: str) -> list[Entity]:
        known = self._remembered.entities.get(key)
        if known is not None:
            return [known]
        sql = f"SELECT {rows.ENTITY_COLUMNS} FROM entities WHERE id = ?1 OR name = ?1"
        found = [rows.to_entity(row) for row in self._cursor.execute(sql, (key,))]
        if len(found) == 1:
            self._remembered.entities[key] = found[0]
        return found

    def _load_answers(self) -> None:
        sql = "SELECT fingerprint, status, body, recorded_at FROM answers WHERE client_id = ? AND key = ?"
        for pair in self._needs.answers:
            for fingerprint, status, body, recorded_at in self._cursor.execute(sql, pair):
                answer = StoredAnswer(fingerprint, status, body, from_microseconds(recorded_at))
                self.snapshot.answers.load(pair, answer)

    def _load_counters(self) -> None:
        sql = "SELECT next_value FROM counters WHERE entity_id = ? AND name = ?"
        for pair in self._needs.counters:
            for (value,) in self._cursor.execute(sql, pair):
                self.snapshot.counters.load(pair, value)

    def _load_accounts(self) -> None:
        for pair in self._needs.accounts | self._needs.accounts_with_documents:
            for row in self._cursor.execute(_ACCOUNT, pair):
                self.snapshot.accounts.load(row[0], rows.to_account(row))

    def _load_documents(self) -> None:
        for pair in self._needs.documents | self._needs.numbers:
            self._take_documents(self._cursor.execute(_DOCUMENT, pair))
        for entity_id, key in self._needs.referring_to:
            document = self.snapshot.document(entity_id, key)
            if document is not None:
                self._take_documents(self._cursor.execute(_REFERRING, (entity_id, document.id)))
        for entity_id, key in self._needs.siblings_of:
            document = self.snapshot.document(entity_id, key)
            if document is not None and document.referred_id is not None:
                self._take_documents(self._cursor.execute(_REFERRING, (entity_id, document.referred_id)))
        others = {document.referred_id for document in self.snapshot.documents}
        others |= self._load_applications(_APPLICATIONS_FROM, self._needs.applications_from)
        others |= self._load_applications(_APPLICATIONS_TO, self._needs.applications_to)
        missing = [other for other in others if other is not None and self.snapshot.documents.get(other) is None]
        if missing:
            self._take_documents(self._cursor.execute(_DOCUMENTS_BY_ID, (encode_json(missing),)))
        self._load_accounts_of_documents()
        for entity_id, number in self._needs.numbers:
            self._prefixes[entity_id].update(prefixes_reading_as(number))

    def _take_documents(self, found: Iterable[rows.Row]) -> None:
        for row in found:
            document = rows.to_document(row)
            self.snapshot.documents.load(document.id, document)
            if document.series is not None:
                # The set may have another prefix by now; the document is written back with the series that it has.
                self._prefixes[document.entity_id].add(document.series.prefix)

    def _load_applications(self, sql: str, wanted: Iterable[tuple[str, str]]) -> set[str]:
        """Load the applications from or to documents; the ids of both ends."""
        documents = [self.snapshot.document(*pair) for pair in wanted]
        ids = [document.id for document in documents if document is not None]
        found = [rows.to_application(row) for id_ in ids for row in self._cursor.execute(sql, (id_,))]
        for application in found:
            self.snapshot.applications.load((application.source_id, application.target_id), application)
        return {end for application in found for end in (application.source_id, application.target_id)}

    def _load_accounts_of_documents(self) -> None:
        documents = [self.snapshot.document(*pair) for pair in self._needs.accounts_of_documents]
        ids = {document.account_id for document in documents if document is not None}
        if ids:
            for row in self._cursor.execute(_ACCOUNTS_BY_ID, (encode_json(sorted(ids)),)):
                self.snapshot.accounts.load(row[0], rows.to_account(row))

    def _load_notes(self) -> None:
        """What documents and customers in Sequence's sense have besides: sellers, aliases, mail."""
        snapshot, needs, cursor = self.snapshot, self._needs, self._cursor
        for entity_id in needs.merchants:
            sql = f"SELECT {rows.MERCHANT_COLUMNS} FROM merchants WHERE entity_id = ?"
            for row in cursor.execute(sql, (entity_id,)):
                snapshot.merchants.load(entity_id, rows.to_merchant(row))
        for pair in needs.aliases:
            for row in cursor.execute(_ALIAS, pair).fetchall():
                self._take_aliases([row])
                accounts = cursor.execute(_ACCOUNTS_BY_ID, (encode_json([row[2]]),))
                for account in accounts:
                    snapshot.accounts.load(account[0], rows.to_account(account))
        for pair in needs.aliases_of:
            owner = snapshot.account(*pair)
            if owner is not None:
                self._take_aliases(cursor.execute(_ALIASES_OF, (owner.id,)))
        for mail_id in needs.mails:
            for row in cursor.execute(f"SELECT {rows.MAIL_COLUMNS} FROM mails WHERE id = ?", (mail_id,)):
                snapshot.mails.load(mail_id, rows.to_mail(row))

    def _take_aliases(self, found: Iterable[rows.Row]) -> None:
        for row in found:
            alias = rows.to_alias(row)
            self.snapshot.aliases.load((alias.entity_id, alias.value), alias)

    def _load_sets(self) -> None:
        needs, snapshot = self._needs, self.snapshot
        for pair in needs.sequence_sets | needs.sets_in_use | needs.set_claims:
            self._take_sets(pair, _SET_BY_KEY, pair)
        referred = {account.sequence_set_id for account in snapshot.accounts}
        referred.update(document.sequence_set_id for document in snapshot.documents)
        for set_id in referred:
            if set_id is not None and snapshot.sequence_sets.get(set_id) is None:
                self._take_sets(("", set_id), _SET_BY_ID, (set_id,))

    def _take_sets(self, key: tuple[str, str], sql: str, values: tuple[str, ...]) -> None:
        """Take in the sets that a look-up finds. Of their series those that are not remembered are read afterwards."""
        remembered = self._remembered
        found = remembered.sets.get(key)
        if found is None:
            found = tuple(map(self._read_set, self._cursor.execute(sql, values).fetchall()))
            if found:
                remembered.sets[key] = found
        for of_set, series_keys in found:
            self.snapshot.sequence_sets.load(of_set.id, of_set)
            for series_key in series_keys:
                known = remembered.series.get(series_key)
                if known is None:
                    self._prefixes[series_key.entity_id].add(series_key.prefix)
                else:
                    self.series_ids[series_key] = known[0]
                    self.snapshot.series.load(series_key, known[1])

    def _read_set(self, row: rows.Row) -> tuple[SequenceSet, tuple[SeriesKey, ...]]:
        found = [(kind, Numbering(prefix, start)) for kind, prefix, start in self._cursor.execute(_NUMBERINGS, row[:1])]
        of_set = rows.to_set(row, rows.in_kind_order(found))
        return of_set, tuple(SeriesKey(of_set.entity_id, kind, each.prefix) for kind, each in of_set.numberings.items())

    def _load_series(self) -> None:
        for entity_id, prefixes in self._prefixes.items():
            self._take_series(self._cursor.execute(_SERIES, (entity_id, encode_json(sorted(prefixes)))))
        if self._prefixes:
            self._remembered.series.update(
                (each.key, (self.series_ids[each.key], each)) for each in self.snapshot.series
            )
        for series in list(self.snapshot.series):
            if series.next_ordinal >= FAMILY_FROM_ORDINAL:
                self._load_family(series.key.entity_id, series.key.prefix)
        if self.series_ids:
            for (recorded_at,) in self._cursor.execute(_LAST_RECORDED):
                self.snapshot.note_recorded_at(from_microseconds(recorded_at))

    def _load_family(self, entity_id: str, prefix: str) -> None:
        beginnings = [prefix[:length] for length in range(1, len(prefix) + 1)]
        self._take_series(self._cursor.execute(_SERIES, (entity_id, encode_json(beginnings))))
        self._take_series(self._cursor.execute(_SERIES_CONTINUING, (entity_id, prefix)))

    def _take_series(self, found: Iterable[rows.Row]) -> None:
        for row in found:
            series = rows.to_series(row)
            self.series_ids[series.key] = row[0]
            self.snapshot.series.load(series.key, series)

    def _load_claims(self) -> None:
        claims = set(self._needs.claims)
        for entity_id, key in self._needs.set_claims:
            of_set = self.snapshot.sequence_set(entity_id, key)
            if of_set is not None:
                claims.update((entity_id, numbering.prefix) for numbering in of_set.numberings.values())
        for entity_id, prefix in claims:
            self._load_family(entity_id, prefix)
            given = (ordinal_of(prefix, row[0]) for row in self._cursor.execute(_GIVEN_NUMBERS, (entity_id, prefix)))
            highest = max((ordinal for ordinal in given if ordinal is not None), default=None)
            if highest is not None:
                self.snapshot.highest_given_ordinals[entity_id, prefix] = highest

    def _load_usage(self) -> None:
        for entity_id, key in self._needs.sets_in_use:
            of_set = self.snapshot.sequence_set(entity_id, key)
            sql = "SELECT 1 FROM accounts WHERE sequence_set_id = ? LIMIT 1"
            if of_set is not None and first_row(self._connection, sql, (of_set.id,)) is not None:
                self.snapshot.sets_in_use.add(of_set.id)
        for entity_id, key in self._needs.accounts_with_documents:
            account = self.snapshot.account(entity_id, key)
            sql = "SELECT 1 FROM documents WHERE account_id = ? LIMIT 1"
            if account is not None and first_row(self._connection, sql, (account.id,)) is not None:
                self.snapshot.accounts_with_documents.add(account.id)
