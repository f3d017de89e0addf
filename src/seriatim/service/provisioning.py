"""The first steps of an empty database, and one command at a time outside the server's writer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar, cast

from seriatim.domain.client import SYSTEM_ACTOR_ID, ApiClient, Role
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.clients import CreateClient
from seriatim.domain.commands.entities import CreateEntity
from seriatim.domain.commands.users import InviteUser
from seriatim.domain.decide import Submission, decide_batch, gather_needs
from seriatim.domain.entity import DEFAULT_ENTITY_NAME
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import BrokenRule, Rule, Unavailable
from seriatim.service.ports import Clock, IdSource, Store, StoreConflict, StoreUnavailable
from seriatim.service.writer import WRITE_ATTEMPTS_MAX

T = TypeVar("T")

FIRST_CLIENT_NAME = "first admin"

_FIRST_CLIENT_ID = "first_client_id"
_FIRST_INVITATION = "first_invitation_digest"


@dataclass(frozen=True, slots=True)
class FirstClient:
    """The client that a new database begins with. The secret is shown once: only its digest is kept."""

    client_id: str
    secret: str

    def __repr__(self) -> str:
        return f"FirstClient(client_id={self.client_id!r}, secret=…)"


async def run_command(store: Store, clock: Clock, command: Command[T]) -> T:
    """Carry out one command in a transaction of its own, beside whatever else writes; give its outcome.

    Raises: the error that refused the command; Unavailable, when the database does not answer or other writers
    come in between too often.
    """
    submission = Submission(command)
    at = clock.now()
    for _ in range(WRITE_ATTEMPTS_MAX):
        try:
            results = await store.write(
                gather_needs([submission]), lambda snapshot: decide_batch(snapshot, [submission], at)
            )
        except StoreConflict:
            continue
        except StoreUnavailable as error:
            raise Unavailable(f"the database does not answer ({error}); try again in a moment") from error
        if results[0].error is not None:
            raise results[0].error
        return cast("T", results[0].outcome)
    raise Unavailable(f"other writers came in between {WRITE_ATTEMPTS_MAX} times; try again in a moment")


async def provision(store: Store, clock: Clock, ids: IdSource, digest: Callable[[str], str]) -> FirstClient | None:
    """Give a new database its default entity and a first admin; of several processes at once, one gets the admin.

    Nothing happens where there is a client already, revoked or not: who revokes the last one wants no new one.
    `digest` makes of a secret what is kept of it.

    Raises: Unavailable.
    """
    await provision_entity(store, clock, ids)
    if await store.list_clients():
        return None
    # The id is agreed upon between all processes before any of them creates the client, so that a second
    # creation meets the first one. A name could not serve: clients may share it.
    client_id = (await store.keep_secret(_FIRST_CLIENT_ID, ids.new_uuid().encode())).decode()
    secret = ids.new_secret()
    creation = CreateClient(client_id=client_id, name=FIRST_CLIENT_NAME, role=Role.ADMIN, secret_digest=digest(secret))
    created = await run_command(store, clock, _CreateFirstClient(creation))
    return None if created is None else FirstClient(client_id, secret)


async def invite_first_admin(store: Store, clock: Clock, ids: IdSource, digest: Callable[[str], str]) -> str | None:
    """The secret of a link by which somebody becomes the first admin of the console; None where it was made before.

    Of several processes at once one gets it: the digest is agreed upon between all of them. What a crash between the
    two steps leaves undone, and a link that expired, `seriatim user invite` makes good.

    Raises: Unavailable.
    """
    if await store.list_users() or await store.list_invitations():
        return None
    secret = ids.new_secret()
    wanted = digest(secret)
    if (await store.keep_secret(_FIRST_INVITATION, wanted.encode())).decode() != wanted:
        return None
    await run_command(store, clock, InviteUser(digest=wanted, role=Role.ADMIN))
    return secret


async def provision_entity(store: Store, clock: Clock, ids: IdSource) -> None:
    """Give a database that has no entity the default one.

    Raises: Unavailable.
    """
    if await store.list_entities():
        return
    creation = CreateEntity(
        entity_id=ids.new_id(),
        name=DEFAULT_ENTITY_NAME,
        default_set_id=ids.new_id(),
        actor_id=SYSTEM_ACTOR_ID,
    )
    try:
        await run_command(store, clock, creation)
    except BrokenRule as error:
        # Another process was faster. That is as good.
        if error.rule is not Rule.NAME_TAKEN:
            raise


@dataclass(frozen=True, slots=True)
class _CreateFirstClient(Command[ApiClient | None]):
    """Create a client unless its id exists; None where it does."""

    alone: ClassVar[bool] = True
    creation: CreateClient

    def needs(self, needs: Needs) -> None:
        """What the creation needs, and the client that has the id already."""
        self.creation.needs(needs)
        needs.clients.add(self.creation.client_id)

    def decide(self, snapshot: Snapshot, at: datetime) -> ApiClient | None:
        """Raises: what the creation raises."""
        if snapshot.clients.get(self.creation.client_id) is not None:
            return None
        return self.creation.decide(snapshot, at)
