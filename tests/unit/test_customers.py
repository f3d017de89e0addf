"""Accounts as customers: what an account says, and how the two sides of one stay in step."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.account import Account, check_not_archived
from seriatim.domain.commands.accounts import DeleteAccount, UpdateAccount
from seriatim.domain.commands.customers import (
    AddContact,
    ArchiveContact,
    ArchiveCustomer,
    ChangeContact,
    CreateCustomer,
    CustomerChange,
    MainContact,
    NewAlias,
    NewContact,
    UpdateCustomer,
)
from seriatim.domain.country import country_code, state_code
from seriatim.domain.customer import (
    ALIASES_MAX,
    CONTACTS_MAX,
    BillingPreference,
    Contact,
    address_of,
    billing_emails_of,
    contacts_of,
    particulars_of,
    shipping_address_of,
    tax_status_of,
)
from seriatim.domain.merchant import Merchant
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from seriatim.storage.memory import MemoryStore
from tests.factories import ACCOUNT_ID, ENTITY_ID, SCOPE, create_account, create_entity, load, make_account, run
from tests.fakes import NOON

PRIMARY, STANDARD, NONE = BillingPreference.PRIMARY, BillingPreference.STANDARD, BillingPreference.NONE
LONDON = {"line1": "1 Row", "town": "London", "postcode": "N1", "country": "GB"}
LATER = NOON + timedelta(hours=1)
BILL_TO = {
    "id": "c1",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "workEmail": "ada@own.example",
    "address1": "12 St James's Square",
    "address2": "Attic",
    "city": "London",
    "postalCode": "SW1Y 4JH",
    "country": "United Kingdom",
}


@pytest.fixture
async def store() -> MemoryStore:
    """An open store with one entity."""
    made = MemoryStore()
    await made.open()
    await run(made, create_entity())
    return made


def person(contact_id: str, email: str, preference: BillingPreference = PRIMARY, name: str = "Ada King") -> NewContact:
    return NewContact(contact_id, name, email, preference)


def change(**over: Any) -> CustomerChange:
    given: dict[str, Any] = {"name": "Engines Ltd", "address": LONDON, "tax_status": "TAXED"}
    return CustomerChange(**(given | {"contacts": (person("p1", "ada@x.example"),)} | over))


def create(**over: Any) -> CreateCustomer:
    return CreateCustomer(scope=SCOPE, account_id=ACCOUNT_ID, change=change(**over))


def update(**over: Any) -> UpdateCustomer:
    return UpdateCustomer(scope=SCOPE, key=ACCOUNT_ID, change=change(**over))


def zuora_account(**over: Any) -> dict[str, Any]:
    contacts = {"billToContact": BILL_TO, "soldToContact": BILL_TO, "shipToContact": BILL_TO}
    return {"contacts": contacts, **over}


def reach(account: Account) -> list[tuple[str, BillingPreference]]:
    """Whom an account has, of those not archived."""
    return [(each.email, each.billing_preference) for each in contacts_of(account) if each.archived_at is None]


@pytest.mark.parametrize(
    ("text", "code"),
    (
        ("GB", "GB"),
        ("gbr", "GB"),
        (" United Kingdom ", "GB"),
        ("south korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Kosovo", "XK"),
        ("", None),
        ("Utopia", None),
    ),
)
def test_a_country_is_known_by_its_codes_and_names(text: str, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "country", "code"),
    (
        ("ny", "US", "NY"),
        ("New York", "US", "NY"),
        ("Yukon", "CA", "YT"),
        ("Ontario", "US", None),
        ("NY", "GB", None),
        ("", "US", None),
    ),
)
def test_a_state_is_known_in_its_country(text: str, country: str, code: str | None) -> None:
    assert state_code(text, country) == code


def test_an_account_made_in_zuoras_api_is_read_as_a_customer() -> None:
    ship_to = {"id": "c2", "firstName": "Bob", "lastName": "-", "city": "Paris", "zipCode": "75001", "country": "FRA"}
    fields = {"additionalEmailAddresses": ["more@own.example"], "taxInfo": {"VATId": "GB1", "exemptStatus": "Yes"}}
    account = make_account(**zuora_account(fields=fields))
    account = replace(account, contacts={**account.contacts, "shipToContact": ship_to})
    assert address_of(account) == {
        "line1": "12 St James's Square",
        "line2": "Attic",
        "town": "London",
        "postcode": "SW1Y 4JH",
        "country": "GB",
    }
    assert shipping_address_of(account) == {"line1": "", "town": "Paris", "postcode": "75001", "country": "FR"}
    assert reach(account) == [("ada@own.example", PRIMARY), ("more@own.example", STANDARD)]
    assert [each.name for each in contacts_of(account)] == ["Ada Lovelace", "more@own.example"]
    assert len({each.id for each in contacts_of(account)}) == 2
    said = particulars_of(account)
    assert (said.customer_name, said.customer_tax_id) == (account.name, "GB1")
    assert said.emails == ("ada@own.example", "more@own.example")
    assert tax_status_of(account) == "TAX_EXEMPT"


def test_what_an_account_does_not_say_is_empty_but_for_the_country() -> None:
    account = make_account(contacts={})
    empty = {"line1": "", "town": "", "postcode": ""}
    assert address_of(account, "FR") == {**empty, "country": "FR"}
    assert address_of(account) == {**empty, "country": "US"}
    assert (contacts_of(account), billing_emails_of(account), tax_status_of(account)) == ((), (), "TAXED")


async def test_a_customer_is_an_account_in_the_sellers_currency(store: MemoryStore) -> None:
    seller = Merchant(ENTITY_ID, {}, "GBP", 30, NOON, "actor")
    await store.write(Needs(), lambda snapshot: snapshot.merchants.put(ENTITY_ID, seller))
    made = await run(store, create(name="Engines Ltd", url="https://x.example", label="gold"))
    assert (made.currency, made.number, made.name) == ("GBP", "A00000001", "Engines Ltd")
    bill_to = made.contacts["billToContact"]
    assert {name: bill_to[name] for name in ("id", "firstName", "lastName", "workEmail")} == {
        "id": "p1",
        "firstName": "Ada",
        "lastName": "King",
        "workEmail": "ada@x.example",
    }
    assert (bill_to["address1"], bill_to["city"], bill_to["country"]) == ("1 Row", "London", "GB")
    assert made.contacts["soldToContact"] == made.contacts["shipToContact"] == bill_to
    assert shipping_address_of(made) == LONDON


@pytest.mark.parametrize(
    ("name", "halves"),
    (
        ("Ada King", ("Ada", "King")),
        ("Ada Byron King", ("Ada Byron", "King")),
        ("Cher", ("Cher", "-")),
        ("  ", ("-", "-")),
    ),
)
async def test_a_name_is_split_for_zuora(store: MemoryStore, name: str, halves: tuple[str, str]) -> None:
    made = await run(store, create(contacts=(person("p1", "a@x.example", name=name),)))
    bill_to = made.contacts["billToContact"]
    assert (bill_to["firstName"], bill_to["lastName"]) == halves


async def test_contacts_that_are_given_replace_the_others(store: MemoryStore) -> None:
    await run(store, create(contacts=(person("p1", "ada@x.example"), person("p2", "bob@x.example", STANDARD))))
    both = (person("p3", "ada@x.example", name="Ada Lovelace"), person("p4", "new@x.example", NONE))
    changed = await run(store, update(contacts=both), at=LATER)
    assert changed.profile is not None
    kept, new, gone = changed.profile.contacts
    assert (kept.id, kept.name, kept.created_at, kept.updated_at) == ("p1", "Ada Lovelace", NOON, LATER)
    assert (new.id, new.created_at) == ("p4", LATER)
    assert (gone.id, gone.archived_at) == ("p2", LATER)
    assert billing_emails_of(changed) == ("ada@x.example",)


async def test_so_many_changes_of_contacts_are_remembered_and_no_more(store: MemoryStore) -> None:
    await run(store, create())
    for at in range(CONTACTS_MAX + 2):
        await run(store, update(contacts=(person(f"n{at}", f"n{at}@x.example"),)))
    account = (await load(store, accounts={(ENTITY_ID, ACCOUNT_ID)})).accounts.get(ACCOUNT_ID)
    assert account is not None
    assert len(contacts_of(account)) == CONTACTS_MAX
    assert contacts_of(account)[1].id == f"n{CONTACTS_MAX}"


async def test_what_is_left_out_stays(store: MemoryStore) -> None:
    await run(store, create(url="https://x.example", label="gold", aliases=(NewAlias("x1", "one"),), fields={"a": 1}))
    changed = await run(store, update(contacts=None, fields={"b": 2}))
    assert changed.profile is not None
    assert (changed.profile.url, changed.profile.label) == ("https://x.example", "gold")
    assert changed.profile.fields == {"a": 1, "b": 2}
    assert reach(changed) == [("ada@x.example", PRIMARY)]
    snapshot = await load(store, aliases={(ENTITY_ID, "one")})
    assert snapshot.aliases.get((ENTITY_ID, "one")) is not None


@pytest.mark.parametrize(
    "contacts",
    (
        (person("p1", "a@x.example", STANDARD),),
        (person("p1", "a@x.example", NONE), person("p2", "b@x.example", STANDARD)),
        tuple(person(f"p{at}", f"{at}@x.example") for at in range(CONTACTS_MAX + 1)),
    ),
)
async def test_recipients_need_a_primary_one_and_there_is_a_limit(
    store: MemoryStore, contacts: tuple[NewContact, ...]
) -> None:
    with pytest.raises(InvalidValue):
        await run(store, create(contacts=contacts))
    assert (await load(store, accounts={(ENTITY_ID, ACCOUNT_ID)})).account(ENTITY_ID, ACCOUNT_ID) is None


async def test_contacts_are_added_changed_and_archived(store: MemoryStore) -> None:
    await run(store, create())
    await run(store, AddContact(scope=SCOPE, key=ACCOUNT_ID, contact=person("p2", "bob@x.example", STANDARD)))
    with pytest.raises(InvalidValue):
        await run(store, ArchiveContact(scope=SCOPE, key=ACCOUNT_ID, contact_id="p1"))
    second = person("p2", "bob@x.example", PRIMARY, name="Bob Byron")
    await run(store, ChangeContact(scope=SCOPE, key=ACCOUNT_ID, contact=second))
    archived = await run(store, ArchiveContact(scope=SCOPE, key=ACCOUNT_ID, contact_id="p1"), at=LATER)
    assert archived.archived_at == LATER
    again = await run(store, ArchiveContact(scope=SCOPE, key=ACCOUNT_ID, contact_id="p1"), at=LATER + timedelta(1))
    assert again == archived
    account = (await load(store, accounts={(ENTITY_ID, ACCOUNT_ID)})).accounts.get(ACCOUNT_ID)
    assert account is not None
    assert reach(account) == [("bob@x.example", PRIMARY)]
    bill_to = account.contacts["billToContact"]
    assert (bill_to["id"], bill_to["firstName"], bill_to["workEmail"]) == ("p2", "Bob", "bob@x.example")
    with pytest.raises(NotFound):
        await run(store, ChangeContact(scope=SCOPE, key=ACCOUNT_ID, contact=person("p9", "x@x.example")))


async def test_an_alias_belongs_to_one_customer_until_it_is_given_up(store: MemoryStore) -> None:
    await run(store, create(aliases=(NewAlias("x1", "one"), NewAlias("x2", "two"))))
    other = CreateCustomer(scope=SCOPE, account_id="account-2", change=change(aliases=(NewAlias("x3", "two"),)))
    with pytest.raises(BrokenRule) as refused:
        await run(store, other)
    assert refused.value.rule is Rule.ALIAS_TAKEN
    await run(store, update(aliases=(NewAlias("x4", "one"), NewAlias("x5", "three"))))
    await run(store, other)
    snapshot = await load(store, aliases={(ENTITY_ID, name) for name in ("one", "two", "three")})
    owners = {alias.value: (alias.id, alias.account_id) for alias in snapshot.aliases}
    assert owners == {"one": ("x1", ACCOUNT_ID), "two": ("x3", "account-2"), "three": ("x5", ACCOUNT_ID)}
    too_many = tuple(NewAlias(f"y{at}", f"y{at}") for at in range(ALIASES_MAX + 1))
    with pytest.raises(InvalidValue):
        await run(store, update(aliases=too_many))


async def test_an_account_is_deleted_with_its_aliases(store: MemoryStore) -> None:
    await run(store, create(aliases=(NewAlias("x1", "one"),)))
    await run(store, DeleteAccount(scope=SCOPE, key=ACCOUNT_ID))
    await run(store, create(aliases=(NewAlias("x2", "one"),)))
    snapshot = await load(store, aliases={(ENTITY_ID, "one")})
    assert [alias.id for alias in snapshot.aliases] == ["x2"]


async def test_archiving_closes_an_account_for_new_documents(store: MemoryStore) -> None:
    account = await run(store, create())
    check_not_archived(account)
    archive = ArchiveCustomer(scope=SCOPE, key=ACCOUNT_ID)
    archived = await run(store, archive, at=LATER)
    with pytest.raises(BrokenRule, match="was archived on 2026-03-14") as refused:
        check_not_archived(archived)
    assert refused.value.rule is Rule.ACCOUNT_ARCHIVED
    assert (await run(store, archive, at=LATER + timedelta(1))).archived_at == LATER


async def test_a_parent_is_another_customer(store: MemoryStore) -> None:
    parent = await run(store, create())
    child = CreateCustomer(scope=SCOPE, account_id="account-2", change=change(parent_key=parent.number))
    assert (await run(store, child)).fields["parentId"] == ACCOUNT_ID
    for key in ("nobody", ACCOUNT_ID):
        with pytest.raises(InvalidValue, match="another customer"):
            await run(store, update(parent_key=key))


MAIN_CONTACTS: tuple[tuple[MainContact, list[tuple[str, BillingPreference]]], ...] = (
    (MainContact(person("m", "m@x.example"), ()), [("m@x.example", PRIMARY)]),
    (
        MainContact(person("m", "m@x.example"), (person("1", "m@x.example"), person("2", "b@x.example"))),
        [("m@x.example", PRIMARY), ("b@x.example", STANDARD)],
    ),
    (
        MainContact(person("m", "m@x.example"), (person("1", "b@x.example"), person("2", "c@x.example"))),
        [("m@x.example", NONE), ("b@x.example", PRIMARY), ("c@x.example", STANDARD)],
    ),
)


@pytest.mark.parametrize(("given", "wanted"), MAIN_CONTACTS)
async def test_the_older_versions_name_one_contact_and_addresses(
    store: MemoryStore, given: MainContact, wanted: list[tuple[str, BillingPreference]]
) -> None:
    made = await run(store, create(contacts=given))
    assert reach(made) == wanted


async def test_the_older_versions_leave_what_they_cannot_show(store: MemoryStore) -> None:
    people = (
        person("p1", "ada@x.example"),
        person("p2", "bob@x.example", STANDARD, name="Bob"),
        person("p3", "quiet@x.example", NONE),
    )
    await run(store, create(contacts=people))
    unnamed = MainContact(person("m", "new@x.example", name=""), None)
    changed = await run(store, update(contacts=unnamed))
    assert reach(changed) == [("new@x.example", PRIMARY), ("bob@x.example", STANDARD), ("quiet@x.example", NONE)]
    assert [each.name for each in contacts_of(changed)][:2] == ["Ada King", "Bob"]


async def followed(store: MemoryStore, **over: Any) -> Account:
    return await run(store, UpdateAccount(scope=SCOPE, key=ACCOUNT_ID, **over), at=LATER)


async def test_a_change_of_the_bill_to_contact_is_one_of_the_customer(store: MemoryStore) -> None:
    await run(store, create(contacts=(person("p1", "ada@x.example"), person("p2", "bob@x.example", STANDARD))))
    given = {"id": "new", "lastName": "Lovelace", "workEmail": "ada@y.example", "city": "Paris", "country": "France"}
    changed = await followed(store, contacts={"billToContact": given})
    assert address_of(changed) == {**LONDON, "town": "Paris", "country": "FR"}
    first = contacts_of(changed)[0]
    assert first == Contact("p1", "Ada Lovelace", "ada@y.example", PRIMARY, NOON, LATER)
    assert billing_emails_of(changed) == ("ada@y.example", "bob@x.example")
    # What Zuora's side says in its own words stays so when the other side says the same.
    again = await run(store, update(address=address_of(changed), contacts=None))
    assert again.contacts["billToContact"]["country"] == "France"


async def test_another_bill_to_contact_becomes_the_primary_one(store: MemoryStore) -> None:
    sold_to = {"id": "s1", "firstName": "Bob", "lastName": "Byron", "workEmail": "bob@own.example", "city": "Bath"}
    contacts = {"billToContact": BILL_TO, "soldToContact": sold_to, "shipToContact": BILL_TO}
    await run(store, create_account(contacts=contacts))
    await run(store, AddContact(scope=SCOPE, key=ACCOUNT_ID, contact=person("p2", "new@x.example", STANDARD)))
    changed = await followed(store, contact_ids={"billToContact": "s1"})
    assert billing_emails_of(changed) == ("bob@own.example", "new@x.example")
    assert reach(changed)[0] == ("ada@own.example", NONE)
    assert address_of(changed)["town"] == "Bath"
    # Somebody whom the customer does not know yet becomes known.
    stranger = {**sold_to, "id": "z1", "workEmail": "zoe@own.example"}
    needs = Needs(accounts={(ENTITY_ID, ACCOUNT_ID)})
    await store.write(needs, lambda snapshot: snapshot.accounts.put(ACCOUNT_ID, with_sold_to(changed, stranger)))
    changed = await followed(store, contact_ids={"billToContact": "z1"})
    assert reach(changed)[0] == ("zoe@own.example", PRIMARY)
    assert ("bob@own.example", NONE) in reach(changed)


def with_sold_to(account: Account, contact: dict[str, str]) -> Account:
    return replace(account, contacts={**account.contacts, "soldToContact": contact})


async def test_additional_addresses_are_the_other_recipients(store: MemoryStore) -> None:
    people = (
        person("p1", "ada@x.example"),
        person("p2", "bob@x.example", STANDARD),
        person("p3", "quiet@x.example", NONE),
    )
    made = await run(store, create(contacts=people))
    assert made.fields["additionalEmailAddresses"] == ["bob@x.example"]
    wanted = ["quiet@x.example", "new@x.example"]
    changed = await followed(store, fields={"additionalEmailAddresses": wanted})
    assert billing_emails_of(changed) == ("ada@x.example", *wanted)
    assert reach(changed)[1] == ("bob@x.example", NONE)
    assert (await followed(store, name="Renamed")).profile == changed.profile


async def test_a_tax_exemption_is_seen_on_both_sides(store: MemoryStore) -> None:
    made = await run(store, create(tax_status="TAX_EXEMPT"))
    assert made.fields["taxInfo"] == {"exemptStatus": "Yes"}
    changed = await followed(store, fields={"taxInfo": {"exemptStatus": "No", "VATId": "GB1"}})
    assert tax_status_of(changed) == "TAXED"
    changed = await run(store, update(tax_status="REVERSE_CHARGED"))
    assert changed.fields["taxInfo"] == {"exemptStatus": "No", "VATId": "GB1"}
    assert tax_status_of(await followed(store, fields={"taxInfo": {"exemptStatus": "Yes"}})) == "TAX_EXEMPT"


async def test_an_account_of_zuoras_api_that_is_changed_as_a_customer_keeps_what_it_had(store: MemoryStore) -> None:
    await run(store, create_account(**zuora_account(fields={"additionalEmailAddresses": ["more@own.example"]})))
    extra = AddContact(scope=SCOPE, key=ACCOUNT_ID, contact=person("p2", "new@x.example", STANDARD))
    await run(store, extra)
    account = (await load(store, accounts={(ENTITY_ID, ACCOUNT_ID)})).accounts.get(ACCOUNT_ID)
    assert account is not None
    assert account.contacts["billToContact"] == BILL_TO
    assert account.fields["additionalEmailAddresses"] == ["more@own.example", "new@x.example"]


async def test_a_postcode_has_one_place(store: MemoryStore) -> None:
    contact = {"id": "c1", "firstName": "Ada", "lastName": "King", "workEmail": "a@x.example", "zipCode": "10001"}
    made = await run(store, create_account(contacts={"billToContact": contact}))
    assert address_of(made)["postcode"] == "10001"
    changed = await run(store, update())
    bill_to = changed.contacts["billToContact"]
    assert (bill_to["postalCode"], "zipCode" in bill_to) == ("N1", False)


async def test_a_batch_of_one_customer_is_decided_one_after_the_other(store: MemoryStore) -> None:
    def decide(snapshot: Snapshot) -> Account:
        create(aliases=(NewAlias("x1", "one"),)).decide(snapshot, NOON)
        return update(aliases=(NewAlias("x2", "one"), NewAlias("x3", "two"))).decide(snapshot, LATER)

    needs = Needs()
    create(aliases=(NewAlias("x1", "one"),)).needs(needs)
    update(aliases=(NewAlias("x3", "two"),)).needs(needs)
    await store.write(needs, decide)
    snapshot = await load(store, aliases={(ENTITY_ID, "one"), (ENTITY_ID, "two")})
    assert sorted((alias.value, alias.id) for alias in snapshot.aliases) == [("one", "x1"), ("two", "x3")]
