"""Documents of all five kinds: lists with a search, and the page of one with its settlement, life and PDF."""

import asyncio
from dataclasses import dataclass

from seriatim.auth.permissions import Permission
from seriatim.console.books import document_forms, document_money, document_steps
from seriatim.console.books.document_accounts import has_accounts
from seriatim.console.books.document_life import life_of
from seriatim.console.books.document_search import (
    FILTERS,
    SEGMENTS,
    find_documents,
    is_key,
    plural_of,
    segment_of,
    states_of,
)
from seriatim.console.books.document_steps import Outlook, outlooks_of, require_view
from seriatim.console.cursors import read_whole_number
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.document import ITEMS_MAX, Document, Item, Status
from seriatim.domain.document_view import DocumentView, shown_memo, shown_title
from seriatim.domain.numbering import Kind
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.settlement import SETTLING_STATUSES, SOURCE_KINDS, TARGET_KINDS
from seriatim.domain.snapshot import Needs
from seriatim.errors import InvalidQuery, NotFound
from seriatim.service.ports import ActivityQuery
from seriatim.service.printing import PRINTED_KINDS, PRINTER, file_name

PDF = "application/pdf"
PAGE_LINES = 100
"""Lines of a document that one page shows."""
SETTLEMENTS_SHOWN_MAX = 50
"""Applications, and documents made from this one, that one page shows."""
ACTIVITIES_SHOWN_MAX = 50
"""The latest changes that one page shows."""


async def show_documents(visit: Visit) -> Response:
    """The documents of a kind, newest first. The number or id of one leads to it."""
    kind = _kind(visit)
    sent = {name: visit.query[name] for name in FILTERS if visit.query.get(name, "").strip()}
    form = Form.of(**sent)
    number = form.text("number")
    if number and is_key(number):
        document = await _find(visit, number)
        if document is not None:
            return visit.redirect(visit.path("documents", document.id))
    found = await find_documents(visit, kind, form)
    tabs = [
        (plural_of(each).capitalize(), visit.path("documents", kind=segment_of(each)), each is kind) for each in Kind
    ]
    may_create = bool(found.documents or sent) or await has_accounts(visit)
    return visit.page(
        "documents.html",
        status=form.status,
        form=form,
        kind=kind,
        segment=segment_of(kind),
        plural=plural_of(kind),
        tabs=tabs,
        states=[("", "Any"), *((status.value, status.value.capitalize()) for status in states_of(kind))],
        found=found,
        account_names=await _account_names(visit, found.documents),
        is_search=bool(sent),
        is_settled_kind=kind is not Kind.REFUND,
        has_accounts=may_create,
    )


async def _account_names(visit: Visit, documents: list[Document]) -> dict[str, str]:
    """The names of the accounts of some documents, by their ids."""
    needs = Needs()
    needs.accounts.update((visit.entity.id, document.account_id) for document in documents)
    if not needs.accounts:
        return {}
    return {account.id: account.name for account in (await visit.console.store.read(needs)).accounts}


def _kind(visit: Visit) -> Kind:
    segment = visit.query.get("kind") or segment_of(Kind.INVOICE)
    if segment not in SEGMENTS:
        raise InvalidQuery("kind", segment, f"choose one of {', '.join(SEGMENTS)}")
    return SEGMENTS[segment]


async def _find(visit: Visit, key: str) -> Document | None:
    """The document of this number or id, of whatever kind, that the user sees."""
    needs = Needs()
    needs.documents.add((visit.entity.id, key))
    found = (await visit.console.store.read(needs)).document(visit.entity.id, key)
    return found if found is not None and visit.scope.sees(found.org_id) else None


@dataclass(frozen=True, slots=True)
class _Line:
    item: Item
    title: str
    description: str | None


