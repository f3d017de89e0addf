"""One operation of an API as a value, and the way of one request through it.

The edge reads and checks what every request has in common, calls the handler, and turns whatever comes back or is
raised into the dialect's answer. A reply to a write is made only after the commit.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import msgspec

from seriatim.auth.permissions import Permission, check
from seriatim.domain.client import ApiClient
from seriatim.domain.client import Scope as CallerScope
from seriatim.domain.commands.base import Command, KeepAnswer
from seriatim.domain.decide import Keyed, Replay, Result
from seriatim.domain.idempotency import IdempotencyKey
from seriatim.domain.values import value
from seriatim.errors import Category, InternalError, MethodNotAllowed, NotFound, SeriatimError, Unavailable
from seriatim.http.body import GZIP_FROM_BYTES, accepts_gzip, compress_answer, expand_body
from seriatim.http.decoding import decode_body, decode_query
from seriatim.http.exchange import ClientDisconnected, Exchange
from seriatim.http.ratelimit import Allowance, RateLimiter, check_allowance
from seriatim.service.ports import Clock, IdSource, Store, StoreUnavailable
from seriatim.service.writer import Writer

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")
T = TypeVar("T")

CATEGORIES_NOT_KEPT = frozenset(
    {
        Category.UNAUTHENTICATED,
        Category.FORBIDDEN,
        Category.INVALID_HEADER,
        Category.KEY_IN_PROGRESS,
        Category.KEY_REUSED,
        Category.CONFLICT,
        Category.TOO_LARGE,
        Category.NOT_SERVED,
        Category.RATE_LIMITED,
        Category.OVERLOADED,
        Category.UNAVAILABLE,
        Category.INTERNAL,
    }
)
"""Failures that are not the operation's own answer: with the same idempotency key they may turn out otherwise."""


_METHOD_NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED.value


@value(frozen=True, slots=True)
class Reply:
    """An answer, ready to be sent."""

    status: int
    body: bytes
    media_type: bytes | None = None
    """None: JSON, as the dialect names it."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    error: Exception | None = None
    """The failure that this reply tells about, for the log."""


class RequestObserver(Protocol):
    """Somebody who counts and logs requests."""

    def answered(self, call: "Call[Any, Any]", reply: Reply, seconds: float) -> None:
        """A request was answered."""

    def faulted(self, call: "Call[Any, Any]", error: Exception) -> None:
        """A request met a fault of the server."""


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """The limits of a request's size, in bytes."""

    body_bytes_max: int
    expanded_body_bytes_max: int


@dataclass(frozen=True, slots=True)
class Edge:
    """What the handlers of every dialect work with."""

    store: Store
    writer: Writer
    clock: Clock
    ids: IdSource
    limits: EdgeLimits
    rate_limiter: RateLimiter
    observer: RequestObserver
    can_send_mail: bool = False
    """Whether there is a mail server to hand mail to."""
    mail_queued: Callable[[], None] = lambda: None
    """To be called after the commit that queued a mail, so that it goes out at once."""


