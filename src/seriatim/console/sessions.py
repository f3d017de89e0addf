"""Where a browser is signed in, and what proves that a form came from a page of ours.

The session's secret is in a cookie that no script reads; the database has its digest. A form carries a token that is
made from the secret with a key of the server, so that neither a page of another host nor a reader of the database can
make one. Whoever is not signed in yet has a secret for their forms in a cookie of its own.
"""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from seriatim.errors import Forbidden

SESSION_COOKIE = "seriatim_session"
FORM_COOKIE = "seriatim_form"
NOTICE_COOKIE = "seriatim_notice"
THEME_COOKIE = "seriatim_theme"
ENTITY_COOKIE = "seriatim_entity"
COOKIE_PATH = "/console"
CSRF_FIELD = "csrf_token"
SECRET_CHARACTERS_MAX = 100
NOTICE_CHARACTERS_MAX = 500
PREFERENCE_SECONDS = 365 * 24 * 3600
"""How long a browser keeps how the console is to look."""
KEY_BYTES = 32
KEY_NAME = "console_key"

_OWN_SITES = frozenset({"same-origin", "none"})


class Tokens:
    """Makes and checks what is signed with the console's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def csrf(self, secret: str) -> str:
        """The token that forms carry for this secret of a session."""
        return self._sign("csrf", secret)

    def check_csrf(self, secret: str, token: str) -> None:
        """Check the token of a form.

        Raises: Forbidden.
        """
        if not secret or not hmac.compare_digest(self.csrf(secret).encode(), token.encode(errors="replace")):
            raise Forbidden(
                "this form is not of this session, or older than it; go back, reload the page and try again"
            )

    def seal_notice(self, secret: str, notice: str) -> str:
        """A notice as a cookie carries it to the next page of the same session."""
        # A cookie holds no equals sign without quotes around it, which not everybody takes off again.
        text = base64.urlsafe_b64encode(notice[:NOTICE_CHARACTERS_MAX].encode()).decode().rstrip("=")
        return f"{text}.{self._sign('notice', f'{secret}.{text}')}"

    def open_notice(self, secret: str, sealed: str) -> str | None:
        """The notice of a cookie; None where it is not ours."""
        text, _, signature = sealed.partition(".")
        if not hmac.compare_digest(self._sign("notice", f"{secret}.{text}").encode(), signature.encode()):
            return None
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, ValueError):
            return None

    def _sign(self, purpose: str, text: str) -> str:
        message = f"{purpose}:{text}".encode(errors="surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def cookie_of(request: Request, name: str) -> str | None:
    """The value of a cookie; None where there is none.

    Of several with the same name it is the first: browsers send the one of the longest path first, which is ours and
    not what another page of the same host has set for all of it.
    """
    for pair in request.headers.get("cookie", "").split(";"):
        key, separator, value = pair.strip().partition("=")
        if key == name and separator:
            return value
    return None


def secret_of(request: Request, cookie: str) -> str:
    """The secret in a cookie; empty where there is none."""
    secret = cookie_of(request, cookie) or ""
    return secret if len(secret) <= SECRET_CHARACTERS_MAX and secret.isascii() else ""


def check_own_site(request: Request) -> None:
    """Check what the browser itself says of where a form comes from, where it says anything.

    Raises: Forbidden.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if (site is not None and site not in _OWN_SITES) or (site is None and is_foreign):
        raise Forbidden("this form was sent from a page of another site; open the console and try there")


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, same_site: str = "lax", seconds: int | None = None
) -> None:
    """Give the browser a cookie that only the console gets back, and that no script reads but that of the theme."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=COOKIE_PATH,
        secure=request.url.scheme == "https",
        httponly=name != THEME_COOKIE,
        samesite="strict" if same_site == "strict" else "lax",
    )


def drop_cookie(response: Response, name: str) -> None:
    """Make the browser forget a cookie."""
    response.delete_cookie(name, path=COOKIE_PATH, httponly=True, samesite="lax")
