"""Idempotency keys: what is replayed, what is refused, and for whom."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import apsw
import httpx2
import pytest

from tests.api.support import (
    create_account,
    create_memo,
    create_set,
    new_account,
    new_memo,
    new_set,
    next_numbers,
    refused,
    unique_letters,
)
from tests.servers import Api, Server

CONCURRENT_SECONDS_MAX = 20.0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the database's write lock, as a backup or another tool might: the server's writes wait meanwhile."""
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def stored(answer: httpx2.Response) -> tuple[int, bytes]:
    return answer.status_code, answer.content


def test_a_success_is_replayed_byte_for_byte(api: Api) -> None:
    made = create_set(api)
    account_id, key = create_account(api, sequenceSetId=made["id"]), unique_letters()
    body = new_memo(account_id, autoPost=True)
    first = api.post("/v1/credit-memos", body, Idempotency_Key=key)
    assert first.json()["success"] is True
    for _ in range(3):
        again = api.post("/v1/credit-memos", body, Idempotency_Key=key)
        assert stored(again) == stored(first)
        assert again.headers["zuora-request-id"] != first.headers["zuora-request-id"]
    assert next_numbers(api, made["id"])["creditMemo"] == 2


def test_a_replay_tells_of_the_past_and_not_of_the_present(api: Api) -> None:
    account_id, key = create_account(api), unique_letters()
    first = api.post("/v1/credit-memos", new_memo(account_id), Idempotency_Key=key)
    api.ok("PUT", f"/v1/credit-memos/{first.json()['id']}/cancel")
    assert stored(api.post("/v1/credit-memos", new_memo(account_id), Idempotency_Key=key)) == stored(first)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    (
        ("/v1/sequence-sets", {"sequenceSets": [new_set("REPLAYED", payment={"prefix": "P-", "startNumber": 1})]}, 200),
        ("/v1/sequence-sets", {"sequenceSets": [{"name": "x"}]}, 400),
        ("/v1/sequence-sets", {"sequenceSets": [], "colour": 1}, 400),
        ("/v1/accounts", new_account(currency="XXX"), 400),
        ("/v1/credit-memos", new_memo("nobody"), 404),
        ("/v1/credit-memos", new_memo("nobody", Decimal(-1)), 404),
    ),
)
def test_a_failure_is_replayed_byte_for_byte(api: Api, path: str, body: object, status: int) -> None:
    key = unique_letters()
    first = api.post(path, body, Idempotency_Key=key)
    assert first.status_code == status
    assert first.json()["success"] is False
    assert stored(api.post(path, body, Idempotency_Key=key)) == stored(first)
    # Without the key it is a new failure, with a process id of its own.
    assert api.post(path, body).content != first.content


def test_a_failure_stays_a_failure_when_its_reason_has_gone(api: Api) -> None:
    number, key = unique_letters(), unique_letters()
    body = new_account(accountNumber=number)
    account_id = create_account(api, accountNumber=number)
    first = api.post("/v1/accounts", body, Idempotency_Key=key)
    assert number in refused(first, 200, 30)
    api.ok("DELETE", f"/v1/accounts/{account_id}")
    assert stored(api.post("/v1/accounts", body, Idempotency_Key=key)) == stored(first)
    assert api.post("/v1/accounts", body, Idempotency_Key=unique_letters()).json()["success"] is True


def test_malformed_json_is_replayed_too(api: Api) -> None:
    headers = {"Idempotency-Key": unique_letters()}
    first = api.call("POST", "/v1/accounts", content=b"{", headers=headers)
    refused(first, 400, 90)
    assert stored(api.call("POST", "/v1/accounts", content=b"{", headers=headers)) == stored(first)


def test_a_key_of_another_body_or_address_is_refused(api: Api) -> None:
    key = unique_letters()
    body = new_account()
    first = api.post("/v1/accounts", body, Idempotency_Key=key)
    assert first.json()["success"] is True
    others = [
        api.post("/v1/accounts", {**body, "name": "Another"}, Idempotency_Key=key),
        api.post("/v1/accounts?x=1", body, Idempotency_Key=key),
        api.post("/v1/credit-memos", body, Idempotency_Key=key),
        api.post("/v1/credit-memos", new_memo(first.json()["accountId"]), Idempotency_Key=key),
        api.call("POST", "/v1/accounts", content=b"{", headers={"Idempotency-Key": key}),
    ]
    for answer in others:
        assert key in refused(answer, 422, 20)
    assert stored(api.post("/v1/accounts", body, Idempotency_Key=key)) == stored(first)


