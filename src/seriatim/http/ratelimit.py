"""An allowance of requests a minute for each client, where one is configured."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from seriatim.errors import RateLimited

WINDOW_SECONDS = 60
CLIENTS_REMEMBERED_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a client in the window that runs."""

    limit: int
    remaining: int
    reset_seconds: int


class RateLimiter:
    """Counts the requests of each client in windows of a minute. It counts for one process."""

    def __init__(self, requests_per_minute: int, monotonic: Callable[[], float]) -> None:
        self._limit = requests_per_minute
        self._monotonic = monotonic
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, client_id: str) -> Allowance | None:
        """Count a request; None where no limit is configured. See `Allowance.remaining` for -1: over the limit."""
        if self._limit <= 0:
            return None
        now = self._monotonic()
        began_at, used = self._windows.get(client_id, (now, 0))
        if now - began_at >= WINDOW_SECONDS:
            began_at, used = now, 0
        if used < self._limit:
            used += 1
            remaining = self._limit - used
        else:
            remaining = -1
        if len(self._windows) >= CLIENTS_REMEMBERED_MAX and client_id not in self._windows:
            del self._windows[next(iter(self._windows))]
        self._windows[client_id] = (began_at, used)
        return Allowance(self._limit, remaining, max(1, math.ceil(began_at + WINDOW_SECONDS - now)))


def check_allowance(allowance: Allowance) -> None:
    """Check that a request is within its client's allowance.

    Raises: RateLimited.
    """
    if allowance.remaining < 0:
        raise RateLimited(
            f"this client may make {allowance.limit} requests a minute; try again in {allowance.reset_seconds} seconds",
            allowance.reset_seconds,
        )
