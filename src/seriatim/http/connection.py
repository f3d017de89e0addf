"""A connection of HTTP/1.1: bytes to exchanges, by httptools' parser, and a task that has them answered in turn.

What a client may do to a connection is bounded here: the size of a head, how long a head, a body and the reading of an
answer may take, and how much is read ahead of what is being answered.
"""

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools

from seriatim.http.exchange import Exchange, Handler
from seriatim.http.heads import Head, HeadMemory

HEAD_BYTES_MAX = 65_536
"""How much of a request line and headers may arrive beyond the first read. The body has limits of its own."""
BODY_BUFFER_BYTES_MAX = 65_536
"""How much of a body is read before somebody asks for it."""
REQUESTS_AHEAD_MAX = 100
"""How many requests may arrive before the first of them is answered."""
KEEP_ALIVE_SECONDS = 75
"""How long the first byte of a request is waited for."""
HEAD_SECONDS_MAX = 20
"""From the first byte of a request to the end of its headers."""
BODY_SECONDS_MAX = 120
"""From the end of the headers to the end of the body."""
ANSWER_SECONDS_MAX = 60
"""How long a client may be slow to read its answer."""
LINGER_SECONDS_MAX = 2
"""How long a client may go on sending after the last answer: closing at once could take the answer from it."""
LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})

_NEVER = float("inf")
_NO_HEAD = Head("", "", b"", (), "1.0", is_last=True)
_PLAIN_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_RETRIED_LATER = (*_PLAIN_TEXT, (b"retry-after", b"1"))
_UNAVAILABLE = 503


class Host(Protocol):
    """What a connection asks of its server."""

    loop: asyncio.AbstractEventLoop
    handler: Handler
    now_seconds: float
    """The loop's time, to the second."""
    date_line: bytes
    heads: HeadMemory

    def opened(self, connection: "Connection") -> bool:
        """Take in a connection; False: there are too many."""

    def turn_away(self, connection: "Connection") -> bool:
        """Take in a connection that is to be told that there are too many; False: there are too many of those, too."""

    def closed(self, connection: "Connection") -> None:
        """Let go of a connection."""

    def faulted(self, error: Exception) -> None:
        """A handler raised, which none should."""


