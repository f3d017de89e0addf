"""Invoices over HTTP: their numbers, their amounts to the last minor unit, and many at once."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.support import create_account, create_set, next_numbers, refused, unique_letters
from tests.servers import Api, Json, Server, decode

INVOICES = "/v1/invoices"
BATCH = f"{INVOICES}/batch"
AMOUNT_MAX = 10**13


def new_item(amount: object = Decimal("10.00"), **fields: object) -> Json:
    return {"amount": amount, "chargeName": "Seats", "serviceStartDate": "2026-01-01", **fields}


def new_tax(amount: object, **fields: object) -> Json:
    return {"name": "VAT", "taxAmount": amount, "taxRate": Decimal("0.19"), **fields}


class Books:
    """A set and an account that uses it."""

    def __init__(self, api: Api, *, currency: str = "EUR") -> None:
        self.api = api
        self.prefix = unique_letters()
        self.set = create_set(api, self.prefix)
        self.account_id = create_account(api, sequenceSetId=self.set["id"], currency=currency)

    def body(self, *items: Json, **fields: object) -> Json:
        given = {"accountId": self.account_id, "invoiceDate": "2026-01-31", "invoiceItems": items or (new_item(),)}
        return {**given, **fields}

    def draft(self, *items: Json, **fields: object) -> Json:
        return self.api.ok("POST", INVOICES, self.body(*items, **fields))

    def posted(self, *items: Json, **fields: object) -> Json:
        return self.draft(*items, status="Posted", **fields)

    def refused(self, status: int, category: int, *items: Json, **fields: object) -> str:
        return refused(self.api.post(INVOICES, self.body(*items, **fields)), status, category)

    def items(self, invoice: Json) -> list[Json]:
        found: list[Json] = self.api.ok("GET", f"{INVOICES}/{invoice['id']}/items")["invoiceItems"]
        return found

    def next(self) -> tuple[int, int]:
        """The ordinals that come next of invoices and credit memos."""
        following = next_numbers(self.api, self.set["id"])
        return following["invoice"], following["creditMemo"]


@pytest.fixture
def books(api: Api) -> Books:
    return Books(api)


def failures(answer: Any) -> list[str | None]:
    """What each of several was refused for, None for those that were not."""
    return [None if each["success"] else each["reasons"][0]["message"] for each in decode(answer)["invoices"]]


@pytest.mark.parametrize("key", ("id", "sequenceSetNumber", "name"))
def test_the_set_that_an_invoice_names_numbers_it(books: Books, key: str) -> None:
    other = create_set(books.api)
    draft = books.draft(sequenceSet=other[key])
    assert draft["sequenceSetId"] == other["id"]
    books.api.ok("PUT", f"{INVOICES}/{draft['id']}/post")
    number = books.api.ok("GET", f"{INVOICES}/{draft['id']}")["invoiceNumber"]
    assert number == f"{other['invoice']['prefix']}00000001"
    assert books.posted(sequenceSet=other[key])["invoiceNumber"] == f"{other['invoice']['prefix']}00000002"
    assert books.next() == (1, 1)


def test_a_reversal_is_numbered_by_the_set_of_its_invoice(books: Books) -> None:
    other = create_set(books.api)
    invoice = books.posted(sequenceSet=other["id"])
    books.api.ok("PUT", f"{INVOICES}/{invoice['id']}/reverse")
    (part,) = books.api.ok("GET", f"{INVOICES}/{invoice['id']}/application-parts")["applicationParts"]
    memo = books.api.ok("GET", f"/v1/credit-memos/{part['creditMemoId']}")
    assert (memo["number"], memo["sequenceSetId"]) == (f"{other['creditMemo']['prefix']}00000001", other["id"])
    refused(books.api.put(f"{INVOICES}/{invoice['id']}/reverse"), 200, 30)
    assert next_numbers(books.api, other["id"])["creditMemo"] == 2
    assert books.next() == (1, 1)


def test_a_number_of_the_callers_choice_is_kept_and_takes_none(books: Books) -> None:
    number = f"OWN-{unique_letters()}"
    draft = books.draft(invoiceNumber=number)
    assert (draft["invoiceNumber"], draft["status"]) == (number, "Draft")
    books.api.ok("PUT", f"{INVOICES}/{number}/post")
    assert books.api.ok("GET", f"{INVOICES}/{number}")["id"] == draft["id"]
    longest = f"{number}-{'9' * 32}"[:32]
    assert books.posted(invoiceNumber=longest)["invoiceNumber"] == longest
    assert books.next() == (1, 1)


@pytest.mark.parametrize("number", ("A" * 33, "a b", "a/b", "ä", "TMP-INV-00000001", "PREVIEW-1"))
def test_a_number_that_is_not_well_formed_is_refused(books: Books, number: str) -> None:
    assert books.refused(400, 20, invoiceNumber=number).startswith("invoiceNumber: ")


@pytest.mark.parametrize("letter", ("I", "C", "P-"))
def test_a_number_that_falls_into_a_series_is_refused(books: Books, letter: str) -> None:
    number = f"{books.prefix}{letter}00000007"
    message = books.refused(200, 30, invoiceNumber=number)
    assert message.startswith("invoiceNumber: ")
    assert repr(f"{books.prefix}{letter}") in message


def test_a_number_of_the_callers_choice_names_one_document(books: Books) -> None:
    number = f"OWN-{unique_letters()}"
    draft = books.draft(invoiceNumber=number)
    assert number in books.refused(200, 30, invoiceNumber=number)
    books.api.ok("PUT", f"{INVOICES}/{number}/cancel")
    books.api.ok("DELETE", f"{INVOICES}/{number}")
    assert books.draft(invoiceNumber=number)["id"] != draft["id"]


@pytest.mark.parametrize(
    ("currency", "amounts", "taxes", "total", "tax"),
    (
        ("EUR", ("0.10", "0.20", "0.70"), ("0.01", "0.02"), "1.03", "0.03"),
        ("JPY", ("100", "1", "23"), ("10", "2"), "136", "12"),
        ("BHD", ("0.001", "1.999", "10"), ("0.005", "0.999"), "13.004", "1.004"),
    ),
)
@pytest.mark.parametrize("written", (str, Decimal))
def test_amounts_and_taxes_add_up_exactly(
    api: Api, currency: str, amounts: tuple[str, ...], taxes: tuple[str, ...], total: str, tax: str, written: type
) -> None:
    books = Books(api, currency=currency)
    items = [new_item(written(amount)) for amount in amounts]
    items[0]["taxItems"] = [new_tax(written(each)) for each in taxes]
    invoice = books.posted(*items)
    shown = api.ok("GET", f"{INVOICES}/{invoice['id']}")
    for each in (invoice, shown):
        assert {name: str(each[name]) for name in ("amount", "balance", "taxAmount")} == {
            "amount": total,
            "balance": total,
            "taxAmount": tax,
        }
        assert each["amountWithoutTax"] == Decimal(total) - Decimal(tax)
    lines = books.items(invoice)
    assert [line["chargeAmount"] for line in lines] == [Decimal(amount) for amount in amounts]
    assert [each["taxAmount"] for each in lines[0]["taxationItems"]["data"]] == [Decimal(each) for each in taxes]
    assert lines[0]["taxAmount"] == Decimal(tax)


@pytest.mark.parametrize(("currency", "amount"), (("EUR", "0.001"), ("JPY", "1.5"), ("BHD", "0.0001")))
def test_what_no_currency_has_is_refused(api: Api, currency: str, amount: str) -> None:
    books = Books(api, currency=currency)
    for item, field in (
        (new_item(Decimal(amount)), "invoiceItems[1].amount"),
        (new_item(amount), "invoiceItems[1].amount"),
        (new_item(1, taxItems=[new_tax(0), new_tax(Decimal(amount))]), "invoiceItems[1].taxItems[1].taxAmount"),
        (
            new_item(1, discountItems=[{"amount": f"-{amount}", "chargeName": "x"}]),
            "invoiceItems[1].discountItems[0].amount",
        ),
    ):
        assert books.refused(400, 20, new_item(1), item).startswith(f"{field}: ")
    assert books.next() == (1, 1)


def test_a_thousand_items_add_up(books: Books) -> None:
    items = [new_item(Decimal("0.01"), taxItems=[new_tax("0.01")]) for _ in range(1000)]
    assert books.draft(*items)["amount"] == Decimal("20.00")
    books.refused(400, 20, *items, new_item(1))


def test_a_total_that_is_too_large_is_refused(books: Books) -> None:
    assert books.draft(new_item(AMOUNT_MAX))["amount"] == AMOUNT_MAX
    books.refused(400, 20, new_item(AMOUNT_MAX), new_item("0.01"))


def test_a_tax_that_is_within_the_amount_is_not_added(books: Books) -> None:
    item = new_item(119, taxMode="TaxInclusive", taxItems=[new_tax(19)])
    invoice = books.draft(item, new_item(10, taxItems=[new_tax(1, taxMode="TaxExclusive")]))
    assert (invoice["amount"], invoice["amountWithoutTax"], invoice["taxAmount"]) == (130, 110, 20)
    assert [line["chargeAmount"] for line in books.items(invoice)] == [100, 10]
    change = {"id": books.items(invoice)[0]["id"], "amount": 219}
    assert books.api.ok("PUT", f"{INVOICES}/{invoice['id']}", {"invoiceItems": [change]})["amount"] == 230
    both = [new_tax(1, taxMode="TaxInclusive"), new_tax(1, taxMode="TaxExclusive")]
    assert "taxItems[1].taxMode" in books.refused(400, 20, new_item(10, taxItems=both))
    assert "invoiceItems[0].amount" in books.refused(
        400, 20, new_item(10, taxMode="TaxInclusive", taxItems=[new_tax(11)])
    )


def test_a_discount_is_taken_off(books: Books) -> None:
    discounts = [{"amount": "-10.00", "chargeName": "Loyalty", "sku": "L"}, {"amount": -5, "chargeName": "Spring"}]
    invoice = books.draft(new_item(100, discountItems=discounts, taxItems=[new_tax(17)]), new_item(1))
    assert (invoice["amount"], invoice["discount"], invoice["taxAmount"]) == (103, 15, 17)
    charge, loyalty, spring, other = books.items(invoice)
    assert (charge["chargeAmount"], charge["balance"], charge["processingType"]) == (100, 85, "Charge")
    for line, name, amount in ((loyalty, "Loyalty", -10), (spring, "Spring", -5)):
        assert (line["chargeName"], line["chargeAmount"]) == (name, amount)
        assert (line["appliedToItemId"], line["processingType"]) == (charge["id"], "Discount")
    assert loyalty["sku"] == "L"
    assert len({line["id"] for line in (charge, loyalty, spring, other)}) == 4
    books.api.ok("PUT", f"{INVOICES}/{invoice['id']}", {"invoiceItems": [{"id": charge["id"], "amount": 50}]})
    assert books.api.ok("GET", f"{INVOICES}/{invoice['id']}")["amount"] == 53
    message = books.refused(400, 20, new_item(14, discountItems=discounts))
    assert message.startswith("invoiceItems[0].amount: ")
    for wrong in ({"amount": 1}, {"amount": -1, "taxItems": [new_tax(1)]}):
        assert "discountItems[0]" in books.refused(400, 20, new_item(10, discountItems=[wrong]))


def test_a_reversal_credits_what_a_discounted_and_taxed_invoice_comes_to(books: Books) -> None:
    discounted = new_item(100, discountItems=[{"amount": -10, "chargeName": "x"}], taxItems=[new_tax("17.10")])
    inclusive = new_item(119, taxMode="TaxInclusive", taxItems=[new_tax(19)])
    invoice = books.posted(discounted, inclusive)
    answer = books.api.ok("PUT", f"{INVOICES}/{invoice['id']}/reverse", {})
    memo = books.api.ok("GET", f"/v1/credit-memos/{answer['creditMemo']['id']}")
    assert memo["amount"] == invoice["amount"] == Decimal("226.10")
    shown = books.api.ok("GET", f"{INVOICES}/{invoice['id']}")
    assert (shown["balance"], shown["creditMemoAmount"]) == (0, Decimal("226.10"))
    lines = books.items(invoice)
    assert [line["balance"] for line in lines if "balance" in line] == [0, 0]
    assert [tax["creditAmount"] for line in lines for tax in line["taxationItems"]["data"]] == [Decimal("17.10"), 19]


def test_what_is_missing_or_wrong_is_named(books: Books) -> None:
    def without(name: str) -> Json:
        return {field: value for field, value in new_item().items() if field != name}

    item = "invoiceItems[0]"
    cases: list[tuple[int, str, Json]] = [
        (22, "accountId", books.body(accountId=None)),
        (22, f"{item}.amount", books.body(without("amount"))),
        (22, f"{item}.chargeName", books.body(without("chargeName"))),
        (22, f"{item}.serviceStartDate", books.body(without("serviceStartDate"))),
        (22, "invoiceDate", {name: value for name, value in books.body().items() if name != "invoiceDate"}),
        (20, "invoiceItems", books.body(invoiceItems=[])),
        (20, f"{item}.amount", books.body(new_item(-1))),
        (20, f"{item}.amount", books.body(new_item("NaN"))),
        (20, f"{item}.unitPrice", books.body(new_item(unitPrice="Infinity"))),
        (20, f"{item}.quantity", books.body(new_item(quantity="NaN"))),
        (20, f"{item}.taxItems[0].taxRate", books.body(new_item(taxItems=[new_tax(1, taxRate="NaN")]))),
        (20, f"{item}.taxItems", books.body(new_item(taxItems=[new_tax(1)] * 6))),
        (20, "customRates[0].customFxRate", books.body(customRates=[{"currency": "USD", "customFxRate": "NaN"}])),
        (20, "status", books.body(status="Canceled")),
        (20, "currency", books.body(currency="EURO")),
        (20, "comments", books.body(comments="x" * 256)),
        (21, "colour", books.body(colour="red")),
        (21, f"{item}.colour", books.body(new_item(colour="red"))),
    ]
    for category, field, body in cases:
        message = refused(books.api.post(INVOICES, body), 400, category)
        assert message.startswith(f"{field}: "), message
    assert "EUR" in books.refused(200, 30, currency="USD")
    assert books.next() == (1, 1)


def test_what_the_vendor_documents_is_kept(books: Books) -> None:
    contact = {"firstName": "Ada", "lastName": "Lovelace", "city": "London", "note__c": "x"}
    fields = {
        "autoPay": True,
        "billToContactId": "contact",
        "comments": "for January",
        "communicationProfileId": "profile",
        "customRates": [{"currency": "USD", "customFxRate": Decimal("1.0843"), "rateDate": "2026-03-01"}],
        "dueDate": "2026-03-31",
        "paymentTerm": "Net 30",
        "shipToContact": contact,
        "soldToContact": contact,
        "soldToSameAsBillTo": False,
        "templateId": "template",
        "transferredToAccounting": "Ignore",
        "IntegrationId__NS": "n1",
        "SyncDate__NS": "2026-01-01",
        "region__c": {"a": [1, Decimal("1.50")]},
    }
    kept = {
        "accountingCode": "4000",
        "bookingReference": "b",
        "chargeDate": "2026-01-01 10:00:00",
        "excludeItemBillingFromRevenueAccounting": True,
        "itemType": "t",
        "purchaseOrderNumber": "po",
        "revRecStartDate": "2026-01-02",
        "revRecTriggerCondition": "CustomerAcceptanceDate",
        "serviceEndDate": "2026-01-31",
        "sku": "S-1",
        "taxCode": "S",
        "taxMode": "TaxExclusive",
        "unitPrice": Decimal("3.3333"),
        "IntegrationId__NS": "n2",
        "lot__c": "L",
    }
    invoice = books.draft(new_item(quantity="3", uom="Seat", productRatePlanChargeId="charge", **kept), **fields)
    for shown in (invoice, books.api.ok("GET", f"{INVOICES}/{invoice['id']}")):
        assert {name: shown[name] for name in fields} == fields
    (line,) = books.items(invoice)
    expected = {**kept, "quantity": 3, "unitOfMeasure": "Seat", "chargeId": "charge"}
    assert {name: line[name] for name in expected} == expected
    change = {"comments": "", "region__c": "north", "invoiceItems": [{"id": line["id"], "sku": "S-2", "lot__c": "M"}]}
    books.api.ok("PUT", f"{INVOICES}/{invoice['id']}", change)
    shown = books.api.ok("GET", f"{INVOICES}/{invoice['id']}")
    assert {name: shown[name] for name in fields} == {**fields, "comments": "", "region__c": "north"}
    (line,) = books.items(invoice)
    assert {name: line[name] for name in expected} == {**expected, "sku": "S-2", "lot__c": "M"}


def test_an_item_is_changed_only_in_what_can_change(books: Books) -> None:
    invoice = books.draft(new_item(taxItems=[new_tax(1)]), new_item())
    path, (first, second) = f"{INVOICES}/{invoice['id']}", books.items(invoice)
    cases: list[tuple[int, str, Json]] = [
        (20, "invoiceItems[0].id", {"id": "nothing", "amount": 1}),
        (20, "invoiceItems[0].amount", {"id": first["id"], "amount": "-0.01"}),
        (20, "invoiceItems[0].taxItems", {"id": first["id"], "taxItems": [new_tax(2)]}),
        (20, "invoiceItems[0].discountItems", {"id": first["id"], "discountItems": [{"amount": -1}]}),
        (22, "invoiceItems[0].id", {"delete": True}),
        (22, "invoiceItems[0].amount", {"chargeName": "x", "serviceStartDate": "2026-01-01"}),
        (22, "invoiceItems[0].chargeName", {"amount": 1, "serviceStartDate": "2026-01-01"}),
        (22, "invoiceItems[0].serviceStartDate", {"amount": 1, "chargeName": "x"}),
    ]
    for category, field, change in cases:
        message = refused(books.api.put(path, {"invoiceItems": [change]}), 400, category)
        assert message.startswith(f"{field}: "), message
    gone = [{"id": item["id"], "delete": True} for item in (first, second)]
    refused(books.api.put(path, {"invoiceItems": gone}), 400, 20)
    assert books.api.ok("GET", path)["amount"] == 21
    changed = books.api.ok("PUT", path, {"invoiceItems": [gone[0], new_item(5, taxItems=[new_tax("0.95")])]})
    assert (changed["amount"], changed["taxAmount"]) == (Decimal("15.95"), Decimal("0.95"))


def test_one_of_several_that_cannot_be_read_fails_alone(books: Books) -> None:
    good, unknown, missing = books.body(status="Posted"), books.body(colour="red"), {"accountId": books.account_id}
    answer = books.api.post(BATCH, {"invoices": [unknown, good, missing, 7, good]})
    reasons = failures(answer)
    assert answer.status_code == 200
    assert [reason is None for reason in reasons] == [False, True, False, False, True]
    assert str(reasons[0]).startswith("colour: ")
    assert str(reasons[2]).startswith("invoiceDate: ")
    shown = decode(answer)["invoices"]
    assert [each.get("objectIndex") for each in shown] == [0, None, 2, 3, None]
    assert [shown[place]["invoiceNumber"] for place in (1, 4)] == [f"{books.prefix}I0000000{each}" for each in (1, 2)]
    for bad, field in ((unknown, "colour"), (missing, "invoiceDate")):
        whole = {"invoices": [good, bad], "useSingleTransaction": True}
        assert refused(books.api.post(BATCH, whole), 400, 22 if bad is missing else 21).startswith(
            f"invoices[1].{field}"
        )
    assert books.next() == (3, 1)


def test_what_is_wrong_with_one_of_all_or_none_is_told_with_its_place(books: Books) -> None:
    good = books.body(status="Posted")
    number = f"OWN-{unique_letters()}"
    cases: list[tuple[int, int, str, list[Json]]] = [
        (400, 20, "invoices[1].invoiceItems[0].amount: ", [good, books.body(new_item("0.001"))]),
        (400, 20, "invoices[1].sequenceSet: ", [good, books.body(sequenceSet="nothing")]),
        (200, 30, "invoices[2]: ", [good, *[books.body(invoiceNumber=number)] * 2]),
    ]
    for status, category, beginning, invoices in cases:
        whole = {"invoices": invoices, "useSingleTransaction": True}
        assert refused(books.api.post(BATCH, whole), status, category).startswith(beginning)
    assert books.next() == (1, 1)
    refused(books.api.get(f"{INVOICES}/{number}"), 404, 40)


def test_a_bulk_call_takes_up_to_fifty_invoices_and_a_thousand_items(books: Books) -> None:
    one = books.body(status="Posted")
    made = books.api.ok("POST", BATCH, {"invoices": [one] * 50})["invoices"]
    numbers = [f"{books.prefix}I{ordinal:08d}" for ordinal in range(1, 51)]
    assert [each["invoiceNumber"] for each in made] == numbers
    for invoices in ([], [one] * 51, [books.body(*[new_item()] * 501)] * 2):
        refused(books.api.post(BATCH, {"invoices": invoices}), 400, 20)
    for path in (f"{INVOICES}/bulk-post", INVOICES):
        method = "PUT" if path == INVOICES else "POST"
        for count in (0, 51):
            refused(books.api.call(method, path, {"invoices": [{"id": made[0]["id"]}] * count}), 400, 20)
    assert books.next() == (51, 1)


def test_a_bulk_call_is_repeated_without_effect(books: Books) -> None:
    body = {"invoices": [books.body(status="Posted"), books.body(accountId="nobody"), books.body()]}
    key = f"key-{unique_letters()}"
    first = books.api.post(BATCH, body, Idempotency_Key=key)
    assert [reason is None for reason in failures(first)] == [True, False, True]
    assert books.next() == (2, 1)
    again = books.api.post(BATCH, body, Idempotency_Key=key)
    assert again.content == first.content
    assert books.next() == (2, 1)
    other = {"invoices": body["invoices"][:1]}
    refused(books.api.post(BATCH, other, Idempotency_Key=key), 422, 20)
    draft = decode(first)["invoices"][2]["id"]
    posting = {"invoices": [{"id": draft}, {"id": draft}]}
    path, key = f"{INVOICES}/bulk-post", f"key-{unique_letters()}"
    first = books.api.post(path, posting, Idempotency_Key=key)
    assert [reason is None for reason in failures(first)] == [True, False]
    assert books.api.post(path, posting, Idempotency_Key=key).content == first.content
    assert books.next() == (3, 1)


def test_an_entity_may_number_on_creation(server: Server) -> None:
    name = f"entity {unique_letters()}"
    server.run_cli_json("entity", "create", "--name", name, "--number-on", "creation")
    with server.api(Zuora_Entity_Ids=name) as api:
        books = Books(api)
        number = f"{books.prefix}I"
        draft = books.draft()
        assert (draft["invoiceNumber"], draft["status"]) == (f"{number}00000001", "Draft")
        made = api.ok("POST", BATCH, {"invoices": [books.body(), books.body(accountId="nobody"), books.body()]})
        assert [each.get("invoiceNumber") for each in made["invoices"]] == [
            f"{number}00000002",
            None,
            f"{number}00000003",
        ]
        api.ok("PUT", f"{INVOICES}/{draft['id']}/post")
        assert api.ok("GET", f"{INVOICES}/{draft['id']}")["invoiceNumber"] == f"{number}00000001"
        api.ok("PUT", f"{INVOICES}/{number}00000002/cancel")
        assert f"{number}00000002" in refused(api.delete(f"{INVOICES}/{number}00000002"), 200, 30)
        answer = api.ok("PUT", f"{INVOICES}/{draft['id']}/reverse")
        memo = api.ok("GET", f"/v1/credit-memos/{answer['creditMemo']['id']}")
        assert memo["number"] == f"{books.prefix}C00000001"
        assert books.next() == (4, 2)


def test_drafts_have_numbers_of_their_own_that_no_series_knows(entity: Api) -> None:
    books = Books(entity)
    assert [books.draft()["invoiceNumber"] for _ in range(2)] == ["TMP-INV-00000001", "TMP-INV-00000002"]
    books.api.ok("PUT", f"{INVOICES}/TMP-INV-00000002/post")
    assert books.next() == (2, 1)
    refused(entity.get(f"{INVOICES}/TMP-INV-00000002"), 404, 40)


def test_pages_of_items_follow_each_other(books: Books) -> None:
    invoice = books.draft(*(new_item(amount) for amount in range(1, 8)))
    path: str | None = f"{INVOICES}/{invoice['id']}/items?pageSize=3"
    pages: list[list[object]] = []
    while path is not None and len(pages) < 4:
        page = books.api.ok("GET", path)
        pages.append([line["chargeAmount"] for line in page["invoiceItems"]])
        following = page.get("nextPage")
        path = None if following is None else following.removeprefix(books.api.url)
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]
    assert books.api.ok("GET", f"{INVOICES}/{invoice['id']}/items?page=9")["invoiceItems"] == []
    refused(books.api.get(f"{INVOICES}/{invoice['id']}/items?pageSize=41"), 400, 27)
