"""Which rows a batch has locked, and which it must have locked for what it decided."""

import re
from dataclasses import dataclass, field

from seriatim.domain.numbering import SeriesKey
from seriatim.domain.snapshot import Needs, Snapshot

_ENTITY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Locks:
    """Rows that are locked before they are read, beside the documents, counters, answers and mails that are needed."""

    series: frozenset[int] = field(default_factory=frozenset)
    """Ids of series; of these, those that the batch meets."""
    accounts: frozenset[str] = field(default_factory=frozenset)
    """Ids of accounts."""
    entities: frozenset[str] = field(default_factory=frozenset)
    """Ids of entities whose sets, series and details nobody else may read for a decision meanwhile."""

    def __or__(self, other: "Locks") -> "Locks":
        return Locks(self.series | other.series, self.accounts | other.accounts, self.entities | other.entities)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is locked."""
        return not (self.series or self.accounts or self.entities)


def locks_named_by(needs: Needs) -> Locks:
    """What the needs themselves tell.

    Who changes sets, asks which accounts use them, or deletes an account, wants the entity alone.
    """
    pairs = needs.claims | needs.set_claims | needs.sets_in_use | needs.accounts_with_documents
    return Locks(entities=frozenset(entity_id for entity_id, _ in pairs))


def entities_of(needs: Needs) -> set[str]:
    """The ids of all entities that the needs are about."""
    ids = set(needs.merchants)
    for pairs in (
        needs.sequence_sets,
        needs.sets_in_use,
        needs.accounts,
        needs.accounts_with_documents,
        needs.accounts_of_documents,
        needs.documents,
        needs.applications_from,
        needs.applications_to,
        needs.referring_to,
        needs.siblings_of,
        needs.numbers,
        needs.claims,
        needs.set_claims,
        needs.counters,
        needs.aliases,
        needs.aliases_of,
    ):
        ids.update(entity_id for entity_id, _ in pairs)
    return ids


def entity_lock(entity_ids: set[str], alone: frozenset[str]) -> str:
    """The statement that locks entities, in the order of their ids, shared or alone.

    It is a plain text without parameters, so that it travels with BEGIN. Ids are made by Seriatim and of known form.
    """
    wanted = sorted(entity_ids | alone)
    for entity_id in wanted:
        if not _ENTITY_ID.fullmatch(entity_id):
            raise ValueError(f"{entity_id!r} is not the id of an entity")
    return "".join(
        f"SELECT FROM entities WHERE id = '{entity_id}' FOR {'UPDATE' if entity_id in alone else 'KEY SHARE'};"
        for entity_id in wanted
    )


def locks_missing(snapshot: Snapshot, held: Locks, series_ids: dict[SeriesKey, int], locked_series: set[int]) -> Locks:
    """What a decision has changed, or added to, without its being locked when the decision was taken.

    Whoever has an entity alone has its series: nobody takes a number without a share in the entity.
    """
    series = {
        series_ids[key]
        for key, before, _ in snapshot.series.changes()
        if before is not None and key.entity_id not in held.entities and series_ids[key] not in locked_series
    }
    accounts = {key for key, before, _ in snapshot.accounts.changes() if before is not None}
    accounts.update(before.account_id for _, before, _ in snapshot.aliases.changes() if before is not None)
    new_entities = {key for key, before, _ in snapshot.entities.changes() if before is None}
    entities = {
        row.entity_id
        for relation in (snapshot.sequence_sets, snapshot.merchants)
        for _, before, after in relation.changes()
        for row in (before, after)
        if row is not None
    }
    entities.update(key.entity_id for key, before, _ in snapshot.series.changes() if before is None)
    return Locks(
        frozenset(series), frozenset(accounts - held.accounts), frozenset(entities - held.entities - new_entities)
    )
