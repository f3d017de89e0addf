"""Pages of accounts: every filter, sort and direction, ties, what is missing, and what a caller of some orgs sees."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.account import Account
from seriatim.domain.customer import Alias, BillingPreference, Contact, CustomerProfile
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.account_pages import AccountQuery, AccountSort
from seriatim.service.ports import Store
from tests.factories import ENTITY_ID, create_entity, make_account, make_org, run
from tests.fakes import NOON

ADDRESS = {"line1": "1 Rue", "town": "Paris", "postcode": "75001", "country": "FR"}
GONE = NOON + timedelta(hours=1)


def contact(contact_id: str, email: str, **over: Any) -> Contact:
    return replace(Contact(contact_id, "Ada", email, BillingPreference.PRIMARY, NOON, NOON), **over)


def profile(**over: Any) -> CustomerProfile:
    given: dict[str, Any] = {"address": ADDRESS, "tax_status": "TAXED"}
    return CustomerProfile(**(given | over))


# Made in both APIs, with ties in names and properties, and with each way to have or to lack an address.
ACCOUNTS: tuple[dict[str, Any], ...] = (
    {
        "id": "a1",
        "number": "A1",
        "name": "Zebra Ltd",
        "org_id": "org-1",
        "contacts": {"billToContact": {"id": "c1", "workEmail": "Ann@zebra.example", "personalEmail": "own@a.example"}},
    },
    {
        "id": "a2",
        "number": "A2",
        "name": "apple",
        "contacts": {"billToContact": {"id": "c2", "workEmail": "", "personalEmail": "own@a.example"}},
        "fields": {"additionalEmailAddresses": ["more@apple.example", "o'neil@apple.example"]},
    },
    {
        "id": "a3",
        "number": "A3",
        "name": "Größe 50%",
        "org_id": "org-2",
        "contacts": {"billToContact": {"id": "c3", "workEmail": "ann@zebra.example"}},
        "profile": profile(
            label="gold",
            contacts=(
                contact("p1", "ADA@groesse.example"),
                contact("p2", "gone@groesse.example", archived_at=GONE),
            ),
            fields={"customProperties": {"tier": "gold", 'it\'s "so"': "1", "empty": ""}},
        ),
    },
    {
        "id": "a4",
        "number": "A4",
        "name": "Zebra Ltd",
        "profile": profile(label="Gold", fields={"customProperties": {"tier": "base"}}),
        "archived_at": GONE,
    },
    {"id": "a5", "number": "A5", "name": "zebra", "profile": profile(label="gold")},
)
ALIASES = (
    Alias("x1", ENTITY_ID, "a1", "first", NOON),
    Alias("x2", ENTITY_ID, "a1", "second", NOON),
    Alias("x3", ENTITY_ID, "a4", "of archived", NOON),
)


@pytest.fixture
async def shelf(store: Store) -> Store:
    """A store with the accounts, and a stranger's in another entity."""
    await run(store, create_entity(entity_id="entity-2", name="other", default_set_id="set-2"))

    def fill(snapshot: Snapshot) -> None:
        for org_id in ("org-1", "org-2"):
            snapshot.orgs.put(org_id, make_org(id=org_id, name=org_id))
        for given in ACCOUNTS:
            snapshot.accounts.put(given["id"], make_account(**given))
        stranger = make_account(id="s1", entity_id="entity-2", number="A1", name="Zebra Ltd")
        snapshot.accounts.put("s1", stranger)
        for alias in (*ALIASES, Alias("x4", "entity-2", "s1", "theirs", NOON)):
            snapshot.aliases.put((alias.entity_id, alias.value), alias)

    await store.write(Needs(), fill)
    return store


def query(**over: Any) -> AccountQuery:
    given: dict[str, Any] = {"entity_id": ENTITY_ID, "includes_archived": True, "descends": False}
    return AccountQuery(**(given | over))


