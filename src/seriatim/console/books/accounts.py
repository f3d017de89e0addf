"""The accounts of an entity: whom documents are made out to, what they owe, and which set numbers them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from seriatim.auth.permissions import Permission
from seriatim.console.books.document_search import plural_of, segment_of
from seriatim.console.cursors import around, read_cursor
from seriatim.console.forms import Form, sentence
from seriatim.console.numbers.numbering import HISTORY_MAX, default_view, numbering_rows
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.account import ACCOUNT_NAME_CHARACTERS_MAX, Account
from seriatim.domain.commands.accounts import DeleteAccount
from seriatim.domain.country import country_code
from seriatim.domain.customer import BILL_TO, SHIP_TO, SOLD_TO, billing_emails_of, email_of, name_of, tax_id_of
from seriatim.domain.document import Document
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import SetView
from seriatim.domain.settlement import SOURCE_KINDS, TARGET_KINDS
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule, InvalidValue, NotFound
from seriatim.service.account_pages import AccountQuery
from seriatim.service.pages import Comparison, Condition, PageField, PageQuery
from seriatim.service.ports import ActivityQuery

PAGE_ACCOUNTS = 25
LATEST_OF_KIND_MAX = 3
"""How many of an account's latest documents of each kind its page shows."""
ROLES = {BILL_TO: "bill to", SOLD_TO: "sold to", SHIP_TO: "ship to"}
"""What the contacts of an account are called."""


@dataclass(frozen=True, slots=True)
class ContactCard:
    """A contact as it is shown, with all that it is to the account."""

    roles: str
    name: str
    email: str
    lines: list[str]
    """Its address."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account owes and has to its credit in one currency, in minor units."""

    currency: str
    by_kind: dict[Kind, int]
    """What is open of each kind that can be settled."""

    @property
    def owed_minor(self) -> int:
        """What is open, less what may still be used against it."""
        owed = sum(self.by_kind.get(kind, 0) for kind in TARGET_KINDS)
        return owed - sum(self.by_kind.get(kind, 0) for kind in SOURCE_KINDS)


async def list_accounts(visit: Visit) -> Response:
    """The accounts, newest first; those that a search finds by number or by a part of the name."""
    store, scope = visit.console.store, visit.scope
    form = Form.of(q=visit.query.get("q", ""))
    wanted = form.text("q")
    if len(wanted) > ACCOUNT_NAME_CHARACTERS_MAX or not wanted.isprintable():
        form.refuse(InvalidValue("q", wanted, "give a number, or a part of a name"))
        wanted = ""
    page = await store.list_accounts(
        AccountQuery(
            entity_id=scope.entity_id,
            org_ids=scope.org_ids,
            name_contains=wanted or None,
            includes_archived=True,
            after=read_cursor(visit.query, "after"),
            before=read_cursor(visit.query, "before"),
            limit=PAGE_ACCOUNTS,
            counts=False,
        )
    )
    accounts = page.accounts
    if wanted and page.before is None:
        exact = await store.find_account(scope.entity_id, wanted, scope.org_ids)
        if exact is not None:
            accounts = [exact, *(each for each in accounts if each.id != exact.id)]
    before_url, after_url = around(page.before, page.after, lambda **cursor: visit.path("accounts", q=wanted, **cursor))
    return visit.page(
        "accounts.html",
        form=form,
        wanted=wanted,
        accounts=accounts,
        set_names=await _set_names(visit, accounts),
        org_names={org.id: org.name for org in visit.console.directory.orgs_of(scope.entity_id)},
        before_url=before_url,
        after_url=after_url,
    )


async def show_account(visit: Visit) -> Response:
    """One account: balances, numbering, contacts, its latest documents and its history."""
    store = visit.console.store
    account = await find_account(visit)
    default = await default_view(store, visit.entity.id)
    of_account = await set_of(visit, account) or default
    documents, amounts, activities = await asyncio.gather(
        asyncio.gather(*(_latest(visit, account, kind) for kind in Kind)),
        store.list_open_amounts(account.id),
        store.list_activities(ActivityQuery(entity_id=visit.entity.id, subject_id=account.id, limit=HISTORY_MAX)),
    )
    open_by_currency: dict[str, dict[Kind, int]] = {account.currency: {}}
    for amount in amounts:
        open_by_currency.setdefault(amount.currency, {})[amount.kind] = amount.open_minor
    settled = [kind for kind in Kind if kind in TARGET_KINDS | SOURCE_KINDS]
    org = None if account.org_id is None else visit.console.directory.org(visit.entity.id, account.org_id)
    return visit.page(
        "account.html",
        account=account,
        of_set=of_account.sequence_set,
        rows=numbering_rows(of_account, default),
        org=org,
        settled_kinds=settled,
        heads=[(plural_of(kind).capitalize(), "number") for kind in settled],
        balances=[Balance(*each) for each in open_by_currency.items()],
        contacts=_cards(visit, account),
        emails=billing_emails_of(account),
        tax_id=tax_id_of(account),
        documents=[
            (kind, plural_of(kind), visit.path("documents", kind=segment_of(kind), account=account.number), found)
            for kind, found in zip(Kind, documents, strict=True)
            if found
        ],
        new_documents=[
            (kind.words, visit.path("documents", "new", segment_of(kind), account=account.number))
            for kind in (Kind.INVOICE, Kind.CREDIT_MEMO)
        ],
        activities=activities,
        names={of_account.sequence_set.id: of_account.sequence_set.name},
        refusal=await _why_it_stays(visit, account) if visit.may(Permission.ISSUE) else None,
    )


