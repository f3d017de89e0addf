"""The steps that a document can take now, from the one table of transitions, each behind a page that says what it does.

Which command serves a step is decided by one rule, `command_of`: what Sequence alone knows (sending, voiding,
discarding) goes as its API does it, and so does the posting of a document that carries its own particulars, as those
made through that API do. Everything else goes as Zuora's API does it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seriatim.auth.permissions import Permission
from seriatim.console.books.document_search import segment_of
from seriatim.console.forms import Form, sentence
from seriatim.console.once import run_once
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.mails import check_mail_server
from seriatim.domain.commands.note_steps import IssueNote, StepNote
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.customer import fallback_country, particulars_of
from seriatim.domain.document import TRANSITIONS, Action, Document, Status
from seriatim.domain.document_view import DocumentView
from seriatim.errors import NotFound, SeriatimError
from seriatim.service.document_views import find_view

NOTE_ACTIONS = frozenset({Action.SEND, Action.VOID, Action.DISCARD})
"""The steps that Sequence's API alone knows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A button: an action of the table of transitions, and how the console speaks of it."""

    segment: str
    """The last part of the address of its page."""
    action: Action
    label: str
    done: str
    """What has become of the document: `is posted`."""
    is_mail: bool = False
    """Whether a mail takes the document to the customer."""
    is_final: bool = False
    """Whether it takes something away for good."""


STEPS = (
    Step("post", Action.POST, "Post", "is posted"),
    Step("send", Action.SEND, "Send by mail", "is on its way to the customer", is_mail=True),
    Step("mark-as-sent", Action.SEND, "Mark as sent", "is marked as sent"),
    Step("unpost", Action.UNPOST, "Make it a draft again", "is a draft again"),
    Step("cancel", Action.CANCEL, "Cancel the document", "is canceled", is_final=True),
    Step("void", Action.VOID, "Void", "is void", is_final=True),
    Step("discard", Action.DISCARD, "Delete the draft", "is deleted", is_final=True),
    Step("delete", Action.DELETE, "Delete the document", "is deleted", is_final=True),
)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a step would do if it were taken now."""

    step: Step
    refusal: str | None
    """Why it would be refused, in the words of the rule."""
    after: Document | None
    """The document as it would be, or as it was before it is removed."""


def steps_of(document: Document, *, can_send_mail: bool) -> list[Step]:
    """The steps that the table of transitions has for the document's kind in its state."""
    allowed = {each.action for each in TRANSITIONS[document.kind] if document.status in each.from_statuses}
    return [step for step in STEPS if step.action in allowed and (can_send_mail or not step.is_mail)]


async def outlooks_of(visit: Visit, document: Document) -> list[Outlook]:
    """What each of the document's steps would do now."""
    steps = steps_of(document, can_send_mail=visit.console.can_send_mail)
    return list(await asyncio.gather(*(outlook_of(visit, document, step) for step in steps)))


async def outlook_of(visit: Visit, document: Document, step: Step) -> Outlook:
    """What a step would do now: it is decided as it will be, and nothing is written."""
    try:
        outcome = await visit.preview(command_of(visit, document, step))
    except SeriatimError as error:
        return Outlook(step, sentence(error.message), None)
    return Outlook(step, None, _document_of(outcome))


def command_of(visit: Visit, document: Document, step: Step) -> Command[Any]:
    """The command that takes a document through a step.

    Raises: BrokenRule, for a mail where there is no mail server.
    """
    scope, kind, key, action = visit.scope, document.kind, document.id, step.action
    if step.is_mail:
        check_mail_server(kind.words, is_there=visit.console.can_send_mail)
    if action is Action.SEND or (action is Action.POST and document.particulars is not None):
        return IssueNote(
            scope=scope,
            kind=kind,
            key=key,
            finalizes=action is Action.POST,
            sends=action is Action.SEND,
            application_id=visit.new_id(),
            mail_id=visit.new_id() if step.is_mail else None,
        )
    if action in NOTE_ACTIONS:
        return StepNote(scope=scope, kind=kind, key=key, action=action)
    return TransitionDocument(scope=scope, kind=kind, key=key, action=action, application_id=visit.new_id())


