"""Requests that the server makes to its own APIs."""

import pytest

from seriatim.http.exchange import Exchange
from seriatim.http.local import local_sender

HEADERS = [(b"host", b"here"), (b"x-forwarded-proto", b"https")]


async def test_the_handler_sees_the_whole_request_and_its_answer_comes_back() -> None:
    seen = []

    async def handle(exchange: Exchange) -> None:
        body = await exchange.read_body(100)
        head = exchange.head
        seen.append((head.method, head.raw_path, head.path, head.query_string, exchange.scheme, body))
        exchange.answer(201, [(b"a", b"b")], b"made")

    answer = await local_sender(handle)("POST", "/v1/a%2Fb?c=%20d", HEADERS, b"body")
    assert seen == [("POST", "/v1/a%2Fb", "/v1/a/b", b"c=%20d", "https", b"body")]
    assert (answer.status, answer.headers, answer.body) == (201, [(b"a", b"b")], b"made")
    assert answer.seconds > 0


async def test_an_answer_may_come_in_parts() -> None:
    async def handle(exchange: Exchange) -> None:
        exchange.begin_answer(200, ())
        while (part := await exchange.read_chunk()) is not None:
            await exchange.send_part(part)
        await exchange.send_part(b" and more")
        exchange.end_answer()
        await exchange.ended()

    answer = await local_sender(handle)("POST", "/", HEADERS, b"this")
    assert (answer.status, answer.body) == (200, b"this and more")


async def test_half_an_answer_is_none() -> None:
    async def handle(exchange: Exchange) -> None:
        exchange.begin_answer(200, ())

    with pytest.raises(RuntimeError, match="without an answer"):
        await local_sender(handle)("GET", "/", HEADERS, b"")
