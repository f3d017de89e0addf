"""Pages that are kept by their first and last row, so that what is added meanwhile moves nothing (keyset paging)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from seriatim.domain.document import Document
from seriatim.domain.numbering import Kind

COUNTED_MAX = 10_000
"""Rows up to which a page tells how many there are in all: counting more would cost more than the page."""

Cursor = tuple[str | int | float, str]
"""What a row is sorted by, and its id."""


class PageField(StrEnum):
    """What documents can be narrowed and sorted by, page by page."""

    ACCOUNT_ID = "account_id"
    ACCOUNTING_DATE = "accounting_date"
    AGE = "age"
    """The order in which they were created."""
    CURRENCY = "currency"
    CUSTOMER_NAME = "customer_name"
    DOCUMENT_DATE = "document_date"
    DUE_DATE = "due_date"
    GROSS_TOTAL = "gross_total"
    HAS_QUANTITY = "has_quantity"
    """`1` if a line has any quantity, else `0`."""
    NET_TOTAL = "net_total"
    NUMBER = "number"
    """The issued number; of a draft without one the empty text."""
    PAYMENT_STATUS = "payment_status"
    SENT_ON = "sent_on"
    """The day it was sent, in UTC; the empty text before."""
    SHOWN_NUMBER = "shown_number"
    """The number that a document shows, also a draft's."""
    STAGE = "stage"
    STATUS = "status"
    SUBSCRIPTION_ID = "subscription_id"


class Comparison(StrEnum):
    """How a field is compared with the values of a condition. Texts are compared as they stand, amounts as decimals."""

    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    """Whether the first value is part of it; the case of letters does not matter."""
    CONTAINS_NOT = "contains_not"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Condition:
    """What documents must meet. A date that is missing is neither before nor after any other."""

    field: PageField
    comparison: Comparison
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """One page of the documents of one kind of an entity."""

    entity_id: str
    kind: Kind
    org_ids: Collection[str] | None = None
    conditions: tuple[Condition, ...] = ()
    sort: PageField = PageField.AGE
    descends: bool = True
    after: Cursor | None = None
    """The page begins right behind this row; None: at the beginning."""
    before: Cursor | None = None
    """The page ends right before this row; at most one of the two is given."""
    limit: int = 20
    counts: bool = True
    """Whether to tell how many there are in all."""
    looks_at_max: int | None = None
    """How many documents are looked at for those that meet the conditions; None: all. Only from the newest on: sorted
    by age, descending. A page that is not full then has an `after` where there is more to look at."""


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in their order, and what to ask with for those around them."""

    documents: list[Document]
    before: Cursor | None
    """None: nothing comes before."""
    after: Cursor | None
    """None: nothing comes after."""
    total: int | None
    """How many documents meet the conditions; None: more than `COUNTED_MAX`, or nobody asked."""
