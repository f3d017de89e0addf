"""A mail server as a URL names it, and one conversation with it (RFC 5321), which blocks its thread.

What goes wrong is told apart by what it means: the server is of no use just now, it does not want this mail or broke
off over it, or nobody knows whether it took it.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from seriatim.domain.commands.mails import HANDOVER_MAX
from seriatim.errors import InvalidValue

CONNECT_SECONDS_MAX = 10
"""How long to wait for a connection, and then for the server's greeting."""
ANSWER_SECONDS_MAX = 30
"""How long to wait for the answer to one command."""
TAKEN_SECONDS_MAX = HANDOVER_MAX.seconds // 3
"""How long to wait for the answer to a whole mail: the server may look through it. Giving up leaves it uncertain."""
REPLY_CHARACTERS_MAX = 300
"""Characters of a server's reply that are worth keeping."""
SUBMISSION_PORT = 587
SUBMISSION_TLS_PORT = 465
URL_RULE = (
    "name a mail server: smtp://user:password@host:587 (with STARTTLS) or smtps://user:password@host:465; "
    "a server without TLS must be asked for: smtp://host:25?starttls=never"
)

_READY_FOR_MAIL = 354
_DONE = 250
_REFUSED_FOR_NOW = 400
_REFUSED_FOR_GOOD = 500
_CLOSING = 421
_LINE_START_WITH_POINT = re.compile(rb"^\.", re.MULTILINE)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Security(StrEnum):
    """How the conversation is kept from others' ears."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class MailServerFailed(Exception):
    """The server cannot be reached, is not who it should be, or does not serve us. No mail is to blame."""


class ConversationBroken(Exception):
    """The server hung up or fell silent over this mail, and does not have it. With the next one it may well go on."""


class MailRefused(Exception):
    """The server does not take this mail."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


class MailUncertain(Exception):
    """The conversation ended after the mail was given, and before the server said that it has it."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who gets a mail, and who does not: address to the server's words."""

    accepted: tuple[str, ...]
    refused: dict[str, str]
    """For good."""
    put_off: dict[str, str]
    """For now."""


def mail_server(url: str, setting: str = "smtp_url") -> MailServer:
    """The mail server that a URL names.

    Raises: InvalidValue. A URL may carry a password, so the message shows no more of it than the scheme.
    """
    scheme = url.partition("://")[0] if "://" in url else ""

    def refusal(reason: str) -> InvalidValue:
        return InvalidValue(setting, f"{scheme}://…" if scheme else "…", f"{reason}; {URL_RULE}")

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        user, password = _credentials(parts)
    except ValueError:
        raise refusal("it is no URL") from None
    if parts.scheme not in ("smtp", "smtps"):
        raise refusal("its scheme is not known")
    if not host or parts.path not in ("", "/") or parts.fragment:
        raise refusal("it has to name a host, and nothing behind it")
    if (user is None) != (password is None):
        raise refusal("give a user and a password, or neither")
    if any(not (part or "a").isascii() or not (part or "a").isprintable() for part in (host, user, password)):
        raise refusal("host, user and password are printable ASCII, percent-encoded where need be")
    starttls = options.pop("starttls", "required")
    if options or starttls not in ("required", "never") or (parts.scheme == "smtps" and parts.query):
        raise refusal("the one option is starttls, required or never, of smtp")
    security = Security.TLS if parts.scheme == "smtps" else Security.STARTTLS
    if starttls == "never":
        security = Security.NONE
    if security is Security.NONE and password is not None and host not in _LOOPBACK:
        raise refusal("a password is not sent to another machine without TLS")
    usual_port = SUBMISSION_TLS_PORT if security is Security.TLS else SUBMISSION_PORT
    return MailServer(host, port or usual_port, security, user, password)


