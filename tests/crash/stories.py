"""Clients that live through whole stories: what is billed is credited, paid, paid back, reversed, canceled."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Any

from tests.crash.story_books import (
    CREDITS,
    DEBITS,
    INVOICES,
    PAYMENTS,
    REFUNDS,
    Account,
    Deed,
    Paper,
    StoryBooks,
    read_parts,
)
from tests.raw_http import ConnectionBroken, RawConnection

DAY = "2026-03-01"
SHARED_MAX = 6
"""Clients choose among the last so many documents of an account that all may pay: they get in each other's way."""
MINOR_MAX = 40_000


class StoryClient:
    """One client on one connection. What it does is drawn from its own seeded random numbers."""

    def __init__(self, name: str, connection: RawConnection, accounts: list[Account], books: StoryBooks) -> None:
        self.name = name
        self.books = books
        self._connection = connection
        self._accounts = accounts
        self._random = Random(name)
        self._keys = itertools.count()
        self.stories: tuple[Callable[[Account], Awaitable[None]], ...] = (
            self.be_paid,
            self.be_paid,
            self.be_credited,
            self.be_reversed,
            self.be_credited_from_an_invoice,
            self.change_ones_mind,
            self.be_charged_more,
        )

    async def live_until_broken(self) -> None:
        """Live through stories until the server goes away."""
        with contextlib.closing(self), contextlib.suppress(ConnectionBroken):
            while True:
                await self._random.choice(self.stories)(self._random.choice(self._accounts))

    def close(self) -> None:
        self._connection.drop()

    def some(self, at_most: int = MINOR_MAX) -> int:
        return self._random.randint(1, max(1, at_most))

    async def be_paid(self, account: Account) -> None:
        """An invoice is paid in part with its payment, which then goes to others, comes back, and is paid back."""
        invoice = await self.bill(INVOICES, account, is_shared=True)
        first = self.some(invoice.minor)
        payment = await self.pay(account, {invoice.id: first}, first + self.some(500))
        if payment is None:
            return
        await self.apply(payment, self.some(payment.minor))
        await self.unapply(payment)
        refund = await self.refund(payment, self.some(payment.minor))
        if refund is not None and self._random.random() < 0.5:
            await self.cancel(refund)
        await self.apply(payment, self.some(payment.minor))

    async def be_credited(self, account: Account) -> None:
        """A credit memo goes to whatever is open, and what is left of it is paid back."""
        memo = await self.bill(CREDITS, account)
        for _ in range(3):
            await self.apply(memo, self.some(memo.minor))
        await self.unapply(memo)
        await self.refund(memo, self.some(memo.minor))

    async def be_reversed(self, account: Account) -> None:
        """An invoice or a credit memo that nobody else uses is taken back as a whole, or written off."""
        path = self._random.choice((INVOICES, CREDITS))
        paper = await self.bill(path, account)
        await self.counter(paper, self._random.choice(("reverse", "write-off")))

    async def be_credited_from_an_invoice(self, account: Account) -> None:
        """Part of an invoice is credited as it is posted; what remains is written off."""
        invoice = await self.bill(INVOICES, account)
        minor = self.some(invoice.minor)
        body: dict[str, Any] = {"autoPost": True, "autoApplyToInvoiceUponPosting": True}
        body |= {"items": [{"amount": account.show(minor), "skuName": "s"}]}
        path = f"{CREDITS}/invoice/{invoice.id}"
        memo = await self.make(CREDITS, path, account, body, minor, applied={invoice.id: minor})
        assert memo is not None
        await self.unapply(memo)
        await self.refund(memo, self.some(minor))

    async def change_ones_mind(self, account: Account) -> None:
        """A draft is posted, unposted and posted again, or canceled."""
        path = self._random.choice((INVOICES, CREDITS, DEBITS))
        draft = await self.bill(path, account, is_draft=True)
        if self._random.random() < 0.5:
            for step, status in (("post", "Posted"), ("unpost", "Draft"), ("post", "Posted")):
                await self.move(draft, step, status)
        else:
            await self.cancel(draft)

    async def be_charged_more(self, account: Account) -> None:
        """A debit memo is paid by a payment that is made for it, and by a credit memo."""
        debit = await self.bill(DEBITS, account, is_shared=True)
        await self.pay(account, {debit.id: self.some(debit.minor)}, debit.minor + 1)
        memo = await self.bill(CREDITS, account)
        await self.apply(memo, self.some(memo.minor), debit)

    async def bill(self, path: str, account: Account, *, is_draft: bool = False, is_shared: bool = False) -> Paper:
        """A new document of one line, posted unless it is to be a draft."""
        minor = self.some()
        body: dict[str, Any] = {"accountId": account.id}
        if path == INVOICES:
            item = {"amount": account.show(minor), "chargeName": "c", "serviceStartDate": DAY}
            body |= {"invoiceDate": DAY, "invoiceItems": [item], "status": "Draft" if is_draft else "Posted"}
        else:
            body |= {"charges": [{"amount": account.show(minor), "chargeId": "c"}], "autoPost": not is_draft}
        made = await self.make(path, path, account, body, minor)
        assert made is not None
        if is_shared:
            account.shared.append((path, made.id))
        return made

    async def make(
        self,
        path: str,
        target: str,
        account: Account,
        body: object,
        minor: int,
        *,
        source: Paper | None = None,
        applied: dict[str, int] | None = None,
    ) -> Paper | None:
        """Create a document, once, however often it has to be asked for; None where it is refused."""
        made: list[Paper] = []

        def accept(answer: Any) -> None:
            number = answer["invoiceNumber" if path == INVOICES else "number"]
            paper = Paper(path, answer["id"], account, number, answer["status"], minor)
            paper.source = None if source is None else source.id
            paper.applied.update(applied or {})
            assert paper.id not in self.books.papers
            self.books.papers[paper.id] = paper
            made.append(paper)

        deed = Deed("POST", target, body, f"{self.name} {next(self._keys)}", accept)
        return made[0] if await self.books.do(self._connection, deed) else None

    async def pay(self, account: Account, parts: dict[str, int], minor: int) -> Paper | None:
        """A payment that is applied to documents at once."""
        body: dict[str, Any] = {"accountId": account.id, "amount": account.show(minor), "currency": account.currency}
        body |= {"type": "External", "paymentMethodType": "Check", "effectiveDate": DAY}
        for document_id, part in parts.items():
            body |= _portions(self.books.papers[document_id], account.show(part))
        return await self.make(PAYMENTS, PAYMENTS, account, body, minor, applied=parts)

    async def apply(self, source: Paper, minor: int, target: Paper | None = None) -> None:
        """Apply money to what somebody else may be paying at this moment."""
        if target is None and source.account.shared:
            _, document_id = self._random.choice(source.account.shared[-SHARED_MAX:])
            target = self.books.papers[document_id]
        if target is not None:
            await self._shift(source, target.id, minor, "apply")

    async def unapply(self, source: Paper) -> None:
        """Take back all or part of what is applied to one document."""
        applied = [(document_id, minor) for document_id, minor in source.applied.items() if minor]
        if applied:
            document_id, minor = self._random.choice(applied)
            await self._shift(source, document_id, -self.some(minor), "unapply")

    async def _shift(self, source: Paper, target_id: str, by: int, step: str) -> None:
        before, account = Counter(source.applied), source.account

        def accept(_: Any) -> None:
            source.applied[target_id] += by

        async def was_done(connection: RawConnection) -> bool:
            now = await read_parts(connection, source.path, source.id, account)
            after = Counter(before)
            after[target_id] += by
            assert +now in (+before, +after), (source, target_id, by, now)
            return +now == +after

        body = _portions(self.books.papers[target_id], account.show(abs(by)))
        await self.books.do(
            self._connection, Deed("PUT", f"{source.path}/{source.id}/{step}", body, None, accept, was_done)
        )

    async def refund(self, source: Paper, minor: int) -> Paper | None:
        """Pay back part of a payment or of a credit memo."""
        noun = "refunds" if source.path == PAYMENTS else "refund"
        body = {"totalAmount": source.account.show(minor), "type": "External", "methodType": "Check"}
        path = f"{source.path}/{source.id}/{noun}"
        return await self.make(REFUNDS, path, source.account, body, minor, source=source)

    async def cancel(self, paper: Paper) -> None:
        await self.move(paper, "cancel", "Canceled")

    async def move(self, paper: Paper, step: str, status: str) -> None:
        """A step in the life of a document that nobody else uses. What number posting gives is read later."""

        def accept(_: Any) -> None:
            if paper.number.startswith("TMP-") and status == "Posted":
                paper.number = ""
            paper.status = status

        async def was_done(connection: RawConnection) -> bool:
            answer = await connection.request("GET", f"{paper.path}/{paper.id}")
            assert answer.json["status"] in (paper.status, status)
            return bool(answer.json["status"] == status)

        path = f"{paper.path}/{paper.id}/{step}"
        assert await self.books.do(self._connection, Deed("PUT", path, None, None, accept, was_done))

    async def counter(self, paper: Paper, step: str) -> None:
        """Reverse or write off a document that nobody else uses."""
        open_field = "balance" if paper.path == INVOICES else "unappliedAmount"

        async def was_done(connection: RawConnection) -> bool:
            answer = await connection.request("GET", f"{paper.path}/{paper.id}")
            remaining = paper.account.read(answer.json[open_field])
            assert remaining in (0, paper.minor)
            return remaining == 0

        def accept(_: Any) -> None:
            paper.status = "Countered"

        path = f"{paper.path}/{paper.id}/{step}"
        assert await self.books.do(self._connection, Deed("PUT", path, {}, None, accept, was_done))


def _portions(target: Paper, amount: str) -> dict[str, Any]:
    if target.path == INVOICES:
        return {"invoices": [{"invoiceId": target.id, "amount": amount}]}
    return {"debitMemos": [{"debitMemoId": target.id, "amount": amount}]}


@contextlib.asynccontextmanager
async def living_clients(
    connect: Callable[[], RawConnection], accounts: list[Account], books: StoryBooks, name: str, count: int, told: int
) -> AsyncIterator[None]:
    """Let clients live; the body runs once they have been told of so many steps more, and ends the server.

    A client that fails cancels the body.
    """
    enough, enough_count = asyncio.Event(), books.told.total() + told

    def notice() -> None:
        if books.told.total() >= enough_count:
            enough.set()

    books.noticed = notice
    async with asyncio.TaskGroup() as group:
        for index in range(count):
            client = StoryClient(f"{name} {index}", connect(), accounts, books)
            group.create_task(client.live_until_broken())
        await enough.wait()
        yield
