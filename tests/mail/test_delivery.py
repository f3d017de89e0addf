"""What is sent and how it looks, and what becomes of mails that are refused, over a real mail server."""

from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.commands.mails import (
    ATTEMPTS_MAX,
    DELAY_MAX,
    FIRST_DELAY,
    HANDOVER_MAX,
    ClaimMail,
    RetryMail,
    delay_after,
)
from seriatim.domain.document import Action
from seriatim.domain.mail import MailStatus
from seriatim.domain.money import to_decimal
from seriatim.errors import BrokenRule, Rule
from seriatim.mail.mailer import Outcome
from seriatim.service.ports import MailQuery
from tests.factories import run, transition
from tests.mail.post_office import PostOffice
from tests.mail.world import OWN_ADDRESS, PDF, SELLER, World

CUSTOMER = "sophie@customer.example"


async def test_a_mail_carries_the_document(world: World, post_office: PostOffice) -> None:
    await world.queue(CUSTOMER, "second@customer.example", copies=("billing@seller.example",))
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 1
        assert await mailer.send_due() == 0
    (delivery,) = post_office.deliveries
    message = delivery.message
    assert delivery.sender == OWN_ADDRESS
    assert delivery.recipients == (CUSTOMER, "second@customer.example", "billing@seller.example")
    assert message["From"] == f"Wide & Narrow Ltd <{OWN_ADDRESS}>"
    assert message["To"] == f"{CUSTOMER}, second@customer.example"
    assert (message["Cc"], message["Reply-To"]) == (
        "billing@seller.example",
        "Wide & Narrow Ltd <billing@seller.example>",
    )
    assert message["Subject"] == "Credit note CM00000001 from Wide & Narrow Ltd"
    assert message["Message-ID"] == "<mail-1@seriatim.example>"
    assert message["Date"].datetime == world.clock.now().replace(microsecond=0)
    assert delivery.pdf == ("CM00000001.pdf", PDF)
    amount = to_decimal(1000, "EUR")
    assert [line.split() for line in delivery.text.splitlines()[2:6]] == [
        ["From:", "Wide", "&", "Narrow", "Ltd"],
        ["To:", "Sophie", "Germain"],
        ["Date:", "2026-03-14"],
        ["Total:", f"€{amount}", "(EUR)"],
    ]
    mail = await world.mail()
    assert (mail.status, mail.attempts, mail.last_error, mail.sent_at) == (
        MailStatus.SENT,
        1,
        None,
        world.clock.now(),
    )
    assert world.observer.outcomes == [Outcome.SENT]


async def test_many_mails_share_one_connection(world: World, post_office: PostOffice) -> None:
    for _ in range(5):
        await world.queue()
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 5
    assert len(post_office.deliveries) == 5
    assert post_office.connections == 1


async def test_what_is_refused_for_now_is_tried_again_later_and_later(world: World, post_office: PostOffice) -> None:
    await world.queue()
    post_office.recipient_answers[CUSTOMER] = ["450 4.2.1 greylisted", "451 4.3.0 still"]
    post_office.data_answers = ["452 4.3.1 no room"]
    async with world.mailer(post_office.url) as mailer:
        for attempts, words in ((1, "450 4.2.1 greylisted"), (2, "451 4.3.0 still"), (3, "452 4.3.1 no room")):
            assert await mailer.send_due() == 1
            mail = await world.mail()
            assert (mail.status, mail.attempts) == (MailStatus.WAITING, attempts)
            assert words in (mail.last_error or "")
            assert mail.due_at == world.clock.now() + FIRST_DELAY * 2 ** (attempts - 1)
            world.pass_time(mail.due_at - world.clock.now() - timedelta(microseconds=1))
            assert await mailer.send_due() == 0
            world.pass_time(timedelta(microseconds=1))
        assert await mailer.send_due() == 1
    assert (await world.mail()).status is MailStatus.SENT
    assert len(post_office.deliveries) == 1
    assert world.observer.outcomes == [Outcome.PUT_OFF] * 3 + [Outcome.SENT]


async def test_what_is_refused_for_good_is_not_tried_again(world: World, post_office: PostOffice) -> None:
    await world.queue()
    post_office.recipient_answers[CUSTOMER] = ["550 5.1.1 no such user"]
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
        world.pass_time(DELAY_MAX)
        assert await mailer.send_due() == 0
    mail = await world.mail()
    assert mail.status is MailStatus.FAILED
    assert mail.last_error == f"{CUSTOMER}: 550 5.1.1 no such user"
    assert world.observer.outcomes == [Outcome.FAILED]


async def test_a_content_that_is_refused_for_good_is_not_tried_again(world: World, post_office: PostOffice) -> None:
    await world.queue()
    post_office.data_answers = ["554 5.7.1 looks like spam"]
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
    mail = await world.mail()
    assert (mail.status, mail.last_error) == (MailStatus.FAILED, "554 5.7.1 looks like spam")


async def test_who_is_refused_does_not_keep_the_others_from_their_mail(world: World, post_office: PostOffice) -> None:
    await world.queue("gone@customer.example", CUSTOMER, "full@customer.example", "no address")
    post_office.recipient_answers = {
        "gone@customer.example": ["550 gone"],
        "full@customer.example": ["452 full"],
    }
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
        mail = await world.mail()
        assert mail.status is MailStatus.SENT
        assert post_office.deliveries[0].recipients == (CUSTOMER,)
        for words in ("gone@customer.example: 550 gone", "full@customer.example: 452 full", "no address: "):
            assert words in (mail.last_error or "")
        (rest,) = [each for each in await world.store.list_mails(MailQuery()) if each.id != mail.id]
        assert (rest.status, rest.recipients) == (MailStatus.WAITING, ("full@customer.example",))
        assert rest.id in (mail.last_error or "")
        world.pass_time(FIRST_DELAY)
        await mailer.send_due()
    assert post_office.deliveries[1].recipients == ("full@customer.example",)
    assert [each.message["To"] for each in post_office.deliveries][1] == "full@customer.example"


