"""The one statement that reads what a batch needs, put together of the parts that its needs ask for."""

from collections.abc import Collection
from functools import cache
from typing import Any

from seriatim.domain.numbering import prefixes_reading_as
from seriatim.domain.snapshot import Needs
from seriatim.storage import rows
from seriatim.storage.postgres.locks import Locks
from seriatim.storage.postgres.statements import Parts

Pairs = Collection[tuple[str, str]]

ANSWER_COLUMNS = "client_id, key, fingerprint, status, body, recorded_at"


@cache
def _row(columns: str, alias: str) -> str:
    """Columns as one value."""
    return f"ROW({', '.join(f'{alias}.{name}' for name in columns.split(', '))})"


class LoadStatement:
    """The statement, its values, and the names of the lists of rows that it gives, each in a column of its only row.

    What may change is locked before it is read, sort by sort in the same order for all batches, and within a sort in
    the order of its keys. `surroundings`, if they are given, are the ids of the documents that are locked already.
    """

    def __init__(self, needs: Needs, locks: Locks | None, surroundings: list[str] | None) -> None:
        self._needs = needs
        self._locks = locks
        self._parts = Parts()
        self._results: dict[str, str] = {}
        self._put_together(surroundings)

    @property
    def names(self) -> list[str]:
        """What is read; nothing, where nothing is needed."""
        return list(self._results)

    @property
    def sql(self) -> str:
        """The statement."""
        return self._parts.statement(f"SELECT {', '.join(self._results.values())}")

    @property
    def values(self) -> list[Any]:
        """Its values."""
        return self._parts.parameters.values

    def _give(self, name: str, of_each: str, source: str) -> None:
        """Add a list to what the statement gives."""
        self._results[name] = f"ARRAY(SELECT {of_each} FROM {source})"

    def _add_rows(self, name: str, table: str, columns: str, condition: str, order: str | None = None) -> None:
        """Add rows of a table, under the alias `t`; with an order they are locked in it."""
        part = f"found_{name}"
        sql = f"SELECT t.* FROM {table} WHERE ({condition})"
        if self._locks is None or order is None:
            self._parts.add(part, sql)
        else:
            self._parts.add_locking(part, f"{sql} AND {{gate}} ORDER BY {order} FOR NO KEY UPDATE OF t")
        self._give(name, _row(columns, part), part)

    def _put_together(self, surroundings: list[str] | None) -> None:
        needs, parameters = self._needs, self._parts.parameters
        if needs.answers:
            pairs = parameters.pairs(needs.answers, "k (client_id, key)")
            table = f"{pairs} JOIN answers t ON t.client_id = k.client_id AND t.key = k.key"
            self._add_rows("answers", table, ANSWER_COLUMNS, "true", "t.client_id, t.key")
        if needs.counters:
            pairs = parameters.pairs(needs.counters, "k (entity_id, name)")
            table = f"{pairs} JOIN counters t ON t.entity_id = k.entity_id AND t.name = k.name"
            self._add_rows("counters", table, "entity_id, name, next_value", "true", "t.entity_id, t.name")
        if needs.mails:
            self._add_rows("mails", "mails t", rows.MAIL_COLUMNS, self._is_in("t.id", needs.mails), "t.id")
        if needs.clients:
            self._add_rows("clients", "clients t", rows.CLIENT_COLUMNS, self._is_in("t.id", needs.clients), "t.id")
        self._put_documents(surroundings)
        self._put_accounts()
        self._put_directory()
        self._put_sets()

    def _is_in(self, column: str, values: Collection[str]) -> str:
        return f"{column} = ANY({self._parts.parameters.add(sorted(values))}::text[])"

    def _put_directory(self) -> None:
        needs = self._needs
        if needs.entities:
            place = self._parts.parameters.add(sorted(needs.entities))
            condition = f"t.id = ANY({place}::text[]) OR t.name = ANY({place}::text[])"
            self._add_rows("entities", "entities t", rows.ENTITY_COLUMNS, condition)
        if needs.orgs:
            pairs = self._parts.parameters.pairs(needs.orgs, "k (entity_key, key)")
            table = f"""{pairs} JOIN entities e ON e.id = k.entity_key OR e.name = k.entity_key
                JOIN orgs t ON t.entity_id = e.id AND (t.id = k.key OR t.name = k.key)"""
            self._add_rows("orgs", table, rows.ORG_COLUMNS, "true")
        if needs.org_keys:
            place = self._parts.parameters.add(sorted(needs.org_keys))
            condition = f"t.id = ANY({place}::text[]) OR t.name = ANY({place}::text[])"
            self._add_rows("orgs_of_any", "orgs t", rows.ORG_COLUMNS, condition)
        if needs.merchants:
            condition = self._is_in("t.entity_id", needs.merchants)
            self._add_rows("merchants", "merchants t", rows.MERCHANT_COLUMNS, condition)

    def _put_accounts(self) -> None:
        needs, parameters = self._needs, self._parts.parameters
        sources = []
        wanted = needs.accounts | needs.accounts_with_documents | needs.aliases_of
        if wanted:
            pairs = parameters.pairs(wanted, "k (entity_id, key)")
            sources.append(f"SELECT t.* FROM {pairs} JOIN accounts t ON t.id = k.key AND t.entity_id = k.entity_id")
            sources.append(f"SELECT t.* FROM {pairs} JOIN accounts t ON t.entity_id = k.entity_id AND t.number = k.key")
        if needs.accounts_of_documents:
            pairs = parameters.pairs(needs.accounts_of_documents, "k (entity_id, key)")
            sources.append(f"""
                SELECT t.* FROM found_documents d
                JOIN {pairs} ON d.entity_id = k.entity_id AND k.key IN (d.id, d.number)
                JOIN accounts t ON t.id = d.account_id""")
        if needs.aliases:
            pairs = parameters.pairs(needs.aliases, "k (entity_id, value)")
            table = f"{pairs} JOIN aliases t ON t.entity_id = k.entity_id AND t.value = k.value"
            self._add_rows("aliases", table, rows.ALIAS_COLUMNS, "true")
            sources.append("SELECT t.* FROM found_aliases l JOIN accounts t ON t.id = l.account_id")
        if not sources:
            return
        self._parts.add("found_accounts", " UNION ALL ".join(sources))
        self._give("accounts", _row(rows.ACCOUNT_COLUMNS, "a"), "found_accounts a")
        if needs.aliases_of:
            pairs = parameters.pairs(needs.aliases_of, "k (entity_id, key)")
            owners = f"SELECT a.id FROM found_accounts a JOIN {pairs} ON k.key IN (a.id, a.number)"
            condition = f"t.account_id IN ({owners} WHERE k.entity_id = a.entity_id)"
            self._add_rows("aliases_of", "aliases t", rows.ALIAS_COLUMNS, condition)

    def _put_sets(self) -> None:
        needs, parameters = self._needs, self._parts.parameters
        sources = []
        keys = needs.sequence_sets | needs.sets_in_use | needs.set_claims
        if keys:
            pairs = parameters.pairs(keys, "k (entity_id, key)")
            sources.append(f"""
                SELECT t.* FROM {pairs} JOIN sequence_sets t ON t.entity_id = k.entity_id
                AND t.deleted_at IS NULL AND k.key IN (t.id, t.number, t.name)""")
        sources += [
            f"SELECT t.* FROM sequence_sets t WHERE t.id IN (SELECT sequence_set_id FROM found_{name})"
            for name in ("accounts", "documents")
            if name in self._results
        ]
        given = [(entity_id, prefix) for entity_id, number in needs.numbers for prefix in prefixes_reading_as(number)]
        if not sources and not given:
            return
        series = []
        if sources:
            self._parts.add("sets", " UNION ".join(sources))
            self._give("sets", _row(rows.SET_COLUMNS, "sets"), "sets")
            numberings = "sequence_set_numberings n ON n.sequence_set_id = sets.id"
            columns = _row("sequence_set_id, kind, prefix, start_number", "n")
            self._give("numberings", columns, f"sets JOIN {numberings}")
            series.append(f"SELECT sets.entity_id, n.prefix FROM sets JOIN {numberings}")
        if given:
            series.append(f"SELECT * FROM {parameters.pairs(given, 'k (entity_id, prefix)')}")
        wanted = " UNION ".join(series)
        found = f"SELECT t.* FROM series t JOIN ({wanted}) w ON w.entity_id = t.entity_id AND w.prefix = t.prefix"
        if "documents" in self._results:
            # The set may have another prefix by now; the document is written back with the series that it has.
            found += " UNION SELECT t.* FROM series t WHERE t.id IN (SELECT series_id FROM found_documents)"
        self._put_series(found)

    def _put_series(self, found: str) -> None:
        """Series, with their newest values where they are locked: whoever waited for a lock reads what was written."""
        self._parts.add("found_series", found)
        if self._locks is None or not self._locks.series:
            source, columns = "found_series s", f"{_row(rows.SERIES_COLUMNS, 's')[:-1]}, s.recorded_at, false)"
        else:
            place = self._parts.parameters.add(sorted(self._locks.series))
            self._parts.add_locking(
                "locked_series",
                f"""SELECT t.id, t.next_ordinal, t.recorded_at FROM series t
                WHERE t.id = ANY(ARRAY(SELECT id FROM found_series WHERE id = ANY({place}::bigint[]))) AND {{gate}}
                ORDER BY t.id FOR NO KEY UPDATE""",
            )
            source = "found_series s LEFT JOIN locked_series l ON l.id = s.id"
            columns = (
                "ROW(s.id, s.entity_id, s.kind, s.prefix, s.first_ordinal, coalesce(l.next_ordinal, s.next_ordinal), "
                "coalesce(l.recorded_at, s.recorded_at), l.id IS NOT NULL)"
            )
        self._give("series", columns, source)

    def _put_documents(self, surroundings: list[str] | None) -> None:
        needs, parameters = self._needs, self._parts.parameters
        if not needs.documents and not needs.numbers:
            return
        put_document_ids(self._parts, needs)
        ids = "ARRAY(SELECT id FROM wanted)"
        if surroundings is not None:
            self._give("surroundings", "ROW(id)", "wanted")
            ids = f"{parameters.add(surroundings)}::text[]"
        self._add_rows("documents", "documents t", "id", f"t.id = ANY({ids})", "t.id")
        self._give("documents", f"ROW({rows.DOCUMENT_COLUMNS})", f"found_{rows.DOCUMENT_TABLES}")
        sources = [
            f"SELECT t.* FROM found_documents n JOIN {parameters.pairs(pairs, 'k (entity_id, key)')} "
            f"ON n.entity_id = k.entity_id AND k.key IN (n.id, n.number) JOIN applications t ON t.{end} = n.id"
            for pairs, end in ((needs.applications_from, "source_id"), (needs.applications_to, "target_id"))
            if pairs
        ]
        if sources:
            self._parts.add("found_applications", " UNION ".join(sources))
            self._give("applications", _row(rows.APPLICATION_COLUMNS, "p"), "found_applications p")


