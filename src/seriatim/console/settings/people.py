"""The users of the console, and invitations: who may sign in, and what they may do."""

from seriatim.auth.permissions import Permission
from seriatim.auth.secrets import digest_secret
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit, address
from seriatim.console.settings.access import (
    FIELDS,
    ROLES,
    chosen_entities,
    chosen_orgs,
    chosen_role,
    entity_options,
    org_options,
    where,
)
from seriatim.domain.commands.users import ChangeAccess, DisableUser, EnableUser, InviteUser, RevokeInvitation
from seriatim.domain.user import User
from seriatim.errors import NotFound, SeriatimError


async def show_people(visit: Visit) -> Response:
    """All users, and the invitations that nobody has accepted yet."""
    store = visit.console.store
    users = await store.list_users()
    invitations = [each for each in await store.list_invitations() if visit.at < each.expires_at]
    return visit.page("people.html", users=users, invitations=invitations, where=lambda who: where(visit, who))


async def show_invitation_form(visit: Visit) -> Response:
    """The form for inviting somebody."""
    return _invitation_page(visit, Form())


async def invite(visit: Visit) -> Response:
    """Make a link, and show it this once: only its digest is kept."""
    form = await visit.form()
    token = visit.console.ids.new_secret()
    try:
        invitation = await visit.run(
            InviteUser(
                digest=digest_secret(token),
                name=form.optional("name"),
                role=chosen_role(form),
                entity_keys=chosen_entities(form),
                org_keys=chosen_orgs(form),
                actor_id=visit.user.id,
            )
        )
    except SeriatimError as error:
        form.refuse(error, FIELDS)
        return _invitation_page(visit, form)
    request = visit.request
    link = f"{request.url.scheme}://{request.headers.get('host', '')}{address('welcome', token)}"
    return visit.page("person_invited.html", invitation=invitation, link=link, where=where(visit, invitation))


async def revoke_invitation(visit: Visit) -> Response:
    """Take an invitation back."""
    form = await visit.form()
    await visit.run(RevokeInvitation(digest=form.text("digest"), actor_id=visit.user.id))
    return visit.redirect(address("people"), "The invitation is revoked; its link opens nothing any more.")


async def show_person(visit: Visit) -> Response:
    """What somebody may do, to be changed."""
    return await _person_page(visit, await _require_user(visit), Form())


async def change_person(visit: Visit) -> Response:
    """Say anew what somebody may do, and where."""
    user = await _require_user(visit)
    form = await visit.form()
    try:
        await visit.run(
            ChangeAccess(
                user_id=user.id,
                role=chosen_role(form),
                entity_keys=chosen_entities(form),
                org_keys=chosen_orgs(form),
                actor_id=visit.user.id,
            )
        )
    except SeriatimError as error:
        form.refuse(error, FIELDS)
        return await _person_page(visit, user, form)
    return visit.redirect(address("people"), f"What {user.name} may do is changed.")


async def disable_person(visit: Visit) -> Response:
    """Let somebody sign in no more."""
    user = await _require_user(visit)
    form = await visit.form()
    try:
        await visit.run(DisableUser(user_key=user.id, actor_id=visit.user.id))
    except SeriatimError as error:
        form.refuse(error)
        return await _person_page(visit, user, form)
    return visit.redirect(address("people"), f"{user.name} can sign in no more, and is signed out everywhere.")


async def enable_person(visit: Visit) -> Response:
    """Let somebody sign in again."""
    user = await _require_user(visit)
    await visit.run(EnableUser(user_key=user.id, actor_id=visit.user.id))
    return visit.redirect(address("people"), f"{user.name} can sign in again, with the password as it was.")


async def _require_user(visit: Visit) -> User:
    """The user of the path.

    Raises: NotFound.
    """
    users = await visit.console.store.list_users()
    for user in users:
        if user.id == visit.params["user_id"]:
            return user
    raise NotFound("user", visit.params["user_id"], "choose one of the list")


def _invitation_page(visit: Visit, form: Form) -> Response:
    return visit.page(
        "person_invite.html",
        status=form.status,
        form=form,
        entity_options=entity_options(visit),
        org_options=org_options(visit),
        roles=ROLES,
    )


async def _person_page(visit: Visit, user: User, form: Form) -> Response:
    sessions = await visit.console.store.list_sessions(user.id)
    return visit.page(
        "person.html",
        status=form.status,
        form=form,
        person=user,
        entity_options=entity_options(visit),
        org_options=org_options(visit),
        roles=ROLES,
        last_seen=sessions[0].seen_at if sessions else None,
    )


ROUTES = (
    PageRoute(method="GET", path="/people", handler=show_people, permission=Permission.ADMINISTER),
    PageRoute(method="GET", path="/people/invite", handler=show_invitation_form, permission=Permission.ADMINISTER),
    PageRoute(method="POST", path="/people/invite", handler=invite, permission=Permission.ADMINISTER),
    PageRoute(method="POST", path="/people/revoke", handler=revoke_invitation, permission=Permission.ADMINISTER),
    PageRoute(method="GET", path="/people/{user_id}", handler=show_person, permission=Permission.ADMINISTER),
    PageRoute(method="POST", path="/people/{user_id}", handler=change_person, permission=Permission.ADMINISTER),
    PageRoute(
        method="POST", path="/people/{user_id}/disable", handler=disable_person, permission=Permission.ADMINISTER
    ),
    PageRoute(method="POST", path="/people/{user_id}/enable", handler=enable_person, permission=Permission.ADMINISTER),
)
