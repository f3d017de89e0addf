"""Legal entities, and the organisations (orgs) that label accounts within one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from seriatim.domain.values import value
from seriatim.errors import InvalidValue

NAME_CHARACTERS_MAX = 100
DEFAULT_ENTITY_NAME = "default"


class NumberOn(StrEnum):
    """When a billing document takes its number: Seriatim's default is posting, Zuora's is creation."""

    POSTING = "posting"
    CREATION = "creation"


@value(frozen=True, slots=True)
class Entity:
    """A legal entity: it owns sets, series, accounts and documents."""

    id: str
    name: str
    number_on: NumberOn
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Org:
    """A label on the accounts of one entity, inherited by their documents."""

    id: str
    entity_id: str
    name: str
    created_at: datetime


def check_entity_name(name: str, field: str = "name") -> str:
    """Give back a usable name of an entity or an org: printable, no comma (names are listed in headers).

    Raises: InvalidValue.
    """
    usable = name == name.strip() and name.isprintable() and "," not in name
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not usable:
        rule = f"a name is 1 to {NAME_CHARACTERS_MAX} printable characters without a comma or outer blanks"
        raise InvalidValue(field, name, rule)
    return name
