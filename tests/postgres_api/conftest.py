"""Two workers on PostgreSQL in the place of the server that the tests of the API share."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import api, entity, no_server_fault, sdk
from tests.postgres import Cluster
from tests.servers import Server

__all__ = ["api", "entity", "no_server_fault", "sdk", "server"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Server]:
    """A server that all tests share."""
    database = postgres.new_database(migrated=False)
    with Server(tmp_path_factory.mktemp("server"), database.url, workers=2) as started:
        yield started
