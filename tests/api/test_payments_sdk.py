"""Payments through Zuora's official SDK: every operation, and its refusals."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import Ledger
from tests.api.support import SDK_WARNINGS, Sdk, unique_letters
from tests.servers import Api

pytestmark = list(SDK_WARNINGS)


class Till:
    """An account, and the SDK's calls on its payments. Amounts that the SDK reads are floats, exact to the cent."""

    def __init__(self, sdk: Sdk, api: Api, currency: str = "EUR") -> None:
        self.sdk = sdk
        self.models = sdk.models
        self.payments = sdk.client.payments_api()
        self.ledger = Ledger(api, currency=currency)

    def pay(self, amount: Any, **fields: Any) -> Any:
        return self.payments.create_payment(self.new_payment(amount, **fields))

    def new_payment(self, amount: Any, **fields: Any) -> Any:
        wanted = {"account_id": self.ledger.account_id, "currency": self.ledger.currency, "type": "External"}
        return self.models.CreatePaymentRequest(
            **{**wanted, "amount": amount, "payment_method_type": "Check", **fields}
        )

    def refund(self, payment: Any, amount: Any, **fields: Any) -> Any:
        body = self.models.CreateRefundRequest(
            **{"type": "External", "method_type": "Check", **fields}, total_amount=amount
        )
        return self.payments.create_refund_payment(payment.id, body)

    def settled(self, key: str) -> tuple[Any, Any, Any]:
        found = self.payments.get_payment(key)
        return found.unapplied_amount, found.applied_amount, found.refund_amount


@pytest.fixture
def till(sdk: Sdk, api: Api) -> Till:
    return Till(sdk, api)


def broken_rule(answer: Any) -> str:
    assert answer.success is False
    (reason,) = answer.reasons
    assert reason.code % 100 == 30
    return str(reason.message)


def test_a_payment_is_made_and_read_back(till: Till) -> None:
    payment = till.pay(Decimal("44.10"), comment="normal payment", reference_id="bank-1", effective_date="2026-03-01")
    assert payment.success is True
    assert (payment.status, payment.type, payment.currency) == ("Processed", "External", "EUR")
    assert (payment.amount, payment.unapplied_amount, payment.applied_amount) == (44.1, 44.1, 0)
    for key in (payment.id, payment.number):
        found = till.payments.get_payment(key)
        assert (found.id, found.number, found.account_id) == (payment.id, payment.number, till.ledger.account_id)
        assert (found.comment, found.reference_id) == ("normal payment", "bank-1")
        assert (found.effective_date, found.gateway_state) == ("2026-03-01", "NotSubmitted")
        assert found.finance_information.transferred_to_accounting == "No"


def test_a_payment_settles_invoices_and_debit_memos(till: Till) -> None:
    models, ledger = till.models, till.ledger
    invoice, memo = ledger.invoice("40.00"), ledger.debit_memo("4.10")
    payment = till.pay(
        Decimal("50.05"),
        invoices=[models.CreatePaymentInvoiceApplication(invoice_id=invoice, amount=Decimal("30.01"))],
        debit_memos=[models.CreatePaymentDebitMemoApplication(debit_memo_id=memo, amount=Decimal("4.10"))],
    )
    assert (payment.applied_amount, payment.unapplied_amount) == (34.11, 15.94)
    more = models.ApplyPaymentRequest(
        invoices=[models.ApplyPaymentInvoiceApplication(invoice_id=invoice, amount=Decimal("9.99"))]
    )
    applied = till.payments.apply_payment(payment.number, more)
    assert (applied.applied_amount, applied.unapplied_amount) == (44.1, 5.95)
    assert (ledger.invoice_balance(invoice), ledger.debit_memo_balance(memo)) == (0, 0)
    message = broken_rule(till.payments.apply_payment(payment.id, more))
    assert "9.99 EUR cannot be applied: only 5.95 EUR of the payment" in message
    back = models.UnapplyPaymentRequest(
        invoices=[models.UnapplyPaymentInvoiceApplication(invoice_id=invoice, amount=Decimal("40.00"))],
        debit_memos=[models.UnapplyPaymentDebitMemoApplication(debit_memo_id=memo, amount=Decimal("4.10"))],
    )
    assert till.payments.unapply_payment(payment.id, back).unapplied_amount == 50.05
    assert "cannot be unapplied: only 0.00 EUR" in broken_rule(till.payments.unapply_payment(payment.id, back))
    assert (ledger.invoice_balance(invoice), ledger.debit_memo_balance(memo)) == (40, Decimal("4.10"))


