"""Reads: single rows, pages and the audit. Each runs on a reader connection, within one statement or transaction."""

from collections.abc import Collection
from datetime import datetime

import apsw

from seriatim.domain.account import Account
from seriatim.domain.document import Document
from seriatim.domain.mail import OutgoingMail
from seriatim.domain.money import CURRENCY_EXPONENTS, to_minor
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import DEFAULT_NAME, Numbering, SetView
from seriatim.domain.settlement import Part
from seriatim.errors import InvalidValue
from seriatim.service.ports import (
    NOT_TRANSFERRED,
    TRANSFERRED_FIELD,
    DocumentQuery,
    MailQuery,
    OpenAmount,
    SeriesAudit,
    SortField,
)
from seriatim.storage import rows
from seriatim.storage.codec import encode_json, maybe_microseconds, to_microseconds
from seriatim.storage.sqlite.queries import first_row

_SORT_COLUMNS = {
    SortField.NUMBER: "d.number",
    SortField.ACCOUNT_ID: "d.account_id",
    SortField.AMOUNT: "d.amount_minor",
    SortField.APPLIED_AMOUNT: "d.applied_minor",
    SortField.CREATED_AT: "d.created_at",
    SortField.CREATED_BY: "d.created_by",
    SortField.DOCUMENT_DATE: "d.document_date",
    SortField.DUE_DATE: "d.due_date",
    SortField.OPEN_AMOUNT: "d.amount_minor - d.applied_minor - d.refunded_minor",
    SortField.REFERRED_ID: "d.referred_id",
    SortField.REFUNDED_AMOUNT: "d.refunded_minor",
    SortField.STATUS: "d.status",
    SortField.TAX_AMOUNT: "d.tax_minor",
    SortField.TRANSFERRED: f"ifnull(d.fields ->> '{TRANSFERRED_FIELD}', '{NOT_TRANSFERRED}')",
    SortField.UPDATED_AT: "d.updated_at",
    SortField.UPDATED_BY: "d.updated_by",
}

_SET_NUMBERINGS = """
    SELECT n.sequence_set_id, n.kind, n.prefix, n.start_number, s.next_ordinal
    FROM sequence_set_numberings n
    JOIN sequence_sets q ON q.id = n.sequence_set_id
    JOIN series s ON s.entity_id = q.entity_id AND s.prefix = n.prefix
    WHERE n.sequence_set_id IN (SELECT value FROM json_each(?))"""

_AUDIT = f"""
    WITH entries AS (
        SELECT r.series_id, r.event, r.first_ordinal, r.last_ordinal,
            r.first_ordinal <> 1 + lag(r.last_ordinal, 1, r.first_ordinal - 1)
                OVER (PARTITION BY r.series_id ORDER BY r.first_ordinal) AS is_break,
            r.event = 'issue' AND d.id IS NULL AS is_unmatched
        FROM register r
        JOIN series s ON s.id = r.series_id
        LEFT JOIN documents d ON d.id = r.document_id AND d.series_id = r.series_id AND d.ordinal = r.first_ordinal
            AND d.number = s.prefix || printf('%08d', d.ordinal)
    ), totals AS (
        SELECT series_id, sum(event = 'issue') AS issued, sum(is_break) AS breaks, sum(is_unmatched) AS unmatched,
            sum(iif(event = 'skip', last_ordinal - first_ordinal + 1, 0)) AS skipped,
            min(first_ordinal) AS first_recorded, max(last_ordinal) AS last_recorded
        FROM entries GROUP BY series_id
    ), numbered AS (
        SELECT series_id, count(*) AS documents FROM documents WHERE series_id IS NOT NULL GROUP BY series_id
    )
    SELECT {", ".join(f"series.{column}" for column in rows.SERIES_COLUMNS.split(", "))},
        ifnull(issued, 0), ifnull(skipped, 0), ifnull(breaks, 0), first_recorded, last_recorded,
        ifnull(unmatched, 0) + max(0, ifnull(documents, 0) - ifnull(issued, 0) + ifnull(unmatched, 0))
    FROM series
    LEFT JOIN totals ON totals.series_id = series.id
    LEFT JOIN numbered ON numbered.series_id = series.id
    ORDER BY series.id"""


def find_sequence_set(connection: apsw.Connection, entity_id: str, key: str) -> SetView | None:
    """A set by id, number or name: in this order, where a key could mean several."""
    sql = f"""
        SELECT {rows.SET_COLUMNS} FROM sequence_sets
        WHERE entity_id = ?1 AND deleted_at IS NULL AND (id = ?2 OR number = ?2 OR name = ?2)
        ORDER BY id = ?2 DESC, number = ?2 DESC LIMIT 1"""
    views = _with_numberings(connection, list(connection.execute(sql, (entity_id, key))))
    return views[0] if views else None


