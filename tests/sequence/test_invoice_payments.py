"""Saying how far an invoice is paid: the payments that stand for it, and what the books do not let be said."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.sequence.client import ContractApi
from tests.sequence.support import create_customer, create_invoice, issue_invoice, issue_note, new_line
from tests.servers import Api, Json

TODAY = datetime.now(UTC).date().isoformat()


def mark(api: ContractApi, invoice: Json, status: str) -> Json:
    return api.put(f"/invoices/{invoice['id']}/payment-status", {"paymentStatus": status})


def whole(api: ContractApi, invoice: Json) -> Json:
    return api.get(f"/invoices/{invoice['id']}")


def pay(zuora: Api, amounts: dict[str, str], customer_id: str, total: str, **fields: object) -> Json:
    """A payment of so much in all, of which something settles each invoice."""
    body = {
        "accountId": customer_id,
        "amount": Decimal(total),
        "currency": "EUR",
        "effectiveDate": TODAY,
        "type": "External",
        "invoices": [{"invoiceId": key, "amount": Decimal(amount)} for key, amount in amounts.items()],
        **fields,
    }
    return zuora.ok("POST", "/v1/payments", body)


def test_paid_takes_in_a_payment_with_a_number_of_its_own(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"], new_line("40.00", "2", "0.25"))
    assert mark(newest, invoice, "PAID")["paymentStatus"] == "PAID"
    shown = whole(newest, invoice)
    (allocation,) = shown["paymentAllocations"]
    assert (allocation["amount"], allocation["origin"]) == ("100.00", "MANUAL")
    assert (shown["balance"], shown["balanceVersion"]) == ("0.00", invoice["balanceVersion"] + 1)
    payment = zuora.ok("GET", f"/v1/payments/{allocation['paymentId']}")
    assert payment["number"].startswith("P-")
    assert zuora.ok("GET", f"/v1/payments/{payment['number']}")["id"] == allocation["paymentId"]
    assert (payment["amount"], payment["status"], payment["comment"]) == (100, "Processed", "Marked as paid")
    assert payment["accountId"] == invoice["customerId"]
    assert allocation["allocatedAt"] == allocation["paidAt"] == f"{payment['createdDate'].replace(' ', 'T')}Z"
    again = mark(newest, invoice, "PAID")
    assert again["paymentStatus"] == "PAID"
    assert len(whole(newest, invoice)["paymentAllocations"]) == 1


def test_unpaid_cancels_the_payment_that_paid_has_made(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"])
    mark(newest, invoice, "PAID")
    (allocation,) = whole(newest, invoice)["paymentAllocations"]
    assert mark(newest, invoice, "UNPAID")["paymentStatus"] == "UNPAID"
    shown = whole(newest, invoice)
    assert (shown["balance"], shown["paymentAllocations"]) == ("100.00", [])
    payment = zuora.ok("GET", f"/v1/payments/{allocation['paymentId']}")
    assert payment["status"] == "Canceled"
    mark(newest, invoice, "PAID")
    (second,) = whole(newest, invoice)["paymentAllocations"]
    assert second["paymentId"] != allocation["paymentId"]


def test_paid_takes_in_no_more_than_remains(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id)
    paid = pay(zuora, {invoice["id"]: "30"}, customer_id, "30", comment="Marked as paid")
    assert mark(newest, invoice, "PARTIALLY_PAID")["paymentStatus"] == "PARTIALLY_PAID"
    mark(newest, invoice, "PAID")
    amounts = {each["paymentId"]: each["amount"] for each in whole(newest, invoice)["paymentAllocations"]}
    assert sorted(amounts.values()) == ["30.00", "70.00"]
    assert amounts[paid["id"]] == "30.00"
    path = f"/invoices/{invoice['id']}/payment-status"
    message = newest.refused("PUT", path, {"paymentStatus": "UNPAID"}, status=409, of_type="AlreadySettled")
    assert "PARTIALLY_PAID by what is applied to it (30.00 EUR)" in message
    # The refusal has undone all of it: the payment of 70.00 is still there, and so is the other one.
    assert whole(newest, invoice)["paymentStatus"] == "PAID"
    assert zuora.ok("GET", f"/v1/payments/{paid['id']}")["status"] == "Processed"


def test_a_payment_that_settles_something_else_meanwhile_is_not_canceled(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_customer(newest)["id"]
    first, second = (issue_invoice(newest, customer_id) for _ in range(2))
    mark(newest, first, "PAID")
    (allocation,) = whole(newest, first)["paymentAllocations"]
    payment_id = allocation["paymentId"]
    moved = {"invoices": [{"invoiceId": first["id"], "amount": 40}]}
    zuora.ok("PUT", f"/v1/payments/{payment_id}/unapply", moved)
    zuora.ok("PUT", f"/v1/payments/{payment_id}/apply", {"invoices": [{"invoiceId": second["id"], "amount": 40}]})
    assert mark(newest, first, "UNPAID")["paymentStatus"] == "UNPAID"
    assert (whole(newest, first)["balance"], whole(newest, second)["balance"]) == ("100.00", "60.00")
    payment = zuora.ok("GET", f"/v1/payments/{payment_id}")
    assert (payment["status"], payment["appliedAmount"], payment["unappliedAmount"]) == ("Processed", 40, 60)
    assert newest.post(f"/invoices/{first['id']}/void")["status"] == "VOIDED"


def test_uncollectible_says_that_the_rest_will_not_come(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id)
    assert mark(newest, invoice, "UNCOLLECTIBLE")["paymentStatus"] == "UNCOLLECTIBLE"
    assert whole(newest, invoice)["balance"] == "100.00"
    pay(zuora, {invoice["id"]: "100"}, customer_id, "100")
    assert whole(newest, invoice)["paymentStatus"] == "PAID"
    path = f"/invoices/{invoice['id']}/payment-status"
    message = newest.refused("PUT", path, {"paymentStatus": "UNCOLLECTIBLE"}, status=409, of_type="AlreadySettled")
    assert "remains to be collected" in message


def test_credits_are_not_undone_by_saying_unpaid(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id)
    note = issue_note(newest, customer_id, new_line("100.00"), invoiceId=invoice["id"])
    body = {
        "creditNoteId": note["id"],
        "invoiceId": invoice["id"],
        "amount": 100,
        "currency": "EUR",
        "creditNoteBalanceVersion": note["balanceVersion"],
        "invoiceBalanceVersion": invoice["balanceVersion"],
    }
    newest.post("/credit-note-applications", body, Idempotency_Key=f"apply {note['id']}")
    shown = whole(newest, invoice)
    assert (shown["paymentStatus"], shown["creditNoteIds"], shown["paymentAllocations"]) == ("PAID", [note["id"]], [])
    path = f"/invoices/{invoice['id']}/payment-status"
    newest.refused("PUT", path, {"paymentStatus": "UNPAID"}, status=409, of_type="AlreadySettled")


@pytest.mark.parametrize("stage", ("DRAFT", "VOIDED"))
@pytest.mark.parametrize("status", ("PAID", "UNPAID", "UNCOLLECTIBLE"))
def test_nothing_is_said_of_an_invoice_that_is_not_issued(newest: ContractApi, stage: str, status: str) -> None:
    invoice = create_invoice(newest, create_customer(newest)["id"], new_line())
    if stage == "VOIDED":
        newest.post(f"/invoices/{invoice['id']}/void")
    path = f"/invoices/{invoice['id']}/payment-status"
    newest.refused("PUT", path, {"paymentStatus": status}, status=422, of_type="NotSettleable")


def test_failed_is_no_state_of_an_invoice(sequence: ContractApi) -> None:
    invoice = issue_invoice(sequence, create_customer(sequence)["id"])
    path = f"/invoices/{invoice['id']}/payment-status"
    message = sequence.refused("PUT", path, {"paymentStatus": "FAILED"}, status=400, of_type="InvalidValue")
    assert "UNPAID" in message
    sequence.refused("PUT", path, {"paymentStatus": "LATE"}, status=400, of_type="InvalidValue")
    sequence.refused("PUT", path, {}, status=400, of_type="MissingField")
