"""What a page is made by: its line in a table of routes, and the visit that its handler is given.

A module of pages has its handlers and, at the end, `ROUTES: tuple[PageRoute, ...]`; `PAGES` in `app.py` lists the
modules. A handler that changes something asks for the form, runs a command, and leads to the next page; what refuses
the command is shown at its field, with everything as it was typed:

    async def create(visit: Visit) -> Response:
        form = await visit.form()
        try:
            made = await visit.run(CreateSomething(scope=visit.scope, id=visit.new_id(), name=form.text("name")))
        except SeriatimError as error:
            form.refuse(error, {"creditMemo.prefix": "credit_memo_prefix"})  # the command's names: the form's names
            return visit.page("something_form.html", status=form.status, form=form)
        return visit.redirect(visit.path("something", made.id), "The thing is made.")

Outside a form nothing needs to be caught: a SeriatimError that escapes becomes a page that says what to do. Templates
and the parts that they are made of: the head of `templates/macros.html`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from babel import Locale
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from seriatim.auth.directory import Directory
from seriatim.auth.passwords import Passwords
from seriatim.auth.permissions import Permission, is_permitted
from seriatim.console.assets import Assets
from seriatim.console.formats import Formats
from seriatim.console.forms import Form
from seriatim.console.headers import frame_headers, page_headers
from seriatim.console.navigation import NavigationEntry, navigation_of, section_of
from seriatim.console.sessions import NOTICE_COOKIE, THEME_COOKIE, Tokens, cookie_of, drop_cookie, set_cookie
from seriatim.console.templating import Templates
from seriatim.domain.client import SYSTEM_ACTOR_ID, Scope
from seriatim.domain.commands.base import Command
from seriatim.domain.entity import Entity
from seriatim.domain.user import Session, User
from seriatim.errors import Forbidden, Unauthenticated
from seriatim.http.local import LocalSender
from seriatim.service.ports import Clock, IdSource, Store
from seriatim.service.preview import preview
from seriatim.service.writer import Writer

T = TypeVar("T")

THEMES = ("light", "dark")
HOME = "/console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What all pages share: the parts of the server that they use."""

    store: Store
    writer: Writer
    clock: Clock
    ids: IdSource
    directory: Directory
    passwords: Passwords
    tokens: Tokens
    assets: Assets
    templates: Templates
    can_send_mail: bool
    """Whether a mail server is configured."""
    mail_queued: Callable[[], None]
    """Told when a mail waits to be sent."""
    read_merchant_details: Callable[[bytes], dict[str, Any]]
    """Reads and checks a seller's details, `InvoiceMerchantDetails` of Sequence's API as JSON."""
    api_documents: Mapping[str, Callable[[], str]]
    """Makes the OpenAPI document, as JSON, of each dialect: `zuora` and `sequence`."""
    send_to_api: LocalSender
    """Sends a request to the APIs of this server as their clients do, without a network."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request for a page: who looks, at which entity, and what can be done with it."""

    request: Request
    console: Console
    formats: Formats
    at: datetime
    """When the request came."""
    params: Mapping[str, str]
    """The parameters of the path."""
    secret: str = ""
    """Of the session, or of the forms of somebody who is not signed in."""
    signed_in: tuple[Session, User] | None = None
    entities: list[Entity] = field(default_factory=list)
    """Those that the user may use, oldest first."""
    chosen: tuple[Entity, Scope] | None = None
    actor_names: Mapping[str, str] = field(default_factory=dict)
    sent_form: Form | None = None

    @property
    def is_signed_in(self) -> bool:
        """Whether there is a user, and an entity to show."""
        return self.signed_in is not None and self.chosen is not None

    @property
    def user(self) -> User:
        """Who looks.

        Raises: Unauthenticated, on a page that needs no session.
        """
        return self._require_signed_in()[1]

    @property
    def session(self) -> Session:
        """The browser in which they are signed in.

        Raises: Unauthenticated, on a page that needs no session.
        """
        return self._require_signed_in()[0]

    @property
    def entity(self) -> Entity:
        """The entity of the path; on pages of no entity the one that was looked at last.

        Raises: Forbidden, where the user has none.
        """
        return self._require_chosen()[0]

    @property
    def scope(self) -> Scope:
        """Where commands act, and what the user sees.

        Raises: Forbidden, where the user has no entity.
        """
        return self._require_chosen()[1]

    @property
    def locale(self) -> Locale:
        """How the reader writes dates and figures."""
        return self.formats.locale

    @property
    def query(self) -> dict[str, str]:
        """The parameters behind the question mark; of one that is repeated the last."""
        return dict(self.request.query_params)

    @property
    def here(self) -> str:
        """The address of this page, with its query."""
        query = self.request.url.query
        return f"{self.request.url.path}?{query}" if query else self.request.url.path

    def may(self, permission: Permission) -> bool:
        """Whether the user has a permission."""
        return self.signed_in is not None and is_permitted(self.user, permission)

    def new_id(self) -> str:
        """An id for a row that a command makes."""
        return self.console.ids.new_id()

    def actor_name(self, actor_id: str) -> str:
        """The name of the user or client of this id; the id, where there is none."""
        if actor_id == SYSTEM_ACTOR_ID:
            return "System"
        return self.actor_names.get(actor_id) or self.console.directory.client_name(actor_id) or actor_id

    def path(self, *parts: str, **query: str | None) -> str:
        """The address of a page of this entity: `path("documents", document.id)`."""
        return address("e", self.entity.id, *parts, **query)

    def path_in(self, entity: Entity) -> str:
        """The address of the page of another entity that corresponds to this one."""
        return address("e", entity.id, section_of(self.request.url.path))

    def navigation(self) -> list[tuple[str, list[NavigationEntry]]]:
        """The navigation: titles with their entries."""
        return navigation_of(self.entity.id, self.request.url.path, self.may)

    async def form(self) -> Form:
        """The form that was sent. Its token was checked before the handler ran."""
        return self.sent_form or Form()

    async def run(self, command: Command[T]) -> T:
        """Carry a command out; its outcome.

        Raises: SeriatimError, as the rules that refuse it, or as the writer.
        """
        result = await self.console.writer.submit(command)
        if result.error is not None:
            raise result.error
        # The next page must know a new entity, org or client.
        await self.console.directory.latest()
        outcome: T = result.outcome
        return outcome

    async def preview(self, command: Command[T]) -> T:
        """What a command would give if it were carried out now. Nothing is written.

        Raises: SeriatimError, which would refuse it.
        """
        return await preview(self.console.store, self.console.clock, command)

    def page(self, template: str, *, status: int = 200, frames: bool = False, **context: Any) -> Response:
        """A page from a template. `frames`: it may show pages of our own within itself, as a PDF is."""
        sealed = cookie_of(self.request, NOTICE_COOKIE)
        notice = None if sealed is None else self.console.tokens.open_notice(self.secret, sealed)
        theme = cookie_of(self.request, THEME_COOKIE)
        shared = {
            "visit": self,
            "formats": self.formats,
            "csrf_token": self.console.tokens.csrf(self.secret),
            "notice": notice,
            "theme": theme if theme in THEMES else None,
        }
        body = self.console.templates.render(template, shared | context)
        response = HTMLResponse(body, status, headers=page_headers(frames=frames))
        if sealed is not None:
            drop_cookie(response, NOTICE_COOKIE)
        return response

    def redirect(self, path: str, notice: str | None = None) -> Response:
        """Lead to another page of the console, which shows the notice once."""
        response = RedirectResponse(path, 303, headers=page_headers())
        if notice is not None:
            set_cookie(self.request, response, NOTICE_COOKIE, self.console.tokens.seal_notice(self.secret, notice))
        return response

    def file(self, content: bytes, media_type: str, name: str, *, framed: bool = False) -> Response:
        """A file such as a PDF. `framed`: to be shown within a page of ours, and not to be saved."""
        disposition = f"{'inline' if framed else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"
        headers = (frame_headers() if framed else page_headers()) | {"content-disposition": disposition}
        return Response(content, media_type=media_type, headers=headers)

    def _require_signed_in(self) -> tuple[Session, User]:
        if self.signed_in is None:
            raise Unauthenticated("nobody is signed in; sign in first")
        return self.signed_in

    def _require_chosen(self) -> tuple[Entity, Scope]:
        if self.chosen is None:
            raise Forbidden("you have no entity to look at; ask an administrator for one")
        return self.chosen


PageHandler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """One line of a module's table of pages."""

    method: str
    path: str
    """Below `/console`, with parameters in braces: `/e/{entity_id}/numbering`."""
    handler: PageHandler
    permission: Permission | None
    """What the user must be allowed to do; None: no session is needed."""


def address(*parts: str, **query: str | None) -> str:
    """The address of a page of the console; parts are encoded, and queries that are None or empty left out."""
    path = "/".join([HOME, *(quote(part, safe="") for part in parts if part)])
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


__all__ = ["HOME", "THEMES", "Console", "PageHandler", "PageRoute", "Response", "Visit", "address"]
