"""Heads that are remembered: a request whose head came before is read as the parser would read it."""

import asyncio
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seriatim.http.connection import Connection
from seriatim.http.exchange import ClientDisconnected, Exchange
from seriatim.http.heads import (
    HEADS_REMEMBERED_MAX,
    REMEMBERED_HEAD_BYTES_MAX,
    REMEMBERED_HEADERS_MAX,
    Head,
    HeadMemory,
)
from seriatim.http.server import HttpServer
from tests.fakes import FixedClock

BODY_BYTES_MAX = 1_000_000
TURNS = 10
"""Of the event loop, after which a connection has answered what it has read."""

ENDINGS = ("close", "abort", "write_eof")
GET = b"GET /a?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = (
    GET,
    POST,
    POST + b"1234",
    POST + b"\r\n\r\n",
    b"abcd",
    b"\r\n\r\n",
    b"\r\n",
    CHUNKED,
    CHUNKED + b"4\r\n",
    b"0\r\n\r\n",
    GET[:20],
    GET[20:],
    GET.replace(b"\r\n", b"\n"),
    POST.replace(b"\r\n\r\n", b"\n\n"),
    GET.replace(b"/a", b"/%61"),
    GET.replace(b"Host: a", b"Connection: close"),
    GET.replace(b"Host: a", b"Connection: Upgrade\r\nUpgrade: other"),
    GET.replace(b"1.1", b"1.0"),
    POST.replace(b"Host: a", b"Expect: 100-continue"),
    POST.replace(b"POST", b"HEAD"),
)


class Forgetful(HeadMemory):
    """Remembers nothing: every request is the parser's."""

    def remember(self, data: bytes, head: Head, body_bytes: int) -> None:
        pass


class Transport:
    """The other end of a connection, which keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.sent.append(name) if name in ENDINGS else None


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def answered(heads: HeadMemory, connections: list[list[bytes]], *, waits: bool = True) -> list[object]:
    """What a server of this memory has understood and sent, when connections were sent these pieces, one by one.

    `waits`: each piece is sent when what came before it is answered.
    """
    seen: list[object] = []

    async def handle(exchange: Exchange) -> None:
        head = exchange.head
        try:
            body = await exchange.read_body(BODY_BYTES_MAX)
        except ClientDisconnected:
            seen.append(head.path)
            return
        seen.append((head.method, head.path, head.raw_path, head.query_string, tuple(head.headers), head.version, body))
        exchange.answer(200, (), b"answer")

    server = HttpServer(handle, FixedClock(), seen.append)
    server.heads = heads
    for pieces in connections:
        connection, transport = Connection(server), Transport()
        connection.connection_made(cast("asyncio.Transport", transport))
        for piece in pieces:
            connection.data_received(piece)
            if waits:
                await turns()
        await turns()
        connection.connection_lost(None)
        await turns()
        seen.append(transport.sent)
    return seen


@given(
    connections=st.lists(
        st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(b"".join), max_size=8), max_size=3
    ),
    waits=st.booleans(),
)
@example(connections=[[POST.replace(b": 4", b": 9999"), GET]], waits=True)
@example(connections=[[GET[:20], POST + b"1234"], [CHUNKED, POST + b"5678"]], waits=True)
@example(connections=[[POST, b"abcd"], [POST, b"abcd"]], waits=True)
@example(connections=[[GET, b"\r\n\r\n"], [b"\r\n\r\n"]], waits=False)
@settings(max_examples=200, deadline=None)
def test_a_server_that_remembers_understands_what_one_without_memory_does(
    connections: list[list[bytes]],
    waits: bool,  # noqa: FBT001 - given by name
) -> None:
    connections = [[GET], [POST + b"1234"], *connections]
    with_memory = asyncio.run(answered(HeadMemory(), connections, waits=waits))
    assert with_memory == asyncio.run(answered(Forgetful(), connections, waits=waits))


def head_of(data: bytes) -> Head:
    headers = [(b"name", b"value")] * (data.count(b"\r\n") - 2)
    return Head("POST", "/a", b"", headers, "1.1", is_last=False)


async def test_a_head_that_came_before_is_found_with_another_body_of_the_same_length() -> None:
    heads = HeadMemory()
    await answered(heads, [[POST + b"1234"], [GET]])
    for body in (b"5678", b"\r\n\r\n"):
        found = heads.find(POST + body)
        assert found is not None
        assert (found[0].path, found[1]) == ("/b", body)
    found = heads.find(GET)
    assert found is not None
    assert (found[0].path, found[0].values, found[1]) == ("/a", {b"host": b"a"}, b"")
    for other in (POST, POST + b"123", POST + b"12345", POST + b"1234" + GET, GET + GET, GET[:-1], b""):
        assert heads.find(other) is None


@pytest.mark.parametrize(
    "data",
    (
        b"\r\n\r\n" + GET,
        CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n",
        GET + GET,
        POST + b"1234\r\n",
        POST.replace(b"\r\n\r\n", b"\n\n") + b"1234",
        GET.replace(b"Host: a", b"Connection: close"),
    ),
)
async def test_what_does_not_tell_its_own_end_is_not_remembered(data: bytes) -> None:
    heads = HeadMemory()
    await answered(heads, [[data]])
    assert heads.find(data) is None
    assert heads.find(data[: data.find(b"\r\n\r\n") + 4]) is None


def test_the_oldest_head_is_forgotten_and_what_is_large_is_not_remembered() -> None:
    heads = HeadMemory()
    first, *others, last = [b"GET /%d HTTP/1.1\r\n\r\n" % index for index in range(HEADS_REMEMBERED_MAX + 1)]
    for data in (first, *others, last):
        heads.remember(data, head_of(data), 0)
    assert heads.find(first) is None
    assert heads.find(others[0]) is not None
    assert heads.find(last) is not None
    line = b"GET / HTTP/1.1\r\n"
    for data, is_remembered in (
        (line + b"A: ".ljust(REMEMBERED_HEAD_BYTES_MAX - len(line) - 4, b"x") + b"\r\n\r\n", True),
        (line + b"A: ".ljust(REMEMBERED_HEAD_BYTES_MAX - len(line) - 3, b"x") + b"\r\n\r\n", False),
        (line + b"A:\r\n" * REMEMBERED_HEADERS_MAX + b"\r\n", True),
        (line + b"A:\r\n" * (REMEMBERED_HEADERS_MAX + 1) + b"\r\n", False),
    ):
        heads.remember(data, head_of(data), 0)
        assert (heads.find(data) is not None) is is_remembered
