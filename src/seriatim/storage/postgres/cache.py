"""What batches read again and again, kept from one to the next: entities with their sets and series, and accounts.

Other processes change them at any time. So nothing of it is believed: each entity and account is kept with its version,
and the statement that writes (`issuing.py`) writes nothing unless these versions are still the newest.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.entity import Entity
from seriatim.domain.numbering import Series, SeriesKey
from seriatim.domain.sequence_set import Numbering, SequenceSet
from seriatim.domain.snapshot import FAMILY_FROM_ORDINAL, Needs, Snapshot
from seriatim.storage import rows
from seriatim.storage.codec import maybe_datetime
from seriatim.storage.postgres.connections import Connection

ACCOUNTS_CACHED_MAX = 2_000
ACCOUNT_CHARACTERS_MAX = 4_000
"""Of its contacts, fields and profile as JSON; what is longer is read for every batch."""
SET_KEYS_CACHED_MAX = 500
"""Of each entity."""
ENTITIES_CACHED_MAX = 50


def _columns(columns: str, alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns.split(", "))


_ACCOUNT = f"""
    SELECT k.key, t.id = k.key, t.version, length(t.contacts) + length(t.fields) + length(coalesce(t.profile, '')),
        {_columns(rows.ACCOUNT_COLUMNS, "t")}
    FROM unnest($1::text[], $2::text[]) AS k (entity_id, key) JOIN accounts t ON t.entity_id = k.entity_id"""
_ACCOUNTS = f"{_ACCOUNT} AND t.id = k.key UNION ALL {_ACCOUNT} AND t.number = k.key"
_ENTITY = f"""
    WITH sets AS MATERIALIZED (
        SELECT t.* FROM sequence_sets t WHERE t.entity_id = $1 AND t.id = ANY($2::text[])
        UNION SELECT t.* FROM sequence_sets t WHERE t.entity_id = $1 AND t.deleted_at IS NULL AND t.number = ANY($2)
        UNION SELECT t.* FROM sequence_sets t WHERE t.entity_id = $1 AND t.deleted_at IS NULL AND t.name = ANY($2)
    ), numberings AS MATERIALIZED (
        SELECT n.* FROM sets JOIN sequence_set_numberings n ON n.sequence_set_id = sets.id
    )
    SELECT e.version, ROW({_columns(rows.ENTITY_COLUMNS, "e")}),
        ARRAY(SELECT ROW({rows.SET_COLUMNS}) FROM sets),
        ARRAY(SELECT ROW(sequence_set_id, kind, prefix, start_number) FROM numberings),
        ARRAY(SELECT ROW({_columns(rows.SERIES_COLUMNS, "s")}, s.recorded_at)
            FROM (SELECT DISTINCT prefix FROM numberings) n JOIN series s ON s.entity_id = $1 AND s.prefix = n.prefix)
    FROM entities e WHERE e.id = $1"""


@dataclass(slots=True)
class CachedSeries:
    """A series as it stood when this process read or advanced it last."""

    id: int
    series: Series
    recorded_at: datetime | None


@dataclass(slots=True)
class CachedEntity:
    """An entity, those of its sets that were asked for, and the series that these name."""

    entity: Entity
    version: int
    sets: dict[str, tuple[SequenceSet, tuple[CachedSeries, ...]]] = field(default_factory=dict)
    """By id, each with its series."""
    set_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of the sets that are found by a key: an id, a number or a name. There may be none."""
    series: dict[str, CachedSeries] = field(default_factory=dict)
    """By prefix."""

    def take(self, keys: Collection[str], sets: list[Any], numberings: list[Any], series: list[Any]) -> None:
        """Take in the rows that were found by keys of sets."""
        for row in series:
            found = rows.to_series(row)
            recorded_at = maybe_datetime(row[6])
            kept = self.series.setdefault(found.key.prefix, CachedSeries(row[0], found, recorded_at))
            kept.series, kept.recorded_at = found, recorded_at
        of_sets: dict[str, list[tuple[str, Numbering]]] = {}
        for set_id, kind, prefix, start_number in numberings:
            of_sets.setdefault(set_id, []).append((kind, Numbering(prefix, start_number)))
        ids: dict[str, list[str]] = {key: [] for key in keys}
        for row in sets:
            of_set = rows.to_set(row, rows.in_kind_order(of_sets.get(row[0], ())))
            prefixes = [numbering.prefix for numbering in of_set.numberings.values()]
            self.sets[of_set.id] = of_set, tuple(self.series[prefix] for prefix in prefixes if prefix in self.series)
            names = (of_set.id,) if of_set.deleted_at is not None else (of_set.id, of_set.number, of_set.name)
            for name in ids.keys() & set(names):
                ids[name].append(of_set.id)
        self.set_ids.update((key, tuple(found)) for key, found in ids.items())

    def sets_of(self, keys: Collection[str]) -> Iterator[tuple[SequenceSet, tuple[CachedSeries, ...]]]:
        """The sets that are found by keys, each with its series."""
        for id_ in dict.fromkeys(id_ for key in keys for id_ in self.set_ids[key]):
            yield self.sets[id_]


