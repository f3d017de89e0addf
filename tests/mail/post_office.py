"""A real mail server of a test: what it was given, and whom and what it refuses."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail that was taken."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def pdf(self) -> tuple[str | None, bytes]:
        """The name and the content of what is attached."""
        (part,) = self.message.iter_attachments()
        assert part.get_content_type() == "application/pdf"
        return part.get_filename(), part.get_content()

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return cast("str", body.get_content())


@dataclass(slots=True)
class PostOffice:
    """Answers as it is told to; everything else it takes."""

    deliveries: list[Delivery] = field(default_factory=list)
    recipient_answers: dict[str, list[str]] = field(default_factory=dict)
    """By address: what is said to the first, the second... mail for it; then it is taken."""
    data_answers: list[str] = field(default_factory=list)
    """What is said after the first, the second... mail was given; then they are taken."""
    at_ehlo: Callable[[], Any] | None = None
    """Awaited before the client is greeted back."""
    at_data: Callable[[], Any] | None = None
    """Awaited after a mail was taken, and before the client is told."""
    hangs_up_on: str | None = None
    """Whoever sends to this address is left without an answer."""
    hang_ups: int = 0
    """So many times it is gone before the client is told that a mail was taken."""
    connections: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}?starttls=never"

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Any, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        if self.at_ehlo is not None:
            await self.at_ehlo()
        return responses

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.hangs_up_on:
            _abort(server)
        answers = self.recipient_answers.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802 - likewise
        if self.data_answers:
            return self.data_answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert envelope.mail_from is not None
        self.deliveries.append(Delivery(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        if self.at_data is not None:
            await self.at_data()
        if self.hang_ups:
            self.hang_ups -= 1
            _abort(server)
        return "250 OK: it is ours now"

    def authenticate(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        # What is not "handled" is refused with the usual answer.
        is_right = data.password == b"right"
        return AuthResult(success=is_right, handled=is_right)

    @asynccontextmanager
    async def open(self, tls: ssl.SSLContext | None = None, *, auth: bool = False) -> AsyncIterator["PostOffice"]:
        """Serve, on the port of the last time if there was one; with TLS, if there is a context for it."""
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(
                self,
                hostname="post.example",
                tls_context=tls,
                require_starttls=tls is not None,
                authenticator=self.authenticate if auth else None,
                auth_require_tls=True,
                auth_required=auth,
                loop=loop,
            )

        server = await loop.create_server(protocol, HOST, self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def _abort(server: SMTP) -> None:
    """Hang up without a word."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
