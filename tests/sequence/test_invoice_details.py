"""What an invoice says in full: due dates, what is kept and taken away again, currencies, lists and their cursors."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of
from tests.sequence.support import (
    ADDRESS,
    RECIPIENT,
    create_customer,
    create_invoice,
    issue_invoice,
    lines_of,
    new_line,
)
from tests.servers import Json, Server

PATH = "/invoices"
TODAY = datetime.now(UTC).date()
TERM_DAYS = 30


def test_a_new_invoice_says_what_its_customer_says(newest: ContractApi) -> None:
    customer = create_customer(newest, taxStatus="TAX_EXEMPT")
    made = newest.post(PATH, {"customerId": customer["id"], "currency": "JPY", "attachmentAssetIds": []})
    assert made == newest.get(f"{PATH}/{made['id']}")
    due = TODAY + timedelta(days=TERM_DAYS)
    expected: Json = {
        "status": "DRAFT",
        "currency": "JPY",
        "dueDate": due.isoformat(),
        "dueDateSource": "CALCULATED",
        "paymentTermDays": TERM_DAYS,
        "accountingDate": TODAY.isoformat(),
        "customerId": customer["id"],
        "customerLegalCompanyName": customer["legalName"],
        "customerBillingAddress": customer["address"],
        "customerShippingAddress": customer["address"],
        "customerEmails": [RECIPIENT],
        "customerTaxStatus": "TAX_EXEMPT",
        "isCustomerArchived": False,
        "netTotal": "0",
        "totalTax": "0",
        "grossTotal": "0",
        "paymentStatus": "UNPAID",
        "metadata": [],
        "creditNoteIds": [],
        "linkedServices": [],
        "renderSettings": {"paymentLinkDisplay": "HIDE_PAYMENT_LINK"},
        "integrationPaymentStatuses": {},
        "appliedCreditNotes": [],
        "appliedCreditGrants": [],
        "projectedCreditGrants": [],
        "paymentAllocations": [],
    }
    beside = {"id", "sequenceAccountId", "createdAt", "updatedAt"}
    assert {name: value for name, value in made.items() if name not in beside} == expected
    assert made["createdAt"] == made["updatedAt"]


def test_due_dates_are_given_or_follow_from_the_terms(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    given = create_invoice(newest, customer_id, new_line(), dueDate="2031-01-31")
    path = f"{PATH}/{given['id']}"
    assert (given["dueDate"], given["dueDateSource"]) == ("2031-01-31", "MANUAL")
    assert "paymentTermDays" not in given
    # The contract has dates alone, so the checking client would not send an empty text.
    by_terms: Json = newest.http.put(path, json={"dueDate": ""}).json()
    due = (TODAY + timedelta(days=TERM_DAYS)).isoformat()
    assert (by_terms["dueDate"], by_terms["dueDateSource"], by_terms["paymentTermDays"]) == (due, "CALCULATED", 30)
    assert newest.put(path, {"memo": "x"})["dueDate"] == due
    assert newest.put(path, {"dueDate": "2020-02-29"})["dueDate"] == "2020-02-29"
    assert newest.post(f"{path}/finalize")["dueDate"] == "2020-02-29"
    newest.refused("PUT", path, {"dueDate": "2031-01-31"}, status=409, of_type="DocumentNotDraft")
    draft = create_invoice(newest, customer_id)
    message = newest.refused(
        "PUT", f"{PATH}/{draft['id']}", {"dueDate": "31.01.2031"}, status=400, of_type="InvalidValue"
    )
    assert "dueDate" in message


def test_what_is_only_kept_is_kept_apart_and_taken_away_by_nothing(newest: ContractApi) -> None:
    kept: Json = {
        "billingScheduleId": "schedule-1",
        "billingRunId": "run-1",
        "creditBalances": "7 of 7 credits",
        "paymentOptions": ["BANK_TRANSFER", "LINK"],
        "reference": "R 7",
        "memo": "Thanks",
        "purchaseOrderNumber": "PO 7",
    }
    invoice = create_invoice(newest, create_customer(newest)["id"], **kept)
    path = f"{PATH}/{invoice['id']}"
    assert {name: invoice[name] for name in kept} == kept
    newest.ok("PATCH", path, {"paymentOptions": ["LINK"]})
    shown = newest.put(path, {"billingRunId": "run-2"})
    assert {name: shown[name] for name in kept} == {**kept, "paymentOptions": ["LINK"], "billingRunId": "run-2"}
    shown = newest.put(path, {"reference": "", "memo": "", "purchaseOrderNumber": "", "metadata": []})
    assert not {"reference", "memo", "purchaseOrderNumber"} & shown.keys()


@pytest.mark.parametrize(
    ("body", "word"),
    (
        ({"attachmentAssetIds": ["asset"]}, "attachmentAssetIds"),
        ({"billingPeriod": {"start": "2031-02-01", "endInclusive": "2031-01-31"}}, "billingPeriod.endInclusive"),
        ({"billingPeriod": {"start": "soon", "endInclusive": "2031-01-31"}}, "billingPeriod.start"),
        ({"accountingDate": "2031-02-30"}, "accountingDate"),
        ({"paymentOptions": ["CASH"]}, "paymentOptions"),
        ({"customerEmails": ["nobody"]}, "customerEmails[0]"),
        ({"metadata": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "metadata[1].key"),
    ),
)
def test_what_cannot_be_said_is_refused_by_name(newest: ContractApi, body: Json, word: str) -> None:
    customer_id = create_customer(newest)["id"]
    draft = create_invoice(newest, customer_id)
    for method, path, given in (
        ("POST", PATH, {"customerId": customer_id, "currency": "EUR", **body}),
        ("PUT", f"{PATH}/{draft['id']}", body),
        ("PATCH", f"{PATH}/{draft['id']}", body),
    ):
        assert word in newest.refused(method, path, given, status=400, of_type="InvalidValue")
    assert newest.get(f"{PATH}/{draft['id']}") == draft


def test_the_currency_changes_while_there_is_no_line(newest: ContractApi) -> None:
    invoice = create_invoice(newest, create_customer(newest)["id"])
    path = f"{PATH}/{invoice['id']}"
    changed = newest.put(path, {"currency": "ISK"})
    assert (changed["currency"], changed["netTotal"]) == ("ISK", "0")
    newest.refused("PUT", path, {"currency": "XXX"}, status=400, of_type="InvalidValue")
    assert newest.post(f"{path}/line-items", new_line("99.5"))["netTotal"] == "100"
    message = newest.refused("PUT", path, {"currency": "EUR"}, status=422, of_type="CurrencyMismatch")
    assert "lines in ISK" in message
    assert newest.put(path, {"currency": "ISK"})["currency"] == "ISK"
    newest.delete(f"{path}/line-items/{lines_of(newest, path)[0]['id']}")
    assert newest.put(path, {"currency": "EUR"})["currency"] == "EUR"
    newest.refused("PATCH", path, {"currency": "USD"}, status=400, of_type="UnknownField")


def test_a_deleted_draft_is_shown_once_more_and_gone(sequence: ContractApi) -> None:
    invoice = create_invoice(sequence, create_customer(sequence)["id"], new_line())
    path = f"{PATH}/{invoice['id']}"
    deleted = sequence.delete(path)
    assert (deleted["id"], deleted["grossTotal"]) == (invoice["id"], "10.00")
    sequence.refused("GET", path, status=404, of_type="NotFound")
    sequence.refused("DELETE", path, status=404, of_type="NotFound")


def test_an_invoice_outlives_its_customers_changes(newest: ContractApi) -> None:
    customer = create_customer(newest)
    invoice = issue_invoice(newest, customer["id"])
    newest.post(f"/customers/{customer['id']}/archive")
    shown = newest.get(f"{PATH}/{invoice['id']}")
    assert (shown["isCustomerArchived"], shown["customerLegalCompanyName"]) == (True, customer["legalName"])
    body = {"customerId": customer["id"], "currency": "EUR"}
    newest.refused("POST", PATH, body, status=409, of_type="AccountArchived")
    newest.refused("POST", PATH, {"customerId": "nobody", "currency": "EUR"}, status=404, of_type="NotFound")


@pytest.fixture(scope="module")
def two(newest: ContractApi) -> dict[str, list[str]]:
    """The ids of the invoices of two customers, oldest first."""
    found: dict[str, list[str]] = {}
    for _ in range(2):
        customer_id = create_customer(newest)["id"]
        made = [
            issue_invoice(newest, customer_id, new_line(rate), accountingDate=day)
            for rate, day in (("2.00", "2031-03-03"), ("1.00", "2031-03-01"), ("3.00", "2031-03-02"))
        ]
        found[customer_id] = [each["id"] for each in made]
    return found


def test_lists_are_of_several_customers_at_once(newest: ContractApi, two: dict[str, list[str]]) -> None:
    (first, theirs), (second, others) = two.items()
    both = {"customerId": f"{first}, {second}"}
    assert ids_of(newest, PATH, **both) == [*reversed(others), *reversed(theirs)]
    assert ids_of(newest, PATH, **both, excludeCustomerId=second) == theirs[::-1]
    assert ids_of(newest, PATH, **both, netTotal="2.00", sortOrder="ASC") == [theirs[0], others[0]]
    assert ids_of(newest, PATH, **both, excludeNetTotal="2.00", invoiceCurrency="USD,GBP") == []
    assert newest.get(PATH, **both)["pagination"]["totalResultSize"] == 6


@pytest.mark.parametrize("sort", (None, "GROSS_TOTAL", "ACCOUNTING_DATE", "DUE_DATE", "ISSUE_DATE"))
@pytest.mark.parametrize("order", ("ASC", "DESC"))
def test_pages_lead_there_and_back_in_every_order(
    newest: ContractApi, two: dict[str, list[str]], sort: str | None, order: str
) -> None:
    places = {"GROSS_TOTAL": (1, 0, 2), "ACCOUNTING_DATE": (1, 2, 0)}.get(sort or "", (0, 1, 2))
    (first, theirs), *_ = two.items()
    expected = [theirs[place] for place in places][:: 1 if order == "ASC" else -1]
    query: dict[str, str | int] = {"customerId": first, "sortOrder": order, "limit": 1}
    if sort is not None:
        query["sortBy"] = sort
    assert ids_of(newest, PATH, **query) == expected
    pages = [newest.get(PATH, **query)]
    while "after" in pages[-1]["pagination"]:
        pages.append(newest.get(PATH, **query, after=pages[-1]["pagination"]["after"]))
    assert "before" not in pages[0]["pagination"]
    back = [pages[-1]]
    while "before" in back[-1]["pagination"]:
        back.append(newest.get(PATH, **query, before=back[-1]["pagination"]["before"]))
    assert [each["id"] for page in reversed(back) for each in page["items"]] == expected


def test_a_cursor_belongs_to_its_order(newest: ContractApi, two: dict[str, list[str]]) -> None:
    customer_id = next(iter(two))
    cursor = newest.get(PATH, customerId=customer_id, limit=1, sortBy="GROSS_TOTAL")["pagination"]["after"]
    newest.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", after=cursor, sortBy="DUE_DATE")
    newest.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", after=cursor, before=cursor)
    for bad in ("", "!", "e30", "WzEsMl0"):
        newest.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", after=bad)


@pytest.mark.parametrize("name", ("customerId", "invoiceNumber", "excludeInvoiceCurrency", "invoiceStatus"))
def test_an_empty_filter_is_refused(newest: ContractApi, name: str) -> None:
    for text in ("", " , "):
        assert name in newest.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", **{name: text})


def test_dates_in_lists_are_days_beyond_the_one_that_is_named(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id, dueDate="2031-05-05")
    newest.post(f"{PATH}/{invoice['id']}/mark-as-sent")
    for name, day in (("due", date(2031, 5, 5)), ("invoice", TODAY), ("sent", TODAY)):
        for shift, word in ((-1, "After"), (1, "Before")):
            beyond = {f"{name}{word}": (day + timedelta(days=shift)).isoformat()}
            assert ids_of(newest, PATH, customerId=customer_id, **beyond) == [invoice["id"]], beyond
            assert ids_of(newest, PATH, customerId=customer_id, **{f"{name}{word}": day.isoformat()}) == []


def test_the_seller_and_its_terms_hold_from_the_day_of_issue(seller: Callable[[], ContractApi], server: Server) -> None:
    api = seller()
    customer_id = create_customer(api)["id"]
    draft = create_invoice(api, customer_id, new_line())
    path = f"{PATH}/{draft['id']}"
    assert "merchantDetails" not in draft
    entity_id = draft["sequenceAccountId"]
    details = {"legalCompanyName": "Seller Ltd", "email": "seller@example.com", "address": ADDRESS}

    def tell(days: int, **fields: object) -> None:
        path = server.directory / f"{entity_id}.json"
        path.write_text(json.dumps({**details, **fields}), encoding="utf-8")
        words = ("--entity", entity_id, "--file", str(path), "--payment-term-days", str(days))
        server.run_cli_json("merchant", "set", *words)

    tell(14)
    final = api.post(f"{path}/finalize")
    assert final["dueDate"] == (TODAY + timedelta(days=14)).isoformat()
    assert final["merchantDetails"]["legalCompanyName"] == "Seller Ltd"
    tell(60, legalCompanyName="Another Ltd")
    shown = api.get(path)
    assert (shown["merchantDetails"], shown["paymentTermDays"]) == (final["merchantDetails"], 14)
    again = create_invoice(api, customer_id)
    assert (again["merchantDetails"]["legalCompanyName"], again["paymentTermDays"]) == ("Another Ltd", 60)
