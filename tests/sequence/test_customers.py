"""Customers: what each version says of them, and how they are found again."""

from typing import Any

import pytest

from tests.api.support import unique_letters
from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of, pages_of
from tests.sequence.support import ADDRESS, RECIPIENT, create_customer, create_note, new_customer, new_line
from tests.sequence.test_refusals import MISSING, archive
from tests.servers import Json


def test_what_is_told_is_read_back(sequence: ContractApi) -> None:
    alias = unique_letters()
    told = new_customer(
        sequence,
        address={**ADDRESS, "line2": "Attic", "state": "NY", "country": "US"},
        label="Größte Kundin",
        url="https://customer.example/",
        taxStatus="REVERSE_CHARGED",
        customerAliases=[alias],
    )
    if sequence.is_newest:
        told["customProperties"] = {"region": "EU", "tier": "gold"}
    made = sequence.post("/customers", told)
    made = made.get("customer", made)
    hidden = {"customerAliases", "contacts"}
    for name in set(told) - hidden:
        assert made[name] == told[name], name
    if sequence.is_newest:
        (contact,) = made["contacts"]
        assert (contact["name"], contact["email"]) == ("Ada Lovelace", RECIPIENT)
    assert "archivedAt" not in made
    found = sequence.get(f"/customers/{made['id']}")
    assert {**made, **found} == {**found, **made}
    assert sequence.get(f"/customers/by-alias/{alias}")["id"] == made["id"]


def test_a_change_replaces_what_the_customer_was(sequence: ContractApi) -> None:
    made = create_customer(sequence, label="old", customerAliases=[unique_letters()])
    alias = unique_letters()
    path = f"/customers/{made['id']}"
    told = new_customer(sequence, legalName="Renamed", taxStatus="TAX_EXEMPT", customerAliases=[alias])
    changed = sequence.put(path, told)
    assert (changed["legalName"], changed["taxStatus"]) == ("Renamed", "TAX_EXEMPT")
    assert changed["createdAt"] == made["createdAt"]
    assert [each["value"] for each in sequence.get(f"{path}/aliases")["items"]] == [alias]


def test_an_alias_names_one_customer(sequence: ContractApi) -> None:
    alias = unique_letters()
    first = create_customer(sequence, customerAliases=[alias])
    body = new_customer(sequence, customerAliases=[alias])
    assert alias in sequence.refused("POST", "/customers", body, status=409, of_type="AliasTaken")
    other = create_customer(sequence)
    sequence.refused("PUT", f"/customers/{other['id']}", body, status=409, of_type="AliasTaken")
    assert sequence.get(f"/customers/by-alias/{alias}")["id"] == first["id"]
    sequence.refused("GET", f"/customers/by-alias/{alias}x", status=404, of_type="NotFound")


def test_an_archived_customer_is_read_but_neither_listed_nor_invoiced(sequence: ContractApi) -> None:
    customer = create_customer(sequence, label=unique_letters())
    note = create_note(sequence, customer["id"], new_line())
    archive(sequence, customer["id"])
    assert sequence.get(f"/customers/{customer['id']}")["archivedAt"]
    name = customer["legalName"]
    assert ids_of(sequence, "/customers", legalName=name) == []
    assert ids_of(sequence, "/customers", legalName=name, includeArchived="true") == [customer["id"]]
    for noun in ("credit-notes", "invoices"):
        body = {"customerId": customer["id"], "currency": "EUR"}
        sequence.refused("POST", f"/{noun}", body, status=409, of_type="AccountArchived")
    # What was begun before may be brought to an end.
    assert sequence.post(f"/credit-notes/{note['id']}/finalize")["status"] == "FINAL"


def test_customers_are_found_by_name_mail_and_alias(sequence: ContractApi) -> None:
    word, alias = unique_letters(), unique_letters()
    mail = f"{word.lower()}@customer.example"
    reach: Json = {"email": mail, "billingEmails": [mail]}
    if sequence.is_newest:
        reach = {"contacts": [{"name": "Ada", "email": mail, "billingPreference": "PRIMARY"}], "label": word}
    found = create_customer(sequence, legalName=f"{word} Ltd", customerAliases=[alias], **reach)["id"]
    create_customer(sequence)
    assert ids_of(sequence, "/customers", legalName=f"{word} Ltd") == [found]
    assert ids_of(sequence, "/customers", email=mail) == [found]
    assert ids_of(sequence, "/customers", alias=alias) == [found]
    assert ids_of(sequence, "/customers", legalName=word, alias=f"{alias}x") == []
    if sequence.is_newest:
        assert ids_of(sequence, "/customers", label=word) == [found]
        assert ids_of(sequence, "/customers", label=word, billingStatus="ACTIVE") == []
        assert ids_of(sequence, "/customers", label=word, billingStatus="INACTIVE") == [found]


