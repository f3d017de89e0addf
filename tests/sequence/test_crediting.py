"""No more is credited of an invoice, and of each of its lines, than it comes to, however many try at once."""

from concurrent.futures import ThreadPoolExecutor

from tests.sequence.client import ContractApi
from tests.sequence.support import (
    add_note_line,
    create_customer,
    create_note,
    issue_invoice,
    lines_of,
    new_line,
)
from tests.servers import Json, Server

THREADS = 16


def two_lines(api: ContractApi) -> tuple[str, Json, Json, Json]:
    """A customer with an invoice of 120.00 and 60.00, and its two lines."""
    customer_id = create_customer(api)["id"]
    invoice = issue_invoice(api, customer_id, new_line("100.00", "1", "0.2"), new_line("60.00"))
    first, second = lines_of(api, f"/invoices/{invoice['id']}")
    return customer_id, invoice, first, second


def refused_line(api: ContractApi, note: Json, line: Json) -> str:
    path, body = f"/credit-notes/{note['id']}/line-items", {"creditNoteId": note["id"], **line}
    return api.refused("POST", path, body, status=422, of_type="AmountAboveRemaining")


def test_no_more_is_credited_than_the_invoice_comes_to(sequence: ContractApi) -> None:
    customer_id, invoice, *_ = two_lines(sequence)
    one = create_note(sequence, customer_id, new_line("100.00"), invoiceId=invoice["id"])
    other = create_note(sequence, customer_id, new_line("80.00"), invoiceId=invoice["id"])
    message = refused_line(sequence, other, new_line("0.01"))
    assert "80.01" in message
    assert "80.00" in message
    assert invoice["invoiceNumber"] in message
    sequence.delete(f"/credit-notes/{one['id']}")
    add_note_line(sequence, other["id"], new_line("0.01"))
    sequence.post(f"/credit-notes/{other['id']}/finalize")
    third = create_note(sequence, customer_id, new_line("99.99"), invoiceId=invoice["id"])
    refused_line(sequence, third, new_line("0.01"))
    sequence.post(f"/credit-notes/{other['id']}/void")
    add_note_line(sequence, third["id"], new_line("80.01"))


def test_no_more_is_credited_than_a_line_comes_to(sequence: ContractApi) -> None:
    customer_id, invoice, first, second = two_lines(sequence)
    taken = new_line("60.00", "1", "0.2", lineItemId=first["id"])
    create_note(sequence, customer_id, taken, invoiceId=invoice["id"])
    note = create_note(sequence, customer_id, invoiceId=invoice["id"])
    over = new_line("40.01", lineItemId=first["id"])
    assert "100.00" in refused_line(sequence, note, over)
    # The net would fit, the tax would not.
    assert "120.00" in refused_line(sequence, note, new_line("40.00", "1", "0.21", lineItemId=first["id"]))
    line = add_note_line(sequence, note["id"], new_line("40.00", "1", "0.2", lineItemId=first["id"]))
    path = f"/credit-notes/{note['id']}/line-items/{line['id']}"
    sequence.refused("PUT", path, new_line("40.01"), status=422, of_type="AmountAboveRemaining")
    sequence.put(path, new_line("39.99"))
    refused_line(sequence, note, new_line("60.01", lineItemId=second["id"]))
    add_note_line(sequence, note["id"], new_line("60.00", lineItemId=second["id"]))


def test_a_note_without_an_invoice_credits_what_it_likes(sequence: ContractApi) -> None:
    customer_id, *_ = two_lines(sequence)
    note = create_note(sequence, customer_id, new_line("1000000.00"))
    assert sequence.post(f"/credit-notes/{note['id']}/finalize")["grossTotal"] == "1000000.00"


def test_many_at_once_credit_a_line_once(newest: ContractApi, server: Server) -> None:
    customer_id, invoice, first, _ = two_lines(newest)
    notes = [create_note(newest, customer_id, invoiceId=invoice["id"]) for _ in range(THREADS)]

    def credit(note: Json) -> bool:
        with ContractApi(server.url, server.require_admin()) as api:
            line = {"creditNoteId": note["id"], **new_line("30.00", "1", "0.2", lineItemId=first["id"])}
            answer = api.call("POST", f"/credit-notes/{note['id']}/line-items", line)
            assert answer.status_code in (201, 422), answer.text
            return answer.is_success

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(credit, notes)) == 3
    totals = [newest.get(f"/credit-notes/{note['id']}")["grossTotal"] for note in notes]
    assert sorted(totals) == ["0.00"] * (THREADS - 3) + ["36.00"] * 3
