"""The PostgreSQL store: sessions, transactions, and the order in which a batch takes its locks."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from seriatim.domain.account import Account
from seriatim.domain.activity import Activity
from seriatim.domain.client import ApiClient
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.mail import OutgoingMail
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SetView
from seriatim.domain.settlement import Part
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.user import Invitation, SignInDelay, User
from seriatim.domain.user import Session as UserSession
from seriatim.service.account_pages import AccountPage, AccountQuery
from seriatim.service.pages import Page, PageQuery
from seriatim.service.ports import (
    ActivityQuery,
    DocumentQuery,
    MailQuery,
    OpenAmount,
    SeriesAudit,
    SeriesOverview,
    StoreConflict,
    StoreUnavailable,
)
from seriatim.storage import rows
from seriatim.storage.codec import to_microseconds
from seriatim.storage.migrate import check_state, migrations_for
from seriatim.storage.postgres import account_pages, history, pages, people, reads, schema
from seriatim.storage.postgres.apply import Applier
from seriatim.storage.postgres.connections import (
    LOST,
    READER_SETTINGS,
    RETRIED_AT_ONCE,
    WRITER_SETTINGS,
    Connection,
    Session,
    check_is_primary,
    check_server,
    connect,
    parse_url,
    translated,
)
from seriatim.storage.postgres.issuing import Issuer
from seriatim.storage.postgres.load import Loader, SurroundingsChangedError
from seriatim.storage.postgres.locks import Locks, entities_of, entity_lock, locks_missing, locks_named_by
from seriatim.storage.postgres.restore import PostgresRestore
from seriatim.storage.postgres.transactions import commit, roll_back

T = TypeVar("T")

READERS = 4
"""Connections that read; one more writes."""
ATTEMPTS_MAX = 20
"""How often a batch is tried within one write: with further locks, or after a transaction that was rolled back."""
PLANS_SECONDS = 1
BATCHES_REMEMBERED = 8
"""Batches whose series are locked at once by those that follow and meet them."""
DISCONNECT_SECONDS = 2


class PostgresStore:
    """A PostgreSQL database. Any number of processes may use it at once."""

    def __init__(self, url: str) -> None:
        self._target = parse_url(url)
        self._writing = asyncio.Lock()
        self._writer: Session | None = None
        self._idle_readers: list[Session] = []
        self._reading = asyncio.Semaphore(READERS)
        self.issuer = Issuer()
        self._series_of_batches: deque[frozenset[int]] = deque(maxlen=BATCHES_REMEMBERED)
        self._planned_at_seconds = float("-inf")
        self._is_closed = False

    @property
    def leaves_time(self) -> bool:
        """The server does the work. Where processes contend, smaller batches would cost more than the time is worth."""
        return not self.issuer.is_contested

    async def migrate(self) -> list[str]:
        """Bring the schema up to date; the names of what was applied. Of several processes one does it.

        Raises: StoreUnavailable.
        """
        async with self._writer_session() as session:
            await check_server(session.connection)
            await check_is_primary(session.connection)
            with translated():
                return await schema.migrate(session.connection)

    async def open(self) -> None:
        """Connect, and check the server and the schema. A standby can be read from; a write there is refused.

        Raises: StoreUnavailable.
        """
        await self._read(check_server)
        await self.check()

    async def close(self) -> None:
        """Disconnect. A second time changes nothing."""
        self._is_closed = True
        async with self._writing:
            sessions, self._idle_readers = self._idle_readers, []
            if self._writer is not None:
                sessions.append(self._writer)
                self._writer = None
            for session in sessions:
                await _disconnect(session)

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        """Load, decide, apply, commit: one transaction.

        Raises: StoreConflict, StoreUnavailable, or what `decide` raises. In each case nothing was written, but for
        a connection that is lost during the commit: then nobody knows, and the message says so.
        """
        ahead = self.issuer.decide_ahead(needs, decide)
        async with self._writer_session() as session:
            await self._forget_plans(session)
            written = await self.issuer.write(session, self._target.isolation, needs, decide, ahead)
            if written is not None:
                return written[0]
            locks = locks_named_by(needs)
            for _ in range(ATTEMPTS_MAX):
                try:
                    outcome, missing = await self._attempt(session, needs, decide, locks)
                except SurroundingsChangedError:
                    continue
                except asyncpg.PostgresError as error:
                    if error.sqlstate not in RETRIED_AT_ONCE:
                        raise
                    continue
                if missing is None:
                    return outcome
                locks |= missing
            raise StoreConflict(f"other processes came in between {ATTEMPTS_MAX} times")

    async def _attempt(
        self, session: Session, needs: Needs, decide: Callable[[Snapshot], T], locks: Locks
    ) -> tuple[T, Locks | None]:
        """One transaction: the outcome; or, with nothing written, the locks without which it may not be written."""
        connection = session.connection
        remembered = Locks(frozenset().union(*self._series_of_batches))
        locked = locks | remembered
        begin = session.begin(self._target.isolation)
        try:
            await connection.execute(begin + entity_lock(entities_of(needs), locks.entities))
            loader = Loader(connection, needs, locked)
            snapshot = await loader.load()
            outcome = decide(snapshot)
            missing = locks_missing(snapshot, locks, loader.series_ids, loader.locked_series)
            has_changed = False
            if missing.is_empty:
                applier = Applier(snapshot, loader.series_ids)
                has_changed = await applier.apply(connection)
        except BaseException:
            await roll_back(connection)
            raise
        if not has_changed:
            await connection.execute("ROLLBACK")
            return outcome, None if missing.is_empty else missing
        await commit(connection)
        self.issuer.cache.advance(snapshot)
        advanced = applier.advanced_series
        if advanced:
            self._series_of_batches.append(advanced)
        return outcome, None

    @asynccontextmanager
    async def restoring(self) -> AsyncIterator[PostgresRestore]:
        """What fills an empty database, in one transaction: all or nothing.

        Raises: StoreUnavailable.
        """
        async with self._writer_session() as session:
            # The driver's own transaction, because it opens cursors in no other.
            connection: Any = session.connection
            async with connection.transaction():
                await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
                yield PostgresRestore(connection)

    async def check(self) -> None:
        """Ask the database for its schema.

        Raises: StoreUnavailable.
        """
        check_state(await self._read(schema.state), migrations_for(schema.ENGINE))

    async def keep_secret(self, name: str, candidate: bytes) -> bytes:
        """The secret of this name; where there is none yet, the candidate becomes it."""

        async def keep(connection: Connection) -> bytes:
            await connection.execute(
                "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, candidate
            )
            return bytes(await connection.fetchval("SELECT value FROM secrets WHERE name = $1", name))

        return await self._read(keep)

    async def directory_version(self) -> int:
        """A number that grows with every change to clients, entities and orgs."""
        return int(await self._read(lambda connection: connection.fetchval("SELECT version FROM directory")))

    async def list_entities(self) -> list[Entity]:
        """All entities, oldest first."""
        sql = f"SELECT {rows.ENTITY_COLUMNS} FROM entities ORDER BY created_at, position"
        return [rows.to_entity(row) for row in await self._read(lambda connection: connection.fetch(sql))]

    async def list_orgs(self) -> list[Org]:
        """All orgs of all entities, oldest first."""
        sql = f"SELECT {rows.ORG_COLUMNS} FROM orgs ORDER BY created_at, position"
        return [rows.to_org(row) for row in await self._read(lambda connection: connection.fetch(sql))]

    async def list_clients(self) -> list[ApiClient]:
        """All clients, revoked ones included, oldest first."""
        sql = f"SELECT {rows.CLIENT_COLUMNS} FROM clients ORDER BY created_at, position"
        return [rows.to_client(row) for row in await self._read(lambda connection: connection.fetch(sql))]

    async def find_sequence_set(self, entity_id: str, key: str) -> SetView | None:
        """A set that is not deleted, by id, number or name."""
        return await self._read(lambda connection: reads.find_sequence_set(connection, entity_id, key))

    async def list_sequence_sets(self, entity_id: str, name: str | None, offset: int, limit: int) -> list[SetView]:
        """A page of the sets that are not deleted."""
        return await self._read(lambda connection: reads.list_sequence_sets(connection, entity_id, name, offset, limit))

    async def find_account(self, entity_id: str, key: str, org_ids: Collection[str] | None) -> Account | None:
        """An account by id or number, of those whose org is visible."""
        return await self._read(lambda connection: reads.find_account(connection, entity_id, key, org_ids))

    async def find_document(
        self, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
    ) -> Document | None:
        """A document by id or number, of those whose org is visible."""
        return await self._read(lambda connection: reads.find_document(connection, entity_id, kind, key, org_ids))

    async def list_documents(self, query: DocumentQuery) -> list[Document]:
        """A page of documents."""
        return await self._read(lambda connection: reads.list_documents(connection, query))

    async def read(self, needs: Needs) -> Snapshot:
        """What is needed, as it stood at one moment."""
        return await self._read(lambda connection: Loader(connection, needs, None).load(), isolation="REPEATABLE READ")

    async def list_page(self, query: PageQuery) -> Page:
        """A page of invoices or credit memos."""
        return await self._read(lambda connection: pages.list_page(connection, query), isolation="REPEATABLE READ")

    async def list_accounts(self, query: AccountQuery) -> AccountPage:
        """A page of accounts."""
        return await self._read(
            lambda connection: account_pages.list_accounts(connection, query), isolation="REPEATABLE READ"
        )

    async def list_parts(self, document_id: str) -> list[Part]:
        """The applications from or to a document, with the document beyond each."""
        return await self._read(lambda connection: reads.list_parts(connection, document_id))

    async def list_open_amounts(self, account_id: str) -> list[OpenAmount]:
        """What an account still owes and may still use."""
        return await self._read(lambda connection: reads.list_open_amounts(connection, account_id))

    async def audit(self) -> list[SeriesAudit]:
        """What the register and the documents say of every series."""
        return await self._read(reads.audit, isolation="REPEATABLE READ")

    async def list_due_mails(self, now: datetime, limit: int) -> list[OutgoingMail]:
        """Mails whose time has come, longest due first."""
        return await self._read(lambda connection: reads.list_due_mails(connection, now, limit))

    async def list_mails(self, query: MailQuery) -> list[OutgoingMail]:
        """A page of mails, newest first."""
        return await self._read(lambda connection: reads.list_mails(connection, query))

    async def delete_answers(self, recorded_before: datetime, limit: int) -> int:
        """Forget at most so many answers that were recorded before a time; how many were forgotten."""
        sql = """
            DELETE FROM answers WHERE (client_id, key) IN (
                SELECT client_id, key FROM answers WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2
                FOR UPDATE SKIP LOCKED)"""
        before = to_microseconds(recorded_before)
        status = await self._read(lambda connection: connection.execute(sql, before, limit))
        return int(status.split()[-1])

    async def list_users(self) -> list[User]:
        """All users, oldest first."""
        return await self._read(people.list_users)

    async def find_user(self, name: str) -> User | None:
        """The user of this name."""
        return await self._read(lambda connection: people.find_user(connection, name))

    async def find_session(self, digest: str) -> tuple[UserSession, User] | None:
        """A session with its user."""
        return await self._read(lambda connection: people.find_session(connection, digest))

    async def list_sessions(self, user_id: str) -> list[UserSession]:
        """The sessions of a user, the one last seen first."""
        return await self._read(lambda connection: people.list_sessions(connection, user_id))

    async def find_invitation(self, digest: str) -> Invitation | None:
        """An invitation."""
        return await self._read(lambda connection: people.find_invitation(connection, digest))

    async def list_invitations(self) -> list[Invitation]:
        """All invitations, oldest first."""
        return await self._read(people.list_invitations)

    async def find_sign_in_delay(self, key: str) -> SignInDelay | None:
        """The failures under a name, by its digest."""
        return await self._read(lambda connection: people.find_sign_in_delay(connection, key))

    async def delete_expired(self, now: datetime, limit: int) -> int:
        """Forget sessions, invitations and failures to sign in that are over; how many."""
        return await self._read(lambda connection: people.delete_expired(connection, now, limit))

    async def note_client_uses(self, uses: Mapping[str, datetime]) -> None:
        """Note when clients were last heard of."""
        await self._read(lambda connection: people.note_client_uses(connection, uses))

    async def client_uses(self) -> dict[str, datetime]:
        """When each client was last heard of."""
        return await self._read(people.client_uses)

    async def list_activities(self, query: ActivityQuery) -> list[Activity]:
        """What was changed, newest first."""
        return await self._read(lambda connection: history.list_activities(connection, query))

    async def list_series(self, entity_id: str, after_prefix: str | None, limit: int) -> list[SeriesOverview]:
        """Series of an entity by prefix."""
        return await self._read(lambda connection: history.list_series(connection, entity_id, after_prefix, limit))

    async def find_series(self, entity_id: str, prefix: str) -> SeriesOverview | None:
        """The series of a prefix."""
        return await self._read(lambda connection: history.find_series(connection, entity_id, prefix))

    async def list_register(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """Entries of a series, newest first."""
        return await self._read(lambda connection: history.list_register(connection, key, before, limit))

    async def list_skips(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """The declared skips of a series, newest first."""
        return await self._read(
            lambda connection: history.list_register(connection, key, before, limit, skips_only=True)
        )

    async def find_entries(self, key: SeriesKey, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
        """For each ordinal the last entry that begins at or before it."""
        return await self._read(lambda connection: history.find_entries(connection, key, ordinals))

    async def _forget_plans(self, session: Session) -> None:
        """Let the server plan its statements anew, once in a while: tables grow, and kept plans do not see it."""
        now_seconds = asyncio.get_running_loop().time()
        if not session.settings and now_seconds - self._planned_at_seconds >= PLANS_SECONDS:
            self._planned_at_seconds = now_seconds
            await session.connection.execute("DISCARD PLANS")

    @asynccontextmanager
    async def _writer_session(self) -> AsyncIterator[Session]:
        """The one session that writes; a connection that was lost, or left within a transaction, is replaced."""
        async with self._writing:
            self._check_not_closed()
            if self._writer is None or self._writer.connection.is_closed():
                self.issuer.connected()
                # A statement that is its own transaction has no BEGIN that could tell.
                isolation = {"default_transaction_isolation": f"'{self._target.isolation.lower()}'"}
                self._writer = await connect(self._target, WRITER_SETTINGS | isolation)
            session = self._writer
            try:
                with translated(), _abandoning(session):
                    yield session
            finally:
                if session.connection.is_closed() or session.connection.is_in_transaction():
                    self._writer = None
                    await _disconnect(session)

    async def _read(self, work: Callable[[Connection], Awaitable[T]], *, isolation: str | None = None) -> T:
        """Do some reading on one of several connections; with an isolation within one transaction."""
        async with self._reading:
            while True:
                self._check_not_closed()
                kept = self._idle_readers.pop() if self._idle_readers else None
                session = kept or await connect(self._target, READER_SETTINGS)
                try:
                    return await self._read_in(session, work, isolation)
                except StoreUnavailable:
                    # A connection that broke while nobody used it says nothing of the database: ask with a new one.
                    if kept is None or not session.connection.is_closed():
                        raise
                finally:
                    connection = session.connection
                    if connection.is_closed() or connection.is_in_transaction() or self._is_closed:
                        await _disconnect(session)
                    else:
                        self._idle_readers.append(session)

    async def _read_in(self, session: Session, work: Callable[[Connection], Awaitable[T]], isolation: str | None) -> T:
        connection = session.connection
        with translated(), _abandoning(session):
            if isolation is None and not session.settings:
                return await work(connection)
            await connection.execute(session.begin(isolation or "READ COMMITTED"))
            result = await work(connection)
            await connection.execute("COMMIT")
            return result

    def _check_not_closed(self) -> None:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")


@contextmanager
def _abandoning(session: Session) -> Iterator[None]:
    """A connection that was lost is not used again, whatever state the driver takes it to be in."""
    try:
        yield
    except (StoreUnavailable, *LOST):
        session.connection.terminate()
        raise


async def _disconnect(session: Session) -> None:
    """Close a connection, without waiting for a server that does not answer."""
    try:
        await session.connection.close(timeout=DISCONNECT_SECONDS)
    except (asyncpg.PostgresError, *LOST):
        session.connection.terminate()
