"""One account in two APIs: what changes in one is seen in the other.

A customer has an address and people with billing preferences; a Zuora account has a bill-to, a sold-to and a ship-to
contact, each with an address of its own, and additional addresses that get documents. The bill-to contact and the
primary contact of the customer are the same person, the customer's address is that of the bill-to contact, and
recipients besides the primary one are the additional addresses.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.country import country_code, state_code
from seriatim.domain.customer import (
    ADDITIONAL_EMAILS,
    BILL_TO,
    EXEMPT_STATUS,
    MISSING_NAME,
    SHIP_TO,
    SOLD_TO,
    TAX_EXEMPT,
    TAX_INFO,
    TAXED,
    BillingPreference,
    Contact,
    CustomerProfile,
    address_of_contact,
    billing_emails_of,
    derived_id,
    email_of,
    name_of,
    primary_contact_of,
)
from seriatim.domain.particulars import Address

_EXEMPT = "Yes"
_NOT_EXEMPT = "No"
_RECIPIENTS = frozenset({BillingPreference.PRIMARY, BillingPreference.STANDARD})


def with_profile(account: Account, profile: CustomerProfile) -> Account:
    """An account that is this customer, with its Zuora contacts and fields in step."""
    changed = replace(account, profile=profile)
    primary = primary_contact_of(changed) or next((each for each in profile.contacts if each.archived_at is None), None)
    former = account.contacts.get(BILL_TO, {})
    bill_to = _bill_to(changed, former, primary, profile.address)
    contacts = {BILL_TO: bill_to}
    for role in (SOLD_TO, SHIP_TO):
        own = account.contacts.get(role, former)
        contacts[role] = bill_to if own.get("id") == former.get("id") else dict(own)
    others = [email for email in billing_emails_of(changed) if email != bill_to.get("workEmail")]
    fields = dict(account.fields)
    if others or fields.get(ADDITIONAL_EMAILS):
        fields[ADDITIONAL_EMAILS] = others
    fields[TAX_INFO] = _tax_info(fields.get(TAX_INFO) or {}, profile.tax_status)
    if not fields[TAX_INFO]:
        del fields[TAX_INFO]
    return replace(changed, contacts=contacts, fields=fields)


def followed(before: Account, after: Account) -> Account:
    """An account whose contacts or fields were changed as Zuora has them, with its profile, if any, in step."""
    profile = after.profile
    if profile is None:
        return after
    former, bill_to = before.contacts.get(BILL_TO, {}), after.contacts.get(BILL_TO, {})
    if bill_to != former:
        address = address_of_contact(bill_to, profile.address["country"])
        if address != address_of_contact(former, profile.address["country"]):
            profile = replace(profile, address=address)
        profile = replace(profile, contacts=_with_primary(after, former, bill_to, profile.contacts))
    emails = after.fields.get(ADDITIONAL_EMAILS) or []
    if emails != (before.fields.get(ADDITIONAL_EMAILS) or []):
        profile = replace(profile, contacts=_with_recipients(after, [*emails], profile.contacts))
    status = (after.fields.get(TAX_INFO) or {}).get(EXEMPT_STATUS)
    if status == _EXEMPT:
        profile = replace(profile, tax_status=TAX_EXEMPT)
    elif status is not None and profile.tax_status == TAX_EXEMPT:
        profile = replace(profile, tax_status=TAXED)
    return replace(after, profile=profile)


def _bill_to(account: Account, former: Mapping[str, Any], primary: Contact | None, address: Address) -> dict[str, Any]:
    own = dict(former)
    country = country_code(own.get("country") or "")
    places = {
        "address1": address["line1"],
        "address2": address.get("line2"),
        "city": address["town"],
        "postalCode": address["postcode"],
        # What says the same in other words is left as it stands.
        "country": own.get("country") if country == address["country"] else address["country"],
        "state": address.get("state"),
    }
    if state_code(own.get("state") or "", address["country"]) == address.get("state"):
        places["state"] = own.get("state")
    own.pop("zipCode", None)
    person = _person(account.name) if primary is None else {**_person(primary.name), "workEmail": primary.email}
    if primary is None and own.get("firstName"):
        person = {}
    own_id = own.get("id") or derived_id(account.id, BILL_TO)
    found = {**own, **person, **places, "id": own_id if primary is None else primary.id}
    return {name: value for name, value in found.items() if value is not None}


def _person(name: str) -> dict[str, str]:
    """A name as Zuora has it, in two halves, neither of them empty."""
    first, _, last = name.strip().rpartition(" ")
    halves = (first, last) if first else (last, MISSING_NAME)
    return {"firstName": halves[0] or MISSING_NAME, "lastName": halves[1] or MISSING_NAME}


def _tax_info(tax_info: Mapping[str, Any], tax_status: str) -> dict[str, Any]:
    if tax_status == TAX_EXEMPT:
        return {**tax_info, EXEMPT_STATUS: _EXEMPT}
    if tax_info.get(EXEMPT_STATUS) == _EXEMPT:
        return {**tax_info, EXEMPT_STATUS: _NOT_EXEMPT}
    return dict(tax_info)


def _with_primary(
    account: Account, former: Mapping[str, Any], bill_to: Mapping[str, Any], contacts: tuple[Contact, ...]
) -> tuple[Contact, ...]:
    """The contacts with the bill-to contact as a primary one; another one that was it is a recipient no more."""
    at, primary = account.updated_at, BillingPreference.PRIMARY
    own_id, name, email = str(bill_to["id"]), name_of(bill_to), email_of(bill_to)
    found = []
    for contact in contacts:
        changed = contact
        if contact.id == own_id:
            changed = replace(
                contact, name=name, email=email or contact.email, billing_preference=primary, archived_at=None
            )
        elif contact.id == former.get("id"):
            changed = replace(contact, billing_preference=BillingPreference.NONE)
        found.append(contact if changed == contact else replace(changed, updated_at=at))
    if email and own_id not in {contact.id for contact in contacts}:
        found.insert(0, Contact(own_id, name, email, primary, at, at))
    return tuple(found)


def _with_recipients(account: Account, emails: list[str], contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """The contacts with these addresses as the recipients besides the bill-to contact."""
    at, bill_to_id = account.updated_at, account.contacts[BILL_TO]["id"]
    found = []
    for contact in contacts:
        wanted = contact.billing_preference
        if contact.id != bill_to_id and contact.archived_at is None:
            if contact.email in emails and wanted not in _RECIPIENTS:
                wanted = BillingPreference.STANDARD
            elif contact.email not in emails and wanted in _RECIPIENTS:
                wanted = BillingPreference.NONE
        changed = wanted is not contact.billing_preference
        found.append(replace(contact, billing_preference=wanted, updated_at=at) if changed else contact)
    known = {contact.email for contact in contacts if contact.archived_at is None}
    found += [
        Contact(derived_id(account.id, email, at.isoformat()), email, email, BillingPreference.STANDARD, at, at)
        for email in dict.fromkeys(emails)
        if email not in known
    ]
    return tuple(found)
