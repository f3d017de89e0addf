"""What tests of the short way have in common."""

from typing import Any

from seriatim.domain.decide import Result, Submission, decide_batch, gather_needs
from seriatim.domain.snapshot import Snapshot
from seriatim.service.ports import StoreConflict, StoreUnavailable
from seriatim.storage.postgres import PostgresStore
from tests.factories import create_memo, run
from tests.fakes import NOON


class LongWayError(Exception):
    """A batch took the long way."""


async def not_this_way(*_: object) -> None:
    """Stands in for what only the long way does."""
    raise LongWayError


async def number_of(store: PostgresStore, document_id: str, **over: Any) -> str:
    """The number of a new memo."""
    document = await run(store, create_memo(document_id=document_id, post=True, **over))
    return document.number


class Deciding:
    """Notes what is decided and what is written, one after another."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.steps: list[str] = []

    async def write(self, document_id: str, **over: Any) -> str | None:
        """Write a batch of one memo; its number, or None where the store could not."""
        submissions = [Submission(create_memo(document_id=document_id, post=True, **over))]

        def decide(snapshot: Snapshot) -> list[Result]:
            self.steps.append(f"{document_id} decided")
            return decide_batch(snapshot, submissions, NOON)

        try:
            (result,) = await self._store.write(gather_needs(submissions), decide)
        except (StoreConflict, StoreUnavailable):
            self.steps.append(f"{document_id} refused")
            return None
        self.steps.append(f"{document_id} written")
        return str(result.outcome.number)
