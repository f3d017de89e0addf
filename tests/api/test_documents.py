"""Credit memos over HTTP: which number they get, when, and what lists show of them."""

from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from tests.api.support import (
    create_account,
    create_memo,
    create_set,
    new_memo,
    new_set,
    next_numbers,
    post_memo,
    refused,
    unique_letters,
)
from tests.servers import Api, Json, Server

MEMOS = "/v1/credit-memos"
SETS = "/v1/sequence-sets"
ORDINAL_MAX = 10**18 - 1


class Books:
    """A set and an account that uses it."""

    def __init__(self, api: Api, *, start: int = 1, prefix: str | None = None) -> None:
        self.api = api
        own = prefix or unique_letters()
        self.prefix = f"{own}C"
        self.set = create_set(api, own, start=start)
        self.path = f"{SETS}/{self.set['id']}"
        self.account_id = create_account(api, sequenceSetId=self.set["id"])

    def post(self, **fields: object) -> str:
        return post_memo(self.api, self.account_id, **fields)

    def draft(self, **fields: object) -> Json:
        return create_memo(self.api, self.account_id, **fields)

    def next(self) -> int:
        return next_numbers(self.api, self.set["id"])["creditMemo"]

    def change(self, **numbering: object) -> None:
        self.api.ok("PUT", self.path, {"creditMemo": numbering})


@pytest.fixture
def books(api: Api) -> Books:
    return Books(api)


def numbers(api: Api, query: str) -> list[str]:
    return [memo["number"] for memo in api.ok("GET", f"{MEMOS}?{query}")["creditmemos"]]


def test_a_number_of_the_callers_choice_is_kept_and_takes_none(books: Books) -> None:
    api, number = books.api, f"OWN-{unique_letters()}"
    memo = books.draft(number=number)
    assert (memo["number"], memo["status"]) == (number, "Draft")
    assert api.ok("PUT", f"{MEMOS}/{number}/post")["number"] == number
    assert api.ok("GET", f"{MEMOS}/{number}")["id"] == memo["id"]
    assert books.next() == 1
    assert books.post(number=f"{number}-2") == f"{number}-2"
    assert books.post() == f"{books.prefix}00000001"


def test_a_number_of_the_callers_choice_names_one_document(books: Books) -> None:
    number = f"OWN-{unique_letters()}"
    memo = books.draft(number=number)
    for account_id in (books.account_id, create_account(books.api)):
        assert number in refused(books.api.post(MEMOS, new_memo(account_id, number=number)), 200, 30)
    books.api.ok("PUT", f"{MEMOS}/{number}/cancel")
    assert number in refused(books.api.post(MEMOS, new_memo(books.account_id, number=number)), 200, 30)
    # It was never issued: once it is deleted, its number is free.
    books.api.ok("DELETE", f"{MEMOS}/{memo['id']}")
    assert books.draft(number=number)["id"] != memo["id"]


@pytest.mark.parametrize("ending", ("00000001", "00000007", "99999999", "123456789", "9" * 18))
def test_a_given_number_may_not_fall_into_a_series(books: Books, ending: str) -> None:
    for kind, letter in (("credit memo", "C"), ("invoice", "I"), ("payment", "P-")):
        number = f"{books.prefix.removesuffix('C')}{letter}{ending}"
        message = refused(books.api.post(MEMOS, new_memo(books.account_id, number=number)), 200, 30)
        assert kind in message
        assert repr(number.removesuffix(ending)) in message
    assert books.next() == 1


@pytest.mark.parametrize("ending", ("1", "0000001", "-00000001", "X00000001", "012345678", "1" * 19))
def test_a_given_number_beside_a_series_is_free(books: Books, ending: str) -> None:
    assert books.post(number=f"{books.prefix}{ending}") == f"{books.prefix}{ending}"
    assert books.next() == 1


@pytest.mark.parametrize("number", ("TMP-CM-00000001", "TMP-CM-x", "TMP-INV-1", "PREVIEW-1", "PM-1", "PG-1"))
def test_a_given_number_may_not_look_like_one_of_the_system(books: Books, number: str) -> None:
    message = refused(books.api.post(MEMOS, new_memo(books.account_id, number=number)), 400, 20)
    assert message.startswith("number: ")
    assert "reserved" in message


