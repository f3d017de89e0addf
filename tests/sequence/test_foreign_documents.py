"""What only Zuora's API can make is read through Sequence's in every version, and to the cent."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import TODAY, Ledger, to_debit_memo, to_invoice
from tests.api.support import create_account, create_memo, post_memo, unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of
from tests.sequence.support import lines_of
from tests.sequence.vendor import contract_of
from tests.servers import Api, Json, Server

PLACES: tuple[Json, ...] = (
    {},
    {"country": "United Kingdom"},
    {"country": "USA", "state": "California", "zipCode": "90210", "city": "Beverly Hills", "address1": "Rodeo Drive"},
    {"country": "US", "state": "ny"},
    {"country": "Canada", "state": "Yukon"},
    {"country": "Canada", "state": "Nunavut", "address2": "Second line only"},
    {"country": "Australia", "state": "New South Wales"},
    {"country": "Atlantis", "state": "Deep"},
    {"country": "DEU", "workEmail": "work@customer.example", "personalEmail": "home@customer.example"},
    {"country": "Österreich"},
)
"""Contacts as Zuora's clients write them, freely."""


def contact(**fields: Any) -> Json:
    return {"firstName": "Ada", "lastName": "Lovelace", **fields}


def taxed(amount: object, tax: object, **fields: Any) -> Json:
    """A line of an invoice with a tax."""
    item = {"amount": amount, "chargeName": "Hours", "serviceStartDate": TODAY}
    return {**item, "taxItems": [{"name": "VAT", "taxAmount": tax}], **fields}


def odd_invoices(ledger: Ledger) -> Iterator[str]:
    """The ids of invoices as Sequence would not make them."""
    yield ledger.invoice("100.00")
    yield ledger.invoice("33.33", status="Draft")
    yield ledger.invoice("0.00")
    yield ledger.invoice(1, invoiceNumber=f"OWN-{unique_letters()}")
    for item in (
        taxed("100.00", "19.00", quantity="3", discountItems=[{"amount": "-10.00", "chargeName": "Loyalty"}]),
        taxed("119.00", "19.00", taxMode="TaxInclusive"),
        taxed("10.00", "0.00", serviceEndDate="2026-03-31", description="March"),
        taxed("5.00", "0.00", quantity=0),
        taxed("0.01", "0.00", quantity="0.333333"),
    ):
        body = {"accountId": ledger.account_id, "invoiceDate": TODAY, "invoiceItems": [taxed("50.00", "5.00"), item]}
        yield str(ledger.api.ok("POST", "/v1/invoices", body)["id"])


def odd_memos(ledger: Ledger) -> Iterator[str]:
    """The ids of credit memos as Sequence would not make them."""
    yield ledger.credit_memo("5.00", post=False)
    charge = {"amount": Decimal("3.00"), "chargeId": "c", "quantity": 7, "description": "x" * 255}
    yield create_memo(ledger.api, ledger.account_id, charges=[charge], comment="Sorry", reasonCode="Duplicate")["id"]
    canceled = ledger.credit_memo("6.00", post=False)
    ledger.api.ok("PUT", f"/v1/credit-memos/{canceled}/cancel")
    yield canceled
    again = ledger.credit_memo("7.00")
    ledger.api.ok("PUT", f"/v1/credit-memos/{again}/unpost")
    yield again
    spread = ledger.credit_memo("8.00")
    target = to_debit_memo(ledger.debit_memo("2.00"), "2.00"), to_invoice(ledger.invoice("3.00"), "3.00")
    body = {"debitMemos": [target[0]], "invoices": [target[1]]}
    ledger.api.ok("PUT", f"/v1/credit-memos/{spread}/apply", body)
    refund = {"totalAmount": Decimal("1.00"), "type": "External", "methodType": "Check"}
    ledger.api.ok("POST", f"/v1/credit-memos/{spread}/refund", refund)
    yield spread
    reversed_memo = ledger.credit_memo("9.00")
    ledger.api.ok("PUT", f"/v1/credit-memos/{reversed_memo}/reverse", {})
    yield reversed_memo
    source = ledger.invoice("40.00")
    mirrored = ledger.api.ok("POST", f"/v1/credit-memos/invoice/{source}", {"autoPost": True})
    yield mirrored["id"]


@pytest.fixture(scope="module")
def ledgers(zuora: Api) -> list[Ledger]:
    """Accounts in all sorts of places."""
    found = []
    for place in PLACES:
        mail = {"workEmail": place["workEmail"]} if "workEmail" in place else {}
        found.append(Ledger(zuora, billToContact=contact(**{**place, **mail}), name=f"Company {unique_letters()}"))
    found.append(Ledger(zuora, billToContact=contact(country="France"), soldToContact=contact(country="Atlantis")))
    return found


