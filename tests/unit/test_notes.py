"""Notes as Sequence makes them: opened, changed, issued, sent, voided; each rule, and each refusal with its message."""

from datetime import date, timedelta
from typing import Any

import pytest

from seriatim.domain.document import TRANSITIONS, Action, Item, Stage, Status
from seriatim.domain.document_view import shown_memo
from seriatim.domain.entity import NumberOn
from seriatim.domain.mail import MailStatus
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import METADATA_MAX, RECIPIENTS_MAX
from seriatim.errors import InvalidValue, NotFound, Rule
from tests.factories import ACCOUNT_ID, ENTITY_ID, make_account, make_document, make_entity, transition
from tests.fakes import NOON
from tests.unit.books import OTHER_ACCOUNT_ID
from tests.unit.note_books import RECIPIENT, NoteBooks, new_line, open_note

NOUNS = (Kind.CREDIT_MEMO, Kind.INVOICE)
STEPS = (Action.POST, Action.SEND, Action.VOID, Action.DISCARD, Action.UNPOST)


@pytest.fixture
def books() -> NoteBooks:
    return NoteBooks()


def bring_to(books: NoteBooks, stage: Stage, kind: Kind = Kind.CREDIT_MEMO) -> None:
    """The note `n` in this stage."""
    books.open("n", new_line(), kind=kind, said={"emails": (RECIPIENT,)})
    if stage in (Stage.FINAL, Stage.SENT):
        books.carry(books.issuing("n", sends=stage is Stage.SENT))
    elif stage is Stage.VOIDED:
        books.carry(books.stepping(Action.VOID))


def acting(books: NoteBooks, action: Action) -> Any:
    """The command of a step."""
    if action is Action.POST:
        return books.issuing("n")
    return books.sending("n") if action is Action.SEND else books.stepping(action)


def test_an_empty_draft_says_what_its_customer_does(books: NoteBooks) -> None:
    contact = {"id": "c", "workEmail": RECIPIENT, "address1": "1 High St", "city": "York", "country": "GB"}
    books.snapshot.accounts.put(ACCOUNT_ID, make_account(contacts={"billToContact": contact}))
    document = books.open("n").document
    said = document.particulars
    assert said is not None
    assert (said.customer_name, said.emails) == ("Sophie Germain", (RECIPIENT,))
    assert said.billing_address == {"line1": "1 High St", "town": "York", "postcode": "", "country": "GB"}
    assert (document.amount_minor, document.items, document.ordinal) == (0, (), None)
    assert document.number == "TMP-CM-00000001"
    given = books.open("m", said={"customer_name": "Other", "emails": ()}).document.particulars
    assert given is not None
    assert (given.customer_name, given.emails) == ("Other", ())


@pytest.mark.parametrize(("kind", "name"), ((Kind.CREDIT_MEMO, "comment"), (Kind.INVOICE, "comments")))
def test_the_memo_is_what_zuora_calls_the_comment(books: NoteBooks, kind: Kind, name: str) -> None:
    document = books.open("n", kind=kind, said={"memo": "Sorry"}).document
    assert (document.fields, shown_memo(document)) == ({name: "Sorry"}, "Sorry")
    other = books.carry(books.changing("n", reference="R")).document
    assert other.fields == {name: "Sorry"}
    gone = books.carry(books.changing("n", memo=None)).document
    assert (gone.fields, shown_memo(gone)) == ({}, None)
    books.edit("n", fields={name: "From there"})
    assert shown_memo(books.document("n")) == "From there"


def test_what_a_change_leaves_out_stays(books: NoteBooks) -> None:
    books.open("n", said={"purchase_order_number": "PO", "metadata": (("a", "b"),), "fields": {"one": 1}})
    said = books.carry(books.changing("n", purchase_order_number=None, fields={"two": 2})).document.particulars
    assert said is not None
    assert (said.purchase_order_number, said.metadata, said.fields) == (None, (("a", "b"),), {"one": 1, "two": 2})


