"""The filters and the sorting that Zuora's lists of documents share."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from seriatim.api.zuora.wire import PageQuery
from seriatim.domain.client import Scope
from seriatim.domain.document import Status
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidQuery
from seriatim.service.ports import DocumentQuery, SortField

T = TypeVar("T")

SORTED_BY_MAX = 2
"""Fields that one list may be sorted by, as Zuora documents."""

SORTABLE = {
    "accountId": SortField.ACCOUNT_ID,
    "amount": SortField.AMOUNT,
    "createdById": SortField.CREATED_BY,
    "createdDate": SortField.CREATED_AT,
    "documentDate": SortField.DOCUMENT_DATE,
    "number": SortField.NUMBER,
    "status": SortField.STATUS,
    "updatedDate": SortField.UPDATED_AT,
}

_TIME_FORMS = (
    ("%Y-%m-%d %H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%d", timedelta(days=1)),
    # Zuora's SDK makes a time of midnight of a date, and writes times like this.
    ("%Y-%m-%dT00:00:00.000000", timedelta(days=1)),
    ("%Y-%m-%dT%H:%M:%S.%f", timedelta(seconds=1)),
)
"""How a filter names a time or a day, in UTC unless it ends in a zone, and how long that lasts."""
_ENDS_IN_ZONE = re.compile(r"T.*[+-][0-9]{4}$")


class ListDocuments(PageQuery, kw_only=True):
    """Which documents to list."""

    account_id: str | None = None
    account_number: str | None = None
    amount: Decimal | None = None
    created_by_id: str | None = None
    created_date: str | None = None
    currency: str | None = None
    number: str | None = None
    sort: str | None = None
    status: str | None = None
    updated_by_id: str | None = None
    updated_date: str | None = None


def to_query(
    caller: Scope,
    kind: Kind,
    query: ListDocuments,
    document_date: date | None,
    sortable: Mapping[str, SortField | None],
    status_names: Mapping[Status, str],
) -> DocumentQuery:
    """The page of documents that a query means, with one row more, which tells whether there is a next page.

    What `sortable` maps to None is the same for all documents, and sorts nothing.

    Raises: InvalidQuery.
    """
    created = span_of("createdDate", query.created_date)
    updated = span_of("updatedDate", query.updated_date)
    return DocumentQuery(
        entity_id=caller.entity_id,
        kind=kind,
        org_ids=caller.org_ids,
        account_id=query.account_id,
        account_number=query.account_number,
        number=query.number,
        status=_status(query.status, status_names),
        currency=query.currency,
        amount=amount_filter("amount", query.amount),
        created_by=query.created_by_id,
        updated_by=query.updated_by_id,
        document_date=document_date,
        created_from=created[0],
        created_before=created[1],
        updated_from=updated[0],
        updated_before=updated[1],
        sort=_sort(query.sort, sortable),
        offset=query.offset,
        limit=query.page_size + 1,
    )


def _status(name: str | None, status_names: Mapping[Status, str]) -> Status | None:
    if name is None:
        return None
    for status, shown in status_names.items():
        if shown == name:
            return status
    raise InvalidQuery("status", name, f"give one of {', '.join(status_names.values())}")


def amount_filter(name: str, amount: Decimal | None) -> str | None:
    """An amount to filter by as text, if there is one.

    Raises: InvalidQuery, for what is no finite decimal.
    """
    if amount is None:
        return None
    if not amount.is_finite():
        raise InvalidQuery(name, amount, "give a decimal number such as 100.10")
    return str(amount)


def span_of(name: str, text: str | None) -> tuple[datetime | None, datetime | None]:
    """The second or the day that a filter names, as the times from and before which it lasts."""
    if text is None:
        return None, None
    zone = "" if _ENDS_IN_ZONE.search(text) else "+0000"
    for form, length in _TIME_FORMS:
        try:
            began_at = datetime.strptime(f"{text}{zone}", f"{form}%z").astimezone(UTC).replace(microsecond=0)
            return began_at, began_at + length
        except (ValueError, OverflowError):  # The last day that a date can name has no end.
            continue
    raise InvalidQuery(name, text, "give a date or a time in UTC such as 2026-03-01 or 2026-03-01 14:28:06")


def date_filter(name: str, text: str | None) -> date | None:
    """A day to filter by, if there is one; Zuora's SDK writes some as times.

    Raises: InvalidQuery.
    """
    began_at, _ = span_of(name, text)
    return None if began_at is None else began_at.date()


def _sort(text: str | None, sortable: Mapping[str, SortField | None]) -> tuple[tuple[SortField, bool], ...]:
    chosen = tuple((name, descends) for name, descends in sorted_by(text, sortable) if name is not None)
    return chosen or ((SortField.NUMBER, True),)


def sorted_by(text: str | None, sortable: Mapping[str, T]) -> list[tuple[T, bool]]:
    """The fields to sort by, with whether they descend: `-` ascends, `+` or nothing descends (as Zuora documents).

    A `+` in a query string reads as a blank unless it is percent-encoded; both are understood.
    Raises: InvalidQuery.
    """
    if text is None:
        return []
    parts = text.split(",")
    if len(parts) > SORTED_BY_MAX:
        raise InvalidQuery("sort", text, f"sort by at most {SORTED_BY_MAX} fields")
    chosen = []
    for part in parts:
        name = part.strip(" +-")
        if name not in sortable:
            raise InvalidQuery("sort", text, f"sort by {', '.join(sorted(sortable))}, with - or + in front")
        chosen.append((sortable[name], not part.strip().startswith("-")))
    return chosen
