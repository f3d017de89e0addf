"""Invoices that were made through Sequence's API at every endpoint of Zuora's that meets them, and the other way."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.support import create_customer, create_invoice, issue_invoice, lines_of, new_line
from tests.servers import Api, Json, decode

TODAY = datetime.now(UTC).date().isoformat()
LINES = (new_line("33.335", "3", "0.2", title="Hours", description="In May"), new_line("-5", "1", "0.1"))
"""Net 100.01 and -5.00, tax 20.00 and -0.50: in all 114.51."""


def refused(answer_of: Api, method: str, path: str, body: object = None) -> str:
    """Why Zuora's API refuses a request."""
    answer = decode(answer_of.call(method, path, body))
    assert answer["success"] is False, answer
    message: str = answer["reasons"][0]["message"]
    return message


def items_of(zuora: Api, invoice_id: str) -> list[Json]:
    found: list[Json] = zuora.ok("GET", f"/v1/invoices/{invoice_id}/items")["invoiceItems"]
    return found


def balances(zuora: Api, invoice_id: str) -> list[Decimal]:
    """What remains of each line, then of its tax."""
    return [
        Decimal(each["balance"])
        for item in items_of(zuora, invoice_id)
        for each in (item, *item["taxationItems"]["data"])
    ]


def pay(zuora: Api, invoice: Json, amount: str) -> Json:
    return zuora.ok(
        "POST",
        "/v1/payments",
        {
            "accountId": invoice["customerId"],
            "amount": Decimal(amount),
            "currency": invoice["currency"],
            "effectiveDate": TODAY,
            "type": "External",
            "invoices": [{"invoiceId": invoice["id"], "amount": Decimal(amount)}],
        },
    )


def test_an_invoice_made_here_is_read_there(newest: ContractApi, zuora: Api) -> None:
    customer = create_customer(newest)
    invoice = issue_invoice(newest, customer["id"], *LINES, memo="Thanks", dueDate="2031-01-31")
    shown = zuora.ok("GET", f"/v1/invoices/{invoice['invoiceNumber']}")
    for theirs, ours in (
        ("id", invoice["id"]),
        ("amount", Decimal(invoice["grossTotal"])),
        ("amountWithoutTax", Decimal("95.01")),
        ("taxAmount", Decimal(invoice["totalTax"])),
        ("balance", Decimal(invoice["balance"])),
        ("comments", "Thanks"),
        ("dueDate", "2031-01-31"),
        ("invoiceDate", invoice["issueDate"]),
        ("status", "Posted"),
        ("accountId", customer["id"]),
    ):
        assert shown[theirs] == ours, theirs
    first, second = items_of(zuora, invoice["id"])
    assert (first["chargeName"], first["description"], first["unitPrice"]) == ("Hours", "In May", Decimal("33.335"))
    assert (first["quantity"], first["chargeAmount"], first["taxAmount"]) == (3, Decimal("100.01"), Decimal("20.00"))
    (tax,) = first["taxationItems"]["data"]
    assert (tax["taxRate"], tax["taxRateType"], tax["taxAmount"]) == (Decimal("0.2"), "Percentage", Decimal("20.00"))
    assert (second["chargeAmount"], second["taxAmount"]) == (Decimal("-5.00"), Decimal("-0.50"))


