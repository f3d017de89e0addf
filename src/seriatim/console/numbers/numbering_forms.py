"""Creating and editing sequence sets, with a preview that the domain's own rules give.

A preview decides the very command that saving would carry out, and writes nothing. Where the rules refuse it, it is
decided again piece by piece, so that each message finds its field.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from seriatim.auth.permissions import Permission
from seriatim.console.forms import OK, Form, sentence
from seriatim.console.numbers.numbering import default_view, find_set
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.console.statuses import status_of
from seriatim.domain.client import Scope
from seriatim.domain.commands.sequence_sets import (
    CreateSequenceSets,
    NewSequenceSet,
    NumberingChange,
    UpdateSequenceSet,
)
from seriatim.domain.numbering import REQUIRED_KINDS, Kind, Series, SeriesKey, format_number
from seriatim.domain.sequence_set import NAME_CHARACTERS_MAX, Numbering, SetView
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule, FieldError, InvalidValue, MissingField, Rule, SeriatimError

NAME, SET_NUMBER = "name", "sequenceSetNumber"
INTENT, PREVIEW, SLOTS = "intent", "preview", "slots"
CONFIRMED = "confirmed"
NUMBER_CHARACTERS_MAX = 30
"""What is typed as a start number; longer ones are refused before they are read."""

_START_RULES = frozenset({Rule.START_BELOW_NEXT, Rule.START_PAST_CEILING})
_FIELDS_OF_RULES = {Rule.SET_NAME_TAKEN: NAME, Rule.SET_NUMBER_TAKEN: SET_NUMBER}


@dataclass(slots=True)
class KindRow:
    """One kind in the form: what the fields say, and what came of trying it."""

    kind: Kind
    prefix: str
    """As it is kept, shown until the form is sent."""
    start: str
    next_number: str | None = None
    """The number as it would read; None where that is not known."""
    is_left_to_default: bool = False
    notes: list[str] = field(default_factory=list)
    """What happens besides, in sentences."""
    skip: str | None = None
    """What a raise would leave out, in a sentence."""

    @property
    def is_required(self) -> bool:
        """Whether every set numbers this kind."""
        return self.kind in REQUIRED_KINDS

    @property
    def prefix_field(self) -> str:
        """The field of the prefix, as the domain's errors name it."""
        return prefix_field(self.kind)

    @property
    def start_field(self) -> str:
        """The field of the start number, likewise."""
        return start_field(self.kind)


def prefix_field(kind: Kind) -> str:
    """The field of a kind's prefix."""
    return f"{kind.field_name}.prefix"


def start_field(kind: Kind) -> str:
    """The field of a kind's start number."""
    return f"{kind.field_name}.startNumber"


class Draft(Protocol):
    """A set as the form says it should be."""

    async def preview(self, visit: Visit, kinds: Collection[Kind], *, named: bool) -> SetView:
        """The set as it would be, or a part of it: with some kinds, with its name or without.

        Raises: InvalidValue, BrokenRule.
        """

    async def save(self, visit: Visit, kinds: Collection[Kind]) -> SetView:
        """The set as it is from now on.

        Raises: InvalidValue, BrokenRule.
        """


@dataclass(frozen=True, slots=True)
class _NewDraft:
    set_id: str
    form: Form
    numberings: Mapping[Kind, NumberingChange]

    async def preview(self, visit: Visit, kinds: Collection[Kind], *, named: bool) -> SetView:
        return (await visit.preview(self._command(visit.scope, kinds, named=named)))[0]

    async def save(self, visit: Visit, kinds: Collection[Kind]) -> SetView:
        return (await visit.run(self._command(visit.scope, kinds, named=True)))[0]

    def _command(self, scope: Scope, kinds: Collection[Kind], *, named: bool) -> CreateSequenceSets:
        # While the name is not right yet, the numberings are tried under one that nobody has.
        name = self.form.text(NAME) if named else self.set_id[-NAME_CHARACTERS_MAX:]
        numberings = {}
        for kind in kinds:
            change = self.numberings[kind]
            numberings[kind] = Numbering(change.prefix or "", change.start_number or 0)
        number = self.form.optional(SET_NUMBER) if named else None
        return CreateSequenceSets(scope=scope, sets=(NewSequenceSet(self.set_id, name, number, numberings),))


