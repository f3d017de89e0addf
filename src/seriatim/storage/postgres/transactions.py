"""How transactions end: by a commit of which it may stay unknown whether it was, or undone."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from seriatim.service.ports import StoreUnavailable
from seriatim.storage.postgres.connections import CONFLICTS, LOST, Connection

_ENDED = ("08", "57P", "58", "XX")
"""Beginnings of the states in which a server's process ends without saying how far it has come."""
_UNKNOWN = (
    "the connection was lost during the commit ({}), so it is not known whether the write took place; with the same "
    "idempotency key a second try writes it once"
)


async def commit(connection: Connection) -> None:
    """Commit, or say that nobody knows whether it was.

    Raises: StoreUnavailable.
    """
    try:
        with told_where_unknown():
            await connection.execute("COMMIT")
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(CONFLICTS):
            raise  # Refused as a whole: nothing was written.
        raise StoreUnavailable(_UNKNOWN.format(error)) from error


@contextmanager
def told_where_unknown() -> Iterator[None]:
    """Around a statement that commits: a connection that is lost meanwhile leaves it unknown whether it did.

    An error of the statement itself stays what it is: nothing was written.
    Raises: StoreUnavailable.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        if not (error.sqlstate or "").startswith(_ENDED):
            raise
        raise StoreUnavailable(_UNKNOWN.format(error)) from error
    except LOST as error:
        raise StoreUnavailable(_UNKNOWN.format(str(error) or type(error).__name__)) from error


async def roll_back(connection: Connection) -> None:
    """Roll back; where that fails the connection is of no more use, and closing it rolls back."""
    if connection.is_closed() or not connection.is_in_transaction():
        return
    try:
        await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - what is to be told is why it was rolled back
        connection.terminate()
