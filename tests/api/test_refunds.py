"""Refunds over HTTP: what is paid back of payments, what is taken back first, and what comes of canceling."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import PAYMENTS, REFUNDS, Ledger, new_refund, to_debit_memo, to_invoice
from tests.api.support import create_set, next_numbers, refused, unique_letters
from tests.servers import Api, Json


@pytest.fixture
def ledger(api: Api) -> Ledger:
    return Ledger(api)


class Applied:
    """A payment of 100, of which an invoice has 60, a debit memo 25, and 15 are unapplied."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.invoice, self.memo = ledger.invoice(60), ledger.debit_memo(25)
        self.id = str(ledger.payment(100, invoices=[to_invoice(self.invoice, 60)])["id"])
        ledger.api.ok("PUT", f"{PAYMENTS}/{self.id}/apply", {"debitMemos": [to_debit_memo(self.memo, 25)]})
        self.path = f"{PAYMENTS}/{self.id}/refunds/unapply"

    def refund(self, amount: object, **fields: object) -> Json:
        return self.ledger.api.ok("POST", self.path, new_refund(amount, **fields))

    def refused(self, status: int, category: int, amount: object, **fields: object) -> str:
        return refused(self.ledger.api.post(self.path, new_refund(amount, **fields)), status, category)

    def state(self) -> tuple[Any, ...]:
        """Unapplied, applied, refunded; what is owed of the invoice and of the debit memo."""
        ledger = self.ledger
        owed = ledger.invoice_balance(self.invoice), ledger.debit_memo_balance(self.memo)
        return (*ledger.settled(self.id), *owed)


@pytest.fixture
def applied(ledger: Ledger) -> Applied:
    made = Applied(ledger)
    assert made.state() == (15, 85, 0, 0, 0)
    return made


@pytest.mark.parametrize(
    ("currency", "amount", "part", "left", "too_fine"),
    (
        ("EUR", Decimal("10.10"), "10.09", Decimal("0.01"), "0.001"),
        ("JPY", 1010, "1009", 1, "0.5"),
        ("BHD", Decimal("1.234"), "1.233", Decimal("0.001"), "0.0001"),
    ),
)
def test_refunds_are_exact(api: Api, currency: str, amount: Any, part: str, left: Any, too_fine: str) -> None:
    ledger = Ledger(api, currency=currency)
    payment = ledger.payment(amount)
    path = f"{PAYMENTS}/{payment['number']}/refunds"
    refund = ledger.refund(payment["id"], part)
    assert (refund["amount"], refund["paymentId"]) == (Decimal(part), payment["id"])
    assert (refund["paymentNumber"], refund["creditMemoId"]) == (payment["number"], None)
    assert (refund["status"], refund["type"], refund["methodType"]) == ("Processed", "External", "Check")
    assert f'"amount":{part},' in api.get(f"{REFUNDS}/{refund['number']}").text
    assert refused(api.post(path, new_refund(too_fine)), 400, 20).startswith("totalAmount: ")
    message = refused(api.post(path, new_refund(amount)), 200, 30)
    assert f"cannot be refunded: only {left} {currency} of the payment {payment['number']} remain" in message
    assert ledger.refund(payment["id"], left)["amount"] == left
    assert ledger.settled(payment["id"]) == (0, 0, amount)


def test_only_what_is_unapplied_is_refunded(applied: Applied) -> None:
    api = applied.ledger.api
    path = f"{PAYMENTS}/{applied.id}/refunds"
    message = refused(api.post(path, new_refund("15.01")), 200, 30)
    assert message.startswith("15.01 EUR cannot be refunded: only 15.00 EUR of the payment")
    for amount in (0, -1):
        assert "above zero" in refused(api.post(path, new_refund(amount)), 200, 30)
    assert refused(api.post(path, new_refund(None)), 400, 22).startswith("totalAmount: ")
    assert applied.state() == (15, 85, 0, 0, 0)
    applied.ledger.refund(applied.id, 15)
    assert applied.state() == (0, 85, 15, 0, 0)


