"""The charts of the series: found by searching, equal to counting, and drawn within their frame."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriatim.console.numbers.charts import (
    BUCKETS_MAX,
    BUCKETS_MIN,
    HEIGHT,
    LEFT,
    VALUES_SHOWN_BARS_MAX,
    WIDTH,
    Bucket,
    History,
    Step,
    count_before,
    draw,
    history_of,
    steps_between,
)
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.register import Event, RegisterEntry, issue_entry, skip_entry
from seriatim.errors import InternalError

KEY = SeriesKey("entity-1", Kind.INVOICE, "INV")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LONG_SERIES_EXPONENT = 17
DAY = timedelta(days=1)


class Register:
    """The entries of one series, asked as a store is asked, and counting how often it was."""

    def __init__(self, entries: Sequence[RegisterEntry]) -> None:
        self.entries = entries
        self.rounds = 0
        self.asked = 0
        self._begins = [entry.first_ordinal for entry in entries]

    async def look_up(self, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
        self.rounds += 1
        self.asked += len(ordinals)
        places = [bisect_right(self._begins, ordinal) - 1 for ordinal in ordinals]
        return [None if place < 0 else self.entries[place] for place in places]

    @property
    def next_ordinal(self) -> int:
        return self.entries[-1].last_ordinal + 1

    def history(self, now: datetime) -> History:
        return asyncio.run(
            history_of(
                first_ordinal=self.entries[0].first_ordinal,
                next_ordinal=self.next_ordinal,
                skips=[entry for entry in self.entries if entry.event is Event.SKIP],
                began_at=self.entries[0].recorded_at,
                now=now,
                look_up=self.look_up,
            )
        )


def entries_of(first_ordinal: int, deeds: Sequence[tuple[int, int]]) -> list[RegisterEntry]:
    """Entries from pairs: how many hours after the one before, and how many are skipped (0: one is issued)."""
    at, ordinal, entries = BEGAN, first_ordinal, list[RegisterEntry]()
    for hours, skipped in deeds:
        at += timedelta(hours=hours)
        if skipped:
            entries.append(skip_entry(KEY, ordinal, ordinal + skipped, at, "somebody"))
        else:
            entries.append(issue_entry(KEY, ordinal, f"document-{ordinal}", at, "somebody"))
        ordinal = entries[-1].last_ordinal + 1
    return entries


DEEDS = st.lists(st.tuples(st.integers(0, 1500), st.sampled_from((0, 0, 0, 0, 1, 7, 5000))), min_size=1, max_size=120)


@given(first_ordinal=st.integers(1, 10**17), deeds=DEEDS, rest_hours=st.integers(0, 3000))
def test_searching_finds_what_counting_finds(first_ordinal: int, deeds: list[tuple[int, int]], rest_hours: int) -> None:
    register = Register(entries_of(first_ordinal, deeds))
    now = register.entries[-1].recorded_at + timedelta(hours=rest_hours)
    history = register.history(now)
    counted = dict.fromkeys(((bucket.first_day, bucket.last_day) for bucket in history.buckets), (0, 0))
    earlier = 0
    for entry in register.entries:
        day, count = entry.recorded_at.date(), entry.last_ordinal - entry.first_ordinal + 1
        span = next((span for span in counted if span[0] <= day <= span[1]), None)
        if span is None:
            assert day < history.buckets[0].first_day
            earlier += count if entry.event is Event.ISSUE else 0
        else:
            issued, skipped = counted[span]
            is_issue = entry.event is Event.ISSUE
            counted[span] = (issued + count, skipped) if is_issue else (issued, skipped + count)
    found = {(each.first_day, each.last_day): (each.issued, each.skipped) for each in history.buckets}
    assert found == counted
    assert history.earlier == earlier


def test_a_long_series_takes_few_questions() -> None:
    count, moments = 2**LONG_SERIES_EXPONENT, [BEGAN + n * DAY for n in range(12)]
    entries = [
        issue_entry(KEY, ordinal, "document", BEGAN + timedelta(minutes=ordinal), "somebody")
        for ordinal in range(1, count + 1)
    ]
    register = Register(entries)
    found = asyncio.run(count_before(moments, 1, register.next_ordinal, register.look_up))
    assert found == [1, *(n * 24 * 60 for n in range(1, 12))]
    assert register.rounds <= LONG_SERIES_EXPONENT + 1
    assert register.asked <= len(moments) * (LONG_SERIES_EXPONENT + 1)


def test_a_register_with_a_hole_is_a_fault_and_no_endless_search() -> None:
    async def find_nothing(ordinals: Sequence[int]) -> list[RegisterEntry | None]:
        return [None for _ in ordinals]

    with pytest.raises(InternalError):
        asyncio.run(count_before([BEGAN], 1, 5, find_nothing))


@pytest.mark.parametrize(
    ("days", "step"),
    (
        (0, Step.DAY),
        (BUCKETS_MAX - 1, Step.DAY),
        (BUCKETS_MAX, Step.WEEK),
        (7 * (BUCKETS_MAX - 2), Step.WEEK),
        (7 * BUCKETS_MAX, Step.MONTH),
        (30 * (BUCKETS_MAX - 2), Step.MONTH),
        (31 * BUCKETS_MAX, Step.YEAR),
        (366 * 60, Step.YEAR),
    ),
)
def test_the_span_decides_how_long_a_bar_is(days: int, step: Step) -> None:
    last = date(2026, 11, 22)
    found, begins = steps_between(last - days * DAY, last)
    assert found is step
    assert BUCKETS_MIN <= len(begins) <= BUCKETS_MAX
    assert begins == sorted(set(begins))
    assert begins[-1] <= last
    assert begins[0] <= last - days * DAY or step is Step.YEAR


@pytest.mark.parametrize(
    ("step", "first_days"),
    (
        (Step.WEEK, {date(2026, 11, 16), date(2026, 11, 9)}),
        (Step.MONTH, {date(2026, 11, 1), date(2026, 2, 1)}),
        (Step.YEAR, {date(2026, 1, 1), date(2020, 1, 1)}),
    ),
)
def test_weeks_begin_on_mondays_and_months_on_their_first(step: Step, first_days: set[date]) -> None:
    days = {Step.WEEK: 100, Step.MONTH: 500, Step.YEAR: 3000}[step]
    last = date(2026, 11, 22)
    found, begins = steps_between(last - days * DAY, last)
    assert found is step
    assert first_days <= set(begins)


def history_with(counts: Sequence[int]) -> History:
    first = date(2026, 1, 1)
    return History(
        Step.DAY,
        tuple(Bucket(first + n * DAY, first + n * DAY, count, 0) for n, count in enumerate(counts)),
        0,
    )


def day_of(bucket: Bucket) -> str:
    return bucket.first_day.isoformat()


@given(st.lists(st.integers(0, 10**6), min_size=BUCKETS_MIN, max_size=BUCKETS_MAX))
def test_bars_stay_in_their_frame_and_in_proportion(counts: list[int]) -> None:
    chart = draw(history_with(counts), day_of, day_of, str)
    for bar, after in zip(chart.bars, chart.bars[1:], strict=False):
        assert bar.x + bar.width < after.x
    for bar in chart.bars:
        assert bar.x >= LEFT
        assert bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == chart.base
        assert 0 <= bar.y <= HEIGHT
        assert (bar.height > 0) == (bar.bucket.issued > 0)
    highest = max(chart.bars, key=lambda bar: bar.bucket.issued)
    assert highest.height == max(bar.height for bar in chart.bars)
    assert int(chart.ticks[-1][1]) >= max(counts)
    assert [int(figure) for _, figure in chart.ticks] == sorted({int(figure) for _, figure in chart.ticks})


def test_few_bars_carry_figures_and_the_last_one_its_name() -> None:
    few = draw(history_with([3] * VALUES_SHOWN_BARS_MAX), day_of, day_of, str)
    assert [bar.value for bar in few.bars] == ["3"] * VALUES_SHOWN_BARS_MAX
    many = draw(history_with([3] * BUCKETS_MAX), day_of, day_of, str)
    assert {bar.value for bar in many.bars} == {""}
    assert many.bars[-1].label == many.bars[-1].name
    assert 0 < sum(bool(bar.label) for bar in many.bars) < BUCKETS_MAX / 2


def test_a_moment_that_an_entry_has_exactly_belongs_to_what_follows() -> None:
    midnight = datetime.combine(date(2026, 1, 2), time(), UTC)
    register = Register([issue_entry(KEY, 1, "document-1", midnight, "somebody")])
    history = register.history(midnight)
    assert history.buckets[-1] == Bucket(date(2026, 1, 2), date(2026, 1, 2), 1, 0)