async def show_step(visit: Visit) -> Response:
    """What a step will do, to be confirmed; or why it is refused."""
    view, step = await _require_step(visit)
    outlook = await outlook_of(visit, view.document, step)
    return _page(visit, view, outlook, Form())


async def take_step(visit: Visit) -> Response:
    """Take the step that was confirmed."""
    form = await visit.form()
    view, step = await _require_step(visit)
    document = view.document
    try:
        number = await run_once(
            visit, form, command_of(visit, document, step), lambda outcome: _document_of(outcome).number
        )
    except SeriatimError as error:
        form.refuse(error)
        return _page(visit, view, Outlook(step, form.error, None), form)
    if step.is_mail:
        visit.console.mail_queued()
    notice = f"The {document.kind.words} {number} {step.done}."
    if step.action in (Action.DELETE, Action.DISCARD):
        return visit.redirect(visit.path("documents", kind=segment_of(document.kind)), notice)
    return visit.redirect(visit.path("documents", document.id), notice)


def consequences(view: DocumentView, outlook: Outlook) -> list[str]:
    """What a step will do, in sentences."""
    before, after, action = view.document, outlook.after, outlook.step.action
    told = _CONSEQUENCES[action]
    sentences = [told] if told else []
    if action is Action.SEND:
        sentences.append(_sending_words(view, outlook.step))
    if after is not None and action is Action.CANCEL and before.status is Status.PROCESSED:
        sentences.append("Its number stays taken, and stays with it.")
    if after is not None and after.applied_minor != before.applied_minor:
        sentences.append("It is applied at once to the invoice that it was made from.")
    return sentences


_CONSEQUENCES: Mapping[Action, str] = {
    Action.POST: "It becomes part of the books: its date, its lines and its amounts change no more.",
    Action.UNPOST: "It leaves the books and can be changed and posted again. It keeps the number that it has.",
    Action.CANCEL: "It counts no more, and stays here to be looked at.",
    Action.DELETE: "It is removed and cannot be brought back.",
    Action.SEND: "",
    Action.VOID: "It counts no more, and stays here to be looked at, with its number.",
    Action.DISCARD: "The draft is removed and cannot be brought back. It never had a number, so none is lost.",
}


def recipients_of(view: DocumentView) -> tuple[str, ...]:
    """The addresses that a document goes to."""
    said = view.document.particulars or particulars_of(view.account, fallback_country(view.merchant))
    return said.emails


def _sending_words(view: DocumentView, step: Step) -> str:
    if not step.is_mail:
        return "It counts as sent from now on. No mail goes out."
    return f"A mail with the PDF goes to {', '.join(recipients_of(view)) or 'nobody'}."


def _document_of(outcome: Document | DocumentView) -> Document:
    return outcome.document if isinstance(outcome, DocumentView) else outcome


async def require_view(visit: Visit) -> DocumentView:
    """The document of the path with what is shown beside it.

    Raises: NotFound, also for one of another entity, and one whose org the user may not see.
    """
    key = visit.params["key"]
    view = await find_view(visit.console.store, visit.scope, key)
    if view is None:
        raise NotFound("document", key)
    return view


async def _require_step(visit: Visit) -> tuple[DocumentView, Step]:
    """Raises: NotFound, for the document, and for a step that its kind does not know."""
    view = await require_view(visit)
    known = {each.action for each in TRANSITIONS[view.document.kind]}
    for step in STEPS:
        if step.segment == visit.params["step"] and step.action in known:
            return view, step
    raise NotFound("step", visit.params["step"], f"the page of the {view.document.kind.words} has those there are")


def _page(visit: Visit, view: DocumentView, outlook: Outlook, form: Form) -> Response:
    return visit.page(
        "document_step.html",
        status=form.status,
        view=view,
        document=view.document,
        outlook=outlook,
        step=outlook.step,
        consequences=consequences(view, outlook),
        once=visit.console.ids.new_uuid(),
    )


_PATH = "/e/{entity_id}/documents/{key}/step/{step}"
ROUTES = (
    PageRoute(method="GET", path=_PATH, handler=show_step, permission=Permission.ISSUE),
    PageRoute(method="POST", path=_PATH, handler=take_step, permission=Permission.ISSUE),
)
