"""Every value comes back exactly as it was written: digits, time to the microsecond, letters of every script."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient, Role
from seriatim.domain.customer import Alias, BillingPreference, Contact, CustomerProfile
from seriatim.domain.document import Document, Item, Status
from seriatim.domain.entity import NumberOn
from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.money import AMOUNT_MINOR_MAX
from seriatim.domain.numbering import ORDINAL_MAX, Kind, Series, SeriesKey
from seriatim.domain.particulars import Group, LineDetails, Particulars
from seriatim.domain.sequence_set import Numbering
from seriatim.domain.settlement import Application
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import Store
from tests.factories import (
    ENTITY_ID,
    load,
    make_account,
    make_client,
    make_document,
    make_entity,
    make_org,
    make_set,
)
from tests.fakes import NOON

LAST_MOMENT = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "text": "naïve \N{SNOWMAN} \U0001f9fe «שלום» '; -- \" \\ \t\n\x00",
    "empty": "",
    "": "the empty name",
    "decimal": Decimal("1234567890123456789.012345678901234567890"),
    "trailing": Decimal("1.500"),
    "small": Decimal("0.1"),
    "whole": 12345678901234567890,
    "nothing": None,
    "truth": [True, False],
    "nested": {"list": [{"deep__c": ["x", 1, {}]}, []], "object": {"a": {"b": {"c": Decimal("-0.5")}}}},
}
ITEMS = (
    Item(
        id="item-1",
        amount_minor=AMOUNT_MINOR_MAX - 1,
        tax_minor=7,
        quantity=Decimal("3.141592653589793238462643383279"),
        description="Größe · 10 €",
        service_start_date=date(2024, 2, 29),
        service_end_date=date(9999, 12, 31),
        source_item_id="item-0",
        fields=FIELDS,
        discount_minor=5,
        is_tax_included=True,
        details=LineDetails("Größe", Decimal("0.1250"), Decimal("0.190"), "group-1", FIELDS),
    ),
    Item(id="item-2", amount_minor=1, quantity=Decimal("1.00")),
    Item(id="item-3", amount_minor=0),
)


ADDRESS = {"line1": "1, \N{SNOWMAN} Straße", "town": "Köln", "postcode": "50667", "country": "DE", "state": "x"}
PARTICULARS = Particulars(
    customer_name="Ωmega",
    billing_address=ADDRESS,
    shipping_address={**ADDRESS, "line2": "c/o"},
    emails=("a@example.com", "b@example.com"),
    customer_tax_id="DE1",
    memo="naïve",
    purchase_order_number="PO",
    reference="ref",
    billing_period_start="2024-01-01T00:00:00Z",
    billing_period_end="2024-02-01T00:00:00Z",
    accounting_date=date(2024, 2, 29),
    due_date=date(2024, 3, 1),
    metadata=(("k", "v"), ("k", "")),
    groups=(Group("group-1", "Gruppe", "d", "group-0", FIELDS),),
    merchant=FIELDS,
    fields=FIELDS,
)
PROFILE = CustomerProfile(
    address=ADDRESS,
    tax_status="TAXED",
    url="https://example.com",
    label="l",
    contacts=(Contact("c1", "Zoë", "z@example.com", BillingPreference.PRIMARY, NOON, LAST_MOMENT, LAST_MOMENT),),
    fields=FIELDS,
)
MERCHANT = Merchant(ENTITY_ID, FIELDS, "KWD", 14, LAST_MOMENT, "ann")
ALIAS = Alias("alias-1", ENTITY_ID, "account-full", "Ω alias", LAST_MOMENT)
MAIL = OutgoingMail(
    id="mail-1",
    entity_id=ENTITY_ID,
    document_id="document-full",
    recipients=("a@example.com", "b@example.com"),
    copies=("c@example.com",),
    status=MailStatus.FAILED,
    attempts=3,
    due_at=LAST_MOMENT,
    last_error="no ☃",
    created_at=NOON,
    created_by="ann",
    sent_at=LAST_MOMENT,
)


def every_value_is_given(row: Any) -> bool:
    return all(getattr(row, each.name) not in (None, "", {}, ()) for each in fields(row))


FULL_ACCOUNT = make_account(
    id="account-full",
    org_id="org-1",
    number="Ä-\N{SNOWMAN}",
    name="Sophie Germain & Söhne",
    sequence_set_id="set-1",
    contacts={"billToContact": {"id": "c1", "firstName": "Zoë"}, "soldToContact": FIELDS},
    fields=FIELDS,
    created_at=NOON,
    created_by="ann",
    updated_at=LAST_MOMENT,
    updated_by="bob",
    profile=PROFILE,
    archived_at=LAST_MOMENT,
)
FULL_DOCUMENT = make_document(
    id="document-full",
    org_id="org-1",
    account_id="account-full",
    account_number=FULL_ACCOUNT.number,
    number=f"F{ORDINAL_MAX}",
    series=SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "F"),
    ordinal=ORDINAL_MAX,
    sequence_set_id="set-1",
    status=Status.CANCELED,
    document_date=date(1999, 12, 31),
    amount_minor=AMOUNT_MINOR_MAX,
    items=ITEMS,
    fields=FIELDS,
    created_at=NOON,
    created_by="ann",
    updated_at=LAST_MOMENT,
    updated_by="bob",
    posted_at=NOON + timedelta(microseconds=1),
    posted_by="cid",
    canceled_at=NOON + timedelta(microseconds=2),
    canceled_by="dan",
    due_date=date(2000, 1, 31),
    tax_minor=7,
    applied_minor=11,
    refunded_minor=13,
    referred_id="document-referred",
    applies_on_posting=True,
    is_reversed=True,
    particulars=PARTICULARS,
    sent_at=LAST_MOMENT,
    sent_by="eve",
    balance_changes=17,
    is_uncollectible=True,
)
APPLICATION = Application(
    id="application-1",
    entity_id=ENTITY_ID,
    source_id=FULL_DOCUMENT.id,
    target_id="document-referred",
    amount_minor=AMOUNT_MINOR_MAX,
    created_at=NOON,
    created_by="ann",
    updated_at=LAST_MOMENT,
    updated_by="bob",
)


CHANGING = (
    *("updated_at", "updated_by", "posted_at", "posted_by", "canceled_at", "canceled_by", "status", "document_date"),
    *("due_date", "amount_minor", "tax_minor", "applied_minor", "refunded_minor", "applies_on_posting", "is_reversed"),
    *("items", "fields", "particulars", "sent_at", "sent_by", "balance_changes", "is_uncollectible"),
)
"""What the life of a document may change of it."""


@pytest.fixture
async def full(store: Store) -> Store:
    """The store with a set, an account and a document of which every value is given."""
    numberings = {Kind.REFUND: Numbering("R", 7), Kind.CREDIT_MEMO: Numbering("F", ORDINAL_MAX)}

    def decide(snapshot: Snapshot) -> None:
        snapshot.orgs.put("org-1", make_org(name="Nörd"))
        full_set = make_set(numberings=numberings, created_by="ann", updated_at=LAST_MOMENT, updated_by="bob")
        snapshot.sequence_sets.put("set-1", full_set)
        for kind, numbering in numberings.items():
            key = SeriesKey(ENTITY_ID, kind, numbering.prefix)
            snapshot.series.put(key, Series(key, numbering.start_number, numbering.start_number + 1))
        snapshot.accounts.put(FULL_ACCOUNT.id, FULL_ACCOUNT)
        of_account = {"account_id": FULL_ACCOUNT.id, "account_number": FULL_ACCOUNT.number}
        referred = make_document(id="document-referred", kind=Kind.INVOICE, number="referred", **of_account)
        snapshot.documents.put(referred.id, referred)
        snapshot.documents.put(FULL_DOCUMENT.id, FULL_DOCUMENT)
        snapshot.applications.put((APPLICATION.source_id, APPLICATION.target_id), APPLICATION)
        snapshot.merchants.put(ENTITY_ID, MERCHANT)
        snapshot.aliases.put((ENTITY_ID, ALIAS.value), ALIAS)
        snapshot.mails.put(MAIL.id, MAIL)

    await store.write(Needs(), decide)
    return store


def test_the_full_rows_leave_nothing_out() -> None:
    assert every_value_is_given(FULL_ACCOUNT)
    assert every_value_is_given(FULL_DOCUMENT)
    assert every_value_is_given(ITEMS[0])
    for row in (PARTICULARS, PROFILE, PROFILE.contacts[0], PARTICULARS.groups[0], MERCHANT, ALIAS, MAIL):
        assert every_value_is_given(row)
    as_by_default = [each.name for each in fields(Item) if getattr(ITEMS[0], each.name) == each.default]
    assert as_by_default == []


async def test_an_account_comes_back_as_it_was(full: Store) -> None:
    read = await full.find_account(ENTITY_ID, FULL_ACCOUNT.number, None)
    loaded = (await load(full, accounts={(ENTITY_ID, FULL_ACCOUNT.id)})).accounts.get(FULL_ACCOUNT.id)
    assert read == FULL_ACCOUNT
    assert loaded == FULL_ACCOUNT
    assert _digits(read) == _digits(FULL_ACCOUNT)


async def test_a_document_comes_back_as_it_was(full: Store) -> None:
    read = await full.find_document(ENTITY_ID, Kind.CREDIT_MEMO, FULL_DOCUMENT.number, None)
    loaded = (await load(full, documents={(ENTITY_ID, FULL_DOCUMENT.id)})).documents.get(FULL_DOCUMENT.id)
    assert read == FULL_DOCUMENT
    assert loaded == FULL_DOCUMENT
    assert _digits(read) == _digits(FULL_DOCUMENT)


def _digits(row: Account | Document | None) -> str:
    """What equality does not tell: 1.5 is 1.500, and True is 1, but they do not read the same."""
    assert row is not None
    return repr((row.fields, getattr(row, "items", None)))


async def test_an_application_comes_back_as_it_was_and_as_it_was_changed(full: Store) -> None:
    key = (APPLICATION.source_id, APPLICATION.target_id)
    pair = (ENTITY_ID, FULL_DOCUMENT.id)
    needs: dict[str, Any] = {"documents": {pair}, "applications_from": {pair}}
    assert (await load(full, **needs)).applications.get(key) == APPLICATION
    changed = replace(APPLICATION, amount_minor=3, updated_at=NOON, updated_by="cid")
    await full.write(Needs(**needs), lambda snapshot: snapshot.applications.put(key, changed))
    assert (await load(full, **needs)).applications.get(key) == changed


async def test_a_document_comes_back_as_it_was_changed(full: Store) -> None:
    of_account = {"account_id": FULL_ACCOUNT.id, "account_number": FULL_ACCOUNT.number}
    given = make_document(id="document-given", number="given_1", number_given=True, **of_account)
    await full.write(Needs(), lambda snapshot: snapshot.documents.put(given.id, given))
    key = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")
    over = {name: getattr(FULL_DOCUMENT, name) for name in CHANGING}
    changed = replace(given, **over, series=key, ordinal=5, number="CM00000005")
    needs = Needs(documents={(ENTITY_ID, given.id)}, sequence_sets={(ENTITY_ID, "DEFAULT")})
    await full.write(needs, lambda snapshot: snapshot.documents.put(given.id, changed))
    assert await full.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "CM00000005", None) == changed


async def test_an_account_comes_back_as_it_was_changed(full: Store) -> None:
    kept = ("id", "entity_id", "org_id", "number", "currency", "created_at", "created_by")
    changed = make_account(
        **{name: getattr(FULL_ACCOUNT, name) for name in kept},
        name="Émilie",
        sequence_set_id=None,
        contacts={},
        fields={"Color__c": "blue"},
        profile=replace(PROFILE, label="other"),
        updated_at=LAST_MOMENT + timedelta(days=1),
        updated_by="dan",
    )
    needs = Needs(accounts={(ENTITY_ID, FULL_ACCOUNT.id)})
    await full.write(needs, lambda snapshot: snapshot.accounts.put(changed.id, changed))
    assert await full.find_account(ENTITY_ID, FULL_ACCOUNT.id, None) == changed


async def test_sellers_aliases_and_mails_come_back_as_they_were_and_as_they_were_changed(full: Store) -> None:
    key = (ENTITY_ID, ALIAS.value)
    needs = Needs(merchants={ENTITY_ID}, aliases={key}, mails={MAIL.id})
    found = await full.read(needs)
    assert [found.merchants.get(ENTITY_ID), found.aliases.get(key), found.mails.get(MAIL.id)] == [MERCHANT, ALIAS, MAIL]
    assert found.accounts.get(ALIAS.account_id) == FULL_ACCOUNT
    seller = Merchant(ENTITY_ID, {}, "JPY", 0, NOON, "bob")
    mail = replace(MAIL, status=MailStatus.SENT, attempts=4, due_at=NOON, last_error=None, sent_at=NOON)

    def decide(snapshot: Snapshot) -> None:
        snapshot.merchants.put(ENTITY_ID, seller)
        snapshot.aliases.remove(key)
        snapshot.mails.put(mail.id, mail)

    await full.write(needs, decide)
    found = await full.read(needs)
    assert [found.merchants.get(ENTITY_ID), found.aliases.get(key), found.mails.get(MAIL.id)] == [seller, None, mail]


async def test_aliases_are_found_by_their_account(full: Store) -> None:
    other = Alias("alias-2", ENTITY_ID, FULL_ACCOUNT.id, "another", NOON)
    await full.write(Needs(), lambda snapshot: snapshot.aliases.put((ENTITY_ID, other.value), other))
    pair = (ENTITY_ID, FULL_ACCOUNT.number)
    found = await full.read(Needs(accounts={pair}, aliases_of={pair}))
    assert set(found.aliases) == {ALIAS, other}


async def test_what_is_applied_to_a_document_is_found_from_both_ends(full: Store) -> None:
    pair = (ENTITY_ID, "document-referred")
    found = await full.read(Needs(documents={pair}, applications_to={pair}))
    assert list(found.applications) == [APPLICATION]
    assert found.documents.get(FULL_DOCUMENT.id) == FULL_DOCUMENT


async def test_a_set_and_its_series_come_back_as_they_were(full: Store) -> None:
    view = await full.find_sequence_set(ENTITY_ID, "FR")
    assert view is not None
    loaded = await load(full, sequence_sets={(ENTITY_ID, "FR")})
    assert loaded.sequence_sets.get("set-1") == view.sequence_set
    assert view.sequence_set == make_set(
        numberings={Kind.CREDIT_MEMO: Numbering("F", ORDINAL_MAX), Kind.REFUND: Numbering("R", 7)},
        created_by="ann",
        updated_at=LAST_MOMENT,
        updated_by="bob",
    )
    assert view.next_ordinals == {Kind.CREDIT_MEMO: ORDINAL_MAX + 1, Kind.REFUND: 8}
    key = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "F")
    assert loaded.series.get(key) == Series(key, ORDINAL_MAX, ORDINAL_MAX + 1)


async def test_a_set_comes_back_as_it_was_changed(full: Store) -> None:
    changed = make_set(
        name="FR-2",
        numberings={Kind.INVOICE: Numbering("INV", 1)},
        created_by="ann",
        updated_at=LAST_MOMENT + timedelta(days=1),
        updated_by="dan",
    )
    needs = Needs(sequence_sets={(ENTITY_ID, "FR")})
    await full.write(needs, lambda snapshot: snapshot.sequence_sets.put(changed.id, changed))
    view = await full.find_sequence_set(ENTITY_ID, "FR-2")
    assert view is not None
    assert view.sequence_set == changed


async def test_the_directory_comes_back_as_it_was(store: Store) -> None:
    entity = make_entity(id="entity-2", name="Größe", number_on=NumberOn.CREATION, created_at=LAST_MOMENT)
    org = make_org(entity_id="entity-2", name="Süd", created_at=LAST_MOMENT)
    clients = [
        make_client(created_at=NOON),
        ApiClient("client-2", "Kasse ½", Role.ADMIN, "d", frozenset(), frozenset({"b", "a"}), LAST_MOMENT),
        ApiClient("client-3", "c", Role.AUDITOR, "d", frozenset({ENTITY_ID}), None, LAST_MOMENT, LAST_MOMENT, "v"),
    ]

    def decide(snapshot: Snapshot) -> None:
        snapshot.entities.put(entity.id, entity)
        snapshot.orgs.put(org.id, org)
        for client in clients:
            snapshot.clients.put(client.id, client)

    await store.write(Needs(), decide)
    loaded = await load(store, entities={"Größe"}, org_keys={"Süd"}, clients={"client-2"})
    assert await store.list_entities() == [make_entity(), entity]
    assert await store.list_orgs() == [org]
    assert await store.list_clients() == clients
    assert [*loaded.entities, *loaded.orgs, *loaded.clients] == [entity, org, clients[1]]


async def test_a_time_of_another_zone_comes_back_as_the_same_moment(store: Store) -> None:
    elsewhere = LAST_MOMENT.astimezone(timezone(timedelta(hours=-7)))
    pair = ("client-1", "key-1")
    answer = StoredAnswer("f", 200, bytes(range(256)), elsewhere)
    await store.write(Needs(), lambda snapshot: snapshot.answers.put(pair, answer))
    read = (await load(store, answers={pair})).answers.get(pair)
    assert read is not None
    assert read.recorded_at == LAST_MOMENT
    assert read == answer