def test_a_prefix_that_would_reissue_a_given_number_is_refused(api: Api) -> None:
    prefix, account_id = unique_letters(), create_account(api)
    given = post_memo(api, account_id, number=f"{prefix}C00000050")
    message = refused(api.post(SETS, {"sequenceSets": [new_set(prefix, start=50)]}), 200, 30)
    assert given in message
    create_set(api, prefix, start=51)
    books = create_account(api, sequenceSetId=f"S-{prefix}")
    assert post_memo(api, books) == f"{prefix}C00000051"


def test_the_set_is_pinned_when_a_document_is_created(api: Api) -> None:
    old, new = Books(api), Books(api)
    draft = old.draft()
    api.ok("PUT", f"/v1/accounts/{old.account_id}", {"sequenceSetId": new.set["id"]})
    assert api.ok("PUT", f"{MEMOS}/{draft['id']}/post")["number"] == f"{old.prefix}00000001"
    assert post_memo(api, old.account_id) == f"{new.prefix}00000001"


def test_a_deleted_set_still_numbers_the_drafts_that_are_pinned_to_it(api: Api) -> None:
    books = Books(api, start=7)
    drafts = [books.draft() for _ in range(2)]
    api.ok("PUT", f"/v1/accounts/{books.account_id}", {"sequenceSetId": ""})
    api.ok("DELETE", books.path)
    refused(api.get(books.path), 404, 40)
    for ordinal, draft in enumerate(drafts, 7):
        posted = api.ok("PUT", f"{MEMOS}/{draft['id']}/post")
        assert (posted["number"], posted["sequenceSetId"]) == (f"{books.prefix}{ordinal:08d}", books.set["id"])
    # A new set with the same prefix goes on where the deleted one stopped.
    again = new_set(books.prefix.removesuffix("C"), start=9)
    made = api.ok("POST", SETS, {"sequenceSets": [again]})["sequenceSets"][0]
    assert made["creditMemo"] == {"prefix": books.prefix, "startNumber": 9, "nextNumber": 9}


def test_a_deleted_sets_prefix_does_not_start_again(api: Api) -> None:
    books = Books(api)
    assert [books.post() for _ in range(3)][-1] == f"{books.prefix}00000003"
    api.ok("PUT", f"/v1/accounts/{books.account_id}", {"sequenceSetId": ""})
    api.ok("DELETE", books.path)
    own = books.prefix.removesuffix("C")
    message = refused(api.post(SETS, {"sequenceSets": [new_set(own, start=3)]}), 200, 30)
    assert "4" in message
    assert create_set(api, own, start=4)["creditMemo"]["nextNumber"] == 4


def test_a_raised_start_jumps_ahead_and_the_skip_is_declared(api: Api, books: Books) -> None:
    assert books.post() == f"{books.prefix}00000001"
    books.change(startNumber=100)
    assert books.post() == f"{books.prefix}00000100"
    # Writing the configured value back changes nothing, though the series is past it.
    books.change(startNumber=100)
    assert books.post() == f"{books.prefix}00000101"
    assert "102" in refused(api.put(books.path, {"creditMemo": {"startNumber": 101}}), 200, 30)
    assert api.ok("GET", books.path)["creditMemo"] == {
        "prefix": books.prefix,
        "startNumber": 100,
        "nextNumber": 102,
    }


def test_a_jump_does_not_count_as_a_gap(entity: Api, server: Server) -> None:
    books = Books(entity)
    books.post()
    books.change(startNumber=500)
    assert books.post() == f"{books.prefix}00000500"
    verified = server.run_cli_json("verify")
    assert verified["gapless"] is True
    assert books.prefix in str(verified["series"])


def test_a_prefix_that_comes_back_goes_on_where_it_stopped(books: Books) -> None:
    other = f"{books.prefix}-NEW"
    assert [books.post() for _ in range(2)] == [f"{books.prefix}00000001", f"{books.prefix}00000002"]
    books.change(prefix=other)
    assert books.post() == f"{other}00000001"
    books.change(prefix=books.prefix)
    assert books.post() == f"{books.prefix}00000003"
    books.change(prefix=other)
    assert books.post() == f"{other}00000002"


def test_a_set_that_joins_a_series_promises_no_start_beyond_it(api: Api) -> None:
    first, late = Books(api), Books(api, start=50)
    late.change(prefix=first.prefix)
    assert api.ok("GET", late.path)["creditMemo"] == {"prefix": first.prefix, "startNumber": 1, "nextNumber": 1}
    assert late.post() == f"{first.prefix}00000001"
    assert first.post() == f"{first.prefix}00000002"


