"""Sequence sets over a snapshot: what is configured reads back, and what a series has issued stays issued."""

from datetime import timedelta

import pytest

from seriatim.domain.commands.sequence_sets import (
    CreateSequenceSets,
    DeleteSequenceSet,
    NewSequenceSet,
    NumberingChange,
    UpdateSequenceSet,
)
from seriatim.domain.decide import Submission, decide_batch
from seriatim.domain.numbering import DEFAULT_PREFIXES, REQUIRED_KINDS, Kind, Series, SeriesKey
from seriatim.domain.register import Event
from seriatim.domain.sequence_set import Numbering, SetView
from seriatim.domain.snapshot import Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from tests.factories import (
    DEFAULT_SET_ID,
    ENTITY_ID,
    SCOPE,
    create_entity,
    create_sets,
    make_numberings,
    make_set,
    new_set,
)
from tests.fakes import NOON

LATER = NOON + timedelta(hours=1)
MEMO = Kind.CREDIT_MEMO
FCM = SeriesKey(ENTITY_ID, MEMO, "FCM")


@pytest.fixture
def snapshot() -> Snapshot:
    """An entity as it is on its first day, with the set `FR` whose credit memos begin with `FCM` at 5."""
    snapshot = Snapshot()
    create_entity().decide(snapshot, NOON)
    create(snapshot, new_set(numberings={MEMO: Numbering("FCM", 5)}))
    return snapshot


def create(snapshot: Snapshot, *sets: NewSequenceSet) -> list[SetView]:
    return create_sets(*sets).decide(snapshot, NOON)


def update(snapshot: Snapshot, key: str = "FR", *, name: str | None = None, **change: int | str) -> SetView:
    """Change the credit memo numbering of a set."""
    numberings = {MEMO: NumberingChange(**change)} if change else {}  # type: ignore[arg-type]
    command = UpdateSequenceSet(scope=SCOPE, key=key, name=name, numberings=numberings)
    return command.decide(snapshot, LATER)


def issue(snapshot: Snapshot, key: SeriesKey, next_ordinal: int) -> None:
    """Let a series have issued everything below an ordinal."""
    series = snapshot.series.get(key)
    assert series is not None
    snapshot.series.put(key, Series(key, series.first_ordinal, next_ordinal))


def refused(rule: Rule, *sets: NewSequenceSet, snapshot: Snapshot) -> str:
    """The message with which the creation of these sets is refused."""
    with pytest.raises(BrokenRule) as raised:
        create(snapshot, *sets)
    assert raised.value.rule is rule
    return raised.value.message


def test_an_entity_begins_with_default_and_its_series() -> None:
    snapshot = Snapshot()
    create_entity().decide(snapshot, NOON)
    default = snapshot.sequence_set(ENTITY_ID, "DEFAULT")
    assert default is not None
    assert default.is_default
    assert default.numberings == {kind: Numbering(prefix, 1) for kind, prefix in DEFAULT_PREFIXES.items()}
    assert {series.key.kind: series.key.prefix for series in snapshot.series} == DEFAULT_PREFIXES
    assert {(series.first_ordinal, series.next_ordinal) for series in snapshot.series} == {(1, 1)}


def test_a_new_set_opens_its_series_at_the_start_numbers(snapshot: Snapshot) -> None:
    (view,) = create(snapshot, new_set(id="set-2", name="GB", numberings=make_numberings("G", 41)))
    assert view.sequence_set.numberings == make_numberings("G", 41)
    assert view.next_ordinals == dict.fromkeys(REQUIRED_KINDS, 41)
    assert (view.sequence_set.created_at, view.sequence_set.created_by) == (NOON, SCOPE.actor_id)
    key = SeriesKey(ENTITY_ID, MEMO, "GCM")
    assert snapshot.series.get(key) == Series(key, 41, 41)
    assert snapshot.register == []


def test_sets_are_numbered_one_after_another_and_past_given_numbers(snapshot: Snapshot) -> None:
    numbers = (None, "SS-00000007", None, "MINE", None, "SS-0000000001")
    sets = [
        new_set(id=f"id-{index}", name=f"N{index}", number=number, numberings={})
        for index, number in enumerate(numbers)
    ]
    created = [view.sequence_set.number for view in create(snapshot, *sets)]
    assert created == ["SS-00000002", "SS-00000007", "SS-00000008", "MINE", "SS-00000009", "SS-0000000001"]


