"""The reference store: everything in plain dictionaries, gone when the process ends.

A write works on a copy of the tables and puts it in their place at the end: it happens as a whole or not at all.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient
from seriatim.domain.commands.sequence_sets import view
from seriatim.domain.customer import Alias
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import (
    Kind,
    Series,
    SeriesKey,
    continuation,
    format_number,
    ordinal_of,
    prefixes_reading_as,
)
from seriatim.domain.register import Event, RegisterEntry
from seriatim.domain.sequence_set import SequenceSet, SetView
from seriatim.domain.settlement import SETTLING_STATUSES, Application, Part
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Needs, Relation, Snapshot
from seriatim.service.account_pages import AccountPage, AccountQuery
from seriatim.service.pages import Page, PageQuery
from seriatim.service.ports import (
    NOT_TRANSFERRED,
    TRANSFERRED_FIELD,
    DocumentQuery,
    OpenAmount,
    SeriesAudit,
    SortField,
    StoreConflict,
    StoreUnavailable,
)
from seriatim.storage.memory_accounts import account_page_of
from seriatim.storage.memory_pages import page_of

T = TypeVar("T")

_AGE = attrgetter("created_at")
_EQUALS = (
    "account_id",
    "account_number",
    "number",
    "status",
    "currency",
    "created_by",
    "updated_by",
    "document_date",
    "referred_id",
    "due_date",
    "applies_on_posting",
)
"""The filters of a list that name one value of a document."""


class CrashPoint(Enum):
    """Where a test lets the next write crash; either way the caller only learns that the store is unavailable."""

    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


@dataclass(slots=True)
class _Tables:
    """All rows. But for the register, the last, each is named as the relation of the snapshot that changes it."""

    answers: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    orgs: dict[str, Org] = field(default_factory=dict)
    clients: dict[str, ApiClient] = field(default_factory=dict)
    sequence_sets: dict[str, SequenceSet] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    applications: dict[tuple[str, str], Application] = field(default_factory=dict)
    merchants: dict[str, Merchant] = field(default_factory=dict)
    aliases: dict[tuple[str, str], Alias] = field(default_factory=dict)
    mails: dict[str, OutgoingMail] = field(default_factory=dict)
    counters: dict[tuple[str, str], int] = field(default_factory=dict)
    register: dict[tuple[SeriesKey, int], RegisterEntry] = field(default_factory=dict)

    def copy(self) -> "_Tables":
        return _Tables(*(dict(getattr(self, each.name)) for each in fields(self)))

    def apply(self, snapshot: Snapshot) -> None:
        """Raises: StoreConflict; the tables are then to be thrown away."""
        for name in (each.name for each in fields(self)[:-1]):
            _apply(name, getattr(snapshot, name), getattr(self, name))
        for entry in snapshot.register:
            if self.register.setdefault((entry.series, entry.first_ordinal), entry) is not entry:
                raise StoreConflict(f"the register has an entry for {entry.series} {entry.first_ordinal} already")
        live_sets = [row for row in self.sequence_sets.values() if row.deleted_at is None]
        _check_unique("entity names", (row.name for row in self.entities.values()))
        _check_unique("org names", ((row.entity_id, row.name) for row in self.orgs.values()))
        _check_unique("set names", ((row.entity_id, row.name) for row in live_sets))
        _check_unique("set numbers", ((row.entity_id, row.number) for row in live_sets))
        # A prefix belongs to one kind of its entity for good, hence no kind here.
        _check_unique("prefixes", ((key.entity_id, key.prefix) for key in self.series))
        _check_unique("account numbers", ((row.entity_id, row.number) for row in self.accounts.values()))
        _check_unique("document numbers", ((row.entity_id, row.number) for row in self.documents.values()))


class MemoryStore:
    """A `Store` over dictionaries. `crash_next_write` makes the next write fail, for tests."""

    def __init__(self) -> None:
        self.crash_next_write: CrashPoint | None = None
        self._tables = _Tables()
        self._secrets: dict[str, bytes] = {}
        self._directory_version = 1
        self._is_open = False

    async def migrate(self) -> list[str]:
        """There is no schema to bring up to date."""
        return []

    async def open(self) -> None:
        """Accept calls; what was there before `close` is there again."""
        self._is_open = True

    async def close(self) -> None:
        """Refuse calls until the store is opened again."""
        self._is_open = False

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        """Load, decide and apply, without giving way to anybody in between."""
        await self.check()
        crash, self.crash_next_write = self.crash_next_write, None
        snapshot = _Loader(self._tables).load(needs)
        outcome = decide(snapshot)
        tables = self._tables.copy()
        tables.apply(snapshot)
        if crash is CrashPoint.BEFORE_COMMIT:
            raise StoreUnavailable("crashed before the commit")
        self._tables = tables
        for name in ("clients", "entities", "orgs"):
            self._directory_version += len(list(getattr(snapshot, name).changes()))
        if crash is CrashPoint.AFTER_COMMIT:
            raise StoreUnavailable("crashed after the commit")
        return outcome

    async def check(self) -> None:
        """Whether the store is open."""
        if not self._is_open:
            raise StoreUnavailable("the store is not open")

    async def keep_secret(self, name: str, candidate: bytes) -> bytes:
        """The secret of this name, which the first candidate becomes."""
        return self._secrets.setdefault(name, candidate)

    async def directory_version(self) -> int:
        """Grows with every change to clients, entities and orgs."""
        return self._directory_version

    async def list_entities(self) -> list[Entity]:
        """All entities, oldest first."""
        return sorted(self._tables.entities.values(), key=_AGE)

    async def list_orgs(self) -> list[Org]:
        """All orgs, oldest first."""
        return sorted(self._tables.orgs.values(), key=_AGE)

    async def list_clients(self) -> list[ApiClient]:
        """All clients, oldest first."""
        return sorted(self._tables.clients.values(), key=_AGE)

    async def find_sequence_set(self, entity_id: str, key: str) -> SetView | None:
        """A live set by id, number or name: the first of these that fits."""
        snapshot = _Loader(self._tables).load(Needs(sequence_sets={(entity_id, key)}))
        found = snapshot.sequence_set(entity_id, key)
        return None if found is None else view(snapshot, found)

    async def list_sequence_sets(self, entity_id: str, name: str | None, offset: int, limit: int) -> list[SetView]:
        """A page of the live sets, DEFAULT first."""
        rows = [row for row in self._tables.sequence_sets.values() if row.entity_id == entity_id and not row.deleted_at]
        found = [row for row in rows if name in (None, row.name, row.number)]
        found.sort(key=lambda row: (not row.is_default, row.created_at))
        snapshot = _Loader(self._tables).load(Needs(sequence_sets={(entity_id, row.id) for row in found}))
        return [view(snapshot, row) for row in found[offset : offset + limit]]

    async def find_account(self, entity_id: str, key: str, org_ids: Collection[str] | None) -> Account | None:
        """A visible account by id or number."""
        found = _Loader(self._tables).load(Needs(accounts={(entity_id, key)})).account(entity_id, key)
        return found if found is not None and _is_visible(found, org_ids) else None

    async def find_document(
        self, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
    ) -> Document | None:
        """A visible document by id or number."""
        found = _Loader(self._tables).load(Needs(documents={(entity_id, key)})).document(entity_id, key)
        return found if found is not None and found.kind is kind and _is_visible(found, org_ids) else None

    async def list_documents(self, query: DocumentQuery) -> list[Document]:
        """A page of documents."""
        found = [row for row in self._tables.documents.values() if _matches(row, query)]
        found.sort(key=attrgetter("number"), reverse=True)
        # Sorting is stable, also in reverse: the last field first leaves the first field in command.
        for name, descends in reversed(query.sort):
            found.sort(key=_sort_key(name), reverse=descends)
        return found[query.offset : query.offset + query.limit]

    async def read(self, needs: Needs) -> Snapshot:
        """What is needed."""
        return _Loader(self._tables).load(needs)

    async def list_page(self, query: PageQuery) -> Page:
        """A page of invoices or credit memos."""
        return page_of(self._tables.documents.values(), self._tables.accounts, query)

    async def list_accounts(self, query: AccountQuery) -> AccountPage:
        """A page of accounts."""
        return account_page_of(self._tables.accounts.values(), self._tables.aliases, query)

    async def list_parts(self, document_id: str) -> list[Part]:
        """The applications from or to a document."""
        found = [row for row in self._tables.applications.values() if document_id in (row.source_id, row.target_id)]
        found.sort(key=attrgetter("created_at", "id"))
        documents = self._tables.documents
        return [
            Part(row, documents[row.target_id if row.source_id == document_id else row.source_id])
            for row in found
            if row.amount_minor
        ]

    async def list_open_amounts(self, account_id: str) -> list[OpenAmount]:
        """What an account still owes and may still use."""
        totals: Counter[tuple[Kind, str]] = Counter()
        for row in self._tables.documents.values():
            if row.account_id == account_id and row.status in SETTLING_STATUSES:
                totals[row.kind, row.currency] += row.open_minor
        return [OpenAmount(*key, total) for key, total in sorted(totals.items()) if total]

    async def audit(self) -> list[SeriesAudit]:
        """What the register and the documents say of every series."""
        return [self._audit(series) for series in self._tables.series.values()]

    async def list_due_mails(self, now: datetime, limit: int) -> list[OutgoingMail]:
        """Mails whose time has come."""
        ends = (MailStatus.SENT, MailStatus.FAILED)
        due = [mail for mail in self._tables.mails.values() if mail.status not in ends and mail.due_at <= now]
        return sorted(due, key=attrgetter("due_at", "id"))[:limit]

    async def list_mails(self, entity_id: str | None, status: MailStatus | None, limit: int) -> list[OutgoingMail]:
        """Mails, newest first."""
        mails = self._tables.mails.values()
        found = [mail for mail in mails if entity_id in (None, mail.entity_id) and status in (None, mail.status)]
        return sorted(found, key=attrgetter("created_at", "id"), reverse=True)[:limit]

    async def delete_answers(self, recorded_before: datetime, limit: int) -> int:
        """Forget old answers; how many were forgotten."""
        answers = self._tables.answers
        old = [key for key, answer in answers.items() if answer.recorded_at < recorded_before][:limit]
        for key in old:
            del answers[key]
        return len(old)

    def _audit(self, series: Series) -> SeriesAudit:
        entries = [entry for (key, _), entry in self._tables.register.items() if key == series.key]
        entries.sort(key=lambda entry: entry.first_ordinal)
        issues = [entry for entry in entries if entry.event is Event.ISSUE]
        skips = [entry for entry in entries if entry.event is Event.SKIP]
        matched = sum(self._has_its_document(entry) for entry in issues)
        numbered = sum(document.series == series.key for document in self._tables.documents.values())
        return SeriesAudit(
            series=series,
            issued_count=len(issues),
            skipped_count=sum(entry.last_ordinal - entry.first_ordinal + 1 for entry in skips),
            breaks=sum(1 for before, after in pairwise(entries) if after.first_ordinal != before.last_ordinal + 1),
            first_recorded=entries[0].first_ordinal if entries else None,
            last_recorded=entries[-1].last_ordinal if entries else None,
            unmatched=len(issues) + numbered - 2 * matched,
        )

    def _has_its_document(self, issue: RegisterEntry) -> bool:
        document = self._tables.documents.get(issue.document_id or "")
        number = format_number(issue.series.prefix, issue.first_ordinal)
        return document is not None and (document.series, document.number) == (issue.series, number)


class _Loader:
    """Fills a snapshot with what is needed, and with what that refers to."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._snapshot = Snapshot()

    def load(self, needs: Needs) -> Snapshot:
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


