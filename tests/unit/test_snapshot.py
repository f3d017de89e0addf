"""The working snapshot: what changed, what can be taken back, and who is found by which key."""

import gc
import weakref
from dataclasses import replace

import pytest

from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.register import issue_entry
from seriatim.domain.snapshot import Snapshot
from seriatim.errors import InternalError
from tests.factories import ENTITY_ID, make_account, make_document, make_entity, make_set
from tests.fakes import NOON

DRAFT = make_document()
POSTED = make_document(number="CM00000001")
OTHER = make_document(id="document-2", number="CM00000002")


def numbers(snapshot: Snapshot) -> dict[str, str | None]:
    """Who is found by each of the numbers of this module."""
    named = (DRAFT.number, POSTED.number, OTHER.number)
    found = {number: snapshot.documents.find((ENTITY_ID, number)) for number in named}
    return {number: None if document is None else document.id for number, document in found.items()}


def test_what_was_only_loaded_has_not_changed() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    assert list(snapshot.documents.changes()) == []
    assert snapshot.documents.get(DRAFT.id) is DRAFT


def test_changes_tell_what_was_loaded_and_what_is_now() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    snapshot.documents.load("document-3", replace(DRAFT, id="document-3", number="X"))
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.put(OTHER.id, OTHER)
    snapshot.documents.remove("document-3")
    changes = {key: (before, after) for key, before, after in snapshot.documents.changes()}
    assert changes.keys() == {DRAFT.id, OTHER.id, "document-3"}
    assert changes[DRAFT.id] == (DRAFT, POSTED)
    assert changes[OTHER.id] == (None, OTHER)
    assert changes["document-3"][1] is None


def test_a_row_that_came_and_went_within_the_batch_has_not_changed() -> None:
    snapshot = Snapshot()
    snapshot.documents.put(OTHER.id, OTHER)
    snapshot.documents.remove(OTHER.id)
    assert list(snapshot.documents.changes()) == []


def test_a_new_number_is_found_at_once_and_the_old_one_no_more() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    snapshot.documents.put(DRAFT.id, POSTED)
    assert numbers(snapshot) == {DRAFT.number: None, POSTED.number: DRAFT.id, OTHER.number: None}


def test_undo_takes_back_everything_since_the_mark_and_nothing_before() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    key = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")
    snapshot.series.load(key, Series(key, 1, 1))
    snapshot.documents.put(OTHER.id, OTHER)
    snapshot.count(ENTITY_ID, "temporary")
    snapshot.register.append(issue_entry(key, 1, OTHER.id, NOON, "actor-1"))
    mark = snapshot.mark()
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.remove(OTHER.id)
    snapshot.documents.put("document-3", replace(OTHER, id="document-3"))
    snapshot.documents.put("document-3", replace(OTHER, id="document-3", number="Y"))
    snapshot.series.put(key, Series(key, 1, 2))
    snapshot.count(ENTITY_ID, "temporary")
    snapshot.count(ENTITY_ID, "other")
    snapshot.register.append(issue_entry(key, 2, DRAFT.id, NOON, "actor-1"))
    snapshot.undo(mark)
    assert {row.id: row for row in snapshot.documents} == {DRAFT.id: DRAFT, OTHER.id: OTHER}
    assert numbers(snapshot) == {DRAFT.number: DRAFT.id, POSTED.number: None, OTHER.number: OTHER.id}
    assert snapshot.series.get(key) == Series(key, 1, 1)
    assert snapshot.counters.get((ENTITY_ID, "temporary")) == 2
    assert snapshot.counters.get((ENTITY_ID, "other")) is None
    assert [entry.first_ordinal for entry in snapshot.register] == [1]
    assert [key for key, _, _ in snapshot.documents.changes()] == [OTHER.id]
    assert list(snapshot.series.changes()) == []


def test_numbers_that_were_looked_up_before_are_kept_up_through_every_change() -> None:
    snapshot = Snapshot()
    assert numbers(snapshot) == {DRAFT.number: None, POSTED.number: None, OTHER.number: None}
    snapshot.documents.load(DRAFT.id, DRAFT)
    snapshot.documents.put(OTHER.id, OTHER)
    assert numbers(snapshot) == {DRAFT.number: DRAFT.id, POSTED.number: None, OTHER.number: OTHER.id}
    mark = snapshot.mark()
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.remove(OTHER.id)
    assert numbers(snapshot) == {DRAFT.number: None, POSTED.number: DRAFT.id, OTHER.number: None}
    snapshot.undo(mark)
    assert numbers(snapshot) == {DRAFT.number: DRAFT.id, POSTED.number: None, OTHER.number: OTHER.id}


def test_a_number_handed_on_within_the_batch_is_found_as_before_after_undo() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    mark = snapshot.mark()
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.put(OTHER.id, replace(OTHER, number=DRAFT.number))
    assert numbers(snapshot)[DRAFT.number] == OTHER.id
    snapshot.undo(mark)
    assert numbers(snapshot) == {DRAFT.number: DRAFT.id, POSTED.number: None, OTHER.number: None}


