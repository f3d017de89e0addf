"""What a connection makes of bytes: requests in their order, answers in the same, and an end to what has none."""

import asyncio
import gc
import json
import re
import socket
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from seriatim.errors import TooLarge
from seriatim.http.connection import (
    ANSWER_SECONDS_MAX,
    BODY_BUFFER_BYTES_MAX,
    BODY_SECONDS_MAX,
    HEAD_SECONDS_MAX,
    KEEP_ALIVE_SECONDS,
    LINGER_SECONDS_MAX,
    REQUESTS_AHEAD_MAX,
)
from seriatim.http.exchange import ClientDisconnected, Exchange
from seriatim.http.server import HttpServer
from tests.fakes import FixedClock

PATIENCE_SECONDS = 5
LARGE_BYTES = 50_000_000
BODY_BYTES_MAX = 4 * BODY_BUFFER_BYTES_MAX
INVALID = "Invalid HTTP request received."
TOO_SLOW = "The request took too long to arrive."


@dataclass
class Answer:
    """An answer as it was read."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class World:
    """A server whose handler tells what it was asked, and what it met."""

    server: HttpServer
    address: tuple[str, int]
    clients: "list[Client]" = field(default_factory=list)
    handled: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, exchange: Exchange) -> None:
        self.handled.append(exchange.head.path)
        self.reached.set()
        if exchange.head.path == "/gated":
            await self.gate.wait()
        if exchange.head.path == "/fault":
            raise ZeroDivisionError
        if exchange.head.path == "/unread":
            exchange.answer(401, (), b"")
            return
        try:
            body = await exchange.read_body(BODY_BYTES_MAX)
        except TooLarge:
            exchange.answer(413, (), b"")
            return
        except ClientDisconnected:
            self.gone.append(exchange.head.path)
            return
        if exchange.head.path == "/large":
            exchange.answer(200, (), b"x" * LARGE_BYTES)
            return
        told = {
            "method": exchange.head.method,
            "path": exchange.head.path,
            "raw_path": exchange.head.raw_path,
            "query": exchange.head.query_string.decode(),
            "headers": [(name.decode(), value.decode()) for name, value in exchange.head.headers],
            "body": body.decode("latin-1") if len(body) < 100 else len(body),
        }
        exchange.answer(200, ((b"content-type", b"application/json"),), json.dumps(told).encode())

    async def connect(self) -> "Client":
        client = Client(*await asyncio.open_connection(*self.address))
        self.clients.append(client)
        return client


@dataclass
class Client:
    """The other end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_for_ever(self) -> None:
        while True:
            await self.send(b"x" * 1000)

    async def read(self, *, bodiless: bool = False) -> Answer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = 0 if bodiless else int(headers.get("content-length", 0))
            return Answer(int(first.split(" ")[1]), headers, await self.reader.readexactly(length))

    async def ask(self, data: bytes) -> Answer:
        await self.send(data)
        return await self.read()

    async def is_ended(self) -> bool:
        """Whether nothing more comes, soon."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read(1) == b""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = World(None, listener.getsockname())  # type: ignore[arg-type] # the two know each other
        made.server = HttpServer(made.handle, FixedClock(), made.faults.append)
        await made.server.start(listener)
        yield made
        made.gate.set()
        for client in made.clients:
            client.writer.transport.abort()
        await made.server.stop(PATIENCE_SECONDS)


@pytest.fixture
async def client(world: World) -> Client:
    return await world.connect()


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join((f"GET {path} HTTP/{version}", "Host: a", *headers, "", "")).encode()


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


async def test_a_request_is_read_whole_and_answered_with_its_length_and_the_date(client: Client) -> None:
    answer = await client.ask(post("/a%2Fb/%C3%A9?x=1&y=%20", b"hello", "X-Own: One"))
    assert answer.json == {
        "method": "POST",
        "path": "/a/b/é",
        "raw_path": "/a%2Fb/%C3%A9",
        "query": "x=1&y=%20",
        "headers": [["host", "a"], ["content-length", "5"], ["x-own", "One"]],
        "body": "hello",
    }
    assert answer.headers["date"] == "Sat, 14 Mar 2026 12:00:00 GMT"
    assert answer.headers["content-type"] == "application/json"
    assert "connection" not in answer.headers


async def test_a_request_may_arrive_byte_by_byte(client: Client) -> None:
    for each in post("/slow", b"body"):
        await client.send(bytes((each,)))
        await asyncio.sleep(0)
    assert (await client.read()).json["body"] == "body"


async def test_what_is_sent_ahead_is_answered_in_its_order(world: World, client: Client) -> None:
    await client.send(get("/gated") + post("/second", b"2") + get("/third"))
    await world.reached.wait()
    assert world.handled == ["/gated"]
    world.gate.set()
    assert [(await client.read()).json["path"] for _ in range(3)] == ["/gated", "/second", "/third"]


async def test_no_more_than_so_many_requests_are_taken_ahead(world: World, client: Client) -> None:
    await client.send(get("/gated") + get("/next") * (REQUESTS_AHEAD_MAX + 50))
    await world.reached.wait()
    world.gate.set()
    answers = [await client.read() for _ in range(REQUESTS_AHEAD_MAX + 1)]
    assert [answer.status for answer in answers] == [200] * REQUESTS_AHEAD_MAX + [400]
    assert await client.is_ended()


async def test_a_body_may_come_in_chunks(client: Client) -> None:
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await client.ask(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n")).json["body"] == "abcde"
    assert (await client.ask(get("/after"))).json["path"] == "/after"


async def test_a_large_body_arrives_whole_and_one_too_large_leaves_the_connection_usable(client: Client) -> None:
    answer = await client.ask(post("/large-body", b"x" * BODY_BYTES_MAX))
    assert answer.json["body"] == BODY_BYTES_MAX
    assert (await client.ask(post("/too-large", b"x" * (3 * BODY_BYTES_MAX)))).status == 413
    assert (await client.ask(get("/after"))).json["path"] == "/after"


async def test_a_body_that_nobody_asked_for_is_thrown_away(client: Client) -> None:
    assert (await client.ask(post("/unread", b"x" * BODY_BYTES_MAX))).status == 401
    assert (await client.ask(get("/after"))).json["path"] == "/after"


async def test_a_client_that_waits_to_be_told_is_told_to_send_its_body(client: Client) -> None:
    head = post("/wanted", b"12345", "Expect: 100-continue")
    await client.send(head[:-5])
    assert (await client.read(bodiless=True)).status == 100
    assert (await client.ask(head[-5:])).json["body"] == "12345"


async def test_a_client_that_was_not_told_to_send_its_body_is_answered_for_the_last_time(client: Client) -> None:
    await client.send(post("/unread", b"12345", "Expect: 100-continue")[:-5])
    answer = await client.read()
    assert (answer.status, answer.headers["connection"]) == (401, "close")
    assert await client.is_ended()


async def test_head_is_answered_without_a_body(client: Client) -> None:
    await client.send(get("/first").replace(b"GET", b"HEAD") + get("/second"))
    first, second = await client.read(bodiless=True), await client.read()
    assert int(first.headers["content-length"]) > 0
    assert second.json["path"] == "/second"


@pytest.mark.parametrize(
    "request_bytes",
    (
        get("/last", "Connection: close"),
        get("/last", version="1.0"),
        get("/last", "Connection: keep-alive", version="1.0"),
        get("/last", "Connection: close") + get("/never"),
    ),
)
async def test_the_last_answer_says_so_and_the_connection_ends(
    world: World, client: Client, request_bytes: bytes
) -> None:
    answer = await client.ask(request_bytes)
    assert (answer.json["path"], answer.headers["connection"]) == ("/last", "close")
    assert await client.is_ended()
    assert world.handled == ["/last"]


@pytest.mark.parametrize("upgrade", ("websocket", "h2c"))
async def test_no_other_protocol_is_spoken(client: Client, upgrade: str) -> None:
    answer = await client.ask(get("/plain", "Connection: Upgrade", f"Upgrade: {upgrade}") + b"\x00\x01 no HTTP")
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await client.is_ended()


async def test_a_request_may_name_the_whole_address(client: Client) -> None:
    answer = await client.ask(get("http://example.com/path?q=1"))
    assert (answer.json["path"], answer.json["query"]) == ("/path", "q=1")
    assert (await client.ask(get("http://example.com"))).json["path"] == "/"


@pytest.mark.parametrize(
    "request_bytes",
    (
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ),
)
async def test_what_is_no_request_is_told_so_and_ends_its_connection(
    world: World, client: Client, request_bytes: bytes
) -> None:
    answer = await client.ask(request_bytes)
    assert (answer.status, answer.body.decode(), answer.headers["connection"]) == (400, INVALID, "close")
    assert await client.is_ended()
    assert world.handled == []


async def test_what_came_before_nonsense_is_answered_first(world: World, client: Client) -> None:
    await client.send(get("/gated") + b"nonsense\r\n\r\n")
    await world.reached.wait()
    world.gate.set()
    assert (await client.read()).json["path"] == "/gated"
    assert (await client.read()).status == 400


async def test_a_broken_chunk_ends_the_request_that_it_belongs_to(world: World, client: Client) -> None:
    head = b"POST /broken HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    await client.send(head + b"3\r\nabc\r\n")
    await world.reached.wait()
    assert (await client.ask(b"zz\r\n")).status == 400
    assert world.gone == ["/broken"]


@pytest.mark.parametrize("path", ("/gated", "/never-whole"))
async def test_a_client_that_goes_away_takes_nobody_with_it(world: World, client: Client, path: str) -> None:
    await client.send(get(path) if path == "/gated" else post(path, b"12345")[:-1])
    await world.reached.wait()
    client.writer.transport.abort()
    world.gate.set()
    other = await world.connect()
    assert (await other.ask(get("/after"))).status == 200
    assert world.gone == ([] if path == "/gated" else [path])
    assert world.faults == []


async def test_a_fault_of_the_handler_is_told_and_ends_the_connection(world: World, client: Client) -> None:
    answer = await client.ask(get("/fault"))
    assert (answer.status, answer.body, answer.headers["connection"]) == (500, b"Internal Server Error", "close")
    assert [type(fault) for fault in world.faults] == [ZeroDivisionError]
    assert await client.is_ended()


@pytest.mark.parametrize("headers", ((), ("Connection: close",)))
async def test_a_connection_that_has_ended_is_let_go_without_the_garbage_collector(
    world: World, client: Client, headers: tuple[str, ...]
) -> None:
    await client.ask(get("/first"))
    gone = asyncio.Event()
    watched = [weakref.ref(each, lambda _: gone.set()) for each in world.server.connections]
    assert len(watched) == 1
    gc.disable()
    try:
        await client.ask(get("/last", *headers))
        client.writer.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await gone.wait()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("sent", "seconds", "told"),
    (
        (b"", KEEP_ALIVE_SECONDS, None),
        (get("/whole"), KEEP_ALIVE_SECONDS, None),
        (b"GET / HTTP/1.1\r\nX-Slow: ", HEAD_SECONDS_MAX, TOO_SLOW),
        (post("/half", b"12345")[:-1], BODY_SECONDS_MAX, TOO_SLOW),
    ),
)
async def test_what_takes_too_long_ends(
    world: World, client: Client, sent: bytes, seconds: int, told: str | None
) -> None:
    if sent == get("/whole"):
        await client.ask(sent)
    elif sent:
        await client.send(sent)
        # When this is answered, what was sent before has been read.
        await (await world.connect()).ask(get("/after"))
    now_seconds = world.server.now_seconds
    world.server.check_deadlines(now_seconds + seconds - 1)
    world.server.check_deadlines(now_seconds + seconds + 1)
    if told is not None:
        answer = await client.read()
        assert (answer.status, answer.body.decode()) == (408, told)
    assert await client.is_ended()


async def test_a_client_that_does_not_read_its_answer_is_let_go(world: World, client: Client) -> None:
    await client.send(get("/large"))
    await world.reached.wait()
    world.server.check_deadlines(world.server.now_seconds + ANSWER_SECONDS_MAX + 1)
    read_bytes = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while data := await client.reader.read(1_000_000):
            read_bytes += len(data)
    assert read_bytes < LARGE_BYTES
    assert (await (await world.connect()).ask(get("/after"))).status == 200


async def test_a_client_that_goes_on_after_the_last_answer_is_let_go(world: World, client: Client) -> None:
    assert (await client.ask(b"nonsense\r\n\r\n")).status == 400
    await client.send(b"x" * 1000)
    await (await world.connect()).ask(get("/after"))
    world.server.check_deadlines(world.server.now_seconds + LINGER_SECONDS_MAX + 1)
    with pytest.raises(OSError, match=re.compile("reset|broken", re.IGNORECASE)):
        await client.send_for_ever()
