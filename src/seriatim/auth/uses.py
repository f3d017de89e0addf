"""When API clients were last heard of: noted in memory with every request, and in the database now and then."""

from collections.abc import Callable
from datetime import timedelta

from seriatim.service.ports import Clock, Store


class ClientUses:
    """The uses of one process since they were last written. There is an entry a client at most.

    `monotonic` gives seconds that only grow.
    """

    def __init__(self, store: Store, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._heard_at_seconds: dict[str, float] = {}

    def note(self, client_id: str) -> None:
        """Note that a client was heard of just now."""
        self._heard_at_seconds[client_id] = self._monotonic()

    async def write(self) -> None:
        """Write what was noted since the last time. What cannot be written is kept for the next one.

        Raises: StoreUnavailable.
        """
        heard, self._heard_at_seconds = self._heard_at_seconds, {}
        if not heard:
            return
        now, now_seconds = self._clock.now(), self._monotonic()
        uses = {client_id: now - timedelta(seconds=now_seconds - at) for client_id, at in heard.items()}
        try:
            await self._store.note_client_uses(uses)
        except BaseException:
            self._heard_at_seconds = heard | self._heard_at_seconds
            raise
