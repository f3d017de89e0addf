"""The main path through Zuora's official SDK: from a sequence set to posted credit memos, and what follows."""

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.api.support import SDK_WARNINGS, Sdk, unique_letters
from tests.servers import Api

pytestmark = list(SDK_WARNINGS)

TEMPORARY_NUMBER = re.compile(r"TMP-CM-[0-9]{8}")


class Books:
    """A set and an account that uses it, with the calls of a bookkeeper."""

    def __init__(self, sdk: Sdk, *, start: int = 11, currency: str = "EUR") -> None:
        self.sdk = sdk
        self.models = sdk.models
        self.sets = sdk.client.sequence_sets_api()
        self.memos = sdk.client.credit_memos_api()
        self.accounts = sdk.client.accounts_api()
        self.prefix = f"{unique_letters()}CM"
        models = sdk.models
        request = models.CreateSequenceSetRequest(
            name=f"S-{self.prefix}",
            invoice=models.InvoiceEntityPrefix(prefix=f"{self.prefix}I", start_number=1),
            credit_memo=models.CreditMemoEntityPrefix(prefix=self.prefix, start_number=start),
            debit_memo=models.DebitMemoEntityPrefix(prefix=f"{self.prefix}D", start_number=1),
        )
        body = models.CreateSequenceSetsRequest(sequence_sets=[request])
        self.set = self.sets.create_sequence_sets(body).sequence_sets[0]
        self.account_id = self.account(sequence_set_id=self.set.id, currency=currency).account_id

    def account(self, **fields: Any) -> Any:
        contact = self.models.CreateAccountContact(first_name="Ada", last_name="Lovelace", country="United Kingdom")
        request = self.models.CreateAccountRequest(
            **{"name": "Engines", "currency": "EUR", "bill_to_contact": contact, "bill_cycle_day": 1, **fields}
        )
        made = self.accounts.create_account(request)
        assert made.success is True, made.reasons
        return made

    def memo(self, amount: Any = 10, *, account_id: str | None = None, **fields: Any) -> Any:
        charge = self.models.CreditMemoItemFromChargeDetail(amount=amount, charge_id="charge", quantity=1)
        request = self.models.CreateCreditMemoFromChargeRequest(
            **{"account_id": account_id or self.account_id, "charges": [charge], **fields}
        )
        return self.memos.create_credit_memo_from_charge(request)

    def number(self, ordinal: int) -> str:
        return f"{self.prefix}{ordinal:08d}"

    def next_number(self) -> int:
        return int(self.sets.get_sequence_set(self.set.id).credit_memo.additional_properties["nextNumber"])


@pytest.fixture
def books(sdk: Sdk) -> Books:
    return Books(sdk)


def broken_rule(answer: Any) -> str:
    assert answer.success is False
    (reason,) = answer.reasons
    assert reason.code % 100 == 30
    return str(reason.message)


def test_from_a_set_to_posted_memos(books: Books) -> None:
    drafts = [books.memo() for _ in range(2)]
    assert all(TEMPORARY_NUMBER.fullmatch(draft.number) for draft in drafts)
    assert {draft.status for draft in drafts} == {"Draft"}
    assert {draft.sequence_set_id for draft in drafts} == {books.set.id}
    assert books.next_number() == 11
    posted = books.memos.post_credit_memo(drafts[1].id)
    assert (posted.number, posted.status, posted.success) == (books.number(11), "Posted", True)
    assert books.memos.post_credit_memo(drafts[0].number).number == books.number(12)
    assert books.memo(auto_post=True).number == books.number(13)
    assert books.next_number() == 14
    for ordinal, memo_id in ((11, drafts[1].id), (12, drafts[0].id)):
        assert books.memos.get_credit_memo(memo_id).number == books.number(ordinal)
        assert books.memos.get_credit_memo(books.number(ordinal)).id == memo_id