def put_document_ids(parts: Parts, needs: Needs) -> bool:
    """Add the part `wanted`, the ids of all documents that are needed; whether some bring any number of others."""
    parameters = parts.parameters
    pairs = parameters.pairs(needs.documents | needs.numbers, "k (entity_id, key)")
    columns = "t.id, t.entity_id, t.number, t.referred_id"
    parts.add(
        "named",
        f"""SELECT {columns} FROM {pairs} JOIN documents t ON t.id = k.key AND t.entity_id = k.entity_id
        UNION SELECT {columns} FROM {pairs} JOIN documents t ON t.entity_id = k.entity_id AND t.number = k.key""",
    )

    def named(wanted: Pairs) -> str:
        keys = parameters.pairs(wanted, "k (entity_id, key)")
        return f"named n JOIN {keys} ON n.entity_id = k.entity_id AND k.key IN (n.id, n.number)"

    around = []
    if needs.referring_to:
        around.append(f"SELECT t.id FROM {named(needs.referring_to)} JOIN documents t ON t.referred_id = n.id")
    if needs.siblings_of:
        around.append(f"SELECT t.id FROM {named(needs.siblings_of)} JOIN documents t ON t.referred_id = n.referred_id")
    if needs.applications_from:
        source = f"{named(needs.applications_from)} JOIN applications t ON t.source_id = n.id"
        around.append(f"SELECT t.target_id FROM {source}")
    if needs.applications_to:
        source = f"{named(needs.applications_to)} JOIN applications t ON t.target_id = n.id"
        around.append(f"SELECT t.source_id FROM {source}")
    parts.add("near", " UNION ".join(["SELECT id FROM named", *around]))
    parts.add(
        "wanted",
        """SELECT id FROM near UNION SELECT t.referred_id FROM near JOIN documents t ON t.id = near.id
        WHERE t.referred_id IS NOT NULL""",
    )
    return bool(around)
