"""Creating, updating and deleting sequence sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from seriatim.domain.client import Scope
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.numbering import (
    DEFAULT_PREFIXES,
    PREFIXES_OF_DEFAULT_ONLY,
    REQUIRED_KINDS,
    Kind,
    Series,
    SeriesKey,
    check_claim,
    check_prefix,
    check_start_number,
    format_number,
    ordinal_of,
)
from seriatim.domain.register import skip_entry
from seriatim.domain.sequence_set import (
    DEFAULT_NAME,
    SET_NUMBER_PREFIX,
    Numbering,
    SequenceSet,
    SetView,
    check_name,
    check_set_number,
)
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule

SETS_CREATED_AT_ONCE_MAX = 100
SET_NUMBER_COUNTER = "sequence_set"


@dataclass(frozen=True, slots=True)
class NewSequenceSet:
    """A set to be created. Without a number it gets the next free `SS-…`."""

    id: str
    name: str
    number: str | None
    numberings: Mapping[Kind, Numbering]

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.number is not None:
            check_set_number(self.number)
        for kind, numbering in self.numberings.items():
            NumberingChange(numbering.prefix, numbering.start_number).check(kind)


@dataclass(frozen=True, slots=True)
class NumberingChange:
    """What an update says of one kind; None leaves the part as it is."""

    prefix: str | None = None
    start_number: int | None = None

    def check(self, kind: Kind) -> None:
        """Check the parts that are given.

        Raises: InvalidValue.
        """
        if self.prefix is not None:
            check_prefix(self.prefix, kind, f"{kind.field_name}.prefix")
        if self.start_number is not None:
            check_start_number(self.start_number, f"{kind.field_name}.startNumber")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSequenceSets(ScopedCommand[list[SetView]]):
    """Create several sets, all or none."""

    alone: ClassVar[bool] = True
    sets: tuple[NewSequenceSet, ...]

    def needs(self, needs: Needs) -> None:
        """The sets that have these names or numbers, and every series that the prefixes could meet."""
        entity_id = self.scope.entity_id
        needs.counters.add((entity_id, SET_NUMBER_COUNTER))
        for new in self.sets:
            needs.sequence_sets.add((entity_id, new.name))
            if new.number is not None:
                needs.sequence_sets.add((entity_id, new.number))
            needs.claims.update((entity_id, numbering.prefix) for numbering in new.numberings.values())

    def decide(self, snapshot: Snapshot, at: datetime) -> list[SetView]:
        """Raises: BrokenRule, for a name, number or prefix that is taken, or a start number that is too low."""
        created = [_add_set(snapshot, self.scope, new, at) for new in self.sets]
        return [view(snapshot, each) for each in created]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSequenceSet(ScopedCommand[SetView]):
    """Change a set in part: its name, and of each kind the prefix, the start number, or both."""

    alone: ClassVar[bool] = True
    key: str
    name: str | None = None
    numberings: Mapping[Kind, NumberingChange] = field(default_factory=dict)
    cleared_kinds: frozenset[Kind] = frozenset()
    """Kinds (payment, refund) that the set leaves to DEFAULT from now on."""

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        for kind, change in self.numberings.items():
            change.check(kind)
        for kind in self.cleared_kinds.intersection(REQUIRED_KINDS):
            raise InvalidValue(kind.field_name, None, "every set numbers this kind; give a prefix or leave it out")

    def needs(self, needs: Needs) -> None:
        """The set, the one that has the new name, and every series that the new prefixes could meet."""
        entity_id = self.scope.entity_id
        needs.sequence_sets.add((entity_id, self.key))
        needs.set_claims.add((entity_id, self.key))
        if self.name is not None:
            needs.sequence_sets.add((entity_id, self.name))
        for change in self.numberings.values():
            if change.prefix is not None:
                needs.claims.add((entity_id, change.prefix))

    def decide(self, snapshot: Snapshot, at: datetime) -> SetView:
        """Raises: NotFound; BrokenRule, as on creation, or when DEFAULT would be renamed."""
        updated = _find_set(snapshot, self.scope.entity_id, self.key)
        if self.name is not None and self.name != updated.name:
            if updated.is_default:
                raise BrokenRule(Rule.SET_IS_DEFAULT, f"the set {DEFAULT_NAME} cannot be renamed")
            _check_name_free(snapshot, self.scope.entity_id, self.name)
            updated = replace(updated, name=self.name)
        for kind, change in self.numberings.items():
            updated = _change_numbering(snapshot, self.scope, updated, kind, change, at)
        for kind in self.cleared_kinds:
            updated = _clear_numbering(updated, kind)
        updated = replace(updated, updated_at=at, updated_by=self.scope.actor_id)
        snapshot.sequence_sets.put(updated.id, updated)
        return view(snapshot, updated)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSequenceSet(ScopedCommand[None]):
    """Delete a set that no account uses. Its series stay, and so do the numbers that they issued."""

    alone: ClassVar[bool] = True
    key: str

    def needs(self, needs: Needs) -> None:
        """The set, and whether an account uses it."""
        needs.sequence_sets.add((self.scope.entity_id, self.key))
        needs.sets_in_use.add((self.scope.entity_id, self.key))

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Raises: NotFound; BrokenRule, for DEFAULT and for a set in use."""
        found = _find_set(snapshot, self.scope.entity_id, self.key)
        if found.is_default:
            raise BrokenRule(Rule.SET_IS_DEFAULT, f"the set {DEFAULT_NAME} is built in and cannot be deleted")
        if found.id in snapshot.sets_in_use:
            raise BrokenRule(
                Rule.SET_IN_USE,
                f"the set {found.name!r} is assigned to an account; assign another set to its accounts first",
            )
        deleted = replace(found, deleted_at=at, updated_at=at, updated_by=self.scope.actor_id)
        snapshot.sequence_sets.put(found.id, deleted)


