"""`/v1/payments`: take in, apply, take back, refund, cancel."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from seriatim.api.zuora.document_endpoints import EndpointTable
from seriatim.api.zuora.document_query import SORTABLE, ListDocuments, amount_filter, date_filter, to_query
from seriatim.api.zuora.document_views import PAYMENT_STATUS_NAMES
from seriatim.api.zuora.payment_fields import (
    ELECTRONIC,
    ApplicationRequest,
    CreatePaymentRequest,
    CreateRefundRequest,
    PaymentType,
    UnapplyRefundRequest,
    UpdatePaymentRequest,
    check_external,
    check_rates,
    kept_fields,
    to_portions,
)
from seriatim.api.zuora.payment_views import (
    OnePayment,
    OnePaymentPart,
    PaymentPart,
    PaymentParts,
    SomePayments,
    part_view,
    payment_view,
    present_payment,
)
from seriatim.api.zuora.refunds import OneRefund, present_refund
from seriatim.api.zuora.wire import PageQuery, Succeeded, cut_page, encode, page_of
from seriatim.domain.commands.documents import UpdateDocument
from seriatim.domain.commands.settlement import ApplySource, CreatePayment, CreateRefund, Portion, UnapplySource
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.document import Action, Document
from seriatim.domain.numbering import Kind
from seriatim.errors import BrokenRule, InvalidValue, MissingField, NotFound, Rule
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import SortField

STATUSES_NEVER_HAD = frozenset({"Draft", "Processing", "Error", "Posted"})
"""What Zuora documents and no payment here is: each is processed from the start."""
CREDIT_BALANCE = "creditBalanceAmount"
"""Zuora's older credit balance: nothing is ever moved to one here."""


class ListPayments(ListDocuments, kw_only=True):
    """Which payments to list."""

    applied_amount: Decimal | None = None
    credit_balance_amount: Decimal | None = None
    effective_date: str | None = None
    refund_amount: Decimal | None = None
    status: Literal["Draft", "Processing", "Processed", "Error", "Canceled", "Posted"] | None = None
    type: PaymentType | None = None
    unapplied_amount: Decimal | None = None


