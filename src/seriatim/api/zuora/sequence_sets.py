"""`/v1/sequence-sets`: list, create up to 100 at once, retrieve, update in part, delete."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from msgspec import UNSET, Meta, UnsetType

from seriatim.api.zuora.document_views import Page
from seriatim.api.zuora.wire import Answer, PageQuery, Request, Succeeded, encode, next_page
from seriatim.auth.permissions import Permission
from seriatim.domain.commands.sequence_sets import (
    SETS_CREATED_AT_ONCE_MAX,
    CreateSequenceSets,
    DeleteSequenceSet,
    NewSequenceSet,
    NumberingChange,
    UpdateSequenceSet,
)
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import Numbering, SetView
from seriatim.errors import NotFound, within
from seriatim.http.endpoint import Call, Endpoint, Reply

ViewT = TypeVar("ViewT", bound="SequenceSetView")


class NewPrefix(Request, kw_only=True):
    """How a new set numbers one kind."""

    prefix: str
    start_number: int


class ChangedPrefix(Request, kw_only=True):
    """What changes in how a set numbers one kind."""

    prefix: str | None = None
    start_number: int | None = None


class NewSet(Request, kw_only=True):
    """A set to be created."""

    name: str
    sequence_set_number: str | None = None
    invoice: NewPrefix
    credit_memo: NewPrefix
    debit_memo: NewPrefix
    payment: NewPrefix | None = None
    refund: NewPrefix | None = None


class CreateSets(Request, kw_only=True):
    """Sets to be created, all or none."""

    sequence_sets: Annotated[list[NewSet], Meta(min_length=1, max_length=SETS_CREATED_AT_ONCE_MAX)]


class ChangedSet(Request, kw_only=True):
    """What changes in a set. null for `payment` or `refund` leaves that kind to DEFAULT from now on."""

    name: str | None = None
    invoice: ChangedPrefix | UnsetType | None = UNSET
    credit_memo: ChangedPrefix | UnsetType | None = UNSET
    debit_memo: ChangedPrefix | UnsetType | None = UNSET
    payment: ChangedPrefix | UnsetType | None = UNSET
    refund: ChangedPrefix | UnsetType | None = UNSET


class ListSets(PageQuery, kw_only=True):
    """Which sets to list."""

    name: str | None = None


class PrefixView(Answer, kw_only=True):
    """How a set numbers one kind. `next_number` is the ordinal that its series issues next."""

    prefix: str
    start_number: int
    next_number: int


class SequenceSetView(Answer, kw_only=True):
    """A set as it is read."""

    id: str
    name: str
    sequence_set_number: str
    invoice: PrefixView | UnsetType = UNSET
    credit_memo: PrefixView | UnsetType = UNSET
    debit_memo: PrefixView | UnsetType = UNSET
    payment: PrefixView | UnsetType = UNSET
    refund: PrefixView | UnsetType = UNSET


class OneSet(SequenceSetView, kw_only=True):
    """The answer that is one set."""

    success: bool = True


class SomeSets(Page, kw_only=True):
    """The answer that is several sets."""

    sequence_sets: list[SequenceSetView]


async def list_sequence_sets(call: Call[None, ListSets]) -> Reply:
    """List sets, DEFAULT first; `name` is the name or number of one."""
    query = call.query
    found = await call.edge.store.list_sequence_sets(
        call.caller.entity_id, query.name, query.offset, query.page_size + 1
    )
    answer = SomeSets(
        sequence_sets=[_view(each, SequenceSetView) for each in found[: query.page_size]],
        next_page=next_page(call, query, len(found)),
    )
    return Reply(200, encode(answer))


async def create_sequence_sets(call: Call[CreateSets, None]) -> Reply:
    """Create 1 to 100 sets, all or none.

    Raises: InvalidValue, BrokenRule.
    """
    new = []
    for index, wanted in enumerate(call.body.sequence_sets):
        with within(f"sequenceSets[{index}]"):
            new.append(_new_set(call.edge.ids.new_id(), wanted))
    command = CreateSequenceSets(scope=call.caller, sets=tuple(new))
    return await call.write(command, _present_some)


async def get_sequence_set(call: Call[None, None]) -> Reply:
    """Retrieve a set by its id, number or name.

    Raises: NotFound.
    """
    key = call.path_params["id"]
    found = await call.edge.store.find_sequence_set(call.caller.entity_id, key)
    if found is None:
        raise NotFound("sequence set", key)
    return Reply(200, encode(_view(found, OneSet)))


async def update_sequence_set(call: Call[ChangedSet, None]) -> Reply:
    """Update a set in part, at both levels.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    numberings, cleared = {}, set()
    for kind in Kind:
        change = getattr(call.body, kind.value)
        if isinstance(change, ChangedPrefix):
            numberings[kind] = NumberingChange(change.prefix, change.start_number)
        elif change is None:
            cleared.add(kind)
    command = UpdateSequenceSet(
        scope=call.caller,
        key=call.path_params["id"],
        name=call.body.name,
        numberings=numberings,
        cleared_kinds=frozenset(cleared),
    )
    return await call.write(command, lambda _: encode(Succeeded()))


