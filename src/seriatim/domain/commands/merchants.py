"""Saying who the seller is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from seriatim.domain.commands.base import Command
from seriatim.domain.merchant import PAYMENT_TERM_DAYS_MAX, Merchant
from seriatim.domain.money import check_currency
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import InvalidValue, NotFound, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMerchant(Command[Merchant]):
    """Set what an entity says of itself. Documents that were issued before keep what they said."""

    seen: Merchant
    """What was there when the caller decided, so that of two who change it at once none is lost."""
    details: Mapping[str, Any]
    """`InvoiceMerchantDetails`, checked by who read it; empty: nothing is said."""
    currency: str
    payment_term_days: int
    actor_id: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if not 0 <= self.payment_term_days <= PAYMENT_TERM_DAYS_MAX:
            rule = f"give 0 to {PAYMENT_TERM_DAYS_MAX} days"
            raise InvalidValue("paymentTermDays", self.payment_term_days, rule)

    def needs(self, needs: Needs) -> None:
        """The entity, and what it says now."""
        needs.entities.add(self.seen.entity_id)
        needs.merchants.add(self.seen.entity_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> Merchant:
        """Raises: NotFound, for the entity; Unavailable, where somebody else has changed it in the meantime."""
        entity_id = self.seen.entity_id
        if snapshot.entities.get(entity_id) is None:
            raise NotFound("entity", entity_id, "`seriatim entity list` shows them")
        if snapshot.merchant(entity_id) != self.seen:
            raise Unavailable("somebody else has just changed these details; look at them and try again")
        merchant = Merchant(entity_id, self.details, self.currency, self.payment_term_days, at, self.actor_id)
        snapshot.merchants.put(entity_id, merchant)
        return merchant