class Call(Generic[BodyT, QueryT]):
    """One request on its way."""

    __slots__ = (
        "allowance",
        "api_version",
        "body",
        "caller",
        "client",
        "dialect",
        "edge",
        "endpoint",
        "exchange",
        "fingerprint",
        "headers",
        "idempotency_key",
        "method",
        "path",
        "path_params",
        "query",
        "query_string",
        "raw_body",
        "request_id",
        "track_id",
    )

    body: BodyT
    query: QueryT
    client: ApiClient
    caller: CallerScope

    def __init__(
        self,
        edge: Edge,
        dialect: "Dialect",
        endpoint: "Endpoint | None",
        exchange: Exchange,
        path_params: Mapping[str, str],
    ) -> None:
        self.edge = edge
        self.dialect = dialect
        self.endpoint = endpoint
        self.exchange = exchange
        head = exchange.head
        self.method = head.method
        self.path = head.path
        self.path_params = path_params
        self.query_string = head.query_string
        self.headers = head.values
        self.request_id = edge.ids.new_uuid()
        self.track_id: str | None = None
        self.api_version = ""
        """The dated version of the API that the answer keeps to; empty where the dialect has none."""
        self.idempotency_key: str | None = None
        self.fingerprint = ""
        self.allowance: Allowance | None = None
        self.raw_body = b""

    @property
    def scheme(self) -> str:
        """`http` or `https`, as the client sees it."""
        return self.exchange.scheme

    def header(self, name: bytes) -> str | None:
        """The value of a header (its name in lower case), or None where it is absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def write(self, command: Command[T], present: Callable[[T], bytes]) -> Reply:
        """Carry out a command; `present` (pure) makes the body of the answer from its outcome.

        With an idempotency key the answer is kept in the command's own transaction, and a retry gets it again.
        Raises: SeriatimError, for a refusal that no key asks to be kept.
        """
        key = self.idempotency_key
        keyed = None if key is None else self._keyed(partial(self._render, present), key)
        result = await self.edge.writer.submit(command, keyed)
        if keyed is not None:
            reply = _reply_kept(result)
            if reply is not None:
                return reply
        if result.error is not None:
            raise result.error
        return Reply(self.success_status, present(result.outcome))

    def _render(self, present: Callable[[T], bytes], outcome: T | SeriatimError) -> tuple[int, bytes] | None:
        """Status and body of the answer to a write, if it is one that is kept."""
        if not isinstance(outcome, SeriatimError):
            return self.success_status, present(outcome)
        if outcome.category in CATEGORIES_NOT_KEPT:
            return None
        reply = self.dialect.failure(self, outcome)
        return reply.status, reply.body

    @property
    def success_status(self) -> int:
        """The status of an answer to a write that went well."""
        return 200 if self.endpoint is None else self.endpoint.success_status

    async def keep_failure(self, error: SeriatimError) -> Reply:
        """Keep the answer to a request that was refused before it became a command, if it came with a key.

        Raises: SeriatimError: the failure itself, or why its key cannot be used.
        """
        if self.idempotency_key is None or error.category in CATEGORIES_NOT_KEPT:
            raise error
        failure = self.dialect.failure(self, error)
        keyed = self._keyed(lambda _: (failure.status, failure.body), self.idempotency_key)
        result = await self.edge.writer.submit(KeepAnswer(), keyed)
        raise_from = result.error
        if raise_from is not None:
            raise raise_from
        return _reply_kept(result) or failure

    def _keyed(self, render: Callable[[Any], tuple[int, bytes] | None], key: str) -> Keyed:
        if not self.fingerprint:
            self.fingerprint = self._make_fingerprint()
        return Keyed(IdempotencyKey(self.client.id, key, self.fingerprint), render)

    def _make_fingerprint(self) -> str:
        """A digest of what makes this request the same as another: method, URL, entity and body."""
        digest = hashlib.sha256()
        for part in (self.method.encode(), self.path.encode(), self.query_string, self.caller.entity_id.encode()):
            digest.update(part + b"\n")
        if self.api_version:
            digest.update(self.api_version.encode() + b"\n")
        digest.update(self.raw_body)
        return digest.hexdigest()


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The query of an operation that takes none."""


