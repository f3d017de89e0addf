"""Accounts as customers: their address, the people to write to, and the names by which others know them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from seriatim.domain.account import Account, check_kept_text
from seriatim.domain.client import Scope
from seriatim.domain.commands.accounts import CreateAccount, find_account
from seriatim.domain.commands.base import ScopedCommand
from seriatim.domain.customer import (
    ALIASES_MAX,
    CONTACTS_MAX,
    Alias,
    BillingPreference,
    Contact,
    CustomerProfile,
    contacts_of,
    fallback_country,
    profile_of,
)
from seriatim.domain.customer_sync import with_profile
from seriatim.domain.particulars import Address
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InternalError, InvalidValue, NotFound, Rule


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact as it is given. One with the e-mail address of a contact there is already takes its place."""

    id: str
    name: str
    email: str
    billing_preference: BillingPreference


@dataclass(frozen=True, slots=True)
class MainContact:
    """The people of a customer as the older versions of Sequence's API have them: one by name, the others addresses.

    Contacts that get no documents are not seen there, so they stay.
    """

    contact: NewContact
    """Its name is empty where it keeps the one that it has."""
    recipients: tuple[NewContact, ...] | None
    """Who gets documents, the main contact among them or not; None: as it is."""


@dataclass(frozen=True, slots=True)
class NewAlias:
    """An alias as it is given, with the id that it gets if it is new."""

    id: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """What is said about a customer. None leaves a part as it is."""

    name: str
    address: Address
    tax_status: str
    url: str | None = None
    label: str | None = None
    contacts: "tuple[NewContact, ...] | MainContact | None" = None
    """They take the place of all that there are."""
    aliases: tuple[NewAlias, ...] | None = None
    """They take the place of all that there are."""
    parent_key: str | None = None
    """Id or number of the account above."""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kept_text(self.name, "legalName")
        for alias in self.aliases or ():
            check_kept_text(alias.value, "customerAliases")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer(ScopedCommand[Account]):
    """Create an account as a customer. Its currency is the seller's, its number the next free `A…`."""

    account_id: str
    change: CustomerChange

    def needs(self, needs: Needs) -> None:
        """The seller, the counter, the account above, and whose the aliases are."""
        self._creation("").needs(needs)
        needs.merchants.add(self.scope.entity_id)
        _change_needs(needs, self.scope, self.change)

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: BrokenRule, for an alias of another customer; InvalidValue, for contacts, aliases and parents."""
        merchant = snapshot.merchant(self.scope.entity_id)
        account = self._creation(merchant.currency).decide(snapshot, at)
        return _change(snapshot, self.scope, account, self.change, at)

    def _creation(self, currency: str) -> CreateAccount:
        return CreateAccount(
            scope=self.scope,
            account_id=self.account_id,
            number=None,
            name=self.change.name,
            currency=currency or "USD",
            set_key=None,
            contacts={},
            fields={},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer(ScopedCommand[Account]):
    """Change what is said about a customer, in whichever API it was made."""

    key: str
    change: CustomerChange

    def needs(self, needs: Needs) -> None:
        """The account with its aliases, the seller, the account above, and whose the new aliases are."""
        _customer_needs(needs, self.scope, self.key)
        _change_needs(needs, self.scope, self.change)

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: NotFound; BrokenRule, for an alias of another customer; InvalidValue."""
        account = find_account(snapshot, self.scope, self.key)
        return _change(snapshot, self.scope, account, self.change, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCustomer(ScopedCommand[Account]):
    """Archive a customer: it gets no new documents, and lists leave it out. Archiving it again changes nothing."""

    key: str

    def needs(self, needs: Needs) -> None:
        """The account."""
        needs.accounts.add((self.scope.entity_id, self.key))

    def decide(self, snapshot: Snapshot, at: datetime) -> Account:
        """Raises: NotFound."""
        account = find_account(snapshot, self.scope, self.key)
        if account.archived_at is not None:
            return account
        archived = replace(account, archived_at=at, updated_at=at, updated_by=self.scope.actor_id)
        snapshot.accounts.put(archived.id, archived)
        return archived


@dataclass(frozen=True, slots=True, kw_only=True)
class AddContact(ScopedCommand[Contact]):
    """Give a customer one more contact."""

    key: str
    contact: NewContact

    def needs(self, needs: Needs) -> None:
        """The account and the seller."""
        _customer_needs(needs, self.scope, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> Contact:
        """Raises: NotFound; InvalidValue, for one contact too many, or a recipient without a primary one."""
        account = find_account(snapshot, self.scope, self.key)
        given = self.contact
        added = Contact(given.id, given.name, given.email, given.billing_preference, at, at)
        _keep_contacts(snapshot, self.scope, account, (*contacts_of(account), added), at)
        return added


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeContact(ScopedCommand[Contact]):
    """Change a contact of a customer."""

    key: str
    contact: NewContact
    """Its id is that of the contact that changes."""

    def needs(self, needs: Needs) -> None:
        """The account and the seller."""
        _customer_needs(needs, self.scope, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> Contact:
        """Raises: NotFound; InvalidValue, where it would leave recipients without a primary contact."""
        account = find_account(snapshot, self.scope, self.key)
        given = self.contact
        changed = replace(
            find_contact(account, given.id),
            name=given.name,
            email=given.email,
            billing_preference=given.billing_preference,
            updated_at=at,
        )
        _keep_contacts(snapshot, self.scope, account, _replaced(contacts_of(account), changed), at)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContact(ScopedCommand[Contact]):
    """Archive a contact: it gets no more documents. Archiving it again changes nothing."""

    key: str
    contact_id: str

    def needs(self, needs: Needs) -> None:
        """The account and the seller."""
        _customer_needs(needs, self.scope, self.key)

    def decide(self, snapshot: Snapshot, at: datetime) -> Contact:
        """Raises: NotFound; InvalidValue, where it would leave recipients without a primary contact."""
        account = find_account(snapshot, self.scope, self.key)
        contact = find_contact(account, self.contact_id)
        if contact.archived_at is not None:
            return contact
        archived = replace(contact, archived_at=at, updated_at=at)
        _keep_contacts(snapshot, self.scope, account, _replaced(contacts_of(account), archived), at)
        return archived


def find_contact(account: Account, contact_id: str) -> Contact:
    """The contact of this id, archived or not.

    Raises: NotFound.
    """
    for contact in contacts_of(account):
        if contact.id == contact_id:
            return contact
    raise NotFound("contact", contact_id, "GET /customers/{customer}/contacts lists them")


def _customer_needs(needs: Needs, scope: Scope, key: str) -> None:
    needs.accounts.add((scope.entity_id, key))
    needs.aliases_of.add((scope.entity_id, key))
    needs.merchants.add(scope.entity_id)


def _change_needs(needs: Needs, scope: Scope, change: CustomerChange) -> None:
    needs.aliases.update((scope.entity_id, alias.value) for alias in change.aliases or ())
    if change.parent_key is not None:
        needs.accounts.add((scope.entity_id, change.parent_key))


def _change(snapshot: Snapshot, scope: Scope, account: Account, change: CustomerChange, at: datetime) -> Account:
    before = profile_of(account, fallback_country(snapshot.merchant(account.entity_id)))
    contacts = before.contacts
    if isinstance(change.contacts, MainContact):
        contacts = _new_contacts(_from_main(change.contacts, account, before.contacts), before.contacts, at)
    elif change.contacts is not None:
        contacts = _new_contacts(change.contacts, before.contacts, at)
    _check_contacts(contacts, "contacts")
    if change.aliases is not None:
        _put_aliases(snapshot, account, change.aliases, at)
    profile = CustomerProfile(
        address=change.address,
        tax_status=change.tax_status,
        url=before.url if change.url is None else change.url,
        label=before.label if change.label is None else change.label,
        contacts=contacts,
        fields={**before.fields, **change.fields},
    )
    named = replace(account, name=change.name, updated_at=at, updated_by=scope.actor_id)
    if change.parent_key is not None:
        named = replace(named, fields={**named.fields, "parentId": _parent_id(snapshot, scope, named, change)})
    changed = with_profile(named, profile)
    snapshot.accounts.put(changed.id, changed)
    return changed


def _new_contacts(given: tuple[NewContact, ...], before: tuple[Contact, ...], at: datetime) -> tuple[Contact, ...]:
    """The contacts that take the place of those before; whoever keeps the address keeps the id, others are archived."""
    known = {contact.email: contact for contact in before if contact.archived_at is None}
    kept = []
    for each in given:
        contact = known.pop(each.email, None)
        if contact is None:
            contact = Contact(each.id, each.name, each.email, each.billing_preference, at, at)
        elif (contact.name, contact.billing_preference) != (each.name, each.billing_preference):
            contact = replace(contact, name=each.name, billing_preference=each.billing_preference, updated_at=at)
        kept.append(contact)
    gone = [replace(contact, archived_at=at, updated_at=at) for contact in known.values()]
    archived = [contact for contact in before if contact.archived_at is not None]
    # Only so many are remembered; the latest to go is the last to be forgotten.
    return (*kept, *[*gone, *archived][: max(0, CONTACTS_MAX - len(kept))])


def _from_main(given: MainContact, account: Account, before: tuple[Contact, ...]) -> tuple[NewContact, ...]:
    """All contacts that follow from a main one and the addresses of recipients, in the order of their weight."""
    live = [contact for contact in before if contact.archived_at is None]
    named = {contact.email: contact.name for contact in live}
    former_email = live[0].email if live else ""
    main = given.contact
    recipients = given.recipients
    if recipients is None:
        recipients = tuple(
            NewContact(contact.id, contact.name, contact.email, contact.billing_preference)
            for contact in live
            if contact.billing_preference is not BillingPreference.NONE and contact.email != former_email
        )
        is_recipient = not live or live[0].billing_preference is not BillingPreference.NONE
    else:
        is_recipient = not recipients or main.email in {each.email for each in recipients}
    name = main.name or named.get(main.email) or (live[0].name if live else account.name)
    preference = BillingPreference.PRIMARY if is_recipient else BillingPreference.NONE
    found = {main.email: replace(main, name=name, billing_preference=preference)}
    for each in recipients:
        has_primary = any(one.billing_preference is BillingPreference.PRIMARY for one in found.values())
        preference = BillingPreference.STANDARD if has_primary else BillingPreference.PRIMARY
        kept = replace(each, name=named.get(each.email, each.name), billing_preference=preference)
        found.setdefault(each.email, kept)
    for contact in live:
        if contact.billing_preference is BillingPreference.NONE and contact.email != former_email:
            kept = NewContact(contact.id, contact.name, contact.email, contact.billing_preference)
            found.setdefault(contact.email, kept)
    return tuple(found.values())


def _replaced(contacts: Iterable[Contact], changed: Contact) -> tuple[Contact, ...]:
    return tuple(changed if contact.id == changed.id else contact for contact in contacts)


def _keep_contacts(
    snapshot: Snapshot, scope: Scope, account: Account, contacts: tuple[Contact, ...], at: datetime
) -> None:
    """Put changed contacts into the snapshot.

    Raises: InvalidValue.
    """
    _check_contacts(contacts, "billingPreference")
    before = profile_of(account, fallback_country(snapshot.merchant(account.entity_id)))
    touched = replace(account, updated_at=at, updated_by=scope.actor_id)
    changed = with_profile(touched, replace(before, contacts=contacts))
    snapshot.accounts.put(changed.id, changed)


def _check_contacts(contacts: tuple[Contact, ...], field_name: str) -> None:
    """Check that where anybody gets documents somebody is a primary recipient.

    Raises: InvalidValue.
    """
    if len(contacts) > CONTACTS_MAX:
        raise InvalidValue(field_name, len(contacts), f"a customer has at most {CONTACTS_MAX} contacts")
    preferences = [contact.billing_preference for contact in contacts if contact.archived_at is None]
    if BillingPreference.STANDARD in preferences and BillingPreference.PRIMARY not in preferences:
        rule = "where a contact gets documents, at least one must be PRIMARY; name that one first"
        raise InvalidValue(field_name, "STANDARD", rule)


def _parent_id(snapshot: Snapshot, scope: Scope, account: Account, change: CustomerChange) -> str:
    parent = snapshot.account(scope.entity_id, change.parent_key or "")
    if parent is None or not scope.sees(parent.org_id) or parent.id == account.id:
        raise InvalidValue("parentId", change.parent_key, "give the id of another customer")
    return parent.id


def _put_aliases(snapshot: Snapshot, account: Account, given: tuple[NewAlias, ...], at: datetime) -> None:
    """Let these be the aliases of an account.

    Raises: InvalidValue, for too many; BrokenRule, for one that another customer has.
    """
    wanted = {alias.value: alias for alias in given}
    if len(wanted) > ALIASES_MAX:
        raise InvalidValue("customerAliases", len(wanted), f"a customer has at most {ALIASES_MAX} aliases")
    for alias in [alias for alias in snapshot.aliases if alias.account_id == account.id]:
        if alias.value not in wanted:
            snapshot.aliases.remove((alias.entity_id, alias.value))
    for value, new in wanted.items():
        key = (account.entity_id, value)
        found = snapshot.aliases.get(key)
        if found is None:
            snapshot.aliases.put(key, Alias(new.id, account.entity_id, account.id, value, at))
        elif found.account_id != account.id:
            other = snapshot.accounts.get(found.account_id)
            if other is None:
                raise InternalError
            message = f"customerAliases: {value!r} is an alias of the customer {other.number} already; choose another"
            raise BrokenRule(Rule.ALIAS_TAKEN, message)
