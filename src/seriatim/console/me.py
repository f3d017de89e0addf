"""What somebody sees and changes of themselves: language, password, and where they are signed in."""

from seriatim.auth.passwords import UnfitPassword
from seriatim.auth.permissions import Permission
from seriatim.console.browsers import browser_name
from seriatim.console.formats import find_locale
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit, address
from seriatim.console.sessions import SESSION_COOKIE, drop_cookie
from seriatim.console.sign_in import typed_password
from seriatim.domain.commands.users import CloseSessions, SetLocale, SetPassword
from seriatim.domain.user import LOCALE_CHARACTERS_MAX
from seriatim.errors import InvalidValue, SeriatimError

LOCALES = (
    ("", "As the browser asks"),
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("de-DE", "Deutsch (Deutschland)"),
    ("de-CH", "Deutsch (Schweiz)"),
    ("de-AT", "Deutsch (Österreich)"),
    ("fr-FR", "Français (France)"),
    ("fr-CH", "Français (Suisse)"),
    ("es-ES", "Español (España)"),
    ("it-IT", "Italiano (Italia)"),
    ("nl-NL", "Nederlands (Nederland)"),
    ("pl-PL", "Polski (Polska)"),
    ("pt-BR", "Português (Brasil)"),
    ("sv-SE", "Svenska (Sverige)"),
    ("ja-JP", "日本語 (日本)"),
)


async def show_me(visit: Visit) -> Response:
    """Oneself."""
    return await _page(visit, language=Form(), password=Form())


async def set_language(visit: Visit) -> Response:
    """Choose how dates and figures are written."""
    form = await visit.form()
    locale = form.optional("locale")
    try:
        if locale is not None and (len(locale) > LOCALE_CHARACTERS_MAX or find_locale(locale) is None):
            raise InvalidValue("locale", locale, "choose one of the list")
        await visit.run(SetLocale(user_id=visit.user.id, locale=locale, actor_id=visit.user.id))
    except SeriatimError as error:
        form.refuse(error)
        return await _page(visit, language=form, password=Form())
    return visit.redirect(address("me"), "Dates and figures are written as you chose.")


async def change_password(visit: Visit) -> Response:
    """Take another password. All other sessions end."""
    form = await visit.form()
    passwords = visit.console.passwords
    try:
        if not await passwords.matches(form.raw("current_password"), visit.user.password_digest):
            raise UnfitPassword("current_password", "this is not your password")
        digest = await passwords.digest(typed_password(form))
        command = SetPassword(
            user_key=visit.user.id,
            password_digest=digest,
            kept_session=visit.session.digest,
            actor_id=visit.user.id,
        )
        await visit.run(command)
    except SeriatimError as error:
        form.refuse(error)
        return await _page(visit, language=Form(), password=form)
    return visit.redirect(address("me"), "Your password is changed, and all other sessions are signed out.")


async def sign_out_everywhere(visit: Visit) -> Response:
    """End all sessions, this one too."""
    await visit.run(CloseSessions(user_id=visit.user.id, kept_session=None, actor_id=visit.user.id))
    response = visit.redirect(address("sign-in"))
    drop_cookie(response, SESSION_COOKIE)
    return response


async def _page(visit: Visit, *, language: Form, password: Form) -> Response:
    sessions = await visit.console.store.list_sessions(visit.user.id)
    status = max(language.status, password.status)
    alive = [session for session in sessions if session.is_alive(visit.at)]
    return visit.page(
        "me.html",
        status=status,
        language=language,
        password=password,
        locales=LOCALES,
        sessions=alive,
        browser_name=browser_name,
    )


ROUTES = (
    PageRoute(method="GET", path="/me", handler=show_me, permission=Permission.READ),
    PageRoute(method="POST", path="/me/language", handler=set_language, permission=Permission.READ),
    PageRoute(method="POST", path="/me/password", handler=change_password, permission=Permission.READ),
    PageRoute(method="POST", path="/me/sign-out-everywhere", handler=sign_out_everywhere, permission=Permission.READ),
)
