"""The composition root: builds a server from settings, runs it, and stops it in good order."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
import uvloop

from seriatim import __version__
from seriatim.api import openapi
from seriatim.api.sequence import api as sequence
from seriatim.api.sequence.envelope import SequenceDialect
from seriatim.api.zuora import api as zuora
from seriatim.api.zuora.envelope import ZuoraDialect
from seriatim.api.zuora.oauth import TokenIssuer
from seriatim.auth.directory import Directory
from seriatim.auth.secrets import digest_secret
from seriatim.auth.tokens import KEY_BYTES_MIN, TokenSigner
from seriatim.domain.idempotency import ANSWER_LIFETIME
from seriatim.errors import SeriatimError
from seriatim.http.asgi import asgi_handler
from seriatim.http.endpoint import Call, Edge, EdgeLimits, Endpoint, Reply
from seriatim.http.exchange import Exchange, Handler
from seriatim.http.operations import OPERATION_PATHS, build_operations
from seriatim.http.ratelimit import RateLimiter
from seriatim.http.routing import EndpointRouter
from seriatim.http.server import BACKLOG_CONNECTIONS, HttpServer
from seriatim.mail.mailer import Mailer
from seriatim.mail.smtp import mail_server
from seriatim.render.document import render
from seriatim.service.ports import Clock, IdSource, Store, StoreUnavailable
from seriatim.service.provisioning import FirstClient, provision
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock, monotonic_seconds
from seriatim.service.writer import Writer
from seriatim.settings import Settings
from seriatim.storage.engines import store_for
from seriatim.supervisor import Lifeline, Supervisor
from seriatim.telemetry import METRICS_CONTENT_TYPE, Metrics, RequestLog, configure_logging

REAP_SECONDS = 60
REAPED_ANSWERS_MAX = 10_000
GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""Requests make no cycles; the collector may look for them more rarely than it does by default."""
UNMATCHED_ROUTE = "(unmatched)"

T = TypeVar("T")

Extension = Callable[[Edge, ZuoraDialect], Sequence[Endpoint]]
"""Makes further endpoints beside the API's own, for benchmarks."""


class RequestTelemetry:
    """Counts and logs every request that the edge answers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = RequestLog()

    def answered(self, call: Call[Any, Any], reply: Reply, seconds: float) -> None:
        """Count a request, and write its line."""
        route = UNMATCHED_ROUTE if call.endpoint is None else call.endpoint.path
        self._metrics.request_answered(call.method, route, reply.status, seconds)
        if isinstance(reply.error, SeriatimError):
            self._metrics.refused(reply.error.category)
        client = getattr(call, "client", None)
        self._log.log_request(
            request_id=call.request_id,
            track_id=call.track_id,
            client_id=None if client is None else client.id,
            method=call.method,
            route=route,
            status=reply.status,
            duration_seconds=seconds,
            bytes_in=len(call.raw_body),
            bytes_out=len(reply.body),
            zuora_version=call.header(b"zuora-version"),
        )

    def faulted(self, call: Call[Any, Any], error: Exception) -> None:
        """Log a fault of the server, with its trace, under the request's id."""
        structlog.get_logger().error("request_failed", request_id=call.request_id, exc_info=error)


@dataclass(frozen=True, slots=True)
class Assembly:
    """A server's parts once they are put together and the database is open."""

    handler: Handler
    first_client: FirstClient | None


@asynccontextmanager
async def assemble(settings: Settings, extension: Extension | None = None) -> AsyncIterator[Assembly]:
    """Open the database, put the server together, and at the end finish what is queued and close.

    Raises: StoreUnavailable.
    """
    clock, ids, metrics = SystemClock(), SystemIds(), Metrics()
    store = store_for(settings.database, serves=True)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.migrate()
        await store.open()
        first_client = await provision(store, clock, ids, digest_secret)
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
        for work in (directory.keep_fresh(), _reap_answers(store, clock, metrics)):
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
            observer=RequestTelemetry(metrics),
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
        handler = _handler(zuora_api.handle, sequence_api.handle, asgi_handler(operations))
        yield Assembly(handler, first_client)


def serve(settings: Settings, extension: Extension | None = None) -> int:
    """Serve until told to stop; the exit code.

    Raises: StoreUnavailable, when the database cannot be served.
    """
    configure_logging(settings.log_level, settings.log_format, SystemClock())
    if settings.workers > 1:
        return _serve_with_workers(settings, extension)
    listener = _listen(settings.host, settings.port)
    return _run(_serve(settings, extension, listener, lambda first_client: _greet(listener, first_client)))


def _serve_with_workers(settings: Settings, extension: Extension | None) -> int:
    """Serve with several processes. The database is made ready once, before any of them starts."""
    # Alone at first, so that a port that somebody else has is not shared with him unnoticed.
    with _place(settings.host, settings.port, shared=False) as alone:
        port = alone.getsockname()[1]
    place = _place(settings.host, port, shared=True)
    first_client = _run(_prepare(settings))

    def work(lifeline: Lifeline) -> int:
        listener = _listen(settings.host, port, shared=True)
        return _run(_serve(settings, extension, listener, lambda _: lifeline.tell_ready(), lifeline.supervisor_gone))

    gc.collect()
    gc.freeze()
    return Supervisor(settings.workers, work, monotonic_seconds, lambda: _greet(place, first_client)).run()


def _run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _prepare(settings: Settings) -> FirstClient | None:
    """Bring the database up to date, and give a new one its first client.

    Raises: StoreUnavailable.
    """
    store = store_for(settings.database)
    try:
        await store.migrate()
        await store.open()
        return await provision(store, SystemClock(), SystemIds(), digest_secret)
    finally:
        await store.close()


async def _serve(
    settings: Settings,
    extension: Extension | None,
    listener: socket.socket,
    started: Callable[[FirstClient | None], None],
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
            started(assembly.first_client)
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


def _handler(zuora_api: Handler, sequence_api: Handler, operations: Handler) -> Handler:
    """The one handler: both dialects' paths, and beside them what operators ask for."""

    async def handle(exchange: Exchange) -> None:
        if exchange.path in OPERATION_PATHS:
            await operations(exchange)
        elif exchange.path.lstrip("/").partition("/")[0] in sequence.PATHS:
            await sequence_api(exchange)
        else:
            await zuora_api(exchange)

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


def _greet(listener: socket.socket, first_client: FirstClient | None) -> None:
    """Tell people where the server is and, on the first start, who may use it."""
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    lines = [f"Seriatim {__version__} serves on http://{address}:{port}"]
    if first_client is not None:
        lines += [
            "This is the first start. An admin client was made; its secret is shown this once and not kept:",
            f"  client id      {first_client.client_id}",
            f"  client secret  {first_client.secret}",
        ]
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


async def _reap_answers(store: Store, clock: Clock, metrics: Metrics) -> None:
    """Forget, now and then, the answers that are too old to be replayed."""
    while True:
        try:
            await store.delete_answers(clock.now() - ANSWER_LIFETIME, REAPED_ANSWERS_MAX)
        except StoreUnavailable as error:
            metrics.failed(error)
        await asyncio.sleep(REAP_SECONDS)
