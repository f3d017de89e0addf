"""People of the console, in PostgreSQL: what batches read and write of them, and what is asked for.

A batch locks them behind everything else, table by table in one order and in each by its key; none takes a lock of
another sort after them.
"""

from collections.abc import Mapping
from datetime import datetime

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
from seriatim.storage.codec import from_microseconds, to_microseconds
from seriatim.storage.postgres.connections import Connection
from seriatim.storage.rows import Row


def _places(columns: str) -> str:
    """A placeholder for each column."""
    return ", ".join(f"${place}" for place in range(1, columns.count(",") + 2))


_USERS = f"SELECT {rows.USER_COLUMNS} FROM users"
_SESSIONS = f"SELECT {rows.SESSION_COLUMNS} FROM sessions"
_INVITATIONS = f"SELECT {rows.INVITATION_COLUMNS} FROM invitations"
_DELAYS = f"SELECT {rows.DELAY_COLUMNS} FROM sign_in_delays"
_UPSERT_USER = f"""
    INSERT INTO users ({rows.USER_COLUMNS}) VALUES ({_places(rows.USER_COLUMNS)})
    ON CONFLICT (id) DO UPDATE SET role = excluded.role, password_digest = excluded.password_digest,
        entity_ids = excluded.entity_ids, org_ids = excluded.org_ids, locale = excluded.locale,
        disabled_at = excluded.disabled_at"""
_INSERT_INVITATION = f"""
    INSERT INTO invitations ({rows.INVITATION_COLUMNS}) VALUES ({_places(rows.INVITATION_COLUMNS)})"""
_UPSERT_SESSION = f"""
    INSERT INTO sessions ({rows.SESSION_COLUMNS}) VALUES ({_places(rows.SESSION_COLUMNS)})
    ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at"""
_UPSERT_DELAY = f"""
    INSERT INTO sign_in_delays ({rows.DELAY_COLUMNS}) VALUES ({_places(rows.DELAY_COLUMNS)})
    ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, failed_at = excluded.failed_at"""
_INSERT_ACTIVITIES = f"""
    INSERT INTO activities ({rows.ACTIVITY_INSERT_COLUMNS})
    SELECT * FROM unnest($1::bigint[], {", ".join(f"${place}::text[]" for place in range(2, 11))})"""


async def load_people(connection: Connection, needs: Needs, snapshot: Snapshot, *, locks: bool) -> None:
    """Read what a batch needs of people, and lock it if the batch may change it."""
    lock = " FOR NO KEY UPDATE" if locks else ""
    users = [*needs.users, *needs.sessions_of]
    if users or needs.all_admins:
        sql = f"{_USERS} WHERE id = ANY($1) OR name_key = ANY($2) OR ($3 AND role = 'admin') ORDER BY id{lock}"
        for row in await connection.fetch(sql, users, [name_key(key) for key in users], needs.all_admins):
            snapshot.users.load(row[0], rows.to_user(row))
    owners = [user.id for user in snapshot.users if needs.wants_sessions_of(user)]
    if needs.sessions or owners:
        sql = f"{_SESSIONS} WHERE digest = ANY($1) OR user_id = ANY($2) ORDER BY digest{lock}"
        for row in await connection.fetch(sql, list(needs.sessions), owners):
            snapshot.sessions.load(row[0], rows.to_session(row))
    if needs.invitations:
        sql = f"{_INVITATIONS} WHERE digest = ANY($1) ORDER BY digest{lock}"
        for row in await connection.fetch(sql, list(needs.invitations)):
            snapshot.invitations.load(row[0], rows.to_invitation(row))
    if needs.sign_in_delays:
        sql = f"{_DELAYS} WHERE key = ANY($1) ORDER BY key{lock}"
        for row in await connection.fetch(sql, list(needs.sign_in_delays)):
            snapshot.sign_in_delays.load(row[0], rows.to_delay(row))


async def apply_people(connection: Connection, snapshot: Snapshot) -> bool:
    """Write what a batch changed of people; whether anything."""
    statements: list[tuple[str, Row]] = [
        (_UPSERT_USER, rows.from_user(user)) for _, _, user in snapshot.users.changes() if user is not None
    ]
    for digest, _, session in sorted(snapshot.sessions.changes(), key=lambda change: change[0]):
        statements.append(
            ("DELETE FROM sessions WHERE digest = $1", (digest,))
            if session is None
            else (_UPSERT_SESSION, rows.from_session(session))
        )
    for digest, _, invitation in snapshot.invitations.changes():
        statements.append(
            ("DELETE FROM invitations WHERE digest = $1", (digest,))
            if invitation is None
            else (_INSERT_INVITATION, rows.from_invitation(invitation))
        )
    for key, _, delay in sorted(snapshot.sign_in_delays.changes(), key=lambda change: change[0]):
        statements.append(
            ("DELETE FROM sign_in_delays WHERE key = $1", (key,))
            if delay is None
            else (_UPSERT_DELAY, rows.from_delay(delay))
        )
    for sql, values in statements:
        await connection.execute(sql, *values)
    return bool(statements)


