"""What an account owes and has to its credit, as `GET /v1/accounts/{key}` and its summary tell it."""

import random
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import PAYMENTS, REFUNDS, Ledger, new_refund, to_debit_memo, to_invoice, total
from tests.api.support import refused
from tests.servers import Api, Json, Server

ZERO_AMOUNTS = ("contractedMrr", "creditBalance", "reservedPaymentAmount")
STORY_STEPS = 60


@pytest.fixture
def ledger(api: Api) -> Ledger:
    return Ledger(api)


def balances(ledger: Ledger) -> tuple[Any, ...]:
    """Balance, open invoices, open debit memos, unapplied credit memos, unapplied payments."""
    found = ledger.metrics()
    assert found["currency"] == ledger.currency
    assert [found[name] for name in ZERO_AMOUNTS] == [0, 0, 0]
    return (
        found["balance"],
        found["totalInvoiceBalance"],
        found["totalDebitMemoBalance"],
        found["unappliedCreditMemoAmount"],
        found["unappliedPaymentAmount"],
    )


def test_a_new_account_owes_nothing(ledger: Ledger) -> None:
    assert balances(ledger) == (0, 0, 0, 0, 0)
    summary = ledger.api.ok("GET", f"/v1/accounts/{ledger.account_id}/summary")
    basic = summary["basicInfo"]
    assert (basic["balance"], basic["lastInvoiceDate"], basic["lastPaymentDate"]) == ("0.00", None, None)
    assert basic["lastPaymentAmount"] is None
    assert [summary[name] for name in ("invoices", "payments", "subscriptions", "usage")] == [[], [], [], []]


@pytest.mark.parametrize(("currency", "cent"), (("EUR", Decimal("0.01")), ("JPY", 1), ("BHD", Decimal("0.001"))))
def test_every_kind_counts_and_drafts_do_not(api: Api, currency: str, cent: Any) -> None:
    ledger = Ledger(api, currency=currency)
    ledger.invoice(500 * cent)
    ledger.invoice(9 * cent, status="Draft")
    assert balances(ledger) == (500 * cent, 500 * cent, 0, 0, 0)
    ledger.debit_memo(70 * cent)
    ledger.debit_memo(9 * cent, post=False)
    assert balances(ledger) == (570 * cent, 500 * cent, 70 * cent, 0, 0)
    ledger.credit_memo(30 * cent)
    ledger.credit_memo(9 * cent, post=False)
    assert balances(ledger) == (540 * cent, 500 * cent, 70 * cent, 30 * cent, 0)
    ledger.payment(600 * cent)
    assert balances(ledger) == (-60 * cent, 500 * cent, 70 * cent, 30 * cent, 600 * cent)
    text = api.get(f"/v1/accounts/{ledger.account_id}").text
    assert f'"balance":{-60 * cent},' in text


def test_applying_moves_nothing_out_of_the_balance_and_refunding_does(ledger: Ledger) -> None:
    api, invoice, memo = ledger.api, ledger.invoice(100), ledger.debit_memo(20)
    payment = ledger.payment(150)["id"]
    assert balances(ledger) == (-30, 100, 20, 0, 150)
    portions: Json = {"invoices": [to_invoice(invoice, "99.99")], "debitMemos": [to_debit_memo(memo, 20)]}
    api.ok("PUT", f"{PAYMENTS}/{payment}/apply", portions)
    assert balances(ledger) == (-30, Decimal("0.01"), 0, 0, Decimal("30.01"))
    refund = ledger.refund(payment, 30)
    assert balances(ledger) == (0, Decimal("0.01"), 0, 0, Decimal("0.01"))
    api.ok("POST", f"{PAYMENTS}/{payment}/refunds/unapply", new_refund(20, debitMemos=[to_debit_memo(memo, 20)]))
    assert balances(ledger) == (20, Decimal("0.01"), 20, 0, Decimal("0.01"))
    api.ok("PUT", f"{REFUNDS}/{refund['id']}/cancel")
    assert balances(ledger) == (-10, Decimal("0.01"), 20, 0, Decimal("30.01"))
    api.ok("PUT", f"{PAYMENTS}/{payment}/unapply", {"invoices": [to_invoice(invoice, "99.99")]})
    assert balances(ledger) == (-10, 100, 20, 0, 130)


