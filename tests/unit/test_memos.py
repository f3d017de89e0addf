"""Memos made from other documents, reversals and write-offs: each rule, and each refusal with its message."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from seriatim.domain.commands.documents import DraftItem, ItemChange, UpdateDocument
from seriatim.domain.commands.memos import CounterDocument, CreateMemoFromInvoice
from seriatim.domain.document import ITEMS_MAX, Action, Status
from seriatim.domain.numbering import Kind
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from tests.factories import SCOPE, create_memo, make_account
from tests.unit.books import Books

MEMOS = (Kind.CREDIT_MEMO, Kind.DEBIT_MEMO)


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def invoiced(books: Books) -> Books:
    """A posted invoice `i` over 10.00, with lines `i-1` of 6.00 and `i-2` of 4.00."""
    books.make(Kind.INVOICE, "i", "6", "4")
    return books


def line(amount: str, source: str | None = None, place: int = 0, **over: Any) -> DraftItem:
    return DraftItem(f"line-{place}", f"items[{place}]", Decimal(amount), source_item_id=source, **over)


def memo(name: str, *items: DraftItem, kind: Kind = Kind.CREDIT_MEMO, post: bool = True, **over: Any) -> Any:
    given: dict[str, Any] = {"scope": SCOPE, "invoice_key": "i", "items_field": "items"}
    ids = tuple(f"{name}-{place}" for place in range(1, 4))
    given |= {"document_id": name, "mirror_item_ids": ids, "application_id": f"by-posting-{name}"}
    return CreateMemoFromInvoice(**(given | over), kind=kind, items=items, post=post)


def counter(name: str, *, reverses: bool, kind: Kind = Kind.INVOICE, key: str = "i", **over: Any) -> CounterDocument:
    ids = tuple(f"{name}-{place}" for place in range(1, 4))
    given: dict[str, Any] = {"document_id": name, "item_ids": ids, "application_id": f"application-of-{name}"}
    return CounterDocument(scope=SCOPE, kind=kind, key=key, reverses=reverses, **(given | over))


@pytest.mark.parametrize("kind", MEMOS)
def test_a_memo_without_items_mirrors_the_invoice(invoiced: Books, kind: Kind) -> None:
    made = invoiced.carry(memo("m", kind=kind))
    assert [(item.id, item.amount_minor, item.source_item_id) for item in made.items] == [
        ("m-1", 600, "i-1"),
        ("m-2", 400, "i-2"),
    ]
    assert (made.amount_minor, made.referred_id, made.currency, made.account_id) == (1000, "i", "EUR", "account-1")
    assert (made.status, made.open_minor) == (Status.POSTED, 1000)
    assert invoiced.state("i") == (0, 0, 1000)


def test_a_mirror_takes_back_the_tax_too(books: Books) -> None:
    taxed = DraftItem("i-1", "items[0]", Decimal(10), tax_amounts=(Decimal("1.90"), Decimal("0.05")))
    books.carry(create_memo(document_id="i", kind=Kind.INVOICE, items=(taxed,), post=True))
    made = books.carry(memo("m"))
    assert (made.amount_minor, made.tax_minor) == (1195, 195)
    told = books.refuse(memo("n", line("0.01")), Rule.AMOUNT_ABOVE_REMAINING)
    assert "only 0.00 EUR of the invoice INV00000001" in told


def test_a_memo_is_numbered_by_the_set_of_the_invoice(invoiced: Books) -> None:
    invoiced.snapshot.accounts.put("account-1", make_account(sequence_set_id="set-1"))
    assert invoiced.carry(memo("m")).number == "CM00000001"
    assert invoiced.carry(memo("d", line("1"), kind=Kind.DEBIT_MEMO)).number == "DM00000001"
    assert invoiced.carry(memo("n", line("0"), post=False)).number == "TMP-CM-00000001"
    given = invoiced.carry(memo("o", line("0"), number="CREDIT-7"))
    assert (given.number, given.number_given) == ("CREDIT-7", True)


@pytest.mark.parametrize(
    ("items", "message"),
    (
        (
            (line("10.01"),),
            "10.01 EUR cannot be credited: only 10.00 EUR of the invoice INV00000001 have not been credited yet",
        ),
        (
            (line("4.01", "i-2"),),
            "4.01 EUR in all cannot be credited on the item i-2 of the invoice INV00000001, which comes to 4.00 EUR",
        ),
        (
            (line("3", "i-2"), line("1.01", "i-2", 1)),
            "4.01 EUR in all cannot be credited on the item i-2 of the invoice INV00000001, which comes to 4.00 EUR",
        ),
    ),
)
def test_no_more_is_credited_than_the_invoice_and_its_lines_come_to(
    invoiced: Books, items: tuple[DraftItem, ...], message: str
) -> None:
    assert invoiced.refuse(memo("m", *items), Rule.AMOUNT_ABOVE_REMAINING) == message
    assert invoiced.carry(memo("d", *items, kind=Kind.DEBIT_MEMO)).referred_id == "i"


def test_memos_credit_no_more_together_and_drafts_count(invoiced: Books) -> None:
    invoiced.carry(memo("m", line("3.50", "i-2"), post=False))
    told = invoiced.refuse(memo("n", line("0.51", "i-2")), Rule.AMOUNT_ABOVE_REMAINING)
    assert "4.01 EUR in all cannot be credited on the item i-2" in told
    invoiced.carry(memo("n", line("6", "i-1"), line("0.50", "i-2", 1)))
    assert "only 0.00 EUR" in invoiced.refuse(memo("o", line("0.01")), Rule.AMOUNT_ABOVE_REMAINING)
    invoiced.act(Action.CANCEL, "m")
    assert invoiced.carry(memo("o", line("3.50", "i-2"))).amount_minor == 350


def test_a_reversed_memo_leaves_room_for_another(invoiced: Books) -> None:
    invoiced.carry(memo("m"))
    invoiced.carry(counter("r", reverses=True, kind=Kind.CREDIT_MEMO, key="m"))
    assert invoiced.carry(memo("n")).amount_minor == 1000


def test_a_draft_invoice_gives_no_memo(books: Books) -> None:
    books.make(Kind.INVOICE, "i", post=False)
    told = books.refuse(memo("m"), Rule.NOT_SETTLEABLE)
    assert told == ("the invoice TMP-INV-00000001 is draft; nothing can be applied to or from it until it is posted")


def test_a_line_must_be_of_the_invoice(invoiced: Books) -> None:
    told = invoiced.fail(memo("m", line("1", "other-1")), InvalidValue)
    assert "items[0].invoiceItemId" in told
    assert "give the id of an item of the invoice INV00000001" in told
    assert "invoice" in invoiced.fail(memo("m", invoice_key="missing"), NotFound)


def test_a_memo_has_so_many_items_at_most() -> None:
    with pytest.raises(InvalidValue, match=f"give at most {ITEMS_MAX} items"):
        memo("m", *(line("0", place=place) for place in range(ITEMS_MAX + 1)))


@pytest.mark.parametrize("at_once", (True, False))
@pytest.mark.parametrize(("paid", "applied"), (("0.01", 999), ("4", 600), ("10", 0)))
def test_a_memo_made_to_is_applied_on_posting_as_far_as_it_goes(
    invoiced: Books, *, at_once: bool, paid: str, applied: int
) -> None:
    invoiced.pay("p", paid)
    invoiced.carry(invoiced.applying("p", i=paid))
    invoiced.carry(memo("m", post=at_once, applies_on_posting=True))
    if not at_once:
        assert ("m", "i") not in invoiced.applied()
        invoiced.act(Action.POST, "m")
    assert invoiced.applied().get(("m", "i"), 0) == applied
    assert invoiced.state("m") == (applied, 0, 1000 - applied)


def test_a_memo_not_made_to_is_not_applied_on_posting(invoiced: Books) -> None:
    invoiced.carry(memo("m", post=False))
    invoiced.act(Action.POST, "m")
    invoiced.carry(memo("d", kind=Kind.DEBIT_MEMO, applies_on_posting=True))
    assert invoiced.applied() == {}


@pytest.mark.parametrize("status", (Status.DRAFT, Status.POSTED, Status.CANCELED))
def test_an_invoice_with_a_live_memo_is_not_unposted(invoiced: Books, status: Status) -> None:
    invoiced.carry(memo("m", post=status is Status.POSTED))
    if status is Status.CANCELED:
        invoiced.act(Action.CANCEL, "m")
        assert invoiced.act(Action.UNPOST, "i").status is Status.DRAFT
        return
    told = invoiced.refuse(invoiced.acting(Action.UNPOST, "i"), Rule.DOCUMENT_IS_REFERRED_TO)
    number = invoiced.document("m").number
    assert told == (
        f"the invoice INV00000001 cannot be unposted: the credit memo {number} was made from it; cancel that first"
    )


def change(name: str, amount: str, kind: Kind = Kind.CREDIT_MEMO, line_id: str = "line-0") -> UpdateDocument:
    changes = (ItemChange(id=line_id, path="items[0]", amount=amount),)
    return UpdateDocument(scope=SCOPE, kind=kind, key=name, item_changes=changes)


def test_a_draft_memo_is_not_raised_above_what_its_invoice_leaves(invoiced: Books) -> None:
    invoiced.carry(memo("m", line("1", "i-2"), post=False))
    invoiced.carry(memo("n", line("2", "i-2", 1)))
    told = invoiced.refuse(change("m", "2.01"), Rule.AMOUNT_ABOVE_REMAINING)
    assert told == (
        "4.01 EUR in all cannot be credited on the item i-2 of the invoice INV00000001, which comes to 4.00 EUR"
    )
    assert invoiced.carry(change("m", "2")).amount_minor == 200
    assert "only 8.00 EUR" in invoiced.refuse(change("m", "8.01"), Rule.AMOUNT_ABOVE_REMAINING)


def test_a_draft_debit_memo_is_raised_as_one_likes(invoiced: Books) -> None:
    invoiced.carry(memo("m", line("1", "i-2"), kind=Kind.DEBIT_MEMO, post=False))
    assert invoiced.carry(change("m", "100", Kind.DEBIT_MEMO)).amount_minor == 10_000


@pytest.mark.parametrize(
    ("action", "message"),
    (
        (Action.POST, "the invoice INV00000001 is posted; its date and its items change only while it is draft"),
        (Action.CANCEL, "the invoice TMP-INV-00000001 is canceled and cannot be changed"),
    ),
)
def test_only_a_draft_is_changed(books: Books, action: Action, message: str) -> None:
    books.make(Kind.INVOICE, "i", post=False)
    books.act(action, "i")
    assert books.refuse(change("i", "1", Kind.INVOICE, "i-1"), Rule.DOCUMENT_NOT_DRAFT) == message


def test_what_is_only_kept_changes_at_any_time(invoiced: Books) -> None:
    update = UpdateDocument(scope=SCOPE, kind=Kind.INVOICE, key="i", fields={"comment": "x"}, due_date=date(2026, 5, 1))
    changed = invoiced.carry(update)
    assert (changed.fields, changed.due_date, changed.amount_minor) == ({"comment": "x"}, date(2026, 5, 1), 1000)


@pytest.mark.parametrize(("kind", "memo_number"), ((Kind.INVOICE, "CM00000001"), (Kind.CREDIT_MEMO, "DM00000001")))
def test_a_reversal_takes_back_all_of_a_document_in_one_step(books: Books, kind: Kind, memo_number: str) -> None:
    books.make(kind, "i", "6", "4")
    countered = books.carry(counter("r", reverses=True, kind=kind))
    assert countered.document == books.document("i")
    assert countered.memo == books.document("r")
    assert (countered.memo.number, countered.memo.status, countered.memo.referred_id) == (
        memo_number,
        Status.POSTED,
        "i",
    )
    assert [(item.amount_minor, item.source_item_id) for item in countered.memo.items] == [(600, "i-1"), (400, "i-2")]
    assert (countered.document.is_reversed, countered.memo.is_reversed) == (True, False)
    assert (books.state("i"), books.state("r")) == ((1000, 0, 0), (1000, 0, 0))
    pair = ("r", "i") if kind is Kind.INVOICE else ("i", "r")
    assert books.applied() == {pair: 1000}


@pytest.mark.parametrize("kind", (Kind.INVOICE, Kind.CREDIT_MEMO))
def test_a_reversal_is_for_good(books: Books, kind: Kind) -> None:
    books.make(kind, "i")
    books.carry(counter("r", reverses=True, kind=kind))
    told = books.refuse(counter("s", reverses=True, kind=kind), Rule.ALREADY_SETTLED)
    number = books.document("i").number
    assert told == f"the {kind.words} {number} has been reversed already"
    source = "r" if kind is Kind.INVOICE else "i"
    told = books.refuse(books.unapplying(source), Rule.ALREADY_SETTLED)
    assert told == f"the {kind.words} {number} was reversed, which cannot be taken back"
    told = books.refuse(books.refunding(source, None, unapplies=True), Rule.ALREADY_SETTLED)
    assert told == f"the {kind.words} {number} was reversed, which cannot be taken back"
    for name in ("i", "r"):
        books.refuse(books.acting(Action.UNPOST, name), Rule.ALREADY_SETTLED)


def test_what_is_settled_is_not_reversed(invoiced: Books) -> None:
    invoiced.pay("p", "1")
    invoiced.carry(invoiced.applying("p", i="1"))
    told = invoiced.refuse(counter("r", reverses=True), Rule.ALREADY_SETTLED)
    assert told == (
        "the invoice INV00000001 cannot be reversed: 1.00 EUR are applied and 0.00 EUR refunded; take these back first"
    )
    assert invoiced.next_ordinal("CM", Kind.CREDIT_MEMO) == 1
    invoiced.make(Kind.CREDIT_MEMO, "c")
    invoiced.carry(invoiced.refunding("c", "2"))
    told = invoiced.refuse(counter("r", reverses=True, kind=Kind.CREDIT_MEMO, key="c"), Rule.ALREADY_SETTLED)
    assert "0.00 EUR are applied and 2.00 EUR refunded" in told


@pytest.mark.parametrize("reverses", (True, False))
def test_what_was_credited_is_not_taken_back_a_second_time(invoiced: Books, *, reverses: bool) -> None:
    invoiced.carry(memo("m", line("1")))
    told = invoiced.refuse(counter("r", reverses=reverses), Rule.AMOUNT_ABOVE_REMAINING)
    assert told == ("10.00 EUR cannot be credited: only 9.00 EUR of the invoice INV00000001 have not been credited yet")


@pytest.mark.parametrize("reverses", (True, False))
def test_a_draft_is_not_taken_back(books: Books, *, reverses: bool) -> None:
    books.make(Kind.INVOICE, "i", post=False)
    assert "is draft" in books.refuse(counter("r", reverses=reverses), Rule.NOT_SETTLEABLE)


@pytest.mark.parametrize("kind", (Kind.INVOICE, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO))
def test_a_write_off_of_an_untouched_document_takes_back_its_lines(books: Books, kind: Kind) -> None:
    books.make(kind, "i", "6", "4")
    countered = books.carry(counter("w", reverses=False, kind=kind))
    assert [(item.amount_minor, item.source_item_id) for item in countered.memo.items] == [(600, "i-1"), (400, "i-2")]
    assert (countered.document.is_reversed, countered.document.open_minor) == (False, 0)
    assert countered.memo.kind is (Kind.DEBIT_MEMO if kind is Kind.CREDIT_MEMO else Kind.CREDIT_MEMO)


def test_a_write_off_takes_back_what_remains(invoiced: Books) -> None:
    invoiced.pay("p", "7.25")
    invoiced.carry(invoiced.applying("p", i="7.25"))
    countered = invoiced.carry(counter("w", reverses=False))
    assert [(item.amount_minor, item.description) for item in countered.memo.items] == [
        (275, "Write-off of INV00000001")
    ]
    assert invoiced.applied() == {("p", "i"): 725, ("w", "i"): 275}
    told = invoiced.refuse(counter("v", reverses=False), Rule.ALREADY_SETTLED)
    assert told == "nothing of the invoice INV00000001 remains to be written off"
    assert invoiced.next_ordinal("CM", Kind.CREDIT_MEMO) == 2


def test_a_written_off_invoice_can_be_opened_again(invoiced: Books) -> None:
    invoiced.carry(counter("w", reverses=False))
    invoiced.carry(invoiced.unapplying("w"))
    assert (invoiced.state("i"), invoiced.state("w")) == ((0, 0, 1000), (0, 0, 1000))


def test_the_amount_of_a_write_off_must_be_what_remains(invoiced: Books) -> None:
    told = invoiced.fail(counter("w", reverses=False, amount="9.99"), InvalidValue)
    assert "the whole balance is written off, which is 10.00 EUR" in told
    assert invoiced.carry(counter("w", reverses=False, amount="10")).memo.amount_minor == 1000


def test_a_used_credit_memo_is_not_written_off(books: Books) -> None:
    books.make(Kind.CREDIT_MEMO, "c")
    books.carry(books.refunding("c", "1"))
    told = books.refuse(counter("w", reverses=False, kind=Kind.CREDIT_MEMO, key="c"), Rule.ALREADY_SETTLED)
    assert told.startswith("the credit memo CM00000001 cannot be written off: 0.00 EUR are applied and 1.00 EUR")


def test_a_counter_memo_is_not_dated_before_what_it_takes_back(books: Books) -> None:
    books.make(Kind.INVOICE, "i", document_date=date(2026, 2, 1))
    early = counter("r", reverses=True, document_date=date(2026, 1, 31))
    assert "is of 2026-02-01; give that date or later" in books.fail(early, InvalidValue)
    assert books.carry(counter("r", reverses=True, document_date=date(2026, 2, 1))).memo.document_date.day == 1


def test_a_broken_rule_names_itself(invoiced: Books) -> None:
    with pytest.raises(BrokenRule) as refused:
        invoiced.carry(memo("m", line("11")))
    assert refused.value.rule is Rule.AMOUNT_ABOVE_REMAINING


def test_what_names_a_number_that_its_own_batch_issues_comes_too_early() -> None:
    books = Books()
    books.make(Kind.INVOICE, "i", post=False)
    posted = books.act(Action.POST, "i")
    too_early = books.fail(counter("m", reverses=True, key=posted.number), NotFound)
    assert posted.number in too_early
    assert books.carry(counter("m", reverses=True, key="i")).memo.open_minor == 0
