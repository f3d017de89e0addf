"""The wire structs of what credit memos and debit memos are asked for. Both share most of their fields."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from seriatim.api.zuora.document_fields import (
    ConnectorFields,
    CustomFields,
    FinanceInformation,
    LineFields,
    NamedLineFields,
    TaxMode,
    TaxRateType,
    TransferStatus,
    WriteOffFields,
    WriteOffLine,
    WriteOffTax,
)
from seriatim.api.zuora.document_query import ListDocuments
from seriatim.api.zuora.payment_fields import ApplicationRequest, CreateRefundRequest, PaymentFinance
from seriatim.api.zuora.wire import PageQuery, Request, Text32, Text40, Text64, Text70, Text100, Text255, Text500
from seriatim.domain.commands.bulk import COMMANDS_MAX
from seriatim.domain.document import ITEMS_MAX


class TaxFinanceInformation(Request, kw_only=True):
    """Accounting codes of a tax."""

    on_account_accounting_code: Text100 | None = None
    sales_tax_payable_accounting_code: Text100 | None = None


class CustomRate(Request, kw_only=True):
    """An exchange rate to the home or the reporting currency."""

    currency: Text100
    custom_fx_rate: Decimal
    rate_date: date | None = None


class Charge(LineFields, kw_only=True):
    """A line of a memo. `amount` and the older `memoItemAmount` say the same: what the line comes to."""

    amount: Decimal | None = None
    charge_id: Text64 | None = None
    description: Text255 | None = None
    finance_information: FinanceInformation | None = None
    memo_item_amount: Decimal | None = None
    product_rate_plan_charge_id: Text64 | None = None
    quantity: Decimal | None = None


class MemoFromCharges(ConnectorFields, kw_only=True):
    """What both kinds of memo share that are created from charges."""

    account_id: Text64 | None = None
    account_number: Text70 | None = None
    auto_post: bool | None = None
    charges: Annotated[list[Charge], Meta(min_length=1, max_length=ITEMS_MAX)]
    comment: Text255 | None = None
    currency: Text64 | None = None
    custom_rates: Annotated[list[CustomRate], Meta(max_length=2)] | None = None
    effective_date: date | None = None
    number: Text255 | None = None
    reason_code: Text255 | None = None


class CreateMemo(MemoFromCharges, kw_only=True):
    """A credit memo to be created from charges."""

    exclude_from_auto_apply_rules: bool | None = None
    origin__ns: Text255 | None = None
    transaction__ns: Text255 | None = None


class CreateDebitMemo(MemoFromCharges, kw_only=True):
    """A debit memo to be created from charges."""

    auto_pay: bool | None = None
    due_date: date | None = None


class TaxFields(Request, kw_only=True):
    """What is told of a tax besides its amount. No tax is computed: the amounts count as they are given."""

    finance_information: TaxFinanceInformation | None = None
    jurisdiction: Text255 | None = None
    location_code: Text255 | None = None
    tax_code: Text255 | None = None
    tax_code_description: Text500 | None = None
    tax_date: date | None = None
    tax_exempt_amount: Decimal | None = None
    tax_name: Text255 | None = None
    tax_rate: Decimal | None = None
    tax_rate_description: Text500 | None = None
    tax_rate_type: TaxRateType | None = None


class NewTax(TaxFields, kw_only=True):
    """A tax of a new line."""

    amount: Decimal | None = None
    source_tax_item_id: Text64 | None = None


class ChangedTax(TaxFields, kw_only=True):
    """What changes in a tax of a line."""

    id: Text64
    amount: Decimal | None = None


class InvoiceLine(NamedLineFields, kw_only=True):
    """A line of a memo made from an invoice."""

    amount: Decimal
    contribute_to_commitment: bool | None = None
    description: Text255 | None = None
    finance_information: FinanceInformation | None = None
    invoice_item_id: Text64 | None = None
    quantity: Decimal | None = None
    tax_items: Annotated[list[NewTax], Meta(max_length=ITEMS_MAX)] | None = None
    tax_mode: TaxMode | None = None


class MemoFromInvoice(ConnectorFields, kw_only=True):
    """What both kinds of memo share that are made from an invoice; without items they mirror the invoice's."""

    auto_post: bool | None = None
    comment: Text255 | None = None
    effective_date: date | None = None
    invoice_id: Text64 | None = None
    items: Annotated[list[InvoiceLine], Meta(max_length=ITEMS_MAX)] | None = None
    reason_code: Text255 | None = None
    tax_auto_calculation: bool | None = None


