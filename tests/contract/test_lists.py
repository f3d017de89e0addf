"""Lists: every filter, every sort, pages, and what a caller of some orgs sees."""

from collections.abc import Collection
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from seriatim.domain.client import Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.commands.entities import CreateOrg
from seriatim.domain.commands.sequence_sets import DeleteSequenceSet
from seriatim.domain.document import Status
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import Numbering
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import DocumentQuery, SortField, Store
from tests.factories import (
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_sets,
    make_account,
    make_document,
    make_numberings,
    make_org,
    make_set,
    new_set,
    run,
)
from tests.fakes import NOON

HOUR = timedelta(hours=1)
UNFILTERED = {"entity_id", "kind", "sort", "offset", "limit"}

# Each memo differs from the others in every value that a filter or a sort looks at.
MEMOS: tuple[dict[str, Any], ...] = (
    {
        "id": "d1",
        "number": "N-3",
        "account_id": "a1",
        "account_number": "ACC-1",
        "org_id": "org-1",
        "status": Status.POSTED,
        "currency": "EUR",
        "amount_minor": 500,
        "created_at": NOON,
        "created_by": "ann",
        "updated_at": NOON + 3 * HOUR,
        "updated_by": "bob",
        "document_date": date(2026, 1, 2),
        "due_date": date(2026, 2, 2),
        "tax_minor": 50,
        "applied_minor": 200,
        "refunded_minor": 100,
        "referred_id": "d4",
        "fields": {"reasonCode": "goodwill", "comment": "1", "isKept": True, "transferredToAccounting": "Yes"},
    },
    {
        "id": "d2",
        "number": "N-1",
        "account_id": "a2",
        "account_number": "ACC-2",
        "org_id": "org-2",
        "status": Status.DRAFT,
        "currency": "JPY",
        "amount_minor": 5,
        "created_at": NOON + HOUR,
        "created_by": "cid",
        "updated_at": NOON + HOUR,
        "updated_by": "ann",
        "document_date": date(2026, 1, 1),
        "due_date": date(2026, 2, 3),
        "tax_minor": 1,
        "applied_minor": 3,
        "refunded_minor": 0,
        "referred_id": "d6",
        "fields": {"reasonCode": "goodwill", "comment": "it's", "isKept": False, "transferredToAccounting": "Error"},
        "applies_on_posting": True,
    },
    {
        "id": "d3",
        "number": "N-2",
        "account_id": "a3",
        "account_number": "ACC-3",
        "org_id": None,
        "status": Status.CANCELED,
        "currency": "BHD",
        "amount_minor": 5001,
        "created_at": NOON + 2 * HOUR,
        "created_by": "bob",
        "updated_at": NOON + 2 * HOUR,
        "updated_by": "cid",
        "document_date": date(2026, 1, 3),
        "due_date": None,
        "tax_minor": 0,
        "applied_minor": 1,
        "refunded_minor": 2000,
        "referred_id": None,
        "fields": {"reasonCode": "Goodwill", "comment": 1},
    },
)


@pytest.fixture
async def listed(store: Store) -> Store:
    """The store with the memos of this module, the invoices they refer to, and a memo of another entity."""
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"))
    beside: tuple[dict[str, Any], ...] = (
        {"id": "d4", "number": "N-4", "account_id": "a1", "kind": Kind.INVOICE},
        {"id": "d6", "number": "N-6", "account_id": "a1", "kind": Kind.INVOICE},
        {"id": "d5", "account_id": "a5", "entity_id": "entity-2", "sequence_set_id": "set-default-2"},
    )

    def decide(snapshot: Snapshot) -> None:
        for org_id in ("org-1", "org-2"):
            snapshot.orgs.put(org_id, make_org(id=org_id, name=org_id))
        for over in (*beside, *MEMOS):
            entity_id, account_id = over.get("entity_id", ENTITY_ID), over["account_id"]
            account = make_account(id=account_id, entity_id=entity_id, number=f"ACC-{account_id[1:]}")
            snapshot.accounts.put(account.id, account)
            snapshot.documents.put(over["id"], make_document(**({"account_number": account.number} | over)))

    await store.write(Needs(), decide)
    return store


