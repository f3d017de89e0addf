"""What callers say of credit notes and invoices alike: particulars, lines, groups; and how it is read."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, to_builtins

from seriatim.api.sequence.versions import currencies
from seriatim.api.sequence.wire import (
    AddressRequest,
    DecimalText,
    Emails,
    ExternalId,
    Id,
    Pairs,
    Request,
    RequiredText255,
    Text40,
    Text255,
    Text5000,
    read_address,
    read_date,
    read_decimal,
    read_emails,
    read_pairs,
)
from seriatim.domain.commands.note_drafts import Said
from seriatim.domain.commands.note_lines import NoteLine
from seriatim.domain.document import Item
from seriatim.domain.particulars import Group
from seriatim.errors import InvalidValue
from seriatim.http.endpoint import Call

EXTERNAL_IDS_MAX = 50
INVOICE_LINES_OF_A_LINE_MAX = 100
DATE_CHARACTERS = len("2022-10-01")

SettingPreference = Literal["ENABLED", "DISABLED"]
RateDisplay = Literal["ABSOLUTE", "PERCENTAGE"]
RevenueRecognitionMethod = Literal["STRAIGHT_LINE", "USAGE", "MILESTONE", "POINT_IN_TIME"]
RevenueClassification = Literal["PREPAYMENT", "EARNED", "BURNDOWN"]
ExternalIds = Annotated[list[ExternalId], Meta(max_length=EXTERNAL_IDS_MAX)]

CASH_CREDIT_GRANT = "generateCashCreditGrant"
EXTERNAL_IDS = "externalIds"
INVOICE_LINE_IDS = "invoiceLineItemIds"
RATE_DISPLAY = "rateDisplay"
PERIOD_START = "servicePeriodStart"
PERIOD_END = "servicePeriodEnd"


class ParticularsRequest(Request, kw_only=True):
    """What both nouns carry besides lines. A text that is empty takes away what was said before."""

    purchase_order_number: Text255 | None = None
    customer_emails: Emails | None = None
    customer_legal_company_name: RequiredText255 | None = None
    customer_billing_address: AddressRequest | None = None
    customer_shipping_address: AddressRequest | None = None
    memo: Text5000 | None = None
    metadata: Pairs | None = None
    accounting_date: Text40 | None = None


class PeriodRequest(Request, kw_only=True):
    """Days from the first to the last, both included."""

    start: Text40
    end_inclusive: Text40


class DaysRequest(Request, kw_only=True):
    """The days of a service, as lines of invoices name them."""

    start_date: Text40
    end_date: Text40


class LineRequest(Request, kw_only=True):
    """What lines of both nouns have in common."""

    title: RequiredText255
    description: Text5000 | None = None
    quantity: DecimalText
    rate: DecimalText
    tax_rate: DecimalText
    rate_display: RateDisplay | None = None
    external_ids: ExternalIds | None = None
    revenue_recognition_method: RevenueRecognitionMethod | None = None
    revenue_classification: RevenueClassification | None = None
    product_id: Id | None = None


class ChangeCreditLine(LineRequest, kw_only=True):
    """`PUT /credit-notes/{creditnote}/line-items/{id}`."""

    service_period: PeriodRequest | None = None


class CreateCreditLine(ChangeCreditLine, kw_only=True):
    """`POST /credit-notes/{creditnote}/line-items`."""

    credit_note_id: Id | None = None
    group_id: Id | None = None
    line_item_id: Id | None = None
    invoice_line_item_ids: Annotated[list[Id], Meta(max_length=INVOICE_LINES_OF_A_LINE_MAX)] | None = None


class InvoiceLineRequest(LineRequest, kw_only=True):
    """`POST` and `PUT` below `/invoices/{invoice}/line-items`."""

    service_period_start: Text40 | None = None
    service_period_end: Text40 | None = None
    service_period: DaysRequest | None = None
    group_id: Id | None = None
    price_id: Id | None = None
    credit_grant_id: Id | None = None


class GroupRequest(Request, kw_only=True):
    """What groups of both nouns have in common, and all that an update of a credit note's says."""

    title: RequiredText255
    description: Text5000 | None = None


