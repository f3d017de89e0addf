"""Load, in the reference store: what is needed, with what that refers to."""

from collections.abc import Callable

from seriatim.domain.client import Role
from seriatim.domain.document import Document
from seriatim.domain.numbering import SeriesKey, continuation, ordinal_of, prefixes_reading_as
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Needs, Snapshot
from seriatim.domain.user import name_key
from seriatim.storage.memory_tables import Tables


class Loader:
    """Fills a snapshot with what is needed, and with what that refers to."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._snapshot = Snapshot()

    def load(self, needs: Needs) -> Snapshot:
        """Read everything."""
        self._load_rows(needs)
        self._load_sets(needs)
        self._load_accounts_and_documents(needs)
        for entity_id, number in needs.numbers:
            self._load_documents(entity_id, number)
            self._load_series(entity_id, prefixes_reading_as(number).__contains__)
        for entity_id, prefix in needs.claims:
            self._load_claim(entity_id, prefix)
        if self._tables.register and list(self._snapshot.series):
            self._snapshot.note_recorded_at(next(reversed(self._tables.register.values())).recorded_at)
        return self._snapshot

    def _load_rows(self, needs: Needs) -> None:
        tables, snapshot = self._tables, self._snapshot
        for key in needs.answers & tables.answers.keys():
            snapshot.answers.load(key, tables.answers[key])
        for key in needs.counters & tables.counters.keys():
            snapshot.counters.load(key, tables.counters[key])
        for client_id in needs.clients & tables.clients.keys():
            snapshot.clients.load(client_id, tables.clients[client_id])
        for entity in tables.entities.values():
            if needs.entities & {entity.id, entity.name}:
                snapshot.entities.load(entity.id, entity)
        for org in tables.orgs.values():
            entity_keys = {org.entity_id, tables.entities[org.entity_id].name}
            pairs = {(entity_key, key) for entity_key in entity_keys for key in (org.id, org.name)}
            if needs.orgs & pairs or needs.org_keys & {org.id, org.name}:
                snapshot.orgs.load(org.id, org)

    def _load_sets(self, needs: Needs) -> None:
        used = {account.sequence_set_id for account in self._tables.accounts.values()}
        for row in self._tables.sequence_sets.values():
            keys = {row.id} if row.deleted_at is not None else {row.id, row.number, row.name}
            pairs = {(row.entity_id, key) for key in keys}
            if pairs & (needs.sequence_sets | needs.set_claims):
                self._load_set(row)
            if pairs & needs.sets_in_use and row.id in used:
                self._snapshot.sets_in_use.add(row.id)
            if pairs & needs.set_claims:
                for numbering in row.numberings.values():
                    self._load_claim(row.entity_id, numbering.prefix)

    def _load_set(self, row: SequenceSet) -> None:
        self._snapshot.sequence_sets.load(row.id, row)
        for kind, numbering in row.numberings.items():
            series = self._tables.series.get(SeriesKey(row.entity_id, kind, numbering.prefix))
            if series is not None:
                self._snapshot.series.load(series.key, series)
                if series.next_ordinal >= FAMILY_FROM_ORDINAL:
                    self._load_family(series.key.entity_id, series.key.prefix)

    def _load_series(self, entity_id: str, is_wanted: Callable[[str], bool]) -> None:
        for key, series in self._tables.series.items():
            if key.entity_id == entity_id and is_wanted(key.prefix):
                self._snapshot.series.load(key, series)

    def _load_family(self, entity_id: str, prefix: str) -> None:
        def belongs(other: str) -> bool:
            return other == prefix or bool(continuation(prefix, other) or continuation(other, prefix))

        self._load_series(entity_id, belongs)

    def _load_claim(self, entity_id: str, prefix: str) -> None:
        self._load_family(entity_id, prefix)
        documents = self._tables.documents.values()
        given = [row.number for row in documents if row.number_given and row.entity_id == entity_id]
        ordinals = [ordinal for number in given if (ordinal := ordinal_of(prefix, number)) is not None]
        if ordinals:
            self._snapshot.highest_given_ordinals[entity_id, prefix] = max(ordinals)

    def _load_accounts_and_documents(self, needs: Needs) -> None:
        have_documents = {document.account_id for document in self._tables.documents.values()}
        for account in self._tables.accounts.values():
            pairs = {(account.entity_id, account.id), (account.entity_id, account.number)}
            if pairs & needs.accounts:
                self._snapshot.accounts.load(account.id, account)
                if account.sequence_set_id is not None:
                    self._load_set(self._tables.sequence_sets[account.sequence_set_id])
            if pairs & needs.accounts_with_documents and account.id in have_documents:
                self._snapshot.accounts_with_documents.add(account.id)
        for entity_id, key in needs.documents:
            self._load_documents(entity_id, key)
        self._load_settlement(needs)
        self._load_notes(needs)
        self._load_people(needs)

    def _load_notes(self, needs: Needs) -> None:
        tables, snapshot = self._tables, self._snapshot
        for entity_id in needs.merchants & tables.merchants.keys():
            snapshot.merchants.load(entity_id, tables.merchants[entity_id])
        for mail_id in needs.mails & tables.mails.keys():
            snapshot.mails.load(mail_id, tables.mails[mail_id])
        owners = {owner.id for pair in needs.aliases_of if (owner := snapshot.account(*pair))}
        for key, alias in tables.aliases.items():
            if key in needs.aliases:
                snapshot.accounts.load(alias.account_id, tables.accounts[alias.account_id])
            if key in needs.aliases or alias.account_id in owners:
                snapshot.aliases.load(key, alias)

    def _load_people(self, needs: Needs) -> None:
        tables, snapshot = self._tables, self._snapshot
        wanted = needs.users | needs.sessions_of
        names = {name_key(key) for key in wanted}
        for user in tables.users.values():
            if user.id in wanted or name_key(user.name) in names or (needs.all_admins and user.role is Role.ADMIN):
                snapshot.users.load(user.id, user)
        owners = {user.id for user in snapshot.users if needs.wants_sessions_of(user)}
        for session in tables.sessions.values():
            if session.digest in needs.sessions or session.user_id in owners:
                snapshot.sessions.load(session.digest, session)
        for digest in needs.invitations & tables.invitations.keys():
            snapshot.invitations.load(digest, tables.invitations[digest])
        for key in needs.sign_in_delays & tables.sign_in_delays.keys():
            snapshot.sign_in_delays.load(key, tables.sign_in_delays[key])

    def _load_settlement(self, needs: Needs) -> None:
        tables = self._tables
        referred = {found.id for pair in needs.referring_to if (found := self._snapshot.document(*pair))}
        siblings = (self._snapshot.document(*pair) for pair in needs.siblings_of)
        referred.update(found.referred_id for found in siblings if found is not None and found.referred_id is not None)
        for document in tables.documents.values():
            if document.referred_id in referred:
                self._load_document(document)
        sources = {found.id for pair in needs.applications_from if (found := self._snapshot.document(*pair))}
        targets = {found.id for pair in needs.applications_to if (found := self._snapshot.document(*pair))}
        for key, application in tables.applications.items():
            if application.source_id in sources or application.target_id in targets:
                self._snapshot.applications.load(key, application)
                self._load_document(tables.documents[application.source_id])
                self._load_document(tables.documents[application.target_id])
        for pair in needs.accounts_of_documents:
            document_found = self._snapshot.document(*pair)
            if document_found is not None:
                account = tables.accounts[document_found.account_id]
                self._snapshot.accounts.load(account.id, account)
                if account.sequence_set_id is not None:
                    self._load_set(tables.sequence_sets[account.sequence_set_id])

    def _load_documents(self, entity_id: str, key: str) -> None:
        for document in self._tables.documents.values():
            if document.entity_id == entity_id and key in (document.id, document.number):
                self._load_document(document)

    def _load_document(self, document: Document) -> None:
        """Load a document with its set, and with the one that it was made from."""
        self._snapshot.documents.load(document.id, document)
        self._load_set(self._tables.sequence_sets[document.sequence_set_id])
        if document.referred_id is not None and self._snapshot.documents.get(document.referred_id) is None:
            self._load_document(self._tables.documents[document.referred_id])
