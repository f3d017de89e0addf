"""Making invoices, credit memos and debit memos from lines, as drafts or posted at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from seriatim.auth.permissions import Permission
from seriatim.console.books.document_accounts import ACCOUNT, chosen_account, offer_accounts
from seriatim.console.books.document_fields import kept_text, read_day, read_figure
from seriatim.console.books.document_search import SEGMENTS, segment_of
from seriatim.console.forms import Form
from seriatim.console.once import run_once
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.account import Account
from seriatim.domain.commands.documents import CreateDocument, DraftItem
from seriatim.domain.document import TAXES_FIELD
from seriatim.domain.document_view import MEMO_FIELDS
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import TARGET_KINDS
from seriatim.errors import FieldError, MissingField, NotFound, SeriatimError

LINES_AT_FIRST = 3
LINES_ADDED = 3
LINES_MAX = 50
"""Lines of one form; a longer document is made through the APIs."""
DESCRIPTION_CHARACTERS_MAX = 255
CHARGE_NAME_CHARACTERS_MAX = 130
"""Zuora, "Create a standalone invoice": the limit of `chargeName`, which names the line of an invoice."""
COMMENT_CHARACTERS_MAX = 255
KINDS = (Kind.INVOICE, Kind.CREDIT_MEMO, Kind.DEBIT_MEMO)
_LINES = "lines"
_LINE_PARTS = ("description", "quantity", "amount", "tax")
_LINE = re.compile(rf"{_LINES}\[([0-9]{{1,2}})\]\.({'|'.join(_LINE_PARTS)})")
_TAX_NAME = "Tax"
"""What the tax of a line is called; its amount counts as it is given."""


async def show_form(visit: Visit) -> Response:
    """An empty form, with the account that the address names."""
    return await _page(visit, _kind(visit), Form())


async def create(visit: Visit) -> Response:
    """Make the document that the form describes; or show the form again, with more lines or with what is wrong."""
    kind, form = _kind(visit), await visit.form()
    if form.checked("add"):
        return await _page(visit, kind, form, lines=min(LINES_MAX, _lines_of(form) + LINES_ADDED))
    command = await _command(visit, kind, form)
    if command is None:
        return await _page(visit, kind, form)
    try:
        document_id = await run_once(visit, form, command, lambda document: document.id)
    except SeriatimError as error:
        form.refuse(error)
        return await _page(visit, kind, form)
    done = "is posted" if command.post else "is saved as a draft"
    return visit.redirect(visit.path("documents", document_id), f"The {kind.words} {done}.")


def _kind(visit: Visit) -> Kind:
    """The kind that the address names.

    Raises: NotFound, for one that is not made from lines.
    """
    kind = SEGMENTS.get(visit.params["kind"])
    if kind not in KINDS:
        raise NotFound("form for", visit.params["kind"], "go back to the documents and choose a kind")
    return kind


async def _command(visit: Visit, kind: Kind, form: Form) -> CreateDocument | None:
    """What the form asks for; None where something is wrong, which is told at its fields."""
    account = await chosen_account(visit, form)
    document_date, due_date = read_day(form, "date"), read_day(form, "due_date")
    comment = kept_text(form, "comment", COMMENT_CHARACTERS_MAX)
    items = _items(visit, kind, form, account)
    if account is None or form.errors:
        return None
    try:
        return CreateDocument(
            scope=visit.scope,
            document_id=visit.new_id(),
            kind=kind,
            account_keys={ACCOUNT: account.id},
            items=items,
            items_field=_LINES,
            document_date=document_date,
            due_date=due_date if kind in TARGET_KINDS else None,
            post=form.text("action") == "post",
            fields={MEMO_FIELDS[kind]: comment} if comment else {},
        )
    except FieldError as error:
        form.refuse(error)
        return None


def _items(visit: Visit, kind: Kind, form: Form, account: Account | None) -> tuple[DraftItem, ...]:
    """The lines that have something in them. What is wrong with one is told at its fields."""
    items = []
    for index in range(_lines_of(form)):
        path = f"{_LINES}[{index}]"
        if not any(form.text(f"{path}.{part}") for part in _LINE_PARTS):
            continue
        try:
            item = _item(visit, kind, form, path)
            if account is not None:
                # The amounts are checked here as they will be again, so that each error stands at its own line.
                item.to_item(account.currency)
            items.append(item)
        except FieldError as error:
            form.refuse(error, {f"{path}.{TAXES_FIELD}[0].taxAmount": f"{path}.tax"})
    if not items and not form.errors:
        form.refuse(MissingField(f"{_LINES}[0].amount", "give at least one line with what it comes to"))
    return tuple(items)


def _item(visit: Visit, kind: Kind, form: Form, path: str) -> DraftItem:
    """One line, as the API for its kind would have it.

    Raises: MissingField, InvalidValue.
    """
    description = kept_text(form, f"{path}.description", DESCRIPTION_CHARACTERS_MAX)
    if not description:
        raise MissingField(f"{path}.description", "say what the line is for")
    amount = read_figure(visit, form, f"{path}.amount")
    if amount is None:
        raise MissingField(f"{path}.amount", "give what the line comes to, without tax")
    quantity, tax = read_figure(visit, form, f"{path}.quantity"), read_figure(visit, form, f"{path}.tax")
    fields: dict[str, Any] = {}
    if kind is Kind.INVOICE:
        fields["chargeName"] = description[:CHARGE_NAME_CHARACTERS_MAX]
        quantity = Decimal(1) if quantity is None else quantity
    if tax:
        fields[TAXES_FIELD] = [{"id": visit.new_id(), "name": _TAX_NAME, "taxAmount": tax}]
    return DraftItem(
        id=visit.new_id(),
        path=path,
        amount=amount,
        quantity=quantity,
        description=description,
        fields=fields,
        tax_amounts=(tax,) if tax else (),
    )


def _lines_of(form: Form) -> int:
    """How many lines a form has."""
    places = [int(match[1]) for name in form.names() if (match := _LINE.fullmatch(name))]
    return min(LINES_MAX, max(places, default=LINES_AT_FIRST - 1) + 1)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the form of a kind says."""

    lead: str
    posting: str


