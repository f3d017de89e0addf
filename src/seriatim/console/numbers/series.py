"""The series of an entity: what each has issued and left out, over time and number by number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from babel.dates import format_date

from seriatim.auth.permissions import Permission
from seriatim.console.cursors import read_whole_number
from seriatim.console.numbers.charts import Bucket, Chart, History, Step, draw, history_of
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.document import Document
from seriatim.domain.numbering import ORDINAL_MAX, Kind, SeriesKey, format_number
from seriatim.domain.register import RegisterEntry
from seriatim.domain.snapshot import Needs
from seriatim.errors import NotFound
from seriatim.service.ports import SeriesOverview

PAGE_SERIES = 50
PAGE_ENTRIES = 25
SKIPS_SHOWN_MAX = 20
SKIPS_COUNTED_MAX = 1_000
"""Declared skips that the chart takes out of its figures. Each is somebody's deed, so there are few."""
SETS_LOOKED_AT_MAX = 1_000
"""Sets that are looked at for who uses a series; where there are more, no series is called unused."""
NAMES_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series in the list."""

    overview: SeriesOverview
    next_number: str
    last_number: str | None
    last_document: Document | None
    """What carries the last number, if this user may see it."""
    is_unused: bool
    """Whether no set points to it any more."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of the register as the page tells it."""

    entry: RegisterEntry
    first: str
    last: str
    count: int
    document: Document | None
    """What carries the number, if this user may see it."""


async def list_series(visit: Visit) -> Response:
    """The series of the entity, grouped by kind."""
    store, entity = visit.console.store, visit.entity
    after = visit.query.get("after", "") or None
    overviews = await store.list_series(entity.id, after, PAGE_SERIES + 1)
    shown = overviews[:PAGE_SERIES]
    users = await _users_of_series(visit)
    documents = await _documents_of(visit, [each.last_issue for each in shown if each.last_issue is not None])
    groups: dict[Kind, list[SeriesRow]] = {kind: [] for kind in Kind}
    for overview in shown:
        groups[overview.series.key.kind].append(_row(overview, documents, users))
    return visit.page(
        "series.html",
        groups=[(kind, rows) for kind, rows in groups.items() if rows],
        first_url=visit.path("series") if after else None,
        after_url=visit.path("series", after=shown[-1].series.key.prefix) if len(overviews) > PAGE_SERIES else None,
        nothing_issued=after is None and all(each.last_issue is None for each in shown),
    )


async def show_series(visit: Visit) -> Response:
    """One series: its figures, its numbers over time, what it leaves out, and its entries in the register."""
    store, prefix = visit.console.store, visit.params["prefix"]
    overview = await store.find_series(visit.entity.id, prefix)
    if overview is None:
        raise NotFound("series", prefix, "choose one of the list")
    key = overview.series.key
    before = read_whole_number(visit.query, "before", ORDINAL_MAX + 1)
    entries = await store.list_register(key, before, PAGE_ENTRIES + 1)
    shown = entries[:PAGE_ENTRIES]
    skips = await store.list_skips(key, None, SKIPS_COUNTED_MAX) if overview.skipped_count else []
    chart, history = await _chart(visit, overview, skips)
    documents = await _documents_of(visit, [*shown, *([overview.last_issue] if overview.last_issue else [])])
    users = await _users_of_series(visit)
    return visit.page(
        "series_one.html",
        row=_row(overview, documents, users),
        used_by=(users or {}).get(key, [])[:NAMES_SHOWN_MAX],
        used_by_more=max(0, len((users or {}).get(key, [])) - NAMES_SHOWN_MAX),
        chart=chart,
        history=history,
        period_of=lambda bucket: _period(visit, history, bucket),
        skips=[_entry_row(entry, {}) for entry in skips[:SKIPS_SHOWN_MAX]],
        skips_hidden=max(0, len(skips) - SKIPS_SHOWN_MAX),
        figures_are_exact=len(skips) < SKIPS_COUNTED_MAX,
        entries=[_entry_row(entry, documents) for entry in shown],
        newest_url=visit.path("series", prefix) + "#register" if before is not None else None,
        older_url=(
            visit.path("series", prefix, before=str(shown[-1].first_ordinal)) + "#register"
            if len(entries) > PAGE_ENTRIES
            else None
        ),
    )


