"""The background work that sends mail: from the table of outgoing mails to a mail server, one after another.

A mail is looked at, written and addressed before it is claimed, and claimed right before the server is given it. So a
crash leaves it waiting, but for the moments between the claim and the note of what became of it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.mails import (
    UNCERTAIN,
    ClaimMail,
    RecordDelivery,
    RecordFailure,
)
from seriatim.domain.document_view import view_document, view_needs
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import InternalError, Overloaded, Unavailable
from seriatim.mail.letter import Letter, LetterImpossible, compose
from seriatim.mail.smtp import (
    Addressed,
    Conversation,
    ConversationBroken,
    MailRefused,
    MailServer,
    MailServerFailed,
    MailUncertain,
)
from seriatim.render.page import Page
from seriatim.render.pages import page_of
from seriatim.service.ports import Clock, IdSource, Store
from seriatim.service.writer import Writer

ROUND_MAILS_MAX = 50
"""Mails that are read at once, and that one connection to the mail server serves."""
POLL_SECONDS = 5
"""How often to look for mails that other processes queued, and for those that wait for another attempt."""
STOP_SECONDS_MAX = 10
"""How long a server that stops waits for the mail in hand; then the connection is cut."""

T = TypeVar("T")

_UNAVAILABLE = (Unavailable, Overloaded)
"""Failures that will pass, after which the same can be done again."""


class Outcome(StrEnum):
    """What can become of one attempt."""

    SENT = "sent"
    PUT_OFF = "put_off"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class MailObserver(Protocol):
    """Somebody who counts and logs mails."""

    def mail_tried(self, mail: OutgoingMail, outcome: Outcome) -> None:
        """An attempt has ended; the mail is as it stands now."""

    def failed(self, error: Exception) -> None:
        """Something failed that no mail is to blame for."""


class Mailer:
    """Sends what is due. One object belongs to one event loop; several processes may each have one."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        clock: Clock,
        ids: IdSource,
        observer: MailObserver,
        *,
        server: MailServer,
        own_address: str | None,
        draw: Callable[[Page], bytes],
    ) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._ids = ids
        self._observer = observer
        self._own_address = own_address
        self._draw = draw
        self._conversation = Conversation(server)
        self._thread = ThreadPoolExecutor(1, "mailer")
        self._woken = asyncio.Event()
        self._closing = False
        self._work: asyncio.Task[None] | None = None
        self._unrecorded: tuple[Command[OutgoingMail | None], Outcome] | None = None
        """What became of a mail, and could not be noted. There is one at most: no round goes on after it."""

    def start(self) -> None:
        """Begin to send, in the background."""
        self._work = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """Look for due mails now: one was queued."""
        self._woken.set()

    async def close(self) -> None:
        """Stop after the mail in hand; where that takes too long, cut the connection and leave it uncertain."""
        self._closing = True
        self.wake()
        if self._work is not None:
            _, unfinished = await asyncio.wait([self._work], timeout=STOP_SECONDS_MAX)
            if unfinished:
                self._conversation.abort()
                await asyncio.wait([self._work])
        with contextlib.suppress(*_UNAVAILABLE):
            await self._record_again()
        self._thread.shutdown()

    async def send_due(self) -> int:
        """Try every mail whose time has come, up to `ROUND_MAILS_MAX`; how many there were.

        Raises: StoreUnavailable, Unavailable, Overloaded.
        """
        await self._record_again()
        due = await self._store.list_due_mails(self._clock.now(), ROUND_MAILS_MAX)
        for mail in due:
            if mail.status is MailStatus.DELIVERING:
                await self._fail(mail, f"the process that sent it ended: {UNCERTAIN}", Outcome.UNCERTAIN)
        waiting = [mail for mail in due if mail.status is MailStatus.WAITING]
        try:
            for position, mail in enumerate(waiting):
                if self._closing:
                    break
                try:
                    await self._send(mail)
                except MailServerFailed as error:
                    # It would fail the others, too, and each would wait as long for it.
                    for each in waiting[position:]:
                        await self._fail(each, str(error))
                    break
        finally:
            await self._in_thread(self._conversation.close)
        return len(due)

    async def _run(self) -> None:
        while not self._closing:
            self._woken.clear()
            count = 0
            try:
                count = await self.send_due()
            except Exception as error:  # noqa: BLE001 - whatever befell this round, the next one is to come
                self._observer.failed(error)
            if count < ROUND_MAILS_MAX and not self._closing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _send(self, mail: OutgoingMail) -> None:
        """Try one mail.

        Raises: MailServerFailed, with nothing recorded of it; StoreUnavailable, Unavailable, Overloaded.
        """
        letter = await self._letter(mail)
        if letter is None:
            return
        addressed = await self._address(mail, letter)
        if addressed is None:
            return
        claimed = await self._submit(ClaimMail(seen=mail))
        if claimed is None:
            return
        try:
            await self._in_thread(lambda: self._conversation.hand_over(letter.content))
        except MailUncertain as error:
            await self._fail(claimed, f"{error}: {UNCERTAIN}", Outcome.UNCERTAIN)
        except MailRefused as error:
            await self._fail(claimed, str(error), Outcome.FAILED if error.is_final else Outcome.PUT_OFF)
        except ConversationBroken as error:
            await self._fail(claimed, str(error))
        else:
            await self._record(self._delivery(claimed, letter, addressed), Outcome.SENT)

    async def _letter(self, mail: OutgoingMail) -> Letter | None:
        """The mail as it goes out; None where it cannot be written, which is then recorded."""
        needs = Needs()
        view_needs(needs, mail.entity_id, mail.document_id)
        snapshot = await self._store.read(needs)
        try:
            page = _page(snapshot, mail)
            return await self._in_thread(lambda: compose(mail, page, self._own_address, self._draw(page)))
        except LetterImpossible as error:
            await self._fail(mail, str(error), Outcome.FAILED if error.is_final else Outcome.PUT_OFF)
        except Exception as error:  # noqa: BLE001 - a document that cannot be drawn must not hold up the others
            self._observer.failed(error)
            await self._fail(mail, f"the mail could not be written ({type(error).__name__}); the log says more")
        return None

    async def _address(self, mail: OutgoingMail, letter: Letter) -> Addressed | None:
        """Tell the mail server whom a mail is for; None where it wants none of it, which is then recorded.

        Raises: MailServerFailed.
        """
        if not letter.recipients:
            await self._fail(mail, _listed(letter.unreachable), Outcome.FAILED)
            return None
        conversation = self._conversation

        def address() -> Addressed:
            if not conversation.is_ready():
                conversation.close()
                conversation.open()
            return conversation.address(letter.sender, letter.recipients, len(letter.content))

        try:
            addressed = await self._in_thread(address)
        except MailRefused as error:
            await self._fail(mail, str(error), Outcome.FAILED if error.is_final else Outcome.PUT_OFF)
            return None
        except ConversationBroken as error:
            await self._fail(mail, str(error))
            return None
        if addressed.accepted:
            return addressed
        refusals = _listed(letter.unreachable | addressed.refused | addressed.put_off)
        await self._fail(mail, refusals, Outcome.PUT_OFF if addressed.put_off else Outcome.FAILED)
        return None

    def _delivery(self, mail: OutgoingMail, letter: Letter, addressed: Addressed) -> RecordDelivery:
        put_off = frozenset(given for given, address in letter.reachable.items() if address in addressed.put_off)
        rest_id = self._ids.new_id() if put_off else ""
        refusals = _listed(letter.unreachable | addressed.refused | addressed.put_off)
        if put_off:
            refusals += f"; those refused for now are in the mail {rest_id}"
        return RecordDelivery(mail_id=mail.id, refusals=refusals or None, put_off=put_off, rest_id=rest_id)

    async def _fail(self, seen: OutgoingMail, error: str, outcome: Outcome = Outcome.PUT_OFF) -> None:
        await self._record(RecordFailure(seen=seen, error=error, is_final=outcome is not Outcome.PUT_OFF), outcome)

    async def _record(self, command: Command[OutgoingMail | None], outcome: Outcome) -> None:
        """Note what became of a mail. What cannot be noted now is before the next round."""
        try:
            mail = await self._submit(command)
        except _UNAVAILABLE:
            self._unrecorded = (command, outcome)
            raise
        if mail is not None:
            given_up = outcome is Outcome.PUT_OFF and mail.status is MailStatus.FAILED
            self._observer.mail_tried(mail, Outcome.FAILED if given_up else outcome)

    async def _record_again(self) -> None:
        unrecorded, self._unrecorded = self._unrecorded, None
        if unrecorded is not None:
            await self._record(*unrecorded)

    async def _submit(self, command: Command[T]) -> T:
        """Raises: the error that refused the command."""
        result = await self._writer.submit(command)
        if result.error is not None:
            raise result.error
        return cast("T", result.outcome)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _page(snapshot: Snapshot, mail: OutgoingMail) -> Page:
    document = snapshot.documents.get(mail.document_id)
    if document is None:
        raise InternalError
    return page_of(view_document(snapshot, document))


def _listed(refusals: dict[str, Any]) -> str:
    return "; ".join(f"{address}: {reason}" for address, reason in refusals.items())