_WORDS: Mapping[Kind, _Words] = {
    Kind.INVOICE: _Words("What a customer owes you.", "Posting takes the next invoice number"),
    Kind.CREDIT_MEMO: _Words(
        "What you owe a customer: it lowers what they have to pay.", "Posting takes the next credit memo number"
    ),
    Kind.DEBIT_MEMO: _Words(
        "What a customer owes you beside an invoice, such as a fee.", "Posting takes the next debit memo number"
    ),
}


async def _page(visit: Visit, kind: Kind, form: Form, lines: int | None = None) -> Response:
    offer = await offer_accounts(visit)
    account = visit.query.get(ACCOUNT, "")
    if not account and len(offer.options) == 1:
        account = offer.options[0][0]
    today: date = visit.at.date()
    return visit.page(
        "document_new.html",
        status=form.status,
        form=form,
        kind=kind,
        segment=segment_of(kind),
        words=_WORDS[kind],
        offer=offer,
        account=account,
        today=today.isoformat(),
        lines=range(_lines_of(form) if lines is None else lines),
        can_add=(_lines_of(form) if lines is None else lines) < LINES_MAX,
        lines_max=LINES_MAX,
        has_due_date=kind in TARGET_KINDS,
        once=form.text("once") or visit.console.ids.new_uuid(),
    )


_PATH = "/e/{entity_id}/documents/new/{kind}"
ROUTES = (
    PageRoute(method="GET", path=_PATH, handler=show_form, permission=Permission.ISSUE),
    PageRoute(method="POST", path=_PATH, handler=create, permission=Permission.ISSUE),
)
