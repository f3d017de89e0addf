"""Series in the console: what they have issued, left out and come to, against what was done to them."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.sequence_sets import NumberingChange, UpdateSequenceSet
from seriatim.domain.entity import DEFAULT_ENTITY_NAME
from seriatim.domain.numbering import Kind
from seriatim.storage.engines import store_for
from tests.browser.site import Site
from tests.factories import (
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    make_numberings,
    new_set,
    run,
)
from tests.servers import Server

DAYS = 25
LEFT_OUT_DAYS_AGO = 9
SKIPPED = 1_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Past:
    """What was issued before the server was started."""

    site: Site
    issued_by_day: Counter[str]
    skip_day: str
    count: int
    """Numbers of `CM` that were issued."""

    def path(self, *parts: str) -> str:
        return "/".join([f"/console/e/{ENTITY_ID}/series", *parts])


def memos_on(days_ago: int) -> int:
    """Busy days and idle ones."""
    return days_ago * 7 % 5


async def live_through(database: str, now: datetime) -> tuple[Counter[str], int]:
    """Issue credit memos for some weeks, and leave numbers out on one day; how many were issued each day."""
    store = store_for(database)
    await store.migrate()
    await store.open()
    issued: Counter[str] = Counter()
    began_at = now - DAYS * DAY

    async def do(command: Command[object], at: datetime) -> None:
        await run(store, command, at=at)

    try:
        await do(create_entity(name=DEFAULT_ENTITY_NAME), began_at)
        await do(create_account(), began_at)
        await do(create_sets(new_set(name="FR", numberings=make_numberings("F"))), began_at)
        for days_ago in range(DAYS, -1, -1):
            at = now - days_ago * DAY
            for _ in range(memos_on(days_ago)):
                issued[at.date().isoformat()] += 1
                await do(create_memo(document_id=f"{issued.total():032x}", post=True), at)
            if days_ago == LEFT_OUT_DAYS_AGO:
                jump = NumberingChange(None, issued.total() + SKIPPED + 1)
                await do(UpdateSequenceSet(scope=SCOPE, key="DEFAULT", numberings={Kind.CREDIT_MEMO: jump}), at)
    finally:
        await store.close()
    return issued, issued.total()


@pytest.fixture(scope="module")
def past(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    directory: Path = tmp_path_factory.mktemp("past")
    server = Server(directory)
    # At noon, so that no test sees midnight come between.
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - DAY
    # The browser's own event loop has this thread.
    with ThreadPoolExecutor(1) as thread:
        issued, count = thread.submit(lambda: asyncio.run(live_through(server.database, noon))).result()
    with server:
        yield Past(Site(server, browser), issued, (noon - LEFT_OUT_DAYS_AGO * DAY).date().isoformat(), count)


def figures(table: Locator) -> dict[str, tuple[int, int]]:
    """What a table of figures says, by the day as it is written."""
    rows = (row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all())
    return {day: (int(issued.replace(",", "")), int(skipped.replace(",", ""))) for day, issued, skipped in rows}


def written(day: str) -> str:
    """A day as a British reader finds it."""
    at = datetime.fromisoformat(day)
    return f"{at.day} {at:%b %Y}".replace("Sep", "Sept")


def figures_of(page: Page) -> Locator:
    # They stand open, for who has no use for the picture.
    return page.get_by_role("table", name="Numbers of CM per day")


def test_the_figures_are_what_was_issued(past: Past, *, script: bool) -> None:
    with past.site.visit(past.site.admin, script=script) as page:
        page.goto(past.path("CM"))
        found = figures(figures_of(page))
        expected = {written(day): count for day, count in past.issued_by_day.items()}
        assert {day: issued for day, (issued, _) in found.items() if issued} == expected
        assert {day: skipped for day, (_, skipped) in found.items() if skipped} == {written(past.skip_day): SKIPPED}
        assert sum(issued for issued, _ in found.values()) == past.count


def test_the_chart_says_the_same_to_whoever_does_not_see_it(past: Past) -> None:
    with past.site.visit(past.site.admin) as page:
        page.goto(past.path("CM"))
        chart = page.get_by_role("img", name="Numbers of CM issued per day")
        expect(chart.locator("rect")).to_have_count(len(past.issued_by_day))
        expect(chart.locator(".chart-skip")).to_have_count(1)
        names = chart.locator("g > title").all_text_contents()
        bars = {
            name.partition(":")[0]: int(found[1]) for name in names if (found := re.search(r": (\d+) issued", name))
        }
        assert {day: count for day, count in bars.items() if count} == {
            written(day): count for day, count in past.issued_by_day.items()
        }
        assert [name for name in names if "1,000 left out" in name] == [
            f"{written(past.skip_day)}: {past.issued_by_day[past.skip_day]} issued, 1,000 left out"
        ]
        busiest = max(past.issued_by_day.values())
        assert f"The most, {busiest}," in str(chart.locator("desc").text_content())


def test_the_head_and_the_skips_are_told(past: Past, *, script: bool) -> None:
    next_number = f"CM{past.count + SKIPPED + 1:08d}"
    with past.site.visit(past.site.admin, script=script) as page:
        page.goto(past.path())
        row = page.get_by_role("table", name="Credit memo series").get_by_role("row", name="CM").first
        for words in (next_number, str(past.count), "1,000", f"CM{past.count + SKIPPED:08d}"):
            expect(row).to_contain_text(words)
        headings = page.get_by_role("heading", level=2).all_inner_texts()
        assert headings == ["Invoices", "Credit memos", "Debit memos", "Payments", "Refunds"]
        page.get_by_role("link", name="CM", exact=True).click()
        expect(page.get_by_text("Used by the set DEFAULT.")).to_be_visible()
        skip = page.get_by_role("table", name="Declared skips").locator("tbody tr")
        before = sum(count for day, count in past.issued_by_day.items() if day <= past.skip_day)
        expect(skip).to_have_count(1)
        expect(skip).to_contain_text(f"CM{before + 1:08d}")
        expect(skip).to_contain_text(f"CM{before + SKIPPED:08d}")


def test_the_register_is_read_page_by_page_to_its_beginning(past: Past, *, script: bool) -> None:
    numbers: list[str] = []
    with past.site.visit(past.site.admin, script=script) as page:
        page.goto(past.path("CM"))
        while True:
            rows = page.get_by_role("table", name="Register of CM").locator("tbody th")
            numbers += rows.all_inner_texts()
            older = page.get_by_role("link", name="Next")
            if not older.count():
                break
            older.click()
        page.get_by_role("link", name="Previous").click()
        assert page.get_by_role("table", name="Register of CM").locator("tbody th").first.inner_text() == numbers[0]
        entries = [number for number in numbers if " to " not in number]
        assert len(entries) == len(set(entries)) == past.count
        assert entries == sorted(entries, reverse=True)
        assert len(numbers) == past.count + 1
        page.get_by_role("table", name="Register of CM").get_by_role("link").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(numbers[0])


def test_a_series_that_issued_nothing_says_what_comes_first(past: Past) -> None:
    with past.site.visit(past.site.admin) as page:
        page.goto(past.path("FINV"))
        expect(page.get_by_text("The first document of this series takes FINV00000001.")).to_be_visible()
        expect(page.get_by_text("Used by the set FR.")).to_be_visible()
        expect(page.get_by_role("img")).to_have_count(0)


@pytest.mark.parametrize("query", ("before=-1", "before=x", "before=99999999999999999999"))
def test_an_address_that_nobody_gave_is_refused_in_words(past: Past, query: str) -> None:
    with past.site.visit(past.site.admin) as page:
        answer = page.request.get(f"{past.path('CM')}?{query}")
        assert (answer.status, "go back to the first page" in answer.text()) == (400, True)
        assert page.request.get(past.path("NOBODY")).status == 404


def test_an_auditor_sees_all_of_it(past: Past) -> None:
    person = past.site.create_user("auditor", "Looks at series")
    with past.site.visit(person) as page:
        page.goto(past.path("CM"))
        assert sum(issued for issued, _ in figures(figures_of(page)).values()) == past.count


def test_whoever_is_limited_to_an_org_sees_numbers_and_no_documents_of_others(past: Past) -> None:
    past.site.server.run_cli_json("org", "create", "--entity", DEFAULT_ENTITY_NAME, "--name", "North")
    person = past.site.create_user("auditor", "Northerner", entities=(DEFAULT_ENTITY_NAME,), orgs=("North",))
    with past.site.visit(person) as page:
        page.goto(past.path("CM"))
        register = page.get_by_role("table", name="Register of CM")
        expect(register.get_by_role("link")).to_have_count(0)
        expect(register).to_contain_text("a document of another org")
        expect(register).not_to_contain_text("A00000001")
