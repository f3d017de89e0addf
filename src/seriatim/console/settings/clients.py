"""The API clients: which programs may call, what they may do, and when they last did."""

import re

from seriatim.auth.permissions import Permission
from seriatim.auth.secrets import digest_secret
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit, address
from seriatim.console.settings.access import (
    FIELDS,
    chosen_entities,
    chosen_orgs,
    chosen_role,
    entity_options,
    org_options,
    where,
)
from seriatim.domain.client import CLIENT_NAME_CHARACTERS_MAX, ApiClient, Role
from seriatim.domain.commands.clients import CreateClient, RevokeClient
from seriatim.domain.sequence_version import NEWEST, Version
from seriatim.errors import InvalidValue, Malformed, NotFound, SeriatimError

ROLES = (
    (Role.ISSUER.value, "Issuer", "Accounts and documents: create, post, cancel, send. Enough for a billing system."),
    (Role.ADMIN.value, "Admin", "What an issuer may, and changes to sequence sets."),
    (Role.AUDITOR.value, "Auditor", "Reads everything and changes nothing."),
)
"""Each role with its name and what a client may do that has it."""
VERSIONS = (("", f"The newest, now {NEWEST}"), *((version.value, version.value) for version in Version))
ID_FIELD = "client_id"
"""The id comes with the form: a form that is sent twice makes one client."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def list_clients(visit: Visit) -> Response:
    """All clients, those that were revoked at the end, newest first."""
    directory = await visit.console.directory.latest()
    clients = sorted(directory.clients(), key=lambda client: client.created_at, reverse=True)
    return visit.page(
        "clients.html",
        clients=sorted(clients, key=lambda client: client.revoked_at is not None),
        uses=await visit.console.store.client_uses(),
        where=lambda client: where(visit, client),
        newest=NEWEST,
    )


async def show_form(visit: Visit) -> Response:
    """The form for a new client."""
    return _form_page(visit, Form())


async def create_client(visit: Visit) -> Response:
    """Make a client, and show its secret this once: only its digest is kept."""
    form = await visit.form()
    secret = visit.console.ids.new_secret()
    try:
        client = await visit.run(_creation(visit, form, secret))
    except SeriatimError as error:
        if isinstance(error, InvalidValue) and error.field == ID_FIELD:
            # The page with the secret was reloaded, or the button pressed twice.
            notice = "This client was made already. If its secret was not kept, revoke it and make another one."
            return visit.redirect(address("clients"), notice)
        form.refuse(error, {**FIELDS, "api_version": "version"})
        return _form_page(visit, form)
    return visit.page(
        "client_created.html", client=client, secret=secret, where=where(visit, client), site_url=_site_url(visit)
    )


async def show_client(visit: Visit) -> Response:
    """One client: what it may do, and how to call with it."""
    client = await _require_client(visit)
    uses = await visit.console.store.client_uses()
    return visit.page(
        "client.html",
        client=client,
        used_at=uses.get(client.id),
        where=where(visit, client),
        newest=NEWEST,
        site_url=_site_url(visit),
    )


async def show_revocation(visit: Visit) -> Response:
    """Ask whether to revoke a client."""
    return await _revocation_page(visit, Form())


async def revoke_client(visit: Visit) -> Response:
    """Revoke a client, for good."""
    client = await _require_client(visit)
    try:
        await visit.run(RevokeClient(client_id=client.id, actor_id=visit.user.id))
    except SeriatimError as error:
        form = await visit.form()
        form.refuse(error)
        return await _revocation_page(visit, form)
    return visit.redirect(address("clients"), f"{client.name} is revoked. Its secret and its tokens work no more.")


def _creation(visit: Visit, form: Form, secret: str) -> CreateClient:
    """What a form asks for.

    Raises: MissingField; InvalidValue; Malformed.
    """
    client_id = form.text(ID_FIELD)
    if not _ID.fullmatch(client_id):
        raise Malformed("this form has no id of a client; reload the page and try again")
    return CreateClient(
        client_id=client_id,
        name=form.text("name"),
        role=chosen_role(form),
        secret_digest=digest_secret(secret),
        entity_keys=chosen_entities(form),
        org_keys=chosen_orgs(form),
        api_version=form.optional("version"),
        actor_id=visit.user.id,
    )


def _form_page(visit: Visit, form: Form) -> Response:
    sent_id = form.text(ID_FIELD)
    return visit.page(
        "client_form.html",
        status=form.status,
        form=form,
        id_field=ID_FIELD,
        client_id=sent_id if _ID.fullmatch(sent_id) else visit.console.ids.new_uuid(),
        roles=ROLES,
        versions=VERSIONS,
        entity_options=entity_options(visit),
        org_options=org_options(visit),
        name_characters_max=CLIENT_NAME_CHARACTERS_MAX,
    )


async def _revocation_page(visit: Visit, form: Form) -> Response:
    client = await _require_client(visit)
    uses = await visit.console.store.client_uses()
    return visit.page("client_revoke.html", status=form.status, form=form, client=client, used_at=uses.get(client.id))


async def _require_client(visit: Visit) -> ApiClient:
    """The client of the path, revoked or not.

    Raises: NotFound.
    """
    directory = await visit.console.directory.latest()
    for client in directory.clients():
        if client.id == visit.params["client_id"]:
            return client
    raise NotFound("API client", visit.params["client_id"], "choose one of the list")


def _site_url(visit: Visit) -> str:
    """Where programs reach the server: as this browser does."""
    request = visit.request
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


ROUTES = (
    PageRoute(method="GET", path="/clients", handler=list_clients, permission=Permission.ADMINISTER),
    PageRoute(method="GET", path="/clients/new", handler=show_form, permission=Permission.ADMINISTER),
    PageRoute(method="POST", path="/clients/new", handler=create_client, permission=Permission.ADMINISTER),
    PageRoute(method="GET", path="/clients/{client_id}", handler=show_client, permission=Permission.ADMINISTER),
    PageRoute(
        method="GET", path="/clients/{client_id}/revoke", handler=show_revocation, permission=Permission.ADMINISTER
    ),
    PageRoute(
        method="POST", path="/clients/{client_id}/revoke", handler=revoke_client, permission=Permission.ADMINISTER
    ),
)
