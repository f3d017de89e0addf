"""Credit memos and debit memos as they settle what is owed: from invoices, applied, refunded, taken back. Exact."""

from decimal import Decimal

import pytest

from tests.api.memo_books import CREDIT, DAY, DEBIT, KINDS, Books, Kind, amount, line, settled
from tests.api.support import refused
from tests.servers import Api, Json

both_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
ZERO = Decimal(0)


@pytest.fixture
def books(api: Api) -> Books:
    return Books(api)


def to_invoice(invoice: Json, text: str, **fields: object) -> Json:
    return {"invoices": [{"invoiceId": invoice["id"], "amount": amount(text), **fields}]}


def to_debit_memo(memo: Json, text: str) -> Json:
    return {"debitMemos": [{"debitMemoId": memo["id"], "amount": amount(text)}]}


def refund(text: str, **fields: object) -> Json:
    return {"totalAmount": amount(text), "type": "External", "methodType": "Check", **fields}


@both_kinds
def test_without_items_a_memo_mirrors_the_invoice(books: Books, kind: Kind) -> None:
    invoice = books.invoice("10.00", "20.05")
    memo = books.from_invoice(kind, invoice, comment="all of it", IntegrationId__NS="n1")
    assert (memo["amount"], memo["sourceType"], memo["status"]) == (amount("30.05"), "Invoice", "Draft")
    assert (memo["referredInvoiceId"], memo["comment"], memo["IntegrationId__NS"]) == (invoice["id"], "all of it", "n1")
    items = books.api.ok("GET", f"{kind.path}/{memo['id']}/items")["items"]
    assert [item["sourceItemId"] for item in items] == books.invoice_lines(invoice)
    assert {item["sourceItemType"] for item in items} == {"InvoiceDetail"}
    assert not {item["id"] for item in items} & set(books.invoice_lines(invoice))
    assert books.balance(invoice) == amount("30.05")


@both_kinds
def test_a_memo_from_an_invoice_takes_the_number_of_the_invoices_set(books: Books, kind: Kind) -> None:
    invoice, other = books.invoice("10.00"), Books(books.api)
    books.api.ok("PUT", f"/v1/accounts/{books.account_id}", {"sequenceSetId": other.set["id"]})
    memo = books.from_invoice(kind, invoice, items=[line("1.00")], autoPost=True)
    assert (memo["number"], memo["sequenceSetId"]) == (books.number(kind, 1), books.set["id"])


def test_no_more_is_credited_than_an_invoice_comes_to(books: Books) -> None:
    invoice = books.invoice("100.00", "50.00")
    first = books.from_invoice(CREDIT, invoice, items=[line("90.00")])
    path = f"{CREDIT.path}/invoice/{invoice['invoiceNumber']}"
    message = refused(books.api.post(path, {"items": [line("60.01")]}), 200, 30)
    assert "60.01 EUR" in message
    assert "60.00 EUR" in message
    assert invoice["invoiceNumber"] in message
    books.api.ok("POST", path, {"items": [line("60.00")]})
    # A canceled memo credits nothing.
    books.step(CREDIT, first, "cancel")
    refused(books.api.post(path, {"items": [line("90.01")]}), 200, 30)
    books.api.ok("POST", path, {"items": [line("90.00")]})
    # What is owed more has no such limit.
    assert books.from_invoice(DEBIT, invoice, items=[line("1000.00")])["amount"] == 1000


def test_no_more_is_credited_than_a_line_comes_to(books: Books) -> None:
    invoice = books.invoice("100.00", "50.00")
    first, second = books.invoice_lines(invoice)
    memo = books.from_invoice(CREDIT, invoice, items=[line("30.00", second)])
    path = f"{CREDIT.path}/invoice/{invoice['id']}"
    message = refused(books.api.post(path, {"items": [line("20.01", second)]}), 200, 30)
    assert "50.01 EUR" in message
    assert "50.00 EUR" in message
    assert second in message
    books.api.ok("POST", path, {"items": [line("100.00", first), line("20.00", second)]})
    assert "items[0].invoiceItemId" in refused(books.api.post(path, {"items": [line("1.00", "nobody")]}), 400, 20)
    # Nor by a change of a draft.
    (item,) = books.api.ok("GET", f"{CREDIT.path}/{memo['id']}/items")["items"]
    for text in ("30.01", "200.00"):
        body = {"items": [{"id": item["id"], "amount": text}]}
        refused(books.api.put(f"{CREDIT.path}/{memo['id']}", body), 200, 30)
    assert books.read(CREDIT, memo)["amount"] == 30


