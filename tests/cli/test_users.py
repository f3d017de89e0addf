"""`seriatim user`: who may sign in to the console."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seriatim import cli

PASSWORD = "four plain words together"  # noqa: S105 - of nobody
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command over a database of the test's own: its exit code, and what it says."""
    monkeypatch.setenv("SERIATIM_DATABASE", f"sqlite:///{tmp_path}/seriatim.db")

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(["user", *arguments])
        return code, *capsys.readouterr()

    return run


def create(
    run: Run, name: str, *options: str, role: str = "auditor", typed: str = f"{PASSWORD}\n"
) -> tuple[int, str, str]:
    return run("create", "--name", name, "--role", role, "--password-stdin", *options, typed=typed)


def users(run: Run) -> Any:
    code, out, _ = run("list", "--json")
    assert code == 0
    return json.loads(out)


def test_a_user_is_made_and_listed(run: Run) -> None:
    assert create(run, "Ada", role="admin") == (0, "Ada may sign in as admin\n", "")
    assert create(run, "Bo", "--entity", "default")[0] == 0
    ada, bo = users(run)
    assert (ada["name"], ada["role"], ada["entities"], ada["disabled_at"]) == ("Ada", "admin", None, None)
    assert (bo["role"], bo["entities"], bo["orgs"]) == ("auditor", ["default"], None)
    assert PASSWORD not in json.dumps(users(run))
    table = run("list")[1].splitlines()
    assert [line.split() for line in table] == [
        ["name", "role", "entities", "orgs", "state"],
        ["Ada", "admin", "all", "all", "active"],
        ["Bo", "auditor", "default", "all", "active"],
    ]


@pytest.mark.parametrize(
    ("typed", "told"),
    (
        ("short\n", "password: a password has 12 to 1000 characters, and this one 5"),
        ("\n", "this one 0"),
        ("", "this one 0"),
        ("x" * 1001 + "\n", "12 to 1000 characters"),
        ("x" * 5000 + "\n", "12 to 1000 characters"),
    ),
)
def test_a_password_that_will_not_do_makes_no_user(run: Run, typed: str, told: str) -> None:
    create(run, "Ada")
    code, out, err = create(run, "Bo", typed=typed)
    assert (code, out) == (1, "")
    assert told in err
    assert [user["name"] for user in users(run)] == ["Ada"]


def test_a_name_is_taken_whatever_its_case(run: Run) -> None:
    create(run, "Ada")
    code, _, err = create(run, "ADA")
    assert code == 1
    assert "exists already; choose another name" in err


def test_an_unknown_entity_makes_no_user(run: Run) -> None:
    create(run, "Ada")
    code, _, err = create(run, "Bo", "--entity", "nowhere")
    assert code == 1
    assert "no entity 'nowhere' was found" in err
    assert len(users(run)) == 1


def test_a_link_is_shown_once(run: Run) -> None:
    code, out, err = run("invite", "--role", "issuer", "--url", "https://numbers.example/")
    assert code == 0
    assert out.startswith("https://numbers.example/console/welcome/")
    assert "cannot be shown again" in err
    told = json.loads(run("invite", "--role", "admin", "--name", "Ada", "--json")[1])
    assert told["link"].startswith("/console/welcome/")
    assert told["role"] == "admin"
    assert users(run) == []


def test_a_user_is_disabled_and_enabled(run: Run) -> None:
    create(run, "Ada", role="admin")
    create(run, "Bo")
    assert run("disable", "bo")[:2] == (0, "Bo can sign in no more\n")
    assert users(run)[1]["disabled_at"] is not None
    assert "disabled already" in run("disable", "Bo")[2]
    assert run("enable", "Bo")[:2] == (0, "Bo can sign in again\n")
    assert users(run)[1]["disabled_at"] is None
    assert "last admin of all entities" in run("disable", "Ada")[2]
    assert "no user 'Cy' was found" in run("enable", "Cy")[2]


def test_a_password_is_changed(run: Run) -> None:
    create(run, "Ada")
    assert run("password", "ada", "--password-stdin", typed=f"{PASSWORD} anew\n")[0] == 0
    assert "no user 'Bo' was found" in run("password", "Bo", "--password-stdin", typed=f"{PASSWORD}\n")[2]
