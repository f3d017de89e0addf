"""What requests about invoices mean: wire structs to commands, checked as far as it can be without the database."""

from decimal import Decimal
from typing import Any

from seriatim.api.zuora.invoice_fields import (
    TAX_INCLUSIVE,
    CreateInvoice,
    CreateInvoiceItem,
    InvoiceDiscount,
    InvoiceItemFields,
    InvoiceTax,
    ReverseInvoice,
    UpdateInvoice,
    UpdateInvoiceItem,
    WriteOffInvoice,
    WriteOffInvoiceLine,
)
from seriatim.api.zuora.wire import given_custom_fields, given_fields
from seriatim.domain.commands.documents import CreateDocument, DraftItem, ItemChange, UpdateDocument
from seriatim.domain.commands.memos import CounterDocument
from seriatim.domain.document import ITEMS_MAX
from seriatim.domain.money import parse_decimal
from seriatim.domain.numbering import Kind, check_given_number
from seriatim.errors import InvalidValue, MissingField, within
from seriatim.http.endpoint import Call

ITEMS_FIELD = "invoiceItems"
_NOT_KEPT = (
    "account_id",
    "account_number",
    "currency",
    "due_date",
    "id",
    "invoice_date",
    "invoice_items",
    "invoice_number",
    "sequence_set",
    "status",
    "custom_fields",
)
_NOT_KEPT_OF_ITEM = (
    "amount",
    "delete",
    "description",
    "discount_items",
    "id",
    "quantity",
    "service_end_date",
    "service_start_date",
    "tax_items",
    "custom_fields",
)


def creation_command(call: Call[Any, None], body: CreateInvoice) -> CreateDocument:
    """The command that a request for an invoice means.

    Raises: MissingField, InvalidValue.
    """
    keys = {"accountId": body.account_id, "accountNumber": body.account_number}
    account_keys = {name: key for name, key in keys.items() if key}
    if not account_keys:
        raise MissingField("accountId", "give accountId or accountNumber")
    if body.invoice_number:
        check_given_number(body.invoice_number, "invoiceNumber")
    for index, rate in enumerate(body.custom_rates or ()):
        parse_decimal(rate.custom_fx_rate, f"customRates[{index}].customFxRate")
    return CreateDocument(
        scope=call.caller,
        document_id=call.edge.ids.new_id(),
        kind=Kind.INVOICE,
        account_keys=account_keys,
        items=tuple(_new_item(call, index, item) for index, item in enumerate(body.invoice_items)),
        items_field=ITEMS_FIELD,
        number=body.invoice_number or None,
        set_key=body.sequence_set or None,
        currency=body.currency or None,
        document_date=body.invoice_date,
        due_date=body.due_date,
        post=body.status == "Posted",
        fields={**given_fields(body, *_NOT_KEPT), **given_custom_fields(body.custom_fields)},
    )


def update_command(call: Call[Any, None], key: str, body: UpdateInvoice) -> UpdateDocument:
    """The command that a request to change an invoice means.

    Raises: MissingField, InvalidValue.
    """
    changes, added = [], []
    for index, item in enumerate(body.invoice_items or ()):
        if item.id:
            changes.append(_item_change(index, item, item.id))
        else:
            added.append(_added_item(call, index, item))
    return UpdateDocument(
        scope=call.caller,
        kind=Kind.INVOICE,
        key=key,
        document_date=body.invoice_date,
        due_date=body.due_date,
        item_changes=tuple(changes),
        added_items=tuple(added),
        items_field=ITEMS_FIELD,
        fields={**given_fields(body, *_NOT_KEPT), **given_custom_fields(body.custom_fields)},
    )


def reversal_command(call: Call[ReverseInvoice, None]) -> CounterDocument:
    """The command that takes a whole invoice back."""
    return _counter_command(call, reverses=True, fields=given_fields(call.body, "memo_date"))


def write_off_command(call: Call[WriteOffInvoice, None]) -> CounterDocument:
    """The command that writes off what remains of an invoice.

    Raises: InvalidValue.
    """
    body = call.body
    item_fields = {}
    for index, item in enumerate(body.items or ()):
        with within(f"items[{index}]"):
            item_fields[item.invoice_item_id] = _written_off_fields(item)
    fields = {
        **given_fields(body, "amount", "items", "memo_date", "custom_fields"),
        **given_custom_fields(body.custom_fields),
    }
    return _counter_command(call, reverses=False, fields=fields, amount=body.amount, item_fields=item_fields)


def _counter_command(
    call: Call[ReverseInvoice, None] | Call[WriteOffInvoice, None],
    *,
    reverses: bool,
    fields: dict[str, Any],
    amount: Decimal | None = None,
    item_fields: dict[str, dict[str, Any]] | None = None,
) -> CounterDocument:
    new_id = call.edge.ids.new_id
    return CounterDocument(
        scope=call.caller,
        kind=Kind.INVOICE,
        key=call.path_params["key"],
        document_id=new_id(),
        item_ids=tuple(new_id() for _ in range(ITEMS_MAX)),
        application_id=new_id(),
        reverses=reverses,
        document_date=call.body.memo_date,
        amount=amount,
        fields=fields,
        item_fields=item_fields or {},
    )


