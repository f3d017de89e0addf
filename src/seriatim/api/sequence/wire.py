"""What Sequence's requests and answers have in common: names, limits, decimals as texts, times, addresses."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from seriatim.domain.country import COUNTRIES, STATES
from seriatim.domain.money import parse_decimal, to_decimal
from seriatim.domain.particulars import METADATA_MAX, RECIPIENTS_MAX
from seriatim.errors import InvalidValue

EMAIL_CHARACTERS_MAX = 254

Text20 = Annotated[str, Meta(max_length=20)]
Text40 = Annotated[str, Meta(max_length=40)]
Text100 = Annotated[str, Meta(max_length=100)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text5000 = Annotated[str, Meta(max_length=5000)]
Text65535 = Annotated[str, Meta(max_length=65_535)]
Id = Annotated[str, Meta(max_length=100)]
RequiredText255 = Annotated[str, Meta(min_length=1, max_length=255)]
Email = Annotated[str, Meta(max_length=EMAIL_CHARACTERS_MAX)]
Emails = Annotated[list[Email], Meta(max_length=RECIPIENTS_MAX)]
DecimalText = Annotated[str, Meta(max_length=62)]
"""A decimal number as a text: `"20000.10"`."""

_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Request(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A part of a request. A field that it does not have is refused; `null` is taken as left out."""


class Answer(msgspec.Struct, rename="camel", kw_only=True):
    """A part of an answer. What is UNSET is left out; nothing is ever `null`."""


class TaxStatus(StrEnum):
    """How a customer is taxed."""

    TAXED = "TAXED"
    TAX_EXEMPT = "TAX_EXEMPT"
    REVERSE_CHARGED = "REVERSE_CHARGED"


class IntegrationService(StrEnum):
    """The services that ids elsewhere are kept for."""

    AMAZON_REDSHIFT = "Amazon_Redshift"
    ANROK = "Anrok"
    ATTIO = "Attio"
    AVALARA = "Avalara"
    GO_CARDLESS = "GoCardless"
    GOOGLE_BIG_QUERY = "Google_BigQuery"
    GOOGLE_SHEETS = "Google_Sheets"
    HUB_SPOT = "HubSpot"
    NET_SUITE = "NetSuite"
    NUMERAL = "Numeral"
    QUICK_BOOKS_ONLINE = "QuickBooks_Online"
    RILLET = "Rillet"
    SALESFORCE = "Salesforce"
    SLACK = "Slack"
    SNOWFLAKE = "Snowflake"
    SPHERE = "Sphere"
    STRIPE = "Stripe"
    XERO = "Xero"


class AddressRequest(Request, kw_only=True):
    """An address as it is given."""

    line1: Text255
    line2: Text255 | None = None
    town: Text100
    state: Text20 | None = None
    postcode: Text20
    country: Text20


class AddressView(Answer, kw_only=True):
    """An address as it is shown."""

    line1: str
    line2: str | UnsetType = UNSET
    town: str
    state: str | UnsetType = UNSET
    postcode: str
    country: str


class Pair(Request, kw_only=True):
    """A key with a value, such as metadata."""

    key: Text255
    value: Text5000


class PairView(Answer, kw_only=True):
    """A key with a value, as it is shown."""

    key: str
    value: str


Pairs = Annotated[list[Pair], Meta(max_length=METADATA_MAX)]


class ExternalId(Request, kw_only=True):
    """The id of something in another service."""

    key: IntegrationService
    value: Text255


class LinkView(Answer, kw_only=True):
    """The id of something in another service, as documents show it."""

    external_id: str
    external_service: str
    sync_time: str
    external_url: str | UnsetType = UNSET


def encode(value: object) -> bytes:
    """A value as JSON. Decimals become numbers; amounts that are texts on the wire are made texts before."""
    return _ENCODER.encode(value)


def maybe(value: Any) -> Any:
    """A value as an answer has it: UNSET, where there is none."""
    return UNSET if value is None else value


def show_time(at: datetime) -> str:
    """A time as Sequence writes it, in UTC: `2022-06-28T16:47:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_time(at: datetime | None) -> str | UnsetType:
    """A time as Sequence writes it, if there is one."""
    return UNSET if at is None else show_time(at)


def maybe_date(day: date | None) -> str | UnsetType:
    """A date as Sequence writes it, if there is one: `2022-09-30`."""
    return UNSET if day is None else day.isoformat()


def show_amount(minor: int, currency: str) -> str:
    """An amount as Sequence writes it: a decimal text with the places of its currency, `"20000.10"`."""
    return format(to_decimal(minor, currency), "f")


def show_decimal(value: Decimal) -> str:
    """A quantity or a rate as a decimal text, digit by digit as it was given."""
    return format(value, "f")


def read_decimal(text: str, field: str) -> Decimal:
    """An exact decimal from its text.

    Raises: InvalidValue.
    """
    return parse_decimal(text, field)


def read_date(text: str, field: str) -> date:
    """A date from its text, `2022-09-30`.

    Raises: InvalidValue.
    """
    try:
        # The other ways of writing a date that Python reads, such as 2022-W39-5, are none of the contract's.
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise InvalidValue(field, text, "give a date such as 2022-09-30") from None


def read_emails(emails: list[str], field: str) -> tuple[str, ...]:
    """E-mail addresses, each once.

    Raises: InvalidValue.
    """
    return tuple(dict.fromkeys(read_email(each, f"{field}[{at}]") for at, each in enumerate(emails)))


def read_email(email: str, field: str) -> str:
    """An e-mail address that mail can be sent to.

    Raises: InvalidValue.
    """
    if not _EMAIL.fullmatch(email):
        raise InvalidValue(field, email, "give an e-mail address such as finance@example.com")
    return email


def read_address(address: AddressRequest, field: str) -> dict[str, str]:
    """An address as documents keep it.

    Raises: InvalidValue, for a country or state that is not in the lists of the contract.
    """
    if address.country not in COUNTRIES:
        rule = "give the two letters of a country (ISO 3166-1 alpha-2) such as GB"
        raise InvalidValue(f"{field}.country", address.country, rule)
    if address.state is not None and address.state not in STATES:
        rule = "give the two letters of a state of the USA or a province of Canada, or leave it out"
        raise InvalidValue(f"{field}.state", address.state, rule)
    given = {
        "line1": address.line1,
        "line2": address.line2,
        "town": address.town,
        "state": address.state,
        "postcode": address.postcode,
        "country": address.country,
    }
    return {name: value for name, value in given.items() if value is not None}


def show_address(address: Mapping[str, str]) -> AddressView:
    """An address as answers show it."""
    return AddressView(
        line1=address["line1"],
        line2=address.get("line2", UNSET),
        town=address["town"],
        state=address.get("state", UNSET),
        postcode=address["postcode"],
        country=address["country"],
    )


def read_pairs(pairs: list[Pair], field: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a key and a value, in their order.

    Raises: InvalidValue, for a key that is given twice.
    """
    found: dict[str, str] = {}
    for at, pair in enumerate(pairs):
        if pair.key in found:
            raise InvalidValue(f"{field}[{at}].key", pair.key, "give each key once")
        found[pair.key] = pair.value
    return tuple(found.items())


def show_pairs(pairs: tuple[tuple[str, str], ...]) -> list[PairView]:
    """Pairs of a key and a value, as answers show them."""
    return [PairView(key=key, value=value) for key, value in pairs]