def test_accounts_do_not_touch_each_other(ledger: Ledger) -> None:
    other = Ledger(ledger.api)
    ledger.invoice(10)
    other.payment(7)
    assert balances(ledger) == (10, 10, 0, 0, 0)
    assert balances(other) == (-7, 0, 0, 0, 7)


class Story:
    """Random steps on one account, and what a simple model of its books says of them, in cents."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.random = random.Random(seed)
        self.owed: dict[str, int] = {}
        self.free: dict[str, int] = {}
        self.applied: dict[tuple[str, str], int] = {}
        self.refunds: dict[str, tuple[str, int]] = {}

    def step(self) -> None:
        """One step; an amount is now and then more than there is, and must then be refused."""
        self.random.choice((self.bill, self.pay, self.apply, self.apply, self.unapply, self.refund, self.cancel))()

    def bill(self) -> None:
        cents = self.random.randint(1, 9_999)
        self.owed[self.ledger.invoice(show(cents))] = cents

    def pay(self) -> None:
        cents = self.random.randint(1, 9_999)
        self.free[self.ledger.payment(show(cents))["id"]] = cents

    def apply(self) -> None:
        if self.owed and self.free:
            invoice, payment = self.random.choice(list(self.owed)), self.random.choice(list(self.free))
            cents, most = self.random.randint(1, 6_000), min(self.owed[invoice], self.free[payment])
            path = f"{PAYMENTS}/{payment}/apply"
            if self.granted("PUT", path, {"invoices": [to_invoice(invoice, show(cents))]}, may=cents <= most):
                self.move(payment, invoice, cents)

    def unapply(self) -> None:
        if self.applied:
            payment, invoice = self.random.choice(list(self.applied))
            cents, most = self.random.randint(1, 3_000), self.applied[payment, invoice]
            path = f"{PAYMENTS}/{payment}/unapply"
            if self.granted("PUT", path, {"invoices": [to_invoice(invoice, show(cents))]}, may=cents <= most):
                self.move(payment, invoice, -cents)

    def refund(self) -> None:
        if self.free:
            payment = self.random.choice(list(self.free))
            cents = self.random.randint(1, 3_000)
            body, may = new_refund(show(cents)), cents <= self.free[payment]
            made = self.granted("POST", f"{PAYMENTS}/{payment}/refunds", body, may=may)
            if made:
                self.free[payment] -= cents
                self.refunds[made["id"]] = payment, cents

    def cancel(self) -> None:
        if self.refunds:
            refund_id = self.random.choice(list(self.refunds))
            payment, cents = self.refunds.pop(refund_id)
            self.ledger.api.ok("PUT", f"{REFUNDS}/{refund_id}/cancel")
            self.free[payment] += cents

    def granted(self, method: str, path: str, body: Json, *, may: bool) -> Json | None:
        """The answer, if the model says that the step may be made; else nothing, once it has been refused."""
        if may:
            return self.ledger.api.ok(method, path, body)
        refused(self.ledger.api.call(method, path, body), 200, 30)
        return None

    def move(self, payment: str, invoice: str, cents: int) -> None:
        self.free[payment] -= cents
        self.owed[invoice] -= cents
        self.applied[payment, invoice] = self.applied.get((payment, invoice), 0) + cents


def show(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):f}"


@pytest.mark.parametrize("seed", (1, 2))
def test_balances_add_up_after_a_long_story(ledger: Ledger, seed: int) -> None:
    story = Story(ledger, seed)
    for _ in range(STORY_STEPS):
        story.step()
    owed, free = (Decimal(sum(side.values())).scaleb(-2) for side in (story.owed, story.free))
    assert balances(ledger) == (owed - free, owed, 0, 0, free)
    for invoice, cents in story.owed.items():
        assert ledger.invoice_balance(invoice) == Decimal(show(cents))
    paid_back = total([Decimal(show(cents)) for _, cents in story.refunds.values()])
    settled = [ledger.settled(payment) for payment in story.free]
    assert total([refunded for _, _, refunded in settled]) == paid_back
    assert total([applied for _, applied, _ in settled]) == Decimal(show(sum(story.applied.values())))
    for payment, cents in story.free.items():
        assert ledger.settled(payment)[0] == Decimal(show(cents))


def test_a_summary_shows_the_latest_invoices_and_payments(ledger: Ledger) -> None:
    api = ledger.api
    invoices = [ledger.invoice(10, invoiceDate=f"2026-01-{day:02d}") for day in range(1, 9)]
    payments = [ledger.payment(day, effectiveDate=f"2026-02-{day:02d}")["id"] for day in range(1, 9)]
    api.ok("PUT", f"{PAYMENTS}/{payments[6]}/apply", {"invoices": [to_invoice(invoices[7], "2.50")]})
    api.ok("PUT", f"{PAYMENTS}/{payments[7]}/cancel")
    number = api.ok("GET", f"/v1/accounts/{ledger.account_id}")["basicInfo"]["accountNumber"]
    summary = api.ok("GET", f"/v1/accounts/{number}/summary?excludeUsage=true")
    basic = summary["basicInfo"]
    assert (basic["id"], basic["accountNumber"], basic["currency"]) == (ledger.account_id, number, "EUR")
    assert basic["balance"] == "52.00"
    assert (basic["lastInvoiceDate"], basic["lastPaymentDate"]) == ("2026-01-08", "2026-02-07")
    assert basic["lastPaymentAmount"] == "7.00"
    assert [each["id"] for each in summary["invoices"]] == invoices[:1:-1]
    newest = summary["invoices"][0]
    assert (newest["amount"], newest["balance"], newest["status"]) == (10, Decimal("7.50"), "Posted")
    assert newest["invoiceDate"] == "2026-01-08"
    assert [each["id"] for each in summary["payments"]] == payments[:1:-1]
    canceled, applied = summary["payments"][:2]
    assert (canceled["status"], canceled["paidInvoices"]) == ("Canceled", [])
    assert (applied["status"], applied["paymentType"], applied["effectiveDate"]) == (
        "Processed",
        "External",
        "2026-02-07",
    )
    assert applied["paidInvoices"] == [
        {"appliedPaymentAmount": "2.50", "invoiceId": invoices[7], "invoiceNumber": newest["invoiceNumber"]}
    ]


def test_a_summary_carries_what_the_account_was_given(api: Api) -> None:
    contact = {"firstName": "Grace", "lastName": "Hopper"}
    fields: Json = {"autoPay": False, "batch": "Batch1", "taxInfo": {"VATId": "NL1"}, "soldToContact": contact}
    ledger = Ledger(api, **fields, region__c="north")
    summary = api.ok("GET", f"/v1/accounts/{ledger.account_id}/summary")
    kept = {"autoPay": False, "batch": "Batch1", "region__c": "north"}
    assert kept.items() <= summary["basicInfo"].items()
    assert summary["taxInfo"] == {"VATId": "NL1"}
    assert contact.items() <= summary["soldToContact"].items()
    assert summary["billToContact"] == summary["shipToContact"]
    assert summary["billToContact"]["firstName"] == "Ada"


def test_who_may_not_see_an_account_sees_no_balance(ledger: Ledger, entity: Api, server: Server) -> None:
    for path in (f"/v1/accounts/{ledger.account_id}", f"/v1/accounts/{ledger.account_id}/summary"):
        refused(entity.get(path), 404, 40)
        with server.api(server.create_client("auditor")) as reader:
            assert reader.ok("GET", path)["basicInfo"]["id"] == ledger.account_id
    refused(ledger.api.get(f"/v1/accounts/{ledger.account_id}/summary?colour=red"), 400, 27)
