"""`/v1/debit-memos`: from charges and from invoices, through their life, and what is applied to them."""

from seriatim.api.zuora.document_endpoints import EndpointTable
from seriatim.api.zuora.document_query import SORTABLE
from seriatim.api.zuora.document_views import ApplicationParts, application_part_view
from seriatim.api.zuora.memo_commands import creation_of, creations_from_invoices, creations_of, debit_write_off_of
from seriatim.api.zuora.memo_endpoints import Memos, with_older_path, write_several
from seriatim.api.zuora.memo_fields import (
    CreateDebitMemo,
    DebitMemoFromInvoice,
    DebitMemosFromCharges,
    DebitMemosFromInvoices,
    DueDate,
    ListDebitItems,
    ListDebitMemos,
    UpdateDebitMemo,
    UpdateDebitMemos,
    UpdateDueDates,
    WriteOffDebitMemo,
)
from seriatim.api.zuora.memo_items import DebitMemoItems, OneDebitMemoItem
from seriatim.api.zuora.memo_views import (
    BulkDebitMemos,
    OneDebitMemo,
    SomeDebitMemos,
    WrittenOffDebit,
    named,
    present_memo,
)
from seriatim.api.zuora.wire import PageQuery, Succeeded, cut_page, encode
from seriatim.domain.commands.bulk import Several
from seriatim.domain.commands.documents import UpdateDocument
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidValue, MissingField
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import SortField

_MEMOS = Memos(
    kind=Kind.DEBIT_MEMO,
    list_name="debitmemos",
    sortable={
        **{name: by for name, by in SORTABLE.items() if name not in {"documentDate", "status"}},
        "balance": SortField.OPEN_AMOUNT,
        "beAppliedAmount": SortField.APPLIED_AMOUNT,
        "debitMemoDate": SortField.DOCUMENT_DATE,
        "dueDate": SortField.DUE_DATE,
        "referredInvoiceId": SortField.REFERRED_ID,
        "targetDate": None,
        "taxAmount": SortField.TAX_AMOUNT,
        "totalTaxExemptAmount": None,
        "updatedById": SortField.UPDATED_BY,
    },
)


async def create_debit_memo(call: Call[CreateDebitMemo, None]) -> Reply:
    """Create a memo from charges: a draft, or with `autoPost` posted and numbered in the same transaction.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(creation_of(call, Kind.DEBIT_MEMO, call.body), present_memo)


async def create_debit_memos(call: Call[DebitMemosFromCharges | DebitMemosFromInvoices, None]) -> Reply:
    """Create up to 50 memos from charges or from invoices, each alone.

    Raises: InvalidValue, UnknownField.
    """
    if isinstance(call.body, DebitMemosFromCharges):
        return await write_several(call, creations_of(call, Kind.DEBIT_MEMO, CreateDebitMemo))
    return await write_several(call, creations_from_invoices(call, Kind.DEBIT_MEMO, DebitMemoFromInvoice))


async def update_due_dates(call: Call[UpdateDueDates, None]) -> Reply:
    """Set the due dates of up to 50 memos, all or none.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    changes = [
        UpdateDocument(scope=call.caller, kind=Kind.DEBIT_MEMO, key=_due_key(index, due), due_date=due.due_date)
        for index, due in enumerate(call.body.debit_memos)
    ]
    return await call.write(Several("debitMemos", changes, all_or_none=True), lambda _: encode(Succeeded()))


def _due_key(index: int, due: DueDate) -> str:
    key = due.memo_key or due.id
    path = f"debitMemos[{index}]"
    if not key:
        raise MissingField(f"{path}.memoKey", "name the debit memo by its id or number")
    if due.id and due.id != key:
        raise InvalidValue(f"{path}.id", due.id, "give id or memoKey, not both")
    return key