def _find_set(snapshot: Snapshot, entity_id: str, key: str) -> SequenceSet:
    found = snapshot.sequence_set(entity_id, key)
    if found is None:
        raise NotFound("sequence set", key)
    return found


def _check_name_free(snapshot: Snapshot, entity_id: str, name: str) -> None:
    if snapshot.sequence_sets.find(("name", entity_id, name)) is not None:
        message = f"a sequence set named {name!r} exists already; choose another name"
        raise BrokenRule(Rule.SET_NAME_TAKEN, message)
    if snapshot.sequence_sets.find(("number", entity_id, name)) is not None:
        # A path may name a set by either: what is one set's name may not be another one's number.
        message = f"{name!r} is the number of another sequence set; choose another name"
        raise BrokenRule(Rule.SET_NAME_TAKEN, message)


def _add_set(snapshot: Snapshot, scope: Scope, new: NewSequenceSet, at: datetime) -> SequenceSet:
    _check_name_free(snapshot, scope.entity_id, new.name)
    if new.number is not None and any(
        snapshot.sequence_sets.find((column, scope.entity_id, new.number)) for column in ("number", "name")
    ):
        message = f"a sequence set with the number {new.number!r} exists already; choose another or leave it out"
        raise BrokenRule(Rule.SET_NUMBER_TAKEN, message)
    number = new.number
    if number is None:
        number = format_number(SET_NUMBER_PREFIX, snapshot.count(scope.entity_id, SET_NUMBER_COUNTER))
    else:
        _note_given_number(snapshot, scope.entity_id, number)
    created = SequenceSet(new.id, scope.entity_id, number, new.name, {}, at, scope.actor_id, at, scope.actor_id)
    for kind, numbering in new.numberings.items():
        change = NumberingChange(numbering.prefix, numbering.start_number)
        created = _change_numbering(snapshot, scope, created, kind, change, at)
    snapshot.sequence_sets.put(created.id, created)
    return created


def _note_given_number(snapshot: Snapshot, entity_id: str, number: str) -> None:
    """A number that a caller gave in the form `SS-…` moves the counter past it, so that it never meets it."""
    ordinal = ordinal_of(SET_NUMBER_PREFIX, number)
    counter = (entity_id, SET_NUMBER_COUNTER)
    if ordinal is not None and ordinal >= (snapshot.counters.get(counter) or 1):
        snapshot.counters.put(counter, ordinal + 1)


