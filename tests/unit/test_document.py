"""The table of transitions, and the life of a document over a snapshot."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest

from seriatim.domain.client import Scope
from seriatim.domain.commands.documents import CreateDocument, DraftItem
from seriatim.domain.document import ITEMS_MAX, TRANSITIONS, Action, Document, Item, Status, find_transition
from seriatim.domain.entity import NumberOn
from seriatim.domain.money import AMOUNT_MINOR_MAX
from seriatim.domain.numbering import ORDINAL_MAX, Kind, Series, SeriesKey
from seriatim.domain.register import Event
from seriatim.domain.sequence_set import Numbering
from seriatim.domain.snapshot import Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from tests.factories import (
    ACCOUNT_ID,
    ENTITY_ID,
    SCOPE,
    create_memo,
    make_account,
    make_default_set,
    make_document,
    make_entity,
    make_set,
    transition,
)
from tests.fakes import NOON

CREDIT_MEMOS = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")
LATER = NOON + timedelta(hours=1)


def make_snapshot(number_on: NumberOn = NumberOn.POSTING, set_id: str | None = None) -> Snapshot:
    """An entity with DEFAULT, the set `FR`, and one account that has the given set."""
    snapshot = Snapshot()
    snapshot.entities.load(ENTITY_ID, make_entity(number_on=number_on))
    for of_set in (make_default_set(), make_set()):
        snapshot.sequence_sets.load(of_set.id, of_set)
        for kind in of_set.numberings:
            key = of_set.series_key(kind)
            assert key is not None
            snapshot.series.load(key, Series(key, 1, 1))
    snapshot.accounts.load(ACCOUNT_ID, make_account(sequence_set_id=set_id))
    return snapshot


ALLOWED = {
    (Action.POST, Status.DRAFT): Status.POSTED,
    (Action.UNPOST, Status.POSTED): Status.DRAFT,
    (Action.CANCEL, Status.DRAFT): Status.CANCELED,
    (Action.DELETE, Status.CANCELED): None,
    (Action.SEND, Status.POSTED): Status.POSTED,
    (Action.VOID, Status.DRAFT): Status.CANCELED,
    (Action.VOID, Status.POSTED): Status.CANCELED,
    (Action.DISCARD, Status.DRAFT): None,
}


@pytest.mark.parametrize(("action", "status"), tuple(product(Action, Status)))
def test_the_life_of_a_credit_memo(action: Action, status: Status) -> None:
    memo = make_document(status=status)
    if (action, status) in ALLOWED:
        assert find_transition(memo, action).to_status is ALLOWED[action, status]
        return
    with pytest.raises(BrokenRule) as refused:
        find_transition(memo, action)
    assert refused.value.rule is Rule.TRANSITION_NOT_ALLOWED
    allowed = " or ".join(from_status for allowed, from_status in ALLOWED if allowed is action)
    expected = f"the credit memo TMP-CM-00000001 is {status}; {action} is allowed only while it is {allowed}"
    assert refused.value.message == expected


@pytest.mark.parametrize("kind", TRANSITIONS)
def test_every_kind_knows_how_to_be_canceled_and_no_action_twice(kind: Kind) -> None:
    actions = [each.action for each in TRANSITIONS[kind]]
    assert len(set(actions)) == len(actions)
    assert {Action.CANCEL, Action.DELETE} <= set(actions)


def test_a_draft_shows_a_temporary_number_and_takes_none_of_the_series() -> None:
    snapshot = make_snapshot()
    first = create_memo().decide(snapshot, NOON)
    second = create_memo(document_id="document-2").decide(snapshot, NOON)
    assert [first.number, second.number] == ["TMP-CM-00000001", "TMP-CM-00000002"]
    assert not first.has_issued_number
    assert snapshot.series.get(CREDIT_MEMOS) == Series(CREDIT_MEMOS, 1, 1)
    assert snapshot.register == []


def test_posting_gives_the_number_and_enters_it_in_the_register() -> None:
    snapshot = make_snapshot()
    create_memo().decide(snapshot, NOON)
    posted = transition(Action.POST, document_date=date(2026, 1, 1)).decide(snapshot, LATER)
    assert (posted.number, posted.series, posted.ordinal) == ("CM00000001", CREDIT_MEMOS, 1)
    assert (posted.status, posted.posted_at, posted.posted_by) == (Status.POSTED, LATER, "actor-1")
    assert (posted.document_date, posted.updated_at, posted.created_at) == (date(2026, 1, 1), LATER, NOON)
    (entry,) = snapshot.register
    assert (entry.event, entry.series, entry.document_id) == (Event.ISSUE, CREDIT_MEMOS, posted.id)
    assert (entry.first_ordinal, entry.last_ordinal, entry.recorded_at, entry.recorded_by) == (1, 1, LATER, "actor-1")


def test_unposting_and_posting_again_keeps_the_number() -> None:
    snapshot = make_snapshot()
    create_memo(post=True).decide(snapshot, NOON)
    unposted = transition(Action.UNPOST).decide(snapshot, NOON)
    assert (unposted.status, unposted.number) == (Status.DRAFT, "CM00000001")
    again = transition(Action.POST).decide(snapshot, NOON)
    assert (again.status, again.number) == (Status.POSTED, "CM00000001")
    assert len(snapshot.register) == 1


def test_a_canceled_memo_keeps_its_number_and_cannot_be_deleted() -> None:
    snapshot = make_snapshot()
    create_memo(post=True).decide(snapshot, NOON)
    transition(Action.UNPOST).decide(snapshot, NOON)
    canceled = transition(Action.CANCEL).decide(snapshot, LATER)
    assert (canceled.number, canceled.canceled_at, canceled.canceled_by) == ("CM00000001", LATER, "actor-1")
    with pytest.raises(BrokenRule, match="the credit memo CM00000001 has been issued and keeps its number") as refused:
        transition(Action.DELETE).decide(snapshot, LATER)
    assert refused.value.rule is Rule.DOCUMENT_HAS_NUMBER


def test_a_canceled_draft_can_be_deleted() -> None:
    snapshot = make_snapshot()
    create_memo().decide(snapshot, NOON)
    transition(Action.CANCEL).decide(snapshot, NOON)
    assert transition(Action.DELETE).decide(snapshot, NOON).id == "document-1"
    assert list(snapshot.documents) == []


def test_an_entity_that_numbers_on_creation_gives_a_draft_its_number() -> None:
    snapshot = make_snapshot(NumberOn.CREATION)
    draft = create_memo().decide(snapshot, NOON)
    assert (draft.status, draft.number) == (Status.DRAFT, "CM00000001")
    posted = transition(Action.POST).decide(snapshot, NOON)
    assert posted.number == "CM00000001"
    assert len(snapshot.register) == 1


def test_a_number_given_on_creation_is_as_final_as_one_given_on_posting() -> None:
    snapshot = make_snapshot(NumberOn.CREATION)
    create_memo().decide(snapshot, NOON)
    transition(Action.CANCEL).decide(snapshot, NOON)
    with pytest.raises(BrokenRule) as refused:
        transition(Action.DELETE).decide(snapshot, NOON)
    assert refused.value.rule is Rule.DOCUMENT_HAS_NUMBER


def test_a_payment_gets_its_number_when_it_is_created() -> None:
    payment = create_memo(kind=Kind.PAYMENT).decide(make_snapshot(), NOON)
    assert payment.number == "P-00000001"


def test_a_set_without_payment_numbering_leaves_payments_to_default() -> None:
    snapshot = make_snapshot(set_id="set-1")
    payment = create_memo(kind=Kind.PAYMENT).decide(snapshot, NOON)
    memo = create_memo(document_id="document-2", post=True).decide(snapshot, NOON)
    assert (payment.number, memo.number) == ("P-00000001", "FCM00000001")
    assert payment.sequence_set_id == "set-1"


def test_the_set_is_pinned_when_the_document_is_created() -> None:
    snapshot = make_snapshot(set_id="set-1")
    create_memo().decide(snapshot, NOON)
    snapshot.accounts.put(ACCOUNT_ID, make_account())
    snapshot.sequence_sets.put("set-1", make_set(deleted_at=NOON))
    assert transition(Action.POST).decide(snapshot, NOON).number == "FCM00000001"


def test_the_set_that_is_pinned_numbers_by_its_prefix_of_the_day_of_posting() -> None:
    snapshot = make_snapshot(set_id="set-1")
    create_memo().decide(snapshot, NOON)
    changed = make_set().with_numbering(Kind.CREDIT_MEMO, Numbering("CM", 1))
    snapshot.sequence_sets.put("set-1", changed)
    assert transition(Action.POST).decide(snapshot, NOON).number == "CM00000001"


def test_a_given_number_belongs_to_no_series() -> None:
    snapshot = make_snapshot()
    given = create_memo(number="CREDIT_7-a", post=True).decide(snapshot, NOON)
    assert (given.number, given.number_given, given.ordinal) == ("CREDIT_7-a", True, None)
    transition(Action.UNPOST).decide(snapshot, NOON)
    assert transition(Action.POST).decide(snapshot, NOON).number == "CREDIT_7-a"
    assert snapshot.register == []
    transition(Action.UNPOST).decide(snapshot, NOON)
    transition(Action.CANCEL).decide(snapshot, NOON)
    with pytest.raises(BrokenRule, match="has been issued"):
        transition(Action.DELETE).decide(snapshot, NOON)


@pytest.mark.parametrize(
    ("number", "kind_named"),
    (
        ("CM00000001", "credit memo"),
        ("CM99999999", "credit memo"),
        ("INV00000007", "invoice"),
        ("P-123456789", "payment"),
    ),
)
def test_a_given_number_may_not_fall_into_a_series(number: str, kind_named: str) -> None:
    with pytest.raises(BrokenRule) as refused:
        create_memo(number=number).decide(make_snapshot(), NOON)
    assert refused.value.rule is Rule.NUMBER_IN_SERIES
    assert f"{number!r} falls into the {kind_named} series of the prefix" in refused.value.message
    assert "leave the number out, or choose another" in refused.value.message


def test_a_given_number_may_be_given_once() -> None:
    snapshot = make_snapshot()
    create_memo(number="X").decide(snapshot, NOON)
    with pytest.raises(BrokenRule, match="a document numbered 'X' exists already; choose another") as refused:
        create_memo(document_id="document-2", number="X").decide(snapshot, NOON)
    assert refused.value.rule is Rule.NUMBER_TAKEN


def test_a_series_at_its_end_refuses() -> None:
    snapshot = make_snapshot()
    snapshot.series.put(CREDIT_MEMOS, Series(CREDIT_MEMOS, 1, ORDINAL_MAX + 1))
    with pytest.raises(BrokenRule) as refused:
        create_memo(post=True).decide(snapshot, NOON)
    assert refused.value.rule is Rule.SERIES_EXHAUSTED


def test_a_document_takes_its_values_from_the_request_and_the_account() -> None:
    items = (
        DraftItem(
            id="i1",
            path="charges[0]",
            amount=Decimal("1.5"),
            quantity=Decimal("0.25"),
            description="one",
            service_start_date=date(2026, 1, 1),
            service_end_date=date(2026, 2, 1),
            fields={"a": 1},
        ),
        DraftItem("i2", "charges[1]", "0.07"),
    )
    command = create_memo(items=items, document_date=date(2026, 2, 3), currency="EUR", fields={"reason": "goodwill"})
    memo = command.decide(make_snapshot(), NOON)
    assert memo.amount_minor == 157
    assert memo.items == (
        Item(
            id="i1",
            amount_minor=150,
            quantity=Decimal("0.25"),
            description="one",
            service_start_date=date(2026, 1, 1),
            service_end_date=date(2026, 2, 1),
            fields={"a": 1},
        ),
        Item(id="i2", amount_minor=7),
    )
    assert (memo.document_date, memo.fields) == (date(2026, 2, 3), {"reason": "goodwill"})
    assert (memo.currency, memo.account_number, memo.org_id) == ("EUR", "A00000001", None)
    undated = create_memo(items=items, fields={"reason": "goodwill"}).decide(make_snapshot(), NOON)
    assert undated == replace(memo, document_date=NOON.date())


def refusal(**over: object) -> Exception:
    """What a memo with these values is refused with, when it is made or when it is decided."""
    with pytest.raises((InvalidValue, BrokenRule, NotFound)) as refused:
        create_memo(**over).decide(make_snapshot(), NOON)
    return refused.value


def test_the_refusals_of_a_creation_name_their_field() -> None:
    item = DraftItem("i", "charges[3]", Decimal(1))
    negative = refusal(items=(replace(item, amount=Decimal(-1)),))
    assert _message(negative).endswith("-1 is not allowed here; give an amount of zero or more")
    assert isinstance(negative, InvalidValue)
    assert negative.field == "charges[3].amount"
    for items in ((), (item,) * (ITEMS_MAX + 1)):
        message = _message(refusal(items=items))
        assert message.startswith("charges: ")
        assert f"a list of {len(items)}" in message
        assert message.endswith("give 1 to 1000 items")
    assert "currency: 'XXX'" in _message(refusal(currency="XXX"))
    assert "currency: the account A00000001 is kept in EUR, not USD" in _message(refusal(currency="USD"))
    assert "no account 'nobody' was found" in _message(refusal(account_keys={"accountId": "nobody"}))
    large = replace(item, amount=Decimal(AMOUNT_MINOR_MAX).scaleb(-2))
    assert "the total is too large" in _message(refusal(items=(large, large)))


def _message(error: Exception) -> str:
    message: str = getattr(error, "message", "")
    return message


def test_all_keys_of_an_account_must_name_the_same_one() -> None:
    snapshot = make_snapshot()
    snapshot.accounts.load("account-2", make_account(id="account-2", number="A00000002"))
    keys = {"accountId": ACCOUNT_ID, "accountNumber": "A00000001"}
    assert create_memo(account_keys=keys).decide(snapshot, NOON).account_id == ACCOUNT_ID
    with pytest.raises(InvalidValue, match="the other field names the account A00000001") as refused:
        create_memo(account_keys=keys | {"accountNumber": "A00000002"}).decide(snapshot, NOON)
    assert refused.value.field == "accountNumber"


@pytest.mark.parametrize(
    "hidden",
    (
        {"kind": Kind.INVOICE},
        {"key": "missing"},
        {"scope": Scope("entity-2", "actor-1")},
        {"scope": Scope(ENTITY_ID, "actor-1", frozenset({"org-1"}))},
    ),
)
def test_a_document_that_the_caller_does_not_see_is_not_found(hidden: dict[str, object]) -> None:
    snapshot = make_snapshot()
    create_memo().decide(snapshot, NOON)
    command = replace(transition(Action.POST), **hidden)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        command.decide(snapshot, NOON)
    found: Document | None = snapshot.documents.get("document-1")
    assert found is not None
    assert found.status is Status.DRAFT


def test_the_account_of_an_org_that_the_caller_does_not_see_is_not_found() -> None:
    snapshot = make_snapshot()
    snapshot.accounts.load(ACCOUNT_ID, make_account(org_id="org-1"))
    seen: CreateDocument = create_memo(scope=replace(SCOPE, org_ids=frozenset({"org-1"})))
    assert seen.decide(snapshot, NOON).org_id == "org-1"
    with pytest.raises(NotFound, match="no account 'account-1' was found"):
        create_memo(scope=replace(SCOPE, org_ids=frozenset({"org-2"}))).decide(snapshot, NOON)
