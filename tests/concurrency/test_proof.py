"""The proof itself: it finds each fault that it is there to find."""

from dataclasses import replace

import pytest

from tests.concurrency.ledger import Attempt, Ledger
from tests.concurrency.load import World
from tests.concurrency.proof import (
    Books,
    Memo,
    check_client_order,
    check_ledger,
    check_numbers,
    check_order,
    check_verified,
)

WORLD = World("localhost", 0, "", (("account-1", "A-"), ("account-2", "B-")))
SERIES = {"kind": "credit_memo", "prefix": "A-", "issued": 3, "next": 14}
VERIFICATION = {"gapless": True, "series": [SERIES]}


def make_books() -> Books:
    issued = [Memo(f"id-{n}", f"A-000000{n}", f"memo {n}", "Posted", "account-1") for n in (11, 12, 13)]
    draft = Memo("id-14", "TMP-CM-00000001", "memo 14", "Draft", "account-1")
    return Books((*issued, draft), {"A-": (11, 14)})


def make_ledger() -> Ledger:
    """Three memos that one client was told of, and a draft that it was not."""
    ledger = Ledger()
    for n in (11, 12, 13):
        body = {"accountId": "account-1"}
        ledger.begin(
            Attempt(1, f"memo {n}", body, began_at=n, ended_at=n + 0.5, number=f"A-000000{n}", document_id=f"id-{n}")
        )
    ledger.begin(Attempt(1, "memo 14", {"accountId": "account-1"}))
    ledger.never.add("refused")
    return ledger


def with_memo(index: int, **changes: str) -> Books:
    books = make_books()
    memos = list(books.memos)
    memos[index] = replace(memos[index], **changes)
    return replace(books, memos=tuple(memos))


def test_sound_books_pass() -> None:
    books, ledger = make_books(), make_ledger()
    check_numbers(books)
    check_ledger(books, WORLD, ledger)
    check_order(ledger.told)
    check_client_order(ledger)
    check_verified(books, VERIFICATION)


@pytest.mark.parametrize(
    "books",
    (
        pytest.param(with_memo(1, number="A-00000013"), id="a number twice"),
        pytest.param(with_memo(1, id="id-13"), id="an id twice"),
        pytest.param(replace(make_books(), memos=make_books().memos[1:]), id="a gap"),
        pytest.param(replace(make_books(), series={"A-": (11, 15)}), id="a number burnt at the end"),
        pytest.param(replace(make_books(), series={"A-": (10, 14)}), id="a number burnt at the start"),
        pytest.param(with_memo(1, number="C-00000012"), id="an unknown series"),
    ),
)
def test_wrong_numbers_are_found(books: Books) -> None:
    with pytest.raises(AssertionError):
        check_numbers(books)


@pytest.mark.parametrize(
    "books",
    (
        pytest.param(with_memo(1, id="id-99"), id="another document"),
        pytest.param(with_memo(1, comment="memo 99"), id="another request's document"),
        pytest.param(with_memo(1, status="Draft"), id="not posted"),
        pytest.param(with_memo(1, account_id="account-2"), id="another account's document"),
        pytest.param(with_memo(3, comment="memo 13"), id="made twice"),
        pytest.param(with_memo(3, comment="nobody asked"), id="from nowhere"),
        pytest.param(with_memo(3, comment="refused"), id="made though refused"),
    ),
)
def test_what_clients_were_not_told_is_found(books: Books) -> None:
    with pytest.raises(AssertionError):
        check_ledger(books, WORLD, make_ledger())


def test_a_told_number_that_is_missing_is_found() -> None:
    with pytest.raises(KeyError):
        check_ledger(with_memo(1, number="A-00000099"), WORLD, make_ledger())


def test_a_number_out_of_order_is_found() -> None:
    ledger = make_ledger()
    first, second, third, _ = ledger.attempts
    first.number, second.number = second.number, first.number
    with pytest.raises(AssertionError):
        check_order(ledger.told)
    with pytest.raises(AssertionError):
        check_client_order(ledger)
    # Two requests that were under way together may be numbered either way.
    second.began_at = first.began_at
    check_order([third, second, first])


@pytest.mark.parametrize("change", ({"gapless": False}, {"series": [SERIES | {"issued": 2}]}))
def test_a_verification_that_disagrees_is_found(change: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        check_verified(make_books(), VERIFICATION | change)
