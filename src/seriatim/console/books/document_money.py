"""Taking in payments, paying back, and applying credit memos and payments to what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass

from seriatim.auth.permissions import Permission
from seriatim.console.books.document_accounts import ACCOUNT, chosen_account, offer_accounts
from seriatim.console.books.document_fields import kept_text, read_day, read_figure, write_amount
from seriatim.console.books.document_search import is_key
from seriatim.console.books.document_steps import require_view
from seriatim.console.forms import Form
from seriatim.console.once import run_once
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.commands.settlement import ApplySource, CreatePayment, CreateRefund, Portion, UnapplySource
from seriatim.domain.document import Document
from seriatim.domain.document_view import DocumentView
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import SETTLING_STATUSES, SOURCE_KINDS, TARGET_KINDS
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule, InvalidValue, MissingField, NotFound, Rule, SeriatimError
from seriatim.service.pages import Comparison, Condition, PageField, PageQuery

OFFERED_MAX = 20
"""Open documents of one kind that a form offers; others are named by their number."""
LOOKED_AT_MAX = 150
"""Documents of one kind of an account that are looked at for open ones, from the highest number on."""
TEXT_CHARACTERS_MAX = 255
METHODS = ("Bank transfer", "Credit card", "Direct debit", "Check", "Cash", "Other")
OTHER = "other"
"""What is chosen to name a document that the form does not offer."""


async def show_payment_form(visit: Visit) -> Response:
    """An empty form for a payment, with the account and the invoice that the address names."""
    return await _payment_page(visit, Form())


async def create_payment(visit: Visit) -> Response:
    """Take in a payment, and apply it at once to the document that it names, if it names one."""
    form = await visit.form()
    try:
        command = await _payment_command(visit, form)
        if command is None:
            return await _payment_page(visit, form)
        document_id = await run_once(visit, form, command, lambda document: document.id)
    except SeriatimError as error:
        form.refuse(error, {"portions[0].amount": "amount"})
        return await _payment_page(visit, form)
    return visit.redirect(visit.path("documents", document_id), "The payment is taken in.")


async def _payment_command(visit: Visit, form: Form) -> CreatePayment | None:
    """What the form asks for; None where something is wrong, which is told at its fields.

    Raises: FieldError.
    """
    account = await chosen_account(visit, form)
    day = read_day(form, "date")
    fields = _kept_fields(form, ("comment", "comment"), ("method", "methodType"))
    target = await _named(visit, form, "applies_to", TARGET_KINDS)
    amount = read_figure(visit, form, "amount")
    if amount is None:
        raise MissingField("amount", "give what was paid")
    if account is None or form.errors:
        return None
    portions = () if target is None else (Portion(visit.new_id(), "portions[0]", target.kind, target.id, None),)
    return CreatePayment(
        scope=visit.scope,
        document_id=visit.new_id(),
        account_keys={ACCOUNT: account.id},
        amount=amount,
        currency=account.currency if target is None else target.currency,
        document_date=day,
        portions=portions,
        fields=fields,
    )


async def _payment_page(visit: Visit, form: Form) -> Response:
    offer = await offer_accounts(visit)
    account = visit.query.get(ACCOUNT, "")
    if not account and len(offer.options) == 1:
        account = offer.options[0][0]
    return visit.page(
        "document_payment.html",
        status=form.status,
        form=form,
        offer=offer,
        account=account,
        today=visit.at.date().isoformat(),
        methods=_METHOD_OPTIONS,
        once=form.text("once") or visit.console.ids.new_uuid(),
    )


async def show_refund_form(visit: Visit) -> Response:
    """The form for paying back what remains of a payment or a credit memo."""
    return _refund_page(visit, await _require_source(visit), Form())


async def create_refund(visit: Visit) -> Response:
    """Pay back so much of a payment or a credit memo."""
    form, view = await visit.form(), await _require_source(visit)
    source = view.document
    try:
        day = read_day(form, "date")
        fields = _kept_fields(form, ("reason", "reasonCode"), ("method", "methodType"))
        amount = read_figure(visit, form, "amount")
        if amount is None:
            raise MissingField("amount", "give what is paid back")
        if form.errors:
            return _refund_page(visit, view, form)
        command = CreateRefund(
            scope=visit.scope,
            document_id=visit.new_id(),
            source_kind=source.kind,
            source_key=source.id,
            amount=amount,
            document_date=day,
            unapplies=form.checked("unapplies"),
            fields=fields,
        )
        document_id = await run_once(visit, form, command, lambda document: document.id)
    except SeriatimError as error:
        form.refuse(error, {"totalAmount": "amount", "refundDate": "date"})
        return _refund_page(visit, view, form)
    return visit.redirect(visit.path("documents", document_id), f"The {source.kind.words} {source.number} is refunded.")


def _refund_page(visit: Visit, view: DocumentView, form: Form) -> Response:
    source = view.document
    return visit.page(
        "document_refund.html",
        status=form.status,
        form=form,
        document=source,
        view=view,
        open_amount=write_amount(visit, source.open_minor, source.currency) if source.open_minor else "",
        today=visit.at.date().isoformat(),
        methods=_METHOD_OPTIONS,
        once=form.text("once") or visit.console.ids.new_uuid(),
    )


async def show_application_form(visit: Visit) -> Response:
    """What a document can be applied to, or what can be applied to it."""
    return await _application_page(visit, await _require_settled(visit), Form())


async def apply(visit: Visit) -> Response:
    """Apply so much of a credit memo or payment to an invoice or debit memo, from either side."""
    form, view = await visit.form(), await _require_settled(visit)
    document = view.document
    is_source = document.kind in SOURCE_KINDS
    try:
        other = await _chosen_other(visit, form, TARGET_KINDS if is_source else SOURCE_KINDS)
        source, target = (document, other) if is_source else (other, document)
        portion = Portion(visit.new_id(), "portion", target.kind, target.id, read_figure(visit, form, "amount"))
        command = ApplySource(scope=visit.scope, kind=source.kind, key=source.id, portions=(portion,))
        await run_once(visit, form, command, lambda applied: applied.id)
    except SeriatimError as error:
        form.refuse(error, {"portion.amount": "amount"})
        return await _application_page(visit, view, form)
    notice = f"The {source.kind.words} {source.number} is applied to the {target.kind.words} {target.number}."
    return visit.redirect(visit.path("documents", document.id), notice)


async def _application_page(visit: Visit, view: DocumentView, form: Form) -> Response:
    document = view.document
    kinds = TARGET_KINDS if document.kind in SOURCE_KINDS else SOURCE_KINDS
    offered = await _open_documents(visit, document, [kind for kind in Kind if kind in kinds])
    return visit.page(
        "document_apply.html",
        status=form.status,
        form=form,
        document=document,
        view=view,
        is_source=document.kind in SOURCE_KINDS,
        offered=offered,
        other=OTHER,
        once=form.text("once") or visit.console.ids.new_uuid(),
    )


async def _open_documents(visit: Visit, document: Document, kinds: Sequence[Kind]) -> list[Document]:
    """Documents of the same account and currency of which something remains, those with the highest numbers."""
    found: list[Document] = []
    for kind in kinds:
        query = PageQuery(
            entity_id=visit.entity.id,
            kind=kind,
            org_ids=visit.scope.org_ids,
            conditions=(Condition(PageField.ACCOUNT_ID, Comparison.IN, (document.account_id,)),),
            sort=PageField.SHOWN_NUMBER,
            limit=LOOKED_AT_MAX,
            counts=False,
        )
        newest = (await visit.console.store.list_page(query)).documents
        found += [each for each in newest if _can_meet(each, document)][:OFFERED_MAX]
    return found


def _can_meet(each: Document, document: Document) -> bool:
    return each.status in SETTLING_STATUSES and each.open_minor > 0 and each.currency == document.currency


async def _chosen_other(visit: Visit, form: Form, kinds: frozenset[Kind]) -> Document:
    """The document that is chosen, or named by its number.

    Raises: MissingField, InvalidValue.
    """
    chosen = form.text("other")
    if not chosen:
        raise MissingField("other", "choose a document, or give the number of one")
    other = await _named(visit, form, "number" if chosen == OTHER else "other", kinds)
    if other is None:
        raise MissingField("number", "give the number of a document")
    return other


async def show_unapplication_form(visit: Visit) -> Response:
    """How much of what is applied to a document is taken back."""
    view = await _require_source(visit)
    return _unapplication_page(visit, view, _require_part(view, visit.query.get("target", "")), Form())


async def unapply(visit: Visit) -> Response:
    """Take back so much of what a credit memo or payment is applied to a document."""
    form, view = await visit.form(), await _require_source(visit)
    source, part = view.document, _require_part(view, form.text("target"))
    try:
        amount = read_figure(visit, form, "amount")
        portion = Portion(visit.new_id(), "portion", part.target.kind, part.target.id, amount)
        command = UnapplySource(scope=visit.scope, kind=source.kind, key=source.id, portions=(portion,))
        await run_once(visit, form, command, lambda document: document.id)
    except SeriatimError as error:
        form.refuse(error, {"portion.amount": "amount"})
        return _unapplication_page(visit, view, part, form)
    notice = f"The {source.kind.words} {source.number} is taken back from the {part.target.kind.words} "
    return visit.redirect(visit.path("documents", source.id), f"{notice}{part.target.number}.")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is applied to one document."""

    target: Document
    amount_minor: int


