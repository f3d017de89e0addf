"""API clients: who may call, with which role, for which entities and orgs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

SYSTEM_ACTOR_ID = "system"
"""Who is recorded as having done what no client and no user asked for: the first start, and the command line."""
CLIENT_NAME_CHARACTERS_MAX = 100


class Role(StrEnum):
    """What a client may do: an admin everything, an issuer documents and accounts, an auditor only look."""

    ADMIN = "admin"
    ISSUER = "issuer"
    AUDITOR = "auditor"

    # As with `Kind`: looked up with every request.
    __hash__ = str.__hash__


class Principal(Protocol):
    """Whoever may do something: an API client, or a user of the console. None means all entities, all orgs."""

    @property
    def id(self) -> str:
        """By which what it does is recorded."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def noun(self) -> str:
        """What messages call it: client, or user."""

    @property
    def role(self) -> Role:
        """What it may do."""

    @property
    def entity_ids(self) -> frozenset[str] | None:
        """The entities that it may use."""

    @property
    def org_ids(self) -> frozenset[str] | None:
        """The orgs that it may see."""


@dataclass(frozen=True, slots=True)
class ApiClient:
    """An API client. Of its secret only a digest is kept. None for entities or orgs means all of them."""

    id: str
    name: str
    role: Role
    secret_digest: str
    entity_ids: frozenset[str] | None
    org_ids: frozenset[str] | None
    created_at: datetime
    revoked_at: datetime | None = None
    api_version: str | None = None
    """The dated version of Sequence's API that it gets where it names none; None: the newest."""

    @property
    def noun(self) -> str:
        """What messages call it."""
        return "client"


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf and where a command acts: one entity, and the orgs that the caller sees (None: all)."""

    entity_id: str
    actor_id: str
    org_ids: Collection[str] | None = None

    def sees(self, org_id: str | None) -> bool:
        """Whether the caller sees what carries this org."""
        return self.org_ids is None or (org_id is not None and org_id in self.org_ids)
