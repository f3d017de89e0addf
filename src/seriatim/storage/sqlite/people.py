"""People of the console, in SQLite: what batches read and write of them, and what is asked for."""

from collections.abc import Mapping
from datetime import datetime

import apsw

from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.user import (
    SESSION_IDLE_MAX,
    SESSION_LIFETIME,
    SIGN_IN_MEMORY,
    Invitation,
    Session,
    SignInDelay,
    User,
    name_key,
)
from seriatim.storage import people_rows as rows
from seriatim.storage.codec import encode_json, from_microseconds, to_microseconds
from seriatim.storage.sqlite.queries import first_row, insert

_USERS = f"SELECT {rows.USER_COLUMNS} FROM users"
_SESSIONS = f"SELECT {rows.SESSION_COLUMNS} FROM sessions"
_INVITATIONS = f"SELECT {rows.INVITATION_COLUMNS} FROM invitations"
_DELAYS = f"SELECT {rows.DELAY_COLUMNS} FROM sign_in_delays"
_UPSERT_USER = f"""
    INSERT INTO users ({rows.USER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET role = excluded.role, password_digest = excluded.password_digest,
        entity_ids = excluded.entity_ids, org_ids = excluded.org_ids, locale = excluded.locale,
        disabled_at = excluded.disabled_at"""