class Cache:
    """What is kept of one database, by one process."""

    def __init__(self) -> None:
        self.entities: dict[str, CachedEntity] = {}
        self.accounts: dict[tuple[str, str], tuple[Account, int]] = {}
        """By (entity id, id or number), with their versions."""

    def clear(self) -> None:
        """Forget everything."""
        self.entities.clear()
        self.accounts.clear()

    def forget(self, needs: Needs) -> None:
        """Forget what these needs are about, because it is no longer so."""
        for entity_id in needs.entities:
            self.entities.pop(entity_id, None)
        for pair in needs.accounts:
            self.accounts.pop(pair, None)

    def entity_versions(self, needs: Needs) -> dict[str, int]:
        """The ids of the entities that are needed, with the versions that are kept."""
        return {entity_id: self.entities[entity_id].version for entity_id in needs.entities}

    def account_versions(self, needs: Needs) -> dict[str, int]:
        """The ids of the accounts that are needed, with the versions that are kept."""
        return {account.id: version for account, version in map(self.accounts.__getitem__, needs.accounts)}

    def series_ids(self, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
        """The ids of series that are kept."""
        return {key: self.entities[key.entity_id].series[key.prefix].id for key in keys}

    async def complete(self, connection: Connection, needs: Needs) -> None:
        """Read what is needed and not kept: entities, sets and accounts."""
        missing = [pair for pair in needs.accounts if pair not in self.accounts and "\0" not in pair[1]]
        if missing:
            await self._read_accounts(connection, missing)
        for entity_id in needs.entities:
            cached = self.entities.get(entity_id)
            keys = self._set_keys(entity_id, needs)
            if cached is None or not keys <= cached.set_ids.keys():
                # All of them, because those that are kept may be of an older version.
                await self._read_entity(connection, entity_id, keys)

    def snapshot(self, needs: Needs) -> Snapshot | None:
        """What is needed; None, where something of it is not kept, or leads to more than that."""
        snapshot = Snapshot()
        for pair in needs.accounts:
            found = self.accounts.get(pair)
            if found is None or pair[0] not in needs.entities:
                return None
            snapshot.accounts.load(found[0].id, found[0])
        for entity_id in needs.entities:
            cached = self.entities.get(entity_id)
            keys = self._set_keys(entity_id, needs)
            if cached is None or not keys <= cached.set_ids.keys():
                return None
            snapshot.entities.load(entity_id, cached.entity)
            for of_set, numbered in cached.sets_of(keys):
                snapshot.sequence_sets.load(of_set.id, of_set)
                for each in numbered:
                    if each.series.next_ordinal >= FAMILY_FROM_ORDINAL:
                        return None
                    snapshot.series.load(each.series.key, each.series)
                    if each.recorded_at is not None:
                        snapshot.note_recorded_at(each.recorded_at)
        return snapshot

    def advance(self, snapshot: Snapshot) -> None:
        """Take in how far series have come by a batch that was committed."""
        recorded_at = {entry.series: entry.recorded_at for entry in snapshot.register}
        for key, _, series in snapshot.series.changes():
            entity = self.entities.get(key.entity_id)
            cached = None if entity is None else entity.series.get(key.prefix)
            if cached is not None and series is not None:
                cached.series = series
                cached.recorded_at = recorded_at.get(key, cached.recorded_at)

    def _set_keys(self, entity_id: str, needs: Needs) -> set[str]:
        keys = {key for owner, key in needs.sequence_sets if owner == entity_id}
        for pair in needs.accounts:
            found = self.accounts.get(pair)
            if found is not None and pair[0] == entity_id and found[0].sequence_set_id is not None:
                keys.add(found[0].sequence_set_id)
        return keys

    async def _read_accounts(self, connection: Connection, pairs: list[tuple[str, str]]) -> None:
        found: dict[tuple[str, str], tuple[Account, int]] = {}
        for row in await connection.fetch(_ACCOUNTS, [pair[0] for pair in pairs], [pair[1] for pair in pairs]):
            key, is_id, version, characters, *columns = row
            if characters > ACCOUNT_CHARACTERS_MAX:
                continue
            account = rows.to_account(tuple(columns))
            pair = account.entity_id, key
            if is_id or pair not in found:
                found[pair] = account, version
        # The oldest go: which of them will be needed again, nobody knows.
        for pair in list(self.accounts)[: max(0, len(self.accounts) + len(found) - ACCOUNTS_CACHED_MAX)]:
            del self.accounts[pair]
        self.accounts |= found

    async def _read_entity(self, connection: Connection, entity_id: str, keys: Collection[str]) -> None:
        found = await connection.fetch(_ENTITY, entity_id, sorted(key for key in keys if "\0" not in key))
        if not found:
            return
        version, entity, sets, numberings, series = found[0]
        cached = self.entities.get(entity_id)
        if cached is None or cached.version != version or len(cached.set_ids) + len(keys) > SET_KEYS_CACHED_MAX:
            if len(self.entities) >= ENTITIES_CACHED_MAX:
                self.entities.clear()
            cached = self.entities[entity_id] = CachedEntity(rows.to_entity(entity), version)
        cached.take(keys, sets, numberings, series)
