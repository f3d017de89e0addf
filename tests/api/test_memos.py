"""Credit memos and debit memos over HTTP: made one by one and in bulk, numbered, changed, listed, under both paths."""

from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from tests.api.memo_books import CREDIT, DEBIT, KINDS, Books, Kind, amount, line
from tests.api.support import create_account, refused, unique_letters
from tests.servers import Api, Json, decode

both_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def books(api: Api) -> Books:
    return Books(api)


def numbers(api: Api, kind: Kind, query: str) -> list[str]:
    return [memo["number"] for memo in api.ok("GET", f"{kind.path}?{query}")[kind.list_name]]


@both_kinds
def test_each_kind_is_numbered_from_its_own_series(books: Books, kind: Kind) -> None:
    assert [books.memo(kind)["number"] for _ in range(2)] == [books.number(kind, 1), books.number(kind, 2)]
    assert books.next(kind.name) == 3
    assert {books.next(other.name) for other in KINDS if other is not kind} == {1}


def test_drafts_have_temporary_numbers_of_their_kind(entity: Api) -> None:
    books = Books(entity)
    for kind, prefix in ((CREDIT, "TMP-CM-"), (DEBIT, "TMP-DM-")):
        draft = books.memo(kind, autoPost=False)
        assert (draft["number"], draft["status"]) == (f"{prefix}00000001", "Draft")
        assert books.step(kind, draft, "post")["number"] == books.number(kind, 1)


@both_kinds
def test_the_life_of_a_memo(books: Books, kind: Kind) -> None:
    memo = books.memo(kind, autoPost=False)
    posted = books.step(kind, memo, "post")
    assert (posted["status"], posted["number"]) == ("Posted", books.number(kind, 1))
    unposted = books.step(kind, memo, "unpost")
    assert (unposted["status"], unposted["number"], unposted["postedOn"]) == ("Draft", books.number(kind, 1), None)
    assert books.step(kind, memo, "post")["number"] == books.number(kind, 1)
    path = f"{kind.path}/{memo['id']}"
    for action, state in (("post", "posted"), ("cancel", "posted")):
        assert state in refused(books.api.put(f"{path}/{action}"), 200, 30)
    assert "posted" in refused(books.api.delete(path), 200, 30)
    books.step(kind, memo, "unpost")
    assert books.step(kind, memo, "cancel")["status"] == "Canceled"
    # It was issued once: it stays, with its number.
    assert books.number(kind, 1) in refused(books.api.delete(path), 200, 30)
    assert books.memo(kind)["number"] == books.number(kind, 2)


@both_kinds
def test_a_draft_that_was_never_issued_is_deleted_once_it_is_canceled(books: Books, kind: Kind) -> None:
    memo = books.memo(kind, autoPost=False)
    path = f"{kind.path}/{memo['id']}"
    assert "draft" in refused(books.api.delete(path), 200, 30)
    books.step(kind, memo, "cancel")
    assert books.api.ok("DELETE", path) == {"success": True}
    refused(books.api.get(path), 404, 40)


@both_kinds
def test_the_older_path_is_the_same_thing(books: Books, kind: Kind) -> None:
    older, api = kind.older_path, books.api
    memo = api.ok("POST", older, {**books.charges("10.00"), "autoPost": False})
    assert api.ok("GET", f"{older}/{memo['id']}") == books.read(kind, memo)
    assert api.ok("PUT", f"{older}/{memo['id']}/post")["number"] == books.number(kind, 1)
    assert len(api.ok("GET", f"{older}/{memo['id']}/items")["items"]) == 1
    for _ in range(2):
        books.memo(kind)
    page = api.ok("GET", f"{older}?accountId={books.account_id}&pageSize=2")
    following = urlsplit(page["nextPage"])
    assert following.path == older
    assert len(api.ok("GET", f"{following.path}?{following.query}")[kind.list_name]) == 1
    # A memo's key is no name of an operation, under either path.
    for path in (older, kind.path):
        assert api.put(f"{path}/bulk", {"memos": []}).status_code == 400
        refused(api.get(f"{path}/nobody"), 404, 40)


