"""The command line, over real SQLite files; where the process matters, in a process of its own."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seriatim import __version__, cli
from seriatim.auth.secrets import secret_matches
from seriatim.cli import databases
from seriatim.domain.client import ApiClient
from seriatim.settings import LogLevel, Settings
from seriatim.storage.engines import store_for
from seriatim.storage.sqlite import SqliteStore

PROCESSES = 4


class Run:
    """What became of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        assert (self.code, self.err) == (0, "")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    def failed(self, code: int = 1) -> str:
        """The one line of an error."""
        assert (self.code, self.out) == (code, "")
        assert self.err.count("\n") == 1
        assert self.err.startswith("seriatim: ")
        assert "Traceback" not in self.err
        return self.err


Seriatim = Callable[..., Run]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERIATIM_DATABASE", "SERIATIM_DATABASE_FILE", "SERIATIM_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/seriatim.db"


@pytest.fixture
def seriatim(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Seriatim:
    """Runs a command on a database that does not exist yet."""
    monkeypatch.setenv("SERIATIM_DATABASE", url)

    def run(*arguments: str) -> Run:
        capsys.readouterr()
        code = cli.main(arguments)
        return Run(code, *capsys.readouterr())

    return run


def in_a_process(*arguments: str) -> Run:
    command = [sys.executable, "-m", "seriatim.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Run(done.returncode, done.stdout, done.stderr)


def create_client(seriatim: Seriatim, *arguments: str) -> dict[str, str]:
    made: dict[str, str] = seriatim("client", "create", "--name", "till", "--role", "issuer", "--json", *arguments).json
    return made


def test_a_client_can_be_created_on_a_database_that_does_not_exist(url: str) -> None:
    arguments = ("client", "create", "--database", url, "--name", "till", "--role", "admin", "--json")
    made = in_a_process(*arguments).json
    assert made.keys() == {"client_id", "client_secret"}
    assert str(uuid.UUID(made["client_id"])) == made["client_id"]
    assert 30 <= len(made["client_secret"]) <= 42
    (entity,) = in_a_process("entity", "list", "--database", url, "--json").json
    assert (entity["name"], entity["number_on"]) == ("default", "posting")


def test_several_processes_can_begin_a_new_database_at_once(url: str) -> None:
    arguments = ("client", "create", "--database", url, "--name", "till", "--role", "admin", "--json")
    with ThreadPoolExecutor(PROCESSES) as threads:
        runs = [threads.submit(in_a_process, *arguments) for _ in range(PROCESSES)]
        made = {run.result().json["client_id"] for run in runs}
    clients = in_a_process("client", "list", "--database", url, "--json").json
    assert {client["client_id"] for client in clients} == made
    assert len(made) == PROCESSES
    assert len(in_a_process("entity", "list", "--database", url, "--json").json) == 1


def test_of_a_secret_only_its_digest_is_in_the_database(seriatim: Seriatim, url: str, tmp_path: Path) -> None:
    secret = create_client(seriatim)["client_secret"]

    async def read() -> list[ApiClient]:
        store = store_for(url)
        await store.open()
        clients = await store.list_clients()
        await store.close()
        return clients

    (client,) = asyncio.run(read())
    assert secret_matches(secret, client.secret_digest)
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()


async def test_a_client_can_be_created_while_another_process_has_the_database_open(url: str, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "seriatim.db", serves=True)
    await store.migrate()
    await store.open()
    version = await store.directory_version()
    arguments = ("client", "create", "--database", url, "--name", "till", "--role", "admin", "--json")
    made = in_a_process(*arguments).json
    assert [client.id for client in await store.list_clients()] == [made["client_id"]]
    assert await store.directory_version() > version
    await store.close()


def test_people_are_told_the_secret_and_that_it_is_gone_afterwards(seriatim: Seriatim) -> None:
    run = seriatim("client", "create", "--name", "till", "--role", "auditor")
    assert run.code == 0
    assert run.out.startswith("client id      ")
    assert "cannot be shown again" in run.err
    secret = run.out.split()[-1]
    listed = seriatim("client", "list")
    assert "till" in listed.out
    assert secret not in listed.out + seriatim("client", "list", "--json").out


def test_a_client_can_be_limited_to_entities_and_orgs(seriatim: Seriatim) -> None:
    for name in ("France", "Chile", "Ghana"):
        seriatim("entity", "create", "--name", name, "--json")
    org = seriatim("org", "create", "--entity", "France", "--name", "Asia", "--json").json
    france = next(each for each in seriatim("entity", "list", "--json").json if each["name"] == "France")
    create_client(seriatim)
    create_client(seriatim, "--entity", france["entity_id"], "--entity", "Chile", "--org", org["org_id"])
    everywhere, limited = seriatim("client", "list", "--json").json
    assert (everywhere["entities"], everywhere["orgs"]) == (None, None)
    assert (limited["entities"], limited["orgs"]) == (["Chile", "France"], ["Asia"])
    table = seriatim("client", "list").out.splitlines()
    assert table[1].split()[-3:] == ["all", "all", "active"]
    assert "Chile, France" in table[2]
    refusal = seriatim("client", "create", "--name", "x", "--role", "admin", "--entity", "Atlantis").failed()
    assert "no entity 'Atlantis' was found; `seriatim entity list` shows them" in refusal
    refusal = seriatim("client", "create", "--name", "x", "--role", "admin", "--org", "Atlantis").failed()
    assert "no org 'Atlantis'" in refusal
    assert len(seriatim("client", "list", "--json").json) == 2


def test_a_client_is_revoked_once(seriatim: Seriatim) -> None:
    client_id = create_client(seriatim)["client_id"]
    kept = create_client(seriatim)["client_id"]
    assert client_id in seriatim("client", "revoke", client_id).out
    revoked, active = seriatim("client", "list", "--json").json
    assert (revoked["client_id"], active["client_id"]) == (client_id, kept)
    assert revoked["revoked_at"] is not None
    assert active["revoked_at"] is None
    assert "revoked" in seriatim("client", "list").out.splitlines()[1]
    assert "has been revoked already" in seriatim("client", "revoke", client_id).failed()
    assert "no client 'nobody' was found" in seriatim("client", "revoke", "nobody").failed()
    assert seriatim("client", "revoke", kept, "--json").json["client_id"] == kept


def test_an_entity_numbers_when_it_is_told_to(seriatim: Seriatim) -> None:
    made = seriatim("entity", "create", "--name", "France", "--number-on", "creation", "--json").json
    assert (made["name"], made["number_on"]) == ("France", "creation")
    default, second = seriatim("entity", "list", "--json").json
    assert (default["name"], default["number_on"]) == ("default", "posting")
    assert second["entity_id"] == made["entity_id"]
    assert "already" in seriatim("entity", "create", "--name", "France").failed()
    assert "comma" in seriatim("entity", "create", "--name", "A, B").failed()
    assert "France" in seriatim("entity", "list").out
    assert seriatim("entity", "create", "--name", "Chile").out.startswith("entity id  ")


def test_orgs_are_listed_by_entity(seriatim: Seriatim) -> None:
    seriatim("entity", "create", "--name", "France")
    for entity, name in (("default", "Asia"), ("France", "Asia"), ("France", "China")):
        assert seriatim("org", "create", "--entity", entity, "--name", name).out.startswith("org id  ")
    assert [org["entity"] for org in seriatim("org", "list", "--json").json] == ["default", "France", "France"]
    of_france = seriatim("org", "list", "--entity", "France", "--json").json
    assert [org["name"] for org in of_france] == ["Asia", "China"]
    assert len(seriatim("org", "list", "--entity", of_france[0]["entity_id"], "--json").json) == 2
    assert len(seriatim("org", "list").out.splitlines()) == 4
    assert "no entity 'Atlantis'" in seriatim("org", "list", "--entity", "Atlantis").failed()
    assert "already" in seriatim("org", "create", "--entity", "France", "--name", "Asia").failed()


def test_a_mistyped_path_is_an_error_and_makes_no_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/typo.db"
    commands = (("client", "list"), ("client", "revoke", "x"), ("entity", "list"), ("org", "list"), ("verify",))
    for command in commands:
        assert "there is no database" in in_a_process(*command, "--database", url).failed()
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_schema_and_a_file_that_is_none_are_errors(seriatim: Seriatim, tmp_path: Path) -> None:
    file = tmp_path / "seriatim.db"
    file.touch()
    assert "run `seriatim migrate`" in seriatim("verify").failed()
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    for command in (("verify",), ("migrate",), ("entity", "create", "--name", "x")):
        assert "SQLite" in seriatim(*command).failed()


def test_migrating_says_what_was_applied(seriatim: Seriatim) -> None:
    applied = seriatim("migrate", "--json").json["applied"]
    assert applied[0] == "initial"
    assert seriatim("migrate", "--json").json == {"applied": []}
    assert seriatim("migrate").out == "the schema is up to date\n"


def test_a_sound_database_is_verified(seriatim: Seriatim) -> None:
    create_client(seriatim)
    run = seriatim("verify")
    assert run.code == 0
    lines = run.out.splitlines()
    assert lines[0].split() == ["entity", "kind", "prefix", "first", "next", "issued", "skipped", "verdict"]
    assert "default  credit memo  CM      1      1     0       0        OK" in lines
    assert lines[-1] == "5 series, 0 numbers issued: OK, no gap"
    found = seriatim("verify", "--json").json
    assert found["gapless"] is True
    assert {series["kind"] for series in found["series"]} >= {"invoice", "credit_memo", "refund"}
    assert all(series["gapless"] and series["problems"] == [] for series in found["series"])


def test_a_gap_is_found_and_named(seriatim: Seriatim, tmp_path: Path) -> None:
    create_client(seriatim)
    with sqlite3.connect(tmp_path / "seriatim.db") as connection:
        connection.execute("UPDATE series SET next_ordinal = 4 WHERE prefix = 'CM'")
    connection.close()
    run = seriatim("verify")
    assert run.code == 1
    assert "default  credit memo  CM      1      4     0       0        WRONG" in run.out
    assert "default, credit memo CM: the counter has passed 3 ordinals, but 0 are recorded as issued" in run.out
    assert run.out.splitlines()[-1] == "5 series, 0 numbers issued: 2 problems"
    as_json = seriatim("verify", "--json")
    assert as_json.code == 1
    found = json.loads(as_json.out)
    assert found["gapless"] is False
    (bad,) = (series for series in found["series"] if not series["gapless"])
    assert (bad["prefix"], bad["next"]) == ("CM", 4)
    assert "3 missing" in bad["problems"][0]


def test_the_version_is_told(seriatim: Seriatim) -> None:
    assert seriatim("version").out == f"seriatim {__version__}\n"
    assert __version__ in seriatim("--version").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        (("frobnicate",), "No such command 'frobnicate'"),
        (("client", "create", "--name", "x"), "Missing option '--role'"),
        (("client", "create", "--name", "x", "--role", "king"), "'king' is not one of 'admin', 'issuer', 'auditor'"),
        (("client", "revoke"), "Missing argument 'CLIENT_ID'"),
        (("serve", "--port", "65536"), "65536 is not in the range"),
        (("serve", "--log-level", "loud"), "'loud' is not one of"),
        (("verify", "--frob"), "No such option '--frob'"),
    ),
)
def test_a_mistyped_command_is_one_line_and_code_2(
    seriatim: Seriatim, arguments: tuple[str, ...], message: str
) -> None:
    error = seriatim(*arguments).failed(2)
    assert message in error
    assert "--help` says more" in error


