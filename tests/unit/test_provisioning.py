"""The first steps of a new database, also when several processes take them at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from seriatim.auth.secrets import digest_secret, secret_matches
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.commands.entities import CreateEntity
from seriatim.domain.commands.users import CreateUser
from seriatim.domain.entity import DEFAULT_ENTITY_NAME, Entity
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, NotFound, Rule, Unavailable
from seriatim.service.ports import StoreConflict
from seriatim.service.provisioning import (
    FIRST_CLIENT_NAME,
    FirstClient,
    invite_first_admin,
    provision,
    provision_entity,
    run_command,
)
from seriatim.service.randomness import SystemIds
from seriatim.service.writer import WRITE_ATTEMPTS_MAX
from seriatim.storage.memory import CrashPoint, MemoryStore
from seriatim.storage.sqlite import SqliteStore
from tests.fakes import FixedClock, SequentialIds

T = TypeVar("T")

PROCESSES = 4


class BusyStore(MemoryStore):
    """Gives way to the others after every look, and refuses some writes as a database under load does."""

    def __init__(self, conflicts: int = 0) -> None:
        super().__init__()
        self.conflicts = conflicts

    async def list_entities(self) -> list[Entity]:
        found = await super().list_entities()
        await asyncio.sleep(0)
        return found

    async def list_clients(self) -> list[ApiClient]:
        found = await super().list_clients()
        await asyncio.sleep(0)
        return found

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        if self.conflicts > 0:
            self.conflicts -= 1
            raise StoreConflict("somebody was faster")
        return await super().write(needs, decide)


@pytest.fixture
async def store() -> BusyStore:
    made = BusyStore()
    await made.open()
    return made


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[list[SqliteStore]]:
    """Several stores on one file: each has its own connections, as processes have."""
    made = [SqliteStore(tmp_path / "seriatim.db") for _ in range(PROCESSES)]
    await made[0].migrate()
    for each in made:
        await each.open()
    yield made
    for each in made:
        await each.close()


def creation(name: str = "FR") -> CreateEntity:
    return CreateEntity(entity_id=f"id-{name}", name=name, default_set_id=f"set-{name}", actor_id="nobody")


async def test_a_new_database_gets_an_entity_and_an_admin_of_everything(store: BusyStore) -> None:
    first = await provision(store, FixedClock(), SequentialIds(), digest_secret)
    assert first is not None
    assert [entity.name for entity in await store.list_entities()] == [DEFAULT_ENTITY_NAME]
    (client,) = await store.list_clients()
    assert (client.id, client.name, client.role) == (first.client_id, FIRST_CLIENT_NAME, Role.ADMIN)
    assert (client.entity_ids, client.org_ids) == (None, None)
    assert client.secret_digest != first.secret
    assert secret_matches(first.secret, client.secret_digest)


async def test_the_first_client_fits_what_the_known_clients_accept(store: BusyStore) -> None:
    first = await provision(store, FixedClock(), SystemIds(), digest_secret)
    assert first is not None
    assert len(first.client_id) == 36
    assert len(first.secret) <= 42


async def test_the_secret_is_shown_once_and_not_by_accident(store: BusyStore) -> None:
    first = await provision(store, FixedClock(), SystemIds(), digest_secret)
    assert first is not None
    assert first.secret not in repr(first)
    assert await provision(store, FixedClock(), SystemIds(), digest_secret) is None


async def test_who_revokes_the_last_client_gets_no_new_admin(store: BusyStore) -> None:
    first = await provision(store, FixedClock(), SequentialIds(), digest_secret)
    assert first is not None
    await run_command(store, FixedClock(), RevokeClient(client_id=first.client_id))
    assert await provision(store, FixedClock(), SequentialIds(), digest_secret) is None
    assert len(await store.list_clients()) == 1


async def test_a_database_with_a_client_or_an_entity_keeps_what_it_has(store: BusyStore) -> None:
    await run_command(store, FixedClock(), creation())
    await provision_entity(store, FixedClock(), SequentialIds())
    assert [entity.name for entity in await store.list_entities()] == ["FR"]
    till = CreateClient(client_id="till", name="till", role=Role.ISSUER, secret_digest="digest")
    await run_command(store, FixedClock(), till)
    assert await provision(store, FixedClock(), SequentialIds(), digest_secret) is None
    assert [client.id for client in await store.list_clients()] == ["till"]


async def test_what_a_crash_left_undone_is_done_at_the_next_start(store: BusyStore) -> None:
    await provision_entity(store, FixedClock(), SequentialIds())
    store.crash_next_write = CrashPoint.BEFORE_COMMIT
    with pytest.raises(Unavailable, match="crashed before the commit"):
        await provision(store, FixedClock(), SystemIds(), digest_secret)
    assert await provision(store, FixedClock(), SystemIds(), digest_secret) is not None


async def test_a_database_without_people_gets_one_link_for_an_admin_of_everything(store: BusyStore) -> None:
    await provision_entity(store, FixedClock(), SequentialIds())
    links = [await invite_first_admin(store, FixedClock(), SystemIds(), digest_secret) for _ in range(2)]
    assert links[0] is not None
    assert links[1] is None
    (invitation,) = await store.list_invitations()
    assert (invitation.role, invitation.entity_ids, invitation.org_ids) == (Role.ADMIN, None, None)
    assert secret_matches(links[0], invitation.digest)


async def test_of_several_processes_at_once_one_gets_the_link(store: BusyStore) -> None:
    await provision_entity(store, FixedClock(), SequentialIds())
    store.conflicts = 2
    made = await asyncio.gather(
        *(invite_first_admin(store, FixedClock(), SystemIds(), digest_secret) for _ in range(PROCESSES))
    )
    assert len([link for link in made if link is not None]) == len(await store.list_invitations()) == 1


async def test_where_somebody_can_sign_in_nobody_is_invited(store: BusyStore) -> None:
    await provision_entity(store, FixedClock(), SequentialIds())
    creation = CreateUser(user_id="ada", name="Ada", role=Role.AUDITOR, password_digest="digest")
    await run_command(store, FixedClock(), creation)
    assert await invite_first_admin(store, FixedClock(), SystemIds(), digest_secret) is None


async def check_that_one_gets_the_admin(stores: list[BusyStore] | list[SqliteStore]) -> None:
    made: list[FirstClient | None] = await asyncio.gather(
        *(provision(each, FixedClock(), SystemIds(), digest_secret) for each in stores)
    )
    (first,) = (each for each in made if each is not None)
    (client,) = await stores[0].list_clients()
    assert client.id == first.client_id
    assert secret_matches(first.secret, client.secret_digest)
    assert len(await stores[0].list_entities()) == 1


async def test_of_several_processes_at_once_one_gets_the_admin(store: BusyStore) -> None:
    store.conflicts = PROCESSES
    await check_that_one_gets_the_admin([store] * PROCESSES)


async def test_of_several_processes_on_one_file_one_gets_the_admin(processes: list[SqliteStore]) -> None:
    await check_that_one_gets_the_admin(processes)


async def test_a_command_gives_its_outcome_and_raises_its_refusal(store: BusyStore) -> None:
    entity = await run_command(store, FixedClock(), creation())
    assert entity.name == "FR"
    with pytest.raises(BrokenRule) as refusal:
        await run_command(store, FixedClock(), creation())
    assert refusal.value.rule is Rule.NAME_TAKEN
    with pytest.raises(NotFound):
        await run_command(store, FixedClock(), RevokeClient(client_id="nobody"))


async def test_a_command_is_tried_again_when_somebody_was_faster_but_not_for_ever(store: BusyStore) -> None:
    store.conflicts = WRITE_ATTEMPTS_MAX - 1
    assert (await run_command(store, FixedClock(), creation())).name == "FR"
    store.conflicts = WRITE_ATTEMPTS_MAX
    with pytest.raises(Unavailable, match="came in between"):
        await run_command(store, FixedClock(), creation("DE"))
    assert len(await store.list_entities()) == 1


async def test_a_refusal_for_another_reason_is_not_taken_for_a_faster_process(
    store: BusyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Entity:
        raise BrokenRule(Rule.SET_IN_USE, "something else")

    monkeypatch.setattr(CreateEntity, "decide", refuse)
    with pytest.raises(BrokenRule, match="something else"):
        await provision(store, FixedClock(), SequentialIds(), digest_secret)


async def test_a_fault_of_a_command_is_not_swallowed(store: BusyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Entity:
        raise InternalError

    monkeypatch.setattr(CreateEntity, "decide", fail)
    with pytest.raises(InternalError):
        await run_command(store, FixedClock(), creation())
