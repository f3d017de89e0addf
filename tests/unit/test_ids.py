"""Ids, secrets and the clock of the machine."""

import multiprocessing
import re
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from seriatim.service.randomness import SystemIds
from seriatim.service.time import SystemClock, monotonic_seconds, unix_milliseconds

MANY = 20_000


def test_row_ids_ascend_within_a_millisecond_and_over_time() -> None:
    ids = SystemIds()
    made = [ids.new_id() for _ in range(MANY)]
    assert made == sorted(set(made))
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)


def test_row_ids_ascend_when_the_clock_stands_still_or_is_set_back() -> None:
    times = iter([1000, 1000, 400, 999, 1001])
    ids = SystemIds(lambda: next(times))
    made = [ids.new_id() for _ in range(5)]
    assert made == sorted(set(made))
    assert [int(each[:12], 16) for each in made] == [1000, 1000, 1000, 1000, 1001]


def test_a_row_id_begins_with_its_time() -> None:
    before = unix_milliseconds()
    stamped = int(SystemIds().new_id()[:12], 16)
    assert before <= stamped <= unix_milliseconds()


def test_counting_up_within_a_millisecond_never_runs_into_the_time() -> None:
    ids = SystemIds(lambda: 7)
    # The highest of the 80 random bits is left free; a set bit would show in one of so many.
    assert all(int(SystemIds(lambda: 7).new_id()[12], 16) < 8 for _ in range(200))
    assert ids.new_id()[:12] == ids.new_id()[:12] == f"{7:012x}"


def test_two_processes_make_different_ids_in_the_same_millisecond() -> None:
    made = {SystemIds(lambda: 7).new_id() for _ in range(1000)}
    assert len(made) == 1000


def test_a_uuid_is_random_and_of_version_4() -> None:
    ids = SystemIds()
    made = [ids.new_uuid() for _ in range(1000)]
    assert len(set(made)) == 1000
    for text in made:
        assert str(UUID(text)) == text
        assert UUID(text).version == 4
        assert UUID(text).variant == RFC_4122
    for position in {*range(36)} - {8, 13, 14, 18, 19, 23}:
        assert {text[position] for text in made} == set("0123456789abcdef")
    assert {text[19] for text in made} == set("89ab")


def test_a_forked_process_gives_out_other_uuids_than_the_one_it_comes_from() -> None:
    ids = SystemIds()
    ids.new_uuid()  # Some more are made with it, and kept.
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    children = [fork.Process(target=lambda: told.put([ids.new_uuid() for _ in range(1000)])) for _ in range(2)]
    for child in children:
        child.start()
    made = [ids.new_uuid() for _ in range(1000)]
    for _ in children:
        made += told.get()
    for child in children:
        child.join()
    assert len(set(made)) == 3000


def test_a_secret_has_forty_letters_and_digits() -> None:
    ids = SystemIds()
    made = {ids.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch("[A-Za-z0-9]{40}", each) for each in made)


def test_bytes_are_as_many_as_asked_for() -> None:
    ids = SystemIds()
    assert len(ids.new_bytes(32)) == 32
    assert ids.new_bytes(32) != ids.new_bytes(32)


def test_the_clock_tells_the_time_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert monotonic_seconds() <= monotonic_seconds()
