"""SIGTERM: what was accepted is answered, nothing else is, and the process ends with 0."""

import asyncio
import contextlib
from typing import Any

import pytest

from tests.concurrency.ledger import Attempt, Ledger
from tests.concurrency.load import MEMOS, World, busy_clients, settle
from tests.concurrency.proof import prove
from tests.crash.waves import (
    CODE_UNAVAILABLE,
    begin_attempts,
    check_try_later,
    connections,
    start,
    write_lock,
)
from tests.raw_http import ConnectionBroken, RawConnection, fetch_token
from tests.servers import Server

CLIENTS = 64
TOLD_BEFORE_STOP = 150
WAITING_SECONDS = 0.5
STOP_SECONDS_MAX = 5
"""A server with nothing left to do stops at once; the limit leaves room for a busy machine."""


async def stopped(server: Server, seconds_max: float = STOP_SECONDS_MAX) -> int:
    """The exit code, once the process has ended in time."""
    async with asyncio.timeout(seconds_max):
        return await asyncio.to_thread(server.wait)


async def refuses(world: World) -> None:
    """Come back when the server takes no new connection. The last ones before may be reset."""
    async with asyncio.timeout(STOP_SECONDS_MAX):
        while True:
            try:
                _, writer = await asyncio.open_connection(world.host, world.port)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def memo(world: World, comment: str) -> dict[str, Any]:
    return {"accountId": world.accounts[0][0], "autoPost": True, "comment": comment, "charges": [{"amount": 1}]}


async def test_under_load_everything_accepted_is_answered(server: Server, world: World) -> None:
    ledger = Ledger()
    async with busy_clients(world, ledger, 1, CLIENTS, TOLD_BEFORE_STOP):
        server.send_terminate()
        assert await stopped(server) == 0
    server.start()
    books = await prove(server, world, ledger)
    for attempt in ledger.untold:
        # Who hung up was not there to be answered. Of everybody else's requests, those without an answer did nothing.
        if not attempt.hung_up:
            made = books.of_comment(attempt.comment)
            assert (made.id, made.status) == (attempt.draft_id, "Draft") if made else attempt.draft_id is None


@pytest.mark.parametrize("signals", (1, 2))
async def test_a_request_under_way_is_finished_while_new_ones_are_refused(
    server: Server, world: World, signals: int
) -> None:
    async with world.connect() as busy, world.connect() as idle:
        await idle.request("GET", MEMOS)
        data = busy.encode("POST", MEMOS, memo(world, "under way"))
        await busy.send(data[:-10])
        # This answer comes from a loop that has read the first part of the other connection's request.
        await idle.request("GET", MEMOS)
        server.send_terminate()
        await refuses(world)
        with pytest.raises(ConnectionBroken):
            await idle.request("GET", MEMOS)
        if signals == 2:
            server.send_terminate()
        assert server.is_running
        await busy.send(data[-10:])
        answer = await busy.receive()
        assert answer.succeeded
        assert answer.headers["connection"] == "close"
    assert await stopped(server) == 0
    server.start()
    async with world.connect() as connection:
        found = await connection.request("GET", f"{MEMOS}/{answer.json['number']}")
        assert found.json["id"] == answer.json["id"]


async def test_what_is_queued_is_finished(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    async with connections(world, CLIENTS) as opened, world.connect() as other:
        with write_lock(server):
            works = start(opened, attempts)
            # Sent after all others were: when it is answered they have been read.
            await other.request("GET", MEMOS)
            server.send_terminate()
            await refuses(world)
            done, _ = await asyncio.wait(works, timeout=WAITING_SECONDS)
            assert done == set()
            assert server.is_running
        for attempt, answer in zip(attempts, await asyncio.gather(*works), strict=True):
            ledger.tell(attempt, answer)
    assert await stopped(server) == 0
    server.start()
    books = await prove(server, world, ledger)
    assert len(books.issued) == CLIENTS


@pytest.mark.parametrize("settings", ({"shutdown_seconds": 1},))
async def test_a_client_that_never_finishes_does_not_hold_the_server(server: Server, world: World) -> None:
    async with world.connect() as stalled, world.connect() as other:
        await stalled.send(stalled.encode("POST", MEMOS, memo(world, "never"))[:-10])
        await other.request("GET", MEMOS)
        server.send_terminate()
        assert await stopped(server) == 0
    server.start()
    ledger = Ledger()
    ledger.never.add("never")
    await prove(server, world, ledger)


async def test_an_idle_server_stops_at_once(server: Server, world: World) -> None:
    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(world.connect()) for _ in range(CLIENTS)]
        for connection in connections:
            assert (await connection.request("GET", MEMOS)).succeeded
        server.send_terminate()
        assert await stopped(server) == 0
    with pytest.raises(ConnectionBroken):
        await RawConnection(world.host, world.port).request("GET", "/healthz")


@pytest.mark.parametrize("settings", ({"shutdown_seconds": 1, "batch_submissions_max": 4},))
async def test_who_waits_longer_than_the_server_may_is_told_to_ask_again(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    async with connections(world, CLIENTS) as opened, world.connect() as other:
        with write_lock(server):
            works = start(opened, attempts)
            await other.request("GET", MEMOS)
            server.send_terminate()
            answers = await asyncio.gather(*works)
            # All are answered while the lock is held, so that not one of them can have been done.
            for answer in answers:
                check_try_later(answer, 503, CODE_UNAVAILABLE)
                assert "idempotency key" in answer.json["reasons"][0]["message"]
    assert await stopped(server) == 0
    server.start()
    books = await prove(server, world, ledger)
    # They were queued, and what is queued is finished.
    assert len(books.issued) == CLIENTS
    async with world.connect() as connection:
        for attempt in attempts:
            if attempt.key is not None:
                ledger.tell(attempt, await settle(connection, attempt))
    assert len((await prove(server, world, ledger)).issued) == CLIENTS


async def test_clients_are_created_while_the_server_is_busy(server: Server, world: World) -> None:
    ledger = Ledger()
    async with busy_clients(world, ledger, 2, CLIENTS, TOLD_BEFORE_STOP):
        for role, status in (("admin", 200), ("issuer", 200), ("auditor", 403)):
            made = await asyncio.to_thread(server.create_client, role, name=f"made under load: {role}")
            token = await fetch_token(world.host, server.port, made.client_id, made.client_secret)
            attempt = Attempt(CLIENTS, role, memo(world, role))
            async with RawConnection(world.host, server.port, token) as connection:
                assert (await connection.request("GET", MEMOS)).succeeded
                answer = await connection.request("POST", MEMOS, attempt.body)
                assert answer.status == status
            if answer.succeeded:
                ledger.tell(ledger.begin(attempt), answer)
        server.kill()
    server.start()
    await prove(server, world, ledger)
