"""When clients were last heard of: noted in memory, written now and then."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from seriatim.auth.uses import ClientUses
from seriatim.domain.client import Role
from seriatim.domain.commands.clients import CreateClient
from seriatim.errors import InvalidValue
from seriatim.service.ports import StoreUnavailable
from seriatim.storage.memory import MemoryStore
from tests.factories import run
from tests.fakes import NOON, FixedClock


class Seconds:
    """A clock of seconds that only grow, as a test tells it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FailingStore(MemoryStore):
    """A store that cannot be written for a while."""

    is_failing = False

    async def note_client_uses(self, uses: Mapping[str, datetime]) -> None:
        if self.is_failing:
            raise StoreUnavailable("gone fishing")
        await super().note_client_uses(uses)


def creation(client_id: str, api_version: str | None = None) -> CreateClient:
    return CreateClient(
        client_id=client_id, name="till", role=Role.ISSUER, secret_digest="digest", api_version=api_version
    )


@pytest.fixture
async def store() -> FailingStore:
    """A store with two clients."""
    made = FailingStore()
    await made.open()
    for client_id in ("client-1", "client-2"):
        await run(made, creation(client_id))
    return made


async def test_a_use_is_written_with_the_time_at_which_it_was(store: FailingStore) -> None:
    seconds = Seconds()
    uses = ClientUses(store, FixedClock(), seconds)
    uses.note("client-1")
    seconds.now += 40
    uses.note("client-2")
    seconds.now += 5
    assert await store.client_uses() == {}
    await uses.write()
    earlier, later = NOON - timedelta(seconds=45), NOON - timedelta(seconds=5)
    assert await store.client_uses() == {"client-1": earlier, "client-2": later}
    await uses.write()
    assert await store.client_uses() == {"client-1": earlier, "client-2": later}


async def test_what_cannot_be_written_is_written_later(store: FailingStore) -> None:
    seconds = Seconds()
    uses = ClientUses(store, FixedClock(), seconds)
    uses.note("client-1")
    uses.note("client-2")
    store.is_failing = True
    with pytest.raises(StoreUnavailable):
        await uses.write()
    seconds.now += 60
    uses.note("client-2")
    store.is_failing = False
    await uses.write()
    assert await store.client_uses() == {"client-1": NOON - timedelta(seconds=60), "client-2": NOON}


async def test_a_client_that_there_is_not_disturbs_nobody(store: FailingStore) -> None:
    uses = ClientUses(store, FixedClock(), Seconds())
    uses.note("client-3")
    uses.note("client-1")
    await uses.write()
    assert set(await store.client_uses()) == {"client-1"}


async def test_an_id_is_given_to_one_client(store: FailingStore) -> None:
    with pytest.raises(InvalidValue, match="a client with this id exists already"):
        await run(store, creation("client-1"))
    assert len(await store.list_clients()) == 2


def test_a_client_is_pinned_to_a_version_that_there_is() -> None:
    assert creation("client-3", api_version="2024-01-01").api_version == "2024-01-01"
    with pytest.raises(InvalidValue, match="give one of 2024-01-01"):
        creation("client-3", api_version="2024-01-02")
