"""The directory: all clients, entities and orgs, in memory, so that authenticating a request asks no database.

The copy is compared with the database several times a second, and no request trusts a copy that is older than
`DIRECTORY_AGE_SECONDS_MAX`: a revoked client is out within a second, even if the task that refreshes the copy hangs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from seriatim.domain.client import ApiClient
from seriatim.domain.entity import Entity, Org
from seriatim.errors import Unauthenticated, Unavailable
from seriatim.service.ports import Store, StoreUnavailable

DIRECTORY_REFRESH_SECONDS = 0.25
DIRECTORY_AGE_SECONDS_MAX = 0.9
DIRECTORY_WAIT_SECONDS_MAX = 5.0
"""How long a request waits for a fresh copy before it is told to try again."""


class Directory:
    """The copy, its look-ups, and what keeps it fresh.

    `monotonic` gives seconds that only grow; `failed` is told of the first of a run of failed refreshes.
    """

    def __init__(
        self,
        store: Store,
        monotonic: Callable[[], float],
        failed: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self._failed = failed
        self._lock = asyncio.Lock()
        self._version: int | None = None
        self.generation = 0
        """Grows whenever anything was read anew: what was found here under another generation may be wrong."""
        self._checked_at_seconds = float("-inf")
        self._clients: dict[str, ApiClient] = {}
        self._entities: dict[str, Entity] = {}
        self._entities_by_name: dict[str, Entity] = {}
        self._orgs: dict[str, dict[str, Org]] = {}

    async def load(self) -> None:
        """Read everything, whether or not it changed.

        Raises: StoreUnavailable.
        """
        async with self._lock:
            self._version = None
            await self._check()

    async def refresh(self) -> None:
        """Read everything if anything changed since it was read last.

        Raises: StoreUnavailable.
        """
        async with self._lock:
            await self._check()

    async def latest(self) -> Self:
        """This directory as the database is now.

        Raises: Unavailable, when the database does not answer in time.
        """
        try:
            async with asyncio.timeout(DIRECTORY_WAIT_SECONDS_MAX):
                await self.refresh()
        except (StoreUnavailable, TimeoutError) as error:
            raise Unavailable("the database does not answer, so no credentials can be checked; try again") from error
        return self

    async def keep_fresh(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Refresh for ever. What goes wrong is reported and tried again; only cancellation ends it."""
        failing = False
        while True:
            await pause(DIRECTORY_REFRESH_SECONDS)
            try:
                # A refresh that hangs would hold the lock against all requests.
                async with asyncio.timeout(DIRECTORY_WAIT_SECONDS_MAX):
                    await self.refresh()
                failing = False
            except Exception as error:  # noqa: BLE001 - whatever goes wrong once must not end the task
                if not failing:
                    self._failed(error)
                failing = True

    @property
    def is_current(self) -> bool:
        """Whether the copy is fresh enough to be trusted."""
        return self._monotonic() - self._checked_at_seconds <= DIRECTORY_AGE_SECONDS_MAX

    async def current(self) -> Self:
        """This directory, once its copy is fresh enough to be trusted.

        Raises: Unavailable, when the database does not answer in time.
        """
        if self.is_current:
            return self
        try:
            async with asyncio.timeout(DIRECTORY_WAIT_SECONDS_MAX), self._lock:
                # Those who waited for the lock together need one look at the database, not one each.
                if not self.is_current:
                    await self._check()
        except (StoreUnavailable, TimeoutError) as error:
            raise Unavailable("the database does not answer, so no credentials can be checked; try again") from error
        return self

    def client(self, client_id: str) -> ApiClient | None:
        """The client of this id; None where there is none, or it has been revoked."""
        client = self._clients.get(client_id)
        return None if client is None or client.revoked_at is not None else client

    def client_name(self, client_id: str) -> str | None:
        """What people call a client, also one that has been revoked."""
        client = self._clients.get(client_id)
        return None if client is None else client.name

    def clients(self) -> list[ApiClient]:
        """All clients, revoked ones included, oldest first."""
        return list(self._clients.values())

    def require_client(self, client_id: str) -> ApiClient:
        """The client of this id.

        Raises: Unauthenticated, where there is none, or it has been revoked.
        """
        client = self._clients.get(client_id)
        if client is None:
            raise Unauthenticated("the client of this access token is not known here; check the server's address")
        if client.revoked_at is not None:
            raise Unauthenticated("this client has been revoked; ask an administrator for a new one")
        return client

    def entity(self, key: str) -> Entity | None:
        """The entity of this id or name."""
        return self._entities.get(key) or self._entities_by_name.get(key)

    def entities(self) -> list[Entity]:
        """All entities, oldest first."""
        return list(self._entities.values())

    def default_entity(self) -> Entity:
        """The oldest entity.

        Raises: Unavailable, while there is none.
        """
        for entity in self._entities.values():
            return entity
        raise Unavailable("the database holds no entity yet; `seriatim entity create` makes one")

    def orgs_of(self, entity_id: str) -> list[Org]:
        """The orgs of an entity, oldest first."""
        return list(self._orgs.get(entity_id, {}).values())

    def org(self, entity_id: str, key: str) -> Org | None:
        """The org of this id or name in an entity."""
        orgs = self._orgs.get(entity_id, {})
        return orgs.get(key) or next((org for org in orgs.values() if org.name == key), None)

    async def _check(self) -> None:
        """Compare versions, and read everything where they differ. The caller holds the lock."""
        # The time and the version are taken first. What changes while the lists are read makes the version
        # differ next time, and the copy is never taken for younger than it is.
        began_at_seconds = self._monotonic()
        version = await self._store.directory_version()
        if version != self._version:
            clients = await self._store.list_clients()
            entities = await self._store.list_entities()
            orgs: dict[str, dict[str, Org]] = {}
            for org in await self._store.list_orgs():
                orgs.setdefault(org.entity_id, {})[org.id] = org
            self._clients = {client.id: client for client in clients}
            self._entities = {entity.id: entity for entity in entities}
            self._entities_by_name = {entity.name: entity for entity in entities}
            self._orgs = orgs
            self._version = version
            self.generation += 1
        self._checked_at_seconds = began_at_seconds
