"""Clients that hang up in the middle of a batch: what they asked for is done once, and everybody else is served."""

import asyncio

import pytest

from tests.concurrency.ledger import Ledger
from tests.concurrency.load import MEMOS, World, settle
from tests.concurrency.proof import prove
from tests.crash.waves import begin_attempts, connections, start, write_lock
from tests.servers import Server

CLIENTS = 64


@pytest.mark.parametrize("gone_every", (1, 2))
async def test_a_batch_whose_clients_have_gone_is_finished_and_the_next_one_follows(
    server: Server, world: World, gone_every: int
) -> None:
    ledger = Ledger()
    attempts = begin_attempts(world, ledger, CLIENTS)
    async with connections(world, CLIENTS) as opened, world.connect() as other:
        with write_lock(server):
            works = start(opened, attempts)
            # Sent after all others were: when it is answered they have been read.
            await other.request("GET", MEMOS)
            for attempt, connection in list(zip(attempts, opened, strict=True))[::gone_every]:
                attempt.hung_up = True
                connection.drop()
            # The server has noticed by the time that it answers this.
            await other.request("GET", MEMOS)
        answers = await asyncio.gather(*works, return_exceptions=True)
        for attempt, answer in zip(attempts, answers, strict=True):
            if not attempt.hung_up:
                assert not isinstance(answer, BaseException), answer
                ledger.tell(attempt, answer)
        for attempt in ledger.untold:
            if attempt.key is not None:
                ledger.tell(attempt, await settle(other, attempt))
    books = await prove(server, world, ledger)
    assert len(books.issued) == CLIENTS