@both_kinds
def test_the_other_kind_is_not_found(books: Books, kind: Kind) -> None:
    other = DEBIT if kind is CREDIT else CREDIT
    memo = books.memo(kind)
    for key in (memo["id"], memo["number"]):
        assert other.words in refused(books.api.get(f"{other.path}/{key}"), 404, 40)
        assert other.words in refused(books.api.put(f"{other.path}/{key}/unpost"), 404, 40)


def test_a_debit_memo_is_due_on_its_date_unless_it_is_told_otherwise(books: Books) -> None:
    memo = books.memo(DEBIT, effectiveDate="2026-02-01")
    assert (memo["debitMemoDate"], memo["dueDate"]) == ("2026-02-01", "2026-02-01")
    assert books.memo(DEBIT, effectiveDate="2026-02-01", dueDate="2026-03-15")["dueDate"] == "2026-03-15"
    today = books.memo(DEBIT)
    assert today["dueDate"] == today["debitMemoDate"]


def test_due_dates_are_changed_together_or_not_at_all(books: Books) -> None:
    first, second = books.memo(DEBIT), books.memo(DEBIT, autoPost=False)
    changes: list[Json] = [
        {"id": first["id"], "dueDate": "2026-05-01"},
        {"memoKey": second["number"], "dueDate": "2026-05-02"},
    ]
    assert books.api.ok("PUT", DEBIT.path, {"debitMemos": changes}) == {"success": True}
    assert [books.read(DEBIT, each)["dueDate"] for each in (first, second)] == ["2026-05-01", "2026-05-02"]
    bad = [{"id": first["id"], "dueDate": "2026-06-01"}, {"id": "nobody", "dueDate": "2026-06-01"}]
    assert "nobody" in refused(books.api.put(DEBIT.path, {"debitMemos": bad}), 404, 40)
    assert books.read(DEBIT, first)["dueDate"] == "2026-05-01"
    message = refused(books.api.put(DEBIT.path, {"debitMemos": [{"dueDate": "2026-06-01"}]}), 400, 22)
    assert message.startswith("debitMemos[0].memoKey: ")
    too_many = [{"id": first["id"], "dueDate": "2026-06-01"}] * 51
    refused(books.api.put(DEBIT.path, {"debitMemos": too_many}), 400, 20)
    assert books.read(DEBIT, first)["dueDate"] == "2026-05-01"


@both_kinds
def test_what_is_only_kept_changes_after_posting_and_what_counts_does_not(books: Books, kind: Kind) -> None:
    memo = books.memo(kind, comment="before", IntegrationId__NS="n1", region__c="north")
    path = f"{kind.path}/{memo['id']}"
    changes = {"comment": "after", "reasonCode": "Delay", "transferredToAccounting": "Yes", "region__c": "south"}
    changed = books.api.ok("PUT", path, changes)
    assert {name: changed[name] for name in changes} == changes
    assert changed["IntegrationId__NS"] == "n1"
    item = books.api.ok("GET", f"{path}/items")["items"][0]["id"]
    for body in ({"effectiveDate": "2026-01-01"}, {"items": [{"id": item, "amount": 1}]}):
        assert "posted" in refused(books.api.put(path, body), 200, 30)
    refused(books.api.put(path, {"transferredToAccounting": "Perhaps"}), 400, 20)
    assert "colour" in refused(books.api.put(path, {"colour": "red"}), 400, 21)
    assert books.read(kind, memo)[kind.date_field] == memo[kind.date_field]


@both_kinds
def test_the_items_of_a_draft_change(books: Books, kind: Kind) -> None:
    memo = books.memo(kind, "10.00", "20.00", autoPost=False)
    path = f"{kind.path}/{memo['id']}"
    first, second = (item["id"] for item in books.api.ok("GET", f"{path}/items")["items"])
    change = {"id": first, "amount": "12.50", "comment": "more", "quantity": 5, "skuName": "SKU-9", "size__c": "L"}
    changed = books.api.ok("PUT", path, {"effectiveDate": "2026-01-31", "items": [change]})
    assert (changed["amount"], changed[kind.date_field]) == (amount("32.50"), "2026-01-31")
    item = books.api.ok("GET", f"{path}/items/{first}")
    assert (item["amount"], item["unitPrice"], item["skuName"]) == (amount("12.50"), amount("2.5"), "SKU-9")
    assert (item["comment"], item["size__c"], item["success"]) == ("more", "L", True)
    assert books.api.ok("PUT", path, {"items": [{"id": second, "delete": True}]})["amount"] == amount("12.50")
    refused(books.api.get(f"{path}/items/{second}"), 404, 40)
    for item_id in (second, "nobody"):
        message = refused(books.api.put(path, {"items": [{"id": item_id, "amount": 1}]}), 400, 20)
        assert message.startswith("items[0].id: ")
    refused(books.api.put(path, {"items": [{"id": first, "delete": True}]}), 400, 20)
    assert books.read(kind, memo)["amount"] == amount("12.50")