async def _users_of_series(visit: Visit) -> Mapping[SeriesKey, list[str]] | None:
    """The names of the sets that point to each series; None where there are too many sets to tell."""
    views = await visit.console.store.list_sequence_sets(visit.entity.id, None, 0, SETS_LOOKED_AT_MAX + 1)
    if len(views) > SETS_LOOKED_AT_MAX:
        return None
    users: dict[SeriesKey, list[str]] = {}
    for view in views:
        for kind in view.sequence_set.numberings:
            key = view.sequence_set.series_key(kind)
            if key is not None:
                users.setdefault(key, []).append(view.sequence_set.name)
    return users


async def _documents_of(visit: Visit, entries: Iterable[RegisterEntry]) -> dict[str, Document]:
    """The documents that entries are about, by their ids, as far as this user may see them."""
    ids = {entry.document_id for entry in entries if entry.document_id is not None}
    if not ids:
        return {}
    snapshot = await visit.console.store.read(Needs(documents={(visit.entity.id, each) for each in ids}))
    found = ((each, snapshot.documents.get(each)) for each in ids)
    return {each: document for each, document in found if document is not None and visit.scope.sees(document.org_id)}


def _row(
    overview: SeriesOverview, documents: Mapping[str, Document], users: Mapping[SeriesKey, list[str]] | None
) -> SeriesRow:
    series, last = overview.series, overview.last_issue
    return SeriesRow(
        overview=overview,
        next_number=format_number(series.key.prefix, series.next_ordinal),
        last_number=None if last is None else format_number(series.key.prefix, last.first_ordinal),
        last_document=None if last is None else documents.get(last.document_id or ""),
        is_unused=users is not None and series.key not in users,
    )


def _entry_row(entry: RegisterEntry, documents: Mapping[str, Document]) -> EntryRow:
    return EntryRow(
        entry=entry,
        first=format_number(entry.series.prefix, entry.first_ordinal),
        last=format_number(entry.series.prefix, entry.last_ordinal),
        count=entry.last_ordinal - entry.first_ordinal + 1,
        document=documents.get(entry.document_id or ""),
    )


async def _chart(
    visit: Visit, overview: SeriesOverview, skips: list[RegisterEntry]
) -> tuple[Chart | None, History | None]:
    """The chart of a series with its figures; nothing where it has issued nothing."""
    series, store = overview.series, visit.console.store
    if overview.last_issue is None:
        return None, None
    first = (await store.find_entries(series.key, [series.first_ordinal]))[0]
    history = await history_of(
        first_ordinal=series.first_ordinal,
        next_ordinal=series.next_ordinal,
        skips=skips,
        began_at=(first or overview.last_issue).recorded_at,
        now=max(visit.at, overview.last_issue.recorded_at),
        look_up=lambda ordinals: store.find_entries(series.key, ordinals),
    )
    chart = draw(
        history,
        lambda bucket: _label(visit, history, bucket),
        lambda bucket: f"{_period(visit, history, bucket)}: {_figures(visit, bucket)}",
        visit.formats.integer,
    )
    return chart, history


def _figures(visit: Visit, bucket: Bucket) -> str:
    issued = f"{visit.formats.integer(bucket.issued)} issued"
    return f"{issued}, {visit.formats.integer(bucket.skipped)} left out" if bucket.skipped else issued


def _label(visit: Visit, history: History, bucket: Bucket) -> str:
    """A bucket's name in few letters."""
    patterns = {Step.DAY: "d MMM", Step.WEEK: "d MMM", Step.MONTH: "MMM yy", Step.YEAR: "y"}
    return str(format_date(bucket.first_day, patterns[history.step], locale=visit.locale))


def _period(visit: Visit, history: History | None, bucket: Bucket) -> str:
    """A bucket's whole name."""
    step = Step.DAY if history is None else history.step
    if step is Step.MONTH:
        return str(format_date(bucket.first_day, "LLLL y", locale=visit.locale))
    if step is Step.YEAR:
        return str(bucket.first_day.year)
    if step is Step.WEEK:
        return f"{visit.formats.day(bucket.first_day)} to {visit.formats.day(bucket.last_day)}"
    return visit.formats.day(bucket.first_day)


ROUTES = (
    PageRoute(method="GET", path="/e/{entity_id}/series", handler=list_series, permission=Permission.READ),
    PageRoute(method="GET", path="/e/{entity_id}/series/{prefix}", handler=show_series, permission=Permission.READ),
)
