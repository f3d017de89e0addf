"""One request and the answer to it, as the connection has read the one and writes the other."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from seriatim.errors import TooLarge

Headers = Sequence[tuple[bytes, bytes]]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_BODILESS_STATUSES = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientDisconnected(Exception):
    """The client went away before its request was whole. There is nobody to answer."""


class Peer(Protocol):
    """What an exchange asks of its connection."""

    @property
    def date_line(self) -> bytes:
        """The `date` header of the answers of this second."""

    @property
    def is_local(self) -> bool:
        """Whether the other end is on this machine."""

    @property
    def is_reading(self) -> bool:
        """Whether more may arrive."""

    @property
    def is_ending(self) -> bool:
        """Whether the next answer is the last one."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    async def changed(self) -> None:
        """Wait until something has arrived, or nothing more will, or it can be written to again."""

    async def drained(self) -> None:
        """Wait while the client is slow to read what was sent."""

    def read_on(self) -> None:
        """Read on, if so much has arrived that reading was paused."""


class Exchange:
    """A request as it was read, with its body on the way, and the one answer that it is given."""

    __slots__ = (
        "_chunks",
        "_expects_continue",
        "_is_chunked",
        "_peer",
        "headers",
        "is_answered",
        "is_begun",
        "is_last",
        "is_whole",
        "method",
        "path",
        "query_string",
        "raw_path",
        "received_bytes",
        "version",
        "waiting_bytes",
    )

    def __init__(
        self,
        peer: Peer,
        method: str,
        raw_path: str,
        path: str,
        query_string: bytes,
        headers: list[tuple[bytes, bytes]],
        version: str,
    ) -> None:
        self._peer = peer
        self.method = method
        self.raw_path = raw_path
        """The path as it was sent, percent-encoded."""
        self.path = path
        self.query_string = query_string
        self.headers = headers
        """The names are in lower case."""
        self.version = version
        self.is_last = version != "1.1"
        """Whether the connection ends with this exchange."""
        self.is_whole = False
        """Whether the whole request has arrived."""
        self.is_begun = False
        self.is_answered = False
        self.received_bytes = 0
        self.waiting_bytes = 0
        """How much of the body has arrived and was not asked for yet."""
        self._chunks: list[bytes] = []
        self._is_chunked = False
        self._expects_continue = False

    @property
    def scheme(self) -> str:
        """`http`, or what a proxy on this machine says that its client used."""
        forwarded = dict(self.headers).get(b"x-forwarded-proto", b"").strip().lower()
        return "https" if forwarded == b"https" and self._peer.is_local else "http"

    def expect_continue(self) -> None:
        """The client waits to be told to send its body."""
        self._expects_continue = True

    def receive(self, data: bytes) -> None:
        """Take in a part of the body. After the answer nobody asks for it any more."""
        self._expects_continue = False
        if not self.is_answered:
            self.received_bytes += len(data)
            self.waiting_bytes += len(data)
            self._chunks.append(data)

    async def read_body(self, bytes_max: int) -> bytes:
        """The whole body, up to a limit.

        Raises: TooLarge; ClientDisconnected.
        """
        while not self.is_whole and self.received_bytes <= bytes_max:
            self.waiting_bytes = 0
            await self._more()
        if self.received_bytes > bytes_max:
            raise TooLarge(f"the body is larger than {bytes_max} bytes; send less at once")
        return self._take()

    async def read_chunk(self) -> bytes | None:
        """The next part of the body; None at its end.

        Raises: ClientDisconnected.
        """
        while not self._chunks:
            if self.is_whole:
                return None
            await self._more()
        return self._take()

    async def ended(self) -> None:
        """Wait until the client has its whole answer, or has gone."""
        while self._peer.is_reading and not self.is_answered:
            await self._peer.changed()

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send the whole answer. Its length is told here, and stands in no header that is given."""
        length = b"" if status in _BODILESS_STATUSES else b"content-length: %d\r\n" % len(body)
        head = self._head(status, headers, length)
        self.is_begun = self.is_answered = True
        self._peer.write(head + body if length and self.method != "HEAD" else head)

    def begin_answer(self, status: int, headers: Headers) -> None:
        """Send the head of an answer whose body comes in parts, of a length that one of the headers tells, or none."""
        has_length = status in _BODILESS_STATUSES or any(name.lower() == b"content-length" for name, _ in headers)
        self._is_chunked = not has_length and self.version == "1.1"
        # To a client that knows no chunks, the end of the connection is the end of the answer; it ends with 1.0 anyway.
        head = self._head(status, headers, b"transfer-encoding: chunked\r\n" if self._is_chunked else b"")
        self.is_begun = True
        self._peer.write(head)

    async def send_part(self, data: bytes) -> None:
        """Send a part of the body after `begin_answer`."""
        if data and self.method != "HEAD":
            self._peer.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
            await self._peer.drained()

    def end_answer(self) -> None:
        """End the body after `begin_answer`."""
        self.is_answered = True
        if self._is_chunked and self.method != "HEAD":
            self._peer.write(b"0\r\n\r\n")

    def _take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        self.waiting_bytes = 0
        return b"".join(chunks)

    async def _more(self) -> None:
        if not self._peer.is_reading:
            raise ClientDisconnected
        if self._expects_continue:
            self._expects_continue = False
            self._peer.write(_CONTINUE)
        self._peer.read_on()
        await self._peer.changed()

    def _head(self, status: int, headers: Headers, length: bytes) -> bytes:
        if self._peer.is_ending or self._expects_continue:
            # Whoever still waits may send the body or leave it: nobody could tell where the next request begins.
            self.is_last = True
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        if lines.count(b"\n") != len(headers) or lines.count(b"\r") != len(headers):
            raise ValueError("a header of an answer holds a line break")
        ending = b"connection: close\r\n\r\n" if self.is_last else b"\r\n"
        return b"".join((_STATUS_LINES[status], self._peer.date_line, lines, length, ending))


Handler = Callable[[Exchange], Awaitable[None]]
"""Answers an exchange."""
