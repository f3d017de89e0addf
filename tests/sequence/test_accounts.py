"""Customers and accounts are the same: what one API says of them, the other shows."""

import base64
from collections.abc import Callable

import httpx2
import pytest

from tests.api.support import create_account, create_memo, new_memo, refused, unique_letters
from tests.docs.test_sequence import COMMITTED
from tests.sequence.client import ContractApi
from tests.sequence.paging import ids_of
from tests.sequence.support import ADDRESS, RECIPIENT, create_customer, create_invoice, create_note, new_customer
from tests.sequence.test_refusals import archive
from tests.servers import Api, Json, Server

BILL_TO = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "workEmail": "ada@own.example",
    "address1": "12 Square",
    "city": "London",
    "postalCode": "SW1Y 4JH",
    "country": "United Kingdom",
}


def account_of(zuora: Api, key: str) -> Json:
    return zuora.ok("GET", f"/v1/accounts/{key}")


def test_an_account_is_a_customer_in_every_version(sequence: ContractApi, zuora: Api) -> None:
    account_id = create_account(zuora, billToContact=BILL_TO, additionalEmailAddresses=["more@own.example"])
    customer = sequence.get(f"/customers/{account_id}")
    assert (customer["legalName"], customer["taxStatus"]) == ("Analytical Engines", "TAXED")
    assert customer["address"] == {"line1": "12 Square", "town": "London", "postcode": "SW1Y 4JH", "country": "GB"}
    reach = ["ada@own.example", "more@own.example"]
    if sequence.is_newest:
        assert [each["email"] for each in customer["contacts"]] == reach
    else:
        assert (customer["email"], customer["billingEmails"]) == (reach[0], reach)
        assert customer["contactName"] == "Ada Lovelace"
    number = account_of(zuora, account_id)["basicInfo"]["accountNumber"]
    assert sequence.get(f"/customers/{number}") == customer
    note = create_note(sequence, account_id)
    assert (note["customerEmails"], note["customerBillingAddress"]) == (reach, customer["address"])


def test_an_account_that_says_little_is_a_customer_all_the_same(sequence: ContractApi, zuora: Api) -> None:
    contact = {"firstName": "Ada", "lastName": "-", "country": "Nowhere"}
    account_id = create_account(zuora, billToContact=contact)
    customer = sequence.get(f"/customers/{account_id}")
    assert customer["address"] == {"line1": "", "town": "", "postcode": "", "country": "US"}
    assert customer.get("contacts", []) == []
    create_invoice(sequence, account_id)
    assert account_id in ids_of(sequence, "/customers", legalName="Analytical Engines")


def test_a_customer_is_an_account(sequence: ContractApi, zuora: Api) -> None:
    customer = create_customer(sequence, legalName="Engines Ltd", address={**ADDRESS, "line2": "Attic"})
    account = account_of(zuora, customer["id"])
    assert account["basicInfo"]["name"] == "Engines Ltd"
    assert account["billingAndPayment"]["currency"] == "USD"
    bill_to = account["billToContact"]
    assert (bill_to["firstName"], bill_to["lastName"], bill_to["workEmail"]) == ("Ada", "Lovelace", RECIPIENT)
    told = [bill_to[name] for name in ("address1", "address2", "city", "postalCode", "country")]
    assert told == [ADDRESS["line1"], "Attic", ADDRESS["town"], ADDRESS["postcode"], ADDRESS["country"]]
    assert account["soldToContact"] == account["shipToContact"] == bill_to


def test_a_change_there_is_seen_here(sequence: ContractApi, zuora: Api) -> None:
    customer = create_customer(sequence)
    changed = {"lastName": "King", "workEmail": "king@own.example", "city": "Paris", "country": "France"}
    body = {"name": "Renamed", "billToContact": changed, "taxInfo": {"exemptStatus": "Yes"}}
    zuora.ok("PUT", f"/v1/accounts/{customer['id']}", body)
    shown = sequence.get(f"/customers/{customer['id']}")
    assert (shown["legalName"], shown["taxStatus"]) == ("Renamed", "TAX_EXEMPT")
    assert (shown["address"]["town"], shown["address"]["country"]) == ("Paris", "FR")
    contact = shown["contacts"][0] if sequence.is_newest else shown
    assert (contact["email"], contact.get("name", contact.get("contactName"))) == ("king@own.example", "Ada King")