def _require_part(view: DocumentView, target_id: str) -> _Part:
    """The part of the document that is applied to another one.

    Raises: BrokenRule, where nothing of it is: somebody has taken it back already.
    """
    for part in view.parts:
        if part.other.id == target_id:
            return _Part(part.other, part.application.amount_minor)
    source = view.document
    message = f"the {source.kind.words} {source.number} is not applied to this document, or not any more"
    raise BrokenRule(Rule.AMOUNT_ABOVE_REMAINING, message)


def _unapplication_page(visit: Visit, view: DocumentView, part: _Part, form: Form) -> Response:
    return visit.page(
        "document_unapply.html",
        status=form.status,
        form=form,
        document=view.document,
        part=part,
        applied_amount=write_amount(visit, part.amount_minor, view.document.currency),
        once=form.text("once") or visit.console.ids.new_uuid(),
    )


async def _named(visit: Visit, form: Form, field: str, kinds: frozenset[Kind]) -> Document | None:
    """The document whose number or id is in a field; None where the field is empty.

    Raises: InvalidValue, where there is none of these kinds that the user sees.
    """
    key = form.text(field)
    if not key:
        return None
    found = None
    if is_key(key):
        needs = Needs()
        needs.documents.add((visit.entity.id, key))
        found = (await visit.console.store.read(needs)).document(visit.entity.id, key)
    if found is None or found.kind not in kinds or not visit.scope.sees(found.org_id):
        words = " or ".join(kind.words for kind in Kind if kind in kinds)
        raise InvalidValue(field, key, f"no {words} has this number; check it")
    return found


