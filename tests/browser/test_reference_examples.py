"""The bodies that the API reference begins with are accepted, once what only the reader knows is in them."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import pytest

from seriatim.api import openapi
from seriatim.console.reference.examples import FIELDS_BESIDES, VALUES_OF_SHAPE, example_body
from seriatim.console.reference.operations import Operation, read_apis
from tests.api.ledger import to_invoice
from tests.api.sample_calls import World
from tests.api.support import create_set
from tests.sequence.client import ContractApi
from tests.servers import Api, Json, Server

APIS = read_apis({name: partial(openapi.document, name) for name in ("zuora", "sequence")})
DAY = date(2026, 3, 1)
Known = dict[str, str]
"""What only the reader knows, by the names of parameters and fields."""


def taking_json(key: str) -> dict[str, Operation]:
    found = APIS[key].operations.items()
    return {id_: each for id_, each in found if each.body and not each.is_form and not each.is_older_path}


class ZuoraBooks(World):
    """An account, and what it takes to know what the examples leave open."""

    def account(self) -> Known:
        shown = self.ok("GET", f"/v1/accounts/{self.account_id}")
        return {"key": self.account_id, "accountNumber": shown["basicInfo"]["accountNumber"]}

    def key(self, made: Json) -> Known:
        return {"key": made["id"], "id": made["id"]}

    def draft_memo(self, path: str) -> Known:
        return self.key(self.ok("POST", path, self.memo_body()))

    def draft_invoice(self) -> Known:
        return self.key(self.invoice(status="Draft"))

    def with_invoice(self, made: Json) -> Known:
        return {**self.key(made), "invoiceNumber": self.invoice()["invoiceNumber"]}

    def applied_memo_of(self) -> Known:
        memo, invoice = self.credit_memo(), self.invoice()
        self.change("/v1/credit-memos", memo, "/apply", {"invoices": [to_invoice(invoice["id"], 10)]})
        return {**self.key(memo), "invoiceNumber": invoice["invoiceNumber"]}

    def applied_payment_of(self) -> Known:
        invoice = self.invoice()
        payment = self.payment(invoices=[to_invoice(invoice["id"], 10)])
        return {**self.key(payment), "invoiceNumber": invoice["invoiceNumber"]}


CREDITS, DEBITS = "/v1/credit-memos", "/v1/debit-memos"
ZUORA: dict[str, Callable[[ZuoraBooks], Known]] = {
    "POST_CreditMemoFromCharge": ZuoraBooks.account,
    "POST_CreateCreditMemos": ZuoraBooks.account,
    "PUT_UpdateCreditMemos": lambda books: books.draft_memo(CREDITS),
    "POST_CreditMemoFromInvoice": lambda books: {"invoice": books.invoice()["id"]},
    "PUT_UpdateCreditMemo": lambda books: books.draft_memo(CREDITS),
    "PUT_PostCreditMemo": lambda books: books.draft_memo(CREDITS),
    "PUT_ApplyCreditMemo": lambda books: books.with_invoice(books.credit_memo()),
    "PUT_UnapplyCreditMemo": ZuoraBooks.applied_memo_of,
    "PUT_ReverseCreditMemo": lambda books: books.key(books.credit_memo()),
    "PUT_WriteOffCreditMemo": lambda books: books.key(books.credit_memo()),
    "POST_RefundCreditMemo": lambda books: books.key(books.credit_memo()),
    "POST_StandaloneInvoice": ZuoraBooks.account,
    "PUT_BatchUpdateInvoices": ZuoraBooks.draft_invoice,
    "POST_StandaloneInvoices": ZuoraBooks.account,
    "POST_PostInvoices": ZuoraBooks.draft_invoice,
    "PUT_UpdateInvoice": ZuoraBooks.draft_invoice,
    "PUT_PostInvoice": ZuoraBooks.draft_invoice,
    "PUT_ReverseInvoice": lambda books: books.key(books.invoice()),
    "PUT_WriteOffInvoice": lambda books: books.key(books.invoice()),
    "POST_DebitMemoFromCharge": ZuoraBooks.account,
    "PUT_UpdateDebitMemosDueDates": lambda books: books.key(books.debit_memo()),
    "POST_CreateDebitMemos": ZuoraBooks.account,
    "PUT_UpdateDebitMemos": lambda books: books.draft_memo(DEBITS),
    "POST_DebitMemoFromInvoice": lambda books: {"invoice": books.invoice()["id"]},
    "PUT_DebitMemo": lambda books: books.draft_memo(DEBITS),
    "PUT_WriteOffDebitMemo": lambda books: books.key(books.debit_memo()),
    "POST_CreatePayment": ZuoraBooks.account,
    "PUT_UpdatePayment": lambda books: books.key(books.payment()),
    "PUT_ApplyPayment": lambda books: books.with_invoice(books.payment()),
    "PUT_UnapplyPayment": ZuoraBooks.applied_payment_of,
    "POST_RefundPayment": lambda books: books.key(books.payment()),
    "POST_RefundPaymentwithAutoUnapply": ZuoraBooks.applied_payment_of,
    "PUT_UpdateRefund": lambda books: books.key(books.refund()),
    "POST_Account": lambda _: {},
    "PUT_Account": ZuoraBooks.account,
    "POST_SequenceSets": lambda _: {},
    "PUT_SequenceSet": lambda books: {"id": create_set(books.api)["id"]},
}


class SequenceBooks:
    """A customer, and what it takes to know what the examples leave open."""

    def __init__(self, api: ContractApi) -> None:
        self.api = api
        self.customer_id = self.made("/customers", "postCustomers")["id"]

    def made(self, path: str, operation_id: str, **known: str) -> Json:
        """What an example makes."""
        return self.api.post(path, json.loads(filled(APIS["sequence"].operations[operation_id], known)))

    def customer(self) -> Known:
        return {"customerId": self.customer_id, "customer": self.customer_id, "id": self.customer_id}

    def contact(self) -> Known:
        made = self.made(f"/customers/{self.customer_id}/contacts", "postCustomersByCustomerContacts")
        return {"customer": self.customer_id, "id": made["id"]}

    def note(self) -> Known:
        made = self.made("/credit-notes", "postCreditNotes", customerId=self.customer_id)
        return {"id": made["id"], "creditnote": made["id"], "creditNoteId": made["id"]}

    def invoice(self) -> Known:
        made = self.made("/invoices", "postInvoices", customerId=self.customer_id)
        return {"id": made["id"], "invoice": made["id"]}

    def below(self, parent: Known, name: str, path: str, operation_id: str) -> Known:
        made = self.made(f"/{path.format(parent[name])}", operation_id, **parent)
        return {name: parent[name], "id": made["id"]}

    def note_line(self) -> Known:
        path = "credit-notes/{}/line-items"
        return self.below(self.note(), "creditnote", path, "postCreditNotesByCreditnoteLineItems")

    def invoice_line(self) -> Known:
        return self.below(self.invoice(), "invoice", "invoices/{}/line-items", "postInvoicesByInvoiceLineItems")

    def note_group(self) -> Known:
        path = "credit-notes/{}/line-item-groups"
        return self.below(self.note(), "creditnote", path, "postCreditNotesByCreditnoteLineItemGroups")

    def invoice_group(self) -> Known:
        path = "invoices/{}/line-item-groups"
        return self.below(self.invoice(), "invoice", path, "postInvoicesByInvoiceLineItemGroups")

    def final_invoice(self) -> Known:
        invoice = self.invoice_line()["invoice"]
        self.api.post(f"/invoices/{invoice}/finalize")
        return {"id": invoice, "invoiceId": invoice}

    def final_pair(self) -> Known:
        note = self.note_line()["creditnote"]
        self.api.post(f"/credit-notes/{note}/finalize")
        return {**self.final_invoice(), "creditNoteId": note}


SEQUENCE: dict[str, Callable[[SequenceBooks], Known]] = {
    "postCreditNotes": SequenceBooks.customer,
    "putCreditNotesById": SequenceBooks.note,
    "postCreditNotesByCreditnoteLineItems": SequenceBooks.note,
    "putCreditNotesByCreditnoteLineItemsById": SequenceBooks.note_line,
    "postCreditNotesByCreditnoteLineItemGroups": SequenceBooks.note,
    "putCreditNotesByCreditnoteLineItemGroupsById": SequenceBooks.note_group,
    "postCreditNoteApplications": SequenceBooks.final_pair,
    "postInvoices": SequenceBooks.customer,
    "putInvoicesById": SequenceBooks.invoice,
    "patchInvoicesById": SequenceBooks.invoice,
    "putInvoicesByIdPaymentStatus": SequenceBooks.final_invoice,
    "postInvoicesByInvoiceLineItems": SequenceBooks.invoice,
    "putInvoicesByInvoiceLineItemsById": SequenceBooks.invoice_line,
    "postInvoicesByInvoiceLineItemGroups": SequenceBooks.invoice,
    "putInvoicesByInvoiceLineItemGroupsById": SequenceBooks.invoice_group,
    "postCustomers": lambda _: {},
    "putCustomersById": SequenceBooks.customer,
    "postCustomersByCustomerContacts": SequenceBooks.customer,
    "putCustomersByCustomerContactsById": SequenceBooks.contact,
}


def filled(operation: Operation, known: Known) -> str:
    """The example with what the reader knows; nothing else may be open."""
    assert operation.body is not None
    text = example_body(operation.body, operation.api.schemas, DAY)
    for name, value in known.items():
        text = text.replace(f"<{name}>", value)
    assert "<" not in text, text
    return text


def path_of(operation: Operation, known: Known) -> str:
    return operation.path.format(**known)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("examples")) as started:
        yield started


@pytest.fixture(scope="module")
def zuora(server: Server) -> Iterator[Api]:
    with server.api() as signed_in:
        yield signed_in


@pytest.fixture(scope="module")
def sequence(server: Server) -> Iterator[ContractApi]:
    with ContractApi(server.url, server.require_admin()) as signed_in:
        yield signed_in


def test_every_operation_with_a_body_is_tried() -> None:
    assert taking_json("zuora").keys() == ZUORA.keys()
    assert taking_json("sequence").keys() == SEQUENCE.keys()


def test_what_examples_are_told_to_have_exists() -> None:
    """A shape that was renamed would lose its fields from the example without a word."""
    shapes = [api.schemas for api in APIS.values()]
    told = [(name, field) for name, fields in FIELDS_BESIDES.items() for field in fields]
    for name, field in [*told, *VALUES_OF_SHAPE]:
        assert any(field in schemas.get(name, {}).get("properties", {}) for schemas in shapes), (name, field)


@pytest.mark.parametrize("operation_id", ZUORA)
def test_zuora_takes_the_example(zuora: Api, operation_id: str) -> None:
    operation = APIS["zuora"].operations[operation_id]
    known = ZUORA[operation_id](ZuoraBooks(zuora))
    answer = zuora.call(operation.method, path_of(operation, known), content=filled(operation, known).encode())
    assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text


@pytest.mark.parametrize("operation_id", SEQUENCE)
def test_sequence_takes_the_example(sequence: ContractApi, operation_id: str) -> None:
    operation = APIS["sequence"].operations[operation_id]
    known = SEQUENCE[operation_id](SequenceBooks(sequence))
    sequence.ok(operation.method, path_of(operation, known), json.loads(filled(operation, known)))
