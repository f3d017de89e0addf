"""The seller: what an entity writes on its documents about itself, and the terms it works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DEFAULT_CURRENCY = "USD"
DEFAULT_PAYMENT_TERM_DAYS = 30
PAYMENT_TERM_DAYS_MAX = 3650


@dataclass(frozen=True, slots=True)
class Merchant:
    """What one entity says of itself."""

    entity_id: str
    details: Mapping[str, Any]
    """Sequence's `InvoiceMerchantDetails`: name, address, tax id, bank details. Empty: nothing was said."""
    currency: str
    """The currency of customers whose API knows none for them."""
    payment_term_days: int
    """How long after its date an invoice is due, where it names no date."""
    updated_at: datetime | None = None
    updated_by: str | None = None


def default_merchant(entity_id: str) -> Merchant:
    """What holds for an entity that has said nothing."""
    return Merchant(entity_id, {}, DEFAULT_CURRENCY, DEFAULT_PAYMENT_TERM_DAYS)