async def ids(store: Store, **over: Any) -> list[str]:
    given: dict[str, Any] = {"entity_id": ENTITY_ID, "kind": Kind.CREDIT_MEMO}
    return [document.id for document in await store.list_documents(DocumentQuery(**(given | over)))]


async def test_documents_of_one_entity_and_kind_are_listed_by_number_last_first(listed: Store) -> None:
    assert await ids(listed) == ["d1", "d3", "d2"]
    assert await ids(listed, kind=Kind.INVOICE) == ["d6", "d4"]
    assert await ids(listed, kind=Kind.REFUND) == []
    assert await ids(listed, entity_id="entity-2") == ["d5"]


async def test_listed_documents_are_whole(listed: Store) -> None:
    (found,) = await listed.list_documents(DocumentQuery(entity_id=ENTITY_ID, kind=Kind.CREDIT_MEMO, number="N-3"))
    assert found == make_document(**MEMOS[0])


FILTERS: tuple[tuple[str, Any, list[str]], ...] = (
    ("account_id", "a1", ["d1"]),
    ("account_id", "ACC-1", []),
    ("account_number", "ACC-2", ["d2"]),
    ("number", "N-2", ["d3"]),
    ("number", "n-2", []),
    ("status", Status.DRAFT, ["d2"]),
    ("currency", "BHD", ["d3"]),
    ("amount", "5", ["d1", "d2"]),
    ("amount", "5.00", ["d1", "d2"]),
    ("amount", "5.001", ["d3"]),
    ("amount", "500", []),
    ("amount", "5.0000000000000000000000000000001", []),
    ("amount", "1" + "0" * 29, []),
    ("tax_amount", "0.5", ["d1"]),
    ("tax_amount", "1", ["d2"]),
    ("applied_amount", "0.001", ["d3"]),
    ("refunded_amount", "2", ["d3"]),
    ("open_amount", "2", ["d1", "d2"]),
    ("open_amount", "3", ["d3"]),
    ("referred_id", "d4", ["d1"]),
    ("due_date", date(2026, 2, 3), ["d2"]),
    ("kept_fields", (("reasonCode", "goodwill"),), ["d1", "d2"]),
    ("kept_fields", (("comment", "1"),), ["d1"]),
    ("kept_fields", (("reasonCode", "goodwill"), ("comment", "it's")), ["d2"]),
    ("kept_fields", (("missing", ""),), []),
    ("kept_fields", (("isKept", True),), ["d1"]),
    ("kept_fields", (("isKept", False),), ["d2"]),
    ("other_fields", (("isKept", True),), ["d3", "d2"]),
    ("other_fields", (("reasonCode", "goodwill"),), ["d3"]),
    ("other_fields", (("isKept", False), ("isKept", True)), ["d3"]),
    ("applies_on_posting", True, ["d2"]),
    ("applies_on_posting", False, ["d1", "d3"]),
    ("created_by", "bob", ["d3"]),
    ("updated_by", "bob", ["d1"]),
    ("document_date", date(2026, 1, 1), ["d2"]),
    ("created_from", NOON + HOUR, ["d3", "d2"]),
    ("created_from", NOON + HOUR + timedelta(microseconds=1), ["d3"]),
    ("created_before", NOON + HOUR, ["d1"]),
    ("updated_from", NOON + 2 * HOUR, ["d1", "d3"]),
    ("updated_before", NOON + 2 * HOUR, ["d2"]),
    ("org_ids", {"org-1"}, ["d1"]),
    ("org_ids", frozenset({"org-1", "org-2"}), ["d1", "d2"]),
    ("org_ids", [], []),
)


@pytest.mark.parametrize(("name", "value", "expected"), FILTERS)
async def test_a_filter_lets_through_what_it_says(listed: Store, name: str, value: Any, expected: list[str]) -> None:
    assert await ids(listed, **{name: value}) == expected


def test_every_filter_of_the_query_is_tested() -> None:
    assert {name for name, _, _ in FILTERS} == {each.name for each in fields(DocumentQuery)} - UNFILTERED


async def test_filters_are_joined(listed: Store) -> None:
    assert await ids(listed, amount="5", currency="JPY") == ["d2"]
    assert await ids(listed, created_from=NOON + HOUR, created_before=NOON + 2 * HOUR) == ["d2"]
    assert await ids(listed, account_id="a1", status=Status.DRAFT) == []


