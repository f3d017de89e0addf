"""`/customers`: the accounts of the register as Sequence knows them, with their contacts and aliases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from seriatim.api.sequence.customer_fields import (
    AliasesView,
    ContactRequest,
    ContactsQuery,
    ContactsView,
    ContactView,
    CreateCustomer20240101,
    CreateCustomer20240509,
    CreatedCustomer20240101,
    Customer20240101,
    Customer20240509,
    CustomerRequest,
    CustomersQuery,
    CustomerView,
    ListedCustomers,
    OlderCustomers,
    OlderRequest,
    UpdateCustomer20240101,
    read_contact,
    read_customer,
    read_older_customer,
    show_20240101,
    show_20240509,
    show_alias,
    show_contact,
    show_customer,
    show_listed,
)
from seriatim.api.sequence.paging import read_cursors, show_pagination
from seriatim.api.sequence.versions import render
from seriatim.auth.permissions import Permission
from seriatim.domain.account import Account
from seriatim.domain.commands.customers import (
    AddContact,
    ArchiveContact,
    ArchiveCustomer,
    ChangeContact,
    CreateCustomer,
    CustomerChange,
    UpdateCustomer,
)
from seriatim.domain.customer import CUSTOM_PROPERTIES, contacts_of, fallback_country
from seriatim.domain.sequence_version import Version
from seriatim.domain.snapshot import Needs
from seriatim.errors import InvalidQuery, NotFound
from seriatim.http.endpoint import Call, Endpoint, Reply
from seriatim.service.account_pages import AccountPage, AccountQuery, AccountSort

_SORTS = {"CREATED_AT": AccountSort.AGE, "LEGAL_NAME": AccountSort.NAME}
_PROPERTY_PREFIX = f"{CUSTOM_PROPERTIES}."


async def list_customers(call: Call[None, CustomersQuery]) -> Reply:
    """List customers, newest first unless another order is asked for; archived ones only on request.

    Raises: InvalidQuery.
    """
    query = call.query
    sort, property_name = _read_sort(query.sort_by)
    order = f"{sort}:{property_name}"
    after, before = read_cursors(query, order)
    page = AccountPage([], None, None, 0)
    # A customer's billing is active while it has a billing schedule. There are none here, so all are inactive.
    if query.billing_status != "ACTIVE":
        page = await call.edge.store.list_accounts(
            AccountQuery(
                entity_id=call.caller.entity_id,
                org_ids=call.caller.org_ids,
                name_contains=query.legal_name,
                email=query.email,
                alias=query.alias,
                label=query.label,
                includes_archived=query.include_archived,
                sort=sort,
                property_name=property_name,
                descends=query.descends,
                after=after,
                before=before,
                limit=query.limit,
            )
        )
    fallback = await _fallback(call)
    pagination = show_pagination(page.before, page.after, page.total, order)
    answer: msgspec.Struct
    if call.api_version == Version.V2024_07_30:
        answer = ListedCustomers(items=[show_listed(each, fallback) for each in page.accounts], pagination=pagination)
    else:
        items = [_show(call, each, fallback) for each in page.accounts]
        answer = OlderCustomers(items=items, pagination=pagination)
    return Reply(200, render(call, answer))


async def create_customer(call: Call[CustomerRequest, None]) -> Reply:
    """Create a customer: an account in the seller's currency, which the Zuora API shows as well.

    Raises: InvalidValue, BrokenRule.
    """
    return await _create(call, read_customer(call.body, call.edge.ids.new_id, call.edge.clock.now()))


async def create_older_customer(call: Call[OlderRequest, None]) -> Reply:
    """Create a customer as an older version has it.

    Raises: InvalidValue, BrokenRule.
    """
    return await _create(call, read_older_customer(call.body, call.edge.ids.new_id, call.edge.clock.now()))


async def get_customer(call: Call[None, None]) -> Reply:
    """Retrieve a customer by its id, or by its account number.

    Raises: NotFound.
    """
    account = await _find(call, call.path_params["id"])
    return Reply(200, render(call, _show(call, account, await _fallback(call))))


async def get_customer_by_alias(call: Call[None, None]) -> Reply:
    """Retrieve a customer by one of its aliases.

    Raises: NotFound.
    """
    entity_id, value = call.caller.entity_id, call.path_params["alias"]
    snapshot = await call.edge.store.read(Needs(aliases={(entity_id, value)}, merchants={entity_id}))
    alias = snapshot.aliases.get((entity_id, value))
    account = None if alias is None else snapshot.accounts.get(alias.account_id)
    if account is None or not call.caller.sees(account.org_id):
        raise NotFound("customer with the alias", value, "check the alias")
    show = show_20240101 if call.api_version == Version.V2024_01_01 else show_20240509
    return Reply(200, render(call, show(account, fallback_country(snapshot.merchant(entity_id)))))


async def update_customer(call: Call[CustomerRequest, None]) -> Reply:
    """Update a customer. What is left out stays as it is; contacts and aliases that are given replace all others.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    return await _update(call, read_customer(call.body, call.edge.ids.new_id, call.edge.clock.now()))


