"""A PostgreSQL server that tests may stop, and two stores on one database."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from seriatim.storage.postgres import PostgresStore
from tests.factories import create_account, create_entity, create_sets, new_set, run
from tests.postgres import Cluster, Database, OwnCluster
from tests.postgres_store.short_way import number_of


@pytest.fixture
def own_postgres() -> Iterator[OwnCluster]:
    """A server of the test's own."""
    cluster = OwnCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def own_database(own_postgres: OwnCluster) -> Database:
    """A database of that server, with the newest schema."""
    return own_postgres.new_database()


@pytest.fixture(params=("read-committed", "serializable"))
async def places(
    request: pytest.FixtureRequest, postgres: Cluster
) -> AsyncIterator[tuple[Database, list[PostgresStore]]]:
    """Two stores on one database with an entity, a set and an account, all of which the first has in its cache."""
    database = await asyncio.to_thread(postgres.emptied_database)
    stores = [PostgresStore(database.with_option(f"isolation={request.param}")) for _ in range(2)]
    for store in stores:
        await store.open()
    await run(stores[0], create_entity())
    await run(stores[0], create_sets(new_set()))
    await run(stores[0], create_account(set_key="set-1"))
    await number_of(stores[0], "first")
    yield database, stores
    for store in stores:
        await store.close()


@pytest.fixture
def one(places: tuple[Database, list[PostgresStore]]) -> PostgresStore:
    """The first of the two stores."""
    return places[1][0]


@pytest.fixture
def other(places: tuple[Database, list[PostgresStore]]) -> PostgresStore:
    """The second of the two stores."""
    return places[1][1]