def test_a_refund_takes_back_what_it_names(applied: Applied) -> None:
    named: Json = {
        "invoices": [to_invoice(applied.invoice, "10.50")],
        "debitMemos": [to_debit_memo(applied.memo, "4.25")],
    }
    for wrong in ("14.74", "14.76", 15):
        message = applied.refused(400, 20, wrong, **named)
        assert message.startswith("totalAmount: ")
        assert "14.75 EUR" in message
    assert applied.state() == (15, 85, 0, 0, 0)
    assert applied.refund("14.75", **named)["amount"] == Decimal("14.75")
    assert applied.state() == (15, Decimal("70.25"), Decimal("14.75"), Decimal("10.5"), Decimal("4.25"))
    assert applied.refund(None, **named)["amount"] == Decimal("14.75")
    message = applied.refused(200, 30, None, invoices=[to_invoice(applied.invoice, 40)])
    assert "40.00 EUR cannot be unapplied: only 39.00 EUR" in message
    stranger = applied.ledger.invoice(5)
    assert "only 0.00 EUR" in applied.refused(200, 30, None, invoices=[to_invoice(stranger, 1)])
    assert applied.state() == (15, Decimal("55.5"), Decimal("29.5"), 21, Decimal("8.5"))


def test_a_refund_that_names_nothing_takes_back_as_much_the_latest_first(applied: Applied) -> None:
    applied.refund(30)
    assert applied.state() == (15, 55, 30, 5, 25)
    message = applied.refused(200, 30, "70.01")
    assert "70.01 EUR cannot be refunded: only 70.00 EUR of the payment" in message
    for amount in (0, -1):
        assert "above zero" in applied.refused(200, 30, amount)
    assert applied.state() == (15, 55, 30, 5, 25)
    applied.refund(60)
    assert applied.state() == (10, 0, 90, 60, 25)


def test_a_refund_without_an_amount_is_of_all_that_is_left(applied: Applied) -> None:
    applied.ledger.refund(applied.id, 5)
    assert applied.refund(None)["amount"] == 95
    assert applied.state() == (0, 0, 100, 60, 25)
    assert "above zero" in applied.refused(200, 30, None)


def test_a_canceled_refund_gives_back_its_amount_once(applied: Applied) -> None:
    api, refund = applied.ledger.api, applied.refund(None)
    path = f"{REFUNDS}/{refund['number']}"
    assert "canceled" in refused(api.delete(path), 200, 30)
    canceled = api.ok("PUT", f"{path}/cancel")
    assert (canceled["status"], canceled["number"]) == ("Canceled", refund["number"])
    assert canceled["cancelledOn"] is not None
    assert (canceled["paymentId"], canceled["amount"]) == (applied.id, 100)
    # What the refund took back stays taken back: the payment is whole, and unapplied.
    assert applied.state() == (100, 0, 0, 60, 25)
    assert "is canceled" in refused(api.put(f"{path}/cancel"), 200, 30)
    assert applied.state() == (100, 0, 0, 60, 25)
    assert refund["number"] in refused(api.delete(path), 200, 30)
    assert api.ok("GET", path)["status"] == "Canceled"
    assert "canceled" in refused(api.put(path, {"comment": "too late"}), 200, 30)


def test_a_refund_of_a_credit_memo_reads_and_cancels_like_any_other(ledger: Ledger) -> None:
    api, memo = ledger.api, ledger.credit_memo(10)
    refund = api.ok("POST", f"/v1/credit-memos/{memo}/refund", new_refund("7.50"))
    assert ledger.metrics()["unappliedCreditMemoAmount"] == Decimal("2.50")
    found = api.ok("GET", f"{REFUNDS}/{refund['number']}")
    assert (found["creditMemoId"], found["paymentId"], found["paymentNumber"]) == (memo, None, None)
    (part,) = api.ok("GET", f"{REFUNDS}/{refund['id']}/parts")["parts"]
    assert (part["creditMemoId"], part["paymentId"], part["amount"]) == (memo, None, Decimal("7.50"))
    listed = api.ok("GET", f"{REFUNDS}?accountId={ledger.account_id}")["refunds"]
    assert [(each["id"], each["creditMemoId"]) for each in listed] == [(refund["id"], memo)]
    assert api.ok("GET", f"{REFUNDS}?paymentId={memo}")["refunds"] == []
    assert api.ok("PUT", f"{REFUNDS}/{refund['id']}/cancel")["creditMemoId"] == memo
    assert ledger.metrics()["unappliedCreditMemoAmount"] == 10


def test_the_one_part_of_a_refund(ledger: Ledger) -> None:
    payment = ledger.payment(10)
    refund = ledger.refund(payment["id"], "4.20")
    path = f"{REFUNDS}/{refund['number']}/parts"
    (part,) = ledger.api.ok("GET", path)["parts"]
    assert (part["paymentId"], part["creditMemoId"], part["amount"]) == (payment["id"], None, Decimal("4.20"))
    one = ledger.api.ok("GET", f"{path}/{part['id']}")
    assert {name: one[name] for name in part} == part
    refused(ledger.api.get(f"{path}/nobody"), 404, 40)


