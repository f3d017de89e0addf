"""From `POST /credit-notes/{id}/send` to the customer's mailbox, through a server that is killed on the way."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.cli.test_merchants import SELLER
from tests.mail.post_office import PostOffice
from tests.mail.world import OWN_ADDRESS
from tests.sequence.client import ContractApi
from tests.sequence.support import RECIPIENT, create_customer, issue_note
from tests.servers import Json, Server

WAIT_SECONDS_MAX = 30
MERCHANT_ADDRESS = "billing@seller.example"


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    async with PostOffice().open() as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path, post_office: PostOffice) -> Iterator[Server]:
    with Server(tmp_path, smtp_url=post_office.url, smtp_sender=OWN_ADDRESS) as started:
        done = started.run_cli("merchant", "set", *SELLER)
        assert done.returncode == 0, done.stderr
        yield started


def hold(office: PostOffice, place: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Let whoever comes to a place of the conversation wait: set when somebody does, to be set for them to go on."""
    reached, released = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await released.wait()

    setattr(office, place, wait)
    return reached, released


async def send_note(server: Server) -> Json:
    """A credit note that was issued and sent; the caller's answer. The loop, and so the post office, goes on."""

    def send() -> Json:
        with ContractApi(server.url, server.require_admin()) as api:
            note = issue_note(api, create_customer(api)["id"])
            return api.post(f"/credit-notes/{note['id']}/send")

    return await asyncio.to_thread(send)


async def come_to(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WAIT_SECONDS_MAX)


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(work, *arguments)


async def test_a_note_arrives_with_its_pdf(server: Server, post_office: PostOffice) -> None:
    reached, released = hold(post_office, "at_data")
    released.set()
    note = await send_note(server)
    assert note["status"] == "SENT"
    await come_to(reached)
    (delivery,) = post_office.deliveries
    assert delivery.recipients == (RECIPIENT, MERCHANT_ADDRESS)
    assert delivery.message["Subject"] == f"Credit note {note['creditNoteNumber']} from Wide & Narrow Ltd"
    name, pdf = delivery.pdf
    assert name == f"{note['creditNoteNumber']}.pdf"
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert note["creditNoteNumber"] in text
    assert await in_thread(server.terminate) == 0
    sent = [line for line in server.log_lines() if line["event"] == "mail_sent"]
    assert len(sent) == 1
    assert RECIPIENT not in server.logs()


async def test_a_server_that_is_killed_between_commit_and_sending_sends_once_it_is_back(
    server: Server, post_office: PostOffice
) -> None:
    reached, released = hold(post_office, "at_ehlo")
    note = await send_note(server)
    await come_to(reached)
    await in_thread(server.kill)
    assert post_office.deliveries == []
    released.set()
    taken, released = hold(post_office, "at_data")
    released.set()
    await in_thread(server.start)
    await come_to(taken)
    (delivery,) = post_office.deliveries
    assert note["creditNoteNumber"] in delivery.message["Subject"]


async def test_a_server_that_is_killed_after_the_mail_was_taken_does_not_send_it_twice(
    server: Server, post_office: PostOffice
) -> None:
    reached, released = hold(post_office, "at_data")
    first = await send_note(server)
    await come_to(reached)
    await in_thread(server.kill)
    released.set()
    taken, released = hold(post_office, "at_data")
    released.set()
    await in_thread(server.start)
    # What is due is sent in turn: had the first been due again, it would have been before the second.
    second = await send_note(server)
    await come_to(taken)
    numbers = [first["creditNoteNumber"], second["creditNoteNumber"]]
    assert [delivery.pdf[0] for delivery in post_office.deliveries] == [f"{number}.pdf" for number in numbers]
    (mail,) = await in_thread(server.run_cli_json, "mail", "list", "--status", "delivering")
    assert mail["document"] == first["creditNoteNumber"]


async def test_a_mail_that_is_refused_is_seen_and_can_be_retried(server: Server, post_office: PostOffice) -> None:
    post_office.recipient_answers = {RECIPIENT: ["550 5.1.1 no such user"], MERCHANT_ADDRESS: ["550 5.1.1 nor this"]}
    await send_note(server)

    async def failed() -> Json:
        while True:
            found: list[Json] = await in_thread(server.run_cli_json, "mail", "list", "--status", "failed")
            if found:
                return found[0]

    mail = await asyncio.wait_for(failed(), WAIT_SECONDS_MAX)
    assert "550 5.1.1 no such user" in mail["last_error"]
    assert (mail["recipients"], mail["copies"], mail["attempts"]) == ([RECIPIENT], [MERCHANT_ADDRESS], 1)
    shown = (await in_thread(server.run_cli, "mail", "list", "--entity", "default")).stdout
    assert "no such user" in shown
    assert (await in_thread(server.run_cli, "mail", "list", "--entity", "none")).returncode == 1
    assert (await in_thread(server.run_cli, "mail", "retry", "none")).returncode == 1
    with server.api() as api:
        metrics = (await in_thread(api.get, "/metrics")).text
    assert re.search(r'seriatim_mails_total\{outcome="failed"\} 1\.0', metrics)
    taken, released = hold(post_office, "at_data")
    released.set()
    await in_thread(server.run_cli_json, "mail", "retry", mail["mail_id"])
    await come_to(taken)
    assert len(post_office.deliveries) == 1
