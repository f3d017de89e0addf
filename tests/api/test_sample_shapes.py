"""The answers carry the fields of the vendor's own samples, with the same types of JSON."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.api.contract import served_operations, shape
from tests.api.sample_calls import CALLS, World
from tests.servers import Api, Json

Shape = Any
"""The name of a type, `any` for null, a list with the shape of its elements, or an object of shapes."""

SAMPLES: dict[str, Shape] = json.loads((Path(__file__).parent / "samples.json").read_text(encoding="utf-8"))
"""By method and path: what the vendor's samples of answers look like, without their values."""

NO_FILES = "no file is made and no mail is sent"
NO_BILLING = "there are no subscriptions, catalog, bill runs or schedules"
NO_SNAPSHOTS = "contacts are kept with their account, and not copied for each document"
NO_ITEM_SETTLEMENT = "documents are settled as a whole, not item by item"
NO_PAYMENT_METHODS = "there is no gateway, and no payment method is kept"
NO_LEDGER = "accounting codes are kept as they come; there is no chart of accounts that tells their types"

EXCEPTIONS: dict[str, str] = {
    "invoiceTemplateId": NO_FILES,
    "lastEmailSentDate": NO_FILES,
    "latestPDFFileId": NO_FILES,
    "billRunId": NO_BILLING,
    "invoiceScheduleId": NO_BILLING,
    "invoiceScheduleItemId": NO_BILLING,
    "numberOfDeliveries": NO_BILLING,
    "productName": NO_BILLING,
    "sku": NO_BILLING,
    "sourceId": NO_BILLING,
    "subscriptionId": NO_BILLING,
    "subscriptionName": NO_BILLING,
    "targetDate": NO_BILLING,
    "billToContactSnapshotId": NO_SNAPSHOTS,
    "soldToContactId": NO_SNAPSHOTS,
    "soldToContactSnapshotId": NO_SNAPSHOTS,
    "appliedToItemId": NO_ITEM_SETTLEMENT,
    "creditFromItemId": NO_ITEM_SETTLEMENT,
    "creditFromItemSource": NO_ITEM_SETTLEMENT,
    "taxationItems.data[].creditAmount": NO_ITEM_SETTLEMENT,
    "taxationItems.data[].paymentAmount": NO_ITEM_SETTLEMENT,
    "defaultPaymentMethodId": NO_PAYMENT_METHODS,
    "paymentGatewayNumber": NO_PAYMENT_METHODS,
    "paymentMethodId": NO_PAYMENT_METHODS,
    "deferredRevenueAccountingCodeType": NO_LEDGER,
    "onAccountAccountingCodeType": NO_LEDGER,
    "recognizedRevenueAccountingCodeType": NO_LEDGER,
    "salesTaxPayableAccountingCodeType": NO_LEDGER,
    "einvoiceProfile": "nothing is reported to any authority",
    "organizationLabel": "the account of these calls carries no label",
    "partnerAccount": "there is no channel management",
    "profileNumber": "communication profiles are not kept here, only the id that an account was given",
    "taxStatus": "no tax is computed",
    "excludeItemBillingFromRevenueAccounting": "of a memo it is kept with each of its items",
    "reasons[].code": "the vendor's samples have it as a number and as a text; it is a number everywhere here",
    "unpost.postedById": "what was unposted is a draft",
    "unpost.postedOn": "what was unposted is a draft",
    "/v1/invoices/{}.cancelledById": "an invoice that can be updated is not canceled",
    "/v1/invoices/{}.cancelledOn": "an invoice that can be updated is not canceled",
}
"""The end of the path of a field that is missing here, null, or of another type, and why."""


def shape_of(value: Any) -> Shape:
    if value is None:
        return "any"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        found: list[Shape] = []
        for each in value:
            found = [merged(found[0], shape_of(each))] if found else [shape_of(each)]
        return found
    return {name: shape_of(each) for name, each in value.items()}


def merged(one: Shape, other: Shape) -> Shape:
    """The shape of what comes in two forms: elements of one list."""
    if one == "any":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        both = {name: merged(one[name], other[name]) for name in one.keys() & other.keys()}
        return {**one, **other, **both}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0])] if one and other else one or other
    return one


def differences(wanted: Shape, found: Shape, path: str) -> Iterator[str]:
    """Where an answer lacks a field of the sample, or has it with another type."""
    if wanted == "any":
        return
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, inner in wanted.items():
            if name not in found:
                yield f"{path}.{name} is missing"
            else:
                yield from differences(inner, found[name], f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list):
        if wanted and not found:
            yield f"{path} is empty"
        elif wanted:
            yield from differences(wanted[0], found[0], f"{path}[]")
    elif wanted != found:
        yield f"{path} is {found if isinstance(found, str) else type(found).__name__}, not {wanted}"


@pytest.fixture(scope="module")
def answers(api: Api) -> dict[str, Json]:
    """What every operation answers."""
    world = World(api)
    return {operation: call(world) for operation, call in CALLS.items()}


def found_in(answers: dict[str, Json], operation: str) -> list[str]:
    return list(differences(SAMPLES[operation], shape_of(answers[operation]), operation))


def exceptions_for(difference: str) -> set[str]:
    """The exceptions that tell about a difference."""
    path = difference.split(" ")[1]
    return {end for end in EXCEPTIONS if path == end or path.endswith((f".{end}", f"/{end}"))}


def test_every_served_operation_with_a_sample_is_called() -> None:
    served = {f"{each.method} {shape(each.path)}" for each in served_operations()}
    assert SAMPLES.keys() <= served
    assert CALLS.keys() == SAMPLES.keys()


@pytest.mark.parametrize("operation", SAMPLES)
def test_an_answer_has_the_shape_of_the_sample(answers: dict[str, Json], operation: str) -> None:
    assert [each for each in found_in(answers, operation) if not exceptions_for(each)] == []


def test_no_exception_is_out_of_date(answers: dict[str, Json]) -> None:
    found = [each for operation in SAMPLES for each in found_in(answers, operation)]
    assert set().union(*(exceptions_for(each) for each in found)) == EXCEPTIONS.keys()


def test_a_difference_is_seen() -> None:
    sample = {"a": "number", "b": [{"c": "string", "d": "any"}], "e": "any", "f": "boolean"}
    assert list(differences(sample, shape_of({"a": 1, "b": [{"d": 1}, {"c": "x"}], "e": 1, "f": True}), "x")) == []
    seen = list(differences(sample, shape_of({"a": "1", "b": [{"c": None}], "f": 0}), "x"))
    assert seen == [
        "x.a is string, not number",
        "x.b[].c is any, not string",
        "x.b[].d is missing",
        "x.e is missing",
        "x.f is number, not boolean",
    ]
    assert list(differences(sample["b"], shape_of([]), "x")) == ["x is empty"]