Handler = Callable[[Any], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation: where it is, what it takes and gives, who may call it, and what does the work."""

    method: str
    path: str
    operation_id: str
    summary: str
    handler: Handler
    permission: Permission | None
    """None: no credentials are asked for."""
    answer: Any
    """The type of a successful answer's body."""
    success_status: int = 200
    body: Any = None
    """The type of the request's body; None: the body is not read as JSON."""
    body_required: bool = True
    form: Any = None
    """The type of the form that the handler reads from the body itself."""
    query: Any = None
    """The type of the query; None: no parameter is known."""
    tag: str = ""


class Dialect(Protocol):
    """What sets one API apart from another at the edge."""

    name: str
    media_type: bytes
    """What its answers in JSON say that they are."""
    document_path: str
    """Where the server has its OpenAPI document."""

    def read_headers(self, call: Call[Any, Any]) -> None:
        """Read the headers that have nothing to do with who calls.

        Raises: InvalidHeader.
        """

    async def authenticate(self, call: Call[Any, Any]) -> None:
        """Find out who calls and for which entity and orgs, and set `call.client` and `call.caller`.

        Raises: Unauthenticated, Forbidden, InvalidHeader, Unavailable.
        """

    def failure(self, call: Call[Any, Any], error: SeriatimError) -> Reply:
        """The answer that tells about a failure. It must be pure: it is kept with idempotency keys."""

    def headers(self, call: Call[Any, Any]) -> list[tuple[bytes, bytes]]:
        """Headers that every answer to this call carries."""


@dataclass(slots=True)
class EndpointApp:
    """Answers requests for the endpoints that share one path."""

    edge: Edge
    dialect: Dialect
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    """By method. None at all stand for every path that no other application has."""

    def refuse_unmatched(self, call: Call[Any, Any]) -> NoReturn:
        """Tell a request that none of the endpoints fits it.

        Raises: NotFound, MethodNotAllowed.
        """
        if not self.endpoints:
            advice = f"see {self.dialect.document_path} for those there are"
            raise NotFound("operation", f"{call.method} {call.path}", advice)
        allowed = ", ".join(sorted(self.endpoints))
        raise MethodNotAllowed(f"{call.method} is not served at this address; use {allowed}")

    async def handle(self, exchange: Exchange, path_params: Mapping[str, str]) -> None:
        """Answer one request."""
        began_at = perf_counter()
        edge, dialect = self.edge, self.dialect
        endpoint = self.endpoints.get(exchange.head.method)
        call: Call[Any, Any] = Call(edge, dialect, endpoint, exchange, path_params)
        try:
            dialect.read_headers(call)
            if endpoint is None:
                self.refuse_unmatched(call)
            if endpoint.permission is not None:
                await dialect.authenticate(call)
                call.allowance = edge.rate_limiter.take(call.client.id)
                if call.allowance is not None:
                    check_allowance(call.allowance)
                check(call.client, endpoint.permission)
            bytes_max = edge.limits.body_bytes_max
            call.raw_body = exchange.take_body(bytes_max) if exchange.is_whole else await exchange.read_body(bytes_max)
            try:
                _decode(call, endpoint)
                reply = await endpoint.handler(call)
            except SeriatimError as error:
                reply = await call.keep_failure(error)
        except ClientDisconnected:
            return
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - no fault may reach the server
            reply = self._failure(call, error)
        if reply.status == _METHOD_NOT_ALLOWED:
            reply = replace(reply, headers=(*reply.headers, (b"allow", ", ".join(sorted(self.endpoints)).encode())))
        _send(call, reply)
        edge.observer.answered(call, reply, perf_counter() - began_at)

    def _failure(self, call: Call[Any, Any], error: Exception | asyncio.CancelledError) -> Reply:
        """The answer that tells about whatever was raised. A fault of the server shows no trace to the caller."""
        if isinstance(error, asyncio.CancelledError):
            # The server stops and can wait no longer. What is queued is finished all the same.
            message = (
                "the server stopped before this request was finished, and what it asks for may still be done; "
                "try again with the same idempotency key"
            )
            return self.dialect.failure(call, Unavailable(message))
        if isinstance(error, SeriatimError):
            return self.dialect.failure(call, error)
        if isinstance(error, StoreUnavailable):
            refusal = Unavailable(f"the database does not answer ({error}); try again in a moment")
            return self.dialect.failure(call, refusal)
        self.edge.observer.faulted(call, error)
        return self.dialect.failure(call, InternalError())


def _decode(call: Call[Any, Any], endpoint: Endpoint) -> None:
    """Read query and body.

    Raises: InvalidHeader, Malformed, TooLarge; InvalidQuery; MissingField, UnknownField, InvalidValue.
    """
    if b"content-encoding" in call.headers:
        encoding = str(call.header(b"content-encoding")).strip().lower()
        call.raw_body = expand_body(call.raw_body, encoding, call.edge.limits.expanded_body_bytes_max)
    if endpoint.query is not None or call.query_string:
        call.query = decode_query(call.query_string, endpoint.query or NoQuery)
    if endpoint.body is not None:
        body = call.raw_body if call.raw_body or endpoint.body_required else b"{}"
        call.body = decode_body(body, endpoint.body)


def _reply_kept(result: Result) -> Reply | None:
    """The answer that was kept with an idempotency key, now or before."""
    if result.answer is not None:
        return Reply(result.answer.status, result.answer.body, error=result.error)
    if isinstance(result.outcome, Replay):
        return Reply(result.outcome.status, result.outcome.body)
    return None


def _send(call: Call[Any, Any], reply: Reply) -> None:
    body = reply.body
    media_type = reply.media_type or call.dialect.media_type
    headers = [(b"content-type", media_type), *call.dialect.headers(call), *reply.headers]
    if len(body) > GZIP_FROM_BYTES:
        headers.append((b"vary", b"accept-encoding"))
        accepted = call.headers.get(b"accept-encoding")
        if accepted is not None and accepts_gzip(accepted):
            body = compress_answer(body)
            headers.append((b"content-encoding", b"gzip"))
    call.exchange.answer(reply.status, headers, body)
