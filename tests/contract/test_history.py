"""What was changed and issued as every store tells it: the activity log, series, and the register page by page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seriatim.domain.activity import Activity, Change
from seriatim.domain.client import Role, Scope
from seriatim.domain.commands.clients import CreateClient
from seriatim.domain.commands.sequence_sets import NumberingChange, UpdateSequenceSet
from seriatim.domain.decide import Submission
from seriatim.domain.document import Action
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.domain.register import Event, issue_entry, skip_entry
from seriatim.domain.snapshot import Needs
from seriatim.errors import BrokenRule
from seriatim.service.ports import ActivityQuery, Store
from tests.factories import (
    ACTOR_ID,
    ENTITY_ID,
    SCOPE,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    new_set,
    run,
    submit,
    transition,
)
from tests.fakes import NOON

CM = SeriesKey(ENTITY_ID, Kind.CREDIT_MEMO, "CM")
DAY = timedelta(days=1)


async def told(store: Store, **over: object) -> list[Activity]:
    given: dict[str, object] = {"entity_id": ENTITY_ID}
    return await store.list_activities(ActivityQuery(**(given | over)))  # type: ignore[arg-type]


def summary(activities: list[Activity]) -> list[tuple[str, str, str]]:
    return [(each.deed, each.subject_name, each.change) for each in activities]


async def test_the_log_tells_what_a_command_changed(store: Store) -> None:
    await run(store, create_sets(new_set()))
    change = UpdateSequenceSet(
        scope=Scope(ENTITY_ID, "somebody"), key="FR", numberings={Kind.INVOICE: NumberingChange("GINV", 7)}
    )
    await run(store, change, at=NOON + DAY)
    newest, made, *_ = await told(store)
    assert newest == Activity(
        recorded_at=NOON + DAY,
        entity_id=ENTITY_ID,
        org_id=None,
        actor_id="somebody",
        deed="update sequence set",
        subject_kind="sequence set",
        subject_id="set-1",
        subject_name="FR",
        change=Change.CHANGED,
        details={"invoice": ("FINV from 1", "GINV from 7")},
        position=newest.position,
    )
    assert made.position < newest.position
    assert (made.deed, made.change, made.actor_id) == ("create sequence sets", Change.CREATED, ACTOR_ID)
    assert made.details["credit memo"] == (None, "FCM from 1")


async def test_what_is_refused_is_not_told_even_beside_others(store: Store) -> None:
    before = await told(store)
    submissions = [Submission(create_account()), Submission(create_account(account_id="account-2", currency="EUR"))]
    refused = Submission(create_memo(account_keys={"accountId": "nobody"}))
    results = await submit(store, submissions[0], refused, submissions[1])
    assert [result.error is None for result in results] == [True, False, True]
    assert summary(await told(store))[: -len(before)] == [
        ("create account", "A00000002", "created"),
        ("create account", "A00000001", "created"),
    ]


async def test_a_number_is_told_by_the_register_and_a_draft_by_the_log(store: Store) -> None:
    await run(store, create_account())
    start = (await told(store))[0].position
    await run(store, create_memo())
    await run(store, transition(Action.POST))
    await run(store, create_memo(document_id="document-2", post=True))
    assert summary(await told(store, before=None))[0] == ("create document", "TMP-CM-00000001", "created")
    assert [each.position > start for each in await told(store)].count(True) == 1
    assert [entry.document_id for entry in await store.list_register(CM, None, 10)] == ["document-2", "document-1"]


async def test_the_log_is_narrowed_and_paged(store: Store) -> None:
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-2", actor_id="other"))
    client = CreateClient(client_id="client-1", name="till", role=Role.ISSUER, secret_digest="secret")
    await run(store, client)
    await run(store, create_account())
    await run(store, create_memo(scope=replace(SCOPE, actor_id="issuer")))
    assert [each.entity_id for each in await told(store, entity_id="entity-2")] == ["entity-2"] * 2
    both = await told(store, with_global=True)
    assert [each.subject_kind for each in both[:3]] == ["credit memo", "account", "API client"]
    assert [each.subject_kind for each in await told(store, entity_id=None)] == ["API client"]
    assert summary(await told(store, actor_id="issuer")) == [("create document", "TMP-CM-00000001", "created")]
    assert [each.subject_kind for each in await told(store, subject_id="account-1")] == ["account"]
    assert [each.subject_id for each in await told(store, subject_kind="account")] == ["account-1"]
    assert await told(store, subject_kind="\0") == []
    assert await told(store, org_ids=["org-1"]) == []
    pages = [await told(store, with_global=True, limit=2)]
    while len(pages[-1]) == 2:
        pages.append(await told(store, with_global=True, limit=2, before=pages[-1][-1].position))
    assert [each for page in pages for each in page] == both


async def test_a_secret_is_never_told(store: Store) -> None:
    await run(store, CreateClient(client_id="client-1", name="till", role=Role.ISSUER, secret_digest="very-secret"))
    assert "very-secret" not in repr(await told(store, entity_id=None))


async def test_series_are_told_with_their_skips_and_last_issue(store: Store) -> None:
    await run(store, create_account())
    for number in range(1, 4):
        memo = create_memo(document_id=f"document-{number}", post=True)
        await run(store, memo, at=NOON + number * DAY)
        if number == 2:
            raised = UpdateSequenceSet(
                scope=SCOPE, key="DEFAULT", numberings={Kind.CREDIT_MEMO: NumberingChange(None, 10)}
            )
            await run(store, raised, at=NOON + number * DAY)
    overviews = {each.series.key.prefix: each for each in await store.list_series(ENTITY_ID, None, 10)}
    assert list(overviews) == sorted(overviews)
    memos = overviews["CM"]
    assert (memos.series.next_ordinal, memos.skipped_count, memos.issued_count) == (11, 7, 3)
    assert memos.last_issue == issue_entry(CM, 10, "document-3", NOON + 3 * DAY, ACTOR_ID)
    empty = overviews["INV"]
    assert (empty.issued_count, empty.last_issue) == (0, None)
    assert [each.series.key.prefix for each in await store.list_series(ENTITY_ID, "CM", 2)] == ["DM", "INV"]
    assert [await store.find_series(ENTITY_ID, prefix) for prefix in ("CM", "INV", "C")] == [memos, empty, None]
    assert await store.find_series("nobody", "CM") is None
    skip = skip_entry(CM, 3, 10, NOON + 2 * DAY, ACTOR_ID)
    assert await store.list_skips(CM, None, 10) == [skip]
    assert await store.list_skips(CM, 3, 10) == []
    entries = await store.list_register(CM, None, 10)
    assert [(entry.event, entry.first_ordinal) for entry in entries] == [
        (Event.ISSUE, 10),
        (Event.SKIP, 3),
        (Event.ISSUE, 2),
        (Event.ISSUE, 1),
    ]
    assert await store.list_register(CM, 10, 2) == entries[1:3]
    found = await store.find_entries(CM, [11, 10, 9, 3, 2, 1, 0])
    assert found == [entries[0], entries[0], skip, skip, entries[2], entries[3], None]
    assert await store.find_entries(CM._replace(prefix="none"), [1]) == [None]


async def test_the_log_is_written_with_the_change_or_not_at_all(store: Store) -> None:
    before = await told(store)

    def fail(_: object) -> None:
        raise RuntimeError("nothing of this may stay")

    with pytest.raises(RuntimeError):
        await store.write(Needs(), fail)
    with pytest.raises(BrokenRule):
        await run(store, create_sets(new_set(), new_set(id="set-2")))
    assert await told(store) == before
