"""A database with an issued credit memo, mails for it, and mailers over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from seriatim.domain.commands.merchants import SetMerchant
from seriatim.domain.document import Action
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.merchant import default_merchant
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.mail.mailer import Mailer, Outcome
from seriatim.mail.smtp import mail_server
from seriatim.render.page import Page
from seriatim.service.writer import Writer
from seriatim.storage.sqlite import SqliteStore
from tests.factories import ACTOR_ID, ENTITY_ID, create_account, create_entity, create_memo, run, transition
from tests.fakes import FixedClock, NullObserver, SequentialIds

PDF = b"%PDF-1.7 drawn by a test\r\n.\r\nwith a point on a line of its own"
SELLER = {
    "legalCompanyName": "Wide & Narrow Ltd",
    "email": "billing@seller.example",
    "address": {"line1": "1 High Street", "town": "Ely", "postcode": "CB7", "country": "GB"},
    "customFields": [],
    "includeBeneficiaryAddressInPaymentDetails": False,
}
OWN_ADDRESS = "documents@seriatim.example"


class MailObserver(NullObserver):
    """Takes note of what became of mails, too."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[Outcome] = []

    def mail_tried(self, mail: OutgoingMail, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class World:
    """One database; every mailer that it makes has a connection of its own, as if it were in another process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FixedClock()
        self.observer = MailObserver()
        self.store = SqliteStore(path)
        self._mails = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["World"]:
        await self.store.migrate()
        await self.store.open()
        try:
            await run(self.store, create_entity())
            await run(self.store, create_account(name="Sophie Germain"))
            await run(self.store, create_memo())
            await run(self.store, transition(Action.POST))
            await self.set_seller(SELLER)
            yield self
        finally:
            await self.store.close()

    async def set_seller(self, details: dict[str, Any]) -> None:
        snapshot = await self.store.read(Needs(merchants={ENTITY_ID}))
        seen = snapshot.merchants.get(ENTITY_ID) or default_merchant(ENTITY_ID)
        command = SetMerchant(seen=seen, details=details, currency="EUR", payment_term_days=30, actor_id=ACTOR_ID)
        await run(self.store, command, self.clock.now())

    async def queue(self, *recipients: str, **over: Any) -> OutgoingMail:
        """Put a mail into the table, as the command that sends a document does."""
        self._mails += 1
        mail = OutgoingMail(
            id=f"mail-{self._mails}",
            entity_id=ENTITY_ID,
            document_id="document-1",
            recipients=recipients or ("sophie@customer.example",),
            copies=(),
            status=MailStatus.WAITING,
            attempts=0,
            due_at=self.clock.now(),
            last_error=None,
            created_at=self.clock.now(),
            created_by=ACTOR_ID,
        )
        mail = replace(mail, **over)

        def put(snapshot: Snapshot) -> None:
            snapshot.mails.put(mail.id, mail)

        await self.store.write(Needs(), put)
        return mail

    async def mail(self, mail_id: str = "mail-1") -> OutgoingMail:
        found = (await self.store.read(Needs(mails={mail_id}))).mails.get(mail_id)
        assert found is not None
        return found

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)

    @asynccontextmanager
    async def mailer(
        self, url: str, *, own_address: str | None = OWN_ADDRESS, writer: type[Writer] = Writer
    ) -> AsyncIterator[Mailer]:
        """A mailer with a connection of its own to the database; it sends when a test lets it."""
        store = SqliteStore(self.path)
        await store.open()
        made = Mailer(
            store,
            writer(store, self.clock, self.observer),
            self.clock,
            SequentialIds(),
            self.observer,
            server=mail_server(url),
            own_address=own_address,
            draw=draw,
        )
        try:
            yield made
        finally:
            await made.close()
            await store.close()


def draw(_: Page) -> bytes:
    return PDF
