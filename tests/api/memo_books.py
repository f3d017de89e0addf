"""An account with a set of its own, and what its bookkeeper does with credit memos and debit memos."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.api.support import create_account, create_set, next_numbers, unique_letters
from tests.servers import Api, Json

DAY = "2026-03-01"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of memo, as the paths, the answers and the sets name it."""

    name: str
    path: str
    older_path: str
    list_name: str
    words: str
    date_field: str
    open_field: str
    applied_field: str
    letter: str


CREDIT = Kind(
    name="creditMemo",
    path="/v1/credit-memos",
    older_path="/v1/creditmemos",
    list_name="creditmemos",
    words="credit memo",
    date_field="creditMemoDate",
    open_field="unappliedAmount",
    applied_field="appliedAmount",
    letter="C",
)
DEBIT = Kind(
    name="debitMemo",
    path="/v1/debit-memos",
    older_path="/v1/debitmemos",
    list_name="debitmemos",
    words="debit memo",
    date_field="debitMemoDate",
    open_field="balance",
    applied_field="beAppliedAmount",
    letter="D",
)
KINDS = (CREDIT, DEBIT)


def amount(text: str) -> Decimal:
    """An exact amount."""
    return Decimal(text)


class Books:
    """A set and an account that uses it."""

    def __init__(self, api: Api, *, currency: str = "EUR") -> None:
        self.api = api
        self.prefix = unique_letters()
        self.set = create_set(api, self.prefix)
        self.currency = currency
        self.account_id = create_account(api, sequenceSetId=self.set["id"], currency=currency)

    def number(self, kind: Kind, ordinal: int) -> str:
        """A number of the set's series."""
        return f"{self.prefix}{kind.letter}{ordinal:08d}"

    def next(self, kind: str) -> int:
        """The ordinal that comes next."""
        return next_numbers(self.api, self.set["id"])[kind]

    def charges(self, *amounts: str) -> Json:
        """The body of a memo with such charges."""
        lines = [{"amount": amount(each), "chargeId": f"charge {index}"} for index, each in enumerate(amounts)]
        return {"accountId": self.account_id, "charges": lines}

    def memo(self, kind: Kind, *amounts: str, **fields: object) -> Json:
        """A new memo from charges, posted unless the fields say otherwise."""
        body = {**self.charges(*(amounts or ("10.00",))), "autoPost": True, **fields}
        return self.api.ok("POST", kind.path, body)

    def invoice(self, *amounts: str, **fields: object) -> Json:
        """A new invoice, posted unless the fields say otherwise."""
        lines: list[Json] = [
            {"amount": amount(each), "chargeName": f"line {index}", "serviceStartDate": DAY}
            for index, each in enumerate(amounts)
        ]
        body = {"accountId": self.account_id, "invoiceDate": DAY, "status": "Posted", "invoiceItems": lines, **fields}
        return self.api.ok("POST", "/v1/invoices", body)

    def invoice_lines(self, invoice: Json) -> list[str]:
        """The ids of an invoice's lines, in their order."""
        return [line["id"] for line in self.api.ok("GET", f"/v1/invoices/{invoice['id']}/items")["invoiceItems"]]

    def from_invoice(self, kind: Kind, invoice: Json, **fields: object) -> Json:
        """A new memo from an invoice: its mirror, unless items are given."""
        return self.api.ok("POST", f"{kind.path}/invoice/{invoice['id']}", dict(fields))

    def read(self, kind: Kind, memo: Json) -> Json:
        """A memo as it is now."""
        return self.api.ok("GET", f"{kind.path}/{memo['id']}")

    def balance(self, invoice: Json) -> Any:
        """What remains of an invoice."""
        return self.api.ok("GET", f"/v1/invoices/{invoice['id']}")["balance"]

    def step(self, kind: Kind, memo: Json, action: str, body: object = None) -> Json:
        """A step in a memo's life."""
        return self.api.ok("PUT", f"{kind.path}/{memo['id']}/{action}", body)


def settled(memo: Json) -> tuple[Any, Any, Any]:
    """What is applied, refunded and left of a credit memo, which must come to its amount."""
    parts = memo["appliedAmount"], memo["refundAmount"], memo["unappliedAmount"]
    assert sum(parts) == memo["amount"]
    return parts


def line(text: str, item_id: str | None = None, **fields: object) -> Json:
    """A line of a memo from an invoice."""
    named = {} if item_id is None else {"invoiceItemId": item_id}
    return {"amount": amount(text), "skuName": "SKU", **named, **fields}
