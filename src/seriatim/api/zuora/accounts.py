"""`/v1/accounts`: create, retrieve, update in part, delete."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.zuora.account_fields import (
    BILL_TO,
    BILLING_FIELDS,
    SHIP_TO,
    SOLD_TO,
    ChangedContact,
    CreateAccountRequest,
    NewContact,
    UpdateAccountRequest,
)
from seriatim.api.zuora.account_summary import Metrics, basic_info_of, metrics_of
from seriatim.api.zuora.envelope import WORKING_ORG_HEADER
from seriatim.api.zuora.wire import Answer, Succeeded, encode, given_custom_fields, given_fields
from seriatim.auth.permissions import Permission
from seriatim.domain.account import Account
from seriatim.domain.commands.accounts import CreateAccount, DeleteAccount, UpdateAccount
from seriatim.errors import InvalidValue, NotFound
from seriatim.http.endpoint import Call, Endpoint, Reply
from seriatim.service.ports import OpenAmount

PAYMENT_CREDENTIALS = ("credit_card", "payment_method")
_ACTED_ON = (
    "name",
    "currency",
    "account_number",
    "sequence_set_id",
    "sequence_set_name",
    "organization_label",
    "bill_to_contact",
    "bill_to_contact_id",
    "sold_to_contact",
    "sold_to_contact_id",
    "sold_to_same_as_bill_to",
    "ship_to_contact",
    "ship_to_contact_id",
    "ship_to_same_as_bill_to",
    "custom_fields",
    *PAYMENT_CREDENTIALS,
)


class CreatedAccount(Answer, kw_only=True):
    """The answer to a creation."""

    success: bool = True
    account_id: str
    account_number: str
    bill_to_contact_id: str
    sold_to_contact_id: str
    ship_to_contact_id: str


class AccountView(Answer, kw_only=True):
    """An account as it is read: the sections that Zuora documents, with every field that was given."""

    success: bool = True
    basic_info: dict[str, Any]
    billing_and_payment: dict[str, Any]
    bill_to_contact: dict[str, Any]
    sold_to_contact: dict[str, Any]
    ship_to_contact: dict[str, Any]
    metrics: Metrics
    metrics_data: list[Metrics]
    tax_info: dict[str, Any] | UnsetType = UNSET
    einvoice_profile: dict[str, Any] | UnsetType = UNSET
    e_reporting_profile: dict[str, Any] | UnsetType = UNSET


class DeletedAccount(Answer, kw_only=True):
    """The answer to a deletion. Zuora runs a job; here it is completed when it is answered."""

    success: bool = True
    id: str
    job_id: str
    job_status: str = "Completed"


async def create_account(call: Call[CreateAccountRequest, None]) -> Reply:
    """Create an account with its bill-to contact; the other contacts are the same unless they are given.

    Raises: InvalidValue, BrokenRule.
    """
    body = call.body
    for name in PAYMENT_CREDENTIALS:
        if getattr(body, name) is not None:
            rule = "no payment credentials are kept here; leave this field out"
            raise InvalidValue("creditCard" if name == "credit_card" else "paymentMethod", "a payment method", rule)
    bill_to = _contact(call.edge.ids.new_id(), body.bill_to_contact)
    contacts = {
        BILL_TO: bill_to,
        SOLD_TO: bill_to if body.sold_to_contact is None else _contact(call.edge.ids.new_id(), body.sold_to_contact),
        SHIP_TO: bill_to if body.ship_to_contact is None else _contact(call.edge.ids.new_id(), body.ship_to_contact),
    }
    if body.sequence_set_id and body.sequence_set_name:
        rule = "give sequenceSetId or sequenceSetName, not both"
        raise InvalidValue("sequenceSetName", body.sequence_set_name, rule)
    command = CreateAccount(
        scope=call.caller,
        account_id=call.edge.ids.new_id(),
        number=body.account_number or None,
        name=body.name,
        currency=body.currency,
        set_key=body.sequence_set_id or body.sequence_set_name or None,
        set_field="sequenceSetId" if body.sequence_set_id else "sequenceSetName",
        org_key=body.organization_label or call.header(WORKING_ORG_HEADER.lower().encode()),
        contacts=contacts,
        fields={**given_fields(body, *_ACTED_ON), **given_custom_fields(body.custom_fields)},
    )
    return await call.write(command, _present_created)


async def get_account(call: Call[None, None]) -> Reply:
    """Retrieve an account by its id or number, with its balances.

    Raises: NotFound.
    """
    key = call.path_params["key"]
    account = await call.edge.store.find_account(call.caller.entity_id, key, call.caller.org_ids)
    if account is None:
        raise NotFound("account", key)
    return Reply(200, encode(_view(account, await call.edge.store.list_open_amounts(account.id))))


async def update_account(call: Call[UpdateAccountRequest, None]) -> Reply:
    """Update an account in part.

    Raises: InvalidValue, NotFound.
    """
    body = call.body
    changed = {BILL_TO: body.bill_to_contact, SOLD_TO: body.sold_to_contact, SHIP_TO: body.ship_to_contact}
    ids = {BILL_TO: body.bill_to_contact_id, SOLD_TO: body.sold_to_contact_id, SHIP_TO: body.ship_to_contact_id}
    command = UpdateAccount(
        scope=call.caller,
        key=call.path_params["key"],
        name=body.name,
        set_key=body.sequence_set_id,
        contacts={
            role: _contact(call.edge.ids.new_id(), contact) for role, contact in changed.items() if contact is not None
        },
        contact_ids={role: contact_id for role, contact_id in ids.items() if contact_id},
        fields={**given_fields(body, *_ACTED_ON), **given_custom_fields(body.custom_fields)},
    )
    return await call.write(command, lambda _: encode(Succeeded()))


async def delete_account(call: Call[None, None]) -> Reply:
    """Delete an account that has no documents.

    Raises: NotFound, BrokenRule.
    """
    command = DeleteAccount(scope=call.caller, key=call.path_params["key"])
    job_id = call.edge.ids.new_id()
    return await call.write(command, lambda account: encode(DeletedAccount(id=account.id, job_id=job_id)))


def _contact(contact_id: str, contact: NewContact | ChangedContact) -> dict[str, Any]:
    custom = given_custom_fields(contact.custom_fields)
    return {"id": contact_id, **given_fields(contact, "custom_fields"), **custom}


def _present_created(account: Account) -> bytes:
    return encode(
        CreatedAccount(
            account_id=account.id,
            account_number=account.number,
            bill_to_contact_id=account.contacts[BILL_TO]["id"],
            sold_to_contact_id=account.contacts[SOLD_TO]["id"],
            ship_to_contact_id=account.contacts[SHIP_TO]["id"],
        )
    )


def _view(account: Account, open_amounts: list[OpenAmount]) -> AccountView:
    kept = account.fields
    metrics = metrics_of(account, open_amounts)
    return AccountView(
        basic_info=basic_info_of(account),
        billing_and_payment={"currency": account.currency, **_chosen(kept, BILLING_FIELDS)},
        bill_to_contact=dict(account.contacts[BILL_TO]),
        sold_to_contact=dict(account.contacts[SOLD_TO]),
        ship_to_contact=dict(account.contacts[SHIP_TO]),
        metrics=metrics[0],
        metrics_data=metrics,
        tax_info=kept.get("taxInfo", UNSET),
        einvoice_profile=kept.get("einvoiceProfile", UNSET),
        e_reporting_profile=kept.get("eReportingProfile", UNSET),
    )


def _chosen(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in names}


ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/v1/accounts",
        operation_id="POST_Account",
        summary="Create an account",
        handler=create_account,
        permission=Permission.ISSUE,
        body=CreateAccountRequest,
        answer=CreatedAccount,
        tag="Accounts",
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{key}",
        operation_id="GET_Account",
        summary="Retrieve an account",
        handler=get_account,
        permission=Permission.READ,
        answer=AccountView,
        tag="Accounts",
    ),
    Endpoint(
        method="PUT",
        path="/v1/accounts/{key}",
        operation_id="PUT_Account",
        summary="Update an account",
        handler=update_account,
        permission=Permission.ISSUE,
        body=UpdateAccountRequest,
        answer=Succeeded,
        tag="Accounts",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/accounts/{key}",
        operation_id="DELETE_Account",
        summary="Delete an account",
        handler=delete_account,
        permission=Permission.ISSUE,
        answer=DeletedAccount,
        tag="Accounts",
    ),
]
