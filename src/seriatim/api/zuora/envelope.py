"""How Zuora's API says that something failed, who it takes a caller to be, and what every answer carries."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from seriatim.api.zuora.wire import Answer, encode
from seriatim.auth.callers import Caller, CallerMemory
from seriatim.auth.directory import Directory
from seriatim.auth.permissions import resolve_scope
from seriatim.auth.tokens import TokenSigner
from seriatim.domain.idempotency import KEY_CHARACTERS_MAX
from seriatim.errors import Category, InvalidHeader, SeriatimError, Unauthenticated
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import Clock

TRACK_ID_CHARACTERS_MAX = 64
TRACK_ID_FORBIDDEN = frozenset(":;\"'")
ENTITY_HEADER = "Zuora-Entity-Ids"
ORG_HEADER = "Zuora-Org-Ids"
WORKING_ORG_HEADER = "Zuora-Working-Org"
RESOURCE_CODE = 500000
"""The six digits before the category: Zuora's for "unknown object"; it publishes none for sequence sets."""
TOKEN_OPERATION = "createToken"  # noqa: S105 - the name of an operation, no secret
"""The operation that is called without credentials, and fails in a shape of its own."""

STATUS = {
    Category.INVALID_VALUE: 400,
    Category.UNKNOWN_FIELD: 400,
    Category.MISSING_FIELD: 400,
    Category.INVALID_QUERY: 400,
    Category.INVALID_HEADER: 400,
    Category.MALFORMED: 400,
    Category.BROKEN_RULE: 200,
    Category.NOT_FOUND: 404,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.KEY_IN_PROGRESS: 409,
    Category.KEY_REUSED: 422,
    Category.CONFLICT: 409,
    Category.TOO_LARGE: 413,
    Category.METHOD_NOT_ALLOWED: 405,
    Category.NOT_SERVED: 501,
    Category.RATE_LIMITED: 429,
    Category.OVERLOADED: 429,
    Category.UNAVAILABLE: 503,
    Category.INTERNAL: 500,
}
"""A broken rule is a 200 that says `success: false`, as Zuora documents; on GET it is a 400 all the same."""

CODE_CATEGORY = {
    Category.INVALID_VALUE: 20,
    Category.UNKNOWN_FIELD: 21,
    Category.MISSING_FIELD: 22,
    Category.INVALID_QUERY: 27,
    Category.INVALID_HEADER: 20,
    Category.MALFORMED: 90,
    Category.BROKEN_RULE: 30,
    Category.NOT_FOUND: 40,
    Category.UNAUTHENTICATED: 11,
    Category.FORBIDDEN: 10,
    Category.KEY_IN_PROGRESS: 50,
    Category.KEY_REUSED: 20,
    Category.CONFLICT: 50,
    Category.TOO_LARGE: 20,
    Category.METHOD_NOT_ALLOWED: 45,
    Category.NOT_SERVED: 45,
    Category.RATE_LIMITED: 70,
    Category.OVERLOADED: 70,
    Category.UNAVAILABLE: 61,
    Category.INTERNAL: 60,
}
"""The last two digits of a code (Zuora, "Error codes")."""

_ENTITY_KEY = ENTITY_HEADER.lower().encode()
_ORG_KEY = ORG_HEADER.lower().encode()
_UNAUTHENTICATED_RESOURCE = 900000
_PROCESS_ID_CHARACTERS = 16
_EXPLAINED_TWICE = frozenset({Category.UNAUTHENTICATED, Category.FORBIDDEN})
_RETRIED_LATER = frozenset({Category.RATE_LIMITED, Category.OVERLOADED, Category.UNAVAILABLE})


class Reason(Answer, kw_only=True):
    """Why a request failed."""

    code: int
    message: str


class Failure(Answer, kw_only=True):
    """The body of every failure. `code` and `message` stand on top where Zuora's proxy answers in its own shape."""

    success: bool = False
    process_id: str
    request_id: str
    reasons: list[Reason]
    code: int | UnsetType = UNSET
    message: str | UnsetType = UNSET


