"""Bodies to begin with: what an operation would accept, as far as that can be known from its schema.

Required fields are filled in. Rules that the schema cannot say (one of two fields must be there) are known here by the
shape's name. What only the reader knows stands between pointed brackets: `<accountNumber>`.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from seriatim.console.reference.operations import Schema, name_of
from seriatim.console.reference.schemas import plain, variants_of

FIELDS_BESIDES: Mapping[str, tuple[str, ...]] = {
    "ApplicationRequest": ("invoices",),
    "ApplyMemo": ("invoices",),
    "ChangeCreditLine": ("externalIds",),
    "ChangedSet": ("name",),
    "Charge": ("amount", "chargeId", "productRatePlanChargeId", "description"),
    "CreateCreditLine": ("creditNoteId", "externalIds"),
    "CreateDebitMemo": ("accountNumber", "autoPost"),
    "CreateInvoice": ("accountNumber", "memo"),
    "CreateInvoiceItem": ("chargeName",),
    "CreateMemo": ("accountNumber", "autoPost"),
    "CreatePaymentRequest": ("accountNumber", "paymentMethodId"),
    "CreateRefundRequest": ("methodType",),
    "DebitMemoPortion": ("debitMemoNumber",),
    "DueDate": ("id",),
    "InvoicePortion": ("invoiceNumber",),
    "InvoiceLineRequest": ("externalIds",),
    "NewSet": ("payment", "refund"),
    "PatchInvoice": ("memo",),
    "RefundMemo": ("methodType",),
    "UnapplyRefundRequest": ("totalAmount", "methodType"),
    "UpdateAccountRequest": ("notes",),
    "UpdateCreditMemo": ("comment",),
    "UpdateCreditNote": ("memo",),
    "UpdateDebitMemo": ("comment",),
    "UpdateInvoice": ("comments", "memo"),
    "UpdateNamedCreditMemo": ("comment",),
    "UpdateNamedDebitMemo": ("comment",),
    "UpdateOneOfSeveral": ("comments",),
    "UpdatePaymentRequest": ("comment",),
    "UpdateRefundRequest": ("comment",),
}
"""What an example has beside the required fields. Shapes of both APIs may share a name; what one has not is passed."""

VALUES: Mapping[str, Any] = {
    "autoPost": False,
    "billingPreference": "PRIMARY",
    "chargeId": "seats",
    "chargeName": "Seats",
    "comment": "Agreed by telephone",
    "comments": "Agreed by telephone",
    "country": "GB",
    "creditNoteBalanceVersion": 1,
    "currency": "EUR",
    "description": "Returned goods",
    "email": "ada@example.com",
    "externalIds": [],
    "firstName": "Ada",
    "grant_type": "client_credentials",
    "invoiceBalanceVersion": 1,
    "lastName": "Lovelace",
    "legalName": "Analytical Engines Ltd",
    "line1": "12 St James's Square",
    "memo": "Agreed by telephone",
    "methodType": "Check",
    "name": "Analytical Engines",
    "notes": "Prefers the telephone",
    "paymentMethodId": "wire",
    "paymentStatus": "PAID",
    "postcode": "SW1Y 4JH",
    "productRatePlanChargeId": "seats",
    "quantity": "1",
    "rate": "100.00",
    "startNumber": 1,
    "taxRate": "0.20",
    "taxStatus": "TAXED",
    "title": "Returned goods",
    "town": "London",
    "type": "External",
}
"""What fields are filled with, by their names."""
VALUES_OF_SHAPE: Mapping[tuple[str, str], Any] = {
    ("ChangedSet", "name"): "EUROPE-2",
    ("ContactRequest", "name"): "Ada Lovelace",
    ("NewSet", "creditMemo"): {"prefix": "EUCM", "startNumber": 1},
    ("NewSet", "debitMemo"): {"prefix": "EUDM", "startNumber": 1},
    ("NewSet", "invoice"): {"prefix": "EUINV", "startNumber": 1},
    ("NewSet", "name"): "EUROPE",
    ("NewSet", "payment"): {"prefix": "EUP-", "startNumber": 1},
    ("NewSet", "refund"): {"prefix": "EUR-", "startNumber": 1},
}
"""What fields of certain shapes are filled with."""
AMOUNT = 10


def example_body(schema: Schema, schemas: Mapping[str, Schema], day: date) -> str:
    """An example as JSON, to be edited. Dates are this day."""
    return json.dumps(_example(schema, schemas, day, ""), indent=2, ensure_ascii=False)


def _example(schema: Schema, schemas: Mapping[str, Schema], day: date, field: str) -> Any:
    schema = plain(variants_of(schema)[0], schemas)
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        return _object(name, schemas[name], schemas, day)
    if field in VALUES:
        return VALUES[field]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), schemas, day, field)]
    return _plain_example(schema, day, field)


def _object(name: str, shape: Schema, schemas: Mapping[str, Schema], day: date) -> dict[str, Any]:
    properties = shape["properties"]
    wanted = [*shape.get("required", ()), *FIELDS_BESIDES.get(name, ())]
    made = {}
    for field in dict.fromkeys(wanted):
        if (name, field) in VALUES_OF_SHAPE:
            made[field] = VALUES_OF_SHAPE[name, field]
        elif field in properties:
            made[field] = _example(properties[field], schemas, day, field)
    return made


def _plain_example(schema: Schema, day: date, field: str) -> Any:
    examples: dict[tuple[str | None, str | None], Any] = {
        ("boolean", None): False,
        ("integer", None): schema.get("minimum", 1),
        ("string", "date"): day.isoformat(),
        ("string", "decimal"): AMOUNT,
        ("string", None): f"<{field}>",
    }
    return examples.get((schema.get("type"), schema.get("format")), {})