async def create_payment(call: Call[CreatePaymentRequest, None]) -> Reply:
    """Take in a payment, and apply it to the invoices and debit memos that it names. It is numbered now.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    body = call.body
    check_external(Kind.PAYMENT, body.type)
    if body.standalone:
        message = "standalone: such a payment is made through a payment gateway, and there is none here; leave it out"
        raise BrokenRule(Rule.NO_GATEWAY, message)
    if body.cryptogram is not None:
        raise InvalidValue("cryptogram", "a cryptogram", "no payment credentials are taken here; leave this field out")
    keys = {"accountId": body.account_id, "accountNumber": body.account_number}
    account_keys = {name: key for name, key in keys.items() if key}
    if not account_keys:
        raise MissingField("accountId", "give accountId or accountNumber")
    check_rates(body.custom_rates)
    new_id = call.edge.ids.new_id
    command = CreatePayment(
        scope=call.caller,
        document_id=new_id(),
        account_keys=account_keys,
        amount=body.amount,
        currency=body.currency,
        number=body.number or None,
        document_date=body.effective_date,
        portions=to_portions(new_id, body.invoices, body.debit_memos),
        fields=kept_fields(body, *_ACTED_ON),
    )
    return await call.write(command, present_payment)


async def list_payments(call: Call[None, ListPayments]) -> Reply:
    """List payments, the highest number first unless `sort` says otherwise.

    Raises: InvalidQuery.
    """
    asked = call.query
    credit_balance = amount_filter(CREDIT_BALANCE, asked.credit_balance_amount)
    if asked.status in STATUSES_NEVER_HAD or asked.type == ELECTRONIC or (credit_balance and Decimal(credit_balance)):
        return Reply(200, encode(SomePayments(payments=[])))
    effective_date = date_filter("effectiveDate", asked.effective_date)
    query = to_query(call.caller, Kind.PAYMENT, asked, effective_date, _SORTABLE, PAYMENT_STATUS_NAMES)
    query = replace(
        query,
        applied_amount=amount_filter("appliedAmount", asked.applied_amount),
        open_amount=amount_filter("unappliedAmount", asked.unapplied_amount),
        refunded_amount=amount_filter("refundAmount", asked.refund_amount),
    )
    found = await call.edge.store.list_documents(query)
    shown = [payment_view(payment) for payment in found[: asked.page_size]]
    return Reply(200, encode(page_of(call, "payments", shown, len(found))))


async def get_payment(call: Call[None, None]) -> Reply:
    """Retrieve a payment by its id or number.

    Raises: NotFound.
    """
    return Reply(200, present_payment(await _payment(call)))


async def list_payment_parts(call: Call[None, PageQuery]) -> Reply:
    """List what a payment is applied to, as it was applied.

    Raises: NotFound.
    """
    parts = await call.edge.store.list_parts((await _payment(call)).id)
    return Reply(200, encode(cut_page(call, "parts", [part_view(part) for part in parts])))


async def get_payment_part(call: Call[None, None]) -> Reply:
    """Retrieve one part of a payment.

    Raises: NotFound.
    """
    payment, key = await _payment(call), call.path_params["part"]
    for part in await call.edge.store.list_parts(payment.id):
        if part.application.id == key:
            shown = part_view(part)
            fields = {name: getattr(shown, name) for name in PaymentPart.__struct_fields__}
            return Reply(200, encode(OnePaymentPart(**fields, payment_part=shown)))
    raise NotFound("payment part", key, f"GET /v1/payments/{payment.number}/parts lists those there are")


async def update_payment(call: Call[UpdatePaymentRequest, None]) -> Reply:
    """Change what a payment only keeps.

    Raises: NotFound; BrokenRule, for a canceled payment.
    """
    command = UpdateDocument(
        scope=call.caller, kind=Kind.PAYMENT, key=call.path_params["key"], fields=kept_fields(call.body)
    )
    return await call.write(command, present_payment)


async def apply_payment(call: Call[ApplicationRequest, None]) -> Reply:
    """Apply a payment to invoices and debit memos, to all of them or to none.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    portions = _portions(call, "apply the payment to")
    command = ApplySource(scope=call.caller, kind=Kind.PAYMENT, key=call.path_params["key"], portions=portions)
    return await call.write(command, present_payment)


async def unapply_payment(call: Call[ApplicationRequest, None]) -> Reply:
    """Take back a payment from invoices and debit memos, from all of them or from none.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    portions = _portions(call, "take the payment back from")
    command = UnapplySource(scope=call.caller, kind=Kind.PAYMENT, key=call.path_params["key"], portions=portions)
    return await call.write(command, present_payment)


async def cancel_payment(call: Call[None, None]) -> Reply:
    """Cancel a payment of which nothing is applied or refunded. It keeps its number.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.CANCEL), present_payment)


async def delete_payment(call: Call[None, None]) -> Reply:
    """Delete a canceled payment: refused, since every payment has been issued and keeps its number.

    Raises: NotFound, BrokenRule.
    """
    return await call.write(_transition(call, Action.DELETE), lambda _: encode(Succeeded()))