async def show_deletion(visit: Visit) -> Response:
    """Ask whether to delete an account, or say why it stays."""
    return await _deletion_page(visit, Form())


async def delete_account(visit: Visit) -> Response:
    """Delete an account that has no documents."""
    account = await find_account(visit)
    try:
        await visit.run(DeleteAccount(scope=visit.scope, key=account.id))
    except BrokenRule as error:
        form = await visit.form()
        form.refuse(error)
        return await _deletion_page(visit, form)
    return visit.redirect(visit.path("accounts"), f"The account {account.number} is deleted.")


async def find_account(visit: Visit) -> Account:
    """The account of the path, by its id or number, if the user sees it.

    Raises: NotFound.
    """
    key = visit.params["key"]
    found = None
    if key.isprintable():
        found = await visit.console.store.find_account(visit.entity.id, key, visit.scope.org_ids)
    if found is None:
        raise NotFound("account", key, "choose one of the list")
    return found


async def set_of(visit: Visit, account: Account) -> SetView | None:
    """The set that an account has of its own; None where it has none."""
    if account.sequence_set_id is None:
        return None
    return await visit.console.store.find_sequence_set(visit.entity.id, account.sequence_set_id)


def role_words(roles: Iterable[str]) -> str:
    """What a contact is to its account: `Bill to, ship to`."""
    return ", ".join(ROLES.get(role, role) for role in roles).capitalize()


async def _set_names(visit: Visit, accounts: list[Account]) -> dict[str, str]:
    """The names of the sets of some accounts, by their ids."""
    ids = {account.sequence_set_id for account in accounts if account.sequence_set_id is not None}
    if not ids:
        return {}
    snapshot = await visit.console.store.read(Needs(sequence_sets={(visit.entity.id, each) for each in ids}))
    return {of_set.id: of_set.name for of_set in snapshot.sequence_sets}


async def _latest(visit: Visit, account: Account, kind: Kind) -> list[Document]:
    """The documents of a kind that an account has, by their numbers, the highest first."""
    page = await visit.console.store.list_page(
        PageQuery(
            entity_id=visit.entity.id,
            kind=kind,
            org_ids=visit.scope.org_ids,
            conditions=(Condition(PageField.ACCOUNT_ID, Comparison.IN, (account.id,)),),
            sort=PageField.SHOWN_NUMBER,
            limit=LATEST_OF_KIND_MAX,
            counts=False,
        )
    )
    return page.documents


def _cards(visit: Visit, account: Account) -> list[ContactCard]:
    """The contacts of an account, each once, with all its roles."""
    roles: dict[str, list[str]] = {}
    for role, contact in account.contacts.items():
        roles.setdefault(contact.get("id", role), []).append(role)
    cards = []
    for own in roles.values():
        contact = account.contacts[own[0]]
        country = contact.get("country") or ""
        city = " ".join(
            part for part in (contact.get("postalCode") or contact.get("zipCode"), contact.get("city")) if part
        )
        lines = [
            contact.get("address1"),
            contact.get("address2"),
            city,
            contact.get("state"),
            visit.locale.territories.get(country_code(country) or "", country),
        ]
        cards.append(
            ContactCard(role_words(own), name_of(contact), email_of(contact), [line for line in lines if line])
        )
    return cards


async def _deletion_page(visit: Visit, form: Form) -> Response:
    account = await find_account(visit)
    refusal = await _why_it_stays(visit, account)
    return visit.page("account_delete.html", status=form.status, form=form, account=account, refusal=refusal)


async def _why_it_stays(visit: Visit, account: Account) -> str | None:
    """What would refuse the deletion of an account; None where nothing would."""
    try:
        await visit.preview(DeleteAccount(scope=visit.scope, key=account.id))
    except BrokenRule as error:
        return sentence(error.message)
    return None


_PATH = "/e/{entity_id}/accounts"
ROUTES = (
    PageRoute(method="GET", path=_PATH, handler=list_accounts, permission=Permission.READ),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}", handler=show_account, permission=Permission.READ),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/delete", handler=show_deletion, permission=Permission.ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/{{key}}/delete", handler=delete_account, permission=Permission.ISSUE),
)
