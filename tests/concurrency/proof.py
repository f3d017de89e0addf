"""What must be true of a server after whatever load: every number once, none missing, everybody told the truth."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.concurrency.ledger import Attempt, Ledger, split_number
from tests.concurrency.load import MEMOS, World
from tests.raw_http import RawConnection
from tests.servers import Server

PAGE_SIZE = 40
SETS = "/v1/sequence-sets"
TEMPORARY = "TMP-CM-"


@dataclass(frozen=True)
class Memo:
    """A memo as the server lists it."""

    id: str
    number: str
    comment: str
    status: str
    account_id: str


@dataclass(frozen=True)
class Books:
    """Everything that a server has: its memos, and for each prefix the start and the next ordinal."""

    memos: tuple[Memo, ...]
    series: dict[str, tuple[int, int]]

    @property
    def issued(self) -> list[Memo]:
        return [memo for memo in self.memos if not memo.number.startswith(TEMPORARY)]

    def of_comment(self, comment: str) -> Memo | None:
        """The memo that came of an attempt, issued or a draft."""
        found = [memo for memo in self.memos if memo.comment == comment]
        assert len(found) <= 1, found
        return found[0] if found else None


async def read_books(world: World) -> Books:
    """Read every page of the memos and of the sets. Nothing may be writing meanwhile."""
    async with world.connect() as connection:
        listed = await _read_pages(connection, MEMOS, "creditmemos")
        memos = tuple(
            Memo(each["id"], each["number"], each["comment"], each["status"], each["accountId"]) for each in listed
        )
        series: dict[str, tuple[int, int]] = {}
        for each in await _read_pages(connection, SETS, "sequenceSets"):
            numbering = each["creditMemo"]
            span = (numbering["startNumber"], numbering["nextNumber"])
            assert series.setdefault(numbering["prefix"], span) == span
    return Books(memos, series)


async def _read_pages(connection: RawConnection, path: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    target = f"{path}?pageSize={PAGE_SIZE}"
    while target:
        answer = await connection.request("GET", target)
        assert answer.succeeded, answer.body
        found += answer.json[name]
        following = urlsplit(answer.json.get("nextPage", ""))
        target = f"{following.path}?{following.query}" if following.path else ""
    return found


async def prove(server: Server, world: World, ledger: Ledger) -> Books:
    """Check everything that must be true while no request is under way."""
    books, verification = await asyncio.gather(read_books(world), asyncio.to_thread(server.run_cli_json, "verify"))
    check_numbers(books)
    check_ledger(books, world, ledger)
    check_order(ledger.told)
    check_verified(books, verification)
    return books


def check_numbers(books: Books) -> None:
    """Numbers are unique, every series runs from its start without a gap, and nothing was burnt."""
    assert [id_ for id_, count in Counter(memo.id for memo in books.memos).items() if count > 1] == []
    assert [number for number, count in Counter(memo.number for memo in books.memos).items() if count > 1] == []
    ordinals = defaultdict(list)
    for memo in books.issued:
        prefix, ordinal = split_number(memo.number)
        ordinals[prefix].append(ordinal)
    assert set(ordinals) <= set(books.series)
    for prefix, (start, following) in books.series.items():
        assert sorted(ordinals[prefix]) == list(range(start, following)), prefix


def check_ledger(books: Books, world: World, ledger: Ledger) -> None:
    """What clients were told is so; nothing was made twice; of what was refused or broken off nothing was made."""
    memos = {memo.number: memo for memo in books.issued}
    prefixes = dict(world.accounts)
    for attempt in ledger.told:
        memo = memos[attempt.number]
        assert (memo.id, memo.comment) == (attempt.document_id, attempt.comment)
        assert memo.status == "Posted"
        assert memo.account_id == attempt.body["accountId"]
        assert split_number(memo.number)[0] == prefixes[memo.account_id]
    comments = Counter(memo.comment for memo in books.memos)
    assert [comment for comment, count in comments.items() if count > 1] == []
    assert comments.keys() <= {attempt.comment for attempt in ledger.attempts}
    assert not comments.keys() & ledger.never


def check_order(told: list[Attempt]) -> None:
    """Who was answered before another asked has the smaller number, of one client or of two."""
    by_prefix: dict[str, list[tuple[int, Attempt]]] = defaultdict(list)
    for attempt in told:
        prefix, ordinal = split_number(attempt.number)
        by_prefix[prefix].append((ordinal, attempt))
    for numbered in by_prefix.values():
        numbered.sort(key=lambda pair: pair[0], reverse=True)
        first_end_above = float("inf")
        for ordinal, attempt in numbered:
            assert attempt.began_at < first_end_above, f"{ordinal} was asked for after a higher number was told"
            first_end_above = min(first_end_above, attempt.ended_at)


def check_client_order(ledger: Ledger) -> None:
    """The numbers that one client takes from one series ascend with its requests."""
    last: dict[tuple[int, str], int] = defaultdict(int)
    for attempt in ledger.told:
        prefix, ordinal = split_number(attempt.number)
        assert ordinal > last[attempt.client, prefix], attempt
        last[attempt.client, prefix] = ordinal


def check_verified(books: Books, verification: dict[str, Any]) -> None:
    """`seriatim verify` finds no gap, and counts what the API lists."""
    assert verification["gapless"] is True, verification
    seen = {each["prefix"]: each for each in verification["series"] if each["kind"] == "credit_memo"}
    counts = Counter(split_number(memo.number)[0] for memo in books.issued)
    for prefix, (_, following) in books.series.items():
        assert (seen[prefix]["issued"], seen[prefix]["next"]) == (counts[prefix], following)
