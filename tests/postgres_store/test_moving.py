"""Batches that find their series elsewhere than they were decided: what is told is what was written."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from seriatim.domain.commands.accounts import UpdateAccount
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import DraftItem
from seriatim.domain.commands.settlement import CreatePayment
from seriatim.domain.decide import Replay, Result, Submission
from seriatim.domain.document import Document
from seriatim.domain.numbering import Kind, SeriesKey, format_number
from seriatim.errors import BrokenRule
from seriatim.service.verification import judge_all
from seriatim.storage.postgres import PostgresStore
from seriatim.storage.postgres.issuing import Issuer
from seriatim.storage.postgres.load import Loader
from tests.factories import ACCOUNT_ID, ENTITY_ID, SCOPE, create_memo, keyed, run, submit
from tests.fakes import NOON
from tests.postgres import Database
from tests.postgres_store.short_way import Deciding, LongWayError, not_this_way, number_of

HOLD = "UPDATE series SET next_ordinal = next_ordinal + $1 WHERE prefix = 'FCM'"
IS_WAITING = """
    SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%checked_entities%'"""


def create(kind: Kind, document_id: str, **over: Any) -> Command[Document]:
    if kind is Kind.PAYMENT:
        keys = {"accountId": ACCOUNT_ID}
        return CreatePayment(scope=SCOPE, document_id=document_id, account_keys=keys, amount=5, currency="EUR")
    return create_memo(document_id=document_id, kind=kind, post=True, **over)


def of_all_kinds(name: str, count: int) -> list[Submission]:
    """Documents of four kinds, none like the other, with some that are refused between them."""
    found = []
    for index in range(count):
        for kind in (Kind.INVOICE, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO, Kind.PAYMENT):
            items = tuple(DraftItem(f"{name}-{kind}-{index}-{n}", "items[0]", Decimal(n)) for n in range(1, index + 2))
            over = {} if kind is Kind.PAYMENT else {"items": items, "fields": {"comment": f"{index}"}}
            found.append(Submission(create(kind, f"{name}-{kind}-{index}", **over)))
        found.append(Submission(create_memo(document_id=f"{name}-refused-{index}", post=True, currency="USD")))
    return found


async def told_and_stored(store: PostgresStore, results: list[Result]) -> list[Document]:
    """The documents that were told, each the same as the one that is stored."""
    told = [result.outcome for result in results if isinstance(result.outcome, Document)]
    for document in told:
        assert await store.find_document(ENTITY_ID, document.kind, document.id, None) == document
    return told