def test_numbers_come_from_the_accounts_set_and_else_from_default(api: Api) -> None:
    prefix = unique_letters()
    own, without = create_set(api, prefix, start=3), create_set(api, refund=None)
    numbered, plain = Ledger(api, sequenceSetId=own["id"]), Ledger(api, sequenceSetId=without["id"])
    payment = numbered.payment(10)
    assert [numbered.refund(payment["id"], 1)["number"] for _ in range(2)] == [
        f"{prefix}R-00000003",
        f"{prefix}R-00000004",
    ]
    before = next_numbers(api, "DEFAULT")["refund"]
    assert plain.refund(plain.payment(1)["id"], 1)["number"] == f"R-{before:08d}"
    bare = Ledger(api)
    payment = bare.payment(1)
    assert bare.refund(payment["id"], 1)["number"] == f"R-{before + 1:08d}"
    refused(api.post(f"{PAYMENTS}/{payment['id']}/refunds", new_refund(1)), 200, 30)
    assert next_numbers(api, "DEFAULT")["refund"] == before + 2
    assert next_numbers(api, own["id"])["refund"] == 5


def test_everything_that_zuora_documents_is_kept_and_read_back(ledger: Ledger) -> None:
    kept = {
        "comment": "for the delay",
        "customRates": [{"currency": "USD", "customFxRate": Decimal("1.0812345")}],
        "gatewayOptions": {"key": "k", "value": "v"},
        "methodType": "WireTransfer",
        "reasonCode": "Standard Refund",
        "referenceId": "reference",
        "secondRefundReferenceId": "second",
        "softDescriptor": "soft",
        "softDescriptorPhone": "0800",
        "IntegrationId__NS": "1",
        "IntegrationStatus__NS": "2",
        "Origin__NS": "3",
        "SyncDate__NS": "4",
        "SynctoNetSuite__NS": "Yes",
        "region__c": "north",
    }
    payment = ledger.payment(10, effectiveDate="2026-02-27")
    finance = {"bankAccountAccountingCode": "bank"}
    fields = {"refundDate": "2026-02-28", "financeInformation": finance, **kept}
    refund = ledger.refund(payment["id"], 4, **fields)
    body = new_refund(4, refundTransactionType="Chargeback", writeOff=False, **fields)
    unapplied = ledger.api.ok("POST", f"{PAYMENTS}/{payment['id']}/refunds/unapply", body)
    assert unapplied["refundTransactionType"] == "Chargeback"
    for made in (refund, unapplied):
        shown = ledger.api.ok("GET", f"{REFUNDS}/{made['number']}")
        assert shown == made
        assert {name: shown[name] for name in kept} == kept
        assert shown["financeInformation"]["bankAccountAccountingCode"] == "bank"
        assert shown["refundDate"] == "2026-02-28"
    changed = {"comment": "", "payoutId": "payout", "reasonCode": "Other", "region__c": None, "Origin__NS": "9"}
    answer = ledger.api.ok("PUT", f"{REFUNDS}/{refund['number']}", changed)
    assert answer == {**refund, **changed, "updatedDate": answer["updatedDate"]}
    assert ledger.api.ok("GET", f"{REFUNDS}/{refund['id']}") == answer


@pytest.mark.parametrize(
    ("changes", "status", "category", "message"),
    (
        ({"type": "Electronic"}, 200, 30, "gateway"),
        ({"type": "Cash"}, 400, 20, "type: "),
        ({"refundDate": "2026-02-26"}, 400, 20, "refundDate: "),
        ({"refundDate": "soon"}, 400, 20, "refundDate: "),
        ({"totalAmount": "ten"}, 400, 20, "totalAmount: "),
        ({"reasonCode": "x" * 256}, 400, 20, "reasonCode: "),
        ({"nonsense": 1}, 400, 21, "nonsense: "),
        ({"customRates": [{"currency": "XX", "customFxRate": 1}]}, 400, 20, "customRates[0].currency: "),
    ),
)
@pytest.mark.parametrize("path", ("refunds", "refunds/unapply"))
def test_a_refund_that_is_wrong_says_why(
    ledger: Ledger, path: str, changes: Json, status: int, category: int, message: str
) -> None:
    payment = ledger.payment(10, effectiveDate="2026-02-27")
    answer = ledger.api.post(f"{PAYMENTS}/{payment['id']}/{path}", {**new_refund(1), **changes})
    assert message in refused(answer, status, category)
    assert ledger.settled(payment["id"]) == (10, 0, 0)


def test_nothing_is_written_off_by_a_refund(applied: Applied) -> None:
    for fields in ({"writeOff": True}, {"writeOffOptions": {"comment": "x"}}):
        assert applied.refused(400, 20, None, **fields).startswith("writeOff: ")
    assert applied.state() == (15, 85, 0, 0, 0)


