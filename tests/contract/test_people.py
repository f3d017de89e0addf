"""People as every store keeps them: users, invitations, sessions, failures to sign in, last uses of clients."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain.client import Role
from seriatim.domain.commands.users import (
    AcceptInvitation,
    ChangeAccess,
    CloseSession,
    CloseSessions,
    CreateUser,
    DisableUser,
    EnableUser,
    InviteUser,
    NoteSignInFailure,
    OpenSession,
    RevokeInvitation,
    SetLocale,
    SetPassword,
    TouchSession,
)
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.domain.user import (
    INVITATION_LIFETIME,
    SESSION_IDLE_MAX,
    SESSION_LIFETIME,
    SIGN_IN_MEMORY,
    Invitation,
    Session,
    User,
)
from seriatim.errors import BrokenRule, InvalidValue, NotFound, Rule
from seriatim.service.ports import Store
from tests.factories import ACTOR_ID, ENTITY_ID, make_client, run
from tests.fakes import NOON

MINUTE = timedelta(minutes=1)


def create_user(**over: Any) -> CreateUser:
    given: dict[str, Any] = {
        "user_id": "user-1",
        "name": "Ada",
        "role": Role.ADMIN,
        "password_digest": "digest-1",
        "actor_id": ACTOR_ID,
    }
    return CreateUser(**(given | over))


def open_session(**over: Any) -> OpenSession:
    given: dict[str, Any] = {
        "digest": "session-1",
        "user_id": "user-1",
        "password_digest": "digest-1",
        "user_agent": "Browser",
        "delay_key": "key-1",
    }
    return OpenSession(**(given | over))


def refused(error: pytest.ExceptionInfo[BrokenRule]) -> Rule:
    return error.value.rule


async def test_a_user_comes_back_as_it_was_made(store: Store) -> None:
    full = create_user(name="Zoë O'Neil", entity_keys=("default",), org_keys=(), locale="de-CH")
    made = await run(store, full)
    assert made == User(
        id="user-1",
        name="Zoë O'Neil",
        role=Role.ADMIN,
        password_digest="digest-1",
        entity_ids=frozenset({ENTITY_ID}),
        org_ids=frozenset(),
        locale="de-CH",
        created_at=NOON,
        created_by=ACTOR_ID,
    )
    assert await store.list_users() == [made]
    assert await store.find_user("zoë o'neil") == made
    assert await store.find_user("zoe") is None


async def test_a_name_is_one_user_s_whatever_its_case(store: Store) -> None:
    await run(store, create_user())
    with pytest.raises(BrokenRule) as error:
        await run(store, create_user(user_id="user-2", name="ADA"))
    assert refused(error) is Rule.NAME_TAKEN
    with pytest.raises(BrokenRule):
        await run(store, InviteUser(digest="link", role=Role.ISSUER, name="ada"))
    with pytest.raises(InvalidValue):
        create_user(name=" Ada")
    with pytest.raises(NotFound):
        await run(store, create_user(user_id="user-2", name="Eva", entity_keys=("nowhere",)))
    assert [user.id for user in await store.list_users()] == ["user-1"]


async def test_an_invitation_makes_one_user_while_it_lasts(store: Store) -> None:
    invite = InviteUser(digest="link", role=Role.AUDITOR, entity_keys=(ENTITY_ID,), actor_id=ACTOR_ID)
    invitation = await run(store, invite)
    expected = Invitation(
        digest="link",
        name=None,
        role=Role.AUDITOR,
        entity_ids=frozenset({ENTITY_ID}),
        org_ids=None,
        created_at=NOON,
        created_by=ACTOR_ID,
        expires_at=NOON + INVITATION_LIFETIME,
    )
    assert invitation == expected == await store.find_invitation("link")
    assert await store.list_invitations() == [expected]
    accept = AcceptInvitation(digest="link", user_id="user-9", name="Grace", password_digest="digest-9")
    with pytest.raises(NotFound):
        await run(store, accept, at=NOON + INVITATION_LIFETIME)
    made = await run(store, accept)
    assert (made.role, made.entity_ids, made.created_by) == (Role.AUDITOR, frozenset({ENTITY_ID}), ACTOR_ID)
    with pytest.raises(NotFound):
        await run(store, replace(accept, user_id="user-10", name="Edsger"))
    assert await store.find_invitation("link") is None
    await run(store, replace(invite, digest="other"))
    await run(store, RevokeInvitation(digest="other", actor_id=ACTOR_ID))
    assert await store.list_invitations() == []


async def test_a_user_signs_in_and_out(store: Store) -> None:
    user = await run(store, create_user())
    await run(store, NoteSignInFailure(delay_key="key-1"))
    session = await run(store, open_session(user_agent="x" * 500))
    assert session == Session(digest="session-1", user_id="user-1", created_at=NOON, seen_at=NOON, user_agent="x" * 200)
    assert await store.find_sign_in_delay("key-1") is None
    assert await store.find_session("session-1") == (session, user)
    await run(store, TouchSession(digest="session-1"), at=NOON + MINUTE)
    await run(store, open_session(digest="session-2"))
    seen = [(each.digest, each.seen_at) for each in await store.list_sessions("user-1")]
    assert seen == [("session-1", NOON + MINUTE), ("session-2", NOON)]
    await run(store, CloseSession(digest="session-1", actor_id="user-1"))
    await run(store, TouchSession(digest="session-1"))
    assert await store.find_session("session-1") is None
    await run(store, open_session(digest="session-3"))
    await run(store, CloseSessions(user_id="user-1", kept_session="session-3", actor_id="user-1"))
    assert [each.digest for each in await store.list_sessions("user-1")] == ["session-3"]


async def test_who_has_another_password_or_is_disabled_gets_no_session(store: Store) -> None:
    await run(store, create_user())
    await run(store, create_user(user_id="user-2", name="Eva"))
    await run(store, open_session())
    await run(store, open_session(digest="session-2"))
    await run(store, SetPassword(user_key="ADA", password_digest="digest-2", kept_session="session-2"))
    assert [each.digest for each in await store.list_sessions("user-1")] == ["session-2"]
    with pytest.raises(NotFound):
        await run(store, open_session(digest="session-3"))
    await run(store, DisableUser(user_key="Ada"))
    assert await store.list_sessions("user-1") == []
    with pytest.raises(NotFound):
        await run(store, open_session(digest="session-3", password_digest="digest-2"))
    with pytest.raises(BrokenRule) as error:
        await run(store, DisableUser(user_key="Ada"))
    assert refused(error) is Rule.USER_DISABLED
    await run(store, EnableUser(user_key="Ada"))
    await run(store, SetLocale(user_id="user-1", locale="fr-FR", actor_id="user-1"))
    await run(store, open_session(digest="session-3", password_digest="digest-2"))
    found = await store.find_user("Ada")
    assert found is not None
    assert (found.locale, found.disabled_at) == ("fr-FR", None)


async def test_somebody_is_left_who_may_do_everything(store: Store) -> None:
    await run(store, create_user())
    await run(store, create_user(user_id="user-2", name="Eva", entity_keys=("default",)))
    less = ChangeAccess(user_id="user-1", role=Role.ISSUER, entity_keys=None, org_keys=None, actor_id="user-1")
    for command in (less, replace(less, role=Role.ADMIN, entity_keys=("default",)), DisableUser(user_key="user-1")):
        with pytest.raises(BrokenRule) as error:
            await run(store, command)
        assert refused(error) is Rule.LAST_ADMIN
    more = ChangeAccess(user_id="user-2", role=Role.ADMIN, entity_keys=None, org_keys=None, actor_id="user-1")
    assert (await run(store, more)).entity_ids is None
    assert (await run(store, less)).role is Role.ISSUER


async def test_failures_to_sign_in_are_counted_until_they_are_old(store: Store) -> None:
    failure = NoteSignInFailure(delay_key="key-1")
    waits = []
    for _ in range(16):
        delay = await run(store, failure)
        waits.append((delay.next_at - NOON).total_seconds())
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    assert await store.find_sign_in_delay("key-1") == delay
    later = NOON + SIGN_IN_MEMORY + MINUTE
    assert (await run(store, failure, at=later)).failures == 1


async def test_what_is_over_is_forgotten_and_nothing_else(store: Store) -> None:
    await run(store, create_user())
    await run(store, open_session())
    await run(store, InviteUser(digest="link", role=Role.ISSUER))
    await run(store, NoteSignInFailure(delay_key="key-2"))
    assert await store.delete_expired(NOON + SESSION_IDLE_MAX - MINUTE, 10) == 0
    assert await store.delete_expired(NOON + SESSION_IDLE_MAX, 10) == 1
    await run(store, open_session())
    for hours in range(0, 24 * 7, 6):
        await run(store, TouchSession(digest="session-1"), at=NOON + timedelta(hours=hours))
    assert await store.delete_expired(NOON + SESSION_LIFETIME - MINUTE, 10) == 1
    assert await store.delete_expired(NOON + SESSION_LIFETIME, 10) == 2
    assert await store.find_session("session-1") is None
    assert await store.find_sign_in_delay("key-2") is None
    assert await store.list_invitations() == []
    assert len(await store.list_users()) == 1


async def test_the_last_use_of_a_client_only_grows(store: Store) -> None:
    def decide(snapshot: Snapshot) -> None:
        snapshot.clients.put("client-1", make_client())

    await store.write(Needs(), decide)
    version = await store.directory_version()
    await store.note_client_uses({"client-1": NOON, "client-9": NOON})
    await store.note_client_uses({"client-1": NOON - MINUTE})
    assert await store.client_uses() == {"client-1": NOON}
    await store.note_client_uses({"client-1": NOON + MINUTE})
    assert await store.client_uses() == {"client-1": NOON + MINUTE}
    assert await store.directory_version() == version