@both_kinds
def test_bulk_memos_succeed_and_fail_each_alone(books: Books, kind: Kind) -> None:
    good = {**books.charges("1.00"), "autoPost": True}
    memos: list[Json] = [
        good,
        {**good, "accountId": "nobody"},
        {**good, "charges": [{"chargeId": "free"}]},
        {**good, "colour": "red"},
        {**good, "currency": "USD"},
        {**good, "number": books.number(kind, 7)},
        good,
    ]
    answer = books.api.ok("POST", f"{kind.path}/bulk", {"sourceType": "Standalone", "memos": memos})
    results = answer["memos"]
    assert [each["success"] for each in results] == [True, False, False, False, False, False, True]
    # What was refused took no number.
    assert [results[index]["number"] for index in (0, 6)] == [books.number(kind, 1), books.number(kind, 2)]
    assert books.next(kind.name) == 3
    for index, (category, word) in {
        1: (40, "nobody"),
        2: (22, "charges[0].amount"),
        3: (21, "colour"),
        4: (30, "USD"),
        5: (30, "series"),
    }.items():
        (reason,) = results[index]["reasons"]
        assert (results[index]["objectIndex"], reason["code"] % 100) == (index, category), results[index]
        assert word in reason["message"]
        assert len(results[index]["processId"]) == 16


@both_kinds
def test_a_bulk_call_is_answered_again_with_the_same_key(books: Books, kind: Kind) -> None:
    memos = [{**books.charges("1.00"), "autoPost": True}, {**books.charges("1.00"), "accountId": "nobody"}]
    body = {"sourceType": "Standalone", "memos": memos}
    key = unique_letters()
    first = books.api.post(f"{kind.path}/bulk", body, Idempotency_Key=key)
    assert [each["success"] for each in decode(first)["memos"]] == [True, False]
    again = books.api.post(f"{kind.path}/bulk", body, Idempotency_Key=key)
    assert again.content == first.content
    assert books.next(kind.name) == 2


@both_kinds
def test_the_form_of_a_bulk_call_is_checked_as_a_whole(books: Books, kind: Kind) -> None:
    path, memo = f"{kind.path}/bulk", books.charges("1.00")
    assert refused(books.api.post(path, {"memos": [memo]}), 400, 22).startswith("sourceType: ")
    assert "sourceType" in refused(books.api.post(path, {"sourceType": "Order", "memos": [memo]}), 400, 20)
    for memos in ([], [memo] * 51):
        assert "memos" in refused(books.api.post(path, {"sourceType": "Standalone", "memos": memos}), 400, 20)
    fifty = books.api.ok("POST", path, {"sourceType": "Standalone", "memos": [memo] * 50})["memos"]
    assert len({each["id"] for each in fifty}) == 50


@both_kinds
def test_bulk_memos_are_made_from_invoices(books: Books, kind: Kind) -> None:
    invoice, draft = books.invoice("30.00"), books.invoice("30.00", status="Draft")
    memos = [
        {"invoiceId": invoice["id"], "autoPost": True, "items": [line("5.00")]},
        {"invoiceId": invoice["invoiceNumber"], "items": [line("6.00")]},
        {"invoiceId": draft["id"]},
        {"invoiceId": "nobody"},
        {"items": [line("1.00")]},
    ]
    results = books.api.ok("POST", f"{kind.path}/bulk", {"sourceType": "Invoice", "memos": memos})["memos"]
    assert [each["success"] for each in results] == [True, True, False, False, False]
    assert [each["status"] for each in results[:2]] == ["Posted", "Draft"]
    assert {each["referredInvoiceId"] for each in results[:2]} == {invoice["id"]}
    assert [each["reasons"][0]["code"] % 100 for each in results[2:]] == [30, 40, 22]


