"""Lines and groups of lines of a draft: quantity times rate, tax on that, each rounded once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.commands.crediting import check_creditable
from seriatim.domain.commands.note_drafts import find_draft, keep_note
from seriatim.domain.document import ITEMS_MAX, TAXES_FIELD, Document, Item
from seriatim.domain.document_view import DocumentView, view_needs
from seriatim.domain.money import AMOUNT_MINOR_MAX, round_product, scale_to_minor
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import GROUPS_MAX, Group, LineDetails, Particulars
from seriatim.domain.settlement import show_amount
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A document, and the line that was added, changed or removed, with its place among the lines."""

    view: DocumentView
    item: Item
    index: int


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """A document, and the group that was added, changed or removed, with its place and its lines."""

    view: DocumentView
    group: Group
    index: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """A line as it was asked for."""

    title: str
    description: str = ""
    quantity: Decimal
    rate: Decimal
    """In the document's currency, to any number of places."""
    tax_rate: Decimal
    """A fraction: 0.2 is 20 %."""
    group_id: str | None = None
    source_item_id: str | None = None
    """The line of the invoice that this one credits."""
    service_start_date: date | None = None
    service_end_date: date | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.tax_rate <= 1:
            raise InvalidValue("taxRate", self.tax_rate, "give a fraction from 0 to 1, such as 0.2 for 20 %")

    def to_item(self, item_id: str, currency: str) -> Item:
        """The line with its amounts: quantity times rate, and that times the tax rate, each rounded half up.

        Raises: InvalidValue, for an amount that is too large.
        """
        net = round_product(self.quantity, scale_to_minor(self.rate, currency))
        if abs(net) > AMOUNT_MINOR_MAX:
            raise InvalidValue("rate", self.rate, "quantity times rate is too large an amount")
        return Item(
            item_id,
            int(net),
            int(round_product(net, self.tax_rate)),
            self.quantity,
            self.description,
            self.service_start_date,
            self.service_end_date,
            self.source_item_id,
            # Zuora's name of what a line is called, so that it is read there too.
            {"skuName": self.title},
            details=LineDetails(self.title, self.rate, self.tax_rate, self.group_id, self.fields),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChangeLines(ScopedCommand[LineChanged]):
    """What adding, changing and removing a line have in common: the draft."""

    kind: Kind
    key: str

    def needs(self, needs: Needs) -> None:
        """The document with what its answer shows, and what else credits its invoice."""
        view_needs(needs, self.scope.entity_id, self.key)
        needs.siblings_of.add((self.scope.entity_id, self.key))

    def keep(
        self, snapshot: Snapshot, document: Document, items: tuple[Item, ...], said: Particulars, at: datetime
    ) -> DocumentView:
        """Put the draft with these lines into the snapshot.

        Raises: InvalidValue; BrokenRule, for a total below zero, or more than remains of the invoice.
        """
        return keep_note(snapshot, self.scope, with_items(snapshot, document, items, said), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLine(_ChangeLines):
    """Add a line to a draft, behind all others."""

    item_id: str
    line: NoteLine

    def decide(self, snapshot: Snapshot, at: datetime) -> LineChanged:
        """Raises: NotFound; BrokenRule; InvalidValue, for a group or a line of the invoice that does not exist."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        if len(document.items) >= ITEMS_MAX:
            raise InvalidValue("lineItems", f"{ITEMS_MAX + 1} lines", f"a document has at most {ITEMS_MAX} lines")
        _check_group(said, self.line.group_id)
        _check_source(snapshot, document, self.line.source_item_id)
        item = self.line.to_item(self.item_id, document.currency)
        view = self.keep(snapshot, document, (*document.items, item), said, at)
        return LineChanged(view, item, len(document.items))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine(_ChangeLines):
    """Change a line of a draft. `merge` makes the new line from the one there is."""

    item_id: str
    merge: Callable[[Item], NoteLine]

    def decide(self, snapshot: Snapshot, at: datetime) -> LineChanged:
        """Raises: NotFound; BrokenRule; InvalidValue."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        index = _index_of(document, self.item_id)
        line = self.merge(document.items[index])
        _check_group(said, line.group_id)
        _check_source(snapshot, document, line.source_item_id)
        item = line.to_item(self.item_id, document.currency)
        # What Zuora's API kept of the line stays, but for taxes that were given one by one: now a rate stands for them.
        kept = {name: value for name, value in document.items[index].fields.items() if name != TAXES_FIELD}
        item = replace(item, fields={**kept, **item.fields})
        items = (*document.items[:index], item, *document.items[index + 1 :])
        return LineChanged(self.keep(snapshot, document, items, said, at), item, index)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLine(_ChangeLines):
    """Remove a line from a draft."""

    item_id: str

    def decide(self, snapshot: Snapshot, at: datetime) -> LineChanged:
        """Raises: NotFound; BrokenRule, where the rest would come to less than zero."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        index = _index_of(document, self.item_id)
        items = (*document.items[:index], *document.items[index + 1 :])
        return LineChanged(self.keep(snapshot, document, items, said, at), document.items[index], index)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddGroup(ScopedCommand[GroupChanged]):
    """Add a group to a draft, behind all others."""

    kind: Kind
    key: str
    group: Group

    def needs(self, needs: Needs) -> None:
        """The document with what its answer shows."""
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> GroupChanged:
        """Raises: NotFound; BrokenRule; InvalidValue, for too many groups, or one of the invoice that is not there."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        if len(said.groups) >= GROUPS_MAX:
            raise InvalidValue("lineItemGroups", f"{GROUPS_MAX + 1} groups", f"at most {GROUPS_MAX} groups are kept")
        self._check_source(snapshot, document)
        changed = replace(said, groups=(*said.groups, self.group))
        view = keep_note(snapshot, self.scope, replace(document, particulars=changed), at)
        return GroupChanged(view, self.group, len(said.groups), ())

    def _check_source(self, snapshot: Snapshot, document: Document) -> None:
        source_id = self.group.source_group_id
        invoice = None if document.referred_id is None else snapshot.documents.get(document.referred_id)
        said = None if invoice is None else invoice.particulars
        if source_id is not None and (said is None or source_id not in {group.id for group in said.groups}):
            rule = "give the id of a group of the invoice that this credits"
            raise InvalidValue("lineItemGroupId", source_id, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup(ScopedCommand[GroupChanged]):
    """Change a group of a draft; `merge` makes the new group from the one there is, `index` moves it."""

    kind: Kind
    key: str
    group_id: str
    merge: Callable[[Group], Group]
    index: int | None = None

    def needs(self, needs: Needs) -> None:
        """The document with what its answer shows."""
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> GroupChanged:
        """Raises: NotFound; BrokenRule; InvalidValue, for a place that does not exist."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        groups = list(said.groups)
        place = _group_index(said, self.group_id)
        group = self.merge(groups.pop(place))
        place = place if self.index is None else self.index
        if not 0 <= place <= len(groups):
            raise InvalidValue("index", place, f"give a place from 0 to {len(groups)}")
        groups.insert(place, group)
        changed = replace(document, particulars=replace(said, groups=tuple(groups)))
        return GroupChanged(
            keep_note(snapshot, self.scope, changed, at), group, place, items_of(document, self.group_id)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveGroup(ScopedCommand[GroupChanged]):
    """Remove a group without lines from a draft."""

    kind: Kind
    key: str
    group_id: str

    def needs(self, needs: Needs) -> None:
        """The document with what its answer shows."""
        view_needs(needs, self.scope.entity_id, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> GroupChanged:
        """Raises: NotFound; BrokenRule, for a group that has lines."""
        document, said = find_draft(snapshot, self.scope, self.kind, self.key)
        place = _group_index(said, self.group_id)
        group = said.groups[place]
        items = items_of(document, self.group_id)
        if items:
            message = f"the group {group.title!r} has {len(items)} lines; remove them before the group"
            raise BrokenRule(Rule.GROUP_IN_USE, message)
        groups = tuple(each for each in said.groups if each.id != self.group_id)
        changed = replace(document, particulars=replace(said, groups=groups))
        return GroupChanged(keep_note(snapshot, self.scope, changed, at), group, place, items)


def items_of(document: Document, group_id: str) -> tuple[Item, ...]:
    """The lines of a group."""
    return tuple(item for item in document.items if item.details is not None and item.details.group_id == group_id)


def with_items(snapshot: Snapshot, document: Document, items: tuple[Item, ...], said: Particulars) -> Document:
    """A draft with these lines, its totals their sums.

    Raises: InvalidValue, for too large a total; BrokenRule, for one below zero, or more than remains of the invoice.
    """
    tax_minor = sum(item.tax_minor for item in items)
    amount_minor = sum(item.amount_minor for item in items) + tax_minor
    changed = replace(document, items=items, amount_minor=amount_minor, tax_minor=tax_minor, particulars=said)
    if amount_minor > AMOUNT_MINOR_MAX:
        raise InvalidValue("lineItems", f"a total of {amount_minor} minor units", "the total is too large")
    if amount_minor < 0:
        message = f"the lines would come to {show_amount(amount_minor, document)}; the total may not be below zero"
        raise BrokenRule(Rule.TOTAL_NOT_POSITIVE, message)
    invoice = None if document.referred_id is None else snapshot.documents.get(document.referred_id)
    if document.kind is Kind.CREDIT_MEMO and invoice is not None and invoice.kind is Kind.INVOICE:
        check_creditable(snapshot, invoice, items, document.id)
    return changed


def _index_of(document: Document, item_id: str) -> int:
    for index, item in enumerate(document.items):
        if item.id == item_id:
            return index
    raise NotFound("line item", item_id, f"check the id; the document has {len(document.items)} lines")


def _group_index(said: Particulars, group_id: str) -> int:
    for index, group in enumerate(said.groups):
        if group.id == group_id:
            return index
    raise NotFound("line item group", group_id, f"check the id; the document has {len(said.groups)} groups")


def _check_group(said: Particulars, group_id: str | None) -> None:
    if group_id is not None and group_id not in {group.id for group in said.groups}:
        raise InvalidValue("groupId", group_id, "give the id of a group of this document, or leave it out")


def _check_source(snapshot: Snapshot, document: Document, source_item_id: str | None) -> None:
    if source_item_id is None or document.kind is not Kind.CREDIT_MEMO:
        return
    invoice = None if document.referred_id is None else snapshot.documents.get(document.referred_id)
    if invoice is None or source_item_id not in {item.id for item in invoice.items}:
        rule = "give the id of a line of the invoice that this credits"
        raise InvalidValue("lineItemId", source_item_id, rule)
