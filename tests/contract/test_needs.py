"""What is loaded, and what it brings along: the cascades that `Needs` promises."""

from dataclasses import replace

import pytest

from seriatim.domain.client import Role, Scope
from seriatim.domain.commands.accounts import DeleteAccount, UpdateAccount
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.clients import CreateClient
from seriatim.domain.commands.entities import CreateOrg
from seriatim.domain.commands.sequence_sets import DeleteSequenceSet, NumberingChange, UpdateSequenceSet
from seriatim.domain.document import Action, Document
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.sequence_set import Numbering
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, Rule
from seriatim.service.ports import Store
from tests.factories import (
    ACCOUNT_ID,
    DEFAULT_SET_ID,
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    load,
    new_set,
    run,
    transition,
)

OTHER_ENTITY = {"entity_id": "entity-2", "name": "second", "default_set_id": "set-default-2"}
SET_KEYS = ("set-1", "SS-00000001", "FR")


def prefixes(snapshot: Snapshot) -> set[str]:
    return {series.key.prefix for series in snapshot.series}


async def test_nothing_is_needed_and_nothing_is_loaded(store: Store) -> None:
    snapshot = await load(store)
    rows = [*snapshot.entities, *snapshot.sequence_sets, *snapshot.series, *snapshot.accounts, *snapshot.documents]
    assert rows == []


@pytest.mark.parametrize("key", (ENTITY_ID, "default"))
async def test_an_entity_comes_by_id_or_name(store: Store, key: str) -> None:
    await run(store, create_entity(**OTHER_ENTITY))
    snapshot = await load(store, entities={key})
    assert [entity.id for entity in snapshot.entities] == [ENTITY_ID]


@pytest.mark.parametrize("entity_key", (ENTITY_ID, "default"))
@pytest.mark.parametrize("key", ("org-1", "North"))
async def test_an_org_comes_by_the_ids_or_names_of_its_entity_and_itself(
    store: Store, entity_key: str, key: str
) -> None:
    await run(store, create_entity(**OTHER_ENTITY))
    await run(store, CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"))
    await run(store, CreateOrg(org_id="org-2", entity_key="entity-2", name="North"))
    assert [org.id for org in (await load(store, orgs={(entity_key, key)})).orgs] == ["org-1"]
    of_any_entity = {org.id for org in (await load(store, org_keys={key})).orgs}
    assert of_any_entity == ({"org-1"} if key == "org-1" else {"org-1", "org-2"})


async def test_a_client_comes_by_id(store: Store) -> None:
    for client_id in ("client-1", "client-2"):
        await run(store, CreateClient(client_id=client_id, name="till", role=Role.ADMIN, secret_digest="digest"))
    assert [client.id for client in (await load(store, clients={"client-2"})).clients] == ["client-2"]


@pytest.mark.parametrize("key", SET_KEYS)
async def test_a_set_comes_by_id_number_or_name_with_its_series(store: Store, key: str) -> None:
    await run(store, create_sets(new_set()))
    snapshot = await load(store, sequence_sets={(ENTITY_ID, key)})
    assert [row.id for row in snapshot.sequence_sets] == ["set-1"]
    assert prefixes(snapshot) == {"FINV", "FCM", "FDM"}


async def test_a_set_of_another_entity_does_not_come(store: Store) -> None:
    await run(store, create_entity(**OTHER_ENTITY))
    await run(store, create_sets(new_set()))
    for key in SET_KEYS:
        assert list((await load(store, sequence_sets={("entity-2", key)})).sequence_sets) == []


@pytest.mark.parametrize("key", SET_KEYS)
async def test_a_deleted_set_is_not_found(store: Store, key: str) -> None:
    await run(store, create_sets(new_set()))
    await run(store, DeleteSequenceSet(scope=SCOPE, key="set-1"))
    snapshot = await load(store, sequence_sets={(ENTITY_ID, key)})
    assert snapshot.sequence_set(ENTITY_ID, key) is None


@pytest.mark.parametrize("key", (ACCOUNT_ID, "A00000001"))
async def test_an_account_brings_its_set_and_the_series_of_that(store: Store, key: str) -> None:
    await run(store, create_sets(new_set()))
    await run(store, create_account(set_key="FR"))
    snapshot = await load(store, accounts={(ENTITY_ID, key)})
    assert [account.id for account in snapshot.accounts] == [ACCOUNT_ID]
    assert snapshot.sequence_sets.get("set-1") is not None
    assert {"FINV", "FCM", "FDM"} <= prefixes(snapshot)


@pytest.mark.parametrize("key", ("document-1", "TMP-CM-00000001"))
async def test_a_document_brings_the_set_that_it_was_pinned_to_even_when_that_was_deleted(
    store: Store, key: str
) -> None:
    await run(store, create_sets(new_set()))
    await run(store, create_account(set_key="FR"))
    await run(store, create_memo())
    await run(store, UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, set_key=""))
    await run(store, DeleteSequenceSet(scope=SCOPE, key="FR"))
    snapshot = await load(store, documents={(ENTITY_ID, key)})
    pinned = snapshot.sequence_sets.get("set-1")
    assert pinned is not None
    assert pinned.deleted_at is not None
    assert {"FINV", "FCM", "FDM"} <= prefixes(snapshot)
    assert (await run(store, transition(Action.POST))).number == "FCM00000001"