async def test_times_of_another_zone_are_compared_as_times(listed: Store) -> None:
    elsewhere = datetime.fromisoformat("2026-03-14T14:00:00.123456+01:00")
    assert elsewhere == NOON + HOUR
    assert await ids(listed, created_from=elsewhere, created_before=elsewhere.astimezone(UTC) + HOUR) == ["d2"]


SORTS: dict[SortField, list[str]] = {
    SortField.NUMBER: ["d2", "d3", "d1"],
    SortField.ACCOUNT_ID: ["d1", "d2", "d3"],
    SortField.AMOUNT: ["d2", "d1", "d3"],
    SortField.APPLIED_AMOUNT: ["d3", "d2", "d1"],
    SortField.CREATED_AT: ["d1", "d2", "d3"],
    SortField.CREATED_BY: ["d1", "d3", "d2"],
    SortField.DOCUMENT_DATE: ["d2", "d1", "d3"],
    SortField.DUE_DATE: ["d3", "d1", "d2"],
    SortField.OPEN_AMOUNT: ["d2", "d1", "d3"],
    SortField.REFERRED_ID: ["d3", "d1", "d2"],
    SortField.REFUNDED_AMOUNT: ["d2", "d1", "d3"],
    SortField.TAX_AMOUNT: ["d3", "d2", "d1"],
    SortField.TRANSFERRED: ["d2", "d3", "d1"],
    SortField.STATUS: ["d3", "d2", "d1"],
    SortField.UPDATED_AT: ["d2", "d3", "d1"],
    SortField.UPDATED_BY: ["d2", "d1", "d3"],
}


@pytest.mark.parametrize("name", SortField)
async def test_a_list_is_sorted_both_ways(listed: Store, name: SortField) -> None:
    assert await ids(listed, sort=((name, False),)) == SORTS[name]
    assert await ids(listed, sort=((name, True),)) == SORTS[name][::-1]


async def test_the_second_field_sorts_what_the_first_leaves_equal(store: Store) -> None:
    rows = (("d1", "N-1", "ann", 3), ("d2", "N-2", "bob", 2), ("d3", "N-3", "ann", 4), ("d4", "N-4", "bob", 2))

    def decide(snapshot: Snapshot) -> None:
        snapshot.accounts.put("account-1", make_account())
        for document_id, number, created_by, amount_minor in rows:
            over = {"id": document_id, "number": number, "created_by": created_by, "amount_minor": amount_minor}
            snapshot.documents.put(document_id, make_document(**over))

    await store.write(Needs(), decide)
    by_both = ((SortField.CREATED_BY, False), (SortField.AMOUNT, True))
    # What both leave equal is ordered by number, the last first.
    assert await ids(store, sort=by_both) == ["d3", "d1", "d4", "d2"]
    assert await ids(store, sort=((SortField.AMOUNT, False), (SortField.NUMBER, False))) == ["d2", "d4", "d1", "d3"]


