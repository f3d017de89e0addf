"""Which database a URL names, and the store for it. Engines are imported when they are named, not before."""

from pathlib import Path
from typing import Protocol

from seriatim.errors import InvalidValue
from seriatim.service.ports import Store, StoreUnavailable

SQLITE_SCHEME = "sqlite"
DATABASE_RULE = (
    "name a SQLite file: sqlite:///relative/path.db or sqlite:////absolute/path.db "
    "(this version supports no other database)"
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


def store_for(url: str, *, serves: bool = False, must_exist: bool = False) -> MigratableStore:
    """The store for a database URL, neither opened nor migrated.

    `serves` is for the one process that serves the database. With `must_exist` a mistyped path is an error
    instead of a new empty file.

    Raises: InvalidValue, for a URL of no supported database; StoreUnavailable, where one must exist and does not.
    """
    path = sqlite_path(url)
    if must_exist and not path.is_file():
        raise StoreUnavailable(
            f"there is no database at {path}; check the path, or run `seriatim migrate` to create it"
        )
    from seriatim.storage.sqlite import SqliteStore  # noqa: PLC0415 - the driver loads only where it is used

    return SqliteStore(path, serves=serves)
