"""What tests of the short way have in common."""

from typing import Any

from seriatim.storage.postgres import PostgresStore
from tests.factories import create_memo, run


class LongWayError(Exception):
    """A batch took the long way."""


async def not_this_way(*_: object) -> None:
    """Stands in for what only the long way does."""
    raise LongWayError


async def number_of(store: PostgresStore, document_id: str, **over: Any) -> str:
    """The number of a new memo."""
    document = await run(store, create_memo(document_id=document_id, post=True, **over))
    return document.number
