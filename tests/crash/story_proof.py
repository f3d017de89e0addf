"""What must be true after whatever stories: every balance adds up, and everything that was told is so."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.crash.story_books import CREDITS, DEBITS, INVOICES, PAYMENTS, REFUNDS, Account, StoryBooks, read_parts
from tests.raw_http import RawConnection
from tests.servers import Server

LISTS = {CREDITS: "creditmemos", DEBITS: "debitmemos", PAYMENTS: "payments", REFUNDS: "refunds"}
KINDS = {INVOICES: "invoice", CREDITS: "credit_memo", DEBITS: "debit_memo", PAYMENTS: "payment", REFUNDS: "refund"}
PAGE_SIZE = 40
READERS = 8
Json = dict[str, Any]


class Reading:
    """Everything that the API shows, while nothing is written."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Json]] = {path: {} for path in KINDS}
        self.parts: dict[str, Counter[str]] = {}
        """Of every credit memo and payment: how much is applied to which document."""

    @property
    def applied_to(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for parts in self.parts.values():
            total.update(parts)
        return total


async def read_all(connect: Callable[[], RawConnection], accounts: dict[str, Account], books: StoryBooks) -> Reading:
    """Read every list to its end, every invoice that somebody was told of, and all parts."""
    reading = Reading()
    async with connect() as connection:
        for path, name in LISTS.items():
            for each in await _read_pages(connection, path, name):
                assert each["id"] not in reading.documents[path]
                reading.documents[path][each["id"]] = each
    sources = [
        (path, document["id"], accounts[document["accountId"]])
        for path in (CREDITS, PAYMENTS)
        for document in reading.documents[path].values()
    ]
    work: asyncio.Queue[tuple[str, str, Account]] = asyncio.Queue()
    for source in [*sources, *((INVOICES, paper.id, paper.account) for paper in books.of_path(INVOICES))]:
        work.put_nowait(source)

    async def read_some() -> None:
        async with connect() as connection:
            while not work.empty():
                path, document_id, account = work.get_nowait()
                if path == INVOICES:
                    answer = await connection.request("GET", f"{path}/{document_id}")
                    assert answer.succeeded, answer.body
                    reading.documents[path][document_id] = answer.json
                else:
                    reading.parts[document_id] = await read_parts(connection, path, document_id, account)

    await asyncio.gather(*(read_some() for _ in range(READERS)))
    return reading


async def _read_pages(connection: RawConnection, path: str, name: str) -> list[Json]:
    found: list[Json] = []
    target = f"{path}?pageSize={PAGE_SIZE}"
    while target:
        answer = await connection.request("GET", target)
        assert answer.succeeded, answer.body
        found += answer.json[name]
        following = urlsplit(answer.json.get("nextPage") or "")
        target = f"{following.path}?{following.query}" if following.path else ""
    return found


async def prove(
    server: Server, connect: Callable[[], RawConnection], accounts: list[Account], books: StoryBooks
) -> None:
    """Check everything that must be true while no request is under way."""
    by_id = {account.id: account for account in accounts}
    reading = await read_all(connect, by_id, books)
    verification = await asyncio.to_thread(server.run_cli_json, "verify")
    check_told(reading, books)
    check_balances(reading, by_id)
    check_numbers(reading, verification)
    async with connect() as connection:
        for account in accounts:
            shown = await connection.request("GET", f"/v1/accounts/{account.id}")
            check_metrics(reading, account, shown.json["metricsData"])


def check_told(reading: Reading, books: StoryBooks) -> None:
    """Every acknowledged step is there: documents, numbers, states, and what is applied to what."""
    for paper in books.papers.values():
        document = reading.documents[paper.path][paper.id]
        number = document["invoiceNumber" if paper.path == INVOICES else "number"]
        assert paper.number in ("", number), (paper, document)
        assert not (paper.number == "" and number.startswith("TMP-")), (paper, document)
        assert paper.account.read(document["amount"]) == paper.minor
        assert document["status"] == ("Posted" if paper.status == "Countered" else paper.status), (paper, document)
        if paper.path in (CREDITS, PAYMENTS) and paper.status != "Countered":
            assert +reading.parts[paper.id] == +paper.applied, (paper, reading.parts[paper.id])
        if paper.path == REFUNDS:
            assert paper.source in (document.get("paymentId"), document.get("creditMemoId"))
    told = Counter(paper.path for paper in books.papers.values())
    for path in (DEBITS, PAYMENTS, REFUNDS, CREDITS):
        # Reversals and write-offs make memos of which nobody was told the number.
        made_otherwise = path in (CREDITS, DEBITS)
        assert len(reading.documents[path]) == told[path] or (
            made_otherwise and len(reading.documents[path]) > told[path]
        )


def check_balances(reading: Reading, accounts: dict[str, Account]) -> None:
    """Every amount is the sum of its parts, to the minor unit, and none is below zero."""
    refunded: Counter[str] = Counter()
    for refund in reading.documents[REFUNDS].values():
        if refund["status"] == "Processed":
            account = accounts[refund["accountId"]]
            refunded[refund["paymentId"] or refund["creditMemoId"]] += account.read(refund["amount"])
    for path in (CREDITS, PAYMENTS):
        for document in reading.documents[path].values():
            account, applied = accounts[document["accountId"]], reading.parts[document["id"]].total()
            assert account.read(document["appliedAmount"]) == applied, document
            assert account.read(document["refundAmount"]) == refunded[document["id"]], document
            remaining = account.read(document["unappliedAmount"])
            assert remaining == account.read(document["amount"]) - applied - refunded[document["id"]], document
            assert remaining >= 0
    applied_to = reading.applied_to
    for path in (INVOICES, DEBITS):
        for document in reading.documents[path].values():
            account = accounts[document["accountId"]]
            balance = account.read(document["balance"])
            assert balance == account.read(document["amount"]) - applied_to[document["id"]], document
            assert balance >= 0
    assert set(+applied_to) <= reading.documents[INVOICES].keys() | reading.documents[DEBITS].keys()


def check_metrics(reading: Reading, account: Account, metrics: list[Json]) -> None:
    """What an account shows is the sum of what its documents show."""

    def total(path: str, field: str) -> int:
        found = reading.documents[path].values()
        live = [each for each in found if each["accountId"] == account.id and each["status"] in ("Posted", "Processed")]
        return sum(account.read(each[field]) for each in live)

    (shown,) = metrics
    assert shown["currency"] == account.currency
    assert account.read(shown["totalInvoiceBalance"]) == total(INVOICES, "balance")
    assert account.read(shown["totalDebitMemoBalance"]) == total(DEBITS, "balance")
    assert account.read(shown["unappliedPaymentAmount"]) == total(PAYMENTS, "unappliedAmount")
    assert account.read(shown["unappliedCreditMemoAmount"]) == total(CREDITS, "unappliedAmount")


def check_numbers(reading: Reading, verification: Json) -> None:
    """Numbers are unique, every series is gapless, and no number was issued but to a document that is known."""
    assert verification["gapless"] is True, verification
    numbers: dict[str, list[str]] = defaultdict(list)
    for path, documents in reading.documents.items():
        found = [each["invoiceNumber" if path == INVOICES else "number"] for each in documents.values()]
        numbers[KINDS[path]] = [number for number in found if not number.startswith("TMP-")]
    everything = [number for found in numbers.values() for number in found]
    assert len(set(everything)) == len(everything)
    issued: Counter[str] = Counter()
    for series in verification["series"]:
        issued[series["kind"]] += series["issued"]
    assert issued == Counter({kind: len(found) for kind, found in numbers.items()})
