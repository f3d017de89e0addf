"""The console as an application: finds a page, who looks at it, and whether they may, and answers every failure."""

from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from seriatim.auth.permissions import check, permitted_entities, resolve_scope
from seriatim.auth.secrets import digest_secret
from seriatim.console import me, sign_in
from seriatim.console.assets import STATIC_PATH
from seriatim.console.books import account_forms, accounts, documents
from seriatim.console.formats import formats_for
from seriatim.console.forms import read_form
from seriatim.console.headers import page_headers
from seriatim.console.navigation import HOME_SECTION
from seriatim.console.numbers import numbering, numbering_forms, series
from seriatim.console.pages import HOME, Console, PageRoute, Visit, address
from seriatim.console.records import activity, mail
from seriatim.console.reference import pages as reference
from seriatim.console.sessions import (
    CSRF_FIELD,
    ENTITY_COOKIE,
    FORM_COOKIE,
    PREFERENCE_SECONDS,
    SESSION_COOKIE,
    check_own_site,
    cookie_of,
    secret_of,
    set_cookie,
)
from seriatim.console.settings import clients, entities, merchant, people
from seriatim.console.statuses import TITLES, status_of
from seriatim.domain.commands.users import TouchSession
from seriatim.errors import (
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotFound,
    SeriatimError,
    Unauthenticated,
    Unavailable,
)
from seriatim.http.routing import PathTree
from seriatim.service.ports import StoreUnavailable

PAGES: tuple[PageRoute, ...] = (
    *sign_in.ROUTES,
    *me.ROUTES,
    *people.ROUTES,
    *numbering.ROUTES,
    *numbering_forms.ROUTES,
    *series.ROUTES,
    *accounts.ROUTES,
    *account_forms.ROUTES,
    *clients.ROUTES,
    *entities.ROUTES,
    *merchant.ROUTES,
    *mail.ROUTES,
    *activity.ROUTES,
    *documents.ROUTES,
    *reference.ROUTES,
)

SEEN_AGAIN_AFTER = timedelta(minutes=5)
"""How old the note of a session's last use may get before it is written anew."""
LENGTH_DIGITS_MAX = 18
UNMATCHED_ROUTE = "/console/(unmatched)"
STATIC_ROUTE = f"{STATIC_PATH}/{{digest}}/{{file}}"
_READING_METHODS = frozenset({"GET", "HEAD"})


class PageObserver(Protocol):
    """Somebody who counts and logs what the console answers."""

    def answered(
        self,
        *,
        request_id: str,
        user_id: str | None,
        method: str,
        route: str,
        status: int,
        seconds: float,
        bytes_in: int,
        bytes_out: int,
    ) -> None:
        """A request was answered."""

    def faulted(self, request_id: str, error: Exception) -> None:
        """A page failed for a reason that nobody but us is to blame for."""