def test_a_change_here_is_seen_there(sequence: ContractApi, zuora: Api) -> None:
    account_id = create_account(zuora, billToContact=BILL_TO, notes="kept")
    body = new_customer(sequence, legalName="Renamed", taxStatus="TAX_EXEMPT")
    sequence.put(f"/customers/{account_id}", body)
    account = account_of(zuora, account_id)
    assert (account["basicInfo"]["name"], account["basicInfo"]["notes"]) == ("Renamed", "kept")
    assert account["taxInfo"]["exemptStatus"] == "Yes"
    assert account["billToContact"]["workEmail"] == RECIPIENT
    assert account["billToContact"]["city"] == ADDRESS["town"]
    assert account["billingAndPayment"]["currency"] == "EUR"


def new_invoice(account_id: str, **fields: str) -> Json:
    items = [
        {"amount": 10, "chargeDate": "2026-03-01T00:00:00", "chargeName": "Hours", "serviceStartDate": "2026-03-01"}
    ]
    return {"accountId": account_id, "invoiceDate": "2026-03-01", "invoiceItems": items, **fields}


def test_an_archived_customer_gets_no_documents_in_the_other_api(newest: ContractApi, zuora: Api) -> None:
    customer_id = create_account(zuora, billToContact=BILL_TO)
    invoice = zuora.ok("POST", "/v1/invoices", new_invoice(customer_id, status="Posted"))
    draft = create_memo(zuora, customer_id)
    archive(newest, customer_id)
    for path, body in (
        ("/v1/invoices", new_invoice(customer_id)),
        ("/v1/credit-memos", new_memo(customer_id)),
        ("/v1/debit-memos", new_memo(customer_id)),
        (f"/v1/credit-memos/invoice/{invoice['id']}", {}),
    ):
        assert "archived" in refused(zuora.post(path, body), 200, 30)
    # What there is may be brought to an end.
    zuora.ok("PUT", f"/v1/credit-memos/{draft['id']}/post")
    zuora.ok("PUT", f"/v1/invoices/{invoice['id']}/reverse", {"memoDate": invoice["invoiceDate"]})


def test_a_customer_without_documents_is_deleted_with_its_aliases(newest: ContractApi, zuora: Api) -> None:
    alias = unique_letters()
    customer = create_customer(newest, customerAliases=[alias])
    zuora.ok("DELETE", f"/v1/accounts/{customer['id']}")
    newest.refused("GET", f"/customers/{customer['id']}", status=404, of_type="NotFound")
    create_customer(newest, customerAliases=[alias])


def test_a_caller_sees_the_customers_of_its_orgs(server: Server, newest: ContractApi) -> None:
    north, south = (f"org {unique_letters()}" for _ in range(2))
    for name in (north, south):
        server.run_cli_json("org", "create", "--entity", "default", "--name", name)
    alias, label = unique_letters(), unique_letters()
    with ContractApi(server.url, server.create_client("issuer", orgs=(north,))) as mine:
        customer_id = create_customer(mine, customerAliases=[alias], label=label)["id"]
        assert mine.get(f"/customers/by-alias/{alias}")["id"] == customer_id
    with ContractApi(server.url, server.create_client("issuer", orgs=(south,))) as theirs:
        for path in (
            f"/customers/{customer_id}",
            f"/customers/by-alias/{alias}",
            f"/customers/{customer_id}/aliases",
            f"/customers/{customer_id}/contacts",
        ):
            theirs.refused("GET", path, status=404, of_type="NotFound")
        body = new_customer(theirs, label=label)
        theirs.refused("PUT", f"/customers/{customer_id}", body, status=404, of_type="NotFound")
        assert ids_of(theirs, "/customers", label=label) == []
    for name, found in ((north, [customer_id]), (south, [])):
        page = newest.ok("GET", "/customers", query={"label": label}, headers={"Seriatim-Orgs": name})
        assert [each["id"] for each in page["items"]] == found