@both_kinds
def test_bulk_changes_succeed_and_fail_each_alone(books: Books, kind: Kind) -> None:
    first, second = books.memo(kind), books.memo(kind, autoPost=False)
    memos = [
        {"id": first["number"], "comment": "one"},
        {"id": "nobody", "comment": "two"},
        {"id": first["id"], "effectiveDate": "2026-01-01"},
        {"id": second["id"], "effectiveDate": "2026-01-01"},
    ]
    results = books.api.ok("PUT", f"{kind.path}/bulk", {"memos": memos})["memos"]
    assert [each["success"] for each in results] == [True, False, False, True]
    assert results[0]["comment"] == "one"
    assert [(each["id"], each["objectIndex"]) for each in results[1:3]] == [("nobody", 1), (first["id"], 2)]
    assert [each["reasons"][0]["code"] % 100 for each in results[1:3]] == [40, 30]
    assert books.read(kind, second)[kind.date_field] == "2026-01-01"
    refused(books.api.put(f"{kind.path}/bulk", {"memos": memos * 13}), 400, 20)


@both_kinds
def test_lists_are_narrowed_by_every_amount(books: Books, kind: Kind) -> None:
    credit = books.memo(CREDIT, "10.00")
    debit = books.memo(DEBIT, "30.00")
    books.api.ok(
        "PUT",
        f"{CREDIT.path}/{credit['id']}/apply",
        {"debitMemos": [{"debitMemoId": debit["id"], "amount": amount("4.00")}]},
    )
    other = books.memo(kind, "99.00")
    memo = credit if kind is CREDIT else debit
    mine = f"accountId={books.account_id}"
    left = "6" if kind is CREDIT else "26.000"
    found = {
        f"{kind.applied_field}=4": [memo],
        f"{kind.applied_field}=4.001": [],
        f"{kind.open_field}={left}": [memo],
        f"{kind.open_field}=99": [other],
        "taxAmount=0&amount=99.0": [other],
        "taxAmount=1": [],
        "totalTaxExemptAmount=0&amount=99": [other],
        "totalTaxExemptAmount=1": [],
        "targetDate=2026-01-01": [],
        "referredInvoiceId=nobody": [],
        f"{kind.date_field}={memo[kind.date_field]}": [other, memo],
    }
    if kind is CREDIT:
        found |= {"refundAmount=0&amount=99": [other], "refundAmount=1": []}
    for query, memos in found.items():
        assert numbers(books.api, kind, f"{mine}&{query}") == [each["number"] for each in memos], query
    for query in ("taxAmount=x", f"{kind.open_field}=Infinity", "colour=red", f"{kind.date_field}=soon"):
        refused(books.api.get(f"{kind.path}?{query}"), 400, 27)


def test_credit_memos_are_narrowed_by_what_they_keep(books: Books) -> None:
    plain = books.memo(CREDIT)["number"]
    excluded = books.memo(CREDIT, excludeFromAutoApplyRules=True)["number"]
    told = books.memo(CREDIT, excludeFromAutoApplyRules=False)["number"]
    invoice = books.invoice("30.00")
    waiting = books.from_invoice(CREDIT, invoice, items=[line("1.00")], autoApplyToInvoiceUponPosting=True)["number"]
    books.api.ok("PUT", f"{CREDIT.path}/{told}", {"transferredToAccounting": "Yes"})
    books.api.ok("PUT", f"{CREDIT.path}/{waiting}", {"transferredToAccounting": "Error"})
    books.api.ok("PUT", f"{CREDIT.path}/{excluded}", {"transferredToAccounting": "No"})
    found = {
        "excludeFromAutoApplyRules=true": {excluded},
        "excludeFromAutoApplyRules=false": {plain, told, waiting},
        "autoApplyUponPosting=true": {waiting},
        "autoApplyUponPosting=false": {plain, excluded, told},
        "transferredToAccounting=Yes": {told},
        "transferredToAccounting=No": {plain, excluded},
        "transferredToAccounting=Error": {waiting},
        "transferredToAccounting=Ignore": set(),
        f"referredInvoiceId={invoice['id']}": {waiting},
    }
    for query, expected in found.items():
        assert set(numbers(books.api, CREDIT, f"accountId={books.account_id}&{query}")) == expected, query


