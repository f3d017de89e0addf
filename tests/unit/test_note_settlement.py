"""Applying notes to invoices under their balance versions, and saying that an invoice is paid."""

from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.commands.note_settlement import balance_version
from seriatim.domain.document import Action, PaymentStatus, Status
from seriatim.domain.numbering import Kind
from seriatim.errors import BalancesMoved, InvalidValue, NotFound, Rule
from tests.fakes import NOON
from tests.unit.books import OTHER_ACCOUNT_ID
from tests.unit.note_books import NoteBooks, new_line

PAID, UNPAID = PaymentStatus.PAID, PaymentStatus.UNPAID
PARTIALLY_PAID, UNCOLLECTIBLE = PaymentStatus.PARTIALLY_PAID, PaymentStatus.UNCOLLECTIBLE


@pytest.fixture
def books() -> NoteBooks:
    """A note over 10.00 and an invoice over 25.00."""
    books = NoteBooks()
    books.issue("n")
    books.invoice("i", new_line("25"))
    return books


def versions(books: NoteBooks) -> tuple[int, int]:
    return balance_version(books.document("n")), balance_version(books.document("i"))


def test_both_balances_move_together(books: NoteBooks) -> None:
    assert versions(books) == (1, 1)
    applied = books.carry(books.applying_note("4"))
    assert (applied.note.open_minor, applied.invoice.open_minor, applied.amount_minor) == (600, 2100, 400)
    assert (applied.applied_at, versions(books)) == (NOON, (2, 2))
    books.carry(books.applying_note("6"))
    assert (books.applied(), versions(books)) == ({("n", "i"): 1000}, (3, 3))


@pytest.mark.parametrize("field", ("note_balance_version", "invoice_balance_version"))
def test_old_versions_are_told_the_new_ones(books: NoteBooks, field: str) -> None:
    books.carry(books.applying_note("1"))
    over: dict[str, Any] = {field: 1}
    command = books.applying_note("1", **over)
    mark = books.snapshot.mark()
    with pytest.raises(BalancesMoved) as refused:
        books.carry(command)
    assert books.snapshot.mark() == mark
    assert refused.value.balances == (books.document("n"), books.document("i"))
    assert "creditNoteBalanceVersion is now 2" in refused.value.message


@pytest.mark.parametrize(
    ("amount", "rule", "word"),
    (
        ("10.01", Rule.AMOUNT_ABOVE_REMAINING, "only 10.00 EUR"),
        ("0", Rule.AMOUNT_NOT_POSITIVE, "above zero"),
        ("-1", Rule.AMOUNT_NOT_POSITIVE, "above zero"),
    ),
)
def test_no_more_is_applied_than_remains(books: NoteBooks, amount: str, rule: Rule, word: str) -> None:
    assert word in books.refuse(books.applying_note(amount), rule)


def test_the_amount_is_exact(books: NoteBooks) -> None:
    assert "at most 2 decimals" in books.fail(books.applying_note("1.001"), InvalidValue)


def test_an_invoice_takes_no_more_than_it_owes(books: NoteBooks) -> None:
    books.issue("m", new_line("20"))
    books.carry(books.applying_note("20", note="m"))
    assert "only 5.00 EUR" in books.refuse(books.applying_note("5.01"), Rule.AMOUNT_ABOVE_REMAINING)


def test_note_and_invoice_must_be_those_that_are_meant(books: NoteBooks) -> None:
    assert "currency" in books.refuse(books.applying_note("1", currency="USD"), Rule.CURRENCY_MISMATCH)
    books.fail(books.applying_note("1", note_key="i"), NotFound)
    books.fail(books.applying_note("1", invoice_key="n"), NotFound)
    books.invoice("theirs", account_key=OTHER_ACCOUNT_ID)
    books.refuse(books.applying_note("1", invoice="theirs"), Rule.ACCOUNT_MISMATCH)
    books.open("draft", new_line())
    assert "draft" in books.refuse(books.applying_note("1", note="draft"), Rule.NOT_SETTLEABLE)
    books.carry(books.stepping(Action.VOID))
    books.refuse(books.applying_note("1"), Rule.NOT_SETTLEABLE)


def test_what_is_applied_is_not_voided(books: NoteBooks) -> None:
    books.carry(books.applying_note("1"))
    for name in ("n", "i"):
        assert "1.00 EUR are applied" in books.refuse(books.stepping(Action.VOID, name), Rule.ALREADY_SETTLED)


def test_a_note_is_not_applied_by_being_issued(books: NoteBooks) -> None:
    books.issue("m", invoice_key="i")
    assert (books.document("m").open_minor, books.document("i").open_minor) == (1000, 2500)


def test_paid_is_a_payment_of_what_remains(books: NoteBooks) -> None:
    books.carry(books.applying_note("4"))
    paid = books.carry(books.marking(PAID))
    assert (paid.document.payment_status, paid.document.open_minor) == (PAID, 0)
    (payment,) = (part.other for part in paid.parts if part.other.kind is Kind.PAYMENT)
    assert (payment.number, payment.amount_minor, payment.open_minor) == ("P-00000001", 2100, 0)
    again = books.carry(books.marking(PAID))
    assert len(again.parts) == 2
    assert books.next_ordinal("P-", Kind.PAYMENT) == 2


def test_unpaid_takes_back_only_what_was_marked(books: NoteBooks) -> None:
    books.carry(books.marking(PAID))
    unpaid = books.carry(books.marking(UNPAID)).document
    assert (unpaid.payment_status, unpaid.open_minor) == (UNPAID, 2500)
    (payment,) = (document for document in books.snapshot.documents if document.kind is Kind.PAYMENT)
    assert (payment.status, payment.number) == (Status.CANCELED, "P-00000001")
    books.pay("p", "5")
    books.carry(books.applying("p", i="5"))
    message = books.refuse(books.marking(UNPAID), Rule.ALREADY_SETTLED)
    assert "PARTIALLY_PAID" in message
    assert "5.00 EUR" in message
    assert books.carry(books.marking(PARTIALLY_PAID)).document.open_minor == 2000


def test_partly_paid_is_only_said_of_what_is(books: NoteBooks) -> None:
    books.refuse(books.marking(PARTIALLY_PAID), Rule.ALREADY_SETTLED)
    books.carry(books.marking(PAID))
    books.refuse(books.marking(PARTIALLY_PAID), Rule.ALREADY_SETTLED)


def test_uncollectible_is_said_of_what_remains_and_taken_back(books: NoteBooks) -> None:
    assert books.carry(books.marking(UNCOLLECTIBLE)).document.payment_status is UNCOLLECTIBLE
    assert books.carry(books.marking(UNPAID)).document.payment_status is UNPAID
    books.carry(books.marking(UNCOLLECTIBLE))
    assert books.carry(books.marking(PAID)).document.payment_status is PAID
    assert "nothing" in books.refuse(books.marking(UNCOLLECTIBLE), Rule.ALREADY_SETTLED)


def test_only_an_issued_invoice_is_paid(books: NoteBooks) -> None:
    books.open("draft", new_line(), kind=Kind.INVOICE)
    books.refuse(books.marking(PAID, "draft"), Rule.NOT_SETTLEABLE)
    books.fail(books.marking(PAID, "n"), NotFound)


def test_an_application_tells_when_it_was_made(books: NoteBooks) -> None:
    later = NOON + timedelta(hours=1)
    assert books.carry_at(books.applying_note("1"), later).applied_at == later
    assert books.application("n", "i").created_at == later
