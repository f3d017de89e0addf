"""Creating and editing accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_currency_name

from seriatim.auth.permissions import Permission
from seriatim.console.books.accounts import ROLES, find_account, role_words, set_of
from seriatim.console.forms import Form, sentence
from seriatim.console.numbers.numbering import default_view, numbering_rows
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.account import (
    ACCOUNT_NAME_CHARACTERS_MAX,
    ACCOUNT_NUMBER_CHARACTERS_MAX,
    CONTACT_CHARACTERS_MAX,
    TAX_ID_CHARACTERS_MAX,
    Account,
)
from seriatim.domain.commands.accounts import CreateAccount, UpdateAccount
from seriatim.domain.country import COUNTRIES, country_code
from seriatim.domain.customer import BILL_TO, SHIP_TO, SOLD_TO, TAX_ID, TAX_INFO, tax_id_of
from seriatim.domain.money import CURRENCY_EXPONENTS
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import SetView
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule, FieldError, InvalidValue, Rule

SETS_OFFERED_MAX = 100
"""Sets that the form offers to choose from; where there are more, the name of one is typed."""
NAME, NUMBER, CURRENCY, SET, ORG, TAX = (
    "name",
    "accountNumber",
    "currency",
    "sequenceSetId",
    "organizationLabel",
    "taxId",
)
LABELS = {
    "firstName": "First name",
    "lastName": "Last name",
    "address1": "Address",
    "address2": "Address, second line",
    "postalCode": "Postal code",
    "city": "City",
    "state": "State or region",
    "country": "Country",
    "workEmail": "E-mail",
}
"""The texts of a contact in the order in which they are asked for."""


@dataclass(frozen=True, slots=True)
class ContactFields:
    """The fields of one contact."""

    role: str
    legend: str
    help: str
    fields: list[tuple[str, str, str, int]]
    """Of each field its name, its label, what is kept, and how long it may be."""
    is_optional: bool
    is_open: bool
    roles: tuple[str, ...] = ()
    """What a change of it changes: the roles that share the contact."""


@dataclass(frozen=True, slots=True)
class SetOffer:
    """The sets that an account may have."""

    options: list[tuple[str, str]] | None
    """Key and label of each; None: there are too many, and one is typed."""
    chosen: str


async def show_creation(visit: Visit) -> Response:
    """The form for a new account."""
    return await _form_page(visit, Form(), None)


async def show_edit(visit: Visit) -> Response:
    """The form for changing an account."""
    return await _form_page(visit, Form(), await find_account(visit))


async def create_account(visit: Visit) -> Response:
    """Create an account with its contacts; those that are not given are the one that bills go to."""
    form = await visit.form()
    bill_to = {"id": visit.new_id(), **_given(form, BILL_TO)}
    contacts: dict[str, Mapping[str, Any]] = {BILL_TO: bill_to}
    for role in (SOLD_TO, SHIP_TO):
        given = _given(form, role)
        contacts[role] = {"id": visit.new_id(), **given} if given else bill_to
    try:
        tax_id = _tax_id(form)
        command = CreateAccount(
            scope=visit.scope,
            account_id=visit.new_id(),
            number=form.optional(NUMBER),
            name=form.text(NAME),
            currency=form.text(CURRENCY),
            set_key=form.optional(SET),
            org_key=form.optional(ORG),
            contacts=contacts,
            fields={TAX_INFO: {TAX_ID: tax_id}} if tax_id else {},
        )
        account = await visit.run(command)
    except (FieldError, BrokenRule) as error:
        form.refuse(error)
        if isinstance(error, BrokenRule) and error.rule is Rule.ACCOUNT_NUMBER_TAKEN:
            form.errors[NUMBER], form.error = sentence(error.message), None
        return await _form_page(visit, form, None)
    return visit.redirect(visit.path("accounts", account.id), f"The account {account.number} is created.")


async def change_account(visit: Visit) -> Response:
    """Change what differs from what is kept."""
    account = await find_account(visit)
    form = await visit.form()
    offer = await _offer_sets(visit, account)
    try:
        tax_id = _tax_id(form)
        fields = {}
        if (tax_id or None) != tax_id_of(account):
            fields[TAX_INFO] = {**(account.fields.get(TAX_INFO) or {}), TAX_ID: tax_id}
        command = UpdateAccount(
            scope=visit.scope,
            key=account.id,
            name=None if form.text(NAME) == account.name else form.text(NAME),
            set_key=None if form.text(SET) == offer.chosen else form.text(SET),
            contacts=_changed_contacts(visit, form, account),
            fields=fields,
        )
        await visit.run(command)
    except (FieldError, BrokenRule) as error:
        form.refuse(error)
        return await _form_page(visit, form, account)
    return visit.redirect(visit.path("accounts", account.id), f"The account {account.number} is saved.")


def _tax_id(form: Form) -> str:
    """The tax id as it was typed.

    Raises: InvalidValue.
    """
    text = form.text(TAX)
    if len(text) > TAX_ID_CHARACTERS_MAX:
        raise InvalidValue(TAX, text, f"give at most {TAX_ID_CHARACTERS_MAX} characters")
    return text


def _given(form: Form, role: str) -> dict[str, str]:
    """What was typed of a contact."""
    typed = {name: form.text(f"{role}.{name}") for name in LABELS}
    return {name: text for name, text in typed.items() if text}


def _changed_contacts(visit: Visit, form: Form, account: Account) -> dict[str, Mapping[str, Any]]:
    """What differs in each contact from what is kept; who has several roles changes in all of them."""
    changed: dict[str, Mapping[str, Any]] = {}
    for each in _contact_fields(account):
        typed = {name: form.text(f"{each.role}.{name}") for name in LABELS}
        kept = account.contacts.get(each.role, {})
        differing = {name: text for name, text in typed.items() if text != _shown(kept, name)}
        for role in each.roles if differing else ():
            changed[role] = {"id": visit.new_id(), **differing}
    return changed


def _shown(contact: Mapping[str, Any], name: str) -> str:
    """What the form shows of a contact: a country by its two letters, however it was written."""
    text = str(contact.get(name) or "")
    return (country_code(text) or text) if name == "country" else text


def _contact_fields(account: Account | None) -> list[ContactFields]:
    """The contacts that the form has: of a new account all, later those that there are, each once."""
    found: list[ContactFields] = []
    shared: dict[str, list[str]] = {}
    for role, contact in ({} if account is None else account.contacts).items():
        shared.setdefault(contact.get("id", role), []).append(role)
    groups = [(role,) for role in ROLES] if account is None else [tuple(roles) for roles in shared.values()]
    for roles in groups or [(BILL_TO,)]:
        contact = {} if account is None else account.contacts.get(roles[0], {})
        fields = [
            (f"{roles[0]}.{name}", label, _shown(contact, name), CONTACT_CHARACTERS_MAX[name])
            for name, label in LABELS.items()
        ]
        is_optional = account is None and roles[0] != BILL_TO
        found.append(
            ContactFields(
                role=roles[0],
                legend=role_words(roles),
                help="Left empty, it is the same as the one that bills go to." if is_optional else "",
                fields=fields,
                is_optional=is_optional,
                is_open=not is_optional,
                roles=roles,
            )
        )
    return found


async def _offer_sets(visit: Visit, account: Account | None) -> SetOffer:
    """The sets to choose from, each with the number that its next invoice gets; no key means DEFAULT."""
    store, entity_id = visit.console.store, visit.entity.id
    own = None if account is None else await set_of(visit, account)
    views = await store.list_sequence_sets(entity_id, None, 0, SETS_OFFERED_MAX + 1)
    if len(views) > SETS_OFFERED_MAX:
        return SetOffer(None, own.sequence_set.name if own else visit.query.get("set", ""))
    default = await default_view(store, entity_id)

    def label(view: SetView) -> str:
        invoice = next(row for row in numbering_rows(view, default) if row.kind is Kind.INVOICE)
        return f"{view.sequence_set.name}, next invoice {invoice.next_number}"

    others = [(view.sequence_set.name, label(view)) for view in views if not view.sequence_set.is_default]
    chosen = "" if own is None or own.sequence_set.is_default else own.sequence_set.name
    return SetOffer([("", label(default)), *others], chosen or visit.query.get("set", ""))


async def _form_page(visit: Visit, form: Form, account: Account | None) -> Response:
    offer = await _offer_sets(visit, account)
    contacts = _contact_fields(account)
    merchant = (await visit.console.store.read(Needs(merchants={visit.entity.id}))).merchant(visit.entity.id)
    return visit.page(
        "account_form.html",
        status=form.status,
        form=form,
        account=account,
        offer=offer,
        contacts=contacts,
        open_roles={each.role for each in contacts if each.is_open or _given(form, each.role)},
        currency=merchant.currency,
        currencies=_currencies(visit),
        countries=_countries(visit, contacts),
        orgs=_orgs(visit),
        tax_id=None if account is None else tax_id_of(account),
        limits={NAME: ACCOUNT_NAME_CHARACTERS_MAX, NUMBER: ACCOUNT_NUMBER_CHARACTERS_MAX, TAX: TAX_ID_CHARACTERS_MAX},
        back_url=visit.path("accounts", "" if account is None else account.id),
    )


def _orgs(visit: Visit) -> list[tuple[str, str]]:
    """The orgs to choose from. Whoever is limited to some has to name one of them, unless there is no choice."""
    visible = [org.name for org in visit.console.directory.orgs_of(visit.entity.id) if visit.scope.sees(org.id)]
    none = "No org" if visit.scope.org_ids is None else "Choose one"
    has_no_choice = visit.scope.org_ids is not None and len(visible) == 1
    return [*([] if has_no_choice else [("", none)]), *((name, name) for name in visible)]


def _currencies(visit: Visit) -> list[tuple[str, str]]:
    """The currencies with their names in the reader's language."""
    return [(code, f"{code}, {get_currency_name(code, locale=visit.locale)}") for code in sorted(CURRENCY_EXPONENTS)]


def _countries(visit: Visit, contacts: list[ContactFields]) -> list[tuple[str, str]]:
    """The countries by their names in the reader's language, and whatever else is kept as one."""
    names = {code: visit.locale.territories.get(code, code) for code in COUNTRIES}
    kept = {value for each in contacts for name, _, value, _ in each.fields if name.endswith(".country") and value}
    others = [(value, value) for value in sorted(kept - COUNTRIES)]
    return [("", ""), *others, *sorted(names.items(), key=lambda pair: pair[1])]


_PATH = "/e/{entity_id}/accounts"
ROUTES = (
    PageRoute(method="GET", path=f"{_PATH}/new", handler=show_creation, permission=Permission.ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/new", handler=create_account, permission=Permission.ISSUE),
    PageRoute(method="GET", path=f"{_PATH}/{{key}}/edit", handler=show_edit, permission=Permission.ISSUE),
    PageRoute(method="POST", path=f"{_PATH}/{{key}}/edit", handler=change_account, permission=Permission.ISSUE),
)
