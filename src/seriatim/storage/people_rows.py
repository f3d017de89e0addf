"""Rows to people and to the activity log, and back, the same in every database; with their columns."""

from seriatim.domain.activity import Activity, Change
from seriatim.domain.client import Role
from seriatim.domain.numbering import SeriesKey
from seriatim.domain.register import Event, RegisterEntry
from seriatim.domain.user import Invitation, Session, SignInDelay, User, name_key
from seriatim.storage.codec import (
    decode_ids,
    decode_object,
    encode_ids,
    encode_json,
    from_microseconds,
    maybe_datetime,
    maybe_microseconds,
    to_microseconds,
)
from seriatim.storage.rows import Row

USER_COLUMNS = (
    "id, name, name_key, role, password_digest, entity_ids, org_ids, locale, created_at, created_by, disabled_at"
)
INVITATION_COLUMNS = "digest, name, role, entity_ids, org_ids, created_at, created_by, expires_at"
SESSION_COLUMNS = "digest, user_id, created_at, seen_at, user_agent"
DELAY_COLUMNS = "key, failures, failed_at"
ACTIVITY_INSERT_COLUMNS = (
    "recorded_at, entity_id, org_id, actor_id, deed, subject_kind, subject_id, subject_name, change, details"
)
ACTIVITY_COLUMNS = f"{ACTIVITY_INSERT_COLUMNS}, position"
ENTRY_COLUMNS = "event, first_ordinal, last_ordinal, document_id, recorded_at, recorded_by"


def to_user(row: Row) -> User:
    """A user from the USER_COLUMNS."""
    return User(
        id=row[0],
        name=row[1],
        role=Role(row[3]),
        password_digest=row[4],
        entity_ids=decode_ids(row[5]),
        org_ids=decode_ids(row[6]),
        locale=row[7],
        created_at=from_microseconds(row[8]),
        created_by=row[9],
        disabled_at=maybe_datetime(row[10]),
    )


def from_user(user: User) -> Row:
    """A user's USER_COLUMNS."""
    return (
        user.id,
        user.name,
        name_key(user.name),
        user.role,
        user.password_digest,
        encode_ids(user.entity_ids),
        encode_ids(user.org_ids),
        user.locale,
        to_microseconds(user.created_at),
        user.created_by,
        maybe_microseconds(user.disabled_at),
    )


def to_invitation(row: Row) -> Invitation:
    """An invitation from its INVITATION_COLUMNS."""
    return Invitation(
        digest=row[0],
        name=row[1],
        role=Role(row[2]),
        entity_ids=decode_ids(row[3]),
        org_ids=decode_ids(row[4]),
        created_at=from_microseconds(row[5]),
        created_by=row[6],
        expires_at=from_microseconds(row[7]),
    )


def from_invitation(invitation: Invitation) -> Row:
    """An invitation's INVITATION_COLUMNS."""
    return (
        invitation.digest,
        invitation.name,
        invitation.role,
        encode_ids(invitation.entity_ids),
        encode_ids(invitation.org_ids),
        to_microseconds(invitation.created_at),
        invitation.created_by,
        to_microseconds(invitation.expires_at),
    )


def to_session(row: Row) -> Session:
    """A session from its SESSION_COLUMNS."""
    return Session(
        digest=row[0],
        user_id=row[1],
        created_at=from_microseconds(row[2]),
        seen_at=from_microseconds(row[3]),
        user_agent=row[4],
    )


def from_session(session: Session) -> Row:
    """A session's SESSION_COLUMNS."""
    return (
        session.digest,
        session.user_id,
        to_microseconds(session.created_at),
        to_microseconds(session.seen_at),
        session.user_agent,
    )


def to_delay(row: Row) -> SignInDelay:
    """Failures to sign in from their DELAY_COLUMNS."""
    return SignInDelay(row[0], row[1], from_microseconds(row[2]))


def from_delay(delay: SignInDelay) -> Row:
    """Failures to sign in as their DELAY_COLUMNS."""
    return (delay.key, delay.failures, to_microseconds(delay.failed_at))


def to_activity(row: Row) -> Activity:
    """An entry of the activity log from its ACTIVITY_COLUMNS."""
    return Activity(
        recorded_at=from_microseconds(row[0]),
        entity_id=row[1],
        org_id=row[2],
        actor_id=row[3],
        deed=row[4],
        subject_kind=row[5],
        subject_id=row[6],
        subject_name=row[7],
        change=Change(row[8]),
        details={fact: (was, now) for fact, (was, now) in decode_object(row[9]).items()},
        position=row[10],
    )


def from_activity(activity: Activity) -> Row:
    """An entry of the activity log as its ACTIVITY_INSERT_COLUMNS."""
    return (
        to_microseconds(activity.recorded_at),
        activity.entity_id,
        activity.org_id,
        activity.actor_id,
        activity.deed,
        activity.subject_kind,
        activity.subject_id,
        activity.subject_name,
        activity.change,
        encode_json(activity.details),
    )


def to_entry(key: SeriesKey, row: Row) -> RegisterEntry:
    """An entry of a series from its ENTRY_COLUMNS."""
    return RegisterEntry(Event(row[0]), key, row[1], row[2], row[3], from_microseconds(row[4]), row[5])
