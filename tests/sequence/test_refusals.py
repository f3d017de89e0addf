"""What is refused: always with a documented type and a message that says what to do, and never with a number burnt."""

from typing import Any

import pytest

from tests.api.support import next_numbers
from tests.sequence.client import ContractApi, refused
from tests.sequence.support import (
    add_note_line,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    new_line,
)
from tests.sequence.test_notes import customer_with_set
from tests.sequence.vendor import VERSIONS
from tests.servers import Api, Json, Server

MISSING = "00000000-0000-4000-8000-000000000000"


def archive(api: ContractApi, customer_id: str) -> None:
    path = f"/customers/{customer_id}/archive"
    api.call("POST" if api.is_newest else "PUT", path)


def test_a_note_without_lines_or_without_a_total_is_not_finalized(sequence: ContractApi, zuora: Api) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    note = create_note(sequence, customer_id)
    path = f"/credit-notes/{note['id']}"
    assert "line" in sequence.refused("POST", f"{path}/finalize", status=422, of_type="NoLines")
    add_note_line(sequence, note["id"], new_line("0.00"))
    assert "0.00" in sequence.refused("POST", f"{path}/finalize", status=422, of_type="TotalNotPositive")
    add_note_line(sequence, note["id"], new_line("5.00"))
    message = sequence.refused(
        "POST",
        f"{path}/line-items",
        {"creditNoteId": note["id"], **new_line("-5.01")},
        status=422,
        of_type="TotalNotPositive",
    )
    assert "-0.01" in message
    assert sequence.get(path)["grossTotal"] == "5.00"
    assert next_numbers(zuora, own["id"])["creditMemo"] == 1


