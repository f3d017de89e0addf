"""A load as bad as the world: clients that post, are refused, ask twice, and hang up."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.concurrency.ledger import Attempt, Ledger
from tests.raw_http import Answer, ConnectionBroken, RawConnection

MEMOS = "/v1/credit-memos"
RETRIES_AT_ONCE = 3
KEY_IN_PROGRESS_SECONDS_MAX = 30
"""So long a client asks again while its first request is in progress. That takes a transaction's time."""
PAUSE_SECONDS = 0.005

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class World:
    """Where a load takes place: the server, a token, and the accounts with the prefixes that number their memos."""

    host: str
    port: int
    token: str
    accounts: tuple[tuple[str, str], ...]
    """Account id and prefix."""

    def connect(self) -> RawConnection:
        return RawConnection(self.host, self.port, self.token)


async def make_world(host: str, port: int, token: str, prefixes: dict[str, int]) -> World:
    """Two sets for each prefix (they share its series) from the start given, and an account for each set."""
    names = [(f"{prefix}{half}", prefix, start) for prefix, start in prefixes.items() for half in "XY"]
    sets = [
        {
            "name": name,
            "invoice": {"prefix": f"I{prefix}", "startNumber": 1},
            "creditMemo": {"prefix": prefix, "startNumber": start},
            "debitMemo": {"prefix": f"D{prefix}", "startNumber": 1},
        }
        for name, prefix, start in names
    ]
    accounts = []
    async with RawConnection(host, port, token) as connection:
        created = await connection.request("POST", "/v1/sequence-sets", {"sequenceSets": sets})
        assert created.succeeded, created.body
        for name, prefix, _ in names:
            contact = {"firstName": "Sophie", "lastName": "Germain"}
            body = {"name": name, "currency": "EUR", "sequenceSetName": name, "billToContact": contact}
            account = await connection.request("POST", "/v1/accounts", body)
            assert account.succeeded, account.body
            accounts.append((account.json["accountId"], prefix))
    return World(host, port, token, tuple(accounts))