def test_a_name_or_number_that_is_taken_is_refused(snapshot: Snapshot) -> None:
    name = refused(Rule.SET_NAME_TAKEN, new_set(id="set-2", numberings={}), snapshot=snapshot)
    assert name == "a sequence set named 'FR' exists already; choose another name"
    again = new_set(id="set-2", name="GB", number="SS-00000001", numberings={})
    number = refused(Rule.SET_NUMBER_TAKEN, again, snapshot=snapshot)
    assert "the number 'SS-00000001' exists already; choose another or leave it out" in number
    create(snapshot, new_set(id="set-2", name="GB", numberings={}))
    with pytest.raises(BrokenRule, match="'FR' exists already") as raised:
        update(snapshot, "GB", name="FR")
    assert raised.value.rule is Rule.SET_NAME_TAKEN


@pytest.mark.parametrize("name", ("", "-A", "A B", "A_B", "x" * 16, "Ä", "A\n"))
def test_a_malformed_name_is_refused(name: str) -> None:
    rule = "a name is 1 to 15 letters, digits and dashes, starting with a letter or a digit"
    with pytest.raises(InvalidValue, match=rule) as created:
        new_set(name=name)
    with pytest.raises(InvalidValue, match=rule):
        UpdateSequenceSet(scope=SCOPE, key="FR", name=name)
    assert created.value.field == "name"


@pytest.mark.parametrize("number", ("", "x" * 33, "a b", "ä"))
def test_a_malformed_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidValue, match="a sequence set number is 1 to 32 of") as raised:
        new_set(number=number)
    assert raised.value.field == "sequenceSetNumber"


def test_a_malformed_numbering_is_refused_by_its_path() -> None:
    with pytest.raises(InvalidValue) as prefix:
        new_set(numberings={MEMO: Numbering("-", 1)})
    with pytest.raises(InvalidValue) as start:
        UpdateSequenceSet(scope=SCOPE, key="FR", numberings={MEMO: NumberingChange(start_number=0)})
    assert [prefix.value.field, start.value.field] == ["creditMemo.prefix", "creditMemo.startNumber"]


def test_creation_is_all_or_none(snapshot: Snapshot) -> None:
    before = [*snapshot.sequence_sets], [*snapshot.series], [*snapshot.counters]
    good, bad = new_set(id="set-2", name="GB", numberings=make_numberings("G")), new_set(id="set-3", numberings={})
    (result,) = decide_batch(snapshot, [Submission(create_sets(good, bad))], NOON)
    assert isinstance(result.error, BrokenRule)
    assert ([*snapshot.sequence_sets], [*snapshot.series], [*snapshot.counters]) == before


