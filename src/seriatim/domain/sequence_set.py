"""A sequence set: a named bundle of a prefix and a start number for each kind of document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from seriatim.domain.numbering import DEFAULT_PREFIXES, Kind, SeriesKey
from seriatim.domain.values import value
from seriatim.errors import InvalidValue

DEFAULT_NAME = "DEFAULT"
NAME_CHARACTERS_MAX = 15
SET_NUMBER_CHARACTERS_MAX = 32
SET_NUMBER_PREFIX = "SS-"

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9-]{{0,{NAME_CHARACTERS_MAX - 1}}}", re.ASCII)
_SET_NUMBER = re.compile(rf"[A-Za-z0-9_-]{{1,{SET_NUMBER_CHARACTERS_MAX}}}", re.ASCII)


@value(frozen=True, slots=True)
class Numbering:
    """How a set numbers one kind. `start_number` is kept as it was configured; the series knows what comes next."""

    prefix: str
    start_number: int


@value(frozen=True, slots=True)
class SequenceSet:
    """A set of one entity. A deleted set stays readable to the drafts that were pinned to it."""

    id: str
    entity_id: str
    number: str
    name: str
    numberings: Mapping[Kind, Numbering]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None = None
    _series_keys: Mapping[Kind, SeriesKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made once for a set, which numbers documents for as long as a store keeps it.
        keys = {kind: SeriesKey(self.entity_id, kind, numbering.prefix) for kind, numbering in self.numberings.items()}
        object.__setattr__(self, "_series_keys", keys)

    @property
    def is_default(self) -> bool:
        """Whether this is the entity's built-in set, which can be neither renamed nor deleted."""
        return self.name == DEFAULT_NAME

    def series_key(self, kind: Kind) -> SeriesKey | None:
        """The series that numbers `kind`, or None where the set leaves that kind to DEFAULT."""
        return self._series_keys.get(kind)

    def with_numbering(self, kind: Kind, numbering: Numbering) -> "SequenceSet":
        """The same set with another numbering for one kind."""
        return replace(self, numberings={**self.numberings, kind: numbering})


@dataclass(frozen=True, slots=True)
class SetView:
    """A set with what its series will issue next."""

    sequence_set: SequenceSet
    next_ordinals: Mapping[Kind, int]


def check_name(name: str, field: str = "name") -> str:
    """Give back a well-formed name of a set.

    Raises: InvalidValue.
    """
    if not _NAME.fullmatch(name):
        rule = "a name is 1 to 15 letters, digits and dashes, starting with a letter or a digit"
        raise InvalidValue(field, name, rule)
    return name


def check_set_number(number: str, field: str = "sequenceSetNumber") -> str:
    """Give back a well-formed number of a set.

    Raises: InvalidValue.
    """
    if not _SET_NUMBER.fullmatch(number):
        rule = "a sequence set number is 1 to 32 of a-z, A-Z, 0-9, - and _"
        raise InvalidValue(field, number, rule)
    return number


def default_numberings() -> dict[Kind, Numbering]:
    """What DEFAULT numbers an entity's documents with from its first day (as Zuora's built-in set does)."""
    return {kind: Numbering(prefix, 1) for kind, prefix in DEFAULT_PREFIXES.items()}
