"""Every command of notes names what it needs: each runs in a batch of its own, and its answer is what is stored."""

from decimal import Decimal
from typing import Any

import pytest

from seriatim.domain.commands.note_drafts import ChangeNote
from seriatim.domain.commands.note_lines import AddGroup, AddLine, ChangeGroup, ChangeLine, RemoveGroup, RemoveLine
from seriatim.domain.commands.note_settlement import ApplyNote, MarkInvoice
from seriatim.domain.commands.note_steps import IssueNote, StepNote
from seriatim.domain.document import Action, PaymentStatus, Stage
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.mail import MailStatus
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Group
from seriatim.domain.snapshot import Needs
from seriatim.errors import BalancesMoved, BrokenRule, Rule
from seriatim.service.ports import Store
from tests.factories import ENTITY_ID, SCOPE, create_account, load, run
from tests.unit.note_books import RECIPIENT, new_line, open_note

NOTE: dict[str, Any] = {"scope": SCOPE, "kind": Kind.CREDIT_MEMO, "key": "n"}
INVOICE: dict[str, Any] = {"scope": SCOPE, "kind": Kind.INVOICE, "key": "i"}


async def read(store: Store, key: str) -> DocumentView:
    """The view of a document as it is stored."""
    needs = Needs()
    view_needs(needs, ENTITY_ID, key)
    snapshot = await store.read(needs)
    document = snapshot.document(ENTITY_ID, key)
    assert document is not None
    return view_document(snapshot, document)


async def carry(store: Store, *commands: Any) -> DocumentView:
    """The view that the last of some commands answers. Each answer must be what is stored after it."""
    for command in commands:
        outcome = await run(store, command)
        view: DocumentView = getattr(outcome, "view", outcome)
        assert await read(store, view.document.id) == view
    return view


async def refuse(store: Store, command: Any, rule: Rule) -> None:
    """A command that must be refused."""
    with pytest.raises(BrokenRule) as refused:
        await run(store, command)
    assert refused.value.rule is rule


@pytest.fixture
async def books(store: Store) -> Store:
    """The store with an issued invoice `i` of one line over 100.00 in the group `theirs`; a draft `n` is against it."""
    await run(store, create_account())
    await carry(
        store,
        open_note("i", Kind.INVOICE),
        AddGroup(**INVOICE, group=Group("theirs", "Theirs")),
        AddLine(**INVOICE, item_id="i-1", line=new_line("100", group_id="theirs")),
        IssueNote(**INVOICE, finalizes=True),
        open_note("n", invoice_key="i", said={"emails": (RECIPIENT,), "memo": "Sorry"}),
    )
    return store


async def test_a_draft_is_filled_and_changed(books: Store) -> None:
    view = await carry(
        books,
        ChangeNote(**NOTE, said={"reference": "R", "metadata": (("a", "b"),)}),
        AddGroup(**NOTE, group=Group("g", "Ours", "All of them", "theirs", {"kept": [1]})),
        AddGroup(**NOTE, group=Group("h", "Last")),
        ChangeGroup(**NOTE, group_id="h", merge=lambda group: group, index=0),
        AddLine(**NOTE, item_id="n-1", line=new_line("0.335", "3", "0.2", group_id="g", source_item_id="i-1")),
        AddLine(**NOTE, item_id="n-2", line=new_line("5", fields={"externalIds": [{"key": "Xero", "value": "1"}]})),
        ChangeLine(**NOTE, item_id="n-2", merge=lambda _: new_line("7", group_id="g")),
        RemoveGroup(**NOTE, group_id="h"),
    )
    assert (view.document.amount_minor, view.document.tax_minor) == (821, 20)
    removed = await run(books, RemoveLine(**NOTE, item_id="n-2"))
    assert removed.view == await read(books, "n")
    said = view.document.particulars
    assert said is not None
    assert [group.id for group in said.groups] == ["g"]