def _change_numbering(
    snapshot: Snapshot, scope: Scope, of_set: SequenceSet, kind: Kind, change: NumberingChange, at: datetime
) -> SequenceSet:
    """The set with its numbering of one kind changed; its series is opened, or jumps ahead, as that asks.

    Raises: BrokenRule.
    """
    configured = of_set.numberings.get(kind)
    if configured is None:
        if change.prefix is None or change.start_number is None:
            missing = "prefix" if change.prefix is None else "startNumber"
            message = f"the set {of_set.name!r} does not number the kind {kind.words} yet; give its {missing} too"
            raise BrokenRule(Rule.NUMBERING_INCOMPLETE, message)
        configured = Numbering(change.prefix, change.start_number)
        start = configured.start_number
        jumps = True
    else:
        start = configured.start_number if change.start_number is None else change.start_number
        jumps = start != configured.start_number  # Writing the configured value back changes nothing.
    prefix = change.prefix or configured.prefix
    key = SeriesKey(of_set.entity_id, kind, prefix)
    _check_prefix_of_default(of_set, kind, prefix)
    series = snapshot.series.get(key)
    if series is None:
        _open_series(snapshot, key, start)
    elif jumps:
        _raise_start(snapshot, scope, series, start, at)
    else:
        # A start that nobody asked for on this series may not promise more than what comes next.
        start = min(start, series.next_ordinal)
    return of_set.with_numbering(kind, Numbering(prefix, start))


def _clear_numbering(of_set: SequenceSet, kind: Kind) -> SequenceSet:
    if of_set.is_default:
        message = f"the set {DEFAULT_NAME} has to number every kind; give the kind {kind.words} a prefix instead"
        raise BrokenRule(Rule.SET_IS_DEFAULT, message)
    kept = {other: numbering for other, numbering in of_set.numberings.items() if other is not kind}
    return replace(of_set, numberings=kept)


def _check_prefix_of_default(of_set: SequenceSet, kind: Kind, prefix: str) -> None:
    if prefix in PREFIXES_OF_DEFAULT_ONLY and not (of_set.is_default and DEFAULT_PREFIXES[kind] == prefix):
        raise BrokenRule(
            Rule.PREFIX_OF_DEFAULT,
            f"the prefix {prefix!r} belongs to the set {DEFAULT_NAME}; choose another prefix for the kind {kind.words}",
        )


def _open_series(snapshot: Snapshot, key: SeriesKey, start_number: int) -> None:
    check_claim(key, start_number, snapshot.family(key.entity_id, key.prefix))
    given = snapshot.highest_given_ordinals.get((key.entity_id, key.prefix))
    if given is not None and given >= start_number:
        raise BrokenRule(
            Rule.PREFIX_COLLIDES,
            f"the prefix {key.prefix!r} would issue {format_number(key.prefix, given)}, a number that a caller has "
            f"already given to a document; give a start number above {given}, or another prefix",
        )
    snapshot.series.put(key, Series(key, start_number, start_number))


def _raise_start(snapshot: Snapshot, scope: Scope, series: Series, start_number: int, at: datetime) -> None:
    """Let a series jump ahead to a start number, and record what it leaves out."""
    key = series.key
    if start_number < series.next_ordinal:
        raise BrokenRule(
            Rule.START_BELOW_NEXT,
            f"{key.kind.field_name}.startNumber: {start_number} of the prefix {key.prefix!r} is below "
            f"{series.next_ordinal}, the next number of its series; give {series.next_ordinal} or more",
        )
    check_claim(key, start_number, snapshot.family(key.entity_id, key.prefix))
    if start_number > series.next_ordinal:
        entry = skip_entry(key, series.next_ordinal, start_number, at, scope.actor_id)
        snapshot.register.append(entry)
        snapshot.series.put(key, replace(series, next_ordinal=start_number))


def view(snapshot: Snapshot, of_set: SequenceSet) -> SetView:
    """A set with the next ordinals of its series, as the snapshot has them."""
    next_ordinals = {}
    for kind in of_set.numberings:
        key = of_set.series_key(kind)
        series = None if key is None else snapshot.series.get(key)
        if series is not None:
            next_ordinals[kind] = series.next_ordinal
    return SetView(of_set, next_ordinals)
