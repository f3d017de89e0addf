"""Pages of documents, kept by their first and last row."""

from seriatim.domain.money import CURRENCY_EXPONENTS
from seriatim.service.pages import COUNTED_MAX, Comparison, Condition, Cursor, Page, PageField, PageQuery
from seriatim.storage import rows
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.reads import amount_condition
from seriatim.storage.postgres.statements import Parameters, as_json
from seriatim.storage.statuses import status_condition

_NUMBER = "CASE WHEN d.ordinal IS NULL AND NOT d.number_given THEN '' ELSE d.number END"
_OPEN = "(d.amount_minor - d.applied_minor - d.refunded_minor)"
_COLUMNS = {
    PageField.ACCOUNT_ID: "d.account_id",
    PageField.ACCOUNTING_DATE: f"coalesce({as_json('d.particulars')} ->> 'accounting_date', d.document_date)",
    PageField.AGE: "d.id",
    PageField.CURRENCY: "d.currency",
    PageField.CUSTOMER_NAME: f"coalesce({as_json('d.particulars')} ->> 'customer_name', a.name)",
    PageField.DOCUMENT_DATE: "d.document_date",
    PageField.DUE_DATE: "coalesce(d.due_date, '')",
    PageField.HAS_QUANTITY: f"""
        CASE WHEN EXISTS (
            SELECT FROM json_array_elements({as_json("d.items")}) AS item
            WHERE coalesce((item ->> 'quantity')::numeric, 1) <> 0
        ) THEN '1' ELSE '0' END""",
    PageField.NUMBER: _NUMBER,
    PageField.PAYMENT_STATUS: f"""
        CASE WHEN d.is_uncollectible AND {_OPEN} <> 0 THEN 'UNCOLLECTIBLE'
        WHEN d.status <> 'posted' OR (d.applied_minor = 0 AND d.amount_minor <> 0) THEN 'UNPAID'
        WHEN {_OPEN} <> 0 THEN 'PARTIALLY_PAID' ELSE 'PAID' END""",
    PageField.SENT_ON: """
        coalesce(to_char(to_timestamp(d.sent_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '')""",
    PageField.SHOWN_NUMBER: "d.number",
    PageField.STAGE: """
        CASE d.status WHEN 'draft' THEN 'DRAFT' WHEN 'canceled' THEN 'VOIDED'
        ELSE CASE WHEN d.sent_at IS NULL THEN 'FINAL' ELSE 'SENT' END END""",
    PageField.STATUS: "d.status",
    PageField.SUBSCRIPTION_ID: f"coalesce({as_json('d.particulars')} -> 'fields' ->> 'billingScheduleId', '')",
}
# Texts are compared byte by byte, also those that are computed.
_COLUMNS = {name: f'({sql}) COLLATE "C"' for name, sql in _COLUMNS.items()}
_INDEXED = {PageField.AGE: "d.id", PageField.SHOWN_NUMBER: "d.number"}
"""What an index gives in its order, if it is named as it stands."""
_AMOUNTS = {PageField.GROSS_TOTAL: "d.amount_minor", PageField.NET_TOTAL: "(d.amount_minor - d.tax_minor)"}
_PLACES_MAX = max(CURRENCY_EXPONENTS.values())
# An amount in its own currency, for sorting: the same for 1 USD and 1 JPY. Equal ones are sorted by id.
_SCALE = " ".join(
    f"WHEN d.currency IN ({', '.join(repr(code) for code, own in CURRENCY_EXPONENTS.items() if own == places)}) "
    f"THEN {10**places}::double precision"
    for places in sorted(set(CURRENCY_EXPONENTS.values()))
)


