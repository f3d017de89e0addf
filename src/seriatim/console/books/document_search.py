"""What a search for documents asks for, and the page of documents that answers it.

Every search is answered from an index, or looks at so many documents and no more: a page never reads a whole kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from seriatim.console.books.document_fields import read_day
from seriatim.console.cursors import around, read_cursor
from seriatim.console.forms import Form
from seriatim.console.pages import Visit
from seriatim.domain.account import ACCOUNT_NUMBER_CHARACTERS_MAX, Account
from seriatim.domain.document import TRANSITIONS, Document, Status
from seriatim.domain.numbering import Kind
from seriatim.errors import InvalidValue
from seriatim.service.pages import Comparison, Condition, Page, PageField, PageQuery

PAGE_DOCUMENTS = 50
LOOKED_AT_MAX = 20_000
"""Documents that a search which no index answers looks at, page by page, from the newest on."""
LOOKED_AT_OF_ACCOUNT_MAX = 300
"""Documents of one account that a search looks at, page by page, from the highest number on."""
KEY_CHARACTERS_MAX = 64

SEGMENTS: Mapping[str, Kind] = {kind.value.replace("_", "-"): kind for kind in Kind}
"""The kinds as addresses name them: `credit-memo`."""
FILTERS = ("number", "account", "state", "from", "to")
_UNISSUED = frozenset({Status.DRAFT, Status.CANCELED})
"""What is rare has an index of its own."""
_KEY = re.compile(rf"[A-Za-z0-9_-]{{1,{KEY_CHARACTERS_MAX}}}", re.ASCII)
_DAY = timedelta(days=1)


def segment_of(kind: Kind) -> str:
    """A kind as addresses name it."""
    return kind.value.replace("_", "-")


def plural_of(kind: Kind) -> str:
    """What several documents of a kind are called: `credit memos`."""
    return f"{kind.words}s"


def states_of(kind: Kind) -> list[Status]:
    """The states that documents of a kind can be in, as the table of transitions has them."""
    known = {status for each in TRANSITIONS[kind] for status in (*each.from_statuses, each.to_status)}
    return [status for status in Status if status in known]


def is_key(text: str) -> bool:
    """Whether a text can be the id or the number of a document."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of documents."""

    documents: list[Document]
    before_url: str | None
    after_url: str | None
    newest_url: str | None
    """The first page, where one looks at a later one and there is no way back step by step."""
    is_partial: bool
    """Whether it is not known yet if there is more: older documents have not been looked at."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of documents, besides their kind and their account. None leaves a filter out."""

    number: str | None
    """A part of the number."""
    status: Status | None
    first_day: date | None
    last_day: date | None

    @property
    def is_rare(self) -> bool:
        """Whether an index leads straight to what it meets."""
        return self.status in _UNISSUED

    def conditions(self) -> list[Condition]:
        """What the store is asked."""
        found = []
        if self.number is not None:
            found.append(Condition(PageField.SHOWN_NUMBER, Comparison.CONTAINS, (self.number,)))
        if self.status is not None:
            found.append(Condition(PageField.STATUS, Comparison.IN, (self.status,)))
        if self.first_day is not None and self.first_day > date.min:
            found.append(_on(Comparison.AFTER, self.first_day - _DAY))
        if self.last_day is not None and self.last_day < date.max:
            found.append(_on(Comparison.BEFORE, self.last_day + _DAY))
        return found

    def meets(self, document: Document) -> bool:
        """Whether a document is one that is asked for."""
        return (
            (self.number is None or self.number.lower() in document.number.lower())
            and self.status in (None, document.status)
            and (self.first_day or date.min) <= document.document_date <= (self.last_day or date.max)
        )


def _on(comparison: Comparison, day: date) -> Condition:
    return Condition(PageField.DOCUMENT_DATE, comparison, (day.isoformat(),))