def ids(accounts: Iterable[Account]) -> list[str]:
    return [account.id for account in accounts]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    (
        ({}, ["a1", "a2", "a3", "a4", "a5"]),
        ({"includes_archived": False}, ["a1", "a2", "a3", "a5"]),
        ({"org_ids": {"org-1", "org-2"}}, ["a1", "a3"]),
        ({"org_ids": set()}, []),
        ({"name_contains": "zebra"}, ["a1", "a4", "a5"]),
        ({"name_contains": "ZEBRA L"}, ["a1", "a4"]),
        ({"name_contains": "öß"}, ["a3"]),
        ({"name_contains": "%"}, ["a3"]),
        ({"name_contains": "_"}, []),
        ({"email": "ann@ZEBRA.example"}, ["a1"]),
        ({"email": "own@a.example"}, ["a2"]),
        ({"email": "more@apple.example"}, ["a2"]),
        ({"email": "o'neil@apple.example"}, ["a2"]),
        ({"email": "ada@groesse.example"}, ["a3"]),
        ({"email": "gone@groesse.example"}, []),
        ({"email": ""}, []),
        ({"alias": "second"}, ["a1"]),
        ({"alias": "Second"}, []),
        ({"alias": "of archived"}, ["a4"]),
        ({"alias": "theirs"}, []),
        ({"label": "gold"}, ["a3", "a5"]),
        ({"label": "gold", "name_contains": "zebra", "includes_archived": False}, ["a5"]),
    ),
)
async def test_every_filter_finds_what_meets_it(shelf: Store, asked: dict[str, Any], wanted: list[str]) -> None:
    page = await shelf.list_accounts(query(**asked))
    assert ids(page.accounts) == wanted
    assert page.total == len(wanted)
    assert (page.before, page.after) == (None, None)


async def test_accounts_come_back_whole(shelf: Store) -> None:
    page = await shelf.list_accounts(query())
    assert page.accounts == [make_account(**given) for given in ACCOUNTS]


SORTS: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"sort": AccountSort.AGE}, ["a1", "a2", "a3", "a4", "a5"]),
    ({"sort": AccountSort.NAME}, ["a3", "a1", "a4", "a2", "a5"]),
    ({"sort": AccountSort.PROPERTY, "property_name": "tier"}, ["a1", "a2", "a5", "a4", "a3"]),
    ({"sort": AccountSort.PROPERTY, "property_name": 'it\'s "so"'}, ["a1", "a2", "a4", "a5", "a3"]),
    ({"sort": AccountSort.PROPERTY, "property_name": "empty"}, ["a1", "a2", "a3", "a4", "a5"]),
)


@pytest.mark.parametrize("descends", (False, True))
@pytest.mark.parametrize("limit", (1, 2, 3, 5, 6))
@pytest.mark.parametrize(("sort", "wanted"), SORTS)
async def test_every_sort_is_walked_to_its_end_and_back(
    shelf: Store, sort: dict[str, Any], wanted: list[str], limit: int, *, descends: bool
) -> None:
    order = wanted[::-1] if descends else wanted
    forth = [await shelf.list_accounts(query(**sort, descends=descends, limit=limit))]
    while forth[-1].after is not None:
        forth.append(await shelf.list_accounts(query(**sort, descends=descends, limit=limit, after=forth[-1].after)))
    assert [each for page in forth for each in ids(page.accounts)] == order
    assert all(page.before is not None for page in forth[1:])
    assert forth[0].before is None
    back = [forth[-1]]
    while back[-1].before is not None:
        back.append(await shelf.list_accounts(query(**sort, descends=descends, limit=limit, before=back[-1].before)))
    assert [each for page in back[::-1] for each in ids(page.accounts)] == order


async def test_what_is_added_or_gone_moves_no_page(shelf: Store) -> None:
    first = await shelf.list_accounts(query(sort=AccountSort.NAME, limit=2))
    assert ids(first.accounts) == ["a3", "a1"]

    def change(snapshot: Snapshot) -> None:
        snapshot.accounts.put("a0", make_account(id="a0", number="A0", name="Aaa"))
        snapshot.accounts.remove("a1")
        for alias in ("first", "second"):
            snapshot.aliases.remove((ENTITY_ID, alias))

    needs = Needs(accounts={(ENTITY_ID, "a1")}, aliases_of={(ENTITY_ID, "a1")})
    await shelf.write(needs, change)
    second = await shelf.list_accounts(query(sort=AccountSort.NAME, limit=2, after=first.after))
    assert ids(second.accounts) == ["a4", "a2"]


async def test_a_list_that_is_too_long_is_not_counted(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # The stores have taken the limit in by its name, each in a module of its own.
    modules = [each for name, each in sys.modules.items() if name.startswith("seriatim.storage")]
    holders = [each for each in modules if hasattr(each, "COUNTED_MAX")]
    for holder in holders:
        monkeypatch.setattr(holder, "COUNTED_MAX", 5)
    assert (await shelf.list_accounts(query())).total == 5
    for holder in holders:
        monkeypatch.setattr(holder, "COUNTED_MAX", 4)
    assert (await shelf.list_accounts(query())).total is None
