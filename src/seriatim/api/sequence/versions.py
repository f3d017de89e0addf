"""The dated versions of Sequence's API: what each has, and answers cut down to what it knows.

`contract.json` holds the facts of the vendor's three documents: the operations of each version with the shape of their
answers, the fields of every shape, and what each version misses of the newest one's enumerations. A shape's field is
`""` for a plain value, `#n` for the shape of that number, `=Name` for a value of an enumeration (`?` behind it: the
field may be left out), each with a `*` in front for a list.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from seriatim.api.sequence.wire import encode
from seriatim.domain.sequence_version import NEWEST, Version
from seriatim.errors import BrokenRule, Category, NotFound, Rule, SeriatimError, show
from seriatim.http.endpoint import Call, Endpoint

_LIST = "*"
_SHAPE = "#"
_CHOICE = "="
_OPTIONAL = "?"


class UnrecognisedApiVersion(SeriatimError):
    """The request names a version that there is not; the message is the vendor's."""

    category = Category.INVALID_HEADER

    def __init__(self) -> None:
        super().__init__("No matching API version found. Please make sure the specified API version is valid.")


class Contract(msgspec.Struct, frozen=True):
    """The facts of the vendor's documents."""

    unknown: dict[Version, dict[str, frozenset[str]]]
    """By version and enumeration: the newest version's values that it does not have."""
    operations: dict[Version, dict[str, str]]
    """By version and operation (`GET /customers/{id}`): the shape of its answer."""
    shapes: list[dict[str, str]]


@cache
def contract() -> Contract:
    """The facts, read once."""
    return msgspec.json.decode(files(__package__).joinpath("contract.json").read_bytes(), type=Contract)


class Currency(StrEnum):
    """The currencies of the newest version."""

    AED = "AED"
    ARS = "ARS"
    AUD = "AUD"
    BGN = "BGN"
    BRL = "BRL"
    CAD = "CAD"
    CHF = "CHF"
    CLP = "CLP"
    CNY = "CNY"
    COP = "COP"
    CZK = "CZK"
    DKK = "DKK"
    EGP = "EGP"
    EUR = "EUR"
    GBP = "GBP"
    HKD = "HKD"
    ILS = "ILS"
    INR = "INR"
    ISK = "ISK"
    JPY = "JPY"
    KRW = "KRW"
    MXN = "MXN"
    NOK = "NOK"
    NZD = "NZD"
    PLN = "PLN"
    SAR = "SAR"
    SEK = "SEK"
    SGD = "SGD"
    THB = "THB"
    USD = "USD"
    UYU = "UYU"
    ZAR = "ZAR"


NEWEST_CURRENCIES = frozenset(currency.value for currency in Currency)


def read_version(text: str) -> Version:
    """The version of this name.

    Raises: UnrecognisedApiVersion.
    """
    try:
        return Version(text)
    except ValueError:
        raise UnrecognisedApiVersion from None


def currencies(version: str) -> frozenset[str]:
    """The currencies that a version knows."""
    return NEWEST_CURRENCIES - contract().unknown[Version(version)].get("Currency", frozenset())


def check_currency(call: Call[Any, Any], currency: str, name: str = "this document") -> str:
    """Give back a currency that the call's version knows. `name` is what is in this currency, for the message.

    Raises: BrokenRule.
    """
    if currency not in currencies(call.api_version):
        elsewhere = (
            f"Sequence-Version {NEWEST} shows it" if currency in NEWEST_CURRENCIES else "the Zuora API (/v1) shows it"
        )
        message = f"{name} is in {currency}, which version {call.api_version} does not know; {elsewhere}"
        raise BrokenRule(Rule.NOT_IN_THIS_VERSION, message)
    return currency


def operation_key(endpoint: Endpoint) -> str:
    """What the contract calls an operation."""
    return f"{endpoint.method} {endpoint.path}"


def check_operation(endpoint: Endpoint, version: Version) -> None:
    """Check that a version has an operation.

    Raises: NotFound.
    """
    key = operation_key(endpoint)
    operations = contract().operations
    if key not in operations[version]:
        having = " and ".join(each for each in Version if key in operations[each])
        raise NotFound("operation", key, f"Sequence-Version {version} does not have it, {having} does")


def render(call: Call[Any, Any], answer: msgspec.Struct) -> bytes:
    """An answer as the body that the call's version knows: fields and values it does not have are left out."""
    if call.api_version == NEWEST or call.endpoint is None:
        return encode(answer)
    return encode(cut_down(msgspec.to_builtins(answer), operation_key(call.endpoint), Version(call.api_version)))


def cut_down(answer: Any, operation: str, version: Version) -> Any:
    """An answer in plain values, without what a version does not know of this operation's answer."""
    facts = contract()
    unknown = facts.unknown[version]
    return _cut(answer, facts.operations[version][operation], lambda name: unknown.get(name, frozenset()))


class _UnknownValueError(Exception):
    """A required field has a value that the version does not know, so what it belongs to goes with it."""


def _cut(value: Any, kind: str, unknown: Callable[[str], frozenset[str]]) -> Any:
    if not kind:
        return value
    if kind.startswith(_LIST):
        kept = []
        for each in value:
            try:
                kept.append(_cut(each, kind[1:], unknown))
            except _UnknownValueError:
                continue
        return kept
    if kind.startswith(_CHOICE):
        if value in unknown(kind[1:].rstrip(_OPTIONAL)):
            raise _UnknownValueError(f"{kind} {show(value)}")
        return value
    return _cut_object(value, contract().shapes[int(kind.removeprefix(_SHAPE))], unknown)


def _cut_object(
    value: Mapping[str, Any], fields: Mapping[str, str], unknown: Callable[[str], frozenset[str]]
) -> dict[str, Any]:
    kept = {}
    for name, each in value.items():
        kind = fields.get(name)
        if kind is None:
            continue
        try:
            kept[name] = _cut(each, kind, unknown)
        except _UnknownValueError:
            if not kind.endswith(_OPTIONAL):
                raise
    return kept