async def show_document(visit: Visit) -> Response:
    """A document with everything that is known of it."""
    view = await require_view(visit)
    document = view.document
    entry, activities, sequence_set, outlooks = await asyncio.gather(
        _register_entry(visit, document),
        visit.console.store.list_activities(_history_of(visit, document)),
        _sequence_set(visit, document),
        _outlooks(visit, document),
    )
    first = read_whole_number(visit.query, "lines", ITEMS_MAX) or 0
    can_change = visit.may(Permission.ISSUE)
    is_open = document.status in SETTLING_STATUSES and document.open_minor > 0
    return visit.page(
        "document.html",
        frames=document.kind in PRINTED_KINDS,
        view=view,
        document=document,
        segment=segment_of(document.kind),
        plural=plural_of(document.kind),
        memo=None if document.kind in (Kind.PAYMENT, Kind.REFUND) else shown_memo(document),
        lines=[_line(item) for item in document.items[first : first + PAGE_LINES]],
        first_line=first,
        lines_before_url=_lines_url(visit, document, first - PAGE_LINES) if first else None,
        lines_after_url=_lines_url(visit, document, first + PAGE_LINES),
        parts=view.parts[:SETTLEMENTS_SHOWN_MAX],
        hidden_parts=max(0, len(view.parts) - SETTLEMENTS_SHOWN_MAX),
        made_from_it=view.referring[:SETTLEMENTS_SHOWN_MAX],
        is_source=document.kind in SOURCE_KINDS,
        is_target=document.kind in TARGET_KINDS,
        is_printed=document.kind in PRINTED_KINDS,
        has_number=document.has_issued_number or document.number_given,
        moments=life_of(document, entry, activities),
        is_life_cut=len(activities) == ACTIVITIES_SHOWN_MAX,
        entry=entry,
        sequence_set=sequence_set,
        possible=[each for each in outlooks if each.refusal is None],
        impossible=[each for each in outlooks if each.refusal is not None],
        can_apply=can_change and is_open and document.kind in SOURCE_KINDS | TARGET_KINDS,
        can_refund=can_change and document.status in SETTLING_STATUSES and _has_to_refund(document),
        is_draft=document.status is Status.DRAFT,
    )


def _has_to_refund(document: Document) -> bool:
    return document.kind in SOURCE_KINDS and document.refunded_minor < document.amount_minor


def _line(item: Item) -> _Line:
    title = shown_title(item)
    return _Line(item, title, item.description if item.description and item.description != title else None)


def _lines_url(visit: Visit, document: Document, first: int) -> str | None:
    """The address of the page whose lines begin at this one; None where there are none."""
    if first >= len(document.items):
        return None
    return visit.path("documents", document.id, lines=str(max(0, first)))


async def _register_entry(visit: Visit, document: Document) -> RegisterEntry | None:
    if document.series is None or document.ordinal is None:
        return None
    entries = await visit.console.store.list_register(document.series, document.ordinal + 1, 1)
    return entries[0] if entries else None


async def _sequence_set(visit: Visit, document: Document) -> SequenceSet | None:
    """The set that was pinned; it may have been deleted since."""
    needs = Needs()
    needs.documents.add((visit.entity.id, document.id))
    return (await visit.console.store.read(needs)).sequence_sets.get(document.sequence_set_id)


async def _outlooks(visit: Visit, document: Document) -> list[Outlook]:
    return await outlooks_of(visit, document) if visit.may(Permission.ISSUE) else []


def _history_of(visit: Visit, document: Document) -> ActivityQuery:
    return ActivityQuery(
        entity_id=visit.entity.id,
        org_ids=visit.scope.org_ids,
        subject_id=document.id,
        limit=ACTIVITIES_SHOWN_MAX,
    )


async def show_pdf(visit: Visit) -> Response:
    """The document as a PDF: within its page, or with `?save` to be kept.

    Raises: NotFound; Overloaded.
    """
    view: DocumentView = await require_view(visit)
    document = view.document
    if document.kind not in PRINTED_KINDS:
        raise NotFound("PDF of the document", document.number, f"a {document.kind.words} is not printed")
    body = await PRINTER.print(view)
    return visit.file(body, PDF, file_name(document, document.kind.words), framed="save" not in visit.query)


_PATH = "/e/{entity_id}/documents"
ROUTES = (
    PageRoute(method="GET", path=_PATH, handler=show_documents, permission=Permission.READ),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}", handler=show_document, permission=Permission.READ),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/pdf", handler=show_pdf, permission=Permission.READ),
    *document_steps.ROUTES,
    *document_forms.ROUTES,
    *document_money.ROUTES,
)
