"""A server as a user starts it, and a world with two series on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.concurrency.load import World, make_world
from tests.raw_http import fetch_token
from tests.servers import Server

PREFIXES = {"ALPHA-": 1, "BETA-": 11}


@pytest.fixture
def settings() -> dict[str, object]:
    """Settings of the server; a test module may have its own."""
    return {}


@pytest.fixture
def server(tmp_path: Path, settings: dict[str, object]) -> Iterator[Server]:
    with Server(tmp_path, **settings) as started:
        yield started


@pytest.fixture
async def world(server: Server) -> World:
    host = "127.0.0.1"
    token = await fetch_token(host, server.port, server.client_id, server.client_secret)
    return await make_world(host, server.port, token, PREFIXES)
