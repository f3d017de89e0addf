"""What both kinds of memo are asked for in the same way: read, list, change, post, unpost, cancel, delete, in bulk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from seriatim.api.zuora.document_endpoints import refusal_of
from seriatim.api.zuora.document_query import amount_filter, to_query
from seriatim.api.zuora.document_views import BILLING_STATUS_NAMES
from seriatim.api.zuora.memo_commands import change_of, creation_from_invoice
from seriatim.api.zuora.memo_fields import ListCreditMemos, ListDebitMemos
from seriatim.api.zuora.memo_items import item_views, narrow_items
from seriatim.api.zuora.memo_views import present_memo, view_of
from seriatim.api.zuora.wire import Succeeded, cut_page, encode, page_of
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.bulk import Refused, Several
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.document import Action, Document
from seriatim.domain.numbering import Kind
from seriatim.errors import NotFound, SeriatimError
from seriatim.http.endpoint import Call, Endpoint, Reply
from seriatim.service.ports import NOT_TRANSFERRED, TRANSFERRED_FIELD, DocumentQuery, SortField

TRANSFER_STATUSES = ("Processing", "Yes", "No", "Error", "Ignore")
MemoQuery = ListCreditMemos | ListDebitMemos


@dataclass(frozen=True, slots=True)
class Memos:
    """The operations of one kind of memo that differ from the other kind's in nothing but names."""

    kind: Kind
    list_name: str
    sortable: Mapping[str, SortField | None]

    async def find(self, call: Call[Any, Any]) -> Document:
        """The memo that the path names.

        Raises: NotFound.
        """
        key = call.path_params["key"]
        found = await call.edge.store.find_document(call.caller.entity_id, self.kind, key, call.caller.org_ids)
        if found is None:
            raise NotFound(self.kind.words, key)
        return found

    async def create_from_invoice(self, call: Call[Any, None]) -> Reply:
        """Create a memo from a posted invoice; without items it mirrors the invoice's.

        Raises: InvalidValue, NotFound, BrokenRule.
        """
        command = creation_from_invoice(call, self.kind, call.body, call.path_params["invoice"])
        return await call.write(command, present_memo)

    async def list_all(self, call: Call[None, Any]) -> Reply:
        """List memos, the highest number first unless `sort` says otherwise.

        Raises: InvalidQuery.
        """
        query = _document_query(call, self.kind, self.sortable)
        found = [] if query is None else await call.edge.store.list_documents(query)
        shown = [view_of(document, alone=False) for document in found[: call.query.page_size]]
        return Reply(200, encode(page_of(call, self.list_name, shown, len(found))))

    async def retrieve(self, call: Call[None, None]) -> Reply:
        """Retrieve a memo by its id or number.

        Raises: NotFound.
        """
        return Reply(200, present_memo(await self.find(call)))

    async def list_items(self, call: Call[None, Any]) -> Reply:
        """List the items of a memo, in their order unless `sort` says otherwise.

        Raises: NotFound, InvalidQuery.
        """
        views = narrow_items(item_views(await self.find(call)), call.query)
        return Reply(200, encode(cut_page(call, "items", views)))

    async def retrieve_item(self, call: Call[None, None]) -> Reply:
        """Retrieve one item of a memo.

        Raises: NotFound.
        """
        item_id = call.path_params["item"]
        for view in item_views(await self.find(call)):
            if view["id"] == item_id:
                return Reply(200, encode({**view, "success": True}))
        raise NotFound("item", item_id, "the list of the memo's items has their ids")

    async def update(self, call: Call[Any, None]) -> Reply:
        """Change a memo in part: its date and items while it is a draft, what is only kept until it is canceled.

        Raises: NotFound, InvalidValue, BrokenRule.
        """
        return await call.write(change_of(call, self.kind, call.path_params["key"], call.body), present_memo)

    async def update_several(self, call: Call[Any, None]) -> Reply:
        """Change up to 50 memos, each alone: what is refused of one does not hold up the others.

        Raises: InvalidValue, UnknownField.
        """
        keys = [memo.id for memo in call.body.memos]
        commands: list[Command[Document] | SeriatimError] = []
        for memo in call.body.memos:
            try:
                commands.append(change_of(call, self.kind, memo.id, memo))
            except SeriatimError as error:
                commands.append(error)
        return await write_several(call, commands, keys)

    async def post(self, call: Call[Any, None]) -> Reply:
        """Post a draft: it takes the next number of its series, or keeps the one it has.

        Raises: NotFound, BrokenRule.
        """
        return await call.write(self._transition(call, Action.POST), present_memo)

    async def post_on(self, call: Call[Any, None]) -> Reply:
        """Post a draft, on the date that is given: it takes the next number of its series, or keeps the one it has.

        Raises: NotFound, BrokenRule.
        """
        return await call.write(self._transition(call, Action.POST, call.body.credit_memo_date), present_memo)

    async def unpost(self, call: Call[None, None]) -> Reply:
        """Make a posted memo of which nothing is settled a draft again; it keeps its number.

        Raises: NotFound, BrokenRule.
        """
        return await call.write(self._transition(call, Action.UNPOST), present_memo)

    async def cancel(self, call: Call[None, None]) -> Reply:
        """Cancel a draft; a number that it has stays with it.

        Raises: NotFound, BrokenRule.
        """
        return await call.write(self._transition(call, Action.CANCEL), present_memo)

    async def delete(self, call: Call[None, None]) -> Reply:
        """Delete a canceled draft that was never issued.

        Raises: NotFound, BrokenRule.
        """
        return await call.write(self._transition(call, Action.DELETE), lambda _: encode(Succeeded()))

    def _transition(
        self, call: Call[Any, None], action: Action, document_date: date | None = None
    ) -> TransitionDocument:
        return TransitionDocument(
            scope=call.caller,
            kind=self.kind,
            key=call.path_params["key"],
            action=action,
            document_date=document_date,
            application_id=call.edge.ids.new_id(),
        )