async def delete_sequence_set(call: Call[None, None]) -> Reply:
    """Delete a set that no account uses.

    Raises: NotFound, BrokenRule.
    """
    command = DeleteSequenceSet(scope=call.caller, key=call.path_params["id"])
    return await call.write(command, lambda _: encode(Succeeded()))


def _new_set(set_id: str, wanted: NewSet) -> NewSequenceSet:
    given = {kind: getattr(wanted, kind.value) for kind in Kind}
    numberings = {
        kind: Numbering(prefix.prefix, prefix.start_number) for kind, prefix in given.items() if prefix is not None
    }
    return NewSequenceSet(set_id, wanted.name, wanted.sequence_set_number, numberings)


def _view(view: SetView, shape: type[ViewT]) -> ViewT:
    shown = shape(id=view.sequence_set.id, name=view.sequence_set.name, sequence_set_number=view.sequence_set.number)
    for kind, numbering in view.sequence_set.numberings.items():
        prefix = PrefixView(
            prefix=numbering.prefix,
            start_number=numbering.start_number,
            next_number=view.next_ordinals[kind],
        )
        setattr(shown, kind.value, prefix)
    return shown


def _present_some(views: Iterable[SetView]) -> bytes:
    return encode(SomeSets(sequence_sets=[_view(each, SequenceSetView) for each in views]))


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/v1/sequence-sets",
        operation_id="GET_SequenceSets",
        summary="List sequence sets",
        handler=list_sequence_sets,
        permission=Permission.READ,
        query=ListSets,
        answer=SomeSets,
        tag="Sequence sets",
    ),
    Endpoint(
        method="POST",
        path="/v1/sequence-sets",
        operation_id="POST_SequenceSets",
        summary="Create sequence sets",
        handler=create_sequence_sets,
        permission=Permission.CONFIGURE,
        body=CreateSets,
        answer=SomeSets,
        tag="Sequence sets",
    ),
    Endpoint(
        method="GET",
        path="/v1/sequence-sets/{id}",
        operation_id="GET_SequenceSet",
        summary="Retrieve a sequence set",
        handler=get_sequence_set,
        permission=Permission.READ,
        answer=OneSet,
        tag="Sequence sets",
    ),
    Endpoint(
        method="PUT",
        path="/v1/sequence-sets/{id}",
        operation_id="PUT_SequenceSet",
        summary="Update a sequence set",
        handler=update_sequence_set,
        permission=Permission.CONFIGURE,
        body=ChangedSet,
        answer=Succeeded,
        tag="Sequence sets",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/sequence-sets/{id}",
        operation_id="DELETE_SequenceSet",
        summary="Delete a sequence set",
        handler=delete_sequence_set,
        permission=Permission.CONFIGURE,
        answer=Succeeded,
        tag="Sequence sets",
    ),
]
