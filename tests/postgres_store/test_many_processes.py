"""Several stores on one database, as several processes have them: what one decides, no other one spoils."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.commands.accounts import DeleteAccount, UpdateAccount
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.sequence_sets import DeleteSequenceSet
from seriatim.domain.commands.settlement import ApplySource, CreatePayment, Portion, UnapplySource
from seriatim.domain.decide import Result, Submission
from seriatim.domain.document import Action, Document
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, Rule
from seriatim.service.ports import StoreConflict
from seriatim.service.verification import judge_all
from seriatim.storage.postgres import PostgresStore
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
    transition,
)
from tests.fakes import NOON
from tests.postgres import Cluster

STORES = 4
ATTEMPTS_MAX = 5
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture(params=("read-committed", "serializable"))
async def stores(request: pytest.FixtureRequest, postgres: Cluster) -> AsyncIterator[list[PostgresStore]]:
    """Several stores, each with connections of its own, on one database with an entity and an account."""
    database = await asyncio.to_thread(postgres.emptied_database)
    deadlocks = await database.work(lambda connection: connection.fetchval(DEADLOCKS))
    url = database.with_option(f"isolation={request.param}")
    opened = [PostgresStore(url) for _ in range(STORES)]
    for store in opened:
        await store.open()
    await run(opened[0], create_entity())
    await run(opened[0], create_account())
    yield opened
    for store in opened:
        await store.close()
    assert await database.work(lambda connection: connection.fetchval(DEADLOCKS)) == deadlocks


async def trying(store: PostgresStore, *submissions: Submission) -> list[Result]:
    """Submit as the writer does: a conflict is tried again."""
    for _ in range(ATTEMPTS_MAX - 1):
        try:
            return await submit(store, *submissions)
        except StoreConflict:
            continue
    return await submit(store, *submissions)


async def each(store: PostgresStore, *commands: Command[Any]) -> list[Any]:
    """The outcomes of commands of one batch: what they give, or the error that refused them."""
    results = await trying(store, *(Submission(command) for command in commands))
    return [result.error or result.outcome for result in results]


async def at_once(*work: Awaitable[Sequence[Any]]) -> list[Any]:
    return [outcome for outcomes in await asyncio.gather(*work) for outcome in outcomes]


async def test_all_take_numbers_of_one_series(stores: list[PostgresStore]) -> None:
    async def work(index: int) -> list[Document]:
        found = []
        for count in range(10):
            ids = [f"{index}-{count}-{one}" for one in range(3)]
            found += await each(stores[index], *(create_memo(document_id=id_, post=True) for id_ in ids))
        return found

    documents = await at_once(*(work(index) for index in range(STORES)))
    assert sorted(document.number for document in documents) == [f"CM{n:08d}" for n in range(1, STORES * 30 + 1)]
    assert judge_all(await stores[0].audit()).is_gapless


async def test_of_the_same_key_one_request_is_carried_out(stores: list[PostgresStore]) -> None:
    submissions = [
        Submission(create_memo(document_id=f"document-{index}", post=True), keyed("key")) for index in range(STORES)
    ]
    results = await at_once(*(trying(store, one) for store, one in zip(stores, submissions, strict=True)))
    documents = [result.outcome for result in results if isinstance(result.outcome, Document)]
    assert [document.number for document in documents] == ["CM00000001"]
    assert judge_all(await stores[0].audit()).is_gapless


async def test_keys_in_opposite_order_lock_nobody_out(stores: list[PostgresStore]) -> None:
    def batch(index: int, count: int) -> list[Submission]:
        keys = [f"key-{count}-{one}" for one in range(8)]
        ordered = keys if index % 2 else keys[::-1]
        return [Submission(create_memo(document_id=f"{index}-{key}"), keyed(key)) for key in ordered]

    for count in range(5):
        await at_once(*(trying(store, *batch(index, count)) for index, store in enumerate(stores)))
    found = await stores[0].read(Needs(counters={(ENTITY_ID, "temporary_credit_memo")}))
    assert found.counters.get((ENTITY_ID, "temporary_credit_memo")) == 5 * 8 + 1


async def test_documents_in_opposite_order_lock_nobody_out(stores: list[PostgresStore]) -> None:
    ids = [f"document-{n}" for n in range(12)]
    await each(stores[0], *(create_memo(document_id=id_) for id_ in ids))

    async def work(index: int) -> list[Any]:
        ordered = ids if index % 2 else ids[::-1]
        return await each(stores[index], *(transition(Action.POST, id_) for id_ in ordered))

    outcomes = await at_once(*(work(index) for index in range(STORES)))
    assert sorted(each.number for each in outcomes if isinstance(each, Document)) == [
        f"CM{n:08d}" for n in range(1, 13)
    ]
    assert len([each for each in outcomes if isinstance(each, BrokenRule)]) == (STORES - 1) * 12


async def test_no_update_of_an_account_is_lost(stores: list[PostgresStore]) -> None:
    async def work(index: int) -> list[Any]:
        found = []
        for count in range(6):
            update = UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, fields={f"field-{index}-{count}": "kept"})
            found += await each(stores[index], update)
        return found

    await at_once(*(work(index) for index in range(STORES)))
    account = await stores[0].find_account(ENTITY_ID, ACCOUNT_ID, None)
    assert account is not None
    assert len(account.fields) == STORES * 6


async def test_an_account_is_deleted_or_gets_a_document(stores: list[PostgresStore]) -> None:
    for count in range(6):
        account_id, number = f"account-{count}-x", f"X{count}"
        await run(stores[0], replace(create_account(), account_id=account_id, number=number))
        creation = replace(create_memo(document_id=f"document-{count}"), account_keys={"accountId": account_id})
        deletion = DeleteAccount(scope=SCOPE, key=account_id)
        await at_once(each(stores[0], creation), each(stores[1], deletion))
        account = await stores[0].find_account(ENTITY_ID, account_id, None)
        document = await stores[0].find_document(ENTITY_ID, Kind.CREDIT_MEMO, f"document-{count}", None)
        assert (account is None) == (document is None)


async def test_a_number_is_given_or_its_prefix_is_claimed(stores: list[PostgresStore]) -> None:
    for count in range(6):
        given = replace(create_memo(document_id=f"given-{count}"), number=f"G{count}CM00000005")
        claim = create_sets(new_set(id=f"set-{count}", name=f"G{count}", numberings=make_numberings(f"G{count}")))
        outcomes = await at_once(each(stores[0], given), each(stores[1], claim))
        refused = [each for each in outcomes if isinstance(each, BrokenRule)]
        assert [each.rule in (Rule.NUMBER_IN_SERIES, Rule.PREFIX_COLLIDES) for each in refused] == [True]


async def test_a_set_is_deleted_or_assigned(stores: list[PostgresStore]) -> None:
    for count in range(6):
        await run(
            stores[0],
            create_sets(new_set(id=f"set-{count}", name=f"S{count}", numberings=make_numberings(f"S{count}"))),
        )
        assignment = UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, set_key=f"set-{count}")
        deletion = DeleteSequenceSet(scope=SCOPE, key=f"set-{count}")
        outcomes = await at_once(each(stores[0], assignment), each(stores[1], deletion))
        assert len([each for each in outcomes if isinstance(each, Exception)]) == 1


async def test_no_cent_is_applied_twice(stores: list[PostgresStore]) -> None:
    invoice = await run(stores[0], replace(create_memo(document_id="invoice", post=True), kind=Kind.INVOICE))
    payments = [f"payment-{index}" for index in range(STORES)]
    for payment_id in payments:
        payment = CreatePayment(
            scope=SCOPE,
            document_id=payment_id,
            account_keys={"accountId": ACCOUNT_ID},
            amount=invoice.amount_minor // 100,
            currency="EUR",
        )
        await run(stores[0], payment)

    async def work(index: int) -> list[Any]:
        found = []
        for count in range(4):
            portion = Portion(f"application-{index}-{count}", "invoices[0]", Kind.INVOICE, "invoice", None)
            found += await each(
                stores[index],
                ApplySource(scope=SCOPE, kind=Kind.PAYMENT, key=payments[index], portions=(portion,)),
                UnapplySource(scope=SCOPE, kind=Kind.PAYMENT, key=payments[index]),
                ApplySource(scope=SCOPE, kind=Kind.PAYMENT, key=payments[index], portions=(portion,)),
            )
        return found

    await at_once(*(work(index) for index in range(STORES)))
    found = await stores[0].find_document(ENTITY_ID, Kind.INVOICE, "invoice", None)
    assert found is not None
    parts = await stores[0].list_parts("invoice")
    assert sum(part.application.amount_minor for part in parts) == found.applied_minor == found.amount_minor
    assert sum(part.other.applied_minor for part in parts) == found.applied_minor


async def test_a_clock_that_is_behind_takes_no_series_back_in_time(stores: list[PostgresStore]) -> None:
    later = NOON + timedelta(seconds=3)
    first = await run(stores[0], create_memo(document_id="first", post=True), at=later)
    second = await run(stores[1], create_memo(document_id="second", post=True), at=NOON)
    assert (first.created_at, second.created_at) == (later, later)
    # A decision that takes no number of the series has its own time.
    assert (
        await run(stores[1], replace(create_account(), account_id="other", number="A7"), at=NOON)
    ).created_at == NOON


async def test_what_a_series_gives_is_locked_even_when_the_store_did_not_expect_it(stores: list[PostgresStore]) -> None:
    """Both decide over the same state; the one that comes second decides again."""
    seen: list[int] = []

    def decide(snapshot: Snapshot) -> None:
        (series,) = [each for each in snapshot.series if each.key.prefix == "CM"]
        seen.append(series.next_ordinal)
        snapshot.series.put(series.key, replace(series, next_ordinal=series.next_ordinal + 1))

    needs = Needs(sequence_sets={(ENTITY_ID, "DEFAULT")})
    await asyncio.gather(*(store.write(needs, decide) for store in stores))
    found = await stores[0].read(needs)
    assert [series.next_ordinal for series in found.series if series.key.prefix == "CM"] == [STORES + 1]
    assert set(range(1, STORES + 1)) <= set(seen)
