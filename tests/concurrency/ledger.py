"""What the clients of a load asked for, and what they were told."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.raw_http import Answer

_NUMBER = re.compile(r"(?P<prefix>.*?-)(?P<ordinal>\d{8,})", re.ASCII)
"""Every prefix of the load ends with a dash, so that a number can be taken apart without asking the server."""


@dataclass
class Attempt:
    """One memo that a client wants to be numbered, once, however often it has to ask."""

    client: int
    comment: str
    """Unique to the attempt, and part of the document: it finds what became of an unanswered request."""
    body: dict[str, Any]
    key: str | None = None
    draft_id: str | None = None
    """The draft that is to be posted, where it was created before."""
    hung_up: bool = False
    """Whether the client has once gone away before it could be answered."""
    began_at: float = field(default_factory=time.monotonic)
    ended_at: float = 0.0
    number: str = ""
    document_id: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the client knows the number."""
        return bool(self.number)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Idempotency-Key": self.key}


class Ledger:
    """All attempts of a load. `noticed` is called whenever a client has been told a number."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.never: set[str] = set()
        """Comments of requests of which no document may come: refused, or broken off half-way."""
        self.told_count = 0
        self.noticed: Callable[[], None] = lambda: None

    def begin(self, attempt: Attempt) -> Attempt:
        self.attempts.append(attempt)
        return attempt

    def tell(self, attempt: Attempt, answer: Answer) -> None:
        """A client was answered: the memo is issued. An attempt that is answered again must be told the same."""
        assert answer.succeeded, (answer.status, answer.body)
        found = answer.json
        assert found["status"] == "Posted"
        assert found["comment"] == attempt.comment
        if attempt.is_told:
            assert (found["number"], found["id"]) == (attempt.number, attempt.document_id)
            return
        attempt.ended_at = time.monotonic()
        attempt.number, attempt.document_id = found["number"], found["id"]
        self.told_count += 1
        self.noticed()

    @property
    def told(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.is_told]

    @property
    def untold(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if not attempt.is_told]


def split_number(number: str) -> tuple[str, int]:
    """The prefix and the ordinal of an issued number."""
    match = _NUMBER.fullmatch(number)
    assert match is not None, number
    return match["prefix"], int(match["ordinal"])