class CreateCreditGroup(GroupRequest, kw_only=True):
    """`POST /credit-notes/{creditnote}/line-item-groups`."""

    line_item_group_id: Id | None = None


class CreateInvoiceGroup(GroupRequest, kw_only=True):
    """`POST /invoices/{invoice}/line-item-groups`."""

    tax_category_id: Id | None = None
    revenue_recognition_method: RevenueRecognitionMethod | None = None
    revenue_classification: RevenueClassification | None = None
    service_period: PeriodRequest | None = None


class ChangeInvoiceGroup(CreateInvoiceGroup, kw_only=True):
    """`PUT /invoices/{invoice}/line-item-groups/{id}`."""

    index: int | None = None


def read_currency(call: Call[Any, Any], currency: str) -> str:
    """Give back a currency in which a document may be made.

    Raises: InvalidValue, for one that the version does not know.
    """
    if currency not in currencies(call.api_version):
        rule = f"give a currency of version {call.api_version} such as EUR"
        raise InvalidValue("currency", currency, rule)
    return currency


def read_particulars(body: ParticularsRequest) -> dict[str, Any]:
    """What a request says of a document, as the domain names it; what it leaves out is not in it.

    Raises: InvalidValue.
    """
    said: dict[str, Any] = {}
    if body.customer_legal_company_name is not None:
        said["customer_name"] = body.customer_legal_company_name
    if body.customer_billing_address is not None:
        said["billing_address"] = read_address(body.customer_billing_address, "customerBillingAddress")
    if body.customer_shipping_address is not None:
        said["shipping_address"] = read_address(body.customer_shipping_address, "customerShippingAddress")
    if body.customer_emails is not None:
        said["emails"] = read_emails(body.customer_emails, "customerEmails")
    if body.metadata is not None:
        said["metadata"] = read_pairs(body.metadata, "metadata")
    if body.accounting_date is not None:
        said["accounting_date"] = read_date(body.accounting_date, "accountingDate") if body.accounting_date else None
    return {**said, **read_texts(memo=body.memo, purchase_order_number=body.purchase_order_number)}


def read_texts(**texts: str | None) -> Said:
    """Texts that were given; an empty one says that there is none any more."""
    return {name: text or None for name, text in texts.items() if text is not None}


def read_period(start: str | None, end: str | None, name: str) -> Said:
    """Where a billing period begins and ends: days or times, kept as they came. `name` is that of the first field.

    Raises: InvalidValue.
    """
    for field, text in ((f"{name}Start", start), (f"{name}End", end)):
        if text:
            _check_moment(text, field)
    if start and end and end[:DATE_CHARACTERS] < start[:DATE_CHARACTERS]:
        raise InvalidValue(f"{name}End", end, f"give a day that is not before {name}Start")
    return read_texts(billing_period_start=start, billing_period_end=end)


def read_days(period: PeriodRequest | DaysRequest | None, name: str = "servicePeriod") -> tuple[date, date] | None:
    """The first and the last day of a period.

    Raises: InvalidValue.
    """
    if period is None:
        return None
    if isinstance(period, PeriodRequest):
        names, texts = ("start", "endInclusive"), (period.start, period.end_inclusive)
    else:
        names, texts = ("startDate", "endDate"), (period.start_date, period.end_date)
    first, last = (read_date(text, f"{name}.{part}") for part, text in zip(names, texts, strict=True))
    if last < first:
        raise InvalidValue(f"{name}.{names[1]}", texts[1], f"give a day that is not before {name}.{names[0]}")
    return first, last