def test_the_numbers_of_the_first_example(sdk: Sdk, entity: Any) -> None:
    """FCM00000011 and FCM00000012, in an entity of their own so that nobody else has the prefix."""
    name, models = entity.headers["Zuora-Entity-Ids"], sdk.models
    request = models.CreateSequenceSetRequest(
        name="FR",
        invoice=models.InvoiceEntityPrefix(prefix="FINV", start_number=10),
        credit_memo=models.CreditMemoEntityPrefix(prefix="FCM", start_number=11),
        debit_memo=models.DebitMemoEntityPrefix(prefix="FDM", start_number=12),
    )
    sets = sdk.client.sequence_sets_api()
    body = models.CreateSequenceSetsRequest(sequence_sets=[request])
    made = sets.create_sequence_sets(body, zuora_entity_ids=name).sequence_sets[0]
    contact = models.CreateAccountContact(first_name="Ada", last_name="Lovelace", country="France")
    account = models.CreateAccountRequest(
        name="Engines", currency="EUR", bill_to_contact=contact, bill_cycle_day=1, sequence_set_id=made.id
    )
    account_id = sdk.client.accounts_api().create_account(account, zuora_entity_ids=name).account_id
    memos = sdk.client.credit_memos_api()
    numbers = []
    for _ in range(2):
        charge = models.CreditMemoItemFromChargeDetail(amount=25.5, charge_id="charge")
        memo = models.CreateCreditMemoFromChargeRequest(account_id=account_id, charges=[charge])
        draft = memos.create_credit_memo_from_charge(memo, zuora_entity_ids=name)
        numbers.append(memos.post_credit_memo(draft.id, zuora_entity_ids=name).number)
    assert numbers == ["FCM00000011", "FCM00000012"]


def test_unposting_keeps_the_number(books: Books) -> None:
    memo = books.memo(auto_post=True)
    unposted = books.memos.unpost_credit_memo(memo.id)
    assert (unposted.number, unposted.status) == (books.number(11), "Draft")
    assert unposted.posted_on is None
    assert books.memo(auto_post=True).number == books.number(12)
    again = books.memos.post_credit_memo(memo.id)
    assert (again.number, again.status) == (books.number(11), "Posted")
    assert books.next_number() == 13


def test_a_memo_that_was_issued_is_cancelled_with_its_number_and_stays(books: Books) -> None:
    memo = books.memo(auto_post=True)
    books.memos.unpost_credit_memo(memo.id)
    cancelled = books.memos.cancel_credit_memo(memo.id)
    assert (cancelled.number, cancelled.status) == (books.number(11), "Canceled")
    assert cancelled.cancelled_on is not None
    assert books.number(11) in broken_rule(books.memos.delete_credit_memo(memo.id))
    assert books.memos.get_credit_memo(books.number(11)).status == "Canceled"
    assert books.memo(auto_post=True).number == books.number(12)


def test_only_cancelled_drafts_are_deleted(books: Books) -> None:
    memo = books.memo()
    assert "draft" in broken_rule(books.memos.delete_credit_memo(memo.id))
    assert books.memos.cancel_credit_memo(memo.id).status == "Canceled"
    assert books.memos.delete_credit_memo(memo.id).success is True
    with pytest.raises(books.models.exceptions.NotFoundException):
        books.memos.get_credit_memo(memo.id)
    with pytest.raises(books.models.exceptions.NotFoundException):
        books.memos.delete_credit_memo(memo.id)
    assert books.next_number() == 11


def test_steps_out_of_order_are_refused_and_take_no_number(books: Books) -> None:
    draft, posted, cancelled = books.memo(), books.memo(auto_post=True), books.memo()
    books.memos.cancel_credit_memo(cancelled.id)
    refusals = [
        (books.memos.unpost_credit_memo, draft, "draft"),
        (books.memos.post_credit_memo, posted, "posted"),
        (books.memos.cancel_credit_memo, posted, "posted"),
        (books.memos.delete_credit_memo, posted, "posted"),
        (books.memos.post_credit_memo, cancelled, "canceled"),
        (books.memos.unpost_credit_memo, cancelled, "canceled"),
        (books.memos.cancel_credit_memo, cancelled, "canceled"),
    ]
    for call, memo, state in refusals:
        assert state in broken_rule(call(memo.id))
    assert books.next_number() == 12


