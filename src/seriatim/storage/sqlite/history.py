"""What was changed and what was issued, read page by page from SQLite: the activity log and the register."""

from collections.abc import Sequence

import apsw

from seriatim.domain.activity import Activity
from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.service.ports import ActivityQuery, SeriesOverview
from seriatim.storage import people_rows, rows
from seriatim.storage.codec import encode_json
from seriatim.storage.sqlite.queries import first_row

_OF_SERIES = "series_id = (SELECT id FROM series WHERE entity_id = ?1 AND kind = ?2 AND prefix = ?3)"


def list_activities(connection: apsw.Connection, query: ActivityQuery) -> list[Activity]:
    """What was changed, newest first. Each sort of entity is read by itself, so that an index gives the order."""
    conditions, values = ["position < ?"], [2**63 - 1 if query.before is None else query.before]
    given: list[str | int] = list(values)
    filters = (
        ("subject_kind", query.subject_kind),
        ("subject_id", query.subject_id),
        ("actor_id", query.actor_id),
    )
    for column, value in filters:
        if value is not None:
            conditions.append(f"{column} = ?")
            given.append(value)
    if query.org_ids is not None:
        conditions.append("org_id IN (SELECT value FROM json_each(?))")
        given.append(encode_json(sorted(query.org_ids)))
    found: list[Activity] = []
    entities = [query.entity_id, None] if query.with_global and query.entity_id is not None else [query.entity_id]
    for entity_id in entities:
        sql = f"""
            SELECT {people_rows.ACTIVITY_COLUMNS} FROM activities
            WHERE entity_id IS ? AND {" AND ".join(conditions)} ORDER BY position DESC LIMIT ?"""
        cursor = connection.execute(sql, (entity_id, *given, query.limit))
        found += [people_rows.to_activity(row) for row in cursor]
    return sorted(found, key=lambda activity: activity.position, reverse=True)[: query.limit]


def list_series(
    connection: apsw.Connection, entity_id: str, after_prefix: str | None, limit: int
) -> list[SeriesOverview]:
    """Series by prefix."""
    return _overviews(connection, "prefix > ? ORDER BY prefix LIMIT ?", (entity_id, after_prefix or "", limit))


def find_series(connection: apsw.Connection, entity_id: str, prefix: str) -> SeriesOverview | None:
    """The series of a prefix."""
    found = _overviews(connection, "prefix = ?", (entity_id, prefix))
    return found[0] if found else None


def _overviews(connection: apsw.Connection, which: str, values: tuple[str | int, ...]) -> list[SeriesOverview]:
    sql = f"""
        SELECT {rows.SERIES_COLUMNS}, (
            SELECT ifnull(sum(last_ordinal - first_ordinal + 1), 0) FROM register
            WHERE series_id = series.id AND event = 'skip'
        ) FROM series WHERE entity_id = ? AND {which}"""
    last_issue = f"""
        SELECT {people_rows.ENTRY_COLUMNS} FROM register
        WHERE series_id = ? AND event = 'issue' ORDER BY first_ordinal DESC LIMIT 1"""
    overviews = []
    found: list[rows.Row] = connection.execute(sql, values).fetchall()
    for row in found:
        series = rows.to_series(row)
        entry = first_row(connection, last_issue, (row[0],))
        last = None if entry is None else people_rows.to_entry(series.key, entry)
        overviews.append(SeriesOverview(series, row[6], last))
    return overviews


def list_register(
    connection: apsw.Connection, key: SeriesKey, before: int | None, limit: int, *, skips_only: bool = False
) -> list[RegisterEntry]:
    """Entries of a series, newest first."""
    of_event = " AND event = 'skip'" if skips_only else ""
    sql = f"""
        SELECT {people_rows.ENTRY_COLUMNS} FROM register WHERE {_OF_SERIES}{of_event} AND first_ordinal < ?4
        ORDER BY first_ordinal DESC LIMIT ?5"""
    bound = 2**63 - 1 if before is None else before
    cursor = connection.execute(sql, (key.entity_id, key.kind, key.prefix, bound, limit))
    return [people_rows.to_entry(key, row) for row in cursor]


def find_entries(connection: apsw.Connection, key: SeriesKey, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
    """For each ordinal the last entry that begins at or before it."""
    found = (list_register(connection, key, ordinal + 1, 1) for ordinal in ordinals)
    return [entries[0] if entries else None for entries in found]
