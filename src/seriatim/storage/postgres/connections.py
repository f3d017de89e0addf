"""Connections to PostgreSQL: what a URL says, what a server must be, and what the driver's errors mean."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from seriatim.errors import InvalidValue
from seriatim.service.ports import StoreConflict, StoreUnavailable
from seriatim.storage.rows import Row

SCHEMES = ("postgresql", "postgres")
SERVER_VERSION_MIN = 14
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60
LOCK_WAIT_SECONDS = 10
STATEMENTS_CACHED = 500
URL_RULE = "name it like postgresql://user:password@host:5432/database"

ISOLATIONS = {"read-committed": "READ COMMITTED", "serializable": "SERIALIZABLE"}
_PREPARED = {"auto": None, "on": True, "off": False}

# Settings of a session, each with its value in SQL. Compiling a statement takes longer than all that these have to do.
READER_SETTINGS = {"statement_timeout": f"'{STATEMENT_SECONDS}s'", "jit": "'off'"}
# Every statement of a batch reaches its rows by an index, and a plan made while a table was small must not be kept
# for when it is large: so plans do not depend on the size of tables.
WRITER_SETTINGS = READER_SETTINGS | {
    # Whoever wants more, waits for more: until standbys show what was committed.
    "synchronous_commit": (
        "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END"
    ),
    "lock_timeout": f"'{LOCK_WAIT_SECONDS}s'",
    "plan_cache_mode": "'force_generic_plan'",
    "enable_seqscan": "'off'",
    "enable_hashjoin": "'off'",
    "enable_mergejoin": "'off'",
}
CONFLICTS = ("23", "40")
"""Classes of errors after which a batch may be tried again: broken constraints, and transactions rolled back."""
_UNAVAILABLE = ("08", "25", "28", "3D", "53", "55", "57", "58", "XX")
RETRIED_AT_ONCE = ("40001", "40P01")
LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError, asyncio.IncompleteReadError)
"""What the driver raises where a connection is lost. Its internal error is that of one that broke between two steps."""


class Version(Protocol):
    """The version of a server."""

    major: int
    minor: int


class Connection(Protocol):
    """What is used of the driver's connection; the driver itself has no types."""

    async def execute(self, query: str, *values: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Carry out a statement, or without values several; the status of the last."""

    async def fetch(self, query: str, *values: Any, timeout: float | None = None) -> list[Row]:  # noqa: ASYNC109
        """All rows."""

    async def fetchrow(self, query: str, *values: Any) -> Row | None:
        """The first row."""

    async def fetchval(self, query: str, *values: Any) -> Any:
        """The first value of the first row."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Say good-bye and disconnect."""

    def terminate(self) -> None:
        """Disconnect."""

    def is_closed(self) -> bool:
        """Whether the connection is of no more use."""

    def is_in_transaction(self) -> bool:
        """Whether a transaction has begun and not ended."""

    def get_server_pid(self) -> int:
        """What the server said its process is."""

    def get_server_version(self) -> Version:
        """The version of the server."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a database URL says."""

    url: str
    """For the driver: without the options that are Seriatim's own."""
    isolation: str
    """In SQL."""
    prepared: bool | None
    """Whether the server keeps prepared statements; None: unless a pooler stands between."""

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        return shown(self.url)


def parse_url(url: str, field: str = "database") -> Target:
    """What a URL says.

    Raises: InvalidValue, which shows no more of the URL than its scheme: it may carry a password.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        names_database = bool(parts.path.strip("/") or {"dbname", "database"} & options.keys())
        names_database = names_database and parts.port != 0
    except ValueError:
        names_database = False
    if not names_database:
        raise InvalidValue(field, "postgresql://…", f"it names no database; {URL_RULE}")
    isolation = options.pop("isolation", "read-committed")
    prepared = options.pop("prepared_statements", "auto")
    if isolation not in ISOLATIONS:
        raise InvalidValue(field, f"isolation={isolation}", f"give one of {', '.join(ISOLATIONS)}")
    if prepared not in _PREPARED:
        raise InvalidValue(field, f"prepared_statements={prepared}", f"give one of {', '.join(_PREPARED)}")
    plain = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(options), ""))
    return Target(plain, ISOLATIONS[isolation], _PREPARED[prepared])


def shown(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Session:
    """A connection, and how it is to be used."""

    connection: Connection
    settings: str
    """What the session could not be told once, because a pooler may give each transaction another server process."""

    def begin(self, isolation: str, *, reads_only: bool = False) -> str:
        """The statements that begin a transaction; behind a pooler they bring the session's settings along."""
        return f"BEGIN ISOLATION LEVEL {isolation}{' READ ONLY' if reads_only else ''};{self.settings}"


async def connect(target: Target, settings: Mapping[str, str]) -> Session:
    """Connect, find out whether a pooler stands between, and set up the session.

    Raises: StoreUnavailable.
    """
    with translated(f"cannot connect to {target.name}"):
        connection = await _connect(target, STATEMENTS_CACHED)
        is_pooled = await _is_pooled(connection)
        if target.prepared is False or (is_pooled and target.prepared is None):
            await connection.close()
            connection, is_pooled = await _connect(target, 0), True
        if is_pooled:
            return Session(connection, _setting(settings, "true"))
        await connection.execute(_setting(settings, "false"))
        return Session(connection, "")


def _setting(settings: Mapping[str, str], is_local: str) -> str:
    """The statement that sets them, for the session or for the transaction only."""
    return f"SELECT {', '.join(f'set_config({name!r}, {value}, {is_local})' for name, value in settings.items())};"


async def _is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: it hands out keys of its own making in place of the server process's.

    The question may itself be no prepared statement, so it is put as a statement that fails.
    """
    process_id = connection.get_server_pid()
    try:
        await connection.execute(f"DO $$ BEGIN ASSERT pg_backend_pid() = {process_id}; END $$")
    except asyncpg.AssertError:
        return True
    return False


async def _connect(target: Target, cached: int) -> Connection:
    connection: Connection = await asyncpg.connect(
        target.url,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS + CONNECT_SECONDS,
        statement_cache_size=cached,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "seriatim"},
    )
    return connection


async def check_server(connection: Connection) -> None:
    """Check that the server is one that numbers can be entrusted to.

    Raises: StoreUnavailable, saying what to change.
    """
    version = connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        raise StoreUnavailable(
            f"the PostgreSQL server is of version {version.major}.{version.minor}; {SERVER_VERSION_MIN} or later is "
            "needed"
        )
    ((fsync, full_page_writes, encoding),) = await connection.fetch("""
        SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
            current_setting('server_encoding') AS encoding""")
    if fsync != "on":
        raise StoreUnavailable("PostgreSQL runs with fsync=off, so a crash would lose numbers; set fsync=on")
    if full_page_writes != "on":
        raise StoreUnavailable(
            "PostgreSQL runs with full_page_writes=off, so a crash may spoil the database; set full_page_writes=on"
        )
    if encoding != "UTF8":
        raise StoreUnavailable(f"the database is encoded as {encoding}; create it with ENCODING 'UTF8'")


async def check_is_primary(connection: Connection) -> None:
    """Check that the server takes writes.

    Raises: StoreUnavailable.
    """
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        raise StoreUnavailable("this PostgreSQL server is a standby, which takes no writes; name the primary")


@contextmanager
def translated(doing: str = "PostgreSQL") -> Iterator[None]:
    """What the driver raises becomes what the port promises; other faults of a statement stay what they are."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        if state.startswith(CONFLICTS):
            raise StoreConflict(str(error)) from error
        if state.startswith(_UNAVAILABLE):
            raise StoreUnavailable(f"{doing}: {error}") from error
        raise
    except LOST as error:
        reason = str(error) or type(error).__name__
        raise StoreUnavailable(f"{doing}: {reason}") from error
