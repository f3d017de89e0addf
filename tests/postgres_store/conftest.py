"""A PostgreSQL server that tests may stop."""

from collections.abc import Iterator

import pytest

from tests.postgres import Database, OwnCluster


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
