"""Signing in and out, and becoming a user by a link."""

from seriatim.auth.passwords import UnfitPassword, check_password
from seriatim.auth.permissions import Permission
from seriatim.auth.secrets import digest_secret
from seriatim.console.forms import Form
from seriatim.console.navigation import HOME_SECTION
from seriatim.console.pages import HOME, THEMES, PageRoute, Response, Visit, address
from seriatim.console.sessions import (
    ENTITY_COOKIE,
    FORM_COOKIE,
    PREFERENCE_SECONDS,
    SESSION_COOKIE,
    THEME_COOKIE,
    cookie_of,
    drop_cookie,
    set_cookie,
)
from seriatim.domain.commands.users import AcceptInvitation, CloseSession, NoteSignInFailure, OpenSession
from seriatim.domain.user import SESSION_LIFETIME, USER_NAME_CHARACTERS_MAX, Invitation, User, name_key
from seriatim.errors import NotFound, RateLimited, SeriatimError, Unauthenticated

WRONG_PASSWORD = "the name or the password is wrong"  # noqa: S105 - what a page says
OTHER_PASSWORD = "the two passwords differ; type the same one twice"  # noqa: S105 - what a page says


async def show_home(visit: Visit) -> Response:
    """Where everybody begins: the numbering of an entity, once they are signed in."""
    if visit.signed_in is None:
        raise Unauthenticated("sign in first")
    return visit.redirect(visit.path(HOME_SECTION))


async def show_sign_in(visit: Visit) -> Response:
    """The form for name and password."""
    if visit.signed_in is not None:
        return visit.redirect(_wanted(visit.query.get("next")))
    return visit.page("sign_in.html", form=Form(), next=visit.query.get("next", ""))


async def sign_in(visit: Visit) -> Response:
    """Sign in. A name that nobody has costs the same time, and is delayed the same, as a wrong password."""
    form = await visit.form()
    name, wanted = form.text("name"), form.text("next")
    # A name that is too long belongs to nobody; what is kept of it is a digest either way.
    delay_key = digest_secret(name_key(name))
    try:
        await _check_delay(visit, delay_key)
        user = await visit.console.store.find_user(name) if len(name) <= USER_NAME_CHARACTERS_MAX else None
        digest = None if user is None or user.disabled_at is not None else user.password_digest
        if not await visit.console.passwords.matches(form.raw("password"), digest) or user is None:
            await visit.run(NoteSignInFailure(delay_key=delay_key))
            raise Unauthenticated(WRONG_PASSWORD)
        return await _open_session(visit, user, _wanted(wanted), delay_key)
    except SeriatimError as error:
        form.refuse(error)
        return visit.page("sign_in.html", status=form.status, form=form, next=wanted)


async def sign_out(visit: Visit) -> Response:
    """Sign out in this browser."""
    await visit.run(CloseSession(digest=visit.session.digest, actor_id=visit.user.id))
    response = visit.redirect(address("sign-in"))
    drop_cookie(response, SESSION_COOKIE)
    drop_cookie(response, ENTITY_COOKIE)
    return response


async def show_welcome(visit: Visit) -> Response:
    """The form by which somebody with a link becomes a user. Looking at it does not use the link up."""
    return await _welcome_page(visit, await _require_invitation(visit), Form())


async def welcome(visit: Visit) -> Response:
    """Become a user, and be signed in."""
    form = await visit.form()
    invitation = await _require_invitation(visit)
    name = invitation.name or form.text("name")
    try:
        password = typed_password(form)
        digest = await visit.console.passwords.digest(password)
        user = await visit.run(
            AcceptInvitation(
                digest=invitation.digest, user_id=visit.new_id(), name=name, password_digest=digest, locale=None
            )
        )
    except NotFound:
        raise
    except SeriatimError as error:
        form.refuse(error)
        return await _welcome_page(visit, invitation, form)
    return await _open_session(visit, user, HOME, digest_secret(name_key(name)))


async def choose_theme(visit: Visit) -> Response:
    """Change between light and dark, for browsers without script."""
    form = await visit.form()
    current = cookie_of(visit.request, THEME_COOKIE)
    chosen = THEMES[0] if current == THEMES[1] else THEMES[1]
    response = visit.redirect(_wanted(form.text("back")))
    set_cookie(visit.request, response, THEME_COOKIE, chosen, seconds=PREFERENCE_SECONDS)
    return response


def typed_password(form: Form) -> str:
    """The new password of a form that asks for it twice.

    Raises: UnfitPassword.
    """
    password = check_password(form.raw("password"))
    if form.raw("password_again") != password:
        raise UnfitPassword("password_again", OTHER_PASSWORD)
    return password


async def _check_delay(visit: Visit, delay_key: str) -> None:
    """Raises: RateLimited, while the name is delayed."""
    delay = await visit.console.store.find_sign_in_delay(delay_key)
    if delay is not None and visit.at < delay.next_at:
        seconds = int((delay.next_at - visit.at).total_seconds()) + 1
        wait = f"{seconds} seconds" if seconds < 120 else f"{seconds // 60 + 1} minutes"  # noqa: PLR2004
        raise RateLimited(f"too many attempts under this name; wait {wait} and try again", seconds)


async def _open_session(visit: Visit, user: User, wanted: str, delay_key: str) -> Response:
    """Sign a user in under a new secret, whatever the browser had before."""
    secret = visit.console.ids.new_secret()
    await visit.run(
        OpenSession(
            digest=digest_secret(secret),
            user_id=user.id,
            password_digest=user.password_digest,
            user_agent=visit.request.headers.get("user-agent", ""),
            delay_key=delay_key,
        )
    )
    response = visit.redirect(wanted)
    lifetime_seconds = int(SESSION_LIFETIME.total_seconds())
    set_cookie(visit.request, response, SESSION_COOKIE, secret, seconds=lifetime_seconds)
    drop_cookie(response, FORM_COOKIE)
    return response


async def _welcome_page(visit: Visit, invitation: Invitation, form: Form) -> Response:
    is_first = not await visit.console.store.list_users()
    return visit.page("welcome.html", status=form.status, form=form, invitation=invitation, is_first=is_first)


async def _require_invitation(visit: Visit) -> Invitation:
    """The invitation of the link.

    Raises: NotFound.
    """
    invitation = await visit.console.store.find_invitation(digest_secret(visit.params["token"]))
    if invitation is None or visit.at >= invitation.expires_at:
        raise NotFound("invitation", "", "the link was used already or has expired; ask for another one")
    return invitation


def _wanted(path: str | None) -> str:
    """A page of the console that somebody wanted to go to; whatever else is asked for, the start."""
    is_ours = path is not None and path.startswith(f"{HOME}/") and path.isprintable() and "\\" not in path
    return path if is_ours and path is not None else HOME


ROUTES = (
    PageRoute(method="GET", path="", handler=show_home, permission=None),
    PageRoute(method="GET", path="/", handler=show_home, permission=None),
    PageRoute(method="GET", path="/sign-in", handler=show_sign_in, permission=None),
    PageRoute(method="POST", path="/sign-in", handler=sign_in, permission=None),
    PageRoute(method="POST", path="/sign-out", handler=sign_out, permission=Permission.READ),
    PageRoute(method="GET", path="/welcome/{token}", handler=show_welcome, permission=None),
    PageRoute(method="POST", path="/welcome/{token}", handler=welcome, permission=None),
    PageRoute(method="POST", path="/theme", handler=choose_theme, permission=None),
)
