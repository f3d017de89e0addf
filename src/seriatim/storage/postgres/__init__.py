"""The store for many processes: PostgreSQL, reached through asyncpg."""

from seriatim.storage.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