async def update_older_customer(call: Call[OlderRequest, None]) -> Reply:
    """Update a customer as an older version has it.

    Raises: InvalidValue, NotFound, BrokenRule.
    """
    return await _update(call, read_older_customer(call.body, call.edge.ids.new_id, call.edge.clock.now()))


async def archive_customer(call: Call[None, None]) -> Reply:
    """Archive a customer: it gets no new documents, and lists leave it out.

    Raises: NotFound.
    """
    fallback = await _fallback(call)
    command = ArchiveCustomer(scope=call.caller, key=call.path_params["id"])
    return await call.write(command, lambda account: render(call, _show(call, account, fallback)))


async def list_aliases(call: Call[None, None]) -> Reply:
    """List the aliases of a customer.

    Raises: NotFound.
    """
    account = await _find(call, call.path_params["id"])
    key = (account.entity_id, account.id)
    snapshot = await call.edge.store.read(Needs(accounts={key}, aliases_of={key}))
    found = sorted(snapshot.aliases, key=lambda alias: (alias.created_at, alias.id))
    return Reply(200, render(call, AliasesView(items=[show_alias(each) for each in found])))


async def list_contacts(call: Call[None, ContactsQuery]) -> Reply:
    """List the contacts of a customer.

    Raises: NotFound.
    """
    account = await _find(call, call.path_params["customer"])
    found = [each for each in contacts_of(account) if call.query.include_archived or each.archived_at is None]
    return Reply(200, render(call, ContactsView(items=[show_contact(each) for each in found])))


async def add_contact(call: Call[ContactRequest, None]) -> Reply:
    """Give a customer one more contact.

    Raises: InvalidValue, NotFound.
    """
    contact = read_contact(call.body, call.edge.ids.new_id())
    command = AddContact(scope=call.caller, key=call.path_params["customer"], contact=contact)
    return await call.write(command, lambda added: render(call, show_contact(added)))


async def change_contact(call: Call[ContactRequest, None]) -> Reply:
    """Change a contact of a customer.

    Raises: InvalidValue, NotFound.
    """
    contact = read_contact(call.body, call.path_params["id"])
    command = ChangeContact(scope=call.caller, key=call.path_params["customer"], contact=contact)
    return await call.write(command, lambda changed: render(call, show_contact(changed)))


async def archive_contact(call: Call[None, None]) -> Reply:
    """Archive a contact: it gets no more documents.

    Raises: InvalidValue, NotFound.
    """
    params = call.path_params
    command = ArchiveContact(scope=call.caller, key=params["customer"], contact_id=params["id"])
    return await call.write(command, lambda archived: render(call, show_contact(archived)))


async def _create(call: Call[Any, None], change: CustomerChange) -> Reply:
    command = CreateCustomer(scope=call.caller, account_id=call.edge.ids.new_id(), change=change)

    def present(account: Account) -> bytes:
        if call.api_version == Version.V2024_01_01:
            return render(call, CreatedCustomer20240101(customer=show_20240101(account, None)))
        return render(call, _show(call, account, None))

    return await call.write(command, present)


async def _update(call: Call[Any, None], change: CustomerChange) -> Reply:
    command = UpdateCustomer(scope=call.caller, key=call.path_params["id"], change=change)
    return await call.write(command, lambda account: render(call, _show(call, account, None)))


async def _find(call: Call[Any, Any], key: str) -> Account:
    account = await call.edge.store.find_account(call.caller.entity_id, key, call.caller.org_ids)
    if account is None:
        raise NotFound("customer", key, "check the id")
    return account


async def _fallback(call: Call[Any, Any]) -> str | None:
    """The country of addresses that lack one."""
    entity_id = call.caller.entity_id
    snapshot = await call.edge.store.read(Needs(merchants={entity_id}))
    return fallback_country(snapshot.merchant(entity_id))


_SHOWN: Mapping[str, Callable[[Account, str | None], msgspec.Struct]] = {
    Version.V2024_01_01: show_20240101,
    Version.V2024_05_09: show_20240509,
    Version.V2024_07_30: show_customer,
}


def _show(call: Call[Any, Any], account: Account, fallback: str | None) -> msgspec.Struct:
    return _SHOWN[call.api_version](account, fallback)


def _read_sort(sort_by: str | None) -> tuple[AccountSort, str]:
    """What to sort by, with the name of a custom property.

    Raises: InvalidQuery.
    """
    if sort_by is None:
        return AccountSort.AGE, ""
    if sort_by in _SORTS:
        return _SORTS[sort_by], ""
    name = sort_by.removeprefix(_PROPERTY_PREFIX)
    if name in ("", sort_by):
        rule = f"sort by {', '.join(_SORTS)} or {_PROPERTY_PREFIX} with the name of a property"
        raise InvalidQuery("sortBy", sort_by, rule)
    return AccountSort.PROPERTY, name