def test_refunds_are_listed_by_every_documented_filter(ledger: Ledger) -> None:
    api = ledger.api
    first, second = ledger.payment(100, effectiveDate="2026-01-01"), ledger.payment(100, effectiveDate="2026-01-01")
    small = ledger.refund(first["id"], "10.50", refundDate="2026-01-31", methodType="Cash")
    large = ledger.refund(second["id"], 99, refundDate="2026-02-01")
    gone = ledger.refund(first["id"], 5)
    api.ok("PUT", f"{REFUNDS}/{gone['id']}/cancel")

    def ids(query: str) -> list[str]:
        found = api.ok("GET", f"{REFUNDS}?accountId={ledger.account_id}&{query}")["refunds"]
        return [refund["id"] for refund in found]

    everything = [gone["id"], large["id"], small["id"]]
    day = small["createdDate"][:10]
    for query, wanted in (
        ("amount=10.50", [small["id"]]),
        (f"number={large['number']}", [large["id"]]),
        (f"paymentId={first['id']}", [gone["id"], small["id"]]),
        (f"paymentId={second['number']}", [large["id"]]),
        ("paymentId=nobody", []),
        ("methodType=Cash", [small["id"]]),
        ("methodType=Check", [gone["id"], large["id"]]),
        ("methodType=ACH", []),
        ("refundDate=2026-01-31", [small["id"]]),
        ("status=Processed", [large["id"], small["id"]]),
        ("status=Canceled", [gone["id"]]),
        ("status=Error", []),
        ("status=Processing", []),
        ("type=External", everything),
        ("type=Electronic", []),
        (f"createdDate={day}&createdById={small['createdById']}", everything),
        (f"updatedDate={gone['updatedDate'][:10]}", everything),
        (f"updatedById={unique_letters()}", []),
        ("sort=-amount", [gone["id"], small["id"], large["id"]]),
        ("sort=-refundDate", [small["id"], large["id"], gone["id"]]),
        ("sort=-paymentId,-number", [small["id"], gone["id"], large["id"]]),
        ("sort=-updatedById,-number", everything[::-1]),
    ):
        assert ids(query) == wanted, query
    for query in ("status=Draft", "type=Cash", "amount=NaN", "sort=methodType", "refundDate=x", "gateway=1"):
        refused(api.get(f"{REFUNDS}?{query}"), 400, 27)
    page = api.ok("GET", f"{REFUNDS}?accountId={ledger.account_id}&sort=-number&pageSize=2")
    rest = api.ok("GET", page["nextPage"].removeprefix(api.url))
    assert [refund["id"] for refund in page["refunds"] + rest["refunds"]] == everything[::-1]
    assert {refund["paymentId"] for refund in page["refunds"]} == {first["id"], second["id"]}


def test_what_does_not_exist_or_may_not_be_seen_is_not_found(ledger: Ledger, entity: Api) -> None:
    payment = ledger.payment(10)
    refund = ledger.refund(payment["id"], 1)
    for api, key in ((ledger.api, "nobody"), (ledger.api, payment["id"]), (entity, refund["id"])):
        path = f"{REFUNDS}/{key}"
        for answer in (
            api.get(path),
            api.get(f"{path}/parts"),
            api.get(f"{path}/parts/{key}"),
            api.put(path, {"comment": "x"}),
            api.put(f"{path}/cancel"),
            api.delete(path),
        ):
            assert key in refused(answer, 404, 40)
    assert entity.ok("GET", REFUNDS)["refunds"] == []


def test_concurrent_refunds_and_applications_share_one_payment(ledger: Ledger) -> None:
    """Ten refunds and ten applications of 10 reach at once for a payment of 100: ten of them are granted."""
    invoice, payment = ledger.invoice(100), ledger.payment(100)
    path = f"{PAYMENTS}/{payment['id']}"

    def act(index: int) -> bool:
        if index % 2:
            answer = ledger.api.post(f"{path}/refunds", new_refund(10))
        else:
            answer = ledger.api.put(f"{path}/apply", {"invoices": [to_invoice(invoice, 10)]})
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["success"])

    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(act, range(20)))
    refunded, applied = 10 * sum(granted[1::2]), 10 * sum(granted[0::2])
    assert refunded + applied == 100
    assert ledger.settled(payment["id"]) == (0, applied, refunded)
    assert ledger.invoice_balance(invoice) == 100 - applied
    refunds = ledger.api.ok("GET", f"{REFUNDS}?paymentId={payment['id']}&pageSize=40")["refunds"]
    assert sum(refund["amount"] for refund in refunds) == refunded
