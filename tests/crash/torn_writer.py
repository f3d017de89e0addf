"""A program that writes one batch through the writer, and dies in the midst of it at the moment it is told.

    python -m tests.crash.torn_writer DATABASE MOMENT DEATH

It prints one line of JSON for each answer that a caller was given. SQLite's own hooks find the moments, so that the
code under test is the code that serves.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw

from seriatim.domain.commands.base import Command
from seriatim.domain.decide import Keyed, Replay, Result
from seriatim.domain.document import Action, Document
from seriatim.service.writer import Writer
from seriatim.storage.sqlite import SqliteStore
from tests.factories import create_account, create_entity, create_memo, create_sets, keyed, new_set, transition
from tests.fakes import FixedClock, NullObserver

MEMOS = 5
DRAFT_ID = "draft-1"
EXIT_CODE = 86


class Moment(StrEnum):
    """When the program dies."""

    NEVER = "never"
    FIRST_ROW = "first_row"
    LATER_ROW = "later_row"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


ROW_OF = {Moment.FIRST_ROW: 1, Moment.LATER_ROW: 7}
"""At which changed row of the batch the program dies."""


class Death(StrEnum):
    """How the program dies: of itself, without any clean-up, or killed from outside."""

    EXIT = "exit"
    KILL = "kill"


def die(death: Death) -> None:
    if death is Death.KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(EXIT_CODE)


@dataclass
class Trap:
    """Dies at a moment, once it is armed."""

    moment: Moment
    death: Death
    is_armed: bool = False
    rows: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def watch(self, connection: apsw.Connection) -> None:
        """Have SQLite tell of every moment on a connection."""
        connection.set_update_hook(lambda *_: self._row_changed())
        connection.set_commit_hook(lambda: self._reached(Moment.BEFORE_COMMIT))
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._finished)

    def _row_changed(self) -> None:
        if self.is_armed and next(self.rows) == ROW_OF.get(self.moment):
            die(self.death)

    def _finished(self, event: dict[str, Any]) -> None:
        if event["sql"] == "COMMIT":
            self._reached(Moment.AFTER_COMMIT)

    def _reached(self, moment: Moment) -> bool:
        if self.is_armed and moment is self.moment:
            die(self.death)
        return False


def batch() -> dict[str, tuple[Command[Any], Keyed | None]]:
    """What one batch carries: memos with keys, a draft that is posted, and one command that is refused, with a key."""
    commands: dict[str, tuple[Command[Any], Keyed | None]] = {
        f"memo-{index}": (create_memo(document_id=f"document-{index}", post=True), keyed(f"key-{index}"))
        for index in range(MEMOS)
    }
    commands["refused"] = (create_memo(document_id="document-x", currency="USD", post=True), keyed("key-refused"))
    commands["draft"] = (transition(Action.POST, DRAFT_ID), None)
    return commands


async def prepare(submit: Callable[..., Any]) -> None:
    """An entity, a set, an account of it, a memo that is issued already, and a draft."""
    for command in (
        create_entity(),
        create_sets(new_set()),
        create_account(set_key="set-1"),
        create_memo(document_id="issued-1", post=True),
        create_memo(document_id=DRAFT_ID),
    ):
        result = await submit(command)
        assert result.error is None, result.error


def describe(name: str, result: Result) -> dict[str, Any]:
    """An answer in plain terms."""
    described: dict[str, Any] = {"name": name, "is_replay": isinstance(result.outcome, Replay)}
    if isinstance(result.outcome, Document):
        described |= {"id": result.outcome.id, "text": result.outcome.number}
    elif isinstance(result.outcome, Replay):
        described |= {"text": result.outcome.body.decode(), "status": result.outcome.status}
    else:
        described |= {"error": type(result.error).__name__}
    return described


async def submit_batch(writer: Writer) -> list[dict[str, Any]]:
    """Queue the whole batch before the writer takes any of it, and give the answers."""
    commands = batch()
    results = await asyncio.gather(*(writer.submit(command, key) for command, key in commands.values()))
    return [describe(name, result) for name, result in zip(commands, results, strict=True)]


async def main(database: Path, trap: Trap) -> None:
    apsw.connection_hooks.append(trap.watch)
    store, observer = SqliteStore(database), NullObserver()
    await store.migrate()
    await store.open()
    writer = Writer(store, FixedClock(), observer)
    await prepare(writer.submit)
    trap.is_armed = True
    observer.batch_sizes.clear()
    for answer in await submit_batch(writer):
        sys.stdout.write(json.dumps(answer) + "\n")
    assert observer.batch_sizes == [len(batch())]
    await writer.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Trap(Moment(sys.argv[2]), Death(sys.argv[3]))))
