"""Applying a note to an invoice: exactly, once, and only by somebody who knows how both balances stand."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi, refused
from tests.sequence.support import (
    apply_note,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    new_line,
)
from tests.servers import Json, Server, decode

PATH = "/credit-note-applications"
THREADS = 16


@pytest.fixture
def pair(newest: ContractApi) -> tuple[Json, Json]:
    """A note of 50.00, and an invoice of 200.00 to the same customer."""
    customer_id = create_customer(newest)["id"]
    return issue_note(newest, customer_id, new_line("50.00")), issue_invoice(newest, customer_id, new_line("200.00"))


def read_again(api: ContractApi, pair: tuple[Json, Json]) -> tuple[Json, Json]:
    note, invoice = pair
    return api.get(f"/credit-notes/{note['id']}"), api.get(f"/invoices/{invoice['id']}")


def test_an_application_moves_both_balances_and_their_versions(newest: ContractApi, pair: tuple[Json, Json]) -> None:
    note, invoice = pair
    assert (note["balance"], note["applicationStatus"], note["applications"]) == ("50.00", "UNAPPLIED", [])
    assert (invoice["balance"], invoice["paymentStatus"]) == ("200.00", "UNPAID")
    made = newest.post(PATH, apply_note(note, invoice, Decimal("30.5")), Idempotency_Key=unique_letters())
    assert made["amount"] == Decimal("30.5")
    assert (made["creditNoteId"], made["invoiceId"], made["currency"]) == (note["id"], invoice["id"], "EUR")
    balances = made["creditNoteBalance"], made["invoiceBalance"]
    assert [each["value"] for each in balances] == [Decimal("19.5"), Decimal("169.5")]
    after = read_again(newest, pair)
    assert [each["balance"] for each in after] == ["19.50", "169.50"]
    assert [each["balanceVersion"] for each in after] == [each["version"] for each in balances]
    for before, now in zip(pair, after, strict=True):
        assert now["balanceVersion"] > before["balanceVersion"]
    note, invoice = after
    assert (note["applicationStatus"], invoice["paymentStatus"]) == ("PARTIALLY_APPLIED", "PARTIALLY_PAID")
    (application,) = note["applications"]
    assert application == {
        "invoiceId": invoice["id"],
        "invoiceNumber": invoice["invoiceNumber"],
        "amount": "30.50",
        "appliedAt": made["appliedAt"],
    }
    (applied,) = invoice["appliedCreditNotes"]
    assert (applied["id"], applied["creditNoteNumber"]) == (note["id"], note["creditNoteNumber"])
    newest.post(PATH, apply_note(note, invoice, Decimal("19.50")), Idempotency_Key=unique_letters())
    assert newest.get(f"/credit-notes/{note['id']}")["applicationStatus"] == "FULLY_APPLIED"


def test_a_drafts_balance_is_not_shown(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    for draft in (create_note(newest, customer_id, new_line()), create_invoice(newest, customer_id, new_line())):
        assert "balanceVersion" not in draft


@pytest.mark.parametrize("stale", ("creditNoteBalanceVersion", "invoiceBalanceVersion"))
def test_stale_versions_are_a_conflict_that_tells_the_current_balances(
    newest: ContractApi, pair: tuple[Json, Json], stale: str
) -> None:
    body = apply_note(*pair, 10)
    newest.post(PATH, body, Idempotency_Key=unique_letters())
    fresh = apply_note(*read_again(newest, pair), 10)
    answer = newest.call("POST", PATH, {**fresh, stale: body[stale]}, headers={"Idempotency-Key": unique_letters()})
    assert answer.status_code == 409
    told = decode(answer)
    assert told["message"]
    assert told["currentCreditNoteBalance"] == {
        "value": Decimal("40.00"),
        "currency": "EUR",
        "version": fresh["creditNoteBalanceVersion"],
    }
    assert told["currentInvoiceBalance"]["value"] == Decimal("190.00")
    assert [each["balance"] for each in read_again(newest, pair)] == ["40.00", "190.00"]
    newest.post(PATH, fresh, Idempotency_Key=unique_letters())


@pytest.mark.parametrize(
    ("changes", "status", "of_type"),
    (
        ({"amount": Decimal("50.01")}, 422, "AmountAboveRemaining"),
        ({"amount": 0}, 422, "AmountNotPositive"),
        ({"amount": -1}, 422, "AmountNotPositive"),
        ({"amount": Decimal("1.001")}, 400, "InvalidValue"),
        ({"currency": "USD"}, 422, "CurrencyMismatch"),
        ({"currency": "XXX"}, 400, "InvalidValue"),
        ({"creditNoteId": "missing"}, 404, "NotFound"),
        ({"invoiceId": "missing"}, 404, "NotFound"),
        ({"creditNoteBalanceVersion": ...}, 400, "MissingField"),
        ({"invoiceBalanceVersion": "1"}, 400, "InvalidValue"),
        ({"reason": "none"}, 400, "UnknownField"),
    ),
)
def test_what_may_not_be_applied(
    newest: ContractApi, pair: tuple[Json, Json], changes: Json, status: int, of_type: str
) -> None:
    body = {name: value for name, value in {**apply_note(*pair, 10), **changes}.items() if value is not ...}
    answer = newest.call("POST", PATH, body, headers={"Idempotency-Key": unique_letters()})
    refused(answer, status, of_type)
    assert read_again(newest, pair) == pair


def test_a_note_is_applied_to_its_own_customers_issued_invoices(newest: ContractApi, pair: tuple[Json, Json]) -> None:
    note, invoice = pair
    other = issue_invoice(newest, create_customer(newest)["id"])
    headers = {"Idempotency-Key": unique_letters()}
    refused(newest.call("POST", PATH, apply_note(note, other, 10), headers=headers), 422, "AccountMismatch")
    draft = {**create_invoice(newest, note["customerId"], new_line()), "balanceVersion": 1}
    headers = {"Idempotency-Key": unique_letters()}
    refused(newest.call("POST", PATH, apply_note(note, draft, 10), headers=headers), 422, "NotSettleable")
    drawn = {**create_note(newest, note["customerId"], new_line()), "balanceVersion": 1}
    headers = {"Idempotency-Key": unique_letters()}
    refused(newest.call("POST", PATH, apply_note(drawn, invoice, 10), headers=headers), 422, "NotSettleable")


def test_what_is_applied_cannot_be_voided(newest: ContractApi, pair: tuple[Json, Json]) -> None:
    newest.post(PATH, apply_note(*pair, 10), Idempotency_Key=unique_letters())
    note, invoice = pair
    for path in (f"/credit-notes/{note['id']}", f"/invoices/{invoice['id']}"):
        newest.refused("POST", f"{path}/void", status=409, of_type="AlreadySettled")
        assert newest.get(path)["status"] == "FINAL"


def test_the_same_key_gives_the_same_answer_and_applies_once(newest: ContractApi, pair: tuple[Json, Json]) -> None:
    key, body = unique_letters(), apply_note(*pair, 10)
    first = newest.call("POST", PATH, body, headers={"Idempotency-Key": key})
    assert first.status_code == 201
    for _ in range(3):
        again = newest.call("POST", PATH, body, headers={"Idempotency-Key": key})
        assert (again.status_code, again.content) == (201, first.content)
    assert read_again(newest, pair)[0]["balance"] == "40.00"
    other = newest.call("POST", PATH, {**body, "amount": 11}, headers={"Idempotency-Key": key})
    assert key in refused(other, 422, "IdempotencyKeyReused")


def test_without_a_key_the_balance_versions_see_to_it_that_it_applies_once(
    newest: ContractApi, pair: tuple[Json, Json]
) -> None:
    body = apply_note(*pair, 10)
    assert newest.call("POST", PATH, body).status_code == 201
    assert newest.call("POST", PATH, body).status_code == 409
    assert [each["balance"] for each in read_again(newest, pair)] == ["40.00", "190.00"]


def test_a_key_that_is_too_long_is_refused(newest: ContractApi, pair: tuple[Json, Json]) -> None:
    answer = newest.call("POST", PATH, apply_note(*pair, 10), headers={"Idempotency-Key": "k" * 256})
    assert "255" in refused(answer, 400, "InvalidHeader")
    assert read_again(newest, pair) == pair


def test_many_at_once_with_one_reading_apply_once(newest: ContractApi, server: Server, pair: tuple[Json, Json]) -> None:
    body = apply_note(*pair, 1)

    def apply(_: int) -> int:
        with ContractApi(server.url, server.require_admin()) as api:
            headers = {"Idempotency-Key": unique_letters()}
            return api.call("POST", PATH, body, headers=headers).status_code

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = sorted(pool.map(apply, range(THREADS)))
    assert statuses == [201] + [409] * (THREADS - 1)
    assert [each["balance"] for each in read_again(newest, pair)] == ["49.00", "199.00"]