@dataclass(frozen=True, slots=True)
class _ChangedDraft:
    set_id: str
    form: Form
    numberings: Mapping[Kind, NumberingChange]
    cleared: frozenset[Kind]

    async def preview(self, visit: Visit, kinds: Collection[Kind], *, named: bool) -> SetView:
        return await visit.preview(self._command(visit.scope, kinds, named=named))

    async def save(self, visit: Visit, kinds: Collection[Kind]) -> SetView:
        return await visit.run(self._command(visit.scope, kinds, named=True))

    def _command(self, scope: Scope, kinds: Collection[Kind], *, named: bool) -> UpdateSequenceSet:
        return UpdateSequenceSet(
            scope=scope,
            key=self.set_id,
            name=self.form.text(NAME) if named else None,
            numberings={kind: change for kind, change in self.numberings.items() if kind in kinds},
            cleared_kinds=self.cleared.intersection(kinds),
        )


@dataclass(slots=True)
class Trial:
    """What came of trying a form."""

    rows: list[KindRow]
    save: Callable[[], Awaitable[SetView]] | None = None
    """Saves it; None where something stands in the way."""
    missing: dict[str, str] = field(default_factory=dict)
    """What is not filled in yet, by field: nothing to complain about while somebody types."""
    name: str = ""

    @property
    def skips(self) -> list[KindRow]:
        """The kinds that would leave numbers out."""
        return [row for row in self.rows if row.skip is not None]

    @property
    def to_be_confirmed(self) -> str:
        """Names what is left out, so that a confirmation covers this and nothing else."""
        return " ".join(f"{row.kind.field_name}:{row.next_number}" for row in self.skips)


async def show_creation(visit: Visit) -> Response:
    """The form for a new set."""
    rows = [KindRow(kind, "", "1" if kind in REQUIRED_KINDS else "") for kind in Kind]
    return await _form_page(visit, Form(), Trial(rows), None)


async def show_edit(visit: Visit) -> Response:
    """The form for changing a set."""
    view = await find_set(visit.console.store, visit.entity.id, visit.params["set_id"])
    return await _form_page(visit, Form(), Trial(_rows_of(view), name=view.sequence_set.name), view)


async def create_set(visit: Visit) -> Response:
    """Create a set, or show what that would do."""
    return await _sent(visit, None)


async def change_set(visit: Visit) -> Response:
    """Change a set, or show what that would do."""
    return await _sent(visit, await find_set(visit.console.store, visit.entity.id, visit.params["set_id"]))


async def _sent(visit: Visit, view: SetView | None) -> Response:
    form = await visit.form()
    trial = await _try(visit, form, view)
    intent = form.text(INTENT)
    if intent in (PREVIEW, SLOTS):
        return await _form_page(visit, form, trial, view, slots_only=intent == SLOTS)
    for name, message in trial.missing.items():
        form.errors.setdefault(name, message)
    if form.errors or trial.save is None:
        form.status = form.status if form.status != OK else status_of(MissingField(""))
        return await _form_page(visit, form, trial, view)
    if trial.skips and form.text(CONFIRMED) != trial.to_be_confirmed:
        return _confirmation_page(visit, form, trial, view)
    try:
        saved = await trial.save()
    except (FieldError, BrokenRule) as error:
        # Somebody else came first.
        form.refuse(error)
        return await _form_page(visit, form, trial, view)
    notice = f"The set {saved.sequence_set.name} is {'created' if view is None else 'saved'}."
    return visit.redirect(visit.path("numbering", saved.sequence_set.id), notice)


async def _try(visit: Visit, form: Form, view: SetView | None) -> Trial:
    """Decide what a form asks for, over what is stored now. What refuses it is put at its fields."""
    trial = Trial([KindRow(kind, "", "") for kind in Kind] if view is None else _rows_of(view), name=form.text(NAME))
    if not trial.name:
        trial.missing[NAME] = "Give the set a name."
    changes, cleared = _read_numberings(form, view, trial.missing)
    draft: Draft
    if view is None:
        draft = _NewDraft(visit.new_id(), form, changes)
    else:
        draft = _ChangedDraft(view.sequence_set.id, form, changes, cleared)
    kinds = [kind for kind in Kind if kind in changes or kind in cleared]
    is_readable = not form.errors
    found = await _decide_whole(visit, draft, kinds) if is_readable and not trial.missing else None
    if found is not None:
        trial.save = partial(draft.save, visit, kinds)
    else:
        found = await _decide_in_pieces(visit, draft, kinds, form, named=bool(trial.name))
    for row in trial.rows:
        if row.kind in kinds or {row.prefix_field, row.start_field} & {*form.errors, *trial.missing}:
            row.next_number = None
    if found is not None:
        tried = [kind for kind in kinds if not {prefix_field(kind), start_field(kind)} & set(form.errors)]
        await _tell(visit, trial.rows, view, found, tried)
    return trial


