"""The audit: what the register and the documents say of every series, and that it sees what is wrong."""

from pathlib import Path

import apsw
import pytest

from seriatim.domain.commands.sequence_sets import NumberingChange, UpdateSequenceSet
from seriatim.domain.document import Action, Status
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.register import Event, RegisterEntry, issue_entry
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import SeriesAudit, Store
from seriatim.service.verification import judge, judge_all
from seriatim.storage.sqlite import SqliteStore
from tests.factories import (
    ACTOR_ID,
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    make_document,
    run,
    transition,
)
from tests.fakes import NOON

CREDIT_MEMOS = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")
WITH_SERIES = Needs(sequence_sets={(ENTITY_ID, "DEFAULT")})


async def audit_of(store: Store, key: SeriesKey = CREDIT_MEMOS) -> SeriesAudit:
    (found,) = [audit for audit in await store.audit() if audit.series.key == key]
    return found


@pytest.fixture
async def issued(store: Store) -> Store:
    """The store with three credit memos that have numbers of a series, and a draft."""
    await run(store, create_account())
    for index in (1, 2, 3):
        await run(store, create_memo(document_id=f"document-{index}", post=True))
    await run(store, create_memo(document_id="document-4"))
    return store


async def test_a_series_that_issued_nothing_is_audited_too(store: Store) -> None:
    series = Series(CREDIT_MEMOS, 1, 1)
    assert await audit_of(store) == SeriesAudit(series, 0, 0, 0, None, None, 0)
    assert len(await store.audit()) == 5


async def test_issued_numbers_follow_each_other(issued: Store) -> None:
    assert await audit_of(issued) == SeriesAudit(Series(CREDIT_MEMOS, 1, 4), 3, 0, 0, 1, 3, 0)
    assert judge_all(await issued.audit()).is_gapless


async def test_a_declared_skip_is_counted_and_is_no_break(issued: Store) -> None:
    jump = {Kind.CREDIT_MEMO: NumberingChange(start_number=11)}
    await run(issued, UpdateSequenceSet(scope=SCOPE, key="DEFAULT", numberings=jump))
    await run(issued, transition(Action.POST, "document-4"))
    assert await audit_of(issued) == SeriesAudit(Series(CREDIT_MEMOS, 1, 12), 4, 7, 0, 1, 11, 0)
    assert judge_all(await issued.audit()).is_gapless


async def test_the_series_of_another_entity_is_audited_apart(issued: Store) -> None:
    await run(issued, create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"))
    theirs = await audit_of(issued, CREDIT_MEMOS._replace(entity_id="entity-2"))
    assert (theirs.issued_count, theirs.series.next_ordinal) == (0, 1)
    assert len(await issued.audit()) == 10


def issue_document(snapshot: Snapshot, ordinal: int, *, document_ordinal: int | None = None) -> None:
    """Let a document appear with an ordinal, and in the register with another where one is given."""
    carried = ordinal if document_ordinal is None else document_ordinal
    document = make_document(
        id=f"tampered-{ordinal}",
        number=f"CM{carried:08d}",
        series=CREDIT_MEMOS,
        ordinal=carried,
        status=Status.POSTED,
    )
    snapshot.documents.put(document.id, document)
    snapshot.register.append(issue_entry(CREDIT_MEMOS, ordinal, document.id, NOON, ACTOR_ID))


async def test_a_gap_is_a_break(issued: Store) -> None:
    def decide(snapshot: Snapshot) -> None:
        issue_document(snapshot, 5)
        snapshot.series.put(CREDIT_MEMOS, Series(CREDIT_MEMOS, 1, 6))

    await issued.write(WITH_SERIES, decide)
    found = await audit_of(issued)
    assert (found.issued_count, found.breaks, found.last_recorded, found.unmatched) == (4, 1, 5, 0)
    assert not judge(found).is_gapless


async def test_a_skip_that_overlaps_is_a_break(issued: Store) -> None:
    def decide(snapshot: Snapshot) -> None:
        snapshot.register.append(RegisterEntry(Event.SKIP, CREDIT_MEMOS, 4, 7, None, NOON, ACTOR_ID))
        issue_document(snapshot, 6)

    await issued.write(WITH_SERIES, decide)
    found = await audit_of(issued)
    assert (found.issued_count, found.skipped_count, found.breaks) == (4, 4, 1)


async def test_a_counter_that_passed_more_than_is_recorded_is_judged(issued: Store) -> None:
    ahead = Series(CREDIT_MEMOS, 1, 5)
    await issued.write(WITH_SERIES, lambda snapshot: snapshot.series.put(CREDIT_MEMOS, ahead))
    found = await audit_of(issued)
    assert (found.breaks, found.unmatched, found.last_recorded, found.series) == (0, 0, 3, ahead)
    assert not judge(found).is_gapless


async def test_an_issue_without_its_document_is_unmatched(issued: Store) -> None:
    def decide(snapshot: Snapshot) -> None:
        snapshot.register.append(issue_entry(CREDIT_MEMOS, 4, "missing", NOON, ACTOR_ID))
        snapshot.series.put(CREDIT_MEMOS, Series(CREDIT_MEMOS, 1, 5))

    await issued.write(WITH_SERIES, decide)
    found = await audit_of(issued)
    assert (found.issued_count, found.breaks, found.unmatched) == (4, 0, 1)
    assert not judge(found).is_gapless


async def test_an_issue_whose_document_carries_another_number_is_unmatched(issued: Store) -> None:
    def decide(snapshot: Snapshot) -> None:
        issue_document(snapshot, 4, document_ordinal=9)
        snapshot.series.put(CREDIT_MEMOS, Series(CREDIT_MEMOS, 1, 5))

    await issued.write(WITH_SERIES, decide)
    found = await audit_of(issued)
    assert (found.issued_count, found.breaks) == (4, 0)
    assert found.unmatched > 0


async def test_a_document_with_a_number_that_the_register_does_not_know_is_unmatched(issued: Store) -> None:
    stray = make_document(id="stray", number="CM00000009", series=CREDIT_MEMOS, ordinal=9)
    await issued.write(WITH_SERIES, lambda snapshot: snapshot.documents.put("stray", stray))
    assert (await audit_of(issued)).unmatched == 1


TAMPERINGS = {
    "entry deleted": ("register_not_deleted", "DELETE FROM register WHERE first_ordinal = 2"),
    "entry moved": (
        "register_not_changed",
        "UPDATE register SET first_ordinal = 0 WHERE position = 2",
    ),
    "document deleted": ("documents_stay", "DELETE FROM documents WHERE id = 'document-2'"),
    "number changed": ("documents_keep_number", "UPDATE documents SET number = 'CM0' WHERE id = 'document-2'"),
    "counter set back": ("series_advance", "UPDATE series SET next_ordinal = 3 WHERE prefix = 'CM'"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_with_the_file_is_hindered_and_seen(tmp_path: Path, name: str) -> None:
    path = tmp_path / "seriatim.db"
    store = SqliteStore(path)
    await store.migrate()
    await store.open()
    await run(store, create_entity())
    await run(store, create_account())
    for index in (1, 2, 3):
        await run(store, create_memo(document_id=f"document-{index}", post=True))
    trigger, sql = TAMPERINGS[name]
    connection = apsw.Connection(str(path))
    with pytest.raises(apsw.ConstraintError):
        connection.execute(sql)
    assert judge(await audit_of(store)).is_gapless
    connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(sql)
    connection.close()
    assert not judge(await audit_of(store)).is_gapless
    await store.close()
