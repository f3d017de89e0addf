"""The composition root: builds a server from settings, runs it, and stops it in good order."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from seriatim import __version__
from seriatim.api import openapi
from seriatim.api.zuora import api as zuora
from seriatim.api.zuora.envelope import ZuoraDialect
from seriatim.api.zuora.oauth import TokenIssuer
from seriatim.auth.directory import Directory
from seriatim.auth.secrets import digest_secret
from seriatim.auth.tokens import KEY_BYTES_MIN, TokenSigner
from seriatim.domain.idempotency import ANSWER_LIFETIME
from seriatim.errors import SeriatimError
from seriatim.http.endpoint import Call, Edge, EdgeLimits, Endpoint, Reply
from seriatim.http.operations import OPERATION_PATHS, build_operations
from seriatim.http.protocol import BoundedHeadProtocol
from seriatim.http.ratelimit import RateLimiter
from seriatim.http.routing import EndpointRouter
from seriatim.service.ports import Clock, Store, StoreUnavailable
from seriatim.service.provisioning import FirstClient, provision
from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock, monotonic_seconds
from seriatim.service.writer import Writer
from seriatim.settings import Settings
from seriatim.storage.engines import store_for
from seriatim.telemetry import METRICS_CONTENT_TYPE, Metrics, RequestLog, configure_logging

KEEP_ALIVE_SECONDS = 75
BACKLOG_CONNECTIONS = 2048
REAP_SECONDS = 60
REAPED_ANSWERS_MAX = 10_000
GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""Requests make no cycles; the collector may look for them more rarely than it does by default."""
UNMATCHED_ROUTE = "(unmatched)"

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

    application: ASGIApp
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
        edge = Edge(
            store=store,
            writer=writer,
            clock=clock,
            ids=ids,
            limits=EdgeLimits(settings.body_bytes_max, settings.expanded_body_bytes_max),
            rate_limiter=RateLimiter(settings.rate_limit_requests_per_minute, monotonic_seconds),
            observer=RequestTelemetry(metrics),
        )
        dialect = ZuoraDialect(directory, signer, clock)
        endpoints = zuora.endpoints(TokenIssuer(directory, signer).create_token)
        if extension is not None:
            endpoints += extension(edge, dialect)
        operations = build_operations(
            store.check,
            (lambda: (metrics.render(), METRICS_CONTENT_TYPE)) if settings.metrics else None,
            openapi.document,
        )
        yield Assembly(_application(EndpointRouter(edge, dialect, endpoints), operations), first_client)


def serve(settings: Settings, extension: Extension | None = None) -> int:
    """Serve until told to stop; the exit code.

    Raises: StoreUnavailable, when the database cannot be served.
    """
    configure_logging(settings.log_level, settings.log_format, SystemClock())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, extension))


async def _serve(settings: Settings, extension: Extension | None) -> int:
    listener = _listen(settings.host, settings.port)
    with listener:
        async with assemble(settings, extension) as assembly:
            server = _Server(_uvicorn_config(settings, assembly.application), lambda: _greet(listener, assembly))
            loop = asyncio.get_running_loop()
            for stop in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(stop, server.handle_exit, stop, None)
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GARBAGE_THRESHOLDS)
            await server.serve(sockets=[listener])
    return 0


def _application(api: ASGIApp, operations: ASGIApp) -> ASGIApp:
    """The one application: the dialect's paths, and beside them what operators ask for."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await (operations if scope["path"] in OPERATION_PATHS else api)(scope, receive, send)

    return application


def _uvicorn_config(settings: Settings, application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=BoundedHeadProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=BACKLOG_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


class _Server(uvicorn.Server):
    """uvicorn's server with our signals (its own would end the process with the signal, not with 0)."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell that it has."""
        await super().startup(sockets)
        self._tell_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the loop."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG_CONNECTIONS)
    except OSError as error:
        raise StoreUnavailable(f"cannot listen on {host} port {port}: {error.strerror}; choose another") from error


def _greet(listener: socket.socket, assembly: Assembly) -> None:
    """Tell people where the server is and, on the first start, who may use it."""
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    lines = [f"Seriatim {__version__} serves on http://{address}:{port}"]
    if assembly.first_client is not None:
        lines += [
            "This is the first start. An admin client was made; its secret is shown this once and not kept:",
            f"  client id      {assembly.first_client.client_id}",
            f"  client secret  {assembly.first_client.secret}",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _reap_answers(store: Store, clock: Clock, metrics: Metrics) -> None:
    """Forget, now and then, the answers that are too old to be replayed."""
    while True:
        try:
            await store.delete_answers(clock.now() - ANSWER_LIFETIME, REAPED_ANSWERS_MAX)
        except StoreUnavailable as error:
            metrics.failed(error)
        await asyncio.sleep(REAP_SECONDS)
