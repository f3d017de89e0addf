"""The account that a new document is made out to: offered, and looked up as it was typed."""

from dataclasses import dataclass

from seriatim.console.forms import Form
from seriatim.console.pages import Visit
from seriatim.domain.account import ACCOUNT_NUMBER_CHARACTERS_MAX, Account
from seriatim.errors import InvalidValue, MissingField
from seriatim.service.account_pages import AccountQuery

OFFERED_MAX = 100
"""Accounts that a form offers; of more it asks for the number of one."""
ACCOUNT = "account"
"""The field of every form that names an account."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The accounts that a form offers."""

    options: list[tuple[str, str]]
    """Number and label of each."""
    is_complete: bool
    """Whether these are all, so that nobody has to type a number."""


async def offer_accounts(visit: Visit) -> Offer:
    """The newest accounts that the user sees; archived ones get no new documents and are left out."""
    page = await visit.console.store.list_accounts(
        AccountQuery(entity_id=visit.entity.id, org_ids=visit.scope.org_ids, limit=OFFERED_MAX, counts=False)
    )
    options = [(each.number, f"{each.name} ({each.number}, {each.currency})") for each in page.accounts]
    return Offer(options, is_complete=page.after is None)


async def has_accounts(visit: Visit) -> bool:
    """Whether there is an account that could get a document."""
    query = AccountQuery(entity_id=visit.entity.id, org_ids=visit.scope.org_ids, limit=1, counts=False)
    return bool((await visit.console.store.list_accounts(query)).accounts)


async def chosen_account(visit: Visit, form: Form) -> Account | None:
    """The account that a form names; None where it names none that the user sees, which is told at the field."""
    number = form.text(ACCOUNT)
    if not number:
        form.refuse(MissingField(ACCOUNT, "choose the account that the document is made out to"))
        return None
    found = None
    if len(number) <= ACCOUNT_NUMBER_CHARACTERS_MAX and number.isprintable():
        found = await visit.console.store.find_account(visit.entity.id, number, visit.scope.org_ids)
    if found is None:
        form.refuse(InvalidValue(ACCOUNT, number, "no account has this number; choose one of the list"))
    return found
