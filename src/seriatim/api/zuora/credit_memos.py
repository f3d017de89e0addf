"""`/v1/credit-memos`: create from charges, list, retrieve, post, unpost, cancel, delete."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from seriatim.api.zuora.document_query import SORTABLE, ListDocuments, to_query
from seriatim.api.zuora.wire import (
    Answer,
    Request,
    Succeeded,
    Text64,
    Text70,
    Text100,
    Text255,
    encode,
    format_time,
    given_custom_fields,
    given_fields,
    next_page,
    show_time,
)
from seriatim.auth.permissions import Permission
from seriatim.domain.commands.documents import CreateDocument, DraftItem, TransitionDocument
from seriatim.domain.document import ITEMS_MAX, Action, Document, Status
from seriatim.domain.money import parse_decimal, to_decimal
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidValue, MissingField, NotFound
from seriatim.http.decoding import CUSTOM_FIELD_SUFFIX, CUSTOM_FIELDS
from seriatim.http.endpoint import Call, Endpoint, Reply

STATUS_NAMES = {Status.DRAFT: "Draft", Status.POSTED: "Posted", Status.CANCELED: "Canceled"}


class FinanceInformation(Request, kw_only=True):
    """Accounting codes of a charge."""

    deferred_revenue_accounting_code: Text100 | None = None
    on_account_accounting_code: Text100 | None = None
    recognized_revenue_accounting_code: Text100 | None = None
    revenue_recognition_rule_name: Text100 | None = None


class CustomRate(Request, kw_only=True):
    """An exchange rate to the home or the reporting currency."""

    currency: Text100
    custom_fx_rate: Decimal
    rate_date: date | None = None


class Charge(Request, kw_only=True):
    """A line of a memo. `amount` and the older `memoItemAmount` say the same: what the line comes to."""

    amount: Decimal | None = None
    charge_id: Text64 | None = None
    comment: Text255 | None = None
    description: Text255 | None = None
    exclude_item_billing_from_revenue_accounting: bool | None = None
    finance_information: FinanceInformation | None = None
    memo_item_amount: Decimal | None = None
    product_rate_plan_charge_id: Text64 | None = None
    quantity: Decimal | None = None
    service_end_date: date | None = None
    service_start_date: date | None = None
    custom_fields: dict[str, Any] = field(name=CUSTOM_FIELDS, default_factory=dict)


class CreateMemo(Request, kw_only=True):
    """A credit memo to be created from charges."""

    account_id: Text64 | None = None
    account_number: Text70 | None = None
    auto_post: bool | None = None
    charges: Annotated[list[Charge], Meta(min_length=1, max_length=ITEMS_MAX)]
    comment: Text255 | None = None
    currency: Text64 | None = None
    custom_rates: Annotated[list[CustomRate], Meta(max_length=2)] | None = None
    effective_date: date | None = None
    exclude_from_auto_apply_rules: bool | None = None
    number: Text255 | None = None
    reason_code: Text255 | None = None
    integration_id__ns: Text255 | None = None
    integration_status__ns: Text255 | None = None
    origin__ns: Text255 | None = None
    sync_date__ns: Text255 | None = None
    transaction__ns: Text255 | None = None
    custom_fields: dict[str, Any] = field(name=CUSTOM_FIELDS, default_factory=dict)


class PostMemo(Request, kw_only=True):
    """What posting may change."""

    credit_memo_date: date | None = None


class ListMemos(ListDocuments, kw_only=True):
    """Which memos to list."""

    credit_memo_date: date | None = None


class CreditMemoView(Answer, kw_only=True):
    """A credit memo as it is read. Fields that Zuora documents and nothing here fills are null."""

    id: str
    number: str
    account_id: str
    account_number: str
    amount: Decimal
    applied_amount: Decimal
    auto_apply_upon_posting: bool = False
    bill_to_contact_id: str | None = None
    cancelled_by_id: str | None = None
    cancelled_on: str | None = None
    comment: str = ""
    created_by_id: str
    created_date: str
    credit_memo_date: date
    currency: str
    exclude_from_auto_apply_rules: bool = False
    latest_pdf_file_id: str | None = field(name="latestPDFFileId", default=None)
    posted_by_id: str | None = None
    posted_on: str | None = None
    reason_code: str | None = None
    referred_invoice_id: str | None = None
    refund_amount: Decimal
    reversed: bool = False
    sequence_set_id: str
    source: str = "API"
    source_id: str | None = None
    source_type: str = "Standalone"
    status: str
    target_date: date | None = None
    tax_amount: Decimal
    tax_message: str | None = None
    tax_status: str | None = None
    total_tax_exempt_amount: Decimal
    transferred_to_accounting: str = "No"
    unapplied_amount: Decimal
    updated_by_id: str
    updated_date: str
    integration_id__ns: str | UnsetType = UNSET
    integration_status__ns: str | UnsetType = UNSET
    origin__ns: str | UnsetType = UNSET
    sync_date__ns: str | UnsetType = UNSET
    transaction__ns: str | UnsetType = UNSET


class OneMemo(CreditMemoView, kw_only=True):
    """The answer that is one memo."""

    success: bool = True


class SomeMemos(Answer, kw_only=True):
    """The answer that is a page of memos."""

    creditmemos: list[CreditMemoView]
    next_page: str | UnsetType = UNSET
    success: bool = True


_NOT_KEPT = (
    "account_id",
    "account_number",
    "auto_post",
    "charges",
    "currency",
    "effective_date",
    "number",
    "custom_fields",
)
_NOT_KEPT_OF_CHARGE = (
    "amount",
    "memo_item_amount",
    "quantity",
    "service_start_date",
    "service_end_date",
    "description",
    "custom_fields",
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
    body = call.body
    keys = {"accountId": body.account_id, "accountNumber": body.account_number}
    account_keys = {name: key for name, key in keys.items() if key}
    if not account_keys:
        raise MissingField("accountId", "give accountId or accountNumber")
    for index, rate in enumerate(body.custom_rates or ()):
        parse_decimal(rate.custom_fx_rate, f"customRates[{index}].customFxRate")
    fields = given_fields(body, *_NOT_KEPT)
    if body.custom_fields:
        fields.update(given_custom_fields(body.custom_fields))
    new_id = call.edge.ids.new_id
    return CreateDocument(
        scope=call.caller,
        document_id=new_id(),
        kind=Kind.CREDIT_MEMO,
        account_keys=account_keys,
        items=tuple(_draft_item(new_id(), index, charge) for index, charge in enumerate(body.charges)),
        items_field="charges",
        number=body.number or None,
        currency=body.currency or None,
        document_date=body.effective_date,
        post=bool(body.auto_post),
        fields=fields,
    )


def _draft_item(item_id: str, index: int, charge: Charge) -> DraftItem:
    path = f"charges[{index}]"
    amount = charge.memo_item_amount if charge.amount is None else charge.amount
    if amount is None:
        raise MissingField(f"{path}.amount", "give what this line comes to; there is no catalog to take it from")
    if charge.memo_item_amount is not None and charge.memo_item_amount != amount:
        rule = "it says the same as amount; give one of the two"
        raise InvalidValue(f"{path}.memoItemAmount", charge.memo_item_amount, rule)
    fields = given_fields(charge, *_NOT_KEPT_OF_CHARGE)
    if charge.custom_fields:
        fields.update(given_custom_fields(charge.custom_fields))
    return DraftItem(
        id=item_id,
        path=path,
        amount=amount,
        quantity=None if charge.quantity is None else parse_decimal(charge.quantity, f"{path}.quantity"),
        description=charge.description or charge.comment or "",
        service_start_date=charge.service_start_date,
        service_end_date=charge.service_end_date,
        fields=fields,
    )


async def list_credit_memos(call: Call[None, ListMemos]) -> Reply:
    """List memos, the highest number first unless `sort` says otherwise.

    Raises: InvalidQuery.
    """
    query = to_query(call.caller, Kind.CREDIT_MEMO, call.query, call.query.credit_memo_date, _SORTABLE, STATUS_NAMES)
    found = await call.edge.store.list_documents(query)
    shown = [_view(document, CreditMemoView) for document in found[: call.query.page_size]]
    page = next_page(call, call.query, len(found))
    if page is UNSET:
        return Reply(200, encode({"creditmemos": shown, "success": True}))
    return Reply(200, encode({"creditmemos": shown, "nextPage": page, "success": True}))


async def get_credit_memo(call: Call[None, None]) -> Reply:
    """Retrieve a memo by its id or number.

    Raises: NotFound.
    """
    key = call.path_params["key"]
    found = await call.edge.store.find_document(call.caller.entity_id, Kind.CREDIT_MEMO, key, call.caller.org_ids)
    if found is None:
        raise NotFound("credit memo", key)
    return Reply(200, present_memo(found))


async def post_credit_memo(call: Call[PostMemo, None]) -> Reply:
    """Post a draft: it takes the next number of its series, or keeps the one it has.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.POST, call.body.credit_memo_date), present_memo)


