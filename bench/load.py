"""A closed-loop load generator: each connection sends a request, waits for the answer, and sends the next.

One thread over epoll and plain sockets, which looks at an answer no further than it must to know where it ends: it
shares the machine with what it measures, and says itself what processor time it took. It keeps every answer's body, so
that what was measured can be verified afterwards. `python -m bench.load` measures the generator itself.
"""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from select import EPOLLIN, epoll

HEAD_END = b"\r\n\r\n"
LENGTH_HEADER = b"content-length: "
SUCCESS = b"HTTP/1.1 200"
PATIENCE_SECONDS = 30
WARM_UP_SECONDS = 0.25
RECEIVE_BYTES = 262_144
EVENTS_MAX = 1024


@dataclass(slots=True)
class Measured:
    """What one run saw: seconds of each request after the warm-up, and the bodies of all answers."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    """What the generator itself took, warm-up included."""
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


class _Connection:
    """One connection of the closed loop."""

    __slots__ = ("arrived", "receive", "requests", "send", "sent_at")

    def __init__(self, connected: socket.socket, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.send: Callable[[bytes], None] = connected.sendall
        self.receive: Callable[[int], bytes] = connected.recv
        self.arrived = b""
        """The beginning of an answer that is not whole yet."""
        self.sent_at = 0.0


def request_bytes(path: str, token: str, body: bytes) -> bytes:
    """A POST request, ready to be sent again and again."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get_bytes(path: str, token: str) -> bytes:
    """A GET request, likewise."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def run_load(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, other_ports: Sequence[int] = ()
) -> Measured:
    """Send requests, one after another in turn, over so many connections for so many seconds after a warm-up.

    With further ports, connections and requests are dealt out: each port has its own share of both.
    Raises: RuntimeError, for an answer that is no success, a server that closes a connection, and one that does not
    answer.
    """
    with ExitStack() as stack:
        poller = stack.enter_context(epoll())
        open_connections: dict[int, _Connection] = {}
        ports = [port, *other_ports]
        shares = [cycle(requests[index :: len(ports)]) for index in range(len(ports))]
        for index in range(connections):
            place = index % len(ports)
            connected = socket.create_connection(("127.0.0.1", ports[place]), PATIENCE_SECONDS)
            stack.enter_context(connected)
            connected.settimeout(None)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poller.register(connected.fileno(), EPOLLIN)
            open_connections[connected.fileno()] = _Connection(connected, shares[place])
        return _run(poller, open_connections, seconds)


def _run(poller: epoll, waiting: dict[int, _Connection], seconds: float) -> Measured:
    """The loop."""
    clock = time.perf_counter
    measured = Measured()
    latencies, bodies = measured.latencies, measured.bodies
    measured_from = clock() + WARM_UP_SECONDS
    until = measured_from + seconds
    processor_at = time.process_time()
    for connection in waiting.values():
        connection.sent_at = clock()
        connection.send(next(connection.requests))
    answered_at = until
    while waiting:
        events = poller.poll(PATIENCE_SECONDS, EVENTS_MAX)
        if not events:
            raise RuntimeError(f"the server has not answered for {PATIENCE_SECONDS} seconds")
        for descriptor, _ in events:
            connection = waiting[descriptor]
            body = _body(connection)
            answered_at = clock()
            if body is None:
                continue
            bodies.append(body)
            if answered_at >= measured_from:
                latencies.append(answered_at - connection.sent_at)
            if answered_at < until:
                connection.sent_at = answered_at
                connection.send(next(connection.requests))
            else:
                poller.unregister(descriptor)
                del waiting[descriptor]
    measured.seconds = answered_at - measured_from
    measured.processor_seconds = time.process_time() - processor_at
    return measured


def _body(connection: _Connection) -> bytes | None:
    """The body of the answer that has arrived; None, where it is not whole yet.

    Raises: RuntimeError.
    """
    arrived = connection.receive(RECEIVE_BYTES)
    if not arrived:
        raise RuntimeError("the server closed the connection")
    if connection.arrived:
        arrived = connection.arrived + arrived
    body_at = arrived.find(HEAD_END) + len(HEAD_END)
    if body_at >= len(HEAD_END):
        length_at = arrived.index(LENGTH_HEADER) + len(LENGTH_HEADER)
        if len(arrived) - body_at >= int(arrived[length_at : arrived.index(b"\r", length_at)]):
            if not arrived.startswith(SUCCESS):
                raise RuntimeError(arrived.decode())
            connection.arrived = b""
            return arrived[body_at:]
    connection.arrived = arrived
    return None


def _answer_all(listener: socket.socket) -> None:
    """Answer whatever arrives, with as little effort as can be."""
    answer = b"HTTP/1.1 200 OK\r\n" + LENGTH_HEADER + b"1300" + HEAD_END + b"x" * 1300
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):
                if key.fileobj.recv(RECEIVE_BYTES):
                    key.fileobj.sendall(answer)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


def measure_generator(connections: int, seconds: float) -> Measured:
    """The generator against a process that does nothing but answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=EVENTS_MAX) as listener:
        process = multiprocessing.get_context("fork").Process(target=_answer_all, args=(listener,), daemon=True)
        process.start()
        try:
            request = request_bytes("/", "t" * 200, b"x" * 250)
            return run_load(listener.getsockname()[1], [request], connections, seconds)
        finally:
            process.terminate()
            process.join()


def main() -> None:
    """Say what the generator costs."""
    for connections in (1, 64, 256):
        measured = measure_generator(connections, 2.0)
        each = measured.processor_seconds / len(measured.bodies)
        print(
            f"{connections:>4} connections: {measured.rate:>7.0f} requests/s, {each * 1e6:.1f} us of processor time "
            f"each: at 20,000 requests/s the generator takes {each * 20_000:.0%} of a core"
        )


if __name__ == "__main__":
    main()