async def list_page(connection: Connection, query: PageQuery) -> Page:
    """A page of documents, with what to ask with for those before and after it."""
    parameters = Parameters()
    where = " AND ".join(_conditions(query, parameters))
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {rows.DOCUMENT_TABLES} WHERE {where} LIMIT {COUNTED_MAX + 1}) c"
    total = await connection.fetchval(counted, *parameters.values) if query.counts else COUNTED_MAX + 1
    cursor = query.after or query.before
    turns = query.before is not None
    descends = query.descends != turns
    key = _sort_expression(query.sort)
    beyond = ""
    if cursor is not None:
        kind = "double precision" if query.sort in _AMOUNTS else "text"
        value = float(cursor[0]) if query.sort in _AMOUNTS else cursor[0]
        places = f"{parameters.add(value)}::{kind}, {parameters.add(cursor[1])}"
        beyond = f"AND ({key}, d.id) {'<' if descends else '>'} ({places})"
    horizon = await _horizon(connection, query)
    if horizon is not None:
        beyond += f" AND d.id >= {parameters.add(horizon)}"
    direction = "DESC" if descends else "ASC"
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS}, {key} FROM {rows.DOCUMENT_TABLES}
        WHERE {where} {beyond} ORDER BY {key} {direction}, d.id {direction}
        LIMIT {parameters.add(query.limit + 1)}"""
    found = await connection.fetch(sql, *parameters.values)
    has_more = len(found) > query.limit
    found = found[: query.limit]
    if turns:
        found.reverse()
    ends: list[Cursor] = [(row[-1], str(row[0])) for row in found]
    if horizon is not None and not has_more:
        return Page(
            [rows.to_document(row) for row in found], ends[0] if cursor and ends else None, (horizon,) * 2, None
        )
    return Page(
        [rows.to_document(row) for row in found],
        before=ends[0] if ends and (has_more if turns else cursor is not None) else None,
        after=ends[-1] if ends and (cursor is not None if turns else has_more) else None,
        total=None if total > COUNTED_MAX else total,
    )


async def _horizon(connection: Connection, query: PageQuery) -> str | None:
    """The id of the oldest document that may be looked at; None: all may, or fewer are left than may be."""
    if query.looks_at_max is None:
        return None
    parameters = Parameters()
    of_kind = f"entity_id = {parameters.add(query.entity_id)} AND kind = {parameters.add(str(query.kind))}"
    before = "" if query.after is None else f"AND id < {parameters.add(query.after[1])}"
    sql = f"SELECT id FROM documents WHERE {of_kind} {before} ORDER BY id DESC OFFSET {query.looks_at_max:d} LIMIT 1"
    found = await connection.fetchval(sql, *parameters.values)
    return None if found is None else str(found)


def _sort_expression(field: PageField) -> str:
    if field in _AMOUNTS:
        return f"({_AMOUNTS[field]} / CASE {_SCALE} END)"
    return _INDEXED.get(field) or _COLUMNS[field]


def _conditions(query: PageQuery, parameters: Parameters) -> list[str]:
    conditions = [f"d.entity_id = {parameters.add(query.entity_id)}", f"d.kind = {parameters.add(str(query.kind))}"]
    if query.org_ids is not None:
        conditions.append(f"d.org_id = ANY({parameters.add(sorted(query.org_ids))})")
    return conditions + [_condition(condition, parameters) for condition in query.conditions]


def _condition(condition: Condition, parameters: Parameters) -> str:
    field, comparison = condition.field, condition.comparison
    negated = comparison in (Comparison.NOT_IN, Comparison.CONTAINS_NOT)
    if field in _AMOUNTS:
        sql = _amount_in(_AMOUNTS[field], condition.values, parameters)
    elif field is PageField.STATUS and comparison is Comparison.IN:
        sql = status_condition(condition.values)
    elif comparison in (Comparison.IN, Comparison.NOT_IN) and len(condition.values) == 1:
        # Only this leads through an index in the order of what comes next in it: of an account by number.
        sql = f"({_COLUMNS[field]} = {parameters.add(condition.values[0])}::text)"
    elif comparison in (Comparison.IN, Comparison.NOT_IN):
        sql = f"{_COLUMNS[field]} = ANY({parameters.add(list(condition.values))}::text[])"
    elif comparison in (Comparison.CONTAINS, Comparison.CONTAINS_NOT):
        place = parameters.add(condition.values[0])
        sql = f'strpos(lower({_COLUMNS[field]}), lower({place}::text COLLATE "C")) > 0'
    else:
        sign = "<" if comparison is Comparison.BEFORE else ">"
        column = _COLUMNS[field]
        sql = f"({column} <> '' AND {column} {sign} {parameters.add(condition.values[0])})"
    return f"NOT ({sql})" if negated else sql


def _amount_in(column: str, texts: tuple[str, ...], parameters: Parameters) -> str:
    """Whether an amount is one of some decimals, each taken in the document's own currency."""
    return f"({' OR '.join(amount_condition(column, text, parameters) for text in texts)})"
