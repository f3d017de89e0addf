"""Another process holds the database's write lock, for a moment and for too long; and a full queue."""

import asyncio

import pytest

from seriatim.storage.sqlite.store import BUSY_TIMEOUT_MS
from tests.concurrency.ledger import Ledger
from tests.concurrency.load import MEMOS, World, settle
from tests.concurrency.proof import prove
from tests.crash.waves import (
    CODE_OVERLOADED,
    CODE_UNAVAILABLE,
    begin_attempts,
    check_try_later,
    connections,
    start,
    write_lock,
)
from tests.raw_http import Answer, fetch_token
from tests.servers import Server

MOMENT_SECONDS = 1.0
CLIENTS = 64
QUEUE_SUBMISSIONS_MAX = 4


async def settle_refused(world: World, ledger: Ledger) -> None:
    """Send again, with the same keys, what was refused."""
    async with world.connect() as connection:
        for attempt in ledger.untold:
            ledger.tell(attempt, await settle(connection, attempt))


async def test_a_lock_held_for_a_moment_only_delays(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    async with connections(world, CLIENTS) as opened, world.connect() as reader:
        with write_lock(server):
            works = start(opened, attempts)
            done, _ = await asyncio.wait(works, timeout=MOMENT_SECONDS)
            assert done == set()
            assert (await reader.request("GET", MEMOS)).succeeded
            assert (await reader.request("GET", "/readyz")).status == 200
            # Signing in needs no write.
            assert await fetch_token(world.host, world.port, server.client_id, server.client_secret)
        for attempt, answer in zip(attempts, await asyncio.gather(*works), strict=True):
            ledger.tell(attempt, answer)
    await prove(server, world, ledger)


async def test_a_lock_held_too_long_refuses_and_burns_nothing(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    loop = asyncio.get_running_loop()
    async with connections(world, CLIENTS) as opened, world.connect() as reader:
        with write_lock(server):
            began_at = loop.time()
            works = start(opened, attempts)
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            assert loop.time() - began_at > BUSY_TIMEOUT_MS / 1000 * 0.9
            assert len(done) >= 1
            assert (await reader.request("GET", MEMOS)).succeeded
            for answer in await asyncio.gather(*works):
                check_try_later(answer, 503, CODE_UNAVAILABLE)
    await prove(server, world, ledger)
    await settle_refused(world, ledger)
    books = await prove(server, world, ledger)
    assert len(books.issued) == CLIENTS


@pytest.mark.parametrize("settings", ({"queue_submissions_max": QUEUE_SUBMISSIONS_MAX},))
async def test_a_full_queue_refuses_and_burns_nothing(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    async with connections(world, CLIENTS) as opened:
        with write_lock(server):
            # One batch waits for the lock, and the queue behind it is full: everybody else is told at once.
            works = start(opened, attempts)
            await _wait_until_done(works, CLIENTS - 2 * QUEUE_SUBMISSIONS_MAX)
        answers = await asyncio.gather(*works)
    refused = [answer for answer in answers if not answer.succeeded]
    accepted = len(answers) - len(refused)
    assert QUEUE_SUBMISSIONS_MAX <= accepted <= 2 * QUEUE_SUBMISSIONS_MAX
    for answer in refused:
        check_try_later(answer, 429, CODE_OVERLOADED)
    for attempt, answer in zip(attempts, answers, strict=True):
        if answer.succeeded:
            ledger.tell(attempt, answer)
    books = await prove(server, world, ledger)
    assert len(books.issued) == accepted
    await settle_refused(world, ledger)
    await prove(server, world, ledger)


@pytest.mark.parametrize("settings", ({"queue_submissions_max": QUEUE_SUBMISSIONS_MAX},))
async def test_a_flood_is_refused_in_part_and_burns_nothing(server: Server, world: World) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS * 10)
    async with connections(world, CLIENTS) as opened:
        for first in range(0, len(attempts), CLIENTS):
            wave = attempts[first : first + CLIENTS]
            for attempt, answer in zip(wave, await asyncio.gather(*start(opened, wave)), strict=True):
                if answer.succeeded:
                    ledger.tell(attempt, answer)
                else:
                    check_try_later(answer, 429, CODE_OVERLOADED)
    books = await prove(server, world, ledger)
    assert 0 < len(books.issued) < len(attempts)
    await settle_refused(world, ledger)
    await prove(server, world, ledger)


async def _wait_until_done(works: list[asyncio.Task[Answer]], count: int) -> None:
    """Come back when so many are done, or the next one takes longer than the busy timeout allows."""
    async with asyncio.timeout(BUSY_TIMEOUT_MS / 1000 / 2):
        for done in asyncio.as_completed(works):
            await done
            count -= 1
            if count == 0:
                return