def read_line(body: LineRequest, before: Item | None = None) -> NoteLine:
    """A line as it is to be; `before` is the line that is changed, which keeps what the request leaves out.

    Raises: InvalidValue.
    """
    given = {
        EXTERNAL_IDS: None if body.external_ids is None else to_builtins(body.external_ids),
        RATE_DISPLAY: body.rate_display,
        "revenueRecognitionMethod": body.revenue_recognition_method,
        "revenueClassification": body.revenue_classification,
        "productId": body.product_id,
    }
    details = None if before is None else before.details
    group_id = None if details is None else details.group_id
    source_id = None if before is None else before.source_item_id
    days = (None, None) if before is None else (before.service_start_date, before.service_end_date)
    if isinstance(body, CreateCreditLine):
        refunded = body.invoice_line_item_ids or []
        only_refunded = refunded[0] if len(refunded) == 1 else None
        group_id, source_id = body.group_id or None, body.line_item_id or only_refunded
        given[INVOICE_LINE_IDS] = refunded or None
    if isinstance(body, ChangeCreditLine):
        days = read_days(body.service_period) or days
    if isinstance(body, InvoiceLineRequest):
        group_id = group_id if body.group_id is None else body.group_id or None
        given |= {"priceId": body.price_id, "creditGrantId": body.credit_grant_id}
        given |= {PERIOD_START: body.service_period_start, PERIOD_END: body.service_period_end}
        days = _invoice_days(body) or days
    kept: Mapping[str, Any] = {} if details is None else details.fields
    return NoteLine(
        title=body.title,
        description=body.description if body.description is not None else "" if before is None else before.description,
        quantity=read_decimal(body.quantity, "quantity"),
        rate=read_decimal(body.rate, "rate"),
        tax_rate=read_decimal(body.tax_rate, "taxRate"),
        group_id=group_id,
        source_item_id=source_id,
        service_start_date=days[0],
        service_end_date=days[1],
        fields={**kept, **{name: value for name, value in given.items() if value is not None}},
    )


def read_group(body: GroupRequest, group_id: str, before: Group | None = None) -> Group:
    """A group as it is to be; `before` is the group that is changed, which keeps what the request leaves out.

    Raises: InvalidValue.
    """
    source_id = None if before is None else before.source_group_id
    description = None if before is None else before.description
    given: dict[str, Any] = {}
    if isinstance(body, CreateCreditGroup):
        source_id = body.line_item_group_id or None
    if isinstance(body, CreateInvoiceGroup):
        read_days(body.service_period)
        given = {
            "taxCategoryId": body.tax_category_id,
            "revenueRecognitionMethod": body.revenue_recognition_method,
            "revenueClassification": body.revenue_classification,
            "servicePeriod": None if body.service_period is None else to_builtins(body.service_period),
        }
    return Group(
        group_id,
        body.title,
        description if body.description is None else body.description or None,
        source_id,
        {
            **({} if before is None else before.fields),
            **{name: value for name, value in given.items() if value is not None},
        },
    )


def _invoice_days(body: InvoiceLineRequest) -> tuple[date, date] | None:
    """The days of a line's service, however the request names them.

    Raises: InvalidValue.
    """
    days = read_days(body.service_period)
    start, end = body.service_period_start, body.service_period_end
    for name, text in ((PERIOD_START, start), (PERIOD_END, end)):
        if text:
            _check_moment(text, name)
    if days is not None or not start or not end:
        return days
    if end[:DATE_CHARACTERS] < start[:DATE_CHARACTERS]:
        raise InvalidValue(PERIOD_END, end, f"give a time that is not before {PERIOD_START}")
    return date.fromisoformat(start[:DATE_CHARACTERS]), date.fromisoformat(end[:DATE_CHARACTERS])


def _check_moment(text: str, field: str) -> None:
    """Check that a text is a day or a time (ISO 8601).

    Raises: InvalidValue.
    """
    try:
        read_date(text[:DATE_CHARACTERS], field)
        datetime.fromisoformat(text)
    except (ValueError, InvalidValue):
        raise InvalidValue(field, text, "give a time such as 2022-10-01T00:00:00Z, or a date") from None