class ZuoraDialect:
    """The edge of Zuora's API."""

    name = "zuora"
    media_type = b"application/json"
    document_path = "/openapi.json"

    def __init__(self, directory: Directory, signer: TokenSigner, clock: Clock) -> None:
        self._directory = directory
        self._signer = signer
        self._clock = clock
        self._callers = CallerMemory(directory)

    def read_headers(self, call: Call[Any, Any]) -> None:
        """Check and take the track id, and of a POST the idempotency key.

        Raises: InvalidHeader.
        """
        track_id = call.header(b"zuora-track-id")
        if track_id is not None:
            _check_track_id(track_id)
            call.track_id = track_id
        key = call.header(b"idempotency-key")
        if key is not None and call.method == "POST" and not _is_token_request(call):
            if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not _is_plain(key):
                rule = f"an idempotency key is 1 to {KEY_CHARACTERS_MAX} printable ASCII characters"
                raise InvalidHeader("Idempotency-Key", key, rule)
            call.idempotency_key = key

    async def authenticate(self, call: Call[Any, Any]) -> None:
        """Take the bearer token for its client, and the headers for the entity and orgs. No database is read.

        Raises: Unauthenticated, Forbidden, InvalidHeader, Unavailable.
        """
        headers = call.headers
        credentials = headers.get(b"authorization"), headers.get(_ENTITY_KEY), headers.get(_ORG_KEY)
        at = self._clock.now()
        caller = self._callers.find(credentials, at)
        if caller is None:
            caller = await self._find_caller(call, at)
            self._callers.remember(credentials, caller)
        call.client, call.caller = caller.client, caller.scope

    async def _find_caller(self, call: Call[Any, Any], at: datetime) -> Caller:
        scheme, _, token = (call.header(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("send a bearer token in the Authorization header; POST /oauth/token gives one")
        client_id, expires_at_seconds = self._signer.verify_until(token.strip(), at)
        directory = await self._directory.current()
        client = directory.require_client(client_id)
        orgs = call.header(_ORG_KEY)
        scope = resolve_scope(
            directory,
            client,
            call.header(_ENTITY_KEY),
            None if orgs is None else [each.strip() for each in orgs.split(",") if each.strip()],
            entity_header=ENTITY_HEADER,
            org_header=ORG_HEADER,
        )
        return Caller(client, scope, expires_at_seconds)

    def failure(self, call: Call[Any, Any], error: SeriatimError) -> Reply:
        """The answer that tells about a failure, with the ids under which the log has it."""
        status = STATUS[error.category]
        if error.category is Category.BROKEN_RULE and call.method == "GET":
            status = 400
        resource = _UNAUTHENTICATED_RESOURCE if error.category is Category.UNAUTHENTICATED else RESOURCE_CODE
        code = resource * 100 + CODE_CATEGORY[error.category]
        body = Failure(
            process_id=call.request_id.replace("-", "")[:_PROCESS_ID_CHARACTERS].upper(),
            request_id=call.request_id,
            reasons=[Reason(code=code, message=error.message)],
        )
        if error.category in _EXPLAINED_TWICE or _is_token_request(call):
            body.code, body.message = code, error.message
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if error.category in _RETRIED_LATER:
            seconds = getattr(error, "retry_after_seconds", 1)
            headers = ((b"retry-after", str(seconds).encode()),)
        elif error.category is Category.UNAUTHENTICATED:
            headers = ((b"www-authenticate", b"Bearer"),)
        return Reply(status, encode(body), headers=headers, error=error)

    def headers(self, call: Call[Any, Any]) -> list[tuple[bytes, bytes]]:
        """The request id, the track id as it was sent, and what is left of the client's allowance."""
        found = [(b"zuora-request-id", call.request_id.encode())]
        if call.track_id is not None:
            found.append((b"zuora-track-id", call.track_id.encode()))
        if call.allowance is not None:
            limit, remaining = call.allowance.limit, max(0, call.allowance.remaining)
            found += [
                (b"ratelimit-limit", f"{limit}, {limit};w=60".encode()),
                (b"ratelimit-remaining", str(remaining).encode()),
                (b"ratelimit-reset", str(call.allowance.reset_seconds).encode()),
            ]
        return found


def _is_token_request(call: Call[Any, Any]) -> bool:
    return call.endpoint is not None and call.endpoint.operation_id == TOKEN_OPERATION


def _check_track_id(track_id: str) -> None:
    """Check a track id (Zuora: at most 64 US-ASCII characters, none of `:`, `;`, `"` and `'`).

    Raises: InvalidHeader.
    """
    forbidden = TRACK_ID_FORBIDDEN.intersection(track_id)
    if len(track_id) > TRACK_ID_CHARACTERS_MAX or forbidden or not _is_plain(track_id):
        rule = f"a track id is at most {TRACK_ID_CHARACTERS_MAX} printable ASCII characters, none of : ; \" '"
        raise InvalidHeader("Zuora-Track-Id", track_id, rule)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
