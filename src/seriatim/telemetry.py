"""What the server tells about itself: the log, a line a request, and the metrics.

No secret may come into either. Keys that name one lose their value, texts that carry one lose that part, and
objects are shown as the name of their type: only what is known to be harmless is written out.
"""

import asyncio
import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from http import HTTPStatus
from itertools import accumulate
from operator import add
from typing import Any, BinaryIO

import msgspec
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from seriatim import __version__
from seriatim.domain.mail import OutgoingMail
from seriatim.errors import Category
from seriatim.mail.mailer import Outcome
from seriatim.service.ports import Clock
from seriatim.settings import LogFormat, LogLevel

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST
REDACTED = "[redacted]"
DEPTH_MAX = 6
"""How deep a nested value is looked into; what lies deeper is not written."""

SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SERVER_FAULT_STATUS_MIN = 500

_SECRET_KEY = re.compile(r"authorization|secret|passw|token|cookie|credential|api_?key|private_?key", re.IGNORECASE)
_HARMLESS_KEYS = frozenset({"token_id", "token_type"})
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic) +)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<name>(?:client_secret|access_token|refresh_token|password|secret)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+",
    re.IGNORECASE,
)
_PLAIN = (bool, int, float, datetime, date, Decimal, type(None))

Event = structlog.typing.EventDict


def configure_logging(level: LogLevel, log_format: LogFormat, clock: Clock, stream: BinaryIO | None = None) -> None:
    """Send all logs, those of the libraries too, to the stream (standard error) in one format."""
    target = sys.stderr.buffer if stream is None else stream
    render = _render_json() if log_format is LogFormat.JSON else _render_for_people(target.isatty())

    def stamp(_: Any, __: str, event: Event) -> Event:
        event["at"] = clock.now()
        return event

    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, structlog.processors.format_exc_info, redact, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=_Sink(target, clock, level, log_format),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forwarder()], level=logging.getLevelName(level.upper()), force=True)


def redact(_: Any, __: str, event: Event) -> Event:
    """A structlog processor: take secrets out of an event, wherever they are in it."""
    for key, value in event.items():
        if _names_secret(key):
            event[key] = REDACTED
        elif type(value) is str:
            event[key] = _without_secrets(value)
        elif not isinstance(value, _PLAIN):
            event[key] = _harmless(value, DEPTH_MAX)
    return event


class RequestLog:
    """Writes one line a request. Make it after `configure_logging`."""

    def __init__(self) -> None:
        sink = structlog.get_config()["logger_factory"]
        self._sink = sink if isinstance(sink, _Sink) else None
        self._logger = structlog.get_logger().bind()

    def log_request(self, line: "RequestLine") -> None:
        """Log a request that was answered."""
        # 501 says what is not served, which is no fault of the server.
        is_fault = line.status >= SERVER_FAULT_STATUS_MIN and line.status != HTTPStatus.NOT_IMPLEMENTED
        sink = self._sink
        if sink is not None and not sink.takes_requests and not is_fault:
            return
        if line.track_id is not None:
            line.track_id = _without_secrets(line.track_id)
        if line.zuora_version is not None:
            line.zuora_version = _without_secrets(line.zuora_version)
        line.level = "error" if is_fault else "info"
        line.event = "request"
        if sink is not None and sink.renders_json:
            sink.write_soon(line)
        else:
            fields = msgspec.to_builtins(line)
            write = self._logger.error if is_fault else self._logger.info
            write(fields.pop("event"), **{name: value for name, value in fields.items() if name != "level"})


class RequestLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The line of a request: it is written for every one, and this takes a tenth of the time of a general event.

    The log fills in the first three.
    """

    at: datetime | None = None
    level: str = ""
    event: str = ""
    request_id: str
    client_id: str | None
    method: str
    route: str
    """The template of the path, not the path."""
    status: int
    duration_ms: float
    bytes_in: int
    bytes_out: int
    track_id: str | None = None
    """None, as what follows: it is left out."""
    zuora_version: str | None = None


def to_milliseconds(seconds: float) -> float:
    """A duration as lines of requests tell it: in milliseconds, to the microsecond."""
    return round(seconds * 1000, 3)


_ENCODER = msgspec.json.Encoder()


class Metrics:
    """What is counted, in a registry of its own. It is the `WriterObserver` of the server's writer."""

    def __init__(self) -> None:
        # Each series would have a second one that tells when it began. Nobody asks for that.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no types for it
        self.registry = CollectorRegistry()
        self._requests = _RequestFigures()
        self.registry.register(self._requests)
        self._queue_wait_seconds = Histogram(
            "seriatim_queue_wait_seconds",
            "How long the oldest write of a batch waited for its turn, in seconds.",
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self._batch_size = Histogram(
            "seriatim_batch_size", "Writes in a batch.", buckets=BATCH_SIZE_BUCKETS, registry=self.registry
        )
        self._write_seconds = Histogram(
            "seriatim_write_seconds",
            "Loading, deciding, writing and committing a batch, in seconds.",
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        refusals = Counter("seriatim_refusals", "Requests refused.", ["category"], registry=self.registry)
        self._refusals = {category.value: refusals.labels(category.value) for category in Category}
        self._failures = Counter(
            "seriatim_failures", "Batches and background work that failed.", registry=self.registry
        )
        mails = Counter(
            "seriatim_mails", "Attempts to send a mail, by what became of it.", ["outcome"], registry=self.registry
        )
        self._mails = {outcome: mails.labels(outcome.value) for outcome in Outcome}
        Gauge("seriatim_info", "The version.", ["version"], registry=self.registry).labels(__version__).set(1)
        ProcessCollector(registry=self.registry)

    def request_answered(self, method: str, route: str, status: int, duration_seconds: float) -> None:
        """Count a request. `route` is the template of the path: a path itself would make a series each."""
        self._requests.count(method, route, status, duration_seconds)

    def batch_written(self, size: int, queue_wait_seconds: float, write_seconds: float) -> None:
        """Count a batch."""
        self._batch_size.observe(size)
        self._queue_wait_seconds.observe(queue_wait_seconds)
        self._write_seconds.observe(write_seconds)

    def refused(self, category: str) -> None:
        """Count a refusal by its category; one that is not in `Category` counts as internal."""
        self._refusals.get(category, self._refusals[Category.INTERNAL]).inc()

    def failed(self, error: Exception) -> None:
        """Count and log work that failed by no caller's fault: who waited for it is told to look there."""
        self._failures.inc()
        structlog.get_logger().error("work_failed", exc_info=error)

    def mail_tried(self, mail: OutgoingMail, outcome: Outcome) -> None:
        """Count and log an attempt to send a mail. Whom it is for is told only where one is refused."""
        self._mails[outcome].inc()
        logger = structlog.get_logger().bind(mail_id=mail.id, document_id=mail.document_id, attempts=mail.attempts)
        if outcome is Outcome.SENT:
            logger.info("mail_sent", refusals=mail.last_error is not None)
        elif outcome is Outcome.PUT_OFF:
            logger.warning("mail_put_off", due_at=mail.due_at, error=mail.last_error)
        else:
            logger.error("mail_failed", outcome=outcome.value, error=mail.last_error)

    def render(self) -> bytes:
        """All figures, as `METRICS_CONTENT_TYPE` says."""
        return generate_latest(self.registry)


class _RequestFigures(Collector):
    """What is counted of requests: for every one of them, so by hand, in a fifth of the library's time."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str, int], list[float]] = {}
        """By method, route and status: how many took as long as each bucket says and no less; then the sum."""

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        # A caller may send any word as its method; it may not make a new series with each.
        key = (method if method in METHODS else "other", route, status)
        figures = self._figures.get(key)
        if figures is None:
            figures = self._figures[key] = [0.0] * (len(SECONDS_BUCKETS) + 2)
        figures[bisect_left(SECONDS_BUCKETS, seconds)] += 1
        figures[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        """The figures, as the library wants them."""
        labels = ["method", "route", "status"]
        requests = CounterMetricFamily("seriatim_requests", "Requests answered.", labels=labels)
        of_routes: dict[tuple[str, str], list[float]] = {}
        for (method, route, status), figures in self._figures.items():
            requests.add_metric([method, route, str(status)], sum(figures[:-1]))
            others = of_routes.get((method, route))
            of_routes[method, route] = figures if others is None else [*map(add, others, figures)]
        yield requests
        told = "From a request's head to the end of its answer, in seconds."
        seconds = HistogramMetricFamily("seriatim_request_seconds", told, labels=labels[:2])
        for key, (*counts, total) in of_routes.items():
            ends = [*map(str, SECONDS_BUCKETS), "+Inf"]
            buckets = list(zip(ends, accumulate(counts), strict=True))
            seconds.add_metric(list(key), buckets, total)
        yield seconds


class _Sink:
    """Where finished lines go. A log that cannot be written may not fail the request that it is about."""

    def __init__(self, stream: BinaryIO, clock: Clock, level: LogLevel, log_format: LogFormat) -> None:
        self._stream = stream
        self._waiting: list[RequestLine] = []
        self._clock = clock
        self.takes_requests = logging.getLevelName(level.upper()) <= logging.INFO
        self.renders_json = log_format is LogFormat.JSON

    def __call__(self, *_: object) -> "_Sink":
        """The way structlog gets a logger."""
        return self

    def msg(self, line: bytes) -> None:
        """Write a line now, behind those that wait."""
        self._write(self._render_waiting() + line)

    debug = info = warning = error = critical = msg

    def write_soon(self, line: RequestLine) -> None:
        """Write a line with the others of this turn of the event loop, and their time; where none runs, now."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._flush)
            except RuntimeError:
                self._flush()

    def _flush(self) -> None:
        self._write(self._render_waiting())

    def _render_waiting(self) -> bytes:
        lines, self._waiting = self._waiting, []
        at = self._clock.now()
        for line in lines:
            line.at = at
        return _ENCODER.encode_lines(lines)

    def _write(self, data: bytes) -> None:
        # The disk may be full, or nobody read the pipe any more: there is nowhere left to say so.
        with suppress(OSError, ValueError):
            self._stream.write(data)
            self._stream.flush()


class _Forwarder(logging.Handler):
    """Hands what the libraries log to structlog, so that it is redacted and looks the same."""

    def emit(self, record: logging.LogRecord) -> None:
        write = structlog.get_logger().bind(logger=record.name)
        # Libraries may have levels between ours; each counts as the one below it.
        level = max(logging.DEBUG, min(record.levelno, logging.CRITICAL)) // 10 * 10
        try:
            write.log(level, record.getMessage(), exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001 - logging must not fail what it is about
            self.handleError(record)


def _render_json() -> structlog.typing.Processor:
    encoder = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")

    def render(_: Any, __: str, event: Event) -> bytes:
        try:
            return encoder.encode(event) + b"\n"
        except (ValueError, TypeError):
            # Text that is no Unicode (a lone surrogate), say. The event is told without its values.
            names = [str(key).encode(errors="replace").decode() for key in event]
            told = {"event": "unwritable_event", "fields": names, "level": event["level"], "at": event["at"]}
            return encoder.encode(told) + b"\n"

    return render


def _render_for_people(colours: bool) -> structlog.typing.Processor:  # noqa: FBT001 - made in one place
    console = structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at")

    def render(logger: Any, name: str, event: Event) -> bytes:
        event["at"] = event["at"].strftime("%H:%M:%S.%f")[:-3]
        return f"{console(logger, name, event)}\n".encode()

    return render


@lru_cache(maxsize=1024)
def _names_secret(key: object) -> bool:
    text = str(key).replace("-", "_")
    return text.lower() not in _HARMLESS_KEYS and _SECRET_KEY.search(text) is not None


def _without_secrets(text: str) -> str:
    # Ids, methods and routes hold none of these; looking for them is fifty times cheaper than the pattern.
    if " " not in text and "=" not in text and ":" not in text:
        return text
    return _SECRET_TEXT.sub(lambda found: f"{found['scheme'] or found['name']}{REDACTED}", text)


def _harmless(value: object, depth: int) -> object:
    """What may be written of a value: texts without secrets, plain values, and collections of such."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, str):
        return _without_secrets(str(value))
    if isinstance(value, BaseException):
        return _without_secrets(f"{type(value).__name__}: {value}")
    if depth > 0 and isinstance(value, Mapping):
        return {
            str(key): REDACTED if _names_secret(str(key)) else _harmless(each, depth - 1) for key, each in value.items()
        }
    if depth > 0 and isinstance(value, list | tuple | set | frozenset):
        return [_harmless(each, depth - 1) for each in value]
    return f"<{type(value).__name__}>"
