"""The verdict on a series, from what the database says of it."""

from dataclasses import replace
from typing import Any

import pytest

from seriatim.domain.numbering import Kind, Series, SeriesKey
from seriatim.service.ports import SeriesAudit
from seriatim.service.verification import judge, judge_all, verify
from seriatim.storage.memory import MemoryStore
from tests.factories import create_entity, run

KEY = SeriesKey("entity-1", Kind.CREDIT_MEMO, "CM")
FRESH = SeriesAudit(Series(KEY, 10, 10), 0, 0, 0, None, None, 0)
USED = SeriesAudit(Series(KEY, 10, 110), 90, 10, 0, 10, 109, 0)
"""One hundred ordinals from 10 on: ninety issued, ten in declared skips."""


def used(**changes: Any) -> SeriesAudit:
    return replace(USED, **changes)


@pytest.mark.parametrize("audit", (FRESH, USED, used(issued_count=100, skipped_count=0)))
def test_a_series_without_a_gap_has_no_problem(audit: SeriesAudit) -> None:
    verdict = judge(audit)
    assert verdict.is_gapless
    assert verdict.problems == ()
    assert verdict.audit is audit


@pytest.mark.parametrize(
    ("audit", "problem"),
    (
        (used(issued_count=89), "passed 100 ordinals, but 89 are recorded as issued and 10 as skipped: 1 missing"),
        (used(skipped_count=12), "90 are recorded as issued and 12 as skipped: 2 too many"),
        (used(breaks=3), "3 places where an entry does not follow the one before"),
        (used(unmatched=2), "2 issued numbers and the documents that carry them do not match"),
        (used(first_recorded=11), "begins at 11, and the series at 10"),
        (used(first_recorded=1), "begins at 1, and the series at 10"),
        (used(last_recorded=108), "ends at 108, and the counter goes on with 110"),
        (used(last_recorded=110), "ends at 110, and the counter goes on with 110"),
        (replace(FRESH, breaks=1), "1 places"),
        (replace(FRESH, unmatched=1), "do not match"),
    ),
)
def test_each_thing_that_can_be_wrong_is_found_alone(audit: SeriesAudit, problem: str) -> None:
    (found,) = judge(audit).problems
    assert problem in found
    assert not judge(audit).is_gapless


def test_a_counter_that_has_gone_on_without_a_record_is_found() -> None:
    problems = judge(replace(FRESH, series=Series(KEY, 10, 11))).problems
    assert "1 missing" in problems[0]
    assert "nothing is recorded, but CM00000011 is to be issued next" in problems[1]


def test_a_counter_that_stands_before_its_beginning_is_found() -> None:
    problems = judge(replace(FRESH, series=Series(KEY, 10, 9))).problems
    assert "stands at 9, before the series begins at 10" in problems[0]


def test_one_bad_series_spoils_the_whole() -> None:
    assert judge_all([]).is_gapless
    assert judge_all([FRESH, USED]).is_gapless
    verification = judge_all([FRESH, used(breaks=1, unmatched=1), USED])
    assert not verification.is_gapless
    assert verification.problems_count == 2
    assert [verdict.is_gapless for verdict in verification.verdicts] == [True, False, True]


async def test_a_store_is_verified_series_by_series() -> None:
    store = MemoryStore()
    await store.open()
    await run(store, create_entity())
    verification = await verify(store)
    assert verification.is_gapless
    assert {verdict.audit.series.key.kind for verdict in verification.verdicts} == set(Kind)
