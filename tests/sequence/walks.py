"""The whole life of customers, invoices and credit notes, step by step: between them every operation of a version."""

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.support import (
    ADDRESS,
    apply_note,
    create_customer,
    create_invoice,
    create_note,
    issue_invoice,
    issue_note,
    lines_of,
    new_customer,
    new_line,
)
from tests.servers import Json


def walk(api: ContractApi) -> None:
    """Call every operation of the client's version, so that it succeeds. The server needs a mail server."""
    walk_customers(api)
    customer_id = create_customer(api)["id"]
    walk_invoices(api, customer_id)
    walk_notes(api, customer_id)
    if api.has("postCreditNoteApplications"):
        walk_applications(api, customer_id)


def walk_customers(api: ContractApi) -> None:
    alias = unique_letters()
    made = create_customer(api, customerAliases=[alias], label="first", url="https://customer.example")
    path = f"/customers/{made['id']}"
    changed = api.put(path, new_customer(api, legalName="Difference Engines", customerAliases=[alias]))
    assert changed["legalName"] == "Difference Engines"
    assert api.get(path)["legalName"] == "Difference Engines"
    assert api.get(f"/customers/by-alias/{alias}")["id"] == made["id"]
    assert [each["value"] for each in api.get(f"{path}/aliases")["items"]] == [alias]
    assert made["id"] in {each["id"] for each in api.get("/customers")["items"]}
    if api.has("getCustomersByCustomerContacts"):
        body = {"name": "Charles", "email": "charles@customer.example", "billingPreference": "STANDARD"}
        contact = api.post(f"{path}/contacts", body)
        at = f"{path}/contacts/{contact['id']}"
        assert api.put(at, {**body, "name": "Charles Babbage"})["name"] == "Charles Babbage"
        assert contact["id"] in {each["id"] for each in api.get(f"{path}/contacts")["items"]}
        assert "archivedAt" in api.post(f"{at}/archive")
    archived = api.post(f"{path}/archive") if api.is_newest else api.put(f"{path}/archive")
    assert "archivedAt" in archived
    if api.has("deleteCustomersById"):
        other = create_customer(api)
        api.delete(f"/customers/{other['id']}")


def walk_lines_and_groups(api: ContractApi, path: str, new: Json) -> None:
    """Add, change, list and remove what a draft is made of; one line of 200.00 with 40.00 of tax is left."""
    group = api.post(f"{path}/line-item-groups", {"title": "Engines", "description": "All of them"})
    other = api.post(f"{path}/line-item-groups", {"title": "To be removed"})
    changed = api.put(f"{path}/line-item-groups/{group['id']}", {"title": "Difference engines"})
    assert changed["title"] == "Difference engines"
    assert api.delete(f"{path}/line-item-groups/{other['id']}")["id"] == other["id"]
    line = api.post(f"{path}/line-items", {**new, **new_line("99.99", groupId=group["id"])})
    gone = api.post(f"{path}/line-items", {**new, **new_line("1.00")})
    changed = api.put(f"{path}/line-items/{line['id']}", {**new_line("100.00", "2", "0.2"), "description": "July"})
    assert (changed["netTotal"], changed["totalTax"], changed["grossTotal"]) == ("200.00", "40.00", "240.00")
    assert api.delete(f"{path}/line-items/{gone['id']}")["id"] == gone["id"]
    assert [each["id"] for each in lines_of(api, path)] == [line["id"]]
    (shown,) = api.get(f"{path}/line-item-groups")["items"]
    assert (shown["netTotal"], shown["totalTax"], shown["grossTotal"]) == ("200.00", "40.00", "240.00")