async def write_several(
    call: Call[Any, None], commands: list[Command[Document] | SeriatimError], keys: list[str] | None = None
) -> Reply:
    """Carry out several commands, each alone, and answer with what became of each, in their order.

    `keys` are what the request calls the memos, where they are there already.
    """

    def present(outcomes: list[Any]) -> bytes:
        memos = []
        for index, outcome in enumerate(outcomes):
            if not isinstance(outcome, Refused):
                memos.append(view_of(outcome, alone=True))
                continue
            named = {} if keys is None else {"id": keys[index]}
            memos.append({**refusal_of(call, outcome), **named, "objectIndex": index})
        return encode({"memos": memos, "success": True})

    return await call.write(Several("memos", commands, all_or_none=False), present)


def _document_query(
    call: Call[None, Any], kind: Kind, sortable: Mapping[str, SortField | None]
) -> DocumentQuery | None:
    """What a list of memos asks for; None, where no memo can be what it asks for.

    Raises: InvalidQuery.
    """
    asked: MemoQuery = call.query
    if isinstance(asked, ListCreditMemos):
        query = to_query(call.caller, kind, asked, asked.credit_memo_date, sortable, BILLING_STATUS_NAMES)
        query = replace(query, applies_on_posting=asked.auto_apply_upon_posting, **_kept_filters(asked))
        amounts: dict[str, Any] = {
            "applied_amount": amount_filter("appliedAmount", asked.applied_amount),
            "open_amount": amount_filter("unappliedAmount", asked.unapplied_amount),
            "refunded_amount": amount_filter("refundAmount", asked.refund_amount),
        }
    else:
        query = to_query(call.caller, kind, asked, asked.debit_memo_date, sortable, BILLING_STATUS_NAMES)
        query = replace(query, due_date=asked.due_date)
        amounts = {
            "applied_amount": amount_filter("beAppliedAmount", asked.be_applied_amount),
            "open_amount": amount_filter("balance", asked.balance),
        }
    # No memo here has a target date, and the total that is exempt from tax is zero.
    exempt = amount_filter("totalTaxExemptAmount", asked.total_tax_exempt_amount)
    if asked.target_date is not None or (exempt is not None and Decimal(exempt) != 0):
        return None
    tax_amount = amount_filter("taxAmount", asked.tax_amount)
    return replace(query, tax_amount=tax_amount, referred_id=asked.referred_invoice_id, **amounts)


def _kept_filters(asked: ListCreditMemos) -> dict[str, Any]:
    """The filters on what memos keep. Where nothing was told, it was `No`, or false."""
    kept: list[tuple[str, str | bool]] = []
    other: list[tuple[str, str | bool]] = []
    if asked.exclude_from_auto_apply_rules is not None:
        (kept if asked.exclude_from_auto_apply_rules else other).append(("excludeFromAutoApplyRules", True))
    if asked.transferred_to_accounting == NOT_TRANSFERRED:
        other += [(TRANSFERRED_FIELD, status) for status in TRANSFER_STATUSES if status != NOT_TRANSFERRED]
    elif asked.transferred_to_accounting is not None:
        kept.append((TRANSFERRED_FIELD, asked.transferred_to_accounting))
    return {"kept_fields": tuple(kept), "other_fields": tuple(other)}


def with_older_path(endpoints: list[Endpoint], path: str, older: str) -> list[Endpoint]:
    """Endpoints under `path`, and the very same ones under the name that the path had before."""

    def renamed(endpoint: Endpoint) -> Endpoint:
        rest = endpoint.path.removeprefix(path)
        return replace(endpoint, path=f"{older}{rest}", operation_id=f"{endpoint.operation_id}_OlderPath")

    return [*endpoints, *(renamed(endpoint) for endpoint in endpoints)]
