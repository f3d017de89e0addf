"""What was changed and what was issued, read page by page from PostgreSQL: the activity log and the register."""

from collections.abc import Sequence

from seriatim.domain.activity import Activity
from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.service.ports import ActivityQuery, SeriesOverview
from seriatim.storage import people_rows, rows
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.statements import Parameters

_BIGGEST = 2**63 - 1
_OF_SERIES = "series_id = (SELECT id FROM series WHERE entity_id = $1 AND kind = $2 AND prefix = $3)"


async def list_activities(connection: Connection, query: ActivityQuery) -> list[Activity]:
    """What was changed, newest first. Each sort of entity is read by itself, so that an index gives the order."""
    found: list[Activity] = []
    entities = [query.entity_id, None] if query.with_global and query.entity_id is not None else [query.entity_id]
    for entity_id in entities:
        parameters = Parameters()
        conditions = [f"position < {parameters.add(_BIGGEST if query.before is None else query.before)}"]
        filters = (
            ("entity_id", entity_id),
            ("subject_kind", query.subject_kind),
            ("subject_id", query.subject_id),
            ("actor_id", query.actor_id),
        )
        conditions += [f"{column} = {parameters.add(value)}" for column, value in filters if value is not None]
        if entity_id is None:
            conditions.append("entity_id IS NULL")
        if query.org_ids is not None:
            conditions.append(f"org_id = ANY({parameters.add(sorted(query.org_ids))}::text[])")
        sql = f"""
            SELECT {people_rows.ACTIVITY_COLUMNS} FROM activities
            WHERE {" AND ".join(conditions)} ORDER BY position DESC LIMIT {query.limit:d}"""
        found += [people_rows.to_activity(row) for row in await connection.fetch(sql, *parameters.values)]
    return sorted(found, key=lambda activity: activity.position, reverse=True)[: query.limit]


async def list_series(
    connection: Connection, entity_id: str, after_prefix: str | None, limit: int
) -> list[SeriesOverview]:
    """Series by prefix."""
    which = "s.prefix > $2 ORDER BY s.prefix LIMIT $3"
    return await _overviews(connection, which, entity_id, after_prefix or "", limit)


async def find_series(connection: Connection, entity_id: str, prefix: str) -> SeriesOverview | None:
    """The series of a prefix."""
    found = await _overviews(connection, "s.prefix = $2", entity_id, prefix)
    return found[0] if found else None


async def _overviews(connection: Connection, which: str, *values: str | int) -> list[SeriesOverview]:
    columns = ", ".join(f"s.{column}" for column in rows.SERIES_COLUMNS.split(", "))
    of_issue = ", ".join(f"r.{column}" for column in people_rows.ENTRY_COLUMNS.split(", "))
    sql = f"""
        SELECT {columns}, (
            SELECT coalesce(sum(last_ordinal - first_ordinal + 1), 0)::bigint FROM register
            WHERE series_id = s.id AND event = 'skip'
        ), {of_issue}
        FROM series s LEFT JOIN LATERAL (
            SELECT * FROM register WHERE series_id = s.id AND event = 'issue' ORDER BY first_ordinal DESC LIMIT 1
        ) r ON true
        WHERE s.entity_id = $1 AND {which}"""
    overviews = []
    for row in await connection.fetch(sql, *values):
        series = rows.to_series(row)
        last = None if row[7] is None else people_rows.to_entry(series.key, tuple(row)[7:])
        overviews.append(SeriesOverview(series, row[6], last))
    return overviews


async def list_register(
    connection: Connection, key: SeriesKey, before: int | None, limit: int, *, skips_only: bool = False
) -> list[RegisterEntry]:
    """Entries of a series, newest first."""
    of_event = " AND event = 'skip'" if skips_only else ""
    sql = f"""
        SELECT {people_rows.ENTRY_COLUMNS} FROM register WHERE {_OF_SERIES}{of_event} AND first_ordinal < $4
        ORDER BY first_ordinal DESC LIMIT $5"""
    bound = _BIGGEST if before is None else before
    found = await connection.fetch(sql, key.entity_id, key.kind, key.prefix, bound, limit)
    return [people_rows.to_entry(key, row) for row in found]


async def find_entries(connection: Connection, key: SeriesKey, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
    """For each ordinal the last entry that begins at or before it."""
    columns = ", ".join(f"r.{column}" for column in people_rows.ENTRY_COLUMNS.split(", "))
    sql = f"""
        SELECT {columns} FROM unnest($4::bigint[]) WITH ORDINALITY wanted (ordinal, place)
        LEFT JOIN LATERAL (
            SELECT * FROM register WHERE {_OF_SERIES} AND first_ordinal <= wanted.ordinal
            ORDER BY first_ordinal DESC LIMIT 1
        ) r ON true
        ORDER BY wanted.place"""
    found = await connection.fetch(sql, key.entity_id, key.kind, key.prefix, list(ordinals))
    return [None if row[0] is None else people_rows.to_entry(key, row) for row in found]
