"""Apply: what a batch changed, written back within its transaction."""

from collections.abc import Mapping

import apsw

from seriatim.domain.document import Document
from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.snapshot import Snapshot
from seriatim.storage import rows
from seriatim.storage.codec import to_microseconds
from seriatim.storage.sqlite.people import apply_activities, apply_people
from seriatim.storage.sqlite.queries import first_value, insert

_INSERT_ENTITY = f"INSERT INTO entities ({rows.ENTITY_COLUMNS}) VALUES (?, ?, ?, ?)"
_INSERT_ORG = f"INSERT INTO orgs ({rows.ORG_COLUMNS}) VALUES (?, ?, ?, ?)"
_INSERT_CLIENT = f"INSERT INTO clients ({rows.CLIENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE_CLIENT = "UPDATE clients SET revoked_at = ?2 WHERE id = ?1"
_INSERT_SET = f"INSERT INTO sequence_sets ({rows.SET_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE_SET = "UPDATE sequence_sets SET name = ?2, updated_at = ?3, updated_by = ?4, deleted_at = ?5 WHERE id = ?1"
_INSERT_SERIES = """
    INSERT INTO series (entity_id, kind, prefix, first_ordinal, next_ordinal) VALUES (?, ?, ?, ?, ?) RETURNING id"""
_UPSERT_COUNTER = """
    INSERT INTO counters (entity_id, name, next_value) VALUES (?, ?, ?)
    ON CONFLICT (entity_id, name) DO UPDATE SET next_value = excluded.next_value"""
_INSERT_ACCOUNT = f"""
    INSERT INTO accounts ({rows.ACCOUNT_COLUMNS}) VALUES ({", ".join("?" * 15)})"""
_UPDATE_ACCOUNT = """
    UPDATE accounts SET name = ?2, sequence_set_id = ?3, contacts = ?4, fields = ?5, updated_at = ?6, updated_by = ?7,
        profile = ?8, archived_at = ?9
    WHERE id = ?1"""
_UPDATE_DOCUMENT = """
    UPDATE documents SET number = ?2, series_id = ?3, ordinal = ?4, status = ?5, document_date = ?6, updated_at = ?7,
        updated_by = ?8, posted_at = ?9, posted_by = ?10, canceled_at = ?11, canceled_by = ?12, due_date = ?13,
        tax_minor = ?14, applied_minor = ?15, refunded_minor = ?16, applies_on_posting = ?17, is_reversed = ?18,
        particulars = ?19, sent_at = ?20, sent_by = ?21, balance_changes = ?22, is_uncollectible = ?23,
        currency = ?24, amount_minor = ?25, items = ?26, fields = ?27
    WHERE id = ?1"""
_UPSERT_APPLICATION = f"""
    INSERT INTO applications ({rows.APPLICATION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source_id, target_id) DO UPDATE SET amount_minor = excluded.amount_minor,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by"""
_UPSERT_MERCHANT = f"INSERT OR REPLACE INTO merchants ({rows.MERCHANT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_ALIAS = f"INSERT INTO aliases ({rows.ALIAS_COLUMNS}) VALUES (?, ?, ?, ?, ?)"
_INSERT_MAIL = f"INSERT INTO mails ({rows.MAIL_COLUMNS}) VALUES ({', '.join('?' * 12)})"
_UPDATE_MAIL = "UPDATE mails SET status = ?2, attempts = ?3, due_at = ?4, last_error = ?5, sent_at = ?6 WHERE id = ?1"
_INSERT_ENTRIES = """
    INSERT INTO register (event, series_id, first_ordinal, last_ordinal, document_id, recorded_at, recorded_by)"""
_UPSERT_ANSWERS = "INSERT OR REPLACE INTO answers (client_id, key, fingerprint, status, body, recorded_at)"


