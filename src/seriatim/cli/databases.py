"""Opening a database for one command, and closing it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from seriatim.service.ports import Store, StoreUnavailable
from seriatim.service.provisioning import provision_entity
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock
from seriatim.storage.engines import MigratableStore, store_for

T = TypeVar("T")


def changing(database: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with a database that is made if it is new, and has an entity."""

    async def run() -> T:
        store = await _open_or_create(database)
        try:
            await provision_entity(store, SystemClock(), SystemIds())
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def reading(database: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with a database that exists."""

    async def run() -> T:
        store = store_for(database, must_exist=True)
        try:
            await store.open()
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def _open_or_create(database: str) -> MigratableStore:
    """The opened store. A schema that this program can use is left alone: a server of another release may run."""
    store = store_for(database)
    try:
        await store.open()
    except StoreUnavailable:
        await store.close()
    else:
        return store
    store = store_for(database)
    try:
        await store.migrate()
        await store.open()
    except BaseException:
        await store.close()
        raise
    return store
