"""Reads: single rows, pages and the audit. Each is one statement, but for the sets."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

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
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.postgres.statements import Parameters, as_json

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
    SortField.TRANSFERRED: f"coalesce({as_json('d.fields')} ->> '{TRANSFERRED_FIELD}', '{NOT_TRANSFERRED}')",
    SortField.UPDATED_AT: "d.updated_at",
    SortField.UPDATED_BY: "d.updated_by",
}

_MAY_BE_MISSING = frozenset({SortField.DUE_DATE, SortField.REFERRED_ID})

_SET_NUMBERINGS = """
    SELECT n.sequence_set_id, n.kind, n.prefix, n.start_number, s.next_ordinal
    FROM sequence_set_numberings n
    JOIN sequence_sets q ON q.id = n.sequence_set_id
    JOIN series s ON s.entity_id = q.entity_id AND s.prefix = n.prefix
    WHERE n.sequence_set_id = ANY($1::text[])"""

_AUDIT = f"""
    WITH entries AS (
        SELECT r.series_id, r.event, r.first_ordinal, r.last_ordinal,
            r.first_ordinal <> 1 + lag(r.last_ordinal, 1, r.first_ordinal - 1)
                OVER (PARTITION BY r.series_id ORDER BY r.first_ordinal) AS is_break,
            r.event = 'issue' AND d.id IS NULL AS is_unmatched
        FROM register r
        JOIN series s ON s.id = r.series_id
        LEFT JOIN documents d ON d.id = r.document_id AND d.series_id = r.series_id AND d.ordinal = r.first_ordinal
            AND d.number = s.prefix || lpad(d.ordinal::text, greatest(8, length(d.ordinal::text)), '0')
    ), totals AS (
        SELECT series_id, count(*) FILTER (WHERE event = 'issue') AS issued, count(*) FILTER (WHERE is_break) AS breaks,
            count(*) FILTER (WHERE is_unmatched) AS unmatched,
            coalesce(sum(last_ordinal - first_ordinal + 1) FILTER (WHERE event = 'skip'), 0)::bigint AS skipped,
            min(first_ordinal) AS first_recorded, max(last_ordinal) AS last_recorded
        FROM entries GROUP BY series_id
    ), numbered AS (
        SELECT series_id, count(*) AS documents FROM documents WHERE series_id IS NOT NULL GROUP BY series_id
    )
    SELECT {", ".join(f"series.{column}" for column in rows.SERIES_COLUMNS.split(", "))},
        coalesce(issued, 0), coalesce(skipped, 0), coalesce(breaks, 0), first_recorded, last_recorded,
        coalesce(unmatched, 0)
            + greatest(0, coalesce(documents, 0) - coalesce(issued, 0) + coalesce(unmatched, 0))
    FROM series
    LEFT JOIN totals ON totals.series_id = series.id
    LEFT JOIN numbered ON numbered.series_id = series.id
    ORDER BY series.id"""
AUDIT_SECONDS = 3600


async def find_sequence_set(connection: Connection, entity_id: str, key: str) -> SetView | None:
    """A set by id, number or name: in this order, where a key could mean several."""
    if "\0" in key:
        return None
    sql = f"""
        SELECT {rows.SET_COLUMNS} FROM sequence_sets
        WHERE entity_id = $1 AND deleted_at IS NULL AND (id = $2 OR number = $2 OR name = $2)
        ORDER BY id = $2 DESC, number = $2 DESC LIMIT 1"""
    views = await _with_numberings(connection, await connection.fetch(sql, entity_id, key))
    return views[0] if views else None


async def list_sequence_sets(
    connection: Connection, entity_id: str, name: str | None, offset: int, limit: int
) -> list[SetView]:
    """A page of sets, DEFAULT first, then as they were created."""
    if name is not None and "\0" in name:
        return []
    sql = f"""
        SELECT {rows.SET_COLUMNS} FROM sequence_sets
        WHERE entity_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR name = $2 OR number = $2)
        ORDER BY name = '{DEFAULT_NAME}' DESC, created_at, position LIMIT $4 OFFSET $3"""
    return await _with_numberings(connection, await connection.fetch(sql, entity_id, name, offset, limit))


async def _with_numberings(connection: Connection, found: Sequence[rows.Row]) -> list[SetView]:
    numberings: dict[str, list[tuple[str, Numbering]]] = {row[0]: [] for row in found}
    next_ordinals: dict[str, dict[Kind, int]] = {row[0]: {} for row in found}
    for row in await connection.fetch(_SET_NUMBERINGS, [row[0] for row in found]):
        set_id, kind, prefix, start_number, next_ordinal = row
        numberings[set_id].append((kind, Numbering(prefix, start_number)))
        next_ordinals[set_id][Kind(kind)] = next_ordinal
    return [SetView(rows.to_set(row, rows.in_kind_order(numberings[row[0]])), next_ordinals[row[0]]) for row in found]


async def find_account(
    connection: Connection, entity_id: str, key: str, org_ids: Collection[str] | None
) -> Account | None:
    """An account by id or number, in this order, of those whose org is visible."""
    if "\0" in key:
        return None
    sql = f"""
        SELECT {rows.ACCOUNT_COLUMNS} FROM accounts WHERE entity_id = $1 AND (id = $2 OR number = $2)
        AND ($3::text[] IS NULL OR org_id = ANY($3)) ORDER BY id = $2 DESC LIMIT 1"""
    row = await connection.fetchrow(sql, entity_id, key, _list(org_ids))
    return None if row is None else rows.to_account(row)


async def find_document(
    connection: Connection, entity_id: str, kind: Kind, key: str, org_ids: Collection[str] | None
) -> Document | None:
    """A document by id or number, in this order, of those whose org is visible."""
    if "\0" in key:
        return None
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES}
        WHERE d.entity_id = $1 AND (d.id = $2 OR d.number = $2) AND d.kind = $4
        AND ($3::text[] IS NULL OR d.org_id = ANY($3)) ORDER BY d.id = $2 DESC LIMIT 1"""
    row = await connection.fetchrow(sql, entity_id, key, _list(org_ids), kind)
    return None if row is None else rows.to_document(row)


