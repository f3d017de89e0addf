"""64 clients at once, on one series and on several: posting, refused, asking again, hanging up."""

import asyncio
from pathlib import Path

import pytest

from tests.concurrency.ledger import Ledger
from tests.concurrency.load import MEMOS, make_world, run_clients
from tests.concurrency.proof import check_client_order, prove
from tests.raw_http import fetch_token
from tests.servers import Server

CLIENTS = 64
ROUNDS = 3
HOST = "127.0.0.1"
ONE_SERIES = {"ONE-": 11}
SEVERAL_SERIES = {"ALPHA-": 1, "BETA-": 11, "GAMMA-": 990, "DELTA-": 99_999_900}
"""The last one runs over the eight digits to which numbers are padded."""


@pytest.mark.parametrize("prefixes", (ONE_SERIES, SEVERAL_SERIES), ids=("one series", "several series"))
async def test_64_clients_leave_gapless_series(tmp_path: Path, prefixes: dict[str, int]) -> None:
    with Server(tmp_path) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, prefixes)
        ledger = Ledger()
        await run_clients(world, ledger, seed=1, count=CLIENTS, rounds=ROUNDS)
        assert ledger.untold == []
        check_client_order(ledger)
        books = await prove(server, world, ledger)
        # Every attempt of the load is one that succeeds in the end: nothing else may have been issued.
        assert len(books.issued) == len(ledger.attempts)
        assert {prefix for prefix, (start, following) in books.series.items() if following > start} == set(prefixes)
        assert "request_failed" not in server.logs()
        assert server.terminate() == 0


async def test_a_draft_that_many_post_at_once_takes_one_number(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        token = await fetch_token(HOST, server.port, server.client_id, server.client_secret)
        world = await make_world(HOST, server.port, token, ONE_SERIES)
        body = {"accountId": world.accounts[0][0], "charges": [{"amount": 1}]}
        connections = [world.connect() for _ in range(CLIENTS)]
        for expected in range(11, 14):
            draft = await connections[0].request("POST", MEMOS, body)
            path = f"{MEMOS}/{draft.json['id']}/post"
            answers = await asyncio.gather(*(connection.request("PUT", path) for connection in connections))
            posted = [answer for answer in answers if answer.succeeded]
            assert [answer.json["number"] for answer in posted] == [f"ONE-{expected:08d}"]
            assert {answer.status for answer in answers} == {200}
        for connection in connections:
            connection.drop()
