"""The stores that must keep the contract, each new and with a first entity."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seriatim.storage.engines import MigratableStore
from seriatim.storage.memory import MemoryStore
from seriatim.storage.postgres import PostgresStore
from seriatim.storage.sqlite import SqliteStore
from tests.factories import create_entity, run
from tests.postgres import Cluster

ISOLATIONS = {"postgres": "read-committed", "postgres-serializable": "serializable"}


@pytest.fixture(params=("memory", "sqlite", *ISOLATIONS))
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> MigratableStore:
    """A store with nothing in it."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "seriatim.db")
    cluster: Cluster = request.getfixturevalue("postgres")
    return PostgresStore(cluster.emptied_database().with_option(f"isolation={ISOLATIONS[request.param]}"))


@pytest.fixture
async def store(new_store: MigratableStore) -> AsyncIterator[MigratableStore]:
    """An open store with one entity and its set DEFAULT."""
    await new_store.migrate()
    await new_store.open()
    await run(new_store, create_entity())
    yield new_store
    await new_store.close()
