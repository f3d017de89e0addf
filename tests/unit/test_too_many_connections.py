"""What connections meet that come beyond the limit: an answer that tells them to come back, and an end in time."""

import asyncio

import pytest

from seriatim.http import server as http_server
from seriatim.http.connection import LINGER_SECONDS_MAX
from tests.unit.test_connection import PATIENCE_SECONDS, World, get, world

__all__ = ["world"]


@pytest.fixture
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 1)
    monkeypatch.setattr(http_server, "TURNED_AWAY_MAX", 1)


@pytest.mark.usefixtures("_one_connection")
async def test_one_too_many_is_told_to_come_back(world: World) -> None:
    first = await world.connect()
    assert (await first.ask(get("/first"))).status == 200
    second = await world.connect()
    answer = await second.ask(get("/second"))
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["connection"] == "close"
    assert answer.body == b"The server has as many connections as it can serve; try again in a moment."
    assert await second.is_ended()
    assert (await first.ask(get("/again"))).status == 200
    assert world.handled == ["/first", "/again"]


@pytest.mark.usefixtures("_one_connection")
async def test_whoever_stays_after_being_told_is_ended(world: World) -> None:
    first, second, third = [await world.connect() for _ in range(3)]
    assert (await first.ask(get("/first"))).status == 200
    assert (await second.read()).status == 503
    assert len(world.server.turned_away) == 1
    assert await third.is_ended()
    world.server.check_deadlines(world.server.now_seconds + LINGER_SECONDS_MAX + 1)
    with pytest.raises(OSError, match=r"reset|Broken|lost|closed"):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await second.send_for_ever()
    assert not world.server.turned_away
    fourth = await world.connect()
    assert (await fourth.read()).status == 503
    await world.server.stop(0)
    assert not world.server.connections
