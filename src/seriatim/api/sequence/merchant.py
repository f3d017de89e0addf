"""The seller as Sequence describes it (`InvoiceMerchantDetails`), checked as the contract has it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from seriatim.api.sequence.wire import (
    AddressRequest,
    Pair,
    Request,
    RequiredText255,
    Text40,
    read_address,
    read_email,
    read_pairs,
)
from seriatim.domain.particulars import METADATA_MAX
from seriatim.errors import InvalidValue, within
from seriatim.http.decoding import decode_body

URL_CHARACTERS_MAX = 2048

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_URL = re.compile(r"https?://[!-~]+", re.ASCII)
_BEYOND_LETTERS_AND_DIGITS = 97
"""An IBAN of digits (A is 10, Z is 35) with its first four letters behind leaves 1 by this (ISO 13616)."""

Account = Annotated[str, Meta(min_length=1, max_length=64)]


class UkAccount(Request, kw_only=True):
    """An account in the United Kingdom."""

    sort_code: Account
    account_number: Account


class UsAchAccount(Request, kw_only=True):
    """An account in the United States, reached by ACH."""

    account_number: Account
    account_name: RequiredText255
    bank_name: RequiredText255
    bank_routing_number: Account


class UsWireAccount(Request, kw_only=True):
    """An account in the United States, reached by wire."""

    account_number: Account
    account_name: RequiredText255
    bank_name: RequiredText255
    bank_routing_number: Account
    swift_code: Account
    bank_address: AddressRequest


class CanadianAccount(Request, kw_only=True):
    """An account in Canada."""

    transit_number: Account
    institution_number: Account
    account_number: Account


class IntermediaryBank(Request, kw_only=True):
    """A bank on the way to another."""

    bank_name: RequiredText255
    bank_address: AddressRequest
    swift_code: Account
    routing_number: Account


class CanadianInternationalAccount(Request, kw_only=True):
    """An account in Canada, reached from abroad."""

    legal_name: RequiredText255
    account_number: Account
    transit_number: Account
    bank_name: RequiredText255
    bank_address: AddressRequest
    institution_number: Account
    swift_code: Account
    intermediary_bank: IntermediaryBank | None = None


class AustralianAccount(Request, kw_only=True):
    """An account in Australia."""

    legal_name: RequiredText255
    account_number: Account
    swift_code: Account
    bsb: Account


class SwedishBankgiro(Request, kw_only=True):
    """A Swedish bankgiro number."""

    bankgiro_number: Account
    account_name: RequiredText255


class MerchantDetails(Request, kw_only=True):
    """What a seller says of itself. What the contract requires and can be told from nothing has a default here."""

    legal_company_name: RequiredText255
    address: AddressRequest
    email: str
    custom_fields: Annotated[list[Pair], Meta(max_length=METADATA_MAX)] = msgspec.field(default_factory=list)
    include_beneficiary_address_in_payment_details: bool = False
    phone_number: Text40 | None = None
    tax_id: Text40 | None = None
    iban: Annotated[str, Meta(max_length=64)] | None = None
    logo_url: Annotated[str, Meta(max_length=URL_CHARACTERS_MAX)] | None = None
    primary_colour: str | None = None
    uk_account_details: UkAccount | None = None
    us_ach_details: UsAchAccount | None = None
    us_wire_details: UsWireAccount | None = None
    ca_bank_account_details: CanadianAccount | None = None
    canadian_international_destination: CanadianInternationalAccount | None = None
    australian_destination: AustralianAccount | None = None
    swedish_bankgiro_destination: SwedishBankgiro | None = None


def read_merchant_details(given: bytes) -> dict[str, Any]:
    """A seller's details, as JSON gives them, in the form in which documents keep them.

    Raises: Malformed, MissingField, UnknownField, InvalidValue.
    """
    details = decode_body(given, MerchantDetails)
    read_address(details.address, "address")
    read_email(details.email, "email")
    read_pairs(details.custom_fields, "customFields")
    if details.us_wire_details is not None:
        read_address(details.us_wire_details.bank_address, "usWireDetails.bankAddress")
    canadian = details.canadian_international_destination
    if canadian is not None:
        with within("canadianInternationalDestination"):
            read_address(canadian.bank_address, "bankAddress")
            if canadian.intermediary_bank is not None:
                read_address(canadian.intermediary_bank.bank_address, "intermediaryBank.bankAddress")
    if details.iban is not None:
        details.iban = _read_iban(details.iban)
    if details.primary_colour is not None and not _COLOUR.fullmatch(details.primary_colour):
        raise InvalidValue("primaryColour", details.primary_colour, "give a colour such as #1a2b3c")
    if details.logo_url is not None and not _URL.fullmatch(details.logo_url):
        raise InvalidValue("logoUrl", details.logo_url, "give an http or https address")
    kept: dict[str, Any] = _without_nothing(msgspec.to_builtins(details))
    return kept


def _read_iban(given: str) -> str:
    """An IBAN without blanks, in capitals; its check digits are checked.

    Raises: InvalidValue.
    """
    iban = "".join(given.split()).upper()
    digits = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4]) if _IBAN.fullmatch(iban) else "0"
    if int(digits) % _BEYOND_LETTERS_AND_DIGITS != 1:
        raise InvalidValue("iban", given, "give an IBAN such as GB33BUKB20201555555555; its check digits have to fit")
    return iban


def _without_nothing(value: Any) -> Any:
    """A value without the members that are null."""
    if isinstance(value, Mapping):
        return {name: _without_nothing(each) for name, each in value.items() if each is not None}
    return [_without_nothing(each) for each in value] if isinstance(value, list) else value
