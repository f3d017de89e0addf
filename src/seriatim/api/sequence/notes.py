"""What credit notes and invoices have in common: they are found, listed, issued, sent, voided and printed alike."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from seriatim.api.sequence.paging import Pagination, read_cursors, show_pagination
from seriatim.api.sequence.versions import check_currency, currencies, render
from seriatim.auth.permissions import Permission
from seriatim.domain.commands.note_steps import IssueNote, StepNote
from seriatim.domain.document import Action, Document
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule, NotFound, Overloaded, Rule
from seriatim.http.endpoint import Call, Endpoint, Handler, Reply
from seriatim.render.document import render as render_page
from seriatim.render.pages import page_of
from seriatim.service.pages import Comparison, Condition, PageField, PageQuery

ViewT = TypeVar("ViewT", bound=msgspec.Struct)

PDF = b"application/pdf"
PRINTS_WAITING_MAX = 32
"""Downloads that may be printed, or wait for that, at a time."""


class Printer:
    """Prints documents in worker threads, so that the event loop goes on, and no more at a time than it can bear."""

    def __init__(self, print_document: Callable[[DocumentView], bytes], waiting_max: int = PRINTS_WAITING_MAX) -> None:
        self._print = print_document
        self._waiting_max = waiting_max
        self._waiting = 0

    async def print(self, view: DocumentView) -> bytes:
        """The document as a PDF.

        Raises: Overloaded, while too many others are being printed.
        """
        if self._waiting >= self._waiting_max:
            raise Overloaded(f"{self._waiting} documents are being printed already; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.to_thread(self._print, view)
        finally:
            self._waiting -= 1


_PRINTER = Printer(lambda view: render_page(page_of(view)))


@dataclass(frozen=True, slots=True)
class Notes(Generic[ViewT]):
    """The handlers that both nouns share."""

    kind: Kind
    words: str
    """What the noun is called in messages."""
    present: Callable[[DocumentView], ViewT]
    """One document as its answers show it."""

    async def require(self, call: Call[Any, Any]) -> Document:
        """The document that the path names.

        Raises: NotFound, BrokenRule.
        """
        return await require_document(call, self.kind, self.words, call.path_params["id"])

    async def view(self, call: Call[Any, Any], key: str) -> DocumentView:
        """A document with what is shown beside it.

        Raises: NotFound, BrokenRule.
        """
        needs = Needs()
        view_needs(needs, call.caller.entity_id, key)
        snapshot = await call.edge.store.read(needs)
        document = snapshot.document(call.caller.entity_id, key)
        if document is None or document.kind is not self.kind or not call.caller.sees(document.org_id):
            raise NotFound(self.words, key)
        check_currency(call, document.currency, f"the {self.words}")
        return view_document(snapshot, document)

    async def page(
        self, call: Call[Any, Any], conditions: Collection[Condition], sort: PageField
    ) -> tuple[list[ViewT], Pagination]:
        """A page of documents as answers show them, those in currencies that the version does not know left out.

        Raises: InvalidQuery.
        """
        is_amount = sort in (PageField.GROSS_TOTAL, PageField.NET_TOTAL)
        after, before = read_cursors(call.query, sort, is_amount=is_amount)
        known = Condition(PageField.CURRENCY, Comparison.IN, tuple(sorted(currencies(call.api_version))))
        caller = call.caller
        query = PageQuery(
            entity_id=caller.entity_id,
            kind=self.kind,
            org_ids=caller.org_ids,
            conditions=(known, *conditions),
            sort=sort,
            descends=call.query.descends,
            after=after,
            before=before,
            limit=call.query.limit,
        )
        found = await call.edge.store.list_page(query)
        needs = Needs()
        for document in found.documents:
            view_needs(needs, caller.entity_id, document.id)
        snapshot = await call.edge.store.read(needs)
        # A draft may have been deleted since the page was read.
        rows = [
            self.present(view_document(snapshot, document))
            for document in found.documents
            if snapshot.documents.get(document.id) is not None
        ]
        return rows, show_pagination(found.before, found.after, found.total, sort)

    async def retrieve(self, call: Call[None, None]) -> Reply:
        """Retrieve one, by its id or its number.

        Raises: NotFound, BrokenRule.
        """
        return Reply(200, render(call, self.present(await self.view(call, call.path_params["id"]))))

    async def delete(self, call: Call[None, None]) -> Reply:
        """Delete a draft that never had a number; the answer is what it was.

        Raises: NotFound, BrokenRule.
        """
        return await self._step(call, Action.DISCARD)

    async def void(self, call: Call[None, None]) -> Reply:
        """Void a draft, which takes its number for it, or what was issued and is not settled in any part.

        Raises: NotFound, BrokenRule.
        """
        return await self._step(call, Action.VOID)

    async def reopen(self, call: Call[None, None]) -> Reply:
        """Make an issued document a draft again, if nothing was settled of it; it keeps its number.

        Raises: NotFound, BrokenRule.
        """
        return await self._step(call, Action.UNPOST)

    async def finalize(self, call: Call[None, None]) -> Reply:
        """Issue a draft: it takes the next number of its series, and cannot be edited any more.

        Raises: NotFound, BrokenRule.
        """
        return await self._issue(call, finalizes=True)

    async def send(self, call: Call[None, None]) -> Reply:
        """Mail an issued document to the customer, once more if it was sent before.

        Raises: NotFound, BrokenRule.
        """
        return await self._issue(call, finalizes=False, sends=True, mails=True)

    async def finalize_and_send(self, call: Call[None, None]) -> Reply:
        """Issue a draft and mail it to the customer.

        Raises: NotFound, BrokenRule.
        """
        return await self._issue(call, finalizes=True, sends=True, mails=True)

    async def mark_as_sent(self, call: Call[None, None]) -> Reply:
        """Say that a document was sent in another way; a draft is issued first. No mail goes out.

        Raises: NotFound, BrokenRule.
        """
        return await self._issue(call, finalizes=True, sends=True)

    async def download(self, call: Call[None, None]) -> Reply:
        """Retrieve the document as a PDF.

        Raises: NotFound, BrokenRule, Overloaded.
        """
        view = await self.view(call, call.path_params["id"])
        body = await _PRINTER.print(view)
        return Reply(200, body, PDF, headers=((b"content-disposition", _disposition(self.words, view.document)),))

    async def _step(self, call: Call[None, None], action: Action) -> Reply:
        document = await self.require(call)
        command = StepNote(scope=call.caller, kind=self.kind, key=document.id, action=action)
        return await call.write(command, lambda view: render(call, self.present(view)))

    async def _issue(
        self, call: Call[None, None], *, finalizes: bool, sends: bool = False, mails: bool = False
    ) -> Reply:
        edge = call.edge
        document = await self.require(call)
        if mails and not edge.can_send_mail:
            raise BrokenRule(
                Rule.NO_MAIL_SERVER,
                "no mail server is configured, so nothing can be sent; start the server with SERIATIM_SMTP_URL, or "
                f"finalize the {self.words} and mark it as sent once it went out in another way",
            )
        command = IssueNote(
            scope=call.caller,
            kind=self.kind,
            key=document.id,
            finalizes=finalizes,
            sends=sends,
            application_id=edge.ids.new_id(),
            mail_id=edge.ids.new_id() if mails else None,
        )
        reply = await call.write(command, lambda view: render(call, self.present(view)))
        if mails:
            edge.mail_queued()
        return reply


async def require_document(call: Call[Any, Any], kind: Kind, words: str, key: str) -> Document:
    """The document of this id or number, in a currency that the call's version knows.

    Raises: NotFound, BrokenRule.
    """
    caller = call.caller
    document = await call.edge.store.find_document(caller.entity_id, kind, key, caller.org_ids)
    if document is None:
        raise NotFound(words, key)
    check_currency(call, document.currency, f"the {words}")
    return document


def endpoint_of(method: str, path: str, operation_id: str, summary: str, handler: Handler, **more: Any) -> Endpoint:
    """An operation; whoever changes something has to be permitted to."""
    permission = Permission.READ if method == "GET" else Permission.ISSUE
    return Endpoint(
        method=method,
        path=path,
        operation_id=operation_id,
        summary=summary,
        handler=handler,
        **{"permission": permission, **more},
    )


def _disposition(words: str, document: Document) -> bytes:
    """The name under which a download is kept. Numbers and ids have letters, digits, dashes and underscores alone."""
    is_named = document.has_issued_number or document.number_given
    name = document.number if is_named else f"draft-{document.id}"
    return f'attachment; filename="{words.replace(" ", "-")}-{name}.pdf"'.encode()
