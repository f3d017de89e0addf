"""What an account may carry, as the domain holds everybody to it and as Zuora's contract words it."""

from typing import Any

import msgspec
import pytest

from seriatim.api.zuora.account_fields import CreateAccountRequest, NewContact, TaxInfo
from seriatim.domain.account import (
    ACCOUNT_NAME_CHARACTERS_MAX,
    ACCOUNT_NUMBER_CHARACTERS_MAX,
    CONTACT_CHARACTERS_MAX,
    CONTACT_NAMES,
    TAX_ID_CHARACTERS_MAX,
    check_account_name,
    check_contact,
)
from seriatim.errors import InvalidValue, MissingField

WHOLE = {"firstName": "Emmy", "lastName": "Noether"}


def longest(struct: type, name: str) -> Any:
    """How long the contract lets a field be."""
    schema = msgspec.json.schema(struct)
    found = schema["$defs"][struct.__name__]["properties"][name]
    texts = found.get("anyOf", [found])
    return next(each["maxLength"] for each in texts if each.get("type") == "string")


@pytest.mark.parametrize("name", CONTACT_CHARACTERS_MAX)
def test_a_contact_may_be_as_long_as_the_contract_says(name: str) -> None:
    assert CONTACT_CHARACTERS_MAX[name] == longest(NewContact, name)
    check_contact({**WHOLE, name: "x" * CONTACT_CHARACTERS_MAX[name]}, "billToContact", is_whole=True)
    with pytest.raises(InvalidValue, match=rf"billToContact\.{name}: .*at most {CONTACT_CHARACTERS_MAX[name]}"):
        check_contact({**WHOLE, name: "x" * (CONTACT_CHARACTERS_MAX[name] + 1)}, "billToContact", is_whole=True)


def test_an_account_may_be_named_as_the_contract_says() -> None:
    assert longest(CreateAccountRequest, "name") == ACCOUNT_NAME_CHARACTERS_MAX
    assert longest(CreateAccountRequest, "accountNumber") == ACCOUNT_NUMBER_CHARACTERS_MAX
    assert longest(TaxInfo, "VATId") == TAX_ID_CHARACTERS_MAX
    assert check_account_name("x" * ACCOUNT_NAME_CHARACTERS_MAX)
    with pytest.raises(MissingField, match="name: give the account a name"):
        check_account_name("")
    with pytest.raises(InvalidValue, match="at most 255"):
        check_account_name("x" * (ACCOUNT_NAME_CHARACTERS_MAX + 1))


@pytest.mark.parametrize("name", CONTACT_NAMES)
def test_a_contact_has_both_names_and_keeps_them(name: str) -> None:
    with pytest.raises(MissingField, match=rf"shipToContact\.{name}"):
        check_contact({**WHOLE, name: ""}, "shipToContact", is_whole=False)
    absent = {other: text for other, text in WHOLE.items() if other != name}
    check_contact(absent, "shipToContact", is_whole=False)
    with pytest.raises(MissingField, match=rf"shipToContact\.{name}"):
        check_contact(absent, "shipToContact", is_whole=True)