async def test_pages_join_into_the_whole_list(listed: Store) -> None:
    pages = [await ids(listed, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert pages == [["d1", "d3"], ["d2"], []]


@pytest.mark.parametrize(
    ("org_ids", "visible"),
    ((None, {"d1", "d2", "d3"}), ({"org-1"}, {"d1"}), ({"org-1", "org-2"}, {"d1", "d2"}), ((), set())),
)
async def test_a_document_of_an_org_that_is_not_visible_is_not_found(
    listed: Store, org_ids: Collection[str] | None, visible: set[str]
) -> None:
    for key in ("id", "number"):
        found = [
            await listed.find_document(ENTITY_ID, Kind.CREDIT_MEMO, memo[key], org_ids)  # one at a time
            for memo in MEMOS
        ]
        assert {document.id for document in found if document is not None} == visible


async def test_a_document_is_found_as_its_kind_and_in_its_entity_only(listed: Store) -> None:
    assert await listed.find_document(ENTITY_ID, Kind.INVOICE, "d1", None) is None
    assert await listed.find_document("entity-2", Kind.CREDIT_MEMO, "N-3", None) is None
    assert await listed.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "missing", None) is None


async def test_an_account_of_an_org_that_is_not_visible_is_not_found(store: Store) -> None:
    await run(store, CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"))
    labelled = await run(store, create_account(org_key="North"))
    plain = await run(store, create_account(account_id="account-2"))
    for key in (labelled.id, labelled.number):
        assert await store.find_account(ENTITY_ID, key, {"org-1"}) == labelled
        assert await store.find_account(ENTITY_ID, key, {"org-2"}) is None
    assert await store.find_account(ENTITY_ID, plain.id, {"org-1"}) is None
    assert await store.find_account(ENTITY_ID, plain.number, None) == plain
    assert await store.find_account("entity-2", plain.number, None) is None


async def test_sets_are_listed_default_first_then_as_they_were_created(store: Store) -> None:
    for index, name in enumerate(("ZZ", "AA", "MM")):
        created = create_sets(new_set(id=f"set-{name}", name=name, numberings=make_numberings(name)))
        await run(store, created, at=NOON - HOUR * (index + 1))
    everything = await store.list_sequence_sets(ENTITY_ID, None, 0, 100)
    assert [view.sequence_set.name for view in everything] == ["DEFAULT", "MM", "AA", "ZZ"]
    pages = [await store.list_sequence_sets(ENTITY_ID, None, offset, 3) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 1, 0]
    assert [*pages[0], *pages[1]] == everything


async def test_sets_are_listed_by_name_or_number_and_without_the_deleted(store: Store) -> None:
    await run(store, create_sets(new_set(), new_set(id="set-2", name="GB", numberings=make_numberings("G"))))

    async def names(name: str | None, entity_id: str = ENTITY_ID) -> list[str]:
        return [view.sequence_set.name for view in await store.list_sequence_sets(entity_id, name, 0, 100)]

    assert await names("FR") == ["FR"]
    assert await names("SS-00000002") == ["GB"]
    assert await names("set-2") == []
    assert await names(None, "entity-2") == []
    await run(store, DeleteSequenceSet(scope=SCOPE, key="FR"))
    assert await names(None) == ["DEFAULT", "GB"]
    assert await names("FR") == []
    for key in ("FR", "SS-00000001", "set-1"):
        assert await store.find_sequence_set(ENTITY_ID, key) is None


async def test_a_set_is_shown_with_what_comes_next(store: Store) -> None:
    await run(store, create_sets(new_set(numberings={Kind.CREDIT_MEMO: Numbering("F", 41)})))
    for key in ("FR", "SS-00000001", "set-1"):
        view = await store.find_sequence_set(ENTITY_ID, key)
        assert view is not None
        assert view.sequence_set.numberings == {Kind.CREDIT_MEMO: Numbering("F", 41)}
        assert view.next_ordinals == {Kind.CREDIT_MEMO: 41}
    assert await store.find_sequence_set("entity-2", "FR") is None


async def test_a_key_that_could_mean_two_sets_means_the_number_before_the_name(store: Store) -> None:
    # No command lets it come to this; a database that somebody else has written to might.
    def decide(snapshot: Snapshot) -> None:
        for of_set in (make_set(id="one", name="GB"), make_set(id="two", name="X", number="GB")):
            snapshot.sequence_sets.put(of_set.id, of_set)

    await store.write(Needs(), decide)
    view = await store.find_sequence_set(ENTITY_ID, "GB")
    assert view is not None
    assert view.sequence_set.id == "two"


async def test_entities_orgs_and_clients_are_listed_oldest_first(store: Store) -> None:
    await run(store, create_entity(entity_id="entity-0", name="second", default_set_id="set-2"), at=NOON + HOUR)
    for index, org_id in enumerate(("org-b", "org-a")):
        await run(store, CreateOrg(org_id=org_id, entity_key=ENTITY_ID, name=org_id), at=NOON + HOUR * index)
        client = CreateClient(client_id=f"client-{org_id}", name="till", role=Role.ADMIN, secret_digest="digest")
        await run(store, client, at=NOON + HOUR * index)
    await run(store, RevokeClient(client_id="client-org-b"), at=NOON + 2 * HOUR)
    assert [entity.id for entity in await store.list_entities()] == [ENTITY_ID, "entity-0"]
    assert [org.id for org in await store.list_orgs()] == ["org-b", "org-a"]
    clients = await store.list_clients()
    assert [client.id for client in clients] == ["client-org-b", "client-org-a"]
    assert [client.revoked_at for client in clients] == [NOON + 2 * HOUR, None]