_INSERT_INVITATION = f"INSERT INTO invitations ({rows.INVITATION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_UPSERT_SESSION = f"""
    INSERT INTO sessions ({rows.SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at"""
_UPSERT_DELAY = f"INSERT OR REPLACE INTO sign_in_delays ({rows.DELAY_COLUMNS}) VALUES (?, ?, ?)"
_INSERT_ACTIVITIES = f"INSERT INTO activities ({rows.ACTIVITY_INSERT_COLUMNS})"


def load_people(connection: apsw.Connection, needs: Needs, snapshot: Snapshot) -> None:
    """Read what a batch needs of people."""
    users = encode_json([*needs.users, *needs.sessions_of])
    names = encode_json([name_key(key) for key in (*needs.users, *needs.sessions_of)])
    condition = "id IN (SELECT value FROM json_each(?1)) OR name_key IN (SELECT value FROM json_each(?2))"
    if needs.all_admins:
        condition += " OR role = 'admin'"
    for row in connection.execute(f"{_USERS} WHERE {condition}", (users, names)):
        snapshot.users.load(row[0], rows.to_user(row))
    owners = [user.id for user in snapshot.users if needs.wants_sessions_of(user)]
    listed = encode_json(list(needs.sessions)), encode_json(owners)
    condition = "digest IN (SELECT value FROM json_each(?1)) OR user_id IN (SELECT value FROM json_each(?2))"
    for row in connection.execute(f"{_SESSIONS} WHERE {condition}", listed):
        snapshot.sessions.load(row[0], rows.to_session(row))
    for digest in needs.invitations:
        for row in connection.execute(f"{_INVITATIONS} WHERE digest = ?", (digest,)):
            snapshot.invitations.load(digest, rows.to_invitation(row))
    for key in needs.sign_in_delays:
        for row in connection.execute(f"{_DELAYS} WHERE key = ?", (key,)):
            snapshot.sign_in_delays.load(key, rows.to_delay(row))


def apply_people(cursor: apsw.Cursor, snapshot: Snapshot) -> None:
    """Write what a batch changed of people."""
    for _, _, user in snapshot.users.changes():
        if user is not None:
            cursor.execute(_UPSERT_USER, rows.from_user(user))
    for digest, _, invitation in snapshot.invitations.changes():
        if invitation is None:
            cursor.execute("DELETE FROM invitations WHERE digest = ?", (digest,))
        else:
            cursor.execute(_INSERT_INVITATION, rows.from_invitation(invitation))
    for digest, _, session in snapshot.sessions.changes():
        if session is None:
            cursor.execute("DELETE FROM sessions WHERE digest = ?", (digest,))
        else:
            cursor.execute(_UPSERT_SESSION, rows.from_session(session))
    for key, _, delay in snapshot.sign_in_delays.changes():
        if delay is None:
            cursor.execute("DELETE FROM sign_in_delays WHERE key = ?", (key,))
        else:
            cursor.execute(_UPSERT_DELAY, rows.from_delay(delay))


def apply_activities(cursor: apsw.Cursor, snapshot: Snapshot) -> None:
    """Add to the activity log."""
    insert(cursor, _INSERT_ACTIVITIES, [rows.from_activity(activity) for activity in snapshot.activities])


def list_users(connection: apsw.Connection) -> list[User]:
    """All users, oldest first."""
    return [rows.to_user(row) for row in connection.execute(f"{_USERS} ORDER BY created_at, rowid")]


def find_user(connection: apsw.Connection, name: str) -> User | None:
    """The user of this name."""
    row = first_row(connection, f"{_USERS} WHERE name_key = ?", (name_key(name),))
    return None if row is None else rows.to_user(row)


def find_session(connection: apsw.Connection, digest: str) -> tuple[Session, User] | None:
    """A session with its user."""
    session = first_row(connection, f"{_SESSIONS} WHERE digest = ?", (digest,))
    user = None if session is None else first_row(connection, f"{_USERS} WHERE id = ?", (session[1],))
    return None if session is None or user is None else (rows.to_session(session), rows.to_user(user))


def list_sessions(connection: apsw.Connection, user_id: str) -> list[Session]:
    """The sessions of a user, the one last seen first."""
    sql = f"{_SESSIONS} WHERE user_id = ? ORDER BY seen_at DESC, digest"
    return [rows.to_session(row) for row in connection.execute(sql, (user_id,))]


def find_invitation(connection: apsw.Connection, digest: str) -> Invitation | None:
    """An invitation."""
    row = first_row(connection, f"{_INVITATIONS} WHERE digest = ?", (digest,))
    return None if row is None else rows.to_invitation(row)


def list_invitations(connection: apsw.Connection) -> list[Invitation]:
    """All invitations, oldest first."""
    return [rows.to_invitation(row) for row in connection.execute(f"{_INVITATIONS} ORDER BY created_at, digest")]


def find_sign_in_delay(connection: apsw.Connection, key: str) -> SignInDelay | None:
    """The failures under a name."""
    row = first_row(connection, f"{_DELAYS} WHERE key = ?", (key,))
    return None if row is None else rows.to_delay(row)


def delete_expired(connection: apsw.Connection, now: datetime, limit: int) -> int:
    """Forget sessions, invitations and failures that are over; how many."""
    started, seen = to_microseconds(now - SESSION_LIFETIME), to_microseconds(now - SESSION_IDLE_MAX)
    expired = (
        ("sessions", "digest", "created_at <= ?1 OR seen_at <= ?2", (started, seen)),
        ("invitations", "digest", "expires_at <= ?1", (to_microseconds(now),)),
        ("sign_in_delays", "key", "failed_at <= ?1", (to_microseconds(now - SIGN_IN_MEMORY),)),
    )
    count = 0
    for table, key, condition, values in expired:
        sql = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {limit:d})"
        connection.execute(sql, values)
        count += connection.changes()
    return count


def note_client_uses(connection: apsw.Connection, uses: Mapping[str, datetime]) -> None:
    """Note when clients were last heard of."""
    sql = """
        INSERT INTO client_uses (client_id, used_at) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM clients WHERE id = ?1)
        ON CONFLICT (client_id) DO UPDATE SET used_at = max(used_at, excluded.used_at)"""
    connection.executemany(sql, [(client_id, to_microseconds(at)) for client_id, at in uses.items()])


def client_uses(connection: apsw.Connection) -> dict[str, datetime]:
    """When each client was last heard of."""
    found = connection.execute("SELECT client_id, used_at FROM client_uses")
    return {client_id: from_microseconds(used_at) for client_id, used_at in found}