def test_a_currency_changes_only_while_nothing_is_in_it(books: NoteBooks) -> None:
    books.open("n", kind=Kind.INVOICE)
    assert books.carry(books.changing("n", currency="JPY")).document.currency == "JPY"
    books.carry(books.adding("n", new_line()))
    assert "has lines in JPY" in books.refuse(books.changing("n", currency="EUR"), Rule.CURRENCY_MISMATCH)
    books.invoice("i")
    books.open("m", invoice_key="i")
    assert "an invoice in EUR" in books.refuse(books.changing("m", currency="USD"), Rule.CURRENCY_MISMATCH)


@pytest.mark.parametrize(
    ("over", "error", "word"),
    (
        ({"account_key": "missing"}, NotFound, "missing"),
        ({"invoice_key": "missing"}, NotFound, "missing"),
        ({"invoice_key": "n0"}, NotFound, "n0"),
    ),
)
def test_a_note_names_what_exists(books: NoteBooks, over: dict[str, Any], error: type[NotFound], word: str) -> None:
    books.issue("n0")
    assert word in books.fail(open_note("n", **over), error)


@pytest.mark.parametrize(("attribute", "limit"), (("metadata", METADATA_MAX), ("emails", RECIPIENTS_MAX)))
def test_what_grows_has_a_limit(books: NoteBooks, attribute: str, limit: int) -> None:
    books.open("n", said={attribute: ("x",) * limit})
    for make in (lambda given: open_note("m", said=given), lambda given: books.changing("n", **given)):
        with pytest.raises(InvalidValue, match=f"at most {limit}"):
            make({attribute: ("x",) * (limit + 1)})


def test_only_an_issued_invoice_of_the_same_customer_and_currency_is_credited(books: NoteBooks) -> None:
    books.open("draft", new_line(), kind=Kind.INVOICE)
    assert "until it is posted" in books.refuse(open_note(invoice_key="draft"), Rule.NOT_SETTLEABLE)
    books.invoice("i")
    other = open_note(invoice_key="i", account_key=OTHER_ACCOUNT_ID)
    assert ACCOUNT_ID in books.refuse(other, Rule.ACCOUNT_MISMATCH)
    assert "EUR" in books.refuse(open_note(invoice_key="i", currency="USD"), Rule.CURRENCY_MISMATCH)
    assert books.open("n", invoice_key="i").referred == books.document("i")
    books.carry(books.stepping(Action.DISCARD))
    books.carry(books.stepping(Action.VOID, "i"))
    books.refuse(open_note(invoice_key="i"), Rule.NOT_SETTLEABLE)


def test_an_archived_customer_gets_no_new_documents(books: NoteBooks) -> None:
    books.snapshot.accounts.put(ACCOUNT_ID, make_account(archived_at=NOON))
    assert "2026-03-14" in books.refuse(open_note(), Rule.ACCOUNT_ARCHIVED)


@pytest.mark.parametrize("kind", NOUNS)
def test_finalizing_gives_number_date_and_seller(books: NoteBooks, kind: Kind) -> None:
    books.open("n", new_line(), kind=kind)
    books.be_seller(legalCompanyName="Sold then")
    later = NOON + timedelta(days=3)
    document = books.carry_at(books.issuing(), later).document
    assert (document.stage, document.ordinal, document.posted_at) == (Stage.FINAL, 1, later)
    assert (document.document_date, document.particulars.accounting_date) == (later.date(), later.date())
    books.be_seller(legalCompanyName="Sold since")
    said = books.document("n").particulars
    assert said is not None
    assert said.merchant == {"legalCompanyName": "Sold then"}
    due = date(2026, 4, 16) if kind is Kind.INVOICE else None
    assert document.due_date == due


@pytest.mark.parametrize("kind", NOUNS)
def test_posting_through_the_other_api_keeps_the_seller_too(books: NoteBooks, kind: Kind) -> None:
    books.open("n", new_line(), kind=kind)
    books.be_seller(legalCompanyName="Sold then")
    said = books.carry(transition(Action.POST, "n", kind=kind)).particulars
    assert said is not None
    assert said.merchant == {"legalCompanyName": "Sold then"}


