"""All settings, in one table: name, default, help, and limits. The only file that reads the environment.

Each field of `Settings` is a setting. `seriatim serve` makes its options from them, so that the option
(`--rate-limit-requests-per-minute`), the variable (`SERIATIM_RATE_LIMIT_REQUESTS_PER_MINUTE`) and the help text
cannot drift apart. An option wins over a variable, and a variable over the default.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

from seriatim.errors import InvalidValue
from seriatim.mail.letter import ascii_address
from seriatim.mail.smtp import mail_server
from seriatim.service.writer import BATCH_SUBMISSIONS_MAX, QUEUE_SUBMISSIONS_MAX
from seriatim.storage.engines import check_url, is_postgres

VARIABLE_PREFIX = "SERIATIM_"
FILE_SUFFIX = "_FILE"
PORT_MAX = 65535
WORKERS_MAX = 64
MEBIBYTE_BYTES = 1024 * 1024


class LogLevel(StrEnum):
    """From which level on a line is logged. A request is logged at info."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """For whom the log is written: JSON lines for machines, aligned lines for people."""

    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the table says of a setting, besides its name, type and default."""

    help: str
    minimum: int | None
    maximum: int | None
    from_file: bool


def _entry(
    text: str, *, minimum: int | None = None, maximum: int | None = None, from_file: bool = False
) -> dict[str, _Entry]:
    return {"entry": _Entry(text, minimum, maximum, from_file)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a server. Making one checks every value and raises InvalidValue for the first bad one."""

    database: str = field(
        default="sqlite:///var/seriatim.db",
        metadata=_entry(
            "The database: sqlite:///relative/path.db, sqlite:////absolute/path.db or "
            "postgresql://user:password@host:5432/name.",
            from_file=True,
        ),
    )
    host: str = field(
        default="127.0.0.1",
        metadata=_entry("The address to listen on; 0.0.0.0 for all of the machine's."),
    )
    port: int = field(
        default=8000,
        metadata=_entry("The port to listen on; 0 lets the system choose a free one.", minimum=0, maximum=PORT_MAX),
    )
    workers: int = field(
        default=1,
        metadata=_entry(
            "How many processes serve on that port. A SQLite file is served by one.", minimum=1, maximum=WORKERS_MAX
        ),
    )
    log_level: LogLevel = field(
        default=LogLevel.INFO,
        metadata=_entry("From which level on lines are logged; requests are logged at info."),
    )
    log_format: LogFormat = field(
        default=LogFormat.JSON,
        metadata=_entry("json: one JSON object a line, for machines; console: aligned lines, for people."),
    )
    metrics: bool = field(
        default=True,
        metadata=_entry("Serve Prometheus metrics at /metrics."),
    )
    queue_submissions_max: int = field(
        default=QUEUE_SUBMISSIONS_MAX,
        metadata=_entry("How many writes may wait; further ones are told to come back later.", minimum=1),
    )
    batch_submissions_max: int = field(
        default=BATCH_SUBMISSIONS_MAX,
        metadata=_entry("How many writes one database transaction may carry.", minimum=1, maximum=10_000),
    )
    body_bytes_max: int = field(
        default=MEBIBYTE_BYTES,
        metadata=_entry("The largest request body, in bytes as it is sent (compressed, if it is).", minimum=1024),
    )
    expanded_body_bytes_max: int = field(
        default=4 * MEBIBYTE_BYTES,
        metadata=_entry("The largest request body, in bytes after it is decompressed.", minimum=1024),
    )
    rate_limit_requests_per_minute: int = field(
        default=0,
        metadata=_entry("How many requests each client may make in a minute; 0 sets no limit.", minimum=0),
    )
    shutdown_seconds: int = field(
        default=30,
        metadata=_entry("How long requests under way may take to finish when the server stops.", minimum=0),
    )

    smtp_url: str = field(
        default="",
        metadata=_entry(
            "The mail server that documents are sent through: smtp://user:password@host:587 (with STARTTLS) or "
            "smtps://user:password@host:465; empty: nothing can be sent.",
            from_file=True,
        ),
    )
    smtp_sender: str = field(
        default="",
        metadata=_entry(
            "The address that mail comes from, one that the mail server may send for; empty: the merchant's own. "
            "Answers go to the merchant either way."
        ),
    )

    def __post_init__(self) -> None:
        for setting in settings_table():
            setting.check(getattr(self, setting.name))
        check_url(self.database)
        if self.workers > 1 and not is_postgres(self.database):
            rule = "a SQLite file has one server process; name a PostgreSQL database to serve with several"
            raise InvalidValue("workers", self.workers, rule)
        if self.expanded_body_bytes_max < self.body_bytes_max:
            rule = f"a body may not shrink by decompressing: give at least body_bytes_max ({self.body_bytes_max})"
            raise InvalidValue("expanded_body_bytes_max", self.expanded_body_bytes_max, rule)
        if self.smtp_url:
            mail_server(self.smtp_url)
        if self.smtp_sender:
            _check_address("smtp_sender", self.smtp_sender)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table."""

    name: str
    default: Any
    help: str
    minimum: int | None
    maximum: int | None
    from_file: bool
    """Whether a file may hold the value, named by the variable with `_FILE` behind: it may hold credentials."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return VARIABLE_PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        """The option of the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def choices(self) -> list[str] | None:
        """The values that it may have, where they can be counted."""
        return [member.value for member in type(self.default)] if isinstance(self.default, Enum) else None

    def check(self, value: object) -> None:
        """Raises: InvalidValue, for a value of another type or out of range."""
        wanted = type(self.default)
        if type(value) is not wanted:
            raise InvalidValue(self.name, value, f"it is of the type {wanted.__name__}")
        if isinstance(value, str) and not value and self.default:
            raise InvalidValue(self.name, value, "it may not be empty")
        if isinstance(value, int) and self.minimum is not None and value < self.minimum:
            raise InvalidValue(self.name, value, f"it is at least {self.minimum}")
        if isinstance(value, int) and self.maximum is not None and value > self.maximum:
            raise InvalidValue(self.name, value, f"it is at most {self.maximum}")

    def value_from_file(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The value in the file that the variable with `_FILE` behind names; None where there is no such variable.

        Raises: InvalidValue, when both variables are set, or the file cannot be read or is empty.
        """
        variables = os.environ if environment is None else environment
        name = variables.get(self.variable + FILE_SUFFIX)
        if not self.from_file or not name:
            return None
        if variables.get(self.variable):
            rule = f"{self.variable} is set as well; set only one of the two"
            raise InvalidValue(self.variable + FILE_SUFFIX, name, rule)
        try:
            value = Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            rule = f"the file cannot be read ({type(error).__name__}); name a readable file of one line"
            raise InvalidValue(self.variable + FILE_SUFFIX, name, rule) from error
        if not value:
            raise InvalidValue(self.variable + FILE_SUFFIX, name, "the file is empty; write the value into it")
        return value


def _check_address(name: str, address: str) -> None:
    """Raises: InvalidValue."""
    try:
        ascii_address(address)
    except ValueError as error:
        raise InvalidValue(name, address, f"give an e-mail address; {error}") from None


def settings_table() -> tuple[Setting, ...]:
    """Every setting, in the order of the help text."""
    return _TABLE


def setting_named(name: str) -> Setting:
    """The setting of this name."""
    return next(setting for setting in _TABLE if setting.name == name)


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Settings from values as the command line gives them: choices are texts, and what is missing has its default.

    Raises: InvalidValue.
    """
    converted = {}
    for setting in _TABLE:
        if values.get(setting.name) is not None:
            value = values[setting.name]
            converted[setting.name] = type(setting.default)(value) if setting.choices else value
    return Settings(**converted)


def _table() -> tuple[Setting, ...]:
    lines = []
    for found in fields(Settings):
        entry: _Entry = found.metadata["entry"]
        lines.append(Setting(found.name, found.default, entry.help, entry.minimum, entry.maximum, entry.from_file))
    return tuple(lines)


_TABLE = _table()