async def apply_activities(connection: Connection, snapshot: Snapshot) -> None:
    """Add to the activity log."""
    columns = zip(*(rows.from_activity(activity) for activity in snapshot.activities), strict=True)
    await connection.execute(_INSERT_ACTIVITIES, *map(list, columns))


async def list_users(connection: Connection) -> list[User]:
    """All users, oldest first."""
    return [rows.to_user(row) for row in await connection.fetch(f"{_USERS} ORDER BY created_at, id")]


async def find_user(connection: Connection, name: str) -> User | None:
    """The user of this name."""
    row = await connection.fetchrow(f"{_USERS} WHERE name_key = $1", name_key(name))
    return None if row is None else rows.to_user(row)


async def find_session(connection: Connection, digest: str) -> tuple[Session, User] | None:
    """A session with its user."""
    session = await connection.fetchrow(f"{_SESSIONS} WHERE digest = $1", digest)
    user = None if session is None else await connection.fetchrow(f"{_USERS} WHERE id = $1", session[1])
    return None if session is None or user is None else (rows.to_session(session), rows.to_user(user))


async def list_sessions(connection: Connection, user_id: str) -> list[Session]:
    """The sessions of a user, the one last seen first."""
    sql = f"{_SESSIONS} WHERE user_id = $1 ORDER BY seen_at DESC, digest"
    return [rows.to_session(row) for row in await connection.fetch(sql, user_id)]


async def find_invitation(connection: Connection, digest: str) -> Invitation | None:
    """An invitation."""
    row = await connection.fetchrow(f"{_INVITATIONS} WHERE digest = $1", digest)
    return None if row is None else rows.to_invitation(row)


async def list_invitations(connection: Connection) -> list[Invitation]:
    """All invitations, oldest first."""
    return [rows.to_invitation(row) for row in await connection.fetch(f"{_INVITATIONS} ORDER BY created_at, digest")]


async def find_sign_in_delay(connection: Connection, key: str) -> SignInDelay | None:
    """The failures under a name."""
    row = await connection.fetchrow(f"{_DELAYS} WHERE key = $1", key)
    return None if row is None else rows.to_delay(row)


async def delete_expired(connection: Connection, now: datetime, limit: int) -> int:
    """Forget sessions, invitations and failures that are over; how many."""
    started, seen = to_microseconds(now - SESSION_LIFETIME), to_microseconds(now - SESSION_IDLE_MAX)
    expired = (
        ("sessions", "digest", "created_at <= $1 OR seen_at <= $2", (started, seen)),
        ("invitations", "digest", "expires_at <= $1", (to_microseconds(now),)),
        ("sign_in_delays", "key", "failed_at <= $1", (to_microseconds(now - SIGN_IN_MEMORY),)),
    )
    count = 0
    for table, key, condition, values in expired:
        sql = f"""
            DELETE FROM {table} WHERE {key} IN (
                SELECT {key} FROM {table} WHERE {condition} LIMIT {limit:d} FOR UPDATE SKIP LOCKED)"""
        status = await connection.execute(sql, *values)
        count += int(status.split()[-1])
    return count


async def note_client_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """Note when clients were last heard of."""
    # In the order of their ids: two processes that note the same clients never wait for each other.
    sql = """
        INSERT INTO client_uses (client_id, used_at)
        SELECT u.client_id, u.used_at FROM unnest($1::text[], $2::bigint[]) u (client_id, used_at)
        JOIN clients c ON c.id = u.client_id ORDER BY u.client_id
        ON CONFLICT (client_id) DO UPDATE SET used_at = greatest(client_uses.used_at, excluded.used_at)"""
    ids = sorted(uses)
    await connection.execute(sql, ids, [to_microseconds(uses[client_id]) for client_id in ids])


async def client_uses(connection: Connection) -> dict[str, datetime]:
    """When each client was last heard of."""
    found = await connection.fetch("SELECT client_id, used_at FROM client_uses")
    return {client_id: from_microseconds(used_at) for client_id, used_at in found}