async def test_a_document_goes_on_with_its_number_when_its_set_has_another_prefix(store: Store) -> None:
    await run(store, create_sets(new_set()))
    await run(store, create_account(set_key="FR"))
    await run(store, create_memo(post=True))
    change = {Kind.CREDIT_MEMO: NumberingChange(prefix="GCM")}
    await run(store, UpdateSequenceSet(scope=SCOPE, key="FR", numberings=change))
    for action in (Action.UNPOST, Action.POST, Action.UNPOST, Action.CANCEL):
        assert (await run(store, transition(action))).number == "FCM00000001"


async def test_the_number_that_a_caller_wants_brings_its_document_and_the_series_it_falls_into(store: Store) -> None:
    await run(
        store, create_sets(new_set(numberings={Kind.INVOICE: Numbering("X", 1), Kind.REFUND: Numbering("X1-", 1)}))
    )
    await run(store, create_account())
    await run(store, create_memo(number="X-7"))
    assert (await load(store, numbers={(ENTITY_ID, "X-7")})).documents.get("document-1") is not None
    assert "X" in prefixes(await load(store, numbers={(ENTITY_ID, "X00000009")}))
    assert "X" in prefixes(await load(store, numbers={(ENTITY_ID, "X123456789")}))
    assert "X1-" in prefixes(await load(store, numbers={(ENTITY_ID, "X1-00000009")}))
    assert prefixes(await load(store, numbers={(ENTITY_ID, "X0000009")})) == set()


async def open_family(store: Store, start_number: int = 1) -> None:
    """Series `X`, `X1`, `X12` and `X9`, and beside the family `X0`, `XY` and `Y`."""
    names = ("X12", "X1", "X0", "XY", "Y", "X", "X9")
    for index, prefix in enumerate(names):
        start = start_number if prefix == "X" else 1
        numberings = {Kind.INVOICE: Numbering(prefix, start)}
        await run(store, create_sets(new_set(id=f"set-{index}", name=f"N{index}", numberings=numberings)))


@pytest.mark.parametrize(
    ("prefix", "family"),
    (
        ("X", {"X", "X1", "X12", "X9"}),
        ("X1", {"X", "X1", "X12"}),
        ("X12", {"X", "X1", "X12"}),
        ("X123", {"X", "X1", "X12"}),
        ("X2", {"X"}),
        ("Y", {"Y"}),
    ),
)
async def test_a_claim_brings_the_whole_family_of_its_prefix(store: Store, prefix: str, family: set[str]) -> None:
    await open_family(store)
    snapshot = await load(store, claims={(ENTITY_ID, prefix)})
    assert {series.key.prefix for series in snapshot.family(ENTITY_ID, prefix)} == family