class Conversation:
    """One connection to a mail server, for one mail after another. One thread uses it; any may `abort` it."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: smtplib.SMTP | None = None

    def open(self) -> None:
        """Connect, start TLS, sign in.

        Raises: MailServerFailed.
        """
        server = self._server
        with self._told(MailServerFailed):
            if server.security is Security.TLS:
                self._client = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=CONNECT_SECONDS_MAX, context=ssl.create_default_context()
                )
            else:
                self._client = smtplib.SMTP(server.host, server.port, timeout=CONNECT_SECONDS_MAX)
            self._wait_at_most(ANSWER_SECONDS_MAX)
            if server.security is Security.STARTTLS:
                self._client.starttls(context=ssl.create_default_context())
            if server.user is not None and server.password is not None:
                self._client.login(server.user, server.password)
            self._client.ehlo_or_helo_if_needed()

    def is_ready(self) -> bool:
        """Whether the server, greeted some time ago, is still there; whom it was told of before is forgotten."""
        try:
            return self._client is not None and self._client.rset()[0] == _DONE
        except (smtplib.SMTPException, OSError):
            return False

    def address(self, sender: str, recipients: Sequence[str], size_bytes: int) -> Addressed:
        """Tell from whom a mail is, to whom, and how large: what comes before the mail itself.

        Raises: ConversationBroken; MailRefused, for the sender or the size.
        """
        client = self._connected()
        with self._told(ConversationBroken):
            options = [f"size={size_bytes}"] if client.has_extn("size") else []
            self._check(client.mail(sender, options))
            accepted, refused, put_off = [], dict[str, str](), dict[str, str]()
            for recipient in recipients:
                code, reply = client.rcpt(recipient)
                self._check_not_closing(code, reply)
                if code < _REFUSED_FOR_NOW:
                    accepted.append(recipient)
                else:
                    (refused if code >= _REFUSED_FOR_GOOD else put_off)[recipient] = self._words_of(code, reply)
            return Addressed(tuple(accepted), refused, put_off)

    def hand_over(self, content: bytes) -> None:
        """Give the server the mail that was addressed before. Without an exception, the mail is the server's now.

        Raises: ConversationBroken or MailRefused, when the server does not have it; MailUncertain, when it may.
        """
        client = self._connected()
        with self._told(ConversationBroken):
            code, reply = client.docmd("DATA")
            self._check_not_closing(code, reply)
            if code != _READY_FOR_MAIL:
                raise MailRefused(self._words_of(code, reply), is_final=code >= _REFUSED_FOR_GOOD)
        with self._told(MailUncertain):
            self._wait_at_most(TAKEN_SECONDS_MAX)
            client.send(_LINE_START_WITH_POINT.sub(b"..", content) + b".\r\n")
            code, reply = client.getreply()
            self._wait_at_most(ANSWER_SECONDS_MAX)
        self._check((code, reply))

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._client.close()
            self._client = None

    def abort(self) -> None:
        """Cut the connection: whatever waits for the server fails at once. For a server that stops."""
        found = None if self._client is None else self._client.sock
        if found is not None:
            with contextlib.suppress(OSError):
                # The shutdown of a TLS socket would take its state away from under the thread that reads.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            raise ConversationBroken("there is no connection")
        return self._client

    def _wait_at_most(self, seconds: int) -> None:
        found = self._connected().sock
        if found is not None:
            found.settimeout(seconds)

    def _check(self, answer: tuple[int, bytes]) -> None:
        code, reply = answer
        self._check_not_closing(code, reply)
        if code != _DONE:
            raise MailRefused(self._words_of(code, reply), is_final=code >= _REFUSED_FOR_GOOD)

    def _check_not_closing(self, code: int, reply: bytes) -> None:
        if code == _CLOSING:
            raise ConversationBroken(f"the mail server says: {self._words_of(code, reply)}")

    @contextmanager
    def _told(self, kind: type[MailServerFailed | ConversationBroken | MailUncertain]) -> Iterator[None]:
        """Turn what the library and the network raise into `kind`."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise kind(f"the mail server says: {self._words_of(error.smtp_code, error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            words = str(error) or type(error).__name__
            raise kind(f"the mail server {self._server.host}:{self._server.port}: {self._fit(words)}") from error

    def _words_of(self, code: int, reply: bytes | str) -> str:
        """A server's reply on one line."""
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return self._fit(f"{code} {text}")

    def _fit(self, text: str) -> str:
        """A text on one line, printable, not too long, and without the password, which a server may repeat."""
        if self._server.password:
            text = text.replace(self._server.password, "[redacted]")
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return " ".join(printable.split())[:REPLY_CHARACTERS_MAX]


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    """User and password of a URL; an empty one is none."""
    return unquote(parts.username or "") or None, unquote(parts.password or "") or None