@both_kinds
def test_a_memo_is_made_from_a_posted_invoice_alone(books: Books, kind: Kind) -> None:
    draft, posted = books.invoice("10.00", status="Draft"), books.invoice("10.00")
    assert "draft" in refused(books.api.post(f"{kind.path}/invoice/{draft['id']}", {}), 200, 30)
    assert "nobody" in refused(books.api.post(f"{kind.path}/invoice/nobody", {}), 404, 40)
    memo = books.memo(kind)
    refused(books.api.post(f"{kind.path}/invoice/{memo['id']}", {}), 404, 40)
    path = f"{kind.path}/invoice/{posted['id']}"
    assert "invoiceId" in refused(books.api.post(path, {"invoiceId": draft["id"]}), 400, 20)
    assert books.api.ok("POST", path, {"invoiceId": posted["id"]})["referredInvoiceId"] == posted["id"]
    assert "items[0].amount" in refused(books.api.post(path, {"items": [{"skuName": "SKU"}]}), 400, 22)
    for text in ("-1.00", "0.001"):
        assert "items[0].amount" in refused(books.api.post(path, {"items": [line(text)]}), 400, 20)
    assert books.next(kind.name) == 2


@both_kinds
def test_taxes_are_kept_totalled_and_shown(books: Books, kind: Kind) -> None:
    invoice = books.invoice("100.00")
    tax = {"taxName": "VAT", "taxRate": "0.2", "taxRateType": "Percentage", "taxCode": "T", "taxDate": DAY}
    items = [
        line("10.00", taxItems=[{**tax, "amount": "2.00"}, {"taxName": "levy", "amount": "0.50"}]),
        line("12.00", taxMode="TaxInclusive", taxItems=[{**tax, "amount": "2.00", "taxExemptAmount": "1"}]),
    ]
    memo = books.from_invoice(kind, invoice, items=items)
    assert (memo["amount"], memo["taxAmount"]) == (amount("24.50"), amount("4.50"))
    path = f"{kind.path}/{memo['id']}"
    first, second = books.api.ok("GET", f"{path}/items")["items"]
    assert (first["amount"], first["amountWithoutTax"], first["taxMode"]) == (10, 10, "TaxExclusive")
    assert (second["amount"], second["amountWithoutTax"], second["taxMode"]) == (12, 10, "TaxInclusive")
    vat, levy = first["taxationItems"]["data"]
    assert (vat["name"], vat["taxAmount"], vat["taxRate"], vat["taxCode"]) == ("VAT", 2, amount("0.2"), "T")
    assert (levy["name"], levy["taxAmount"]) == ("levy", amount("0.50"))
    assert second["taxationItems"]["data"][0]["exemptAmount"] == 1
    changes = [
        {"id": first["id"], "taxItems": [{"id": levy["id"], "amount": "0.75", "jurisdiction": "north"}]},
        {"id": second["id"], "taxItems": [{"id": second["taxationItems"]["data"][0]["id"], "amount": "3.00"}]},
    ]
    changed = books.api.ok("PUT", path, {"items": changes})
    assert (changed["amount"], changed["taxAmount"]) == (amount("24.75"), amount("5.75"))
    first, second = books.api.ok("GET", f"{path}/items")["items"]
    levy = first["taxationItems"]["data"][1]
    assert (levy["taxAmount"], levy["jurisdiction"], levy["name"]) == (amount("0.75"), "north", "levy")
    assert (second["amount"], second["amountWithoutTax"]) == (12, 9)
    bad = {"items": [{"id": first["id"], "taxItems": [{"id": "nobody", "amount": 1}]}]}
    assert "items[0].taxItems[0].id" in refused(books.api.put(path, bad), 400, 20)
    wrong = {"items": [line("1.00", taxItems=[{"amount": "-0.01"}])]}
    message = refused(books.api.post(f"{kind.path}/invoice/{invoice['id']}", wrong), 400, 20)
    assert message.startswith("items[0].taxItems[0].amount: ")


