"""The databases that benchmarks run on: files of SQLite, and databases of a PostgreSQL that keeps what it commits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Cluster, Database, OwnCluster, find_cluster

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def sqlite_url(path: Path) -> str:
    """The URL of a file."""
    return f"sqlite:///{path}"


@contextmanager
def durable_postgres(environment: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A PostgreSQL with its own defaults, the one that the tests use as well; its processes get the environment.

    Raises: AssertionError, where it would not keep what it has committed.
    """
    cluster = find_cluster(environment)
    try:
        database = cluster.new_database(migrated=False)
        for name, wanted in DURABLE.items():
            found = database.value(f"SHOW {name}")
            assert found == wanted, f"PostgreSQL runs with {name} = {found}: what it commits may be lost"
        yield cluster
    finally:
        cluster.stop()


def crash(cluster: Cluster) -> str:
    """Stop PostgreSQL as if its machine had failed, and start it again, if it is ours to stop; what was done."""
    if not isinstance(cluster, OwnCluster):
        return "PostgreSQL was not restarted: it belongs to somebody else"
    cluster.restart("immediate")
    return "PostgreSQL was stopped as by a crash, and recovered, before it was looked at"


def postgres_process_ids(cluster: Cluster) -> list[int]:
    """The processes of the server: one a connection, and those that work for all; none where it is elsewhere."""
    if not isinstance(cluster, OwnCluster):
        return []
    found = Database(cluster.url_of("postgres")).value(
        "SELECT array_agg(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    return [int(process_id) for process_id in found]
