"""What the schema itself refuses, whatever the program does."""

import asyncio

import asyncpg
import pytest

from seriatim.storage.migrate import migrations_for
from seriatim.storage.postgres import PostgresStore, schema
from tests.factories import create_account, create_entity, create_memo, run
from tests.postgres import Cluster, Database

_SERIES = "INSERT INTO series (entity_id, kind, prefix, first_ordinal, next_ordinal) VALUES ('entity-1', {})"
_ENTRY = (
    "INSERT INTO register (event, series_id, first_ordinal, last_ordinal, document_id, recorded_at, recorded_by) "
    "VALUES ({}, 1, 'x')"
)
STATEMENTS = {
    "DELETE FROM series": "a series is never deleted",
    "UPDATE series SET next_ordinal = next_ordinal - 1 WHERE prefix = 'CM'": "a series only advances",
    "UPDATE series SET prefix = 'X' || prefix": "a series only advances",
    "UPDATE series SET first_ordinal = first_ordinal - 1": "a series only advances",
    "UPDATE series SET kind = 'refund' WHERE prefix = 'CM'": "a series only advances",
    "UPDATE series SET entity_id = 'none'": "a series only advances",
    _SERIES.format("'bill', 'B', 1, 1"): "a series is of a known kind",
    _SERIES.format("'invoice', 'B', 2, 1"): "a series is of a known kind, and begins at its first ordinal",
    "DELETE FROM documents WHERE id = 'posted'": "an issued document is never deleted",
    "UPDATE documents SET number = 'X' WHERE id = 'posted'": "an issued number never changes",
    "UPDATE documents SET ordinal = 7 WHERE id = 'posted'": "an issued number never changes",
    "UPDATE register SET recorded_at = 1": "the register is append-only",
    "DELETE FROM register": "the register is append-only",
    "TRUNCATE register": "the register is append-only",
    "UPDATE documents SET applied_minor = amount_minor + 1": "documents_check",
    "UPDATE documents SET applied_minor = -1": "documents_check",
    "UPDATE documents SET refunded_minor = -1": "documents_check",
    "UPDATE documents SET ordinal = 1 WHERE id = 'draft'": "documents_check",
    _ENTRY.format("'issue', 1, 9, 8, 'x'"): "register_check",
    _ENTRY.format("'issue', 1, 9, 9, NULL"): "register_check",
    _ENTRY.format("'skip', 1, 9, 9, 'x'"): "register_check",
    _ENTRY.format("'other', 1, 9, 9, 'x'"): "register_check",
    "UPDATE documents SET series_id = 99, ordinal = 1 WHERE id = 'draft'": "a document names an entity, org, account",
    "UPDATE documents SET sequence_set_id = 'none'": "a document names an entity, org, account",
    "UPDATE documents SET account_id = 'none'": "a document names an entity, org, account",
    "UPDATE documents SET referred_id = 'none' WHERE id = 'draft'": "a document names",
    "UPDATE documents SET referred_id = 'draft' WHERE id = 'posted'; DELETE FROM documents WHERE id = 'draft'": (
        "a document that others refer to is not deleted"
    ),
    _ENTRY.format("'issue', 99, 1, 1, 'x'"): "an entry names a series",
    "DELETE FROM accounts": "an account with documents is not deleted",
    "DELETE FROM sequence_sets": "a sequence set is never deleted",
    "DELETE FROM entities": "an entity is never deleted",
}


async def furnish(url: str) -> None:
    store = PostgresStore(url)
    await store.open()
    for command in (
        create_entity(),
        create_account(),
        create_memo(document_id="posted", post=True),
        create_memo(document_id="draft"),
    ):
        await run(store, command)
    await store.close()


@pytest.fixture(scope="module")
def furnished(postgres: Cluster) -> Database:
    """A posted memo and a draft."""
    database = postgres.new_database()
    asyncio.run(furnish(database.url))
    return database


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_schema_refuses(furnished: Database, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=STATEMENTS[statement]):
        furnished.execute(statement)


MIGRATION_WAITS = """
    SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND NOT l.granted AND l.relation = 'register'::regclass"""


async def test_a_migration_that_meets_a_reader_half_way_begins_anew(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader holds one table and waits for another, which the migration has changed already."""
    database = await asyncio.to_thread(lambda: postgres.new_database(migrated=False))
    migrating, reading = await asyncpg.connect(database.url), await asyncpg.connect(database.url)
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations_for", lambda engine: migrations_for(engine)[:5])
        await schema.migrate(migrating)
    # The migration is to be ended, and not the reader.
    await reading.execute("SET deadlock_timeout = '60s'; BEGIN; SELECT FROM register")
    migration = asyncio.create_task(schema.migrate(migrating))
    async with asyncio.timeout(20):
        await database.work(lambda connection: wait_until(connection, MIGRATION_WAITS))
        await reading.execute("SELECT FROM documents; COMMIT")
        assert (await migration)[0] == "moving"
    await migrating.close()
    await reading.close()


async def wait_until(connection: asyncpg.Connection, question: str) -> None:
    while not await connection.fetchval(question):
        pass