def test_nothing_but_a_draft_is_edited_or_deleted(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    note = create_note(sequence, customer_id)
    path = f"/credit-notes/{note['id']}"
    group = sequence.post(f"{path}/line-item-groups", {"title": "Group"})
    line = add_note_line(sequence, note["id"], new_line())
    edits: list[tuple[str, str, Any]] = [
        ("PUT", path, {"memo": "late"}),
        ("POST", f"{path}/line-items", {"creditNoteId": note["id"], **new_line()}),
        ("PUT", f"{path}/line-items/{line['id']}", new_line("9.00")),
        ("DELETE", f"{path}/line-items/{line['id']}", None),
        ("POST", f"{path}/line-item-groups", {"title": "Other"}),
        ("PUT", f"{path}/line-item-groups/{group['id']}", {"title": "Other"}),
        ("DELETE", f"{path}/line-item-groups/{group['id']}", None),
    ]
    final = sequence.post(f"{path}/finalize")
    for step in (None, "void"):
        if step:
            final = sequence.post(f"{path}/{step}")
        for method, at, body in edits:
            message = sequence.refused(method, at, body, status=409, of_type="DocumentNotDraft")
            assert final["creditNoteNumber"] in message
            assert final["status"] in message
        for method, at in (("DELETE", path), ("POST", f"{path}/finalize")):
            message = sequence.refused(method, at, status=409, of_type="TransitionNotAllowed")
            assert final["creditNoteNumber"] in message
        assert sequence.get(path) == final
    sequence.refused("POST", f"{path}/void", status=409, of_type="TransitionNotAllowed")


def test_sending_without_a_mail_server_says_how_to_get_one_and_changes_nothing(
    sequence: ContractApi, zuora: Api
) -> None:
    customer_id, own = customer_with_set(sequence, zuora)
    draft, invoice_draft = (
        create_note(sequence, customer_id, new_line()),
        create_invoice(sequence, customer_id, new_line()),
    )
    for path in (f"/credit-notes/{draft['id']}", f"/invoices/{invoice_draft['id']}"):
        before = sequence.get(path)
        message = sequence.refused("POST", f"{path}/finalize-and-send", status=422, of_type="NoMailServer")
        assert "SERIATIM_SMTP_URL" in message
        assert sequence.get(path) == before
        final = sequence.post(f"{path}/finalize")
        sequence.refused("POST", f"{path}/send", status=422, of_type="NoMailServer")
        assert sequence.get(path)["status"] == final["status"] == "FINAL"
    assert next_numbers(zuora, own["id"])["creditMemo"] == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_sending_needs_a_recipient_and_an_issued_note(mailing_server: Server, version: str) -> None:
    with ContractApi(mailing_server.url, mailing_server.require_admin(), version) as api:
        customer_id = create_customer(api)["id"]
        for noun, create in (("credit-notes", create_note), ("invoices", create_invoice)):
            draft = create(api, customer_id, new_line(), customerEmails=[])
            path = f"/{noun}/{draft['id']}"
            message = api.refused("POST", f"{path}/finalize-and-send", status=422, of_type="NoRecipient")
            assert "customerEmails" in message
            assert api.get(path) == draft
            api.post(f"{path}/finalize")
            api.refused("POST", f"{path}/send", status=422, of_type="NoRecipient")
            other = create(api, customer_id, new_line())
            api.refused("POST", f"/{noun}/{other['id']}/send", status=409, of_type="TransitionNotAllowed")
            void = create(api, customer_id, new_line())
            api.post(f"/{noun}/{void['id']}/void")
            for step in ("send", "finalize-and-send"):
                api.refused("POST", f"/{noun}/{void['id']}/{step}", status=409, of_type="TransitionNotAllowed")


def test_marking_as_sent_needs_no_mail_server_and_no_recipient(newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    note = issue_note(newest, customer_id, customerEmails=[])
    assert newest.post(f"/credit-notes/{note['id']}/mark-as-sent")["status"] == "SENT"
    invoice = issue_invoice(newest, customer_id, customerEmails=[])
    assert newest.post(f"/invoices/{invoice['id']}/mark-as-sent")["status"] == "SENT"


def test_whom_and_what_a_note_credits_must_fit(sequence: ContractApi) -> None:
    customer_id, other_id = create_customer(sequence)["id"], create_customer(sequence)["id"]
    invoice = issue_invoice(sequence, customer_id)
    draft = create_invoice(sequence, customer_id, new_line())
    body: Json = {"customerId": customer_id, "currency": "EUR", "invoiceId": invoice["id"]}
    for changes, status, of_type, word in (
        ({"customerId": other_id}, 422, "AccountMismatch", invoice["invoiceNumber"]),
        ({"currency": "USD"}, 422, "CurrencyMismatch", "EUR"),
        ({"invoiceId": draft["id"]}, 422, "NotSettleable", "draft"),
        ({"invoiceId": MISSING}, 404, "NotFound", MISSING),
        ({"customerId": MISSING}, 404, "NotFound", MISSING),
        ({"currency": "XXX"}, 400, "InvalidValue", "currency"),
        ({"currency": None}, 400, "MissingField", "currency"),
    ):
        given = {name: value for name, value in {**body, **changes}.items() if value is not None}
        assert word in sequence.refused("POST", "/credit-notes", given, status=status, of_type=of_type)
    archive(sequence, other_id)
    message = sequence.refused(
        "POST", "/credit-notes", {"customerId": other_id, "currency": "EUR"}, status=409, of_type="AccountArchived"
    )
    assert "archived" in message


@pytest.mark.parametrize(
    ("changes", "of_type", "word"),
    (
        ({"creditNoteId": MISSING}, "InvalidValue", "creditNoteId"),
        ({"groupId": MISSING}, "InvalidValue", "groupId"),
        ({"lineItemId": MISSING}, "InvalidValue", "lineItemId"),
        ({"taxRate": "1.01"}, "InvalidValue", "taxRate"),
        ({"taxRate": "-0.1"}, "InvalidValue", "taxRate"),
        ({"taxRate": "20%"}, "InvalidValue", "taxRate"),
        ({"rate": "ten"}, "InvalidValue", "rate"),
        ({"rate": "1e3"}, "InvalidValue", "rate"),
        ({"rate": 10}, "InvalidValue", "rate"),
        ({"rate": "9" * 30}, "InvalidValue", "rate"),
        ({"quantity": ""}, "InvalidValue", "quantity"),
        ({"title": ...}, "MissingField", "title"),
        ({"externalIds": {}}, "InvalidValue", "externalIds"),
        ({"rateDisplay": "BOTH"}, "InvalidValue", "rateDisplay"),
        ({"amount": "10"}, "UnknownField", "amount"),
    ),
)
def test_a_line_must_be_what_the_contract_says(newest: ContractApi, changes: Json, of_type: str, word: str) -> None:
    note = create_note(newest, create_customer(newest)["id"])
    body = {"creditNoteId": note["id"], **new_line(), **changes}
    given = {name: value for name, value in body.items() if value is not ...}
    path = f"/credit-notes/{note['id']}/line-items"
    assert word in newest.refused("POST", path, given, status=400, of_type=of_type)
    assert newest.get(path)["items"] == []


@pytest.mark.parametrize("noun", ("credit-notes", "invoices", "customers"))
def test_what_is_not_there_is_not_found(sequence: ContractApi, noun: str) -> None:
    for operation in sequence.contract.operations:
        if operation.path.startswith(f"/{noun}/{{") and operation.request is None:
            path = operation.path.replace("{id}", MISSING).replace("{creditnote}", MISSING)
            path = path.replace("{invoice}", MISSING).replace("{customer}", MISSING)
            answer = sequence.call(operation.method, path)
            if path.endswith("send") and answer.status_code == 422:
                # Without a mail server nothing is looked for.
                refused(answer, 422, "NoMailServer")
            else:
                assert MISSING in refused(answer, 404, "NotFound")


def test_a_document_of_one_kind_is_none_of_the_other(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    note, invoice = create_note(sequence, customer_id, new_line()), create_invoice(sequence, customer_id, new_line())
    sequence.refused("GET", f"/invoices/{note['id']}", status=404, of_type="NotFound")
    sequence.refused("GET", f"/credit-notes/{invoice['id']}", status=404, of_type="NotFound")
    sequence.refused("POST", f"/invoices/{note['id']}/finalize", status=404, of_type="NotFound")
    sequence.refused("DELETE", f"/credit-notes/{invoice['id']}", status=404, of_type="NotFound")


def test_a_line_of_one_note_is_none_of_another(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    note, other = (create_note(sequence, customer_id) for _ in range(2))
    line = add_note_line(sequence, note["id"], new_line())
    path = f"/credit-notes/{other['id']}/line-items/{line['id']}"
    sequence.refused("PUT", path, new_line("9.00"), status=404, of_type="NotFound")
    sequence.refused("DELETE", path, status=404, of_type="NotFound")