def list_sequence_sets(
    connection: apsw.Connection, entity_id: str, name: str | None, offset: int, limit: int
) -> list[SetView]:
    """A page of sets, DEFAULT first, then as they were created."""
    sql = f"""
        SELECT {rows.SET_COLUMNS} FROM sequence_sets
        WHERE entity_id = ?1 AND deleted_at IS NULL AND (?2 IS NULL OR name = ?2 OR number = ?2)
        ORDER BY name = '{DEFAULT_NAME}' DESC, created_at, rowid LIMIT ?4 OFFSET ?3"""
    return _with_numberings(connection, list(connection.execute(sql, (entity_id, name, offset, limit))))


def _with_numberings(connection: apsw.Connection, found: list[rows.Row]) -> list[SetView]:
    numberings: dict[str, list[tuple[str, Numbering]]] = {row[0]: [] for row in found}
    next_ordinals: dict[str, dict[Kind, int]] = {row[0]: {} for row in found}
    ids = encode_json([row[0] for row in found])
    for set_id, kind, prefix, start_number, next_ordinal in connection.execute(_SET_NUMBERINGS, (ids,)):
        numberings[set_id].append((kind, Numbering(prefix, start_number)))
        next_ordinals[set_id][Kind(kind)] = next_ordinal
    return [SetView(rows.to_set(row, rows.in_kind_order(numberings[row[0]])), next_ordinals[row[0]]) for row in found]


def find_account(
    connection: apsw.Connection, entity_id: str, key: str, org_ids: Collection[str] | None
) -> Account | None:
    """An account by id or number, in this order, of those whose org is visible."""
    sql = f"""
        SELECT {rows.ACCOUNT_COLUMNS} FROM accounts WHERE entity_id = ?1 AND (id = ?2 OR number = ?2)
        AND (?3 IS NULL OR org_id IN (SELECT value FROM json_each(?3))) ORDER BY id = ?2 DESC LIMIT 1"""
    row = first_row(connection, sql, (entity_id, key, _list(org_ids)))
    return None if row is None else rows.to_account(row)


def find_document(
    connection: apsw.Connection, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
) -> Document | None:
    """A document by id or number, in this order, of those whose org is visible."""
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES}
        WHERE d.entity_id = ?1 AND (d.id = ?2 OR d.number = ?2) AND d.kind = ?4
        AND (?3 IS NULL OR d.org_id IN (SELECT value FROM json_each(?3))) ORDER BY d.id = ?2 DESC LIMIT 1"""
    row = first_row(connection, sql, (entity_id, key, _list(org_ids), kind))
    return None if row is None else rows.to_document(row)


def list_documents(connection: apsw.Connection, query: DocumentQuery) -> list[Document]:
    """A page of documents."""
    conditions, values = _conditions(query)
    order = [f"{_SORT_COLUMNS[name]} {'DESC' if descending else 'ASC'}" for name, descending in query.sort]
    if not any(name is SortField.NUMBER for name, _ in query.sort):
        order.append("d.number DESC")
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES}
        WHERE {" AND ".join(conditions)} ORDER BY {", ".join(order)} LIMIT ? OFFSET ?"""
    return [rows.to_document(row) for row in connection.execute(sql, (*values, query.limit, query.offset))]


def _conditions(query: DocumentQuery) -> tuple[list[str], list[str | int]]:
    """The WHERE clause of a query, and its values. Column names come from this file, values never do."""
    conditions, values = ["d.entity_id = ?", "d.kind = ?"], [query.entity_id, str(query.kind)]
    candidates: list[tuple[str, str | int | None]] = [
        ("d.account_id = ?", query.account_id),
        # By the id, which the index of an account's documents begins with. The first value is the entity.
        ("d.account_id = (SELECT id FROM accounts WHERE entity_id = ?1 AND number = ?)", query.account_number),
        ("d.number = ?", query.number),
        ("d.status = ?", query.status),
        ("d.currency = ?", query.currency),
        ("d.created_by = ?", query.created_by),
        ("d.updated_by = ?", query.updated_by),
        ("d.document_date = ?", None if query.document_date is None else query.document_date.isoformat()),
        ("d.created_at >= ?", maybe_microseconds(query.created_from)),
        ("d.created_at < ?", maybe_microseconds(query.created_before)),
        ("d.updated_at >= ?", maybe_microseconds(query.updated_from)),
        ("d.updated_at < ?", maybe_microseconds(query.updated_before)),
        ("d.referred_id = ?", query.referred_id),
        ("d.due_date = ?", None if query.due_date is None else query.due_date.isoformat()),
        ("d.applies_on_posting = ?", query.applies_on_posting),
        ("d.org_id IN (SELECT value FROM json_each(?))", _list(query.org_ids)),
    ]
    chosen: list[str | int] = list(values)
    for condition, value in candidates:
        if value is not None:
            conditions.append(condition)
            chosen.append(value)
    for quantifier, fields in (("EXISTS", query.kept_fields), ("NOT EXISTS", query.other_fields)):
        for name, value in fields:
            form = "text" if isinstance(value, str) else encode_json(value)
            conditions.append(
                f"{quantifier} (SELECT 1 FROM json_each(d.fields) WHERE key = ? AND type = ? AND value = ?)"
            )
            chosen += [name, form, value]
    for column, text in (
        ("d.amount_minor", query.amount),
        ("d.tax_minor", query.tax_amount),
        ("d.applied_minor", query.applied_amount),
        ("d.refunded_minor", query.refunded_amount),
        (_SORT_COLUMNS[SortField.OPEN_AMOUNT], query.open_amount),
    ):
        if text is not None:
            condition, amounts = amount_condition(column, text)
            conditions.append(condition)
            chosen.extend(amounts)
    return conditions, chosen


