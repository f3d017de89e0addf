"""Payments over HTTP: exact amounts, what they are applied to, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import PAYMENTS, Ledger, to_debit_memo, to_invoice, total
from tests.api.support import create_set, next_numbers, refused, unique_letters
from tests.servers import Api, Json, Server

CURRENCIES = (
    ("EUR", Decimal("1234567.89"), "1234567.88", Decimal("0.01"), "0.001"),
    ("JPY", 123456, "123455", 1, "0.1"),
    ("BHD", Decimal("1234.567"), "1234.566", Decimal("0.001"), "0.0001"),
)
"""A currency, an amount, the amount less its smallest unit as a text, that unit, and one that is too fine."""


@pytest.fixture
def ledger(api: Api) -> Ledger:
    return Ledger(api)


@pytest.mark.parametrize(("currency", "amount", "less", "unit", "too_fine"), CURRENCIES)
def test_amounts_are_exact_as_numbers_and_as_texts(
    api: Api, currency: str, amount: Any, less: str, unit: Any, too_fine: str
) -> None:
    ledger = Ledger(api, currency=currency)
    invoice = ledger.invoice(str(amount))
    by_number, by_text = ledger.payment(amount), ledger.payment(str(amount))
    for payment in (by_number, by_text):
        assert (payment["amount"], payment["unappliedAmount"]) == (amount, amount)
        assert (payment["currency"], payment["status"], payment["type"]) == (currency, "Processed", "External")
    answer = api.get(f"{PAYMENTS}/{by_text['id']}")
    assert f'"amount":{amount},' in answer.text
    applied = api.ok("PUT", f"{PAYMENTS}/{by_number['id']}/apply", {"invoices": [to_invoice(invoice, less)]})
    assert (applied["appliedAmount"], applied["unappliedAmount"]) == (Decimal(less), unit)
    assert ledger.invoice_balance(invoice) == unit
    api.ok("PUT", f"{PAYMENTS}/{by_text['id']}/apply", {"invoices": [to_invoice(invoice, unit)]})
    assert ledger.invoice_balance(invoice) == 0
    assert ledger.settled(by_text["id"]) == (Decimal(less), unit, 0)
    for body in (ledger.new_payment(too_fine), ledger.new_payment(Decimal(too_fine))):
        message = refused(api.post(PAYMENTS, body), 400, 20)
        assert message.startswith("amount: ")
        assert currency in message
    portion = {"invoices": [to_invoice(invoice, too_fine)]}
    message = refused(api.put(f"{PAYMENTS}/{by_number['id']}/apply", portion), 400, 20)
    assert message.startswith("invoices[0].amount: ")


def test_a_payment_is_applied_to_everything_it_names_or_not_made(ledger: Ledger) -> None:
    invoice, memo = ledger.invoice(Decimal("40.00")), ledger.debit_memo(Decimal("4.10"))
    portions: Json = {"invoices": [to_invoice(invoice, Decimal("40.00"))], "debitMemos": [to_debit_memo(memo, "4.10")]}
    payment = ledger.payment("44.10", **portions)
    assert (payment["appliedAmount"], payment["unappliedAmount"]) == (Decimal("44.10"), 0)
    assert (ledger.invoice_balance(invoice), ledger.debit_memo_balance(memo)) == (0, 0)
    other = ledger.invoice(10)
    before = next_numbers(ledger.api, "DEFAULT")["payment"]
    body = ledger.new_payment(20, invoices=[to_invoice(other, 10), to_invoice(invoice, "0.01")])
    message = refused(ledger.api.post(PAYMENTS, body), 200, 30)
    assert "0.01 EUR cannot be applied: only 0.00 EUR of the invoice" in message
    assert ledger.invoice_balance(other) == 10
    assert next_numbers(ledger.api, "DEFAULT")["payment"] == before


def test_parts_tell_what_a_payment_is_applied_to(ledger: Ledger) -> None:
    invoice, memo = ledger.invoice(40), ledger.debit_memo("4.10")
    payment = ledger.payment(50, invoices=[to_invoice(invoice, 40)], debitMemos=[to_debit_memo(memo, "4.10")])
    path = f"{PAYMENTS}/{payment['number']}/parts"
    parts = ledger.api.ok("GET", path)["parts"]
    shown = {(part["invoiceId"], part["debitMemoId"], part["amount"]) for part in parts}
    assert shown == {(invoice, None, 40), (None, memo, Decimal("4.10"))}
    for part in parts:
        assert part["billingDocumentOwnerId"] == ledger.account_id
        one = ledger.api.ok("GET", f"{path}/{part['id']}")
        assert {name: one[name] for name in part} == part
        assert one["paymentPart"] == part
    first = ledger.api.ok("GET", f"{path}?pageSize=1")
    assert [part["id"] for part in first["parts"]] == [parts[0]["id"]]
    second = ledger.api.ok("GET", first["nextPage"].removeprefix(ledger.api.url))
    assert [part["id"] for part in second["parts"]] == [parts[1]["id"]]
    assert "nextPage" not in second
    assert "nobody" in refused(ledger.api.get(f"{path}/nobody"), 404, 40)
    ledger.api.ok("PUT", f"{PAYMENTS}/{payment['id']}/unapply", {"invoices": [to_invoice(invoice, 40)]})
    assert [part["debitMemoId"] for part in ledger.api.ok("GET", path)["parts"]] == [memo]


def test_more_than_remains_is_refused_with_the_amounts(ledger: Ledger) -> None:
    api, invoice = ledger.api, ledger.invoice("99.99")
    payment = ledger.payment(50)
    path = f"{PAYMENTS}/{payment['id']}"
    message = refused(api.put(f"{path}/apply", {"invoices": [to_invoice(invoice, "50.01")]}), 200, 30)
    assert message.startswith(f"50.01 EUR cannot be applied: only 50.00 EUR of the payment {payment['number']}")
    rich = ledger.payment(1000)
    message = refused(api.put(f"{PAYMENTS}/{rich['id']}/apply", {"invoices": [to_invoice(invoice, 100)]}), 200, 30)
    assert "100.00 EUR cannot be applied: only 99.99 EUR of the invoice" in message
    api.ok("PUT", f"{path}/apply", {"invoices": [to_invoice(invoice, 20)]})
    message = refused(api.put(f"{path}/unapply", {"invoices": [to_invoice(invoice, "20.01")]}), 200, 30)
    assert message.startswith("20.01 EUR cannot be unapplied: only 20.00 EUR")
    for portion in (to_invoice(invoice, 0), to_invoice(invoice, -1)):
        for step in ("apply", "unapply"):
            assert "above zero" in refused(api.put(f"{path}/{step}", {"invoices": [portion]}), 200, 30)
    assert ledger.settled(payment["id"]) == (30, 20, 0)
    assert ledger.settled(rich["id"]) == (1000, 0, 0)
    assert ledger.invoice_balance(invoice) == Decimal("79.99")


def test_payments_stay_within_their_account_and_currency(ledger: Ledger) -> None:
    api, other, foreign = ledger.api, Ledger(ledger.api), Ledger(ledger.api, currency="USD")
    payment = ledger.payment(10)
    path = f"{PAYMENTS}/{payment['id']}/apply"
    for stranger in (other, foreign):
        invoice = stranger.invoice(10)
        message = refused(api.put(path, {"invoices": [to_invoice(invoice, 1)]}), 200, 30)
        assert payment["number"] in message
        assert "within one account" in message
        body = ledger.new_payment(10, invoices=[to_invoice(invoice, 1)])
        assert "within one account" in refused(api.post(PAYMENTS, body), 200, 30)
        assert stranger.invoice_balance(invoice) == 10
    message = refused(api.post(PAYMENTS, ledger.new_payment(10, currency="USD")), 200, 30)
    assert "kept in EUR, not USD" in message
    assert "ISO 4217" in refused(api.post(PAYMENTS, ledger.new_payment(10, currency="XXX")), 400, 20)
    numbers = {"accountNumber": api.ok("GET", f"/v1/accounts/{other.account_id}")["basicInfo"]["accountNumber"]}
    assert "name one account" in refused(api.post(PAYMENTS, ledger.new_payment(10, **numbers)), 400, 20)


@pytest.mark.parametrize("verb", ("apply", "create"))
def test_nothing_is_applied_to_what_is_not_posted(ledger: Ledger, verb: str) -> None:
    api, payment = ledger.api, ledger.payment(10)
    draft, memo = ledger.invoice(10, status="Draft"), ledger.debit_memo(10, post=False)
    canceled = ledger.debit_memo(10, post=False)
    api.ok("PUT", f"/v1/debit-memos/{canceled}/cancel")
    for portions, state in (
        ({"invoices": [to_invoice(draft, 1)]}, "draft"),
        ({"debitMemos": [to_debit_memo(memo, 1)]}, "draft"),
        ({"debitMemos": [to_debit_memo(canceled, 1)]}, "canceled"),
    ):
        if verb == "apply":
            answer = api.put(f"{PAYMENTS}/{payment['id']}/apply", portions)
        else:
            answer = api.post(PAYMENTS, ledger.new_payment(10, **portions))
        assert f"is {state}" in refused(answer, 200, 30)
    assert ledger.settled(payment["id"]) == (10, 0, 0)


def test_portions_are_named_as_they_should_be(ledger: Ledger) -> None:
    api, invoice = ledger.api, ledger.invoice(10)
    number = api.ok("GET", f"/v1/invoices/{invoice}")["invoiceNumber"]
    path = f"{PAYMENTS}/{ledger.payment(10)['number']}/apply"
    for body, category, field in (
        ({}, 22, "invoices"),
        ({"invoices": [{"amount": 1}]}, 22, "invoices[0].invoiceId"),
        ({"debitMemos": [{"amount": 1, "debitMemoId": ""}]}, 22, "debitMemos[0].debitMemoId"),
        ({"invoices": [{"invoiceId": invoice}]}, 22, "invoices[0].amount"),
        ({"invoices": [{**to_invoice(invoice, 1), "invoiceNumber": number}]}, 20, "invoices[0].invoiceNumber"),
        ({"invoices": [{**to_invoice(invoice, 1), "items": [{"amount": 1}]}]}, 20, "invoices[0].items"),
        ({"invoices": [{**to_invoice(invoice, 1), "debitMemoId": "x"}]}, 21, "invoices[0].debitMemoId"),
        ({"invoices": [to_invoice(invoice, 1)], "creditMemos": []}, 21, "creditMemos"),
        ({"invoices": [to_invoice(invoice, "ten")]}, 20, "invoices[0].amount"),
        ({"invoices": [to_invoice(invoice, "NaN")]}, 20, "invoices[0].amount"),
        ({"invoices": [to_invoice(invoice, 1)] * 1001}, 20, "invoices"),
    ):
        assert refused(api.put(path, body), 400, category).startswith(f"{field}: ")
    memo = ledger.debit_memo(10)
    for body in ({"invoices": [to_invoice(memo, 1)]}, {"debitMemos": [to_debit_memo(invoice, 1)]}):
        refused(api.put(path, body), 404, 40)
    by_number = {"invoices": [{"invoiceNumber": number, "amount": 3}, {"invoiceId": number, "amount": 4}]}
    assert api.ok("PUT", path, by_number)["appliedAmount"] == 7
    assert ledger.invoice_balance(invoice) == 3


def test_what_a_payment_gateway_would_do_is_refused(ledger: Ledger) -> None:
    api, before = ledger.api, next_numbers(ledger.api, "DEFAULT")["payment"]
    message = refused(api.post(PAYMENTS, ledger.new_payment(10, type="Electronic")), 200, 30)
    assert "gateway" in message
    assert "External" in message
    assert "gateway" in refused(api.post(PAYMENTS, ledger.new_payment(10, standalone=True)), 200, 30)
    secret = unique_letters(20)
    answer = api.post(PAYMENTS, ledger.new_payment(10, cryptogram=secret))
    assert refused(answer, 400, 20).startswith("cryptogram: ")
    assert secret not in answer.text
    assert next_numbers(api, "DEFAULT")["payment"] == before


@pytest.mark.parametrize(
    ("changes", "category", "field"),
    (
        ({"amount": 0}, 20, "amount"),
        ({"amount": -1}, 20, "amount"),
        ({"amount": "ten"}, 20, "amount"),
        ({"amount": "1e16"}, 20, "amount"),
        ({"amount": None}, 20, "amount"),
        ({"type": "Cash"}, 20, "type"),
        ({"accountId": None}, 22, "accountId"),
        ({"effectiveDate": "tomorrow"}, 20, "effectiveDate"),
        ({"comment": "x" * 256}, 20, "comment"),
        ({"referenceId": "x" * 101}, 20, "referenceId"),
        ({"customRates": [{"currency": "XX", "customFxRate": 1}]}, 20, "customRates[0].currency"),
        ({"customRates": [{"currency": "USD", "customFxRate": "NaN"}]}, 20, "customRates[0].customFxRate"),
        ({"nonsense": 1}, 21, "nonsense"),
    ),
)
def test_a_payment_that_is_wrong_names_its_field(ledger: Ledger, changes: Json, category: int, field: str) -> None:
    message = refused(ledger.api.post(PAYMENTS, ledger.new_payment(10) | changes), 400, category)
    assert message.startswith(f"{field}: ")


def test_everything_that_zuora_documents_is_kept_and_read_back(ledger: Ledger) -> None:
    kept = {
        "authTransactionId": "auth",
        "balanceRefresh": True,
        "comment": "normal payment",
        "customRates": [{"currency": "USD", "customFxRate": Decimal("1.0812345"), "rateDate": "2026-02-28"}],
        "gatewayId": "gateway",
        "gatewayOptions": {"key": "k", "value": "v"},
        "gatewayOrderId": "order",
        "mitTransactionSource": "M_MOTO",
        "paymentGatewayNumber": "PG-00000001",
        "paymentMethodId": "method",
        "paymentMethodType": "WireTransfer",
        "paymentOption": [{"type": "GatewayOptions", "detail": {"key": "a", "value": "b"}}],
        "paymentScheduleKey": "PS-1",
        "prepayment": False,
        "referenceId": "reference",
        "softDescriptor": "soft",
        "softDescriptorPhone": "0800",
        "IntegrationId__NS": "1",
        "IntegrationStatus__NS": "2",
        "Origin__NS": "3",
        "SyncDate__NS": "4",
        "Transaction__NS": "5",
        "region__c": {"name": "north"},
    }
    finance = {"bankAccountAccountingCode": "bank", "transferredToAccounting": "Yes"}
    body = ledger.new_payment(10, financeInformation=finance, effectiveDate="2026-02-27", standalone=False, **kept)
    payment = ledger.api.ok("POST", PAYMENTS, body)
    for shown in (payment, ledger.read_payment(payment["number"])):
        assert {name: shown[name] for name in kept} == kept
        assert finance.items() <= shown["financeInformation"].items()
        assert (shown["effectiveDate"], shown["standalone"]) == ("2026-02-27", False)
    changed = {"comment": "", "gatewayState": "Settled", "payoutId": "payout", "region__c": "south", "Origin__NS": "9"}
    ledger.api.ok("PUT", f"{PAYMENTS}/{payment['number']}", changed)
    shown = ledger.read_payment(payment["id"])
    assert {**payment, **changed, "updatedDate": shown["updatedDate"]} == shown


def test_only_what_is_kept_of_a_payment_changes(ledger: Ledger) -> None:
    path = f"{PAYMENTS}/{ledger.payment(10)['id']}"
    for field in ("amount", "currency", "effectiveDate", "number", "type", "invoices"):
        assert refused(ledger.api.put(path, {field: "1"}), 400, 21).startswith(f"{field}: ")
    ledger.api.ok("PUT", f"{path}/cancel")
    assert "canceled" in refused(ledger.api.put(path, {"comment": "too late"}), 200, 30)


def test_numbers_come_from_the_accounts_set_and_else_from_default(api: Api) -> None:
    prefix = unique_letters()
    own = create_set(api, prefix, start=7)
    without = create_set(api, payment=None, refund=None)
    numbered, plain = Ledger(api, sequenceSetId=own["id"]), Ledger(api, sequenceSetId=without["id"])
    bare = Ledger(api)
    assert [numbered.payment(1)["number"] for _ in range(2)] == [f"{prefix}P-00000007", f"{prefix}P-00000008"]
    before = next_numbers(api, "DEFAULT")["payment"]
    assert plain.payment(1)["number"] == f"P-{before:08d}"
    assert bare.payment(1)["number"] == f"P-{before + 1:08d}"
    assert next_numbers(api, own["id"])["payment"] == 9
    given = f"OWN-{prefix}"
    assert bare.payment(1, number=given)["number"] == given
    assert given in refused(api.post(PAYMENTS, bare.new_payment(1, number=given)), 200, 30)
    assert "falls into the payment series" in refused(
        api.post(PAYMENTS, bare.new_payment(1, number="P-99999999")), 200, 30
    )
    assert next_numbers(api, "DEFAULT")["payment"] == before + 2


def test_only_an_untouched_payment_is_canceled_and_it_keeps_its_number(ledger: Ledger) -> None:
    api, invoice, payment = ledger.api, ledger.invoice(10), ledger.payment(10)
    path = f"{PAYMENTS}/{payment['id']}"
    assert "canceled" in refused(api.delete(path), 200, 30)
    api.ok("PUT", f"{path}/apply", {"invoices": [to_invoice(invoice, "2.50")]})
    assert "2.50 EUR are applied" in refused(api.put(f"{path}/cancel"), 200, 30)
    api.ok("PUT", f"{path}/unapply", {"invoices": [to_invoice(invoice, "2.50")]})
    refund = ledger.refund(payment["id"], 1)
    assert "1.00 EUR refunded" in refused(api.put(f"{path}/cancel"), 200, 30)
    api.ok("PUT", f"/v1/refunds/{refund['id']}/cancel")
    canceled = api.ok("PUT", f"{path}/cancel")
    assert (canceled["status"], canceled["number"]) == ("Canceled", payment["number"])
    assert canceled["cancelledOn"] is not None
    for answer in (
        api.put(f"{path}/cancel"),
        api.put(f"{path}/apply", {"invoices": [to_invoice(invoice, 1)]}),
        api.post(f"{path}/refunds", {"totalAmount": 1, "type": "External"}),
    ):
        assert "is canceled" in refused(answer, 200, 30)
    assert payment["number"] in refused(api.delete(path), 200, 30)
    assert ledger.read_payment(payment["number"])["status"] == "Canceled"
    assert ledger.metrics()["unappliedPaymentAmount"] == 0


def test_payments_are_listed_by_every_documented_filter(ledger: Ledger) -> None:
    api, invoice = ledger.api, ledger.invoice(100)
    small = ledger.payment("10.50", effectiveDate="2026-01-31", invoices=[to_invoice(invoice, 4)])
    large = ledger.payment(99, effectiveDate="2026-02-01")
    ledger.refund(large["id"], "9.25")
    gone = ledger.payment(5)
    api.ok("PUT", f"{PAYMENTS}/{gone['id']}/cancel")
    number = api.ok("GET", f"/v1/accounts/{ledger.account_id}")["basicInfo"]["accountNumber"]

    def ids(query: str) -> list[str]:
        found = api.ok("GET", f"{PAYMENTS}?accountId={ledger.account_id}&{query}")["payments"]
        return [payment["id"] for payment in found]

    everything = [gone["id"], large["id"], small["id"]]
    day, created = small["createdDate"][:10], small["createdDate"].replace(" ", "%20")
    for query, wanted in (
        (f"accountNumber={number}", everything),
        ("amount=10.5", [small["id"]]),
        ("appliedAmount=4", [small["id"]]),
        ("unappliedAmount=6.50", [small["id"]]),
        ("refundAmount=9.25", [large["id"]]),
        ("creditBalanceAmount=0", everything),
        ("creditBalanceAmount=1", []),
        ("currency=EUR", everything),
        ("currency=USD", []),
        ("effectiveDate=2026-01-31", [small["id"]]),
        ("effectiveDate=2026-01-31T00:00:00.000000", [small["id"]]),
        (f"createdDate={day}T00:00:00.000000", everything),
        ("createdDate=2020-01-01T14:28:06.000000%2B0000", []),
        (f"number={large['number']}", [large["id"]]),
        ("status=Processed", [large["id"], small["id"]]),
        ("status=Canceled", [gone["id"]]),
        *((f"status={status}", []) for status in ("Draft", "Posted", "Error", "Processing")),
        ("type=External", everything),
        ("type=Electronic", []),
        (f"createdDate={day}&createdById={small['createdById']}", everything),
        (f"updatedById={unique_letters()}", []),
        ("sort=-amount", [gone["id"], small["id"], large["id"]]),
        ("sort=appliedAmount,-number", [small["id"], large["id"], gone["id"]]),
        ("sort=-unappliedAmount", [gone["id"], small["id"], large["id"]]),
        ("sort=refundAmount,number", [large["id"], gone["id"], small["id"]]),
        ("sort=-effectiveDate", [small["id"], large["id"], gone["id"]]),
        ("sort=creditBalanceAmount", everything),
        ("sort=-updatedById,-number", everything[::-1]),
    ):
        assert ids(query) == wanted, query
    assert small["id"] in ids(f"createdDate={created}")
    for query in (
        "status=Paid",
        "type=Cash",
        "amount=NaN",
        "unappliedAmount=x",
        "sort=colour",
        "effectiveDate=x",
        "createdDate=x%2B0000",
    ):
        refused(api.get(f"{PAYMENTS}?{query}"), 400, 27)
    page = api.ok("GET", f"{PAYMENTS}?accountId={ledger.account_id}&sort=-number&pageSize=2")
    rest = api.ok("GET", page["nextPage"].removeprefix(api.url))
    assert [payment["id"] for payment in page["payments"] + rest["payments"]] == everything[::-1]


def test_what_does_not_exist_or_may_not_be_seen_is_not_found(ledger: Ledger, entity: Api, server: Server) -> None:
    payment = ledger.payment(10)
    memo = ledger.credit_memo(10)
    auditor = server.create_client("auditor")
    with server.api(auditor) as reader:
        assert reader.ok("GET", f"{PAYMENTS}/{payment['id']}")["id"] == payment["id"]
        refused(reader.post(PAYMENTS, ledger.new_payment(1)), 403, 10)
        refused(reader.put(f"{PAYMENTS}/{payment['id']}/cancel"), 403, 10)
    for api, key in ((ledger.api, "nobody"), (ledger.api, memo), (entity, payment["id"])):
        path = f"{PAYMENTS}/{key}"
        for answer in (
            api.get(path),
            api.get(f"{path}/parts"),
            api.put(path, {"comment": "x"}),
            api.put(f"{path}/cancel"),
            api.put(f"{path}/apply", {"invoices": [to_invoice("x", 1)]}),
            api.delete(path),
            api.post(f"{path}/refunds", {"totalAmount": 1, "type": "External"}),
            api.post(f"{path}/refunds/unapply", {"totalAmount": 1, "type": "External"}),
        ):
            assert key in refused(answer, 404, 40)


def test_an_idempotent_payment_is_made_once(ledger: Ledger) -> None:
    key, body = unique_letters(), ledger.new_payment(10)
    first = ledger.api.ok("POST", PAYMENTS, body, Idempotency_Key=key)
    assert ledger.api.ok("POST", PAYMENTS, body, Idempotency_Key=key) == first
    refund = {"totalAmount": 10, "type": "External"}
    path = f"{PAYMENTS}/{first['id']}/refunds"
    again = [ledger.api.ok("POST", path, refund, Idempotency_Key=f"{key}-refund") for _ in range(2)]
    assert again[0] == again[1]
    assert ledger.settled(first["id"]) == (0, 0, 10)


def test_concurrent_applications_never_exceed_a_payment(ledger: Ledger) -> None:
    """Forty invoices of 3.33 reach at once for a payment of 100: thirty get all they ask, the others nothing."""
    invoices = [ledger.invoice("3.33") for _ in range(40)]
    payment = ledger.payment(100)
    path = f"{PAYMENTS}/{payment['id']}/apply"
    with ThreadPoolExecutor(16) as pool:
        bodies = [{"invoices": [to_invoice(invoice, "3.33")]} for invoice in invoices]
        answers = list(pool.map(lambda body: ledger.api.put(path, body), bodies))
    refusals = [answer for answer in answers if not answer.json()["success"]]
    assert len(refusals) == 10
    for answer in refusals:
        assert "only 0.10 EUR of the payment" in refused(answer, 200, 30)
    assert ledger.settled(payment["id"]) == (Decimal("0.10"), Decimal("99.90"), 0)
    parts = ledger.api.ok("GET", f"{PAYMENTS}/{payment['id']}/parts?pageSize=40")["parts"]
    assert total([part["amount"] for part in parts]) == Decimal("99.90")
    balances = sorted(ledger.invoice_balance(invoice) for invoice in invoices)
    assert balances == [0] * 30 + [Decimal("3.33")] * 10


def test_many_payments_never_overpay_an_invoice(ledger: Ledger) -> None:
    invoice = ledger.invoice(10)
    payments = [ledger.payment(3)["id"] for _ in range(12)]
    body = {"invoices": [to_invoice(invoice, 3)]}
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda key: ledger.api.put(f"{PAYMENTS}/{key}/apply", body), payments))
    assert [answer.json()["success"] for answer in answers].count(True) == 3
    assert ledger.invoice_balance(invoice) == 1
    assert total([ledger.settled(key)[1] for key in payments]) == 9
