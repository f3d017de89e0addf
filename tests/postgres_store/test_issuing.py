"""The short way of a batch: by what a process keeps, in one statement that checks it, whatever others do meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from seriatim.domain.commands.accounts import DeleteAccount, UpdateAccount
from seriatim.domain.commands.sequence_sets import NumberingChange, UpdateSequenceSet
from seriatim.domain.decide import Replay, Submission
from seriatim.domain.document import Document
from seriatim.domain.idempotency import ANSWER_LIFETIME
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.errors import BrokenRule, NotFound
from seriatim.service.ports import StoreConflict
from seriatim.service.verification import judge_all
from seriatim.storage.postgres import PostgresStore, cache, issuing
from seriatim.storage.postgres.load import Loader
from tests.factories import (
    ACCOUNT_ID,
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    keyed,
    make_numberings,
    new_set,
    run,
    submit,
)
from tests.fakes import NOON
from tests.postgres import Database
from tests.postgres_store.short_way import Deciding, LongWayError, not_this_way, number_of


async def test_what_is_kept_needs_no_load(one: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loader, "load", not_this_way)
    for size in (1, 2, 64):
        memos = [create_memo(document_id=f"of-{size}-{index}", post=True) for index in range(size)]
        await submit(one, *map(Submission, memos))
    await submit(one, Submission(create_memo(document_id="keyed", post=True), keyed("key")))
    assert await number_of(one, "last") == "FCM00000070"
    assert judge_all(await one.audit()).is_gapless
    with pytest.raises(LongWayError):
        await run(one, create_memo(document_id="draft"))


async def test_a_batch_between_others_goes_on_where_they_left_off(
    one: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await number_of(other, "second")
    # Where another process takes part, it locks first, and still loads nothing.
    monkeypatch.setattr(Loader, "load", not_this_way)
    assert await number_of(one, "third") == "FCM00000003"
    assert await number_of(other, "fourth") == "FCM00000004"
    for count in range(2 * issuing.CONTESTED_BATCHES):
        assert await number_of(one, f"alone-{count}") == f"FCM{count + 5:08d}"
    assert judge_all(await one.audit()).is_gapless


CHANGES: dict[str, tuple[str, str]] = {
    "an account is archived": (
        "UPDATE accounts SET archived_at = 1",
        "archived",
    ),
    "an account has another currency": (
        "UPDATE accounts SET currency = 'USD'",
        "USD",
    ),
    "a set has another prefix": (
        "UPDATE sequence_set_numberings SET prefix = 'CM' WHERE kind = 'credit_memo'",
        "CM00000001",
    ),
    "an account has no set of its own": (
        "UPDATE accounts SET sequence_set_id = NULL",
        "CM00000001",
    ),
    "a series goes on further up": (
        "UPDATE series SET next_ordinal = 100 WHERE prefix = 'FCM'",
        "FCM00000100",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_a_hand_changes_is_known_to_the_next_batch(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore, change: str
) -> None:
    statement, told = CHANGES[change]
    await places[0].work(lambda connection: connection.execute(statement))
    (result,) = await submit(one, Submission(create_memo(document_id="second", post=True, currency="EUR")))
    assert told in (result.outcome.number if result.error is None else str(result.error))


async def test_a_set_that_was_changed_elsewhere_numbers_the_next_document(
    one: PostgresStore, other: PostgresStore
) -> None:
    update = UpdateSequenceSet(scope=SCOPE, key="set-1", numberings={Kind.CREDIT_MEMO: NumberingChange("GCM", 7)})
    await run(other, update)
    assert await number_of(one, "second") == "GCM00000007"
    await run(other, UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, set_key=""))
    assert await number_of(one, "third") == "CM00000001"


async def test_an_account_that_was_deleted_elsewhere_is_not_found(one: PostgresStore, other: PostgresStore) -> None:
    await run(other, create_account(account_id="account-2", number="A2"))
    memo = create_memo(document_id="second", account_keys={"accountId": "account-2"}, post=True, currency="USD")
    with pytest.raises(BrokenRule):
        await run(one, memo)
    await run(other, DeleteAccount(scope=SCOPE, key="account-2"))
    with pytest.raises(NotFound):
        await run(one, memo)


async def test_an_answer_that_was_kept_elsewhere_is_given_again(one: PostgresStore, other: PostgresStore) -> None:
    (first,) = await submit(other, Submission(create_memo(document_id="second", post=True), keyed("key")))
    assert isinstance(first.outcome, Document)
    found = await submit(
        one,
        Submission(create_memo(document_id="third", post=True), keyed("key")),
        Submission(create_memo(document_id="fourth", post=True), keyed("new")),
    )
    assert found[0].outcome == Replay(200, b"FCM00000002")
    assert isinstance(found[1].outcome, Document)
    assert found[1].outcome.number == "FCM00000003"
    # An answer that has outlived its time is taken for none.
    (again,) = await submit(
        one,
        Submission(create_memo(document_id="fifth", post=True), keyed("new")),
        at=NOON + ANSWER_LIFETIME + timedelta(seconds=1),
    )
    assert isinstance(again.outcome, Document)


async def test_a_refused_command_takes_no_number_beside_others(one: PostgresStore) -> None:
    results = await submit(
        one,
        Submission(create_memo(document_id="second", post=True, currency="USD")),
        Submission(create_memo(document_id="third", post=True)),
    )
    assert isinstance(results[0].error, BrokenRule)
    assert isinstance(results[1].outcome, Document)
    assert results[1].outcome.number == "FCM00000002"


async def test_a_row_that_is_not_written_takes_everything_back(postgres_database: Database) -> None:
    """A trigger that throws rows away stands for whatever may go wrong between the parts of the statement."""
    store = PostgresStore(postgres_database.url)
    await store.open()
    await run(store, create_entity())
    await run(store, create_account())
    await number_of(store, "first")
    await postgres_database.work(
        lambda connection: connection.execute("""
            CREATE FUNCTION throw_away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER away BEFORE INSERT ON register FOR EACH ROW EXECUTE FUNCTION throw_away()""")
    )
    with pytest.raises(StoreConflict):
        await number_of(store, "second")
    await postgres_database.work(lambda connection: connection.execute("DROP TRIGGER away ON register"))
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "second", None) is None
    assert await number_of(store, "third") == "CM00000002"
    assert judge_all(await store.audit()).is_gapless
    await store.close()


async def test_little_is_kept_of_many(one: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCOUNTS_CACHED_MAX", "SET_KEYS_CACHED_MAX", "ENTITIES_CACHED_MAX"):
        monkeypatch.setattr(cache, name, 3)
    for count in range(8):
        entity_id = f"entity-{count}-x"
        scope = replace(SCOPE, entity_id=entity_id)
        await run(one, create_entity(entity_id=entity_id, name=entity_id, default_set_id=f"default-{count}"))
        await run(one, create_account(scope=scope, account_id=f"of-{count}"))
        keys = {"accountId": f"of-{count}"}
        assert await number_of(one, f"of-{count}", scope=scope, account_keys=keys) == "CM00000001"
        account_id, set_id = f"account-{count}-y", f"set-{count}-y"
        numberings = make_numberings(f"S{count}X")
        await run(one, create_sets(new_set(id=set_id, name=f"S{count}", numberings=numberings)))
        await run(one, create_account(account_id=account_id, number=f"A{count}Y", set_key=set_id))
        keys = {"accountId": account_id}
        assert await number_of(one, f"with-{count}", account_keys=keys) == f"S{count}XCM00000001"
        kept = one.issuer.cache
        assert len(kept.accounts) <= 3
        assert len(kept.entities) <= 3
        assert all(len(entity.set_ids) <= 3 for entity in kept.entities.values())


async def test_what_is_kept_of_an_account_is_not_long(one: PostgresStore) -> None:
    for count in (1, cache.ACCOUNT_CHARACTERS_MAX):
        fields = {"note": "x" * count}
        await run(one, create_account(account_id=f"with-{count}", number=f"A-{count}", fields=fields))
        keys = {"accountId": f"with-{count}"}
        assert await number_of(one, f"first-{count}", account_keys=keys)
    kept = [account.id for account, _ in one.issuer.cache.accounts.values()]
    assert "with-1" in kept
    assert f"with-{cache.ACCOUNT_CHARACTERS_MAX}" not in kept


async def test_the_next_batch_is_decided_while_one_is_written(one: PostgresStore) -> None:
    deciding = Deciding(one)
    assert list(await asyncio.gather(deciding.write("a"), deciding.write("b"))) == ["FCM00000002", "FCM00000003"]
    assert deciding.steps == ["a decided", "b decided", "a written", "b written"]
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_decided_ahead_is_decided_again_where_the_one_before_went_otherwise(
    one: PostgresStore, other: PostgresStore
) -> None:
    await number_of(other, "second")
    deciding = Deciding(one)
    assert list(await asyncio.gather(deciding.write("a"), deciding.write("b"))) == ["FCM00000003", "FCM00000004"]
    assert deciding.steps == ["a decided", "b decided", "a decided", "a written", "b decided", "b written"]
    assert judge_all(await one.audit()).is_gapless


async def test_a_number_of_a_batch_that_was_refused_goes_to_the_batch_decided_ahead(one: PostgresStore) -> None:
    deciding = Deciding(one)
    # The id is taken, so the database refuses the row.
    assert list(await asyncio.gather(deciding.write("first"), deciding.write("b"))) == [None, "FCM00000002"]
    assert deciding.steps[:2] == ["first decided", "b decided"]
    assert deciding.steps[-3:] == ["first refused", "b decided", "b written"]
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_after_one_on_the_long_way_is_not_decided_ahead(one: PostgresStore) -> None:
    deciding = Deciding(one)
    # A number that is given asks for more than what is kept.
    found = await asyncio.gather(deciding.write("a", number="GIVEN-1"), deciding.write("b"))
    assert list(found) == ["GIVEN-1", "FCM00000002"]
    assert deciding.steps == ["a decided", "a written", "b decided", "b written"]
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_decided_ahead_records_no_earlier_time(one: PostgresStore) -> None:
    later = [Submission(create_memo(document_id="a", post=True))]
    earlier = [Submission(create_memo(document_id="b", post=True))]
    await asyncio.gather(submit(one, *later, at=NOON + timedelta(seconds=1)), submit(one, *earlier, at=NOON))
    entries = await one.list_register(SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "FCM"), None, 2)
    assert [entry.recorded_at for entry in entries] == [NOON + timedelta(seconds=1)] * 2
