"""The composition root: builds a server from settings, runs it, and stops it in good order."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog
import uvloop

from seriatim import __version__
from seriatim.api import openapi
from seriatim.api.sequence import api as sequence
from seriatim.api.sequence.envelope import SequenceDialect
from seriatim.api.sequence.merchant import read_merchant_details
from seriatim.api.zuora import api as zuora
from seriatim.api.zuora.envelope import ZuoraDialect
from seriatim.api.zuora.oauth import TokenIssuer
from seriatim.auth.directory import Directory
from seriatim.auth.passwords import Passwords
from seriatim.auth.secrets import digest_secret
from seriatim.auth.tokens import KEY_BYTES_MIN, TokenSigner
from seriatim.auth.uses import ClientUses
from seriatim.console.app import ConsoleApp
from seriatim.console.assets import Assets
from seriatim.console.pages import HOME, Console
from seriatim.console.sessions import KEY_BYTES, KEY_NAME, Tokens
from seriatim.console.templating import Templates
from seriatim.domain.idempotency import ANSWER_LIFETIME
from seriatim.errors import SeriatimError
from seriatim.http.asgi import asgi_handler
from seriatim.http.endpoint import Call, Edge, EdgeLimits, Endpoint, Reply
from seriatim.http.exchange import Exchange, Handler
from seriatim.http.local import local_sender
from seriatim.http.operations import OPERATION_PATHS, build_operations
from seriatim.http.ratelimit import RateLimiter
from seriatim.http.routing import EndpointRouter
from seriatim.http.server import BACKLOG_CONNECTIONS, HttpServer
from seriatim.mail.mailer import Mailer
from seriatim.mail.smtp import mail_server
from seriatim.render.document import render
from seriatim.service.ports import Clock, IdSource, Store, StoreUnavailable
from seriatim.service.provisioning import FirstClient, invite_first_admin, provision
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock, monotonic_seconds
from seriatim.service.writer import Writer
from seriatim.settings import Settings
from seriatim.storage.engines import store_for
from seriatim.supervisor import Lifeline, Supervisor
from seriatim.telemetry import (
    METRICS_CONTENT_TYPE,
    Metrics,
    RequestLine,
    RequestLog,
    configure_logging,
    to_milliseconds,
)

HOUSEKEEPING_SECONDS = 60
REAPED_ROWS_MAX = 10_000
GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""Requests make no cycles; the collector may look for them more rarely than it does by default."""
UNMATCHED_ROUTE = "(unmatched)"

T = TypeVar("T")

Extension = Callable[[Edge, ZuoraDialect], Sequence[Endpoint]]
"""Makes further endpoints beside the API's own, for benchmarks."""


class RequestTelemetry:
    """Counts and logs every request that the edge answers, and notes whose it was."""

    def __init__(self, metrics: Metrics, uses: ClientUses) -> None:
        self._metrics = metrics
        self._uses = uses
        self._log = RequestLog()

    def answered(self, call: Call[Any, Any], reply: Reply, seconds: float) -> None:
        """Count a request, and write its line."""
        route = UNMATCHED_ROUTE if call.endpoint is None else call.endpoint.path
        self._metrics.request_answered(call.method, route, reply.status, seconds)
        if isinstance(reply.error, SeriatimError):
            self._metrics.refused(reply.error.category)
        client = getattr(call, "client", None)
        if client is not None:
            self._uses.note(client.id)
        line = RequestLine(
            request_id=call.request_id,
            track_id=call.track_id,
            client_id=None if client is None else client.id,
            method=call.method,
            route=route,
            status=reply.status,
            duration_ms=to_milliseconds(seconds),
            bytes_in=len(call.raw_body),
            bytes_out=len(reply.body),
            zuora_version=call.header(b"zuora-version"),
        )
        self._log.log_request(line)

    def faulted(self, call: Call[Any, Any], error: Exception) -> None:
        """Log a fault of the server, with its trace, under the request's id."""
        structlog.get_logger().error("request_failed", request_id=call.request_id, exc_info=error)


class ConsoleTelemetry:
    """Counts and logs every request that the console answers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = RequestLog()

    def answered(
        self,
        *,
        request_id: str,
        user_id: str | None,
        method: str,
        route: str,
        status: int,
        seconds: float,
        bytes_in: int,
        bytes_out: int,
    ) -> None:
        """Count a request, and write its line."""
        self._metrics.request_answered(method, route, status, seconds)
        line = RequestLine(
            request_id=request_id,
            client_id=user_id,
            method=method,
            route=route,
            status=status,
            duration_ms=to_milliseconds(seconds),
            bytes_in=bytes_in,
            bytes_out=bytes_out,
        )
        self._log.log_request(line)

    def faulted(self, request_id: str, error: Exception) -> None:
        """Log a fault of a page, with its trace, under the request's id."""
        structlog.get_logger().error("request_failed", request_id=request_id, exc_info=error)


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What a new database shows once: the secrets that let the first client and the first person in."""

    client: FirstClient | None
    welcome_token: str | None
    """Of the link by which somebody becomes the first admin of the console."""
    has_people: bool
    """Whether anybody can sign in to the console."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A server's parts once they are put together and the database is open."""

    handler: Handler
    first_start: FirstStart


