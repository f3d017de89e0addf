"""What credit notes say besides their amounts: what is kept, cleared, checked, printed; and what a retry gets."""

import re
from decimal import Decimal

import pytest

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi, refused
from tests.sequence.support import (
    add_note_line,
    apply_note,
    create_customer,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_line,
)
from tests.servers import Api, Json, Server, decode

PATH = "/credit-notes"
APPLICATIONS = "/credit-note-applications"
PERIOD = {"start": "2026-01-01", "endInclusive": "2026-01-31"}


@pytest.fixture
def note(newest: ContractApi) -> Json:
    """A draft without lines."""
    return create_note(newest, create_customer(newest)["id"])


def path_of(note: Json) -> str:
    return f"{PATH}/{note['id']}"


@pytest.mark.parametrize(
    ("name", "value"),
    (
        ("memo", "Sorry"),
        ("purchaseOrderNumber", "PO-1"),
        ("customerTaxId", "DE123"),
        ("billingPeriodStart", "2026-01-01T00:00:00Z"),
        ("billingPeriodEnd", "2026-01-31"),
        ("accountingDate", "2026-02-28"),
    ),
)
def test_an_empty_text_takes_away_what_was_said(newest: ContractApi, note: Json, name: str, value: str) -> None:
    assert newest.put(path_of(note), {name: value})[name] == value
    assert newest.put(path_of(note), {})[name] == value
    # The contract's schema has no empty date, so this one goes past its check.
    answer = newest.http.put(path_of(note), json={name: ""})
    assert (answer.status_code, name in decode(answer)) == (200, False)
    assert name not in newest.get(path_of(note))


def test_null_is_taken_as_left_out(newest: ContractApi, note: Json) -> None:
    newest.put(path_of(note), {"memo": "Sorry"})
    answer = newest.http.put(path_of(note), json={"memo": None, "customerEmails": None})
    assert (answer.status_code, answer.json()["memo"]) == (200, "Sorry")


def test_lists_are_replaced_as_a_whole(newest: ContractApi, note: Json) -> None:
    pairs = [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]
    changed = newest.put(path_of(note), {"metadata": pairs, "customerEmails": ["x@y.example", "x@y.example"]})
    assert (changed["metadata"], changed["customerEmails"]) == (pairs, ["x@y.example"])
    changed = newest.put(path_of(note), {"metadata": [], "customerEmails": []})
    assert (changed["metadata"], changed["customerEmails"]) == ([], [])


def test_settings_are_kept(newest: ContractApi, note: Json) -> None:
    assert note["settings"] == {"generateCashCreditGrant": "DISABLED"}
    settings = {"generateCashCreditGrant": "ENABLED"}
    newest.put(path_of(note), {"settings": settings})
    assert newest.put(path_of(note), {"memo": "x"})["settings"] == settings


@pytest.mark.parametrize(
    ("body", "word"),
    (
        ({"accountingDate": "28.02.2026"}, "accountingDate"),
        ({"billingPeriodStart": "soon"}, "billingPeriodStart"),
        ({"billingPeriodStart": "2026-W01"}, "billingPeriodStart"),
        ({"billingPeriodStart": "2026-02-01", "billingPeriodEnd": "2026-01-01"}, "billingPeriodEnd"),
        ({"customerEmails": ["nobody"]}, "customerEmails[0]"),
        ({"customerLegalCompanyName": ""}, "customerLegalCompanyName"),
        ({"metadata": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "metadata[1].key"),
        ({"metadata": [{"key": f"k{place}", "value": ""} for place in range(51)]}, "metadata"),
        ({"memo": "x" * 5001}, "memo"),
        ({"settings": {"generateCashCreditGrant": "YES"}}, "generateCashCreditGrant"),
        (
            {"customerBillingAddress": {"line1": "1", "town": "T", "postcode": "P", "country": "Atlantis"}},
            "customerBillingAddress.country",
        ),
    ),
)
def test_what_is_said_is_checked_by_name(newest: ContractApi, note: Json, body: Json, word: str) -> None:
    for method, path, over in (
        ("PUT", path_of(note), {}),
        ("POST", PATH, {"customerId": note["customerId"], "currency": "EUR"}),
    ):
        if method == "POST" and "settings" in body:
            continue
        message = newest.refused(method, path, {**over, **body}, status=400, of_type="InvalidValue")
        assert word in message
    assert newest.get(path_of(note)) == note


@pytest.mark.parametrize("name", ("currency", "customerId", "invoiceId", "creditNoteNumber", "grossTotal"))
def test_what_cannot_be_changed_is_refused_by_name(newest: ContractApi, note: Json, name: str) -> None:
    assert name in newest.refused("PUT", path_of(note), {name: "EUR"}, status=400, of_type="UnknownField")


def test_a_note_is_found_by_its_number(newest: ContractApi) -> None:
    final = issue_note(newest, create_customer(newest)["id"])
    by_number = f"{PATH}/{final['creditNoteNumber']}"
    assert newest.get(by_number) == final
    assert newest.get(f"{by_number}/line-items")["items"][0]["creditNoteId"] == final["id"]
    assert newest.post(f"{by_number}/mark-as-sent")["status"] == "SENT"


def test_a_line_names_the_note_of_its_path(newest: ContractApi, note: Json) -> None:
    other = create_note(newest, note["customerId"])
    line = {**new_line(), "creditNoteId": other["id"]}
    message = newest.refused("POST", f"{path_of(note)}/line-items", line, status=400, of_type="InvalidValue")
    assert "creditNoteId" in message
    # It says nothing that the path does not.
    answer = newest.http.post(f"{path_of(note)}/line-items", json=new_line())
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("period", "word"),
    (
        ({"start": "2026-02-01", "endInclusive": "2026-01-31"}, "servicePeriod.endInclusive"),
        ({"start": "x", "endInclusive": "2026-01-31"}, "servicePeriod.start"),
        ({"start": "2026-01-01"}, "servicePeriod.endInclusive"),
    ),
)
def test_a_period_has_two_days_in_order(newest: ContractApi, note: Json, period: Json, word: str) -> None:
    line = {**new_line(), "creditNoteId": note["id"], "servicePeriod": period}
    answer = newest.call("POST", f"{path_of(note)}/line-items", line)
    assert answer.status_code == 400
    assert word in decode(answer)["error"]["message"]


