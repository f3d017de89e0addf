"""What a client or a user may do, and where: roles give permissions, entities and orgs give the scope."""

from collections.abc import Sequence
from enum import StrEnum

from seriatim.auth.directory import Directory
from seriatim.domain.client import Principal, Role, Scope
from seriatim.domain.entity import Entity
from seriatim.errors import Forbidden, InvalidHeader, show

NAMES_SHOWN_MAX = 5


class Permission(StrEnum):
    """What an operation needs. The value is how a message says it."""

    READ = "read"
    ISSUE = "change accounts and documents"
    CONFIGURE = "change sequence sets"
    ADMINISTER = "manage people, API clients and entities"
    """Only for those who may use all entities and orgs: nobody gives others more than they have."""

    # As with `Kind`: looked up with every request.
    __hash__ = str.__hash__


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AUDITOR: frozenset({Permission.READ}),
    Role.ISSUER: frozenset({Permission.READ, Permission.ISSUE}),
    Role.ADMIN: frozenset(Permission),
}


def is_permitted(client: Principal, permission: Permission) -> bool:
    """Whether a client or user has a permission."""
    if permission not in PERMISSIONS[client.role]:
        return False
    is_limited = client.entity_ids is not None or client.org_ids is not None
    return permission is not Permission.ADMINISTER or not is_limited


def check(client: Principal, permission: Permission) -> None:
    """Check that a client or user has a permission.

    Raises: Forbidden.
    """
    if is_permitted(client, permission):
        return
    if permission in PERMISSIONS[client.role]:
        raise Forbidden(
            f"the {client.noun} {show(client.name)} is limited to some entities or orgs, so it may not "
            f"{permission.value}; use a {client.noun} with the role {client.role.value} in all of them"
        )
    roles = " or ".join(role.value for role in Role if permission in PERMISSIONS[role])
    raise Forbidden(
        f"the {client.noun} {show(client.name)} has the role {client.role.value}, which may not {permission.value}; "
        f"use a {client.noun} with the role {roles}"
    )


def resolve_scope(
    directory: Directory,
    client: Principal,
    entity_key: str | None,
    org_keys: Sequence[str] | None,
    *,
    entity_header: str,
    org_header: str,
) -> Scope:
    """Where a request acts: the entity and the orgs that its headers name, or what the client has without them.

    The keys are ids or names; None stands for an absent header. `entity_header` and `org_header` are what the
    dialect calls them, for the messages. What a client may not use reads the same as what does not exist.

    Raises: Forbidden, for an entity or org that is unknown or not permitted; InvalidHeader, where an entity has to
    be named, or a header names nothing.
    """
    if entity_key is None:
        entity = _entity_without_header(directory, client, entity_header)
    else:
        entity = _entity_named(directory, client, entity_key, entity_header)
    return Scope(entity.id, client.id, _org_ids(directory, client, entity, org_keys, org_header))


def permitted_entities(directory: Directory, client: Principal) -> list[Entity]:
    """The entities that a client may use, oldest first."""
    return [entity for entity in directory.entities() if _may_use(client, entity)]


def _may_use(client: Principal, entity: Entity) -> bool:
    return client.entity_ids is None or entity.id in client.entity_ids


def _entity_without_header(directory: Directory, client: Principal, header: str) -> Entity:
    """The default entity if the client may use it, else its only one."""
    default = directory.default_entity()
    if _may_use(client, default):
        return default
    permitted = permitted_entities(directory, client)
    if not permitted:
        raise Forbidden(
            f"the {client.noun} {show(client.name)} has no entity that exists; ask an administrator for one"
        )
    if len(permitted) > 1:
        names = _names([entity.name for entity in permitted])
        raise InvalidHeader(header, "", f"this {client.noun} has several entities; name one of {names}")
    return permitted[0]


def _entity_named(directory: Directory, client: Principal, key: str, header: str) -> Entity:
    entity = directory.entity(key)
    if entity is None or not _may_use(client, entity):
        raise _no_access(client, header, "entity", key, [row.name for row in permitted_entities(directory, client)])
    return entity


def _org_ids(
    directory: Directory, client: Principal, entity: Entity, keys: Sequence[str] | None, header: str
) -> frozenset[str] | None:
    """The ids of the orgs that a request sees; None for all of them, and for what has no org."""
    if keys is None and client.org_ids is None:
        return None
    permitted = {
        org.id: org for org in directory.orgs_of(entity.id) if client.org_ids is None or org.id in client.org_ids
    }
    if keys is None:
        return frozenset(permitted)
    if not keys:
        # An empty list must not widen into "all": whoever wrote it wanted less, not more.
        raise InvalidHeader(header, "", "name at least one org, or leave the header out")
    ids = set()
    for key in keys:
        org = directory.org(entity.id, key)
        if org is None or org.id not in permitted:
            raise _no_access(client, header, "org", key, [row.name for row in permitted.values()])
        ids.add(org.id)
    return frozenset(ids)


def _no_access(client: Principal, header: str, noun: str, key: str, names: Sequence[str]) -> Forbidden:
    advice = f"it may use {_names(names)}" if names else "ask an administrator"
    return Forbidden(
        f"{header}: the {client.noun} {show(client.name)} has no access to the {noun} {show(key)}; {advice}"
    )


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(show(name) for name in names[:NAMES_SHOWN_MAX])
    more = len(names) - NAMES_SHOWN_MAX
    return f"{shown} and {more} more" if more > 0 else shown