def test_prefixes_whose_numbers_could_meet_are_kept_apart(api: Api) -> None:
    """`INV202600000001` is ordinal 202,600,000,001 of INV, and 1 of INV2026."""
    short = Books(api, start=202_599_999_998)
    taken = short.post()
    assert taken == f"{short.prefix}202599999998"
    longer = f"{short.prefix}2026"
    own = unique_letters()
    beside = new_set(own, creditMemo={"prefix": longer, "startNumber": 1})
    beside_account = create_account(
        api, sequenceSetId=api.ok("POST", SETS, {"sequenceSets": [beside]})["sequenceSets"][0]["id"]
    )
    assert post_memo(api, beside_account) == f"{longer}00000001"
    assert short.post() == f"{short.prefix}202599999999"
    message = refused(api.post(MEMOS, new_memo(short.account_id, autoPost=True)), 200, 30)
    assert "ceiling" in message
    assert repr(longer) in message
    assert short.next() == 202_600_000_000
    # A draft stays a draft; a start beyond the ceiling does not help; another prefix does.
    draft = short.draft()
    refused(api.put(f"{MEMOS}/{draft['id']}/post"), 200, 30)
    assert api.ok("GET", f"{MEMOS}/{draft['id']}")["status"] == "Draft"
    refused(api.put(short.path, {"creditMemo": {"startNumber": 202_700_000_000}}), 200, 30)
    short.change(prefix=f"{short.prefix}-B", startNumber=1)
    assert api.ok("PUT", f"{MEMOS}/{draft['id']}/post")["number"] == f"{short.prefix}-B00000001"


def test_a_prefix_is_refused_when_the_other_is_past_it_already(api: Api) -> None:
    short = Books(api, start=202_600_000_000)
    short.post()
    longer = f"{short.prefix}2026"
    body = {"sequenceSets": [new_set(unique_letters(), creditMemo={"prefix": longer, "startNumber": 1})]}
    message = refused(api.post(SETS, body), 200, 30)
    assert f"{short.prefix}202600000001" in message
    assert f"{longer}00000001" in message
    # One that is not continued by such digits is free.
    create_set(api, creditMemo={"prefix": f"{short.prefix}2027", "startNumber": 1})
    create_set(api, creditMemo={"prefix": f"{short.prefix}0202", "startNumber": 1})


def test_the_last_ordinal_is_issued_and_then_the_series_is_at_its_end(api: Api) -> None:
    books = Books(api, start=ORDINAL_MAX)
    assert books.post() == f"{books.prefix}{ORDINAL_MAX}"
    draft = books.draft()
    for answer in (
        api.put(f"{MEMOS}/{draft['id']}/post"),
        api.post(MEMOS, new_memo(books.account_id, autoPost=True)),
    ):
        message = refused(answer, 200, 30)
        assert "18" in message
        assert books.prefix in message
    books.change(prefix=f"{books.prefix}-B", startNumber=1)
    assert api.ok("PUT", f"{MEMOS}/{draft['id']}/post")["number"] == f"{books.prefix}-B00000001"


def test_posting_may_set_the_date(books: Books) -> None:
    draft = books.draft(effectiveDate="2026-01-31")
    assert draft["creditMemoDate"] == "2026-01-31"
    path = f"{MEMOS}/{draft['id']}"
    posted = books.api.ok("PUT", f"{path}/post", {"creditMemoDate": "2026-02-28"})
    assert posted["creditMemoDate"] == "2026-02-28"
    assert books.api.ok("GET", path)["creditMemoDate"] == "2026-02-28"
    books.api.ok("PUT", f"{path}/unpost")
    assert books.api.ok("PUT", f"{path}/post", {})["creditMemoDate"] == "2026-02-28"


def test_pages_follow_each_other_to_the_end(books: Books) -> None:
    posted = [books.post() for _ in range(7)]
    path: str | None = f"{MEMOS}?accountId={books.account_id}&status=Posted&pageSize=3"
    pages = []
    while path is not None:
        page = books.api.ok("GET", path)
        pages.append([memo["number"] for memo in page["creditmemos"]])
        following = page.get("nextPage")
        path = None
        if following is not None:
            assert following.startswith(f"{books.api.url}{MEMOS}?")
            path = f"{MEMOS}?{urlsplit(following).query}"
    assert [len(page) for page in pages] == [3, 3, 1]
    # The highest number comes first.
    assert [number for page in pages for number in page] == list(reversed(posted))


