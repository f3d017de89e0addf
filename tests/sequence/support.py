"""What the tests of Sequence's API make, in the words of each version."""

from typing import Any

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.servers import Json

ADDRESS: Json = {"line1": "12 Marylebone Road", "town": "London", "postcode": "NW1 6XE", "country": "GB"}
RECIPIENT = "accounts@customer.example"


def new_customer(api: ContractApi, **fields: Any) -> Json:
    """The body of a customer whom documents can be sent to."""
    body: Json = {"legalName": f"Customer {unique_letters()}", "address": ADDRESS, "taxStatus": "TAXED"}
    if api.is_newest:
        body["contacts"] = [{"name": "Ada Lovelace", "email": RECIPIENT, "billingPreference": "PRIMARY"}]
    else:
        body |= {"email": RECIPIENT, "billingEmails": [RECIPIENT], "contactName": "Ada Lovelace"}
    return {**body, **fields}


def create_customer(api: ContractApi, **fields: Any) -> Json:
    """A new customer, as the server answers it."""
    made = api.post("/customers", new_customer(api, **fields))
    # The oldest version wraps what it made.
    customer: Json = made.get("customer", made)
    return customer


def new_line(rate: str = "10.00", quantity: str = "1", tax_rate: str = "0", **fields: Any) -> Json:
    """The body of a line of an invoice."""
    return {
        "title": "Engine hours",
        "quantity": quantity,
        "rate": rate,
        "taxRate": tax_rate,
        "externalIds": [],
        **fields,
    }


def create_invoice(api: ContractApi, customer_id: str, *lines: Json, currency: str = "EUR", **fields: Any) -> Json:
    """A new invoice with these lines: a draft, as it is read back."""
    made = api.post("/invoices", {"customerId": customer_id, "currency": currency, **fields})
    for line in lines:
        api.post(f"/invoices/{made['id']}/line-items", line)
    return api.get(f"/invoices/{made['id']}")


def issue_invoice(api: ContractApi, customer_id: str, *lines: Json, currency: str = "EUR", **fields: Any) -> Json:
    """A new invoice that is final."""
    made = create_invoice(api, customer_id, *lines or (new_line("100.00"),), currency=currency, **fields)
    api.post(f"/invoices/{made['id']}/finalize")
    return api.get(f"/invoices/{made['id']}")


def lines_of(api: ContractApi, path: str) -> list[Json]:
    """The lines of a document, in the order in which they were added."""
    found: list[Json] = api.get(f"{path}/line-items", sortOrder="ASC", limit=100)["items"]
    return found


def add_note_line(api: ContractApi, note_id: str, line: Json) -> Json:
    """A new line of a credit note."""
    return api.post(f"/credit-notes/{note_id}/line-items", {"creditNoteId": note_id, **line})


def create_note(api: ContractApi, customer_id: str, *lines: Json, currency: str = "EUR", **fields: Any) -> Json:
    """A new credit note with these lines: a draft, as it is read back."""
    made = api.post("/credit-notes", {"customerId": customer_id, "currency": currency, **fields})
    for line in lines:
        add_note_line(api, made["id"], line)
    return api.get(f"/credit-notes/{made['id']}")


def issue_note(api: ContractApi, customer_id: str, *lines: Json, currency: str = "EUR", **fields: Any) -> Json:
    """A new credit note that is final."""
    made = create_note(api, customer_id, *lines or (new_line(),), currency=currency, **fields)
    return api.post(f"/credit-notes/{made['id']}/finalize")


def apply_note(note: Json, invoice: Json, amount: object) -> Json:
    """The body that applies so much of a note to an invoice, as both were read."""
    return {
        "creditNoteId": note["id"],
        "invoiceId": invoice["id"],
        "amount": amount,
        "currency": note["currency"],
        "creditNoteBalanceVersion": note["balanceVersion"],
        "invoiceBalanceVersion": invoice["balanceVersion"],
    }