def test_finalizing_leaves_a_draft_of_the_other_api_its_date(books: NoteBooks) -> None:
    draft = make_document(id="z", document_date=date(2025, 12, 31), amount_minor=1, items=(Item("line", 1),))
    books.snapshot.documents.put(draft.id, draft)
    document = books.carry(books.issuing("z")).document
    assert document.particulars is not None
    assert (document.document_date, document.particulars.accounting_date) == (date(2025, 12, 31), date(2025, 12, 31))


def test_an_accounting_date_that_was_given_stays(books: NoteBooks) -> None:
    books.open("n", new_line(), said={"accounting_date": date(2026, 1, 31)})
    said = books.carry(books.issuing()).document.particulars
    assert said is not None
    assert said.accounting_date == date(2026, 1, 31)


def test_what_has_no_line_or_comes_to_nothing_is_not_issued(books: NoteBooks) -> None:
    books.open("n")
    assert "has no line" in books.refuse(books.issuing(), Rule.NO_LINES)
    books.carry(books.adding("n", new_line("0")))
    assert "comes to 0.00 EUR" in books.refuse(books.issuing(), Rule.TOTAL_NOT_POSITIVE)
    assert books.next_ordinal("CM", Kind.CREDIT_MEMO) == 1


@pytest.mark.parametrize("kind", NOUNS)
@pytest.mark.parametrize("action", STEPS)
@pytest.mark.parametrize("stage", tuple(Stage))
def test_the_table_of_transitions_rules_every_step(books: NoteBooks, kind: Kind, action: Action, stage: Stage) -> None:
    bring_to(books, stage, kind)
    command, status = acting(books, action), books.document("n").status
    (allowed,) = (row.from_statuses for row in TRANSITIONS[kind] if row.action is action)
    if status in allowed:
        books.carry(command)
        return
    message = books.refuse(command, Rule.TRANSITION_NOT_ALLOWED)
    assert f"is {stage};" in message
    assert ("DRAFT" in message.partition("only while")[2]) is (Status.DRAFT in allowed)


def test_voiding_a_draft_takes_its_number(books: NoteBooks) -> None:
    books.open("n")
    voided = books.carry(books.stepping(Action.VOID)).document
    assert (voided.stage, voided.number, voided.canceled_at) == (Stage.VOIDED, "CM00000001", NOON)
    assert [entry.document_id for entry in books.snapshot.register] == ["n"]


def test_voiding_what_was_issued_keeps_its_number(books: NoteBooks) -> None:
    bring_to(books, Stage.SENT)
    number = books.document("n").number
    voided = books.carry(books.stepping(Action.VOID)).document
    assert (voided.stage, voided.number) == (Stage.VOIDED, number)
    assert books.next_ordinal("CM", Kind.CREDIT_MEMO) == 2


def test_an_invoice_that_is_credited_cannot_be_voided(books: NoteBooks) -> None:
    books.invoice("i")
    books.open("n", new_line("1"), invoice_key="i")
    message = books.refuse(books.stepping(Action.VOID, "i"), Rule.DOCUMENT_IS_REFERRED_TO)
    assert "TMP-CM-00000001" in message
    books.carry(books.stepping(Action.VOID))
    books.carry(books.stepping(Action.VOID, "i"))


def test_deleting_tells_what_went(books: NoteBooks) -> None:
    books.open("n", new_line())
    assert books.carry(books.stepping(Action.DISCARD)).document.amount_minor == 1000
    assert books.snapshot.documents.get("n") is None


def test_a_draft_that_has_a_number_is_not_deleted(books: NoteBooks) -> None:
    books.snapshot.entities.put(ENTITY_ID, make_entity(number_on=NumberOn.CREATION))
    books.open("n", new_line())
    assert "void it instead" in books.refuse(books.stepping(Action.DISCARD), Rule.DOCUMENT_HAS_NUMBER)
    issued = books.carry(books.issuing()).document
    assert (issued.number, len(books.snapshot.register)) == ("CM00000001", 1)


