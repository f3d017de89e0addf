"""How Sequence's API says that something failed, who it takes a caller to be, and what every answer carries."""

import base64
import binascii
import hashlib
import math
from typing import Any

from seriatim.api.sequence.versions import UnrecognisedApiVersion, check_operation, read_version
from seriatim.api.sequence.wire import Answer, encode
from seriatim.auth.callers import Caller, CallerMemory
from seriatim.auth.directory import Directory
from seriatim.auth.permissions import resolve_scope
from seriatim.auth.secrets import secret_matches
from seriatim.domain.client import ApiClient
from seriatim.domain.commands.note_settlement import balance_version
from seriatim.domain.document import Document
from seriatim.domain.idempotency import KEY_CHARACTERS_MAX
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_version import NEWEST
from seriatim.errors import BalancesMoved, BrokenRule, Category, InvalidHeader, Rule, SeriatimError, Unauthenticated
from seriatim.http.endpoint import Call, Reply
from seriatim.service.ports import Clock

VERSION_HEADER = "Sequence-Version"
ENTITY_HEADER = "Seriatim-Entity"
ORG_HEADER = "Seriatim-Orgs"
IDEMPOTENCY_HEADER = "Idempotency-Key"
METHODS_WITH_KEYS = frozenset({"POST", "PUT", "PATCH"})

