"""The reference for pages of documents that are kept by their first and last row."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.document import Document
from seriatim.domain.money import CURRENCY_EXPONENTS, to_decimal
from seriatim.service.pages import COUNTED_MAX, Comparison, Condition, Cursor, Page, PageField, PageQuery

_AMOUNTS = frozenset({PageField.GROSS_TOTAL, PageField.NET_TOTAL})


def page_of(documents: Collection[Document], accounts: Mapping[str, Account], query: PageQuery) -> Page:
    """The page of these documents that a query asks for."""
    of_kind = [row for row in documents if (row.entity_id, row.kind) == (query.entity_id, query.kind)]
    horizon = _horizon(of_kind, query)
    found = [
        document
        for document in of_kind
        if document.id >= horizon
        and (query.org_ids is None or document.org_id in query.org_ids)
        and all(_meets(document, accounts, condition) for condition in query.conditions)
    ]
    ends: list[tuple[Cursor, Document]] = [
        ((_sort_value(document, accounts, query.sort), document.id), document) for document in found
    ]
    ends.sort(key=lambda end: end[0], reverse=query.descends)
    after = _beyond(query.after, descends=query.descends)
    before = _beyond(query.before, descends=not query.descends)
    left = [end for end in ends if after(end[0]) and before(end[0])]
    page = left[-query.limit :] if query.before is not None else left[: query.limit]
    has_more = len(left) > len(page)
    given = query.after is not None or query.before is not None
    turns = query.before is not None
    if horizon and not has_more:
        return Page([row for _, row in page], page[0][0] if given and page else None, (horizon, horizon), None)
    return Page(
        [document for _, document in page],
        before=page[0][0] if page and (has_more if turns else given) else None,
        after=page[-1][0] if page and (given if turns else has_more) else None,
        total=len(found) if query.counts and len(found) <= COUNTED_MAX else None,
    )


def _horizon(documents: list[Document], query: PageQuery) -> str:
    """The id of the oldest document that may be looked at; the empty text: all may."""
    if query.looks_at_max is None:
        return ""
    ids = sorted((row.id for row in documents if query.after is None or row.id < query.after[1]), reverse=True)
    return ids[query.looks_at_max] if len(ids) > query.looks_at_max else ""


def _beyond(cursor: Cursor | None, *, descends: bool) -> Callable[[Cursor], bool]:
    """Whether a row comes behind a cursor, in the given direction."""
    if cursor is None:
        return lambda _: True
    if descends:
        return lambda end: end < cursor
    return lambda end: end > cursor


def _value(document: Document, accounts: Mapping[str, Account], field: PageField) -> str:
    said = document.particulars
    values: Mapping[PageField, Callable[[], Any]] = {
        PageField.ACCOUNT_ID: lambda: document.account_id,
        PageField.ACCOUNTING_DATE: lambda: (said and said.accounting_date) or document.document_date,
        PageField.AGE: lambda: document.id,
        PageField.CURRENCY: lambda: document.currency,
        PageField.CUSTOMER_NAME: lambda: said.customer_name if said else accounts[document.account_id].name,
        PageField.DOCUMENT_DATE: lambda: document.document_date,
        PageField.DUE_DATE: lambda: document.due_date or "",
        PageField.HAS_QUANTITY: lambda: int(any(item.quantity is None or item.quantity for item in document.items)),
        PageField.NUMBER: lambda: document.number if document.has_issued_number or document.number_given else "",
        PageField.PAYMENT_STATUS: lambda: document.payment_status,
        PageField.SENT_ON: lambda: document.sent_at.date() if document.sent_at else "",
        PageField.SHOWN_NUMBER: lambda: document.number,
        PageField.STAGE: lambda: document.stage,
        PageField.STATUS: lambda: document.status,
        PageField.SUBSCRIPTION_ID: lambda: said.fields.get("billingScheduleId", "") if said else "",
    }
    return str(values[field]())


def _amount(document: Document, field: PageField) -> Decimal:
    minor = document.amount_minor - (document.tax_minor if field is PageField.NET_TOTAL else 0)
    return to_decimal(minor, document.currency)


def _sort_value(document: Document, accounts: Mapping[str, Account], field: PageField) -> str | float:
    if field in _AMOUNTS:
        minor = document.amount_minor - (document.tax_minor if field is PageField.NET_TOTAL else 0)
        return minor / 10.0 ** CURRENCY_EXPONENTS[document.currency]
    return _value(document, accounts, field)


def _meets(document: Document, accounts: Mapping[str, Account], condition: Condition) -> bool:
    comparison, values = condition.comparison, condition.values
    if condition.field in _AMOUNTS:
        is_one = _amount(document, condition.field) in {_decimal(text) for text in values}
        return is_one if comparison is Comparison.IN else not is_one
    value = _value(document, accounts, condition.field)
    if comparison in (Comparison.IN, Comparison.NOT_IN):
        return (value in values) == (comparison is Comparison.IN)
    if comparison in (Comparison.CONTAINS, Comparison.CONTAINS_NOT):
        return (values[0].lower() in value.lower()) == (comparison is Comparison.CONTAINS)
    return value != "" and (value < values[0] if comparison is Comparison.BEFORE else value > values[0])


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