class Connection(asyncio.Protocol):
    """Reads requests, has them answered one after another, and ends."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transport = cast("asyncio.Transport", None)
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_is_open = False
        self._head_bytes = 0
        self._receiving: Exchange | None = None
        """The exchange whose body is on its way."""
        self._exchanges: deque[Exchange] = deque()
        """Those whose heads have been read, oldest first; the first of them is being answered."""
        self._waiters: list[asyncio.Future[None]] = []
        self._fault: tuple[int, str] | None = None
        """Status and text for what is no request. Nothing is read after it."""
        self._is_connected = True
        self._is_deaf = False
        """Whether what arrives is thrown away."""
        self._reads = True
        self._writes = True
        self._read_deadline_seconds = _NEVER
        self._write_deadline_seconds = _NEVER
        self.is_ending = False
        self.task: asyncio.Task[None] | None = None

    @property
    def date_line(self) -> bytes:
        """The `date` header of the answers of this second."""
        return self._host.date_line

    @property
    def is_local(self) -> bool:
        """Whether the other end is on this machine."""
        name = self._transport.get_extra_info("peername")
        return bool(name) and str(name[0]) in LOOPBACK_ADDRESSES

    @property
    def is_reading(self) -> bool:
        """Whether more may arrive."""
        return self._is_connected and not self._is_deaf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or where the server has too many connections say so and end."""
        self._transport = cast("asyncio.Transport", transport)
        if self._host.opened(self):
            self._read_deadline_seconds = self._host.now_seconds + KEEP_ALIVE_SECONDS
            self.task = self._host.loop.create_task(self._serve())
        elif self._host.turn_away(self):
            self._fault = (_UNAVAILABLE, "The server has as many connections as it can serve; try again in a moment.")
            self._end(None)
        else:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: whoever waits for something learns that it will not come."""
        self._is_connected = False
        self._writes = True
        # The two refer to each other: this spares the garbage collector the work.
        self._parser = cast("httptools.HttpRequestParser", None)
        self._host.closed(self)
        self._wake()

    def pause_writing(self) -> None:
        """The client is slow to read: it gets some time."""
        self._writes = False
        self._write_deadline_seconds = self._host.now_seconds + ANSWER_SECONDS_MAX

    def resume_writing(self) -> None:
        """The client has read most of what was sent."""
        self._writes = True
        self._write_deadline_seconds = _NEVER
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        if self._is_deaf:
            return
        if self._head_is_open or self._receiving is not None:
            self._feed(data)
            return
        known = self._host.heads.find(data)
        if known is not None:
            head, body = known
            self._begin(head)
            if body:
                self.on_body(body)
            self.on_message_complete()
            return
        before = self._newest
        self._feed(data)
        newest = self._newest
        if newest is not None and newest is not before and newest.is_whole and not newest.is_last:
            self._host.heads.remember(data, newest.head, newest.received_bytes)

    @property
    def _newest(self) -> Exchange | None:
        return self._exchanges[-1] if self._exchanges else None

    def _feed(self, data: bytes) -> None:
        """Have the parser read what has arrived."""
        head_was_open = self._head_is_open
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request is answered, and what follows is no HTTP.
            self._is_deaf = True
            self._exchanges[-1].is_last = True
        except httptools.HttpParserError:
            self._refuse(400, "Invalid HTTP request received.")
        if head_was_open and self._head_is_open:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(400, f"The request line and headers are larger than {HEAD_BYTES_MAX} bytes.")

    def on_message_begin(self) -> None:
        """The parser: a request begins."""
        self._url = b""
        self._headers = []
        self._head_is_open = True
        self._head_bytes = 0
        if not self._is_deaf:
            self._read_deadline_seconds = self._host.now_seconds + HEAD_SECONDS_MAX

    def on_url(self, url: bytes) -> None:
        """The parser: a part of the request line."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser: a header."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The parser: the head is complete, and the request can be answered."""
        self._head_is_open = False
        if self._is_deaf:
            return
        raw_path, query_string = _split_target(self._url)
        parser = self._parser
        method, version = parser.get_method().decode(), parser.get_http_version()
        is_last = version != "1.1" or not parser.should_keep_alive()
        self._begin(Head(method, raw_path, query_string, self._headers, version, is_last=is_last))

    def _begin(self, head: Head) -> None:
        """A request has begun that can be answered."""
        if len(self._exchanges) >= REQUESTS_AHEAD_MAX:
            self._refuse(400, f"{REQUESTS_AHEAD_MAX} requests wait for their answers already.")
            return
        self._receiving = exchange = Exchange(self, head)
        self._exchanges.append(exchange)
        self._read_deadline_seconds = self._host.now_seconds + BODY_SECONDS_MAX
        if len(self._exchanges) > 1:
            self._pause_reading()
        self._wake()

    def on_body(self, data: bytes) -> None:
        """The parser: a part of the body."""
        exchange = self._receiving
        if exchange is not None:
            exchange.receive(data)
            if exchange.waiting_bytes > BODY_BUFFER_BYTES_MAX and not exchange.is_answered:
                self._pause_reading()
            self._wake()

    def on_message_complete(self) -> None:
        """The parser: the request is whole."""
        exchange, self._receiving = self._receiving, None
        if exchange is not None:
            exchange.is_whole = True
            self._read_deadline_seconds = (
                self._host.now_seconds + KEEP_ALIVE_SECONDS if exchange.is_answered else _NEVER
            )
            self._wake()

    def write(self, data: bytes) -> None:
        """Send bytes; a client that has gone gets none."""
        if self._is_connected:
            self._transport.write(data)

    def changed(self) -> asyncio.Future[None]:
        """Wait until something has arrived, or nothing more will, or it can be written to again."""
        waiter = self._host.loop.create_future()
        self._waiters.append(waiter)
        return waiter

    async def drained(self) -> None:
        """Wait while the client is slow to read what was sent."""
        while not self._writes:
            await self.changed()

    def read_on(self) -> None:
        """Read on, if so much has arrived that reading was paused."""
        if not self._reads and self._is_connected:
            self._reads = True
            self._transport.resume_reading()

    def finish(self) -> None:
        """End as soon as what is being answered is answered."""
        self.is_ending = True
        if not self._exchanges:
            self._transport.close()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    def check_deadlines(self, now_seconds: float) -> None:
        """End what has taken too long."""
        if now_seconds > self._write_deadline_seconds:
            self._transport.abort()
        elif now_seconds > self._read_deadline_seconds:
            exchange = self._receiving
            if not self.is_reading or (exchange is not None and exchange.is_answered):
                self._transport.abort()
            elif self._head_is_open or exchange is not None:
                self._refuse(408, "The request took too long to arrive.")
            else:
                self._transport.close()

    async def _serve(self) -> None:
        """Have every request answered, one after another."""
        try:
            while self._is_connected:
                if not self._exchanges:
                    if self._fault is not None:
                        break
                    await self.changed()
                    continue
                exchange = self._exchanges[0]
                try:
                    await self._host.handler(exchange)
                except Exception as error:  # noqa: BLE001 - a fault of one exchange must not lose the connection's task
                    self._excuse(exchange, error)
                self._exchanges.popleft()
                if exchange.is_last or not exchange.is_answered:
                    self._end(exchange)
                    return
                if len(self._exchanges) <= 1:
                    self.read_on()
                if exchange.is_whole and not self._head_is_open and not self._exchanges:
                    self._read_deadline_seconds = self._host.now_seconds + KEEP_ALIVE_SECONDS
                if not self._writes:
                    await self.drained()
            self._end(None)
        except BaseException:
            self._transport.abort()
            raise

    def _excuse(self, exchange: Exchange, error: Exception) -> None:
        """Answer what a handler has failed to, if nothing was answered yet."""
        self._host.faulted(error)
        if not exchange.is_begun:
            exchange.is_last = True
            exchange.answer(500, _PLAIN_TEXT, b"Internal Server Error")

    def _end(self, exchange: Exchange | None) -> None:
        """Tell what is wrong, if that is why the end has come, and close when nothing can be lost by it."""
        if exchange is not None and exchange.is_begun and not exchange.is_answered:
            # Half an answer must not look like a whole one.
            self._transport.abort()
            return
        if self._fault is not None and (exchange is None or not exchange.is_answered):
            status, text = self._fault
            last = Exchange(self, _NO_HEAD)
            last.answer(status, _RETRIED_LATER if status == _UNAVAILABLE else _PLAIN_TEXT, text.encode())
        elif exchange is None or exchange.is_whole or self.is_ending:
            self._transport.close()
            return
        self._is_deaf = True
        self._read_deadline_seconds = self._host.now_seconds + LINGER_SECONDS_MAX
        self.read_on()
        if self._is_connected:
            self._transport.write_eof()

    def _refuse(self, status: int, text: str) -> None:
        """Read nothing more. The client is told why, once what came before is answered."""
        self._fault = (status, text)
        self._is_deaf = True
        self._receiving = None
        self._read_deadline_seconds = _NEVER
        self._wake()

    def _pause_reading(self) -> None:
        if self._reads and self._is_connected:
            self._reads = False
            self._transport.pause_reading()

    def _wake(self) -> None:
        waiters = self._waiters
        if waiters:
            self._waiters = []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)


def _split_target(url: bytes) -> tuple[str, bytes]:
    """The path, percent-encoded, and the query of a request line's target.

    Raises: httptools.HttpParserInvalidURLError; UnicodeDecodeError. The parser makes an invalid request of either.
    """
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path.decode("ascii"), query
    parsed = httptools.parse_url(url)
    return (parsed.path or b"/").decode("ascii"), parsed.query or b""