def _written_off_fields(item: WriteOffInvoiceLine) -> dict[str, Any]:
    """What is kept of a line of a write-off.

    Raises: InvalidValue, for an amount: a write-off takes the whole balance.
    """
    amounts = {"amountWithoutTax": item.amount_without_tax}
    for index, tax in enumerate(item.taxation_items or ()):
        amounts[f"taxationItems[{index}].amount"] = tax.amount
    for name, amount in amounts.items():
        if amount is not None:
            raise InvalidValue(name, amount, "the whole balance is written off; leave this out")
    fields = given_fields(item, "invoice_item_id", "taxation_items", "custom_fields")
    return {**fields, **given_custom_fields(item.custom_fields)}


def _new_item(call: Call[Any, None], index: int, item: CreateInvoiceItem | UpdateInvoiceItem) -> DraftItem:
    path = f"{ITEMS_FIELD}[{index}]"
    if not item.charge_name and not item.product_rate_plan_charge_id:
        raise MissingField(f"{path}.chargeName", "give chargeName or productRatePlanChargeId")
    if item.amount is None:
        raise MissingField(f"{path}.amount", "give what a new item comes to")
    if item.service_start_date is None:
        raise MissingField(f"{path}.serviceStartDate", "give when the service of a new item begins")
    taxes, discounts = item.tax_items or [], item.discount_items or []
    with within(path):
        is_tax_included = _is_tax_included(item.tax_mode, taxes)
        fields = _kept_of_item(item)
        new_id = call.edge.ids.new_id
        if taxes:
            fields["taxItems"] = [{"id": new_id(), **_kept_tax(place, tax)} for place, tax in enumerate(taxes)]
        if discounts:
            kept = [_kept_discount(place, discount) for place, discount in enumerate(discounts)]
            fields["discountItems"] = [{"id": new_id(), **discount} for discount in kept]
    return DraftItem(
        id=new_id(),
        path=path,
        amount=item.amount,
        quantity=Decimal(1) if item.quantity is None else parse_decimal(item.quantity, f"{path}.quantity"),
        description=item.description or "",
        service_start_date=item.service_start_date,
        service_end_date=item.service_end_date,
        fields=fields,
        tax_amounts=tuple(tax.tax_amount for tax in taxes),
        is_tax_included=is_tax_included,
        discount_amounts=tuple(discount.amount for discount in discounts),
    )


def _added_item(call: Call[Any, None], index: int, item: UpdateInvoiceItem) -> DraftItem:
    if item.delete:
        raise MissingField(f"{ITEMS_FIELD}[{index}].id", "name the item that is to be deleted")
    return _new_item(call, index, item)


def _item_change(index: int, item: UpdateInvoiceItem, item_id: str) -> ItemChange:
    path = f"{ITEMS_FIELD}[{index}]"
    for name, given in (("taxItems", item.tax_items), ("discountItems", item.discount_items)):
        if given:
            # Zuora takes taxItems on new items alone; discounts follow, so that an amount has one meaning.
            rule = "only a new item takes it; delete this item and give a new one without an id"
            raise InvalidValue(f"{path}.{name}", f"a list of {len(given)}", rule)
    with within(path):
        fields = _kept_of_item(item)
    return ItemChange(
        id=item_id,
        path=path,
        amount=item.amount,
        quantity=None if item.quantity is None else parse_decimal(item.quantity, f"{path}.quantity"),
        description=item.description,
        service_start_date=item.service_start_date,
        service_end_date=item.service_end_date,
        fields=fields,
        removes=bool(item.delete),
    )


def _kept_of_item(item: InvoiceItemFields) -> dict[str, Any]:
    return {**given_fields(item, *_NOT_KEPT_OF_ITEM), **given_custom_fields(item.custom_fields)}


def _kept_tax(index: int, tax: InvoiceTax) -> dict[str, Any]:
    with within(f"taxItems[{index}]"):
        return {**given_fields(tax, "custom_fields"), **given_custom_fields(tax.custom_fields)}


def _kept_discount(index: int, discount: InvoiceDiscount) -> dict[str, Any]:
    with within(f"discountItems[{index}]"):
        if discount.tax_items:
            rule = "give the tax of the item as it is after the discount, in the taxItems of the item"
            raise InvalidValue("taxItems", f"a list of {len(discount.tax_items)}", rule)
        fields = given_fields(discount, "tax_items", "custom_fields")
        return {**fields, **given_custom_fields(discount.custom_fields)}


def _is_tax_included(tax_mode: str | None, taxes: list[InvoiceTax]) -> bool:
    """Whether the amount of an item has its taxes in it.

    Raises: InvalidValue, where its taxes say different things.
    """
    modes = [tax.tax_mode or tax_mode for tax in taxes]
    for index, mode in enumerate(modes):
        if (mode == TAX_INCLUSIVE) != (modes[0] == TAX_INCLUSIVE):
            rule = "either all taxes of an item are within its amount, or none is"
            raise InvalidValue(f"taxItems[{index}].taxMode", mode, rule)
    return TAX_INCLUSIVE in modes