async def list_documents(connection: Connection, query: DocumentQuery) -> list[Document]:
    """A page of documents."""
    parameters = Parameters()
    conditions = _conditions(query, parameters)
    order = [_order(name, descends=descends) for name, descends in query.sort]
    if not any(name is SortField.NUMBER for name, _ in query.sort):
        order.append("d.number DESC")
    if _follows_index(query):
        piece = f"LIMIT {query.limit}"
    else:
        piece = f"LIMIT {parameters.add(query.limit)} OFFSET {parameters.add(query.offset)}"
    sql = f"""
        SELECT {rows.DOCUMENT_COLUMNS} FROM {rows.DOCUMENT_TABLES}
        WHERE {" AND ".join(conditions)} ORDER BY {", ".join(order)} {piece}"""
    return [rows.to_document(row) for row in await connection.fetch(sql, *parameters.values)]


def _follows_index(query: DocumentQuery) -> bool:
    """Whether a page is the first of an entity's documents or an account's, by number: an index has it, whatever it is.

    Where the server is told in the text how few rows are wanted, it plans such a page once, and not for every call.
    With other filters the values decide which plan is good.
    """
    return query == DocumentQuery(
        entity_id=query.entity_id,
        kind=query.kind,
        account_id=query.account_id,
        account_number=query.account_number,
        limit=query.limit,
    )


def _order(name: SortField, *, descends: bool) -> str:
    """Nothing comes before everything; where nothing can be missing, an index has the order as it is."""
    order = f"{_SORT_COLUMNS[name]} {'DESC' if descends else 'ASC'}"
    if name in _MAY_BE_MISSING:
        order += " NULLS LAST" if descends else " NULLS FIRST"
    return order


def _conditions(query: DocumentQuery, parameters: Parameters) -> list[str]:
    """The WHERE clause of a query. Column names come from this file, values never do."""
    conditions = [f"d.entity_id = {parameters.add(query.entity_id)}", f"d.kind = {parameters.add(str(query.kind))}"]
    candidates: list[tuple[str, Any]] = [
        ("d.account_id = {}", query.account_id),
        # By the id, which the index of an account's documents begins with. The first value is the entity.
        ("d.account_id = (SELECT id FROM accounts WHERE entity_id = $1 AND number = {})", query.account_number),
        ("d.number = {}", query.number),
        ("d.status = {}", query.status),
        ("d.currency = {}", query.currency),
        ("d.created_by = {}", query.created_by),
        ("d.updated_by = {}", query.updated_by),
        ("d.document_date = {}", None if query.document_date is None else query.document_date.isoformat()),
        ("d.created_at >= {}", maybe_microseconds(query.created_from)),
        ("d.created_at < {}", maybe_microseconds(query.created_before)),
        ("d.updated_at >= {}", maybe_microseconds(query.updated_from)),
        ("d.updated_at < {}", maybe_microseconds(query.updated_before)),
        ("d.referred_id = {}", query.referred_id),
        ("d.due_date = {}", None if query.due_date is None else query.due_date.isoformat()),
        ("d.applies_on_posting = {}", query.applies_on_posting),
        ("d.org_id = ANY({})", _list(query.org_ids)),
    ]
    conditions += [sql.format(parameters.add(value)) for sql, value in candidates if value is not None]
    for wanted, fields in ((True, query.kept_fields), (False, query.other_fields)):
        for name, value in fields:
            # As JSON text, so that true is not "true".
            kept = f"({as_json('d.fields')} -> {parameters.add(name)})::text"
            same = f"coalesce({kept} = {parameters.add(encode_json(value))}, false)"
            conditions.append(same if wanted else f"NOT {same}")
    for column, text in (
        ("d.amount_minor", query.amount),
        ("d.tax_minor", query.tax_amount),
        ("d.applied_minor", query.applied_amount),
        ("d.refunded_minor", query.refunded_amount),
        (_SORT_COLUMNS[SortField.OPEN_AMOUNT], query.open_amount),
    ):
        if text is not None:
            conditions.append(amount_condition(column, text, parameters))
    return conditions


