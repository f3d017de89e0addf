"""`seriatim copy`: everything goes over, is compared, and goes on there; the original stays as it was."""

import hashlib
import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.postgres import Cluster, Database
from tests.servers import Server, run_program

TABLES_WITH_ROWS = {
    "accounts",
    "activities",
    "answers",
    "applications",
    "client_uses",
    "clients",
    "counters",
    "directory",
    "documents",
    "entities",
    "invitations",
    "orgs",
    "register",
    "secrets",
    "sequence_set_numberings",
    "sequence_sets",
    "series",
}


def furnish(server: Server) -> dict[str, Any]:
    """A little of everything, over HTTP; the body of the last memo."""
    server.run_cli_json("entity", "create", "--name", "Second")
    server.run_cli_json("org", "create", "--entity", "default", "--name", "North")
    with server.api() as api:
        contact = {"firstName": "Sophie", "lastName": "Germain"}
        account = {"name": "Sophie Germain ☃", "currency": "EUR", "billToContact": contact}
        account_id = api.ok("POST", "/v1/accounts", account)["accountId"]
        line = {"amount": 12.5, "chargeName": "line", "serviceStartDate": "2026-01-31"}
        day = "2026-01-31"
        invoice = {"accountId": account_id, "invoiceDate": day, "invoiceItems": [line], "status": "Posted"}
        invoiced = api.ok("POST", "/v1/invoices", invoice)
        memo = {"accountId": account_id, "autoPost": True, "comment": "ä\u0001", "charges": [{"amount": 3}]}
        posted = api.ok("POST", "/v1/credit-memos", memo, idempotency_key="key-1")
        portion = {"invoices": [{"invoiceId": invoiced["id"], "amount": 2}]}
        api.ok("PUT", f"/v1/credit-memos/{posted['id']}/apply", portion)
        api.ok("POST", "/v1/credit-memos", {**memo, "autoPost": False})
    return {"memo": memo, "posted": posted}


def contents(path: Path) -> str:
    """A digest of all rows of a file."""
    digest = hashlib.sha256()
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall():
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608 - its own names
                digest.update(repr((table, row)).encode())
    return digest.hexdigest()


def copy(from_url: str, to_url: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run_program("copy", "--from", from_url, "--to", to_url, *options, database=from_url, directory=directory)


def test_everything_goes_over_and_goes_on(tmp_path: Path, postgres: Cluster) -> None:
    target = postgres.new_database(migrated=False)
    with Server(tmp_path) as server:
        told = furnish(server)
        admin, database, file = server.require_admin(), server.database, server.database_path
        refused = copy(database, target.url, tmp_path)
        assert refused.returncode == 1
        assert "another server process serves" in refused.stderr
        assert server.terminate() == 0
    before = contents(file)
    done = copy(database, target.url, tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["gapless"] is True
    assert {table for table, rows in report["copied"].items() if rows} == TABLES_WITH_ROWS
    assert contents(file) == before
    again = copy(database, target.url, tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "the target is not empty" in again.stderr
    other_place = tmp_path / "copy"
    other_place.mkdir()
    with Server(other_place, target.url) as moved, moved.api(admin) as api:
        assert moved.admin is None, "the copy has its clients already"
        replayed = api.ok("POST", "/v1/credit-memos", told["memo"], idempotency_key="key-1")
        assert replayed == told["posted"]
        following = api.ok("POST", "/v1/credit-memos", told["memo"])
        assert following["number"] == "CM00000002"
        assert moved.run_cli_json("verify")["gapless"] is True


def test_the_command_tells_what_it_did(tmp_path: Path, postgres_database: Database) -> None:
    source = f"sqlite:///{tmp_path / 'source.db'}"
    assert run_program("migrate", database=source, directory=tmp_path).returncode == 0
    done = copy(source, postgres_database.url, tmp_path)
    assert done.returncode == 0
    assert "copied and compared: 1 rows in" in done.stdout
    assert "Serve the copy from now on" in done.stderr


@pytest.mark.parametrize(
    ("from_url", "to_url", "message"),
    (
        ("sqlite:///none.db", "postgresql://h/d", "there is no database at none.db"),
        ("postgresql://u:hunter2@h/d", "postgresql://h/d", "from a SQLite file"),
        ("sqlite:///a.db", "sqlite:///b.db", "to a PostgreSQL database"),
    ),
)
def test_other_ways_are_refused(tmp_path: Path, from_url: str, to_url: str, message: str) -> None:
    done = copy(from_url, to_url, tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "hunter2" not in done.stderr


def test_a_row_that_comes_over_otherwise_is_found(tmp_path: Path, postgres_database: Database) -> None:
    """The comparison is made with what the target holds, not with what was sent to it."""
    source = f"sqlite:///{tmp_path / 'source.db'}"
    created = run_program("client", "create", "--name", "till", "--role", "admin", database=source, directory=tmp_path)
    assert created.returncode == 0
    postgres_database.execute("""
        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN new.name = upper(new.name); RETURN new; END $$;
        CREATE TRIGGER spoils BEFORE INSERT ON clients FOR EACH ROW EXECUTE FUNCTION spoil()""")
    done = copy(source, postgres_database.url, tmp_path)
    assert done.returncode == 1
    assert "the copy of the table clients does not hold what the original does" in done.stderr
    assert postgres_database.value("SELECT count(*) FROM entities") == 0