def _read_numberings(
    form: Form, view: SetView | None, missing: dict[str, str]
) -> tuple[dict[Kind, NumberingChange], frozenset[Kind]]:
    """What the form asks of each kind: what differs from what is kept. What cannot be read is put at its field."""
    changes: dict[Kind, NumberingChange] = {}
    cleared = set()
    for kind in Kind:
        kept = None if view is None else view.sequence_set.numberings.get(kind)
        prefix, start = form.text(prefix_field(kind)), form.text(start_field(kind))
        if not prefix and not start and kind not in REQUIRED_KINDS:
            if kept is not None:
                cleared.add(kind)
            continue
        if not prefix:
            missing[prefix_field(kind)] = f"Give {kind.words}s a prefix."
        if not start:
            missing[start_field(kind)] = "Give the number to start from."
        if not prefix or not start:
            continue
        try:
            start_number = _whole_number(start_field(kind), start)
        except InvalidValue as error:
            _refuse(form, error, None)
            continue
        if kept is None:
            changes[kind] = NumberingChange(prefix, start_number)
        elif kept != Numbering(prefix, start_number):
            changes[kind] = NumberingChange(
                None if prefix == kept.prefix else prefix, None if start_number == kept.start_number else start_number
            )
    return changes, frozenset(cleared)