def test_a_memo_applies_itself_to_its_invoice_when_it_is_posted(books: Books) -> None:
    invoice = books.invoice("30.00")
    memo = books.from_invoice(CREDIT, invoice, items=[line("10.00")], autoApplyToInvoiceUponPosting=True)
    assert (memo["autoApplyUponPosting"], settled(memo)) == (True, (ZERO, ZERO, 10))
    assert settled(books.step(CREDIT, memo, "post")) == (10, ZERO, ZERO)
    assert books.balance(invoice) == 20
    at_once = {"items": [line("15.00")], "autoApplyToInvoiceUponPosting": True, "autoPost": True}
    assert settled(books.from_invoice(CREDIT, invoice, **at_once)) == (15, ZERO, ZERO)
    assert books.balance(invoice) == 5
    # A draft may still be told otherwise.
    last = books.from_invoice(CREDIT, invoice, items=[line("5.00")], autoApplyToInvoiceUponPosting=True)
    changed = books.api.ok("PUT", f"{CREDIT.path}/{last['id']}", {"autoApplyUponPosting": False})
    assert changed["autoApplyUponPosting"] is False
    assert settled(books.step(CREDIT, last, "post")) == (ZERO, ZERO, 5)
    assert books.balance(invoice) == 5


def test_applying_and_taking_back_is_exact(books: Books) -> None:
    memo, invoice, debit = books.memo(CREDIT, "0.30"), books.invoice("0.10"), books.memo(DEBIT, "5.00")
    for text in ("0.03", "0.07"):
        books.step(CREDIT, memo, "apply", to_invoice(invoice, text))
    assert books.balance(invoice) == 0
    assert settled(books.step(CREDIT, memo, "apply", to_debit_memo(debit, "0.20"))) == (amount("0.30"), ZERO, ZERO)
    shown = books.read(DEBIT, debit)
    assert (shown["balance"], shown["beAppliedAmount"]) == (amount("4.80"), amount("0.20"))
    both = {**to_invoice(invoice, "0.04"), **to_debit_memo(debit, "0.01")}
    assert settled(books.step(CREDIT, memo, "unapply", both)) == (amount("0.25"), ZERO, amount("0.05"))
    assert settled(books.step(CREDIT, memo, "unapply", {})) == (ZERO, ZERO, amount("0.30"))
    assert (books.balance(invoice), books.read(DEBIT, debit)["balance"]) == (amount("0.10"), 5)


def test_more_than_remains_is_not_applied_and_the_message_says_how_much_does(books: Books) -> None:
    memo, invoice = books.memo(CREDIT, "10.00"), books.invoice("4.00")
    path = f"{CREDIT.path}/{memo['id']}"
    message = refused(books.api.put(f"{path}/apply", to_invoice(invoice, "4.01")), 200, 30)
    assert "4.01 EUR" in message
    assert "4.00 EUR" in message
    assert invoice["invoiceNumber"] in message
    large = books.invoice("100.00")
    message = refused(books.api.put(f"{path}/apply", to_invoice(large, "10.01")), 200, 30)
    assert "10.00 EUR" in message
    # All or none: the first would fit, the second does not.
    both = {"invoices": [*to_invoice(invoice, "4.00")["invoices"], *to_invoice(large, "6.01")["invoices"]]}
    refused(books.api.put(f"{path}/apply", both), 200, 30)
    assert (settled(books.read(CREDIT, memo)), books.balance(invoice)) == ((ZERO, ZERO, 10), 4)
    books.step(CREDIT, memo, "apply", to_invoice(invoice, "3.00"))
    message = refused(books.api.put(f"{path}/unapply", to_invoice(invoice, "3.01")), 200, 30)
    assert "3.00 EUR" in message
    refused(books.api.put(f"{path}/unapply", to_invoice(large, "0.01")), 200, 30)
    for text in ("0", "-1.00"):
        refused(books.api.put(f"{path}/apply", to_invoice(large, text)), 200, 30)
    refused(books.api.put(f"{path}/apply", to_invoice(large, "0.001")), 400, 20)
    assert settled(books.read(CREDIT, memo)) == (3, ZERO, 7)


