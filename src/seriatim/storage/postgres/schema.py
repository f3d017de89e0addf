"""The schema of a database: where it stands, and how it is brought up to date."""

import asyncpg

from seriatim.storage.migrate import SchemaState, migrations_for
from seriatim.storage.postgres.connections import Connection

ENGINE = "postgres"
MIGRATION_SECONDS = 3600
"""How long a migration may take, or another process's that is waited for."""
ATTEMPTS_MAX = 5
_LOCK_KEY = 0x5345524941544D
"""Of the advisory lock under which migrations run: whoever comes second waits, and then finds them done."""


async def state(connection: Connection) -> SchemaState | None:
    """Where the schema stands; None: there is none."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return None
    ((version, compatible_with),) = await connection.fetch(
        "SELECT max(version), max(compatible_with) FROM schema_migrations"
    )
    return None if version is None else SchemaState(version, compatible_with)


async def migrate(connection: Connection) -> list[str]:
    """Apply, in one transaction, what is missing; the names of what was applied.

    Other processes may read meanwhile, and hold a table that is to be changed while they wait for another one. Where
    PostgreSQL then ends the migration instead of them, it begins anew.
    """
    for _ in range(ATTEMPTS_MAX - 1):
        try:
            return await _migrate(connection)
        except asyncpg.DeadlockDetectedError:
            continue
    return await _migrate(connection)


async def _migrate(connection: Connection) -> list[str]:
    await connection.execute(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; "
        f"SELECT pg_advisory_xact_lock({_LOCK_KEY})",
        timeout=MIGRATION_SECONDS,
    )
    try:
        await connection.execute("""
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer PRIMARY KEY,
                name text NOT NULL,
                compatible_with integer NOT NULL
            )""")
        reached = await state(connection)
        pending = [each for each in migrations_for(ENGINE) if reached is None or each.version > reached.version]
        for migration in pending:
            await connection.execute(migration.sql, timeout=MIGRATION_SECONDS)
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, compatible_with) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.compatible_with,
            )
        await connection.execute("COMMIT")
    except BaseException:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    return [migration.name for migration in pending]