@asynccontextmanager
async def assemble(settings: Settings, extension: Extension | None = None) -> AsyncIterator[Assembly]:
    """Open the database, put the server together, and at the end finish what is queued and close.

    Raises: StoreUnavailable.
    """
    clock, ids, metrics = SystemClock(), SystemIds(), Metrics()
    store = store_for(settings.database, serves=True, failed=metrics.failed)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.migrate()
        await store.open()
        first_start = await _begin(store, clock, ids)
        writer = Writer(
            store,
            clock,
            metrics,
            queue_submissions_max=settings.queue_submissions_max,
            batch_submissions_max=settings.batch_submissions_max,
        )
        stack.push_async_callback(writer.close)
        directory = Directory(store, monotonic_seconds, metrics.failed)
        await directory.load()
        signer = TokenSigner(await store.keep_secret("token_signing_key", ids.new_bytes(KEY_BYTES_MIN)))
        uses = ClientUses(store, clock, monotonic_seconds)
        stack.push_async_callback(_write_uses, uses, metrics)
        for work in (directory.keep_fresh(), _keep_house(store, clock, metrics, uses)):
            stack.push_async_callback(_stop, asyncio.create_task(work))
        mailer = _mailer(settings, store, writer, clock, ids, metrics)
        if mailer is not None:
            stack.push_async_callback(mailer.close)
            mailer.start()
        edge = Edge(
            store=store,
            writer=writer,
            clock=clock,
            ids=ids,
            limits=EdgeLimits(settings.body_bytes_max, settings.expanded_body_bytes_max),
            rate_limiter=RateLimiter(settings.rate_limit_requests_per_minute, monotonic_seconds),
            observer=RequestTelemetry(metrics, uses),
            can_send_mail=mailer is not None,
            mail_queued=_do_nothing if mailer is None else mailer.wake,
        )
        dialect = ZuoraDialect(directory, signer, clock)
        endpoints = zuora.endpoints(TokenIssuer(directory, signer).create_token)
        if extension is not None:
            endpoints += extension(edge, dialect)
        operations = build_operations(
            store.check,
            (lambda: (metrics.render(), METRICS_CONTENT_TYPE)) if settings.metrics else None,
            {"/openapi.json": openapi.document, "/openapi-sequence.json": lambda: openapi.document("sequence")},
        )
        zuora_api = EndpointRouter(edge, dialect, endpoints)
        sequence_api = EndpointRouter(edge, SequenceDialect(directory, clock), sequence.endpoints())
        parts = dict.fromkeys(sequence.PATHS, sequence_api.handle)
        tokens = Tokens(await store.keep_secret(KEY_NAME, ids.new_bytes(KEY_BYTES)))
        pages = _pages(edge, directory, metrics, tokens, _by_path(zuora_api.handle, parts, {}))
        whole = dict.fromkeys(OPERATION_PATHS, asgi_handler(operations))
        yield Assembly(_by_path(zuora_api.handle, parts | {HOME.strip("/"): pages}, whole), first_start)


def _pages(edge: Edge, directory: Directory, metrics: Metrics, tokens: Tokens, apis: Handler) -> Handler:
    """The console's pages."""
    assets = Assets()
    console = Console(
        store=edge.store,
        writer=edge.writer,
        clock=edge.clock,
        ids=edge.ids,
        directory=directory,
        passwords=Passwords(edge.ids),
        tokens=tokens,
        assets=assets,
        templates=Templates(assets),
        can_send_mail=edge.can_send_mail,
        mail_queued=edge.mail_queued,
        read_merchant_details=read_merchant_details,
        api_documents={name: partial(openapi.document, name) for name in ("zuora", "sequence")},
        send_to_api=local_sender(apis),
    )
    return asgi_handler(ConsoleApp(console, ConsoleTelemetry(metrics), monotonic_seconds))


def serve(settings: Settings, extension: Extension | None = None) -> int:
    """Serve until told to stop; the exit code.

    Raises: StoreUnavailable, when the database cannot be served.
    """
    configure_logging(settings.log_level, settings.log_format, SystemClock())
    if settings.workers > 1:
        return _serve_with_workers(settings, extension)
    listener = _listen(settings.host, settings.port)
    return _run(_serve(settings, extension, listener, lambda first_start: _greet(listener, first_start)))


def _serve_with_workers(settings: Settings, extension: Extension | None) -> int:
    """Serve with several processes. The database is made ready once, before any of them starts."""
    # Alone at first, so that a port that somebody else has is not shared with him unnoticed.
    with _place(settings.host, settings.port, shared=False) as alone:
        port = alone.getsockname()[1]
    place = _place(settings.host, port, shared=True)
    first_start = _run(_prepare(settings))

    def work(lifeline: Lifeline) -> int:
        listener = _listen(settings.host, port, shared=True)
        return _run(_serve(settings, extension, listener, lambda _: lifeline.tell_ready(), lifeline.supervisor_gone))

    gc.collect()
    gc.freeze()
    return Supervisor(settings.workers, work, monotonic_seconds, lambda: _greet(place, first_start)).run()


