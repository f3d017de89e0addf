"""The fields of invoices and their items that Zuora documents. Most are kept as they come and read back."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from seriatim.api.zuora.account_fields import ContactFields
from seriatim.api.zuora.document_fields import (
    ConnectorFields,
    CustomFields,
    ExchangeRate,
    FinanceInformation,
    TaxMode,
    TaxRateType,
    TransferStatus,
    WriteOffFields,
    WriteOffLine,
    WriteOffTax,
)
from seriatim.api.zuora.wire import (
    Request,
    Text32,
    Text50,
    Text64,
    Text70,
    Text100,
    Text255,
    Text500,
)
from seriatim.domain.commands.bulk import COMMANDS_MAX
from seriatim.domain.document import ITEMS_MAX

TAXES_MAX = 5
DISCOUNTS_MAX = 10
TAX_INCLUSIVE = "TaxInclusive"

ChargeName = Annotated[str, Meta(max_length=130)]
TaxName = Annotated[str, Meta(min_length=1, max_length=128)]
RecognitionTrigger = Literal["ContractEffectiveDate", "ServiceActivationDate", "CustomerAcceptanceDate"]


class InvoiceTax(CustomFields, kw_only=True):
    """A tax of an item, as the caller has computed it."""

    exempt_amount: Decimal | None = None
    jurisdiction: Text255 | None = None
    location_code: Text32 | None = None
    name: TaxName
    tax_amount: Decimal
    tax_code: Text64 | None = None
    tax_code_description: Text255 | None = None
    tax_date: date | None = None
    tax_mode: TaxMode | None = None
    tax_rate: Decimal | None = None
    tax_rate_description: Text255 | None = None
    tax_rate_type: TaxRateType | None = None


class InvoiceLineFields(ConnectorFields, kw_only=True):
    """What an item and a discount have in common."""

    accounting_code: Text100 | None = None
    accounts_receivable_accounting_code: Text100 | None = None
    adjustment_liability_accounting_code: Text100 | None = None
    adjustment_revenue_accounting_code: Text100 | None = None
    booking_reference: Text100 | None = None
    charge_date: Text64 | None = None
    charge_name: ChargeName | None = None
    contract_asset_accounting_code: Text100 | None = None
    contract_liability_accounting_code: Text100 | None = None
    contract_recognized_revenue_accounting_code: Text100 | None = None
    deferred_revenue_accounting_code: Text100 | None = None
    description: Text500 | None = None
    item_type: Text50 | None = None
    product_rate_plan_charge_id: Text64 | None = None
    purchase_order_number: Text100 | None = None
    recognized_revenue_accounting_code: Text100 | None = None
    rev_rec_code: Text100 | None = None
    rev_rec_trigger_condition: RecognitionTrigger | None = None
    revenue_recognition_rule_name: Text50 | None = None
    sku: Text255 | None = None
    tax_items: Annotated[list[InvoiceTax], Meta(max_length=TAXES_MAX)] | None = None
    unbilled_receivables_accounting_code: Text100 | None = None
    unit_price: Decimal | None = None


class InvoiceDiscount(InvoiceLineFields, kw_only=True):
    """A discount on an item: an amount of zero or less."""

    amount: Decimal


class InvoiceItemFields(InvoiceLineFields, kw_only=True):
    """What an item may carry, on creation and later."""

    discount_items: Annotated[list[InvoiceDiscount], Meta(max_length=DISCOUNTS_MAX)] | None = None
    exclude_item_billing_from_revenue_accounting: bool | None = None
    quantity: Decimal | None = None
    rev_rec_start_date: date | None = None
    service_end_date: date | None = None
    tax_code: Text64 | None = None
    tax_mode: TaxMode | None = None
    uom: Text255 | None = None


class CreateInvoiceItem(InvoiceItemFields, kw_only=True):
    """An item of a new invoice."""

    amount: Decimal
    service_start_date: date


class UpdateInvoiceItem(InvoiceItemFields, kw_only=True):
    """What changes in an item, by its id; without an id it is a new one. A discount that is there stays as it is."""

    id: Text64 | None = None
    amount: Decimal | None = None
    delete: bool | None = None
    service_start_date: date | None = None


class InvoiceContact(ContactFields, kw_only=True):
    """A contact that is named for this invoice alone."""

    first_name: Text100
    last_name: Text100


class InvoiceFields(ConnectorFields, kw_only=True):
    """What an invoice may carry, on creation and later, and Seriatim does not act on."""

    auto_pay: bool | None = None
    comments: Text255 | None = None
    template_id: Text64 | None = None
    transferred_to_accounting: TransferStatus | None = None


class CreateInvoice(InvoiceFields, kw_only=True):
    """A standalone invoice to be created."""

    account_id: Text64 | None = None
    account_number: Text70 | None = None
    bill_to_contact: InvoiceContact | None = None
    bill_to_contact_id: Text64 | None = None
    communication_profile_id: Text64 | None = None
    currency: Text64 | None = None
    custom_rates: Annotated[list[ExchangeRate], Meta(max_length=2)] | None = None
    due_date: date | None = None
    invoice_date: date
    invoice_items: Annotated[list[CreateInvoiceItem], Meta(min_length=1, max_length=ITEMS_MAX)]
    invoice_number: Text255 | None = None
    payment_term: Text100 | None = None
    sequence_set: Text50 | None = None
    ship_to_contact: InvoiceContact | None = None
    ship_to_contact_id: Text64 | None = None
    ship_to_same_as_bill_to: bool | None = None
    sold_to_contact: InvoiceContact | None = None
    sold_to_contact_id: Text64 | None = None
    sold_to_same_as_bill_to: bool | None = None
    status: Literal["Draft", "Posted"] | None = None


_ONE_OF_SEVERAL = Meta(extra_json_schema={"$ref": "#/components/schemas/CreateInvoice"})


class CreateInvoices(Request, kw_only=True):
    """Up to 50 invoices to be created: each alone, or with `useSingleTransaction` all or none."""

    invoices: Annotated[
        list[Annotated[msgspec.Raw, _ONE_OF_SEVERAL]],
        Meta(min_length=1, max_length=COMMANDS_MAX),
    ]
    """Each is read by itself, so that one that cannot be read does not fail the others."""
    use_single_transaction: bool | None = None


class PostInvoiceBody(Request, kw_only=True):
    """What posting may change."""

    invoice_date: date | None = None


class PostOneOfSeveral(PostInvoiceBody, kw_only=True):
    """An invoice to be posted, by its id or number."""

    id: Text64


class PostInvoices(Request, kw_only=True):
    """Up to 50 invoices to be posted, each alone."""

    invoices: Annotated[list[PostOneOfSeveral], Meta(min_length=1, max_length=COMMANDS_MAX)]


class UpdateInvoice(InvoiceFields, kw_only=True):
    """What changes in an invoice."""

    due_date: date | None = None
    invoice_date: date | None = None
    invoice_items: Annotated[list[UpdateInvoiceItem], Meta(min_length=1, max_length=ITEMS_MAX)] | None = None


class UpdateOneOfSeveral(UpdateInvoice, kw_only=True):
    """What changes in one of several invoices, by its id or number."""

    id: Text64


class UpdateInvoices(Request, kw_only=True):
    """Changes of up to 50 invoices, all or none."""

    invoices: Annotated[list[UpdateOneOfSeveral], Meta(min_length=1, max_length=COMMANDS_MAX)]


class ReverseInvoice(Request, kw_only=True):
    """How the credit memo that reverses an invoice is made."""

    apply_effective_date: date | None = None
    comment: Text255 | None = None
    memo_date: date | None = None
    reason_code: Text255 | None = None


class WriteOffInvoiceTax(WriteOffTax, kw_only=True):
    """A tax of a line of an invoice that is written off; it has to be named."""

    taxation_item_id: Text64


class WriteOffInvoiceLine(WriteOffLine, kw_only=True):
    """A line of an invoice that is written off."""

    finance_information: FinanceInformation | None = None
    invoice_item_id: Text64
    taxation_items: Annotated[list[WriteOffInvoiceTax], Meta(max_length=ITEMS_MAX)] | None = None


class WriteOffInvoice(WriteOffFields, kw_only=True):
    """How the credit memo that writes an invoice off is made."""

    items: Annotated[list[WriteOffInvoiceLine], Meta(max_length=ITEMS_MAX)] | None = None
    tax_auto_calculation: bool | None = None
