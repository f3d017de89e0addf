"""Accounts: every documented field is kept and read back, and those that Seriatim acts on do what they say."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.support import create_account, create_memo, create_set, new_account, post_memo, refused, unique_letters
from tests.servers import Api, Json

ACCOUNTS = "/v1/accounts"

CONTACT: Json = {
    "address1": "12 St James's Square",
    "address2": "2nd floor",
    "city": "London",
    "country": "United Kingdom",
    "county": "Middlesex",
    "fax": "+44 20 1",
    "firstName": "Ada",
    "homePhone": "+44 20 2",
    "lastName": "Lovelace",
    "mobilePhone": "+44 20 3",
    "nickname": "Enchantress",
    "otherPhone": "+44 20 4",
    "otherPhoneType": "Work",
    "personalEmail": "ada@example.com",
    "state": "England",
    "taxRegion": "UK",
    "workEmail": "ada@engines.example",
    "workPhone": "+44 20 5",
    "zipCode": "SW1Y 4JH",
}
TAX_INFO: Json = {
    "VATId": "GB123456789",
    "companyCode": "ENG",
    "exemptCertificateId": "C-1",
    "exemptCertificateType": "T",
    "exemptDescription": "a scholar",
    "exemptEffectiveDate": "2026-01-01",
    "exemptEntityUseCode": "E",
    "exemptExpirationDate": "2026-12-31",
    "exemptIssuingJurisdiction": "London",
    "exemptStatus": "Yes",
}
EINVOICE_PROFILE: Json = {
    "businessName": "Engines Ltd",
    "businessNumber": "0123",
    "businessNumberSchemeId": "0060",
    "enabled": True,
    "endpointId": "0060:123",
    "endpointSchemeId": "0060",
    "taxRegisterNumber": "7",
}
NETSUITE: Json = {
    "Class__NS": "class",
    "CustomerType__NS": "Company",
    "Department__NS": "department",
    "IntegrationId__NS": "id",
    "IntegrationStatus__NS": "status",
    "Location__NS": "location",
    "Subsidiary__NS": "subsidiary",
    "SyncDate__NS": "2026-03-01",
    "SynctoNetSuite__NS": "Yes",
}
BILLING: Json = {
    "additionalEmailAddresses": ["one@example.com", "two@example.com"],
    "autoPay": False,
    "billCycleDay": 31,
    "invoiceDeliveryPrefsEmail": True,
    "invoiceDeliveryPrefsPrint": False,
    "paymentGateway": "Gateway",
    "paymentTerm": "Net 30",
}
BASIC: Json = {
    "batch": "Batch1",
    "communicationProfileId": "c1",
    "creditMemoTemplateId": "t1",
    "crmId": "crm1",
    "debitMemoTemplateId": "t2",
    "invoiceTemplateId": "t3",
    "notes": "a good customer",
    "parentId": "p1",
    "partnerAccount": False,
    "profileNumber": "EP-1",
    "salesRep": "Mr Babbage",
    "tagging": "engine",
    **NETSUITE,
}
ONLY_ON_CREATION: Json = {
    "applicationOrder": ["CreditMemo", "UnappliedPayment"],
    "applyCredit": False,
    "applyCreditBalance": False,
    "collect": False,
    "creditMemoReasonCode": "Delay",
    "documentDate": "2026-03-01",
    "hpmCreditCardPaymentMethodId": "h1",
    "invoice": False,
    "invoiceCollect": False,
    "invoiceTargetDate": "2026-03-31",
    "runBilling": False,
    "subscription": {"termType": "EVERGREEN", "contractEffectiveDate": "2026-03-01", "notes": "kept"},
    "targetDate": "2026-03-31",
}
ONLY_ON_UPDATE_BASIC: Json = {"customerServiceRepName": "Mr Menabrea", "purchaseOrderNumber": "PO-1"}
ONLY_ON_UPDATE_BILLING: Json = {"defaultPaymentMethodId": "pm1"}


def read(api: Api, key: str) -> Json:
    return api.ok("GET", f"{ACCOUNTS}/{key}")


def without_id(contact: Json) -> Json:
    return {name: value for name, value in contact.items() if name != "id"}


def part(whole: Json, names: Json) -> Json:
    return {name: whole.get(name) for name in names}


def test_every_documented_field_of_a_creation_reads_back(api: Api) -> None:
    number = unique_letters()
    sold_to = {**CONTACT, "firstName": "Charles", "lastName": "Babbage"}
    body = {
        "accountNumber": number,
        "name": "Analytical Engines",
        "currency": "GBP",
        "billToContact": CONTACT,
        "soldToContact": sold_to,
        "taxInfo": TAX_INFO,
        "einvoiceProfile": EINVOICE_PROFILE,
        **BASIC,
        **BILLING,
        **ONLY_ON_CREATION,
    }
    created = api.ok("POST", ACCOUNTS, body)
    assert created["accountNumber"] == number
    found = read(api, number)
    basic, billing = found["basicInfo"], found["billingAndPayment"]
    assert part(basic, BASIC) == BASIC
    assert part(basic, ONLY_ON_CREATION) == ONLY_ON_CREATION
    assert billing == {"currency": "GBP", **BILLING}
    assert (basic["id"], basic["accountNumber"], basic["name"]) == (created["accountId"], number, "Analytical Engines")
    assert (basic["status"], basic["sequenceSetId"]) == ("Active", None)
    assert without_id(found["billToContact"]) == CONTACT
    assert without_id(found["soldToContact"]) == sold_to
    assert found["billToContact"]["id"] == created["billToContactId"]
    assert found["soldToContact"]["id"] == created["soldToContactId"] != created["billToContactId"]
    assert found["taxInfo"] == TAX_INFO
    assert found["einvoiceProfile"] == EINVOICE_PROFILE


def test_every_documented_field_of_an_update_reads_back(api: Api) -> None:
    account_id = create_account(api)
    changes = {
        "name": "Difference Engines",
        "billToContact": CONTACT,
        "soldToContact": {**CONTACT, "firstName": "Charles"},
        "taxInfo": TAX_INFO,
        "einvoiceProfile": EINVOICE_PROFILE,
        **BASIC,
        **BILLING,
        **ONLY_ON_UPDATE_BASIC,
        **ONLY_ON_UPDATE_BILLING,
    }
    assert api.ok("PUT", f"{ACCOUNTS}/{account_id}", changes) == {"success": True}
    found = read(api, account_id)
    assert found["basicInfo"]["name"] == "Difference Engines"
    assert part(found["basicInfo"], {**BASIC, **ONLY_ON_UPDATE_BASIC}) == {**BASIC, **ONLY_ON_UPDATE_BASIC}
    assert found["billingAndPayment"] == {"currency": "EUR", **BILLING, **ONLY_ON_UPDATE_BILLING}
    assert without_id(found["billToContact"]) == CONTACT
    assert without_id(found["soldToContact"]) == {**CONTACT, "firstName": "Charles"}
    assert found["taxInfo"] == TAX_INFO
    assert found["einvoiceProfile"] == EINVOICE_PROFILE


def test_an_update_changes_what_it_names_and_nothing_else(api: Api) -> None:
    number = unique_letters()
    account_id = create_account(api, accountNumber=number, notes="first", crmId="crm1", billToContact=CONTACT)
    before = read(api, account_id)
    api.ok("PUT", f"{ACCOUNTS}/{number}", {"notes": "second", "billToContact": {"city": "Paris"}})
    after = read(api, account_id)
    assert after["basicInfo"] == {**before["basicInfo"], "notes": "second"}
    assert after["billToContact"] == {**before["billToContact"], "city": "Paris"}
    assert after["billingAndPayment"] == before["billingAndPayment"]
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {})
    assert read(api, account_id) == after
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"notes": ""})
    assert not read(api, account_id)["basicInfo"].get("notes")


@pytest.mark.parametrize("value", ("text", "", 7, Decimal("1.10"), True, None, ["a", 1], {"a": {"b": [1]}}, "x" * 5000))
def test_custom_fields_are_kept_as_they_are(api: Api, value: Any) -> None:
    contact = {**CONTACT, "badge__c": value}
    account_id = create_account(api, region__c=value, billToContact=contact)
    for _ in range(2):
        found = read(api, account_id)
        assert found["basicInfo"]["region__c"] == value
        assert found["billToContact"]["badge__c"] == value
        api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"region__c": value, "billToContact": {"badge__c": value}})
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"tier__c": "gold"})
    found = read(api, account_id)["basicInfo"]
    assert (found["region__c"], found["tier__c"]) == (value, "gold")


def test_a_custom_field_nested_out_of_reason_is_refused(api: Api) -> None:
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    assert "nested" in refused(api.post(ACCOUNTS, new_account(region__c=deep)), 400, 90)
    assert "nested" in refused(api.post(ACCOUNTS, new_account(subscription={"a": deep})), 400, 90)


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("Colour__NS", "blue"),
        ("CustomerType__NS", "Robot"),
        ("Class__NS", "x" * 256),
        ("SynctoNetSuite__NS", True),
        ("colour", "blue"),
        ("_c", 1),
        ("region__C", 1),
    ),
)
def test_a_field_that_the_vendor_does_not_know_is_refused(api: Api, field: str, value: object) -> None:
    known = field in {"CustomerType__NS", "Class__NS", "SynctoNetSuite__NS"}
    assert refused(api.post(ACCOUNTS, new_account(**{field: value})), 400, 20 if known else 21).startswith(f"{field}: ")


def test_the_other_contacts_are_the_bill_to_contact_unless_they_are_given(api: Api) -> None:
    created = api.ok("POST", ACCOUNTS, new_account(billToContact=CONTACT))
    assert created["soldToContactId"] == created["shipToContactId"] == created["billToContactId"]
    found = read(api, created["accountId"])
    assert found["soldToContact"] == found["shipToContact"] == found["billToContact"]
    ship_to = {"firstName": "Charles", "lastName": "Babbage"}
    created = api.ok("POST", ACCOUNTS, new_account(billToContact=CONTACT, shipToContact=ship_to))
    found = read(api, created["accountId"])
    assert without_id(found["shipToContact"]) == ship_to
    assert created["shipToContactId"] != created["billToContactId"] == created["soldToContactId"]
    api.ok("PUT", f"{ACCOUNTS}/{created['accountId']}", {"soldToContactId": created["shipToContactId"]})
    assert read(api, created["accountId"])["soldToContact"] == found["shipToContact"]


def test_an_account_gets_a_number_when_none_is_given(entity: Api) -> None:
    numbers = [entity.ok("POST", ACCOUNTS, new_account())["accountNumber"] for _ in range(2)]
    assert numbers == ["A00000001", "A00000002"]
    given = entity.ok("POST", ACCOUNTS, new_account(accountNumber="A00000009"))
    assert given["accountNumber"] == "A00000009"
    assert entity.ok("POST", ACCOUNTS, new_account())["accountNumber"] == "A00000010"


def test_a_number_that_is_taken_is_refused(api: Api) -> None:
    number = unique_letters()
    create_account(api, accountNumber=number)
    assert number in refused(api.post(ACCOUNTS, new_account(accountNumber=number)), 200, 30)


@pytest.mark.parametrize("name", ("😀", "\u202eright to left", "'; DROP TABLE x; --", "x" * 255))
def test_any_name_is_kept(api: Api, name: str) -> None:
    account_id = create_account(api, name=name)
    assert read(api, account_id)["basicInfo"]["name"] == name


def test_a_name_with_a_character_that_no_column_keeps_is_refused(api: Api) -> None:
    body = {**new_account(), "name": "nul\x00inside"}
    assert "name" in refused(api.post(ACCOUNTS, body), 400, 20)
    assert "name" in refused(api.put(f"{ACCOUNTS}/{create_account(api)}", {"name": "\x00"}), 400, 20)


def test_a_set_is_given_by_id_number_or_name_and_cleared_by_an_empty_text(api: Api) -> None:
    made = create_set(api)
    for key in (made["id"], made["name"], made["sequenceSetNumber"]):
        account_id = create_account(api, sequenceSetId=key)
        assert read(api, account_id)["basicInfo"]["sequenceSetId"] == made["id"]
    account_id = create_account(api, sequenceSetName=made["name"])
    assert read(api, account_id)["basicInfo"]["sequenceSetId"] == made["id"]
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"notes": "the set stays"})
    assert read(api, account_id)["basicInfo"]["sequenceSetId"] == made["id"]
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"sequenceSetId": ""})
    assert read(api, account_id)["basicInfo"]["sequenceSetId"] is None
    api.ok("PUT", f"{ACCOUNTS}/{account_id}", {"sequenceSetId": made["name"]})
    assert read(api, account_id)["basicInfo"]["sequenceSetId"] == made["id"]
    both = new_account(sequenceSetId=made["id"], sequenceSetName=made["name"])
    assert refused(api.post(ACCOUNTS, both), 400, 20).startswith("sequenceSetName: ")


@pytest.mark.parametrize("field", ("creditCard", "paymentMethod"))
def test_payment_credentials_are_refused_and_not_repeated(api: Api, field: str) -> None:
    card = {"cardNumber": "4111111111111111", "securityCode": "737", "cardType": "Visa"}
    answer = api.post(ACCOUNTS, new_account(**{field: card}))
    assert refused(answer, 400, 20).startswith(f"{field}: ")
    assert "4111" not in answer.text
    assert "737" not in answer.json()["reasons"][0]["message"]


def test_an_account_without_documents_is_deleted(api: Api) -> None:
    number = unique_letters()
    account_id = create_account(api, accountNumber=number)
    deleted = api.ok("DELETE", f"{ACCOUNTS}/{number}")
    assert (deleted["id"], deleted["jobStatus"]) == (account_id, "Completed")
    assert len(deleted["jobId"]) == 32
    for key in (account_id, number):
        refused(api.get(f"{ACCOUNTS}/{key}"), 404, 40)
        refused(api.put(f"{ACCOUNTS}/{key}", {"name": "x"}), 404, 40)
        refused(api.delete(f"{ACCOUNTS}/{key}"), 404, 40)
    assert create_account(api, accountNumber=number) != account_id


def test_an_account_with_documents_is_kept(api: Api) -> None:
    account_id = create_account(api)
    draft = create_memo(api, account_id)["id"]
    refused(api.delete(f"{ACCOUNTS}/{account_id}"), 200, 30)
    api.ok("PUT", f"/v1/credit-memos/{draft}/cancel")
    refused(api.delete(f"{ACCOUNTS}/{account_id}"), 200, 30)
    api.ok("DELETE", f"/v1/credit-memos/{draft}")
    assert api.ok("DELETE", f"{ACCOUNTS}/{account_id}")["id"] == account_id
    account_id = create_account(api)
    post_memo(api, account_id)
    refused(api.delete(f"{ACCOUNTS}/{account_id}"), 200, 30)
    assert read(api, account_id)["basicInfo"]["id"] == account_id
