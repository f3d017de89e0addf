"""An ASGI application as the handler of exchanges: for pages and other things that a framework makes more easily."""

from typing import Any

from starlette.types import ASGIApp, Message

from seriatim.http.exchange import ClientDisconnected, Exchange, Handler

_VERSIONS = {"version": "3.0", "spec_version": "2.3"}


def asgi_handler(application: ASGIApp) -> Handler:
    """The handler that lets an ASGI application answer."""

    async def handle(exchange: Exchange) -> None:
        answer = _Answer(exchange)
        await application(_scope_of(exchange), answer.receive, answer.send)
        if not exchange.is_answered:
            raise RuntimeError("the application returned without an answer, or with half of one")

    return handle


class _Answer:
    """What an application is given to read the request by and to send its answer by."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._has_body = False
        self._head: tuple[int, list[tuple[bytes, bytes]]] = (500, [])

    async def receive(self) -> Message:
        try:
            chunk = None if self._has_body else await self._exchange.read_chunk()
            if chunk is not None:
                return {"type": "http.request", "body": chunk, "more_body": True}
        except ClientDisconnected:
            return {"type": "http.disconnect"}
        if not self._has_body:
            self._has_body = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._exchange.ended()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        exchange = self._exchange
        if message["type"] == "http.response.start":
            self._head = (message["status"], list(message.get("headers", ())))
            return
        status, headers = self._head
        body, has_more = message.get("body", b""), message.get("more_body", False)
        if not exchange.is_begun and not has_more:
            exchange.answer(status, [header for header in headers if header[0].lower() != b"content-length"], body)
            return
        if not exchange.is_begun:
            exchange.begin_answer(status, headers)
        await exchange.send_part(body)
        if not has_more:
            exchange.end_answer()


def _scope_of(exchange: Exchange) -> dict[str, Any]:
    head = exchange.head
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": head.version,
        "method": head.method,
        "scheme": exchange.scheme,
        "path": head.path,
        "raw_path": head.raw_path.encode("ascii"),
        "query_string": head.query_string,
        "root_path": "",
        "headers": list(head.headers),
        "client": None,
        "server": None,
    }