def test_what_may_not_be_applied(books: Books) -> None:
    memo, invoice, stranger = books.memo(CREDIT), books.invoice("10.00"), Books(books.api)
    dollars = Books(books.api, currency="USD")
    path = f"{CREDIT.path}/{memo['id']}/apply"
    for elsewhere, word in ((stranger, "account"), (dollars, "account")):
        assert word in refused(books.api.put(path, to_invoice(elsewhere.invoice("10.00"), "1.00")), 200, 30)
    draft = books.invoice("10.00", status="Draft")
    assert "draft" in refused(books.api.put(path, to_invoice(draft, "1.00")), 200, 30)
    unposted = books.memo(CREDIT, autoPost=False)
    message = refused(books.api.put(f"{CREDIT.path}/{unposted['id']}/apply", to_invoice(invoice, "1.00")), 200, 30)
    assert "draft" in message
    assert "nobody" in refused(books.api.put(path, to_invoice({"id": "nobody"}, "1.00")), 404, 40)
    # A debit memo is no invoice.
    refused(books.api.put(path, to_invoice(books.memo(DEBIT), "1.00")), 404, 40)
    items = [{"amount": 1, "creditMemoItemId": "a", "invoiceItemId": "b"}]
    assert "invoices[0].items" in refused(books.api.put(path, to_invoice(invoice, "1.00", items=items)), 400, 20)
    by_rule = {"applicationRule": "ApplyCreditToSourceItemRule", **to_invoice(invoice, "1.00")}
    assert refused(books.api.put(path, by_rule), 400, 20).startswith("applicationRule: ")
    refused(books.api.put(path, {}), 400, 22)
    assert books.balance(invoice) == 10


def test_parts_tell_where_a_credit_memo_went(books: Books) -> None:
    memo, invoice, debit = books.memo(CREDIT, "10.00"), books.invoice("4.00"), books.memo(DEBIT, "3.00")
    path = f"{CREDIT.path}/{memo['id']}/parts"
    assert books.api.ok("GET", path)["parts"] == []
    both = {**to_invoice(invoice, "4.00"), **to_debit_memo(debit, "2.00")}
    books.step(CREDIT, memo, "apply", both)
    made = books.api.ok("POST", f"{CREDIT.path}/{memo['id']}/refund", refund("1.00"))
    canceled = books.api.ok("POST", f"{CREDIT.path}/{memo['id']}/refund", refund("0.50"))
    books.api.ok("PUT", f"/v1/refunds/{canceled['id']}/cancel")
    parts = books.api.ok("GET", path)["parts"]
    shown = [(each["invoiceId"], each["debitMemoId"], each["refundId"], each["amount"]) for each in parts]
    assert shown == [(invoice["id"], None, None, 4), (None, debit["id"], None, 2), (None, None, made["id"], 1)]
    for part in parts:
        assert books.api.ok("GET", f"{path}/{part['id']}") == {**part, "success": True}
    refused(books.api.get(f"{path}/nobody"), 404, 40)
    page = books.api.ok("GET", f"{path}?pageSize=2")
    assert page["parts"] == parts[:2]
    assert "page=2" in page["nextPage"]
    (applied,) = books.api.ok("GET", f"{DEBIT.path}/{debit['id']}/application-parts")["applicationParts"]
    assert (applied["creditMemoId"], applied["paymentId"], applied["appliedAmount"]) == (memo["id"], None, 2)
    books.step(CREDIT, memo, "unapply", to_debit_memo(debit, "2.00"))
    assert books.api.ok("GET", f"{DEBIT.path}/{debit['id']}/application-parts")["applicationParts"] == []


def test_a_payment_is_an_application_part_of_a_debit_memo(books: Books) -> None:
    debit = books.memo(DEBIT, "10.00")
    body = {
        "accountId": books.account_id,
        "amount": amount("4.00"),
        "currency": "EUR",
        "type": "External",
        "paymentMethodType": "Check",
        **to_debit_memo(debit, "4.00"),
    }
    payment = books.api.ok("POST", "/v1/payments", body)
    (part,) = books.api.ok("GET", f"{DEBIT.path}/{debit['id']}/application-parts")["applicationParts"]
    assert (part["creditMemoId"], part["paymentId"], part["appliedAmount"]) == (None, payment["id"], 4)


def test_settlement_is_laid_over_the_items_and_adds_up(books: Books) -> None:
    memo, debit = books.memo(CREDIT, "3.00", "4.00", "5.00"), books.memo(DEBIT, "2.00", "8.00")
    books.step(CREDIT, memo, "apply", to_debit_memo(debit, "6.00"))
    books.api.ok("POST", f"{CREDIT.path}/{memo['id']}/refund", refund("2.00"))
    items = books.api.ok("GET", f"{CREDIT.path}/{memo['id']}/items")["items"]
    shown = [(item["appliedAmount"], item["refundAmount"], item["unappliedAmount"]) for item in items]
    assert shown == [(3, 0, 0), (3, 1, 0), (0, 1, 4)]
    items = books.api.ok("GET", f"{DEBIT.path}/{debit['id']}/items")["items"]
    assert [(item["beAppliedAmount"], item["balance"]) for item in items] == [(2, 0), (4, 4)]


