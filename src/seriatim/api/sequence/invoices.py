"""`/invoices`: from an empty draft through their life, listed, paid, mailed and printed."""

from typing import Any

from seriatim.api.sequence.invoice_fields import (
    SORTS,
    CreateInvoice,
    InvoicesQuery,
    MarkInvoiceBody,
    PatchInvoice,
    UpdateInvoice,
    conditions_of,
    payment_status_of,
    read_invoice,
)
from seriatim.api.sequence.invoice_views import (
    DeletedInvoice,
    InvoiceView,
    SomeInvoices,
    WholeInvoice,
    deleted_invoice_view,
    invoice_view,
    whole_invoice_view,
)
from seriatim.api.sequence.note_fields import read_currency
from seriatim.api.sequence.note_lines import INVOICE_ENDPOINTS
from seriatim.api.sequence.notes import Notes, endpoint_of
from seriatim.api.sequence.versions import render
from seriatim.domain.commands.note_drafts import ChangeNote, OpenNote
from seriatim.domain.commands.note_settlement import MarkInvoice
from seriatim.domain.numbering import Kind
from seriatim.http.endpoint import Call, Endpoint, Handler, Reply

_INVOICES = Notes(Kind.INVOICE, "invoice", invoice_view)
_WHOLE_INVOICES = Notes(Kind.INVOICE, "invoice", whole_invoice_view)
_DELETED_INVOICES = Notes(Kind.INVOICE, "invoice", deleted_invoice_view)


async def list_invoices(call: Call[None, InvoicesQuery]) -> Reply:
    """List invoices, the newest first unless asked otherwise.

    Raises: InvalidQuery.
    """
    items, pagination = await _INVOICES.page(call, conditions_of(call.query), SORTS[call.query.sort_by])
    return Reply(200, render(call, SomeInvoices(items=items, pagination=pagination)))


async def create_invoice(call: Call[CreateInvoice, None]) -> Reply:
    """Make an empty draft; lines are added one by one.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    command = OpenNote(
        scope=call.caller,
        document_id=call.edge.ids.new_id(),
        kind=Kind.INVOICE,
        account_key=call.body.customer_id,
        currency=read_currency(call, call.body.currency),
        said=read_invoice(call.body),
    )
    return await call.write(command, lambda view: render(call, whole_invoice_view(view)))


async def update_invoice(call: Call[UpdateInvoice, None]) -> Reply:
    """Change what a draft says; what is left out stays as it was. The currency changes while there is no line.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    document = await _INVOICES.require(call)
    currency = call.body.currency
    command = ChangeNote(
        scope=call.caller,
        kind=Kind.INVOICE,
        key=document.id,
        currency=None if currency is None else read_currency(call, currency),
        said=read_invoice(call.body),
    )
    return await call.write(command, lambda view: render(call, whole_invoice_view(view)))


async def patch_invoice(call: Call[PatchInvoice, None]) -> Reply:
    """Change what a draft says; what is left out stays as it was.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    document = await _INVOICES.require(call)
    command = ChangeNote(scope=call.caller, kind=Kind.INVOICE, key=document.id, said=read_invoice(call.body))
    return await call.write(command, lambda view: render(call, invoice_view(view)))


async def mark_invoice(call: Call[MarkInvoiceBody, None]) -> Reply:
    """Say how far an invoice is paid: PAID takes in a payment of what remains, UNPAID takes such payments back.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    payment_status = payment_status_of(call.body)
    document = await _INVOICES.require(call)
    command = MarkInvoice(
        scope=call.caller,
        key=document.id,
        payment_status=payment_status,
        payment_id=call.edge.ids.new_id(),
        application_id=call.edge.ids.new_id(),
    )
    return await call.write(command, lambda view: render(call, invoice_view(view)))


_ACTIONS = (
    ("finalize", "Finalize", "Finalize an invoice", _INVOICES.finalize),
    ("send", "Send", "Send an invoice", _INVOICES.send),
    ("finalize-and-send", "FinalizeAndSend", "Finalize and send an invoice", _INVOICES.finalize_and_send),
    ("mark-as-sent", "MarkAsSent", "Mark an invoice as sent", _INVOICES.mark_as_sent),
    ("void", "Void", "Void an invoice", _INVOICES.void),
    ("draft", "Draft", "Make an invoice a draft again", _INVOICES.reopen),
)


def _endpoint(method: str, suffix: str, name: str, summary: str, handler: Handler, **more: Any) -> Endpoint:
    usual = {"tag": "Invoices", "answer": InvoiceView}
    return endpoint_of(
        method, f"/invoices{suffix}", f"{method.lower()}Invoices{name}", summary, handler, **usual | more
    )


ENDPOINTS = [
    _endpoint("GET", "", "", "List invoices", list_invoices, query=InvoicesQuery, answer=SomeInvoices),
    _endpoint(
        "POST", "", "", "Create an invoice", create_invoice, body=CreateInvoice, answer=WholeInvoice, success_status=201
    ),
    _endpoint("GET", "/{id}", "ById", "Retrieve an invoice", _WHOLE_INVOICES.retrieve, answer=WholeInvoice),
    _endpoint("PUT", "/{id}", "ById", "Change an invoice", update_invoice, body=UpdateInvoice, answer=WholeInvoice),
    _endpoint("PATCH", "/{id}", "ById", "Change fields of an invoice", patch_invoice, body=PatchInvoice),
    _endpoint("DELETE", "/{id}", "ById", "Delete an invoice", _DELETED_INVOICES.delete, answer=DeletedInvoice),
    _endpoint("GET", "/{id}/download", "ByIdDownload", "Download an invoice", _INVOICES.download, answer=None),
    _endpoint(
        "PUT",
        "/{id}/payment-status",
        "ByIdPaymentStatus",
        "Mark an invoice as paid",
        mark_invoice,
        body=MarkInvoiceBody,
    ),
    *(
        _endpoint("POST", f"/{{id}}/{action}", f"ById{name}", summary, handler)
        for action, name, summary, handler in _ACTIONS
    ),
    *INVOICE_ENDPOINTS,
]
