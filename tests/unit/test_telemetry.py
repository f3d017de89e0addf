"""The log and the metrics; above all, that no secret gets into either."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from seriatim import __version__
from seriatim.domain.client import ApiClient, Role
from seriatim.errors import Category
from seriatim.service.ports import WriterObserver
from seriatim.settings import LogFormat, LogLevel
from seriatim.telemetry import METRICS_CONTENT_TYPE, REDACTED, Metrics, RequestLine, RequestLog, configure_logging
from tests.fakes import NOON, FixedClock

HIDDEN = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


class Log:
    """A configured log, and what was written to it."""

    def __init__(self, level: LogLevel = LogLevel.INFO, log_format: LogFormat = LogFormat.JSON) -> None:
        self.stream = io.BytesIO()
        configure_logging(level, log_format, FixedClock(), self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue().decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def raised(text: str) -> ValueError:
    """An error with a traceback."""

    def fail() -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        fail()
    return caught.value


def log_request(log: Log, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "request_id": "4f0c2a52-7c1e-4b8e-9a53-0d8a1f3f6f10",
        "track_id": "order-7",
        "client_id": "client-1",
        "method": "POST",
        "route": "/v1/credit-memos/{id}",
        "status": 200,
        "duration_ms": 12.346,
        "bytes_in": 10,
        "bytes_out": 20,
        "zuora_version": "2025-08-12",
    }
    RequestLog().log_request(RequestLine(**{**fields, **changes}))
    assert log is not None


def test_a_request_is_one_line_of_json() -> None:
    log = Log()
    log_request(log)
    assert log.lines == [
        {
            "at": "2026-03-14T12:00:00.123456Z",
            "level": "info",
            "event": "request",
            "request_id": "4f0c2a52-7c1e-4b8e-9a53-0d8a1f3f6f10",
            "track_id": "order-7",
            "client_id": "client-1",
            "method": "POST",
            "route": "/v1/credit-memos/{id}",
            "status": 200,
            "duration_ms": 12.346,
            "bytes_in": 10,
            "bytes_out": 20,
            "zuora_version": "2025-08-12",
        }
    ]


def test_what_a_request_did_not_carry_is_left_out_and_a_fault_is_an_error() -> None:
    log = Log(LogLevel.ERROR)
    log_request(log, status=499)
    log_request(log, status=501)
    log_request(log, status=500, track_id=None, zuora_version=None, client_id=None)
    (line,) = log.lines
    assert (line["level"], line["status"], line["client_id"]) == ("error", 500, None)
    assert not {"track_id", "zuora_version"} & line.keys()


@pytest.mark.parametrize(
    "key",
    (
        "authorization",
        "Authorization",
        "client_secret",
        "Client-Secret",
        "access_token",
        "refresh_token",
        "token",
        "password",
        "passwd",
        "Set-Cookie",
        "secret_digest",
        "api_key",
        "X-Api-Key",
        "private_key",
        "credentials",
    ),
)
def test_a_key_that_names_a_secret_loses_its_value_at_any_depth(key: str) -> None:
    log = Log()
    inside = {"list": [({key: HIDDEN},)], key: {"inner": HIDDEN}, "kept": 1}
    structlog.get_logger().info("event", **{key: HIDDEN}, inside=inside, more=[inside])
    assert HIDDEN not in log.text
    (line,) = log.lines
    assert line[key] == REDACTED
    assert line["inside"] == {"list": [[{key: REDACTED}]], key: REDACTED, "kept": 1}


@pytest.mark.parametrize(
    "text",
    (
        f"Authorization: Bearer {HIDDEN}",
        f"bearer   {HIDDEN}.x-y_z",
        f"Basic {HIDDEN}==",
        f"grant_type=client_credentials&client_secret={HIDDEN}&x=1",
        f'{{"access_token": "{HIDDEN}"}}',
        f"password: {HIDDEN}",
        f"password='{HIDDEN}'",
    ),
)
def test_a_text_that_carries_a_secret_loses_that_part_wherever_it_stands(text: str) -> None:
    log = Log()
    logger = structlog.get_logger()
    logger.info(text)
    logger.info("event", detail=text, details=[text], error=ValueError(text))
    logger.error("failed", exc_info=raised(text))
    logging.getLogger("library").warning("%s", text)
    log_request(log, track_id=text)
    assert len(log.lines) == 5
    assert HIDDEN not in log.text
    assert log.text.count(REDACTED) >= 7


def test_a_harmless_text_is_left_as_it_is() -> None:
    log = Log()
    text = "basic rules: a token bucket = 5, the secretary's password policy; bearer of news"
    structlog.get_logger().info(text, token_id="t-1", amount=Decimal("1.50"), at_all=NOON, nothing=None, rate=0.5)
    (line,) = log.lines
    assert line["event"] == text
    assert (line["token_id"], line["amount"], line["nothing"], line["rate"]) == ("t-1", "1.50", None, 0.5)


def test_an_object_is_named_and_not_written_out() -> None:
    @dataclass
    class Wrapper:
        inner: str

    log = Log()
    client = ApiClient("id", "name", Role.ADMIN, HIDDEN, None, None, NOON)
    structlog.get_logger().info("event", client=client, clients=[client], raw=HIDDEN.encode(), wrapper=Wrapper(HIDDEN))
    (line,) = log.lines
    assert HIDDEN not in log.text
    assert line["client"] == "<ApiClient>"
    assert line["clients"] == ["<ApiClient>"]
    assert line["raw"] == "<bytes>"


def test_what_nests_too_deep_is_cut_off() -> None:
    log = Log()
    nested: list[Any] = []
    nested.append(nested)
    structlog.get_logger().info("event", nested=nested)
    assert "<list>" in log.text


def test_what_cannot_be_encoded_does_not_fail_its_request() -> None:
    log = Log()
    structlog.get_logger().info("event", odd="\ud800")
    (line,) = log.lines
    assert line["event"] == "unwritable_event"
    assert "odd" in line["fields"]


def test_a_log_that_cannot_be_written_does_not_fail_its_request() -> None:
    log = Log()
    log.stream.close()
    log_request(log)

    class Full(io.BytesIO):
        def write(self, _: Any, /) -> int:
            raise OSError(28, "No space left on device")

    configure_logging(LogLevel.INFO, LogFormat.JSON, FixedClock(), Full())
    log_request(log)


@pytest.mark.parametrize("level", tuple(LogLevel))
def test_lines_below_the_level_are_not_written(level: LogLevel) -> None:
    log = Log(level)
    for each in LogLevel:
        getattr(structlog.get_logger(), each.value)(f"own {each.value}")
        getattr(logging.getLogger("library"), each.value)(f"library {each.value}")
    expected = list(LogLevel)[list(LogLevel).index(level) :]
    assert [line["level"] for line in log.lines] == [each.value for each in expected for _ in range(2)]
    assert {line["event"].split()[1] for line in log.lines} == {each.value for each in expected}


def test_a_library_logs_in_the_same_form_with_its_name() -> None:
    log = Log()
    logging.getLogger("library").info("Started %s", "it")
    logging.getLogger("odd").log(35, "between two levels")
    logging.getLogger("odd").error("with its cause", exc_info=raised("inner"))
    first, second, third = log.lines
    assert (first["logger"], first["event"], first["level"]) == ("library", "Started it", "info")
    assert second["level"] == "warning"
    assert "ValueError: inner" in third["exception"]


def test_people_get_lines_that_they_can_read_and_no_secret_either() -> None:
    log = Log(log_format=LogFormat.CONSOLE)
    log_request(log)
    structlog.get_logger().info("event", client_secret=HIDDEN)
    first, second = log.text.splitlines()
    assert "12:00:00.123" in first
    assert "route=/v1/credit-memos/{id}" in first
    assert HIDDEN not in second


def figures(metrics: Metrics) -> dict[str, float]:
    """Every sample as Prometheus reads it: name and labels to value."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_requests_are_counted_by_method_route_and_status() -> None:
    metrics = Metrics()
    for status in (200, 200, 404):
        metrics.request_answered("POST", "/v1/invoices", status, 0.02)
    found = figures(metrics)
    assert found["seriatim_requests_total{method=POST,route=/v1/invoices,status=200}"] == 2
    assert found["seriatim_requests_total{method=POST,route=/v1/invoices,status=404}"] == 1
    assert found["seriatim_request_seconds_count{method=POST,route=/v1/invoices}"] == 3
    assert found["seriatim_request_seconds_sum{method=POST,route=/v1/invoices}"] == pytest.approx(0.06)
    assert found[f"seriatim_info{{version={__version__}}}"] == 1