class ConsoleApp:
    """The ASGI application. `monotonic` gives seconds that only grow."""

    def __init__(self, console: Console, observer: PageObserver, monotonic: Callable[[], float]) -> None:
        self._console = console
        self._observer = observer
        self._monotonic = monotonic
        self._tree: PathTree[dict[str, PageRoute]] = PathTree()
        by_path: dict[str, dict[str, PageRoute]] = {}
        for route in PAGES:
            methods = by_path.get(route.path)
            if methods is None:
                methods = by_path[route.path] = {}
                self._tree.add(HOME + route.path, methods)
            methods[route.method] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began_at = self._monotonic()
        request = Request(scope, receive)
        visit, response, route = await self._answer(request)
        await response(scope, receive, send)
        self._observer.answered(
            request_id=request.state.request_id,
            user_id=None if visit is None or visit.signed_in is None else visit.user.id,
            method=request.method,
            route=route,
            status=response.status_code,
            seconds=self._monotonic() - began_at,
            bytes_in=_announced_bytes(request),
            bytes_out=len(response.body),
        )

    async def _answer(self, request: Request) -> tuple[Visit | None, Response, str]:
        request.state.request_id = self._console.ids.new_uuid()
        path = request.url.path
        if path.startswith(f"{STATIC_PATH}/"):
            found = self._console.assets.answer(request) if request.method in _READING_METHODS else None
            return None, found or Response(status_code=404, headers=page_headers()), STATIC_ROUTE
        page = self._tree.find(request.scope["raw_path"].decode("ascii"))
        methods, params = page or ({}, MappingProxyType({}))
        route = HOME + next(iter(methods.values())).path if methods else UNMATCHED_ROUTE
        visit = Visit(
            request=request,
            console=self._console,
            formats=formats_for(None, request.headers.get("accept-language", "")),
            at=self._console.clock.now(),
            params=params,
        )
        try:
            response = await self._visited(visit, methods)
        except Unauthenticated:
            response = _lead_to_sign_in(visit)
        except SeriatimError as error:
            response = _error_page(visit, error)
        except StoreUnavailable:
            response = _error_page(visit, Unavailable("the database does not answer; try again in a moment"))
        except Exception as error:  # noqa: BLE001 - whatever a page does wrong, its reader gets an answer
            self._observer.faulted(request.state.request_id, error)
            response = _error_page(visit, InternalError())
        return visit, self._with_cookies(visit, response), route

    async def _visited(self, visit: Visit, methods: dict[str, PageRoute]) -> Response:
        request = visit.request
        await self._look_up_session(visit)
        if not methods:
            raise NotFound("page", request.url.path, "check the address, or go on from the start")
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            raise MethodNotAllowed(f"this page does not know {request.method}; go back and try again")
        if route.permission is not None:
            check(visit.user, route.permission)
        await self._choose_entity(visit)
        if request.method not in _READING_METHODS:
            check_own_site(request)
            visit.sent_form = await read_form(request)
            self._console.tokens.check_csrf(visit.secret, visit.sent_form.raw(CSRF_FIELD))
        return await route.handler(visit)

    async def _look_up_session(self, visit: Visit) -> None:
        """Find out who looks. Whoever is not signed in gets a secret for their forms."""
        console = self._console
        secret = secret_of(visit.request, SESSION_COOKIE)
        found = await console.store.find_session(digest_secret(secret)) if secret else None
        if found is None or not found[0].is_alive(visit.at) or found[1].disabled_at is not None:
            visit.secret = secret_of(visit.request, FORM_COOKIE) or console.ids.new_secret()
            return
        session, user = found
        visit.secret, visit.signed_in = secret, found
        visit.formats = formats_for(user.locale, visit.request.headers.get("accept-language", ""))
        visit.actor_names = {each.id: each.name for each in await console.store.list_users()}
        # Somebody may just have made an entity elsewhere; a page is not asked for so often that a look would cost much.
        directory = await console.directory.latest()
        visit.entities = permitted_entities(directory, user)
        if visit.at - session.seen_at > SEEN_AGAIN_AFTER:
            await console.writer.submit(TouchSession(digest=session.digest))

    async def _choose_entity(self, visit: Visit) -> None:
        """Find the entity of the path, else the one that was looked at last, else the first.

        Raises: NotFound, for an entity that there is not or that the user may not see: both read the same.
        """
        wanted = visit.params.get("entity_id")
        if visit.signed_in is None or not visit.entities:
            if wanted is not None and visit.signed_in is not None:
                raise Forbidden("you have no entity to look at; ask an administrator for one")
            return
        by_id = {entity.id: entity for entity in visit.entities}
        if wanted is not None and wanted not in by_id:
            _choose(visit, visit.entities[0].id)
            raise NotFound("entity", wanted, "choose one of those that you may see")
        _choose(visit, wanted or _last_entity_id(visit))

    def _with_cookies(self, visit: Visit, response: Response) -> Response:
        """The answer with what the browser is to keep for the next page."""
        request = visit.request
        if visit.signed_in is None:
            if cookie_of(request, FORM_COOKIE) != visit.secret and visit.secret:
                set_cookie(request, response, FORM_COOKIE, visit.secret, same_site="strict")
        elif visit.chosen is not None and cookie_of(request, ENTITY_COOKIE) != visit.entity.id:
            set_cookie(request, response, ENTITY_COOKIE, visit.entity.id, seconds=PREFERENCE_SECONDS)
        return response


def _choose(visit: Visit, entity_id: str) -> None:
    scope = resolve_scope(
        visit.console.directory, visit.user, entity_id, None, entity_header="entity", org_header="org"
    )
    entity = next(entity for entity in visit.entities if entity.id == entity_id)
    visit.chosen = (entity, scope)


def _last_entity_id(visit: Visit) -> str:
    last = cookie_of(visit.request, ENTITY_COOKIE)
    return next((entity.id for entity in visit.entities if entity.id == last), visit.entities[0].id)


def _announced_bytes(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) <= LENGTH_DIGITS_MAX else 0


def _lead_to_sign_in(visit: Visit) -> Response:
    """Let somebody sign in, and then go on where they wanted to go. What a form said is lost with its session."""
    wanted = visit.here if visit.request.method in _READING_METHODS and visit.here != HOME else None
    return RedirectResponse(address("sign-in", next=wanted), 303, headers=page_headers())


def _error_page(visit: Visit, error: SeriatimError) -> Response:
    """A failure as a page that says what happened and where to go from there."""
    status = status_of(error)
    if visit.signed_in is not None and visit.chosen is None and visit.entities:
        _choose(visit, _last_entity_id(visit))
    response = visit.page(
        "error.html",
        status=status,
        title=TITLES[status],
        message=error.message[:1].upper() + error.message[1:] + ".",
        request_id=visit.request.state.request_id if isinstance(error, InternalError) else None,
        back_url=visit.path(HOME_SECTION) if visit.is_signed_in else HOME,
        back_label="Go to the start",
    )
    retry_after_seconds = getattr(error, "retry_after_seconds", None)
    if retry_after_seconds is not None:
        response.headers["retry-after"] = str(retry_after_seconds)
    return response
