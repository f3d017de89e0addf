"""What requests about memos mean: wire structs to commands, checked as far as it can be without the database."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from seriatim.api.zuora.memo_fields import (
    ApplyMemo,
    ChangedLine,
    Charge,
    CreateDebitMemo,
    CreateMemo,
    CreditMemoFromInvoice,
    DebitMemoFromInvoice,
    InvoiceLine,
    NewTax,
    RefundMemo,
    ReverseMemo,
    TaxFields,
    UpdateCreditMemo,
    UpdateDebitMemo,
    WriteOffDebitMemo,
    WriteOffMemo,
)
from seriatim.api.zuora.memo_views import FROM_CREDIT_MEMO, FROM_DEBIT_MEMO, SOURCE_TYPE
from seriatim.api.zuora.payment_fields import (
    ApplicationRequest,
    check_external,
    check_rates,
    kept_fields,
    to_portions,
)
from seriatim.api.zuora.wire import given_custom_fields, given_fields
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import CreateDocument, DraftItem, ItemChange, TaxChange, UpdateDocument
from seriatim.domain.commands.memos import CounterDocument, CreateMemoFromInvoice
from seriatim.domain.commands.settlement import ApplySource, CreateRefund, Portion, UnapplySource
from seriatim.domain.document import ITEMS_MAX, TAXES_FIELD, Document
from seriatim.domain.money import parse_decimal
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidValue, MissingField, SeriatimError, within
from seriatim.http.decoding import decode_body
from seriatim.http.endpoint import Call

T = TypeVar("T")

TAX_INCLUSIVE = "TaxInclusive"
WRITE_OFF_REASON = "Write-off"
"""The reason of a write-off where none is given (Zuora, "Write off a credit memo")."""
_NOT_KEPT = (
    "account_id",
    "account_number",
    "auto_post",
    "charges",
    "currency",
    "due_date",
    "effective_date",
    "number",
    "custom_fields",
)
_NOT_KEPT_FROM_INVOICE = (
    "auto_apply_to_invoice_upon_posting",
    "auto_post",
    "effective_date",
    "invoice_id",
    "items",
    "custom_fields",
)
_NOT_KEPT_OF_CHANGE = (
    "auto_apply_upon_posting",
    "due_date",
    "effective_date",
    "id",
    "items",
    "custom_fields",
)
_NOT_KEPT_OF_LINE = (
    "amount",
    "delete",
    "description",
    "id",
    "invoice_item_id",
    "memo_item_amount",
    "quantity",
    "service_start_date",
    "service_end_date",
    "tax_items",
    "tax_mode",
    "custom_fields",
)
_TAX_NAMES = {"taxName": "name", "taxExemptAmount": "exemptAmount"}
"""A tax is told of by these names and read by those, which are the ones that invoices use."""


def creation_of(call: Call[Any, None], kind: Kind, body: CreateMemo | CreateDebitMemo) -> CreateDocument:
    """The command that a request for a memo from charges means.

    Raises: MissingField, InvalidValue.
    """
    account_keys = {}
    if body.account_id:
        account_keys["accountId"] = body.account_id
    if body.account_number:
        account_keys["accountNumber"] = body.account_number
    if not account_keys:
        raise MissingField("accountId", "give accountId or accountNumber")
    if body.custom_rates:
        for index, rate in enumerate(body.custom_rates):
            parse_decimal(rate.custom_fx_rate, f"customRates[{index}].customFxRate")
    fields = given_fields(body, *_NOT_KEPT)
    if body.custom_fields:
        fields.update(given_custom_fields(body.custom_fields))
    new_id = call.edge.ids.new_id
    return CreateDocument(
        scope=call.caller,
        document_id=new_id(),
        kind=kind,
        account_keys=account_keys,
        items=tuple([_charged_item(new_id(), index, charge) for index, charge in enumerate(body.charges)]),
        items_field="charges",
        number=body.number or None,
        currency=body.currency or None,
        document_date=body.effective_date,
        due_date=body.due_date if isinstance(body, CreateDebitMemo) else None,
        post=bool(body.auto_post),
        fields=fields,
    )


def _charged_item(item_id: str, index: int, charge: Charge) -> DraftItem:
    path = f"charges[{index}]"
    amount = charge.memo_item_amount if charge.amount is None else charge.amount
    if amount is None:
        raise MissingField(f"{path}.amount", "give what this line comes to; there is no catalog to take it from")
    if charge.memo_item_amount is not None and charge.memo_item_amount != amount:
        rule = "it says the same as amount; give one of the two"
        raise InvalidValue(f"{path}.memoItemAmount", charge.memo_item_amount, rule)
    fields = given_fields(charge, *_NOT_KEPT_OF_LINE)
    if charge.custom_fields:
        fields.update(given_custom_fields(charge.custom_fields))
    quantity = None if charge.quantity is None else parse_decimal(charge.quantity, f"{path}.quantity")
    description = charge.description or ""
    return DraftItem(
        item_id, path, amount, quantity, description, charge.service_start_date, charge.service_end_date, fields
    )


def creation_from_invoice(
    call: Call[Any, None], kind: Kind, body: CreditMemoFromInvoice | DebitMemoFromInvoice, invoice_key: str | None
) -> CreateMemoFromInvoice:
    """The command that a request for a memo from an invoice means; the key of the path goes before the body's.

    Raises: MissingField, InvalidValue.
    """
    key = invoice_key or body.invoice_id
    if not key:
        raise MissingField("invoiceId", "name the invoice that the memo is made from")
    if body.invoice_id and body.invoice_id != key:
        rule = f"the address names the invoice {key!r}; leave this out, or name the same in the same way"
        raise InvalidValue("invoiceId", body.invoice_id, rule)
    new_id = call.edge.ids.new_id
    items = tuple(_invoice_item(new_id, index, line) for index, line in enumerate(body.items or ()))
    return CreateMemoFromInvoice(
        scope=call.caller,
        document_id=new_id(),
        kind=kind,
        invoice_key=key,
        items=items,
        items_field="items",
        mirror_item_ids=() if items else _new_ids(new_id),
        document_date=body.effective_date,
        post=bool(body.auto_post),
        applies_on_posting=isinstance(body, CreditMemoFromInvoice) and bool(body.auto_apply_to_invoice_upon_posting),
        application_id=new_id(),
        fields={**given_fields(body, *_NOT_KEPT_FROM_INVOICE), **given_custom_fields(body.custom_fields)},
    )


def _invoice_item(new_id: Callable[[], str], index: int, line: InvoiceLine) -> DraftItem:
    path = f"items[{index}]"
    fields = {**given_fields(line, *_NOT_KEPT_OF_LINE), **given_custom_fields(line.custom_fields)}
    taxes = line.tax_items or []
    if taxes:
        fields[TAXES_FIELD] = [
            {"id": new_id(), **_kept_tax(f"{path}.taxItems[{place}]", tax), "taxAmount": tax.amount or Decimal(0)}
            for place, tax in enumerate(taxes)
        ]
    return DraftItem(
        id=new_id(),
        path=path,
        amount=line.amount,
        quantity=None if line.quantity is None else parse_decimal(line.quantity, f"{path}.quantity"),
        description=line.description or "",
        service_start_date=line.service_start_date,
        service_end_date=line.service_end_date,
        fields=fields,
        tax_amounts=tuple(tax.amount or 0 for tax in taxes),
        tax_field="amount",
        is_tax_included=line.tax_mode == TAX_INCLUSIVE,
        source_item_id=line.invoice_item_id or None,
    )


def _kept_tax(path: str, tax: TaxFields) -> dict[str, Any]:
    left_out = ("amount", "id") if not isinstance(tax, NewTax) else ("amount",)
    with within(path):
        return {_TAX_NAMES.get(name, name): value for name, value in given_fields(tax, *left_out).items()}


def change_of(call: Call[Any, None], kind: Kind, key: str, body: UpdateCreditMemo | UpdateDebitMemo) -> UpdateDocument:
    """The command that a request to change a memo means.

    Raises: InvalidValue.
    """
    return UpdateDocument(
        scope=call.caller,
        kind=kind,
        key=key,
        document_date=body.effective_date,
        due_date=body.due_date if isinstance(body, UpdateDebitMemo) else None,
        item_changes=tuple(_item_change(index, line) for index, line in enumerate(body.items or ())),
        applies_on_posting=body.auto_apply_upon_posting if isinstance(body, UpdateCreditMemo) else None,
        fields={**given_fields(body, *_NOT_KEPT_OF_CHANGE), **given_custom_fields(body.custom_fields)},
    )


def _item_change(index: int, line: ChangedLine) -> ItemChange:
    path = f"items[{index}]"
    return ItemChange(
        id=line.id,
        path=path,
        amount=line.amount,
        quantity=None if line.quantity is None else parse_decimal(line.quantity, f"{path}.quantity"),
        service_start_date=line.service_start_date,
        service_end_date=line.service_end_date,
        fields={**given_fields(line, *_NOT_KEPT_OF_LINE), **given_custom_fields(line.custom_fields)},
        tax_changes=tuple(
            TaxChange(tax.id, f"{path}.taxItems[{place}]", tax.amount, _kept_tax(f"{path}.taxItems[{place}]", tax))
            for place, tax in enumerate(line.tax_items or ())
        ),
        removes=bool(line.delete),
    )


def _one_of_several(
    raw: msgspec.Raw, wanted: type[T], command: Callable[[T], Command[Document]]
) -> Command[Document] | SeriatimError:
    """The command that one part of a bulk call means, or in its place why it means none."""
    try:
        return command(decode_body(bytes(raw), wanted))
    except SeriatimError as error:
        return error


def creations_of(
    call: Call[Any, None], kind: Kind, wanted: type[CreateMemo | CreateDebitMemo]
) -> list[Command[Document] | SeriatimError]:
    """The commands that a request for several memos from charges means."""
    return [_one_of_several(raw, wanted, lambda memo: creation_of(call, kind, memo)) for raw in call.body.memos]


def creations_from_invoices(
    call: Call[Any, None], kind: Kind, wanted: type[CreditMemoFromInvoice | DebitMemoFromInvoice]
) -> list[Command[Document] | SeriatimError]:
    """The commands that a request for several memos from invoices means."""
    return [
        _one_of_several(raw, wanted, lambda memo: creation_from_invoice(call, kind, memo, None))
        for raw in call.body.memos
    ]


def application_of(call: Call[ApplyMemo, None]) -> ApplySource:
    """The command that applies a credit memo to what a request names.

    Raises: MissingField, InvalidValue.
    """
    if call.body.application_rule is not None:
        rule = "amounts are applied to whole documents here; leave it out"
        raise InvalidValue("applicationRule", call.body.application_rule, rule)
    portions = _portions(call)
    if not portions:
        raise MissingField("invoices", "name the invoices or debit memos that the credit memo is applied to")
    return ApplySource(scope=call.caller, kind=Kind.CREDIT_MEMO, key=call.path_params["key"], portions=portions)


def unapplication_of(call: Call[ApplicationRequest, None]) -> UnapplySource:
    """The command that takes a credit memo back from what a request names; from everything, if it names nothing.

    Raises: MissingField, InvalidValue.
    """
    return UnapplySource(
        scope=call.caller, kind=Kind.CREDIT_MEMO, key=call.path_params["key"], portions=_portions(call)
    )


def _portions(call: Call[Any, None]) -> tuple[Portion, ...]:
    body: ApplicationRequest = call.body
    return to_portions(call.edge.ids.new_id, body.invoices, body.debit_memos)


def reversal_of(call: Call[ReverseMemo, None]) -> CounterDocument:
    """The command that takes a whole credit memo back.

    Raises: InvalidValue, for dates in the wrong order (Zuora, "Reverse a credit memo").
    """
    body = call.body
    if body.apply_effective_date and body.memo_date and body.apply_effective_date < body.memo_date:
        rule = f"it may not be before memoDate, which is {body.memo_date}"
        raise InvalidValue("applyEffectiveDate", body.apply_effective_date.isoformat(), rule)
    return replace(_counter_command(call, Kind.CREDIT_MEMO, _counter_fields(body)), reverses=True)


def write_off_of(call: Call[Any, None]) -> CounterDocument:
    """The command that writes a credit memo off.

    Raises: UnknownField, Malformed.
    """
    body: WriteOffMemo = call.body
    fields = {"reasonCode": WRITE_OFF_REASON, **_counter_fields(body)}
    return _counter_command(call, Kind.CREDIT_MEMO, fields)


def _counter_fields(body: WriteOffMemo) -> dict[str, Any]:
    fields = given_fields(body, "memo_date", "custom_fields")
    return {SOURCE_TYPE: FROM_CREDIT_MEMO, **fields, **given_custom_fields(body.custom_fields)}


def debit_write_off_of(call: Call[WriteOffDebitMemo, None]) -> CounterDocument:
    """The command that writes off what remains of a debit memo.

    Raises: InvalidValue, for an amount of a line: a write-off takes the whole balance.
    """
    body = call.body
    item_fields = {}
    for index, line in enumerate(body.items or ()):
        path = f"items[{index}]"
        amounts = {f"{path}.amountWithoutTax": line.amount_without_tax}
        for place, tax in enumerate(line.taxation_items or ()):
            amounts[f"{path}.taxationItems[{place}].amount"] = tax.amount
        for name, amount in amounts.items():
            if amount is not None:
                raise InvalidValue(name, amount, "the whole balance is written off; leave this out")
        fields = given_fields(line, "debit_memo_item_id", "taxation_items", "custom_fields")
        item_fields[line.debit_memo_item_id] = {**fields, **given_custom_fields(line.custom_fields)}
    fields = {
        SOURCE_TYPE: FROM_DEBIT_MEMO,
        "reasonCode": WRITE_OFF_REASON,
        **given_fields(body, "amount", "items", "memo_date", "custom_fields"),
        **given_custom_fields(body.custom_fields),
    }
    command = _counter_command(call, Kind.DEBIT_MEMO, fields)
    return replace(command, amount=body.amount, item_fields=item_fields)


def _counter_command(call: Call[Any, None], kind: Kind, fields: dict[str, Any]) -> CounterDocument:
    new_id = call.edge.ids.new_id
    return CounterDocument(
        scope=call.caller,
        kind=kind,
        key=call.path_params["key"],
        document_id=new_id(),
        item_ids=_new_ids(new_id),
        application_id=new_id(),
        reverses=False,
        document_date=call.body.memo_date,
        fields=fields,
    )


def refund_of(call: Call[RefundMemo, None]) -> CreateRefund:
    """The command that refunds a credit memo.

    Raises: InvalidValue; BrokenRule, for a refund that would need a payment gateway.
    """
    body = call.body
    check_external(Kind.REFUND, body.type)
    check_rates(body.custom_rates)
    if body.items:
        rule = "amounts are refunded of whole documents here; leave the items out"
        raise InvalidValue("items", f"a list of {len(body.items)}", rule)
    return CreateRefund(
        scope=call.caller,
        document_id=call.edge.ids.new_id(),
        source_kind=Kind.CREDIT_MEMO,
        source_key=call.path_params["key"],
        amount=body.total_amount,
        document_date=body.refund_date,
        fields=kept_fields(body, "total_amount", "type", "refund_date", "items"),
    )


def _new_ids(new_id: Callable[[], str]) -> tuple[str, ...]:
    """Ids for as many lines as a document can have: how many it has is only known in the transaction."""
    return tuple(new_id() for _ in range(ITEMS_MAX))
