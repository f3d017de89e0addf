"""What tests of several kinds share: a real PostgreSQL, started once where any test asks for it."""

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, Database, find_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The server."""
    cluster = find_cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def postgres_database(postgres: Cluster) -> Database:
    """A database of its own, with the newest schema."""
    return postgres.new_database()
