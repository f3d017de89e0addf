"""The HTTP server: listens, keeps its connections, looks at their deadlines once a second, and stops in good order."""

import asyncio
import socket
from collections.abc import Callable
from email.utils import format_datetime

from seriatim.http.connection import LINGER_SECONDS_MAX, Connection
from seriatim.http.exchange import Handler
from seriatim.http.heads import HeadMemory
from seriatim.service.ports import Clock

CONNECTIONS_MAX = 10_000
"""Of one process. What comes beyond is told to come back."""
TURNED_AWAY_MAX = 1_000
"""How many connections beyond are told so at a time. What comes beyond even that is closed at once."""
BACKLOG_CONNECTIONS = 2048
CANCEL_SECONDS_MAX = 5
"""How long an exchange that is told to stop may take to tell its client so."""
_TICK_SECONDS = 1


class HttpServer:
    """Serves one listening socket. Make it in the loop that runs it."""

    def __init__(self, handler: Handler, clock: Clock, faulted: Callable[[Exception], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.handler = handler
        self.now_seconds = 0.0
        self.date_line = b""
        self.heads = HeadMemory()
        self._clock = clock
        self._faulted = faulted
        self.connections: set[Connection] = set()
        """Those that are open."""
        self.turned_away: set[Connection] = set()
        """Those that came beyond the limit, and may still be reading that they did."""
        self._server: asyncio.Server | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._all_closed = asyncio.Event()

    async def start(self, listener: socket.socket) -> None:
        """Accept connections."""
        self._tick()
        self._server = await self.loop.create_server(
            lambda: Connection(self), sock=listener, backlog=BACKLOG_CONNECTIONS
        )

    async def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, answer what is under way, and tell those who must wait longer than that to ask again."""
        if self._server is not None:
            self._server.close()
        _abort(self.turned_away)
        for connection in list(self.connections):
            connection.finish()
        tasks = {connection.task for connection in self.connections if connection.task is not None}
        for wait_seconds in (grace_seconds, CANCEL_SECONDS_MAX):
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=wait_seconds)
            for task in tasks:
                task.cancel()
        try:
            async with asyncio.timeout(LINGER_SECONDS_MAX):
                while self.connections:
                    self._all_closed.clear()
                    await self._all_closed.wait()
        except TimeoutError:
            _abort(self.connections)
        if self._ticking is not None:
            self._ticking.cancel()

    def hurry(self) -> None:
        """Tell all who are not answered yet to ask again."""
        for connection in self.connections:
            if connection.task is not None:
                connection.task.cancel()

    def opened(self, connection: Connection) -> bool:
        """Take in a connection; False: there are too many."""
        if len(self.connections) >= CONNECTIONS_MAX:
            return False
        self.connections.add(connection)
        return True

    def turn_away(self, connection: Connection) -> bool:
        """Take in a connection that is to be told that there are too many; False: there are too many of those, too."""
        if len(self.turned_away) >= TURNED_AWAY_MAX:
            return False
        self.turned_away.add(connection)
        return True

    def closed(self, connection: Connection) -> None:
        """Let go of a connection."""
        self.connections.discard(connection)
        self.turned_away.discard(connection)
        if not self.connections:
            self._all_closed.set()

    def faulted(self, error: Exception) -> None:
        """A handler raised, which none should."""
        self._faulted(error)

    def check_deadlines(self, now_seconds: float) -> None:
        """End what has taken too long by the loop's time."""
        self.now_seconds = now_seconds
        for connection in (*self.connections, *self.turned_away):
            connection.check_deadlines(now_seconds)

    def _tick(self) -> None:
        self.date_line = f"date: {format_datetime(self._clock.now(), usegmt=True)}".encode()
        self.check_deadlines(self.loop.time())
        self._ticking = self.loop.call_later(_TICK_SECONDS, self._tick)


def _abort(connections: set[Connection]) -> None:
    for connection in list(connections):
        connection.abort()
