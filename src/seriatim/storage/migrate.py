"""Which migrations there are, and whether a database and this program can work together.

Each file says in its first line with which schema version a program may still use the database after it:
`-- compatible-with: N`. So a rollback by one release works, and an older program refuses what it would spoil.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

from seriatim.service.ports import StoreUnavailable

_NAME = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)(\.(?P<engine>[a-z]+))?\.sql")
_COMPATIBLE = re.compile(r"-- compatible-with: (?P<version>[0-9]+)\n")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    version: int
    name: str
    compatible_with: int
    sql: str


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where a database stands: its version, and the oldest program version that may use it."""

    version: int
    compatible_with: int


def migrations_for(engine: str) -> list[Migration]:
    """The migrations of one engine, in their order, without a gap."""
    found = []
    for file in files("seriatim.storage.migrations").iterdir():
        named = _NAME.fullmatch(file.name)
        if named is None or named["engine"] not in (None, engine):
            continue
        sql = file.read_text(encoding="utf-8")
        compatible = _COMPATIBLE.match(sql)
        if compatible is None:
            raise ValueError(f"{file.name} does not begin with '-- compatible-with: N'")
        found.append(Migration(int(named["version"]), named["name"], int(compatible["version"]), sql))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations for {engine} are not numbered one after another")
    return found


def check_state(state: SchemaState | None, migrations: list[Migration]) -> None:
    """Check that this program may use a database in that state.

    Raises: StoreUnavailable, saying what to do.
    """
    newest = migrations[-1].version
    if state is None or state.version < newest:
        has = "no schema yet" if state is None else f"schema version {state.version}"
        raise StoreUnavailable(f"the database has {has}, this program needs {newest}; run `seriatim migrate`")
    if state.compatible_with > newest:
        raise StoreUnavailable(
            f"the database has schema version {state.version}, which this program ({newest}) cannot work with; "
            "install a newer release"
        )
