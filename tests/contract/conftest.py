"""The stores that must keep the contract, each new and with a first entity."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seriatim.storage.memory import MemoryStore
from seriatim.storage.sqlite import SqliteStore
from tests.factories import create_entity, run


@pytest.fixture(params=("memory", "sqlite"))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryStore | SqliteStore]:
    """An open store with one entity and its set DEFAULT."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "seriatim.db")
    await made.migrate()
    await made.open()
    await run(made, create_entity())
    yield made
    await made.close()