async def unpost_credit_memo(call: Call[None, None]) -> Reply:
    """Make a posted memo a draft again; it keeps its number.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.UNPOST), present_memo)


async def cancel_credit_memo(call: Call[None, None]) -> Reply:
    """Cancel a draft; a number that it has stays with it.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.CANCEL), present_memo)


async def delete_credit_memo(call: Call[None, None]) -> Reply:
    """Delete a canceled draft that was never issued.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.DELETE), lambda _: encode(Succeeded()))


def _transition(call: Call[Any, None], action: Action, document_date: date | None = None) -> TransitionDocument:
    return TransitionDocument(
        scope=call.caller,
        kind=Kind.CREDIT_MEMO,
        key=call.path_params["key"],
        action=action,
        document_date=document_date,
    )


def present_memo(document: Document) -> bytes:
    """The body of an answer that is one memo."""
    return encode(_view(document, OneMemo))


def _view(document: Document, shape: type[CreditMemoView]) -> CreditMemoView | dict[str, Any]:
    amount = to_decimal(document.amount_minor, document.currency)
    zero = to_decimal(0, document.currency)
    kept = document.fields
    posted = document.status is Status.POSTED
    view = shape(
        id=document.id,
        number=document.number,
        account_id=document.account_id,
        account_number=document.account_number,
        amount=amount,
        applied_amount=zero,
        cancelled_by_id=document.canceled_by,
        cancelled_on=show_time(document.canceled_at),
        comment=kept.get("comment", ""),
        created_by_id=document.created_by,
        created_date=format_time(document.created_at),
        credit_memo_date=document.document_date,
        currency=document.currency,
        exclude_from_auto_apply_rules=kept.get("excludeFromAutoApplyRules", False),
        posted_by_id=document.posted_by if posted else None,
        posted_on=show_time(document.posted_at) if posted else None,
        reason_code=kept.get("reasonCode"),
        refund_amount=zero,
        sequence_set_id=document.sequence_set_id,
        status=STATUS_NAMES[document.status],
        tax_amount=zero,
        total_tax_exempt_amount=zero,
        unapplied_amount=amount,
        updated_by_id=document.updated_by,
        updated_date=format_time(document.updated_at),
    )
    if not kept:
        return view
    return _with_kept(view, kept)


def _with_kept(view: CreditMemoView, kept: Any) -> CreditMemoView | dict[str, Any]:
    """The view with the connector's and the caller's own fields, where there are any."""
    extra = {name: value for name, value in kept.items() if name.endswith(("__NS", CUSTOM_FIELD_SUFFIX))}
    if "customRates" in kept:
        extra["customRates"] = kept["customRates"]
    if not extra:
        return view
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(Decimal, date))
    return {**plain, **extra}


_SORTABLE = {**SORTABLE, "creditMemoDate": SORTABLE["documentDate"]}

_PATH = "/v1/credit-memos/{key}"
ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/v1/credit-memos",
        operation_id="POST_CreditMemoFromCharge",
        summary="Create a credit memo from charges",
        handler=create_credit_memo,
        permission=Permission.ISSUE,
        body=CreateMemo,
        answer=OneMemo,
        tag="Credit memos",
    ),
    Endpoint(
        method="GET",
        path="/v1/credit-memos",
        operation_id="GET_CreditMemos",
        summary="List credit memos",
        handler=list_credit_memos,
        permission=Permission.READ,
        query=ListMemos,
        answer=SomeMemos,
        tag="Credit memos",
    ),
    Endpoint(
        method="GET",
        path=_PATH,
        operation_id="GET_CreditMemo",
        summary="Retrieve a credit memo",
        handler=get_credit_memo,
        permission=Permission.READ,
        answer=OneMemo,
        tag="Credit memos",
    ),
    Endpoint(
        method="DELETE",
        path=_PATH,
        operation_id="DELETE_CreditMemo",
        summary="Delete a canceled credit memo",
        handler=delete_credit_memo,
        permission=Permission.ISSUE,
        answer=Succeeded,
        tag="Credit memos",
    ),
    Endpoint(
        method="PUT",
        path=f"{_PATH}/post",
        operation_id="PUT_PostCreditMemo",
        summary="Post a credit memo",
        handler=post_credit_memo,
        permission=Permission.ISSUE,
        body=PostMemo,
        body_required=False,
        answer=OneMemo,
        tag="Credit memos",
    ),
    Endpoint(
        method="PUT",
        path=f"{_PATH}/unpost",
        operation_id="PUT_UnpostCreditMemo",
        summary="Unpost a credit memo",
        handler=unpost_credit_memo,
        permission=Permission.ISSUE,
        answer=OneMemo,
        tag="Credit memos",
    ),
    Endpoint(
        method="PUT",
        path=f"{_PATH}/cancel",
        operation_id="PUT_CancelCreditMemo",
        summary="Cancel a credit memo",
        handler=cancel_credit_memo,
        permission=Permission.ISSUE,
        answer=OneMemo,
        tag="Credit memos",
    ),
]