def test_a_line_keeps_what_a_change_leaves_out(newest: ContractApi, note: Json) -> None:
    group = newest.post(f"{path_of(note)}/line-item-groups", {"title": "Hours"})
    kept: Json = {
        "description": "In May",
        "groupId": group["id"],
        "rateDisplay": "PERCENTAGE",
        "externalIds": [{"key": "Xero", "value": "1"}],
        "servicePeriod": PERIOD,
        "revenueRecognitionMethod": "POINT_IN_TIME",
        "revenueClassification": "EARNED",
        "productId": "product-1",
    }
    made = add_note_line(newest, note["id"], {**new_line("2.50", "2"), **kept})
    assert {name: made[name] for name in kept} == kept
    changed_body = {name: value for name, value in new_line("3").items() if name != "externalIds"}
    answer = newest.http.put(f"{path_of(note)}/line-items/{made['id']}", json=changed_body)
    changed = decode(answer)
    assert (answer.status_code, changed["netTotal"]) == (200, "3.00")
    assert {name: changed[name] for name in kept} == kept
    cleared = newest.put(
        f"{path_of(note)}/line-items/{made['id']}", {**new_line(), "description": "", "externalIds": []}
    )
    assert ("description" in cleared, cleared["externalIds"]) == (False, [])


def test_the_one_line_that_is_refunded_is_the_one_that_is_credited(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    invoice = issue_invoice(newest, customer_id, new_line("10"), new_line("5"))
    first, second = lines_of(newest, f"/invoices/{invoice['id']}")
    note = create_note(newest, customer_id, invoiceId=invoice["id"])
    line = add_note_line(newest, note["id"], {**new_line("4"), "invoiceLineItemIds": [second["id"]]})
    assert line["lineItemId"] == second["id"]
    both = add_note_line(newest, note["id"], {**new_line("4"), "invoiceLineItemIds": [first["id"], second["id"]]})
    assert "lineItemId" not in both
    body = {**new_line("1.01"), "creditNoteId": note["id"], "invoiceLineItemIds": [second["id"]]}
    newest.refused("POST", f"{path_of(note)}/line-items", body, status=422, of_type="AmountAboveRemaining")


@pytest.mark.parametrize(("currency", "net", "tax", "gross"), (("JPY", "1", "0", "1"), ("EUR", "1.01", "0.20", "1.21")))
def test_totals_have_the_places_of_their_currency(
    newest: ContractApi, currency: str, net: str, tax: str, gross: str
) -> None:
    lines = [new_line("0.335", "3", "0.2") for _ in range(2)]
    made = create_note(newest, create_customer(newest)["id"], *lines, currency=currency)
    shown = newest.get(f"{path_of(made)}/line-items")["items"]
    assert [(each["netTotal"], each["totalTax"], each["grossTotal"]) for each in shown] == [(net, tax, gross)] * 2
    assert [each["rate"] for each in shown] == ["0.335"] * 2
    assert [Decimal(made[name]) for name in ("netTotal", "totalTax", "grossTotal")] == [
        2 * Decimal(each) for each in (net, tax, gross)
    ]


def test_a_currency_of_no_version_stays_with_the_other_api(newest: ContractApi, zuora: Api) -> None:
    contact = {"firstName": "A", "lastName": "B", "country": "KW"}
    account = zuora.ok("POST", "/v1/accounts", {"name": "Kuwait", "currency": "KWD", "billToContact": contact})
    charge = {"amount": Decimal("1.005"), "chargeId": "c"}
    memo = zuora.ok("POST", "/v1/credit-memos", {"accountId": account["accountId"], "charges": [charge]})
    message = newest.refused("GET", f"{PATH}/{memo['id']}", status=422, of_type="NotInThisVersion")
    assert "KWD" in message
    assert newest.get(PATH, customerId=account["accountId"])["items"] == []
    newest.refused("POST", f"{PATH}/{memo['id']}/void", status=422, of_type="NotInThisVersion")
    body = {"customerId": account["accountId"], "currency": "KWD"}
    assert "currency" in newest.refused("POST", PATH, body, status=400, of_type="InvalidValue")


def test_the_memo_is_the_comment_there(newest: ContractApi, zuora: Api, note: Json) -> None:
    newest.put(path_of(note), {"memo": "Sorry"})
    assert zuora.ok("GET", f"/v1/credit-memos/{note['id']}")["comment"] == "Sorry"
    zuora.ok("PUT", f"/v1/credit-memos/{note['id']}", {"comment": "Really"})
    assert newest.get(path_of(note))["memo"] == "Really"
    newest.put(path_of(note), {"memo": ""})
    assert zuora.ok("GET", f"/v1/credit-memos/{note['id']}")["comment"] == ""


def test_a_memo_made_there_is_edited_here(newest: ContractApi, zuora: Api, note: Json) -> None:
    charge = {"amount": Decimal("7.50"), "chargeId": "c", "quantity": 3, "description": "Hours"}
    body = {"accountId": note["customerId"], "charges": [charge], "comment": "From there"}
    account = zuora.ok("GET", f"/v1/accounts/{note['customerId']}")["basicInfo"]
    assert account["id"] == note["customerId"]
    memo = zuora.call("POST", "/v1/credit-memos", body)
    shown = newest.get(f"{PATH}/{decode(memo)['id']}")
    assert (shown["memo"], shown["status"]) == ("From there", "DRAFT")
    (line,) = lines_of(newest, f"{PATH}/{shown['id']}")
    assert (line["quantity"], line["rate"], line["netTotal"], line["title"]) == ("3", "2.5", "7.50", "Hours")
    newest.put(f"{PATH}/{shown['id']}/line-items/{line['id']}", new_line("2", "3", "0.1"))
    there = zuora.ok("GET", f"/v1/credit-memos/{shown['id']}")
    assert (there["amount"], there["taxAmount"]) == (Decimal("6.60"), Decimal("0.60"))


def test_a_download_is_a_pdf_with_a_name(newest: ContractApi, note: Json) -> None:
    add_note_line(newest, note["id"], new_line())
    for status in ("DRAFT", "FINAL", "VOIDED"):
        answer = newest.call("GET", f"{path_of(note)}/download")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        found = newest.get(path_of(note))
        assert found["status"] == status
        name = found.get("creditNoteNumber", f"draft-{note['id']}")
        assert answer.headers["content-disposition"] == f'attachment; filename="credit-note-{name}.pdf"'
        newest.call("POST", f"{path_of(note)}/{'finalize' if status == 'DRAFT' else 'void'}")
    newest.refused("GET", f"{PATH}/missing/download", status=404, of_type="NotFound")


def test_a_retry_with_a_key_makes_nothing_twice(newest: ContractApi, note: Json) -> None:
    for path, body in ((PATH, {"customerId": note["customerId"], "currency": "EUR"}), (f"{path_of(note)}/void", None)):
        headers = {"Idempotency-Key": unique_letters()}
        first, again = (newest.call("POST", path, body, headers=headers) for _ in range(2))
        assert first.is_success
        assert (first.status_code, first.content) == (again.status_code, again.content)


def test_a_conflict_of_versions_does_not_use_up_the_key(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    note, invoice = issue_note(newest, customer_id), issue_invoice(newest, customer_id)
    headers = {"Idempotency-Key": unique_letters()}
    stale = {**apply_note(note, invoice, 1), "creditNoteBalanceVersion": note["balanceVersion"] + 1}
    answer = newest.call("POST", APPLICATIONS, stale, headers=headers)
    assert answer.status_code == 409
    answer = newest.call("POST", APPLICATIONS, apply_note(note, invoice, 1), headers=headers)
    assert answer.status_code == 201


def test_messages_speak_of_credit_notes(newest: ContractApi) -> None:
    final = issue_note(newest, create_customer(newest)["id"])
    messages = [
        newest.refused("POST", f"{path_of(final)}/finalize", status=409, of_type="TransitionNotAllowed"),
        newest.refused("PUT", path_of(final), {"memo": "x"}, status=409, of_type="DocumentNotDraft"),
        newest.refused("GET", f"{PATH}/missing", status=404, of_type="NotFound"),
    ]
    for message in messages:
        assert "credit note" in message
        assert not re.search("memo|posted|canceled", message)


def test_orgs_are_kept_apart(server: Server, newest: ContractApi, note: Json) -> None:
    name = unique_letters()
    server.run_cli_json("org", "create", "--entity", "default", "--name", name)
    with ContractApi(server.url, server.create_client("issuer", orgs=(name,))) as limited:
        assert limited.get(PATH)["items"] == []
        for method, path in (("GET", path_of(note)), ("POST", f"{path_of(note)}/void"), ("DELETE", path_of(note))):
            refused(limited.call(method, path), 404, "NotFound")
        line = {**new_line(), "creditNoteId": note["id"]}
        refused(limited.call("POST", f"{path_of(note)}/line-items", line), 404, "NotFound")
    assert newest.get(path_of(note)) == note
