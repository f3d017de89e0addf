"""Creating and revoking API clients."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from seriatim.domain.client import CLIENT_NAME_CHARACTERS_MAX, SYSTEM_ACTOR_ID, ApiClient, Role
from seriatim.domain.commands.access import ids_of
from seriatim.domain.commands.base import Command
from seriatim.domain.sequence_version import check_version
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClient(Command[ApiClient]):
    """Create an API client. `entity_keys` and `org_keys` are ids or names; None means all, later ones included."""

    alone: ClassVar[bool] = True
    client_id: str
    name: str
    role: Role
    secret_digest: str
    entity_keys: tuple[str, ...] | None = None
    org_keys: tuple[str, ...] | None = None
    api_version: str | None = None
    """The dated version of Sequence's API that it gets where it names none; None: the newest."""
    actor_id: str = SYSTEM_ACTOR_ID

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= CLIENT_NAME_CHARACTERS_MAX or not self.name.isprintable():
            rule = f"a client's name is 1 to {CLIENT_NAME_CHARACTERS_MAX} printable characters"
            raise InvalidValue("name", self.name, rule)
        if self.api_version is not None:
            check_version(self.api_version, "api_version")

    def needs(self, needs: Needs) -> None:
        """The entities and orgs named, and the client that has the id already."""
        needs.clients.add(self.client_id)
        needs.entities.update(self.entity_keys or ())
        needs.org_keys.update(self.org_keys or ())

    def decide(self, snapshot: Snapshot, at: datetime) -> ApiClient:
        """Raises: NotFound, for an entity or org that does not exist; InvalidValue, for an id that a client has."""
        if snapshot.clients.get(self.client_id) is not None:
            raise InvalidValue("client_id", self.client_id, "a client with this id exists already; take a new id")
        client = ApiClient(
            id=self.client_id,
            name=self.name,
            role=self.role,
            secret_digest=self.secret_digest,
            entity_ids=ids_of("entity", self.entity_keys, snapshot.entities),
            org_ids=ids_of("org", self.org_keys, snapshot.orgs),
            created_at=at,
            api_version=self.api_version,
        )
        snapshot.clients.put(client.id, client)
        return client


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeClient(Command[ApiClient]):
    """Revoke a client: its tokens and its secret stop working, for good."""

    alone: ClassVar[bool] = True
    client_id: str
    actor_id: str = SYSTEM_ACTOR_ID

    def needs(self, needs: Needs) -> None:
        """The client."""
        needs.clients.add(self.client_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> ApiClient:
        """Raises: NotFound; BrokenRule, when it is revoked already."""
        client = snapshot.clients.get(self.client_id)
        if client is None:
            raise NotFound("client", self.client_id, "`seriatim client list` shows them")
        if client.revoked_at is not None:
            raise BrokenRule(Rule.CLIENT_REVOKED, f"the client {client.id} has been revoked already")
        revoked = replace(client, revoked_at=at)
        snapshot.clients.put(client.id, revoked)
        return revoked
