"""Idempotency: the answer to a request with a key is kept, and given again to the same request."""

from datetime import datetime, timedelta

from seriatim.domain.values import value

KEY_CHARACTERS_MAX = 255
ANSWER_LIFETIME = timedelta(hours=24)
"""How long an answer is replayed (Zuora, "Idempotent requests")."""


@value(frozen=True, slots=True)
class IdempotencyKey:
    """A key as one client sent it, with a digest of the request that it came with."""

    client_id: str
    key: str
    fingerprint: str


@value(frozen=True, slots=True)
class StoredAnswer:
    """The answer that a request with a key was given."""

    fingerprint: str
    status: int
    body: bytes
    recorded_at: datetime

    def is_alive(self, at: datetime) -> bool:
        """Whether the answer is still replayed at that time."""
        return at - self.recorded_at < ANSWER_LIFETIME
