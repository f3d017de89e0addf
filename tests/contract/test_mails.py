"""Mails as every store keeps them: what is due, what is listed, and who gets one that several want."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from seriatim.domain.commands.entities import CreateOrg
from seriatim.domain.commands.mails import ClaimMail, RecordDelivery, RecordFailure
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import MailQuery, Store
from tests.factories import (
    ACTOR_ID,
    ENTITY_ID,
    create_account,
    create_entity,
    create_memo,
    load,
    run,
)
from tests.fakes import NOON

SECOND = timedelta(seconds=1)


def mail(mail_id: str, **over: Any) -> OutgoingMail:
    made = OutgoingMail(
        id=mail_id,
        entity_id=ENTITY_ID,
        document_id="document-1",
        recipients=("sophie@customer.example", "naïve@customer.example"),
        copies=("billing@seller.example",),
        status=MailStatus.WAITING,
        attempts=0,
        due_at=NOON,
        last_error=None,
        created_at=NOON,
        created_by=ACTOR_ID,
    )
    return replace(made, **over)


async def put(store: Store, *mails: OutgoingMail) -> None:
    await run(store, create_account())
    await run(store, create_memo())

    def decide(snapshot: Snapshot) -> None:
        for each in mails:
            snapshot.mails.put(each.id, each)

    await store.write(Needs(), decide)


async def kept(store: Store, mail_id: str) -> OutgoingMail | None:
    return (await load(store, mails={mail_id})).mails.get(mail_id)


async def test_a_mail_comes_back_as_it_was_written(store: Store) -> None:
    full = mail(
        "mail-1",
        status=MailStatus.SENT,
        attempts=3,
        due_at=NOON + SECOND,
        last_error="450 «later»\n",
        sent_at=NOON + 2 * SECOND,
    )
    await put(store, full, mail("mail-2"))
    assert await kept(store, "mail-1") == full
    assert await kept(store, "mail-2") == mail("mail-2")
    assert await kept(store, "mail-3") is None


async def test_what_is_due_is_what_waits_and_what_a_dead_process_left(store: Store) -> None:
    await put(
        store,
        mail("mail-1", due_at=NOON),
        mail("mail-2", due_at=NOON - SECOND),
        mail("mail-3", due_at=NOON + SECOND),
        mail("mail-4", due_at=NOON - 2 * SECOND, status=MailStatus.DELIVERING),
        mail("mail-5", due_at=NOON + SECOND, status=MailStatus.DELIVERING),
        mail("mail-6", due_at=NOON - SECOND, status=MailStatus.SENT),
        mail("mail-7", due_at=NOON - SECOND, status=MailStatus.FAILED),
        mail("mail-0", due_at=NOON),
    )
    assert [each.id for each in await store.list_due_mails(NOON, 10)] == ["mail-4", "mail-2", "mail-0", "mail-1"]
    assert [each.id for each in await store.list_due_mails(NOON, 2)] == ["mail-4", "mail-2"]
    assert await store.list_due_mails(NOON - 3 * SECOND, 10) == []


async def test_mails_are_listed_from_the_newest_by_entity_and_state(store: Store) -> None:
    await run(store, create_entity(entity_id="entity-2", name="second", default_set_id="set-2"))
    await put(
        store,
        mail("mail-1", status=MailStatus.FAILED),
        mail("mail-2", created_at=NOON + SECOND),
        mail("mail-3", status=MailStatus.FAILED, entity_id="entity-2"),
    )

    async def listed(entity_id: str | None, status: MailStatus | None, limit: int = 10) -> list[str]:
        query = MailQuery(entity_id=entity_id, status=status, limit=limit)
        return [each.id for each in await store.list_mails(query)]

    assert await listed(None, None) == ["mail-2", "mail-3", "mail-1"]
    assert await listed(None, None, 2) == ["mail-2", "mail-3"]
    assert await listed(ENTITY_ID, None) == ["mail-2", "mail-1"]
    assert await listed(None, MailStatus.FAILED) == ["mail-3", "mail-1"]
    assert await listed("entity-2", MailStatus.FAILED) == ["mail-3"]
    assert await listed("entity-3", None) == []


async def test_mails_are_listed_page_by_page(store: Store) -> None:
    await put(
        store,
        mail("mail-1"),
        mail("mail-2", status=MailStatus.FAILED),
        mail("mail-3", created_at=NOON - SECOND),
        mail("mail-4", created_at=NOON + SECOND),
    )

    async def page(before: str | None, status: MailStatus | None = None) -> list[str]:
        query = MailQuery(entity_id=ENTITY_ID, status=status, before=before, limit=2)
        return [each.id for each in await store.list_mails(query)]

    assert await page(None) == ["mail-4", "mail-2"]
    assert await page("mail-2") == ["mail-1", "mail-3"]
    assert await page("mail-3") == []
    assert await page("mail-2", MailStatus.WAITING) == ["mail-1", "mail-3"]
    assert await page("no-mail") == []
    assert await page("\0") == []


async def test_whoever_is_limited_to_orgs_sees_the_mails_of_their_documents(store: Store) -> None:
    await run(store, CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North"))
    await run(store, create_account(account_id="account-2", org_key="org-1"))
    await run(store, create_memo(document_id="document-2", account_keys={"accountId": "account-2"}))
    await put(store, mail("mail-1"), mail("mail-2", document_id="document-2"))

    async def seen(*org_ids: str) -> list[str]:
        return [each.id for each in await store.list_mails(MailQuery(entity_id=ENTITY_ID, org_ids=org_ids))]

    assert await seen("org-1", "org-2") == ["mail-2"]
    assert await seen("org-2") == []
    assert await seen() == []


async def test_of_many_that_claim_a_mail_one_gets_it(store: Store) -> None:
    await put(store, mail("mail-1"))
    claims = await asyncio.gather(*(run(store, ClaimMail(seen=mail("mail-1"))) for _ in range(8)))
    (claimed,) = [each for each in claims if each is not None]
    assert claimed.status is MailStatus.DELIVERING
    assert await kept(store, "mail-1") == claimed


async def test_what_became_of_a_mail_is_written(store: Store) -> None:
    await put(store, mail("mail-1"), mail("mail-2"))
    for mail_id in ("mail-1", "mail-2"):
        assert await run(store, ClaimMail(seen=mail(mail_id))) is not None
    await run(store, RecordDelivery(mail_id="mail-1", put_off=frozenset({"naïve@customer.example"}), rest_id="mail-3"))
    sent, rest = await kept(store, "mail-1"), await kept(store, "mail-3")
    assert sent is not None
    assert rest is not None
    assert (sent.status, sent.sent_at) == (MailStatus.SENT, NOON)
    assert (rest.status, rest.recipients, rest.copies) == (MailStatus.WAITING, ("naïve@customer.example",), ())
    claimed = await kept(store, "mail-2")
    assert claimed is not None
    failed = await run(store, RecordFailure(seen=claimed, error="554 no", is_final=True))
    assert failed is not None
    assert (failed.status, failed.last_error) == (MailStatus.FAILED, "554 no")
    assert await kept(store, "mail-2") == failed
    assert await run(store, RecordFailure(seen=claimed, error="later")) is None


async def test_a_delivery_is_noted_whatever_was_thought_of_the_mail(store: Store) -> None:
    await put(store, mail("mail-1", status=MailStatus.FAILED), mail("mail-2", status=MailStatus.SENT, sent_at=NOON))
    for mail_id in ("mail-1", "mail-2"):
        noted = await run(store, RecordDelivery(mail_id=mail_id), NOON + SECOND)
        assert noted is not None
        assert noted.status is MailStatus.SENT
        assert await kept(store, mail_id) == noted
    assert (await kept(store, "mail-2")) == mail("mail-2", status=MailStatus.SENT, sent_at=NOON)
