"""The SQLite store: connections, threads, transactions, and what the driver's errors mean."""

import asyncio
import fcntl
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar

import apsw

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
from seriatim.domain.user import Invitation, Session, SignInDelay, User
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
from seriatim.storage.migrate import Migration, SchemaState, check_state, migrations_for
from seriatim.storage.sqlite import account_pages, history, pages, people, reads
from seriatim.storage.sqlite.apply import Applier
from seriatim.storage.sqlite.checkpoints import Checkpointer
from seriatim.storage.sqlite.dump import SqliteDump
from seriatim.storage.sqlite.load import Loader
from seriatim.storage.sqlite.queries import first_row, first_value
from seriatim.storage.sqlite.remembered import Remembered

T = TypeVar("T")

SQLITE_VERSION_MIN = (3, 51, 3)
"""Older libraries can corrupt a database in WAL mode (the WAL-reset bug)."""
READERS = 4
BUSY_TIMEOUT_MS = 5_000
WRITER_CACHE_KIBIBYTES = 32_768
"""Pages that the writer keeps: enough for the index of documents where a thousand accounts get them in turn."""
READER_CACHE_KIBIBYTES = 4_096
"""Pages that any other connection keeps: what is above the leaves of the indexes. The system's cache has the rest."""

_PRAGMAS = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -{cache_kibibytes};
    PRAGMA temp_store = MEMORY;"""


class SqliteStore:
    """One SQLite file. A server holds its lock file, so that only one serves it; the command line may write beside."""

    leaves_time = False
    """Its threads share the interpreter with everything else."""

    def __init__(self, path: Path, *, serves: bool = False, failed: Callable[[Exception], None] | None = None) -> None:
        self._path = path
        self._serves = serves
        self._failed = failed
        """Told of what fails beside the writes, where no caller can be."""
        self._lock_file: IO[bytes] | None = None
        self._writer_thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._reader_threads = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._checkpointer = Checkpointer(lambda: connect(path))
        self._writer: apsw.Connection | None = None
        self._remembered = Remembered()
        self._of_thread = threading.local()
        self._readers: list[apsw.Connection] = []
        self._is_closed = False

    async def migrate(self) -> list[str]:
        """Bring the schema up to date, creating the file where there is none; the names of what was applied."""
        if self._serves:
            self._lock()
        return await self._in_writer(self._migrate)

    async def open(self) -> None:
        """Connect, and check the schema and the library.

        Raises: StoreUnavailable.
        """
        if self._serves:
            self._lock()
        await self._in_writer(lambda: check_state(_state(self._connected()), migrations_for("sqlite")))

    async def close(self) -> None:
        """Disconnect, and let go of the lock. A second time changes nothing."""
        if self._is_closed:
            return
        await self._in_writer(self._disconnect)
        self._is_closed = True
        self._writer_thread.shutdown()
        self._checkpointer.close()
        self._reader_threads.shutdown()
        for reader in self._readers:
            reader.close()
        if self._lock_file is not None:
            self._lock_file.close()

    def dump(self) -> SqliteDump:
        """Everything as it stands now, to be copied; to be closed by who asks for it. No server may run meanwhile."""
        self._lock()
        return SqliteDump(connect(self._path))

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        """Load, decide, apply, commit: one transaction, in the writer's own thread.

        Raises: StoreConflict, StoreUnavailable, or what `decide` raises; in each case nothing was written.
        """
        result = await self._in_writer(lambda: self._write(needs, decide))
        if self._checkpointer.is_due and not self._is_closed:
            # The callers of this batch are answered meanwhile.
            self._writer_thread.submit(self._carry_over)
        return result

    async def check(self) -> None:
        """Ask the database for its schema.

        Raises: StoreUnavailable.
        """
        await self._read(lambda connection: check_state(_state(connection), migrations_for("sqlite")))

    async def keep_secret(self, name: str, candidate: bytes) -> bytes:
        """The secret of this name; where there is none yet, the candidate becomes it."""

        def keep() -> bytes:
            connection = self._connected()
            connection.execute("INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)", (name, candidate))
            return bytes(first_value(connection, "SELECT value FROM secrets WHERE name = ?", (name,)))

        return await self._in_writer(keep)

    async def directory_version(self) -> int:
        """A number that grows with every change to clients, entities and orgs."""
        sql = "SELECT version FROM directory"
        return await self._read(lambda connection: int(first_value(connection, sql)))

    async def list_entities(self) -> list[Entity]:
        """All entities, oldest first."""
        sql = f"SELECT {rows.ENTITY_COLUMNS} FROM entities ORDER BY created_at, rowid"
        return await self._read(lambda connection: [rows.to_entity(row) for row in connection.execute(sql)])

    async def list_orgs(self) -> list[Org]:
        """All orgs of all entities, oldest first."""
        sql = f"SELECT {rows.ORG_COLUMNS} FROM orgs ORDER BY created_at, rowid"
        return await self._read(lambda connection: [rows.to_org(row) for row in connection.execute(sql)])

    async def list_clients(self) -> list[ApiClient]:
        """All clients, revoked ones included, oldest first."""
        sql = f"SELECT {rows.CLIENT_COLUMNS} FROM clients ORDER BY created_at, rowid"
        return await self._read(lambda connection: [rows.to_client(row) for row in connection.execute(sql)])

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

        def load(connection: apsw.Connection) -> Snapshot:
            # One read transaction: what leads to something else and that itself are of the same moment.
            connection.execute("BEGIN")
            try:
                return Loader(connection, needs).load()
            finally:
                connection.execute("COMMIT")

        return await self._read(load)

    async def list_page(self, query: PageQuery) -> Page:
        """A page of invoices or credit memos."""
        return await self._read(lambda connection: pages.list_page(connection, query))

    async def list_accounts(self, query: AccountQuery) -> AccountPage:
        """A page of accounts."""
        return await self._read(lambda connection: account_pages.list_accounts(connection, query))

    async def list_parts(self, document_id: str) -> list[Part]:
        """The applications from or to a document, with the document beyond each."""
        return await self._read(lambda connection: reads.list_parts(connection, document_id))

    async def list_open_amounts(self, account_id: str) -> list[OpenAmount]:
        """What an account still owes and may still use."""
        return await self._read(lambda connection: reads.list_open_amounts(connection, account_id))

    async def audit(self) -> list[SeriesAudit]:
        """What the register and the documents say of every series."""
        return await self._read(reads.audit)

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
                SELECT client_id, key FROM answers WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?)"""

        def delete() -> int:
            connection = self._connected()
            connection.execute(sql, (to_microseconds(recorded_before), limit))
            return connection.changes()

        return await self._in_writer(delete)

    async def list_users(self) -> list[User]:
        """All users, oldest first."""
        return await self._read(people.list_users)

    async def find_user(self, name: str) -> User | None:
        """The user of this name."""
        return await self._read(lambda connection: people.find_user(connection, name))

    async def find_session(self, digest: str) -> tuple[Session, User] | None:
        """A session with its user."""
        return await self._read(lambda connection: people.find_session(connection, digest))

    async def list_sessions(self, user_id: str) -> list[Session]:
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
        return await self._in_writer(lambda: people.delete_expired(self._connected(), now, limit))

    async def note_client_uses(self, uses: Mapping[str, datetime]) -> None:
        """Note when clients were last heard of."""
        await self._in_writer(lambda: people.note_client_uses(self._connected(), uses))

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

    def _write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._remembered.check(connection)
            loader = Loader(connection, needs, self._remembered)
            snapshot = loader.load()
            result = decide(snapshot)
            Applier(connection, snapshot, loader.series_ids).apply()
            connection.execute("COMMIT")
        except BaseException:
            self._remembered.forget()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._remembered.take(snapshot)
        return result

    def _connected(self) -> apsw.Connection:
        """The writer's connection; only its thread may ask."""
        if self._writer is None:
            self._writer = connect(self._path, WRITER_CACHE_KIBIBYTES)
            self._checkpointer.watch(self._writer)
        return self._writer

    def _carry_over(self) -> None:
        try:
            if self._writer is not None:
                self._checkpointer.between_batches(self._writer)
        except Exception as error:  # noqa: BLE001 - the log is whole and grows on; whoever runs the server must know
            if self._failed is not None:
                self._failed(error)

    def _disconnect(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _migrate(self) -> list[str]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            applied = [_apply(connection, migration) for migration in _pending(connection)]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return applied

    def _lock(self) -> None:
        """Take the lock file, once, or say that another server serves this database."""
        if self._lock_file is not None:
            return
        lock_path = self._path.with_name(f"{self._path.name}.lock")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = lock_path.open("ab")
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreUnavailable(f"another server process serves {self._path} already") from error
        except OSError as error:
            raise StoreUnavailable(f"the lock file {lock_path} cannot be taken: {error.strerror}") from error

    async def _in_writer(self, work: Callable[[], T]) -> T:
        self._check_not_closed()
        return await asyncio.get_running_loop().run_in_executor(self._writer_thread, _translated, work)

    def _check_not_closed(self) -> None:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        def read() -> T:
            connection: apsw.Connection | None = getattr(self._of_thread, "connection", None)
            if connection is None:
                connection = connect(self._path)
                connection.execute("PRAGMA query_only = ON")
                self._of_thread.connection = connection
                self._readers.append(connection)
            return work(connection)

        self._check_not_closed()
        return await asyncio.get_running_loop().run_in_executor(self._reader_threads, _translated, read)


def _translated(work: Callable[[], T]) -> T:
    """Do the work; what the driver raises becomes what the port promises."""
    try:
        return work()
    except apsw.ConstraintError as error:
        raise StoreConflict(str(error)) from error
    except (apsw.Error, OSError) as error:
        raise StoreUnavailable(f"SQLite: {error}") from error


def connect(path: Path, cache_kibibytes: int = READER_CACHE_KIBIBYTES) -> apsw.Connection:
    """A connection to the file, made if it is not there.

    Raises: StoreUnavailable, for a library that is too old; apsw.Error.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SQLITE_VERSION_MIN:
        needed = ".".join(map(str, SQLITE_VERSION_MIN))
        raise StoreUnavailable(f"the SQLite library is {apsw.sqlite_lib_version()}, but {needed} or later is needed")
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    # Read to the end: the driver runs a statement only once the rows of the one before have been read.
    connection.execute(_PRAGMAS.format(cache_kibibytes=cache_kibibytes)).fetchall()
    return connection


def _state(connection: apsw.Connection) -> SchemaState | None:
    if first_row(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'") is None:
        return None
    version = first_value(connection, "SELECT max(version) FROM schema_migrations")
    compatible_with = first_value(connection, "SELECT max(compatible_with) FROM schema_migrations")
    return None if version is None else SchemaState(version, compatible_with)


def _pending(connection: apsw.Connection) -> list[Migration]:
    connection.execute("""
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            compatible_with INTEGER NOT NULL
        ) STRICT""")
    state = _state(connection)
    return [each for each in migrations_for("sqlite") if state is None or each.version > state.version]


def _apply(connection: apsw.Connection, migration: Migration) -> str:
    connection.execute(migration.sql)
    record = (migration.version, migration.name, migration.compatible_with)
    connection.execute("INSERT INTO schema_migrations VALUES (?, ?, ?)", record)
    return migration.name
