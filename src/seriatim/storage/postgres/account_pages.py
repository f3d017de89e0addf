"""Pages of accounts, kept by their first and last row."""

from seriatim.domain.customer import ADDITIONAL_EMAILS, CUSTOM_PROPERTIES
from seriatim.service.account_pages import AccountPage, AccountQuery, AccountSort
from seriatim.service.pages import COUNTED_MAX, Cursor
from seriatim.storage import rows
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.statements import Parameters, as_json

# Texts are compared byte by byte, and only the letters a to z have two cases.
_PROFILE_EMAIL = f"""EXISTS (
    SELECT FROM json_array_elements({as_json("a.profile")} -> 'contacts') AS contact
    WHERE contact ->> 'archived_at' IS NULL AND lower((contact ->> 'email') COLLATE "C") = {{}})"""
_CONTACT_EMAIL = f"""EXISTS (
    SELECT FROM json_each({as_json("a.contacts")}) AS contact
    WHERE lower(
        coalesce(nullif(contact.value ->> 'workEmail', ''), contact.value ->> 'personalEmail') COLLATE "C"
    ) = {{}})"""
_ADDITIONAL_EMAIL = f"""EXISTS (
    SELECT FROM json_array_elements_text({as_json("a.fields")} -> '{ADDITIONAL_EMAILS}') AS address
    WHERE lower(address COLLATE "C") = {{}})"""
_EMAIL = f"CASE WHEN a.profile IS NULL THEN {_CONTACT_EMAIL} OR {_ADDITIONAL_EMAIL} ELSE {_PROFILE_EMAIL} END"
_ALIAS = "EXISTS (SELECT FROM aliases x WHERE x.account_id = a.id AND x.value = {})"
_PROPERTY = (
    f"""(coalesce({as_json("a.profile")} -> 'fields' -> '{CUSTOM_PROPERTIES}' ->> {{}}::text, '') COLLATE "C")"""
)


async def list_accounts(connection: Connection, query: AccountQuery) -> AccountPage:
    """A page of accounts, with what to ask with for those before and after it."""
    parameters = Parameters()
    where = " AND ".join(_conditions(query, parameters))
    counted = f"SELECT count(*) FROM (SELECT 1 FROM accounts a WHERE {where} LIMIT {COUNTED_MAX + 1}) c"
    total = await connection.fetchval(counted, *parameters.values) if query.counts else COUNTED_MAX + 1
    key = _sort_key(query, parameters)
    cursor = query.after or query.before
    turns = query.before is not None
    descends = query.descends != turns
    beyond = ""
    if cursor is not None:
        places = f"{parameters.add(cursor[0])}::text, {parameters.add(cursor[1])}"
        beyond = f"AND ({key}, a.id) {'<' if descends else '>'} ({places})"
    direction = "DESC" if descends else "ASC"
    columns = ", ".join(f"a.{column}" for column in rows.ACCOUNT_COLUMNS.split(", "))
    sql = f"""
        SELECT {columns}, {key} FROM accounts a
        WHERE {where} {beyond} ORDER BY {key} {direction}, a.id {direction} LIMIT {parameters.add(query.limit + 1)}"""
    found = await connection.fetch(sql, *parameters.values)
    has_more = len(found) > query.limit
    found = found[: query.limit]
    if turns:
        found.reverse()
    ends: list[Cursor] = [(row[-1], str(row[0])) for row in found]
    return AccountPage(
        [rows.to_account(row) for row in found],
        before=ends[0] if ends and (has_more if turns else cursor is not None) else None,
        after=ends[-1] if ends and (cursor is not None if turns else has_more) else None,
        total=None if total > COUNTED_MAX else total,
    )


def _sort_key(query: AccountQuery, parameters: Parameters) -> str:
    """The expression to sort by."""
    if query.sort is AccountSort.PROPERTY:
        return _PROPERTY.format(parameters.add(query.property_name))
    return "a.name" if query.sort is AccountSort.NAME else "a.id"


def _conditions(query: AccountQuery, parameters: Parameters) -> list[str]:
    conditions = [f"a.entity_id = {parameters.add(query.entity_id)}"]
    if not query.includes_archived:
        conditions.append("a.archived_at IS NULL")
    if query.org_ids is not None:
        conditions.append(f"a.org_id = ANY({parameters.add(sorted(query.org_ids))})")
    lowered = 'lower({}::text COLLATE "C")'
    for sql, value in (
        (f"strpos(lower(a.name), {lowered}) > 0", query.name_contains),
        (_EMAIL.replace("{}", lowered), query.email),
        (_ALIAS, query.alias),
        (f"{as_json('a.profile')} ->> 'label' = {{}}", query.label),
        ("a.sequence_set_id = {}", query.sequence_set_id),
    ):
        if value is not None:
            conditions.append(sql.replace("{}", parameters.add(value)))
    return conditions
