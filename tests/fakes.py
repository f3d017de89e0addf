"""Parts of the outer world that tests hold in their hands: a clock, ids in order, an observer."""

from datetime import UTC, datetime, timedelta
from itertools import count

NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class SequentialIds:
    """Ids that count up, each of the form that the port promises."""

    def __init__(self) -> None:
        self._count = count(1)

    def new_id(self) -> str:
        return f"{next(self._count):032x}"

    def new_uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._count):012x}"

    def new_secret(self) -> str:
        return f"{next(self._count):040d}"

    def new_bytes(self, count: int) -> bytes:
        return next(self._count).to_bytes(count, "big")


class NullObserver:
    """Takes note of what the writer tells it, and does nothing with it."""

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []
        self.failures: list[Exception] = []
        self.refusals: list[str] = []

    def batch_written(self, size: int, queue_wait_seconds: float, write_seconds: float) -> None:
        assert queue_wait_seconds >= 0
        assert write_seconds >= 0
        self.batch_sizes.append(size)

    def refused(self, category: str) -> None:
        self.refusals.append(category)

    def failed(self, error: Exception) -> None:
        self.failures.append(error)
