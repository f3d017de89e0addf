"""Who calls, remembered by what the headers of a request say, for as long as that cannot have changed."""

from dataclasses import dataclass
from datetime import datetime

from seriatim.auth.directory import Directory
from seriatim.domain.client import ApiClient, Scope

CALLERS_REMEMBERED_MAX = 4096
"""How many callers are remembered: some 4 MB. Without bounds a client could fill the memory."""
HEADER_BYTES_MAX = 1024
"""What has longer headers is not remembered."""

Credentials = tuple[bytes | None, ...]
"""The headers that say who calls and where: what each of them holds, as it was sent."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that was found to be who it says, and where its request acts."""

    client: ApiClient
    scope: Scope
    expires_at_seconds: float
    """Seconds since 1970."""


class CallerMemory:
    """The callers of one dialect. A change in the directory makes it forget them all."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._generation = directory.generation
        self._callers: dict[Credentials, Caller] = {}

    def find(self, credentials: Credentials, at: datetime) -> Caller | None:
        """Who sent these headers before, if all that was checked then holds now."""
        directory = self._directory
        if directory.generation != self._generation:
            self._callers.clear()
            self._generation = directory.generation
        if not directory.is_current:
            return None
        caller = self._callers.get(credentials)
        return caller if caller is not None and at.timestamp() < caller.expires_at_seconds else None

    def remember(self, credentials: Credentials, caller: Caller) -> None:
        """Remember a caller that the directory of this moment knows."""
        if sum(len(header) for header in credentials if header is not None) > HEADER_BYTES_MAX:
            return
        if len(self._callers) >= CALLERS_REMEMBERED_MAX:
            # The oldest goes. Were it the busiest, it would be back with the next request.
            del self._callers[next(iter(self._callers))]
        self._callers[credentials] = caller
