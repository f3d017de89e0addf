"""`/v1/invoices`: create, alone or many at once, read, change, post, unpost, cancel, reverse, write off, delete."""

from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.zuora.document_endpoints import EndpointTable, refusal_of
from seriatim.api.zuora.document_views import ApplicationParts, application_part_view
from seriatim.api.zuora.invoice_commands import creation_command, reversal_command, update_command, write_off_command
from seriatim.api.zuora.invoice_fields import (
    CreateInvoice,
    CreateInvoices,
    PostInvoiceBody,
    PostInvoices,
    ReverseInvoice,
    UpdateInvoice,
    UpdateInvoices,
    WriteOffInvoice,
)
from seriatim.api.zuora.invoice_views import (
    InvoiceView,
    OneInvoice,
    Settled,
    SomeItems,
    UpdatedInvoice,
    invoice_view,
    item_views,
    settled_by,
    updated_view,
)
from seriatim.api.zuora.wire import Answer, PageQuery, Succeeded, cut_page, encode
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.bulk import Refused, Several, placed
from seriatim.domain.commands.memos import Countered
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.document import ITEMS_MAX, Action, Document
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidValue, NotFound, SeriatimError, within
from seriatim.http.decoding import decode_body
from seriatim.http.endpoint import Call, Reply


class InvoiceJob(Answer, kw_only=True):
    """The answer to what Zuora may do in a job; here it is completed when it is answered."""

    success: bool = True
    id: str
    job_id: str
    job_status: str = "Completed"


class DeletedInvoice(InvoiceJob, kw_only=True):
    """The answer to a deletion, as Zuora's older and its newer contract have it in one."""

    object_id: str
    object_type: str = "Invoice"
    operation_type: str = "Delete"
    status: str = "Completed"


class UnpostedInvoice(Answer, kw_only=True):
    """The answer to unposting."""

    success: bool = True
    invoice: InvoiceView


class MemoOfInvoice(Answer, kw_only=True):
    """The credit memo that takes an invoice back."""

    id: str


class ReversedInvoice(InvoiceJob, kw_only=True):
    """The answer to a reversal."""

    credit_memo: MemoOfInvoice
    credit_memos: list[MemoOfInvoice]
    debit_memo: MemoOfInvoice | None = None


class WrittenOffInvoice(Answer, kw_only=True):
    """The answer to a write-off."""

    success: bool = True
    credit_memo: MemoOfInvoice


class PostedInvoice(Answer, kw_only=True):
    """Whether one invoice of several was posted, or why not."""

    success: bool
    id: str
    process_id: str | UnsetType = UNSET
    reasons: list[dict[str, Any]] | UnsetType = UNSET


class CreatedInvoices(Answer, kw_only=True):
    """The answer to a creation of several; one that was refused has its failure in its place, with its index."""

    invoices: list[OneInvoice]
    success: bool = True


class PostedInvoices(Answer, kw_only=True):
    """The answer to posting several."""

    invoices: list[PostedInvoice]
    success: bool = True


async def create_invoice(call: Call[CreateInvoice, None]) -> Reply:
    """Create an invoice: a draft, or with the status Posted numbered in the same transaction.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(creation_command(call, call.body), _present_created)


async def create_invoices(call: Call[CreateInvoices, None]) -> Reply:
    """Create up to 50 invoices: each succeeds or fails alone, or with `useSingleTransaction` all or none.

    Raises: SeriatimError, the first refusal, if it is all or none; InvalidValue, for more items than one request takes.
    """
    all_or_none = bool(call.body.use_single_transaction)
    commands: list[Command[Any] | SeriatimError] = []
    items = 0
    for index, raw in enumerate(call.body.invoices):
        try:
            body = decode_body(bytes(raw), CreateInvoice)
            items += len(body.invoice_items)
            commands.append(creation_command(call, body))
        except SeriatimError as error:
            if all_or_none:
                raise placed(error, f"invoices[{index}]") from error.__cause__
            commands.append(error)
    if items > ITEMS_MAX:  # Zuora, "Create standalone invoices", limitations.
        rule = f"one request takes at most {ITEMS_MAX} items in all of its invoices"
        raise InvalidValue("invoices", f"a list with {items} items", rule)

    def present(outcomes: list[Any]) -> bytes:
        shown = [
            {**refusal_of(call, each), "objectIndex": index} if isinstance(each, Refused) else _created_view(each)
            for index, each in enumerate(outcomes)
        ]
        return encode({"invoices": shown, "success": True})

    return await call.write(Several("invoices", commands, all_or_none), present)


async def post_invoices(call: Call[PostInvoices, None]) -> Reply:
    """Post up to 50 drafts, each alone; they take their numbers in the order of the request."""
    wanted = call.body.invoices
    commands = [
        TransitionDocument(
            scope=call.caller, kind=Kind.INVOICE, key=each.id, action=Action.POST, document_date=each.invoice_date
        )
        for each in wanted
    ]

    def present(outcomes: list[Any]) -> bytes:
        shown = [
            {**refusal_of(call, outcome), "id": each.id}
            if isinstance(outcome, Refused)
            else {"id": outcome.id, "success": True}
            for each, outcome in zip(wanted, outcomes, strict=True)
        ]
        return encode({"invoices": shown, "success": True})

    return await call.write(Several("invoices", commands, all_or_none=False), present)


async def update_invoices(call: Call[UpdateInvoices, None]) -> Reply:
    """Update up to 50 invoices in part, all or none.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    commands = []
    for index, each in enumerate(call.body.invoices):
        with within(f"invoices[{index}]"):
            commands.append(update_command(call, each.id, each))
    return await call.write(Several("invoices", commands, all_or_none=True), lambda _: encode(Succeeded()))


