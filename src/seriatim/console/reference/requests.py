"""From a form to a request of an API, and to the answer: what *Try it* does.

The request goes through the handler that serves the APIs, and nowhere else: its path is the operation's own, with the
parameters encoded. Credentials are used once and kept nowhere.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, urlencode

import msgspec

from seriatim.console.forms import Form
from seriatim.console.reference.operations import (
    FORM_TYPE,
    HEADER,
    PATH,
    QUERY,
    Operation,
    Parameter,
    name_of,
)
from seriatim.errors import InvalidValue, MissingField, SeriatimError
from seriatim.http.local import LocalAnswer, LocalSender

CLIENT_ID, CLIENT_SECRET = "client_id", "client_secret"
BODY = "body"
VALUE_CHARACTERS_MAX = 2_000
"""Of a parameter, a header and the credentials."""
BODY_CHARACTERS_MAX = 20_000
"""Of a body: it stands on the page three times. What is longer is sent with the code that the page shows."""
SHOWN_CHARACTERS_MAX = 24_000
"""How much of an answer a page shows, quotes and the like counted as they are escaped."""
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, no secret
_ESCAPED_CHARACTERS = {'"': 5, "'": 5, "<": 4, ">": 4, "&": 5}
_JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of an API client, for one request."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """The server's address as the reader's browser knows it."""

    scheme: str
    host: str

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"{self.scheme}://{self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A request of an operation, without credentials."""

    operation: Operation
    path_values: Mapping[str, str]
    query: Mapping[str, str]
    """What was left empty is not in it; neither in `headers` and `fields`."""
    headers: Mapping[str, str]
    body: str
    fields: Mapping[str, str]
    """Of an operation that takes a form."""

    @property
    def target(self) -> str:
        """The path and the query, encoded. A parameter that is not known yet stands there in its braces."""
        path = self.operation.path
        for name, value in self.path_values.items():
            if value:
                path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return f"{path}?{urlencode(self.query, quote_via=quote)}" if self.query else path


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as the page shows it."""

    status: int
    phrase: str
    milliseconds: int
    headers: tuple[tuple[str, str], ...]
    text: str
    """The body: JSON with a field on each line; empty where it is a file."""
    is_cut: bool
    """Whether the text is only the beginning."""
    size_bytes: int
    media_type: str
    of_sign_in: bool
    """Whether the credentials were refused already, so that the operation was not called."""


def field_name(parameter: Parameter) -> str:
    """What the form calls a parameter."""
    return f"{parameter.place}.{parameter.name}"


def form_fields(operation: Operation) -> list[str]:
    """The fields of an operation that takes a form, without the credentials, which every page asks for."""
    if not operation.is_form or operation.body is None:
        return []
    shape = operation.api.schemas[name_of(operation.body["$ref"])]
    return [name for name in shape["properties"] if name not in {CLIENT_ID, CLIENT_SECRET}]


def read_request(operation: Operation, form: Form) -> ApiRequest:
    """What a form says, whole or not."""

    def filled(place: str) -> dict[str, str]:
        return {each.name: form.text(field_name(each)) for each in operation.at(place) if form.text(field_name(each))}

    fields = {name: form.text(f"{BODY}.{name}") for name in form_fields(operation)}
    return ApiRequest(
        operation=operation,
        path_values={each.name: form.text(field_name(each)) for each in operation.at(PATH)},
        query=filled(QUERY),
        headers=filled(HEADER),
        body=form.text(BODY) if operation.body is not None and not operation.is_form else "",
        fields={name: value for name, value in fields.items() if value},
    )


def refuse_incomplete(request: ApiRequest, form: Form) -> bool:
    """Say at the fields what is missing or cannot be sent. Whether anything is."""
    for error in _faults(request, form):
        form.refuse(error)
    return bool(form.errors or form.error)


async def send_request(
    send: LocalSender, request: ApiRequest, credentials: Credentials, origin: Origin
) -> tuple[LocalAnswer, bool]:
    """Send a request as its API's clients do; the answer, and whether it is that of a sign-in that was refused."""
    operation = request.operation
    headers = [
        (b"host", origin.host.encode("latin-1")),
        (b"x-forwarded-proto", origin.scheme.encode("ascii")),
        *((name.lower().encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()),
    ]
    body = request.body.encode()
    if operation.is_form:
        headers.append((b"content-type", FORM_TYPE.encode()))
        body = urlencode({**request.fields, **_credential_fields(credentials)}).encode("ascii")
    elif body:
        headers.append((b"content-type", _JSON))
    if operation.needs_credentials and operation.api.key == "sequence":
        pair = f"{credentials.client_id}:{credentials.client_secret}".encode()
        headers.append((b"authorization", b"Basic " + base64.b64encode(pair)))
    elif operation.needs_credentials:
        signed_in = await _sign_in(send, credentials)
        if signed_in.status != HTTPStatus.OK:
            return signed_in, True
        token = msgspec.json.decode(signed_in.body)["access_token"]
        headers.append((b"authorization", f"Bearer {token}".encode("ascii")))
    return await send(operation.method, request.target, headers, body), False


def show_answer(answer: LocalAnswer, *, of_sign_in: bool) -> ShownAnswer:
    """An answer as the page shows it."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
    media_type = dict(headers).get("content-type", "")
    text = ""
    if media_type.startswith(("application/json", "text/")):
        text = _readable(answer.body)
    shown = _beginning(text)
    return ShownAnswer(
        status=answer.status,
        phrase=HTTPStatus(answer.status).phrase,
        milliseconds=round(answer.seconds * 1000),
        headers=headers,
        text=shown,
        is_cut=len(shown) < len(text),
        size_bytes=len(answer.body),
        media_type=media_type,
        of_sign_in=of_sign_in,
    )


async def _sign_in(send: LocalSender, credentials: Credentials) -> LocalAnswer:
    form = {**_credential_fields(credentials), "grant_type": "client_credentials"}
    headers = [(b"content-type", FORM_TYPE.encode())]
    return await send("POST", TOKEN_PATH, headers, urlencode(form).encode("ascii"))


def _credential_fields(credentials: Credentials) -> dict[str, str]:
    return {CLIENT_ID: credentials.client_id, CLIENT_SECRET: credentials.client_secret}


def _faults(request: ApiRequest, form: Form) -> list[SeriatimError]:
    return [*_path_faults(request), *_text_faults(request, form), *_credential_faults(form)]


def _path_faults(request: ApiRequest) -> list[SeriatimError]:
    found: list[SeriatimError] = []
    for name, value in request.path_values.items():
        if not value:
            found.append(MissingField(f"{PATH}.{name}", "the address is not complete without it; fill it in"))
        elif value in {".", ".."}:
            found.append(InvalidValue(f"{PATH}.{name}", value, "dots alone lead to another address; use an id"))
    return found


def _text_faults(request: ApiRequest, form: Form) -> list[SeriatimError]:
    found: list[SeriatimError] = [
        InvalidValue(f"{HEADER}.{name}", value, "a header holds printable ASCII characters")
        for name, value in request.headers.items()
        if not (value.isascii() and value.isprintable())
    ]
    if "\0" in request.body:
        found.append(InvalidValue(BODY, "\0", "no shell can send this character; write \\u0000"))
    if len(request.body) > BODY_CHARACTERS_MAX:
        rule = f"use at most {BODY_CHARACTERS_MAX:,} characters here, and curl for more"
        found.append(InvalidValue(BODY, request.body, rule))
    rule = f"use at most {VALUE_CHARACTERS_MAX:,} characters"
    names = [name for name in form.names() if len(form.raw(name)) > VALUE_CHARACTERS_MAX]
    return [*found, *(InvalidValue(name, form.raw(name), rule) for name in names if name not in {BODY, CLIENT_SECRET})]


def _credential_faults(form: Form) -> list[SeriatimError]:
    return [
        MissingField(name, f"the request needs the {noun} of an API client; fill it in")
        for name, noun in ((CLIENT_ID, "id"), (CLIENT_SECRET, "secret"))
        if not form.raw(name)
    ]


def _readable(body: bytes) -> str:
    """JSON with a field on each line, its figures as they came; anything else as it is."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def _beginning(text: str) -> str:
    """As much of a text as the page shows."""
    weight = 0
    for position, character in enumerate(text):
        weight += _ESCAPED_CHARACTERS.get(character, 1 if character.isascii() else 3)
        if weight > SHOWN_CHARACTERS_MAX:
            return text[:position]
    return text
