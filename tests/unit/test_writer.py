"""The writer: batches, order, a bounded queue, and what becomes of callers when the store fails."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from seriatim.domain.commands.base import Command
from seriatim.domain.decide import Keyed, Replay, Result
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import (
    BrokenRule,
    InternalError,
    KeyInProgress,
    KeyReused,
    Overloaded,
    Unavailable,
)
from seriatim.service.ports import StoreConflict, StoreUnavailable
from seriatim.service.verification import judge_all
from seriatim.service.writer import AHEAD_SUBMISSIONS_MIN, HALVED_SUBMISSIONS_MIN, WRITE_ATTEMPTS_MAX, Writer
from seriatim.storage.memory import CrashPoint, MemoryStore
from tests.factories import (
    ENTITY_ID,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    keyed,
    new_set,
    run,
)
from tests.fakes import NOON, FixedClock, NullObserver

T = TypeVar("T")

PATIENCE_SECONDS = 5
"""How long something may take that is due at once; without it a test of a broken writer would wait for ever."""


class GatedStore(MemoryStore):
    """Counts its writes, holds them while its gate is closed, and lets the next ones fail as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.was_entered = asyncio.Event()
        self.writes = 0
        self.at_once = 0
        self.at_once_most = 0
        """How many batches it was handed at once, at most."""
        self.errors: deque[Exception] = deque()

    async def write(self, needs: Needs, decide: Callable[[Snapshot], T]) -> T:
        self.writes += 1
        self.was_entered.set()
        self.at_once += 1
        self.at_once_most = max(self.at_once_most, self.at_once)
        try:
            await self.gate.wait()
            if self.errors:
                raise self.errors.popleft()
            return await super().write(needs, decide)
        finally:
            self.at_once -= 1


