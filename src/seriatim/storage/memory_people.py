"""People, the activity log and the register's pages, in the reference store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from seriatim.domain.activity import Activity
from seriatim.domain.numbering import Series, SeriesKey
from seriatim.domain.register import Event, RegisterEntry
from seriatim.domain.user import SIGN_IN_MEMORY, Invitation, Session, SignInDelay, User, name_key
from seriatim.service.ports import ActivityQuery, SeriesOverview
from seriatim.storage.memory_tables import Tables


class MemoryPeople:
    """What is asked for of people and of what was done."""

    _tables: Tables

    async def list_users(self) -> list[User]:
        """All users, oldest first."""
        return sorted(self._tables.users.values(), key=attrgetter("created_at"))

    async def find_user(self, name: str) -> User | None:
        """The user of this name."""
        key = name_key(name)
        return next((user for user in self._tables.users.values() if name_key(user.name) == key), None)

    async def find_session(self, digest: str) -> tuple[Session, User] | None:
        """A session with its user."""
        session = self._tables.sessions.get(digest)
        return None if session is None else (session, self._tables.users[session.user_id])

    async def list_sessions(self, user_id: str) -> list[Session]:
        """The sessions of a user, the one last seen first."""
        found = [session for session in self._tables.sessions.values() if session.user_id == user_id]
        return sorted(found, key=lambda session: (-session.seen_at.timestamp(), session.digest))

    async def find_invitation(self, digest: str) -> Invitation | None:
        """An invitation."""
        return self._tables.invitations.get(digest)

    async def list_invitations(self) -> list[Invitation]:
        """All invitations, oldest first."""
        return sorted(self._tables.invitations.values(), key=attrgetter("created_at", "digest"))

    async def find_sign_in_delay(self, key: str) -> SignInDelay | None:
        """The failures under a name."""
        return self._tables.sign_in_delays.get(key)

    async def delete_expired(self, now: datetime, limit: int) -> int:
        """Forget sessions, invitations and failures that are over; how many."""
        tables = self._tables
        sessions = [key for key, row in tables.sessions.items() if not row.is_alive(now)][:limit]
        invitations = [key for key, row in tables.invitations.items() if row.expires_at <= now][:limit]
        delays = [key for key, row in tables.sign_in_delays.items() if row.failed_at <= now - SIGN_IN_MEMORY][:limit]
        for key in sessions:
            del tables.sessions[key]
        for key in invitations:
            del tables.invitations[key]
        for key in delays:
            del tables.sign_in_delays[key]
        return len(sessions) + len(invitations) + len(delays)

    async def note_client_uses(self, uses: Mapping[str, datetime]) -> None:
        """Note when clients were last heard of."""
        known = self._tables.client_uses
        known.update({key: max(at, known.get(key, at)) for key, at in uses.items() if key in self._tables.clients})

    async def client_uses(self) -> dict[str, datetime]:
        """When each client was last heard of."""
        return dict(self._tables.client_uses)

    async def list_activities(self, query: ActivityQuery) -> list[Activity]:
        """What was changed, newest first."""
        entities = {query.entity_id, None} if query.with_global else {query.entity_id}
        found = [
            row
            for row in self._tables.activities.values()
            if row.entity_id in entities
            and (query.org_ids is None or row.org_id in query.org_ids)
            and query.subject_kind in (None, row.subject_kind)
            and query.subject_id in (None, row.subject_id)
            and query.actor_id in (None, row.actor_id)
            and (query.before is None or row.position < query.before)
        ]
        return sorted(found, key=attrgetter("position"), reverse=True)[: query.limit]

    async def list_series(self, entity_id: str, after_prefix: str | None, limit: int) -> list[SeriesOverview]:
        """Series of an entity by prefix."""
        found = [row for row in self._tables.series.values() if row.key.entity_id == entity_id]
        found = sorted((row for row in found if row.key.prefix > (after_prefix or "")), key=attrgetter("key.prefix"))
        return [self._overview(series) for series in found[:limit]]

    async def find_series(self, entity_id: str, prefix: str) -> SeriesOverview | None:
        """The series of a prefix."""
        wanted = (entity_id, prefix)
        found = (row for row in self._tables.series.values() if (row.key.entity_id, row.key.prefix) == wanted)
        return next((self._overview(series) for series in found), None)

    async def list_register(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """Entries of a series, newest first."""
        return [row for row in reversed(self._entries(key)) if before is None or row.first_ordinal < before][:limit]

    async def list_skips(self, key: SeriesKey, before: int | None, limit: int) -> list[RegisterEntry]:
        """The declared skips of a series, newest first."""
        found = [row for row in reversed(self._entries(key)) if row.event is Event.SKIP]
        return [row for row in found if before is None or row.first_ordinal < before][:limit]

    async def find_entries(self, key: SeriesKey, ordinals: Sequence[int]) -> list[RegisterEntry | None]:
        """For each ordinal the last entry that begins at or before it."""
        entries = self._entries(key)
        return [next((row for row in reversed(entries) if row.first_ordinal <= ordinal), None) for ordinal in ordinals]

    def _overview(self, series: Series) -> SeriesOverview:
        entries = self._entries(series.key)
        issues = [entry for entry in entries if entry.event is Event.ISSUE]
        skipped = sum(row.last_ordinal - row.first_ordinal + 1 for row in entries if row.event is Event.SKIP)
        return SeriesOverview(series, skipped, issues[-1] if issues else None)

    def _entries(self, key: SeriesKey) -> list[RegisterEntry]:
        """All entries of a series, in their order."""
        found = [entry for (of, _), entry in self._tables.register.items() if of == key]
        return sorted(found, key=attrgetter("first_ordinal"))
