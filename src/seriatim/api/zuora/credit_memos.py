"""`/v1/credit-memos`: from charges and from invoices, through their life, applied, refunded, taken back."""

from typing import Any

from seriatim.api.zuora.document_endpoints import EndpointTable
from seriatim.api.zuora.document_query import SORTABLE
from seriatim.api.zuora.memo_commands import (
    application_of,
    creation_of,
    creations_from_invoices,
    creations_of,
    refund_of,
    reversal_of,
    unapplication_of,
    write_off_of,
)
from seriatim.api.zuora.memo_endpoints import Memos, with_older_path, write_several
from seriatim.api.zuora.memo_fields import (
    ApplyMemo,
    CreateMemo,
    CreditMemoFromInvoice,
    CreditMemosFromCharges,
    CreditMemosFromInvoices,
    ListCreditItems,
    ListCreditMemos,
    PostMemo,
    RefundMemo,
    ReverseMemo,
    UpdateCreditMemo,
    UpdateCreditMemos,
    WriteOffMemo,
)
from seriatim.api.zuora.memo_items import (
    CreditMemoItems,
    CreditMemoPart,
    CreditMemoParts,
    OneCreditMemoItem,
    OneCreditMemoPart,
    part_view,
    refund_part_view,
)
from seriatim.api.zuora.memo_views import (
    BulkCreditMemos,
    OneMemo,
    Reversed,
    SomeMemos,
    WrittenOff,
    named,
    present_memo,
)
from seriatim.api.zuora.payment_fields import ApplicationRequest
from seriatim.api.zuora.refunds import OneRefund, present_refund
from seriatim.api.zuora.wire import PageQuery, Succeeded, cut_page, encode
from seriatim.domain.commands.documents import CreateDocument
from seriatim.domain.commands.memos import Countered
from seriatim.domain.document import Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import APPLICATIONS_MAX
from seriatim.errors import NotFound
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import DocumentQuery, SortField

__all__ = ["ENDPOINTS", "CreateMemo", "OneMemo", "creation_command", "present_memo"]

_MEMOS = Memos(
    kind=Kind.CREDIT_MEMO,
    list_name="creditmemos",
    sortable={
        **{name: by for name, by in SORTABLE.items() if name != "documentDate"},
        "appliedAmount": SortField.APPLIED_AMOUNT,
        "creditMemoDate": SortField.DOCUMENT_DATE,
        "referredInvoiceId": SortField.REFERRED_ID,
        "refundAmount": SortField.REFUNDED_AMOUNT,
        "targetDate": None,
        "taxAmount": SortField.TAX_AMOUNT,
        "totalTaxExemptAmount": None,
        "transferredToAccounting": SortField.TRANSFERRED,
        "unappliedAmount": SortField.OPEN_AMOUNT,
    },
)


async def create_credit_memo(call: Call[CreateMemo, None]) -> Reply:
    """Create a memo from charges: a draft, or with `autoPost` posted and numbered in the same transaction.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(creation_command(call), present_memo)


def creation_command(call: Call[CreateMemo, None]) -> CreateDocument:
    """The command that a request for a memo means, checked as far as it can be without the database.

    Raises: MissingField, InvalidValue.
    """
    return creation_of(call, Kind.CREDIT_MEMO, call.body)


async def create_credit_memos(call: Call[CreditMemosFromCharges | CreditMemosFromInvoices, None]) -> Reply:
    """Create up to 50 memos from charges or from invoices, each alone.

    Raises: InvalidValue, UnknownField.
    """
    if isinstance(call.body, CreditMemosFromCharges):
        return await write_several(call, creations_of(call, Kind.CREDIT_MEMO, CreateMemo))
    return await write_several(call, creations_from_invoices(call, Kind.CREDIT_MEMO, CreditMemoFromInvoice))


async def apply_credit_memo(call: Call[ApplyMemo, None]) -> Reply:
    """Apply a posted memo to invoices and debit memos of its account, all or none.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(application_of(call), present_memo)


async def unapply_credit_memo(call: Call[ApplicationRequest, None]) -> Reply:
    """Take a memo back from what it is applied to; from everything, if nothing is named.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    return await call.write(unapplication_of(call), present_memo)


async def reverse_credit_memo(call: Call[ReverseMemo, None]) -> Reply:
    """Reverse a posted memo of which nothing is settled by a debit memo, numbered in the same transaction.

    Raises: InvalidValue, NotFound, BrokenRule.
    """

    def present(outcome: Countered) -> bytes:
        return encode(Reversed(credit_memo=named(outcome.document), debit_memo=named(outcome.memo)))

    return await call.write(reversal_of(call), present)


async def write_off_credit_memo(call: Call[WriteOffMemo, None]) -> Reply:
    """Write a posted memo off by a debit memo, numbered in the same transaction.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(write_off_of(call), lambda outcome: encode(WrittenOff(debit_memo=named(outcome.memo))))