@pytest.fixture(scope="module")
def odd(ledgers: list[Ledger]) -> dict[str, list[str]]:
    """The ids of odd documents, by the noun of their paths."""
    first, *_, last = ledgers
    return {
        "invoices": [*odd_invoices(first), *odd_invoices(last)],
        "credit-notes": [*odd_memos(first), *odd_memos(last)],
    }


def test_accounts_in_any_place_are_customers(sequence: ContractApi, ledgers: list[Ledger]) -> None:
    for ledger in ledgers:
        shown = sequence.get(f"/customers/{ledger.account_id}")
        assert shown["id"] == ledger.account_id
        made = sequence.post("/invoices", {"customerId": ledger.account_id, "currency": "EUR"})
        assert made["customerBillingAddress"] == shown["address"]
    listed = set(ids_of(sequence, "/customers", limit=100))
    assert {ledger.account_id for ledger in ledgers} <= listed


@pytest.mark.parametrize("noun", ("invoices", "credit-notes"))
def test_every_odd_document_is_read(sequence: ContractApi, zuora: Api, odd: dict[str, list[str]], noun: str) -> None:
    amounts = {"invoices": "/v1/invoices", "credit-notes": "/v1/credit-memos"}[noun]
    for document_id in odd[noun]:
        shown = sequence.get(f"/{noun}/{document_id}")
        theirs = zuora.ok("GET", f"{amounts}/{document_id}")
        assert Decimal(shown["grossTotal"]) == Decimal(theirs["amount"])
        assert Decimal(shown["totalTax"]) == Decimal(theirs["taxAmount"])
        lines = lines_of(sequence, f"/{noun}/{document_id}")
        for name in ("netTotal", "totalTax", "grossTotal"):
            assert sum(Decimal(line[name]) for line in lines) == Decimal(shown[name])
        sequence.get(f"/{noun}/{document_id}/line-item-groups")
    customer_id = sequence.get(f"/{noun}/{odd[noun][0]}")["customerId"]
    listed = sequence.get(f"/{noun}", customerId=customer_id, limit=100)["items"]
    assert len(listed) >= len(odd[noun]) // 2
    for each in listed:
        # A list of invoices tells less of each than reading it does.
        assert each.items() <= sequence.get(f"/{noun}/{each['id']}").items()


@pytest.mark.parametrize("noun", ("invoices", "credit-notes"))
def test_every_odd_document_is_printed(newest: ContractApi, odd: dict[str, list[str]], noun: str) -> None:
    for document_id in odd[noun]:
        assert newest.download(f"/{noun}/{document_id}/download")


def test_a_memo_that_was_applied_to_a_debit_memo_and_refunded_tells_what_remains(
    newest: ContractApi, odd: dict[str, list[str]]
) -> None:
    spread = newest.get(f"/credit-notes/{odd['credit-notes'][4]}")
    assert (spread["grossTotal"], spread["balance"], spread["applicationStatus"]) == (
        "8.00",
        "2.00",
        "PARTIALLY_APPLIED",
    )
    # A debit memo is nothing that Sequence knows.
    assert [each["amount"] for each in spread["applications"]] == ["3.00"]


def test_what_is_in_a_currency_that_sequence_does_not_know_is_left_out(
    sequence: ContractApi, zuora: Api, server: Server
) -> None:
    assert "KWD" not in contract_of(sequence.version).schemas["Currency"]["enum"]
    account_id = create_account(zuora, currency="KWD")
    post_memo(zuora, account_id)
    memo_id = create_memo(zuora, account_id, charges=[{"amount": Decimal("1.234"), "chargeId": "c"}])["id"]
    found = sequence.get("/credit-notes", customerId=account_id)
    assert found == {"items": [], "pagination": {"totalResultSize": 0}}
    for method, path in (
        ("GET", f"/credit-notes/{memo_id}"),
        ("GET", f"/credit-notes/{memo_id}/download"),
        ("GET", f"/credit-notes/{memo_id}/line-items"),
        ("POST", f"/credit-notes/{memo_id}/finalize"),
        ("DELETE", f"/credit-notes/{memo_id}"),
    ):
        assert "KWD" in sequence.refused(method, path, status=422, of_type="NotInThisVersion")
    assert sequence.get(f"/customers/{account_id}")["id"] == account_id
    assert zuora.ok("GET", f"/v1/credit-memos/{memo_id}")["status"] == "Draft"
    assert server.is_running