_TAG = "Customers"
_CREATE = Endpoint(
    method="POST",
    path="/customers",
    operation_id="postCustomers",
    summary="Create a customer",
    handler=create_customer,
    permission=Permission.ISSUE,
    body=CustomerRequest,
    answer=CustomerView,
    success_status=201,
    tag=_TAG,
)
_UPDATE = Endpoint(
    method="PUT",
    path="/customers/{id}",
    operation_id="putCustomersById",
    summary="Update a customer",
    handler=update_customer,
    permission=Permission.ISSUE,
    body=CustomerRequest,
    answer=CustomerView,
    tag=_TAG,
)
_OLDER_CREATE = replace(_CREATE, handler=create_older_customer)
_OLDER_UPDATE = replace(_UPDATE, handler=update_older_customer)

ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/customers",
        operation_id="getCustomers",
        summary="List customers",
        handler=list_customers,
        permission=Permission.READ,
        query=CustomersQuery,
        answer=ListedCustomers,
        tag=_TAG,
    ),
    _CREATE,
    Endpoint(
        method="GET",
        path="/customers/{id}",
        operation_id="getCustomersById",
        summary="Retrieve a customer",
        handler=get_customer,
        permission=Permission.READ,
        answer=CustomerView,
        tag=_TAG,
    ),
    _UPDATE,
    Endpoint(
        method="DELETE",
        path="/customers/{id}",
        operation_id="deleteCustomersById",
        summary="Archive a customer",
        handler=archive_customer,
        permission=Permission.ISSUE,
        answer=Customer20240509,
        tag=_TAG,
    ),
    Endpoint(
        method="PUT",
        path="/customers/{id}/archive",
        operation_id="putCustomersByIdArchive",
        summary="Archive a customer",
        handler=archive_customer,
        permission=Permission.ISSUE,
        answer=Customer20240509,
        tag=_TAG,
    ),
    Endpoint(
        method="POST",
        path="/customers/{id}/archive",
        operation_id="postCustomersByIdArchive",
        summary="Archive a customer",
        handler=archive_customer,
        permission=Permission.ISSUE,
        answer=CustomerView,
        tag=_TAG,
    ),
    Endpoint(
        method="GET",
        path="/customers/{id}/aliases",
        operation_id="getCustomersByIdAliases",
        summary="List the aliases of a customer",
        handler=list_aliases,
        permission=Permission.READ,
        answer=AliasesView,
        tag=_TAG,
    ),
    Endpoint(
        method="GET",
        path="/customers/by-alias/{alias}",
        operation_id="getCustomersByAliasByAlias",
        summary="Retrieve a customer by an alias",
        handler=get_customer_by_alias,
        permission=Permission.READ,
        answer=Customer20240509,
        tag=_TAG,
    ),
    Endpoint(
        method="GET",
        path="/customers/{customer}/contacts",
        operation_id="getCustomersByCustomerContacts",
        summary="List the contacts of a customer",
        handler=list_contacts,
        permission=Permission.READ,
        query=ContactsQuery,
        answer=ContactsView,
        tag=_TAG,
    ),
    Endpoint(
        method="POST",
        path="/customers/{customer}/contacts",
        operation_id="postCustomersByCustomerContacts",
        summary="Create a contact",
        handler=add_contact,
        permission=Permission.ISSUE,
        body=ContactRequest,
        answer=ContactView,
        success_status=201,
        tag=_TAG,
    ),
    Endpoint(
        method="PUT",
        path="/customers/{customer}/contacts/{id}",
        operation_id="putCustomersByCustomerContactsById",
        summary="Update a contact",
        handler=change_contact,
        permission=Permission.ISSUE,
        body=ContactRequest,
        answer=ContactView,
        tag=_TAG,
    ),
    Endpoint(
        method="POST",
        path="/customers/{customer}/contacts/{id}/archive",
        operation_id="postCustomersByCustomerContactsByIdArchive",
        summary="Archive a contact",
        handler=archive_contact,
        permission=Permission.ISSUE,
        answer=ContactView,
        tag=_TAG,
    ),
]
OLDER: Mapping[Version, Sequence[Endpoint]] = {
    Version.V2024_01_01: [
        replace(_OLDER_CREATE, body=CreateCustomer20240101, answer=CreatedCustomer20240101),
        replace(_OLDER_UPDATE, body=UpdateCustomer20240101, answer=Customer20240101),
    ],
    Version.V2024_05_09: [
        replace(_OLDER_CREATE, body=CreateCustomer20240509, answer=Customer20240509),
        replace(_OLDER_UPDATE, body=CreateCustomer20240509, answer=Customer20240509),
    ],
}
"""What differs in older versions."""