async def refund_credit_memo(call: Call[RefundMemo, None]) -> Reply:
    """Refund what is unapplied of a posted memo, outside. The refund takes its number now.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    command = refund_of(call)
    memo = await _MEMOS.find(call)
    return await call.write(command, lambda refund: present_refund(refund, memo))


async def list_credit_memo_parts(call: Call[None, PageQuery]) -> Reply:
    """List what a memo is applied to, as it was applied, and then what was refunded of it.

    Raises: NotFound.
    """
    return Reply(200, encode(cut_page(call, "parts", await _parts(call))))


async def get_credit_memo_part(call: Call[None, None]) -> Reply:
    """Retrieve one part of a memo.

    Raises: NotFound.
    """
    part_id = call.path_params["part"]
    for part in await _parts(call):
        if part.id == part_id:
            names = CreditMemoPart.__struct_fields__
            return Reply(200, encode(OneCreditMemoPart(**{name: getattr(part, name) for name in names})))
    raise NotFound("part", part_id, "the list of the memo's parts has their ids")


async def _parts(call: Call[Any, Any]) -> list[CreditMemoPart]:
    memo = await _MEMOS.find(call)
    applications = await call.edge.store.list_parts(memo.id)
    refunds = await call.edge.store.list_documents(
        DocumentQuery(
            entity_id=memo.entity_id,
            kind=Kind.REFUND,
            status=Status.PROCESSED,
            referred_id=memo.id,
            sort=((SortField.CREATED_AT, False),),
            limit=APPLICATIONS_MAX,
        )
    )
    return [*map(part_view, applications), *map(refund_part_view, refunds)]


_BASE = "/v1/credit-memos"
_endpoint = EndpointTable(_BASE, "Credit memos", OneMemo)
_ENDPOINTS = [
    _endpoint(
        "POST",
        "",
        "POST_CreditMemoFromCharge",
        "Create a credit memo from charges",
        create_credit_memo,
        body=CreateMemo,
    ),
    _endpoint(
        "GET", "", "GET_CreditMemos", "List credit memos", _MEMOS.list_all, query=ListCreditMemos, answer=SomeMemos
    ),
    _endpoint(
        "POST",
        "/bulk",
        "POST_CreateCreditMemos",
        "Create up to 50 credit memos",
        create_credit_memos,
        body=CreditMemosFromCharges | CreditMemosFromInvoices,
        answer=BulkCreditMemos,
    ),
    _endpoint(
        "PUT",
        "/bulk",
        "PUT_UpdateCreditMemos",
        "Update up to 50 credit memos",
        _MEMOS.update_several,
        body=UpdateCreditMemos,
        answer=BulkCreditMemos,
    ),
    _endpoint(
        "POST",
        "/invoice/{invoice}",
        "POST_CreditMemoFromInvoice",
        "Create a credit memo from an invoice",
        _MEMOS.create_from_invoice,
        body=CreditMemoFromInvoice,
        body_required=False,
    ),
    _endpoint("GET", "/{key}", "GET_CreditMemo", "Retrieve a credit memo", _MEMOS.retrieve),
    _endpoint("PUT", "/{key}", "PUT_UpdateCreditMemo", "Update a credit memo", _MEMOS.update, body=UpdateCreditMemo),
    _endpoint(
        "DELETE", "/{key}", "DELETE_CreditMemo", "Delete a canceled credit memo", _MEMOS.delete, answer=Succeeded
    ),
    _endpoint(
        "PUT",
        "/{key}/post",
        "PUT_PostCreditMemo",
        "Post a credit memo",
        _MEMOS.post_on,
        body=PostMemo,
        body_required=False,
    ),
    _endpoint("PUT", "/{key}/unpost", "PUT_UnpostCreditMemo", "Unpost a credit memo", _MEMOS.unpost),
    _endpoint("PUT", "/{key}/cancel", "PUT_CancelCreditMemo", "Cancel a credit memo", _MEMOS.cancel),
    _endpoint("PUT", "/{key}/apply", "PUT_ApplyCreditMemo", "Apply a credit memo", apply_credit_memo, body=ApplyMemo),
    _endpoint(
        "PUT",
        "/{key}/unapply",
        "PUT_UnapplyCreditMemo",
        "Unapply a credit memo",
        unapply_credit_memo,
        body=ApplicationRequest,
        body_required=False,
    ),
    _endpoint(
        "PUT",
        "/{key}/reverse",
        "PUT_ReverseCreditMemo",
        "Reverse a credit memo",
        reverse_credit_memo,
        body=ReverseMemo,
        body_required=False,
        answer=Reversed,
    ),
    _endpoint(
        "PUT",
        "/{key}/write-off",
        "PUT_WriteOffCreditMemo",
        "Write off a credit memo",
        write_off_credit_memo,
        body=WriteOffMemo,
        body_required=False,
        answer=WrittenOff,
    ),
    _endpoint(
        "POST",
        "/{key}/refund",
        "POST_RefundCreditMemo",
        "Refund a credit memo",
        refund_credit_memo,
        body=RefundMemo,
        answer=OneRefund,
    ),
    _endpoint(
        "GET",
        "/{key}/items",
        "GET_CreditMemoItems",
        "List the items of a credit memo",
        _MEMOS.list_items,
        query=ListCreditItems,
        answer=CreditMemoItems,
    ),
    _endpoint(
        "GET",
        "/{key}/items/{item}",
        "GET_CreditMemoItem",
        "Retrieve an item of a credit memo",
        _MEMOS.retrieve_item,
        answer=OneCreditMemoItem,
    ),
    _endpoint(
        "GET",
        "/{key}/parts",
        "GET_CreditMemoParts",
        "List the parts of a credit memo",
        list_credit_memo_parts,
        query=PageQuery,
        answer=CreditMemoParts,
    ),
    _endpoint(
        "GET",
        "/{key}/parts/{part}",
        "GET_CreditMemoPart",
        "Retrieve a part of a credit memo",
        get_credit_memo_part,
        answer=OneCreditMemoPart,
    ),
]
ENDPOINTS = with_older_path(_ENDPOINTS, _BASE, "/v1/creditmemos")