def test_the_parts_of_a_payment(till: Till) -> None:
    models, invoice = till.models, till.ledger.invoice(10)
    number = till.ledger.api.ok("GET", f"/v1/invoices/{invoice}")["invoiceNumber"]
    payment = till.pay(
        10, invoices=[models.CreatePaymentInvoiceApplication(invoice_number=number, amount=Decimal("2.50"))]
    )
    (part,) = till.payments.get_payment_parts(payment.id, page=1, page_size=5).parts
    assert (part.invoice_id, part.debit_memo_id, part.amount) == (invoice, None, 2.5)
    one = till.payments.get_payment_part(part_id=part.id, payment_key=payment.number).payment_part
    assert (one.id, one.invoice_id, one.amount) == (part.id, invoice, 2.5)
    with pytest.raises(models.exceptions.NotFoundException):
        till.payments.get_payment_part(part_id="nobody", payment_key=payment.id)


def test_a_payment_is_updated(till: Till) -> None:
    payment = till.pay(10, comment="old")
    finance = till.models.PaymentRequestFinanceInformation(
        bank_account_accounting_code="bank", transferred_to_accounting="Yes"
    )
    changed = till.payments.update_payment(
        payment_id=payment.id,
        body=till.models.UpdatePaymentRequest(comment="new", reference_id="r", finance_information=finance),
    )
    assert (changed.comment, changed.reference_id, changed.amount) == ("new", "r", 10)
    found = till.payments.get_payment(payment.id)
    assert found.finance_information.bank_account_accounting_code == "bank"
    assert found.finance_information.transferred_to_accounting == "Yes"


def test_a_payment_is_canceled_and_never_deleted(till: Till) -> None:
    payment = till.pay(10)
    assert "canceled" in broken_rule(till.payments.delete_payment(payment.id))
    refund = till.refund(payment, 1)
    assert "1.00 EUR refunded" in broken_rule(till.payments.cancel_payment(payment.id))
    assert till.sdk.client.refunds_api().cancel_refund(refund.id).success is True
    canceled = till.payments.cancel_payment(payment.id)
    assert (canceled.status, canceled.number) == ("Canceled", payment.number)
    assert payment.number in broken_rule(till.payments.delete_payment(payment.id))
    assert till.payments.get_payment(payment.number).status == "Canceled"


def test_payments_are_listed(till: Till) -> None:
    first, second = till.pay(Decimal("10.50")), till.pay(20)
    till.payments.cancel_payment(second.id)

    def ids(**filters: Any) -> list[str]:
        found = till.payments.get_retrieve_all_payments(account_id=till.ledger.account_id, **filters)
        return [payment.id for payment in found.payments]

    assert ids() == [second.id, first.id]
    assert ids(amount=10.5) == [first.id]
    assert ids(unapplied_amount=20, currency="EUR") == [second.id]
    assert ids(number=first.number, applied_amount=0, refund_amount=0, credit_balance_amount=0) == [first.id]
    assert ids(created_by_id=till.sdk.client.client_id, sort="-amount") == [first.id, second.id]
    assert ids(effective_date=first.effective_date, updated_date=first.updated_date[:10]) == [second.id, first.id]
    assert ids(currency="USD") == []
    created = datetime.fromisoformat(first.created_date)
    for at in (created, created.replace(tzinfo=UTC)):
        assert first.id in ids(created_date=at)
        assert ids(created_date=at.replace(year=2020)) == []
    page = till.payments.get_retrieve_all_payments(account_id=till.ledger.account_id, page_size=1)
    assert [payment.id for payment in page.payments] == [second.id]
    assert page.next_page.startswith(till.ledger.api.url)


