"""Requests made at random from the vendor's schemas: mostly sensible ones, some with anything in any place."""

import random
import re
from collections import defaultdict
from typing import Any

import httpx2

from tests.sequence.client import ContractApi
from tests.sequence.support import create_customer, create_note, issue_invoice, issue_note, new_line
from tests.sequence.vendor import Operation
from tests.servers import Json, decode, encode

NOUNS = {"customerId": "customers", "invoiceId": "invoices", "creditNoteId": "credit-notes"}
SENSIBLE: dict[str, tuple[str, ...]] = {
    "quantity": ("1", "2.5", "0.333"),
    "rate": ("1.00", "9.99", "0.335", "-0.50"),
    "taxRate": ("0", "0.2", "0.175"),
    "dueDate": ("2031-01-31",),
    "accountingDate": ("2031-01-31",),
    "start": ("2031-01-01",),
    "startDate": ("2031-01-01",),
    "endInclusive": ("2031-01-31",),
    "endDate": ("2031-01-31",),
    "email": ("somebody@customer.example",),
    "billingEmails": ("somebody@customer.example",),
    "customerEmails": ("somebody@customer.example",),
}
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**20, [], {}, [None], {"a": 1}, "", " ", "\0", "%", "'", "x" * 6000, "東京"),
    *("NaN", "1e9", "1_000", "٣", "0.1234567890123456789012345678901", "2031-02-30", "AED", "../..", "null"),
)
RECENT = 12
"""So many documents of each noun are played with: the walk shall come back to them."""


class Walker:
    """Somebody who calls any operation of any version, and remembers what there is."""

    def __init__(self, apis: list[ContractApi], seed: int) -> None:
        self.random = random.Random(seed)
        self.apis = apis
        self.newest = apis[-1]
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.parts: dict[tuple[str, str], list[str]] = defaultdict(list)

    def stock(self) -> None:
        """Make a customer with an issued invoice, a note of its own, and a draft that credits the invoice."""
        customer_id = create_customer(self.newest)["id"]
        invoice = issue_invoice(self.newest, customer_id, new_line("100.00", "1", "0.2"))
        notes = issue_note(self.newest, customer_id), create_note(self.newest, customer_id, invoiceId=invoice["id"])
        self.ids["customers"].append(customer_id)
        self.ids["invoices"].append(invoice["id"])
        self.ids["credit-notes"] += [note["id"] for note in notes]

    def step(self) -> httpx2.Response:
        """One request; its answer has been checked against the contract."""
        api = self.random.choice(self.apis)
        operation = self.random.choice(api.contract.operations)
        _, noun, *rest = operation.path.split("/")
        key = self.random.choice(self.ids[noun][-RECENT:] or ["none"])
        path = self._path(operation, key)
        body = None if operation.request is None else self._body(api, operation, key)
        content = None if body is None else encode(body)
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(self.random.random())}
        answer = api.http.request(
            operation.method, path, content=content, params=self._query(operation), headers=headers
        )
        api.contract.check(operation, answer)
        if answer.status_code == 201:
            made = decode(answer)
            made = made.get("customer", made)
            if "id" in made:
                (self.parts[key, rest[1]] if rest else self.ids[noun]).append(made["id"])
        return answer

    def _path(self, operation: Operation, key: str) -> str:
        parts = operation.path.split("/")
        part = parts[3] if len(parts) > 4 else ""
        own = self.random.choice(self.parts[key, part] or ["none"])
        first = re.sub(r"\{[^}]+\}", key, operation.path, count=1)
        return re.sub(r"\{[^}]+\}", own, first)

    def _query(self, operation: Operation) -> dict[str, str]:
        values = ("DRAFT", "PAID", "ASC", "GROSS_TOTAL", "true", "5", "EUR", "2031-01-01", "odd", "", "x" * 3000)
        return {
            name: self.random.choice(values) for name in sorted(operation.query_names) if self.random.random() < 0.1
        }

    def _body(self, api: ContractApi, operation: Operation, key: str) -> object:
        schemas = api.contract.document["components"]["schemas"]
        odd_share = self.random.choice((0, 0, 0, 0.02, 0.2))
        body = self._value(schemas, schemas[operation.request], operation.request or "", odd_share)
        if isinstance(body, dict):
            for name, noun in NOUNS.items():
                if name in body:
                    body[name] = self.random.choice(self.ids[noun][-RECENT:])
            if "currency" in body and self.random.random() > odd_share:
                body["currency"] = "EUR"
            if "creditNoteId" in body and "{" in operation.path:
                body["creditNoteId"] = key
            if "groupId" in body:
                body["groupId"] = self.random.choice(self.parts[key, "line-item-groups"] or ["none"])
        return body

    def _value(self, schemas: Json, schema: Json, name: str, odd_share: float) -> Any:
        """Something that the schema of this field allows; with this probability anything, at every point."""
        if self.random.random() < odd_share:
            return self.random.choice(ODD)
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if schema.get("type") == "object":
            return {
                each: self._value(schemas, part, each, odd_share)
                for each, part in schema.get("properties", {}).items()
                if each in schema.get("required", ()) or self.random.random() < 0.3
            }
        if schema.get("type") == "array":
            return [self._value(schemas, schema["items"], name, odd_share) for _ in range(self.random.randrange(3))]
        return self._plain(schema, name)

    def _plain(self, schema: Json, name: str) -> Any:
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if schema["type"] == "string":
            return self.random.choice(SENSIBLE.get(name, (f"text {self.random.randrange(10**6)}",)))
        return self.random.choice((True, False) if schema["type"] == "boolean" else (0, 1, 2, 5))
