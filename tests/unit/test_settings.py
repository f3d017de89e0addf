"""The table of settings, the options that are made from it, and database URLs."""

from pathlib import Path
from typing import Any

import click
import pytest

from seriatim.cli import cli
from seriatim.errors import InvalidValue
from seriatim.service.ports import StoreUnavailable
from seriatim.settings import LogFormat, LogLevel, Setting, Settings, setting_named, settings_from, settings_table
from seriatim.storage.engines import check_url, sqlite_path, store_for

TABLE = settings_table()


def serve_option(setting: Setting) -> click.Option:
    serve = cli.commands["serve"]
    (option,) = (each for each in serve.params if each.name == setting.name)
    assert isinstance(option, click.Option)
    return option


def test_every_field_is_in_the_table_once() -> None:
    names = [setting.name for setting in TABLE]
    assert len(names) == len(set(names))
    assert set(names) == {name for name in dir(Settings()) if not name.startswith("_")}


def test_serve_has_an_option_for_each_setting_and_no_other() -> None:
    names = {each.name for each in cli.commands["serve"].params}
    assert names == {setting.name for setting in TABLE}


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_option_variable_and_help_are_those_of_the_table(setting: Setting) -> None:
    option = serve_option(setting)
    assert option.opts == [setting.option]
    assert option.envvar == setting.variable == f"SERIATIM_{setting.name.upper()}"
    assert option.help == setting.help
    assert setting.help.endswith(".")
    assert option.default == setting.default


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_a_value_of_another_type_or_out_of_range_is_refused(setting: Setting) -> None:
    bad: list[Any] = [None, b"x", 1.5]
    bad += [setting.minimum - 1] if setting.minimum is not None else []
    bad += [setting.maximum + 1] if setting.maximum is not None else []
    bad += [""] if isinstance(setting.default, str) and setting.default else [1 if setting.default == "" else "1"]
    for value in bad:
        with pytest.raises(InvalidValue) as refusal:
            Settings(**{setting.name: value})
        assert refusal.value.field == setting.name


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_the_limits_themselves_are_allowed(setting: Setting) -> None:
    beside: dict[str, dict[str, Any]] = {
        "body_bytes_max": {"expanded_body_bytes_max": 2**40},
        "workers": {"database": "postgresql://host/name"},
    }
    large_enough = beside.get(setting.name, {})
    for value in (setting.minimum, setting.maximum):
        if value is not None and setting.name != "expanded_body_bytes_max":
            assert getattr(Settings(**large_enough | {setting.name: value}), setting.name) == value


def test_several_processes_serve_postgresql_alone() -> None:
    assert Settings(workers=2, database="postgresql://host/name").workers == 2
    with pytest.raises(InvalidValue, match="a SQLite file has one server process"):
        Settings(workers=2)


@pytest.mark.parametrize(
    "url",
    (
        "postgresql://u:hunter2@host",
        "postgresql://u:hunter2@host/",
        "postgresql://u:hunter2@host:port/name",
        "postgres://u:hunter2@host:0/name",
        "postgresql://u:hunter2@host/name?isolation=chaos",
        "postgresql://u:hunter2@host/name?prepared_statements=perhaps",
        "postgresql://u:hunter2@host/name?isolation",
    ),
)
def test_a_postgresql_url_names_a_database_and_shows_no_password(url: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_url(url)
    assert "hunter2" not in refusal.value.message


def test_the_defaults_are_usable() -> None:
    settings = Settings()
    assert settings.body_bytes_max == 1024 * 1024
    assert settings.expanded_body_bytes_max == 4 * 1024 * 1024
    assert settings.rate_limit_requests_per_minute == 0
    assert settings.metrics is True
    assert settings.log_format is LogFormat.JSON


def test_a_body_may_not_shrink_by_decompressing() -> None:
    with pytest.raises(InvalidValue, match="body_bytes_max"):
        Settings(body_bytes_max=2048, expanded_body_bytes_max=2047)
    assert Settings(body_bytes_max=2048, expanded_body_bytes_max=2048).body_bytes_max == 2048


def test_values_of_the_command_line_become_settings() -> None:
    values = {"log_level": "warning", "log_format": "console", "port": 0, "metrics": False, "host": None}
    settings = settings_from(values)
    assert settings == Settings(log_level=LogLevel.WARNING, log_format=LogFormat.CONSOLE, port=0, metrics=False)


def test_a_file_may_hold_the_database_url(tmp_path: Path) -> None:
    setting, file = setting_named("database"), tmp_path / "url"
    file.write_text("sqlite:////data/x.db\n")
    name = "SERIATIM_DATABASE_FILE"
    assert setting.value_from_file({}) is None
    assert setting.value_from_file({name: ""}) is None
    assert setting.value_from_file({name: str(file)}) == "sqlite:////data/x.db"
    with pytest.raises(InvalidValue, match="SERIATIM_DATABASE is set as well"):
        setting.value_from_file({name: str(file), "SERIATIM_DATABASE": "sqlite:///y.db"})
    file.write_text(" \n")
    with pytest.raises(InvalidValue, match="empty"):
        setting.value_from_file({name: str(file)})
    with pytest.raises(InvalidValue, match="cannot be read"):
        setting.value_from_file({name: str(tmp_path / "none")})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidValue, match="cannot be read"):
        setting.value_from_file({name: str(file)})


def test_only_what_may_hold_credentials_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "host"
    file.write_text("example.test")
    assert setting_named("host").value_from_file({"SERIATIM_HOST_FILE": str(file)}) is None


@pytest.mark.parametrize(
    ("url", "path"),
    (
        ("sqlite:///seriatim.db", "seriatim.db"),
        ("sqlite:///var/seriatim.db", "var/seriatim.db"),
        ("sqlite:////var/lib/seriatim.db", "/var/lib/seriatim.db"),
        ("sqlite:///a b%20c.db", "a b%20c.db"),
    ),
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)
    assert Settings(database=url).database == url


@pytest.mark.parametrize(
    ("url", "rule"),
    (
        ("", "name a SQLite file"),
        ("seriatim.db", "'seriatim.db' .*sqlite:///relative/path.db"),
        ("/var/seriatim.db", "name a SQLite file"),
        ("mysql://seriatim:hunter2@db/seriatim", "'mysql://…' .* no other database is supported"),
        ("sqlite://relative.db", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:////", "names no file"),
        ("sqlite:///var/", "names no file"),
        ("sqlite:///:memory:", "in memory is not served"),
        ("sqlite:///x.db?mode=ro", "takes no options"),
        ("sqlite:///x.db#x", "takes no options"),
        ("sqlite:///x\0.db", "takes no options"),
    ),
)
def test_any_other_url_is_refused_with_what_is_supported(url: str, rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule) as refusal:
        sqlite_path(url)
    assert refusal.value.field == "database"
    assert "hunter2" not in refusal.value.message
    with pytest.raises(InvalidValue):
        Settings(database=url)


def test_a_store_is_neither_opened_nor_created_by_naming_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    store_for(url)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreUnavailable, match=r"there is no database at .*x\.db; .*seriatim migrate"):
        store_for(url, must_exist=True)
    (tmp_path / "x.db").touch()
    store_for(url, must_exist=True)