async def refund_payment(call: Call[CreateRefundRequest, None]) -> Reply:
    """Refund what is unapplied of a payment.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    command = _refund(call, ("total_amount", "type", "refund_date"))
    payment = await _payment(call)
    return await call.write(command, lambda refund: present_refund(refund, payment))


async def refund_payment_unapplied(call: Call[UnapplyRefundRequest, None]) -> Reply:
    """Take a payment back from what it is applied to, and refund it, in one step.

    Raises: MissingField, InvalidValue, NotFound, BrokenRule.
    """
    body = call.body
    if body.write_off or body.write_off_options:
        rule = "nothing is written off here; do so with PUT /v1/invoices/{key}/write-off after the refund"
        raise InvalidValue("writeOff", body.write_off, rule)
    left_out = ("total_amount", "type", "refund_date", "invoices", "debit_memos", "write_off", "write_off_options")
    portions = to_portions(call.edge.ids.new_id, body.invoices, body.debit_memos)
    command = replace(_refund(call, left_out), portions=portions, unapplies=True)
    payment = await _payment(call)
    return await call.write(command, lambda refund: present_refund(refund, payment))


def _portions(call: Call[ApplicationRequest, None], purpose: str) -> tuple[Portion, ...]:
    """What a request names, at least one invoice or debit memo.

    Raises: MissingField, InvalidValue.
    """
    portions = to_portions(call.edge.ids.new_id, call.body.invoices, call.body.debit_memos)
    if not portions:
        raise MissingField("invoices", f"give invoices or debitMemos to {purpose}")
    return portions


def _refund(call: Call[Any, None], left_out: tuple[str, ...]) -> CreateRefund:
    body: CreateRefundRequest | UnapplyRefundRequest = call.body
    check_external(Kind.REFUND, body.type)
    check_rates(body.custom_rates)
    return CreateRefund(
        scope=call.caller,
        document_id=call.edge.ids.new_id(),
        source_kind=Kind.PAYMENT,
        source_key=call.path_params["key"],
        amount=body.total_amount,
        document_date=body.refund_date,
        fields=kept_fields(body, *left_out),
    )


async def _payment(call: Call[Any, Any]) -> Document:
    """The payment that the path names.

    Raises: NotFound.
    """
    key = call.path_params["key"]
    found = await call.edge.store.find_document(call.caller.entity_id, Kind.PAYMENT, key, call.caller.org_ids)
    if found is None:
        raise NotFound("payment", key)
    return found


def _transition(call: Call[Any, None], action: Action) -> TransitionDocument:
    return TransitionDocument(scope=call.caller, kind=Kind.PAYMENT, key=call.path_params["key"], action=action)


_ACTED_ON = (
    "account_id",
    "account_number",
    "amount",
    "currency",
    "debit_memos",
    "effective_date",
    "invoices",
    "number",
    "type",
)

_SORTABLE = {
    **{name: by for name, by in SORTABLE.items() if name not in {"documentDate", "status"}},
    "appliedAmount": SortField.APPLIED_AMOUNT,
    CREDIT_BALANCE: None,
    "effectiveDate": SortField.DOCUMENT_DATE,
    "refundAmount": SortField.REFUNDED_AMOUNT,
    "unappliedAmount": SortField.OPEN_AMOUNT,
    "updatedById": SortField.UPDATED_BY,
}

_TAG = "Payments"
_endpoint = EndpointTable("/v1/payments", "Payments", OnePayment)
ENDPOINTS = [
    _endpoint("POST", "", "POST_CreatePayment", "Create a payment", create_payment, body=CreatePaymentRequest),
    _endpoint(
        "GET", "", "GET_RetrieveAllPayments", "List payments", list_payments, query=ListPayments, answer=SomePayments
    ),
    _endpoint("GET", "/{key}", "GET_Payment", "Retrieve a payment", get_payment),
    _endpoint("PUT", "/{key}", "PUT_UpdatePayment", "Update a payment", update_payment, body=UpdatePaymentRequest),
    _endpoint("DELETE", "/{key}", "DELETE_Payment", "Delete a canceled payment", delete_payment, answer=Succeeded),
    _endpoint(
        "GET",
        "/{key}/parts",
        "GET_PaymentParts",
        "List the parts of a payment",
        list_payment_parts,
        query=PageQuery,
        answer=PaymentParts,
    ),
    _endpoint(
        "GET",
        "/{key}/parts/{part}",
        "GET_PaymentPart",
        "Retrieve a part of a payment",
        get_payment_part,
        answer=OnePaymentPart,
    ),
    _endpoint("PUT", "/{key}/apply", "PUT_ApplyPayment", "Apply a payment", apply_payment, body=ApplicationRequest),
    _endpoint(
        "PUT", "/{key}/unapply", "PUT_UnapplyPayment", "Take back a payment", unapply_payment, body=ApplicationRequest
    ),
    _endpoint("PUT", "/{key}/cancel", "PUT_CancelPayment", "Cancel a payment", cancel_payment),
    _endpoint(
        "POST",
        "/{key}/refunds",
        "POST_RefundPayment",
        "Refund a payment",
        refund_payment,
        body=CreateRefundRequest,
        answer=OneRefund,
    ),
    _endpoint(
        "POST",
        "/{key}/refunds/unapply",
        "POST_RefundPaymentwithAutoUnapply",
        "Take back and refund a payment",
        refund_payment_unapplied,
        body=UnapplyRefundRequest,
        answer=OneRefund,
    ),
]
