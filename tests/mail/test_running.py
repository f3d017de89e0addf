"""The background work: woken when a mail is queued, undisturbed by failures, and stopped in good order."""

import asyncio

import pytest

from seriatim.domain.mail import MailStatus
from seriatim.errors import Unavailable
from seriatim.mail import mailer as mailers
from seriatim.mail.mailer import Outcome
from seriatim.service.ports import StoreUnavailable
from tests.mail.post_office import PostOffice
from tests.mail.world import World

WAIT_SECONDS_MAX = 20


def signalling(office: PostOffice) -> asyncio.Event:
    """Set when the post office has taken a mail."""
    taken = asyncio.Event()

    async def tell() -> None:
        taken.set()

    office.at_data = tell
    return taken


async def test_a_queued_mail_goes_out_when_the_mailer_is_woken(
    world: World, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "POLL_SECONDS", 10_000)
    async with world.mailer(post_office.url) as mailer:
        mailer.start()
        for index in range(3):
            taken = signalling(post_office)
            await world.queue(f"customer-{index}@customer.example")
            mailer.wake()
            await asyncio.wait_for(taken.wait(), WAIT_SECONDS_MAX)
    assert len(post_office.deliveries) == 3
    assert world.observer.outcomes == [Outcome.SENT] * 3


async def test_a_mail_of_another_process_is_found_without_being_woken(
    world: World, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "POLL_SECONDS", 0.01)
    taken = signalling(post_office)
    async with world.mailer(post_office.url) as mailer:
        mailer.start()
        await world.queue()
        await asyncio.wait_for(taken.wait(), WAIT_SECONDS_MAX)


async def test_a_database_that_does_not_answer_is_asked_again(
    world: World, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.queue()
    taken = signalling(post_office)
    async with world.mailer(post_office.url) as mailer:
        monkeypatch.setattr(mailers, "POLL_SECONDS", 0.01)
        working = mailer._store.list_due_mails  # noqa: SLF001 - the store of a process of its own
        fault = StoreUnavailable("gone fishing")

        async def broken(*_: object) -> list[object]:
            monkeypatch.setattr(mailer._store, "list_due_mails", working)  # noqa: SLF001
            raise fault

        monkeypatch.setattr(mailer._store, "list_due_mails", broken)  # noqa: SLF001
        mailer.start()
        await asyncio.wait_for(taken.wait(), WAIT_SECONDS_MAX)
    assert world.observer.failures == [fault]


async def test_a_document_that_cannot_be_drawn_does_not_hold_up_the_others(
    world: World, post_office: PostOffice
) -> None:
    await world.queue("first@customer.example")
    await world.queue("second@customer.example")
    async with world.mailer(post_office.url) as mailer:
        working = mailer._draw  # noqa: SLF001 - what draws is a collaborator that is to fail once

        def broken(_: object) -> bytes:
            mailer._draw = working  # noqa: SLF001
            raise RuntimeError("no ink")

        mailer._draw = broken  # noqa: SLF001
        await mailer.send_due()
    assert [delivery.recipients for delivery in post_office.deliveries] == [("second@customer.example",)]
    assert (await world.mail("mail-1")).status is MailStatus.WAITING
    assert [str(error) for error in world.observer.failures] == ["no ink"]


async def test_what_could_not_be_noted_is_noted_later(
    world: World, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.queue()
    async with world.mailer(post_office.url) as mailer:
        writer = mailer._writer  # noqa: SLF001 - the writer of a process of its own
        submit = writer.submit
        calls = 0

        async def submitting(*arguments: object) -> object:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise Unavailable("gone fishing")
            return await submit(*arguments)  # type: ignore[arg-type] # handed on as they came

        monkeypatch.setattr(writer, "submit", submitting)
        with pytest.raises(Unavailable):
            await mailer.send_due()
        assert (await world.mail()).status is MailStatus.DELIVERING
        assert await mailer.send_due() == 0
    assert (await world.mail()).status is MailStatus.SENT
    assert len(post_office.deliveries) == 1
    assert world.observer.outcomes == [Outcome.SENT]


async def test_stopping_waits_for_the_mail_in_hand_and_leaves_the_rest(world: World, post_office: PostOffice) -> None:
    await world.queue()
    await world.queue()
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await released.wait()

    post_office.at_data = hold
    async with world.mailer(post_office.url) as mailer:
        mailer.start()
        await asyncio.wait_for(reached.wait(), WAIT_SECONDS_MAX)
        closing = asyncio.create_task(mailer.close())
        await asyncio.sleep(0)
        released.set()
        await closing
    assert {(await world.mail(f"mail-{index}")).status for index in (1, 2)} == {MailStatus.SENT, MailStatus.WAITING}


async def test_stopping_does_not_wait_for_a_silent_server_for_long(
    world: World, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "STOP_SECONDS_MAX", 0.05)
    await world.queue()
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await released.wait()

    post_office.at_data = hold
    async with world.mailer(post_office.url) as mailer:
        mailer.start()
        await asyncio.wait_for(reached.wait(), WAIT_SECONDS_MAX)
        await asyncio.wait_for(mailer.close(), WAIT_SECONDS_MAX)
        released.set()
    mail = await world.mail()
    assert mail.status is MailStatus.FAILED
    assert "may have arrived" in (mail.last_error or "")
