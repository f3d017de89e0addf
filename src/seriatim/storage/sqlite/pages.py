"""Pages of documents, kept by their first and last row."""

import apsw

from seriatim.domain.money import CURRENCY_EXPONENTS
from seriatim.service.pages import COUNTED_MAX, Comparison, Condition, Cursor, Page, PageField, PageQuery
from seriatim.storage import rows
from seriatim.storage.codec import encode_json
from seriatim.storage.sqlite.queries import first_row, first_value
from seriatim.storage.sqlite.reads import amount_condition
from seriatim.storage.statuses import status_condition

_NUMBER = "iif(d.ordinal IS NULL AND d.number_given = 0, '', d.number)"
_OPEN = "(d.amount_minor - d.applied_minor - d.refunded_minor)"
_COLUMNS = {
    PageField.ACCOUNT_ID: "d.account_id",
    PageField.ACCOUNTING_DATE: "ifnull(d.particulars ->> 'accounting_date', d.document_date)",
    PageField.AGE: "d.id",
    PageField.CURRENCY: "d.currency",
    PageField.CUSTOMER_NAME: "ifnull(d.particulars ->> 'customer_name', a.name)",
    PageField.DOCUMENT_DATE: "d.document_date",
    PageField.DUE_DATE: "ifnull(d.due_date, '')",
    PageField.HAS_QUANTITY: (
        "iif(EXISTS (SELECT 1 FROM json_each(d.items) WHERE ifnull(value ->> 'quantity', 1) <> 0), '1', '0')"
    ),
    PageField.NUMBER: _NUMBER,
    PageField.PAYMENT_STATUS: f"""
        CASE WHEN d.is_uncollectible AND {_OPEN} <> 0 THEN 'UNCOLLECTIBLE'
        WHEN d.status <> 'posted' OR (d.applied_minor = 0 AND d.amount_minor <> 0) THEN 'UNPAID'
        WHEN {_OPEN} <> 0 THEN 'PARTIALLY_PAID' ELSE 'PAID' END""",
    PageField.SENT_ON: "ifnull(date(d.sent_at / 1000000, 'unixepoch'), '')",
    PageField.SHOWN_NUMBER: "d.number",
    PageField.STAGE: """
        CASE d.status WHEN 'draft' THEN 'DRAFT' WHEN 'canceled' THEN 'VOIDED'
        ELSE iif(d.sent_at IS NULL, 'FINAL', 'SENT') END""",
    PageField.STATUS: "d.status",
    PageField.SUBSCRIPTION_ID: "ifnull(d.particulars ->> '$.fields.billingScheduleId', '')",
}
_AMOUNTS = {PageField.GROSS_TOTAL: "d.amount_minor", PageField.NET_TOTAL: "(d.amount_minor - d.tax_minor)"}
_PLACES_MAX = max(CURRENCY_EXPONENTS.values())
# An amount in its own currency, for sorting: the same for 1 USD and 1 JPY. Equal ones are sorted by id.
_SCALE = " ".join(
    f"WHEN d.currency IN ({', '.join(repr(code) for code, own in CURRENCY_EXPONENTS.items() if own == places)}) "
    f"THEN {10**places}.0"
    for places in sorted(set(CURRENCY_EXPONENTS.values()))
)