def test_lines_below_zero_credit_the_others_once_anything_is_settled(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"], *LINES)
    expected = [Decimal(text) for text in ("100.01", "20.00", "-5.00", "-0.50")]
    assert balances(zuora, invoice["id"]) == expected
    pay(zuora, invoice, "50")
    assert balances(zuora, invoice["id"]) == [Decimal("44.51"), Decimal("20.00"), 0, 0]
    pay(zuora, invoice, "64.51")
    assert balances(zuora, invoice["id"]) == [0, 0, 0, 0]
    assert newest.get(f"/invoices/{invoice['id']}")["paymentStatus"] == "PAID"


def test_such_an_invoice_is_credited_item_by_item_and_the_memo_is_used_up(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"], *LINES)
    memo = zuora.ok("POST", f"/v1/credit-memos/invoice/{invoice['id']}", {})
    assert memo["amount"] == Decimal(invoice["grossTotal"])
    ours = newest.get(f"/credit-notes/{memo['id']}")
    assert (ours["status"], ours["grossTotal"], ours["invoiceNumber"]) == ("DRAFT", "114.51", invoice["invoiceNumber"])
    note_lines = lines_of(newest, f"/credit-notes/{memo['id']}")
    assert [each["lineItemId"] for each in note_lines] == [
        each["id"] for each in lines_of(newest, f"/invoices/{invoice['id']}")
    ]
    assert "cannot be credited" in refused(zuora, "POST", f"/v1/credit-memos/invoice/{invoice['id']}", {})
    zuora.ok("PUT", f"/v1/credit-memos/{memo['id']}/post", {})
    applied = [{"invoiceId": invoice["id"], "amount": 20}]
    zuora.ok("PUT", f"/v1/credit-memos/{memo['id']}/apply", {"invoices": applied})
    zuora.ok(
        "POST", f"/v1/credit-memos/{memo['id']}/refund", {"totalAmount": 10, "type": "External", "methodType": "Cash"}
    )
    views = zuora.ok("GET", f"/v1/credit-memos/{memo['id']}/items")["items"]
    names = ("appliedAmount", "refundAmount", "unappliedAmount")
    shown = [[Decimal(view[name]) for name in names] for view in views]
    assert shown == [[Decimal("25.50"), 10, Decimal("64.51")], [-5, 0, 0]]
    assert "cannot be unposted" in refused(zuora, "PUT", f"/v1/invoices/{invoice['id']}/unpost")
    whole = newest.get(f"/invoices/{invoice['id']}")
    assert (whole["balance"], whole["balanceVersion"], whole["creditNoteIds"]) == ("94.51", 2, [memo["id"]])
    (note,) = whole["appliedCreditNotes"]
    assert (note["id"], note["grossTotal"], len(note["lineItems"])) == (memo["id"], "114.51", 2)
    assert note["lineItems"][1]["invoiceLineItemIds"] == [note_lines[1]["lineItemId"]]


def test_such_an_invoice_is_reversed(newest: ContractApi, zuora: Api) -> None:
    invoice = issue_invoice(newest, create_customer(newest)["id"], *LINES)
    memo_id = zuora.ok("PUT", f"/v1/invoices/{invoice['id']}/reverse", {})["creditMemo"]["id"]
    assert zuora.ok("GET", f"/v1/invoices/{invoice['id']}")["reversed"] is True
    note = newest.get(f"/credit-notes/{memo_id}")
    assert (note["status"], note["grossTotal"], note["applicationStatus"]) == ("FINAL", "114.51", "FULLY_APPLIED")
    message = newest.refused("POST", f"/invoices/{invoice['id']}/void", status=409, of_type="AlreadySettled")
    assert "114.51 EUR are applied" in message


def test_such_an_invoice_is_written_off(newest: ContractApi, zuora: Api) -> None:
    untouched, begun = (issue_invoice(newest, create_customer(newest)["id"], *LINES) for _ in range(2))
    pay(zuora, begun, "14.51")
    for invoice, rest in ((untouched, "114.51"), (begun, "100.00")):
        newest.put(f"/invoices/{invoice['id']}/payment-status", {"paymentStatus": "UNCOLLECTIBLE"})
        memo_id = zuora.ok("PUT", f"/v1/invoices/{invoice['id']}/write-off", {})["creditMemo"]["id"]
        assert newest.get(f"/credit-notes/{memo_id}")["grossTotal"] == rest
        assert newest.get(f"/invoices/{invoice['id']}")["paymentStatus"] == "PAID"
        assert sum(balances(zuora, invoice["id"])) == 0


def test_an_invoice_without_a_line_is_refused_or_read_wherever_it_turns_up(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_customer(newest)["id"]
    draft = create_invoice(newest, customer_id)
    path = f"/v1/invoices/{draft['id']}"
    assert zuora.ok("GET", path)["amount"] == 0
    assert items_of(zuora, draft["id"]) == []
    assert zuora.ok("GET", f"{path}/application-parts")["applicationParts"] == []
    assert "has no line" in refused(zuora, "PUT", f"{path}/post", {})
    (result,) = decode(zuora.post("/v1/invoices/bulk-post", {"invoices": [{"id": draft["id"]}]}))["invoices"]
    assert result["success"] is False
    for action, body in (("unpost", None), ("reverse", {}), ("write-off", {})):
        assert "is draft" in refused(zuora, "PUT", f"{path}/{action}", body), action
    assert "is draft" in refused(zuora, "POST", f"/v1/credit-memos/invoice/{draft['id']}", {})
    assert [each["id"] for each in zuora.ok("GET", f"/v1/accounts/{customer_id}/summary")["invoices"]] == [draft["id"]]
    assert zuora.ok("PUT", path, {"comments": "Soon"})["comment"] == "Soon"
    assert newest.get(f"/invoices/{draft['id']}")["memo"] == "Soon"
    zuora.ok("PUT", f"{path}/cancel")
    assert newest.get(f"/invoices/{draft['id']}")["status"] == "VOIDED"
    zuora.ok("DELETE", path)
    newest.refused("GET", f"/invoices/{draft['id']}", status=404, of_type="NotFound")


def test_lines_made_here_change_there_and_never_come_to_less_than_nothing(newest: ContractApi, zuora: Api) -> None:
    draft = create_invoice(newest, create_customer(newest)["id"], *LINES)
    path = f"/v1/invoices/{draft['id']}"
    first = items_of(zuora, draft["id"])[0]["id"]
    message = refused(zuora, "PUT", path, {"invoiceItems": [{"id": first, "delete": True}]})
    assert "-5.50 EUR" in message
    zuora.ok("PUT", path, {"invoiceItems": [{"id": first, "amount": 200}]})
    line = lines_of(newest, f"/invoices/{draft['id']}")[0]
    assert (line["netTotal"], line["rate"], line["taxRate"]) == ("200.00", "66.6666666667", "0.1")
    zuora.ok("PUT", path, {"dueDate": "2031-02-28"})
    zuora.ok("PUT", f"{path}/post", {})
    whole = newest.get(f"/invoices/{draft['id']}")
    assert (whole["status"], whole["dueDate"], whole["dueDateSource"]) == ("FINAL", "2031-02-28", "MANUAL")
    zuora.ok("PUT", f"{path}/unpost")
    zuora.ok("PUT", path, {"invoiceItems": [{"id": first, "chargeName": "Days"}]})
    assert lines_of(newest, f"/invoices/{draft['id']}")[0]["title"] == "Days"
    assert items_of(zuora, draft["id"])[0]["chargeName"] == "Days"
    assert newest.post(f"/invoices/{draft['id']}/finalize")["dueDate"] == "2031-02-28"


@pytest.fixture
def account_id(zuora: Api) -> str:
    """An account of Zuora's API, of which Sequence's has heard nothing."""
    contact = {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "workEmail": "ada@customer.example",
        "address1": "12 Marylebone Road",
        "city": "London",
        "postalCode": "NW1 6XE",
        "country": "United Kingdom",
    }
    body = {"name": f"Account {unique_letters()}", "currency": "EUR", "billToContact": contact}
    return str(zuora.ok("POST", "/v1/accounts", body)["accountId"])


def standalone(zuora: Api, account_id: str, **over: object) -> Json:
    """A new draft of an invoice over 100.00 and 19.00 of tax."""
    tax = {"name": "VAT", "taxAmount": 19, "taxCode": "S", "taxDate": TODAY, "taxMode": "TaxExclusive"}
    item = {"amount": 100, "quantity": 4, "chargeName": "Hours", "taxItems": [tax], "serviceStartDate": TODAY}
    body = {"accountId": account_id, "invoiceDate": "2026-03-01", "invoiceItems": [item], **over}
    return zuora.ok("POST", "/v1/invoices", body)


def test_an_invoice_made_there_is_read_here(sequence: ContractApi, zuora: Api, account_id: str) -> None:
    made = standalone(zuora, account_id, status="Posted", dueDate="2031-03-31", comments="Thanks")
    whole = sequence.get(f"/invoices/{made['invoiceNumber']}")
    for name, expected in (
        ("id", made["id"]),
        ("status", "FINAL"),
        ("invoiceNumber", made["invoiceNumber"]),
        ("issueDate", "2026-03-01"),
        ("accountingDate", "2026-03-01"),
        ("dueDate", "2031-03-31"),
        ("memo", "Thanks"),
        ("netTotal", "100.00"),
        ("totalTax", "19.00"),
        ("grossTotal", "119.00"),
        ("customerId", account_id),
        ("customerEmails", ["ada@customer.example"]),
        ("customerTaxStatus", "TAXED"),
        ("metadata", []),
    ):
        assert whole[name] == expected, name
    assert whole["customerBillingAddress"] == {
        "line1": "12 Marylebone Road",
        "town": "London",
        "postcode": "NW1 6XE",
        "country": "GB",
    }
    (line,) = lines_of(sequence, f"/invoices/{made['id']}")
    assert (line["title"], line["quantity"], line["rate"], line["taxRate"]) == ("Hours", "4", "25", "0.19")
    assert sequence.get(f"/invoices/{made['id']}/line-item-groups")["items"] == []


def test_a_draft_made_there_is_finished_here(newest: ContractApi, zuora: Api, account_id: str) -> None:
    draft = standalone(zuora, account_id, dueDate="2031-03-31")
    path = f"/invoices/{draft['id']}"
    before = newest.get(path)
    assert (before["status"], before["dueDateSource"]) == ("DRAFT", "MANUAL")
    newest.post(f"{path}/line-items", new_line("1.00", "1", "0.19"))
    assert newest.ok("PATCH", path, {"reference": "R 7"})["reference"] == "R 7"
    final = newest.post(f"{path}/finalize")
    assert (final["grossTotal"], final["dueDate"], final["issueDate"]) == ("120.19", "2031-03-31", TODAY)
    shown = zuora.ok("GET", f"/v1/invoices/{final['invoiceNumber']}")
    assert (shown["id"], shown["amount"], shown["status"]) == (draft["id"], Decimal("120.19"), "Posted")
    assert [item["chargeAmount"] for item in items_of(zuora, draft["id"])] == [100, 1]
    assert sum(balances(zuora, draft["id"])) == Decimal("120.19")
    voided = newest.post(f"{path}/void")
    assert voided["status"] == "VOIDED"
    assert zuora.ok("GET", f"/v1/invoices/{draft['id']}")["status"] == "Canceled"


def test_both_apis_number_from_one_series(newest: ContractApi, zuora: Api, account_id: str) -> None:
    letters = unique_letters()
    numbering = {kind: {"prefix": f"{letters}{kind[0]}", "startNumber": 1} for kind in ("invoice", "debitMemo")}
    numbering["creditMemo"] = {"prefix": f"{letters}C", "startNumber": 1}
    zuora.ok("POST", "/v1/sequence-sets", {"sequenceSets": [{"name": letters, **numbering}]})
    zuora.ok("PUT", f"/v1/accounts/{account_id}", {"sequenceSetId": letters})
    theirs = standalone(zuora, account_id, status="Posted")["invoiceNumber"]
    ours = issue_invoice(newest, account_id)["invoiceNumber"]
    voided = create_invoice(newest, account_id)
    taken = newest.post(f"/invoices/{voided['id']}/void")["invoiceNumber"]
    assert [theirs, ours, taken] == [f"{letters}i0000000{ordinal}" for ordinal in (1, 2, 3)]
    newest.delete(f"/invoices/{create_invoice(newest, account_id)['id']}")
    assert standalone(zuora, account_id, status="Posted")["invoiceNumber"] == f"{letters}i00000004"
