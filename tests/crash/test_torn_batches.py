"""The process dies between the first row of a batch and its answers: all of the batch is there, or nothing."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from seriatim.domain.numbering import Kind
from seriatim.service.ports import DocumentQuery
from seriatim.service.verification import verify
from seriatim.service.writer import Writer
from seriatim.storage.sqlite import SqliteStore
from tests.crash.torn_writer import DRAFT_ID, EXIT_CODE, MEMOS, Death, Moment, batch, submit_batch
from tests.factories import ENTITY_ID, load
from tests.fakes import FixedClock, NullObserver

ROOT = Path(__file__).parents[2]
PROGRAM_SECONDS_MAX = 30
BEFORE = {"issued-1": "FCM00000001", DRAFT_ID: "TMP-CM-00000001"}
AFTER = {
    "issued-1": "FCM00000001",
    **{f"document-{index}": f"FCM0000000{index + 2}" for index in range(MEMOS)},
    DRAFT_ID: "FCM00000007",
}
NAMES = [*(f"memo-{index}" for index in range(MEMOS)), "refused", "draft"]
KEYS = {("client-1", key) for key in [*(f"key-{index}" for index in range(MEMOS)), "key-refused"]}


def write_batch(database: Path, moment: Moment, death: Death) -> tuple[int, list[dict[str, Any]]]:
    """Run the program; its exit code and the answers that it gave."""
    command = [sys.executable, "-m", "tests.crash.torn_writer", str(database), moment, death]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PROGRAM_SECONDS_MAX, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@asynccontextmanager
async def reopened(database: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(database)
    await store.open()
    yield store
    await store.close()


async def numbers(store: SqliteStore) -> dict[str, str]:
    """The number of every document, temporary ones included."""
    query = DocumentQuery(entity_id=ENTITY_ID, kind=Kind.CREDIT_MEMO, limit=100)
    return {document.id: document.number for document in await store.list_documents(query)}


async def issued_count(store: SqliteStore) -> int:
    """How many numbers the register holds, of a series that is proved to be gapless."""
    verification = await verify(store)
    assert verification.is_gapless, verification
    (audit,) = (each.audit for each in verification.verdicts if each.audit.series.key.prefix == "FCM")
    assert audit.series.next_ordinal == 1 + audit.issued_count
    return audit.issued_count


async def kept_keys(store: SqliteStore) -> set[tuple[str, str]]:
    """The idempotency keys of the batch with which an answer is kept."""
    snapshot = await load(store, answers=KEYS)
    return {key for key in KEYS if snapshot.answers.get(key) is not None}


async def submit_again(store: SqliteStore) -> list[dict[str, Any]]:
    writer = Writer(store, FixedClock(), NullObserver())
    answers = await submit_batch(writer)
    await writer.close()
    return answers


@pytest.mark.parametrize("death", list(Death))
@pytest.mark.parametrize("moment", (Moment.FIRST_ROW, Moment.LATER_ROW, Moment.BEFORE_COMMIT))
async def test_before_the_commit_nothing_is_there(tmp_path: Path, moment: Moment, death: Death) -> None:
    database = tmp_path / "seriatim.db"
    code, answers = write_batch(database, moment, death)
    assert (code, answers) == (expected_code(death), [])
    async with reopened(database) as store:
        assert await numbers(store) == BEFORE
        assert await issued_count(store) == 1
        assert await kept_keys(store) == set()
        # The retries are the first that the database hears of the batch.
        again = await submit_again(store)
        assert not any(answer["is_replay"] for answer in again)
        assert [answer["name"] for answer in again] == NAMES
        assert await numbers(store) == AFTER
        assert await issued_count(store) == MEMOS + 2


@pytest.mark.parametrize("death", list(Death))
async def test_after_the_commit_everything_is_there(tmp_path: Path, death: Death) -> None:
    database = tmp_path / "seriatim.db"
    code, answers = write_batch(database, Moment.AFTER_COMMIT, death)
    assert (code, answers) == (expected_code(death), [])
    async with reopened(database) as store:
        assert await numbers(store) == AFTER
        assert await issued_count(store) == MEMOS + 2
        assert await kept_keys(store) == KEYS
        *memos, refused, draft = await submit_again(store)
        assert [(memo["is_replay"], memo["status"], memo["text"]) for memo in memos] == [
            (True, 200, AFTER[f"document-{index}"]) for index in range(MEMOS)
        ]
        assert (refused["is_replay"], refused["status"]) == (True, 400)
        assert draft["error"] == "BrokenRule"
        assert await numbers(store) == AFTER
        assert await issued_count(store) == MEMOS + 2


async def test_without_a_death_everybody_is_answered(tmp_path: Path) -> None:
    database = tmp_path / "seriatim.db"
    code, answers = write_batch(database, Moment.NEVER, Death.EXIT)
    assert code == 0
    assert [answer["name"] for answer in answers] == NAMES == list(batch())
    told = {answer["id"]: answer["text"] for answer in answers if "id" in answer}
    async with reopened(database) as store:
        assert await numbers(store) == {"issued-1": "FCM00000001", **told} == AFTER


def expected_code(death: Death) -> int:
    return EXIT_CODE if death is Death.EXIT else -signal.SIGKILL
