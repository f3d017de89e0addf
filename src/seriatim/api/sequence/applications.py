"""`/credit-note-applications`: applying so much of a credit note to an invoice, if no balance has moved since."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from seriatim.api.sequence.envelope import Balance, show_balance
from seriatim.api.sequence.note_fields import read_currency
from seriatim.api.sequence.notes import endpoint_of
from seriatim.api.sequence.versions import render
from seriatim.api.sequence.wire import Answer, Id, Request, Text20, show_time
from seriatim.domain.commands.note_settlement import ApplyNote, NoteApplied
from seriatim.domain.money import to_decimal
from seriatim.http.endpoint import Call, Reply

BALANCE_VERSION_MAX = 2**63 - 1

BalanceVersion = Annotated[int, Meta(ge=0, le=BALANCE_VERSION_MAX)]


class CreateApplication(Request, kw_only=True):
    """`POST /credit-note-applications`."""

    credit_note_id: Id
    invoice_id: Id
    amount: Decimal | int
    currency: Text20
    credit_note_balance_version: BalanceVersion
    invoice_balance_version: BalanceVersion


class ApplicationMade(Answer, kw_only=True):
    """What was applied, and what then remains of both documents."""

    ledger_transaction_id: str
    credit_note_id: str
    invoice_id: str
    amount: Decimal
    currency: str
    applied_at: str
    invoice_balance: Balance
    credit_note_balance: Balance


async def create_application(call: Call[CreateApplication, None]) -> Reply:
    """Apply so much of an issued credit note to an issued invoice, once.

    With the same idempotency key the first answer is given again; without one the balance versions no longer fit. The
    vendor's page asks for a key, its contract files do not, so a client made from these may leave it out.

    Raises: InvalidValue, NotFound, BalancesMoved, BrokenRule.
    """
    body = call.body
    command = ApplyNote(
        scope=call.caller,
        application_id=call.edge.ids.new_id(),
        note_key=body.credit_note_id,
        invoice_key=body.invoice_id,
        amount=Decimal(body.amount),
        currency=read_currency(call, body.currency),
        note_balance_version=body.credit_note_balance_version,
        invoice_balance_version=body.invoice_balance_version,
    )
    return await call.write(command, lambda applied: render(call, _application_view(applied)))


def _application_view(applied: NoteApplied) -> ApplicationMade:
    currency = applied.note.currency
    return ApplicationMade(
        ledger_transaction_id=applied.application_id,
        credit_note_id=applied.note.id,
        invoice_id=applied.invoice.id,
        amount=to_decimal(applied.amount_minor, currency),
        currency=currency,
        applied_at=show_time(applied.applied_at),
        invoice_balance=show_balance(applied.invoice),
        credit_note_balance=show_balance(applied.note),
    )


ENDPOINTS = [
    endpoint_of(
        "POST",
        "/credit-note-applications",
        "postCreditNoteApplications",
        "Apply a credit note to an invoice",
        create_application,
        tag="Credit notes",
        body=CreateApplication,
        answer=ApplicationMade,
        success_status=201,
    )
]