STATUS = {
    Category.INVALID_VALUE: 400,
    Category.UNKNOWN_FIELD: 400,
    Category.MISSING_FIELD: 400,
    Category.INVALID_QUERY: 400,
    Category.INVALID_HEADER: 400,
    Category.MALFORMED: 400,
    Category.BROKEN_RULE: 422,
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

TYPE = {
    Category.INVALID_VALUE: "InvalidValue",
    Category.UNKNOWN_FIELD: "UnknownField",
    Category.MISSING_FIELD: "MissingField",
    Category.INVALID_QUERY: "InvalidQueryParameter",
    Category.INVALID_HEADER: "InvalidHeader",
    Category.MALFORMED: "MalformedBody",
    Category.BROKEN_RULE: "BrokenRule",
    Category.NOT_FOUND: "NotFound",
    Category.UNAUTHENTICATED: "Unauthenticated",
    Category.FORBIDDEN: "Forbidden",
    Category.KEY_IN_PROGRESS: "IdempotencyKeyInProgress",
    Category.KEY_REUSED: "IdempotencyKeyReused",
    Category.CONFLICT: "VersionConflict",
    Category.TOO_LARGE: "RequestTooLarge",
    Category.METHOD_NOT_ALLOWED: "MethodNotAllowed",
    Category.NOT_SERVED: "NotServed",
    Category.RATE_LIMITED: "RateLimited",
    Category.OVERLOADED: "Overloaded",
    Category.UNAVAILABLE: "Unavailable",
    Category.INTERNAL: "InternalError",
}
"""What failures of each category are called; a broken rule has a name of its own."""

UNRECOGNISED_VERSION = "UnrecognisedApiVersion"

RULES_ABOUT_STATE = frozenset(
    {
        Rule.SET_NAME_TAKEN,
        Rule.SET_NUMBER_TAKEN,
        Rule.SET_IN_USE,
        Rule.NUMBER_TAKEN,
        Rule.ACCOUNT_NUMBER_TAKEN,
        Rule.ACCOUNT_HAS_DOCUMENTS,
        Rule.ACCOUNT_ARCHIVED,
        Rule.ALIAS_TAKEN,
        Rule.ALREADY_SETTLED,
        Rule.CLIENT_REVOKED,
        Rule.LAST_ADMIN,
        Rule.USER_DISABLED,
        Rule.DOCUMENT_HAS_NUMBER,
        Rule.DOCUMENT_IS_REFERRED_TO,
        Rule.DOCUMENT_NOT_DRAFT,
        Rule.GROUP_IN_USE,
        Rule.MAIL_NOT_WAITING,
        Rule.NAME_TAKEN,
        Rule.TRANSITION_NOT_ALLOWED,
    }
)
"""Broken rules that are a conflict with the state of things (409); the others are the request's own fault (422)."""

_VERSION_KEY = VERSION_HEADER.lower().encode()
_ENTITY_KEY = ENTITY_HEADER.lower().encode()
_ORG_KEY = ORG_HEADER.lower().encode()
_RETRIED_LATER = frozenset({Category.RATE_LIMITED, Category.OVERLOADED, Category.UNAVAILABLE})


class ErrorDetails(Answer, kw_only=True):
    """What failed: a name for programs, a message for people."""

    type: str
    message: str


class Failure(Answer, kw_only=True):
    """The body of every failure but a conflict of balance versions."""

    error: ErrorDetails


class Balance(Answer, kw_only=True):
    """What remains of a document, in which version."""

    value: Any
    currency: str
    version: int


class VersionConflict(Answer, kw_only=True):
    """The body that tells a caller with old balances how they stand now (`VersionConflictResponse`)."""

    message: str
    current_invoice_balance: Balance
    current_credit_note_balance: Balance


class SequenceDialect:
    """The edge of Sequence's API."""

    name = "sequence"
    media_type = b"application/json; charset=utf-8"
    document_path = "/openapi-sequence.json"

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._callers = CallerMemory(directory)

    def read_headers(self, call: Call[Any, Any]) -> None:
        """Check and take the version, and of a write the idempotency key.

        Raises: UnrecognisedApiVersion, InvalidHeader.
        """
        # Until somebody is known whose client is pinned, answers are in the newest version.
        call.api_version = NEWEST
        version = call.header(_VERSION_KEY)
        if version is not None:
            call.api_version = read_version(version.strip())
        key = call.header(b"idempotency-key")
        if key is not None and call.method in METHODS_WITH_KEYS:
            if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not (key.isascii() and key.isprintable()):
                rule = f"an idempotency key is 1 to {KEY_CHARACTERS_MAX} printable ASCII characters"
                raise InvalidHeader(IDEMPOTENCY_HEADER, key, rule)
            call.idempotency_key = key

    async def authenticate(self, call: Call[Any, Any]) -> None:
        """Take Basic credentials for their client, whose version holds where no header names another one.

        Raises: Unauthenticated, Forbidden, InvalidHeader, Unavailable; NotFound, for an operation that the version
        does not have.
        """
        headers = call.headers
        shown = headers.get(b"authorization")
        # The header holds the secret as it is, so what is remembered of it is a digest.
        digest = None if shown is None else hashlib.sha256(shown).digest()
        credentials = digest, headers.get(_ENTITY_KEY), headers.get(_ORG_KEY)
        caller = self._callers.find(credentials, self._clock.now())
        if caller is None:
            caller = await self._find_caller(call)
            self._callers.remember(credentials, caller)
        call.client, call.caller = caller.client, caller.scope
        if call.client.api_version is not None and _VERSION_KEY not in headers:
            call.api_version = read_version(call.client.api_version)
        if call.endpoint is not None:
            check_operation(call.endpoint, read_version(call.api_version))

    async def _find_caller(self, call: Call[Any, Any]) -> Caller:
        client_id, secret = _read_credentials(call.header(b"authorization"))
        directory = await self._directory.current()
        client = directory.client(client_id)
        if client is None:
            # One that was made a moment ago must be able to call at once.
            client = (await directory.latest()).client(client_id)
        client = _verified(client, secret)
        orgs = call.header(_ORG_KEY)
        scope = resolve_scope(
            directory,
            client,
            call.header(_ENTITY_KEY),
            None if orgs is None else [each.strip() for each in orgs.split(",") if each.strip()],
            entity_header=ENTITY_HEADER,
            org_header=ORG_HEADER,
        )
        return Caller(client, scope, math.inf)

    def failure(self, call: Call[Any, Any], error: SeriatimError) -> Reply:
        """The answer that tells about a failure."""
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if error.category in _RETRIED_LATER:
            seconds = getattr(error, "retry_after_seconds", 1)
            headers = ((b"retry-after", str(seconds).encode()),)
        elif error.category is Category.UNAUTHENTICATED:
            headers = ((b"www-authenticate", b'Basic realm="Seriatim", charset="UTF-8"'),)
        if isinstance(error, BalancesMoved):
            return Reply(STATUS[error.category], encode(_conflict(error)), headers=headers, error=error)
        status, name = _status_and_type(error)
        body = Failure(error=ErrorDetails(type=name, message=in_own_words(error.message)))
        return Reply(status, encode(body), headers=headers, error=error)

    def headers(self, call: Call[Any, Any]) -> list[tuple[bytes, bytes]]:
        """The version of the answer, and the request id under which the log has it."""
        found = [
            (_VERSION_KEY, call.api_version.encode()),
            (b"request-id", call.request_id.encode()),
        ]
        if call.allowance is not None:
            found += [
                (b"ratelimit-limit", f"{call.allowance.limit}, {call.allowance.limit};w=60".encode()),
                (b"ratelimit-remaining", str(max(0, call.allowance.remaining)).encode()),
                (b"ratelimit-reset", str(call.allowance.reset_seconds).encode()),
            ]
        return found


def in_own_words(message: str) -> str:
    """A message with the nouns as Sequence has them."""
    return message.replace(Kind.CREDIT_MEMO.words, "credit note")


def type_of_rule(rule: Rule) -> str:
    """What a broken rule is called: `currency_mismatch` is `CurrencyMismatch`."""
    return "".join(part.title() for part in rule.value.split("_"))


def status_of_rule(rule: Rule) -> int:
    """The status that tells about a broken rule."""
    return 409 if rule in RULES_ABOUT_STATE else STATUS[Category.BROKEN_RULE]


def _status_and_type(error: SeriatimError) -> tuple[int, str]:
    if isinstance(error, BrokenRule):
        return status_of_rule(error.rule), type_of_rule(error.rule)
    name = UNRECOGNISED_VERSION if isinstance(error, UnrecognisedApiVersion) else TYPE[error.category]
    return STATUS[error.category], name


def _conflict(error: BalancesMoved) -> VersionConflict:
    note, invoice = error.balances
    return VersionConflict(
        message=in_own_words(error.message),
        current_invoice_balance=show_balance(invoice),
        current_credit_note_balance=show_balance(note),
    )


def show_balance(document: Document) -> Balance:
    """What remains of a document as a number, with its version."""
    value = to_decimal(document.open_minor, document.currency)
    return Balance(value=value, currency=document.currency, version=balance_version(document))


def _read_credentials(authorization: str | None) -> tuple[str, str]:
    """The client's id and secret from the header.

    Raises: Unauthenticated.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or not encoded:
        message = "send the header Authorization: Basic base64(clientId:clientSecret)"
        raise Unauthenticated(message)
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("the Authorization header is not base64 of clientId:clientSecret") from error
    client_id, colon, secret = decoded.partition(":")
    if not colon:
        raise Unauthenticated("the Authorization header has no colon between client id and client secret")
    return client_id, secret


def _verified(client: ApiClient | None, secret: str) -> ApiClient:
    """Give back the client whose secret this is.

    Raises: Unauthenticated.
    """
    if not secret_matches(secret, None if client is None else client.secret_digest) or client is None:
        raise Unauthenticated("the client id or the client secret is wrong, or the client has been revoked")
    return client
