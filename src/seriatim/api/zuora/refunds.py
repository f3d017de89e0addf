"""`/v1/refunds`: list, retrieve, update, cancel, delete. Refunds are made through what they pay back."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from seriatim.api.zuora.document_endpoints import EndpointTable
from seriatim.api.zuora.document_query import SORTABLE, ListDocuments, to_query
from seriatim.api.zuora.document_views import PAYMENT_STATUS_NAMES, AmountView, Page, PaymentDocumentView, recorded
from seriatim.api.zuora.payment_fields import ELECTRONIC, PaymentType, UpdateRefundRequest, kept_fields
from seriatim.api.zuora.wire import Answer, Succeeded, encode, format_time, page_of, show_time
from seriatim.domain.commands.documents import UpdateDocument
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.document import Action, Document
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.errors import InternalError, NotFound
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import SortField

NO_FINANCE: Mapping[str, Any] = {
    "bankAccountAccountingCode": None,
    "bankAccountAccountingCodeType": None,
    "unappliedPaymentAccountingCode": None,
    "unappliedPaymentAccountingCodeType": None,
    "transferredToAccounting": "No",
}
"""What Zuora shows where no accounting code was given."""


class ListRefunds(ListDocuments, kw_only=True):
    """Which refunds to list."""

    method_type: str | None = None
    payment_id: str | None = None
    refund_date: date | None = None
    status: Literal["Processed", "Canceled", "Error", "Processing"] | None = None
    type: PaymentType | None = None


class RefundView(PaymentDocumentView, kw_only=True):
    """A refund as it is read. Fields that Zuora documents and nothing here fills are null."""

    credit_memo_id: str | None = None
    method_type: str | None = None
    payment_id: str | None = None
    payment_number: str | None = None
    reason_code: str | None = None
    refund_date: date
    refund_transaction_time: str | None = None
    refund_transaction_type: str | None = None
    second_refund_reference_id: str | None = None


class OneRefund(RefundView, kw_only=True):
    """The answer that is one refund."""

    success: bool = True


class SomeRefunds(Page, kw_only=True):
    """The answer that is a page of refunds."""

    refunds: list[RefundView]


class RefundPart(AmountView, kw_only=True):
    """The one part of a refund: all of it, paid back from one payment or credit memo."""

    credit_memo_id: str | None = None
    payment_id: str | None = None


class OneRefundPart(RefundPart, kw_only=True):
    """The answer that is one part."""

    success: bool = True


class RefundParts(Succeeded, kw_only=True):
    """The answer that is all parts of a refund."""

    parts: list[RefundPart]


def refund_view(refund: Document, source: Document) -> dict[str, Any]:
    """A refund as it is read; `source` is the payment or the credit memo that it pays back."""
    is_of_payment = source.kind is Kind.PAYMENT
    view = RefundView(
        id=refund.id,
        number=refund.number,
        account_id=refund.account_id,
        account_number=refund.account_number,
        amount=to_decimal(refund.amount_minor, refund.currency),
        cancelled_on=show_time(refund.canceled_at),
        created_by_id=refund.created_by,
        created_date=format_time(refund.created_at),
        credit_memo_id=None if is_of_payment else source.id,
        currency=refund.currency,
        finance_information=finance_of(refund),
        payment_id=source.id if is_of_payment else None,
        payment_number=source.number if is_of_payment else None,
        refund_date=refund.document_date,
        status=PAYMENT_STATUS_NAMES[refund.status],
        updated_by_id=refund.updated_by,
        updated_date=format_time(refund.updated_at),
    )
    return with_kept(view, refund)


def present_refund(refund: Document, source: Document) -> bytes:
    """The body of an answer that is one refund."""
    return encode({**refund_view(refund, source), "success": True})


def finance_of(document: Document) -> dict[str, Any]:
    """The accounting codes of a payment or refund, with nothing where none was given."""
    return {**NO_FINANCE, **document.fields.get("financeInformation", {})}


def with_kept(view: Answer, document: Document) -> dict[str, Any]:
    """A view of a document with everything that was given and is only kept."""
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    kept = {name: value for name, value in document.fields.items() if name != "financeInformation"}
    return {**plain, **kept}


async def list_refunds(call: Call[None, ListRefunds]) -> Reply:
    """List refunds, the highest number first unless `sort` says otherwise.

    Raises: InvalidQuery.
    """
    asked = call.query
    if asked.status in {"Error", "Processing"} or asked.type == ELECTRONIC:
        return Reply(200, encode(SomeRefunds(refunds=[])))  # No refund here is ever any of these.
    query = to_query(call.caller, Kind.REFUND, asked, asked.refund_date, _SORTABLE, PAYMENT_STATUS_NAMES)
    if asked.payment_id is not None:
        payment = await _find(call, Kind.PAYMENT, asked.payment_id)
        if payment is None:
            return Reply(200, encode(SomeRefunds(refunds=[])))
        query = replace(query, referred_id=payment.id)
    if asked.method_type is not None:
        query = replace(query, kept_fields=(("methodType", asked.method_type),))
    found = await call.edge.store.list_documents(query)
    shown = found[: asked.page_size]
    sources = await asyncio.gather(*(_source(call, refund) for refund in shown))
    views = [refund_view(*pair) for pair in zip(shown, sources, strict=True)]
    return Reply(200, encode(page_of(call, "refunds", views, len(found))))


async def get_refund(call: Call[None, None]) -> Reply:
    """Retrieve a refund by its id or number.

    Raises: NotFound.
    """
    return Reply(200, present_refund(*await _refund_and_source(call)))


async def list_refund_parts(call: Call[None, None]) -> Reply:
    """List the parts of a refund: there is one.

    Raises: NotFound.
    """
    return Reply(200, encode(RefundParts(parts=[_part(*await _refund_and_source(call), RefundPart)])))


async def get_refund_part(call: Call[None, None]) -> Reply:
    """Retrieve the part of a refund.

    Raises: NotFound.
    """
    refund, source = await _refund_and_source(call)
    if call.path_params["part"] != refund.id:
        raise NotFound("refund part", call.path_params["part"], "the only part of a refund has the refund's own id")
    return Reply(200, encode(_part(refund, source, OneRefundPart)))


async def update_refund(call: Call[UpdateRefundRequest, None]) -> Reply:
    """Change what a refund only keeps.

    Raises: NotFound; BrokenRule, for a canceled refund.
    """
    refund, source = await _refund_and_source(call)
    command = UpdateDocument(scope=call.caller, kind=Kind.REFUND, key=refund.id, fields=kept_fields(call.body))
    return await call.write(command, lambda changed: present_refund(changed, source))


async def cancel_refund(call: Call[None, None]) -> Reply:
    """Cancel a refund: its amount goes back to the payment or credit memo. It keeps its number.

    Raises: NotFound, BrokenRule.
    """
    refund, source = await _refund_and_source(call)
    command = TransitionDocument(scope=call.caller, kind=Kind.REFUND, key=refund.id, action=Action.CANCEL)
    return await call.write(command, lambda changed: present_refund(changed, source))


async def delete_refund(call: Call[None, None]) -> Reply:
    """Delete a canceled refund: refused, since every refund has been issued and keeps its number.

    Raises: NotFound, BrokenRule.
    """
    command = TransitionDocument(scope=call.caller, kind=Kind.REFUND, key=call.path_params["key"], action=Action.DELETE)
    return await call.write(command, lambda _: encode(Succeeded()))


async def _find(call: Call[Any, Any], kind: Kind, key: str) -> Document | None:
    return await call.edge.store.find_document(call.caller.entity_id, kind, key, call.caller.org_ids)


async def _refund_and_source(call: Call[Any, Any]) -> tuple[Document, Document]:
    """The refund that the path names, and what it pays back; neither which it is nor its number ever changes.

    Raises: NotFound.
    """
    key = call.path_params["key"]
    refund = await _find(call, Kind.REFUND, key)
    if refund is None:
        raise NotFound("refund", key)
    return refund, await _source(call, refund)


async def _source(call: Call[Any, Any], refund: Document) -> Document:
    """The payment or credit memo that a refund pays back.

    Raises: InternalError, for a refund of nothing.
    """
    for kind in (Kind.PAYMENT, Kind.CREDIT_MEMO):
        found = None if refund.referred_id is None else await _find(call, kind, refund.referred_id)
        if found is not None:
            return found
    raise InternalError


def _part(refund: Document, source: Document, shape: type[RefundPart]) -> RefundPart:
    is_of_payment = source.kind is Kind.PAYMENT
    return shape(
        id=refund.id,
        amount=to_decimal(refund.amount_minor, refund.currency),
        credit_memo_id=None if is_of_payment else source.id,
        payment_id=source.id if is_of_payment else None,
        **recorded(refund),
    )


_SORTABLE = {
    **{name: by for name, by in SORTABLE.items() if name not in {"documentDate", "status"}},
    "paymentId": SortField.REFERRED_ID,
    "refundDate": SortField.DOCUMENT_DATE,
    "updatedById": SortField.UPDATED_BY,
}

_TAG = "Refunds"
_endpoint = EndpointTable("/v1/refunds", "Refunds", OneRefund)
ENDPOINTS = [
    _endpoint("GET", "", "GET_Refunds", "List refunds", list_refunds, query=ListRefunds, answer=SomeRefunds),
    _endpoint("GET", "/{key}", "GET_Refund", "Retrieve a refund", get_refund),
    _endpoint("PUT", "/{key}", "PUT_UpdateRefund", "Update a refund", update_refund, body=UpdateRefundRequest),
    _endpoint("DELETE", "/{key}", "DELETE_Refund", "Delete a canceled refund", delete_refund, answer=Succeeded),
    _endpoint("PUT", "/{key}/cancel", "PUT_CancelRefund", "Cancel a refund", cancel_refund),
    _endpoint(
        "GET", "/{key}/parts", "GET_RefundParts", "List the parts of a refund", list_refund_parts, answer=RefundParts
    ),
    _endpoint(
        "GET",
        "/{key}/parts/{part}",
        "GET_RefundPart",
        "Retrieve a part of a refund",
        get_refund_part,
        answer=OneRefundPart,
    ),
]
