"""The check of answers against the vendor's contract can fail, at every point where it looks."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.sequence.vendor import NEWEST, VERSIONS, contract_of
from tests.servers import Json, encode

KNOWN_WORDS = {"type", "properties", "required", "enum", "items", "format", "$ref", "additionalProperties"}
FORMATS = {"date", "int32", "int64"}
NOTE: Json = {
    "id": "id",
    "sequenceAccountId": "account",
    "status": "DRAFT",
    "currency": "EUR",
    "customerId": "customer",
    "customerEmails": [],
    "customerLegalCompanyName": "Company",
    "customerBillingAddress": {"line1": "1", "town": "T", "postcode": "P", "country": "GB"},
    "customerShippingAddress": {"line1": "1", "town": "T", "postcode": "P", "country": "GB"},
    "totalTax": "0.00",
    "netTotal": "0.00",
    "grossTotal": "0.00",
    "metadata": [],
    "linkedServices": [],
    "applications": [],
    "settings": {"generateCashCreditGrant": "DISABLED"},
}


def words_of(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for part in schema:
            yield from words_of(part)
    elif isinstance(schema, dict):
        for word, part in schema.items():
            yield word, part
            for inner in part.values() if word == "properties" else [part]:
                yield from words_of(inner)


def answer_with(body: object, status: int = 200, version: str | None = NEWEST) -> httpx2.Response:
    headers = {"Content-Type": "application/json"}
    if version is not None:
        headers["Sequence-Version"] = version
    return httpx2.Response(status, headers=headers, content=encode(body))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_facts_have_no_prose_and_no_word_that_is_not_checked(version: str) -> None:
    contract = contract_of(version)
    names = {f"#/components/schemas/{name}" for name in contract.schemas}
    for schema in contract.document["components"]["schemas"].values():
        for word, part in words_of(schema):
            assert word in KNOWN_WORDS
            assert word != "$ref" or part in names
            assert word != "format" or part in FORMATS
    whole = json.dumps(contract.document["paths"])
    assert not [word for word in ("description", "summary", "example") if f'"{word}"' in whole]


@pytest.mark.parametrize(("version", "count"), (("2024-01-01", 46), ("2024-05-09", 50), ("2024-07-30", 53)))
def test_every_operation_is_found_by_what_its_requests_look_like(version: str, count: int) -> None:
    contract = contract_of(version)
    assert len(contract.operations) == count
    for operation in contract.operations:
        path = operation.path.replace("{", "").replace("}", "")
        assert contract.find(operation.method, path) is operation


@pytest.mark.parametrize(
    ("changes", "fault"),
    (
        ({"surprise": 1}, "surprise"),
        ({"memo": None}, "None is not of type"),
        ({"id": None}, "None is not of type"),
        ({"status": "ISSUED"}, "is not one of"),
        ({"currency": "XXX"}, "is not one of"),
        ({"netTotal": Decimal("1.00")}, "is not of type 'string'"),
        ({"netTotal": "1,00"}, "is not what its name says"),
        ({"issueDate": "2024-02-30"}, "is not what its name says"),
        ({"balanceVersion": 2**63}, "int64"),
        ({"balanceVersion": "1"}, "is not of type 'integer'"),
        ({"customerBillingAddress": {**NOTE["customerBillingAddress"], "county": "K"}}, "county"),
        ({"applications": [{"invoiceId": "i", "amount": "1", "appliedAt": "yesterday"}]}, "is not what its name says"),
        ({"settings": ...}, "'settings' is a required property"),
    ),
)
def test_an_answer_that_is_not_of_the_contract_is_seen(changes: Json, fault: str) -> None:
    contract = contract_of(NEWEST)
    operation = contract.find("GET", "/credit-notes/some-id")
    contract.check(operation, answer_with(NOTE))
    body = {name: value for name, value in {**NOTE, **changes}.items() if value is not ...}
    with pytest.raises(AssertionError, match=fault):
        contract.check(operation, answer_with(body))


def test_what_a_later_version_has_is_not_sent_to_an_earlier_one() -> None:
    contract = contract_of("2024-05-09")
    operation = contract.find("GET", "/credit-notes/some-id")
    with pytest.raises(AssertionError, match="settings"):
        contract.check(operation, answer_with(NOTE, version="2024-05-09"))


@pytest.mark.parametrize(
    ("status", "version", "body"),
    (
        (200, None, NOTE),
        (200, "2024-05-09", NOTE),
        (201, NEWEST, NOTE),
        (500, NEWEST, {"error": {"type": "Internal", "message": "the server failed"}}),
        (404, NEWEST, {"error": {"type": "not_found", "message": "no credit note"}}),
        (404, NEWEST, {"error": {"type": "NotFound", "message": "no credit note", "code": 1}}),
        (404, NEWEST, {"error": {"type": "NotFound", "message": 'File "x.py", line 3'}}),
        (404, NEWEST, {"error": {"type": "NotFound"}}),
        (404, NEWEST, {"message": "no credit note was found"}),
    ),
)
def test_a_wrong_status_version_or_failure_is_seen(status: int, version: str | None, body: Json) -> None:
    contract = contract_of(NEWEST)
    operation = contract.find("GET", "/credit-notes/some-id")
    contract.check(operation, answer_with({"error": {"type": "NotFound", "message": "no credit note"}}, 404))
    with pytest.raises(AssertionError):
        contract.check(operation, answer_with(body, status, version))


def test_a_download_must_be_a_pdf() -> None:
    contract = contract_of(NEWEST)
    operation = contract.find("GET", "/credit-notes/some-id/download")
    headers = {"Sequence-Version": NEWEST, "Content-Type": "application/pdf"}
    contract.check(operation, httpx2.Response(200, headers=headers, content=b"%PDF-1.7 ..."))
    with pytest.raises(AssertionError):
        contract.check(operation, httpx2.Response(200, headers=headers, content=b"<html>"))
    with pytest.raises(AssertionError):
        contract.check(operation, answer_with({}))


def test_a_conflict_of_an_application_has_a_shape_of_its_own() -> None:
    contract = contract_of(NEWEST)
    operation = contract.find("POST", "/credit-note-applications")
    balance = {"value": 150, "currency": "USD", "version": 8}
    body = {"message": "read again", "currentInvoiceBalance": balance, "currentCreditNoteBalance": balance}
    contract.check(operation, answer_with(body, 409))
    contract.check(operation, answer_with({"error": {"type": "KeyInProgress", "message": "try again soon"}}, 409))
    with pytest.raises(AssertionError):
        contract.check(operation, answer_with({**body, "currentInvoiceBalance": {"value": 150}}, 409))
