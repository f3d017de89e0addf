"""The life of a credit note, its numbers and its totals."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.support import create_set, next_numbers
from tests.sequence.client import ContractApi
from tests.sequence.support import (
    ADDRESS,
    RECIPIENT,
    add_note_line,
    create_customer,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_customer,
    new_line,
)
from tests.servers import Api, Json

NUMBER_FIELDS = ("creditNoteNumber", "issueDate")
TOTALS = ("netTotal", "totalTax", "grossTotal")


def totals(of: Json) -> tuple[str, str, str]:
    return of["netTotal"], of["totalTax"], of["grossTotal"]


def cent(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def customer_with_set(api: ContractApi, zuora: Api) -> tuple[str, Json]:
    """The id of a customer whose documents are numbered by a set of its own, and the set."""
    made, customer = create_set(zuora), create_customer(api)
    zuora.ok("PUT", f"/v1/accounts/{customer['id']}", {"sequenceSetId": made["id"]})
    return customer["id"], made


def test_a_note_goes_from_draft_to_void_and_keeps_its_number(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    draft = create_note(sequence, customer_id, memo="Sorry")
    path = f"/credit-notes/{draft['id']}"
    assert draft["status"] == "DRAFT"
    assert totals(draft) == ("0.00", "0.00", "0.00")
    assert not [name for name in NUMBER_FIELDS if name in draft]
    add_note_line(sequence, draft["id"], new_line("12.50", "2", "0.2"))
    assert totals(sequence.get(path)) == ("25.00", "5.00", "30.00")
    assert next_numbers(zuora, own["id"])["creditMemo"] == 1

    today = datetime.now(UTC).date()
    final = sequence.post(f"{path}/finalize")
    assert final["status"] == "FINAL"
    assert final["creditNoteNumber"] == f"{own['creditMemo']['prefix']}00000001"
    assert today <= date.fromisoformat(final["issueDate"]) <= datetime.now(UTC).date()
    assert sequence.get(path) == final
    if sequence.is_newest:
        sent = sequence.post(f"{path}/mark-as-sent")
        assert sent == {**final, "status": "SENT"}
        assert sequence.post(f"{path}/mark-as-sent") == sent
    voided = sequence.post(f"{path}/void")
    assert voided["status"] == "VOIDED"
    assert sequence.get(path) == voided
    assert voided["creditNoteNumber"] == final["creditNoteNumber"]
    assert totals(voided) == totals(final)


def test_a_draft_that_is_voided_takes_a_number_and_one_that_is_deleted_none(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    gone, void = (create_note(sequence, customer_id, new_line()) for _ in range(2))
    assert sequence.delete(f"/credit-notes/{gone['id']}") == gone
    message = sequence.refused("GET", f"/credit-notes/{gone['id']}", status=404, of_type="NotFound")
    assert gone["id"][:20] in message
    voided = sequence.post(f"/credit-notes/{void['id']}/void")
    assert (voided["status"], voided["creditNoteNumber"]) == ("VOIDED", f"{own['creditMemo']['prefix']}00000001")
    assert issue_note(sequence, customer_id)["creditNoteNumber"] == f"{own['creditMemo']['prefix']}00000002"


def test_numbers_follow_the_order_of_finalizing_and_not_of_creating(newest: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(newest, zuora)
    drafts = [create_note(newest, customer_id, new_line()) for _ in range(5)]
    order = [drafts[at] for at in (3, 0, 4, 2, 1)]
    for ordinal, draft in enumerate(order, start=1):
        final = newest.post(f"/credit-notes/{draft['id']}/finalize")
        assert final["creditNoteNumber"] == f"{own['creditMemo']['prefix']}{ordinal:08}"


def test_a_note_takes_from_its_customer_what_it_is_not_told(sequence: ContractApi) -> None:
    customer = create_customer(sequence)
    note = create_note(sequence, customer["id"])
    assert note["customerId"] == customer["id"]
    assert note["customerLegalCompanyName"] == customer["legalName"]
    assert note["customerBillingAddress"] == note["customerShippingAddress"] == ADDRESS
    assert note["customerEmails"] == [RECIPIENT]
    sequence.put(f"/customers/{customer['id']}", new_customer(sequence, legalName="Renamed"))
    assert sequence.get(f"/credit-notes/{note['id']}")["customerLegalCompanyName"] == customer["legalName"]


def test_what_a_note_is_told_is_read_back_and_what_is_left_out_stays(sequence: ContractApi) -> None:
    told: Json = {
        "billingPeriodStart": "2031-01-01T00:00:00Z",
        "billingPeriodEnd": "2031-01-31T00:00:00Z",
        "purchaseOrderNumber": "PO 7",
        "customerEmails": ["a@customer.example", "b@customer.example"],
        "customerLegalCompanyName": "Ada & Sons",
        "customerBillingAddress": {**ADDRESS, "line2": "Second floor", "country": "US", "state": "CA"},
        "customerShippingAddress": {**ADDRESS, "line1": "The yard"},
        "memo": "Überraschung ≠ 東京",
        "metadata": [{"key": "one", "value": "1"}, {"key": "two", "value": ""}],
        "customerTaxId": "GB123456789",
    }
    if sequence.is_newest:
        told["accountingDate"] = "2031-02-01"
    note = create_note(sequence, create_customer(sequence)["id"], **told)
    assert {name: note[name] for name in told} == told
    path = f"/credit-notes/{note['id']}"
    assert sequence.put(path, {}) == note
    for name, value in (("memo", "Other"), ("metadata", []), ("customerEmails", [])):
        note = {**note, name: value}
        assert sequence.put(path, {name: value}) == note
    if sequence.is_newest:
        changed = {"settings": {"generateCashCreditGrant": "ENABLED"}, "accountingDate": "2031-03-01"}
        assert sequence.put(path, changed) == {**note, **changed}
    assert sequence.get(path)["memo"] == "Other"


@pytest.mark.parametrize(
    ("currency", "quantity", "rate", "tax_rate", "expected"),
    (
        ("EUR", "3", "0.335", "0", ("1.01", "0.00", "1.01")),
        ("EUR", "1", "0.005", "0.5", ("0.01", "0.01", "0.02")),
        ("EUR", "1", "10.00", "0.125", ("10.00", "1.25", "11.25")),
        ("EUR", "0.333333333333", "3", "0.19", ("1.00", "0.19", "1.19")),
        ("JPY", "3", "33.5", "0.1", ("101", "10", "111")),
        ("GBP", "7", "0.07", "0.175", ("0.49", "0.09", "0.58")),
    ),
)
def test_a_line_is_quantity_times_rate_rounded_once_and_tax_on_that(
    newest: ContractApi, currency: str, quantity: str, rate: str, tax_rate: str, expected: tuple[str, str, str]
) -> None:
    note = create_note(newest, create_customer(newest)["id"], currency=currency)
    line = add_note_line(newest, note["id"], new_line(rate, quantity, tax_rate))
    assert totals(line) == expected
    assert (line["quantity"], line["rate"], line["taxRate"]) == (quantity, rate, tax_rate)
    assert totals(newest.get(f"/credit-notes/{note['id']}")) == expected


CENTS = st.decimals("0", "9999", places=4)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(CENTS, st.decimals("0", "99", places=3), st.decimals("0", "1", places=3), st.integers(0, 2)),
        min_size=1,
        max_size=6,
    )
)
def test_totals_and_groups_are_the_sums_of_the_lines_that_are_shown(
    newest: ContractApi, lines: list[tuple[Decimal, Decimal, Decimal, int]]
) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    path = f"/credit-notes/{note['id']}"
    groups = [newest.post(f"{path}/line-item-groups", {"title": f"Group {at}"})["id"] for at in range(2)]
    for rate, quantity, tax_rate, at in lines:
        within = {"groupId": groups[at]} if at < len(groups) else {}
        shown = add_note_line(newest, note["id"], new_line(str(rate), str(quantity), str(tax_rate), **within))
        net = cent(rate * quantity)
        tax = cent(net * tax_rate)
        assert totals(shown) == (f"{net:f}", f"{tax:f}", f"{net + tax:f}")
    kept = lines_of(newest, path)
    assert [each["index"] for each in kept] == list(range(len(lines)))
    check_sums(newest.get(path), kept)
    for group in newest.get(f"{path}/line-item-groups", sortOrder="ASC")["items"]:
        check_sums(group, [each for each in kept if each.get("groupId") == group["id"]])


def check_sums(of: Json, lines: list[Json]) -> None:
    for name in TOTALS:
        assert Decimal(of[name]) == sum((Decimal(line[name]) for line in lines), Decimal(0)), name


def test_a_line_is_changed_as_a_whole_but_for_its_group_and_source(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    invoice = issue_invoice(sequence, customer_id, new_line("100.00"))
    (source,) = lines_of(sequence, f"/invoices/{invoice['id']}")
    note = create_note(sequence, customer_id, invoiceId=invoice["id"])
    path = f"/credit-notes/{note['id']}"
    group = sequence.post(f"{path}/line-item-groups", {"title": "Engines"})
    given = new_line("50.00", groupId=group["id"], lineItemId=source["id"], description="June", rateDisplay="ABSOLUTE")
    line = add_note_line(sequence, note["id"], given)
    assert (line["groupId"], line["lineItemId"], line["creditNoteId"]) == (group["id"], source["id"], note["id"])
    body = {**new_line("0.25", "100"), "rateDisplay": "PERCENTAGE", "title": "Half"}
    changed = sequence.put(f"{path}/line-items/{line['id']}", body)
    assert (changed["groupId"], changed["lineItemId"]) == (group["id"], source["id"])
    assert (changed["title"], changed["rateDisplay"], changed["netTotal"]) == ("Half", "PERCENTAGE", "25.00")
    assert lines_of(sequence, path) == [changed]
    message = sequence.refused("DELETE", f"{path}/line-item-groups/{group['id']}", status=409, of_type="GroupInUse")
    assert "Engines" in message
    sequence.delete(f"{path}/line-items/{line['id']}")
    sequence.delete(f"{path}/line-item-groups/{group['id']}")
    assert sequence.get(path) == note


def test_what_only_the_newest_version_knows_of_a_line_is_kept_there_and_hidden_elsewhere(
    newest: ContractApi, sequence: ContractApi
) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    more: Json = {
        "servicePeriod": {"start": "2031-01-01", "endInclusive": "2031-01-31"},
        "revenueRecognitionMethod": "STRAIGHT_LINE",
        "revenueClassification": "EARNED",
        "productId": "product",
    }
    line = add_note_line(newest, note["id"], new_line(**more))
    assert {name: line[name] for name in more} == more
    (seen,) = lines_of(sequence, f"/credit-notes/{note['id']}")
    assert seen["id"] == line["id"]
    assert set(more) <= set(seen) if sequence.is_newest else not set(more) & set(seen)