def test_decimal_amounts_are_exact(books: Books) -> None:
    """The SDK sends a Decimal as a string, and reads numbers back as floats."""
    memo = books.memo(Decimal("1234567.89"))
    assert memo.success is True
    assert Decimal(str(memo.amount)) == Decimal("1234567.89")
    assert Decimal(str(memo.unapplied_amount)) == Decimal("1234567.89")
    with pytest.raises(books.models.exceptions.BadRequestException) as caught:
        books.memo(Decimal("0.001"))
    assert "charges[0].amount" in caught.value.data.reasons[0].message


def test_an_account_without_a_set_is_numbered_by_default(books: Books) -> None:
    account = books.account()
    memo = books.memo(account_id=account.account_id, auto_post=True)
    default = books.sets.get_sequence_set("DEFAULT")
    assert memo.sequence_set_id == default.id
    assert re.fullmatch(rf"{default.credit_memo.prefix}[0-9]{{8}}", memo.number)
    assert books.accounts.get_account(account.account_id).basic_info.sequence_set_id is None


def test_a_set_in_use_cannot_be_deleted_until_its_account_has_another(books: Books) -> None:
    assert books.set.name in broken_rule(books.sets.delete_sequence_set(books.set.id))
    account = books.accounts.get_account(books.account_id)
    assert account.basic_info.sequence_set_id == books.set.id
    cleared = books.accounts.update_account(books.account_id, books.models.UpdateAccountRequest(sequence_set_id=""))
    assert cleared.success is True
    assert books.accounts.get_account(books.account_id).basic_info.sequence_set_id is None
    assert books.sets.delete_sequence_set(books.set.id).success is True


def test_an_account_takes_its_set_by_name(books: Books) -> None:
    account = books.account(sequence_set_name=books.set.name)
    found = books.accounts.get_account(account.account_number)
    assert found.basic_info.id == account.account_id
    assert found.basic_info.sequence_set_id == books.set.id


def test_memos_are_listed_by_account_number_and_status(books: Books, api: Api) -> None:
    draft, posted = books.memo(), books.memo(auto_post=True)
    cancelled = books.memos.cancel_credit_memo(books.memo().id)

    def ids(**filters: Any) -> set[str]:
        return {memo.id for memo in books.memos.get_credit_memos(**filters).creditmemos}

    everything = {draft.id, posted.id, cancelled.id}
    assert ids(account_id=books.account_id) == everything
    assert ids(number=posted.number) == {posted.id}
    assert ids(account_id="nobody") == set()
    assert ids(account_id=books.account_id, currency="USD") == set()
    # The SDK declares `status` as a string and then asks it for its `value`: no value passes, so ask by hand.
    for status, memo in (("Draft", draft), ("Posted", posted), ("Canceled", cancelled)):
        found = api.ok("GET", f"/v1/credit-memos?accountId={books.account_id}&status={status}")["creditmemos"]
        assert [(each["id"], each["status"]) for each in found] == [(memo.id, status)]


def test_a_memo_reads_back_as_it_was_made(books: Books) -> None:
    memo = books.memo(7, comment="for the delay", reason_code="Delay", effective_date="2026-02-28", auto_post=True)
    found = books.memos.get_credit_memo(memo.number)
    assert (found.comment, found.reason_code, found.credit_memo_date) == ("for the delay", "Delay", "2026-02-28")
    assert (found.account_id, found.currency, found.source_type) == (books.account_id, "EUR", "Standalone")
    assert found.posted_on is not None
    assert found.posted_by_id == books.sdk.client.client_id
    assert (found.amount, found.unapplied_amount, found.applied_amount) == (7, 7, 0)


def test_a_memo_of_an_unknown_account_is_not_found(books: Books) -> None:
    with pytest.raises(books.models.exceptions.NotFoundException) as caught:
        books.memo(account_id="nobody")
    assert "nobody" in caught.value.body
    assert books.next_number() == 11