def test_refunds_take_from_what_is_left_and_no_more(books: Books) -> None:
    memo = books.memo(CREDIT, "10.00")
    path = f"{CREDIT.path}/{memo['id']}/refund"
    made = books.api.ok("POST", path, refund("4.00", comment="back", refundDate=memo["creditMemoDate"]))
    assert (made["creditMemoId"], made["paymentId"], made["amount"]) == (memo["id"], None, 4)
    assert (made["status"], made["comment"]) == ("Processed", "back")
    assert made["number"] == f"{books.prefix}R-00000001"
    assert settled(books.read(CREDIT, memo)) == (ZERO, 4, 6)
    message = refused(books.api.post(path, refund("6.01")), 200, 30)
    assert "6.01 EUR" in message
    assert "6.00 EUR" in message
    gateway = refused(books.api.post(path, {"totalAmount": 1, "type": "Electronic", "paymentMethodId": "m"}), 200, 30)
    assert "gateway" in gateway
    items = [{"amount": 1, "creditMemoItemId": "x"}]
    assert refused(books.api.post(path, refund("1.00", items=items)), 400, 20).startswith("items: ")
    draft = books.memo(CREDIT, autoPost=False)
    assert "draft" in refused(books.api.post(f"{CREDIT.path}/{draft['id']}/refund", refund("1.00")), 200, 30)
    refused(books.api.post(f"{CREDIT.path}/nobody/refund", refund("1.00")), 404, 40)
    assert books.next("refund") == 2
    books.api.ok("PUT", f"/v1/refunds/{made['id']}/cancel")
    assert settled(books.read(CREDIT, memo)) == (ZERO, ZERO, 10)


def test_unposting_is_refused_once_something_is_settled(books: Books) -> None:
    memo, debit = books.memo(CREDIT, "10.00"), books.memo(DEBIT, "10.00")
    books.step(CREDIT, memo, "apply", to_debit_memo(debit, "4.00"))
    for kind, document in ((CREDIT, memo), (DEBIT, debit)):
        message = refused(books.api.put(f"{kind.path}/{document['id']}/unpost"), 200, 30)
        assert "4.00 EUR" in message
    books.step(CREDIT, memo, "unapply")
    made = books.api.ok("POST", f"{CREDIT.path}/{memo['id']}/refund", refund("3.00"))
    assert "3.00 EUR" in refused(books.api.put(f"{CREDIT.path}/{memo['id']}/unpost"), 200, 30)
    books.api.ok("PUT", f"/v1/refunds/{made['id']}/cancel")
    assert books.step(DEBIT, debit, "unpost")["status"] == "Draft"


def test_a_reversal_takes_the_debit_memos_number_at_once(books: Books) -> None:
    memo = books.memo(CREDIT, "3.00", "4.00", effectiveDate="2026-02-01")
    answer = books.step(CREDIT, memo, "reverse", {"memoDate": "2026-02-03", "comment": "wrong", "reasonCode": "R"})
    assert answer["creditMemo"]["id"] == memo["id"]
    debit = books.read(DEBIT, answer["debitMemo"])
    assert (debit["number"], debit["status"], debit["amount"]) == (books.number(DEBIT, 1), "Posted", 7)
    assert (debit["balance"], debit["beAppliedAmount"], debit["debitMemoDate"]) == (0, 7, "2026-02-03")
    assert (debit["referredCreditMemoId"], debit["referredInvoiceId"]) == (memo["id"], None)
    assert (debit["sourceType"], debit["comment"], debit["reasonCode"]) == ("CreditMemo", "wrong", "R")
    reversed_memo = books.read(CREDIT, memo)
    assert (reversed_memo["reversed"], settled(reversed_memo)) == (True, (7, ZERO, ZERO))
    path = f"{CREDIT.path}/{memo['id']}"
    for action in ("reverse", "unapply", "unpost"):
        refused(books.api.put(f"{path}/{action}", {}), 200, 30)
    assert books.next("debitMemo") == 2