class CreditMemoFromInvoice(MemoFromInvoice, kw_only=True):
    """A credit memo to be made from an invoice."""

    auto_apply_to_invoice_upon_posting: bool | None = None
    exclude_from_auto_apply_rules: bool | None = None
    origin__ns: Text255 | None = None
    transaction__ns: Text255 | None = None


class DebitMemoFromInvoice(MemoFromInvoice, kw_only=True):
    """A debit memo to be made from an invoice."""

    auto_pay: bool | None = None
    bill_to_contact_id: Text64 | None = None
    sold_to_contact_id: Text64 | None = None
    sold_to_same_as_bill_to: bool | None = None


_SEVERAL = Meta(min_length=1, max_length=COMMANDS_MAX)


def _one_of_several(schema: str) -> Meta:
    """What stands for one memo of a bulk call: it is read by itself, so that it alone fails if it cannot be read."""
    return Meta(extra_json_schema={"$ref": f"#/components/schemas/{schema}"})


class CreditMemosFromCharges(Request, tag_field="sourceType", tag="Standalone", kw_only=True):
    """Several credit memos to be created from charges."""

    memos: Annotated[list[Annotated[msgspec.Raw, _one_of_several("CreateMemo")]], _SEVERAL]


class CreditMemosFromInvoices(Request, tag_field="sourceType", tag="Invoice", kw_only=True):
    """Several credit memos to be made from invoices."""

    memos: Annotated[list[Annotated[msgspec.Raw, _one_of_several("CreditMemoFromInvoice")]], _SEVERAL]


class DebitMemosFromCharges(Request, tag_field="sourceType", tag="Standalone", kw_only=True):
    """Several debit memos to be created from charges."""

    memos: Annotated[list[Annotated[msgspec.Raw, _one_of_several("CreateDebitMemo")]], _SEVERAL]


class DebitMemosFromInvoices(Request, tag_field="sourceType", tag="Invoice", kw_only=True):
    """Several debit memos to be made from invoices."""

    memos: Annotated[list[Annotated[msgspec.Raw, _one_of_several("DebitMemoFromInvoice")]], _SEVERAL]


class ChangedLine(NamedLineFields, kw_only=True):
    """What changes in a line of a draft."""

    id: Text32
    amount: Decimal | None = None
    delete: bool | None = None
    finance_information: FinanceInformation | None = None
    product_rate_plan_charge_id: Text64 | None = None
    quantity: Decimal | None = None
    tax_items: Annotated[list[ChangedTax], Meta(max_length=ITEMS_MAX)] | None = None


class UpdateMemo(ConnectorFields, kw_only=True):
    """What both kinds of memo share in a change."""

    comment: Text255 | None = None
    effective_date: date | None = None
    items: Annotated[list[ChangedLine], Meta(max_length=ITEMS_MAX)] | None = None
    reason_code: Text255 | None = None
    transferred_to_accounting: TransferStatus | None = None


class UpdateCreditMemo(UpdateMemo, kw_only=True):
    """What changes in a credit memo."""

    auto_apply_upon_posting: bool | None = None
    exclude_from_auto_apply_rules: bool | None = None
    origin__ns: Text255 | None = None
    transaction__ns: Text255 | None = None


class UpdateDebitMemo(UpdateMemo, kw_only=True):
    """What changes in a debit memo."""

    auto_pay: bool | None = None
    due_date: date | None = None


class UpdateNamedCreditMemo(UpdateCreditMemo, kw_only=True):
    """One credit memo of several to be changed."""

    id: Text255


class UpdateNamedDebitMemo(UpdateDebitMemo, kw_only=True):
    """One debit memo of several to be changed."""

    id: Text255


class UpdateCreditMemos(Request, kw_only=True):
    """Changes of several credit memos."""

    memos: Annotated[list[UpdateNamedCreditMemo], _SEVERAL]


