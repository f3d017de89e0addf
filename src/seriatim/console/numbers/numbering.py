"""The sequence sets of an entity: how each numbers the five kinds of document, and what comes next."""

from dataclasses import dataclass

from seriatim.auth.permissions import Permission
from seriatim.console.cursors import around, read_cursor, read_whole_number
from seriatim.console.forms import Form, sentence
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.commands.sequence_sets import DeleteSequenceSet
from seriatim.domain.numbering import Kind, format_number
from seriatim.domain.sequence_set import DEFAULT_NAME, SetView
from seriatim.errors import BrokenRule, NotFound
from seriatim.service.account_pages import AccountQuery
from seriatim.service.ports import ActivityQuery, Store

PAGE_SETS = 25
SETS_PASSED_MAX = 10_000_000
"""How far into the list of sets an address may point."""
PAGE_ACCOUNTS = 10
HISTORY_MAX = 20
"""How many of the latest changes a page shows of its subject."""


@dataclass(frozen=True, slots=True)
class NumberingRow:
    """How one kind of document is numbered for whoever uses a set."""

    kind: Kind
    prefix: str
    start_number: int
    next_number: str
    """The number as it will read, if nobody comes first."""
    is_left_to_default: bool
    """Whether the set says nothing of this kind, so that DEFAULT's numbering serves."""


def numbering_rows(view: SetView, default: SetView) -> list[NumberingRow]:
    """How a set numbers each kind, with DEFAULT's numbering where it leaves one to it."""
    rows = []
    for kind in Kind:
        own = view if kind in view.sequence_set.numberings else default
        numbering = own.sequence_set.numberings[kind]
        next_number = format_number(numbering.prefix, own.next_ordinals[kind])
        rows.append(NumberingRow(kind, numbering.prefix, numbering.start_number, next_number, own is not view))
    return rows


async def default_view(store: Store, entity_id: str) -> SetView:
    """The set DEFAULT of an entity, which every entity has from its first day.

    Raises: NotFound.
    """
    return await find_set(store, entity_id, DEFAULT_NAME)


async def find_set(store: Store, entity_id: str, key: str) -> SetView:
    """A set by its id, number or name.

    Raises: NotFound.
    """
    found = await store.find_sequence_set(entity_id, key)
    if found is None:
        raise NotFound("sequence set", key, "choose one of the list")
    return found


async def list_sets(visit: Visit) -> Response:
    """The sets of the entity, DEFAULT first, the five kinds side by side."""
    store, entity = visit.console.store, visit.entity
    wanted = visit.query.get("name", "").strip()
    offset = read_whole_number(visit.query, "from", SETS_PASSED_MAX) or 0
    views = await store.list_sequence_sets(entity.id, wanted or None, offset, PAGE_SETS + 1)
    default = await default_view(store, entity.id)
    shown = views[:PAGE_SETS]
    has_more = len(views) > PAGE_SETS

    def page_from(first: int) -> str:
        return visit.path("numbering", **{"name": wanted, "from": str(first) if first else None})

    return visit.page(
        "numbering.html",
        form=Form.of(name=wanted),
        wanted=wanted,
        kinds=list(Kind),
        sets=[(view.sequence_set, numbering_rows(view, default)) for view in shown],
        is_searchable=has_more or offset > 0 or bool(wanted),
        is_only_default=offset == 0 and not wanted and not has_more and len(shown) == 1,
        before_url=page_from(max(0, offset - PAGE_SETS)) if offset else None,
        after_url=page_from(offset + PAGE_SETS) if has_more else None,
    )


async def show_set(visit: Visit) -> Response:
    """One set: its numberings, the accounts that use it, its history, and whether it can be deleted."""
    store, entity = visit.console.store, visit.entity
    view = await find_set(store, entity.id, visit.params["set_id"])
    of_set = view.sequence_set
    accounts = await store.list_accounts(
        AccountQuery(
            entity_id=entity.id,
            org_ids=visit.scope.org_ids,
            sequence_set_id=of_set.id,
            includes_archived=True,
            after=read_cursor(visit.query, "after"),
            before=read_cursor(visit.query, "before"),
            limit=PAGE_ACCOUNTS,
            counts=False,
        )
    )
    before_url, after_url = around(
        accounts.before, accounts.after, lambda **cursor: visit.path("numbering", of_set.id, **cursor)
    )
    rows = numbering_rows(view, await default_view(store, entity.id))
    return visit.page(
        "numbering_set.html",
        of_set=of_set,
        rows=rows,
        left_to_default=[row.kind.words for row in rows if row.is_left_to_default],
        accounts=accounts.accounts,
        before_url=before_url,
        after_url=after_url,
        activities=await store.list_activities(
            ActivityQuery(entity_id=entity.id, subject_id=of_set.id, limit=HISTORY_MAX)
        ),
        refusal=await _why_it_stays(visit, of_set.id) if visit.may(Permission.CONFIGURE) else None,
    )


async def show_deletion(visit: Visit) -> Response:
    """Ask whether to delete a set, or say why it stays."""
    return await _deletion_page(visit, Form())


async def delete_set(visit: Visit) -> Response:
    """Delete a set."""
    view = await find_set(visit.console.store, visit.entity.id, visit.params["set_id"])
    try:
        await visit.run(DeleteSequenceSet(scope=visit.scope, key=view.sequence_set.id))
    except BrokenRule as error:
        form = await visit.form()
        form.refuse(error)
        return await _deletion_page(visit, form)
    notice = f"The set {view.sequence_set.name} is deleted. Its series and their numbers stay."
    return visit.redirect(visit.path("numbering"), notice)


async def _deletion_page(visit: Visit, form: Form) -> Response:
    view = await find_set(visit.console.store, visit.entity.id, visit.params["set_id"])
    refusal = await _why_it_stays(visit, view.sequence_set.id)
    return visit.page(
        "numbering_delete.html",
        status=form.status,
        form=form,
        of_set=view.sequence_set,
        numbers=[
            (kind, format_number(numbering.prefix, view.next_ordinals[kind]))
            for kind, numbering in view.sequence_set.numberings.items()
        ],
        refusal=refusal,
    )


async def _why_it_stays(visit: Visit, set_id: str) -> str | None:
    """What would refuse the deletion of a set; None where nothing would."""
    try:
        await visit.preview(DeleteSequenceSet(scope=visit.scope, key=set_id))
    except BrokenRule as error:
        return sentence(error.message)
    return None


ROUTES = (
    PageRoute(method="GET", path="/e/{entity_id}/numbering", handler=list_sets, permission=Permission.READ),
    PageRoute(method="GET", path="/e/{entity_id}/numbering/{set_id}", handler=show_set, permission=Permission.READ),
    PageRoute(
        method="GET",
        path="/e/{entity_id}/numbering/{set_id}/delete",
        handler=show_deletion,
        permission=Permission.CONFIGURE,
    ),
    PageRoute(
        method="POST",
        path="/e/{entity_id}/numbering/{set_id}/delete",
        handler=delete_set,
        permission=Permission.CONFIGURE,
    ),
)
