"""Lines, and groups of lines, of credit notes and invoices: one set of handlers for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from seriatim.api.sequence.note_fields import (
    ChangeCreditLine,
    ChangeInvoiceGroup,
    CreateCreditGroup,
    CreateCreditLine,
    CreateInvoiceGroup,
    GroupRequest,
    InvoiceLineRequest,
    LineRequest,
    read_group,
    read_line,
)
from seriatim.api.sequence.note_views import (
    CreditGroupView,
    CreditLineView,
    InvoiceGroupView,
    InvoiceLineView,
    RemovedCreditLineView,
    SomeCreditGroups,
    SomeCreditLines,
    SomeInvoiceGroups,
    SomeInvoiceLines,
    credit_group_view,
    credit_line_view,
    invoice_group_view,
    invoice_line_view,
    removed_credit_line_view,
)
from seriatim.api.sequence.notes import endpoint_of, require_document
from seriatim.api.sequence.paging import PagedQuery, cut_rows
from seriatim.api.sequence.versions import render
from seriatim.domain.commands.note_lines import (
    AddGroup,
    AddLine,
    ChangeGroup,
    ChangeLine,
    GroupChanged,
    LineChanged,
    RemoveGroup,
    RemoveLine,
    items_of,
)
from seriatim.domain.document import Document, Item
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import Group
from seriatim.errors import InvalidValue
from seriatim.http.endpoint import Call, Endpoint, Reply

LineView = Callable[[Document, Item, int], msgspec.Struct]
_Types = Mapping[str, Any]
"""By method and noun (`PUT line-items`): the type of a body."""
GroupView = Callable[[Document, Group, int, tuple[Item, ...]], msgspec.Struct]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The handlers of lines and groups below one noun."""

    kind: Kind
    words: str
    parameter: str
    """The parameter of the path that names the document."""
    show_line: LineView
    show_removed_line: LineView
    show_group: GroupView
    some_lines: Callable[..., msgspec.Struct]
    some_groups: Callable[..., msgspec.Struct]

    async def require(self, call: Call[Any, Any]) -> Document:
        """The document that the path names.

        Raises: NotFound, BrokenRule.
        """
        return await require_document(call, self.kind, self.words, call.path_params[self.parameter])

    async def list_lines(self, call: Call[None, PagedQuery]) -> Reply:
        """List the lines of a document, the last one first unless `sortOrder` says otherwise.

        Raises: NotFound, BrokenRule, InvalidQuery.
        """
        document = await self.require(call)
        places = list(enumerate(document.items))
        rows, pagination = cut_rows(places, [item.id for item in document.items], call.query)
        items = [self.show_line(document, item, index) for index, item in rows]
        return Reply(200, render(call, self.some_lines(items=items, pagination=pagination)))

    async def add_line(self, call: Call[LineRequest, None]) -> Reply:
        """Add a line to a draft, behind all others; the totals follow.

        Raises: NotFound, InvalidValue, BrokenRule.
        """
        document = await self.require(call)
        named = getattr(call.body, "credit_note_id", None)
        if named is not None and named not in (document.id, document.number):
            rule = "name the credit note of the path, or leave it out"
            raise InvalidValue("creditNoteId", named, rule)
        command = AddLine(
            scope=call.caller,
            kind=self.kind,
            key=document.id,
            item_id=call.edge.ids.new_id(),
            line=read_line(call.body),
        )
        return await call.write(command, lambda changed: self._line(call, changed, self.show_line))

    async def change_line(self, call: Call[LineRequest, None]) -> Reply:
        """Change a line of a draft; what may be left out and is stays as it was.

        Raises: NotFound, InvalidValue, BrokenRule.
        """
        document = await self.require(call)
        body = call.body
        read_line(body)
        command = ChangeLine(
            scope=call.caller,
            kind=self.kind,
            key=document.id,
            item_id=call.path_params["id"],
            merge=lambda before: read_line(body, before),
        )
        return await call.write(command, lambda changed: self._line(call, changed, self.show_line))

    async def remove_line(self, call: Call[None, None]) -> Reply:
        """Remove a line from a draft; the answer is what it was.

        Raises: NotFound, BrokenRule.
        """
        document = await self.require(call)
        command = RemoveLine(scope=call.caller, kind=self.kind, key=document.id, item_id=call.path_params["id"])
        return await call.write(command, lambda changed: self._line(call, changed, self.show_removed_line))

    async def list_groups(self, call: Call[None, PagedQuery]) -> Reply:
        """List the groups of a document, the last one first unless `sortOrder` says otherwise.

        Raises: NotFound, BrokenRule, InvalidQuery.
        """
        document = await self.require(call)
        groups = () if document.particulars is None else document.particulars.groups
        rows, pagination = cut_rows(list(enumerate(groups)), [group.id for group in groups], call.query)
        items = [self.show_group(document, group, index, items_of(document, group.id)) for index, group in rows]
        return Reply(200, render(call, self.some_groups(items=items, pagination=pagination)))

    async def add_group(self, call: Call[GroupRequest, None]) -> Reply:
        """Add a group to a draft, behind all others.

        Raises: NotFound, InvalidValue, BrokenRule.
        """
        document = await self.require(call)
        group = read_group(call.body, call.edge.ids.new_id())
        command = AddGroup(scope=call.caller, kind=self.kind, key=document.id, group=group)
        return await call.write(command, lambda changed: self._group(call, changed))

    async def change_group(self, call: Call[GroupRequest, None]) -> Reply:
        """Change a group of a draft; what is left out stays as it was.

        Raises: NotFound, InvalidValue, BrokenRule.
        """
        document = await self.require(call)
        body, group_id = call.body, call.path_params["id"]
        read_group(body, group_id)
        command = ChangeGroup(
            scope=call.caller,
            kind=self.kind,
            key=document.id,
            group_id=group_id,
            merge=lambda before: read_group(body, group_id, before),
            index=getattr(body, "index", None),
        )
        return await call.write(command, lambda changed: self._group(call, changed))

    async def remove_group(self, call: Call[None, None]) -> Reply:
        """Remove a group without lines from a draft; the answer is what it was.

        Raises: NotFound, BrokenRule.
        """
        document = await self.require(call)
        command = RemoveGroup(scope=call.caller, kind=self.kind, key=document.id, group_id=call.path_params["id"])
        return await call.write(command, lambda changed: self._group(call, changed))

    def _line(self, call: Call[Any, Any], changed: LineChanged, show: LineView) -> bytes:
        return render(call, show(changed.view.document, changed.item, changed.index))

    def _group(self, call: Call[Any, Any], changed: GroupChanged) -> bytes:
        return render(call, self.show_group(changed.view.document, changed.group, changed.index, changed.items))


