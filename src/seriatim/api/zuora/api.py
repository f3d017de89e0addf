"""All operations of the Zuora dialect, as one table and as one OpenAPI document."""

from collections.abc import Callable
from typing import Any

from seriatim import __version__
from seriatim.api.zuora import (
    account_summary,
    accounts,
    credit_memos,
    debit_memos,
    invoices,
    not_served,
    oauth,
    payments,
    refunds,
    sequence_sets,
)
from seriatim.api.zuora.envelope import ENTITY_HEADER, ORG_HEADER, Failure
from seriatim.http.endpoint import Endpoint
from seriatim.http.openapi import Json, describe

_HEADERS = {
    "Idempotency-Key": "1 to 255 characters; the answer is kept for 24 hours and given again to the same request.",
    "Zuora-Track-Id": "Up to 64 characters of your own; sent back with the answer.",
    "Zuora-Version": "A minor version of Zuora's API; accepted and logged.",
    ENTITY_HEADER: "Id or name of the entity to work in.",
    ORG_HEADER: "Ids or names of the orgs to work in, separated by commas.",
}
_DESCRIPTION = "Zuora's v1 operations as Seriatim serves them: sequence sets, and what they number."


def endpoints(create_token: Callable[..., Any]) -> list[Endpoint]:
    """Every operation, those not served included; `create_token` does the work of the one that signs tokens."""
    return [*not_served.ENDPOINTS, *served(create_token)]


def served(create_token: Callable[..., Any]) -> list[Endpoint]:
    """Every operation that is served."""
    return [
        *credit_memos.ENDPOINTS,
        *invoices.ENDPOINTS,
        *debit_memos.ENDPOINTS,
        *payments.ENDPOINTS,
        *refunds.ENDPOINTS,
        *account_summary.ENDPOINTS,
        *accounts.ENDPOINTS,
        *sequence_sets.ENDPOINTS,
        *oauth.endpoints(create_token),
    ]


def openapi() -> Json:
    """The OpenAPI document of this dialect."""
    found = served(oauth.TokenIssuer.create_token)
    success = "The operation's answer, or a broken rule as `success: false`."
    return describe("Seriatim, Zuora dialect", __version__, _DESCRIPTION, found, Failure, _HEADERS, success=success)
