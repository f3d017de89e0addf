"""As much of an HTTP/1.1 client as load needs: one connection, no pool, and a hand on every byte.

The tests of crashes and of concurrency open hundreds of connections, break them off half-way, and must not be slower
than the server under test.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlencode

ANSWER_SECONDS_MAX = 60
"""After this long a test fails: nothing here takes a tenth of it."""


class ConnectionBroken(Exception):
    """The server went away before it had answered whole. What became of the request is not known."""


@dataclass(frozen=True)
class Answer:
    """A status, the headers by their names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def succeeded(self) -> bool:
        return self.status == 200 and self.json["success"] is True


class RawConnection:
    """One connection; it is opened with the first request, and again after it has been closed."""

    def __init__(self, host: str, port: int, token: str | None = None) -> None:
        self.host = host
        self.port = port
        self.token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self.drop()

    async def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and read its answer.

        Raises: ConnectionBroken.
        """
        await self.send(self.encode(method, path, body, headers))
        return await self.receive()

    def encode(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> bytes:
        """The bytes of a request; a body that is not bytes is sent as JSON."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Content-Length: {len(content)}"]
        given = dict(headers or {})
        if content:
            given.setdefault("Content-Type", "application/json")
        if self.token is not None:
            given.setdefault("Authorization", f"Bearer {self.token}")
        lines += [f"{name}: {value}" for name, value in given.items()]
        return "\r\n".join([*lines, "", ""]).encode() + content

    async def open(self) -> None:
        """Connect now, and not with the first request."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)

    async def send(self, data: bytes) -> None:
        """Send bytes, and see them off.

        Raises: ConnectionBroken.
        """
        try:
            await self.open()
            assert self._writer is not None
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            self.drop()
            raise ConnectionBroken(str(error)) from error

    async def receive(self) -> Answer:
        """Read one answer.

        Raises: ConnectionBroken.
        """
        if self._reader is None:
            raise ConnectionBroken("nothing was sent")
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            try:
                answer = await _read_answer(self._reader)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.drop()
                raise ConnectionBroken(str(error)) from error
        if answer.headers.get("connection") == "close":
            self.drop()
        return answer

    def drop(self) -> None:
        """Break the connection off, whatever is under way."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(first.split(" ")[1]), headers, body)


async def fetch_token(host: str, port: int, client_id: str, client_secret: str) -> str:
    """Sign in; the access token."""
    form = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with RawConnection(host, port) as connection:
        answer = await connection.request("POST", "/oauth/token", urlencode(form).encode(), headers)
    assert answer.status == 200, answer.body
    token: str = answer.json["access_token"]
    return token
