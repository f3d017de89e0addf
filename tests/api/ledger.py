"""An account with what it owes and pays, and the calls of somebody who keeps its books."""

from decimal import Decimal
from typing import Any

from tests.api.support import create_account
from tests.servers import Api, Json

PAYMENTS = "/v1/payments"
REFUNDS = "/v1/refunds"
TODAY = "2026-03-01"


class Ledger:
    """An account in one currency; amounts are Decimals, which go out as exact numbers, or texts."""

    def __init__(self, api: Api, *, currency: str = "EUR", **account_fields: object) -> None:
        self.api = api
        self.currency = currency
        self.account_id = create_account(api, currency=currency, **account_fields)

    def invoice(self, amount: object, *, status: str = "Posted", **fields: object) -> str:
        """The id of a new invoice of one line."""
        item = {"amount": amount, "chargeName": "service", "serviceStartDate": TODAY}
        body = {"accountId": self.account_id, "invoiceDate": TODAY, "status": status, "invoiceItems": [item], **fields}
        return str(self.api.ok("POST", "/v1/invoices", body)["id"])

    def debit_memo(self, amount: object, *, post: bool = True) -> str:
        """The id of a new debit memo of one line."""
        return self._memo("/v1/debit-memos", amount, post=post)

    def credit_memo(self, amount: object, *, post: bool = True) -> str:
        """The id of a new credit memo of one line."""
        return self._memo("/v1/credit-memos", amount, post=post)

    def _memo(self, path: str, amount: object, *, post: bool) -> str:
        charges = [{"amount": amount, "chargeId": "charge"}]
        body = {"accountId": self.account_id, "charges": charges, "autoPost": post}
        return str(self.api.ok("POST", path, body)["id"])

    def new_payment(self, amount: object, **fields: object) -> Json:
        """The body of a payment."""
        return {
            "accountId": self.account_id,
            "amount": amount,
            "currency": self.currency,
            "type": "External",
            "paymentMethodType": "Check",
            **fields,
        }

    def payment(self, amount: object, **fields: object) -> Json:
        """A new payment, as the server answers it."""
        return self.api.ok("POST", PAYMENTS, self.new_payment(amount, **fields))

    def refund(self, payment_id: str, amount: object, **fields: object) -> Json:
        """A new refund of a payment, as the server answers it."""
        return self.api.ok("POST", f"{PAYMENTS}/{payment_id}/refunds", new_refund(amount, **fields))

    def read_payment(self, payment_id: str) -> Json:
        """A payment as it is read."""
        return self.api.ok("GET", f"{PAYMENTS}/{payment_id}")

    def settled(self, payment_id: str) -> tuple[Any, Any, Any]:
        """What is unapplied, applied and refunded of a payment."""
        payment = self.read_payment(payment_id)
        assert payment["amount"] == payment["unappliedAmount"] + payment["appliedAmount"] + payment["refundAmount"]
        return payment["unappliedAmount"], payment["appliedAmount"], payment["refundAmount"]

    def owed(self, path: str, document_id: str) -> Any:
        """The balance of an invoice or a debit memo."""
        return self.api.ok("GET", f"{path}/{document_id}")["balance"]

    def invoice_balance(self, invoice_id: str) -> Any:
        """What is left to pay of an invoice."""
        return self.owed("/v1/invoices", invoice_id)

    def debit_memo_balance(self, memo_id: str) -> Any:
        """What is left to pay of a debit memo."""
        return self.owed("/v1/debit-memos", memo_id)

    def metrics(self) -> Json:
        """The balances of the account."""
        account = self.api.ok("GET", f"/v1/accounts/{self.account_id}")
        assert account["metricsData"] == [account["metrics"]]
        found: Json = account["metrics"]
        return found


def to_invoice(invoice_id: str, amount: object) -> Json:
    """A portion of a payment for an invoice."""
    return {"invoiceId": invoice_id, "amount": amount}


def to_debit_memo(memo_id: str, amount: object) -> Json:
    """A portion of a payment for a debit memo."""
    return {"debitMemoId": memo_id, "amount": amount}


def new_refund(amount: object, **fields: object) -> Json:
    """The body of a refund; None leaves the amount out."""
    body: Json = {"totalAmount": amount, "type": "External", "methodType": "Check", **fields}
    return {name: value for name, value in body.items() if value is not None}


def total(amounts: list[Any]) -> Decimal:
    """A sum of exact amounts."""
    return sum(amounts, Decimal(0))
