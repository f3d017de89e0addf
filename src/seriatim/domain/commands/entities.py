"""Creating entities and orgs."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.domain.commands.base import Command
from seriatim.domain.entity import Entity, NumberOn, Org, check_entity_name
from seriatim.domain.numbering import Series
from seriatim.domain.sequence_set import DEFAULT_NAME, SequenceSet, default_numberings
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, NotFound, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEntity(Command[Entity]):
    """Create a legal entity, with the set DEFAULT and its series."""

    alone: ClassVar[bool] = True
    entity_id: str
    name: str
    default_set_id: str
    actor_id: str
    number_on: NumberOn = NumberOn.POSTING

    def __post_init__(self) -> None:
        check_entity_name(self.name)

    def needs(self, needs: Needs) -> None:
        """The entity that has the name already."""
        needs.entities.add(self.name)

    def decide(self, snapshot: Snapshot, at: datetime) -> Entity:
        """Raises: BrokenRule, for a name that is taken."""
        if snapshot.entities.find(self.name) is not None:
            raise BrokenRule(Rule.NAME_TAKEN, f"an entity named {self.name!r} exists already; choose another name")
        entity = Entity(self.entity_id, self.name, self.number_on, at)
        snapshot.entities.put(entity.id, entity)
        default = SequenceSet(
            id=self.default_set_id,
            entity_id=entity.id,
            number=DEFAULT_NAME,
            name=DEFAULT_NAME,
            numberings=default_numberings(),
            created_at=at,
            created_by=self.actor_id,
            updated_at=at,
            updated_by=self.actor_id,
        )
        snapshot.sequence_sets.put(default.id, default)
        for kind in default.numberings:
            key = default.series_key(kind)
            if key is not None:
                snapshot.series.put(key, Series(key, 1, 1))
        return entity


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrg(Command[Org]):
    """Create an org of an entity."""

    alone: ClassVar[bool] = True
    org_id: str
    entity_key: str
    """Id or name of the entity."""
    name: str
    actor_id: str = SYSTEM_ACTOR_ID

    def __post_init__(self) -> None:
        check_entity_name(self.name)

    def needs(self, needs: Needs) -> None:
        """The entity, and its org that has the name already."""
        needs.entities.add(self.entity_key)
        needs.orgs.add((self.entity_key, self.name))

    def decide(self, snapshot: Snapshot, at: datetime) -> Org:
        """Raises: NotFound, for the entity; BrokenRule, for a name that is taken."""
        entity = snapshot.entities.get(self.entity_key) or snapshot.entities.find(self.entity_key)
        if entity is None:
            raise NotFound("entity", self.entity_key, "`seriatim entity list` shows them")
        if snapshot.orgs.find((entity.id, self.name)) is not None:
            raise BrokenRule(Rule.NAME_TAKEN, f"an org named {self.name!r} exists already; choose another name")
        org = Org(self.org_id, entity.id, self.name, at)
        snapshot.orgs.put(org.id, org)
        return org