def test_a_number_issued_in_this_batch_names_nothing_yet() -> None:
    snapshot = Snapshot()
    snapshot.documents.load(DRAFT.id, DRAFT)
    assert snapshot.document(ENTITY_ID, DRAFT.number) == DRAFT
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.put(OTHER.id, OTHER)
    assert snapshot.document(ENTITY_ID, DRAFT.id) == POSTED
    assert [snapshot.document(ENTITY_ID, row.number) for row in (DRAFT, POSTED, OTHER)] == [None, None, None]


def test_undo_reaches_back_mark_by_mark() -> None:
    snapshot = Snapshot()
    first = snapshot.mark()
    snapshot.count(ENTITY_ID, "n")
    second = snapshot.mark()
    snapshot.count(ENTITY_ID, "n")
    snapshot.undo(second)
    assert snapshot.counters.get((ENTITY_ID, "n")) == 2
    snapshot.undo(first)
    assert list(snapshot.counters.changes()) == []


def test_what_changed_since_a_mark_is_told_once_as_it_was_then() -> None:
    snapshot = Snapshot()
    snapshot.documents.put(DRAFT.id, DRAFT)
    mark = snapshot.mark()
    snapshot.documents.put(DRAFT.id, OTHER)
    snapshot.documents.put(DRAFT.id, POSTED)
    snapshot.documents.put(OTHER.id, OTHER)
    snapshot.documents.remove(OTHER.id)
    snapshot.count(ENTITY_ID, "n")
    assert snapshot.changed_since(mark) == [(DRAFT, POSTED), (None, 2)]
    assert snapshot.changed_since(mark, (snapshot.documents,)) == [(None, 2)]
    assert snapshot.changed_since(snapshot.mark()) == []


def test_what_is_settled_is_let_go_without_the_garbage_collector() -> None:
    snapshot = Snapshot()
    account = make_account()
    snapshot.accounts.put(account.id, account)
    snapshot.settle()
    watched = weakref.ref(snapshot.accounts)
    gc.disable()
    try:
        del snapshot
        assert watched() is None
    finally:
        gc.enable()


def test_a_counter_starts_at_one() -> None:
    snapshot = Snapshot()
    assert [snapshot.count(ENTITY_ID, "n") for _ in range(3)] == [1, 2, 3]
    assert snapshot.count("entity-2", "n") == 1


def test_rows_are_found_in_their_entity_only() -> None:
    snapshot = Snapshot()
    snapshot.sequence_sets.load("set-1", make_set())
    snapshot.accounts.load("account-1", make_account())
    snapshot.documents.load(DRAFT.id, DRAFT)
    for key in ("set-1", "SS-00000001", "FR"):
        assert snapshot.sequence_set(ENTITY_ID, key) is not None
        assert snapshot.sequence_set("entity-2", key) is None
    for key in ("account-1", "A00000001"):
        assert snapshot.account(ENTITY_ID, key) is not None
        assert snapshot.account("entity-2", key) is None
    for key in (DRAFT.id, DRAFT.number):
        assert snapshot.document(ENTITY_ID, key) is not None
        assert snapshot.document("entity-2", key) is None


def test_a_deleted_set_is_there_by_its_id_for_its_drafts_only() -> None:
    snapshot = Snapshot()
    snapshot.sequence_sets.load("set-1", make_set(deleted_at=NOON))
    assert [snapshot.sequence_set(ENTITY_ID, key) for key in ("set-1", "SS-00000001", "FR")] == [None] * 3
    assert snapshot.sequence_sets.get("set-1") is not None


@pytest.mark.parametrize(
    ("prefix", "family"),
    (("X", {"X", "X1", "X12"}), ("X1", {"X", "X1", "X12"}), ("X123", {"X", "X1", "X12"}), ("X0", {"X0"}), ("Q", set())),
)
def test_a_family_is_what_begins_or_continues_a_prefix_with_digits(prefix: str, family: set[str]) -> None:
    snapshot = Snapshot()
    for other in ("X", "X1", "X12", "X0", "XY", "Y"):
        for entity_id in (ENTITY_ID, "entity-2"):
            key = SeriesKey(entity_id, Kind.INVOICE, other)
            snapshot.series.load(key, Series(key, 1, 1))
    found = snapshot.family(ENTITY_ID, prefix)
    assert {series.key.prefix for series in found} == family
    assert {series.key.entity_id for series in found} <= {ENTITY_ID}


def test_an_entity_that_nobody_asked_for_is_a_fault() -> None:
    snapshot = Snapshot()
    with pytest.raises(InternalError):
        snapshot.entity(ENTITY_ID)
    snapshot.entities.load(ENTITY_ID, make_entity())
    assert snapshot.entity(ENTITY_ID) == make_entity()
