"""Many requests sent together, and a lock that makes them wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import apsw

from tests.concurrency.ledger import Attempt, Ledger
from tests.concurrency.load import MEMOS, World
from tests.raw_http import Answer, RawConnection
from tests.servers import Server

CODE_OVERLOADED = 50000070
CODE_UNAVAILABLE = 50000061


@contextlib.contextmanager
def write_lock(server: Server) -> Iterator[None]:
    """Hold the lock that every write needs, as another process does."""
    connection = apsw.Connection(str(server.database_path))
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def connections(world: World, count: int) -> AsyncIterator[list[RawConnection]]:
    """Connections that are open already."""
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(world.connect()) for _ in range(count)]
        for connection in opened:
            assert (await connection.request("GET", MEMOS)).succeeded
        yield opened


def begin_attempts(world: World, ledger: Ledger, count: int) -> list[Attempt]:
    """Memos on one series, every second one with an idempotency key."""
    attempts = []
    for index in range(count):
        comment = f"memo {index}"
        body = {"accountId": world.accounts[0][0], "autoPost": True, "comment": comment, "charges": [{"amount": 1}]}
        attempts.append(ledger.begin(Attempt(index, comment, body, comment if index % 2 else None)))
    return attempts


def start(opened: list[RawConnection], attempts: list[Attempt]) -> list[asyncio.Task[Answer]]:
    """Send each attempt on a connection of its own."""
    return [
        asyncio.create_task(connection.request("POST", MEMOS, attempt.body, attempt.headers))
        for connection, attempt in zip(opened, attempts, strict=True)
    ]


def check_try_later(answer: Answer, status: int, code: int) -> None:
    """A refusal that says: the same request may be sent again, and when."""
    assert answer.status == status
    assert int(answer.headers["retry-after"]) >= 1
    failure = answer.json
    assert failure["success"] is False
    assert failure["requestId"] == answer.headers["zuora-request-id"]
    assert failure["processId"]
    assert [reason["code"] for reason in failure["reasons"]] == [code]
    assert "try again" in failure["reasons"][0]["message"]
