"""Pages of accounts that are kept by their first and last row, as those of documents are."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from seriatim.domain.account import Account
from seriatim.service.pages import Cursor


class AccountSort(StrEnum):
    """What accounts can be sorted by."""

    AGE = "age"
    """The order in which they were created."""
    NAME = "name"
    PROPERTY = "property"
    """A custom property of theirs; the empty text, where they do not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """One page of the accounts of an entity. None leaves a filter out."""

    entity_id: str
    org_ids: Collection[str] | None = None
    name_contains: str | None = None
    """The case of the letters a to z does not matter, here and in `email`."""
    email: str | None = None
    """The address of one of the contacts that are not archived."""
    alias: str | None = None
    label: str | None = None
    sequence_set_id: str | None = None
    includes_archived: bool = False
    sort: AccountSort = AccountSort.AGE
    property_name: str = ""
    """The custom property to sort by."""
    descends: bool = True
    after: Cursor | None = None
    """The page begins right behind this row; None: at the beginning."""
    before: Cursor | None = None
    """The page ends right before this row; at most one of the two is given."""
    limit: int = 20
    counts: bool = True
    """Whether to tell how many there are in all."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Accounts in their order, and what to ask with for those around them."""

    accounts: list[Account]
    before: Cursor | None
    """None: nothing comes before."""
    after: Cursor | None
    """None: nothing comes after."""
    total: int | None
    """How many accounts meet the filters; None: more than `pages.COUNTED_MAX`, or nobody asked."""
