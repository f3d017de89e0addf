"""What an account is as a customer: its address, the people to write to, the names others know it by."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seriatim.domain.country import country_code, state_code
from seriatim.domain.merchant import Merchant
from seriatim.domain.particulars import RECIPIENTS_MAX, Address, Particulars

if TYPE_CHECKING:
    # An account carries its profile, so at run time the import goes that way alone.
    from seriatim.domain.account import Account

CONTACTS_MAX = 100
"""Contacts of one customer."""
ALIASES_MAX = 50
"""Aliases of one customer."""
ALIAS_CHARACTERS_MAX = 255
DEFAULT_COUNTRY = "US"
"""The country of an address that names none, where not even the seller's own is known."""
ADDRESS_REQUIRED = frozenset({"line1", "town", "postcode", "country"})

TAXED = "TAXED"
TAX_EXEMPT = "TAX_EXEMPT"

BILL_TO = "billToContact"
SOLD_TO = "soldToContact"
SHIP_TO = "shipToContact"
MISSING_NAME = "-"
"""Stands for the half of a name that Zuora requires and the customer does not have."""
ADDITIONAL_EMAILS = "additionalEmailAddresses"
CUSTOM_PROPERTIES = "customProperties"
TAX_INFO = "taxInfo"
TAX_ID = "VATId"
EXEMPT_STATUS = "exemptStatus"

_ADDRESS_FIELDS = ("address1", "address2", "city", "postalCode", "zipCode", "country")


class BillingPreference(StrEnum):
    """Whether documents are sent to a contact."""

    PRIMARY = "PRIMARY"
    STANDARD = "STANDARD"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to write to."""

    id: str
    name: str
    email: str
    billing_preference: BillingPreference
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfile:
    """What a customer made through Sequence's API carries besides what every account has."""

    address: Address
    tax_status: str
    """TAXED, TAX_EXEMPT or REVERSE_CHARGED."""
    url: str | None = None
    label: str | None = None
    contacts: tuple[Contact, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor documents and Seriatim does not act on."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name by which others know a customer, unique in its entity."""

    id: str
    entity_id: str
    account_id: str
    value: str
    created_at: datetime


def address_of(account: "Account", fallback: str | None = None) -> Address:
    """Where an account's documents are addressed to: its own address as a customer, else its bill-to contact's.

    `fallback` (two letters) stands for a country that is missing or that nobody knows.
    """
    if account.profile is not None:
        return account.profile.address
    return address_of_contact(account.contacts.get(BILL_TO, {}), fallback)


def shipping_address_of(account: "Account", fallback: str | None = None) -> Address:
    """Where goods go: the address of the ship-to contact, where it has one of its own, else the billing address."""
    contact = account.contacts.get(SHIP_TO, {})
    if not any(contact.get(name) for name in _ADDRESS_FIELDS):
        return address_of(account, fallback)
    return address_of_contact(contact, fallback)


def contacts_of(account: "Account") -> tuple[Contact, ...]:
    """The people of an account: those it was given as a customer, else its contacts that have an e-mail address.

    Zuora sends documents to the bill-to contact and to the additional addresses, so those count as recipients.
    """
    if account.profile is not None:
        return account.profile.contacts
    found: dict[str, Contact] = {}
    for role in (BILL_TO, SOLD_TO, SHIP_TO):
        contact = account.contacts.get(role, {})
        email = email_of(contact)
        if email and contact["id"] not in found:
            preference = BillingPreference.PRIMARY if role == BILL_TO else BillingPreference.NONE
            found[contact["id"]] = _known_contact(account, contact["id"], name_of(contact), email, preference)
    for email in account.fields.get(ADDITIONAL_EMAILS) or ():
        contact_id = derived_id(account.id, email)
        found[contact_id] = _known_contact(account, contact_id, email, email, BillingPreference.STANDARD)
    return tuple(found.values())


def billing_emails_of(account: "Account") -> tuple[str, ...]:
    """The addresses that documents are sent to, each once, the primary contact's first."""
    recipients = [each for each in contacts_of(account) if each.archived_at is None]
    ordered = [
        each.email
        for preference in (BillingPreference.PRIMARY, BillingPreference.STANDARD)
        for each in recipients
        if each.billing_preference is preference
    ]
    return tuple(dict.fromkeys(ordered))


def primary_contact_of(account: "Account") -> Contact | None:
    """The contact that documents are made out to, if there is one."""
    for contact in contacts_of(account):
        if contact.billing_preference is BillingPreference.PRIMARY and contact.archived_at is None:
            return contact
    return None


def tax_id_of(account: "Account") -> str | None:
    """The account's VAT id or other tax number, if one was given."""
    tax_info = account.fields.get(TAX_INFO) or {}
    return tax_info.get(TAX_ID) or None


def tax_status_of(account: "Account") -> str:
    """TAXED, TAX_EXEMPT or REVERSE_CHARGED."""
    if account.profile is not None:
        return account.profile.tax_status
    tax_info = account.fields.get(TAX_INFO) or {}
    return TAX_EXEMPT if tax_info.get(EXEMPT_STATUS) == "Yes" else TAXED


def particulars_of(account: "Account", fallback: str | None = None) -> Particulars:
    """What a new document copies from its account: whom it is made out to, where, and who gets it."""
    return Particulars(
        customer_name=account.name,
        billing_address=address_of(account, fallback),
        shipping_address=shipping_address_of(account, fallback),
        emails=billing_emails_of(account)[:RECIPIENTS_MAX],
        customer_tax_id=tax_id_of(account),
        purchase_order_number=account.fields.get("purchaseOrderNumber") or None,
    )


def profile_of(account: "Account", fallback: str | None = None) -> CustomerProfile:
    """What an account is as a customer: what it was given, or what follows from its contacts."""
    if account.profile is not None:
        return account.profile
    return CustomerProfile(
        address=address_of(account, fallback),
        tax_status=tax_status_of(account),
        contacts=contacts_of(account),
    )


def fallback_country(merchant: Merchant) -> str | None:
    """The country that stands for one that a customer's address lacks: the seller's own, if it has said one."""
    country: str | None = (merchant.details.get("address") or {}).get("country")
    return country


def address_of_contact(contact: Mapping[str, Any], fallback: str | None) -> Address:
    """The address of a Zuora contact in Sequence's terms; `fallback` stands for a country that is missing."""
    country = country_code(contact.get("country") or "") or fallback or DEFAULT_COUNTRY
    address = {
        "line1": contact.get("address1") or "",
        "line2": contact.get("address2") or "",
        "town": contact.get("city") or "",
        "state": state_code(contact.get("state") or "", country) or "",
        "postcode": contact.get("postalCode") or contact.get("zipCode") or "",
        "country": country,
    }
    return {name: value for name, value in address.items() if value or name in ADDRESS_REQUIRED}


def email_of(contact: Mapping[str, Any]) -> str:
    """The address that a Zuora contact is written to, empty where it has none."""
    return contact.get("workEmail") or contact.get("personalEmail") or ""


def name_of(contact: Mapping[str, Any]) -> str:
    """The whole name of a Zuora contact; what stands for a missing half is left out."""
    halves = (contact.get("firstName"), contact.get("lastName"))
    return " ".join(half for half in halves if half and half != MISSING_NAME)


def _known_contact(
    account: "Account", contact_id: str, name: str, email: str, preference: BillingPreference
) -> Contact:
    return Contact(contact_id, name, email, preference, account.created_at, account.updated_at)


def derived_id(*parts: str) -> str:
    """An id of 32 hexadecimal characters that is always the same for the same parts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
