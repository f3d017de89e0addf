"""The property machines on PostgreSQL. A crash ends the database's processes in the middle of a write."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings

from seriatim.domain.commands.base import Command
from seriatim.service.writer import Writer
from seriatim.storage.postgres import PostgresStore
from tests.factories import keyed
from tests.postgres import Cluster, Database
from tests.postgres_store.test_outages import TERMINATE
from tests.property.crashing import Crashing
from tests.property.machine import NumberingMachine
from tests.property.settlement_machine import SettlementMachine

QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
FEW = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=QUIET,
)


class PostgresCrashes(Crashing):
    """The store for many processes."""

    cluster: ClassVar[Cluster]
    isolation: ClassVar[str]
    database: Database

    async def make_store(self) -> PostgresStore:
        self.database = await asyncio.to_thread(self.cluster.emptied_database)
        store = PostgresStore(self.database.with_option(f"isolation={self.isolation}"))
        await store.open()
        return store

    async def crash_during(self, commands: Mapping[str, Command[Any]]) -> None:
        submissions = [
            asyncio.create_task(self.writer.submit(command, keyed(key))) for key, command in commands.items()
        ]
        await self.store.directory_version()
        await self.database.work(lambda connection: connection.execute(TERMINATE))
        await asyncio.gather(*submissions)
        await self.abandon()
        self.store = PostgresStore(self.database.with_option(f"isolation={self.isolation}"))
        await self.store.open()
        self.writer = Writer(self.store, self.clock, self.observer)


class ReadCommitted(PostgresCrashes):
    isolation = "read-committed"


class Serializable(PostgresCrashes):
    isolation = "serializable"


@pytest.fixture(scope="module", autouse=True)
def _cluster(postgres: Cluster) -> None:
    PostgresCrashes.cluster = postgres


class PostgresNumbering(ReadCommitted, NumberingMachine):
    pass


class PostgresSettlement(Serializable, SettlementMachine):
    pass


TestPostgresNumbering = PostgresNumbering.TestCase
TestPostgresNumbering.settings = FEW

TestPostgresSettlement = PostgresSettlement.TestCase
TestPostgresSettlement.settings = FEW
