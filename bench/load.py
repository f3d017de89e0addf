"""A closed-loop load generator: each connection sends a request, waits for the answer, and sends the next.

It keeps every answer's body, so that what was measured can be verified afterwards.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH_HEADER = b"content-length: "
PATIENCE_SECONDS = 30


@dataclass(slots=True)
class Measured:
    """What one run saw: seconds of each request, and the bodies of the answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """The latency below which so many percent of the requests stayed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


class _Connection(asyncio.Protocol):
    """One connection of the closed loop."""

    def __init__(self, request: bytes, until: float, measured: Measured) -> None:
        self._request = request
        self._until = until
        self._measured = measured
        self._buffer = bytearray()
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take the answer once it is whole, and send the next request."""
        self._buffer += data
        head_end = self._buffer.find(HEAD_END)
        if head_end < 0:
            return
        head = bytes(self._buffer[:head_end])
        length_at = head.index(LENGTH_HEADER) + len(LENGTH_HEADER)
        length = int(head[length_at:].split(b"\r\n", 1)[0])
        body_at = head_end + len(HEAD_END)
        if len(self._buffer) < body_at + length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(bytes(self._buffer).decode()))
            return
        now = time.perf_counter()
        self._measured.latencies.append(now - self._sent_at)
        self._measured.bodies.append(bytes(self._buffer[body_at:]))
        self._buffer.clear()
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail loudly: a benchmark of a server that has gone measures nothing."""
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the server closed the connection ({exc})"))

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        if self._transport is not None:
            self._transport.write(self._request)


def request_bytes(path: str, token: str, body: bytes) -> bytes:
    """A POST request, ready to be sent again and again."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run_load(port: int, request: bytes, connections: int, seconds: float) -> Measured:
    """Send a request over so many connections for so many seconds."""
    return uvloop.run(_run(port, request, connections, seconds))


async def _run(port: int, request: bytes, connections: int, seconds: float) -> Measured:
    loop = asyncio.get_running_loop()
    measured = Measured()
    began_at = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(request, began_at + seconds, measured), "127.0.0.1", port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + PATIENCE_SECONDS):
        await asyncio.gather(*(connection.done for _, connection in made))
    measured.seconds = time.perf_counter() - began_at
    for _, connection in made:
        connection.close()
    return measured


if __name__ == "__main__":
    sys.exit("run `python -m bench.throughput`")