class Applier:
    """Writes one batch's changes, in the order in which one row refers to another."""

    def __init__(self, connection: apsw.Connection, snapshot: Snapshot, series_ids: Mapping[SeriesKey, int]) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._snapshot = snapshot
        self._series_ids = dict(series_ids)

    def apply(self) -> None:
        """Write everything that changed."""
        self._apply_directory()
        self._apply_sets()
        self._apply_series()
        self._apply_counters()
        self._apply_aliases_gone()
        self._apply_accounts()
        self._apply_aliases()
        self._apply_merchants()
        self._apply_documents()
        self._apply_applications()
        self._apply_mails()
        self._apply_register()
        self._apply_answers()
        apply_people(self._cursor, self._snapshot)
        if self._snapshot.activities:
            apply_activities(self._cursor, self._snapshot)

    def _apply_directory(self) -> None:
        for _, _, entity in self._snapshot.entities.changes():
            if entity is not None:
                created_at = to_microseconds(entity.created_at)
                self._cursor.execute(_INSERT_ENTITY, (entity.id, entity.name, entity.number_on, created_at))
        for _, _, org in self._snapshot.orgs.changes():
            if org is not None:
                created_at = to_microseconds(org.created_at)
                self._cursor.execute(_INSERT_ORG, (org.id, org.entity_id, org.name, created_at))
        for _, before, client in self._snapshot.clients.changes():
            if client is None:
                continue
            row = rows.from_client(client)
            if before is None:
                self._cursor.execute(_INSERT_CLIENT, row)
            else:
                self._cursor.execute(_UPDATE_CLIENT, (row[0], row[7]))

    def _apply_sets(self) -> None:
        for _, before, of_set in self._snapshot.sequence_sets.changes():
            if of_set is None:
                continue
            row = rows.from_set(of_set)
            if before is None:
                self._cursor.execute(_INSERT_SET, row)
            else:
                self._cursor.execute(_UPDATE_SET, (row[0], row[3], *row[6:]))
            self._write_numberings(of_set)

    def _write_numberings(self, of_set: SequenceSet) -> None:
        self._cursor.execute("DELETE FROM sequence_set_numberings WHERE sequence_set_id = ?", (of_set.id,))
        self._cursor.executemany(
            "INSERT INTO sequence_set_numberings VALUES (?, ?, ?, ?)",
            [(of_set.id, kind, each.prefix, each.start_number) for kind, each in of_set.numberings.items()],
        )

    def _apply_series(self) -> None:
        for key, before, after in self._snapshot.series.changes():
            if after is None:
                continue
            if before is None:
                new = (key.entity_id, key.kind, key.prefix, after.first_ordinal, after.next_ordinal)
                self._series_ids[key] = first_value(self._connection, _INSERT_SERIES, new)
            else:
                series_id = self._series_ids[key]
                self._cursor.execute("UPDATE series SET next_ordinal = ? WHERE id = ?", (after.next_ordinal, series_id))

    def _apply_counters(self) -> None:
        for (entity_id, name), _, value in self._snapshot.counters.changes():
            self._cursor.execute(_UPSERT_COUNTER, (entity_id, name, value))

    def _apply_accounts(self) -> None:
        for account_id, before, after in self._snapshot.accounts.changes():
            if after is None:
                self._cursor.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
            elif before is None:
                self._cursor.execute(_INSERT_ACCOUNT, rows.from_account(after))
            else:
                row = rows.from_account(after)
                self._cursor.execute(_UPDATE_ACCOUNT, (row[0], row[4], *row[6:9], *row[11:]))

    def _apply_aliases_gone(self) -> None:
        """Take out aliases first: another account may want one, and a deleted account may have none."""
        for _, before, after in self._snapshot.aliases.changes():
            if before is not None and after != before:
                self._cursor.execute("DELETE FROM aliases WHERE id = ?", (before.id,))

    def _apply_aliases(self) -> None:
        for _, before, after in self._snapshot.aliases.changes():
            if after is not None and after != before:
                self._cursor.execute(_INSERT_ALIAS, rows.from_alias(after))

    def _apply_merchants(self) -> None:
        for _, _, merchant in self._snapshot.merchants.changes():
            if merchant is not None:
                self._cursor.execute(_UPSERT_MERCHANT, rows.from_merchant(merchant))

    def _apply_mails(self) -> None:
        for _, before, mail in self._snapshot.mails.changes():
            if mail is None:
                continue
            row = rows.from_mail(mail)
            if before is None:
                self._cursor.execute(_INSERT_MAIL, row)
            else:
                self._cursor.execute(_UPDATE_MAIL, (row[0], *row[5:9], row[11]))

    def _apply_documents(self) -> None:
        new = []
        for document_id, before, after in self._snapshot.documents.changes():
            if after is None:
                self._cursor.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            elif before is None:
                new.append(rows.from_document(after, self._series_id_of(after)))
            else:
                row = rows.from_document(after, self._series_id_of(after))
                changed = (row[0], *row[5:8], row[10], row[12], *row[18:28], *row[29:], row[11], *row[13:16])
                self._cursor.execute(_UPDATE_DOCUMENT, changed)
        columns, new = rows.new_documents(new)
        insert(self._cursor, f"INSERT INTO documents ({columns})", new)

    def _apply_applications(self) -> None:
        for _, _, application in self._snapshot.applications.changes():
            if application is not None:
                self._cursor.execute(_UPSERT_APPLICATION, rows.from_application(application))

    def _series_id_of(self, document: Document) -> int | None:
        return None if document.series is None else self._series_ids[document.series]

    def _apply_register(self) -> None:
        insert(self._cursor, _INSERT_ENTRIES, [self._entry_row(entry) for entry in self._snapshot.register])

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

    def _apply_answers(self) -> None:
        answers = [
            (client_id, key, answer.fingerprint, answer.status, answer.body, to_microseconds(answer.recorded_at))
            for (client_id, key), _, answer in self._snapshot.answers.changes()
            if answer is not None
        ]
        insert(self._cursor, _UPSERT_ANSWERS, answers)
