"""The books of the pure tests, with invoices and credit notes as Sequence's API makes them: opened, then filled."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from seriatim.domain.commands.note_drafts import ChangeNote, OpenNote
from seriatim.domain.commands.note_lines import AddGroup, AddLine, ChangeLine, NoteLine, RemoveLine
from seriatim.domain.commands.note_settlement import ApplyNote, MarkInvoice, balance_version
from seriatim.domain.commands.note_steps import IssueNote, StepNote
from seriatim.domain.document import Action, Item, PaymentStatus
from seriatim.domain.document_view import DocumentView
from seriatim.domain.merchant import Merchant, default_merchant
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Group
from tests.factories import ACCOUNT_ID, ENTITY_ID, SCOPE
from tests.unit.books import Books

RECIPIENT = "accounts@customer.example"


def new_line(rate: str = "10", quantity: str = "1", tax_rate: str = "0", **over: Any) -> NoteLine:
    """A line as a caller asks for it."""
    given: dict[str, Any] = {"title": "Engine hours", "quantity": Decimal(quantity), "rate": Decimal(rate)}
    return NoteLine(**{**given, "tax_rate": Decimal(tax_rate), **over})


def open_note(name: str = "n", kind: Kind = Kind.CREDIT_MEMO, **over: Any) -> OpenNote:
    """An empty draft to be opened for the account of the books."""
    given: dict[str, Any] = {"document_id": name, "kind": kind, "account_key": ACCOUNT_ID, "currency": "EUR"}
    return OpenNote(scope=SCOPE, **(given | over))


class NoteBooks(Books):
    """Books on which notes (`n` unless a test says otherwise) and invoices are written line by line."""

    def open(self, name: str = "n", *lines: NoteLine, kind: Kind = Kind.CREDIT_MEMO, **over: Any) -> DocumentView:
        """A draft with these lines, of which the ids are `<name>-1` and so on."""
        view = self.carry(open_note(name, kind, **over))
        for place, line in enumerate(lines, 1):
            view = self.carry(self.adding(name, line, f"{name}-{place}")).view
        return view

    def issue(self, name: str = "n", *lines: NoteLine, **over: Any) -> DocumentView:
        """A document with these lines that was finalized."""
        self.open(name, *lines or (new_line(),), **over)
        return self.carry(self.issuing(name))

    def invoice(self, name: str = "i", *lines: NoteLine, **over: Any) -> DocumentView:
        """An invoice with these lines that was finalized."""
        return self.issue(name, *lines, kind=Kind.INVOICE, **over)

    def adding(self, name: str, line: NoteLine, item_id: str = "new") -> AddLine:
        return AddLine(scope=SCOPE, kind=self.kind_of(name), key=name, item_id=item_id, line=line)

    def changing_line(self, name: str, item_id: str, line: NoteLine) -> ChangeLine:
        def merge(_: Item) -> NoteLine:
            return line

        return ChangeLine(scope=SCOPE, kind=self.kind_of(name), key=name, item_id=item_id, merge=merge)

    def removing_line(self, name: str, item_id: str) -> RemoveLine:
        return RemoveLine(scope=SCOPE, kind=self.kind_of(name), key=name, item_id=item_id)

    def adding_group(self, name: str, group_id: str = "g", **over: Any) -> AddGroup:
        group = Group(**{"id": group_id, "title": "Hours", **over})
        return AddGroup(scope=SCOPE, kind=self.kind_of(name), key=name, group=group)

    def changing(self, name: str = "n", currency: str | None = None, **said: Any) -> ChangeNote:
        return ChangeNote(scope=SCOPE, kind=self.kind_of(name), key=name, currency=currency, said=said)

    def issuing(self, name: str = "n", **over: Any) -> IssueNote:
        return IssueNote(**{"scope": SCOPE, "kind": self.kind_of(name), "key": name, "finalizes": True, **over})

    def sending(self, name: str = "n", mail_id: str = "mail-1", **over: Any) -> IssueNote:
        """A document to be mailed, issued before if `finalizes` says so."""
        return self.issuing(name, **{"finalizes": False, "sends": True, "mail_id": mail_id, **over})

    def stepping(self, action: Action, name: str = "n") -> StepNote:
        return StepNote(scope=SCOPE, kind=self.kind_of(name), key=name, action=action)

    def applying_note(self, amount: str, note: str = "n", invoice: str = "i", **over: Any) -> ApplyNote:
        """So much of a note to be applied to an invoice, with the versions of now."""
        given: dict[str, Any] = {
            "application_id": f"application-{next(self.ids):03}",
            "note_key": note,
            "invoice_key": invoice,
            "amount": Decimal(amount),
            "currency": "EUR",
            "note_balance_version": balance_version(self.document(note)),
            "invoice_balance_version": balance_version(self.document(invoice)),
        }
        return ApplyNote(scope=SCOPE, **(given | over))

    def marking(self, payment_status: PaymentStatus, name: str = "i") -> MarkInvoice:
        ids = {"payment_id": f"payment-{next(self.ids):03}", "application_id": f"application-{next(self.ids):03}"}
        return MarkInvoice(scope=SCOPE, key=name, payment_status=payment_status, **ids)

    def be_seller(self, **details: Any) -> Merchant:
        """Let the entity say this of itself."""
        merchant = replace(default_merchant(ENTITY_ID), details=details)
        self.snapshot.merchants.put(ENTITY_ID, merchant)
        return merchant

    def carry_at(self, command: Any, at: datetime) -> Any:
        """The outcome of a command at another time than noon."""
        return command.decide(self.snapshot, at)
