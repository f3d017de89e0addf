"""Creating, updating and deleting accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from seriatim.domain.account import (
    ACCOUNT_NUMBER_PREFIX,
    Account,
    check_account_name,
    check_account_number,
    check_contact,
)
from seriatim.domain.client import Scope
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.customer_sync import followed
from seriatim.domain.money import check_currency
from seriatim.domain.numbering import format_number, ordinal_of
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, MissingField, NotFound, Rule

ACCOUNT_NUMBER_COUNTER = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount(ScopedCommand[Account]):
    """Create an account. Without a number it gets the next free `A…`."""

    account_id: str
    number: str | None
    name: str
    currency: str
    set_key: str | None
    """Id, number or name of the sequence set; None leaves the account to DEFAULT."""
    set_field: str = "sequenceSetId"
    """What the request calls the field that named the set."""
    org_key: str | None = None
    """Id or name of the org that labels the account."""
    contacts: Mapping[str, Mapping[str, Any]]
    fields: Mapping[str, Any]

    def __post_init__(self) -> None:
        check_account_name(self.name)
        check_currency(self.currency)
        if self.number is not None:
            check_account_number(self.number)
        for role, contact in self.contacts.items():
            check_contact(contact, role, is_whole=True)

    def needs(self, needs: Needs) -> None:
        """The set, the org, and the account that has the number already."""
        entity_id = self.scope.entity_id
        needs.counters.add((entity_id, ACCOUNT_NUMBER_COUNTER))
        if self.number is not None:
            needs.accounts.add((entity_id, self.number))
        if self.set_key is not None:
            needs.sequence_sets.add((entity_id, self.set_key))
        if self.org_key is not None:
            needs.orgs.add((entity_id, self.org_key))

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: BrokenRule, for a number that is taken; InvalidValue, for a set or org that does not exist."""
        entity_id = self.scope.entity_id
        if self.number is not None and snapshot.accounts.find((entity_id, self.number)) is not None:
            message = f"an account numbered {self.number!r} exists already; choose another number or leave it out"
            raise BrokenRule(Rule.ACCOUNT_NUMBER_TAKEN, message)
        account = Account(
            id=self.account_id,
            entity_id=entity_id,
            org_id=self._org_id(snapshot),
            number=self._number(snapshot),
            name=self.name,
            currency=self.currency,
            sequence_set_id=_set_id(snapshot, entity_id, self.set_key, self.set_field),
            contacts=self.contacts,
            fields=self.fields,
            created_at=at,
            created_by=self.scope.actor_id,
            updated_at=at,
            updated_by=self.scope.actor_id,
        )
        snapshot.accounts.put(account.id, account)
        return account

    def _number(self, snapshot: Snapshot) -> str:
        counter = (self.scope.entity_id, ACCOUNT_NUMBER_COUNTER)
        if self.number is None:
            return format_number(ACCOUNT_NUMBER_PREFIX, snapshot.count(*counter))
        ordinal = ordinal_of(ACCOUNT_NUMBER_PREFIX, self.number)
        if ordinal is not None and ordinal >= (snapshot.counters.get(counter) or 1):
            # A number that a caller gave in the form `A…` moves the counter past it, so that it never meets it.
            snapshot.counters.put(counter, ordinal + 1)
        return self.number

    def _org_id(self, snapshot: Snapshot) -> str | None:
        visible = self.scope.org_ids
        if self.org_key is not None:
            entity_id = self.scope.entity_id
            org = snapshot.orgs.get(self.org_key) or snapshot.orgs.find((entity_id, self.org_key))
            if org is None or org.entity_id != entity_id or not self.scope.sees(org.id):
                rule = "give the name or id of an org that you may use"
                raise InvalidValue("organizationLabel", self.org_key, rule)
            return org.id
        if visible is None:
            return None
        if len(visible) != 1:
            raise MissingField("organizationLabel", "you may use several orgs; name the one this account belongs to")
        return next(iter(visible))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAccount(ScopedCommand[Account]):
    """Change an account in part. Contacts and fields are merged key by key; None leaves a part as it is."""

    key: str
    name: str | None = None
    set_key: str | None = None
    """The empty string takes the set away, so that DEFAULT numbers again."""
    contacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contact_ids: Mapping[str, str] = field(default_factory=dict)
    """Role of a contact to the id of another contact of the same account, which takes that role too."""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None:
            check_account_name(self.name)
        for role, contact in self.contacts.items():
            check_contact(contact, role, is_whole=False)

    def needs(self, needs: Needs) -> None:
        """The account and the set."""
        needs.accounts.add((self.scope.entity_id, self.key))
        if self.set_key:
            needs.sequence_sets.add((self.scope.entity_id, self.set_key))

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: NotFound; InvalidValue, for a set or contact that does not exist."""
        account = find_account(snapshot, self.scope, self.key)
        changed = followed(account, self._changed(snapshot, account, at))
        snapshot.accounts.put(changed.id, changed)
        return changed

    def _changed(self, snapshot: Snapshot, account: Account, at: datetime) -> Account:
        return replace(
            account,
            name=account.name if self.name is None else self.name,
            sequence_set_id=self._set_id(snapshot, account),
            contacts=self._contacts(account),
            fields={**account.fields, **self.fields},
            updated_at=at,
            updated_by=self.scope.actor_id,
        )

    def _set_id(self, snapshot: Snapshot, account: Account) -> str | None:
        if self.set_key is None:
            return account.sequence_set_id
        return _set_id(snapshot, account.entity_id, self.set_key or None, "sequenceSetId")

    def _contacts(self, account: Account) -> dict[str, Mapping[str, Any]]:
        contacts = dict(account.contacts)
        for role, contact_id in self.contact_ids.items():
            named = [contact for contact in account.contacts.values() if contact["id"] == contact_id]
            if not named:
                raise InvalidValue(f"{role}Id", contact_id, "give the id of a contact of this account")
            contacts[role] = named[0]
        for role, contact in self.contacts.items():
            before = contacts.get(role, {})
            contacts[role] = {**contact, **before, **{name: value for name, value in contact.items() if name != "id"}}
        return contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAccount(ScopedCommand[Account]):
    """Delete an account that has no documents."""

    alone: ClassVar[bool] = True
    key: str

    def needs(self, needs: Needs) -> None:
        """The account with its aliases, and whether it has documents."""
        needs.accounts.add((self.scope.entity_id, self.key))
        needs.aliases_of.add((self.scope.entity_id, self.key))
        needs.accounts_with_documents.add((self.scope.entity_id, self.key))

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: NotFound; BrokenRule, for an account with documents."""
        account = find_account(snapshot, self.scope, self.key)
        if account.id in snapshot.accounts_with_documents:
            raise BrokenRule(
                Rule.ACCOUNT_HAS_DOCUMENTS,
                f"the account {account.number} has documents, which are kept; only an account without any can be "
                "deleted",
            )
        for alias in [alias for alias in snapshot.aliases if alias.account_id == account.id]:
            snapshot.aliases.remove((alias.entity_id, alias.value))
        snapshot.accounts.remove(account.id)
        return account


def find_account(snapshot: Snapshot, scope: Scope, key: str) -> Account:
    """The account of this id or number that the caller sees.

    Raises: NotFound.
    """
    account = snapshot.account(scope.entity_id, key)
    if account is None or not scope.sees(account.org_id):
        raise NotFound("account", key)
    return account


def _set_id(snapshot: Snapshot, entity_id: str, set_key: str | None, set_field: str) -> str | None:
    if set_key is None:
        return None
    found = snapshot.sequence_set(entity_id, set_key)
    if found is None:
        raise InvalidValue(set_field, set_key, "no such sequence set exists; GET /v1/sequence-sets lists them")
    return found.id
