"""How many numbers a series has issued over time: counted by searching, never by looking through the register.

The entries of a series stand in the order of time. So how many numbers were out at a moment is found by binary search
over the ordinals, for all moments at once: each round asks the store one question, however long the series is.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from seriatim.domain.register import RegisterEntry
from seriatim.errors import InternalError

LookUp = Callable[[Sequence[int]], Awaitable[list[RegisterEntry | None]]]
"""For each ordinal the last entry that begins at or before it."""

BUCKETS_MIN = 8
"""A series of one day is shown among the days before it."""
BUCKETS_MAX = 36
"""Bars that can be told apart on a narrow page; of a longer past the latest part is shown."""

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 28, 36
BAR_SHARE_PERCENT = 72
"""How much of its place a bar fills."""
TICKS = 4
LABELS_MAX = 9
VALUES_SHOWN_BARS_MAX = 14
"""Up to so many bars carry their figure above them."""


class Step(StrEnum):
    """How long the span of one bar is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A span of time, and what was given out within it."""

    first_day: date
    last_day: date
    issued: int
    skipped: int


@dataclass(frozen=True, slots=True)
class History:
    """A series over time, oldest bucket first."""

    step: Step
    buckets: tuple[Bucket, ...]
    earlier: int
    """Numbers that were issued before the first bucket."""

    @property
    def busiest(self) -> Bucket:
        """The bucket with the most numbers."""
        return max(self.buckets, key=lambda bucket: bucket.issued)


def steps_between(first: date, last: date) -> tuple[Step, list[date]]:
    """The length of the buckets that shows a span best, and the first day of each; the last one holds the last day."""
    for step in Step:
        begins = [_floor(last, step)]
        while len(begins) < BUCKETS_MIN or (begins[-1] > first and len(begins) < BUCKETS_MAX):
            begins.append(_floor(begins[-1] - timedelta(days=1), step))
        if begins[-1] <= first or step is Step.YEAR:
            return step, begins[::-1]
    raise AssertionError("a step is always found")


def _floor(day: date, step: Step) -> date:
    """The first day of the bucket that a day falls into; weeks begin on Mondays."""
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    if step is Step.DAY:
        return day
    return day.replace(day=1) if step is Step.MONTH else day.replace(month=1, day=1)


async def count_before(
    moments: Sequence[datetime], first_ordinal: int, next_ordinal: int, look_up: LookUp
) -> list[int]:
    """For each moment the first ordinal that was not given out yet.

    Ordinals from `first_ordinal` to just below `next_ordinal` have entries; those of a skip share one.
    """
    low = [first_ordinal] * len(moments)
    high = [next_ordinal] * len(moments)
    while True:
        middles = {place: (low[place] + high[place]) // 2 for place in range(len(low)) if low[place] < high[place]}
        if not middles:
            return low
        wanted = sorted(set(middles.values()))
        found = dict(zip(wanted, await look_up(wanted), strict=True))
        for place, middle in middles.items():
            entry = found[middle]
            if entry is None:
                raise InternalError
            # Both ends move to where an entry begins: within one there is nothing to search.
            if entry.recorded_at < moments[place]:
                low[place] = entry.last_ordinal + 1
            else:
                high[place] = entry.first_ordinal


async def history_of(
    *,
    first_ordinal: int,
    next_ordinal: int,
    skips: Sequence[RegisterEntry],
    began_at: datetime,
    now: datetime,
    look_up: LookUp,
) -> History:
    """What a series issued from its first entry until now, in buckets of days, weeks, months or years in UTC.

    `skips` are its declared skips.
    """
    step, begins = steps_between(began_at.astimezone(UTC).date(), now.astimezone(UTC).date())
    moments = [datetime.combine(day, time(), UTC) for day in begins]
    bounds = [first_ordinal, *await count_before(moments, first_ordinal, next_ordinal, look_up), next_ordinal]
    spans = [_issued_between(low, high, skips) for low, high in pairwise(bounds)]
    last_days = [*(day - timedelta(days=1) for day in begins[1:]), now.astimezone(UTC).date()]
    buckets = tuple(
        Bucket(day, last_day, issued, skipped)
        for day, last_day, (issued, skipped) in zip(begins, last_days, spans[1:], strict=True)
    )
    return History(step, buckets, spans[0][0])


def _issued_between(low: int, high: int, skips: Sequence[RegisterEntry]) -> tuple[int, int]:
    """How many ordinals from `low` to just below `high` were issued, and how many skipped. A skip is never split."""
    inside = [entry for entry in skips if low <= entry.first_ordinal < high]
    skipped = sum(entry.last_ordinal - entry.first_ordinal + 1 for entry in inside)
    return high - low - skipped, skipped


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it is drawn, in units of the drawing."""

    bucket: Bucket
    x: int
    y: int
    width: int
    height: int
    middle: int
    label: str
    """Below the bar; empty where there is no room."""
    value: str
    """Above the bar; empty where there is no room, or nothing to say."""
    name: str
    """What a reader who does not see the bar is told."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart as it is drawn."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[int, str], ...]
    """Lines across: how far down, and what they stand for."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right_end: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def draw(
    history: History, label_of: Callable[[Bucket], str], name_of: Callable[[Bucket], str], figure: Callable[[int], str]
) -> Chart:
    """Lay out a history as bars. `label_of` gives the short name of a bucket, `name_of` the whole one."""
    count, base = len(history.buckets), HEIGHT - BOTTOM
    top = _round_up(history.busiest.issued)
    place, labelled_every = (WIDTH - LEFT - RIGHT) / count, -(-count // LABELS_MAX)
    bars = []
    for index, bucket in enumerate(history.buckets):
        height = bucket.issued * (base - TOP) // top
        if bucket.issued:
            height = max(height, 1)
        width = int(place * BAR_SHARE_PERCENT / 100)
        x = round(LEFT + index * place + (place - width) / 2)
        # Counted from the end: the latest bucket always says what it is.
        is_labelled = (count - 1 - index) % labelled_every == 0
        bars.append(
            Bar(
                bucket=bucket,
                x=x,
                y=base - height,
                width=width,
                height=height,
                middle=x + width // 2,
                label=label_of(bucket) if is_labelled else "",
                value=figure(bucket.issued) if bucket.issued and count <= VALUES_SHOWN_BARS_MAX else "",
                name=name_of(bucket),
            )
        )
    steps = min(TICKS, top)
    ticks = tuple((base - (base - TOP) * tick // steps, figure(top * tick // steps)) for tick in range(steps + 1))
    return Chart(tuple(bars), ticks)


def _round_up(largest: int) -> int:
    """The figure at the top of the scale: 1 to 4, or the next of 4, 8, 12, 20, 40, 80, 120, 200 ..."""
    if largest <= TICKS:
        return max(largest, 1)
    power = TICKS
    while power * 10 < largest:
        power *= 10
    return next(power * factor for factor in (1, 2, 3, 5, 10) if power * factor >= largest)
