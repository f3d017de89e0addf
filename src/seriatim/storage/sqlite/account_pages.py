"""Pages of accounts, kept by their first and last row."""

import apsw

from seriatim.domain.customer import ADDITIONAL_EMAILS, CUSTOM_PROPERTIES
from seriatim.service.account_pages import AccountPage, AccountQuery, AccountSort
from seriatim.service.pages import COUNTED_MAX, Cursor
from seriatim.storage import rows
from seriatim.storage.codec import encode_json
from seriatim.storage.sqlite.queries import first_value

_PROFILE_EMAIL = """EXISTS (
    SELECT 1 FROM json_each(profile, '$.contacts')
    WHERE value ->> 'archived_at' IS NULL AND lower(value ->> 'email') = lower(?))"""
_CONTACT_EMAIL = """EXISTS (
    SELECT 1 FROM json_each(contacts)
    WHERE lower(ifnull(nullif(value ->> 'workEmail', ''), value ->> 'personalEmail')) = lower(?))"""
_ADDITIONAL_EMAIL = f"""EXISTS (
    SELECT 1 FROM json_each(fields, '$.{ADDITIONAL_EMAILS}') WHERE lower(value) = lower(?))"""
_EMAIL = f"iif(profile IS NULL, {_CONTACT_EMAIL} OR {_ADDITIONAL_EMAIL}, {_PROFILE_EMAIL})"
_ALIAS = "EXISTS (SELECT 1 FROM aliases x WHERE x.account_id = accounts.id AND x.value = ?)"
_PROPERTY = (
    f"ifnull((SELECT value FROM json_each(profile, '$.fields.{CUSTOM_PROPERTIES}') WHERE key = ? AND value <> ''), '')"
)


def list_accounts(connection: apsw.Connection, query: AccountQuery) -> AccountPage:
    """A page of accounts, with what to ask with for those before and after it."""
    conditions, values = _conditions(query)
    where = " AND ".join(conditions)
    key, key_values = _sort_key(query)
    cursor = query.after or query.before
    turns = query.before is not None
    descends = query.descends != turns
    beyond, beyond_values = "", list[str | int | float]()
    if cursor is not None:
        beyond = f"AND ({key}, id) {'<' if descends else '>'} (?, ?)"
        beyond_values = [*key_values, *cursor]
    direction = "DESC" if descends else "ASC"
    sql = f"""
        SELECT {rows.ACCOUNT_COLUMNS}, {key} FROM accounts
        WHERE {where} {beyond} ORDER BY {key} {direction}, id {direction} LIMIT ?"""
    parameters = (*key_values, *values, *beyond_values, *key_values, query.limit + 1)
    found: list[rows.Row] = connection.execute(sql, parameters).fetchall()
    has_more = len(found) > query.limit
    found = found[: query.limit]
    if turns:
        found.reverse()
    ends: list[Cursor] = [(row[-1], str(row[0])) for row in found]
    counted = f"SELECT count(*) FROM (SELECT 1 FROM accounts WHERE {where} LIMIT {COUNTED_MAX + 1})"
    total = first_value(connection, counted, tuple(values)) if query.counts else COUNTED_MAX + 1
    return AccountPage(
        [rows.to_account(row) for row in found],
        before=ends[0] if ends and (has_more if turns else cursor is not None) else None,
        after=ends[-1] if ends and (cursor is not None if turns else has_more) else None,
        total=None if total > COUNTED_MAX else total,
    )


def _sort_key(query: AccountQuery) -> tuple[str, list[str]]:
    """The expression to sort by, with its parameters."""
    if query.sort is AccountSort.PROPERTY:
        return _PROPERTY, [query.property_name]
    return ("name" if query.sort is AccountSort.NAME else "id"), []


def _conditions(query: AccountQuery) -> tuple[list[str], list[str]]:
    conditions, values = ["entity_id = ?"], [query.entity_id]
    if not query.includes_archived:
        conditions.append("archived_at IS NULL")
    if query.org_ids is not None:
        conditions.append("org_id IN (SELECT value FROM json_each(?))")
        values.append(encode_json(sorted(query.org_ids)))
    for sql, value in (
        ("instr(lower(name), lower(?))", query.name_contains),
        (_EMAIL, query.email),
        (_ALIAS, query.alias),
        ("profile ->> 'label' = ?", query.label),
        ("sequence_set_id = ?", query.sequence_set_id),
    ):
        if value is not None:
            conditions.append(sql)
            values += [value] * sql.count("?")
    return conditions, values