def test_a_made_up_method_makes_no_series_of_its_own() -> None:
    metrics = Metrics()
    before = len(figures(metrics))
    for count in range(50):
        metrics.request_answered(f"MADEUP{count}", "none", 405, 0.01)
    found = figures(metrics)
    assert found["seriatim_requests_total{method=other,route=none,status=405}"] == 50
    assert len([name for name in found if name.startswith("seriatim_requests")]) == 1
    assert len(found) - before < 25
    assert "MADEUP" not in metrics.render().decode()


def test_the_writer_is_observed() -> None:
    log = Log()
    metrics = Metrics()
    observer: WriterObserver = metrics
    observer.batch_written(3, 0.002, 0.004)
    observer.batch_written(1, 0.001, 0.003)
    for category in (*Category, Category.NOT_FOUND, "never heard of"):
        observer.refused(category)
    observer.failed(RuntimeError("the disk is full"))
    found = figures(metrics)
    assert found["seriatim_batch_size_sum{}"] == 4
    assert found["seriatim_batch_size_bucket{le=2.0}"] == 1
    assert found["seriatim_queue_wait_seconds_sum{}"] == pytest.approx(0.003)
    assert found["seriatim_write_seconds_sum{}"] == pytest.approx(0.007)
    assert found["seriatim_refusals_total{category=not_found}"] == 2
    assert found["seriatim_refusals_total{category=internal}"] == 2
    assert found["seriatim_refusals_total{category=forbidden}"] == 1
    assert found["seriatim_failures_total{}"] == 1
    (line,) = log.lines
    assert (line["event"], line["level"]) == ("work_failed", "error")
    assert "RuntimeError: the disk is full" in line["exception"]


def test_two_sets_of_metrics_do_not_share_their_figures() -> None:
    one, two = Metrics(), Metrics()
    one.refused(Category.OVERLOADED)
    assert figures(two)["seriatim_refusals_total{category=overloaded}"] == 0
    assert METRICS_CONTENT_TYPE.startswith("text/plain")
