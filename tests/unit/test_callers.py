"""Callers are remembered by what their headers say, and never longer than what was checked holds."""

from datetime import timedelta

import pytest

from seriatim.auth.callers import CALLERS_REMEMBERED_MAX, HEADER_BYTES_MAX, Caller, CallerMemory
from seriatim.auth.directory import DIRECTORY_AGE_SECONDS_MAX, Directory
from seriatim.domain.client import ApiClient, Role, Scope
from seriatim.storage.memory import MemoryStore
from tests.factories import create_entity, run
from tests.fakes import NOON

CLIENT = ApiClient("client-1", "name", Role.ADMIN, "digest", None, None, NOON)
CALLER = Caller(CLIENT, Scope("entity-1", "client-1", None), NOON.timestamp() + 60)
HEADERS = (b"Bearer token", None, None)


class World:
    """A directory over a store, with the time as a test says."""

    def __init__(self) -> None:
        self.now_seconds = 0.0
        self.store = MemoryStore()
        self.directory = Directory(self.store, lambda: self.now_seconds)
        self.memory = CallerMemory(self.directory)


@pytest.fixture
async def world() -> World:
    made = World()
    await made.store.open()
    await made.directory.load()
    assert made.memory.find(HEADERS, NOON) is None
    made.memory.remember(HEADERS, CALLER)
    return made


async def test_a_caller_is_known_by_all_its_headers(world: World) -> None:
    assert world.memory.find(HEADERS, NOON) is CALLER
    for others in ((b"Bearer other", None, None), (b"Bearer token", b"entity", None), (b"Bearer token", None, b"org")):
        assert world.memory.find(others, NOON) is None


async def test_a_caller_is_known_until_its_token_expires(world: World) -> None:
    assert world.memory.find(HEADERS, NOON + timedelta(seconds=59)) is CALLER
    assert world.memory.find(HEADERS, NOON + timedelta(seconds=60)) is None


async def test_a_change_in_the_directory_makes_it_forget(world: World) -> None:
    await world.directory.refresh()
    assert world.memory.find(HEADERS, NOON) is CALLER
    await run(world.store, create_entity())
    await world.directory.refresh()
    assert world.memory.find(HEADERS, NOON) is None


async def test_nobody_is_known_by_a_copy_that_is_too_old(world: World) -> None:
    world.now_seconds = DIRECTORY_AGE_SECONDS_MAX + 0.1
    assert world.memory.find(HEADERS, NOON) is None
    await world.directory.refresh()
    assert world.memory.find(HEADERS, NOON) is CALLER


async def test_the_oldest_is_forgotten_and_what_is_long_is_not_remembered(world: World) -> None:
    for index in range(CALLERS_REMEMBERED_MAX):
        world.memory.remember((b"Bearer %d" % index, None, None), CALLER)
    assert world.memory.find(HEADERS, NOON) is None
    assert world.memory.find((b"Bearer 0", None, None), NOON) is CALLER
    long = (b"x" * HEADER_BYTES_MAX, b"x", None)
    world.memory.remember(long, CALLER)
    assert world.memory.find(long, NOON) is None
