"""What credit notes and invoices have in common: they are found, listed, issued, sent, voided and printed alike."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from seriatim.api.sequence.paging import Pagination, read_cursors, show_pagination
from seriatim.api.sequence.versions import check_currency, currencies, render
from seriatim.auth.permissions import Permission
from seriatim.domain.commands.mails import check_mail_server
from seriatim.domain.commands.note_steps import IssueNote, StepNote
from seriatim.domain.document import Action, Document
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Needs
from seriatim.errors import NotFound
from seriatim.http.endpoint import Call, Endpoint, Handler, Reply
from seriatim.service.document_views import find_view
from seriatim.service.pages import Comparison, Condition, PageField, PageQuery
from seriatim.service.printing import PRINTER, file_name

ViewT = TypeVar("ViewT", bound=msgspec.Struct)

PDF = b"application/pdf"


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
        found = await find_view(call.edge.store, call.caller, key)
        if found is None or found.document.kind is not self.kind:
            raise NotFound(self.words, key)
        check_currency(call, found.document.currency, f"the {self.words}")
        return found

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
        body = await PRINTER.print(view)
        disposition = f'attachment; filename="{file_name(view.document, self.words)}"'
        return Reply(200, body, PDF, headers=((b"content-disposition", disposition.encode()),))

    async def _step(self, call: Call[None, None], action: Action) -> Reply:
        document = await self.require(call)
        command = StepNote(scope=call.caller, kind=self.kind, key=document.id, action=action)
        return await call.write(command, lambda view: render(call, self.present(view)))

    async def _issue(
        self, call: Call[None, None], *, finalizes: bool, sends: bool = False, mails: bool = False
    ) -> Reply:
        edge = call.edge
        document = await self.require(call)
        if mails:
            check_mail_server(self.words, is_there=edge.can_send_mail)
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
