"""What the service needs from outside: a store, a clock, a source of ids, and somebody who counts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from seriatim.domain.account import Account
from seriatim.domain.activity import Activity
from seriatim.domain.client import ApiClient
from seriatim.domain.document import Document, Status
from seriatim.domain.entity import Entity, Org
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SetView
from seriatim.domain.settlement import Part
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.user import Invitation, Session, SignInDelay, User
from seriatim.service.account_pages import AccountPage, AccountQuery
from seriatim.service.pages import Page, PageQuery

T = TypeVar("T")


TRANSFERRED_FIELD = "transferredToAccounting"
"""The kept field in which callers tell whether a document was handed over to accounting."""
NOT_TRANSFERRED = "No"
"""What it means where nothing was told."""


class StoreConflict(Exception):
    """The database refused a batch: a unique constraint, a deadlock, or a serialisation failure."""


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked for too long, or is not migrated."""


class SortField(StrEnum):
    """What a list of documents can be sorted by."""

    NUMBER = "number"
    ACCOUNT_ID = "account_id"
    AMOUNT = "amount"
    CREATED_AT = "created_at"
    CREATED_BY = "created_by"
    APPLIED_AMOUNT = "applied_amount"
    DOCUMENT_DATE = "document_date"
    DUE_DATE = "due_date"
    OPEN_AMOUNT = "open_amount"
    REFERRED_ID = "referred_id"
    REFUNDED_AMOUNT = "refunded_amount"
    TAX_AMOUNT = "tax_amount"
    TRANSFERRED = "transferred"
    """Whether a document was handed over to accounting, as the callers tell it."""
    STATUS = "status"
    UPDATED_AT = "updated_at"
    UPDATED_BY = "updated_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """A page of the documents of one kind. None leaves a filter out; ties are broken by number, then id."""

    entity_id: str
    kind: Kind
    org_ids: Collection[str] | None = None
    account_id: str | None = None
    account_number: str | None = None
    number: str | None = None
    status: Status | None = None
    currency: str | None = None
    amount: str | None = None
    """A decimal as text, compared with the amount in the document's own currency. So are the five that follow."""
    tax_amount: str | None = None
    applied_amount: str | None = None
    refunded_amount: str | None = None
    open_amount: str | None = None
    """What remains: the balance, or the unapplied amount."""
    referred_id: str | None = None
    due_date: date | None = None
    created_by: str | None = None
    updated_by: str | None = None
    document_date: date | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    updated_from: datetime | None = None
    updated_before: datetime | None = None
    applies_on_posting: bool | None = None
    kept_fields: tuple[tuple[str, str | bool], ...] = ()
    """Names of kept fields with the values that they must have."""
    other_fields: tuple[tuple[str, str | bool], ...] = ()
    """Names of kept fields with values that they must not have."""
    sort: tuple[tuple[SortField, bool], ...] = ((SortField.NUMBER, True),)
    """Fields with whether they descend."""
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, slots=True)
class SeriesAudit:
    """What the database says of one series, for the proof that it has no gap."""

    series: Series
    issued_count: int
    skipped_count: int
    """Ordinals in declared skips."""
    breaks: int
    """Entries of the register that do not begin right behind the one before."""
    first_recorded: int | None
    last_recorded: int | None
    unmatched: int
    """Issues whose document is missing or carries another number."""


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """What all open documents of one kind and currency of an account still come to."""

    kind: Kind
    currency: str
    open_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityQuery:
    """The newest entries of the activity log, or those before a position. None leaves a filter out."""

    entity_id: str | None = None
    """Of one entity; None: only what belongs to none."""
    with_global: bool = False
    """Beside the entity's what belongs to none: clients, users, sessions."""
    org_ids: Collection[str] | None = None
    subject_kind: str | None = None
    """What the rows are that were changed, in words: `sequence set`."""
    subject_id: str | None = None
    actor_id: str | None = None
    before: int | None = None
    """The position right before which the page ends."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQuery:
    """The newest mails, or those before one. None leaves a filter out."""

    entity_id: str | None = None
    status: MailStatus | None = None
    org_ids: Collection[str] | None = None
    """Only those whose document has one of these orgs."""
    before: str | None = None
    """The id of the mail right before which the page ends; of one that there is not, the page is empty."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SeriesOverview:
    """A series with what is known of it without looking through it."""

    series: Series
    skipped_count: int
    """Ordinals in declared skips."""
    last_issue: RegisterEntry | None

    @property
    def issued_count(self) -> int:
        """How many numbers it has issued."""
        return self.series.next_ordinal - self.series.first_ordinal - self.skipped_count


