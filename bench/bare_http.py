"""The product's HTTP server with nothing behind it: reads requests to their end, and answers the same bytes to all.

`python -m bench.bare_http`: serves on a free port, and prints it.
"""

import asyncio
import contextlib
import signal
import socket

import uvloop

from seriatim.http.exchange import Exchange
from seriatim.http.server import BACKLOG_CONNECTIONS, HttpServer
from seriatim.service.time import SystemClock

BODY_BYTES_MAX = 1_000_000
ANSWER = b"{" + b" " * 1150 + b"}"
HEADERS = ((b"content-type", b"application/json"),)


async def answer(exchange: Exchange) -> None:
    """Read the body, and answer."""
    await exchange.read_body(BODY_BYTES_MAX)
    exchange.answer(200, HEADERS, ANSWER)


def fail(error: Exception) -> None:
    """Nothing may go wrong here."""
    raise error


async def main() -> None:
    """Serve on a free port of this machine, and say which."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG_CONNECTIONS)
    told_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_stop.set)
    with contextlib.closing(listener):
        server = HttpServer(answer, SystemClock(), fail)
        await server.start(listener)
        print(listener.getsockname()[1], flush=True)
        await told_to_stop.wait()
        await server.stop(0)


if __name__ == "__main__":
    uvloop.run(main())
