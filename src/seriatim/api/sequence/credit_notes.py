"""`/credit-notes`: from an empty draft through their life, listed, mailed and printed."""

from typing import Any, Literal

from seriatim.api.sequence.filters import (
    IN_PROGRESS,
    Filter,
    one_of,
    read_conditions,
    read_day,
    read_text,
    read_values,
)
from seriatim.api.sequence.note_fields import (
    CASH_CREDIT_GRANT,
    ParticularsRequest,
    SettingPreference,
    read_currency,
    read_particulars,
    read_period,
    read_texts,
)
from seriatim.api.sequence.note_lines import CREDIT_NOTE_ENDPOINTS
from seriatim.api.sequence.note_views import CreditNoteView, SomeCreditNotes, credit_note_view
from seriatim.api.sequence.notes import Notes, endpoint_of
from seriatim.api.sequence.paging import PagedQuery
from seriatim.api.sequence.versions import render
from seriatim.api.sequence.wire import Id, Request, Text20, Text40, Text255
from seriatim.domain.commands.note_drafts import ChangeNote, OpenNote
from seriatim.domain.document import Stage
from seriatim.domain.numbering import Kind
from seriatim.http.endpoint import Call, Endpoint, Handler, Reply
from seriatim.service.pages import Comparison, PageField

_NOTES = Notes(Kind.CREDIT_MEMO, "credit note", credit_note_view)
_SORTS = {
    "CREDIT_NOTE_NUMBER": PageField.NUMBER,
    "GROSS_TOTAL": PageField.GROSS_TOTAL,
    "STATUS": PageField.STAGE,
    None: PageField.AGE,
}
"""What the list is sorted by; where nothing is asked for, by the time when they were created."""
_FILTERS = (
    Filter("credit_note_status", PageField.STAGE, Comparison.IN, one_of((*Stage, IN_PROGRESS))),
    Filter("customer_id", PageField.ACCOUNT_ID, Comparison.IN, read_values),
    Filter("search_credit_note_number", PageField.NUMBER, Comparison.CONTAINS, read_text),
    Filter("sent_after", PageField.SENT_ON, Comparison.AFTER, read_day),
    Filter("sent_before", PageField.SENT_ON, Comparison.BEFORE, read_day),
)


class CreditNoteRequest(ParticularsRequest, kw_only=True):
    """What making and changing a credit note have in common."""

    billing_period_start: Text40 | None = None
    billing_period_end: Text40 | None = None
    customer_tax_id: Text255 | None = None


class CreateCreditNote(CreditNoteRequest, kw_only=True):
    """`POST /credit-notes`."""

    currency: Text20
    customer_id: Id
    invoice_id: Id | None = None


class SettingsRequest(Request, kw_only=True):
    """The settings of a credit note."""

    generate_cash_credit_grant: SettingPreference


class UpdateCreditNote(CreditNoteRequest, kw_only=True):
    """`PUT /credit-notes/{id}`."""

    settings: SettingsRequest | None = None


class ListCreditNotes(PagedQuery, kw_only=True):
    """`GET /credit-notes`."""

    sort_by: Literal["CREDIT_NOTE_NUMBER", "GROSS_TOTAL", "STATUS"] | None = None
    credit_note_status: str | None = None
    customer_id: str | None = None
    sent_before: str | None = None
    sent_after: str | None = None
    search_credit_note_number: Text255 | None = None


async def list_credit_notes(call: Call[None, ListCreditNotes]) -> Reply:
    """List credit notes, the newest first unless asked otherwise.

    Raises: InvalidQuery.
    """
    conditions = read_conditions(call.query, _FILTERS)
    items, pagination = await _NOTES.page(call, conditions, _SORTS[call.query.sort_by])
    return Reply(200, render(call, SomeCreditNotes(items=items, pagination=pagination)))


async def create_credit_note(call: Call[CreateCreditNote, None]) -> Reply:
    """Make an empty draft, on its own or against an issued invoice; lines are added one by one.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    body = call.body
    command = OpenNote(
        scope=call.caller,
        document_id=call.edge.ids.new_id(),
        kind=Kind.CREDIT_MEMO,
        account_key=body.customer_id,
        invoice_key=body.invoice_id,
        currency=read_currency(call, body.currency),
        said=_said(body),
    )
    return await call.write(command, lambda view: render(call, credit_note_view(view)))


async def update_credit_note(call: Call[UpdateCreditNote, None]) -> Reply:
    """Change what a draft says; what is left out stays as it was.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    body = call.body
    said = _said(body)
    if body.settings is not None:
        said["fields"] = {CASH_CREDIT_GRANT: body.settings.generate_cash_credit_grant}
    document = await _NOTES.require(call)
    command = ChangeNote(scope=call.caller, kind=Kind.CREDIT_MEMO, key=document.id, said=said)
    return await call.write(command, lambda view: render(call, credit_note_view(view)))


def _said(body: CreditNoteRequest) -> dict[str, Any]:
    return {
        **read_particulars(body),
        **read_period(body.billing_period_start, body.billing_period_end, "billingPeriod"),
        **read_texts(customer_tax_id=body.customer_tax_id),
    }


_BASE = "/credit-notes"
_ACTIONS = (
    ("finalize", "Finalize", "Finalize a credit note", _NOTES.finalize),
    ("send", "Send", "Send a credit note", _NOTES.send),
    ("finalize-and-send", "FinalizeAndSend", "Finalize and send a credit note", _NOTES.finalize_and_send),
    ("mark-as-sent", "MarkAsSent", "Mark a credit note as sent", _NOTES.mark_as_sent),
    ("void", "Void", "Void a credit note", _NOTES.void),
)


def _endpoint(method: str, suffix: str, name: str, summary: str, handler: Handler, **more: Any) -> Endpoint:
    usual = {"tag": "Credit notes", "answer": CreditNoteView}
    return endpoint_of(
        method, f"{_BASE}{suffix}", f"{method.lower()}CreditNotes{name}", summary, handler, **usual | more
    )


ENDPOINTS = [
    _endpoint("GET", "", "", "List credit notes", list_credit_notes, query=ListCreditNotes, answer=SomeCreditNotes),
    _endpoint("POST", "", "", "Create a credit note", create_credit_note, body=CreateCreditNote, success_status=201),
    _endpoint("GET", "/{id}", "ById", "Retrieve a credit note", _NOTES.retrieve),
    _endpoint("PUT", "/{id}", "ById", "Change a credit note", update_credit_note, body=UpdateCreditNote),
    _endpoint("DELETE", "/{id}", "ById", "Delete a credit note", _NOTES.delete),
    _endpoint("GET", "/{id}/download", "ByIdDownload", "Download a credit note", _NOTES.download, answer=None),
    *(
        _endpoint("POST", f"/{{id}}/{action}", f"ById{name}", summary, handler)
        for action, name, summary, handler in _ACTIONS
    ),
    *CREDIT_NOTE_ENDPOINTS,
]