class LoadClient:
    """One client on one connection. What it does is drawn from its own seeded random numbers."""

    def __init__(self, index: int, world: World, ledger: Ledger, random: Random) -> None:
        self.index = index
        self._world = world
        self._ledger = ledger
        self._random = random
        self._connection = world.connect()
        self._count = itertools.count()
        self._last: Attempt | None = None
        self.steps: tuple[Step, ...] = (
            self.auto_post,
            self.auto_post,
            self.draft_then_post,
            self.be_refused,
            self.be_refused,
            self.ask_again,
            self.ask_at_once,
            self.leave_half_way,
            self.leave_before_the_answer,
        )

    async def do_each(self, rounds: int) -> None:
        """Take every step so many times, in an order of its own."""
        steps = list(self.steps) * rounds
        self._random.shuffle(steps)
        with contextlib.closing(self):
            for step in steps:
                await step()

    async def connect(self) -> None:
        """Connect now, and not with the first step."""
        await self._connection.open()

    async def do_until_broken(self) -> None:
        """Take steps until the server goes away."""
        with contextlib.closing(self), contextlib.suppress(ConnectionBroken):
            while True:
                await self._random.choice(self.steps)()

    def close(self) -> None:
        self._connection.drop()

    async def auto_post(self) -> None:
        """Create a memo that is posted at once."""
        attempt = self._begin(keyed=self._random.random() < 0.5)
        self._tell(attempt, await self._create(self._connection, attempt))

    async def draft_then_post(self) -> None:
        """Create a draft, which shows a temporary number, then post it."""
        attempt = self._begin(keyed=False, draft=True)
        draft = await self._create(self._connection, attempt)
        assert draft.succeeded, draft.body
        assert draft.json["status"] == "Draft"
        assert draft.json["number"].startswith("TMP-CM-")
        attempt.draft_id = draft.json["id"]
        self._tell(attempt, await self._connection.request("PUT", f"{MEMOS}/{attempt.draft_id}/post"))

    async def be_refused(self) -> None:
        """Ask for what is not allowed; with a key, the refusal is kept and given again."""
        comment = self._comment()
        self._ledger.never.add(comment)
        if self._last is not None and self._random.random() < 0.2:
            path = f"{MEMOS}/{self._last.document_id}/post"
            await self._expect_refusal(await self._connection.request("PUT", path), 200)
            return
        change, status = self._random.choice(self._refusals())
        body = {**self._body(comment), **change}
        headers = {"Idempotency-Key": comment} if self._random.random() < 0.5 else {}
        answer = await self._connection.request("POST", MEMOS, body, headers)
        await self._expect_refusal(answer, status)
        if headers:
            again = await self._connection.request("POST", MEMOS, body, headers)
            assert (again.status, again.body) == (answer.status, answer.body)

    async def ask_again(self) -> None:
        """Send the same request with the same key once more after it was answered."""
        attempt = self._begin(keyed=True)
        first = await self._create(self._connection, attempt)
        self._tell(attempt, first)
        again = await self._create(self._connection, attempt)
        self._tell(attempt, again)
        assert again.body == first.body

    async def ask_at_once(self) -> None:
        """Send the same request with the same key on several connections together."""
        attempt = self._begin(keyed=True)
        async with contextlib.AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(self._world.connect()) for _ in range(RETRIES_AT_ONCE)]
            creations = (self._create(connection, attempt) for connection in connections)
            answers = await asyncio.gather(*creations, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, Answer):
                if answer.status == 409:
                    assert answer.json["success"] is False
                else:
                    self._tell(attempt, answer)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        # All answers may be 409 only if the first request is still on its way, and then somebody is told of it.
        assert attempt.is_told

    async def leave_half_way(self) -> None:
        """Hang up after half of the body. Nothing may come of it."""
        comment = self._comment()
        self._ledger.never.add(comment)
        async with self._world.connect() as connection:
            data = connection.encode("POST", MEMOS, self._body(comment), {"Idempotency-Key": comment})
            head, _, body = data.partition(b"\r\n\r\n")
            await connection.send(head + b"\r\n\r\n" + body[: len(body) // 2])

    async def leave_before_the_answer(self) -> None:
        """Hang up after the whole request, then ask with the same key what became of it."""
        attempt = self._begin(keyed=True)
        async with self._world.connect() as connection:
            await connection.send(connection.encode("POST", MEMOS, attempt.body, attempt.headers))
            attempt.hung_up = True
            if self._random.random() < 0.5:
                # Another answer on the way gives the server time to take the request in.
                await self._connection.request("GET", f"{MEMOS}/no-such-memo")
        self._tell(attempt, await settle(self._connection, attempt))

    def _begin(self, *, keyed: bool, draft: bool = False) -> Attempt:
        comment = self._comment()
        body = self._body(comment) | ({"autoPost": False} if draft else {})
        return self._ledger.begin(Attempt(self.index, comment, body, comment if keyed else None))

    def _tell(self, attempt: Attempt, answer: Answer) -> None:
        self._ledger.tell(attempt, answer)
        self._last = attempt

    def _comment(self) -> str:
        return f"client {self.index} {self._random.getrandbits(64):016x} memo {next(self._count)}"

    def _body(self, comment: str) -> dict[str, Any]:
        account_id, _ = self._random.choice(self._world.accounts)
        charges = [{"amount": self._random.randint(1, 99_999) / 100} for _ in range(self._random.randint(1, 3))]
        return {"accountId": account_id, "autoPost": True, "comment": comment, "charges": charges}

    def _refusals(self) -> list[tuple[dict[str, Any], int]]:
        """What may be wrong with a request, and the status that tells so."""
        _, prefix = self._random.choice(self._world.accounts)
        return [
            ({"currency": "ZZZ"}, 400),
            ({"currency": "USD"}, 200),
            ({"accountId": "f" * 32}, 404),
            ({"charges": [{"amount": 1.234}]}, 400),
            ({"charges": []}, 400),
            ({"noSuchField": 1}, 400),
            ({"number": f"{prefix}00000001"}, 200),
            ({"charges": [{"amount": 1}, {"amount": -1}]}, 400),
        ]

    async def _expect_refusal(self, answer: Answer, status: int) -> None:
        assert answer.status == status, answer.body
        assert answer.json["success"] is False

    @staticmethod
    async def _create(connection: RawConnection, attempt: Attempt) -> Answer:
        return await connection.request("POST", MEMOS, attempt.body, attempt.headers)


async def settle(connection: RawConnection, attempt: Attempt) -> Answer:
    """Ask again, as a client does that was not answered, until it is known what became of the attempt.

    Raises: ConnectionBroken.
    """
    if attempt.draft_id is not None:
        answer = await connection.request("PUT", f"{MEMOS}/{attempt.draft_id}/post")
        if not answer.succeeded:
            answer = await connection.request("GET", f"{MEMOS}/{attempt.draft_id}")
        return answer
    async with asyncio.timeout(KEY_IN_PROGRESS_SECONDS_MAX):
        while True:
            answer = await connection.request("POST", MEMOS, attempt.body, attempt.headers)
            if answer.status != 409:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)


async def run_clients(world: World, ledger: Ledger, seed: int, count: int, rounds: int) -> None:
    """So many clients at once, each taking every step so many times."""
    clients = _make_clients(world, ledger, seed, count)
    await asyncio.gather(*(client.do_each(rounds) for client in clients))


@contextlib.asynccontextmanager
async def busy_clients(world: World, ledger: Ledger, seed: int, count: int, told: int) -> AsyncIterator[None]:
    """So many clients at work. The body runs once they were told so many numbers more, and ends the server.

    All are connected before any begins: one that connected later might find a server again, and never end. A client
    that fails cancels the body.
    """
    enough, enough_count = asyncio.Event(), ledger.told_count + told

    def notice() -> None:
        if ledger.told_count >= enough_count:
            enough.set()

    ledger.noticed = notice
    clients = _make_clients(world, ledger, seed, count)
    for client in clients:
        await client.connect()
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.do_until_broken())
        await enough.wait()
        yield


def _make_clients(world: World, ledger: Ledger, seed: int, count: int) -> list[LoadClient]:
    """Clients that differ in their random numbers."""
    return [LoadClient(index, world, ledger, Random(seed * 1000 + index)) for index in range(count)]