def test_a_key_belongs_to_one_client(api: Api, server: Server) -> None:
    key = unique_letters()
    first = api.post("/v1/accounts", new_account(), Idempotency_Key=key)
    with server.api(server.create_client("issuer")) as other:
        theirs = other.post("/v1/accounts", new_account(), Idempotency_Key=key)
    assert theirs.json()["success"] is True
    assert theirs.json()["accountId"] != first.json()["accountId"]


def test_a_key_in_progress_is_refused(tmp_path: Path) -> None:
    """While the database is held by somebody else, one of two equal requests waits, and the other is told so."""
    with Server(tmp_path) as server, server.api() as api, ThreadPoolExecutor(2) as pool:
        account_id = create_account(api)
        body = new_memo(account_id, autoPost=True)
        with locked(server.database_path):
            calls = {pool.submit(api.post, "/v1/credit-memos", body, Idempotency_Key="same") for _ in range(2)}
            done, waiting = wait(calls, CONCURRENT_SECONDS_MAX, FIRST_COMPLETED)
            (refusal,) = done
            assert "same" in refused(refusal.result(), 409, 50)
        (accepted,) = waiting
        first = accepted.result(CONCURRENT_SECONDS_MAX)
        assert first.json()["number"] == "CM00000001"
        assert stored(api.post("/v1/credit-memos", body, Idempotency_Key="same")) == stored(first)
        assert next_numbers(api, "DEFAULT")["creditMemo"] == 2


def test_only_post_takes_a_key(api: Api) -> None:
    memo, key = create_memo(api, create_account(api)), unique_letters()
    path = f"/v1/credit-memos/{memo['id']}"
    assert api.get(path, Idempotency_Key=key).json()["status"] == "Draft"
    assert api.put(f"{path}/post", Idempotency_Key=key).json()["status"] == "Posted"
    assert api.get(path, Idempotency_Key=key).json()["status"] == "Posted"
    assert api.put(f"{path}/unpost", Idempotency_Key=key).json()["status"] == "Draft"
    assert api.post("/v1/accounts", new_account(), Idempotency_Key=key).json()["success"] is True


@pytest.mark.parametrize("length", (1, 255))
def test_a_key_of_a_good_length_works(api: Api, length: int) -> None:
    key = unique_letters(length)
    with_key = {"Idempotency-Key": key}
    body = new_account(notes=unique_letters())
    first = api.call("POST", "/v1/accounts", body, headers=with_key)
    assert first.json()["success"] is True
    assert stored(api.call("POST", "/v1/accounts", body, headers=with_key)) == stored(first)


@pytest.mark.parametrize("key", ("", "k" * 256, "tab\tinside", "é"))
def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    answer = api.http.post("/v1/accounts", json=new_account(), headers={b"Idempotency-Key": key.encode("latin-1")})
    assert refused(answer, 400, 20).startswith("Idempotency-Key: ")


def test_kept_answers_survive_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.api() as api:
        account_id = create_account(api)
        good, bad = new_memo(account_id, autoPost=True), new_memo(account_id, Decimal("0.001"))
        first = api.post("/v1/credit-memos", good, Idempotency_Key="good")
        failed = api.post("/v1/credit-memos", bad, Idempotency_Key="bad")
        assert (first.status_code, failed.status_code) == (200, 400)
        server.restart()
        with server.api() as afterwards:
            assert stored(afterwards.post("/v1/credit-memos", good, Idempotency_Key="good")) == stored(first)
            assert stored(afterwards.post("/v1/credit-memos", bad, Idempotency_Key="bad")) == stored(failed)
            refused(afterwards.post("/v1/credit-memos", good, Idempotency_Key="bad"), 422, 20)
            assert next_numbers(afterwards, "DEFAULT")["creditMemo"] == 2


def test_a_refusal_for_want_of_permission_is_not_kept(api: Api) -> None:
    key, body = unique_letters(), new_account()
    assert api.post("/v1/accounts", body, Idempotency_Key=key, Zuora_Entity_Ids="nobody").status_code == 403
    assert api.post("/v1/accounts", body, Idempotency_Key=key).json()["success"] is True
