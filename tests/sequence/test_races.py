"""The same thing asked for many times: at once, or again with the key of the first time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.api.support import next_numbers, unique_letters
from tests.sequence.client import ContractApi, refused
from tests.sequence.support import (
    apply_note,
    create_customer,
    create_note,
    issue_invoice,
    issue_note,
    new_line,
)
from tests.sequence.test_notes import customer_with_set
from tests.sequence.vendor import VERSIONS
from tests.servers import Api, Json, Server

THREADS = 16


@pytest.fixture
def crowd(server: Server) -> Callable[[list[tuple[str, str, object]]], list[httpx2.Response]]:
    """Sends requests at once, each through a client of its own, and gives the answers in their order."""

    def send(requests: list[tuple[str, str, object]]) -> list[httpx2.Response]:
        def one(request: tuple[str, str, object]) -> httpx2.Response:
            method, path, body = request
            with ContractApi(server.url, server.require_admin()) as api:
                return api.call(method, path, body, headers={"Idempotency-Key": unique_letters()})

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, requests))

    return send


Crowd = Callable[[list[tuple[str, str, object]]], list[httpx2.Response]]


def test_a_note_is_finalized_once_however_many_ask(newest: ContractApi, zuora: Api, crowd: Crowd) -> None:
    customer_id, own = customer_with_set(newest, zuora)
    note = create_note(newest, customer_id, new_line())
    answers = crowd([("POST", f"/credit-notes/{note['id']}/finalize", None)] * THREADS)
    won = [answer.json() for answer in answers if answer.is_success]
    assert [each["creditNoteNumber"] for each in won] == [f"{own['creditMemo']['prefix']}00000001"]
    for answer in answers:
        if not answer.is_success:
            refused(answer, 409, "TransitionNotAllowed")
    assert next_numbers(zuora, own["id"])["creditMemo"] == 2


def test_a_note_is_finalized_voided_or_deleted_and_never_two_of_them(
    newest: ContractApi, zuora: Api, crowd: Crowd
) -> None:
    customer_id, own = customer_with_set(newest, zuora)
    numbered = 0
    for _ in range(6):
        path = f"/credit-notes/{create_note(newest, customer_id, new_line())['id']}"
        steps = [("POST", f"{path}/finalize"), ("DELETE", path), ("POST", f"{path}/void")] * 4
        answers = crowd([(*step, None) for step in steps])
        done = {step for step, answer in zip(steps, answers, strict=True) if answer.is_success}
        shown = newest.call("GET", path)
        if shown.is_success:
            assert ("DELETE", path) not in done
            numbered += 1
        else:
            assert done == {("DELETE", path)}
    assert next_numbers(zuora, own["id"])["creditMemo"] == numbered + 1


def test_lines_added_at_once_are_all_kept(newest: ContractApi, crowd: Crowd) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    path = f"/credit-notes/{note['id']}"
    body = {"creditNoteId": note["id"], **new_line("0.37")}
    answers = crowd([("POST", f"{path}/line-items", body)] * 40)
    assert sorted(answer.json()["index"] for answer in answers) == list(range(40))
    assert newest.get(path)["grossTotal"] == "14.80"


def test_what_is_voided_is_not_applied_and_the_other_way_round(newest: ContractApi, crowd: Crowd) -> None:
    customer_id = create_customer(newest)["id"]
    for _ in range(4):
        invoice, note = issue_invoice(newest, customer_id), issue_note(newest, customer_id)
        application: Json = apply_note(note, invoice, 10)
        void = f"/credit-notes/{note['id']}/void"
        crowd([("POST", "/credit-note-applications", application), ("POST", void, None)] * 4)
        after = newest.get(f"/credit-notes/{note['id']}")
        balance = newest.get(f"/invoices/{invoice['id']}")["balance"]
        assert (after["status"], balance) in {("VOIDED", "100.00"), ("FINAL", "90.00")}
        assert len(after["applications"]) == (after["status"] == "FINAL")


def test_a_step_with_the_key_of_the_first_time_is_not_taken_twice(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    body, headers = {"customerId": customer_id, "currency": "EUR"}, {"Idempotency-Key": unique_letters()}
    first = sequence.call("POST", "/credit-notes", body, headers=headers)
    again = sequence.call("POST", "/credit-notes", body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert sequence.get("/credit-notes", customerId=customer_id)["pagination"]["totalResultSize"] == 1
    other = sequence.call("POST", "/credit-notes", {**body, "memo": "x"}, headers=headers)
    refused(other, 422, "IdempotencyKeyReused")
    path, headers = f"/credit-notes/{first.json()['id']}/void", {"Idempotency-Key": unique_letters()}
    voided = sequence.call("POST", path, headers=headers)
    assert sequence.call("POST", path, headers=headers).content == voided.content
    sequence.refused("POST", path, status=409, of_type="TransitionNotAllowed")
    assert next_numbers(zuora, own["id"])["creditMemo"] == 2


def test_a_key_belongs_to_the_version_that_was_asked_for(server: Server, newest: ContractApi) -> None:
    """Else one version would be answered in the words of another."""
    body, headers = {"customerId": create_customer(newest)["id"], "currency": "EUR"}, {"Idempotency-Key": "version"}
    newest.call("POST", "/credit-notes", body, headers=headers)
    for version in VERSIONS[:-1]:
        with ContractApi(server.url, server.require_admin(), version) as older:
            refused(older.call("POST", "/credit-notes", body, headers=headers), 422, "IdempotencyKeyReused")


def test_a_refusal_is_kept_under_its_key_like_any_answer(newest: ContractApi) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    path, headers = f"/credit-notes/{note['id']}/finalize", {"Idempotency-Key": unique_letters()}
    first = newest.call("POST", path, headers=headers)
    refused(first, 422, "NoLines")
    newest.post(f"/credit-notes/{note['id']}/line-items", {"creditNoteId": note["id"], **new_line()})
    assert newest.call("POST", path, headers=headers).content == first.content
    assert newest.post(path)["status"] == "FINAL"