@pytest.mark.parametrize("count", (1, 5))
async def test_what_was_moved_is_told_as_it_is_stored(
    one: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    await submit(one, *of_all_kinds("begin", 1))
    await submit(other, *of_all_kinds("other", 1))
    await number_of(other, "one-more")
    # Nothing is loaded for it, and it is not locked beforehand.
    monkeypatch.setattr(Loader, "load", not_this_way)
    results = await submit(one, *of_all_kinds("moved", count))
    assert [result.error is not None for result in results] == [False, False, False, False, True] * count
    documents = await told_and_stored(one, results)
    firsts = {Kind.INVOICE: 3, Kind.CREDIT_MEMO: 5, Kind.DEBIT_MEMO: 3, Kind.PAYMENT: 3}
    for kind, first in firsts.items():
        prefix = {Kind.INVOICE: "FINV", Kind.CREDIT_MEMO: "FCM", Kind.DEBIT_MEMO: "FDM", Kind.PAYMENT: "P-"}[kind]
        numbers = [document.number for document in documents if document.kind is kind]
        assert numbers == [format_number(prefix, first + index) for index in range(count)]
    assert judge_all(await one.audit()).is_gapless
    assert await number_of(one, "next") == format_number("FCM", 5 + count)


@pytest.mark.parametrize("count", (1, 3))
async def test_what_was_moved_is_recorded_no_earlier_than_what_came_before(
    one: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    later = NOON + timedelta(seconds=3)
    await run(other, create_memo(document_id="later", post=True), at=later)
    monkeypatch.setattr(Loader, "load", not_this_way)
    memos = [Submission(create_memo(document_id=f"moved-{index}", post=True)) for index in range(count)]
    documents = await told_and_stored(one, await submit(one, *memos, at=NOON))
    for document in documents:
        assert {document.created_at, document.updated_at, document.posted_at} == {later}
    entries = await one.list_register(SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "FCM"), None, 9)
    assert [entry.recorded_at for entry in entries] == [*[later] * (count + 1), NOON]


async def test_a_later_date_is_for_the_long_way(
    one: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document without a date has that of the day, so another day is another document."""
    midnight = datetime(NOON.year, NOON.month, NOON.day, tzinfo=NOON.tzinfo) + timedelta(days=1)
    await run(other, create_memo(document_id="later", post=True), at=midnight)
    with monkeypatch.context() as patched:
        patched.setattr(Loader, "load", not_this_way)
        with pytest.raises(LongWayError):
            await run(one, create_memo(document_id="moved", post=True), at=midnight - timedelta(microseconds=1))
    memo = Submission(create_memo(document_id="moved", post=True))
    (document,) = await told_and_stored(one, await submit(one, memo, at=midnight - timedelta(microseconds=1)))
    assert (document.number, document.document_date) == ("FCM00000003", date(NOON.year, NOON.month, NOON.day + 1))


async def test_numbers_of_nine_digits_are_for_the_long_way(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where numbers grow longer, they may meet those of another prefix."""
    memos = [Submission(create_memo(document_id=f"moved-{index}", post=True)) for index in range(2)]
    sql = "UPDATE series SET next_ordinal = 99999999 WHERE prefix = 'FCM'"
    await places[0].work(lambda connection: connection.execute(sql))
    with monkeypatch.context() as patched:
        patched.setattr(Loader, "load", not_this_way)
        with pytest.raises(LongWayError):
            await submit(one, *memos)
    documents = await told_and_stored(one, await submit(one, *memos))
    assert [document.number for document in documents] == ["FCM99999999", "FCM100000000"]


async def test_an_answer_tells_the_number_to_which_its_document_was_moved(
    one: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Submission, Replay]] = []
    monkeypatch.setattr(Loader, "load", not_this_way)
    # The first of one's batches finds out that it is not alone, the second one knows. The last is late instead.
    for count in range(3):
        await run(other, create_memo(document_id=f"other-{count}", post=True), at=NOON + timedelta(seconds=count))
        submissions = [
            Submission(create_memo(document_id=f"moved-{count}-{index}", post=True), keyed(f"key-{count}-{index}"))
            for index in range(2)
        ]
        results = await submit(one, *submissions)
        documents = await told_and_stored(one, results)
        numbers = [format_number("FCM", 3 * count + 3 + index) for index in range(2)]
        assert [document.number for document in documents] == numbers
        assert [result.answer.body.decode() for result in results if result.answer is not None] == numbers
        told += zip(submissions, [Replay(200, number.encode()) for number in numbers], strict=True)
    monkeypatch.undo()
    for store in (one, other):
        again = await submit(store, *(submission for submission, _ in told))
        assert [result.outcome for result in again] == [replay for _, replay in told]
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_whose_answer_is_kept_meanwhile_writes_nothing(one: PostgresStore, other: PostgresStore) -> None:
    for count in range(2):
        await number_of(other, f"other-{count}")
        submission = Submission(create_memo(document_id=f"told-{count}", post=True), keyed(f"key-{count}"))
        await submit(other, submission)
        (result,) = await submit(
            one, Submission(create_memo(document_id=f"again-{count}", post=True), keyed(f"key-{count}"))
        )
        assert result.outcome == Replay(200, format_number("FCM", 2 * count + 3).encode())
        assert await one.find_document(ENTITY_ID, Kind.CREDIT_MEMO, f"again-{count}", None) is None
    assert judge_all(await one.audit()).is_gapless


async def test_a_kept_answer_is_found_before_anything_is_written(
    one: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a constraint: repeated requests are usual, and no error of the database."""
    await submit(one, Submission(create_memo(document_id="kept", post=True), keyed("kept")))
    send, was_written = Issuer._send, []  # noqa: SLF001 - nobody else is told

    async def sending(*arguments: Any) -> bool:
        was_written.append(await send(*arguments))
        return was_written[-1]

    monkeypatch.setattr(Issuer, "_send", sending)
    (result,) = await submit(one, Submission(create_memo(document_id="again", post=True), keyed("kept")))
    assert result.outcome == Replay(200, b"FCM00000002")
    assert was_written == [False, False]


async def until(database: Database, sql: str) -> None:
    """Wait until a query says so."""

    async def ask(connection: Any) -> None:
        while not await connection.fetchval(sql):
            pass

    async with asyncio.timeout(20):
        await database.work(ask)


async def while_it_waits(
    database: Database, task: Callable[[], Awaitable[Any]], then: Callable[[], Awaitable[Any]], *, skipped: int
) -> Any:
    """Begin a task that needs the series, which is held until the task waits for it and something else was done."""

    async def hold(connection: Any) -> Any:
        async with connection.transaction():
            await connection.execute(HOLD, skipped)
            waiting = asyncio.ensure_future(task())
            await until(database, IS_WAITING)
            await then()
        return await waiting

    return await database.work(hold)


@pytest.mark.parametrize("kinds", ((Kind.CREDIT_MEMO,), (Kind.CREDIT_MEMO, Kind.INVOICE)))
async def test_an_account_that_is_changed_while_a_batch_waits_is_known_to_it(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore, other: PostgresStore, kinds: tuple[Kind, ...]
) -> None:
    """Whoever was told of the change may ask for a number after that: it must not come before the batch's."""
    update = UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, set_key="")
    results = await while_it_waits(
        places[0],
        lambda: submit(one, *(Submission(create(kind, f"moved-{kind}")) for kind in kinds)),
        lambda: run(other, update),
        skipped=1,
    )
    assert [result.outcome.number for result in results] == ["CM00000001", "INV00000001"][: len(kinds)]


async def test_of_two_batches_that_wait_both_are_moved(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore, other: PostgresStore
) -> None:
    async def both() -> list[str]:
        return list(await asyncio.gather(number_of(one, "of-one"), number_of(other, "of-other")))

    async def nothing() -> None:
        return None

    numbers = await while_it_waits(places[0], both, nothing, skipped=0)
    assert sorted(numbers) == ["FCM00000002", "FCM00000003"]
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_decided_before_the_connection_was_lost_is_decided_again(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore
) -> None:
    """Behind a new connection may be another database, of which nothing is known."""
    deciding = Deciding(one)

    async def both() -> list[str | None]:
        return list(await asyncio.gather(deciding.write("a"), deciding.write("b")))

    async def lose_connection() -> None:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await places[0].work(lambda connection: connection.execute(f"{sql} AND datname = current_database()"))
        await until(places[0], f"SELECT NOT ({IS_WAITING})")

    numbers = await while_it_waits(places[0], both, lose_connection, skipped=0)
    assert numbers == [None, "FCM00000002"]
    assert deciding.steps.count("b decided") == 2
    assert judge_all(await one.audit()).is_gapless


async def test_a_batch_that_is_refused_where_it_was_moved_to_writes_nothing(
    places: tuple[Database, list[PostgresStore]], one: PostgresStore, other: PostgresStore
) -> None:
    """An account that is archived elsewhere refuses, however far the series has come."""
    await number_of(other, "second")
    sql = "UPDATE accounts SET archived_at = 1"
    await places[0].work(lambda connection: connection.execute(sql))
    with pytest.raises(BrokenRule, match="archived"):
        await number_of(one, "third")
    assert judge_all(await one.audit()).is_gapless
