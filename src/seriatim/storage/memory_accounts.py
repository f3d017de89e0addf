"""The reference for pages of accounts that are kept by their first and last row."""

import string
from collections.abc import Collection, Mapping

from seriatim.domain.account import Account
from seriatim.domain.customer import CUSTOM_PROPERTIES, Alias, contacts_of
from seriatim.service.account_pages import AccountPage, AccountQuery, AccountSort
from seriatim.service.pages import COUNTED_MAX, Cursor

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def account_page_of(
    accounts: Collection[Account], aliases: Mapping[tuple[str, str], Alias], query: AccountQuery
) -> AccountPage:
    """The page of these accounts that a query asks for."""
    found = [account for account in accounts if _meets(account, aliases, query)]
    ends: list[tuple[Cursor, Account]] = [((_sort_value(account, query), account.id), account) for account in found]
    ends.sort(key=lambda end: end[0], reverse=query.descends)
    turns = query.before is not None
    given = turns or query.after is not None
    left = [end for end in ends if _lies_within(end[0], query)]
    page = left[-query.limit :] if turns else left[: query.limit]
    has_more = len(left) > len(page)
    return AccountPage(
        [account for _, account in page],
        before=page[0][0] if page and (has_more if turns else given) else None,
        after=page[-1][0] if page and (given if turns else has_more) else None,
        total=len(found) if query.counts and len(found) <= COUNTED_MAX else None,
    )


def _lies_within(end: Cursor, query: AccountQuery) -> bool:
    if query.after is not None:
        return end < query.after if query.descends else end > query.after
    if query.before is not None:
        return end > query.before if query.descends else end < query.before
    return True


def _meets(account: Account, aliases: Mapping[tuple[str, str], Alias], query: AccountQuery) -> bool:
    alias = None if query.alias is None else aliases.get((query.entity_id, query.alias))
    return (
        account.entity_id == query.entity_id
        and (query.org_ids is None or account.org_id in query.org_ids)
        and (query.name_contains is None or _lower(query.name_contains) in _lower(account.name))
        and (query.email is None or _lower(query.email) in _emails(account))
        and (query.alias is None or (alias is not None and alias.account_id == account.id))
        and (query.label is None or (account.profile is not None and account.profile.label == query.label))
        and query.sequence_set_id in (None, account.sequence_set_id)
        and (query.includes_archived or account.archived_at is None)
    )


def _emails(account: Account) -> set[str]:
    return {_lower(contact.email) for contact in contacts_of(account) if contact.archived_at is None}


def _sort_value(account: Account, query: AccountQuery) -> str:
    if query.sort is AccountSort.NAME:
        return account.name
    if query.sort is AccountSort.PROPERTY:
        properties = {} if account.profile is None else account.profile.fields.get(CUSTOM_PROPERTIES, {})
        return str(properties.get(query.property_name, ""))
    return account.id


def _lower(text: str) -> str:
    return text.translate(_LOWER)
