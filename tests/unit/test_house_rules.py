"""Rules of the house that linters and import rules cannot see."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "seriatim"
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\b", re.DOTALL)
OWNERS = {
    "clock": (re.compile(r"datetime\.(now|utcnow|today)|date\.today|time\.(time|monotonic)|\bmonotonic\b"), "time.py"),
    "environment": (re.compile(r"os\.(environ|getenv)"), "settings.py"),
    "randomness": (re.compile(r"\b(import random|import uuid|import secrets|os\.urandom|from uuid)"), "randomness.py"),
}
HOSTS = ("py" + "pi.org", "python" + "hosted", "npm" + "js.", "deb." + "debian")
FOLDERS = ("root", "home", "work")
FOREIGN = re.compile("|".join([*map(re.escape, HOSTS), *(f"/{folder}/" for folder in FOLDERS)]))


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def code_of(path: Path) -> str:
    """The source without its docstrings and comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.unparse(tree)


def texts_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield ast.unparse(node)


def test_there_is_something_to_check() -> None:
    assert len(files()) > 40


def test_sql_stays_in_the_stores() -> None:
    found = [path for path in files() for text in texts_of(path) if SQL.search(text)]
    assert found
    assert {path.relative_to(SOURCE).parts[0] for path in found} == {"storage"}


@pytest.mark.parametrize("thing", OWNERS)
def test_clock_environment_and_randomness_have_one_owner_each(thing: str) -> None:
    pattern, owner = OWNERS[thing]
    users = {path.name for path in files() if pattern.search(code_of(path))}
    # What takes a clock as a parameter may call that parameter what it is.
    assert users - {"directory.py", "ratelimit.py", "app.py", "uses.py"} == {owner}


def test_the_domain_has_no_floats() -> None:
    for path in (SOURCE / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            assert not is_float, f"{path.name}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Name) and node.id == "float"), path.name


def test_files_and_functions_stay_small() -> None:
    for path in [*files(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= FILE_LINES_MAX, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= FUNCTION_LINES_MAX, f"{path.name}:{node.lineno} {node.name}"


def test_the_repository_speaks_of_the_product_alone() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    names = tracked.stdout.split()
    assert names
    for name in names:
        if (ROOT / name).is_file():
            found = FOREIGN.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{name}: {found}"
