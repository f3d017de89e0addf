"""All operations of the Sequence dialect, as one table and as one OpenAPI document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seriatim import __version__
from seriatim.api.sequence import applications, credit_notes, customers, invoices
from seriatim.api.sequence.envelope import (
    ENTITY_HEADER,
    IDEMPOTENCY_HEADER,
    METHODS_WITH_KEYS,
    ORG_HEADER,
    VERSION_HEADER,
    Failure,
)
from seriatim.api.sequence.versions import contract, operation_key
from seriatim.domain.sequence_version import NEWEST, Version
from seriatim.http.decoding import decode_body
from seriatim.http.endpoint import Call, Endpoint, Reply
from seriatim.http.openapi import Json, describe

_HEADERS = {
    VERSION_HEADER: f"A dated version of the API; else that to which the client is pinned, or the newest ({NEWEST}).",
    IDEMPOTENCY_HEADER: "1 to 255 characters; the answer is kept for 24 hours and given again to the same request.",
    ENTITY_HEADER: "Id or name of the entity to work in.",
    ORG_HEADER: "Ids or names of the orgs to work in, separated by commas.",
}
_DESCRIPTION = f"Sequence's API in its version {NEWEST}, as Seriatim serves it: credit notes, invoices, customers."

_ENDPOINTS: list[Endpoint] = [
    *credit_notes.ENDPOINTS,
    *applications.ENDPOINTS,
    *invoices.ENDPOINTS,
    *customers.ENDPOINTS,
]
"""Each operation as the newest version that has it knows it."""
_OLDER: Mapping[Version, Sequence[Endpoint]] = {
    version: [
        *customers.OLDER.get(version, ()),
    ]
    for version in Version
}
"""Operations that take or give something else in an older version."""

PATHS = frozenset(endpoint.path.split("/")[1] for endpoint in _ENDPOINTS)
"""The first parts of the paths of this dialect."""


@dataclass(frozen=True, slots=True)
class _ByVersion:
    """The handler of an operation whose body differs from version to version."""

    variants: Mapping[str, Endpoint]

    async def __call__(self, call: Call[Any, Any]) -> Reply:
        """Decode the body as the call's version has it, and hand it on.

        Raises: Malformed, MissingField, UnknownField, InvalidValue, and what the handler raises.
        """
        endpoint = self.variants[call.api_version]
        if endpoint.body is not None:
            call.body = decode_body(call.raw_body, endpoint.body)
        return await endpoint.handler(call)


def endpoints() -> list[Endpoint]:
    """Every operation that a version has, one a method and path."""
    found = []
    for endpoint in _ENDPOINTS:
        key = operation_key(endpoint)
        variants = {str(version): endpoint for version in Version}
        for version, older in _OLDER.items():
            variants.update({str(version): each for each in older if operation_key(each) == key})
        if len(set(map(id, variants.values()))) == 1:
            found.append(endpoint)
        else:
            found.append(replace(endpoint, body=None, handler=_ByVersion(variants)))
    return found


def openapi() -> Json:
    """The OpenAPI document of the newest version."""
    newest = [endpoint for endpoint in _ENDPOINTS if operation_key(endpoint) in contract().operations[NEWEST]]
    return describe(
        "Seriatim, Sequence dialect",
        __version__,
        _DESCRIPTION,
        newest,
        Failure,
        _HEADERS,
        success="The operation's answer; what an older version does not know is left out of its own.",
        scheme="basic",
        methods_with_keys=METHODS_WITH_KEYS,
    )
