"""What the documentation says is true: its examples run, and its tables know what the program knows."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seriatim.api.openapi import document
from seriatim.api.zuora.envelope import CODE_CATEGORY, STATUS
from seriatim.errors import Category
from seriatim.settings import settings_table
from tests.servers import Server, clean_environment

ROOT = Path(__file__).parents[2]
EXAMPLE_SECONDS_MAX = 120
SHELL = ["bash", "-eu", "-o", "pipefail"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def example(marker: str) -> str:
    """The code block behind a marker of the README."""
    found = re.search(rf"<!-- test: {marker} -->\n```[a-z]+\n(.*?)```", read("README.md"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("docs")) as started:
        yield started


def run(command: list[str], script: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        input=script,
        capture_output=True,
        text=True,
        timeout=EXAMPLE_SECONDS_MAX,
        env=clean_environment({}),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell_example(marker: str, server: Server) -> str:
    """A shell example as somebody types it who has the server's address and credentials."""
    script = example(marker).replace("http://127.0.0.1:8000", server.url)
    return script.replace(
        "CLIENT_ID=…  CLIENT_SECRET=…", f"CLIENT_ID={server.client_id} CLIENT_SECRET={server.client_secret}"
    )


def test_the_readme_makes_a_number_with_curl(server: Server) -> None:
    lines = run(SHELL, shell_example("curl", server)).splitlines()
    assert len(lines) == 4
    assert all('"success":true' in line for line in lines)
    assert '"number":"FCM00000011"' in lines[2]
    assert '"number":"FCM00000011"' in lines[3]


def test_the_readme_makes_a_number_with_the_sdk(server: Server) -> None:
    script = example("python").replace("http://127.0.0.1:8000", server.url)
    script = script.replace('client_id="…"', f'client_id="{server.client_id}"')
    script = script.replace('client_secret="…"', f'client_secret="{server.client_secret}"')
    assert run([sys.executable, "-"], script).split() == ["TMP-CM-00000001", "DCM00000001"]


def test_the_readme_makes_a_credit_note_with_curl(server: Server, tmp_path: Path) -> None:
    note = json.loads(run(SHELL, shell_example("curl-sequence", server), tmp_path))
    assert (note["status"], note["creditNoteNumber"], note["grossTotal"]) == ("FINAL", "CM00000001", "124.06")
    assert (tmp_path / "credit-note.pdf").read_bytes().startswith(b"%PDF-")


def test_the_settings_page_is_the_table_of_settings() -> None:
    page = read("docs/settings.md")
    rows = [row.split("|")[1:-1] for row in page.splitlines() if row.startswith("| `--")]
    told = [[cell.strip().strip("`") for cell in row] for row in rows]
    known = [
        [setting.option, setting.variable, str(getattr(setting.default, "value", setting.default)), setting.help]
        for setting in settings_table()
    ]
    assert told == known


def test_the_committed_openapi_document_is_current() -> None:
    assert read("docs/openapi.json") == document(), "run `make openapi`"


def test_every_reference_of_the_openapi_document_leads_somewhere() -> None:
    described = json.loads(read("docs/openapi.json"))
    references = set(re.findall(r'"\$ref": "#/components/([^"]+)"', read("docs/openapi.json")))
    assert references
    for reference in references:
        section, name = reference.split("/")
        assert name in described["components"][section], reference


@pytest.mark.parametrize("category", Category)
def test_the_dialect_and_the_api_page_know_every_category_of_failure(category: Category) -> None:
    rows = [row for row in read("docs/api.md").splitlines() if re.match(r"\| [0-9]{3}", row)]
    wanted = (str(STATUS[category]), str(CODE_CATEGORY[category]))
    told = {
        (status.strip(), code.strip())
        for row in rows
        for _, statuses, code, *_ in [row.split("|")]
        for status in statuses.split(",")
    }
    assert wanted in told


def test_documents_name_files_that_exist() -> None:
    for page in ("README.md", "ARCHITECTURE.md", *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", read(page)):
            if "://" not in target:
                assert ((ROOT / page).parent / target).exists(), (page, target)
