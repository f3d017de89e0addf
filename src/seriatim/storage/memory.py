"""The reference store: everything in plain dictionaries, gone when the process ends.

A write works on a copy of the tables and puts it in their place at the end: it happens as a whole or not at all.
"""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient
from seriatim.domain.commands.sequence_sets import view
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import (
    Kind,
    Series,
    format_number,
)
from seriatim.domain.register import Event, RegisterEntry
from seriatim.domain.sequence_set import SetView
from seriatim.domain.settlement import SETTLING_STATUSES, Part
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.account_pages import AccountPage, AccountQuery
from seriatim.service.pages import Page, PageQuery
from seriatim.service.ports import (
    NOT_TRANSFERRED,
    TRANSFERRED_FIELD,
    DocumentQuery,
    MailQuery,
    OpenAmount,
    SeriesAudit,
    SortField,
    StoreUnavailable,
)
from seriatim.storage.memory_accounts import account_page_of
from seriatim.storage.memory_load import Loader
from seriatim.storage.memory_pages import page_of
from seriatim.storage.memory_people import MemoryPeople
from seriatim.storage.memory_tables import Tables

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


class MemoryStore(MemoryPeople):
    """A `Store` over dictionaries. `crash_next_write` makes the next write fail, for tests."""

    leaves_time = False

    def __init__(self) -> None:
        self.crash_next_write: CrashPoint | None = None
        self._tables = Tables()
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
        snapshot = Loader(self._tables).load(needs)
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
        snapshot = Loader(self._tables).load(Needs(sequence_sets={(entity_id, key)}))
        found = snapshot.sequence_set(entity_id, key)
        return None if found is None else view(snapshot, found)

    async def list_sequence_sets(self, entity_id: str, name: str | None, offset: int, limit: int) -> list[SetView]:
        """A page of the live sets, DEFAULT first."""
        rows = [row for row in self._tables.sequence_sets.values() if row.entity_id == entity_id and not row.deleted_at]
        found = [row for row in rows if name in (None, row.name, row.number)]
        found.sort(key=lambda row: (not row.is_default, row.created_at))
        snapshot = Loader(self._tables).load(Needs(sequence_sets={(entity_id, row.id) for row in found}))
        return [view(snapshot, row) for row in found[offset : offset + limit]]

    async def find_account(self, entity_id: str, key: str, org_ids: Collection[str] | None) -> Account | None:
        """A visible account by id or number."""
        found = Loader(self._tables).load(Needs(accounts={(entity_id, key)})).account(entity_id, key)
        return found if found is not None and _is_visible(found, org_ids) else None

    async def find_document(
        self, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
    ) -> Document | None:
        """A visible document by id or number."""
        found = Loader(self._tables).load(Needs(documents={(entity_id, key)})).document(entity_id, key)
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
        return Loader(self._tables).load(needs)

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

    async def list_mails(self, query: MailQuery) -> list[OutgoingMail]:
        """A page of mails, newest first."""
        place = attrgetter("created_at", "id")
        before = None if query.before is None else self._tables.mails.get(query.before)
        if query.before is not None and before is None:
            return []
        found = [
            mail
            for mail in self._tables.mails.values()
            if query.entity_id in (None, mail.entity_id)
            and query.status in (None, mail.status)
            and (query.org_ids is None or self._tables.documents[mail.document_id].org_id in query.org_ids)
            and (before is None or place(mail) < place(before))
        ]
        return sorted(found, key=place, reverse=True)[: query.limit]

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
