"""What a PostgreSQL server must be, and what is said where it is not, or is not there."""

import asyncio
import time
from pathlib import Path

import pytest

from seriatim.auth.directory import DIRECTORY_AGE_SECONDS_MAX
from seriatim.service.ports import StoreUnavailable
from seriatim.storage.migrate import migrations_for
from seriatim.storage.postgres import PostgresStore
from seriatim.storage.postgres.connections import WRITER_SETTINGS, connect, parse_url
from tests.postgres import Cluster, Database, OwnCluster
from tests.servers import POLL_SECONDS, Api, Server

STORES = 6
MARGIN_SECONDS = 1


async def opened(url: str) -> str:
    """What opening a store says."""
    store = PostgresStore(url)
    try:
        await store.open()
    except StoreUnavailable as error:
        return str(error)
    finally:
        await store.close()
    return ""


@pytest.mark.parametrize(
    ("option", "message"),
    (("fsync=off", "fsync=off, so a crash would lose numbers"), ("full_page_writes=off", "may spoil the database")),
)
def test_a_server_that_may_lose_what_it_committed_is_refused(
    own_postgres: OwnCluster, own_database: Database, option: str, message: str
) -> None:
    own_postgres.restart("fast", f"-c {option}")
    assert message in asyncio.run(opened(own_database.url))
    own_postgres.restart("fast")
    assert asyncio.run(opened(own_database.url)) == ""


def test_what_is_wrong_is_said_without_the_password(postgres: Cluster) -> None:
    name = "postgresql://seriatim:hunter2@127.0.0.1:1/nowhere"
    message = asyncio.run(opened(name))
    assert "cannot connect to postgresql://127.0.0.1:1/nowhere" in message
    assert "hunter2" not in message
    assert "does not exist" in asyncio.run(opened(postgres.url_of("nowhere")))


def test_a_database_without_a_schema_is_refused(postgres: Cluster) -> None:
    empty = postgres.new_database(migrated=False)
    assert "no schema yet" in asyncio.run(opened(empty.url))


def test_a_schema_of_a_later_release_is_refused_unless_it_says_otherwise(postgres: Cluster) -> None:
    newest = migrations_for("postgres")[-1].version
    database = postgres.new_database()
    database.execute(f"INSERT INTO schema_migrations VALUES ({newest + 1}, 'later', {newest})")  # noqa: S608
    assert asyncio.run(opened(database.url)) == ""
    database.execute("UPDATE schema_migrations SET compatible_with = version WHERE name = 'later'")
    assert "cannot work with" in asyncio.run(opened(database.url))


def test_many_hosts_migrate_at_once_and_one_of_them_does_it(postgres: Cluster) -> None:
    database = postgres.new_database(migrated=False)

    async def migrate() -> list[list[str]]:
        stores = [PostgresStore(database.url) for _ in range(STORES)]
        try:
            return await asyncio.gather(*(store.migrate() for store in stores))
        finally:
            for store in stores:
                await store.close()

    applied = sorted(asyncio.run(migrate()))
    names = [migration.name for migration in migrations_for("postgres")]
    assert applied == [*([[]] * (STORES - 1)), names]
    assert asyncio.run(opened(database.url)) == ""


async def test_the_writer_waits_for_the_disk_whatever_the_database_says(postgres_database: Database) -> None:
    name = parse_url(postgres_database.url).url.rpartition("/")[2].partition("?")[0]
    await postgres_database.work(
        lambda connection: connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    )
    session = await connect(parse_url(postgres_database.url), WRITER_SETTINGS)
    assert await session.connection.fetchval("SHOW synchronous_commit") == "on"
    await session.connection.close()


async def test_a_server_that_waits_for_more_than_the_disk_goes_on_doing_so(postgres_database: Database) -> None:
    name = parse_url(postgres_database.url).url.rpartition("/")[2].partition("?")[0]
    await postgres_database.work(
        lambda connection: connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    )
    session = await connect(parse_url(postgres_database.url), WRITER_SETTINGS)
    assert await session.connection.fetchval("SHOW synchronous_commit") == "remote_apply"
    await session.connection.close()


def test_a_standby_can_be_verified_but_not_served(
    tmp_path: Path, own_postgres: OwnCluster, own_database: Database
) -> None:
    with Server(tmp_path, own_database.url) as server:
        assert server.terminate() == 0
    own_postgres.become_standby()
    assert server.run_cli_json("verify")["gapless"] is True
    assert "is a standby" in server.run_cli("serve").stderr
    assert "is a standby" in server.run_cli("migrate").stderr
    assert "read-only" in server.run_cli("client", "revoke", server.client_id).stderr


def test_the_command_line_works_on_it(tmp_path: Path, postgres: Cluster) -> None:
    database = postgres.new_database(migrated=False)
    with Server(tmp_path, database.url) as server:
        assert server.run_cli_json("migrate") == {"applied": []}
        with server.api() as api:
            assert api.ok("GET", "/v1/sequence-sets")["success"] is True
        created = server.run_cli_json("client", "create", "--name", "till", "--role", "issuer")
        assert created["client_id"] in {each["client_id"] for each in server.run_cli_json("client", "list")}
        assert server.run_cli_json("entity", "create", "--name", "Second")["number_on"] == "posting"
        assert server.run_cli_json("org", "create", "--entity", "Second", "--name", "North")["name"] == "North"
        assert len(server.run_cli_json("entity", "list")) == 2
        assert server.run_cli_json("verify")["gapless"] is True
        assert server.run_cli_json("client", "revoke", created["client_id"])["client_id"] == created["client_id"]


def test_a_client_that_was_revoked_at_one_host_is_refused_at_another_within_a_second(
    tmp_path: Path, postgres_database: Database
) -> None:
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    with Server(places[0], postgres_database.url) as one, Server(places[1], postgres_database.url) as two:
        created = one.create_client("admin")
        with Api(two.url, created) as api:
            assert api.get("/v1/sequence-sets").status_code == 200
            one.run_cli_json("client", "revoke", created.client_id)
            deadline = time.monotonic() + DIRECTORY_AGE_SECONDS_MAX + MARGIN_SECONDS
            while api.get("/v1/sequence-sets").status_code != 401:
                assert time.monotonic() < deadline
                time.sleep(POLL_SECONDS)
