"""People of the console: making and inviting them, what they may do, their passwords and sessions.

Passwords come as digests: a slow hash is no work for a transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from seriatim.domain.client import SYSTEM_ACTOR_ID, Role
from seriatim.domain.commands.access import ids_of
from seriatim.domain.commands.base import Command
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.user import (
    INVITATION_LIFETIME,
    SIGN_IN_MEMORY,
    USER_AGENT_CHARACTERS_MAX,
    Invitation,
    Session,
    SignInDelay,
    User,
    check_user_name,
)
from seriatim.errors import BrokenRule, NotFound, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser(Command[User]):
    """Make a user. `entity_keys` and `org_keys` are ids or names; None means all, later ones included."""

    alone: ClassVar[bool] = True
    user_id: str
    name: str
    role: Role
    password_digest: str
    entity_keys: tuple[str, ...] | None = None
    org_keys: tuple[str, ...] | None = None
    locale: str | None = None
    actor_id: str = SYSTEM_ACTOR_ID

    def __post_init__(self) -> None:
        check_user_name(self.name)

    def needs(self, needs: Needs) -> None:
        """The user who has the name, and the entities and orgs."""
        needs.users.add(self.name)
        needs.entities.update(self.entity_keys or ())
        needs.org_keys.update(self.org_keys or ())

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: BrokenRule, for a name that is taken; NotFound, for an entity or org that does not exist."""
        _check_name_free(snapshot, self.name)
        user = User(
            id=self.user_id,
            name=self.name,
            role=self.role,
            password_digest=self.password_digest,
            entity_ids=ids_of("entity", self.entity_keys, snapshot.entities),
            org_ids=ids_of("org", self.org_keys, snapshot.orgs),
            locale=self.locale,
            created_at=at,
            created_by=self.actor_id,
        )
        snapshot.users.put(user.id, user)
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteUser(Command[Invitation]):
    """Make a link by which somebody becomes a user."""

    alone: ClassVar[bool] = True
    digest: str
    role: Role
    name: str | None = None
    entity_keys: tuple[str, ...] | None = None
    org_keys: tuple[str, ...] | None = None
    actor_id: str = SYSTEM_ACTOR_ID

    def __post_init__(self) -> None:
        if self.name is not None:
            check_user_name(self.name)

    def needs(self, needs: Needs) -> None:
        """The user who has the name, and the entities and orgs."""
        if self.name is not None:
            needs.users.add(self.name)
        needs.invitations.add(self.digest)
        needs.entities.update(self.entity_keys or ())
        needs.org_keys.update(self.org_keys or ())

    def decide(self, snapshot: Snapshot, at: datetime) -> Invitation:
        """Raises: BrokenRule, for a name that is taken; NotFound, for an entity or org that does not exist."""
        if self.name is not None:
            _check_name_free(snapshot, self.name)
        invitation = Invitation(
            digest=self.digest,
            name=self.name,
            role=self.role,
            entity_ids=ids_of("entity", self.entity_keys, snapshot.entities),
            org_ids=ids_of("org", self.org_keys, snapshot.orgs),
            created_at=at,
            created_by=self.actor_id,
            expires_at=at + INVITATION_LIFETIME,
        )
        snapshot.invitations.put(self.digest, invitation)
        return invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInvitation(Command[User]):
    """Become a user by a link. The link is used up."""

    alone: ClassVar[bool] = True
    digest: str
    user_id: str
    name: str
    password_digest: str
    locale: str | None = None

    def __post_init__(self) -> None:
        check_user_name(self.name)

    @property
    def actor(self) -> str:
        """The user who comes to be."""
        return self.user_id

    def needs(self, needs: Needs) -> None:
        """The invitation, and the user who has the name."""
        needs.invitations.add(self.digest)
        needs.users.add(self.name)

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound, for a link that was used, revoked or has expired; BrokenRule, for a name that is taken."""
        invitation = snapshot.invitations.get(self.digest)
        if invitation is None or at >= invitation.expires_at:
            raise NotFound("invitation", "", "the link was used already or has expired; ask for another one")
        _check_name_free(snapshot, self.name)
        user = User(
            id=self.user_id,
            name=self.name,
            role=invitation.role,
            password_digest=self.password_digest,
            entity_ids=invitation.entity_ids,
            org_ids=invitation.org_ids,
            locale=self.locale,
            created_at=at,
            created_by=invitation.created_by,
        )
        snapshot.invitations.remove(self.digest)
        snapshot.users.put(user.id, user)
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeInvitation(Command[None]):
    """Take a link back before anybody used it."""

    digest: str
    actor_id: str

    def needs(self, needs: Needs) -> None:
        """The invitation."""
        needs.invitations.add(self.digest)

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Raises: NotFound."""
        if snapshot.invitations.get(self.digest) is None:
            raise NotFound("invitation", "", "it was used or revoked already")
        snapshot.invitations.remove(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccess(Command[User]):
    """Say anew what a user may do, and where."""

    alone: ClassVar[bool] = True
    user_id: str
    role: Role
    entity_keys: tuple[str, ...] | None
    org_keys: tuple[str, ...] | None
    actor_id: str

    def needs(self, needs: Needs) -> None:
        """The user, all admins, and the entities and orgs."""
        needs.users.add(self.user_id)
        needs.all_admins = True
        needs.entities.update(self.entity_keys or ())
        needs.org_keys.update(self.org_keys or ())

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound; BrokenRule, where nobody would be left who may do everything."""
        user = find_user(snapshot, self.user_id)
        changed = replace(
            user,
            role=self.role,
            entity_ids=ids_of("entity", self.entity_keys, snapshot.entities),
            org_ids=ids_of("org", self.org_keys, snapshot.orgs),
        )
        snapshot.users.put(user.id, changed)
        _check_an_admin_is_left(snapshot, user)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLocale(Command[User]):
    """Choose the language and country that the console speaks; None: what the browser asks for."""

    user_id: str
    locale: str | None
    actor_id: str

    def needs(self, needs: Needs) -> None:
        """The user."""
        needs.users.add(self.user_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound."""
        changed = replace(find_user(snapshot, self.user_id), locale=self.locale)
        snapshot.users.put(changed.id, changed)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword(Command[User]):
    """Give a user another password. All sessions but one end: whoever knew the old password is out."""

    user_key: str
    """Id or name."""
    password_digest: str
    kept_session: str | None = None
    """Digest of the session in which this is done."""
    actor_id: str = SYSTEM_ACTOR_ID

    def needs(self, needs: Needs) -> None:
        """The user, with all sessions."""
        needs.users.add(self.user_key)
        needs.sessions_of.add(self.user_key)

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound."""
        user = find_user(snapshot, self.user_key)
        changed = replace(user, password_digest=self.password_digest)
        snapshot.users.put(user.id, changed)
        _close_sessions(snapshot, user.id, self.kept_session)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableUser(Command[User]):
    """Let a user sign in no more, and end all sessions. What was done stays under the name."""

    alone: ClassVar[bool] = True
    user_key: str
    """Id or name."""
    actor_id: str = SYSTEM_ACTOR_ID

    def needs(self, needs: Needs) -> None:
        """The user, with all sessions, and all admins."""
        needs.users.add(self.user_key)
        needs.sessions_of.add(self.user_key)
        needs.all_admins = True

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound; BrokenRule, where nobody would be left who may do everything."""
        user = find_user(snapshot, self.user_key)
        if user.disabled_at is not None:
            raise BrokenRule(Rule.USER_DISABLED, f"the user {user.name!r} is disabled already")
        disabled = replace(user, disabled_at=at)
        snapshot.users.put(user.id, disabled)
        _check_an_admin_is_left(snapshot, user)
        _close_sessions(snapshot, user.id, None)
        return disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableUser(Command[User]):
    """Let a disabled user sign in again."""

    user_key: str
    """Id or name."""
    actor_id: str = SYSTEM_ACTOR_ID

    def needs(self, needs: Needs) -> None:
        """The user."""
        needs.users.add(self.user_key)

    def decide(self, snapshot: Snapshot, at: datetime) -> User:
        """Raises: NotFound."""
        enabled = replace(find_user(snapshot, self.user_key), disabled_at=None)
        snapshot.users.put(enabled.id, enabled)
        return enabled


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession(Command[Session]):
    """Sign a user in, whose password was found right, and forget the failures before."""

    digest: str
    user_id: str
    password_digest: str
    """What the password was compared with: if it is another one by now, nobody is signed in."""
    user_agent: str
    delay_key: str

    @property
    def actor(self) -> str:
        """The user."""
        return self.user_id

    def needs(self, needs: Needs) -> None:
        """The user, and the failures under the name."""
        needs.users.add(self.user_id)
        needs.sign_in_delays.add(self.delay_key)

    def decide(self, snapshot: Snapshot, at: datetime) -> Session:
        """Raises: NotFound, for a user who is gone, disabled, or has another password."""
        user = find_user(snapshot, self.user_id)
        if user.disabled_at is not None or user.password_digest != self.password_digest:
            raise NotFound("user", user.name, "sign in again")
        if snapshot.sign_in_delays.get(self.delay_key) is not None:
            snapshot.sign_in_delays.remove(self.delay_key)
        session = Session(
            digest=self.digest,
            user_id=user.id,
            created_at=at,
            seen_at=at,
            user_agent=self.user_agent[:USER_AGENT_CHARACTERS_MAX],
        )
        snapshot.sessions.put(session.digest, session)
        return session


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchSession(Command[None]):
    """Note that a session is in use. Nothing happens to one that has ended."""

    is_told: ClassVar[bool] = False
    """Looking at a page changes nothing."""
    digest: str

    def needs(self, needs: Needs) -> None:
        """The session."""
        needs.sessions.add(self.digest)

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Note the time."""
        session = snapshot.sessions.get(self.digest)
        if session is not None:
            snapshot.sessions.put(self.digest, replace(session, seen_at=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession(Command[None]):
    """Sign out in one browser. Nothing happens to a session that has ended."""

    digest: str
    actor_id: str

    def needs(self, needs: Needs) -> None:
        """The session."""
        needs.sessions.add(self.digest)

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Remove it."""
        if snapshot.sessions.get(self.digest) is not None:
            snapshot.sessions.remove(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSessions(Command[None]):
    """Sign a user out everywhere, or everywhere else."""

    user_id: str
    kept_session: str | None
    """Digest of the session that stays."""
    actor_id: str

    def needs(self, needs: Needs) -> None:
        """The user's sessions."""
        needs.users.add(self.user_id)
        needs.sessions_of.add(self.user_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> None:
        """Remove them."""
        _close_sessions(snapshot, self.user_id, self.kept_session)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignInFailure(Command[SignInDelay]):
    """Note that somebody failed to sign in under a name, whether or not a user has it."""

    is_told: ClassVar[bool] = False
    """Anybody can fail, under any name, as often as they like."""
    delay_key: str

    def needs(self, needs: Needs) -> None:
        """The failures before."""
        needs.sign_in_delays.add(self.delay_key)

    def decide(self, snapshot: Snapshot, at: datetime) -> SignInDelay:
        """Count one more; after a while without any the count begins anew."""
        known = snapshot.sign_in_delays.get(self.delay_key)
        failures = 1 if known is None or at - known.failed_at > SIGN_IN_MEMORY else known.failures + 1
        delay = SignInDelay(self.delay_key, failures, at)
        snapshot.sign_in_delays.put(self.delay_key, delay)
        return delay


def find_user(snapshot: Snapshot, key: str) -> User:
    """A user by id or name.

    Raises: NotFound.
    """
    found = snapshot.user(key)
    if found is None:
        raise NotFound("user", key, "`seriatim user list` shows them")
    return found


def _check_name_free(snapshot: Snapshot, name: str) -> None:
    if snapshot.user(name) is not None:
        raise BrokenRule(Rule.NAME_TAKEN, f"a user named {name!r} exists already; choose another name")


def _check_an_admin_is_left(snapshot: Snapshot, changed: User) -> None:
    """Check that somebody may still do everything everywhere.

    Raises: BrokenRule.
    """
    was_one = _is_full_admin(changed)
    if was_one and not any(_is_full_admin(user) for user in snapshot.users):
        message = f"{changed.name!r} is the last admin of all entities who can sign in; make another one first"
        raise BrokenRule(Rule.LAST_ADMIN, message)


def _is_full_admin(user: User) -> bool:
    is_unlimited = user.entity_ids is None and user.org_ids is None
    return user.role is Role.ADMIN and user.disabled_at is None and is_unlimited


def _close_sessions(snapshot: Snapshot, user_id: str, kept: str | None) -> None:
    for session in list(snapshot.sessions):
        if session.user_id == user_id and session.digest != kept:
            snapshot.sessions.remove(session.digest)