class UpdateDebitMemos(Request, kw_only=True):
    """Changes of several debit memos."""

    memos: Annotated[list[UpdateNamedDebitMemo], _SEVERAL]


class DueDate(Request, kw_only=True):
    """The new due date of one debit memo, which `id` or the newer `memoKey` names."""

    due_date: date
    id: Text255 | None = None
    memo_key: Text255 | None = None


class UpdateDueDates(Request, kw_only=True):
    """New due dates, all or none."""

    debit_memos: Annotated[list[DueDate], _SEVERAL]


class PostMemo(Request, kw_only=True):
    """What posting a credit memo may change."""

    credit_memo_date: date | None = None


class ApplyMemo(ApplicationRequest, kw_only=True):
    """What a credit memo is to be applied to."""

    application_rule: Literal["ApplyCreditToSourceItemRule"] | None = None


class RefundFinance(PaymentFinance, kw_only=True):
    """Accounting codes of a refund of a credit memo."""

    on_account_accounting_code: Text100 | None = None


class RefundMemo(CreateRefundRequest, kw_only=True):
    """A refund of what is unapplied of a credit memo."""

    finance_information: RefundFinance | None = None
    gateway_id: Text64 | None = None
    items: list[dict[str, Any]] | None = None
    payment_gateway_number: Text40 | None = None
    payment_method_id: Text64 | None = None


class WriteOffMemo(CustomFields, kw_only=True):
    """How a credit memo is to be written off. Custom fields are the debit memo's."""

    comment: Text255 | None = None
    memo_date: date | None = None
    reason_code: Text255 | None = None


class WriteOffDebitMemoLine(WriteOffLine, kw_only=True):
    """A line of a debit memo that is written off."""

    debit_memo_item_id: Text64
    taxation_items: Annotated[list[WriteOffTax], Meta(max_length=ITEMS_MAX)] | None = None


class WriteOffDebitMemo(WriteOffFields, kw_only=True):
    """How the credit memo that writes a debit memo off is made."""

    items: Annotated[list[WriteOffDebitMemoLine], Meta(max_length=ITEMS_MAX)] | None = None


class ReverseMemo(WriteOffMemo, kw_only=True):
    """How a credit memo is to be reversed."""

    apply_effective_date: date | None = None


class ListCreditMemos(ListDocuments, kw_only=True):
    """Which credit memos to list."""

    applied_amount: Decimal | None = None
    auto_apply_upon_posting: bool | None = None
    credit_memo_date: date | None = None
    exclude_from_auto_apply_rules: bool | None = None
    referred_invoice_id: str | None = None
    refund_amount: Decimal | None = None
    target_date: date | None = None
    tax_amount: Decimal | None = None
    total_tax_exempt_amount: Decimal | None = None
    transferred_to_accounting: TransferStatus | None = None
    unapplied_amount: Decimal | None = None


class ListDebitMemos(ListDocuments, kw_only=True):
    """Which debit memos to list."""

    balance: Decimal | None = None
    be_applied_amount: Decimal | None = None
    debit_memo_date: date | None = None
    due_date: date | None = None
    referred_invoice_id: str | None = None
    target_date: date | None = None
    tax_amount: Decimal | None = None
    total_tax_exempt_amount: Decimal | None = None


class ListItems(PageQuery, kw_only=True):
    """What lists of items are narrowed and sorted by, for both kinds of memo."""

    amount: Decimal | None = None
    created_by_id: str | None = None
    created_date: str | None = None
    id: str | None = None
    service_end_date: date | None = None
    service_start_date: date | None = None
    sku: str | None = None
    sku_name: str | None = None
    sort: str | None = None
    source_item_id: str | None = None
    subscription_id: str | None = None
    updated_by_id: str | None = None
    updated_date: str | None = None


class ListCreditItems(ListItems, kw_only=True):
    """Which items of a credit memo to list."""

    applied_amount: Decimal | None = None
    refund_amount: Decimal | None = None


class ListDebitItems(ListItems, kw_only=True):
    """Which items of a debit memo to list."""

    be_applied_amount: Decimal | None = None
