"""Whole stories under load, and the server is killed again and again: nobody loses a cent, nor a number."""

import asyncio
from pathlib import Path
from random import Random

from tests.crash.stories import living_clients
from tests.crash.story_books import EXPONENTS, Account, StoryBooks
from tests.crash.story_proof import prove
from tests.raw_http import RawConnection, fetch_token
from tests.servers import Server

HOST = "127.0.0.1"
CLIENTS = 64
ROUNDS = 20
TOLD_BEFORE_KILL_MAX = 2500
JITTER_SECONDS_MAX = 0.02
SEED = 20_260_315
STEPS = {
    *(f"POST /v1/{noun}" for noun in ("invoices", "credit-memos", "debit-memos", "payments")),
    *(f"PUT /v1/{noun}/{step}" for noun in ("credit-memos", "payments") for step in ("apply", "unapply")),
    *(f"PUT /v1/{noun}/{step}" for noun in ("invoices", "credit-memos") for step in ("reverse", "write-off")),
    *(f"PUT /v1/{noun}/{step}" for noun in ("invoices", "credit-memos", "debit-memos") for step in ("post", "unpost")),
    *(f"PUT /v1/{noun}/cancel" for noun in ("invoices", "credit-memos", "debit-memos", "refunds")),
    *("POST /v1/credit-memos/invoice", "POST /v1/credit-memos/refund", "POST /v1/payments/refunds"),
}


async def open_accounts(connection: RawConnection) -> list[Account]:
    """Two accounts in each currency, the first with a set of its own."""
    numberings = {"invoice": "I-", "creditMemo": "C-", "debitMemo": "D-", "payment": "PAY-", "refund": "REF-"}
    own = {kind: {"prefix": f"STORY-{prefix}", "startNumber": 1} for kind, prefix in numberings.items()}
    created = await connection.request("POST", "/v1/sequence-sets", {"sequenceSets": [{"name": "STORIES", **own}]})
    assert created.succeeded, created.body
    accounts = []
    for currency in EXPONENTS:
        for of_set in ({"sequenceSetName": "STORIES"}, {}):
            contact = {"firstName": "Emmy", "lastName": "Noether"}
            body = {"name": currency, "currency": currency, "billToContact": contact, **of_set}
            answer = await connection.request("POST", "/v1/accounts", body)
            assert answer.succeeded, answer.body
            accounts.append(Account(answer.json["accountId"], currency))
    return accounts


async def test_no_kill_loses_a_cent_or_a_number(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it when the test fails
    random, books = Random(SEED), StoryBooks()
    with Server(tmp_path) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)

        def connect() -> RawConnection:
            return RawConnection(HOST, server.port, token)

        async with connect() as connection:
            accounts = await open_accounts(connection)
        for round_number in range(ROUNDS):
            told = random.randint(TOLD_BEFORE_KILL_MAX // 4, TOLD_BEFORE_KILL_MAX)
            async with living_clients(connect, accounts, books, f"{SEED} {round_number}", CLIENTS, told):
                await asyncio.sleep(random.uniform(0, JITTER_SECONDS_MAX))
                server.kill()
            server.start()
            async with connect() as connection:
                await books.settle(connection)
            if round_number == 0:
                await prove(server, connect, accounts, books)
        await prove(server, connect, accounts, books)
        assert server.terminate() == 0
    print(dict(books.told), dict(books.refused))  # noqa: T201 - pytest shows it when the test fails
    # The stories were lived: every step was taken, clients got in each other's way, and kills cut requests off.
    assert books.told.keys() >= STEPS
    assert books.refused.keys() >= {"PUT /v1/credit-memos/apply", "PUT /v1/payments/apply"}
    assert books.unanswered >= ROUNDS
