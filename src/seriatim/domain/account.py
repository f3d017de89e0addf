"""An account (Sequence: a customer): whom documents are made out to, and which set numbers them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from seriatim.domain.customer import CustomerProfile
from seriatim.domain.values import value
from seriatim.errors import BrokenRule, InvalidValue, MissingField, Rule

ACCOUNT_NAME_CHARACTERS_MAX = 255
ACCOUNT_NUMBER_CHARACTERS_MAX = 70
ACCOUNT_NUMBER_PREFIX = "A"
TAX_ID_CHARACTERS_MAX = 25

CONTACT_CHARACTERS_MAX: Mapping[str, int] = {
    "firstName": 100,
    "lastName": 100,
    "address1": 255,
    "address2": 255,
    "city": 100,
    "state": 100,
    "postalCode": 20,
    "country": 64,
    "workEmail": 80,
}
"""How long the texts of a contact may be (Zuora, `POST /v1/accounts`), of those that more than one edge takes."""
CONTACT_NAMES = ("firstName", "lastName")
"""What every contact has."""

_ACCOUNT_NUMBER = re.compile(rf"[^\s/?#\x00-\x1f]{{1,{ACCOUNT_NUMBER_CHARACTERS_MAX}}}")


@value(frozen=True, slots=True)
class Account:
    """An account of one entity.

    `contacts` holds the vendor's contact objects by their role (`billToContact`, ...); `fields` what the
    vendor documents and Seriatim does not act on: kept as it came and read back.
    """

    id: str
    entity_id: str
    org_id: str | None
    number: str
    name: str
    currency: str
    sequence_set_id: str | None
    contacts: Mapping[str, Mapping[str, Any]]
    fields: Mapping[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    profile: CustomerProfile | None = None
    """What it is as a customer, if it was made or changed as one; else that follows from `contacts`."""
    archived_at: datetime | None = None
    """From then on it gets no new documents."""


def check_account_number(number: str, field: str = "accountNumber") -> str:
    """Give back a well-formed account number: it must fit into a path.

    Raises: InvalidValue.
    """
    if not _ACCOUNT_NUMBER.fullmatch(number) or number in {".", ".."}:
        rule = f"an account number is 1 to {ACCOUNT_NUMBER_CHARACTERS_MAX} characters without blanks, /, ? and #"
        raise InvalidValue(field, number, rule)
    return number


def check_account_name(name: str, field: str = "name") -> str:
    """Give back a name that an account may have.

    Raises: MissingField; InvalidValue, for its length or a character that cannot be kept.
    """
    if not name:
        raise MissingField(field, "give the account a name")
    if len(name) > ACCOUNT_NAME_CHARACTERS_MAX:
        raise InvalidValue(field, name, f"a name has at most {ACCOUNT_NAME_CHARACTERS_MAX} characters")
    return check_kept_text(name, field)


def check_contact(contact: Mapping[str, Any], field: str, *, is_whole: bool) -> None:
    """Check what is said of a contact. `is_whole`: it is a new one, and nothing that it must have may be absent.

    Raises: MissingField; InvalidValue, for a text that is too long.
    """
    for name in CONTACT_NAMES:
        if not contact.get(name) and (is_whole or name in contact):
            raise MissingField(f"{field}.{name}", "every contact has a first and a last name; give both")
    for name, longest in CONTACT_CHARACTERS_MAX.items():
        text = contact.get(name)
        if text is not None and len(text) > longest:
            raise InvalidValue(f"{field}.{name}", text, f"give at most {longest} characters")


def check_kept_text(text: str, field: str = "name") -> str:
    """Give back a text that is kept in a column of its own: PostgreSQL keeps no U+0000 there.

    Raises: InvalidValue.
    """
    if "\0" in text:
        raise InvalidValue(field, text, "leave out the character U+0000")
    return text


def check_not_archived(account: Account) -> None:
    """Check that an account may get new documents.

    Raises: BrokenRule, once it has been archived.
    """
    if account.archived_at is not None:
        message = (
            f"the account {account.number} was archived on {account.archived_at:%Y-%m-%d} and gets no new documents; "
            "use another account"
        )
        raise BrokenRule(Rule.ACCOUNT_ARCHIVED, message)


def check_takes_currency(account: Account, currency: str) -> None:
    """Check that an account may get a document in a currency: in its own, and as a customer in any.

    Raises: BrokenRule.
    """
    if account.profile is None and currency != account.currency:
        message = f"currency: the account {account.number} is kept in {account.currency}, not {currency}"
        raise BrokenRule(Rule.CURRENCY_MISMATCH, message)
