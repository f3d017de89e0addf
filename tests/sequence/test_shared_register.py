"""One register behind two APIs: what is made through one is read through the other, to the cent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.api.support import create_account, create_memo, create_set, new_account, new_memo, next_numbers, refused
from tests.sequence.client import ContractApi
from tests.sequence.support import (
    add_note_line,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_line,
)
from tests.sequence.test_notes import customer_with_set
from tests.servers import Api, Json, Server

THREADS = 16
ROUNDS = 6
STATUSES = {"DRAFT": "Draft", "FINAL": "Posted", "SENT": "Posted", "VOIDED": "Canceled"}


def memo_of(zuora: Api, key: str) -> Json:
    return zuora.ok("GET", f"/v1/credit-memos/{key}")


def check_same_note(zuora: Api, note: Json) -> None:
    """A note is the memo of its id, and, once it has one, of its number."""
    memo = memo_of(zuora, note["id"])
    if "creditNoteNumber" in note:
        assert memo_of(zuora, note["creditNoteNumber"]) == {**memo, "success": True}
        assert memo["number"] == note["creditNoteNumber"]
        assert memo["creditMemoDate"] == note["issueDate"]
    assert (memo["status"], memo["currency"]) == (STATUSES[note["status"]], note["currency"])
    assert memo["accountId"] == note["customerId"]
    assert Decimal(memo["amount"]) == Decimal(note["grossTotal"])
    assert Decimal(memo["taxAmount"]) == Decimal(note["totalTax"])


def check_same_lines(zuora: Api, sequence: ContractApi, noun: str, items: str, document_id: str) -> None:
    """The lines of a document are its items, in the same order, to the cent."""
    path = {"credit-notes": "/v1/credit-memos", "invoices": "/v1/invoices"}[noun]
    shown = zuora.ok("GET", f"{path}/{document_id}/items")[items]
    lines = lines_of(sequence, f"/{noun}/{document_id}")
    assert [each["id"] for each in shown] == [each["id"] for each in lines]
    for item, line in zip(shown, lines, strict=True):
        net = item["chargeAmount"] if noun == "invoices" else item["amountWithoutTax"]
        taxes = [item] if noun == "invoices" else item["taxationItems"]["data"]
        assert Decimal(net) == Decimal(line["netTotal"])
        assert sum(Decimal(each["taxAmount"]) for each in taxes) == Decimal(line["totalTax"])


def test_a_note_made_here_is_a_memo_there_through_its_whole_life(sequence: ContractApi, zuora: Api) -> None:
    customer_id, _ = customer_with_set(sequence, zuora)
    note = create_note(sequence, customer_id, memo="Sorry")
    path = f"/credit-notes/{note['id']}"
    check_same_note(zuora, note)
    for rate, quantity, tax_rate in (("0.335", "3", "0.2"), ("19.99", "7", "0.175"), ("-1.50", "1", "0")):
        add_note_line(sequence, note["id"], new_line(rate, quantity, tax_rate))
    check_same_note(zuora, sequence.get(path))
    check_same_lines(zuora, sequence, "credit-notes", "items", note["id"])
    check_same_note(zuora, sequence.post(f"{path}/finalize"))
    check_same_note(zuora, sequence.get(path))
    voided = sequence.post(f"{path}/void")
    check_same_note(zuora, voided)
    assert memo_of(zuora, voided["creditNoteNumber"])["status"] == "Canceled"


def test_a_memo_made_there_is_a_note_here(sequence: ContractApi, zuora: Api) -> None:
    made = create_set(zuora)
    account_id = create_account(zuora, sequenceSetId=made["id"])
    memo = create_memo(
        zuora,
        account_id,
        charges=[
            {"amount": Decimal("33.33"), "chargeId": "c1", "quantity": 3, "description": "Hours"},
            {"amount": Decimal("0.01"), "chargeId": "c2"},
        ],
    )
    note = sequence.get(f"/credit-notes/{memo['id']}")
    check_same_note(zuora, note)
    check_same_lines(zuora, sequence, "credit-notes", "items", memo["id"])
    assert note["customerLegalCompanyName"] == "Analytical Engines"
    zuora.ok("PUT", f"/v1/credit-memos/{memo['id']}/post")
    note = sequence.get(f"/credit-notes/{memo['id']}")
    assert note["status"] == "FINAL"
    check_same_note(zuora, note)
    assert [each["id"] for each in sequence.get("/credit-notes", customerId=account_id)["items"]] == [memo["id"]]
    assert sequence.download(f"/credit-notes/{memo['id']}/download")


def test_a_posted_memo_may_be_voided_here_and_a_draft_finalized(sequence: ContractApi, zuora: Api) -> None:
    account_id = create_account(zuora)
    posted = create_memo(zuora, account_id, autoPost=True)
    assert sequence.post(f"/credit-notes/{posted['id']}/void")["creditNoteNumber"] == posted["number"]
    check_same_note(zuora, sequence.get(f"/credit-notes/{posted['id']}"))
    draft = create_memo(zuora, account_id)
    final = sequence.post(f"/credit-notes/{draft['id']}/finalize")
    check_same_note(zuora, final)
    refused(zuora.call("PUT", f"/v1/credit-memos/{draft['id']}/post"), 200, 30)


def test_an_invoice_made_here_is_one_there(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    draft = create_invoice(sequence, customer_id, new_line("19.99", "7", "0.175"), new_line("0.335", "3"))
    check_same_lines(zuora, sequence, "invoices", "invoiceItems", draft["id"])
    sequence.post(f"/invoices/{draft['id']}/finalize")
    final = sequence.get(f"/invoices/{draft['id']}")
    shown = zuora.ok("GET", f"/v1/invoices/{final['invoiceNumber']}")
    assert (shown["id"], shown["status"]) == (draft["id"], "Posted")
    assert shown["invoiceNumber"] == f"{own['invoice']['prefix']}00000001"
    assert (shown["invoiceDate"], shown["dueDate"]) == (final["issueDate"], final["dueDate"])
    assert Decimal(shown["amount"]) == Decimal(shown["balance"]) == Decimal(final["grossTotal"])
    assert Decimal(shown["taxAmount"]) == Decimal(final["totalTax"])
    voided = sequence.post(f"/invoices/{draft['id']}/void")
    assert zuora.ok("GET", f"/v1/invoices/{voided['invoiceNumber']}")["status"] == "Canceled"


def new_zuora_invoice(zuora: Api, account_id: str, *amounts: str) -> Json:
    items = [{"amount": Decimal(each), "chargeName": "Hours", "serviceStartDate": "2031-01-01"} for each in amounts]
    body = {"accountId": account_id, "invoiceDate": datetime.now(UTC).date().isoformat(), "invoiceItems": items}
    made = zuora.ok("POST", "/v1/invoices", body)
    zuora.ok("PUT", f"/v1/invoices/{made['id']}", {"autoPay": False})
    return made


def test_an_invoice_made_there_is_credited_here(sequence: ContractApi, zuora: Api) -> None:
    account_id = create_account(zuora)
    made = new_zuora_invoice(zuora, account_id, "60.00", "40.00")
    path = f"/invoices/{made['id']}"
    assert sequence.get(path)["status"] == "DRAFT"
    final = sequence.post(f"{path}/finalize")
    assert final["grossTotal"] == "100.00"
    check_same_lines(zuora, sequence, "invoices", "invoiceItems", made["id"])
    first, _ = lines_of(sequence, path)
    note = create_note(sequence, account_id, new_line("60.00", lineItemId=first["id"]), invoiceId=made["id"])
    sequence.post(f"/credit-notes/{note['id']}/finalize")
    body = {"items": [{"amount": Decimal("0.01"), "invoiceItemId": first["id"], "skuName": "Hours"}]}
    answer = zuora.call("POST", f"/v1/credit-memos/invoice/{made['id']}", body)
    assert "60.00" in refused(answer, 200, 30)
    assert memo_of(zuora, note["id"])["referredInvoiceId"] == made["id"]


def test_a_memo_applied_there_is_fully_applied_here(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_customer(newest)["id"]
    invoice, note = issue_invoice(newest, customer_id), issue_note(newest, customer_id, new_line("30.00"))
    target = {"invoices": [{"invoiceId": invoice["id"], "amount": Decimal("30.00")}]}
    zuora.ok("PUT", f"/v1/credit-memos/{note['creditNoteNumber']}/apply", target)
    after = newest.get(f"/credit-notes/{note['id']}")
    assert (after["applicationStatus"], after["balance"]) == ("FULLY_APPLIED", "0.00")
    assert [each["amount"] for each in after["applications"]] == ["30.00"]
    settled = newest.get(f"/invoices/{invoice['id']}")
    assert (settled["balance"], settled["paymentStatus"]) == ("70.00", "PARTIALLY_PAID")
    zuora.ok("PUT", f"/v1/credit-memos/{note['id']}/unapply", target)
    assert newest.get(f"/credit-notes/{note['id']}")["applicationStatus"] == "UNAPPLIED"
    assert newest.get(f"/invoices/{invoice['id']}")["balanceVersion"] > settled["balanceVersion"]


def test_a_payment_there_is_an_allocation_here(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"], currency="USD")
    body = {
        "accountId": invoice["customerId"],
        "amount": Decimal("100.00"),
        "currency": "USD",
        "type": "External",
        "effectiveDate": invoice["issueDate"],
        "invoices": [{"invoiceId": invoice["id"], "amount": Decimal("100.00")}],
    }
    paid = zuora.ok("POST", "/v1/payments", body)
    after = newest.get(f"/invoices/{invoice['id']}")
    assert (after["paymentStatus"], after["balance"]) == ("PAID", "0.00")
    (allocation,) = after["paymentAllocations"]
    assert (allocation["paymentId"], allocation["amount"]) == (paid["id"], "100.00")


def test_customers_and_accounts_are_the_same(sequence: ContractApi, zuora: Api) -> None:
    customer = create_customer(sequence)
    account = zuora.ok("GET", f"/v1/accounts/{customer['id']}")
    assert account["basicInfo"]["name"] == customer["legalName"]
    account_id = create_account(zuora, name="Lovelace & Co")
    shown = sequence.get(f"/customers/{account_id}")
    assert shown["legalName"] == "Lovelace & Co"
    assert shown["address"]["country"] == "GB"
    zuora.ok("PUT", f"/v1/accounts/{customer['id']}", {"name": "Renamed"})
    assert sequence.get(f"/customers/{customer['id']}")["legalName"] == "Renamed"


def test_both_apis_draw_contiguous_numbers_from_one_series(newest: ContractApi, zuora: Api, server: Server) -> None:
    customer_id, own = customer_with_set(newest, zuora)

    def issue(worker: int) -> list[str]:
        numbers = []
        with ContractApi(server.url, server.require_admin()) as here, server.api() as there:
            for at in range(ROUNDS):
                if (worker + at) % 3 == 0:
                    note = create_note(here, customer_id, new_line())
                    step = "finalize" if at % 2 else "void"
                    numbers.append(here.post(f"/credit-notes/{note['id']}/{step}")["creditNoteNumber"])
                elif (worker + at) % 3 == 1:
                    numbers.append(create_memo(there, customer_id, autoPost=True)["number"])
                else:
                    memo = create_memo(there, customer_id)
                    numbers.append(here.post(f"/credit-notes/{memo['id']}/finalize")["creditNoteNumber"])
        return numbers

    with ThreadPoolExecutor(THREADS) as pool:
        numbers = [number for some in pool.map(issue, range(THREADS)) for number in some]
    prefix = own["creditMemo"]["prefix"]
    assert sorted(numbers) == [f"{prefix}{ordinal:08}" for ordinal in range(1, THREADS * ROUNDS + 1)]
    assert next_numbers(zuora, own["id"])["creditMemo"] == THREADS * ROUNDS + 1
    assert newest.get("/credit-notes", customerId=customer_id)["pagination"]["totalResultSize"] == THREADS * ROUNDS
    assert server.run_cli("verify").returncode == 0


@pytest.mark.parametrize("body", (new_account(), new_memo("missing")))
def test_credentials_of_one_api_are_none_of_the_other(server: Server, newest: ContractApi, body: Json) -> None:
    assert newest.http.post("/v1/accounts", json={"name": "x"}).status_code == 401
    with server.api() as signed_in:
        assert signed_in.post("/credit-notes", {"customerId": str(body), "currency": "EUR"}).status_code == 401