async def write_off_debit_memo(call: Call[WriteOffDebitMemo, None]) -> Reply:
    """Write off what remains of a posted memo by a credit memo, numbered in the same transaction.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(
        debit_write_off_of(call), lambda outcome: encode(WrittenOffDebit(credit_memo=named(outcome.memo)))
    )


async def list_application_parts(call: Call[None, PageQuery]) -> Reply:
    """List the credit memos and payments that are applied to a memo.

    Raises: NotFound.
    """
    memo = await _MEMOS.find(call)
    parts = [application_part_view(part) for part in await call.edge.store.list_parts(memo.id)]
    return Reply(200, encode(cut_page(call, "applicationParts", parts)))


_BASE = "/v1/debit-memos"
_endpoint = EndpointTable(_BASE, "Debit memos", OneDebitMemo)
_ENDPOINTS = [
    _endpoint(
        "POST",
        "",
        "POST_DebitMemoFromCharge",
        "Create a debit memo from charges",
        create_debit_memo,
        body=CreateDebitMemo,
    ),
    _endpoint(
        "PUT",
        "",
        "PUT_UpdateDebitMemosDueDates",
        "Update the due dates of debit memos",
        update_due_dates,
        body=UpdateDueDates,
        answer=Succeeded,
    ),
    _endpoint(
        "GET", "", "GET_DebitMemos", "List debit memos", _MEMOS.list_all, query=ListDebitMemos, answer=SomeDebitMemos
    ),
    _endpoint(
        "POST",
        "/bulk",
        "POST_CreateDebitMemos",
        "Create up to 50 debit memos",
        create_debit_memos,
        body=DebitMemosFromCharges | DebitMemosFromInvoices,
        answer=BulkDebitMemos,
    ),
    _endpoint(
        "PUT",
        "/bulk",
        "PUT_UpdateDebitMemos",
        "Update up to 50 debit memos",
        _MEMOS.update_several,
        body=UpdateDebitMemos,
        answer=BulkDebitMemos,
    ),
    _endpoint(
        "POST",
        "/invoice/{invoice}",
        "POST_DebitMemoFromInvoice",
        "Create a debit memo from an invoice",
        _MEMOS.create_from_invoice,
        body=DebitMemoFromInvoice,
        body_required=False,
    ),
    _endpoint("GET", "/{key}", "GET_DebitMemo", "Retrieve a debit memo", _MEMOS.retrieve),
    _endpoint("PUT", "/{key}", "PUT_DebitMemo", "Update a debit memo", _MEMOS.update, body=UpdateDebitMemo),
    _endpoint("DELETE", "/{key}", "DELETE_DebitMemo", "Delete a canceled debit memo", _MEMOS.delete, answer=Succeeded),
    _endpoint("PUT", "/{key}/post", "PUT_PostDebitMemo", "Post a debit memo", _MEMOS.post),
    _endpoint("PUT", "/{key}/unpost", "PUT_UnpostDebitMemo", "Unpost a debit memo", _MEMOS.unpost),
    _endpoint("PUT", "/{key}/cancel", "PUT_CancelDebitMemo", "Cancel a debit memo", _MEMOS.cancel),
    _endpoint(
        "PUT",
        "/{key}/write-off",
        "PUT_WriteOffDebitMemo",
        "Write off a debit memo",
        write_off_debit_memo,
        body=WriteOffDebitMemo,
        body_required=False,
        answer=WrittenOffDebit,
    ),
    _endpoint(
        "GET",
        "/{key}/items",
        "GET_DebitMemoItems",
        "List the items of a debit memo",
        _MEMOS.list_items,
        query=ListDebitItems,
        answer=DebitMemoItems,
    ),
    _endpoint(
        "GET",
        "/{key}/items/{item}",
        "GET_DebitMemoItem",
        "Retrieve an item of a debit memo",
        _MEMOS.retrieve_item,
        answer=OneDebitMemoItem,
    ),
    _endpoint(
        "GET",
        "/{key}/application-parts",
        "GET_DebitMemoApplicationParts",
        "List what is applied to a debit memo",
        list_application_parts,
        query=PageQuery,
        answer=ApplicationParts,
    ),
]
ENDPOINTS = with_older_path(_ENDPOINTS, _BASE, "/v1/debitmemos")
