"""One request and the answer to it, as the connection has read the one and writes the other."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from seriatim.errors import TooLarge
from seriatim.http.heads import Head

Headers = Sequence[tuple[bytes, bytes]]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_BODILESS_STATUSES = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})
_HEAD_END = b"\r\n\r\n"
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

    def changed(self) -> Awaitable[None]:
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
        "head",
        "is_answered",
        "is_begun",
        "is_last",
        "is_whole",
        "received_bytes",
        "waiting_bytes",
    )

    def __init__(self, peer: Peer, head: Head) -> None:
        self._peer = peer
        self.head = head
        self.is_last = head.is_last
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
        self._expects_continue = head.expects_continue

    @property
    def scheme(self) -> str:
        """`http`, or what a proxy on this machine says that its client used."""
        forwarded = self.head.values.get(b"x-forwarded-proto", b"").strip().lower()
        return "https" if forwarded == b"https" and self._peer.is_local else "http"

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
        return self.take_body(bytes_max)

    def take_body(self, bytes_max: int) -> bytes:
        """The body as far as it has arrived, up to a limit: all of it, where the request is whole.

        Raises: TooLarge.
        """
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
        length = b"" if status in _BODILESS_STATUSES else b"content-length: %d" % len(body)
        head = self._head(status, headers, length)
        self.is_begun = self.is_answered = True
        self._peer.write(_HEAD_END.join((head, body if length and self.head.method != "HEAD" else b"")))

    def begin_answer(self, status: int, headers: Headers) -> None:
        """Send the head of an answer whose body comes in parts, of a length that one of the headers tells, or none."""
        has_length = status in _BODILESS_STATUSES or any(name.lower() == b"content-length" for name, _ in headers)
        self._is_chunked = not has_length and self.head.version == "1.1"
        # To a client that knows no chunks, the end of the connection is the end of the answer; it ends with 1.0 anyway.
        head = self._head(status, headers, b"transfer-encoding: chunked" if self._is_chunked else b"")
        self.is_begun = True
        self._peer.write(head + _HEAD_END)

    async def send_part(self, data: bytes) -> None:
        """Send a part of the body after `begin_answer`."""
        if data and self.head.method != "HEAD":
            self._peer.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
            await self._peer.drained()

    def end_answer(self) -> None:
        """End the body after `begin_answer`."""
        self.is_answered = True
        if self._is_chunked and self.head.method != "HEAD":
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
        """The head of the answer up to its last line's end."""
        if self._peer.is_ending or self._expects_continue:
            # Whoever still waits may send the body or leave it: nobody could tell where the next request begins.
            self.is_last = True
        lines = [_STATUS_LINES[status], self._peer.date_line, *[b": ".join(header) for header in headers]]
        if length:
            lines.append(length)
        if self.is_last:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if not head.count(b"\n") == head.count(b"\r") == len(lines) - 1:
            raise ValueError("a header of an answer holds a line break")
        return head


Handler = Callable[[Exchange], Awaitable[None]]
"""Answers an exchange."""