def test_the_start_number_reads_back_as_configured_when_numbers_were_issued(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    view = update(snapshot, name="FRANCE")
    assert view.sequence_set.numberings == {MEMO: Numbering("FCM", 5)}
    assert view.next_ordinals == {MEMO: 12}
    assert (view.sequence_set.updated_at, view.sequence_set.created_at) == (LATER, NOON)


def test_writing_the_configured_start_back_changes_nothing(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    view = update(snapshot, prefix="FCM", start_number=5)
    assert (view.sequence_set.numberings[MEMO], view.next_ordinals[MEMO]) == (Numbering("FCM", 5), 12)
    assert snapshot.register == []


@pytest.mark.parametrize("start_number", (1, 4, 6, 11))
def test_another_start_below_the_next_number_is_refused(snapshot: Snapshot, start_number: int) -> None:
    issue(snapshot, FCM, 12)
    with pytest.raises(BrokenRule) as raised:
        update(snapshot, start_number=start_number)
    assert raised.value.rule is Rule.START_BELOW_NEXT
    assert f"creditMemo.startNumber: {start_number} of the prefix 'FCM' is below 12" in raised.value.message
    assert "give 12 or more" in raised.value.message


def test_a_raised_start_is_a_declared_skip(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    view = update(snapshot, start_number=20)
    assert (view.sequence_set.numberings[MEMO], view.next_ordinals[MEMO]) == (Numbering("FCM", 20), 20)
    (entry,) = snapshot.register
    assert (entry.event, entry.series, entry.first_ordinal, entry.last_ordinal) == (Event.SKIP, FCM, 12, 19)
    assert (entry.document_id, entry.recorded_at, entry.recorded_by) == (None, LATER, SCOPE.actor_id)
    assert snapshot.series.get(FCM) == Series(FCM, 5, 20)


def test_a_start_at_the_next_number_skips_nothing(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    view = update(snapshot, start_number=12)
    assert (view.sequence_set.numberings[MEMO], view.next_ordinals[MEMO]) == (Numbering("FCM", 12), 12)
    assert snapshot.register == []


def test_a_prefix_changed_and_changed_back_finds_its_series_again(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    away = update(snapshot, prefix="GCM")
    assert (away.sequence_set.numberings[MEMO], away.next_ordinals[MEMO]) == (Numbering("GCM", 5), 5)
    back = update(snapshot, prefix="FCM")
    assert (back.sequence_set.numberings[MEMO], back.next_ordinals[MEMO]) == (Numbering("FCM", 5), 12)
    assert snapshot.register == []


def test_a_start_that_nobody_asked_for_promises_no_more_than_what_comes_next(snapshot: Snapshot) -> None:
    view = update(snapshot, prefix="CM")
    assert (view.sequence_set.numberings[MEMO], view.next_ordinals[MEMO]) == (Numbering("CM", 1), 1)


def test_sets_with_the_same_prefix_share_the_series(snapshot: Snapshot) -> None:
    issue(snapshot, FCM, 12)
    low = new_set(id="set-2", name="GB", numberings={MEMO: Numbering("FCM", 5)})
    assert "is below 12" in refused(Rule.START_BELOW_NEXT, low, snapshot=snapshot)
    (view,) = create(snapshot, new_set(id="set-3", name="BE", numberings={MEMO: Numbering("FCM", 12)}))
    assert view.next_ordinals == {MEMO: 12}
    update(snapshot, "BE", start_number=30)
    shared = snapshot.series.get(FCM)
    assert shared == Series(FCM, 5, 30)
    assert update(snapshot).next_ordinals == {MEMO: 30}


def test_a_prefix_once_used_never_serves_another_kind(snapshot: Snapshot) -> None:
    other_kind = {Kind.INVOICE: Numbering("FCM", 1)}
    gb = new_set(id="set-2", name="GB", numberings=other_kind)
    assert "'FCM' has been used for the kind credit memo" in refused(Rule.PREFIX_OF_ANOTHER_KIND, gb, snapshot=snapshot)
    update(snapshot, prefix="GCM")
    refused(Rule.PREFIX_OF_ANOTHER_KIND, gb, snapshot=snapshot)
    DeleteSequenceSet(scope=SCOPE, key="FR").decide(snapshot, LATER)
    refused(Rule.PREFIX_OF_ANOTHER_KIND, gb, snapshot=snapshot)


def test_one_set_may_not_use_a_prefix_for_two_kinds(snapshot: Snapshot) -> None:
    both = {Kind.INVOICE: Numbering("X", 1), MEMO: Numbering("X", 1)}
    refused(Rule.PREFIX_OF_ANOTHER_KIND, new_set(id="set-2", name="GB", numberings=both), snapshot=snapshot)


@pytest.mark.parametrize(
    ("kind", "prefix"), ((Kind.PAYMENT, "P-"), (Kind.REFUND, "R-"), (Kind.INVOICE, "P-"), (Kind.PAYMENT, "R-"))
)
def test_the_payment_and_refund_prefixes_of_default_are_its_own(snapshot: Snapshot, kind: Kind, prefix: str) -> None:
    taken = new_set(id="set-2", name="GB", numberings={kind: Numbering(prefix, 1)})
    message = refused(Rule.PREFIX_OF_DEFAULT, taken, snapshot=snapshot)
    assert f"the prefix {prefix!r} belongs to the set DEFAULT; choose another prefix" in message


def test_default_may_leave_its_prefixes_and_come_back(snapshot: Snapshot) -> None:
    for prefix in ("PAY-", "P-"):
        change = {Kind.PAYMENT: NumberingChange(prefix=prefix)}
        view = UpdateSequenceSet(scope=SCOPE, key="DEFAULT", numberings=change).decide(snapshot, LATER)
        assert view.sequence_set.numberings[Kind.PAYMENT].prefix == prefix


def test_the_prefixes_of_default_can_be_shared_but_for_payments_and_refunds(snapshot: Snapshot) -> None:
    (view,) = create(snapshot, new_set(id="set-2", name="GB", numberings={Kind.INVOICE: Numbering("INV", 1)}))
    assert view.next_ordinals == {Kind.INVOICE: 1}


def test_default_can_be_neither_renamed_nor_cleared_nor_deleted(snapshot: Snapshot) -> None:
    commands = (
        UpdateSequenceSet(scope=SCOPE, key="DEFAULT", name="OTHER"),
        UpdateSequenceSet(scope=SCOPE, key=DEFAULT_SET_ID, cleared_kinds=frozenset({Kind.PAYMENT})),
        DeleteSequenceSet(scope=SCOPE, key="DEFAULT"),
    )
    for command in commands:
        with pytest.raises(BrokenRule, match="DEFAULT") as raised:
            command.decide(snapshot, LATER)
        assert raised.value.rule is Rule.SET_IS_DEFAULT


def test_a_kind_that_is_cleared_is_left_to_default(snapshot: Snapshot) -> None:
    added = {Kind.PAYMENT: NumberingChange("FP-", 1)}
    UpdateSequenceSet(scope=SCOPE, key="FR", numberings=added).decide(snapshot, LATER)
    cleared = UpdateSequenceSet(scope=SCOPE, key="FR", cleared_kinds=frozenset({Kind.PAYMENT}))
    assert set(cleared.decide(snapshot, LATER).sequence_set.numberings) == {MEMO}
    again = UpdateSequenceSet(scope=SCOPE, key="FR", numberings=added).decide(snapshot, LATER)
    assert again.next_ordinals[Kind.PAYMENT] == 1


@pytest.mark.parametrize(
    ("change", "missing"), ((NumberingChange("FI"), "startNumber"), (NumberingChange(None, 1), "prefix"))
)
def test_a_kind_that_is_not_numbered_yet_needs_prefix_and_start(
    snapshot: Snapshot, change: NumberingChange, missing: str
) -> None:
    command = UpdateSequenceSet(scope=SCOPE, key="FR", numberings={Kind.INVOICE: change})
    with pytest.raises(BrokenRule, match=f"does not number the kind invoice yet; give its {missing} too") as raised:
        command.decide(snapshot, LATER)
    assert raised.value.rule is Rule.NUMBERING_INCOMPLETE


def test_a_series_may_not_begin_where_a_caller_has_given_numbers(snapshot: Snapshot) -> None:
    snapshot.highest_given_ordinals[ENTITY_ID, "G"] = 12
    given = new_set(id="set-2", name="GB", numberings={MEMO: Numbering("G", 12)})
    message = refused(Rule.PREFIX_COLLIDES, given, snapshot=snapshot)
    assert "would issue G00000012, a number that a caller has already given" in message
    assert "give a start number above 12, or another prefix" in message
    create(snapshot, new_set(id="set-3", name="BE", numberings={MEMO: Numbering("G", 13)}))


def test_a_start_may_not_be_raised_past_the_ceiling(snapshot: Snapshot) -> None:
    create(snapshot, new_set(id="set-2", name="GB", numberings={Kind.INVOICE: Numbering("FCM7", 1)}))
    update(snapshot, start_number=699_999_999)
    with pytest.raises(BrokenRule) as raised:
        update(snapshot, start_number=700_000_000)
    assert raised.value.rule is Rule.START_PAST_CEILING


def test_a_deleted_set_frees_its_name_and_stays_for_its_drafts(snapshot: Snapshot) -> None:
    DeleteSequenceSet(scope=SCOPE, key="FR").decide(snapshot, LATER)
    kept = snapshot.sequence_sets.get("set-1")
    assert kept is not None
    assert (kept.deleted_at, kept.updated_by) == (LATER, SCOPE.actor_id)
    assert snapshot.sequence_set(ENTITY_ID, "FR") is None
    create(snapshot, new_set(id="set-2", numberings={MEMO: Numbering("FCM", 5)}))


@pytest.mark.parametrize("key", ("missing", "FR"))
def test_a_set_that_is_missing_or_of_another_entity_is_not_found(snapshot: Snapshot, key: str) -> None:
    if key == "FR":
        snapshot.sequence_sets.put("set-1", make_set(entity_id="entity-2"))
    for command in (UpdateSequenceSet(scope=SCOPE, key=key), DeleteSequenceSet(scope=SCOPE, key=key)):
        with pytest.raises(NotFound, match=f"no sequence set '{key}' was found"):
            command.decide(snapshot, LATER)


def test_a_set_in_use_cannot_be_deleted(snapshot: Snapshot) -> None:
    snapshot.sets_in_use.add("set-1")
    with pytest.raises(BrokenRule, match="'FR' is assigned to an account; assign another set") as raised:
        DeleteSequenceSet(scope=SCOPE, key="FR").decide(snapshot, LATER)
    assert raised.value.rule is Rule.SET_IN_USE


@pytest.mark.parametrize("command", (CreateSequenceSets, UpdateSequenceSet, DeleteSequenceSet))
def test_commands_on_sets_are_carried_out_alone(command: type[CreateSequenceSets]) -> None:
    assert command.alone