async def test_the_claims_of_a_set_are_those_of_its_own_prefixes(store: Store) -> None:
    await open_family(store)
    await run(store, create_account())
    await run(store, create_memo(number="X0"))
    by_name = await load(store, set_claims={(ENTITY_ID, "N1")})
    assert by_name.sequence_sets.get("set-1") is not None
    assert {series.key.prefix for series in by_name.family(ENTITY_ID, "X1")} == {"X", "X1", "X12"}


@pytest.mark.parametrize("needs", ({"claims": {(ENTITY_ID, "G")}}, {"set_claims": {(ENTITY_ID, "set-1")}}))
async def test_a_claim_brings_the_highest_given_number_that_it_would_meet(
    store: Store, needs: dict[str, set[tuple[str, str]]]
) -> None:
    await run(store, create_account())
    for index, number in enumerate(
        ("G00000012", "G000000009", "G0000001", "H99999999", "J00000000", "G00000003", "G-1", "GG")
    ):
        await run(store, create_memo(document_id=f"document-{index}", number=number))
    await run(store, create_sets(new_set(numberings={Kind.INVOICE: Numbering("G", 13)})))
    snapshot = await load(store, **needs)
    assert snapshot.highest_given_ordinals == {(ENTITY_ID, "G"): 12}
    both_ends = await load(store, claims={(ENTITY_ID, "H"), (ENTITY_ID, "G0"), (ENTITY_ID, "J")})
    assert both_ends.highest_given_ordinals == {(ENTITY_ID, "H"): 99_999_999, (ENTITY_ID, "G0"): 9, (ENTITY_ID, "J"): 0}


async def test_a_given_number_beyond_the_longest_ordinal_is_met_by_no_claim(store: Store) -> None:
    await run(store, create_account())
    await run(store, create_memo(number="G" + "9" * 31))
    assert (await load(store, claims={(ENTITY_ID, "G")})).highest_given_ordinals == {}


async def test_a_claim_does_not_take_issued_numbers_for_given_ones(store: Store) -> None:
    await run(store, create_account())
    await run(store, create_memo(post=True))
    assert (await load(store, claims={(ENTITY_ID, "CM")})).highest_given_ordinals == {}


async def test_only_from_its_threshold_on_a_series_brings_its_family(store: Store) -> None:
    await open_family(store, start_number=FAMILY_FROM_ORDINAL)
    snapshot = await load(store, sequence_sets={(ENTITY_ID, "N5")})
    assert {series.key.prefix for series in snapshot.family(ENTITY_ID, "X")} == {"X", "X1", "X12", "X9"}
    assert prefixes(await load(store, sequence_sets={(ENTITY_ID, "N4")})) == {"Y"}


@pytest.mark.parametrize("through", ("account", "document"))
async def test_a_series_that_comes_with_an_account_or_document_brings_its_family_too(
    store: Store, through: str
) -> None:
    numberings = {Kind.CREDIT_MEMO: Numbering("X", 99_999_999)}
    await run(store, create_sets(new_set(numberings=numberings)))
    await run(store, create_sets(new_set(id="set-2", name="N2", numberings={Kind.INVOICE: Numbering("X1", 1)})))
    await run(store, create_account(set_key="FR"))
    if through == "document":
        for document_id in ("document-1", "document-2"):
            await run(store, create_memo(document_id=document_id))
        await run(store, transition(Action.POST))
        last: Command[Document] = transition(Action.POST, "document-2")
    else:
        await run(store, create_memo(post=True))
        last = create_memo(document_id="document-2", post=True)
    with pytest.raises(BrokenRule, match="X100000000 could also be a number of the prefix 'X1'") as refused:
        await run(store, last)
    assert refused.value.rule is Rule.SERIES_EXHAUSTED