def _endpoints(lines: Lines, base: str, tag: str, noun: str, bodies: _Types, answers: _Types) -> list[Endpoint]:
    """The operations of lines and groups below `base`; `noun` is how ids of operations name what they belong to."""
    table = (
        ("GET", "line-items", "", "List all line items", lines.list_lines),
        ("POST", "line-items", "", "Add a line item", lines.add_line),
        ("PUT", "line-items", "/{id}", "Change a line item", lines.change_line),
        ("DELETE", "line-items", "/{id}", "Remove a line item", lines.remove_line),
        ("GET", "line-item-groups", "", "List all line item groups", lines.list_groups),
        ("POST", "line-item-groups", "", "Add a line item group", lines.add_group),
        ("PUT", "line-item-groups", "/{id}", "Change a line item group", lines.change_group),
        ("DELETE", "line-item-groups", "/{id}", "Remove a line item group", lines.remove_group),
    )
    found = []
    for method, part, suffix, summary, handler in table:
        name = "LineItems" if part == "line-items" else "LineItemGroups"
        key = f"{method} {part}"
        found.append(
            endpoint_of(
                method,
                f"{base}/{part}{suffix}",
                f"{method.lower()}{noun}{name}{'ById' if suffix else ''}",
                summary,
                handler,
                tag=tag,
                answer=answers[key],
                body=bodies.get(key),
                query=PagedQuery if method == "GET" else None,
                success_status=201 if method == "POST" else 200,
            )
        )
    return found


_CREDIT_LINES = Lines(
    kind=Kind.CREDIT_MEMO,
    words="credit note",
    parameter="creditnote",
    show_line=credit_line_view,
    show_removed_line=removed_credit_line_view,
    show_group=credit_group_view,
    some_lines=SomeCreditLines,
    some_groups=SomeCreditGroups,
)
_INVOICE_LINES = Lines(
    kind=Kind.INVOICE,
    words="invoice",
    parameter="invoice",
    show_line=invoice_line_view,
    show_removed_line=invoice_line_view,
    show_group=invoice_group_view,
    some_lines=SomeInvoiceLines,
    some_groups=SomeInvoiceGroups,
)
CREDIT_NOTE_ENDPOINTS = _endpoints(
    _CREDIT_LINES,
    "/credit-notes/{creditnote}",
    "Credit note line items",
    "CreditNotesByCreditnote",
    {
        "POST line-items": CreateCreditLine,
        "PUT line-items": ChangeCreditLine,
        "POST line-item-groups": CreateCreditGroup,
        "PUT line-item-groups": GroupRequest,
    },
    {
        "GET line-items": SomeCreditLines,
        "POST line-items": CreditLineView,
        "PUT line-items": CreditLineView,
        "DELETE line-items": RemovedCreditLineView,
        "GET line-item-groups": SomeCreditGroups,
        "POST line-item-groups": CreditGroupView,
        "PUT line-item-groups": CreditGroupView,
        "DELETE line-item-groups": CreditGroupView,
    },
)
INVOICE_ENDPOINTS = _endpoints(
    _INVOICE_LINES,
    "/invoices/{invoice}",
    "Invoice line items",
    "InvoicesByInvoice",
    {
        "POST line-items": InvoiceLineRequest,
        "PUT line-items": InvoiceLineRequest,
        "POST line-item-groups": CreateInvoiceGroup,
        "PUT line-item-groups": ChangeInvoiceGroup,
    },
    {
        "GET line-items": SomeInvoiceLines,
        "POST line-items": InvoiceLineView,
        "PUT line-items": InvoiceLineView,
        "DELETE line-items": InvoiceLineView,
        "GET line-item-groups": SomeInvoiceGroups,
        "POST line-item-groups": InvoiceGroupView,
        "PUT line-item-groups": InvoiceGroupView,
        "DELETE line-item-groups": InvoiceGroupView,
    },
)
