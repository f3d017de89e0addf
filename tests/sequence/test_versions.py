"""What a version does not know is not sent to it, though it is kept and shown to those that do."""

from tests.sequence.client import ContractApi
from tests.sequence.support import (
    ADDRESS,
    add_note_line,
    apply_note,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_line,
)
from tests.sequence.vendor import contract_of
from tests.servers import Server

YUKON = {**ADDRESS, "country": "CA", "state": "YT"}


def test_a_state_that_an_older_version_does_not_know_is_left_out(newest: ContractApi, sequence: ContractApi) -> None:
    customer = create_customer(newest, address=YUKON)
    invoice = create_invoice(newest, customer["id"], new_line())
    note = create_note(newest, customer["id"], new_line())
    for path, name in (
        (f"/customers/{customer['id']}", "address"),
        (f"/invoices/{invoice['id']}", "customerBillingAddress"),
        (f"/credit-notes/{note['id']}", "customerShippingAddress"),
    ):
        expected = YUKON if sequence.is_newest else {**ADDRESS, "country": "CA"}
        assert sequence.get(path)[name] == expected


def test_ids_in_services_that_an_older_version_does_not_know_are_left_out(
    newest: ContractApi, sequence: ContractApi
) -> None:
    ids = [{"key": "Anrok", "value": "a"}, {"key": "Xero", "value": "x"}]
    customer_id = create_customer(
        newest, integrationIds=[{"service": each["key"], "id": each["value"]} for each in ids]
    )["id"]
    note = create_note(newest, customer_id, new_line(externalIds=ids))
    invoice = create_invoice(newest, customer_id, new_line(externalIds=ids))
    expected = ids if sequence.is_newest else ids[1:]
    for path in (f"/credit-notes/{note['id']}", f"/invoices/{invoice['id']}"):
        (line,) = lines_of(sequence, path)
        assert line["externalIds"] == expected
    sequence.get(f"/customers/{customer_id}")


def test_everything_that_the_newest_version_makes_is_read_by_the_older_ones(
    newest: ContractApi, sequence: ContractApi
) -> None:
    """Each answer is checked against the contract of its version, so this shows that nothing foreign is in it."""
    customer = create_customer(newest, status="ACTIVE", customProperties={"tier": "gold"})
    more = {"revenueRecognitionMethod": "POINT_IN_TIME", "revenueClassification": "PREPAYMENT"}
    invoice = issue_invoice(newest, customer["id"], new_line("100.00", **more))
    note = issue_note(newest, customer["id"], new_line("60.00", **more), invoiceId=invoice["id"])
    body = apply_note(note, invoice, 60)
    newest.post("/credit-note-applications", body, Idempotency_Key=f"all of {sequence.version}")
    for path in (f"/invoices/{invoice['id']}", f"/credit-notes/{note['id']}"):
        shown = sequence.get(path)
        operation = sequence.contract.find("GET", path)
        answer = operation.answers[200]
        assert answer is not None
        theirs = newest.get(path)
        own = contract_of(sequence.version).names(answer)
        assert set(shown) == {name for name in theirs if name in own}
        assert all(theirs[name] == shown[name] for name in shown)
    assert sequence.get("/invoices", customerId=customer["id"])["items"][0]["id"] == invoice["id"]
    assert sequence.get("/credit-notes", customerId=customer["id"])["items"][0]["id"] == note["id"]


def test_only_the_newest_version_is_told_the_balance(newest: ContractApi, server: Server) -> None:
    note = issue_note(newest, create_customer(newest)["id"])
    assert {"balance", "balanceVersion", "applicationStatus", "applications", "settings"} <= set(note)
    for version in ("2024-01-01", "2024-05-09"):
        with ContractApi(server.url, server.require_admin(), version) as older:
            assert not {"balance", "balanceVersion", "applications"} & set(older.get(f"/credit-notes/{note['id']}"))


def test_a_line_that_an_older_version_adds_leaves_alone_what_it_does_not_know(
    newest: ContractApi, server: Server
) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    path = f"/credit-notes/{note['id']}"
    newest.put(path, {"settings": {"generateCashCreditGrant": "ENABLED"}})
    period = {"start": "2031-01-01", "endInclusive": "2031-01-31"}
    line = add_note_line(newest, note["id"], new_line(servicePeriod=period))
    with ContractApi(server.url, server.require_admin(), "2024-05-09") as older:
        older.put(path, {"memo": "by an older client"})
        older.put(f"{path}/line-items/{line['id']}", new_line("11.00"))
    after = newest.get(path)
    assert (after["memo"], after["settings"]) == ("by an older client", {"generateCashCreditGrant": "ENABLED"})
    (kept,) = lines_of(newest, path)
    assert (kept["rate"], kept["servicePeriod"]) == ("11.00", period)
