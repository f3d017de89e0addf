"""What customers look like on the wire: what is taken and shown, in each of the three versions."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, UnsetType

from seriatim.api.sequence.paging import PagedQuery, Pagination
from seriatim.api.sequence.wire import (
    AddressRequest,
    AddressView,
    Answer,
    Email,
    Emails,
    ExternalId,
    Id,
    IntegrationService,
    Request,
    RequiredText255,
    TaxStatus,
    Text40,
    Text255,
    Text500,
    maybe,
    maybe_time,
    read_address,
    read_email,
    show_address,
    show_time,
)
from seriatim.domain.account import Account
from seriatim.domain.commands.customers import CustomerChange, MainContact, NewAlias, NewContact
from seriatim.domain.customer import (
    ALIAS_CHARACTERS_MAX,
    ALIASES_MAX,
    CONTACTS_MAX,
    CUSTOM_PROPERTIES,
    Alias,
    BillingPreference,
    Contact,
    address_of,
    billing_emails_of,
    contacts_of,
    tax_status_of,
)
from seriatim.errors import InvalidValue, within

INTEGRATION_IDS_MAX = 50
CUSTOM_PROPERTIES_MAX = 50
INTEGRATION_IDS = "integrationIds"
TELEPHONE = "telephone"
ACTIVE = "ACTIVE"

AliasText = Annotated[str, Meta(min_length=1, max_length=ALIAS_CHARACTERS_MAX)]
Aliases = Annotated[list[AliasText], Meta(max_length=ALIASES_MAX)]
PropertyName = Annotated[str, Meta(min_length=1, max_length=100)]
CustomProperties = Annotated[dict[PropertyName, Text500], Meta(max_length=CUSTOM_PROPERTIES_MAX)]


class ContactRequest(Request, kw_only=True):
    """Somebody to write to."""

    name: RequiredText255
    email: Email
    billing_preference: BillingPreference


Contacts = Annotated[list[ContactRequest], Meta(max_length=CONTACTS_MAX)]


class IntegrationIdRequest(Request, kw_only=True):
    """The id of the customer in another service. When it was synced is not acted on."""

    service: IntegrationService
    id: Text255
    last_synced: Text40 | None = None
    is_pending: bool | None = None


IntegrationIds = Annotated[list[IntegrationIdRequest], Meta(max_length=INTEGRATION_IDS_MAX)]
ExternalIds = Annotated[list[ExternalId], Meta(max_length=INTEGRATION_IDS_MAX)]


class CustomerRequest(Request, kw_only=True):
    """A customer as the newest version takes it, on creation and update."""

    legal_name: RequiredText255
    address: AddressRequest
    tax_status: TaxStatus
    contacts: Contacts
    url: Text500 | None = None
    label: Text255 | None = None
    customer_aliases: Aliases | None = None
    integration_ids: IntegrationIds | None = None
    parent_id: Id | None = None
    push_to_integrations: list[Literal["Xero"]] | None = None
    status: Literal["DRAFT", "ACTIVE"] | None = None
    custom_properties: CustomProperties | None = None


class _OlderRequest(Request, kw_only=True):
    """What both older versions take."""

    legal_name: RequiredText255
    contact_name: Text255 | None = None
    address: AddressRequest
    email: Email
    telephone: Text40 | None = None
    url: Text500 | None = None
    label: Text255 | None = None
    customer_aliases: Aliases | None = None


class CreateCustomer20240509(_OlderRequest, kw_only=True):
    """A customer as version 2024-05-09 takes it, on creation and update."""

    billing_emails: Emails
    tax_status: TaxStatus
    integration_ids: IntegrationIds | None = None


class CreateCustomer20240101(_OlderRequest, kw_only=True):
    """A customer as version 2024-01-01 takes it on creation."""

    billing_emails: Emails
    tax_status: TaxStatus = TaxStatus.TAXED
    external_ids: ExternalIds | None = None


class UpdateCustomer20240101(_OlderRequest, kw_only=True):
    """A customer as version 2024-01-01 takes it on update."""

    billing_emails: Emails | None = None
    tax_status: TaxStatus
    external_ids: ExternalIds | None = None


OlderRequest = CreateCustomer20240509 | CreateCustomer20240101 | UpdateCustomer20240101


class CustomersQuery(PagedQuery, kw_only=True):
    """Filters of the list."""

    sort_by: Annotated[str, Meta(max_length=200)] | None = None
    legal_name: Text255 | None = None
    email: Email | None = None
    alias: Text255 | None = None
    label: Text255 | None = None
    include_archived: bool = False
    billing_status: Literal["ACTIVE", "INACTIVE"] | None = None


class ContactsQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Which contacts to list."""

    include_archived: bool = False


class IntegrationIdView(Answer, kw_only=True):
    """The id of the customer in another service."""

    service: str
    id: str
    is_pending: bool = False


class ExternalIdView(Answer, kw_only=True):
    """The same as version 2024-01-01 shows it; the time is when it was given."""

    key: str
    value: str
    sync_time: str


