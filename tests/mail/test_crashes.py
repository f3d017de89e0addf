"""Processes that are killed while they send, and several that send at once: nothing is lost, and nothing goes twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from seriatim.domain.commands.mails import HANDOVER_MAX, RetryMail
from seriatim.domain.mail import MailStatus
from seriatim.mail.mailer import Outcome
from seriatim.service.ports import MailQuery
from tests.factories import run
from tests.mail.post_office import PostOffice
from tests.mail.world import World

ROOT = Path(__file__).parents[2]
WAIT_SECONDS_MAX = 30


async def sending(world: World, office: PostOffice, *options: str) -> Process:
    arguments = ("-m", "tests.mail.sending_process", str(world.path), office.url, *options)
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)


async def killed_at(reached: asyncio.Event, process: Process) -> None:
    """Kill a process at a moment that it has reached and cannot leave."""
    await asyncio.wait_for(reached.wait(), WAIT_SECONDS_MAX)
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def test_a_process_that_is_killed_before_it_hands_over_leaves_the_mail_to_be_sent(
    world: World, post_office: PostOffice
) -> None:
    await world.queue()
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await released.wait()

    post_office.at_ehlo = hold
    await killed_at(reached, await sending(world, post_office))
    released.set()
    assert ((await world.mail()).status, post_office.deliveries) == (MailStatus.WAITING, [])
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 1
    assert len(post_office.deliveries) == 1


@pytest.mark.parametrize("moment", ("before the answer", "after the answer"))
async def test_a_process_that_is_killed_after_the_server_took_the_mail_does_not_have_it_sent_twice(
    world: World, post_office: PostOffice, moment: str
) -> None:
    await world.queue()
    if moment == "before the answer":
        reached, released = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            reached.set()
            await released.wait()

        post_office.at_data = hold
        await killed_at(reached, await sending(world, post_office))
        released.set()
    else:
        process = await sending(world, post_office, "dies")
        assert await asyncio.wait_for(process.wait(), WAIT_SECONDS_MAX) == -signal.SIGKILL
    assert len(post_office.deliveries) == 1
    assert (await world.mail()).status is MailStatus.DELIVERING
    post_office.at_data = None
    async with world.mailer(post_office.url) as mailer:
        assert await mailer.send_due() == 0
        world.pass_time(HANDOVER_MAX)
        assert await mailer.send_due() == 1
        mail = await world.mail()
        assert mail.status is MailStatus.FAILED
        assert "may have arrived" in (mail.last_error or "")
        assert len(post_office.deliveries) == 1
        await run(world.store, RetryMail(mail_id=mail.id), world.clock.now())
        assert await mailer.send_due() == 1
    ids = [delivery.message["Message-ID"] for delivery in post_office.deliveries]
    assert ids == ["<mail-1@seriatim.example>"] * 2


async def test_a_server_that_hangs_up_after_it_was_given_a_mail_leaves_it_uncertain(
    world: World, post_office: PostOffice
) -> None:
    await world.queue()
    await world.queue("second@customer.example")

    post_office.hang_ups = 1
    async with world.mailer(post_office.url) as mailer:
        await mailer.send_due()
    recipients = [delivery.recipients for delivery in post_office.deliveries]
    assert recipients == [("sophie@customer.example",), ("second@customer.example",)]
    assert world.observer.outcomes == [Outcome.UNCERTAIN, Outcome.SENT]
    assert [(await world.mail(f"mail-{index}")).status for index in (1, 2)] == [MailStatus.FAILED, MailStatus.SENT]


async def test_of_several_processes_one_sends_a_mail(world: World, post_office: PostOffice) -> None:
    recipients = [f"customer-{index}@customer.example" for index in range(20)]
    for recipient in recipients:
        await world.queue(recipient)
    processes = [await sending(world, post_office) for _ in range(3)]
    async with world.mailer(post_office.url) as one, world.mailer(post_office.url) as other:
        await asyncio.gather(one.send_due(), other.send_due())
    assert [await asyncio.wait_for(process.wait(), WAIT_SECONDS_MAX) for process in processes] == [0, 0, 0]
    assert sorted(delivery.recipients[0] for delivery in post_office.deliveries) == sorted(recipients)
    assert {mail.status for mail in await world.store.list_mails(MailQuery())} == {MailStatus.SENT}