async def find_documents(visit: Visit, kind: Kind, form: Form) -> Found:
    """The documents of a kind that a search form asks for, newest first; what it asks wrongly is told at its fields.

    Raises: InvalidQuery, for an address that nobody was given.
    """
    account, search = await _account(visit, form), _search(kind, form)
    if form.errors or (form.text("account") and account is None):
        return Found([], None, None, None, is_partial=False)
    conditions = search.conditions()
    query = PageQuery(
        entity_id=visit.entity.id,
        kind=kind,
        org_ids=visit.scope.org_ids,
        conditions=tuple(conditions),
        after=read_cursor(visit.query, "after"),
        before=read_cursor(visit.query, "before"),
        limit=PAGE_DOCUMENTS,
        counts=False,
    )
    is_bounded = False
    if account is not None:
        of_account = Condition(PageField.ACCOUNT_ID, Comparison.IN, (account.id,))
        is_bounded = bool(conditions) and not search.is_rare
        if is_bounded:
            query = replace(query, conditions=(of_account,), limit=LOOKED_AT_OF_ACCOUNT_MAX)
        else:
            query = replace(query, conditions=(of_account, *conditions))
        if not search.is_rare:
            query = replace(query, sort=PageField.SHOWN_NUMBER)
    elif not search.is_rare and (conditions or visit.scope.org_ids is not None):
        is_bounded = True
        query = replace(query, looks_at_max=LOOKED_AT_MAX)
    if is_bounded:
        # A search that looks at so many documents from the newest on knows no way back but to its beginning.
        query = replace(query, before=None)
    page = await visit.console.store.list_page(query)
    if is_bounded and account is not None:
        page = _sifted(page, search)
    return _shown(visit, kind, form, page, is_bounded=is_bounded)


def _sifted(page: Page, search: Search) -> Page:
    """Of the documents of an account that were looked at those that are asked for, and where to go on."""
    met = [document for document in page.documents if search.meets(document)]
    if len(met) <= PAGE_DOCUMENTS:
        return Page(met, None, page.after, None)
    last = met[PAGE_DOCUMENTS - 1]
    return Page(met[:PAGE_DOCUMENTS], None, (last.number, last.id), None)


def _shown(visit: Visit, kind: Kind, form: Form, page: Page, *, is_bounded: bool) -> Found:
    def address(**cursor: str | None) -> str:
        kept = {name: form.text(name) for name in FILTERS}
        return visit.path("documents", kind=segment_of(kind), **kept, **cursor)

    before_url, after_url = around(page.before, page.after, address)
    is_later = is_bounded and "after" in visit.query
    return Found(
        page.documents,
        None if is_bounded else before_url,
        after_url,
        address() if is_later else None,
        is_partial=is_bounded and page.after is not None and len(page.documents) < PAGE_DOCUMENTS,
    )


async def _account(visit: Visit, form: Form) -> Account | None:
    number = form.text("account")
    if not number:
        return None
    found = None
    if len(number) <= ACCOUNT_NUMBER_CHARACTERS_MAX and number.isprintable():
        found = await visit.console.store.find_account(visit.entity.id, number, visit.scope.org_ids)
    if found is None:
        form.refuse(InvalidValue("account", number, "no account has this number or id; check it"))
    return found


def _search(kind: Kind, form: Form) -> Search:
    """What is asked besides the account. What cannot be asked is told at its field."""
    number, state = form.optional("number"), form.optional("state")
    if number is not None and not is_key(number):
        rule = "numbers have letters, digits, dashes and underscores alone"
        form.refuse(InvalidValue("number", number, rule))
    if state is not None and state not in set(Status):
        form.refuse(InvalidValue("state", state, "choose one of the list"))
        state = None
    # Who goes from one kind to another takes along a state that only the first one knows.
    status = Status(state) if state in {each.value for each in states_of(kind)} else None
    return Search(number, status, read_day(form, "from"), read_day(form, "to"))
