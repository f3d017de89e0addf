"""Invoices: their life, their payment, and how they are found again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of
from tests.sequence.support import (
    ADDRESS,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_line,
)
from tests.sequence.test_notes import customer_with_set, totals
from tests.servers import Api, Json

PATH = "/invoices"
TODAY = datetime.now(UTC).date()


def test_an_invoice_goes_from_draft_to_void_and_keeps_its_number(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    draft = create_invoice(sequence, customer_id, new_line("100.00", "3", "0.2"), new_line("-0.01"))
    path = f"{PATH}/{draft['id']}"
    assert (draft["status"], draft["paymentStatus"], totals(draft)) == (
        "DRAFT",
        "UNPAID",
        ("299.99", "60.00", "359.99"),
    )
    assert not [name for name in ("invoiceNumber", "issueDate") if name in draft]
    final = sequence.post(f"{path}/finalize")
    assert (final["status"], final["invoiceNumber"]) == ("FINAL", f"{own['invoice']['prefix']}00000001")
    # What the oldest version answers to a step tells less than what it answers to a reading.
    final = sequence.get(path)
    issued_on = date.fromisoformat(final["issueDate"])
    assert TODAY <= issued_on <= datetime.now(UTC).date()
    assert date.fromisoformat(final["dueDate"]) == issued_on + timedelta(days=30)
    for method, at, body in (
        ("PUT", path, {"memo": "late"}),
        ("PATCH", path, {"memo": "late"}),
        ("POST", f"{path}/line-items", new_line()),
        ("PUT", f"{path}/line-items/{lines_of(sequence, path)[0]['id']}", new_line()),
        ("POST", f"{path}/line-item-groups", {"title": "late"}),
    ):
        sequence.refused(method, at, body, status=409, of_type="DocumentNotDraft")
    sequence.refused("DELETE", path, status=409, of_type="TransitionNotAllowed")
    voided = sequence.post(f"{path}/void")
    assert (voided["status"], voided["invoiceNumber"]) == ("VOIDED", final["invoiceNumber"])
    assert totals(voided) == totals(final)


def test_an_invoice_goes_back_to_draft_and_keeps_its_number(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id)
    path = f"{PATH}/{invoice['id']}"
    again = newest.post(f"{path}/draft")
    assert (again["status"], again["invoiceNumber"]) == ("DRAFT", invoice["invoiceNumber"])
    newest.post(f"{path}/line-items", new_line("1.00"))
    newest.refused("DELETE", path, status=409, of_type="DocumentHasNumber")
    final = newest.post(f"{path}/finalize")
    assert (final["invoiceNumber"], final["grossTotal"]) == (invoice["invoiceNumber"], "101.00")
    create_note(newest, customer_id, invoiceId=invoice["id"])
    newest.refused("POST", f"{path}/draft", status=409, of_type="DocumentIsReferredTo")
    newest.refused("POST", f"{path}/void", status=409, of_type="DocumentIsReferredTo")


def test_what_is_told_is_read_back_and_put_leaves_alone_what_it_is_not_told(sequence: ContractApi) -> None:
    told: Json = {
        "billingScheduleId": "schedule",
        "dueDate": "2031-06-30",
        "purchaseOrderNumber": "PO 7",
        "reference": "R 7",
        "customerEmails": ["a@customer.example"],
        "customerLegalCompanyName": "Ada & Sons",
        "customerBillingAddress": {**ADDRESS, "line2": "Second floor"},
        "customerShippingAddress": {**ADDRESS, "line1": "The yard"},
        "memo": "Überraschung",
        "billingPeriod": {"start": "2031-01-01", "endInclusive": "2031-01-31"},
        "metadata": [{"key": "one", "value": "1"}],
        "accountingDate": "2031-02-01",
    }
    invoice = create_invoice(sequence, create_customer(sequence)["id"], **told)
    assert {name: invoice[name] for name in told} == told
    path = f"{PATH}/{invoice['id']}"
    for method in ("PUT", "PATCH"):
        changed = sequence.ok(method, path, {"memo": method})
        assert {name: changed[name] for name in told} == {**told, "memo": method}


def test_marking_as_paid_takes_in_a_payment_and_unpaid_takes_it_back(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    invoice = issue_invoice(sequence, customer_id)
    path = f"{PATH}/{invoice['id']}/payment-status"
    for status, balance in (("PAID", "0.00"), ("UNPAID", "100.00"), ("UNCOLLECTIBLE", "100.00"), ("UNPAID", "100.00")):
        assert sequence.put(path, {"paymentStatus": status})["paymentStatus"] == status
        shown = zuora.ok("GET", f"/v1/invoices/{invoice['id']}")
        assert Decimal(shown["balance"]) == Decimal(balance)
    assert zuora.ok("GET", f"/v1/sequence-sets/{own['id']}")["payment"]["nextNumber"] == 2
    draft = create_invoice(sequence, customer_id, new_line())
    at = f"{PATH}/{draft['id']}/payment-status"
    sequence.refused("PUT", at, {"paymentStatus": "PAID"}, status=422, of_type="NotSettleable")
    message = sequence.refused("PUT", path, {"paymentStatus": "PARTIALLY_PAID"}, status=409, of_type="AlreadySettled")
    assert invoice["invoiceNumber"] in message


def test_an_invoice_tells_what_credits_it(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    invoice = issue_invoice(sequence, customer_id)
    assert invoice["creditNoteIds"] == []
    notes = [issue_note(sequence, customer_id, invoiceId=invoice["id"])["id"] for _ in range(2)]
    assert set(sequence.get(f"{PATH}/{invoice['id']}")["creditNoteIds"]) == set(notes)


@pytest.fixture(scope="module")
def shelf(newest: ContractApi) -> dict[str, Json]:
    """The invoices of one customer, by a name for each."""
    customer_id = create_customer(newest)["id"]
    makings: Json = {
        "draft": (create_invoice, "D", "2031-01-01", (), {"billingScheduleId": "schedule"}),
        "final": (issue_invoice, "B", "2031-02-01", (new_line("20.00"),), {}),
        "sent": (issue_invoice, "A", "2031-03-01", (new_line("3.00", "1", "0.5"),), {}),
        "paid": (issue_invoice, "C", "2031-04-01", (new_line("100.00"),), {"currency": "USD"}),
    }
    found = {
        name: make(newest, customer_id, *lines, customerLegalCompanyName=company, dueDate=due, **more)
        for name, (make, company, due, lines, more) in makings.items()
    }
    newest.post(f"{PATH}/{found['sent']['id']}/mark-as-sent")
    newest.put(f"{PATH}/{found['paid']['id']}/payment-status", {"paymentStatus": "PAID"})
    return {name: newest.get(f"{PATH}/{each['id']}") for name, each in found.items()}


FILTERS: tuple[tuple[dict[str, str | int], str], ...] = (
    ({}, "draft final sent paid"),
    ({"invoiceStatus": "DRAFT"}, "draft"),
    ({"invoiceStatus": "FINAL"}, "final paid"),
    ({"invoiceStatus": "SENT"}, "sent"),
    ({"invoiceStatus": "VOIDED"}, ""),
    ({"invoiceStatus": "IN_PROGRESS"}, ""),
    ({"invoicePaymentStatus": "PAID"}, "paid"),
    ({"invoicePaymentStatus": "UNPAID"}, "draft final sent"),
    ({"billingScheduleId": "schedule"}, "draft"),
    ({"dueBefore": "2031-02-15"}, "draft final"),
    ({"dueAfter": "2031-02-15"}, "sent paid"),
    ({"sentAfter": str(TODAY - timedelta(days=7))}, "sent"),
    ({"sentBefore": str(TODAY - timedelta(days=7))}, ""),
    ({"invoiceAfter": str(TODAY + timedelta(days=7))}, ""),
    ({"invoiceBefore": str(TODAY + timedelta(days=7)), "invoiceStatus": "SENT"}, "sent"),
    ({"excludeZeroQuantity": "true"}, "final sent paid"),
    ({"excludeZeroQuantity": "false"}, "draft final sent paid"),
    ({"invoiceCurrency": "USD"}, "paid"),
    ({"invoiceCurrency": "USD,EUR"}, "draft final sent paid"),
    ({"sortBy": "GROSS_TOTAL"}, "draft sent final paid"),
    ({"sortBy": "CUSTOMER_LEGAL_COMPANY_NAME"}, "sent final paid draft"),
)
NEWEST_FILTERS: tuple[tuple[dict[str, str | int], str], ...] = (
    ({"netTotal": "3.00"}, "sent"),
    ({"netTotal": "3"}, "sent"),
    ({"excludeNetTotal": "3.00"}, "draft final paid"),
    ({"excludeInvoiceStatus": "FINAL"}, "draft sent"),
    ({"excludeInvoicePaymentStatus": "UNPAID"}, "paid"),
    ({"excludeBillingScheduleId": "schedule"}, "final sent paid"),
    ({"excludeInvoiceCurrency": "EUR"}, "paid"),
    ({"sortBy": "DUE_DATE"}, "draft final sent paid"),
)


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_every_filter_and_order_of_the_contract(
    sequence: ContractApi, shelf: dict[str, Json], query: dict[str, str | int], expected: str
) -> None:
    check_list(sequence, shelf, query, expected)


@pytest.mark.parametrize(("query", "expected"), NEWEST_FILTERS)
def test_every_filter_and_order_of_the_newest_version(
    newest: ContractApi, shelf: dict[str, Json], query: dict[str, str | int], expected: str
) -> None:
    check_list(newest, shelf, query, expected)


def check_list(api: ContractApi, shelf: dict[str, Json], query: dict[str, str | int], expected: str) -> None:
    names = {each["id"]: name for name, each in shelf.items()}
    query = {"customerId": shelf["final"]["customerId"], "sortOrder": "ASC", **query}
    for limit in (1, 100):
        assert [names[each] for each in ids_of(api, PATH, limit=limit, **query)] == expected.split()


def test_invoices_are_found_and_left_out_by_number(newest: ContractApi, shelf: dict[str, Json]) -> None:
    number = shelf["final"]["invoiceNumber"]
    for query, expected in (
        ({"invoiceNumber": number}, "final"),
        ({"invoiceNumber": number[:-1]}, ""),
        ({"search": number.lower()}, "final"),
        ({"excludeInvoiceNumber": number}, "draft sent paid"),
        ({"excludeSearch": number.lower()}, "draft sent paid"),
    ):
        check_list(newest, shelf, dict(query), expected)
    assert ids_of(newest, PATH, invoiceNumber=number, excludeCustomerId=shelf["final"]["customerId"]) == []


@pytest.mark.parametrize(
    ("query", "word"),
    (
        ({"invoiceStatus": "OPEN"}, "invoiceStatus"),
        ({"invoicePaymentStatus": "OWED"}, "invoicePaymentStatus"),
        ({"dueBefore": "soon"}, "dueBefore"),
        ({"invoiceCurrency": "EURO"}, "invoiceCurrency"),
        ({"excludeZeroQuantity": "perhaps"}, "excludeZeroQuantity"),
        ({"sortBy": "MEMO"}, "sortBy"),
        ({"after": "x"}, "after"),
        ({"limit": "1000"}, "limit"),
    ),
)
def test_a_bad_query_is_refused_by_name(sequence: ContractApi, query: dict[str, str], word: str) -> None:
    assert word in sequence.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", **query)


def test_an_empty_invoice_is_not_finalized(sequence: ContractApi) -> None:
    invoice = create_invoice(sequence, create_customer(sequence)["id"])
    path = f"{PATH}/{invoice['id']}"
    sequence.refused("POST", f"{path}/finalize", status=422, of_type="NoLines")
    sequence.post(f"{path}/line-items", new_line("0"))
    sequence.refused("POST", f"{path}/finalize", status=422, of_type="TotalNotPositive")