def test_a_payment_is_refunded(till: Till) -> None:
    payment = till.pay(Decimal("100.10"))
    refund = till.refund(payment, Decimal("40.05"), comment="overpaid", reason_code="Standard Refund")
    assert (refund.amount, refund.payment_id, refund.status) == (40.05, payment.id, "Processed")
    assert till.settled(payment.id) == (60.05, 0, 40.05)
    message = broken_rule(till.refund(payment, Decimal("60.06")))
    assert "60.06 EUR cannot be refunded: only 60.05 EUR of the payment" in message
    assert "gateway" in broken_rule(till.refund(payment, 1, type="Electronic"))


def test_a_payment_is_taken_back_and_refunded(till: Till) -> None:
    models, invoice = till.models, till.ledger.invoice(60)
    portion = models.CreatePaymentInvoiceApplication(invoice_id=invoice, amount=60)
    payment = till.pay(100, invoices=[portion])

    def refund(amount: Any, **fields: Any) -> Any:
        body = models.CreateRefundwithAutoUnapply(
            total_amount=amount, **{"type": "External", "method_type": "Check", **fields}
        )
        return till.payments.refund_paymentwith_auto_unapply(payment.id, body)

    named = {"invoices": [models.ApplyPaymentInvoiceApplication(invoice_id=invoice, amount=Decimal("20.50"))]}
    with pytest.raises(models.exceptions.BadRequestException) as caught:
        refund(Decimal("20.51"), **named)
    assert "20.50 EUR" in caught.value.data.reasons[0].message
    assert "gateway" in broken_rule(refund(1, type="Electronic"))
    assert refund(Decimal("20.50"), **named).amount == 20.5
    assert till.settled(payment.id) == (40, 39.5, 20.5)
    assert refund(Decimal("79.50")).amount == 79.5
    assert till.settled(payment.id) == (0, 0, 100)
    assert till.ledger.invoice_balance(invoice) == 60


def test_what_is_wrong_is_refused(till: Till) -> None:
    exceptions = till.models.exceptions
    message = broken_rule(till.pay(10, type="Electronic", payment_method_id="method"))
    assert "External" in message
    assert "kept in EUR" in broken_rule(till.pay(10, currency="USD"))
    for amount in (0, -5, Decimal("0.001")):
        with pytest.raises(exceptions.BadRequestException) as caught:
            till.pay(amount)
        assert caught.value.data.reasons[0].message.startswith("amount: ")
    calls: list[Callable[[], Any]] = [
        lambda: till.pay(10, account_id=unique_letters()),
        lambda: till.payments.get_payment("nobody"),
        lambda: till.payments.cancel_payment("nobody"),
        lambda: till.payments.delete_payment("nobody"),
        lambda: till.payments.update_payment("nobody", body=till.models.UpdatePaymentRequest(comment="x")),
    ]
    for call in calls:
        with pytest.raises(exceptions.NotFoundException):
            call()


def test_the_balances_of_an_account(till: Till) -> None:
    models, accounts = till.models, till.sdk.client.accounts_api()
    invoice = till.ledger.invoice(100)
    till.pay(Decimal("30.25"), invoices=[models.CreatePaymentInvoiceApplication(invoice_id=invoice, amount=20)])
    metrics = accounts.get_account(till.ledger.account_id).metrics
    assert (metrics.balance, metrics.currency) == (69.75, "EUR")
    assert (metrics.total_invoice_balance, metrics.unapplied_payment_amount) == (80, 10.25)
    assert (metrics.total_debit_memo_balance, metrics.unapplied_credit_memo_amount) == (0, 0)
    summary = accounts.get_account_summary(till.ledger.account_id, exclude_usage=True)
    assert (summary.basic_info.balance, summary.basic_info.last_payment_amount) == ("69.75", "30.25")
    assert [(each.id, each.balance) for each in summary.invoices] == [(invoice, 80)]
    ((paid,),) = [payment.paid_invoices for payment in summary.payments]
    assert (paid.invoice_id, paid.applied_payment_amount) == (invoice, "20.00")
    assert summary.bill_to_contact.first_name == "Ada"