def walk_invoices(api: ContractApi, customer_id: str) -> None:
    made = create_invoice(api, customer_id, memo="Thank you", purchaseOrderNumber="PO 1")
    path = f"/invoices/{made['id']}"
    walk_lines_and_groups(api, path, {})
    metadata = [{"key": "project", "value": "analytical engine"}]
    assert api.put(path, {"memo": "Thanks", "metadata": metadata, "dueDate": "2031-01-31"})["memo"] == "Thanks"
    assert api.ok("PATCH", path, {"customerBillingAddress": ADDRESS, "reference": "R 1"})["reference"] == "R 1"
    final = api.post(f"{path}/finalize")
    assert (final["status"], final["grossTotal"], final["dueDate"]) == ("FINAL", "240.00", "2031-01-31")
    assert final["invoiceNumber"]
    assert api.post(f"{path}/send")["status"] == "SENT"
    assert api.download(f"{path}/download")
    assert api.put(f"{path}/payment-status", {"paymentStatus": "PAID"})["paymentStatus"] == "PAID"
    assert api.get(path)["paymentStatus"] == "PAID"
    assert made["id"] in {each["id"] for each in api.get("/invoices", customerId=customer_id)["items"]}
    if api.has("postInvoicesByIdDraft"):
        again = issue_invoice(api, customer_id)
        assert api.post(f"/invoices/{again['id']}/draft")["status"] == "DRAFT"
    if api.has("postInvoicesByIdMarkAsSent"):
        marked = issue_invoice(api, customer_id)
        assert api.post(f"/invoices/{marked['id']}/mark-as-sent")["status"] == "SENT"
    void = create_invoice(api, customer_id, new_line())
    assert api.post(f"/invoices/{void['id']}/finalize-and-send")["status"] == "SENT"
    assert api.post(f"/invoices/{void['id']}/void")["status"] == "VOIDED"
    assert api.delete(f"/invoices/{create_invoice(api, customer_id)['id']}")["status"] == "DRAFT"


def walk_notes(api: ContractApi, customer_id: str) -> None:
    invoice = issue_invoice(api, customer_id, new_line("100.00", "3", "0.2"))
    (credited,) = lines_of(api, f"/invoices/{invoice['id']}")
    made = create_note(api, customer_id, invoiceId=invoice["id"], memo="Sorry")
    path = f"/credit-notes/{made['id']}"
    walk_lines_and_groups(api, path, {"creditNoteId": made["id"], "lineItemId": credited["id"]})
    assert api.put(path, {"memo": "We are sorry", "purchaseOrderNumber": "PO 2"})["memo"] == "We are sorry"
    final = api.post(f"{path}/finalize")
    assert (final["status"], final["netTotal"], final["grossTotal"]) == ("FINAL", "200.00", "240.00")
    assert (final["invoiceId"], final["invoiceNumber"]) == (invoice["id"], invoice["invoiceNumber"])
    assert final["creditNoteNumber"]
    assert api.post(f"{path}/send")["status"] == "SENT"
    assert api.download(f"{path}/download")
    assert api.get(path)["status"] == "SENT"
    assert made["id"] in {each["id"] for each in api.get("/credit-notes", customerId=customer_id)["items"]}
    assert invoice["id"] == api.get(path)["invoiceId"]
    assert made["id"] in api.get(f"/invoices/{invoice['id']}")["creditNoteIds"]
    other = create_note(api, customer_id, new_line())
    assert api.post(f"/credit-notes/{other['id']}/finalize-and-send")["status"] == "SENT"
    assert api.post(f"/credit-notes/{other['id']}/void")["status"] == "VOIDED"
    assert api.delete(f"/credit-notes/{create_note(api, customer_id)['id']}")["status"] == "DRAFT"
    if api.has("postCreditNotesByIdMarkAsSent"):
        marked = issue_note(api, customer_id)
        assert api.post(f"/credit-notes/{marked['id']}/mark-as-sent")["status"] == "SENT"


def walk_applications(api: ContractApi, customer_id: str) -> None:
    invoice = issue_invoice(api, customer_id, new_line("100.00"))
    note = issue_note(api, customer_id, new_line("30.00"))
    api.post("/credit-note-applications", apply_note(note, invoice, 30), Idempotency_Key=unique_letters())
    assert api.get(f"/invoices/{invoice['id']}")["balance"] == "70.00"