def _whole_number(field_name: str, text: str) -> int:
    """A whole number as people type it.

    Raises: InvalidValue.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_CHARACTERS_MAX):
        raise InvalidValue(field_name, text, "give a whole number such as 1, in digits alone")
    return int(text)


async def _decide_whole(visit: Visit, draft: Draft, kinds: Collection[Kind]) -> SetView | None:
    """The set as it would be; None where something refuses it."""
    try:
        return await draft.preview(visit, kinds, named=True)
    except (FieldError, BrokenRule):
        return None


async def _decide_in_pieces(
    visit: Visit, draft: Draft, kinds: Collection[Kind], form: Form, *, named: bool
) -> SetView | None:
    """The set as far as nothing refuses it; each refusal is put at the field that it is about."""
    if named:
        try:
            await draft.preview(visit, (), named=True)
        except (FieldError, BrokenRule) as error:
            _refuse(form, error, None)
    found, good = None, list[Kind]()
    for kind in kinds:
        try:
            found = await draft.preview(visit, [*good, kind], named=False)
        except (FieldError, BrokenRule) as error:
            _refuse(form, error, kind)
        else:
            good.append(kind)
    return found


def _refuse(form: Form, error: SeriatimError, kind: Kind | None) -> None:
    """Put a refusal at its field: that which it names, else that which its rule is about."""
    form.status = status_of(error)
    if isinstance(error, FieldError):
        form.errors[error.field] = sentence(error.detail)
    elif isinstance(error, BrokenRule) and kind is not None:
        name = start_field(kind) if error.rule in _START_RULES else prefix_field(kind)
        form.errors[name] = sentence(error.message.removeprefix(f"{start_field(kind)}: "))
    elif isinstance(error, BrokenRule):
        form.errors[_FIELDS_OF_RULES.get(error.rule, NAME)] = sentence(error.message)


def _rows_of(view: SetView) -> list[KindRow]:
    """The rows of a set as it is kept."""
    rows = []
    for kind in Kind:
        kept = view.sequence_set.numberings.get(kind)
        if kept is None:
            rows.append(KindRow(kind, "", ""))
        else:
            next_number = format_number(kept.prefix, view.next_ordinals[kind])
            rows.append(KindRow(kind, kept.prefix, str(kept.start_number), next_number))
    return rows


async def _tell(
    visit: Visit, rows: list[KindRow], view: SetView | None, found: SetView, tried: Collection[Kind]
) -> None:
    """Say of each kind that was tried what would come next, and what would happen besides."""
    existing = await _existing_series(visit, found)
    for row in rows:
        numbering = found.sequence_set.numberings.get(row.kind)
        if row.kind not in tried or numbering is None:
            continue
        next_ordinal = found.next_ordinals[row.kind]
        row.next_number = format_number(numbering.prefix, next_ordinal)
        kept = None if view is None else view.sequence_set.numberings.get(row.kind)
        series = existing.get(numbering.prefix)
        if kept is None or kept.prefix != numbering.prefix:
            row.notes.append(_beginning(series))
        if kept is not None and kept.prefix != numbering.prefix:
            row.notes.append(f"The series of {kept.prefix} keeps the numbers that it has issued.")
        if series is not None and next_ordinal > series.next_ordinal:
            row.skip = _skipped(visit, series, next_ordinal)


async def _existing_series(visit: Visit, found: SetView) -> dict[str, Series]:
    """The series that there are already for the prefixes of a set, as they stand."""
    entity_id = visit.entity.id
    prefixes = {kind: numbering.prefix for kind, numbering in found.sequence_set.numberings.items()}
    snapshot = await visit.console.store.read(Needs(claims={(entity_id, prefix) for prefix in prefixes.values()}))
    keys = [SeriesKey(entity_id, kind, prefix) for kind, prefix in prefixes.items()]
    return {key.prefix: series for key in keys if (series := snapshot.series.get(key)) is not None}


def _beginning(series: Series | None) -> str:
    if series is None:
        return "Begins a new series."
    if series.next_ordinal == series.first_ordinal:
        return "Shares a series that exists already and has issued nothing yet."
    last = format_number(series.key.prefix, series.next_ordinal - 1)
    return f"Goes on in the series that exists already, which has come to {last}."


def _skipped(visit: Visit, series: Series, next_ordinal: int) -> str:
    """What a raise leaves out, with the first, the last and the count."""
    prefix, count = series.key.prefix, next_ordinal - series.next_ordinal
    first = format_number(prefix, series.next_ordinal)
    if count == 1:
        return f"Leaves out {first}: 1 number, declared as skipped for good."
    last = format_number(prefix, next_ordinal - 1)
    return f"Leaves out {first} to {last}: {visit.formats.integer(count)} numbers, declared as skipped for good."


async def _form_page(
    visit: Visit, form: Form, trial: Trial, view: SetView | None, *, slots_only: bool = False
) -> Response:
    default = await default_view(visit.console.store, visit.entity.id)
    for row in trial.rows:
        is_empty = not (form.text(row.prefix_field) or form.text(row.start_field)) if form.is_sent else not row.prefix
        if not row.is_required and is_empty:
            numbering = default.sequence_set.numberings[row.kind]
            row.is_left_to_default = True
            row.next_number = format_number(numbering.prefix, default.next_ordinals[row.kind])
    return visit.page(
        "numbering_slots.html" if slots_only else "numbering_form.html",
        status=OK if slots_only else form.status,
        form=form,
        rows=trial.rows,
        name=trial.name,
        of_set=None if view is None else view.sequence_set,
        summary=_summary(form, trial),
        back_url=visit.path("numbering", "" if view is None else view.sequence_set.id),
        name_max=NAME_CHARACTERS_MAX,
    )


def _summary(form: Form, trial: Trial) -> tuple[str, str]:
    """Where the form stands, in a tone and a sentence."""
    if not form.is_sent:
        return "info", ""
    if form.errors:
        count = len(form.errors)
        return "bad", "One field needs another look." if count == 1 else f"{count} fields need another look."
    if trial.missing:
        return "info", "Not everything is filled in yet."
    if trial.skips:
        return "warning", "Saving this leaves numbers out; it is asked once more before that happens."
    return "good", "Nothing stands in the way."


def _confirmation_page(visit: Visit, form: Form, trial: Trial, view: SetView | None) -> Response:
    names = [NAME, SET_NUMBER, *(each for kind in Kind for each in (prefix_field(kind), start_field(kind)))]
    return visit.page(
        "numbering_confirm.html",
        name=trial.name,
        skips=trial.skips,
        fields={name: form.text(name) for name in names if form.text(name)},
        confirmed=trial.to_be_confirmed,
        action_url=visit.request.url.path,
        back_url=visit.path("numbering", "" if view is None else view.sequence_set.id),
    )


ROUTES = (
    PageRoute(
        method="GET", path="/e/{entity_id}/numbering/new", handler=show_creation, permission=Permission.CONFIGURE
    ),
    PageRoute(method="POST", path="/e/{entity_id}/numbering/new", handler=create_set, permission=Permission.CONFIGURE),
    PageRoute(
        method="GET", path="/e/{entity_id}/numbering/{set_id}/edit", handler=show_edit, permission=Permission.CONFIGURE
    ),
    PageRoute(
        method="POST",
        path="/e/{entity_id}/numbering/{set_id}/edit",
        handler=change_set,
        permission=Permission.CONFIGURE,
    ),
)