def test_sending_queues_one_mail_with_a_copy_to_the_seller(books: NoteBooks) -> None:
    books.be_seller(email="seller@example.com")
    books.open("n", new_line(), said={"emails": (RECIPIENT, "second@customer.example")})
    sent = books.carry(books.sending(finalizes=True)).document
    assert (sent.stage, sent.sent_at) == (Stage.SENT, NOON)
    (mail,) = books.snapshot.mails
    assert (mail.id, mail.document_id, mail.status, mail.attempts) == ("mail-1", "n", MailStatus.WAITING, 0)
    assert (mail.recipients, mail.copies) == ((RECIPIENT, "second@customer.example"), ("seller@example.com",))


def test_the_seller_gets_no_second_mail(books: NoteBooks) -> None:
    books.be_seller(email=RECIPIENT)
    bring_to(books, Stage.FINAL)
    books.carry(books.sending())
    (mail,) = books.snapshot.mails
    assert mail.copies == ()


def test_sending_once_more_keeps_when_it_was_first_sent(books: NoteBooks) -> None:
    bring_to(books, Stage.FINAL)
    books.carry(books.sending())
    later = NOON + timedelta(days=1)
    again = books.carry_at(books.sending(mail_id="mail-2", finalizes=True), later).document
    assert (again.sent_at, again.posted_at, again.ordinal) == (NOON, NOON, 1)
    assert [mail.id for mail in books.snapshot.mails] == ["mail-1", "mail-2"]


def test_nothing_is_mailed_to_nobody(books: NoteBooks) -> None:
    books.open("n", new_line())
    assert "customerEmails" in books.refuse(books.sending(finalizes=True), Rule.NO_RECIPIENT)
    assert books.document("n").stage is Stage.DRAFT
    assert books.carry(books.issuing(sends=True)).document.stage is Stage.SENT
    assert not list(books.snapshot.mails)
    books.refuse(books.sending(), Rule.NO_RECIPIENT)


def test_marking_as_sent_issues_a_draft_first_and_once(books: NoteBooks) -> None:
    books.open("n", new_line())
    assert books.carry(books.issuing(sends=True)).document.stage is Stage.SENT
    later = NOON + timedelta(days=1)
    again = books.carry_at(books.issuing(sends=True), later).document
    assert (again.sent_at, again.ordinal) == (NOON, 1)


def test_what_is_reopened_keeps_its_number_and_is_unsent(books: NoteBooks) -> None:
    bring_to(books, Stage.SENT, Kind.INVOICE)
    draft = books.carry(books.stepping(Action.UNPOST)).document
    assert (draft.stage, draft.number, draft.sent_at) == (Stage.DRAFT, "INV00000001", None)
    books.carry(books.adding("n", new_line("5")))
    books.be_seller(legalCompanyName="Sold since")
    again = books.carry(books.issuing()).document
    assert (again.number, again.amount_minor) == ("INV00000001", 1500)
    assert again.particulars is not None
    assert again.particulars.merchant == {"legalCompanyName": "Sold since"}


@pytest.mark.parametrize("stage", (Stage.FINAL, Stage.SENT, Stage.VOIDED))
def test_nothing_but_a_draft_is_changed(books: NoteBooks, stage: Stage) -> None:
    bring_to(books, stage)
    for command in (
        books.changing("n", memo="x"),
        books.adding("n", new_line()),
        books.changing_line("n", "n-1", new_line()),
        books.removing_line("n", "n-1"),
        books.adding_group("n"),
    ):
        message = books.refuse(command, Rule.DOCUMENT_NOT_DRAFT)
        assert f"is {stage}; only a DRAFT" in message


def test_a_memo_made_by_zuora_can_be_taken_through_the_same_steps(books: NoteBooks) -> None:
    books.make(Kind.CREDIT_MEMO, "n", "7.50", post=False)
    issued = books.carry(books.issuing(sends=True)).document
    assert (issued.stage, issued.amount_minor) == (Stage.SENT, 750)
    assert issued.particulars is not None
    assert issued.particulars.customer_name == "Sophie Germain"