def _kept_fields(form: Form, *names: tuple[str, str]) -> dict[str, str]:
    """What is only kept, by the names that Zuora's API has for it."""
    texts = {kept: kept_text(form, name, TEXT_CHARACTERS_MAX) for name, kept in names}
    return {name: text for name, text in texts.items() if text}


async def _require_source(visit: Visit) -> DocumentView:
    """The credit memo or payment of the path.

    Raises: NotFound.
    """
    return await _require_kind(visit, SOURCE_KINDS)


async def _require_settled(visit: Visit) -> DocumentView:
    """The document of the path, of a kind that is applied or applied to.

    Raises: NotFound.
    """
    return await _require_kind(visit, SOURCE_KINDS | TARGET_KINDS)


async def _require_kind(visit: Visit, kinds: frozenset[Kind]) -> DocumentView:
    view = await require_view(visit)
    if view.document.kind not in kinds:
        words = view.document.kind.words
        raise NotFound("such step of the document", view.document.number, f"a {words} is not settled in this way")
    return view


_METHOD_OPTIONS = [("", "Not said"), *((method, method) for method in METHODS)]
_PATH = "/e/{entity_id}/documents"
_ISSUE = Permission.ISSUE
ROUTES = (
    PageRoute(method="GET", path=f"{_PATH}/new/payment", handler=show_payment_form, permission=_ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/new/payment", handler=create_payment, permission=_ISSUE),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/refund", handler=show_refund_form, permission=_ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/{{key}}/refund", handler=create_refund, permission=_ISSUE),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/apply", handler=show_application_form, permission=_ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/{{key}}/apply", handler=apply, permission=_ISSUE),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/unapply", handler=show_unapplication_form, permission=_ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/{{key}}/unapply", handler=unapply, permission=_ISSUE),
)
