"""People: who may sign in to the console, how they were invited, and where they are signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from seriatim.domain.client import Role
from seriatim.errors import InvalidValue

USER_NAME_CHARACTERS_MAX = 100
LOCALE_CHARACTERS_MAX = 35
USER_AGENT_CHARACTERS_MAX = 200
SESSION_LIFETIME = timedelta(days=7)
"""How long a session lasts at most."""
SESSION_IDLE_MAX = timedelta(hours=12)
"""How long a session lasts that nobody uses."""
INVITATION_LIFETIME = timedelta(days=7)
FREE_FAILURES = 3
"""Failures to sign in under one name after which the next attempt has to wait."""
SIGN_IN_DELAY_MAX = timedelta(minutes=15)
SIGN_IN_MEMORY = timedelta(days=1)
"""How long after the last failure a name is treated as one that had none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. Of the password only a digest is kept. None for entities or orgs means all of them."""

    id: str
    name: str
    role: Role
    password_digest: str
    entity_ids: frozenset[str] | None
    org_ids: frozenset[str] | None
    locale: str | None
    """The language and country that the console speaks to them, as in `de-CH`; None: what the browser asks for."""
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None

    @property
    def noun(self) -> str:
        """What messages call it."""
        return "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that makes a user of whoever opens it first. Of its secret only a digest is kept."""

    digest: str
    name: str | None
    """Whom it is for; None: the person chooses a name."""
    role: Role
    entity_ids: frozenset[str] | None
    org_ids: frozenset[str] | None
    created_at: datetime
    created_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which a user is signed in. Of its secret only a digest is kept."""

    digest: str
    user_id: str
    created_at: datetime
    seen_at: datetime
    user_agent: str

    def is_alive(self, at: datetime) -> bool:
        """Whether it still serves at that time."""
        return at < self.created_at + SESSION_LIFETIME and at < self.seen_at + SESSION_IDLE_MAX


@dataclass(frozen=True, slots=True)
class SignInDelay:
    """Failures to sign in under one name, whether or not somebody has it. `key` is a digest of the name."""

    key: str
    failures: int
    failed_at: datetime

    @property
    def next_at(self) -> datetime:
        """When the next attempt is looked at: after the first failures at once, then ever later."""
        if self.failures < FREE_FAILURES:
            return self.failed_at
        doublings = min(self.failures - FREE_FAILURES, 10)
        return self.failed_at + min(timedelta(seconds=2**doublings), SIGN_IN_DELAY_MAX)


def check_user_name(name: str, field: str = "name") -> str:
    """Give back a usable name of a user.

    Raises: InvalidValue.
    """
    if not 1 <= len(name) <= USER_NAME_CHARACTERS_MAX or name != name.strip() or not name.isprintable():
        rule = f"a user's name is 1 to {USER_NAME_CHARACTERS_MAX} printable characters without outer blanks"
        raise InvalidValue(field, name, rule)
    return name


def name_key(name: str) -> str:
    """What is the same for names that differ in nothing but the case of their letters."""
    return name.casefold()