def test_a_reversal_that_is_refused_takes_no_number(books: Books) -> None:
    memo, invoice = books.memo(CREDIT, "7.00", effectiveDate="2026-02-02"), books.invoice("10.00")
    path = f"{CREDIT.path}/{memo['id']}/reverse"
    assert "2026-02-02" in refused(books.api.put(path, {"memoDate": "2026-02-01"}), 400, 20)
    early = {"memoDate": "2026-02-03", "applyEffectiveDate": "2026-02-02"}
    assert refused(books.api.put(path, early), 400, 20).startswith("applyEffectiveDate: ")
    books.step(CREDIT, memo, "apply", to_invoice(invoice, "2.00"))
    assert "2.00 EUR" in refused(books.api.put(path, {}), 200, 30)
    draft = books.memo(CREDIT, autoPost=False)
    assert "draft" in refused(books.api.put(f"{CREDIT.path}/{draft['id']}/reverse", {}), 200, 30)
    assert books.next("debitMemo") == 1


def test_a_reversed_credit_memo_credits_its_invoice_no_more(books: Books) -> None:
    invoice = books.invoice("10.00")
    memo = books.from_invoice(CREDIT, invoice, autoPost=True)
    refused(books.api.post(f"{CREDIT.path}/invoice/{invoice['id']}", {}), 200, 30)
    books.step(CREDIT, memo, "reverse", {})
    assert books.from_invoice(CREDIT, invoice)["amount"] == 10


def test_a_credit_memo_is_written_off_by_a_debit_memo(books: Books) -> None:
    memo = books.memo(CREDIT, "7.00", effectiveDate="2026-02-02")
    path = f"{CREDIT.path}/{memo['id']}/write-off"
    refused(books.api.put(path, {"memoDate": "2026-02-01"}), 400, 20)
    debit = books.read(DEBIT, books.api.ok("PUT", path, {"comment": "too old", "region__c": "north"})["debitMemo"])
    assert (debit["amount"], debit["balance"], debit["number"]) == (7, 0, books.number(DEBIT, 1))
    assert (debit["reasonCode"], debit["comment"], debit["region__c"]) == ("Write-off", "too old", "north")
    assert (books.read(CREDIT, memo)["reversed"], settled(books.read(CREDIT, memo))) == (False, (7, ZERO, ZERO))
    refused(books.api.put(path, {}), 200, 30)


def test_what_remains_of_a_debit_memo_is_written_off_by_a_credit_memo(books: Books) -> None:
    debit, memo = books.memo(DEBIT, "7.00"), books.memo(CREDIT, "2.00")
    books.step(CREDIT, memo, "apply", to_debit_memo(debit, "2.00"))
    path = f"{DEBIT.path}/{debit['id']}/write-off"
    assert "5.00 EUR" in refused(books.api.put(path, {"amount": "4.00"}), 400, 20)
    credit = books.read(CREDIT, books.api.ok("PUT", path, {"amount": "5.00"})["creditMemo"])
    assert (credit["amount"], settled(credit)) == (5, (5, ZERO, ZERO))
    assert (credit["number"], credit["sourceType"], credit["referredInvoiceId"]) == (
        books.number(CREDIT, 2),
        "DebitMemo",
        None,
    )
    assert books.read(DEBIT, debit)["balance"] == 0
    refused(books.api.put(path, {}), 200, 30)
    # It can be taken back like any other credit.
    assert settled(books.step(CREDIT, credit, "unapply")) == (ZERO, ZERO, 5)
    assert books.read(DEBIT, debit)["balance"] == 5
    whole = books.memo(DEBIT, "7.00")
    (item,) = books.api.ok("GET", f"{DEBIT.path}/{whole['id']}/items")["items"]
    lines: list[Json] = [{"debitMemoItemId": item["id"], "comment": "old"}]
    path = f"{DEBIT.path}/{whole['id']}/write-off"
    refused(books.api.put(path, {"items": [{**lines[0], "amountWithoutTax": 7}]}), 400, 20)
    made = books.api.ok("PUT", path, {"items": lines})["creditMemo"]
    (taken_back,) = books.api.ok("GET", f"{CREDIT.path}/{made['id']}/items")["items"]
    assert (taken_back["comment"], taken_back["sourceItemType"]) == ("old", "DebitMemoItem")


def test_an_invoice_is_unposted_only_once_its_memos_are_canceled(books: Books) -> None:
    invoice = books.invoice("10.00")
    memo = books.from_invoice(DEBIT, invoice, items=[line("1.00")])
    assert memo["number"] in refused(books.api.put(f"/v1/invoices/{invoice['id']}/unpost"), 200, 30)
    books.step(DEBIT, memo, "cancel")
    books.api.ok("PUT", f"/v1/invoices/{invoice['id']}/unpost")
