"""Requests that the server makes to its own APIs, through the same handler as everybody's and without a network."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from seriatim.http.exchange import Exchange, Handler, Headers
from seriatim.http.heads import Head


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """The answer to a local request."""

    status: int
    headers: Headers
    body: bytes
    seconds: float
    """How long the handler took."""


LocalSender = Callable[[str, str, Headers, bytes], Awaitable[LocalAnswer]]
"""Sends a request: method, target (a percent-encoded path, perhaps with a query), headers (lower case), body."""


def local_sender(handler: Handler) -> LocalSender:
    """What lets this handler answer local requests."""

    async def send(method: str, target: str, headers: Headers, body: bytes) -> LocalAnswer:
        """Send one request.

        Raises: RuntimeError, where the handler does not answer.
        """
        began_at = perf_counter()
        exchange = _LocalExchange(method, target, headers, body)
        await handler(exchange)
        if not exchange.is_answered:
            raise RuntimeError("the handler returned without an answer, or with half of one")
        status, answered = exchange.answered_head
        return LocalAnswer(status, answered, b"".join(exchange.parts), perf_counter() - began_at)

    return send


class _NoPeer:
    """The other end of a local exchange: it has sent all it has to say, and is never slow."""

    date_line = b""
    is_local = True
    is_reading = False
    is_ending = False

    def write(self, data: bytes) -> None:
        """Nothing is written: the exchange keeps its answer."""

    async def changed(self) -> None:
        """Nothing more arrives."""

    async def drained(self) -> None:
        """Nothing is slow."""

    def read_on(self) -> None:
        """Nothing was paused."""


class _LocalExchange(Exchange):
    """An exchange that has its whole request from the start, and keeps its answer."""

    __slots__ = ("answered_head", "parts")

    def __init__(self, method: str, target: str, headers: Headers, body: bytes) -> None:
        raw_path, _, query = target.partition("?")
        super().__init__(_NoPeer(), Head(method, raw_path, query.encode("ascii"), headers, "1.1", is_last=False))
        self.receive(body)
        self.is_whole = True
        self.answered_head: tuple[int, Headers] = (500, ())
        self.parts: list[bytes] = []

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Keep the whole answer."""
        self.begin_answer(status, headers)
        self.parts.append(body)
        self.end_answer()

    def begin_answer(self, status: int, headers: Headers) -> None:
        """Keep the head of an answer whose body comes in parts."""
        self.answered_head = (status, headers)
        self.is_begun = True

    async def send_part(self, data: bytes) -> None:
        """Keep a part of the body."""
        self.parts.append(data)

    def end_answer(self) -> None:
        """End the answer."""
        self.is_answered = True
