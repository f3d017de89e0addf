"""Where a client or a user may act, as it is said when access is given."""

from collections.abc import Iterable

from seriatim.domain.entity import Entity, Org
from seriatim.errors import NotFound


def ids_of(noun: str, keys: Iterable[str] | None, rows: Iterable[Entity | Org]) -> frozenset[str] | None:
    """The ids of the rows that the keys name by id or name; None, which means all, stays None.

    Raises: NotFound.
    """
    if keys is None:
        return None
    found = list(rows)
    ids = set()
    for key in keys:
        named = [row.id for row in found if key in (row.id, row.name)]
        if not named:
            raise NotFound(noun, key, f"`seriatim {noun} list` shows them")
        ids.update(named)
    return frozenset(ids)
