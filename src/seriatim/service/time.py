"""The clock: the one place that asks the machine for the time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The time now, in UTC, with its time zone."""
        return datetime.now(UTC)


monotonic_seconds = time.monotonic
"""Seconds since some moment; they only grow, whatever is done to the clock. For durations and ages."""


def unix_milliseconds() -> int:
    """Whole milliseconds since 1970 by the machine's clock."""
    return time.time_ns() // 1_000_000
