"""The embedded store: one SQLite file, one writer connection, a pool of readers."""

from seriatim.storage.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
