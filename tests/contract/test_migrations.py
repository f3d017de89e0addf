"""A database that an older release has written to is brought up to date without losing or changing a row."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from seriatim.domain.commands.settlement import ApplySource, Portion
from seriatim.domain.document import Action, Document, Item, Status
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.service.ports import OpenAmount, StoreUnavailable
from seriatim.service.verification import judge_all
from seriatim.storage.codec import to_microseconds
from seriatim.storage.migrate import migrations_for
from seriatim.storage.sqlite import SqliteStore
from tests.factories import (
    ACCOUNT_ID,
    ACTOR_ID,
    DEFAULT_SET_ID,
    ENTITY_ID,
    SCOPE,
    create_memo,
    make_document,
    run,
    transition,
)
from tests.fakes import NOON

_WHITE_SPACE = re.compile(r"\s+")
Row = dict[str, str | int | None]
AT = to_microseconds(NOON)
CHANGED_AT = to_microseconds(NOON + timedelta(hours=1))

KINDS = (("credit_memo", "CM", 2), ("debit_memo", "DM", 1), ("invoice", "INV", 1))
NUMBERINGS_OF_0001: tuple[Row, ...] = tuple(
    {"sequence_set_id": DEFAULT_SET_ID, "kind": kind, "prefix": prefix, "start_number": 1} for kind, prefix, _ in KINDS
)
SERIES_OF_0001: tuple[Row, ...] = tuple(
    {"entity_id": ENTITY_ID, "kind": kind, "prefix": prefix, "first_ordinal": 1, "next_ordinal": following}
    for kind, prefix, following in KINDS
)
# What release 0001 wrote for an entity with DEFAULT, one account, a posted memo, a draft and a canceled draft.
ROWS_OF_0001: tuple[tuple[str, Row], ...] = (
    ("entities", {"id": ENTITY_ID, "name": "default", "number_on": "posting", "created_at": AT}),
    (
        "sequence_sets",
        {
            "id": DEFAULT_SET_ID,
            "entity_id": ENTITY_ID,
            "number": "DEFAULT",
            "name": "DEFAULT",
            "created_at": AT,
            "created_by": ACTOR_ID,
            "updated_at": AT,
            "updated_by": ACTOR_ID,
        },
    ),
    *(("sequence_set_numberings", row) for row in NUMBERINGS_OF_0001),
    *(("series", row) for row in SERIES_OF_0001),
    ("counters", {"entity_id": ENTITY_ID, "name": "temporary_credit_memo", "next_value": 4}),
    (
        "accounts",
        {
            "id": ACCOUNT_ID,
            "entity_id": ENTITY_ID,
            "number": "A00000001",
            "name": "Sophie Germain",
            "currency": "EUR",
            "contacts": "{}",
            "fields": "{}",
            "created_at": AT,
            "created_by": ACTOR_ID,
            "updated_at": AT,
            "updated_by": ACTOR_ID,
        },
    ),
)
ITEMS_OF_0001 = (
    '[{"id":"item-1","amount_minor":1000,"quantity":1.50,"description":"one","service_start_date":"2026-01-01",'
    '"service_end_date":null,"fields":{"Color__c":"red"}}]'
)


def document_of_0001(document_id: str, number: str, status: str, **over: str | int | None) -> tuple[str, Row]:
    row: Row = {
        "id": document_id,
        "kind": "credit_memo",
        "entity_id": ENTITY_ID,
        "account_id": ACCOUNT_ID,
        "number": number,
        "number_given": 0,
        "sequence_set_id": DEFAULT_SET_ID,
        "status": status,
        "currency": "EUR",
        "document_date": "2026-03-14",
        "amount_minor": 1000,
        "items": ITEMS_OF_0001,
        "fields": '{"reasonCode":"goodwill"}',
        "created_at": AT,
        "created_by": ACTOR_ID,
        "updated_at": CHANGED_AT,
        "updated_by": ACTOR_ID,
    }
    return "documents", row | over


POSTED: Row = {"series_id": 1, "ordinal": 1, "posted_at": AT, "posted_by": ACTOR_ID}
CANCELED: Row = {"canceled_at": CHANGED_AT, "canceled_by": ACTOR_ID}
DOCUMENTS_OF_0001 = (
    document_of_0001("posted", "CM00000001", "posted", **POSTED),
    document_of_0001("draft", "TMP-CM-00000001", "draft"),
    document_of_0001("given", "given_1", "draft", number_given=1),
    document_of_0001("canceled", "TMP-CM-00000003", "canceled", **CANCELED),
)
REGISTER_OF_0001: tuple[str, Row] = (
    "register",
    {
        "position": 1,
        "event": "issue",
        "series_id": 1,
        "first_ordinal": 1,
        "last_ordinal": 1,
        "document_id": "posted",
        "recorded_at": AT,
        "recorded_by": ACTOR_ID,
    },
)


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """A database as release 0001 left it: made by the first migration alone, with its rows."""
    path = tmp_path / "old.db"
    first = migrations_for("sqlite")[0]
    connection = apsw.Connection(str(path))
    connection.execute(first.sql)
    connection.execute(
        "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
        "compatible_with INTEGER NOT NULL) STRICT"
    )
    record: Row = {"version": first.version, "name": first.name, "compatible_with": first.compatible_with}
    for table, row in (*ROWS_OF_0001, *DOCUMENTS_OF_0001, REGISTER_OF_0001, ("schema_migrations", record)):
        columns, places = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - the names are those of this module
        connection.execute(sql, tuple(row.values()))
    connection.close()
    return path


async def open_migrated(path: Path) -> SqliteStore:
    store = SqliteStore(path)
    await store.migrate()
    await store.open()
    return store


def schema(path: Path) -> set[tuple[str, str, str]]:
    """Every table, index and trigger, without the layout of its text."""
    connection = apsw.Connection(str(path))
    found = connection.execute("SELECT type, name, ifnull(sql, '') FROM sqlite_schema").fetchall()
    connection.close()
    return {
        (str(kind), str(name), _WHITE_SPACE.sub(" ", str(sql)).replace("( ", "(").replace(" )", ")"))
        for kind, name, sql in found
    }


async def test_an_old_database_is_refused_until_it_is_migrated(old_database: Path) -> None:
    store = SqliteStore(old_database)
    with pytest.raises(
        StoreUnavailable, match=r"has schema version 1, this program needs [0-9]+; run `seriatim migrate`"
    ):
        await store.open()
    applied = [each.name for each in migrations_for("sqlite")[1:]]
    assert await store.migrate() == applied
    assert await store.migrate() == []
    await store.open()
    await store.close()


async def test_a_migrated_database_has_the_schema_of_a_new_one(old_database: Path, tmp_path: Path) -> None:
    for path in (old_database, tmp_path / "new.db"):
        await (await open_migrated(path)).close()
    assert schema(old_database) == schema(tmp_path / "new.db")


async def test_the_documents_of_an_old_database_come_back_unsettled_and_otherwise_as_they_were(
    old_database: Path,
) -> None:
    store = await open_migrated(old_database)
    later = NOON + timedelta(hours=1)
    item = make_document().items[0]
    expected = make_document(
        id="posted",
        number="CM00000001",
        series=SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM"),
        ordinal=1,
        status=Status.POSTED,
        items=(_item_of_0001(item),),
        fields={"reasonCode": "goodwill"},
        updated_at=later,
        posted_at=NOON,
        posted_by=ACTOR_ID,
    )
    assert await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "CM00000001", None) == expected
    canceled = await store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "canceled", None)
    assert canceled is not None
    assert (canceled.status, canceled.canceled_at, canceled.canceled_by) == (Status.CANCELED, later, ACTOR_ID)
    for document in (expected, canceled):
        settled = (document.applied_minor, document.refunded_minor, document.tax_minor, document.is_reversed)
        assert settled == (0, 0, 0, False)
        assert (document.referred_id, document.due_date, document.applies_on_posting) == (None, None, False)
        assert document.open_minor == 1000
    await store.close()


def _item_of_0001(item: Item) -> Item:
    return Item(
        id=item.id,
        amount_minor=1000,
        quantity=Decimal("1.50"),
        description="one",
        service_start_date=date(2026, 1, 1),
        fields={"Color__c": "red"},
    )


async def test_an_account_of_an_old_database_still_has_what_is_open(old_database: Path) -> None:
    store = await open_migrated(old_database)
    assert await store.list_open_amounts(ACCOUNT_ID) == [OpenAmount(Kind.CREDIT_MEMO, "EUR", 1000)]
    await store.close()


async def test_life_goes_on_in_a_migrated_database(old_database: Path) -> None:
    store = await open_migrated(old_database)
    posted = await run(store, transition(Action.POST, "draft"))
    assert (posted.number, posted.ordinal) == ("CM00000002", 2)
    following = await run(store, create_memo(document_id="new"))
    assert following.number == "TMP-CM-00000004"
    invoice = await run(store, create_memo(document_id="invoice", kind=Kind.INVOICE, post=True))
    assert invoice.number == "INV00000001"
    portion = Portion("application-1", "invoices[0]", Kind.INVOICE, "invoice", None)
    applied: Document = await run(
        store, ApplySource(scope=SCOPE, kind=Kind.CREDIT_MEMO, key="CM00000001", portions=(portion,))
    )
    assert (applied.applied_minor, applied.open_minor) == (1000, 0)
    # The draft that was posted is all that is open: the memo and the invoice have settled each other.
    assert await store.list_open_amounts(ACCOUNT_ID) == [OpenAmount(Kind.CREDIT_MEMO, "EUR", 1000)]
    assert judge_all(await store.audit()).is_gapless
    await store.close()