async def test_other_notes_against_the_invoice_are_counted(books: Store) -> None:
    await carry(
        books,
        AddLine(**NOTE, item_id="n-1", line=new_line("60", source_item_id="i-1")),
        open_note("m", invoice_key="i"),
    )
    other = {**NOTE, "key": "m"}
    for line in (new_line("40.01"), new_line("40.01", source_item_id="i-1")):
        await refuse(books, AddLine(**other, item_id="m-1", line=line), Rule.AMOUNT_ABOVE_REMAINING)
    await carry(books, AddLine(**other, item_id="m-1", line=new_line("40")))
    grow = ChangeLine(**NOTE, item_id="n-1", merge=lambda _: new_line("60.01"))
    await refuse(books, grow, Rule.AMOUNT_ABOVE_REMAINING)


async def test_a_note_goes_through_its_life(books: Store) -> None:
    await refuse(books, StepNote(**INVOICE, action=Action.VOID), Rule.DOCUMENT_IS_REFERRED_TO)
    sent = await carry(
        books,
        AddLine(**NOTE, item_id="n-1", line=new_line("60")),
        IssueNote(**NOTE, finalizes=True),
        IssueNote(**NOTE, finalizes=False, sends=True, mail_id="mail-1"),
    )
    assert (sent.document.stage, sent.document.number) == (Stage.SENT, "CM00000001")
    snapshot = await load(books, mails={"mail-1"})
    assert [(mail.recipients, mail.status) for mail in snapshot.mails] == [((RECIPIENT,), MailStatus.WAITING)]
    reopened = await carry(books, StepNote(**NOTE, action=Action.UNPOST))
    assert (reopened.document.stage, reopened.document.number) == (Stage.DRAFT, "CM00000001")
    await refuse(books, StepNote(**NOTE, action=Action.DISCARD), Rule.DOCUMENT_HAS_NUMBER)
    voided = await carry(books, IssueNote(**NOTE, finalizes=True), StepNote(**NOTE, action=Action.VOID))
    assert voided.document.number == "CM00000001"
    assert (await carry(books, StepNote(**INVOICE, action=Action.VOID))).document.stage is Stage.VOIDED


async def test_a_draft_is_deleted(books: Store) -> None:
    deleted = await run(books, StepNote(**NOTE, action=Action.DISCARD))
    assert deleted.document.id == "n"
    assert (await books.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "n", None)) is None


async def test_a_draft_is_voided_with_the_next_number(books: Store) -> None:
    voided = await carry(books, StepNote(**NOTE, action=Action.VOID))
    assert (voided.document.number, voided.document.stage) == ("CM00000001", Stage.VOIDED)


async def test_a_note_is_applied_and_the_invoice_paid(books: Store) -> None:
    await carry(
        books,
        AddLine(**NOTE, item_id="n-1", line=new_line("60")),
        IssueNote(**NOTE, finalizes=True, sends=True, application_id="unused"),
    )
    given: dict[str, Any] = {"note_key": "CM00000001", "invoice_key": "INV00000001", "currency": "EUR"}
    versions: dict[str, Any] = {"note_balance_version": 1, "invoice_balance_version": 1}
    command = ApplyNote(scope=SCOPE, application_id="a-1", amount=Decimal(25), **given, **versions)
    applied = await run(books, command)
    note, invoice = await read(books, "n"), await read(books, "i")
    assert (applied.note, applied.invoice) == (note.document, invoice.document)
    assert [(part.application.id, part.other.id) for part in note.parts] == [("a-1", "i")]
    assert [note.id for note in invoice.referring] == ["n"]
    with pytest.raises(BalancesMoved) as moved:
        await run(books, command)
    assert moved.value.balances == (note.document, invoice.document)
    await refuse(books, StepNote(**NOTE, action=Action.VOID), Rule.ALREADY_SETTLED)
    mark: dict[str, Any] = {"scope": SCOPE, "key": "i", "payment_id": "p-1", "application_id": "a-2"}
    paid = await carry(books, MarkInvoice(**mark, payment_status=PaymentStatus.PAID))
    assert (paid.document.open_minor, len(paid.parts)) == (0, 2)
    # What the note settled stays, so the invoice does not become unpaid.
    await refuse(books, MarkInvoice(**mark, payment_status=PaymentStatus.UNPAID), Rule.ALREADY_SETTLED)
    assert await read(books, "i") == paid