@pytest.mark.parametrize("arguments", ((), ("client",), ("entity",), ("org",)))
def test_without_a_command_the_help_is_shown(seriatim: Seriatim, arguments: tuple[str, ...]) -> None:
    run = seriatim(*arguments)
    assert run.code == 2
    assert "Commands:" in run.err
    assert seriatim(*arguments, "--help").code == 0


def test_a_database_that_is_not_supported_is_refused_without_its_password(seriatim: Seriatim) -> None:
    for command in (("verify",), ("serve",), ("migrate",)):
        error = seriatim(*command, "--database", "mysql://u:hunter2@h/d").failed()
        assert "no other database is supported" in error
        assert "hunter2" not in error


def test_a_fault_is_one_line_too(seriatim: Seriatim, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom\nbang")

    monkeypatch.setattr(databases, "store_for", fail)
    error = seriatim("verify").failed()
    assert "a fault of Seriatim: RuntimeError at tests.cli.test_cli:" in error
    assert "boom bang" in error
    monkeypatch.setattr(databases, "store_for", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
    run = seriatim("verify")
    assert (run.code, run.err.strip()) == (1, "seriatim: interrupted")


def test_the_database_comes_from_the_option_the_variable_or_a_file(
    seriatim: Seriatim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_client(seriatim)
    other = tmp_path / "other.db"
    seriatim("migrate", "--database", f"sqlite:///{other}")
    assert other.exists()
    assert seriatim("client", "list", "--database", f"sqlite:///{other}", "--json").json == []
    assert len(seriatim("client", "list", "--json").json) == 1

    (tmp_path / "url").write_text(f"sqlite:///{other}\n")
    monkeypatch.setenv("SERIATIM_DATABASE_FILE", str(tmp_path / "url"))
    assert "set only one of the two" in seriatim("client", "list").failed()
    assert seriatim("client", "list", "--database", f"sqlite:///{other}", "--json").json == []
    monkeypatch.delenv("SERIATIM_DATABASE")
    assert seriatim("client", "list", "--json").json == []


class FakeApp(ModuleType):
    """Stands in for the server: takes note of the settings, and ends with a code of its own."""

    def __init__(self) -> None:
        super().__init__("seriatim.app")
        self.served: list[Settings] = []

    def serve(self, settings: Settings) -> int:
        self.served.append(settings)
        return 7


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    made = FakeApp()
    monkeypatch.setitem(sys.modules, "seriatim.app", made)
    monkeypatch.setattr("seriatim.app", made, raising=False)
    return made


def test_serving_gets_the_settings_and_gives_its_exit_code(
    seriatim: Seriatim, app: FakeApp, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERIATIM_PORT", "9001")
    monkeypatch.setenv("SERIATIM_METRICS", "false")
    monkeypatch.setenv("SERIATIM_HOST", "192.0.2.1")
    run = seriatim("serve", "--log-level", "debug", "--host", "192.0.2.2")
    assert (run.code, run.out, run.err) == (7, "", "")
    expected = Settings(database=url, port=9001, metrics=False, host="192.0.2.2", log_level=LogLevel.DEBUG)
    assert app.served == [expected]


def test_settings_that_do_not_fit_together_are_refused_before_serving(seriatim: Seriatim, app: FakeApp) -> None:
    error = seriatim("serve", "--body-bytes-max", "5000", "--expanded-body-bytes-max", "4000").failed()
    assert "expanded_body_bytes_max: 4000 is not allowed here" in error
    assert app.served == []
