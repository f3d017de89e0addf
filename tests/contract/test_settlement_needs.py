"""What settlement needs loaded: applications, documents that refer to one another, and their accounts."""

from typing import Any

import pytest

from seriatim.domain.document import Document, Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Application
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import Store
from tests.factories import ACTOR_ID, ENTITY_ID, create_entity, load, make_account, make_document, make_set, run
from tests.fakes import NOON

MEMO_KEYS = ("memo", "N-memo")


def document(document_id: str, kind: Kind, **over: Any) -> Document:
    given = {"id": document_id, "kind": kind, "number": f"N-{document_id}", "status": Status.POSTED}
    return make_document(**(given | over))


def application(source_id: str, target_id: str, amount_minor: int = 100) -> Application:
    key = f"{source_id}-{target_id}"
    return Application(key, ENTITY_ID, source_id, target_id, amount_minor, NOON, ACTOR_ID, NOON, ACTOR_ID)


DOCUMENTS = (
    document("invoice", Kind.INVOICE),
    document("other-invoice", Kind.INVOICE, account_id="account-2", account_number="A00000002"),
    document("debit", Kind.DEBIT_MEMO),
    document("memo", Kind.CREDIT_MEMO, referred_id="invoice"),
    document("draft", Kind.CREDIT_MEMO, referred_id="invoice", status=Status.DRAFT),
    document("canceled", Kind.DEBIT_MEMO, referred_id="invoice", status=Status.CANCELED),
    document("payment", Kind.PAYMENT, status=Status.PROCESSED),
    document("refund", Kind.REFUND, referred_id="memo", status=Status.PROCESSED),
)
APPLICATIONS = (
    application("memo", "invoice"),
    application("memo", "debit", 0),
    application("payment", "invoice"),
)


@pytest.fixture
async def settled(store: Store) -> Store:
    """The store with documents that refer to each other, two accounts, and a set that one of these has."""
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"))

    def decide(snapshot: Snapshot) -> None:
        snapshot.sequence_sets.put("set-1", make_set(numberings={}))
        snapshot.accounts.put("account-1", make_account())
        other = make_account(id="account-2", number="A00000002", sequence_set_id="set-1")
        snapshot.accounts.put(other.id, other)
        for row in DOCUMENTS:
            snapshot.documents.put(row.id, row)
        for each in APPLICATIONS:
            snapshot.applications.put((each.source_id, each.target_id), each)

    await store.write(Needs(), decide)
    return store


def ids(snapshot: Snapshot) -> set[str]:
    return {row.id for row in snapshot.documents}


def pairs(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {(row.source_id, row.target_id) for row in snapshot.applications}


async def test_a_document_brings_the_one_that_it_was_made_from_and_no_application(settled: Store) -> None:
    snapshot = await load(settled, documents={(ENTITY_ID, "refund")})
    assert {"refund", "memo"} <= ids(snapshot)
    assert "payment" not in ids(snapshot)
    assert pairs(snapshot) == set()
    assert list(snapshot.accounts) == []


@pytest.mark.parametrize("key", MEMO_KEYS)
async def test_the_applications_of_a_source_come_with_the_documents_at_the_other_end(settled: Store, key: str) -> None:
    pair = (ENTITY_ID, key)
    snapshot = await load(settled, documents={pair}, applications_from={pair})
    # One that was taken back as a whole comes too: applying again must find it.
    assert {snapshot.applications.get(("memo", target)) for target in ("invoice", "debit")} == set(APPLICATIONS[:2])
    assert pairs(snapshot) == {("memo", "invoice"), ("memo", "debit")}
    assert ids(snapshot) == {"memo", "invoice", "debit"}
    by_row = {row.id: row for row in DOCUMENTS}
    assert all(snapshot.documents.get(name) == by_row[name] for name in ids(snapshot))


async def test_the_applications_to_a_target_do_not_come(settled: Store) -> None:
    pair = (ENTITY_ID, "invoice")
    assert pairs(await load(settled, documents={pair}, applications_from={pair})) == set()


@pytest.mark.parametrize("key", ("invoice", "N-invoice"))
async def test_all_that_was_made_from_a_document_comes_whatever_its_state(settled: Store, key: str) -> None:
    pair = (ENTITY_ID, key)
    snapshot = await load(settled, documents={pair}, referring_to={pair})
    assert ids(snapshot) == {"invoice", "memo", "draft", "canceled"}
    assert {row.id for row in snapshot.referring_to("invoice")} == {"memo", "draft", "canceled"}
    assert pairs(snapshot) == set()


@pytest.mark.parametrize("key", MEMO_KEYS)
async def test_the_siblings_of_a_document_come_with_what_all_were_made_from(settled: Store, key: str) -> None:
    pair = (ENTITY_ID, key)
    assert ids(await load(settled, documents={pair}, siblings_of={pair})) == {"invoice", "memo", "draft", "canceled"}
    only = (ENTITY_ID, "payment")
    assert ids(await load(settled, documents={only}, siblings_of={only})) == {"payment"}


@pytest.mark.parametrize(("key", "account_id"), (("memo", "account-1"), ("N-other-invoice", "account-2")))
async def test_the_account_of_a_document_comes_with_its_set(settled: Store, key: str, account_id: str) -> None:
    pair = (ENTITY_ID, key)
    snapshot = await load(settled, documents={pair}, accounts_of_documents={pair})
    assert [row.id for row in snapshot.accounts] == [account_id]
    assert (snapshot.sequence_sets.get("set-1") is not None) == (account_id == "account-2")


@pytest.mark.parametrize(
    "need", ("documents", "applications_from", "referring_to", "siblings_of", "accounts_of_documents")
)
@pytest.mark.parametrize("pair", ((ENTITY_ID, "missing"), ("entity-2", "memo"), ("entity-2", "N-memo")))
async def test_what_is_missing_or_of_another_entity_brings_nothing(
    settled: Store, need: str, pair: tuple[str, str]
) -> None:
    snapshot = await load(settled, **{"documents": {pair}, need: {pair}})
    assert (ids(snapshot), pairs(snapshot), list(snapshot.accounts)) == (set(), set(), [])


async def test_what_comes_twice_is_written_once(settled: Store) -> None:
    """Needs that overlap load every row once: a change to it is not lost to its double."""
    both = {(ENTITY_ID, "memo"), (ENTITY_ID, "N-invoice")}
    needs = Needs(documents=both, applications_from=both, referring_to=both, accounts_of_documents=both)
    seen: list[set[str]] = []

    def decide(snapshot: Snapshot) -> None:
        seen.append(ids(snapshot))
        memo = snapshot.document(ENTITY_ID, "N-memo")
        assert memo is not None
        assert memo is snapshot.documents.get("memo")

    await settled.write(needs, decide)
    assert seen == [{"invoice", "memo", "debit", "draft", "canceled", "refund"}]
