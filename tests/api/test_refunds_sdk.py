"""Refunds through Zuora's official SDK: every operation, and its refusals."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.api.ledger import Ledger
from tests.api.support import SDK_WARNINGS, Sdk, create_set, unique_letters
from tests.servers import Api

pytestmark = list(SDK_WARNINGS)


class Till:
    """An account with a set of its own and a payment of 100, and the SDK's calls on refunds."""

    def __init__(self, sdk: Sdk, api: Api) -> None:
        self.models = sdk.models
        self.payments, self.refunds = sdk.client.payments_api(), sdk.client.refunds_api()
        self.prefix = unique_letters()
        self.ledger = Ledger(api, sequenceSetId=create_set(api, self.prefix, start=5)["id"])
        self.payment = self.ledger.payment(100, effectiveDate="2026-01-01")

    def refund(self, amount: Any, **fields: Any) -> Any:
        body = self.models.CreateRefundRequest(
            **{"type": "External", "method_type": "Check", "total_amount": amount, **fields}
        )
        made = self.payments.create_refund_payment(self.payment["id"], body)
        assert made.success is True, made.reasons
        return made


@pytest.fixture
def till(sdk: Sdk, api: Api) -> Till:
    return Till(sdk, api)


def broken_rule(answer: Any) -> str:
    assert answer.success is False
    (reason,) = answer.reasons
    assert reason.code % 100 == 30
    return str(reason.message)


def test_a_refund_is_made_and_read_back(till: Till) -> None:
    made = till.refund(Decimal("40.05"), comment="overpaid", reason_code="Standard Refund", refund_date="2026-02-28")
    assert made.number == f"{till.prefix}R-00000005"
    for key in (made.id, made.number):
        found = till.refunds.get_refund(key)
        assert (found.id, found.number, found.amount) == (made.id, made.number, 40.05)
        assert (found.payment_id, found.payment_number) == (till.payment["id"], till.payment["number"])
        assert (found.account_id, found.status, found.type) == (till.ledger.account_id, "Processed", "External")
        assert (found.comment, found.reason_code, found.method_type) == ("overpaid", "Standard Refund", "Check")
        assert (found.refund_date, found.credit_memo_id) == ("2026-02-28", None)
        assert found.finance_information.transferred_to_accounting == "No"


def test_the_part_of_a_refund(till: Till) -> None:
    refund = till.refund(10)
    (part,) = till.refunds.get_refund_parts(refund.number).parts
    assert (part.payment_id, part.credit_memo_id, part.amount) == (till.payment["id"], None, 10)
    assert till.refunds.get_refund_part(refund_part_id=part.id, refund_key=refund.id).amount == 10
    with pytest.raises(till.models.exceptions.NotFoundException):
        till.refunds.get_refund_part(refund_part_id="nobody", refund_key=refund.id)


def test_a_refund_is_updated_until_it_is_canceled(till: Till) -> None:
    refund = till.refund(10)
    body = till.models.UpdateRefundRequest(comment="new", reason_code="Other", reference_id="bank-2")
    changed = till.refunds.update_refund(refund_id=refund.id, body=body)
    assert (changed.comment, changed.reason_code, changed.reference_id) == ("new", "Other", "bank-2")
    assert till.refunds.get_refund(refund.id).comment == "new"
    till.refunds.cancel_refund(refund.id)
    assert "canceled" in broken_rule(till.refunds.update_refund(refund_id=refund.id, body=body))


def test_a_refund_is_canceled_and_never_deleted(till: Till) -> None:
    refund = till.refund(Decimal("99.99"))
    assert till.ledger.settled(till.payment["id"]) == (Decimal("0.01"), 0, Decimal("99.99"))
    assert "canceled" in broken_rule(till.refunds.delete_refund(refund.id))
    canceled = till.refunds.cancel_refund(refund.number)
    assert (canceled.status, canceled.number, canceled.amount) == ("Canceled", refund.number, 99.99)
    assert till.ledger.settled(till.payment["id"]) == (100, 0, 0)
    assert "is canceled" in broken_rule(till.refunds.cancel_refund(refund.id))
    assert refund.number in broken_rule(till.refunds.delete_refund(refund.id))
    assert till.refunds.get_refund(refund.id).status == "Canceled"
    assert till.refund(1).number == f"{till.prefix}R-00000006"


def test_refunds_are_listed(till: Till) -> None:
    first, second = till.refund(Decimal("10.50"), method_type="Cash"), till.refund(20)

    def ids(**filters: Any) -> list[str]:
        found = till.refunds.get_refunds(account_id=till.ledger.account_id, **filters)
        return [refund.id for refund in found.refunds]

    assert ids() == [second.id, first.id]
    assert ids(amount=10.5) == [first.id]
    assert ids(number=second.number) == [second.id]
    assert ids(payment_id=till.payment["id"], sort="-amount") == [first.id, second.id]
    assert ids(refund_date=first.refund_date, created_date=first.created_date[:10]) == [second.id, first.id]
    assert ids(payment_id="nobody") == []
    page = till.refunds.get_refunds(account_id=till.ledger.account_id, page_size=1)
    assert [refund.id for refund in page.refunds] == [second.id]
    assert page.next_page.startswith(till.ledger.api.url)


def test_what_does_not_exist_is_not_found(till: Till) -> None:
    body = till.models.UpdateRefundRequest(comment="x")
    calls: list[Callable[[], Any]] = [
        lambda: till.refunds.get_refund("nobody"),
        lambda: till.refunds.get_refund_parts("nobody"),
        lambda: till.refunds.update_refund(refund_id="nobody", body=body),
        lambda: till.refunds.cancel_refund("nobody"),
        lambda: till.refunds.delete_refund("nobody"),
    ]
    for call in calls:
        with pytest.raises(till.models.exceptions.NotFoundException):
            call()
