"""Which database a URL names, and the store for it. Engines are imported when they are named, not before."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from seriatim.errors import InvalidValue
from seriatim.service.ports import Store, StoreUnavailable
from seriatim.storage.copying import copy_all

SQLITE_SCHEME = "sqlite"
POSTGRES_SCHEMES = ("postgresql", "postgres")
DATABASE_RULE = (
    "name a SQLite file (sqlite:///relative/path.db or sqlite:////absolute/path.db) or a PostgreSQL database "
    "(postgresql://user:password@host:5432/name); no other database is supported"
)


class MigratableStore(Store, Protocol):
    """A store that can bring its own schema up to date."""

    async def migrate(self) -> list[str]:
        """Apply what is missing of the schema, before `open`; the names of what was applied.

        Raises: StoreUnavailable.
        """


def sqlite_path(url: str, field: str = "database") -> Path:
    """The file that a database URL names. Where it is or whether it exists is not looked at.

    Raises: InvalidValue. A URL may carry a password, so the message shows no more of it than the scheme.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        # Somebody who gives a bare path sees it again: it is no URL, and so holds no password.
        raise InvalidValue(field, url, DATABASE_RULE)
    if scheme != SQLITE_SCHEME:
        raise InvalidValue(field, f"{scheme}://…", DATABASE_RULE)
    if not rest.startswith("/") or rest in ("/", "//") or rest.endswith("/"):
        raise InvalidValue(field, f"{scheme}://…", f"it names no file; {DATABASE_RULE}")
    if "?" in rest or "#" in rest or "\0" in rest:
        raise InvalidValue(field, f"{scheme}://…", f"a SQLite URL takes no options here; {DATABASE_RULE}")
    path = rest[1:]
    if path == ":memory:":
        rule = f"numbers must outlive the process, so a database in memory is not served; {DATABASE_RULE}"
        raise InvalidValue(field, url, rule)
    return Path(path)


def is_postgres(url: str) -> bool:
    """Whether a database URL names a PostgreSQL database, which any number of processes may serve."""
    return url.partition("://")[0] in POSTGRES_SCHEMES


def check_url(url: str, field: str = "database") -> None:
    """Check that a URL names a supported database. Whether it is there is not looked at.

    Raises: InvalidValue, as `sqlite_path` does.
    """
    if is_postgres(url):
        from seriatim.storage.postgres.connections import parse_url  # noqa: PLC0415 - as in `store_for`

        parse_url(url, field)
    else:
        sqlite_path(url, field)


def store_for(
    url: str, *, serves: bool = False, must_exist: bool = False, failed: Callable[[Exception], None] | None = None
) -> MigratableStore:
    """The store for a database URL, neither opened nor migrated.

    `serves` is for a process that serves the database: an SQLite file has one such process. With `must_exist` a
    mistyped path is an error instead of a new empty file; a PostgreSQL database is never created. `failed` is told of
    what fails in the store's own work, beside what callers wait for.

    Raises: InvalidValue, for a URL of no supported database; StoreUnavailable, where one must exist and does not.
    """
    if is_postgres(url):
        from seriatim.storage.postgres import PostgresStore  # noqa: PLC0415 - the driver loads only where it is used

        return PostgresStore(url)
    path = sqlite_path(url)
    if must_exist and not path.is_file():
        raise StoreUnavailable(
            f"there is no database at {path}; check the path, or run `seriatim migrate` to create it"
        )
    from seriatim.storage.sqlite import SqliteStore  # noqa: PLC0415 - the driver loads only where it is used

    return SqliteStore(path, serves=serves, failed=failed)


async def copy_database(
    from_url: str, to_url: str, begun: Callable[[int], None], copied: Callable[[int], None]
) -> dict[str, int]:
    """Copy everything from a SQLite file that nobody serves into an empty PostgreSQL database: all or nothing.

    `begun` is told how many rows there are, `copied` how many more have been copied. Gives the rows of each table.

    Raises: InvalidValue, for URLs of other databases; StoreUnavailable.
    """
    if is_postgres(from_url) or not is_postgres(to_url):
        rule = "a copy is made from a SQLite file (--from) to a PostgreSQL database (--to)"
        raise InvalidValue("from", from_url.partition("://")[0] + "://…", rule)
    from seriatim.storage.postgres import PostgresStore  # noqa: PLC0415 - the drivers load only where they are used
    from seriatim.storage.sqlite import SqliteStore  # noqa: PLC0415

    path = sqlite_path(from_url, "from")
    if not path.is_file():
        raise StoreUnavailable(f"there is no database at {path}; check the path")
    source, target = SqliteStore(path), PostgresStore(to_url)
    async with contextlib.AsyncExitStack() as stack:
        for store in (source, target):
            stack.push_async_callback(store.close)
        await source.open()
        dump = source.dump()
        stack.callback(dump.close)
        begun(sum(dump.count(table) for table in dump.tables()))
        await target.migrate()
        async with target.restoring() as restore:
            return await copy_all(dump, restore, copied)
