"""Answers kept with idempotency keys: replayed while they live, forgotten afterwards."""

from datetime import timedelta

import pytest

from seriatim.domain.commands.base import KeepAnswer
from seriatim.domain.decide import Keyed, Replay, Submission
from seriatim.domain.idempotency import ANSWER_LIFETIME, IdempotencyKey, StoredAnswer
from seriatim.domain.numbering import Kind
from seriatim.errors import KeyReused
from seriatim.service.ports import Store
from tests.factories import ENTITY_ID, create_account, create_memo, keyed, load, run, submit
from tests.fakes import NOON

BODY = b'{"success": true, "name": "\xc3\xa9\x00"}'


@pytest.fixture(autouse=True)
async def _account(store: Store) -> None:
    await run(store, create_account())


async def test_an_answer_is_kept_as_it_was_given(store: Store) -> None:
    key = Keyed(IdempotencyKey("client-1", "k\N{SNOWMAN} 1", "f" * 64), lambda _: (201, BODY))
    (result,) = await submit(store, Submission(create_memo(post=True), key))
    assert result.answer == StoredAnswer("f" * 64, 201, BODY, NOON)
    pair = ("client-1", "k\N{SNOWMAN} 1")
    snapshot = await load(store, answers={pair, ("client-2", pair[1]), ("client-1", "other")})
    assert snapshot.answers.get(pair) == result.answer
    assert len(list(snapshot.answers)) == 1


async def test_the_same_request_gets_the_same_answer_and_no_new_number(store: Store) -> None:
    first = Submission(create_memo(post=True), keyed())
    (result,) = await submit(store, first)
    assert result.outcome.number == "CM00000001"
    again = Submission(create_memo(document_id="document-2", post=True), keyed())
    for at in (NOON, NOON + ANSWER_LIFETIME - timedelta(microseconds=1)):
        (replayed,) = await submit(store, again, at=at)
        assert replayed.outcome == Replay(200, b"CM00000001")
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "document-2", None) is None
    assert (await run(store, create_memo(document_id="document-3", post=True))).number == "CM00000002"


async def test_another_request_with_the_same_key_is_refused(store: Store) -> None:
    await submit(store, Submission(create_memo(post=True), keyed()))
    (result,) = await submit(store, Submission(create_memo(document_id="document-2"), keyed(fingerprint="other")))
    assert isinstance(result.error, KeyReused)
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "document-2", None) is None


async def test_the_key_of_another_client_is_another_key(store: Store) -> None:
    await submit(store, Submission(create_memo(post=True), keyed()))
    other = Submission(create_memo(document_id="document-2", post=True), keyed(client_id="client-2"))
    (result,) = await submit(store, other)
    assert result.outcome.number == "CM00000002"


async def test_an_answer_that_has_outlived_its_use_is_replaced(store: Store) -> None:
    await submit(store, Submission(create_memo(post=True), keyed()))
    again = Submission(create_memo(document_id="document-2", post=True), keyed(fingerprint="other"))
    (result,) = await submit(store, again, at=NOON + ANSWER_LIFETIME)
    assert result.outcome.number == "CM00000002"
    kept = (await load(store, answers={("client-1", "key-1")})).answers.get(("client-1", "key-1"))
    assert kept == StoredAnswer("other", 200, b"CM00000002", NOON + ANSWER_LIFETIME)


async def test_a_refusal_is_kept_and_replayed_too(store: Store) -> None:
    refused = Submission(create_memo(currency="USD"), keyed())
    (result,) = await submit(store, refused)
    assert result.error is not None
    assert result.answer is not None
    (replayed,) = await submit(store, refused)
    assert replayed.outcome == Replay(400, result.answer.body)
    assert b"is kept in EUR" in result.answer.body


async def test_an_answer_without_a_command_is_kept(store: Store) -> None:
    await submit(store, Submission(KeepAnswer(), keyed()))
    assert (await load(store, answers={("client-1", "key-1")})).answers.get(("client-1", "key-1")) is not None


async def test_old_answers_are_forgotten_so_many_at_a_time(store: Store) -> None:
    for hour in range(5):
        at = NOON + timedelta(hours=hour)
        await submit(store, Submission(KeepAnswer(), keyed(f"key-{hour}")), at=at)
    before = NOON + timedelta(hours=3)
    assert await store.delete_answers(before, 2) == 2
    assert await store.delete_answers(before, 2) == 1
    assert await store.delete_answers(before, 2) == 0
    pairs = {("client-1", f"key-{hour}") for hour in range(5)}
    left = await load(store, answers=pairs)
    assert {pair for pair in pairs if left.answers.get(pair)} == {("client-1", "key-3"), ("client-1", "key-4")}
