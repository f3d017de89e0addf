"""The server is killed under load, again and again. What a client was told stays true, and nobody is numbered twice."""

import asyncio
from pathlib import Path
from random import Random

from tests.concurrency.ledger import Ledger
from tests.concurrency.load import World, busy_clients, make_world, settle
from tests.concurrency.proof import Books, prove
from tests.raw_http import fetch_token
from tests.servers import Server

CLIENTS = 64
ROUNDS = 8
HOST = "127.0.0.1"
PREFIXES = {"ALPHA-": 1, "BETA-": 11, "GAMMA-": 99_999_900}
TOLD_BEFORE_KILL_MAX = 400
ASKED_AGAIN = 30
JITTER_SECONDS_MAX = 0.02
SEED = 20_260_314


async def load_until_killed(server: Server, world: World, ledger: Ledger, random: Random) -> None:
    """Let all clients work, and kill the server some time after they have been told so many numbers."""
    told = random.randint(1, TOLD_BEFORE_KILL_MAX)
    async with busy_clients(world, ledger, random.getrandbits(32), CLIENTS, told):
        await asyncio.sleep(random.uniform(0, JITTER_SECONDS_MAX))
        server.kill()


async def settle_all(world: World, ledger: Ledger, books: Books) -> None:
    """Ask again for whatever was not answered. What had been made is given back; what had not is made now."""
    async with world.connect() as connection:
        for attempt in ledger.untold:
            made = books.of_comment(attempt.comment)
            if attempt.key is None and made is None:
                # A client without a key cannot ask again: it looks, and finds nothing.
                ledger.attempts.remove(attempt)
                ledger.never.add(attempt.comment)
                continue
            if attempt.key is None and made is not None:
                attempt.draft_id = made.id
            ledger.tell(attempt, await settle(connection, attempt))
            if made is not None:
                assert attempt.document_id == made.id
                assert made.status == "Draft" or attempt.number == made.number


async def ask_some_again(world: World, ledger: Ledger, random: Random) -> None:
    """Send requests again, with their keys, that were answered before the kill: `tell` compares the answers."""
    keyed = [attempt for attempt in ledger.told if attempt.key is not None]
    async with world.connect() as connection:
        for attempt in random.sample(keyed, min(len(keyed), ASKED_AGAIN)):
            ledger.tell(attempt, await settle(connection, attempt))


async def test_what_was_told_survives_every_kill(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it when the test fails
    random = Random(SEED)
    with Server(tmp_path) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, PREFIXES)
        ledger = Ledger()
        for _ in range(ROUNDS):
            await load_until_killed(server, world, ledger, random)
            server.start()
            # The token of `world` was issued before the first kill.
            books = await prove(server, world, ledger)
            await ask_some_again(world, ledger, random)
            await settle_all(world, ledger, books)
        await prove(server, world, ledger)
        assert server.terminate() == 0
