"""What the clients of a load of stories were told, and what is still open between them and a server that was killed."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.raw_http import Answer, RawConnection

EXPONENTS = {"EUR": 2, "JPY": 0, "BHD": 3}
INVOICES, CREDITS, DEBITS = "/v1/invoices", "/v1/credit-memos", "/v1/debit-memos"
PAYMENTS, REFUNDS = "/v1/payments", "/v1/refunds"
BROKEN_RULE = 30
_ID = re.compile(r"/[0-9a-f]{32}")


@dataclass(frozen=True)
class Account:
    """An account, and the documents on it that all clients apply their money to."""

    id: str
    currency: str
    shared: list[tuple[str, str]] = field(default_factory=list, repr=False, compare=False)
    """Path and id of posted invoices and debit memos."""

    def show(self, minor: int) -> str:
        return f"{Decimal(minor).scaleb(-EXPONENTS[self.currency]):f}"

    def read(self, amount: object) -> int:
        minor = Decimal(str(amount)).scaleb(EXPONENTS[self.currency])
        assert minor == int(minor), amount
        return int(minor)


@dataclass
class Paper:
    """A document that a client was told of. A number stays what it was first."""

    path: str
    id: str
    account: Account
    number: str
    status: str
    minor: int
    applied: Counter[str] = field(default_factory=Counter)
    """Of a credit memo or payment, which its own client alone uses: how much to which document."""
    source: str | None = None
    """Of a refund: what it pays back."""


@dataclass
class Deed:
    """A request under way."""

    method: str
    path: str
    body: object
    key: str | None
    accept: Callable[[Any], None]
    """Take note of it; the answer is None where a client finds out only later that it was done."""
    was_done: Callable[[RawConnection], Awaitable[bool]] | None = None
    """Find out from the server, for a request that cannot be sent again with a key."""

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Idempotency-Key": self.key}


class StoryBooks:
    """All papers by their ids, and all deeds that were not answered. `noticed` is called with every answer."""

    def __init__(self) -> None:
        self.papers: dict[str, Paper] = {}
        self.deeds: list[Deed] = []
        self.told: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unanswered = 0
        """How many requests a kill has cut off."""
        self.noticed: Callable[[], None] = lambda: None

    async def do(self, connection: RawConnection, deed: Deed) -> bool:
        """Send a request; whether it was carried out.

        Raises: ConnectionBroken; the deed then stays open.
        """
        self.deeds.append(deed)
        answer = await connection.request(deed.method, deed.path, deed.body, deed.headers)
        self.deeds.remove(deed)
        return self._take(deed, answer)

    async def settle(self, connection: RawConnection) -> None:
        """Find out what became of everything that was not answered."""
        open_deeds, self.deeds = self.deeds, []
        self.unanswered += len(open_deeds)
        for deed in open_deeds:
            if deed.was_done is None:
                answer = await connection.request(deed.method, deed.path, deed.body, deed.headers)
                self._take(deed, answer)
            elif await deed.was_done(connection):
                deed.accept(None)

    def _take(self, deed: Deed, answer: Answer) -> bool:
        step = f"{deed.method} {_ID.sub('', deed.path)}"
        if answer.succeeded:
            deed.accept(answer.json)
            self.told[step] += 1
            self.noticed()
            return True
        assert answer.status == 200, (deed.method, deed.path, deed.body, answer.status, answer.body)
        (reason,) = answer.json["reasons"]
        assert reason["code"] % 100 == BROKEN_RULE, answer.body
        self.refused[step] += 1
        return False

    def of_path(self, path: str) -> list[Paper]:
        return [paper for paper in self.papers.values() if paper.path == path]


async def read_parts(connection: RawConnection, path: str, document_id: str, account: Account) -> Counter[str]:
    """How much of a credit memo or payment is applied to which document."""
    answer = await connection.request("GET", f"{path}/{document_id}/parts?pageSize=40")
    assert answer.succeeded, answer.body
    assert not answer.json.get("nextPage")
    found: Counter[str] = Counter()
    for part in answer.json["parts"]:
        target_id = part.get("invoiceId") or part.get("debitMemoId")
        if target_id is not None:  # What was paid back is a part, too.
            found[target_id] += account.read(part["amount"])
    return found
