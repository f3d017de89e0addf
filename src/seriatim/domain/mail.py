"""Mail that is to go out: kept in the transaction that asks for it, sent after that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailStatus(StrEnum):
    """The states of a mail."""

    WAITING = "waiting"
    """To be sent, for the first time or once more."""
    DELIVERING = "delivering"
    """Being handed to the mail server. What is left in this state by a crash may have arrived: it is not sent again
    unless somebody asks for it."""
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or too often for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A document on its way to its recipients."""

    id: str
    entity_id: str
    document_id: str
    recipients: tuple[str, ...]
    copies: tuple[str, ...]
    """Who gets a copy: the seller."""
    status: MailStatus
    attempts: int
    due_at: datetime
    """When it is to be tried next; of one being delivered: when its process is taken to be dead."""
    last_error: str | None
    created_at: datetime
    created_by: str
    sent_at: datetime | None = None
