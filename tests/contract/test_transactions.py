"""A write happens as a whole or not at all; what the database refuses is a conflict with nothing written."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from seriatim.domain.client import Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.commands.entities import CreateOrg
from seriatim.domain.document import Action
from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.domain.register import issue_entry
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule
from seriatim.service.ports import Store, StoreConflict, StoreUnavailable
from seriatim.storage.memory import CrashPoint, MemoryStore
from tests.factories import (
    ACTOR_ID,
    ENTITY_ID,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    load,
    make_account,
    make_client,
    make_document,
    make_entity,
    make_org,
    make_set,
    new_set,
    run,
    transition,
)
from tests.fakes import NOON

CREDIT_MEMOS = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")


async def furnish(store: Store) -> None:
    """One row of each sort."""
    await run(store, create_sets(new_set(number="SET-7")))
    await run(store, create_account())
    await run(store, create_memo(post=True))
    await run(store, CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"))
    await run(store, CreateClient(client_id="client-1", name="till", role=Role.ADMIN, secret_digest="digest"))


async def test_what_was_written_is_there(store: Store) -> None:
    await run(store, create_account())
    posted = await run(store, create_memo(post=True))
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, posted.id, None) == posted
    snapshot = await load(store, sequence_sets={(ENTITY_ID, "DEFAULT")})
    assert snapshot.series.get(CREDIT_MEMOS) == Series(CREDIT_MEMOS, 1, 2)


async def test_what_decide_returns_is_given_back(store: Store) -> None:
    assert await store.write(Needs(), lambda snapshot: len(list(snapshot.documents))) == 0


async def test_an_exception_of_decide_comes_back_and_nothing_is_written(store: Store) -> None:
    await run(store, create_account())

    def fail(snapshot: Snapshot) -> None:
        snapshot.documents.put("document-1", make_document())
        snapshot.count(ENTITY_ID, "temporary")
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        await store.write(Needs(counters={(ENTITY_ID, "temporary")}), fail)
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "document-1", None) is None
    assert (await load(store, counters={(ENTITY_ID, "temporary")})).counters.get((ENTITY_ID, "temporary")) is None
    # The store is not stuck in the transaction that failed.
    assert (await run(store, create_memo())).number == "TMP-CM-00000001"


def _put_document(snapshot: Snapshot, **over: str) -> None:
    document = make_document(**over)
    snapshot.documents.put(document.id, document)


def _put_series(snapshot: Snapshot, key: SeriesKey) -> None:
    snapshot.series.put(key, Series(key, 1, 1))


CONFLICTS: dict[str, Callable[[Snapshot], object]] = {
    "document id": lambda snapshot: _put_document(snapshot, number="OTHER"),
    "document number": lambda snapshot: _put_document(snapshot, id="document-2", number="CM00000001"),
    "account id": lambda snapshot: snapshot.accounts.put("account-1", make_account(number="A2")),
    "account number": lambda snapshot: snapshot.accounts.put("account-2", make_account(id="account-2")),
    "set id": lambda snapshot: snapshot.sequence_sets.put("set-1", make_set(number="SET-8", name="GB")),
    "set name": lambda snapshot: snapshot.sequence_sets.put("set-2", make_set(id="set-2", number="SET-8")),
    "set number": lambda snapshot: snapshot.sequence_sets.put("set-2", make_set(id="set-2", number="SET-7", name="GB")),
    "series": lambda snapshot: _put_series(snapshot, CREDIT_MEMOS),
    "prefix of two kinds": lambda snapshot: _put_series(snapshot, SeriesKey(ENTITY_ID, Kind.INVOICE, "CM")),
    "register": lambda snapshot: snapshot.register.append(issue_entry(CREDIT_MEMOS, 1, "document-2", NOON, ACTOR_ID)),
    "entity id": lambda snapshot: snapshot.entities.put(ENTITY_ID, make_entity(name="other")),
    "entity name": lambda snapshot: snapshot.entities.put("entity-2", make_entity(id="entity-2")),
    "org id": lambda snapshot: snapshot.orgs.put("org-1", make_org(name="South")),
    "org name": lambda snapshot: snapshot.orgs.put("org-2", make_org(id="org-2")),
    "client id": lambda snapshot: snapshot.clients.put("client-1", make_client(name="other")),
}


async def _contents(store: Store) -> tuple[object, ...]:
    return (
        await store.audit(),
        await store.list_sequence_sets(ENTITY_ID, None, 0, 100),
        await store.find_account(ENTITY_ID, "account-1", None),
        await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "document-1", None),
        await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "document-2", None),
        await store.list_entities(),
        await store.list_orgs(),
        await store.list_clients(),
        await store.directory_version(),
        (await load(store, counters={(ENTITY_ID, "beside")})).counters.get((ENTITY_ID, "beside")),
    )


@pytest.mark.parametrize("name", CONFLICTS)
async def test_a_second_row_with_the_same_key_is_a_conflict(store: Store, name: str) -> None:
    await furnish(store)
    # The series has to be known for an entry of the register to refer to it.
    needs = Needs(sequence_sets={(ENTITY_ID, "DEFAULT")}) if name == "register" else Needs()
    before = await _contents(store)

    def decide(snapshot: Snapshot) -> None:
        snapshot.count(ENTITY_ID, "beside")
        CONFLICTS[name](snapshot)

    with pytest.raises(StoreConflict):
        await store.write(needs, decide)
    assert await _contents(store) == before


async def test_another_entity_may_use_the_same_names_and_numbers(store: Store) -> None:
    await furnish(store)
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"))

    def decide(snapshot: Snapshot) -> None:
        account = make_account(id="account-2", entity_id="entity-2")
        snapshot.accounts.put(account.id, account)
        over = {"entity_id": "entity-2", "account_id": "account-2", "sequence_set_id": "set-default-2"}
        _put_document(snapshot, id="document-2", number="CM00000001", **over)
        snapshot.sequence_sets.put("set-2", make_set(id="set-2", entity_id="entity-2", number="SET-7"))
        snapshot.orgs.put("org-2", make_org(id="org-2", entity_id="entity-2"))

    await store.write(Needs(), decide)
    found = await store.find_document("entity-2", Kind.CREDIT_MEMO, "CM00000001", None)
    assert found is not None
    assert found.id == "document-2"


async def test_the_name_and_number_of_a_deleted_set_are_free(store: Store) -> None:
    deleted = make_set(deleted_at=NOON)
    await store.write(Needs(), lambda snapshot: snapshot.sequence_sets.put(deleted.id, deleted))
    again = make_set(id="set-2")
    await store.write(Needs(), lambda snapshot: snapshot.sequence_sets.put(again.id, again))
    found = await store.find_sequence_set(ENTITY_ID, "FR")
    assert found is not None
    assert found.sequence_set.id == "set-2"


async def test_rows_are_replaced_and_removed(store: Store) -> None:
    await run(store, create_account())
    draft = await run(store, create_memo())
    canceled = await run(store, transition(Action.CANCEL), at=NOON + timedelta(hours=1))
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, draft.number, None) == canceled
    await run(store, transition(Action.DELETE))
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, draft.id, None) is None


async def test_counters_count_on_from_what_was_written(store: Store) -> None:
    needs = Needs(counters={(ENTITY_ID, "temporary")})
    values = [await store.write(needs, lambda snapshot: snapshot.count(ENTITY_ID, "temporary")) for _ in range(3)]
    assert values == [1, 2, 3]
    other = Needs(counters={(ENTITY_ID, "other")})
    assert await store.write(other, lambda snapshot: snapshot.count(ENTITY_ID, "other")) == 1


async def test_the_directory_version_grows_with_clients_entities_and_orgs_only(store: Store) -> None:
    versions = [await store.directory_version()]
    changes = (
        create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"),
        CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"),
        CreateClient(client_id="client-1", name="till", role=Role.ADMIN, secret_digest="digest"),
        RevokeClient(client_id="client-1"),
    )
    for command in changes:
        await run(store, command)
        versions.append(await store.directory_version())
    assert versions == sorted(set(versions))
    await run(store, create_sets(new_set()))
    await run(store, create_account())
    with pytest.raises(BrokenRule):
        await run(store, changes[1])
    assert await store.directory_version() == versions[-1]


async def test_the_first_secret_of_a_name_is_kept(store: Store) -> None:
    assert await store.keep_secret("tokens", b"\x00first") == b"\x00first"
    assert await store.keep_secret("tokens", b"second") == b"\x00first"
    assert await store.keep_secret("sessions", b"third") == b"third"


async def test_an_open_store_answers(store: Store) -> None:
    await store.check()


async def test_a_clock_that_was_set_back_takes_no_series_back_in_time(store: Store) -> None:
    await run(store, create_account())
    later = NOON + timedelta(seconds=3)
    first = await run(store, create_memo(document_id="first", post=True), at=later)
    second = await run(store, create_memo(document_id="second", post=True), at=NOON)
    third = await run(store, create_memo(document_id="third", post=True), at=later + timedelta(seconds=1))
    assert [first.posted_at, second.posted_at] == [later, later]
    assert third.posted_at == later + timedelta(seconds=1)


async def test_the_memory_store_loses_a_write_that_crashes_before_the_commit() -> None:
    memory = MemoryStore()
    await memory.open()
    memory.crash_next_write = CrashPoint.BEFORE_COMMIT
    with pytest.raises(StoreUnavailable, match="before the commit"):
        await run(memory, create_entity())
    assert await memory.list_entities() == []
    await run(memory, create_entity())
    assert len(await memory.list_entities()) == 1


async def test_the_memory_store_keeps_a_write_that_crashes_after_the_commit() -> None:
    memory = MemoryStore()
    await memory.open()
    memory.crash_next_write = CrashPoint.AFTER_COMMIT
    with pytest.raises(StoreUnavailable, match="after the commit"):
        await run(memory, create_entity())
    assert len(await memory.list_entities()) == 1


async def test_a_closed_memory_store_refuses_until_it_is_opened_again() -> None:
    memory = MemoryStore()
    await memory.open()
    await run(memory, create_entity())
    await memory.close()
    with pytest.raises(StoreUnavailable):
        await memory.check()
    with pytest.raises(StoreUnavailable):
        await run(memory, create_account())
    await memory.open()
    assert len(await memory.list_entities()) == 1
