"""A server as a user starts it, the command line beside it, and a client that calls it over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

PROGRAM = Path(sys.executable).with_name("seriatim")
START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 40.0
COMMAND_SECONDS_MAX = 30.0
CALL_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02
VARIABLE_PREFIX = "SERIATIM_"

_ADDRESS = re.compile(r"serves on (?P<url>http://\S+:(?P<port>[0-9]+))$", re.MULTILINE)
_WELCOME = re.compile(r"^  (?P<url>http://\S+/console/welcome/\S+)$", re.MULTILINE)
_CREDENTIALS = re.compile(r"^  client id      (?P<id>\S+)\n  client secret  (?P<secret>\S+)$", re.MULTILINE)

Json = dict[str, Any]


class ServerFailed(AssertionError):
    """The server or a command did not do what a test builds on. It fails the test, and is never skipped over."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client signs in with."""

    client_id: str
    client_secret: str = field(repr=False)


class Server:
    """A `seriatim serve` process over a database of its own in `directory`. Use it as a context manager.

    Keyword arguments are settings of the server: `rate_limit_requests_per_minute=3`.
    """

    def __init__(self, directory: Path, database: object = None, **settings: object) -> None:
        self.directory = directory
        self.database_path = directory / "seriatim.db"
        self.database = f"sqlite:///{self.database_path}" if database is None else str(database)
        self.settings = settings
        self.url = ""
        self.port = 0
        self.admin: Credentials | None = None
        self.welcome_url: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def client_id(self) -> str:
        """The id of the admin client that the first start made."""
        return self.require_admin().client_id

    @property
    def client_secret(self) -> str:
        """The secret of the admin client that the first start made."""
        return self.require_admin().client_secret

    def require_admin(self) -> Credentials:
        """The admin client that the first start made."""
        if self.admin is None:
            raise ServerFailed("the server showed no first client; was the database new?")
        return self.admin

    @property
    def process_id(self) -> int:
        """The id of the running process."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and wait until it tells its address. Later starts use the port of the first one."""
        if self.is_running:
            raise ServerFailed("the server runs already")
        banner = self.directory / "banner.txt"
        command = [str(PROGRAM), "serve", "--database", self.database, "--port", str(self.port)]
        environment = clean_environment(self.settings)
        with banner.open("wb") as output, self._log_path.open("ab") as errors:
            self._process = subprocess.Popen(
                command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )
        self._read_banner(banner)

    def _read_banner(self, banner: Path) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            text = banner.read_text(encoding="utf-8")
            address = _ADDRESS.search(text)
            if address is not None and text.endswith("\n"):
                break
            if not self.is_running or time.monotonic() > deadline:
                code = self._running(must_live=False).poll()
                self.kill()
                raise ServerFailed(f"the server did not start (exit code {code}):\n{text}\n{self.logs()}")
            time.sleep(POLL_SECONDS)
        self.url, self.port = address["url"], int(address["port"])
        credentials = _CREDENTIALS.search(text)
        if credentials is not None:
            self.admin = Credentials(credentials["id"], credentials["secret"])
        welcome = _WELCOME.search(text)
        if welcome is not None:
            self.welcome_url = welcome["url"]

    def kill(self) -> None:
        """End the process with SIGKILL, if it still lives."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def send_terminate(self) -> None:
        """Send SIGTERM and do not wait."""
        self._running().send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until the process has ended; its exit code."""
        process = self._running(must_live=False)
        try:
            code = process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"the server did not stop in {STOP_SECONDS_MAX} s:\n{self.logs()}") from None
        self._process = None
        return code

    def terminate(self) -> int:
        """Stop the process with SIGTERM; its exit code."""
        self.send_terminate()
        return self.wait()

    def restart(self) -> None:
        """Kill the process if it lives, and start it again over the same database and port."""
        self.kill()
        self.start()

    def logs(self) -> str:
        """Everything that the server wrote to standard error, over all its starts."""
        return self._log_path.read_text(encoding="utf-8") if self._log_path.exists() else ""

    def log_lines(self) -> list[Json]:
        """The complete lines of the log as JSON; a line that is none fails the test."""
        return [json.loads(line) for line in self.logs().splitlines(keepends=True) if line.endswith("\n")]

    def run_cli(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run `seriatim …` against this server's database; the test looks at the exit code itself."""
        return run_program(*arguments, database=self.database, directory=self.directory, typed=typed)

    def run_cli_json(self, *arguments: str) -> Any:
        """Run `seriatim … --json` against this server's database, and give what it prints."""
        done = self.run_cli(*arguments, "--json")
        if done.returncode != 0:
            raise ServerFailed(f"seriatim {' '.join(arguments)} failed ({done.returncode}): {done.stderr}")
        return json.loads(done.stdout)

    def create_client(
        self, role: str, *, name: str = "test client", entities: tuple[str, ...] = (), orgs: tuple[str, ...] = ()
    ) -> Credentials:
        """Create an API client through the command line."""
        arguments = ["client", "create", "--name", name, "--role", role]
        for option, values in (("--entity", entities), ("--org", orgs)):
            for value in values:
                arguments += [option, value]
        created = self.run_cli_json(*arguments)
        return Credentials(created["client_id"], created["client_secret"])

    def api(self, credentials: Credentials | None = None, **headers: str) -> "Api":
        """A signed-in client: the first admin unless others are given. Underscores in header names read as dashes."""
        return Api(self.url, credentials or self.require_admin(), **headers)

    @property
    def _log_path(self) -> Path:
        return self.directory / "server.log"

    def _running(self, *, must_live: bool = True) -> subprocess.Popen[bytes]:
        if self._process is None or (must_live and self._process.poll() is not None):
            raise ServerFailed(f"the server does not run:\n{self.logs()}")
        return self._process


class Api:
    """A signed-in HTTP client with a connection pool of its own. Use it as a context manager, or close it."""

    def __init__(self, url: str, credentials: Credentials, **headers: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=CALL_SECONDS_MAX)
        self.token = fetch_token(self.http, credentials)
        self.headers = {"Authorization": f"Bearer {self.token}", **_named(headers)}
        self.http.headers.update(self.headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One request: `body` is sent as JSON (Decimals as exact numbers), `content` as it is."""
        sent = dict(headers or {})
        if body is not None:
            content = encode(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.http.request(method, path, content=content, headers=sent)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """GET."""
        return self.call("GET", path, headers=_named(headers))

    def post(self, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """POST."""
        return self.call("POST", path, body, headers=_named(headers))

    def put(self, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """PUT."""
        return self.call("PUT", path, body, headers=_named(headers))

    def delete(self, path: str, **headers: str) -> httpx2.Response:
        """DELETE."""
        return self.call("DELETE", path, headers=_named(headers))

    def ok(self, method: str, path: str, body: object = None, **headers: str) -> Json:
        """One request that must succeed; its body."""
        return succeeded(self.call(method, path, body, headers=_named(headers)))


def fetch_token(http: httpx2.Client, credentials: Credentials) -> str:
    """Sign in; the access token."""
    form = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "grant_type": "client_credentials",
    }
    answer = http.post("/oauth/token", data=form)
    if answer.status_code != 200:
        raise ServerFailed(f"no token: {answer.status_code} {answer.text}")
    return str(answer.json()["access_token"])


def encode(value: object) -> bytes:
    """A value as JSON. Decimals become numbers, digit by digit, so that no float comes near an amount."""
    decimals: dict[str, str] = {}

    def mark(each: object) -> str:
        if not isinstance(each, Decimal):
            raise TypeError(f"{type(each).__name__} is not JSON")
        decimals[f'"decimal:{each}"'] = str(each)
        return f"decimal:{each}"

    text = json.dumps(value, default=mark)
    for marked, digits in decimals.items():
        text = text.replace(marked, digits)
    return text.encode()


def decode(answer: httpx2.Response) -> Json:
    """The body of an answer; numbers with a point are exact decimals."""
    decoded: Json = json.loads(answer.content, parse_float=Decimal)
    return decoded


def succeeded(answer: httpx2.Response) -> Json:
    """The body of an answer that must tell of success."""
    if answer.status_code != 200 or decode(answer).get("success") is not True:
        raise ServerFailed(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return decode(answer)


def clean_environment(settings: dict[str, object] | None = None) -> dict[str, str]:
    """The environment without any setting of a server but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE_PREFIX)}
    given = {VARIABLE_PREFIX + name.upper(): str(value) for name, value in (settings or {}).items()}
    return {**kept, **given}


def run_program(*arguments: str, database: str, directory: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `seriatim …` over a database, in a directory, with what is typed on standard input."""
    return subprocess.run(
        [str(PROGRAM), *arguments],
        env=clean_environment({"database": database}),
        cwd=directory,
        input=typed,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