def _apply(noun: str, relation: Relation[Any, Any], table: dict[Any, Any]) -> None:
    for key, before, after in relation.changes():
        if before is None and key in table:
            raise StoreConflict(f"there is a {noun} {key} already")
        if after is None:
            del table[key]
        else:
            table[key] = after


def _check_unique(noun: str, keys: Iterable[Hashable]) -> None:
    if doubled := [key for key, count in Counter(keys).items() if count > 1]:
        raise StoreConflict(f"{noun} must be unique: {doubled}")


def _matches(document: Document, query: DocumentQuery) -> bool:
    """Whether a document passes every filter of the query that is not None."""
    amounts = (
        (query.amount, document.amount_minor),
        (query.tax_amount, document.tax_minor),
        (query.applied_amount, document.applied_minor),
        (query.refunded_amount, document.refunded_minor),
        (query.open_amount, document.open_minor),
    )
    within = (
        (query.created_from, document.created_at, query.created_before),
        (query.updated_from, document.updated_at, query.updated_before),
    )
    return (
        (document.entity_id, document.kind) == (query.entity_id, query.kind)
        and _is_visible(document, query.org_ids)
        and all(getattr(query, name) in (None, getattr(document, name)) for name in _EQUALS)
        and all(document.fields.get(name) == value for name, value in query.kept_fields)
        and all(document.fields.get(name) != value for name, value in query.other_fields)
        and all(text is None or Decimal(text) == to_decimal(minor, document.currency) for text, minor in amounts)
        and all((low is None or low <= at) and (high is None or at < high) for low, at, high in within)
    )


def _sort_key(name: SortField) -> Callable[[Document], Any]:
    """What a list is sorted by; nothing comes before everything."""
    if name is SortField.TRANSFERRED:
        return lambda document: document.fields.get(TRANSFERRED_FIELD, NOT_TRANSFERRED)
    attribute = attrgetter(name.replace("amount", "minor") if name is not SortField.AMOUNT else "amount_minor")
    return lambda document: (attribute(document) is not None, attribute(document))


def _is_visible(row: Account | Document, org_ids: Collection[str] | None) -> bool:
    return org_ids is None or row.org_id in org_ids
