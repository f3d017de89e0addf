"""The law on which batches are moved: elsewhere and later, the same submissions open the same documents.

PostgreSQL's store decides a batch by where it believes the series to stand, and writes it where they do stand.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from seriatim.domain.commands.bulk import Several
from seriatim.domain.commands.documents import DraftItem
from seriatim.domain.commands.settlement import CreatePayment
from seriatim.domain.decide import Result, Submission, decide_batch
from seriatim.domain.document import Document
from seriatim.domain.numbering import DEFAULT_PREFIXES, Kind, Series, SeriesKey, format_number
from seriatim.domain.register import RegisterEntry
from seriatim.domain.snapshot import Snapshot
from tests.factories import (
    ACCOUNT_ID,
    ENTITY_ID,
    SCOPE,
    create_memo,
    make_account,
    make_default_set,
    make_entity,
    make_set,
)
from tests.fakes import NOON

KINDS = (Kind.INVOICE, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO)
AMOUNTS = st.decimals(Decimal(-1), Decimal(1000), places=2)
SHIFTS = st.integers(-3, 1_000_000)
DELAYS = st.integers(0, 3_600_000_000).map(lambda us: timedelta(microseconds=us))


@st.composite
def commands(draw: Any) -> Any:
    """A command for a posted document or a payment; some are refused."""
    document_id = draw(st.uuids()).hex
    currency = draw(st.sampled_from(("EUR", "EUR", "EUR", "USD")))
    if draw(st.integers(0, 4)) == 0:
        keys = {"accountId": ACCOUNT_ID}
        amount = abs(draw(AMOUNTS)) + 1
        return CreatePayment(scope=SCOPE, document_id=document_id, account_keys=keys, amount=amount, currency=currency)
    items = tuple(DraftItem(f"{document_id}-{n}", f"items[{n}]", draw(AMOUNTS)) for n in range(draw(st.integers(1, 3))))
    over = {"set_key": draw(st.sampled_from((None, "set-1")))}
    kind = draw(st.sampled_from(KINDS))
    return create_memo(document_id=document_id, kind=kind, post=True, items=items, currency=currency, **over)


SUBMISSIONS = st.lists(
    st.one_of(
        commands().map(Submission),
        st.builds(
            lambda several, all_or_none: Submission(Several("memos", several, all_or_none=all_or_none)),
            st.lists(commands(), min_size=1, max_size=4),
            st.booleans(),
        ),
    ),
    max_size=8,
)


def snapshot_with(places: dict[SeriesKey, int]) -> Snapshot:
    """An entity with two sets and an account, whose series stand at these places."""
    snapshot = Snapshot()
    snapshot.entities.load(ENTITY_ID, make_entity())
    for of_set in (make_default_set(), make_set()):
        snapshot.sequence_sets.load(of_set.id, of_set)
    snapshot.accounts.load(ACCOUNT_ID, make_account())
    for key, next_ordinal in places.items():
        snapshot.series.load(key, Series(key, 1, next_ordinal))
    return snapshot


def all_series() -> list[SeriesKey]:
    prefixes = [*((kind, prefix) for kind, prefix in DEFAULT_PREFIXES.items())]
    prefixes += [(kind, numbering.prefix) for kind, numbering in make_set().numberings.items()]
    return [SeriesKey(ENTITY_ID, kind, prefix) for kind, prefix in prefixes]


def outcomes_of(results: list[Result]) -> list[Any]:
    """What each submission was told, errors as their text, those of several commands one by one."""
    found = []
    for result in results:
        several = result.outcome if isinstance(result.outcome, list) else [result.outcome]
        found += [each if isinstance(each, Document) else str(getattr(each, "error", each)) for each in several]
        found.append(str(result.error))
    return found


def moved(document: Document, shifts: dict[SeriesKey, int], delay: timedelta) -> Document:
    """What becomes of a document whose series has been shifted."""
    assert document.series is not None
    assert document.ordinal is not None
    assert document.posted_at is not None
    ordinal = document.ordinal + shifts[document.series]
    return replace(
        document,
        number=format_number(document.series.prefix, ordinal),
        ordinal=ordinal,
        created_at=document.created_at + delay,
        updated_at=document.updated_at + delay,
        posted_at=document.posted_at + delay,
    )


def moved_entry(entry: RegisterEntry, shifts: dict[SeriesKey, int], delay: timedelta) -> RegisterEntry:
    shift = shifts[entry.series]
    return replace(
        entry,
        first_ordinal=entry.first_ordinal + shift,
        last_ordinal=entry.last_ordinal + shift,
        recorded_at=entry.recorded_at + delay,
    )


@settings(max_examples=150, deadline=None)
@given(SUBMISSIONS, st.lists(SHIFTS, min_size=8, max_size=8), DELAYS)
def test_moved_submissions_open_the_same_documents(
    submissions: list[Submission], each_shift: list[int], delay: timedelta
) -> None:
    shifts = dict(zip(all_series(), each_shift, strict=True))
    snapshot = snapshot_with(dict.fromkeys(shifts, 4))
    expected = outcomes_of(decide_batch(snapshot, submissions, NOON))
    expected = [moved(each, shifts, delay) if isinstance(each, Document) else each for each in expected]
    entries = [moved_entry(entry, shifts, delay) for entry in snapshot.register]
    documents = [moved(after, shifts, delay) for _, _, after in snapshot.documents.changes() if after is not None]

    elsewhere = snapshot_with({key: 4 + shift for key, shift in shifts.items()})
    elsewhere.note_recorded_at(NOON + delay)
    assert outcomes_of(decide_batch(elsewhere, submissions, NOON)) == expected
    assert elsewhere.register == entries
    assert [after for _, _, after in elsewhere.documents.changes()] == documents

    # The store decides anew in the snapshot in which it has decided before.
    snapshot.reset()
    snapshot.note_recorded_at(NOON + delay)
    for key, shift in shifts.items():
        snapshot.series.load(key, Series(key, 1, 4 + shift))
    assert outcomes_of(decide_batch(snapshot, submissions, NOON)) == expected
    assert snapshot.register == entries
    assert list(snapshot.documents) == documents
    assert list(snapshot.series.changes()) == list(elsewhere.series.changes())