def amount_condition(column: str, amount: str) -> tuple[str, list[str | int]]:
    """The documents whose amount is this decimal, each in the minor units of its own currency."""
    alternatives, values = ["0"], list[str | int]()
    for exponent in sorted(set(CURRENCY_EXPONENTS.values())):
        codes = [code for code, places in CURRENCY_EXPONENTS.items() if places == exponent]
        try:
            minor = to_minor(amount, codes[0], "amount")
        except InvalidValue:
            continue  # No document in such a currency can have this amount.
        alternatives.append(f"({column} = ? AND d.currency IN (SELECT value FROM json_each(?)))")
        values += [minor, encode_json(codes)]
    return f"({' OR '.join(alternatives)})", values


def list_parts(connection: apsw.Connection, document_id: str) -> list[Part]:
    """The applications from or to a document, with the document beyond each, as they were made."""
    columns = ", ".join(f"p.{column.strip()}" for column in rows.APPLICATION_COLUMNS.split(","))
    sql = f"""
        SELECT {columns}, {rows.DOCUMENT_COLUMNS} FROM applications p
        JOIN documents d ON d.id = iif(p.source_id = ?1, p.target_id, p.source_id)
        JOIN accounts a ON a.id = d.account_id LEFT JOIN series s ON s.id = d.series_id
        WHERE (p.source_id = ?1 OR p.target_id = ?1) AND p.amount_minor > 0 ORDER BY p.created_at, p.id"""
    width = columns.count(",") + 1
    found = connection.execute(sql, (document_id,)).fetchall()
    return [Part(rows.to_application(row[:width]), rows.to_document(row[width:])) for row in found]


def list_open_amounts(connection: apsw.Connection, account_id: str) -> list[OpenAmount]:
    """What the open documents of an account come to, by kind and currency."""
    sql = """
        SELECT kind, currency, open_minor FROM open_amounts WHERE account_id = ? AND open_minor <> 0
        ORDER BY kind, currency"""
    return [OpenAmount(Kind(kind), currency, total) for kind, currency, total in connection.execute(sql, (account_id,))]


def list_due_mails(connection: apsw.Connection, now: datetime, limit: int) -> list[OutgoingMail]:
    """Mails whose time has come, longest due first."""
    sql = f"""
        SELECT {rows.MAIL_COLUMNS} FROM mails
        WHERE status IN ('waiting', 'delivering') AND due_at <= ? ORDER BY due_at, id LIMIT ?"""
    return [rows.to_mail(row) for row in connection.execute(sql, (to_microseconds(now), limit))]


_OF_ORGS = """
    EXISTS (SELECT 1 FROM documents WHERE id = mails.document_id AND org_id IN (SELECT value FROM json_each(?)))"""


def list_mails(connection: apsw.Connection, query: MailQuery) -> list[OutgoingMail]:
    """A page of mails, newest first. Only filters that are given are written out, so that an index gives the order."""
    filters = (
        ("entity_id = ?", query.entity_id),
        ("status = ?", query.status),
        ("(created_at, id) < (SELECT created_at, id FROM mails WHERE id = ?)", query.before),
        (_OF_ORGS, None if query.org_ids is None else encode_json(sorted(query.org_ids))),
    )
    given = [(condition, value) for condition, value in filters if value is not None]
    conditions = " AND ".join(condition for condition, _ in given) or "true"
    sql = f"SELECT {rows.MAIL_COLUMNS} FROM mails WHERE {conditions} ORDER BY created_at DESC, id DESC LIMIT ?"
    return [rows.to_mail(row) for row in connection.execute(sql, (*(value for _, value in given), query.limit))]


def audit(connection: apsw.Connection) -> list[SeriesAudit]:
    """What the register and the documents say of every series."""
    return [
        SeriesAudit(
            series=rows.to_series(row[:6]),
            issued_count=row[6],
            skipped_count=row[7],
            breaks=row[8],
            first_recorded=row[9],
            last_recorded=row[10],
            unmatched=row[11],
        )
        for row in connection.execute(_AUDIT)
    ]


def _list(ids: Collection[str] | None) -> str | None:
    return None if ids is None else encode_json(sorted(ids))