class Store(Protocol):
    """A database that holds everything. Every write goes through `write`, in one transaction."""

    @property
    def leaves_time(self) -> bool:
        """Whether others do the work of a write, so that this process has time for something else meanwhile.

        It may then be handed a second batch during the write of one, which it writes after that.
        """

    async def open(self) -> None:
        """Connect and check that the schema is one that this program can work with.

        Raises: StoreUnavailable.
        """

    async def close(self) -> None:
        """Disconnect. Nothing is lost: what was answered was committed."""

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        """Load what is needed, let `decide` change the snapshot, write the changes and commit: one transaction.

        Raises: StoreConflict or StoreUnavailable, with nothing written; and what `decide` raises, likewise.
        """

    async def check(self) -> None:
        """Ask the database whether it answers.

        Raises: StoreUnavailable.
        """

    async def keep_secret(self, name: str, candidate: bytes) -> bytes:
        """The secret of this name; where there is none yet, the candidate becomes it, for all processes."""

    async def directory_version(self) -> int:
        """A number that grows with every change to clients, entities and orgs."""

    async def list_entities(self) -> list[Entity]:
        """All entities, oldest first."""

    async def list_orgs(self) -> list[Org]:
        """All orgs of all entities, oldest first."""

    async def list_clients(self) -> list[ApiClient]:
        """All clients, revoked ones included, oldest first."""

    async def find_sequence_set(self, entity_id: str, key: str) -> SetView | None:
        """A set that is not deleted, by id, number or name, with what its series issue next."""

    async def list_sequence_sets(self, entity_id: str, name: str | None, offset: int, limit: int) -> list[SetView]:
        """A page of the sets that are not deleted, DEFAULT first, then as they were created.

        `name` is the exact name or number of one set.
        """

    async def find_account(self, entity_id: str, key: str, org_ids: Collection[str] | None) -> Account | None:
        """An account by id or number, of those whose org is visible (None: all)."""

    async def find_document(
        self, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
    ) -> Document | None:
        """A document by id or number, of those whose org is visible (None: all)."""

    async def list_documents(self, query: DocumentQuery) -> list[Document]:
        """A page of documents."""

    async def read(self, needs: Needs) -> Snapshot:
        """What is needed, with what it refers to, as it stood at one moment; nothing is locked."""

    async def list_page(self, query: PageQuery) -> Page:
        """A page of invoices or credit memos, kept by its first and last row."""

    async def list_accounts(self, query: AccountQuery) -> AccountPage:
        """A page of accounts, kept by its first and last row."""

    async def list_parts(self, document_id: str) -> list[Part]:
        """The applications from or to a document, as they were made; those taken back as a whole are left out."""

    async def list_open_amounts(self, account_id: str) -> list[OpenAmount]:
        """What an account still owes and may still use, by kind and currency; nothing where it is zero."""

    async def audit(self) -> list[SeriesAudit]:
        """What the register and the documents say of every series."""

    async def list_due_mails(self, now: datetime, limit: int) -> list[OutgoingMail]:
        """Mails whose time has come, longest due first: waiting ones, and those whose process is taken to be dead.

        Nothing is claimed by this: who wants one claims it with a command, and of several one gets it.
        """

    async def list_mails(self, query: MailQuery) -> list[OutgoingMail]:
        """A page of mails, newest first."""

    async def delete_answers(self, recorded_before: datetime, limit: int) -> int:
        """Forget answers kept with idempotency keys that have outlived their use; how many were forgotten."""

    async def list_users(self) -> list[User]:
        """All users, disabled ones included, oldest first."""

    async def find_user(self, name: str) -> User | None:
        """The user of this name; the case of letters does not matter."""

    async def find_session(self, digest: str) -> tuple[Session, User] | None:
        """A session with its user, whether or not it is still alive."""

    async def list_sessions(self, user_id: str) -> list[Session]:
        """The sessions of a user, the one last seen first."""

    async def find_invitation(self, digest: str) -> Invitation | None:
        """An invitation, whether or not it has expired."""

    async def list_invitations(self) -> list[Invitation]:
        """All invitations that nobody has accepted, oldest first."""

    async def find_sign_in_delay(self, key: str) -> SignInDelay | None:
        """The failures to sign in under a name, by its digest."""

    async def delete_expired(self, now: datetime, limit: int) -> int:
        """Forget at most so many each of sessions, invitations and failures to sign in that are over; how many were."""

    async def note_client_uses(self, uses: Mapping[str, datetime]) -> None:
        """Note when clients, by their ids, were last heard of; an earlier time than is known changes nothing."""

    async def client_uses(self) -> dict[str, datetime]:
        """When each client was last heard of, so far as it is known."""

    async def list_activities(self, query: ActivityQuery) -> list[Activity]:
        """What was changed, newest first."""

    async def list_series(self, entity_id: str, after_prefix: str | None, limit: int) -> list[SeriesOverview]:
        """Series of an entity by prefix, from behind one on."""

    async def find_series(self, entity_id: str, prefix: str) -> SeriesOverview | None:
        """The series of a prefix: it belongs to one kind for good."""

    async def list_register(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """The newest entries of a series, or those that begin before an ordinal, newest first."""

    async def list_skips(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """The declared skips of a series, likewise."""

    async def find_entries(self, key: SeriesKey, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
        """For each ordinal the last entry that begins at or before it: the one that it is in, if it was given out.

        Entries of a series are in the order of time, so that a moment is found in few steps.
        """


class Clock(Protocol):
    """The one clock."""

    def now(self) -> datetime:
        """The time now, in UTC, with its time zone."""


class IdSource(Protocol):
    """The one source of ids and of randomness."""

    def new_id(self) -> str:
        """A new id of a row: 32 hexadecimal characters, in the order of time."""

    def new_uuid(self) -> str:
        """A new id of a request, a client or a token: a UUID of 36 characters, unguessable."""

    def new_secret(self) -> str:
        """A new secret of a client: 40 characters, unguessable."""

    def new_bytes(self, count: int) -> bytes:
        """So many unguessable bytes."""


class WriterObserver(Protocol):
    """Somebody who counts what the writer does."""

    def batch_written(self, size: int, queue_wait_seconds: float, write_seconds: float) -> None:
        """A batch was written; the wait is that of its oldest submission."""

    def refused(self, category: str) -> None:
        """A submission was refused."""

    def failed(self, error: Exception) -> None:
        """A batch failed for a reason that no caller is to blame for."""
