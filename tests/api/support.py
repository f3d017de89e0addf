"""What the tests of the API make, and how they read answers."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.servers import Api, Json, decode

KINDS = ("invoice", "creditMemo", "debitMemo", "payment", "refund")
PROCESS_ID_CHARACTERS = 16
REQUEST_ID_CHARACTERS = 36

SDK_WARNINGS = (
    # The SDK uses parts of pydantic that are deprecated, and serialises what it does not validate.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:zuora_sdk"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
)


@dataclass(frozen=True, slots=True)
class Sdk:
    """Zuora's SDK: its module with all models, a client that is signed in, and a way to make another."""

    models: Any
    client: Any
    connect: Callable[[str, str], Any]


def unique_letters(count: int = 8) -> str:
    """Letters that no other test has."""
    return "".join(random.choices(string.ascii_uppercase, k=count))


def new_set(prefix: str | None = None, *, start: int = 1, **changes: Any) -> Json:
    """The body of a set with five prefixes of its own; `changes` replace whole fields, None leaves them out."""
    own = prefix or unique_letters()
    body: Json = {
        "name": f"S-{own}",
        "invoice": {"prefix": f"{own}I", "startNumber": start},
        "creditMemo": {"prefix": f"{own}C", "startNumber": start},
        "debitMemo": {"prefix": f"{own}D", "startNumber": start},
        "payment": {"prefix": f"{own}P-", "startNumber": start},
        "refund": {"prefix": f"{own}R-", "startNumber": start},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def create_set(api: Api, prefix: str | None = None, *, start: int = 1, **changes: Any) -> Json:
    """A new set, as the server answers it."""
    body = {"sequenceSets": [new_set(prefix, start=start, **changes)]}
    created: Json = api.ok("POST", "/v1/sequence-sets", body)["sequenceSets"][0]
    return created


def new_account(**fields: Any) -> Json:
    """The body of an account."""
    contact = {"firstName": "Ada", "lastName": "Lovelace", "country": "United Kingdom"}
    return {"name": "Analytical Engines", "currency": "EUR", "billToContact": contact, **fields}


def create_account(api: Api, **fields: Any) -> str:
    """The id of a new account."""
    return str(api.ok("POST", "/v1/accounts", new_account(**fields))["accountId"])


def new_memo(account_id: str, amount: object = Decimal("10.00"), **fields: Any) -> Json:
    """The body of a credit memo with one charge."""
    return {"accountId": account_id, "charges": [{"amount": amount, "chargeId": "charge"}], **fields}


def create_memo(api: Api, account_id: str, **fields: Any) -> Json:
    """A new memo: a draft unless the fields say otherwise."""
    return api.ok("POST", "/v1/credit-memos", new_memo(account_id, **fields))


def post_memo(api: Api, account_id: str, **fields: Any) -> str:
    """The number of a new memo that is posted at once."""
    return str(create_memo(api, account_id, autoPost=True, **fields)["number"])


def next_numbers(api: Api, set_key: str) -> dict[str, int]:
    """The ordinals that the series of a set issue next."""
    shown = api.ok("GET", f"/v1/sequence-sets/{set_key}")
    return {kind: shown[kind]["nextNumber"] for kind in KINDS if kind in shown}


def refused(answer: httpx2.Response, status: int, category: int) -> str:
    """The message of a failure, after its shape, its status and the category of its code have been checked."""
    body = decode(answer)
    assert answer.status_code == status, answer.text
    assert body["success"] is False
    assert len(body["processId"]) == PROCESS_ID_CHARACTERS
    assert int(body["processId"], 16) >= 0
    assert len(body["requestId"]) == REQUEST_ID_CHARACTERS
    assert len(answer.headers["zuora-request-id"]) == REQUEST_ID_CHARACTERS
    (reason,) = body["reasons"]
    assert reason["code"] % 100 == category, answer.text
    assert 10_000_000 <= reason["code"] <= 99_999_999
    for trace in ("Traceback", 'File "', ".py", "msgspec", "apsw", "sqlite"):
        assert trace not in answer.text
    message: str = reason["message"]
    assert message
    return message
