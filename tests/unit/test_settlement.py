"""Applying, taking back, paying in and paying back: each rule, and each refusal with its message."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from seriatim.domain.commands.settlement import ApplySource, CreatePayment, Portion
from seriatim.domain.document import Action, Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import APPLICATIONS_MAX, apply_amount
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from tests.factories import SCOPE, make_account, make_document
from tests.fakes import NOON
from tests.unit.books import OTHER_ACCOUNT_ID, SOURCES, TARGETS, Books

NAMES = {Kind.CREDIT_MEMO: "credit memo CM00000001", Kind.PAYMENT: "payment P-00000001"}
TARGET_NAMES = {Kind.INVOICE: "invoice INV00000001", Kind.DEBIT_MEMO: "debit memo DM00000001"}


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.mark.parametrize(("source", "target"), tuple(product(SOURCES, TARGETS)))
def test_what_is_applied_is_taken_from_both_and_kept(books: Books, source: Kind, target: Kind) -> None:
    books.make(source, "s")
    books.make(target, "t", "7.50")
    applied = books.carry(books.applying("s", t="2.25"))
    assert applied == books.document("s")
    assert (books.state("s"), books.state("t")) == ((225, 0, 775), (225, 0, 525))
    books.carry(books.applying("s", t="0.01"))
    assert books.applied() == {("s", "t"): 226}
    assert (books.state("s"), books.state("t")) == ((226, 0, 774), (226, 0, 524))


def test_an_application_keeps_its_id_and_the_time_it_was_made(books: Books) -> None:
    books.make(Kind.PAYMENT, "p")
    books.make(Kind.INVOICE, "i")
    books.carry(books.applying("p", i="1"))
    first = books.application("p", "i")
    later = NOON + timedelta(hours=1)
    books.applying("p", i="2").decide(books.snapshot, later)
    grown = books.application("p", "i")
    assert (grown.id, grown.created_at, grown.updated_at, grown.amount_minor) == (first.id, NOON, later, 300)
    assert (books.document("p").updated_at, books.document("i").updated_at) == (later, later)


@pytest.mark.parametrize(("paid", "owed", "applied"), (("10", "7.50", 750), ("5", "7.50", 500), ("7.50", "7.50", 750)))
def test_without_an_amount_as_much_as_can_be_is_applied(books: Books, paid: str, owed: str, applied: int) -> None:
    books.pay("p", paid)
    books.make(Kind.INVOICE, "i", owed)
    books.carry(books.applying("p", i=None))
    assert books.applied() == {("p", "i"): applied}


def test_portions_are_applied_one_after_another(books: Books) -> None:
    books.pay("p", "10")
    for name in ("i", "j"):
        books.make(Kind.INVOICE, name, "6")
    books.carry(books.applying("p", i=None, j=None))
    assert books.applied() == {("p", "i"): 600, ("p", "j"): 400}


REFUSED_AMOUNTS = (
    ("10.01", Rule.AMOUNT_ABOVE_REMAINING, "10.01 EUR cannot be applied: only 10.00 EUR of the {source} remain"),
    ("7.51", Rule.AMOUNT_ABOVE_REMAINING, "7.51 EUR cannot be applied: only 7.50 EUR of the {target} remain"),
    ("0", Rule.AMOUNT_NOT_POSITIVE, "0.00 EUR cannot be applied; give an amount above zero"),
    ("-1", Rule.AMOUNT_NOT_POSITIVE, "-1.00 EUR cannot be applied; give an amount above zero"),
)


@pytest.mark.parametrize(("source", "target"), tuple(product(SOURCES, TARGETS)))
@pytest.mark.parametrize(("amount", "rule", "message"), REFUSED_AMOUNTS)
def test_more_than_remains_is_refused_with_the_amounts(
    books: Books, source: Kind, target: Kind, amount: str, rule: Rule, message: str
) -> None:
    books.make(source, "s")
    books.make(target, "t", "7.50")
    told = books.refuse(books.applying("s", t=amount), rule)
    assert told == message.format(source=NAMES[source], target=TARGET_NAMES[target])
    assert books.state("s") == (0, 0, 1000)


def test_nothing_remaining_is_refused_even_without_an_amount(books: Books) -> None:
    books.pay("p", "5")
    books.make(Kind.INVOICE, "i", "5")
    books.carry(books.applying("p", i=None))
    assert "0.00 EUR cannot be applied" in books.refuse(books.applying("p", i=None), Rule.AMOUNT_NOT_POSITIVE)


def test_more_decimals_than_the_currency_has_are_refused(books: Books) -> None:
    books.pay("p", "5")
    books.make(Kind.INVOICE, "i", "5")
    assert "invoices[0].amount" in books.fail(books.applying("p", i="1.001"), InvalidValue)


def test_one_portion_that_is_refused_refuses_all(books: Books) -> None:
    books.pay("p", "10")
    for name in ("i", "j"):
        books.make(Kind.INVOICE, name, "6")
    told = books.refuse(books.applying("p", i="6", j="5"), Rule.AMOUNT_ABOVE_REMAINING)
    assert told == "5.00 EUR cannot be applied: only 4.00 EUR of the payment P-00000001 remain"
    assert books.applied() == {}
    assert (books.state("p"), books.state("i")) == ((0, 0, 1000), (0, 0, 600))


@pytest.mark.parametrize("is_source_draft", (True, False))
def test_a_draft_is_not_settled(books: Books, *, is_source_draft: bool) -> None:
    books.make(Kind.CREDIT_MEMO, "s", post=not is_source_draft)
    books.make(Kind.INVOICE, "t", post=is_source_draft)
    told = books.refuse(books.applying("s", t="1"), Rule.NOT_SETTLEABLE)
    draft = "credit memo TMP-CM-00000001" if is_source_draft else "invoice TMP-INV-00000001"
    assert told == f"the {draft} is draft; nothing can be applied to or from it until it is posted"


def test_a_canceled_payment_is_not_applied(books: Books) -> None:
    books.pay("p", "10")
    books.make(Kind.INVOICE, "i")
    books.act(Action.CANCEL, "p")
    assert "the payment P-00000001 is canceled" in books.refuse(books.applying("p", i="1"), Rule.NOT_SETTLEABLE)


@pytest.mark.parametrize("source", SOURCES)
def test_one_account_does_not_settle_for_another(books: Books, source: Kind) -> None:
    books.make(source, "s")
    books.make(Kind.INVOICE, "i", account_id=OTHER_ACCOUNT_ID)
    told = books.refuse(books.applying("s", i="1"), Rule.ACCOUNT_MISMATCH)
    assert told == (
        f"the {NAMES[source]} belongs to the account A00000001, the invoice INV00000001 to A00000002; "
        "apply within one account"
    )


def test_one_currency_does_not_settle_another() -> None:
    memo = make_document(status=Status.POSTED)
    invoice = make_document(id="i", kind=Kind.INVOICE, number="INV00000001", status=Status.POSTED, currency="JPY")
    with pytest.raises(BrokenRule) as refused:
        apply_amount(memo, invoice, 1)
    assert refused.value.rule is Rule.CURRENCY_MISMATCH
    assert refused.value.message == (
        "the credit memo TMP-CM-00000001 is in EUR, the invoice INV00000001 in JPY; apply within one currency"
    )


def test_what_is_applied_to_must_be_there_and_of_its_kind(books: Books) -> None:
    books.pay("p", "10")
    books.make(Kind.DEBIT_MEMO, "d")
    assert "missing" in books.fail(books.applying("p", missing="1"), NotFound)
    wrong = Portion("application-1", "invoices[0]", Kind.INVOICE, "d", "1")
    command = ApplySource(scope=SCOPE, kind=Kind.PAYMENT, key="p", portions=(wrong,))
    assert "invoice" in books.fail(command, NotFound)
    assert "credit memo" in books.fail(ApplySource(scope=SCOPE, kind=Kind.CREDIT_MEMO, key="p"), NotFound)


def test_one_request_settles_so_many_documents_at_most() -> None:
    portion = Portion("application-1", "invoices[0]", Kind.INVOICE, "i", "1")
    with pytest.raises(InvalidValue, match=f"give at most {APPLICATIONS_MAX}"):
        ApplySource(scope=SCOPE, kind=Kind.PAYMENT, key="p", portions=(portion,) * (APPLICATIONS_MAX + 1))
    ApplySource(scope=SCOPE, kind=Kind.PAYMENT, key="p", portions=(portion,) * APPLICATIONS_MAX)


@pytest.fixture
def settled(books: Books) -> Books:
    """A payment `p` of 10.00, of which 6.00 are applied to the invoice `i` and 3.00 to the debit memo `d`."""
    books.pay("p", "10")
    books.make(Kind.INVOICE, "i", "6")
    books.make(Kind.DEBIT_MEMO, "d", "5")
    books.carry(books.applying("p", i="6", d="3"))
    return books


def test_a_part_is_taken_back_and_can_be_applied_again(settled: Books) -> None:
    settled.carry(settled.unapplying("p", i="2.50"))
    assert (settled.state("p"), settled.state("i"), settled.state("d")) == ((650, 0, 350), (350, 0, 250), (300, 0, 200))
    assert settled.applied() == {("p", "i"): 350, ("p", "d"): 300}
    settled.carry(settled.applying("p", i="2.50"))
    assert settled.applied()["p", "i"] == 600


def test_without_an_amount_all_that_is_between_two_is_taken_back(settled: Books) -> None:
    settled.carry(settled.unapplying("p", i=None))
    assert settled.applied() == {("p", "i"): 0, ("p", "d"): 300}


def test_without_portions_everything_is_taken_back(settled: Books) -> None:
    settled.pay("other", "1")
    settled.carry(settled.applying("other", d="1"))
    settled.carry(settled.unapplying("p"))
    assert settled.applied() == {("p", "i"): 0, ("p", "d"): 0, ("other", "d"): 100}
    assert (settled.state("p"), settled.state("i"), settled.state("d")) == ((0, 0, 1000), (0, 0, 600), (100, 0, 400))
    again = settled.carry(settled.unapplying("p"))
    assert again == settled.document("p")


ABOVE_APPLIED = (
    "3.01 EUR cannot be unapplied: only 3.00 EUR of the payment P-00000001 are applied to the debit memo DM00000001"
)


@pytest.mark.parametrize(
    ("amount", "rule", "message"),
    (
        ("3.01", Rule.AMOUNT_ABOVE_REMAINING, ABOVE_APPLIED),
        ("0", Rule.AMOUNT_NOT_POSITIVE, "0.00 EUR cannot be unapplied; give an amount above zero"),
    ),
)
def test_more_than_is_applied_is_not_taken_back(settled: Books, amount: str, rule: Rule, message: str) -> None:
    assert settled.refuse(settled.unapplying("p", d=amount), rule) == message


def test_what_was_never_applied_is_not_taken_back(settled: Books) -> None:
    settled.make(Kind.INVOICE, "j")
    told = settled.refuse(settled.unapplying("p", j="1"), Rule.AMOUNT_ABOVE_REMAINING)
    assert "only 0.00 EUR of the payment P-00000001 are applied to the invoice INV00000002" in told
    settled.refuse(settled.unapplying("p", j=None), Rule.AMOUNT_NOT_POSITIVE)


def test_a_payment_has_its_number_at_once_and_is_applied_to_what_it_names(books: Books) -> None:
    books.make(Kind.INVOICE, "i", "6")
    payment = books.pay("p", "10", portions=books.portions({"i": "4"}), fields={"comment": "wired"})
    assert (payment.number, payment.status, payment.open_minor) == ("P-00000001", Status.PROCESSED, 600)
    assert (payment.fields, payment.items) == ({"comment": "wired"}, ())
    assert books.applied() == {("p", "i"): 400}


def test_a_payment_that_cannot_be_applied_is_not_made_and_takes_no_number(books: Books) -> None:
    books.make(Kind.INVOICE, "i", "6")
    command = payment(amount="10", portions=books.portions({"i": "6.01"}))
    told = books.refuse(command, Rule.AMOUNT_ABOVE_REMAINING)
    assert told == "6.01 EUR cannot be applied: only 6.00 EUR of the invoice INV00000001 remain"
    assert books.next_ordinal("P-", Kind.PAYMENT) == 1
    assert books.snapshot.documents.get("p") is None


def payment(**over: object) -> CreatePayment:
    given: dict[str, Any] = {"scope": SCOPE, "document_id": "p", "account_keys": {"accountId": "account-1"}}
    return CreatePayment(**({"amount": "1", "currency": "EUR"} | given | over))


@pytest.mark.parametrize("over", ({"amount": "0"}, {"amount": "-1"}, {"amount": "1.001"}, {"currency": "XXX"}))
def test_a_payment_of_nothing_or_of_an_unknown_currency_is_refused(over: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        payment(**over)


def test_a_payment_in_another_currency_than_its_account_is_refused(books: Books) -> None:
    told = books.refuse(payment(currency="USD"), Rule.CURRENCY_MISMATCH)
    assert told == "currency: the account A00000001 is kept in EUR, not USD"


def test_a_payment_or_refund_of_a_set_that_does_not_number_them_is_numbered_by_default(books: Books) -> None:
    books.snapshot.accounts.put("account-1", make_account(sequence_set_id="set-1"))
    assert books.pay("p", "10").number == "P-00000001"
    refund = books.carry(books.refunding("p", "1"))
    assert (refund.number, refund.sequence_set_id) == ("R-00000001", "set-1")


@pytest.mark.parametrize("source", SOURCES)
def test_what_remains_is_paid_back(books: Books, source: Kind) -> None:
    books.make(source, "s")
    refund = books.carry(books.refunding("s", "2.50"))
    assert (refund.number, refund.kind, refund.status) == ("R-00000001", Kind.REFUND, Status.PROCESSED)
    assert (refund.amount_minor, refund.referred_id, refund.currency) == (250, "s", "EUR")
    assert books.state("s") == (0, 250, 750)
    assert books.carry(books.refunding("s", None, "rest")).amount_minor == 750
    told = books.refuse(books.refunding("s", "0.01", "more"), Rule.AMOUNT_ABOVE_REMAINING)
    assert told == f"0.01 EUR cannot be refunded: only 0.00 EUR of the {NAMES[source]} remain"


def test_what_is_applied_is_not_paid_back_unless_it_is_taken_back(settled: Books) -> None:
    told = settled.refuse(settled.refunding("p", "1.01"), Rule.AMOUNT_ABOVE_REMAINING)
    assert told == "1.01 EUR cannot be refunded: only 1.00 EUR of the payment P-00000001 remain"
    refund = settled.carry(settled.refunding("p", None, portions=settled.portions({"i": "2", "d": None})))
    assert refund.amount_minor == 500
    assert settled.applied() == {("p", "i"): 400, ("p", "d"): 0}
    assert (settled.state("p"), settled.state("i"), settled.state("d")) == ((400, 500, 100), (400, 0, 200), (0, 0, 500))


def test_a_refund_of_portions_comes_to_as_much_as_they_do(settled: Books) -> None:
    command = settled.refunding("p", "2.01", portions=settled.portions({"i": "2"}))
    told = settled.fail(command, InvalidValue)
    assert "the invoices and debit memos come to 2.00 EUR; give as much" in told
    assert settled.carry(settled.refunding("p", "2", portions=settled.portions({"i": "2"}))).amount_minor == 200


def test_a_refund_takes_back_what_was_applied_last_first(settled: Books) -> None:
    refund = settled.carry(settled.refunding("p", "4", unapplies=True))
    assert refund.amount_minor == 400
    assert settled.applied() == {("p", "i"): 500, ("p", "d"): 0}
    assert settled.state("p") == (500, 400, 100)
    assert settled.carry(settled.refunding("p", None, "rest", unapplies=True)).amount_minor == 600
    assert settled.state("p") == (0, 1000, 0)


def test_a_draft_is_not_paid_back(books: Books) -> None:
    books.make(Kind.CREDIT_MEMO, "m", post=False)
    assert "is draft" in books.refuse(books.refunding("m", "1"), Rule.NOT_SETTLEABLE)


def test_a_refund_is_not_dated_before_what_it_pays_back(books: Books) -> None:
    books.pay("p", "10", document_date=date(2026, 2, 1))
    command = books.refunding("p", "1", document_date=date(2026, 1, 31))
    assert "the payment P-00000001 is of 2026-02-01; give that date or a later one" in books.fail(command, InvalidValue)
    assert books.carry(books.refunding("p", "1", document_date=date(2026, 2, 1))).document_date == date(2026, 2, 1)


@pytest.mark.parametrize("source", SOURCES)
def test_a_canceled_refund_gives_its_amount_back_and_keeps_its_number(books: Books, source: Kind) -> None:
    books.make(source, "s")
    books.carry(books.refunding("s", "10"))
    canceled = books.act(Action.CANCEL, "refund")
    assert (canceled.status, canceled.number) == (Status.CANCELED, "R-00000001")
    assert books.state("s") == (0, 0, 1000)
    books.refuse(books.acting(Action.CANCEL, "refund"), Rule.TRANSITION_NOT_ALLOWED)
    told = books.refuse(books.acting(Action.DELETE, "refund"), Rule.DOCUMENT_HAS_NUMBER)
    assert told == (
        "the refund R-00000001 has been issued and keeps its number; it stays canceled and cannot be deleted"
    )
    assert books.carry(books.refunding("s", "10", "again")).number == "R-00000002"


def test_a_payment_of_which_something_is_used_is_not_canceled(settled: Books) -> None:
    told = settled.refuse(settled.acting(Action.CANCEL, "p"), Rule.ALREADY_SETTLED)
    assert told == (
        "the payment P-00000001 cannot be canceled: 9.00 EUR are applied and 0.00 EUR refunded; take these back first"
    )
    settled.carry(settled.unapplying("p"))
    settled.carry(settled.refunding("p", "4"))
    assert "4.00 EUR refunded" in settled.refuse(settled.acting(Action.CANCEL, "p"), Rule.ALREADY_SETTLED)
    settled.act(Action.CANCEL, "refund")
    assert settled.act(Action.CANCEL, "p").status is Status.CANCELED


@pytest.mark.parametrize("action", (Action.POST, Action.UNPOST))
def test_money_is_neither_posted_nor_unposted(books: Books, action: Action) -> None:
    books.pay("p", "10")
    told = books.refuse(books.acting(action, "p"), Rule.TRANSITION_NOT_ALLOWED)
    assert told == f"a payment knows no action {action}"


@pytest.mark.parametrize("name", ("i", "c"))
def test_what_is_settled_is_not_unposted(books: Books, name: str) -> None:
    books.make(Kind.INVOICE, "i")
    books.make(Kind.CREDIT_MEMO, "c")
    books.carry(books.applying("c", i="1"))
    told = books.refuse(books.acting(Action.UNPOST, name), Rule.ALREADY_SETTLED)
    assert told.endswith("cannot be unposted: 1.00 EUR are applied and 0.00 EUR refunded; take these back first")
    books.carry(books.unapplying("c"))
    assert books.act(Action.UNPOST, name).status is Status.DRAFT