class ContactView(Answer, kw_only=True):
    """Somebody to write to."""

    id: str
    name: str
    email: str
    billing_preference: str
    created_at: str
    updated_at: str
    archived_at: str | UnsetType = UNSET


class ContactsView(Answer, kw_only=True):
    """All contacts of a customer."""

    items: list[ContactView]


class AliasView(Answer, kw_only=True):
    """A name by which others know a customer."""

    id: str
    sequence_account_id: str
    customer_id: str
    value: str
    created_at: str


class AliasesView(Answer, kw_only=True):
    """All aliases of a customer."""

    items: list[AliasView]


class MemberView(Answer, kw_only=True):
    """A customer of an organization."""

    id: str
    name: str


class OrganizationView(Answer, kw_only=True):
    """A customer above others, with those."""

    id: str
    owner: MemberView
    members: list[MemberView]


class ListedCustomer(Answer, kw_only=True):
    """A customer as the newest version lists it."""

    id: str
    created_at: str
    organizations: list[OrganizationView]
    legal_name: str
    address: AddressView
    url: str | UnsetType = UNSET
    domain: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    integration_ids: list[IntegrationIdView]
    archived_at: str | UnsetType = UNSET
    tax_status: str
    custom_properties: dict[str, str]


class CustomerView(ListedCustomer, kw_only=True):
    """A customer as the newest version shows it."""

    contacts: list[ContactView]
    status: str


class Customer20240509(Answer, kw_only=True):
    """A customer as version 2024-05-09 shows it, and the newest one by alias."""

    id: str
    created_at: str
    legal_name: str
    contact_name: str | UnsetType = UNSET
    address: AddressView
    email: str
    telephone: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    integration_ids: list[IntegrationIdView]
    archived_at: str | UnsetType = UNSET
    billing_emails: list[str]
    tax_status: str


class Customer20240101(Answer, kw_only=True):
    """A customer as version 2024-01-01 shows it."""

    id: str
    created_at: str
    sequence_account_id: str
    legal_name: str
    contact_name: str | UnsetType = UNSET
    address: AddressView
    email: str
    billing_emails: list[str]
    telephone: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    tax_status: str
    label: str | UnsetType = UNSET
    external_ids: list[ExternalIdView]
    archived_at: str | UnsetType = UNSET


class CreatedCustomer20240101(Answer, kw_only=True):
    """The answer of version 2024-01-01 to a creation."""

    customer: Customer20240101


class ListedCustomers(Answer, kw_only=True):
    """A page of customers."""

    items: list[ListedCustomer]
    pagination: Pagination


class OlderCustomers(Answer, kw_only=True):
    """A page of customers as the older versions list them."""

    items: list[Any]
    pagination: Pagination


def read_customer(body: CustomerRequest, new_id: Callable[[], str], at: datetime) -> CustomerChange:
    """What a request of the newest version says of a customer.

    Raises: InvalidValue.
    """
    if body.push_to_integrations:
        rule = "no integration is linked here; leave this field out"
        raise InvalidValue("pushToIntegrations", ", ".join(body.push_to_integrations), rule)
    if body.status is not None and body.status != ACTIVE:
        rule = "customers made through an API are ACTIVE at once; leave this field out"
        raise InvalidValue("status", body.status, rule)
    contacts = []
    for position, each in enumerate(body.contacts):
        with within(f"contacts[{position}]"):
            contacts.append(read_contact(each, new_id()))
    if all(each.billing_preference is not BillingPreference.PRIMARY for each in contacts):
        raise InvalidValue("contacts", "no PRIMARY contact", "at least one contact must be PRIMARY")
    if len({each.email for each in contacts}) < len(contacts):
        raise InvalidValue("contacts", "an e-mail address given twice", "give each address once")
    fields: dict[str, Any] = {}
    if body.integration_ids is not None:
        fields[INTEGRATION_IDS] = [_kept_id(each.service, each.id, at) for each in body.integration_ids]
    if body.custom_properties is not None:
        fields[CUSTOM_PROPERTIES] = body.custom_properties
    return CustomerChange(
        name=body.legal_name,
        address=read_address(body.address, "address"),
        tax_status=body.tax_status,
        url=body.url,
        label=body.label,
        contacts=tuple(contacts),
        aliases=_read_aliases(body.customer_aliases, new_id),
        parent_key=body.parent_id,
        fields=fields,
    )


def read_older_customer(body: OlderRequest, new_id: Callable[[], str], at: datetime) -> CustomerChange:
    """What a request of an older version says of a customer.

    Raises: InvalidValue.
    """
    fields: dict[str, Any] = {}
    if isinstance(body, CreateCustomer20240509):
        if body.integration_ids is not None:
            fields[INTEGRATION_IDS] = [_kept_id(each.service, each.id, at) for each in body.integration_ids]
    elif body.external_ids is not None:
        fields[INTEGRATION_IDS] = [_kept_id(each.key, each.value, at) for each in body.external_ids]
    if body.telephone is not None:
        fields[TELEPHONE] = body.telephone
    main = NewContact(new_id(), body.contact_name or "", read_email(body.email, "email"), BillingPreference.PRIMARY)
    recipients = None
    if body.billing_emails is not None:
        recipients = tuple(
            NewContact(new_id(), email, read_email(email, f"billingEmails[{position}]"), BillingPreference.STANDARD)
            for position, email in enumerate(body.billing_emails)
        )
    return CustomerChange(
        name=body.legal_name,
        address=read_address(body.address, "address"),
        tax_status=body.tax_status,
        url=body.url,
        label=body.label,
        contacts=MainContact(main, recipients),
        aliases=_read_aliases(body.customer_aliases, new_id),
        fields=fields,
    )