def test_the_last_page_names_no_next_one(books: Books) -> None:
    for _ in range(2):
        books.post()
    exact = books.api.ok("GET", f"{MEMOS}?accountId={books.account_id}&pageSize=2")
    assert len(exact["creditmemos"]) == 2
    assert "nextPage" not in exact


def test_lists_are_sorted_as_they_are_asked_to_be(books: Books) -> None:
    by_amount = {amount: books.post(charges=[{"amount": Decimal(amount)}]) for amount in ("5.00", "100.00", "20.00")}
    ascending = [by_amount[amount] for amount in ("5.00", "20.00", "100.00")]
    mine = f"accountId={books.account_id}"
    assert numbers(books.api, f"{mine}&sort=-amount") == ascending
    for descending in ("%2Bamount", "+amount", "amount"):
        assert numbers(books.api, f"{mine}&sort={descending}") == ascending[::-1]
    assert numbers(books.api, f"{mine}&sort=-status,-number") == sorted(by_amount.values())


def test_lists_are_narrowed_by_what_is_documented(books: Books) -> None:
    api = books.api
    other = create_account(api, sequenceSetId=books.set["id"])
    first = create_memo(api, books.account_id, autoPost=True, effectiveDate="2026-02-01")
    second = create_memo(api, books.account_id, effectiveDate="2026-02-02", charges=[{"amount": Decimal("12.34")}])
    third = create_memo(api, other, autoPost=True)
    mine = f"accountId={books.account_id}"
    found = {
        f"{mine}&creditMemoDate=2026-02-01": [first],
        f"{mine}&amount=12.34": [second],
        f"{mine}&amount=12.340": [second],
        f"{mine}&amount=12.341": [],
        f"{mine}&currency=EUR&status=Draft": [second],
        f"accountNumber={third['accountNumber']}": [third],
        f"number={first['number']}": [first],
        f"{mine}&number={third['number']}": [],
        f"{mine}&createdDate={first['createdDate'][:10]}&status=Posted": [first],
        f"{mine}&createdDate=2001-01-01": [],
        f"{mine}&createdById={first['createdById']}&status=Posted": [first],
        f"{mine}&createdById=nobody": [],
    }
    for query, memos in found.items():
        assert numbers(api, query) == [memo["number"] for memo in memos], query


def test_what_the_vendor_documents_is_kept(books: Books) -> None:
    fields = {
        "comment": "for the delay",
        "reasonCode": "Delay",
        "excludeFromAutoApplyRules": True,
        "IntegrationId__NS": "n1",
        "Origin__NS": "o1",
        "region__c": {"a": [1, Decimal("1.50")]},
        "customRates": [{"currency": "USD", "customFxRate": Decimal("1.0843"), "rateDate": "2026-03-01"}],
    }
    memo = books.draft(**fields)
    for shown in (memo, books.api.ok("GET", f"{MEMOS}/{memo['id']}")):
        assert {name: shown[name] for name in fields} == fields
    listed = books.api.ok("GET", f"{MEMOS}?accountId={books.account_id}")["creditmemos"][0]
    assert {name: listed[name] for name in fields} == fields


def test_several_charges_add_up(books: Books) -> None:
    charges = [{"amount": Decimal("0.10")}] * 3 + [{"memoItemAmount": Decimal("0.70")}, {"amount": 0}]
    assert books.draft(charges=charges)["amount"] == Decimal("1.00")
    assert books.draft(charges=[{"amount": Decimal("0.01")}] * 1000)["amount"] == Decimal("10.00")


def test_an_account_is_named_by_id_number_or_both(books: Books) -> None:
    shown = books.draft()
    both = {"accountId": shown["accountId"], "accountNumber": shown["accountNumber"], "charges": [{"amount": 1}]}
    for body in (both, {**both, "accountId": None}, {**both, "accountNumber": None}):
        assert books.api.ok("POST", MEMOS, body)["accountId"] == books.account_id


def test_drafts_have_numbers_of_their_own_that_no_series_knows(entity: Api) -> None:
    account_id = create_account(entity)
    assert [create_memo(entity, account_id)["number"] for _ in range(2)] == ["TMP-CM-00000001", "TMP-CM-00000002"]
    assert post_memo(entity, account_id) == "CM00000001"
    assert create_memo(entity, account_id)["number"] == "TMP-CM-00000003"
    draft = entity.ok("GET", f"{MEMOS}/TMP-CM-00000001")
    assert entity.ok("PUT", f"{MEMOS}/{draft['id']}/post")["number"] == "CM00000002"
    refused(entity.get(f"{MEMOS}/TMP-CM-00000001"), 404, 40)
