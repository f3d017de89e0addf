"""The copy of clients, entities and orgs that requests are checked against."""

import asyncio
from datetime import timedelta

import pytest

from seriatim.auth import directory as directory_module
from seriatim.auth.directory import DIRECTORY_AGE_SECONDS_MAX, DIRECTORY_REFRESH_SECONDS, Directory
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.domain.entity import Entity
from seriatim.errors import Unauthenticated, Unavailable
from seriatim.service.ports import StoreUnavailable
from seriatim.service.provisioning import run_command
from seriatim.storage.memory import MemoryStore
from tests.fakes import FixedClock


class WatchedStore(MemoryStore):
    """Counts what is read, can fail, and can be held up."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.loads = 0
        self.failure: Exception | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.looked = asyncio.Event()

    async def directory_version(self) -> int:
        self.looks += 1
        if self.failure is not None:
            raise self.failure
        version = await super().directory_version()
        self.looked.set()
        await self.may_answer.wait()
        return version

    async def list_clients(self) -> list[ApiClient]:
        self.loads += 1
        return await super().list_clients()


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class World:
    """A store with two entities, an org in each, and a client; a directory over it."""

    def __init__(self) -> None:
        self.store = WatchedStore()
        self.clock = FixedClock()
        self.stopwatch = Stopwatch()
        self.failures: list[Exception] = []
        self.directory = Directory(self.store, self.stopwatch, self.failures.append)

    async def make(self) -> "World":
        await self.store.open()
        for entity_id, name in (("entity-1", "first"), ("entity-2", "second")):
            creation = CreateEntity(entity_id=entity_id, name=name, default_set_id=f"set-{name}", actor_id="nobody")
            await run_command(self.store, self.clock, creation)
            self.clock.advance(timedelta(seconds=1))
        for org_id, entity_key in (("org-1", "first"), ("org-2", "second")):
            await run_command(self.store, self.clock, CreateOrg(org_id=org_id, entity_key=entity_key, name="Asia"))
        await self.create_client("client-1")
        return self

    async def create_client(self, client_id: str) -> None:
        creation = CreateClient(client_id=client_id, name="till", role=Role.ISSUER, secret_digest="digest")
        await run_command(self.store, self.clock, creation)

    async def revoke_client(self, client_id: str) -> None:
        await run_command(self.store, self.clock, RevokeClient(client_id=client_id))


@pytest.fixture
async def world() -> World:
    made = await World().make()
    await made.directory.load()
    return made


def test_a_directory_that_was_never_loaded_knows_nobody() -> None:
    directory = Directory(MemoryStore(), Stopwatch())
    assert directory.client("client-1") is None
    with pytest.raises(Unavailable, match="no entity yet"):
        directory.default_entity()


async def test_what_is_in_the_database_is_found_by_id_and_by_name(world: World) -> None:
    directory = world.directory
    assert directory.default_entity().name == "first"
    assert [entity.name for entity in directory.entities()] == ["first", "second"]
    for key in ("entity-2", "second"):
        found = directory.entity(key)
        assert isinstance(found, Entity)
        assert found.id == "entity-2"
    assert directory.entity("third") is None
    assert [org.id for org in directory.orgs_of("entity-2")] == ["org-2"]
    assert directory.orgs_of("entity-3") == []
    for key in ("org-2", "Asia"):
        org = directory.org("entity-2", key)
        assert org is not None
        assert org.id == "org-2"
    assert directory.org("entity-2", "org-1") is None
    assert directory.require_client("client-1") is directory.client("client-1")


async def test_a_revoked_client_is_no_client(world: World) -> None:
    await world.revoke_client("client-1")
    await world.directory.refresh()
    assert world.directory.client("client-1") is None
    with pytest.raises(Unauthenticated, match="has been revoked"):
        world.directory.require_client("client-1")
    with pytest.raises(Unauthenticated, match="not known here"):
        world.directory.require_client("client-2")


async def test_everything_is_read_again_only_when_something_changed(world: World) -> None:
    assert world.store.loads == 1
    await world.directory.refresh()
    assert world.store.loads == 1
    await world.create_client("client-2")
    await world.directory.refresh()
    assert world.store.loads == 2
    assert world.directory.client("client-2") is not None
    await world.directory.load()
    assert world.store.loads == 3


async def test_a_change_during_a_refresh_is_seen_by_the_next_one(world: World) -> None:
    await world.create_client("client-2")
    world.store.may_answer.clear()
    world.store.looked.clear()
    refreshing = asyncio.create_task(world.directory.refresh())
    await world.store.looked.wait()
    # The version has been read; what comes now belongs to a later one.
    await world.revoke_client("client-1")
    world.store.may_answer.set()
    await refreshing
    await world.directory.refresh()
    assert world.store.loads == 3
    assert world.directory.client("client-1") is None


async def test_a_fresh_copy_is_trusted_without_asking_the_database(world: World) -> None:
    looks = world.store.looks
    world.stopwatch.seconds += DIRECTORY_AGE_SECONDS_MAX - 0.01
    assert await world.directory.current() is world.directory
    assert world.store.looks == looks


async def test_an_old_copy_is_refreshed_before_it_is_trusted(world: World) -> None:
    await world.revoke_client("client-1")
    assert world.directory.client("client-1") is not None
    world.stopwatch.seconds += DIRECTORY_AGE_SECONDS_MAX + 0.01
    directory = await world.directory.current()
    assert directory.client("client-1") is None


async def test_requests_that_wait_together_ask_the_database_once(world: World) -> None:
    looks = world.store.looks
    world.stopwatch.seconds += 10
    world.store.may_answer.clear()
    world.store.looked.clear()
    waiting = [asyncio.create_task(world.directory.current()) for _ in range(20)]
    await world.store.looked.wait()
    world.store.may_answer.set()
    await asyncio.gather(*waiting)
    assert world.store.looks == looks + 1


async def test_an_old_copy_is_not_trusted_while_the_database_is_away(world: World) -> None:
    world.stopwatch.seconds += 10
    world.store.failure = StoreUnavailable("gone")
    with pytest.raises(Unavailable, match="does not answer"):
        await world.directory.current()
    world.store.failure = None
    await world.directory.current()


async def test_a_refresh_that_hangs_does_not_hold_requests_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_module, "DIRECTORY_WAIT_SECONDS_MAX", 0.01)
    world.stopwatch.seconds += 10
    world.store.may_answer.clear()
    world.store.looked.clear()
    hanging = asyncio.create_task(world.directory.refresh())
    await world.store.looked.wait()
    with pytest.raises(Unavailable, match="does not answer"):
        await world.directory.current()
    world.store.may_answer.set()
    await hanging
    await world.directory.current()


async def test_the_age_counts_from_before_the_look_at_the_database(world: World) -> None:
    world.store.may_answer.clear()
    world.store.looked.clear()
    refreshing = asyncio.create_task(world.directory.refresh())
    await world.store.looked.wait()
    world.stopwatch.seconds += DIRECTORY_AGE_SECONDS_MAX + 0.01
    world.store.may_answer.set()
    await refreshing
    looks = world.store.looks
    await world.directory.current()
    assert world.store.looks == looks + 1


class Pauses:
    """Stands in for sleeping: lets a test do a step in each pause, and ends the loop after the last one."""

    def __init__(self, world: World, *steps: object) -> None:
        self.world = world
        self.steps = list(steps)
        self.lengths: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.lengths.append(seconds)
        if not self.steps:
            raise asyncio.CancelledError
        step = self.steps.pop(0)
        if step == "revoke":
            await self.world.revoke_client("client-1")
        else:
            self.world.store.failure = step if isinstance(step, Exception) else None


async def test_the_task_refreshes_and_survives_whatever_goes_wrong(world: World) -> None:
    one, two = StoreUnavailable("gone"), RuntimeError("a fault")
    pauses = Pauses(world, None, one, one, None, two, "revoke", None)
    with pytest.raises(asyncio.CancelledError):
        await world.directory.keep_fresh(pauses)
    assert world.directory.client("client-1") is None
    assert set(pauses.lengths) == {DIRECTORY_REFRESH_SECONDS}
    # Of a run of failures the first is told: a database that is away for an hour does not fill the log.
    assert world.failures == [one, two]