def read_contact(contact: ContactRequest, contact_id: str) -> NewContact:
    """A contact as it is given.

    Raises: InvalidValue.
    """
    return NewContact(contact_id, contact.name, read_email(contact.email, "email"), contact.billing_preference)


def show_customer(account: Account, fallback: str | None) -> CustomerView:
    """A customer as the newest version shows it; `fallback` stands for a country that nobody knows."""
    contacts = [show_contact(each) for each in contacts_of(account) if each.archived_at is None]
    listed = show_listed(account, fallback)
    parts = {name: getattr(listed, name) for name in listed.__struct_fields__}
    return CustomerView(**parts, contacts=contacts, status=ACTIVE)


def show_listed(account: Account, fallback: str | None) -> ListedCustomer:
    """A customer as the newest version lists it."""
    profile = account.profile
    url = None if profile is None else profile.url
    properties = {} if profile is None else profile.fields.get(CUSTOM_PROPERTIES, {})
    return ListedCustomer(
        id=account.id,
        created_at=show_time(account.created_at),
        organizations=[],
        legal_name=account.name,
        address=show_address(address_of(account, fallback)),
        url=maybe(url),
        domain=maybe(_domain_of(url)),
        label=UNSET if profile is None else maybe(profile.label),
        integration_ids=[IntegrationIdView(service=each["service"], id=each["id"]) for each in _ids_of(account)],
        archived_at=maybe_time(account.archived_at),
        tax_status=tax_status_of(account),
        custom_properties=properties,
    )


def show_20240509(account: Account, fallback: str | None) -> Customer20240509:
    """A customer as version 2024-05-09 shows it."""
    return Customer20240509(
        **_older(account, fallback),
        integration_ids=[IntegrationIdView(service=each["service"], id=each["id"]) for each in _ids_of(account)],
    )


def show_20240101(account: Account, fallback: str | None) -> Customer20240101:
    """A customer as version 2024-01-01 shows it."""
    return Customer20240101(
        **_older(account, fallback),
        sequence_account_id=account.entity_id,
        external_ids=[
            ExternalIdView(key=each["service"], value=each["id"], sync_time=each["givenAt"])
            for each in _ids_of(account)
        ],
    )


def show_contact(contact: Contact) -> ContactView:
    """A contact as answers show it."""
    return ContactView(
        id=contact.id,
        name=contact.name,
        email=contact.email,
        billing_preference=contact.billing_preference,
        created_at=show_time(contact.created_at),
        updated_at=show_time(contact.updated_at),
        archived_at=maybe_time(contact.archived_at),
    )


def show_alias(alias: Alias) -> AliasView:
    """An alias as answers show it."""
    return AliasView(
        id=alias.id,
        sequence_account_id=alias.entity_id,
        customer_id=alias.account_id,
        value=alias.value,
        created_at=show_time(alias.created_at),
    )


def _older(account: Account, fallback: str | None) -> dict[str, Any]:
    """What both older versions show: of the contacts the first, and the addresses of the recipients."""
    profile = account.profile
    main = next((each for each in contacts_of(account) if each.archived_at is None), None)
    return {
        "id": account.id,
        "created_at": show_time(account.created_at),
        "legal_name": account.name,
        "contact_name": UNSET if main is None or not main.name else main.name,
        "address": show_address(address_of(account, fallback)),
        "email": "" if main is None else main.email,
        "billing_emails": list(billing_emails_of(account)),
        "telephone": UNSET if profile is None else profile.fields.get(TELEPHONE, UNSET),
        "url": UNSET if profile is None else maybe(profile.url),
        "tax_status": tax_status_of(account),
        "label": UNSET if profile is None else maybe(profile.label),
        "archived_at": maybe_time(account.archived_at),
    }


def _ids_of(account: Account) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [] if account.profile is None else account.profile.fields.get(INTEGRATION_IDS, [])
    return found


def _kept_id(service: IntegrationService, value: str, at: datetime) -> dict[str, str]:
    return {"service": service.value, "id": value, "givenAt": show_time(at)}


def _read_aliases(aliases: list[str] | None, new_id: Callable[[], str]) -> tuple[NewAlias, ...] | None:
    if aliases is None:
        return None
    return tuple(NewAlias(new_id(), value) for value in dict.fromkeys(aliases))


def _domain_of(url: str | None) -> str | None:
    """The domain name within an address of the web, if that is what it is."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return None if host is None else host.removeprefix("www.")
