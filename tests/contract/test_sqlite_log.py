"""What becomes of a checkpoint of SQLite that fails: writes go on, and whoever runs the server is told."""

from pathlib import Path

import apsw
import pytest

from seriatim.service.verification import judge_all
from seriatim.storage.sqlite import SqliteStore
from seriatim.storage.sqlite.checkpoints import Checkpointer
from tests.factories import create_account, create_entity, create_memo, run


async def test_a_failed_checkpoint_is_told_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk's fault is made up: between two batches, when the log is to be carried over."""

    def fail(*_: object) -> None:
        raise apsw.IOError("disk I/O error")

    faults: list[Exception] = []
    store = SqliteStore(tmp_path / "seriatim.db", failed=faults.append)
    await store.migrate()
    await run(store, create_entity())
    await run(store, create_account())
    monkeypatch.setattr(Checkpointer, "is_due", property(lambda _: True))
    monkeypatch.setattr(Checkpointer, "between_batches", fail)
    for index in range(3):
        document = await run(store, create_memo(document_id=f"document-{index}", post=True))
        assert document.number == f"CM{index + 1:08d}"
    # The writer's thread has done what came before this.
    await store.close()
    assert [str(fault) for fault in faults] == ["disk I/O error"] * 3
    monkeypatch.undo()
    store = SqliteStore(tmp_path / "seriatim.db")
    await store.open()
    assert judge_all(await store.audit()).is_gapless
    await store.close()
