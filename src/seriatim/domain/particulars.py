"""What a document says besides its lines and amounts: to whom, from whom, in which groups; in Sequence's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

GROUPS_MAX = 100
"""Groups of lines of one document."""
METADATA_MAX = 50
"""Pairs of metadata of one document."""
RECIPIENTS_MAX = 50
"""Addresses that one document may be sent to."""

Address = Mapping[str, str]
"""`line1`, `town`, `postcode` and `country` (two letters), and where there are any `line2` and `state`."""


@dataclass(frozen=True, slots=True)
class Group:
    """A heading over some lines of a document; what they come to is the sum of the lines."""

    id: str
    title: str
    description: str | None = None
    source_group_id: str | None = None
    """The group of the invoice that this one stands for."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor documents and Seriatim does not act on."""


@dataclass(frozen=True, slots=True)
class LineDetails:
    """How a line came about: quantity times rate, rounded; and its tax, that times the tax rate, rounded."""

    title: str
    rate: Decimal | None
    """None, as for the tax rate: the amount itself was set since, and the rate follows from it."""
    tax_rate: Decimal | None
    """A fraction: 0.2 is 20 %."""
    group_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor documents and Seriatim does not act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """Who is asked or credited, and what is written on the document. Copied from the account, then its own."""

    customer_name: str
    billing_address: Address
    shipping_address: Address
    emails: tuple[str, ...] = ()
    customer_tax_id: str | None = None
    memo: str | None = None
    purchase_order_number: str | None = None
    reference: str | None = None
    billing_period_start: str | None = None
    billing_period_end: str | None = None
    accounting_date: date | None = None
    due_date: date | None = None
    """The date that was asked for; None: it follows from the terms when the document is issued."""
    metadata: tuple[tuple[str, str], ...] = ()
    groups: tuple[Group, ...] = ()
    merchant: Mapping[str, Any] | None = None
    """The seller as it was when the document was issued; None: as it is now."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor documents and Seriatim does not act on."""