@pytest.mark.parametrize("key", SET_KEYS)
async def test_a_set_is_in_use_while_an_account_has_it(store: Store, key: str) -> None:
    await run(store, create_sets(new_set()))
    pair = (ENTITY_ID, key)
    assert (await load(store, sequence_sets={pair}, sets_in_use={pair})).sets_in_use == set()
    await run(store, create_account(set_key="FR"))
    assert (await load(store, sequence_sets={pair}, sets_in_use={pair})).sets_in_use == {"set-1"}
    with pytest.raises(BrokenRule) as refused:
        await run(store, DeleteSequenceSet(scope=SCOPE, key=key))
    assert refused.value.rule is Rule.SET_IN_USE
    await run(store, DeleteAccount(scope=SCOPE, key=ACCOUNT_ID))
    await run(store, DeleteSequenceSet(scope=SCOPE, key=key))


@pytest.mark.parametrize("key", (ACCOUNT_ID, "A00000001"))
async def test_an_account_has_documents_while_there_are_some(store: Store, key: str) -> None:
    await run(store, create_account())
    pair = (ENTITY_ID, key)
    assert (await load(store, accounts_with_documents={pair})).accounts_with_documents == set()
    await run(store, create_memo())
    assert (await load(store, accounts_with_documents={pair})).accounts_with_documents == {ACCOUNT_ID}
    with pytest.raises(BrokenRule) as refused:
        await run(store, DeleteAccount(scope=SCOPE, key=key))
    assert refused.value.rule is Rule.ACCOUNT_HAS_DOCUMENTS
    await run(store, transition(Action.CANCEL))
    await run(store, transition(Action.DELETE))
    await run(store, DeleteAccount(scope=SCOPE, key=key))
    assert await store.find_account(ENTITY_ID, ACCOUNT_ID, None) is None


async def test_the_counter_of_a_given_account_number_is_moved_past_it(store: Store) -> None:
    await run(store, create_account(number="A00000007"))
    following = await run(store, create_account(account_id="account-2"))
    assert following.number == "A00000008"


async def test_a_given_account_number_longer_than_any_ordinal_moves_no_counter(store: Store) -> None:
    await run(store, create_account(number="A" + "9" * 40))
    following = await run(store, create_account(account_id="account-2"))
    assert following.number == "A00000001"


async def test_a_set_updated_to_another_prefix_and_back_finds_its_series_again(store: Store) -> None:
    await run(store, create_sets(new_set()))
    await run(store, create_account(set_key="FR"))
    await run(store, create_memo(post=True))
    for prefix in ("GCM", "FCM"):
        change = {Kind.CREDIT_MEMO: NumberingChange(prefix=prefix)}
        updated = await run(store, UpdateSequenceSet(scope=SCOPE, key="FR", numberings=change))
    assert updated == await store.find_sequence_set(ENTITY_ID, "set-1")
    assert updated.next_ordinals[Kind.CREDIT_MEMO] == 2
    assert SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "GCM") in {audit.series.key for audit in await store.audit()}


async def test_an_org_that_the_caller_may_not_use_is_refused(store: Store) -> None:
    await run(store, CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"))
    scope = replace(SCOPE, org_ids=frozenset({"org-2"}))
    with pytest.raises(InvalidValue) as refused:
        await run(store, create_account(scope=scope, org_key="North"))
    assert refused.value.field == "organizationLabel"
    account = await run(store, create_account(scope=Scope(ENTITY_ID, "actor-1", {"org-1"}), org_key="North"))
    assert account.org_id == "org-1"
    assert account.sequence_set_id is None
    assert (await load(store, accounts={(ENTITY_ID, ACCOUNT_ID)})).sequence_sets.get(DEFAULT_SET_ID) is None
