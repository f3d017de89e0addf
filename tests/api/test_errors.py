"""Bad input over raw HTTP: each is refused in the documented shape, none takes a number, none shakes the server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.support import create_account, create_memo, create_set, new_account, new_set, next_numbers, refused
from tests.servers import Api, Json

SETS = "/v1/sequence-sets"
ACCOUNTS = "/v1/accounts"
MEMOS = "/v1/credit-memos"
BODY_BYTES_MAX = 1024 * 1024
UNPAIRED_SURROGATE = r'"\ud800"'


@pytest.fixture(scope="module")
def subject(api: Api) -> Iterator[Json]:
    """A set, an account that uses it and a draft: what the bad requests are about. Nothing may come of any of them."""
    made = create_set(api)
    account_id = create_account(api, sequenceSetId=made["id"])
    memo = create_memo(api, account_id)
    before = next_numbers(api, made["id"]), next_numbers(api, "DEFAULT")
    yield {"set": made["id"], "account": account_id, "memo": memo["id"]}
    assert (next_numbers(api, made["id"]), next_numbers(api, "DEFAULT")) == before
    assert api.ok("GET", f"{MEMOS}/{memo['id']}") == memo
    assert [each["id"] for each in api.ok("GET", f"{MEMOS}?accountId={account_id}")["creditmemos"]] == [memo["id"]]


WITH_BODY = (
    ("POST", SETS),
    ("PUT", f"{SETS}/{{set}}"),
    ("POST", ACCOUNTS),
    ("PUT", f"{ACCOUNTS}/{{account}}"),
    ("POST", MEMOS),
    ("PUT", f"{MEMOS}/{{memo}}/post"),
)


def send(api: Api, subject: Json, method: str, path: str, content: bytes | str) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return api.call(method, path.format(**subject), content=raw)


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize(
    "content",
    (
        "{",
        "[1, ",
        '{"colour": 1, ',
        '{"name": 1, "sequenceSets": [{"name": 1, ',
        "'single'",
        "{'a': 1}",
        "null",
        "true",
        "7",
        '"text"',
        "[]",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 01}',
        '{"a": 1,}',
        '{"a": 1}{"b": 2}',
        f'{{"a": {UNPAIRED_SURROGATE}}}',
        '{"a": "\x01"}',
        b"\xff\xfe",
        b'{"a": "\xc3"}',
        "\ufeff{}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"charges": ' + "[" * 100_000,
    ),
)
def test_what_is_no_json_object_is_malformed(
    api: Api, subject: Json, method: str, path: str, content: bytes | str
) -> None:
    message = refused(send(api, subject, method, path, content), 400, 90)
    assert len(message) < 300


@pytest.mark.parametrize(
    "value",
    (
        "[" * 100_000,
        "[" * 500 + "]" * 500,
        '{"a":' * 985 + "1" + "}" * 985,
        "1e99999999999999999999",
        "9" * 5000,
        UNPAIRED_SURROGATE,
    ),
)
def test_a_custom_field_that_cannot_be_kept_is_malformed(api: Api, subject: Json, value: str) -> None:
    """What a caller names itself is kept as it comes: it must be safe to write, and to read again."""
    memo = f'{{"accountId": "{subject["account"]}", "autoPost": true, "charges": [{{"amount": 1, "a__c": {value}}}]}}'
    for method, path, content in (
        ("PUT", f"{ACCOUNTS}/{{account}}", f'{{"a__c": {value}}}'),
        ("PUT", f"{ACCOUNTS}/{{account}}", f'{{"billToContact": {{"a__c": {value}}}}}'),
        ("POST", MEMOS, memo),
    ):
        refused(send(api, subject, method, path, content), 400, 90)


@pytest.mark.parametrize(("method", "path"), WITH_BODY[:-1])
def test_an_empty_body_is_named(api: Api, subject: Json, method: str, path: str) -> None:
    for content in ("", " ", "\n\t"):
        assert "empty" in refused(send(api, subject, method, path, content), 400, 90)


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_an_unknown_field_is_named(api: Api, subject: Json, method: str, path: str) -> None:
    message = refused(send(api, subject, method, path, '{"colour": "blue"}'), 400, 21)
    assert message.startswith("colour: ")
    for name in ("", "\x00", "😀", "a.b", "a`b", "x" * 1000):
        refused(send(api, subject, method, path, json.dumps({name: "blue"})), 400, 21)


def charge(**fields: Any) -> Json:
    return {"amount": 1, "chargeId": "c", **fields}


NESTED: tuple[tuple[str, str, Json, int, str], ...] = (
    ("PUT", f"{ACCOUNTS}/{{account}}", {"*__c": {"colour": 1}}, 21, "colour"),
    ("POST", SETS, {"sequenceSets": [new_set("N", invoice={"prefix": "N", "startNumber": 1, "width": 8})]}, 21,
     "sequenceSets[0].invoice.width"),
    ("POST", SETS, {"sequenceSets": [new_set("N"), {**new_set("M"), "colour": 1}]}, 21, "sequenceSets[1].colour"),
    ("POST", SETS, {"sequenceSets": [new_set("N", refund={"prefix": "N-"})]}, 22, "sequenceSets[0].refund.startNumber"),
    ("POST", SETS, {"sequenceSets": [new_set("N", name=None)]}, 22, "sequenceSets[0].name"),
    ("POST", SETS, {}, 22, "sequenceSets"),
    ("POST", SETS, {"sequenceSets": {}}, 20, "sequenceSets"),
    ("POST", SETS, {"sequenceSets": [7]}, 20, "sequenceSets[0]"),
    ("POST", SETS, {"sequenceSets": [new_set("N", name=7)]}, 20, "sequenceSets[0].name"),
    ("POST", SETS, {"sequenceSets": [new_set("N", invoice="N")]}, 20, "sequenceSets[0].invoice"),
    ("POST", SETS, {"sequenceSets": [new_set("N", invoice={"prefix": 7, "startNumber": 1})]}, 20,
     "sequenceSets[0].invoice.prefix"),
    ("POST", SETS, {"sequenceSets": [new_set("N", invoice={"prefix": "N", "startNumber": "1"})]}, 20,
     "sequenceSets[0].invoice.startNumber"),
    ("POST", SETS, {"sequenceSets": [new_set("N", sequenceSetNumber="n" * 33)]}, 20,
     "sequenceSets[0].sequenceSetNumber"),
    ("PUT", f"{SETS}/{{set}}", {"invoice": None}, 20, "invoice"),
    ("PUT", f"{SETS}/{{set}}", {"invoice": {"startNumber": 1.5}}, 20, "invoice.startNumber"),
    ("PUT", f"{SETS}/{{set}}", {"invoice": {"width": 8}}, 21, "invoice.width"),
    ("PUT", f"{SETS}/{{set}}", {"sequenceSetNumber": "N"}, 21, "sequenceSetNumber"),
    ("PUT", f"{SETS}/{{set}}", {"invoice": {"nextNumber": 5}}, 21, "invoice.nextNumber"),
    ("POST", ACCOUNTS, new_account(name=None), 20, "name"),
    ("POST", ACCOUNTS, new_account(name=""), 20, "name"),
    ("POST", ACCOUNTS, {"currency": "EUR"}, 22, "name"),
    ("POST", ACCOUNTS, {"name": "x", "currency": "EUR"}, 22, "billToContact"),
    ("POST", ACCOUNTS, new_account(billToContact={"firstName": "A"}), 22, "billToContact.lastName"),
    ("POST", ACCOUNTS, new_account(billToContact={"firstName": "A", "lastName": "B", "colour": 1}), 21,
     "billToContact.colour"),
    ("POST", ACCOUNTS, new_account(currency="EURO"), 20, "currency"),
    ("POST", ACCOUNTS, new_account(currency="XXX"), 20, "currency"),
    ("POST", ACCOUNTS, new_account(currency="eur"), 20, "currency"),
    ("POST", ACCOUNTS, new_account(billCycleDay=32), 20, "billCycleDay"),
    ("POST", ACCOUNTS, new_account(taxInfo={"exemptEffectiveDate": "2026-02-30"}), 20, "taxInfo.exemptEffectiveDate"),
    ("POST", ACCOUNTS, new_account(sequenceSetId="nobody"), 20, "sequenceSetId"),
    ("POST", ACCOUNTS, new_account(sequenceSetName="nobody"), 20, "sequenceSetName"),
    ("POST", ACCOUNTS, new_account(accountNumber="a/b"), 20, "accountNumber"),
    ("POST", ACCOUNTS, new_account(accountNumber="a\x00b"), 20, "accountNumber"),
    ("PUT", f"{ACCOUNTS}/{{account}}", {"currency": "USD"}, 21, "currency"),
    ("PUT", f"{ACCOUNTS}/{{account}}", {"autoPay": "yes"}, 20, "autoPay"),
    ("PUT", f"{ACCOUNTS}/{{account}}", {"sequenceSetId": "nobody"}, 20, "sequenceSetId"),
    ("PUT", f"{ACCOUNTS}/{{account}}", {"billToContactId": "nobody"}, 20, "billToContactId"),
    ("POST", MEMOS, {"charges": [charge()]}, 22, "accountId"),
    ("POST", MEMOS, {"accountId": "{account}"}, 22, "charges"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": []}, 20, "charges"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()] * 1001}, 20, "charges"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [{}]}, 22, "charges[0].amount"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge(), charge(colour=1)]}, 21, "charges[1].colour"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge(memoItemAmount=2)]}, 20,
     "charges[0].memoItemAmount"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge(financeInformation={"a": 1})]}, 21,
     "charges[0].financeInformation.a"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge(quantity="NaN")]}, 20, "charges[0].quantity"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge(serviceStartDate="soon")]}, 20,
     "charges[0].serviceStartDate"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "effectiveDate": "2026-13-01"}, 20,
     "effectiveDate"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "autoPost": "true"}, 20, "autoPost"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "currency": "XXX"}, 20, "currency"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "number": "no blanks"}, 20, "number"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "number": "n" * 33}, 20, "number"),
    ("POST", MEMOS, {"accountId": "{account}", "charges": [charge()], "number": "n\x00"}, 20, "number"),
    ("POST", MEMOS,
     {"accountId": "{account}", "charges": [charge()], "customRates": [{"currency": "USD", "customFxRate": "NaN"}]}, 20,
     "customRates[0].customFxRate"),
    ("POST", MEMOS,
     {"accountId": "{account}", "charges": [charge()], "customRates": [{"currency": "USD", "customFxRate": "1e400"}]},
     20, "customRates[0].customFxRate"),
    ("PUT", f"{MEMOS}/{{memo}}/post", {"creditMemoDate": "yesterday"}, 20, "creditMemoDate"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "category", "field"), NESTED)
def test_a_bad_field_is_named_by_its_whole_path(
    api: Api, subject: Json, method: str, path: str, body: Json, category: int, field: str
) -> None:
    content = json.dumps(body).replace("{account}", subject["account"])
    assert refused(send(api, subject, method, path, content), 400, category).startswith(f"{field}: ")


def test_a_message_shows_the_value_but_not_a_novel(api: Api) -> None:
    message = refused(api.post(ACCOUNTS, new_account(currency="€€€")), 400, 20)
    assert "€€€" in message
    message = refused(api.post(ACCOUNTS, new_account(accountNumber="/" * 100_000)), 400, 20)
    assert len(message) < 200


@pytest.mark.parametrize(
    ("currency", "amount", "status"),
    (
        ("EUR", "10.00", 200),
        ("EUR", "10.001", 400),
        ("EUR", "10.000", 200),
        ("JPY", "10", 200),
        ("JPY", "10.0", 200),
        ("JPY", "10.1", 400),
        ("BHD", "10.001", 200),
        ("BHD", "10.0001", 400),
        ("CLF", "10.0001", 200),
        ("EUR", "0", 200),
        ("EUR", "0.1" + "1" * 29, 400),
        ("EUR", "1." + "0" * 60, 400),
        ("EUR", "-0.01", 400),
        ("EUR", "-1", 400),
        ("EUR", "9999999999999.99", 200),
        ("EUR", "10000000000000.01", 400),
        ("EUR", "9" * 30, 400),
        ("EUR", "9" * 400, 400),
        ("EUR", "1e400", 400),
        ("EUR", "1e-400", 400),
        ("EUR", "1e999999999", 400),
        ("EUR", '"12.50"', 200),
        ("EUR", '"1_000"', 400),
        ("EUR", '" 10"', 400),
        ("EUR", '"10\\n"', 400),
        ("EUR", '"+1"', 400),
        ("EUR", '"1."', 400),
        ("EUR", '".5"', 400),
        ("EUR", '"007"', 400),
        ("EUR", '"\u0661"', 400),
        ("EUR", '"\\u0661"', 400),
        ("EUR", '"twelve"', 400),
        ("EUR", '"NaN"', 400),
        ("EUR", '"Infinity"', 400),
        ("EUR", '""', 400),
        ("EUR", "true", 400),
        ("EUR", "[1]", 400),
        ("EUR", '{"value": 1}', 400),
    ),
)
def test_amounts_are_exact_or_refused(api: Api, currency: str, amount: str, status: int) -> None:
    account_id = create_account(api, currency=currency)
    content = f'{{"accountId": "{account_id}", "charges": [{{"amount": {amount}}}]}}'
    answer = api.call("POST", MEMOS, content=content.encode())
    if status == 400:
        assert refused(answer, 400, 20).startswith("charges[0].amount: ")
        assert api.ok("GET", f"{MEMOS}?accountId={account_id}")["creditmemos"] == []
        return
    assert answer.status_code == 200
    digits = {"JPY": 0, "EUR": 2, "BHD": 3, "CLF": 4}[currency]
    plain, _, decimals = amount.strip('"').partition(".")
    expected = plain + (f".{decimals.ljust(digits, '0')[:digits]}" if digits else "")
    # As text, digit by digit: a float on the way would show.
    assert f'"amount":{expected},' in answer.text
    assert f'"unappliedAmount":{expected},' in api.get(f"{MEMOS}/{answer.json()['id']}").text


def test_the_total_of_a_memo_has_a_limit_too(api: Api, subject: Json) -> None:
    charges = [{"amount": 9_999_999_999_999}] * 3
    answer = api.post(MEMOS, {"accountId": subject["account"], "charges": charges})
    assert refused(answer, 400, 20).startswith("charges: ")


def test_a_wrong_currency_breaks_a_rule(api: Api, subject: Json) -> None:
    body = {"accountId": subject["account"], "charges": [charge()], "currency": "USD", "autoPost": True}
    message = refused(api.post(MEMOS, body), 200, 30)
    assert "EUR" in message
    assert "USD" in message


def test_an_unknown_account_is_not_found(api: Api, subject: Json) -> None:
    other = create_account(api)
    for keys in ({"accountId": "nobody"}, {"accountNumber": "nobody"}, {"accountId": "\x00"}, {"accountId": "😀"}):
        refused(api.post(MEMOS, {**keys, "charges": [charge()], "autoPost": True}), 404, 40)
    both = {"accountId": subject["account"], "accountNumber": other, "charges": [charge()], "autoPost": True}
    assert refused(api.post(MEMOS, both), 400, 20).startswith("accountNumber: ")


def test_too_large_a_body_is_refused(api: Api, subject: Json) -> None:
    for method, path in WITH_BODY:
        answer = send(api, subject, method, path, b" " * (BODY_BYTES_MAX + 1))
        assert str(BODY_BYTES_MAX) in refused(answer, 413, 20)
    refused(send(api, subject, "POST", SETS, b" " * BODY_BYTES_MAX), 400, 90)


def test_a_body_in_chunks_is_counted_too(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(17):
            yield b" " * 65536

    answer = api.http.post(SETS, content=chunks())
    assert str(BODY_BYTES_MAX) in refused(answer, 413, 20)


@pytest.mark.parametrize("path", (SETS, ACCOUNTS, MEMOS))
@pytest.mark.parametrize(
    "key",
    (
        "nobody",
        "%00",
        "%F0%9F%98%80",
        "%FF",
        "%0A",
        "%2E%2E",
        "a%2Fb",
        "'",
        "%27%20OR%201=1--",
        "x" * 5000,
        "%25",
    ),
)
def test_a_strange_key_is_not_found(api: Api, path: str, key: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = api.http.request(method, f"{api.url}{path}/{key}", content=b"{}" if method == "PUT" else None)
        # Some addresses have no PUT; but nothing is found, changed or broken.
        assert answer.status_code in {404, 405}
        refused(answer, answer.status_code, 40 if answer.status_code == 404 else 45)


LISTS = (SETS, MEMOS)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "field"),
    (
        ("colour=blue", "colour"),
        ("pagesize=3", "pagesize"),
        ("pageSize=0", "pageSize"),
        ("pageSize=41", "pageSize"),
        ("pageSize=abc", "pageSize"),
        ("pageSize=", "pageSize"),
        ("pageSize=1.5", "pageSize"),
        ("pageSize=-1", "pageSize"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1000001", "page"),
        ("page=99999999999999999999", "page"),
        ("page=%00", "page"),
        ("page=1&page=2", "page"),
        ("%FF=1", "query"),
        ("page=%FF", "query"),
        ("&".join(f"a{index}=1" for index in range(60)), "query"),
    ),
)
def test_a_bad_parameter_is_named(api: Api, path: str, query: str, field: str) -> None:
    assert refused(api.get(f"{path}?{query}"), 400, 27).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "query",
    (
        "status=draft",
        "status=Generating",
        "amount=ten",
        "amount=NaN",
        "amount=1_0",
        "amount=%2010",
        "creditMemoDate=2026-02-30",
        "createdDate=yesterday",
        "createdDate=9999-12-31",
        "updatedDate=9999-12-31%2023:59:59",
        "sort=",
        "sort=colour",
        "sort=number,status,amount",
        "sort=number,",
    ),
)
def test_a_bad_filter_is_named(api: Api, query: str) -> None:
    assert refused(api.get(f"{MEMOS}?{query}"), 400, 27).startswith(f"{query.partition('=')[0]}: ")


@pytest.mark.parametrize(
    "query", ("amount=1e400", "amount=1e-400", "accountId=%00", "number=%F0%9F%98%80", "currency=")
)
def test_a_filter_that_fits_nothing_gives_nothing(api: Api, query: str) -> None:
    assert api.ok("GET", f"{MEMOS}?{query}")["creditmemos"] == []


@pytest.mark.parametrize(
    "path", ("/v1/nothing", "/v1/", "/v1/accounts/a/b/c", "/oauth/", "/v1/sequence-sets/", "/v1//x")
)
def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        message = refused(api.call(method, path), 404, 40)
        assert method in message
        assert path in message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    (
        ("PATCH", SETS, "GET, POST"),
        ("DELETE", SETS, "GET, POST"),
        ("POST", f"{SETS}/DEFAULT", "DELETE, GET, PUT"),
        ("GET", ACCOUNTS, "POST"),
        ("PATCH", f"{MEMOS}/x", "DELETE, GET, PUT"),
        ("POST", f"{MEMOS}/x/post", "PUT"),
        ("GET", "/oauth/token", "POST"),
        ("OPTIONS", SETS, "GET, POST"),
    ),
)
def test_a_wrong_method_is_told_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    assert refused(api.call(method, path), 405, 45).endswith(f"use {allowed}")


def test_a_broken_rule_is_a_200(api: Api, subject: Json) -> None:
    memo = f"{MEMOS}/{subject['memo']}"
    refused(api.put(f"{memo}/unpost"), 200, 30)
    refused(api.delete(memo), 200, 30)
    refused(api.delete(f"{SETS}/DEFAULT"), 200, 30)
    refused(api.delete(f"{SETS}/{subject['set']}"), 200, 30)
    refused(api.delete(f"{ACCOUNTS}/{subject['account']}"), 200, 30)