def list_page(connection: apsw.Connection, query: PageQuery) -> Page:
    """A page of documents, with what to ask with for those before and after it."""
    conditions, values = _conditions(query)
    where = " AND ".join(conditions)
    cursor = query.after or query.before
    turns = query.before is not None
    descends = query.descends != turns
    key = _sort_expression(query.sort)
    beyond, beyond_values = "", list[str | int | float]()
    if cursor is not None:
        beyond = f"AND ({key}, d.id) {'<' if descends else '>'} (?, ?)"
        beyond_values = list(cursor)
    horizon = _horizon(connection, query)
    if horizon is not None:
        beyond += " AND d.id >= ?"
        beyond_values.append(horizon)
    direction = "DESC" if descends else "ASC"
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS}, {key} FROM {rows.DOCUMENT_TABLES}
        WHERE {where} {beyond} ORDER BY {key} {direction}, d.id {direction} LIMIT ?"""
    found: list[rows.Row] = connection.execute(sql, (*values, *beyond_values, query.limit + 1)).fetchall()
    has_more = len(found) > query.limit
    found = found[: query.limit]
    if turns:
        found.reverse()
    ends: list[Cursor] = [(row[-1], str(row[0])) for row in found]
    total = COUNTED_MAX + 1
    if query.counts:
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {rows.DOCUMENT_TABLES} WHERE {where} LIMIT {COUNTED_MAX + 1})"
        total = first_value(connection, counted, tuple(values))
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


def _horizon(connection: apsw.Connection, query: PageQuery) -> str | None:
    """The id of the oldest document that may be looked at; None: all may, or fewer are left than may be."""
    if query.looks_at_max is None:
        return None
    before = "" if query.after is None else "AND id < ?4"
    sql = f"""
        SELECT id FROM documents WHERE entity_id = ?1 AND kind = ?2 {before} ORDER BY id DESC LIMIT 1 OFFSET ?3"""
    values = (query.entity_id, query.kind, query.looks_at_max, *(() if query.after is None else (query.after[1],)))
    row = first_row(connection, sql, values)
    return None if row is None else str(row[0])


def _sort_expression(field: PageField) -> str:
    if field in _AMOUNTS:
        return f"({_AMOUNTS[field]} / CASE {_SCALE} END)"
    return _COLUMNS[field]


def _conditions(query: PageQuery) -> tuple[list[str], list[str | int]]:
    # With the plus no index begins with the entity: of an account by number, its own index leads there at once.
    is_of_account = query.sort is PageField.SHOWN_NUMBER and any(
        each.field is PageField.ACCOUNT_ID and each.comparison is Comparison.IN for each in query.conditions
    )
    conditions = ["+d.entity_id = ?" if is_of_account else "d.entity_id = ?", "d.kind = ?"]
    values: list[str | int] = [query.entity_id, str(query.kind)]
    if query.org_ids is not None:
        conditions.append("d.org_id IN (SELECT value FROM json_each(?))")
        values.append(encode_json(sorted(query.org_ids)))
    for condition in query.conditions:
        sql, given = _condition(condition)
        conditions.append(sql)
        values += given
    return conditions, values


def _condition(condition: Condition) -> tuple[str, list[str | int]]:
    field, comparison = condition.field, condition.comparison
    negated = comparison in (Comparison.NOT_IN, Comparison.CONTAINS_NOT)
    if field in _AMOUNTS:
        sql, given = _amount_in(_AMOUNTS[field], condition.values)
    elif field is PageField.STATUS and comparison is Comparison.IN:
        sql, given = status_condition(condition.values), []
    elif comparison in (Comparison.IN, Comparison.NOT_IN) and len(condition.values) == 1:
        # Only this leads through an index in the order of what comes next in it: of an account by number.
        sql, given = f"({_COLUMNS[field]} = ?)", [condition.values[0]]
    elif comparison in (Comparison.IN, Comparison.NOT_IN):
        sql, given = f"{_COLUMNS[field]} IN (SELECT value FROM json_each(?))", [encode_json(condition.values)]
    elif comparison in (Comparison.CONTAINS, Comparison.CONTAINS_NOT):
        sql, given = f"instr(lower({_COLUMNS[field]}), lower(?))", [condition.values[0]]
    else:
        sign = "<" if comparison is Comparison.BEFORE else ">"
        column = _COLUMNS[field]
        sql, given = f"({column} <> '' AND {column} {sign} ?)", [condition.values[0]]
    return (f"NOT {sql}" if negated else sql), given


def _amount_in(column: str, texts: tuple[str, ...]) -> tuple[str, list[str | int]]:
    """Whether an amount is one of some decimals, each taken in the document's own currency."""
    found = [amount_condition(column, text) for text in texts]
    return f"({' OR '.join(sql for sql, _ in found)})", [value for _, values in found for value in values]