@both_kinds
def test_lists_are_sorted_by_every_documented_field(books: Books, kind: Kind) -> None:
    small, large = books.memo(kind, "5.00"), books.memo(kind, "7.00")
    mine = f"accountId={books.account_id}"
    for field in ("amount", kind.open_field, "number", "createdDate"):
        assert numbers(books.api, kind, f"{mine}&sort=-{field}") == [small["number"], large["number"]], field
        assert numbers(books.api, kind, f"{mine}&sort={field}") == [large["number"], small["number"]], field
    constant = ["targetDate", "totalTaxExemptAmount", "taxAmount", kind.applied_field, "referredInvoiceId", "accountId"]
    constant += ["createdById", kind.date_field]
    constant += ["refundAmount", "status", "transferredToAccounting"] if kind is CREDIT else ["dueDate", "updatedById"]
    for field in constant:
        # All are the same in this: then the highest number comes first.
        found = numbers(books.api, kind, f"{mine}&sort=-{field}")
        assert found == [large["number"], small["number"]], field
        assert numbers(books.api, kind, f"{mine}&sort=-{field},-amount")[0] == small["number"], field
    refused(books.api.get(f"{kind.path}?sort=colour"), 400, 27)


@both_kinds
def test_items_page_filter_and_sort(books: Books, kind: Kind) -> None:
    memo = books.memo(kind, "3.00", "1.00", "2.00", autoPost=False)
    path = f"{kind.path}/{memo['id']}/items"
    items = books.api.ok("GET", path)["items"]
    assert [item["amount"] for item in items] == [3, 1, 2]

    def amounts(query: str) -> list[Decimal]:
        return [item["amount"] for item in books.api.ok("GET", f"{path}?{query}")["items"]]

    assert amounts("sort=-amount") == [1, 2, 3]
    assert amounts("sort=amount") == [3, 2, 1]
    assert amounts("amount=2.00") == [2]
    assert amounts(f"id={items[1]['id']}") == [1]
    assert amounts(f"{kind.applied_field}=0&sort=-amount") == [1, 2, 3]
    assert amounts("skuName=other") == []
    assert amounts(f"createdDate={items[0]['createdDate'][:10]}&sort=-amount") == [1, 2, 3]
    assert amounts("updatedDate=2001-01-01") == []
    assert amounts("serviceStartDate=2026-01-01") == []
    page = books.api.ok("GET", f"{path}?pageSize=2")
    assert [item["amount"] for item in page["items"]] == [3, 1]
    following = urlsplit(page["nextPage"])
    last = books.api.ok("GET", f"{following.path}?{following.query}")
    assert [item["amount"] for item in last["items"]] == [2]
    assert "nextPage" not in last
    for query in ("sort=colour", "amount=x", "createdDate=soon"):
        refused(books.api.get(f"{path}?{query}"), 400, 27)


@both_kinds
def test_a_charge_reads_back_as_it_was_given(books: Books, kind: Kind) -> None:
    charge = {
        "amount": "10.00",
        "chargeId": "charge",
        "comment": "a comment",
        "description": "a description",
        "quantity": 4,
        "serviceStartDate": "2026-01-01",
        "serviceEndDate": "2026-01-31",
        "financeInformation": {"recognizedRevenueAccountingCode": "R1"},
        "excludeItemBillingFromRevenueAccounting": True,
        "size__c": "L",
    }
    memo = books.memo(kind, charges=[charge])
    (item,) = books.api.ok("GET", f"{kind.path}/{memo['id']}/items")["items"]
    for name in set(charge) - {"amount", "financeInformation"}:
        assert item[name] == charge[name], name
    assert (item["amount"], item["unitPrice"]) == (amount("10.00"), amount("2.5"))
    assert item["financeInformation"]["recognizedRevenueAccountingCode"] == "R1"
    assert item["financeInformation"]["deferredRevenueAccountingCode"] is None


def test_a_memo_of_another_account_of_the_set_shares_the_series(books: Books) -> None:
    other = create_account(books.api, sequenceSetId=books.set["id"])
    assert books.memo(DEBIT)["number"] == books.number(DEBIT, 1)
    assert books.memo(DEBIT, accountId=other)["number"] == books.number(DEBIT, 2)