def amount_condition(column: str, amount: str, parameters: Parameters) -> str:
    """The documents whose amount is this decimal, each in the minor units of its own currency."""
    alternatives = ["false"]
    for exponent in sorted(set(CURRENCY_EXPONENTS.values())):
        codes = [code for code, places in CURRENCY_EXPONENTS.items() if places == exponent]
        try:
            minor = to_minor(amount, codes[0], "amount")
        except InvalidValue:
            continue  # No document in such a currency can have this amount.
        alternatives.append(f"({column} = {parameters.add(minor)} AND d.currency = ANY({parameters.add(codes)}))")
    return f"({' OR '.join(alternatives)})"


async def list_parts(connection: Connection, document_id: str) -> list[Part]:
    """The applications from or to a document, with the document beyond each, as they were made."""
    columns = ", ".join(f"p.{column}" for column in rows.APPLICATION_COLUMNS.split(", "))
    sql = f"""
        SELECT {columns}, {rows.DOCUMENT_COLUMNS} FROM applications p
        JOIN documents d ON d.id = CASE WHEN p.source_id = $1 THEN p.target_id ELSE p.source_id END
        JOIN accounts a ON a.id = d.account_id LEFT JOIN series s ON s.id = d.series_id
        WHERE (p.source_id = $1 OR p.target_id = $1) AND p.amount_minor > 0 ORDER BY p.created_at, p.id"""
    width = columns.count(",") + 1
    found = [tuple(row) for row in await connection.fetch(sql, document_id)]
    return [Part(rows.to_application(row[:width]), rows.to_document(row[width:])) for row in found]


async def list_open_amounts(connection: Connection, account_id: str) -> list[OpenAmount]:
    """What the open documents of an account come to, by kind and currency."""
    sql = """
        SELECT kind, currency, sum(amount_minor - applied_minor - refunded_minor) FROM documents
        WHERE account_id = $1 AND status IN ('posted', 'processed')
            AND amount_minor - applied_minor - refunded_minor <> 0
        GROUP BY kind, currency ORDER BY kind, currency"""
    found = await connection.fetch(sql, account_id)
    return [OpenAmount(Kind(kind), currency, int(total)) for kind, currency, total in found]


async def list_due_mails(connection: Connection, now: datetime, limit: int) -> list[OutgoingMail]:
    """Mails whose time has come, longest due first."""
    sql = f"""
        SELECT {rows.MAIL_COLUMNS} FROM mails
        WHERE status IN ('waiting', 'delivering') AND due_at <= $1 ORDER BY due_at, id LIMIT $2"""
    return [rows.to_mail(row) for row in await connection.fetch(sql, to_microseconds(now), limit)]


async def list_mails(connection: Connection, query: MailQuery) -> list[OutgoingMail]:
    """A page of mails, newest first. Only filters that are given are written out, so that an index gives the order."""
    parameters = Parameters()
    conditions = ["true"]
    if query.entity_id is not None:
        conditions.append(f"entity_id = {parameters.add(query.entity_id)}")
    if query.status is not None:
        conditions.append(f"status = {parameters.add(query.status)}")
    if query.before is not None:
        before = f"SELECT created_at, id FROM mails WHERE id = {parameters.add(query.before)}"
        conditions.append(f"(created_at, id) < ({before})")
    if query.org_ids is not None:
        orgs = f"{parameters.add(sorted(query.org_ids))}::text[]"
        conditions.append(f"EXISTS (SELECT 1 FROM documents WHERE id = mails.document_id AND org_id = ANY({orgs}))")
    sql = f"""
        SELECT {rows.MAIL_COLUMNS} FROM mails WHERE {" AND ".join(conditions)}
        ORDER BY created_at DESC, id DESC LIMIT {parameters.add(query.limit)}"""
    return [rows.to_mail(row) for row in await connection.fetch(sql, *parameters.values)]


async def audit(connection: Connection) -> list[SeriesAudit]:
    """What the register and the documents say of every series."""
    await connection.execute("SET LOCAL statement_timeout = 0")
    return [
        SeriesAudit(
            series=rows.to_series(row),
            issued_count=row[6],
            skipped_count=row[7],
            breaks=row[8],
            first_recorded=row[9],
            last_recorded=row[10],
            unmatched=row[11],
        )
        for row in await connection.fetch(_AUDIT, timeout=AUDIT_SECONDS)
    ]


def _list(ids: Collection[str] | None) -> list[str] | None:
    return None if ids is None else sorted(ids)