async def test_a_server_that_is_not_there_is_tried_again_and_given_up(world: World) -> None:
    async with PostOffice().open() as closed:
        url = closed.url
    for _ in range(3):
        await world.queue()
    async with world.mailer(url) as mailer:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            assert await mailer.send_due() == 3
            world.pass_time(delay_after(attempt))
        assert await mailer.send_due() == 0
    for mail_id in ("mail-1", "mail-2", "mail-3"):
        mail = await world.mail(mail_id)
        assert (mail.status, mail.attempts) == (MailStatus.FAILED, ATTEMPTS_MAX)
        assert "given up after 16 attempts" in (mail.last_error or "")
        assert "refused" in (mail.last_error or "")
    assert world.observer.outcomes[-3:] == [Outcome.FAILED] * 3


async def test_a_mail_that_breaks_the_conversation_does_not_hold_up_the_others(
    world: World, post_office: PostOffice
) -> None:
    for recipient in ("before@customer.example", "bad@customer.example", "after@customer.example"):
        await world.queue(recipient)
    post_office.hangs_up_on = "bad@customer.example"
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
    assert [each.recipients[0] for each in post_office.deliveries] == [
        "before@customer.example",
        "after@customer.example",
    ]
    mail = await world.mail("mail-2")
    assert (mail.status, mail.attempts) == (MailStatus.WAITING, 1)
    assert world.observer.outcomes == [Outcome.SENT, Outcome.PUT_OFF, Outcome.SENT]


def test_delays_grow_to_their_maximum() -> None:
    delays = [delay_after(attempts) for attempts in range(1, 10_000, 1)]
    assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert delays == sorted(delays)
    assert delays[-1] == DELAY_MAX


@pytest.mark.parametrize(
    ("details", "own_address", "sender", "reply_to"),
    (
        (SELLER, None, "billing@seller.example", None),
        ({**SELLER, "email": OWN_ADDRESS}, OWN_ADDRESS, OWN_ADDRESS, None),
        ({}, OWN_ADDRESS, OWN_ADDRESS, None),
    ),
)
async def test_who_a_mail_is_from(
    world: World,
    post_office: PostOffice,
    details: dict[str, Any],
    own_address: str | None,
    sender: str,
    reply_to: str | None,
) -> None:
    await world.set_seller(details)
    await world.queue()
    async with world.mailer(post_office.url, own_address=own_address) as mailer:
        await mailer.send_due()
    (delivery,) = post_office.deliveries
    assert (delivery.sender, delivery.message["Reply-To"]) == (sender, reply_to)


async def test_without_an_address_to_send_from_the_mail_says_what_is_missing(
    world: World, post_office: PostOffice
) -> None:
    await world.set_seller({})
    await world.queue()
    async with world.mailer(post_office.url, own_address=None) as mailer:
        await mailer.send_due()
        mail = await world.mail()
        assert mail.status is MailStatus.WAITING
        assert "SERIATIM_SMTP_SENDER" in (mail.last_error or "")
        await world.set_seller(SELLER)
        world.pass_time(FIRST_DELAY)
        await mailer.send_due()
    assert len(post_office.deliveries) == 1


async def test_a_document_that_was_canceled_in_the_meantime_is_not_sent(world: World, post_office: PostOffice) -> None:
    await world.queue()
    await run(world.store, transition(Action.UNPOST))
    await run(world.store, transition(Action.CANCEL))
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
    assert post_office.deliveries == []
    mail = await world.mail()
    assert mail.status is MailStatus.FAILED
    assert "not issued any more" in (mail.last_error or "")


async def test_a_mail_that_failed_is_sent_on_request(world: World, post_office: PostOffice) -> None:
    await world.queue(status=MailStatus.FAILED, attempts=ATTEMPTS_MAX, last_error="given up")
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 0
        retried = await run(world.store, RetryMail(mail_id="mail-1"), world.clock.now())
        assert (retried.status, retried.attempts) == (MailStatus.WAITING, 0)
        assert await mailer.send_due() == 1
    assert len(post_office.deliveries) == 1
    with pytest.raises(BrokenRule, match="was sent") as refusal:
        await run(world.store, RetryMail(mail_id="mail-1"), world.clock.now())
    assert refusal.value.rule is Rule.MAIL_NOT_WAITING


async def test_a_mail_in_hand_is_neither_sent_by_another_nor_retried(world: World, post_office: PostOffice) -> None:
    mail = await world.queue()
    claimed = await run(world.store, ClaimMail(seen=mail), world.clock.now())
    assert claimed is not None
    assert claimed.status is MailStatus.DELIVERING
    assert await run(world.store, ClaimMail(seen=mail), world.clock.now()) is None
    with pytest.raises(BrokenRule, match="15 minutes"):
        await run(world.store, RetryMail(mail_id=mail.id), world.clock.now())
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 0
        world.pass_time(HANDOVER_MAX)
        assert await mailer.send_due() == 1
    assert post_office.deliveries == []
    assert (await world.mail()).status is MailStatus.FAILED
    assert "it may have arrived" in ((await world.mail()).last_error or "")
    assert world.observer.outcomes == [Outcome.UNCERTAIN]
