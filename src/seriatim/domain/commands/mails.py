"""What becomes of outgoing mail: claimed, sent, put off, given up, asked for once more.

A mail that a process has read may be in other hands by the time it acts. So it says what it saw, and what is decided
holds only where the mail still stands like that: of several processes, one gets it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from seriatim.domain.client import SYSTEM_ACTOR_ID
from seriatim.domain.commands.base import Command
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, NotFound, Rule

ATTEMPTS_MAX = 16
"""Attempts before a mail is given up; with the delays below that is after a day and a half."""
FIRST_DELAY = timedelta(seconds=30)
"""How long after its first failure a mail is tried again; each further delay is twice the one before."""
DELAY_MAX = timedelta(hours=6)
HANDOVER_MAX = timedelta(minutes=15)
"""After so long a process that claimed a mail, and has not told what became of it, is taken to be dead."""
ERROR_CHARACTERS_MAX = 1000
"""Characters that are kept of what went wrong; mail servers can be wordy."""
UNCERTAIN = (
    "it is not known whether the mail server took this mail, so it may have arrived; "
    "it is not sent again unless it is asked for (`seriatim mail retry`)"
)


def check_mail_server(words: str, *, is_there: bool) -> None:
    """Check that a document, which `words` name, can be mailed at all.

    Raises: BrokenRule.
    """
    if not is_there:
        raise BrokenRule(
            Rule.NO_MAIL_SERVER,
            "no mail server is configured, so nothing can be sent; start the server with SERIATIM_SMTP_URL, or "
            f"finalize the {words} and mark it as sent once it went out in another way",
        )


def delay_after(attempts: int) -> timedelta:
    """How long a mail waits that has failed so many times, at least once."""
    # Beyond this the delay is at its maximum; a shift by an unbounded count would not be a number of days.
    doublings = min(attempts - 1, ATTEMPTS_MAX)
    return min(FIRST_DELAY * (1 << doublings), DELAY_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMail(Command[OutgoingMail | None]):
    """Take a waiting mail in hand, right before the mail server is given it."""

    is_told: ClassVar[bool] = False
    """Nobody asks for it, and the mail says itself what became of it."""
    seen: OutgoingMail

    def needs(self, needs: Needs) -> None:
        """The mail."""
        needs.mails.add(self.seen.id)

    def decide(self, snapshot: Snapshot, at: datetime) -> OutgoingMail | None:
        """The mail as it now stands; None where somebody else has it or it was dealt with."""
        if snapshot.mails.get(self.seen.id) != self.seen or self.seen.status is not MailStatus.WAITING:
            return None
        claimed = replace(
            self.seen, status=MailStatus.DELIVERING, attempts=self.seen.attempts + 1, due_at=at + HANDOVER_MAX
        )
        snapshot.mails.put(claimed.id, claimed)
        return claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelivery(Command[OutgoingMail | None]):
    """Note that the mail server has taken a mail, whatever else was thought of it in the meantime."""

    is_told: ClassVar[bool] = False
    """Nobody asks for it, and the mail says itself what became of it."""
    mail_id: str
    refusals: str | None = None
    """Whom the mail server refused, for good or for now, and why."""
    put_off: frozenset[str] = frozenset()
    """Whom it refused for now: they get a mail of their own, later."""
    rest_id: str = ""
    """Id of that mail."""

    def needs(self, needs: Needs) -> None:
        """The mail."""
        needs.mails.add(self.mail_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> OutgoingMail | None:
        """The mail as it now stands."""
        mail = snapshot.mails.get(self.mail_id)
        if mail is None or mail.status is MailStatus.SENT:
            return mail
        sent = replace(
            mail,
            status=MailStatus.SENT,
            last_error=_cut(self.refusals),
            sent_at=at,
        )
        snapshot.mails.put(sent.id, sent)
        if self.put_off:
            rest = replace(
                mail,
                id=self.rest_id,
                recipients=tuple(each for each in mail.recipients if each in self.put_off),
                copies=tuple(each for each in mail.copies if each in self.put_off),
                status=MailStatus.WAITING,
                due_at=at + delay_after(max(mail.attempts, 1)),
                last_error=_cut(self.refusals),
                created_at=at,
            )
            snapshot.mails.put(rest.id, rest)
        return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFailure(Command[OutgoingMail | None]):
    """Note that an attempt has failed: the mail waits for the next one, or is given up."""

    is_told: ClassVar[bool] = False
    """Nobody asks for it, and the mail says itself what became of it."""
    seen: OutgoingMail
    """Claimed, or still waiting where it failed before that."""
    error: str
    is_final: bool = False

    def needs(self, needs: Needs) -> None:
        """The mail."""
        needs.mails.add(self.seen.id)

    def decide(self, snapshot: Snapshot, at: datetime) -> OutgoingMail | None:
        """The mail as it now stands; None where somebody else dealt with it."""
        if snapshot.mails.get(self.seen.id) != self.seen:
            return None
        was_claimed = self.seen.status is MailStatus.DELIVERING
        attempts = self.seen.attempts if was_claimed else self.seen.attempts + 1
        error = self.error
        if not self.is_final and attempts >= ATTEMPTS_MAX:
            error = f"given up after {attempts} attempts; the last one: {error}"
        if self.is_final or attempts >= ATTEMPTS_MAX:
            status, due_at = MailStatus.FAILED, at
        else:
            status, due_at = MailStatus.WAITING, at + delay_after(attempts)
        failed = replace(self.seen, status=status, attempts=attempts, due_at=due_at, last_error=_cut(error))
        snapshot.mails.put(failed.id, failed)
        return failed


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryMail(Command[OutgoingMail]):
    """Have a mail sent that was given up, or that waits for its next attempt: now, and as often as a new one."""

    mail_id: str
    actor_id: str = SYSTEM_ACTOR_ID

    def needs(self, needs: Needs) -> None:
        """The mail."""
        needs.mails.add(self.mail_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> OutgoingMail:
        """Raises: NotFound; BrokenRule, for a mail that was sent or is on its way."""
        mail = snapshot.mails.get(self.mail_id)
        if mail is None:
            raise NotFound("mail", self.mail_id, "`seriatim mail list` shows them")
        if mail.status is MailStatus.SENT:
            message = f"the mail {mail.id} was sent; send the document anew for another one"
            raise BrokenRule(Rule.MAIL_NOT_WAITING, message)
        if mail.status is MailStatus.DELIVERING:
            message = (
                f"the mail {mail.id} is being handed to the mail server; what became of it is known "
                f"{HANDOVER_MAX.seconds // 60} minutes after that began at the latest; try again then"
            )
            raise BrokenRule(Rule.MAIL_NOT_WAITING, message)
        retried = replace(mail, status=MailStatus.WAITING, attempts=0, due_at=at)
        snapshot.mails.put(retried.id, retried)
        return retried


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:ERROR_CHARACTERS_MAX]