@dataclass
class Bench:
    """A writer over a store with an entity and an account, and the parts that a test moves."""

    store: GatedStore
    clock: FixedClock
    observer: NullObserver
    writer: Writer

    def remake(self, **limits: int) -> Writer:
        self.writer = Writer(self.store, self.clock, self.observer, **limits)
        return self.writer

    async def queue(self, *commands: Command[Any], keyed: Keyed | None = None) -> list[asyncio.Task[Result]]:
        """Tasks that wait for their commands; all are queued when this returns."""
        queued = asyncio.Event()

        async def submit(command: Command[Any]) -> Result:
            if command is commands[-1]:
                # Whoever waits goes on only after this task has come to wait for its own answer.
                queued.set()
            return await self.writer.submit(command, keyed)

        tasks = [asyncio.create_task(submit(command)) for command in commands]
        await queued.wait()
        return tasks

    async def wait_until_entered(self) -> None:
        """Until a batch has come to the store."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.store.was_entered.wait()

    async def hold(self) -> asyncio.Task[Result]:
        """Close the gate behind one memo, which keeps the writer busy until the gate is opened."""
        self.store.gate.clear()
        self.store.was_entered.clear()
        (task,) = await self.queue(post(0))
        await self.wait_until_entered()
        return task


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    store = GatedStore()
    await store.open()
    await run(store, create_entity())
    await run(store, create_account())
    store.writes = 0
    clock, observer = FixedClock(), NullObserver()
    made = Bench(store, clock, observer, Writer(store, clock, observer))
    yield made
    store.gate.set()
    await made.writer.close()


async def at_once(submission: Coroutine[Any, Any, Result]) -> Result:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await submission


def post(index: int) -> Command[Any]:
    """A credit memo that is posted at once."""
    return create_memo(document_id=f"memo-{index}", post=True)


def numbers(results: Sequence[Result]) -> list[str | None]:
    """The numbers of the documents made; None for a command that was refused."""
    return [None if result.error is not None else result.outcome.number for result in results]


def first_numbers(count: int) -> list[str]:
    return [f"CM{ordinal:08d}" for ordinal in range(1, count + 1)]


async def test_what_is_queued_together_is_written_together_and_in_order(bench: Bench) -> None:
    results = await asyncio.gather(*(bench.writer.submit(post(index)) for index in range(100)))
    assert numbers(results) == first_numbers(100)
    assert bench.store.writes == 1
    assert bench.observer.batch_sizes == [100]


async def test_what_comes_during_a_write_makes_the_next_batch(bench: Bench) -> None:
    held = await bench.hold()
    waiting = await bench.queue(*(post(index) for index in range(1, 51)))
    bench.store.gate.set()
    assert numbers(await asyncio.gather(held, *waiting)) == first_numbers(51)
    assert bench.observer.batch_sizes == [1, 50]


@pytest.mark.parametrize(
    ("leaves_time", "callers", "sizes"),
    (
        (True, HALVED_SUBMISSIONS_MIN, [HALVED_SUBMISSIONS_MIN, *[HALVED_SUBMISSIONS_MIN // 2] * 2]),
        (True, HALVED_SUBMISSIONS_MIN - 1, [HALVED_SUBMISSIONS_MIN - 1] * 2),
        (False, HALVED_SUBMISSIONS_MIN, [HALVED_SUBMISSIONS_MIN] * 2),
    ),
)
async def test_callers_that_all_wait_for_one_batch_are_written_in_turns(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, leaves_time: bool, callers: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(GatedStore, "leaves_time", leaves_time)
    found = []
    for first in (0, callers):
        found += await asyncio.gather(*(bench.writer.submit(post(first + index)) for index in range(callers)))
    assert numbers(found) == first_numbers(2 * callers)
    assert bench.observer.batch_sizes == sizes


@pytest.mark.parametrize(
    ("leaves_time", "waiting", "at_once", "sizes"),
    (
        (True, AHEAD_SUBMISSIONS_MIN, 2, [1, AHEAD_SUBMISSIONS_MIN]),
        (True, AHEAD_SUBMISSIONS_MIN - 1, 1, [1, AHEAD_SUBMISSIONS_MIN - 1]),
        (True, 3 * AHEAD_SUBMISSIONS_MIN, 2, [1, AHEAD_SUBMISSIONS_MIN, 2 * AHEAD_SUBMISSIONS_MIN]),
        (False, AHEAD_SUBMISSIONS_MIN, 1, [1, AHEAD_SUBMISSIONS_MIN]),
    ),
)
async def test_the_next_batch_is_handed_over_while_one_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, leaves_time: bool, waiting: int, at_once: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(GatedStore, "leaves_time", leaves_time)
    held = await bench.hold()
    tasks = [held]
    for first in range(1, waiting + 1, AHEAD_SUBMISSIONS_MIN):
        bench.store.was_entered.clear()
        count = min(AHEAD_SUBMISSIONS_MIN, waiting + 1 - first)
        tasks += await bench.queue(*(post(first + index) for index in range(count)))
        if first == 1 and at_once == 2:
            await bench.wait_until_entered()
    bench.store.gate.set()
    assert numbers(await asyncio.gather(*tasks)) == first_numbers(waiting + 1)
    assert bench.observer.batch_sizes == sizes
    assert bench.store.at_once_most == at_once


@pytest.mark.parametrize(("waiting", "at_once"), ((28, 2), (27, 1)))
async def test_nearly_as_many_as_are_under_way_are_enough(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, waiting: int, at_once: int
) -> None:
    monkeypatch.setattr(GatedStore, "leaves_time", True)
    bench.store.gate.clear()
    tasks = await bench.queue(*map(post, range(32)))
    await bench.wait_until_entered()
    bench.store.was_entered.clear()
    tasks += await bench.queue(*map(post, range(32, 32 + waiting)))
    if at_once == 2:
        await bench.wait_until_entered()
    bench.store.gate.set()
    assert numbers(await asyncio.gather(*tasks)) == first_numbers(32 + waiting)
    assert bench.store.at_once_most == at_once


async def test_a_batch_handed_over_is_finished_before_the_writer_closes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GatedStore, "leaves_time", True)
    held = await bench.hold()
    bench.store.was_entered.clear()
    tasks = await bench.queue(*(post(1 + index) for index in range(AHEAD_SUBMISSIONS_MIN)))
    await bench.wait_until_entered()
    closing = asyncio.create_task(bench.writer.close())
    bench.store.gate.set()
    await closing
    assert all(task.done() for task in tasks)
    assert numbers(await asyncio.gather(held, *tasks)) == first_numbers(AHEAD_SUBMISSIONS_MIN + 1)


async def test_a_batch_takes_no_more_than_its_limit(bench: Bench) -> None:
    writer = bench.remake(batch_submissions_max=10)
    results = await asyncio.gather(*(writer.submit(post(index)) for index in range(25)))
    assert numbers(results) == first_numbers(25)
    assert bench.observer.batch_sizes == [10, 10, 5]


async def test_a_command_that_wants_to_be_alone_is_and_keeps_its_place(bench: Bench) -> None:
    commands = (
        post(1),
        post(2),
        create_sets(new_set()),
        create_sets(new_set(id="set-2", name="GB", numberings={})),
        post(3),
    )
    results = await asyncio.gather(*(bench.writer.submit(command) for command in commands))
    assert [result.error for result in results] == [None] * 5
    assert bench.observer.batch_sizes == [2, 1, 1, 1]
    assert results[4].outcome.number == "CM00000003"


async def test_a_refused_command_gives_a_result_and_takes_no_number(bench: Bench) -> None:
    commands = (post(1), create_memo(document_id="memo-2", post=True, currency="USD"), post(3))
    results = await asyncio.gather(*(bench.writer.submit(command) for command in commands))
    assert isinstance(results[1].error, BrokenRule)
    assert numbers(results) == ["CM00000001", None, "CM00000002"]
    assert judge_all(await bench.store.audit()).is_gapless


class Faulty(Command[None]):
    """A command with a fault of its own."""

    __slots__ = ()

    def needs(self, needs: Needs) -> None:
        pass

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        raise ZeroDivisionError


async def test_a_fault_of_one_command_does_not_touch_the_others(bench: Bench) -> None:
    results = await asyncio.gather(*(bench.writer.submit(command) for command in (post(1), Faulty(), post(2))))
    assert isinstance(results[1].error, ZeroDivisionError)
    assert numbers(results) == ["CM00000001", None, "CM00000002"]


async def test_a_full_queue_refuses_and_forgets(bench: Bench) -> None:
    writer = bench.remake(queue_submissions_max=3)
    held = await bench.hold()
    waiting = await bench.queue(post(1), post(2), post(3))
    for _ in range(2):
        # Twice with the same key: an overload must not leave the key in progress.
        with pytest.raises(Overloaded, match="3 writes are waiting already; try again in a moment") as refused:
            await at_once(writer.submit(post(4), keyed()))
        assert refused.value.retry_after_seconds == 1
    bench.store.gate.set()
    assert numbers(await asyncio.gather(held, *waiting)) == first_numbers(4)
    assert (await writer.submit(post(4), keyed())).outcome.number == "CM00000005"


async def test_a_conflict_is_tried_again(bench: Bench) -> None:
    bench.store.errors.extend([StoreConflict("deadlock")] * (WRITE_ATTEMPTS_MAX - 1))
    results = await asyncio.gather(*(bench.writer.submit(post(index)) for index in range(4)))
    assert numbers(results) == first_numbers(4)
    assert bench.store.writes == WRITE_ATTEMPTS_MAX
    assert bench.observer.failures == []


@pytest.mark.parametrize("place", range(8))
async def test_a_command_that_the_database_refuses_fails_alone(bench: Bench, place: int) -> None:
    await run(bench.store, create_memo(document_id="memo-taken"))
    commands = [post(index) for index in range(8)]
    commands[place] = create_memo(document_id="memo-taken", post=True)
    results = await asyncio.gather(*(bench.writer.submit(command) for command in commands))
    assert isinstance(results[place].error, InternalError)
    assert [number for number in numbers(results) if number is not None] == first_numbers(7)
    assert [type(failure) for failure in bench.observer.failures] == [StoreConflict]
    assert judge_all(await bench.store.audit()).is_gapless


async def test_a_store_that_does_not_answer_makes_callers_try_again(bench: Bench) -> None:
    bench.store.errors.append(StoreUnavailable("disk full"))
    results = await asyncio.gather(*(bench.writer.submit(post(index)) for index in range(2)))
    for result in results:
        assert isinstance(result.error, Unavailable)
        assert "disk full" in result.error.message
        assert "try again" in result.error.message
    assert bench.store.writes == 1
    assert (await bench.writer.submit(post(1))).outcome.number == "CM00000001"


async def test_a_fault_of_the_store_is_reported_and_does_not_stop_the_next_batch(bench: Bench) -> None:
    fault = ZeroDivisionError("on purpose")
    bench.store.errors.append(fault)
    assert isinstance((await bench.writer.submit(post(0))).error, InternalError)
    assert bench.observer.failures == [fault]
    assert (await bench.writer.submit(post(1))).outcome.number == "CM00000001"


async def test_a_fault_in_a_batch_befalls_only_the_command_that_it_comes_with(bench: Bench) -> None:
    bench.store.errors += [ZeroDivisionError("the whole batch"), ZeroDivisionError("its first half")]
    results = await asyncio.gather(*(bench.writer.submit(post(index)) for index in range(2)))
    assert isinstance(results[0].error, InternalError)
    assert results[1].outcome.number == "CM00000001"
    assert [str(failure) for failure in bench.observer.failures] == ["its first half"]


class FaultyObserver(NullObserver):
    """Fails at what it is told of every batch."""

    def batch_written(self, size: int, queue_wait_seconds: float, write_seconds: float) -> None:
        raise ZeroDivisionError


async def test_a_fault_of_the_observer_does_not_keep_callers_waiting(bench: Bench) -> None:
    bench.observer = FaultyObserver()
    writer = bench.remake(batch_submissions_max=1)
    results = await asyncio.gather(*(writer.submit(post(index)) for index in range(3)))
    assert numbers(results) == first_numbers(3)
    await writer.close()
    assert [type(failure) for failure in bench.observer.failures] == [ZeroDivisionError] * 3


def failing_render(outcome: object) -> tuple[int, bytes]:
    raise ZeroDivisionError(outcome)


async def test_an_answer_that_cannot_be_rendered_takes_its_command_back_and_no_other(bench: Bench) -> None:
    broken = Keyed(keyed("key-2").key, failing_render)
    results = await asyncio.gather(
        bench.writer.submit(post(1), keyed()), bench.writer.submit(post(2), broken), bench.writer.submit(post(3))
    )
    assert isinstance(results[1].error, ZeroDivisionError)
    assert numbers(results) == ["CM00000001", None, "CM00000002"]
    assert await bench.store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, "memo-2", None) is None


async def test_callers_that_go_away_leave_their_commands(bench: Bench) -> None:
    held = await bench.hold()
    waiting = await bench.queue(*(post(index) for index in range(1, 4)))
    for task in (held, waiting[1]):
        task.cancel()
    gone = await asyncio.gather(held, waiting[1], return_exceptions=True)
    assert [type(each) for each in gone] == [asyncio.CancelledError] * 2
    bench.store.gate.set()
    assert numbers(await asyncio.gather(waiting[0], waiting[2])) == ["CM00000002", "CM00000004"]
    for index, number in enumerate(first_numbers(4)):
        found = await bench.store.find_document(ENTITY_ID, Kind.CREDIT_MEMO, f"memo-{index}", None)
        assert found is not None
        assert found.number == number
    assert (await bench.writer.submit(post(4))).outcome.number == "CM00000005"


async def test_a_key_in_progress_is_refused_until_its_command_is_answered(bench: Bench) -> None:
    bench.store.gate.clear()
    (first,) = await bench.queue(post(1), keyed=keyed())
    with pytest.raises(KeyInProgress, match="'key-1' is still in progress"):
        await at_once(bench.writer.submit(post(2), keyed()))
    (other_client,) = await bench.queue(post(3), keyed=keyed(client_id="client-2"))
    (other_key,) = await bench.queue(post(4), keyed=keyed("key-2"))
    bench.store.gate.set()
    assert numbers(await asyncio.gather(first, other_client, other_key)) == first_numbers(3)
    assert (await bench.writer.submit(post(2), keyed())).outcome == Replay(200, b"CM00000001")
    assert isinstance((await bench.writer.submit(post(2), keyed(fingerprint="other"))).error, KeyReused)


async def test_the_key_of_a_caller_that_went_away_is_not_in_progress_for_ever(bench: Bench) -> None:
    bench.store.gate.clear()
    (first,) = await bench.queue(post(1), keyed=keyed())
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    with pytest.raises(KeyInProgress):
        await at_once(bench.writer.submit(post(1), keyed()))
    bench.store.gate.set()
    await bench.writer.submit(post(2))
    assert (await bench.writer.submit(post(1), keyed())).outcome == Replay(200, b"CM00000001")


@pytest.mark.parametrize("error", (StoreUnavailable("gone"), ZeroDivisionError()))
async def test_a_key_can_be_used_again_after_a_failure(bench: Bench, error: Exception) -> None:
    bench.store.errors.append(error)
    assert (await bench.writer.submit(post(1), keyed())).error is not None
    assert (await bench.writer.submit(post(1), keyed())).outcome.number == "CM00000001"


@pytest.mark.parametrize("crash", CrashPoint)
async def test_a_retry_after_a_crash_makes_one_document(bench: Bench, crash: CrashPoint) -> None:
    bench.store.crash_next_write = crash
    assert isinstance((await bench.writer.submit(post(1), keyed())).error, Unavailable)
    retried = await bench.writer.submit(post(2), keyed())
    if crash is CrashPoint.AFTER_COMMIT:
        assert retried.outcome == Replay(200, b"CM00000001")
    else:
        assert retried.outcome.number == "CM00000001"
    (audit,) = [each for each in await bench.store.audit() if each.series.key.kind is Kind.CREDIT_MEMO]
    assert (audit.issued_count, audit.series.next_ordinal) == (1, 2)


async def test_closing_finishes_what_is_queued_and_refuses_the_rest(bench: Bench) -> None:
    held = await bench.hold()
    waiting = await bench.queue(post(1), post(2))
    closing = asyncio.create_task(bench.writer.close())
    # The gate is closed, so nothing but the closing itself can have gone on.
    waiting_for_close = asyncio.create_task(refused_as_stopping(bench.writer))
    await waiting_for_close
    assert not closing.done()
    bench.store.gate.set()
    await closing
    assert numbers([task.result() for task in (held, *waiting)]) == first_numbers(3)
    await refused_as_stopping(bench.writer)
    await bench.writer.close()


async def refused_as_stopping(writer: Writer) -> None:
    with pytest.raises(Unavailable, match="the server is stopping; try again in a moment"):
        await at_once(writer.submit(post(9), keyed()))


async def test_an_idle_writer_closes_at_once(bench: Bench) -> None:
    await bench.writer.close()
    await refused_as_stopping(bench.writer)


async def test_time_never_runs_backwards(bench: Bench) -> None:
    moments = []
    for index, hours in enumerate((0, 1, -5, 2, 1)):
        bench.clock.at = NOON + timedelta(hours=hours)
        moments.append((await bench.writer.submit(post(index))).outcome.created_at - NOON)
    assert moments == [timedelta(hours=hours) for hours in (0, 1, 1, 2, 2)]
