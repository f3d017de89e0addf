"""What SQLite's writer remembers of its last batches: nothing that it or another connection has changed since."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from seriatim.domain.commands.sequence_sets import NumberingChange, UpdateSequenceSet
from seriatim.domain.decide import Submission, gather_needs
from seriatim.domain.document import Document
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.snapshot import Snapshot
from seriatim.service.ports import StoreConflict
from seriatim.storage.sqlite import SqliteStore, remembered
from tests.factories import (
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    make_document,
    run,
)

CREDIT_MEMOS = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store that has written batches, and so remembers DEFAULT and its series."""
    opened = SqliteStore(tmp_path / "seriatim.db")
    await opened.migrate()
    await opened.open()
    await run(opened, create_entity())
    await run(opened, create_account())
    await post(opened, "document-1")
    yield opened
    await opened.close()


async def post(store: SqliteStore, document_id: str) -> Document:
    return await run(store, create_memo(document_id=document_id, post=True))


def change(prefix: str) -> UpdateSequenceSet:
    numberings = {Kind.CREDIT_MEMO: NumberingChange(prefix=prefix)}
    return UpdateSequenceSet(scope=SCOPE, key="DEFAULT", numberings=numberings)


async def test_a_series_goes_on_where_the_last_batch_left_it(store: SqliteStore) -> None:
    assert [(await post(store, f"document-{index}")).ordinal for index in (2, 3)] == [2, 3]


async def test_what_another_connection_writes_is_not_missed(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "seriatim.db")
    await other.open()
    assert (await post(other, "document-2")).number == "CM00000002"
    assert (await post(store, "document-3")).number == "CM00000003"
    await run(other, change("N"))
    assert (await post(store, "document-4")).number == "N00000001"
    await other.close()


async def test_a_set_that_changes_is_read_anew(store: SqliteStore) -> None:
    await run(store, change("N"))
    assert (await post(store, "document-2")).number == "N00000001"


async def test_what_is_rolled_back_is_not_remembered(store: SqliteStore) -> None:
    def issue_and_fail(snapshot: Snapshot) -> None:
        snapshot.series.put(CREDIT_MEMOS, Series(CREDIT_MEMOS, 1, 8))
        snapshot.documents.put("document-9", make_document(id="document-9", sequence_set_id="set-of-nobody"))

    with pytest.raises(StoreConflict):
        await store.write(gather_needs([Submission(create_memo())]), issue_and_fail)
    assert (await post(store, "document-2")).number == "CM00000002"


def test_no_more_is_remembered_than_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ROWS_REMEMBERED_MAX", 1)
    connection = apsw.Connection(":memory:")
    found = remembered.Remembered()
    found.check(connection)
    found.sets["entity-1", "DEFAULT"] = ()
    found.check(connection)
    assert found.sets.keys() == {("entity-1", "DEFAULT")}
    found.sets["entity-1", "N"] = ()
    found.check(connection)
    assert not found.sets