def _run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _prepare(settings: Settings) -> FirstStart:
    """Bring the database up to date, and give a new one its first client and its first link.

    Raises: StoreUnavailable.
    """
    store = store_for(settings.database)
    try:
        await store.migrate()
        await store.open()
        return await _begin(store, SystemClock(), SystemIds())
    finally:
        await store.close()


async def _begin(store: Store, clock: Clock, ids: IdSource) -> FirstStart:
    """Give a new database its first client, and the link for its first person.

    Raises: Unavailable.
    """
    client = await provision(store, clock, ids, digest_secret)
    welcome_token = await invite_first_admin(store, clock, ids, digest_secret)
    return FirstStart(client, welcome_token, has_people=bool(await store.list_users()))


async def _serve(
    settings: Settings,
    extension: Extension | None,
    listener: socket.socket,
    started: Callable[[FirstStart], None],
    supervisor_gone: int | None = None,
) -> int:
    clock = SystemClock()
    with listener:
        async with assemble(settings, extension) as assembly:
            server = HttpServer(assembly.handler, clock, _log_fault)
            told_to_stop = _heed_signals(server)
            if supervisor_gone is not None:
                asyncio.get_running_loop().add_reader(supervisor_gone, told_to_stop.set)
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GARBAGE_THRESHOLDS)
            await server.start(listener)
            started(assembly.first_start)
            await told_to_stop.wait()
            await server.stop(settings.shutdown_seconds)
    return 0


def _heed_signals(server: HttpServer) -> asyncio.Event:
    """What is set when the process is told to stop. Whoever interrupts it twice does not want to wait."""
    told = asyncio.Event()

    def interrupt() -> None:
        if told.is_set():
            server.hurry()
        told.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    return told


def _by_path(other: Handler, by_first_part: Mapping[str, Handler], by_path: Mapping[str, Handler]) -> Handler:
    """The handler that a path chooses, as a whole or by its first part; else the other one."""

    def handle(exchange: Exchange) -> Awaitable[None]:
        head = exchange.head
        chosen = by_path.get(head.path) or by_first_part.get(head.first_part, other)
        return chosen(exchange)

    return handle


def _log_fault(error: Exception) -> None:
    structlog.get_logger().error("request_failed", exc_info=error)


def _place(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket at an address, which does not listen yet; shared, other processes of this user may have it too.

    Raises: StoreUnavailable.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        place.bind((host, port))
    except OSError as error:
        place.close()
        raise StoreUnavailable(f"cannot listen on {host} port {port}: {error.strerror}; choose another") from error
    return place


def _listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    listener = _place(host, port, shared=shared)
    listener.listen(BACKLOG_CONNECTIONS)
    return listener


def _greet(listener: socket.socket, first_start: FirstStart) -> None:
    """Tell people where the server is and, on the first start, who may use it."""
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{port}"
    lines = [f"Seriatim {__version__} serves on {url}"]
    if first_start.client is not None:
        lines += [
            "This is the first start. An admin client was made; its secret is shown this once and not kept:",
            f"  client id      {first_start.client.client_id}",
            f"  client secret  {first_start.client.secret}",
        ]
    if first_start.welcome_token is not None:
        lines += [
            "The console has nobody yet. Open this link once, within 7 days, to become its first administrator:",
            f"  {url}{HOME}/welcome/{first_start.welcome_token}",
        ]
    elif not first_start.has_people:
        lines.append("The console has nobody yet; `seriatim user invite --role admin` makes a link for the first.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _mailer(
    settings: Settings, store: Store, writer: Writer, clock: Clock, ids: IdSource, metrics: Metrics
) -> Mailer | None:
    """What sends mail; None where no mail server is configured."""
    if not settings.smtp_url:
        return None
    return Mailer(
        store,
        writer,
        clock,
        ids,
        metrics,
        server=mail_server(settings.smtp_url),
        own_address=settings.smtp_sender or None,
        draw=render,
    )


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _do_nothing() -> None:
    """What happens when a mail is queued and nothing sends any: none can be."""


async def _keep_house(store: Store, clock: Clock, metrics: Metrics, uses: ClientUses) -> None:
    """Now and then forget what is over, such as answers that are too old to be replayed, and note who called."""
    while True:
        try:
            await store.delete_answers(clock.now() - ANSWER_LIFETIME, REAPED_ROWS_MAX)
            await store.delete_expired(clock.now(), REAPED_ROWS_MAX)
        except StoreUnavailable as error:
            metrics.failed(error)
        await _write_uses(uses, metrics)
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _write_uses(uses: ClientUses, metrics: Metrics) -> None:
    """Note who called, if the database can be written."""
    try:
        await uses.write()
    except StoreUnavailable as error:
        metrics.failed(error)