async def get_invoice(call: Call[None, None]) -> Reply:
    """Retrieve an invoice by its id or number.

    Raises: NotFound.
    """
    document = await _find(call)
    return Reply(200, encode(invoice_view(document, await _settled(call, document), OneInvoice)))


async def get_invoice_items(call: Call[None, PageQuery]) -> Reply:
    """List the items of an invoice with their taxes, each followed by its discounts.

    Raises: NotFound.
    """
    document = await _find(call)
    found = list(item_views(document, await _settled(call, document)))
    return Reply(200, encode(cut_page(call, "invoiceItems", found)))


async def get_application_parts(call: Call[None, PageQuery]) -> Reply:
    """List the credit memos and payments that are applied to an invoice, and how much of each.

    Raises: NotFound.
    """
    document = await _find(call)
    parts = await call.edge.store.list_parts(document.id)
    shown = [application_part_view(part) for part in parts]
    return Reply(200, encode(cut_page(call, "applicationParts", shown)))


async def update_invoice(call: Call[UpdateInvoice, None]) -> Reply:
    """Update an invoice in part: its date and items while it is a draft, all else at any time.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    command = update_command(call, call.path_params["key"], call.body)
    return await call.write(command, lambda document: encode(updated_view(document)))


async def post_invoice(call: Call[PostInvoiceBody, None]) -> Reply:
    """Post a draft: it takes the next number of its series, or keeps the one it has.

    Raises: NotFound, BrokenRule.
    """
    return await _in_job(call, Action.POST, call.body)


async def cancel_invoice(call: Call[None, None]) -> Reply:
    """Cancel a draft; a number that it has stays with it.

    Raises: NotFound, BrokenRule.
    """
    return await _in_job(call, Action.CANCEL)


async def unpost_invoice(call: Call[None, None]) -> Reply:
    """Make a posted invoice a draft again, if nothing is applied to it or made from it; it keeps its number.

    Raises: NotFound, BrokenRule.
    """

    def present(document: Document) -> bytes:
        return encode({"invoice": invoice_view(document, Settled(), InvoiceView), "success": True})

    return await call.write(_transition(call, Action.UNPOST), present)


async def delete_invoice(call: Call[None, None]) -> Reply:
    """Delete a canceled draft that was never issued.

    Raises: NotFound, BrokenRule.
    """
    job_id = call.edge.ids.new_id()

    def present(document: Document) -> bytes:
        return encode(DeletedInvoice(id=job_id, job_id=job_id, object_id=document.id))

    return await call.write(_transition(call, Action.DELETE), present)


async def reverse_invoice(call: Call[ReverseInvoice, None]) -> Reply:
    """Take a posted invoice back by a credit memo, which takes its number and is applied in the same transaction.

    Raises: NotFound, BrokenRule.
    """
    job_id = call.edge.ids.new_id()

    def present(countered: Countered) -> bytes:
        memo = MemoOfInvoice(id=countered.memo.id)
        answer = ReversedInvoice(id=countered.document.id, job_id=job_id, credit_memo=memo, credit_memos=[memo])
        return encode(answer)

    return await call.write(reversal_command(call), present)


async def write_off_invoice(call: Call[WriteOffInvoice, None]) -> Reply:
    """Write off what remains of a posted invoice by a credit memo, which is numbered and applied at once.

    Raises: NotFound, InvalidValue, BrokenRule.
    """

    def present(countered: Countered) -> bytes:
        return encode(WrittenOffInvoice(credit_memo=MemoOfInvoice(id=countered.memo.id)))

    return await call.write(write_off_command(call), present)


async def _find(call: Call[Any, Any]) -> Document:
    key = call.path_params["key"]
    found = await call.edge.store.find_document(call.caller.entity_id, Kind.INVOICE, key, call.caller.org_ids)
    if found is None:
        raise NotFound("invoice", key)
    return found


async def _settled(call: Call[Any, Any], document: Document) -> Settled:
    """What is applied to an invoice; most have nothing, and then nothing is read."""
    return settled_by(await call.edge.store.list_parts(document.id)) if document.applied_minor else Settled()


async def _in_job(call: Call[Any, None], action: Action, body: PostInvoiceBody | None = None) -> Reply:
    job_id = call.edge.ids.new_id()

    def present(document: Document) -> bytes:
        return encode(InvoiceJob(id=document.id, job_id=job_id))

    return await call.write(_transition(call, action, body), present)


def _transition(call: Call[Any, None], action: Action, body: PostInvoiceBody | None = None) -> TransitionDocument:
    return TransitionDocument(
        scope=call.caller,
        kind=Kind.INVOICE,
        key=call.path_params["key"],
        action=action,
        document_date=None if body is None else body.invoice_date,
    )


def _present_created(document: Document) -> bytes:
    return encode(_created_view(document))


def _created_view(document: Document) -> OneInvoice | dict[str, Any]:
    return invoice_view(document, Settled(), OneInvoice)


_endpoint = EndpointTable("/v1/invoices", "Invoices", OneInvoice)
ENDPOINTS = [
    _endpoint(
        "POST", "", "POST_StandaloneInvoice", "Create an invoice", create_invoice, answer=OneInvoice, body=CreateInvoice
    ),
    _endpoint(
        "PUT", "", "PUT_BatchUpdateInvoices", "Update invoices", update_invoices, answer=Succeeded, body=UpdateInvoices
    ),
    _endpoint(
        "POST",
        "/batch",
        "POST_StandaloneInvoices",
        "Create invoices",
        create_invoices,
        answer=CreatedInvoices,
        body=CreateInvoices,
    ),
    _endpoint(
        "POST",
        "/bulk-post",
        "POST_PostInvoices",
        "Post invoices",
        post_invoices,
        answer=PostedInvoices,
        body=PostInvoices,
    ),
    _endpoint("GET", "/{key}", "Get_GetInvoice", "Retrieve an invoice", get_invoice, answer=OneInvoice),
    _endpoint(
        "PUT",
        "/{key}",
        "PUT_UpdateInvoice",
        "Update an invoice",
        update_invoice,
        answer=UpdatedInvoice,
        body=UpdateInvoice,
    ),
    _endpoint(
        "DELETE", "/{key}", "DELETE_DeleteInvoice", "Delete a canceled invoice", delete_invoice, answer=DeletedInvoice
    ),
    _endpoint(
        "GET",
        "/{key}/items",
        "GET_InvoiceItems",
        "List the items of an invoice",
        get_invoice_items,
        answer=SomeItems,
        query=PageQuery,
    ),
    _endpoint(
        "GET",
        "/{key}/application-parts",
        "Get_InvoiceApplicationParts",
        "List what is applied to an invoice",
        get_application_parts,
        answer=ApplicationParts,
        query=PageQuery,
    ),
    _endpoint(
        "PUT",
        "/{key}/post",
        "PUT_PostInvoice",
        "Post an invoice",
        post_invoice,
        answer=InvoiceJob,
        body=PostInvoiceBody,
        body_required=False,
    ),
    _endpoint("PUT", "/{key}/unpost", "PUT_UnpostInvoice", "Unpost an invoice", unpost_invoice, answer=UnpostedInvoice),
    _endpoint("PUT", "/{key}/cancel", "PUT_CancelInvoice", "Cancel an invoice", cancel_invoice, answer=InvoiceJob),
    _endpoint(
        "PUT",
        "/{key}/reverse",
        "PUT_ReverseInvoice",
        "Reverse an invoice",
        reverse_invoice,
        answer=ReversedInvoice,
        body=ReverseInvoice,
        body_required=False,
    ),
    _endpoint(
        "PUT",
        "/{key}/write-off",
        "PUT_WriteOffInvoice",
        "Write off an invoice",
        write_off_invoice,
        answer=WrittenOffInvoice,
        body=WriteOffInvoice,
        body_required=False,
    ),
]
