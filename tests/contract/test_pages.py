"""Pages kept by their first and last row: every field, comparison, sort and direction, ties, and what is missing."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from seriatim.domain.document import Document, Item, Status
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.particulars import Particulars
from seriatim.domain.sequence_set import DEFAULT_NAME
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.pages import Comparison, Condition, Page, PageField, PageQuery
from seriatim.service.ports import Store
from tests.factories import ENTITY_ID, create_entity, make_account, make_document, make_org, run

SERIES = SeriesKey(ENTITY_ID, Kind.INVOICE, "INV")
ADDRESS = {"line1": "1 Rue", "town": "Paris", "postcode": "75001", "country": "FR"}


def said(name: str, **over: Any) -> Particulars:
    return Particulars(customer_name=name, billing_address=ADDRESS, shipping_address=ADDRESS, **over)


def line(item_id: str, amount_minor: int, quantity: str | None = None) -> tuple[Item, ...]:
    return (Item(item_id, amount_minor, quantity=None if quantity is None else Decimal(quantity)),)


# Between them: ties in every sort, three exponents of currencies, names beyond ASCII and beyond 16 bits, what is
# missing, every stage and every payment status.
INVOICES: tuple[dict[str, Any], ...] = (
    {
        "id": "d1",
        "account_id": "a1",
        "org_id": "org-1",
        "number": "TMP-INV-00000001",
        "amount_minor": 0,
        "items": (),
        "due_date": None,
        "particulars": said("Zebra", fields={"billingScheduleId": "sub-1"}),
    },
    {
        "id": "d2",
        "account_id": "a2",
        "org_id": "org-2",
        "number": "INV00000001",
        "ordinal": 1,
        "status": Status.POSTED,
        "currency": "JPY",
        "amount_minor": 11,
        "tax_minor": 1,
        "items": line("i2", 10, "0"),
        "document_date": date(2026, 3, 1),
        "due_date": date(2026, 3, 31),
        "particulars": said("apple", accounting_date=date(2026, 3, 20)),
    },
    {
        "id": "d3",
        "account_id": "a1",
        "number": "INV00000002",
        "ordinal": 2,
        "status": Status.POSTED,
        "currency": "EUR",
        "amount_minor": 1100,
        "tax_minor": 100,
        "applied_minor": 500,
        "items": (*line("i3", 1000, "0"), *line("i4", 0, "2.5")),
        "document_date": date(2026, 3, 2),
        "due_date": date(2026, 3, 31),
        "sent_at": datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=UTC),
        "particulars": said("Österreich", fields={"billingScheduleId": "sub-2"}),
    },
    {
        "id": "d4",
        "account_id": "a2",
        "number": "Given-7",
        "number_given": True,
        "status": Status.POSTED,
        "currency": "BHD",
        "amount_minor": 10001,
        "applied_minor": 10001,
        "items": line("i5", 10001),
        "document_date": date(2026, 3, 2),
        "due_date": date(2026, 4, 30),
        "sent_at": datetime(2026, 3, 3, 0, 0, 0, 0, tzinfo=UTC),
    },
    {
        "id": "d5",
        "account_id": "a1",
        "number": "INV00000003",
        "ordinal": 3,
        "status": Status.CANCELED,
        "currency": "EUR",
        "amount_minor": 999,
        "items": line("i6", 999),
        "document_date": date(2026, 2, 28),
        "due_date": date(2026, 2, 28),
        "particulars": said("\U0001d538 astral"),
    },
    {
        "id": "d6",
        "account_id": "a1",
        "number": "INV00000004",
        "ordinal": 4,
        "status": Status.POSTED,
        "currency": "EUR",
        "amount_minor": 2000,
        "applied_minor": 500,
        "is_uncollectible": True,
        "items": line("i7", 2000, "-1"),
        "document_date": date(2026, 3, 5),
        "due_date": date(2026, 3, 31),
        "particulars": said("Zebra", accounting_date=date(2026, 3, 20)),
    },
)
EVERY = [over["id"] for over in INVOICES]


def invoice(over: dict[str, Any]) -> Document:
    account_number = f"ACC-{over['account_id'][1:]}"
    made = make_document(kind=Kind.INVOICE, account_number=account_number, **over)
    return replace(made, series=SERIES) if made.ordinal is not None else made


@pytest.fixture
async def paged(store: Store) -> Store:
    """The store with the invoices of this module, a credit memo, and an invoice of another entity."""
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-default-2"))
    elsewhere = {"id": "d8", "account_id": "a8", "entity_id": "entity-2", "sequence_set_id": "set-default-2"}
    beside = (make_document(id="d7", account_id="a1", account_number="ACC-1"), invoice(elsewhere))

    def decide(snapshot: Snapshot) -> None:
        for org_id in ("org-1", "org-2"):
            snapshot.orgs.put(org_id, make_org(id=org_id, name=org_id))
        names = {"a1": "Zuse KG", "a2": "Babbage"}
        for document in (*map(invoice, INVOICES), *beside):
            entity_id, account_id = document.entity_id, document.account_id
            name = names.get(account_id, "Elsewhere")
            account = make_account(id=account_id, entity_id=entity_id, number=document.account_number, name=name)
            snapshot.accounts.put(account_id, account)
            snapshot.documents.put(document.id, document)

    await store.write(Needs(sequence_sets={(ENTITY_ID, DEFAULT_NAME)}), decide)
    return store


async def page(store: Store, **over: Any) -> Page:
    given: dict[str, Any] = {"entity_id": ENTITY_ID, "kind": Kind.INVOICE, "descends": False}
    return await store.list_page(PageQuery(**(given | over)))


def ids(found: Page) -> list[str]:
    return [document.id for document in found.documents]


async def test_a_page_is_of_one_entity_and_kind_and_shows_whole_documents(paged: Store) -> None:
    found = await page(paged)
    assert found.documents == [invoice(over) for over in INVOICES]
    assert (found.before, found.after, found.total) == (None, None, 6)
    assert ids(await page(paged, kind=Kind.CREDIT_MEMO)) == ["d7"]
    assert ids(await page(paged, entity_id="entity-2")) == ["d8"]
    nothing = await page(paged, entity_id="entity-3")
    assert (nothing.documents, nothing.before, nothing.after, nothing.total) == ([], None, None, 0)


FILTERS: tuple[tuple[PageField, Comparison, Sequence[str], str], ...] = (
    (PageField.ACCOUNT_ID, Comparison.IN, ("a2", "a9"), "24"),
    (PageField.ACCOUNT_ID, Comparison.NOT_IN, ("a2",), "1356"),
    (PageField.ACCOUNTING_DATE, Comparison.IN, ("2026-03-20",), "26"),
    (PageField.ACCOUNTING_DATE, Comparison.BEFORE, ("2026-03-02",), "5"),
    (PageField.ACCOUNTING_DATE, Comparison.AFTER, ("2026-03-02",), "126"),
    (PageField.AGE, Comparison.IN, ("d3", "d8", "d7"), "3"),
    (PageField.AGE, Comparison.AFTER, ("d4",), "56"),
    (PageField.CURRENCY, Comparison.IN, ("JPY", "BHD"), "24"),
    (PageField.CURRENCY, Comparison.NOT_IN, ("EUR", "BHD"), "2"),
    (PageField.CUSTOMER_NAME, Comparison.IN, ("Babbage", "Zebra"), "146"),
    (PageField.CUSTOMER_NAME, Comparison.CONTAINS, ("EBR",), "16"),
    (PageField.CUSTOMER_NAME, Comparison.CONTAINS_NOT, ("EBR",), "2345"),
    (PageField.DOCUMENT_DATE, Comparison.BEFORE, ("2026-03-02",), "25"),
    (PageField.DOCUMENT_DATE, Comparison.AFTER, ("2026-03-02",), "16"),
    (PageField.DUE_DATE, Comparison.BEFORE, ("2026-04-30",), "2356"),
    (PageField.DUE_DATE, Comparison.AFTER, ("2026-03-30",), "2346"),
    (PageField.DUE_DATE, Comparison.IN, ("",), "1"),
    (PageField.GROSS_TOTAL, Comparison.IN, ("11",), "23"),
    (PageField.GROSS_TOTAL, Comparison.IN, ("11.00", "10.001"), "234"),
    (PageField.GROSS_TOTAL, Comparison.NOT_IN, ("11", "0"), "456"),
    (PageField.HAS_QUANTITY, Comparison.IN, ("1",), "3456"),
    (PageField.HAS_QUANTITY, Comparison.NOT_IN, ("1",), "12"),
    (PageField.NET_TOTAL, Comparison.IN, ("10",), "23"),
    (PageField.NET_TOTAL, Comparison.IN, ("10.0000000000000000000000000000001", "1" + "0" * 29, "NaN", "x"), ""),
    (PageField.NET_TOTAL, Comparison.NOT_IN, ("10", "9.99"), "146"),
    (PageField.NUMBER, Comparison.IN, ("INV00000001", "Given-7", "TMP-INV-00000001"), "24"),
    (PageField.NUMBER, Comparison.IN, ("inv00000001",), ""),
    (PageField.NUMBER, Comparison.NOT_IN, ("INV00000001",), "13456"),
    (PageField.NUMBER, Comparison.CONTAINS, ("nv0",), "2356"),
    (PageField.NUMBER, Comparison.CONTAINS, ("%",), ""),
    (PageField.NUMBER, Comparison.CONTAINS, ("_",), ""),
    (PageField.NUMBER, Comparison.CONTAINS_NOT, ("nv0",), "14"),
    (PageField.PAYMENT_STATUS, Comparison.IN, ("UNPAID",), "125"),
    (PageField.PAYMENT_STATUS, Comparison.IN, ("PARTIALLY_PAID",), "3"),
    (PageField.PAYMENT_STATUS, Comparison.IN, ("PAID",), "4"),
    (PageField.PAYMENT_STATUS, Comparison.IN, ("UNCOLLECTIBLE",), "6"),
    (PageField.PAYMENT_STATUS, Comparison.NOT_IN, ("UNPAID", "PAID"), "36"),
    (PageField.SENT_ON, Comparison.BEFORE, ("2026-03-03",), "3"),
    (PageField.SENT_ON, Comparison.AFTER, ("2026-03-02",), "4"),
    (PageField.SENT_ON, Comparison.IN, ("2026-03-02", "2026-03-03"), "34"),
    (PageField.SHOWN_NUMBER, Comparison.IN, ("TMP-INV-00000001", "Given-7"), "14"),
    (PageField.STAGE, Comparison.IN, ("DRAFT", "VOIDED"), "15"),
    (PageField.STAGE, Comparison.IN, ("SENT",), "34"),
    (PageField.STAGE, Comparison.NOT_IN, ("FINAL", "SENT"), "15"),
    (PageField.STATUS, Comparison.IN, ("draft", "canceled"), "15"),
    (PageField.STATUS, Comparison.IN, ("draft",), "1"),
    (PageField.STATUS, Comparison.IN, ("posted",), "2346"),
    (PageField.STATUS, Comparison.IN, ("posted", "canceled"), "23456"),
    (PageField.STATUS, Comparison.IN, ("processed", "'"), ""),
    (PageField.STATUS, Comparison.NOT_IN, ("posted",), "15"),
    (PageField.SUBSCRIPTION_ID, Comparison.IN, ("sub-1", "sub-9"), "1"),
    (PageField.SUBSCRIPTION_ID, Comparison.NOT_IN, ("sub-1",), "23456"),
)


@pytest.mark.parametrize(("field", "comparison", "values", "expected"), FILTERS)
async def test_a_condition_lets_through_what_it_says(
    paged: Store, field: PageField, comparison: Comparison, values: Sequence[str], expected: str
) -> None:
    found = await page(paged, conditions=(Condition(field, comparison, tuple(values)),))
    assert ids(found) == [f"d{digit}" for digit in expected]
    assert found.total == len(expected)


async def test_conditions_hold_together(paged: Store) -> None:
    conditions = (
        Condition(PageField.CURRENCY, Comparison.IN, ("EUR",)),
        Condition(PageField.STAGE, Comparison.NOT_IN, ("VOIDED",)),
    )
    assert ids(await page(paged, conditions=conditions)) == ["d1", "d3", "d6"]


async def test_a_page_shows_the_documents_of_the_orgs_that_are_visible(paged: Store) -> None:
    assert ids(await page(paged, org_ids={"org-1"})) == ["d1"]
    assert ids(await page(paged, org_ids=frozenset({"org-1", "org-2"}))) == ["d1", "d2"]
    assert ids(await page(paged, org_ids=())) == []


# Ties are broken by the id, in the direction of the sort. What is missing comes first.
SORTS: dict[PageField, str] = {
    PageField.ACCOUNT_ID: "135624",
    PageField.ACCOUNTING_DATE: "534126",
    PageField.AGE: "123456",
    PageField.CURRENCY: "413562",
    PageField.CUSTOMER_NAME: "416235",
    PageField.DOCUMENT_DATE: "523461",
    PageField.DUE_DATE: "152364",
    PageField.GROSS_TOTAL: "154236",
    PageField.HAS_QUANTITY: "123456",
    PageField.NET_TOTAL: "152346",
    PageField.NUMBER: "142356",
    PageField.PAYMENT_STATUS: "436125",
    PageField.SENT_ON: "125634",
    PageField.SHOWN_NUMBER: "423561",
    PageField.STAGE: "126345",
    PageField.STATUS: "512346",
    PageField.SUBSCRIPTION_ID: "245613",
}


def test_every_field_is_filtered_and_sorted_by() -> None:
    assert {field for field, *_ in FILTERS} == set(PageField) == set(SORTS)
    assert {comparison for _, comparison, *_ in FILTERS} == set(Comparison)


@pytest.mark.parametrize("field", SORTS)
@pytest.mark.parametrize("order", ("ascending", "descending"))
@pytest.mark.parametrize("limit", (1, 2, 4, 6))
async def test_pages_lead_through_all_documents_and_back(
    paged: Store, field: PageField, order: str, limit: int
) -> None:
    expected = [f"d{digit}" for digit in SORTS[field]]
    descends = order == "descending"
    if descends:
        expected.reverse()
    found = [await page(paged, sort=field, descends=descends, limit=limit)]
    while found[-1].after is not None:
        found.append(await page(paged, sort=field, descends=descends, limit=limit, after=found[-1].after))
    assert [each for one in found for each in ids(one)] == expected
    assert [len(one.documents) for one in found[:-1]] == [limit] * (len(found) - 1)
    assert {one.total for one in found} == {len(expected)}
    assert found[0].before is None
    back = [found[-1]]
    while back[-1].before is not None:
        back.append(await page(paged, sort=field, descends=descends, limit=limit, before=back[-1].before))
    assert [each for one in reversed(back) for each in ids(one)] == expected


async def test_a_page_stays_where_it_is_while_documents_are_added(paged: Store) -> None:
    """What is added before the page moves nothing; what is added behind it is met on the way."""
    newest = await page(paged, descends=True, limit=2)
    assert ids(newest) == ["d6", "d5"]

    def decide(snapshot: Snapshot) -> None:
        for number in ("d61", "d41"):
            added = {**INVOICES[0], "id": number, "number": f"TMP-INV-000000{number[1:]}"}
            snapshot.documents.put(number, invoice(added))

    await paged.write(Needs(), decide)
    following = await page(paged, descends=True, limit=2, after=newest.after)
    assert ids(following) == ["d41", "d4"]
    assert following.total == 8
    ahead = await page(paged, descends=True, limit=2, before=following.before)
    assert ids(ahead) == ["d6", "d5"]
    assert ids(await page(paged, descends=True, limit=2, before=ahead.before)) == ["d61"]


async def test_a_cursor_keeps_its_place_when_its_document_is_gone(paged: Store) -> None:
    first = await page(paged, limit=1)
    assert ids(first) == ["d1"]
    await paged.write(Needs(documents={(ENTITY_ID, "d1")}), lambda snapshot: snapshot.documents.remove("d1"))
    assert ids(await page(paged, limit=2, after=first.after)) == ["d2", "d3"]
    empty = await page(paged, before=("d2", "d2"))
    assert (empty.documents, empty.before, empty.after) == ([], None, None)


async def test_pages_of_what_meets_a_condition_have_its_own_total(paged: Store) -> None:
    conditions = (Condition(PageField.CURRENCY, Comparison.IN, ("EUR",)),)
    first = await page(paged, conditions=conditions, sort=PageField.GROSS_TOTAL, descends=True, limit=2)
    assert (ids(first), first.total) == (["d6", "d3"], 4)
    second = await page(
        paged, conditions=conditions, sort=PageField.GROSS_TOTAL, descends=True, limit=2, after=first.after
    )
    assert (ids(second), second.total, second.after) == (["d5", "d1"], 4, None)


async def test_what_is_more_than_is_counted_has_no_total(paged: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in _page_modules():
        monkeypatch.setattr(module, "COUNTED_MAX", 5)
    found = await page(paged, limit=2)
    assert (ids(found), found.total) == (["d1", "d2"], None)
    for module in _page_modules():
        monkeypatch.setattr(module, "COUNTED_MAX", 6)
    assert (await page(paged, limit=2)).total == len(EVERY)


def _page_modules() -> list[ModuleType]:
    """The modules of the stores that read the limit."""
    found = [module for name, module in sys.modules.items() if name.startswith("seriatim.storage")]
    return [module for module in found if hasattr(module, "COUNTED_MAX")]


async def test_a_page_does_not_count_where_nobody_asks(paged: Store) -> None:
    found = await page(paged, limit=2, counts=False)
    assert (ids(found), found.total) == (["d1", "d2"], None)


async def test_a_page_looks_at_no_more_documents_than_it_may_and_says_where_to_go_on(paged: Store) -> None:
    conditions = (Condition(PageField.CURRENCY, Comparison.IN, ("EUR",)),)
    first = await page(paged, conditions=conditions, descends=True, looks_at_max=3, counts=False)
    # d6, d5 and d4 were looked at, and d3, the boundary, which is shown as well.
    assert ids(first) == ["d6", "d5", "d3"]
    assert first.after == ("d3", "d3")
    rest = await page(paged, conditions=conditions, descends=True, looks_at_max=3, counts=False, after=first.after)
    assert (ids(rest), rest.after) == (["d1"], None)
    nothing = (Condition(PageField.CURRENCY, Comparison.IN, ("CHF",)),)
    empty = await page(paged, conditions=nothing, descends=True, looks_at_max=3, counts=False)
    assert (ids(empty), empty.after) == ([], ("d3", "d3"))
    full = await page(paged, conditions=conditions, descends=True, looks_at_max=3, counts=False, limit=2)
    assert (ids(full), full.after) == (["d6", "d5"], ("d5", "d5"))