def test_customers_come_in_pages(newest: ContractApi) -> None:
    word = unique_letters()
    made = [create_customer(newest, label=word, legalName=f"{word} {at}")["id"] for at in range(7)]
    query: dict[str, str | int] = {"label": word, "limit": 3, "sortOrder": "ASC"}
    seen = []
    for page in pages_of(newest, "/customers", **query):
        seen += [each["id"] for each in page]
        create_customer(newest, label=word)
        if made[1] in seen:
            archive(newest, made[1])
    assert seen[:7] == made
    assert len(seen) == len(set(seen))
    assert ids_of(newest, "/customers", label=word, limit=2)[::-1][:1] == made[:1]


@pytest.mark.parametrize(
    ("changes", "of_type", "word"),
    (
        ({"legalName": ...}, "MissingField", "legalName"),
        ({"legalName": ""}, "InvalidValue", "legalName"),
        ({"address": {}}, "MissingField", "address"),
        ({"address": {**ADDRESS, "country": "XX"}}, "InvalidValue", "country"),
        ({"address": {**ADDRESS, "state": "Kent"}}, "InvalidValue", "state"),
        ({"taxStatus": "UNTAXED"}, "InvalidValue", "taxStatus"),
        ({"customerAliases": [""]}, "InvalidValue", "customerAliases"),
        ({"customerAliases": "one"}, "InvalidValue", "customerAliases"),
        ({"vat": "1"}, "UnknownField", "vat"),
    ),
)
def test_a_customer_must_be_what_the_contract_says(
    sequence: ContractApi, changes: Json, of_type: str, word: str
) -> None:
    body = {name: value for name, value in new_customer(sequence, **changes).items() if value is not ...}
    assert word in sequence.refused("POST", "/customers", body, status=400, of_type=of_type)


def test_a_version_takes_its_own_fields_alone(sequence: ContractApi) -> None:
    foreign: dict[str, Any] = {"email": RECIPIENT} if sequence.is_newest else {"contacts": []}
    body = new_customer(sequence, **foreign)
    sequence.refused("POST", "/customers", body, status=400, of_type="UnknownField")


def test_what_one_version_made_the_others_show(newest: ContractApi, sequence: ContractApi) -> None:
    customer = create_customer(sequence)
    assert newest.get(f"/customers/{customer['id']}")["contacts"][0]["email"] == RECIPIENT
    other = create_customer(newest)
    shown = sequence.get(f"/customers/{other['id']}")
    assert shown["legalName"] == other["legalName"]
    if not sequence.is_newest:
        assert (shown["email"], shown["billingEmails"]) == (RECIPIENT, [RECIPIENT])


def test_contacts_are_added_changed_and_archived(newest: ContractApi) -> None:
    customer = create_customer(newest)
    path = f"/customers/{customer['id']}/contacts"
    body = {"name": "Mary", "email": "mary@customer.example", "billingPreference": "STANDARD"}
    made = newest.post(path, body)
    assert {name: made[name] for name in body} == body
    assert [each["id"] for each in newest.get(path)["items"]] == [customer["contacts"][0]["id"], made["id"]]
    changed = newest.put(f"{path}/{made['id']}", {**body, "billingPreference": "NONE"})
    assert changed["billingPreference"] == "NONE"
    assert create_note(newest, customer["id"])["customerEmails"] == [RECIPIENT]
    newest.post(f"{path}/{customer['contacts'][0]['id']}/archive")
    assert create_note(newest, customer["id"])["customerEmails"] == []
    newest.refused("PUT", f"{path}/{MISSING}", body, status=404, of_type="NotFound")
    bad = {**body, "email": "nobody"}
    assert "email" in newest.refused("POST", path, bad, status=400, of_type="InvalidValue")


def test_customers_are_sorted_by_name_and_by_their_own_properties(newest: ContractApi) -> None:
    word = unique_letters()
    made = {}
    for name, tier in (("b", "2"), ("a", "3"), ("c", "1"), ("d", None)):
        properties = {} if tier is None else {"tier": tier}
        customer = create_customer(newest, label=word, legalName=f"{word} {name}", customProperties=properties)
        made[customer["id"]] = name
    for sort_by, expected in (("LEGAL_NAME", "abcd"), ("CREATED_AT", "bacd"), ("customProperties.tier", "dcba")):
        for order in ("ASC", "DESC"):
            query: dict[str, str | int] = {"label": word, "sortBy": sort_by, "sortOrder": order}
            for limit in (1, 3):
                found = "".join(made[each] for each in ids_of(newest, "/customers", limit=limit, **query))
                assert found == (expected if order == "ASC" else expected[::-1]), (sort_by, order, limit)
    message = newest.refused("GET", "/customers", status=400, of_type="InvalidQueryParameter", sortBy="MOOD")
    assert "LEGAL_NAME" in message
