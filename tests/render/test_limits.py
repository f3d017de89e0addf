"""What bounds a printed document: its parts, its time, the memory of the process that sets it."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from seriatim.errors import InternalError, InvalidValue, Overloaded, TooLarge
from seriatim.render.document import MEMORY_KEPT_BYTES_MAX, Typesetter, render
from seriatim.render.page import GROUPS_MAX, LINES_MAX, PAGE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Page, check_limits
from tests.render.books import a_group, a_line, a_page, a_short_page

LINE = a_line("Sensor")


def test_a_page_within_its_limits_passes_and_one_past_them_is_refused_by_name() -> None:
    check_limits(a_page((LINE,) * LINES_MAX))
    with pytest.raises(InvalidValue, match=f"at most {LINES_MAX} lines"):
        render(a_page((LINE,) * LINES_MAX, (a_group("One", (LINE,)),)))
    check_limits(a_page(groups=(a_group("One", (LINE,)),) * GROUPS_MAX))
    with pytest.raises(InvalidValue, match=f"at most {GROUPS_MAX} groups"):
        render(a_page(groups=(a_group("One", (LINE,)),) * (GROUPS_MAX + 1)))


def test_texts_have_limits_one_by_one_and_together() -> None:
    longest = "x" * TEXT_CHARACTERS_MAX
    check_limits(a_short_page(memo=longest))
    with pytest.raises(InvalidValue, match=f"at most {TEXT_CHARACTERS_MAX} characters"):
        render(a_short_page(memo=longest + "x"))
    lines = (a_line("Sensor", description=longest),) * (PAGE_CHARACTERS_MAX // TEXT_CHARACTERS_MAX)
    with pytest.raises(InvalidValue, match=f"at most {PAGE_CHARACTERS_MAX} characters together"):
        render(a_page(lines))


def test_amounts_have_the_places_of_their_currency() -> None:
    page = a_short_page()
    with pytest.raises(InvalidValue, match="the places of the currency"):
        render(replace(page, totals=replace(page.totals, balance=Decimal("1.5"))))


def test_an_unknown_locale_is_refused_before_anything_is_set() -> None:
    with pytest.raises(InvalidValue, match="locale"):
        render(a_short_page(locale="xx"))


def test_a_page_that_takes_too_long_is_given_up_and_the_next_is_set() -> None:
    typesetter = Typesetter(time_seconds_max=0.05)
    long = a_page((a_line("Sensor", description="word " * 50),) * LINES_MAX)
    try:
        with pytest.raises(TooLarge, match=r"longer than 0\.05 seconds"):
            typesetter.set(long)
        assert typesetter.process_id is None
    finally:
        typesetter.close()
    assert render(a_short_page()).startswith(b"%PDF-")


def test_a_process_that_has_grown_is_replaced_and_one_that_has_not_is_kept() -> None:
    typesetter = Typesetter()
    frugal = Typesetter(memory_kept_bytes_max=1)
    try:
        assert typesetter.set(a_short_page()) == frugal.set(a_short_page())
        process_id = typesetter.process_id
        assert process_id is not None
        assert frugal.process_id is None
        assert typesetter.set(a_short_page()) == frugal.set(a_short_page())
        assert typesetter.process_id == process_id
    finally:
        typesetter.close()
        frugal.close()


def test_the_memory_of_the_server_is_not_counted_as_the_typesetters() -> None:
    ballast = b"x" * (MEMORY_KEPT_BYTES_MAX + 1)
    assert ballast
    del ballast
    typesetter = Typesetter()
    try:
        typesetter.set(a_short_page())
        assert typesetter.process_id is not None
    finally:
        typesetter.close()


def test_a_process_that_dies_fails_at_most_one_page() -> None:
    typesetter = Typesetter()
    try:
        before = typesetter.set(a_short_page())
        process_id = typesetter.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        try:
            typesetter.set(a_short_page())
        except InternalError:
            assert typesetter.process_id is None
        assert typesetter.set(a_short_page()) == before
        assert typesetter.process_id != process_id
    finally:
        typesetter.close()


def test_what_fails_inside_is_a_fault_of_the_server_and_the_next_page_is_set() -> None:
    typesetter = Typesetter()
    try:
        with pytest.raises(InternalError) as failed:
            typesetter.set(a_short_page(locale="xx"))
        assert "locale" in str(failed.value.__cause__)
        assert typesetter.process_id is not None
        assert typesetter.set(a_short_page()).startswith(b"%PDF-")
    finally:
        typesetter.close()


def test_more_pages_than_may_wait_are_refused() -> None:
    full, narrow = Typesetter(waiting_max=0), Typesetter(waiting_max=1)
    with pytest.raises(Overloaded, match="try again"):
        full.set(a_short_page())
    try:
        with pytest.raises(InternalError):
            narrow.set(a_short_page(locale="xx"))
        assert narrow.set(a_short_page()) == narrow.set(a_short_page())
    finally:
        narrow.close()


def test_threads_take_turns_and_each_gets_its_own_page() -> None:
    pages: list[Page] = [a_short_page(number=f"CM{each:08}") for each in range(12)]
    alone = [render(page) for page in pages]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(render, pages)) == alone
