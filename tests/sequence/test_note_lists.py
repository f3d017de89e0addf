"""Lists of credit notes: pages that stay right while notes come and go, filters and orders."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of, pages_of
from tests.sequence.support import add_note_line, create_customer, create_note, issue_note, new_line
from tests.servers import Json

PATH = "/credit-notes"
TODAY = datetime.now(UTC).date()
DAY = timedelta(days=7)


@pytest.fixture(scope="module")
def shelf(newest: ContractApi) -> dict[str, Json]:
    """The notes of one customer, by a name for each."""
    customer_id = create_customer(newest)["id"]
    found = {
        "draft": create_note(newest, customer_id, new_line("9.00")),
        "final": issue_note(newest, customer_id, new_line("100.00")),
        "sent": issue_note(newest, customer_id, new_line("20.00")),
        "void": issue_note(newest, customer_id, new_line("3.00")),
    }
    newest.post(f"{PATH}/{found['sent']['id']}/mark-as-sent")
    newest.post(f"{PATH}/{found['void']['id']}/void")
    return {name: newest.get(f"{PATH}/{note['id']}") for name, note in found.items()}


def names_of(shelf: dict[str, Json], ids: list[str]) -> list[str]:
    names = {note["id"]: name for name, note in shelf.items()}
    return [names[each] for each in ids]


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        ({"creditNoteStatus": "DRAFT"}, "draft"),
        ({"creditNoteStatus": "FINAL"}, "final"),
        ({"creditNoteStatus": "SENT"}, "sent"),
        ({"creditNoteStatus": "VOIDED"}, "void"),
        ({"sentAfter": str(TODAY - DAY)}, "sent"),
        ({"sentAfter": str(TODAY + DAY)}, ""),
        ({"sentBefore": str(TODAY + DAY)}, "sent"),
        ({"sentBefore": str(TODAY - DAY)}, ""),
        ({"sentAfter": str(TODAY - DAY), "sentBefore": str(TODAY + DAY), "creditNoteStatus": "FINAL"}, ""),
        ({}, "void sent final draft"),
        ({"sortOrder": "ASC"}, "draft final sent void"),
        ({"sortBy": "GROSS_TOTAL"}, "final sent draft void"),
        ({"sortBy": "GROSS_TOTAL", "sortOrder": "ASC"}, "void draft sent final"),
        ({"sortBy": "STATUS", "sortOrder": "ASC"}, "draft final sent void"),
        ({"sortBy": "STATUS", "sortOrder": "DESC"}, "void sent final draft"),
        ({"sortBy": "CREDIT_NOTE_NUMBER", "sortOrder": "ASC"}, "draft final sent void"),
    ),
)
def test_every_filter_and_order_of_the_contract(
    sequence: ContractApi, shelf: dict[str, Json], query: dict[str, str | int], expected: str
) -> None:
    query = {"customerId": shelf["draft"]["customerId"], **query}
    assert names_of(shelf, ids_of(sequence, PATH, **query)) == expected.split()
    assert names_of(shelf, ids_of(sequence, PATH, limit=1, **query)) == expected.split()
    assert sequence.get(PATH, **query)["pagination"]["totalResultSize"] == len(expected.split())


def test_notes_are_searched_by_a_part_of_their_number(newest: ContractApi, shelf: dict[str, Json]) -> None:
    customer_id, number = shelf["final"]["customerId"], shelf["final"]["creditNoteNumber"]
    for text in (number, number.lower(), number[1:]):
        found = ids_of(newest, PATH, customerId=customer_id, searchCreditNoteNumber=text)
        assert names_of(shelf, found) == ["final"]
    assert ids_of(newest, PATH, customerId=customer_id, searchCreditNoteNumber="%") == []
    assert len(ids_of(newest, PATH, customerId=customer_id, searchCreditNoteNumber=number[:2])) == 3


def test_a_list_shows_what_reading_one_shows(sequence: ContractApi, shelf: dict[str, Json]) -> None:
    items = sequence.get(PATH, customerId=shelf["draft"]["customerId"])["items"]
    assert items == [sequence.get(f"{PATH}/{each['id']}") for each in items]


def test_a_customer_without_notes_has_an_empty_page(sequence: ContractApi) -> None:
    found = sequence.get(PATH, customerId=create_customer(sequence)["id"])
    assert found == {"items": [], "pagination": {"totalResultSize": 0}}


def test_going_back_shows_the_pages_that_were_seen_before(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    for _ in range(10):
        create_note(sequence, customer_id)
    for order in ("ASC", "DESC"):
        query: dict[str, str | int] = {"customerId": customer_id, "limit": 3, "sortOrder": order}
        forward = list(pages_of(sequence, PATH, **query))
        assert [len(page) for page in forward] == [3, 3, 3, 1]
        found = sequence.get(PATH, **query)
        assert "before" not in found["pagination"]
        for page in forward[1:]:
            found = sequence.get(PATH, **query, after=found["pagination"]["after"])
            assert found["items"] == page
        assert "after" not in found["pagination"]
        for page in reversed(forward[:-1]):
            found = sequence.get(PATH, **query, before=found["pagination"]["before"])
            assert found["items"] == page
        assert "before" not in found["pagination"]


ACTS = st.lists(st.sampled_from(("add", "remove seen", "remove unseen", "issue")), max_size=3)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    sort=st.sampled_from((None, "GROSS_TOTAL", "CREDIT_NOTE_NUMBER", "STATUS")),
    order=st.sampled_from(("ASC", "DESC")),
    limit=st.integers(1, 4),
)
def test_pages_stay_right_while_notes_come_and_go(
    newest: ContractApi, data: st.DataObject, sort: str | None, order: str, limit: int
) -> None:
    """Whoever pages through sees each note that stays where it is once, in order, and none twice."""
    customer_id = create_customer(newest)["id"]
    prices = data.draw(st.lists(st.integers(0, 12), min_size=8, max_size=12))
    there = {create_note(newest, customer_id, new_line(f"{price}.00"))["id"] for price in prices}
    query: dict[str, str | int] = {"customerId": customer_id, "limit": limit, "sortOrder": order}
    if sort is not None:
        query["sortBy"] = sort
    expected = ids_of(newest, PATH, **query)
    assert set(expected) == there
    seen: list[str] = []
    moved: set[str] = set()
    for page in pages_of(newest, PATH, **query):
        seen += [each["id"] for each in page]
        for act in data.draw(ACTS):
            still = [each for each in seen if each in there - moved]
            moved |= disturb(newest, act, customer_id, still, there - set(seen) - moved)
    stayed = [each for each in expected if each not in moved]
    assert [each for each in seen if each in set(stayed)] == stayed
    assert not {each for each in seen if seen.count(each) > 1} - moved


def disturb(api: ContractApi, act: str, customer_id: str, seen: list[str], unseen: set[str]) -> set[str]:
    """Change what the list holds; the notes that are gone from it, or have moved in it."""
    if act == "add":
        create_note(api, customer_id, new_line("5.00"))
        return set()
    pool = sorted(unseen) if act == "remove unseen" else seen
    if not pool:
        return set()
    if act == "issue":
        add_note_line(api, pool[0], new_line("0.01"))
        api.post(f"{PATH}/{pool[0]}/finalize")
    else:
        api.delete(f"{PATH}/{pool[0]}")
    return {pool[0]}


def test_the_page_after_a_note_that_is_gone_begins_where_it_was(sequence: ContractApi) -> None:
    customer_id = create_customer(sequence)["id"]
    notes = [create_note(sequence, customer_id)["id"] for _ in range(6)]
    query: dict[str, str | int] = {"customerId": customer_id, "sortOrder": "ASC"}
    cursor = sequence.get(PATH, **query, limit=3)["pagination"]["after"]
    sequence.delete(f"{PATH}/{notes[2]}")
    assert ids_of(sequence, PATH, **query, after=cursor) == notes[3:]
    assert [each["id"] for each in sequence.get(PATH, **query, before=cursor)["items"]] == notes[:2]


@pytest.mark.parametrize(
    ("query", "word"),
    (
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"after": "not a cursor"}, "after"),
        ({"before": "%00"}, "before"),
        ({"after": base64.urlsafe_b64encode(b"{}").decode()}, "after"),
        ({"after": base64.urlsafe_b64encode(b'["x"]').decode()}, "after"),
        ({"after": base64.urlsafe_b64encode(b"[[1],2]").decode()}, "after"),
        ({"after": "MDE4", "before": "MDE4"}, "before"),
        ({"after": "A" * 5000}, "after"),
        ({"sortBy": "MEMO"}, "sortBy"),
        ({"sortOrder": "UP"}, "sortOrder"),
        ({"creditNoteStatus": "ISSUED"}, "creditNoteStatus"),
        ({"sentBefore": "yesterday"}, "sentBefore"),
        ({"sentAfter": "2024-02-30"}, "sentAfter"),
        ({"colour": "red"}, "colour"),
    ),
)
def test_a_bad_query_is_refused_by_name(sequence: ContractApi, query: dict[str, str], word: str) -> None:
    assert word in sequence.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", **query)


def test_a_cursor_of_another_order_is_no_fault(newest: ContractApi, shelf: dict[str, Json]) -> None:
    customer_id = shelf["draft"]["customerId"]
    for sort in ("GROSS_TOTAL", "STATUS", "CREDIT_NOTE_NUMBER"):
        cursor = newest.get(PATH, customerId=customer_id, limit=1, sortBy=sort)["pagination"]["after"]
        newest.refused("GET", PATH, status=400, of_type="InvalidQueryParameter", customerId=customer_id, after=cursor)


@pytest.mark.parametrize("noun", ("line-items", "line-item-groups"))
def test_lines_and_groups_come_in_pages_too(sequence: ContractApi, noun: str) -> None:
    note = create_note(sequence, create_customer(sequence)["id"])
    path = f"{PATH}/{note['id']}/{noun}"
    for at in range(7):
        body = {"title": f"T{at}"}
        sequence.post(path, body if noun == "line-item-groups" else {**new_line(), **body, "creditNoteId": note["id"]})
    found = [each["title"] for page in pages_of(sequence, path, limit=3, sortOrder="ASC") for each in page]
    assert found == [f"T{at}" for at in range(7)]
    turned = [each["title"] for page in pages_of(sequence, path, limit=3, sortOrder="DESC") for each in page]
    assert turned == found[::-1]
    assert sequence.get(path)["pagination"]["totalResultSize"] == 7


def test_many_notes_of_one_total_are_all_seen(newest: ContractApi) -> None:
    customer_id = create_customer(newest, label=unique_letters())["id"]
    notes = {create_note(newest, customer_id, new_line("1.00"))["id"] for _ in range(9)}
    found = ids_of(newest, PATH, customerId=customer_id, sortBy="GROSS_TOTAL", limit=2)
    assert (set(found), len(found)) == (notes, 9)
    assert all(Decimal(newest.get(f"{PATH}/{each}")["grossTotal"]) == 1 for each in found[:2])
