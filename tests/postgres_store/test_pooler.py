"""Behind PgBouncer in transaction mode, where every transaction may meet another server process."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.concurrency.ledger import Ledger
from tests.concurrency.load import make_world, run_clients
from tests.concurrency.proof import prove
from tests.postgres import USER, Database, OwnCluster
from tests.raw_http import fetch_token
from tests.servers import POLL_SECONDS, START_SECONDS_MAX, Server

HOST = "127.0.0.1"
PORT = 6432
SERVER_CONNECTIONS = 3
CLIENTS = 24
_SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"


@contextmanager
def pooler(cluster: OwnCluster, database: Database) -> Iterator[str]:
    """A PgBouncer with fewer server connections than clients; the URL of the database through it."""
    program = shutil.which("pgbouncer", path=_SYSTEM_PATH)
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("there is no pgbouncer; CI does not pass without it")
    assert program is not None, "there is no pgbouncer: install the system's package"
    home = cluster.home
    name = urlsplit(database.url).path.strip("/")
    settings = home / "pgbouncer.ini"
    settings.write_text(
        f"""
        [databases]
        {name} = host={home} dbname={name} user={USER}
        [pgbouncer]
        listen_addr =
        listen_port = {PORT}
        unix_socket_dir = {home}
        auth_type = any
        pool_mode = transaction
        default_pool_size = {SERVER_CONNECTIONS}
        max_client_conn = 100
        ignore_startup_parameters = extra_float_digits
    """.replace("        ", "")
    )
    with (home / "pgbouncer.log").open("w") as log:
        process = subprocess.Popen(
            [program, "-q", str(settings)], user=cluster.server_user, stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        asyncio.run(_until_listening(home / f".s.PGSQL.{PORT}"))
        yield f"{database.url}&port={PORT}"
    finally:
        process.kill()
        process.wait()


async def _until_listening(path: Path) -> None:
    async with asyncio.timeout(START_SECONDS_MAX):
        while True:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(path)) == 0:
                    return
            await asyncio.sleep(POLL_SECONDS)


@pytest.fixture
def pooled_url(own_postgres: OwnCluster, own_database: Database) -> Iterator[str]:
    with pooler(own_postgres, own_database) as url:
        yield url


@pytest.mark.parametrize("workers", (1, 2))
async def test_the_load_leaves_gapless_series_behind_a_pooler(tmp_path: Path, pooled_url: str, workers: int) -> None:
    with Server(tmp_path, pooled_url, workers=workers) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, {"ALPHA-": 1, "BETA-": 11})
        ledger = Ledger()
        await run_clients(world, ledger, seed=1, count=CLIENTS, rounds=2)
        assert ledger.untold == []
        await prove(server, world, ledger)
        assert "request_failed" not in server.logs()
        assert server.terminate() == 0