def test_an_entity_is_named_in_a_header(seller: Callable[[], ContractApi], newest: ContractApi) -> None:
    other = seller()
    customer = create_customer(other)
    path = f"/customers/{customer['id']}"
    newest.refused("GET", path, status=404, of_type="NotFound")
    account = create_note(other, customer["id"])["sequenceAccountId"]
    assert newest.ok("GET", path, headers={"Seriatim-Entity": account}) == customer
    answer = newest.call("GET", path, headers={"Seriatim-Entity": "nowhere"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "Forbidden")


def test_an_idempotency_key_answers_again_in_its_own_version(
    server: Server, newest: ContractApi, sequence: ContractApi
) -> None:
    key = {"Idempotency-Key": unique_letters()}
    body = new_customer(sequence, legalName=unique_letters())
    first = sequence.call("POST", "/customers", body, headers=key)
    again = sequence.call("POST", "/customers", body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert len(ids_of(newest, "/customers", legalName=body["legalName"])) == 1
    other = sequence.call("POST", "/customers", {**body, "label": "other"}, headers=key)
    assert (other.status_code, other.json()["error"]["type"]) == (422, "IdempotencyKeyReused")
    admin = server.require_admin()
    login = base64.b64encode(f"{admin.client_id}:{admin.client_secret}".encode()).decode()
    for version in {"2024-01-01", "2024-05-09"} - {sequence.version}:
        headers = {"Authorization": f"Basic {login}", "Sequence-Version": version, **key}
        answer = httpx2.post(f"{server.url}/customers", content=first.request.content, headers=headers)
        assert answer.json()["error"]["type"] in {"IdempotencyKeyReused", "UnknownField"}
        assert answer.headers["sequence-version"] == version


@pytest.mark.parametrize("key", ("", "x" * 256))
def test_an_idempotency_key_has_limits(newest: ContractApi, key: str) -> None:
    body = new_customer(newest)
    answer = newest.call("POST", "/customers", body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "InvalidHeader")


@pytest.mark.parametrize("name", ("after", "before"))
@pytest.mark.parametrize("cursor", ("", "x", "!!!", "bm9uZQ", "WyJhZ2U6IiwiYSJd", "x" * 2001))
def test_what_is_no_cursor_is_refused(newest: ContractApi, name: str, cursor: str) -> None:
    newest.refused("GET", "/customers", status=400, of_type="InvalidQueryParameter", **{name: cursor})


def test_customers_are_sorted_by_name_and_by_their_own_properties(newest: ContractApi) -> None:
    word = unique_letters()
    tiers = {"b": "gold", "a": "base", "c": "gold"}
    made = {
        name: create_customer(newest, legalName=f"{word} {name}", customProperties={"tier": tier})["id"]
        for name, tier in tiers.items()
    }
    by_name = ids_of(newest, "/customers", legalName=word, sortBy="LEGAL_NAME", sortOrder="ASC", limit=2)
    assert by_name == [made["a"], made["b"], made["c"]]
    by_tier = ids_of(newest, "/customers", legalName=word, sortBy="customProperties.tier", sortOrder="ASC", limit=1)
    assert by_tier == [made["a"], made["b"], made["c"]]
    for sort in ("tier", "customProperties.", "legalName"):
        newest.refused("GET", "/customers", status=400, of_type="InvalidQueryParameter", sortBy=sort)


def test_the_document_of_this_api_is_served(server: Server) -> None:
    answer = httpx2.get(f"{server.url}/openapi-sequence.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == COMMITTED
