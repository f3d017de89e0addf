"""The parts of requests that several kinds of documents share: the same fields, with the same limits."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from seriatim.api.zuora.wire import Request, Text64, Text100, Text255
from seriatim.http.decoding import CUSTOM_FIELDS

CurrencyCode = Annotated[str, Meta(max_length=3)]
TaxMode = Literal["TaxExclusive", "TaxInclusive"]
TaxRateType = Literal["Percentage", "FlatFee"]
TransferStatus = Literal["Processing", "Yes", "No", "Error", "Ignore"]


class CustomFields(Request, kw_only=True):
    """What may carry fields of the caller's own."""

    custom_fields: dict[str, Any] = field(name=CUSTOM_FIELDS, default_factory=dict)


class ConnectorFields(CustomFields, kw_only=True):
    """What a connector to NetSuite keeps with every document; with most kinds there is more."""

    integration_id__ns: Text255 | None = None
    integration_status__ns: Text255 | None = None
    sync_date__ns: Text255 | None = None


class ExchangeRate(Request, kw_only=True):
    """An exchange rate of an invoice, payment or refund to the home or the reporting currency."""

    currency: CurrencyCode
    custom_fx_rate: Decimal
    rate_date: date | None = None


class FinanceInformation(Request, kw_only=True):
    """Accounting codes of a line of a memo."""

    deferred_revenue_accounting_code: Text100 | None = None
    on_account_accounting_code: Text100 | None = None
    recognized_revenue_accounting_code: Text100 | None = None
    revenue_recognition_rule_name: Text100 | None = None


class LineFields(CustomFields, kw_only=True):
    """What a line of a memo carries, whatever the memo is made from."""

    comment: Text255 | None = None
    exclude_item_billing_from_revenue_accounting: bool | None = None
    service_end_date: date | None = None
    service_start_date: date | None = None


class NamedLineFields(LineFields, kw_only=True):
    """What a line of a memo carries that stands for a line of another document."""

    sku_name: Text255 | None = None
    unit_of_measure: Text255 | None = None


class WriteOffLine(NamedLineFields, kw_only=True):
    """A line of a write-off. The whole balance is written off: no line has an amount of its own."""

    amount_without_tax: Decimal | None = None


class WriteOffTax(Request, kw_only=True):
    """A tax of a line of a write-off."""

    amount: Decimal | None = None
    taxation_item_id: Text64 | None = None


class WriteOffFields(ConnectorFields, kw_only=True):
    """How the credit memo that writes an invoice or a debit memo off is made."""

    amount: Decimal | None = None
    comment: Text255 | None = None
    memo_date: date | None = None
    non_revenue_write_off_accounting_code: Text100 | None = None
    origin__ns: Text255 | None = None
    reason_code: Text255 | None = None
    revenue_impacting: Literal["Yes", "No"] | None = None
    transaction__ns: Text255 | None = None
